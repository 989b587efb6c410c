//! The log: what journald needs, JSON on request, no secrets, and no more than a line a poll.

use super::manager::Manager;
use super::publisher::Publisher;
use std::fs::{self, File};
use std::os::unix::fs::MetadataExt;
use std::process::Stdio;

#[test]
fn under_journald_a_line_has_its_priority_and_no_second_time() {
    let manager = Manager::new();
    let path = manager.path("journal");
    let file = File::create(&path).unwrap();
    let found = file.metadata().unwrap();
    let mut command = manager.command();
    command.env("JOURNAL_STREAM", format!("{}:{}", found.dev(), found.ino()));
    command
        .args(["demo", "--log", "debug", "--config"])
        .arg(manager.path("chipwire.toml"))
        .stdout(Stdio::null())
        .stderr(file);
    let mut child = command.spawn().unwrap();
    let until = std::time::Instant::now() + super::manager::PATIENCE;
    while !fs::read_to_string(&path).unwrap().contains("first sweep done") {
        assert!(std::time::Instant::now() < until, "{}", fs::read_to_string(&path).unwrap());
        std::thread::yield_now();
    }
    rustix::process::kill_process(rustix::process::Pid::from_child(&child), rustix::process::Signal::TERM)
        .unwrap();
    child.wait().unwrap();
    for line in fs::read_to_string(&path).unwrap().lines() {
        let (priority, rest) = line.strip_prefix('<').and_then(|line| line.split_once('>')).expect(line);
        assert!(["3", "4", "6", "7"].contains(&priority), "{line}");
        assert!(!rest.starts_with("20") && !rest.contains('\u{1b}'), "a time or a colour: {line}");
    }
}

#[test]
fn a_redirected_standard_error_is_no_journal() {
    let mut service = Manager::new().with("JOURNAL_STREAM", "8:12345").start(&["run"]);
    let line = service.logged("subscribe to");
    assert!(!line.starts_with('<'), "{line}");
    service.stop();
}

#[test]
fn json_on_request_is_an_object_a_line() {
    for (variable, arguments) in
        [("CHIPWIRE_LOG", vec!["run", "--log-format", "json"]), ("CHIPWIRE_LOG_FORMAT", vec!["run"])]
    {
        let value = if variable == "CHIPWIRE_LOG" { "debug" } else { "json" };
        let mut service = Manager::new().with(variable, value).start(&arguments);
        service.next("READY");
        service.stop();
        let lines = service.rest_of_log();
        assert!(lines.len() > 2);
        for line in lines {
            let event: serde_json::Value = serde_json::from_str(&line).expect(&line);
            for key in ["timestamp", "level", "target", "message"] {
                assert!(event[key].is_string(), "{key} in {line}");
            }
        }
    }
}

#[test]
fn nothing_that_a_publisher_writes_begins_a_line_or_colours_a_terminal() {
    let publisher = Publisher::start("One %s&#10;<3>chipwire: broken&#13;&#27;[31m&#x202e;");
    let title = "Fab\u{1b}[2J&#10;<0>Notes\u{2028}&#x202e;";
    publisher.go.send(()).unwrap();
    for journal in ["1", ""] {
        let manager = Manager::new();
        manager.configure(&format!(
            "[[feed]]\nurl = \"{}\"\nname = \"{}\"\nalways_relevant = true\n",
            publisher.url(),
            title.replace('\u{1b}', "\\u001b")
        ));
        let stream = if journal.is_empty() { "" } else { "0:0" };
        let mut service = manager.with("JOURNAL_STREAM", stream).start(&["run", "--log", "debug"]);
        let _ = publisher.go.send(());
        service.next("READY");
        super::http::until_shown(&service.socket("http"), "/feed.rss", "<item>");
        service.stop();
        let lines = service.rest_of_log();
        assert!(lines.iter().any(|line| line.contains("1 about chips")), "{lines:?}");
        for line in &lines {
            assert!(!line.chars().any(char::is_control), "{line:?}");
            assert!(!line.starts_with("<3>chipwire") && !line.starts_with("<0>"), "{line:?}");
        }
    }
}

#[test]
fn a_poll_is_a_line_at_most_and_credentials_are_masked() {
    let publisher = Publisher::start("Seen once");
    publisher.go.send(()).unwrap();
    let manager = Manager::new();
    let secret = publisher.url().replace("http://", "http://reader:hunter2@") + "?token=s3cr3t";
    manager.configure(&format!("[[feed]]\nurl = \"{secret}\"\n[[feed]]\nurl = \"{}\"\n", publisher.url()));
    let mut service = manager.start(&["run"]);
    service.next("READY");
    let mut lines = vec![service.logged("first sweep done")];
    service.stop();
    lines.extend(service.rest_of_log());
    let (_, list, _) = service.run(&["feeds", "list"]);
    for line in lines.iter().map(String::as_str).chain(list.lines()) {
        assert!(!line.contains("hunter2") && !line.contains("s3cr3t"), "{line}");
    }
}
