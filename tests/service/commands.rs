//! Commands about live data: the same with a daemon and without one, for the service's user and for root.

use super::http::until_shown;
use super::manager::{Manager, Service, run};
use super::publisher::Publisher;
use std::fs;
use std::os::unix::fs::{MetadataExt, PermissionsExt, lchown};
use std::os::unix::process::CommandExt;
use std::path::Path;

const SERVICE_USER: u32 = 61_234;

fn with_a_story() -> (Service, Publisher) {
    let publisher = Publisher::start("A new fab opens in Dresden");
    publisher.go.send(()).unwrap();
    let manager = Manager::new();
    manager.configure(&format!("[[feed]]\nurl = \"{}\"\nalways_relevant = true\n", publisher.url()));
    let service = manager.start(&["run"]);
    service.next("READY");
    until_shown(&service.socket("http"), "/feed.rss", "Dresden");
    (service, publisher)
}

#[test]
fn commands_say_the_same_with_a_daemon_and_without_one() {
    let (mut service, publisher) = with_a_story();
    let url = publisher.url().replace("/feed.xml", "/one");
    let commands: [&[&str]; 12] = [
        &["feeds", "list", "--json"],
        &["feeds", "list"],
        &["feeds", "export"],
        &["stories", "--json"],
        &["stories"],
        &["search", "dresden", "--json"],
        &["topics", "list", "--json"],
        &["explain", &url, "--json"],
        &["explain", "https://nowhere.example/"],
        &["export"],
        &["export", "--entries"],
        &["check"],
    ];
    let asked: Vec<_> = commands.iter().map(|command| service.run(command)).collect();
    assert_eq!(service.stop().code(), Some(0));
    for (command, with) in commands.iter().zip(asked) {
        let without = service.run(command);
        assert!(!with.1.is_empty() || with.0 != 0, "{command:?} says nothing");
        assert_eq!(with, without, "{command:?}: with a daemon, and without");
    }
    assert!(!service.socket("data/control.sock").exists());
}

#[test]
fn a_backup_lands_where_it_was_asked_for_and_leaves_nothing_behind() {
    let (mut service, _publisher) = with_a_story();
    for state in ["live", "stopped"] {
        let file = service.manager.path(&format!("{state}.backup"));
        let (status, out, error) = service.run(&["backup", file.to_str().unwrap()]);
        assert_eq!((status, error.as_str()), (0, ""), "{state}");
        assert!(out.starts_with(file.to_str().unwrap()), "{out}");
        assert_eq!(fs::metadata(&file).unwrap().mode() & 0o777, 0o600);
        if state == "live" {
            service.stop();
        }
    }
    let left = fs::read_dir(service.manager.path("data")).unwrap();
    let left: Vec<_> = left.map(|item| item.unwrap().file_name().into_string().unwrap()).collect();
    assert!(!left.iter().any(|name| name.starts_with("backup")), "{left:?}");
    let manager = Manager::new();
    let (status, _, error) =
        run(&mut manager.command(), &["restore", service.manager.path("live.backup").to_str().unwrap()]);
    assert_eq!(status, 0, "{error}");
    assert!(run(&mut manager.command(), &["stories"]).1.contains("Dresden"));
    let (status, _, error) = service.run(&["backup", "/nowhere/chipwire.backup"]);
    assert!(status == 1 && error.contains("/nowhere/chipwire.backup"), "{error}");
}

#[test]
fn what_root_does_without_a_daemon_stays_the_services() {
    if !rustix::process::geteuid().is_root() {
        println!("skipped: only root can be root");
        return;
    }
    let manager = Manager::new();
    fs::set_permissions(manager.dir.path(), fs::Permissions::from_mode(0o777)).unwrap();
    fs::create_dir(manager.path("data")).unwrap();
    lchown(manager.path("data"), Some(SERVICE_USER), Some(SERVICE_USER)).unwrap();
    for command in [
        &["feeds", "add", "--unchecked", "https://one.example/feed"][..],
        &["rebuild"],
        &["backup", manager.path("backup").to_str().unwrap()],
        &["restore", "--force", manager.path("backup").to_str().unwrap()],
    ] {
        let (status, _, error) = run(&mut manager.command(), command);
        assert_eq!(status, 0, "{command:?}: {error}");
        assert_all_owned(&manager.path("data"));
    }
    // A place that others may enter, since the program may lie where only root may go.
    let program = manager.path("chipwire");
    fs::copy(env!("CARGO_BIN_EXE_chipwire"), &program).unwrap();
    let mut command = std::process::Command::new(&program);
    command
        .env_clear()
        .env("CHIPWIRE_CONFIG", manager.path("chipwire.toml"))
        .env("CHIPWIRE_DATA", manager.path("data"));
    command.uid(SERVICE_USER).gid(SERVICE_USER);
    let (status, out, error) = run(&mut command, &["feeds", "list"]);
    assert!(status == 0 && out.contains("one.example"), "as the service's user: {error}");
}

fn assert_all_owned(path: &Path) {
    let found = path.symlink_metadata().unwrap();
    assert_eq!((found.uid(), found.gid()), (SERVICE_USER, SERVICE_USER), "{}", path.display());
    if found.is_dir() {
        for item in fs::read_dir(path).unwrap() {
            assert_all_owned(&item.unwrap().path());
        }
    }
}

#[test]
fn another_user_is_told_whom_to_be() {
    if !rustix::process::geteuid().is_root() {
        println!("skipped: only root can be another user");
        return;
    }
    let service = Manager::new().start(&["run"]);
    service.next("READY");
    fs::set_permissions(service.manager.dir.path(), fs::Permissions::from_mode(0o755)).unwrap();
    let program = service.manager.path("chipwire");
    fs::copy(env!("CARGO_BIN_EXE_chipwire"), &program).unwrap();
    let mut command = std::process::Command::new(&program);
    command.env_clear().env("CHIPWIRE_DATA", service.manager.path("data"));
    let (status, _, error) = run(command.uid(SERVICE_USER).gid(SERVICE_USER), &["stories"]);
    assert!(status != 0 && error.contains("as root"), "{error}");
}
