//! The real program on a data directory of its own: as a daemon, and as the commands beside it.

use crate::publisher::{PATIENCE, Publisher, Reply};
use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::{Arc, Condvar, Mutex};
use std::time::{Duration, Instant};

const PROGRAM: &str = env!("CARGO_BIN_EXE_chipwire");

/// A directory with a configuration and data, and the publisher that its feeds are at.
pub(crate) struct World {
    pub(crate) directory: tempfile::TempDir,
    pub(crate) publisher: Publisher,
    pub(crate) data: PathBuf,
    /// What the program takes for the directory for temporary files.
    pub(crate) temporary: PathBuf,
    /// The section that a test may make different.
    pub(crate) poll: String,
    pub(crate) publish: String,
    pub(crate) further: String,
}

impl World {
    pub(crate) fn new() -> Self {
        let directory = tempfile::tempdir().unwrap();
        Self {
            data: directory.path().join("data"),
            temporary: std::env::temp_dir(),
            directory,
            publisher: Publisher::start(),
            poll: "default_interval = \"1s\"\nmin_interval = \"0.3s\"\nmax_interval = \"20s\"\nhost_gap = \"0s\"\ntimeout = \"3s\"\nallow_networks = [\"127.0.0.0/8\"]\n".into(),
            publish: "settle = \"0s\"\n".into(),
            further: String::new(),
        }
    }

    /// One that polls each feed once, and then not again while the test lasts.
    pub(crate) fn patient() -> Self {
        let mut world = Self::new();
        world.poll = world.poll.replace("\"1s\"", "\"1h\"").replace("\"20s\"", "\"24h\"");
        world
    }

    /// One that polls often, and publishes whatever its feeds bring.
    pub(crate) fn quick() -> Self {
        let mut world = Self::new();
        world.poll = world.poll.replace("\"1s\"", "\"0.4s\"");
        world.publish += "languages = []\n";
        world
    }

    /// Subscribes to a path of the publisher that answers this; its entries are on the wire whatever they say.
    pub(crate) fn follow(&mut self, path: &str, reply: Reply) {
        let url = self.publisher.url(path);
        self.feed(&url, "always_relevant = true\n");
        self.publisher.put(path, reply);
    }

    pub(crate) fn data(&self) -> PathBuf {
        self.data.clone()
    }

    pub(crate) fn config(&self) -> PathBuf {
        self.directory.path().join("chipwire.toml")
    }

    /// Subscribes to a path of the publisher.
    pub(crate) fn subscribe(&mut self, path: &str, name: &str) {
        let url = self.publisher.url(path);
        self.feed(&url, &format!("name = \"{name}\"\n"));
    }

    pub(crate) fn feed(&mut self, url: &str, keys: &str) {
        self.further += &format!("[[feed]]\nurl = \"{url}\"\n{keys}");
    }

    /// Writes the configuration as it is now.
    pub(crate) fn write_config(&self) {
        let Self { poll, publish, further, .. } = self;
        let text = format!(
            "[poll]\nbuiltin_feeds = false\n{poll}[publish]\n{publish}[serve]\nlisten = \"127.0.0.1:0\"\nadmin_listen = \"\"\n{further}"
        );
        std::fs::write(self.config(), text).unwrap();
    }

    fn program(&self) -> Command {
        let mut command = Command::new(PROGRAM);
        command.env_clear().env("HOME", self.directory.path()).env("TMPDIR", &self.temporary);
        command.args(["--config".as_ref(), self.config().as_os_str()]);
        command.args(["--data".as_ref(), self.data().as_os_str()]);
        command
    }

    /// Starts the daemon and waits until it has said where it serves.
    #[track_caller]
    pub(crate) fn start(&self) -> Daemon {
        self.write_config();
        Daemon::spawn(self.program())
    }

    /// Runs a command to its end.
    pub(crate) fn run(&self, arguments: &[&str]) -> Finished {
        self.run_with(arguments, "")
    }

    pub(crate) fn run_with(&self, arguments: &[&str], input: &str) -> Finished {
        if !self.config().exists() {
            self.write_config();
        }
        let mut command = self.program();
        // The log of a command without a daemon is not what these tests read.
        command.args(["--log", "error"]).args(arguments);
        finish(command, input)
    }

    /// Runs a command that must end well, and gives what it said.
    #[track_caller]
    pub(crate) fn ask(&self, arguments: &[&str]) -> String {
        let finished = self.run(arguments);
        assert_eq!(finished.status, Some(0), "{arguments:?}: {finished:?}");
        finished.out
    }

    /// The same with its lines as JSON.
    #[track_caller]
    pub(crate) fn ask_json(&self, arguments: &[&str]) -> Vec<serde_json::Value> {
        let out = self.ask(arguments);
        out.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
    }

    /// Runs a command that must fail in one line, and gives that line.
    #[track_caller]
    pub(crate) fn refused(&self, arguments: &[&str]) -> String {
        let finished = self.run(arguments);
        assert_ne!(finished.status, Some(0), "{arguments:?}: {finished:?}");
        assert_eq!(finished.err.lines().count(), 1, "{arguments:?}: {finished:?}");
        finished.err
    }
}

/// Runs the program with these arguments alone.
pub(crate) fn bare(directory: &Path, arguments: &[&str], input: &str) -> Finished {
    let mut command = Command::new(PROGRAM);
    command.env_clear().env("HOME", directory).args(arguments);
    finish(command, input)
}

fn finish(mut command: Command, input: &str) -> Finished {
    command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = command.spawn().unwrap();
    // A program that reads no input has closed its end.
    let _ = child.stdin.take().unwrap().write_all(input.as_bytes());
    let output = child.wait_with_output().unwrap();
    Finished {
        status: output.status.code(),
        out: String::from_utf8(output.stdout).unwrap(),
        err: String::from_utf8(output.stderr).unwrap(),
    }
}

/// A command that has ended.
#[derive(Debug)]
pub(crate) struct Finished {
    pub(crate) status: Option<i32>,
    pub(crate) out: String,
    pub(crate) err: String,
}

#[derive(Default)]
struct Log {
    lines: Mutex<Vec<String>>,
    news: Condvar,
}

/// A running daemon; killed when dropped.
pub(crate) struct Daemon {
    child: Child,
    log: Arc<Log>,
    pub(crate) address: String,
}

impl Daemon {
    #[track_caller]
    pub(crate) fn spawn(mut command: Command) -> Self {
        command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::piped());
        let mut child = command.spawn().unwrap();
        let log = Arc::new(Log::default());
        let (output, writer) = (child.stderr.take().unwrap(), Arc::clone(&log));
        std::thread::spawn(move || {
            for line in BufReader::new(output).lines().map_while(Result::ok) {
                writer.lines.lock().unwrap().push(line);
                writer.news.notify_all();
            }
            writer.lines.lock().unwrap().push("(the log has ended)".into());
            writer.news.notify_all();
        });
        let mut daemon = Self { child, log, address: String::new() };
        daemon.wait_for_line("subscribe to http://");
        let line = daemon.wait_for_line("listening on ");
        line.split("listening on ").nth(1).unwrap().clone_into(&mut daemon.address);
        daemon
    }

    pub(crate) fn id(&self) -> u32 {
        self.child.id()
    }

    pub(crate) fn log(&self) -> String {
        self.log.lines.lock().unwrap().join("\n")
    }

    /// Waits for a line of the log that holds this.
    #[track_caller]
    pub(crate) fn wait_for_line(&self, part: &str) -> String {
        let lines = self.log.lines.lock().unwrap();
        let has_ended = |lines: &[String]| lines.last().is_some_and(|last| last == "(the log has ended)");
        let (lines, _) = self
            .log
            .news
            .wait_timeout_while(lines, PATIENCE, |lines| {
                !has_ended(lines) && !lines.iter().any(|line| line.contains(part))
            })
            .unwrap();
        let found = lines.iter().find(|line| line.contains(part)).cloned();
        let lines = lines.clone();
        found.unwrap_or_else(|| panic!("no line with {part:?} in the log:\n{}", lines.join("\n")))
    }

    /// A GET, with its status, head and body.
    pub(crate) fn get(&self, path: &str) -> Answer {
        self.send(&format!("GET {path} HTTP/1.1\r\nHost: {}\r\nConnection: close\r\n\r\n", self.address), b"")
    }

    pub(crate) fn send(&self, head: &str, body: &[u8]) -> Answer {
        let mut stream = TcpStream::connect(&self.address).unwrap();
        stream.set_read_timeout(Some(PATIENCE)).unwrap();
        stream.write_all(head.as_bytes()).unwrap();
        stream.write_all(body).unwrap();
        let mut bytes = Vec::new();
        stream.read_to_end(&mut bytes).unwrap();
        Answer::read(&bytes)
    }

    pub(crate) fn post(&self, path: &str, fields: &str, body: &[u8]) -> Answer {
        let head = format!(
            "POST {path} HTTP/1.1\r\nHost: {}\r\nConnection: close\r\n{fields}Content-Length: {}\r\n\r\n",
            self.address,
            body.len()
        );
        self.send(&head, body)
    }

    /// Asks a path until its answer is as wanted, looking again whenever the daemon logs, and now and then without.
    #[track_caller]
    pub(crate) fn wait_for_answer(&self, path: &str, is_wanted: impl Fn(&Answer) -> bool) -> Answer {
        let end = Instant::now() + PATIENCE;
        loop {
            let answer = self.get(path);
            if is_wanted(&answer) {
                return answer;
            }
            assert!(Instant::now() < end, "{path} still answers\n{answer:?}\nthe log says\n{}", self.log());
            let lines = self.log.lines.lock().unwrap();
            drop(self.log.news.wait_timeout(lines, Duration::from_millis(50)).unwrap());
        }
    }

    /// Waits until the default wire has a text in it.
    #[track_caller]
    pub(crate) fn wait_for_story(&self, part: &str) -> Wire {
        self.wait_for_wire(|wire| wire.items.iter().any(|item| item.title.contains(part)))
    }

    #[track_caller]
    pub(crate) fn wait_for_wire(&self, is_wanted: impl Fn(&Wire) -> bool) -> Wire {
        Wire::of(&self.wait_for_answer("/feed.json", |answer| is_wanted(&Wire::of(answer))))
    }

    pub(crate) fn wire(&self) -> Wire {
        Wire::of(&self.get("/feed.json"))
    }

    pub(crate) fn signal(&self, signal: rustix::process::Signal) {
        let process = rustix::process::Pid::from_child(&self.child);
        rustix::process::kill_process(process, signal).unwrap();
    }

    /// SIGTERM, and the exit status.
    pub(crate) fn stop(mut self) -> Option<i32> {
        self.signal(rustix::process::Signal::TERM);
        self.child.wait().unwrap().code()
    }

    /// SIGKILL.
    pub(crate) fn kill(mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }
}

impl Drop for Daemon {
    fn drop(&mut self) {
        // Both fail where it has ended already.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// An answer of the server.
#[derive(Debug, Clone)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) head: String,
    pub(crate) body: String,
}

impl Answer {
    fn read(bytes: &[u8]) -> Self {
        let text = String::from_utf8_lossy(bytes);
        let (head, body) = text.split_once("\r\n\r\n").unwrap_or((&text, ""));
        let status = head.split(' ').nth(1).and_then(|status| status.parse().ok()).unwrap_or(0);
        Self { status, head: head.to_owned(), body: body.to_owned() }
    }

    pub(crate) fn field(&self, name: &str) -> Option<&str> {
        self.head.lines().skip(1).find_map(|line| {
            let (field, value) = line.split_once(':')?;
            field.eq_ignore_ascii_case(name).then(|| value.trim())
        })
    }
}

/// The JSON feed, as far as tests read it.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Wire {
    pub(crate) items: Vec<Item>,
}

#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Item {
    pub(crate) id: String,
    pub(crate) title: String,
    pub(crate) url: String,
    pub(crate) published: String,
    pub(crate) updated: String,
    pub(crate) chipwire: serde_json::Value,
}

impl Wire {
    fn of(answer: &Answer) -> Self {
        let Ok(feed) = serde_json::from_str::<serde_json::Value>(&answer.body) else {
            return Self { items: Vec::new() };
        };
        let text = |item: &serde_json::Value, key: &str| item[key].as_str().unwrap_or_default().to_owned();
        let items = feed["items"].as_array().map(Vec::as_slice).unwrap_or_default();
        let item = |item: &serde_json::Value| Item {
            id: text(item, "id"),
            title: text(item, "title"),
            url: text(item, "url"),
            published: text(item, "date_published"),
            updated: text(item, "date_modified"),
            chipwire: item["_chipwire"].clone(),
        };
        Self { items: items.iter().map(item).collect() }
    }

    #[track_caller]
    pub(crate) fn item(&self, part: &str) -> &Item {
        let found = self.items.iter().find(|item| item.title.contains(part));
        found.unwrap_or_else(|| panic!("no item with {part:?} in {self:?}"))
    }

    pub(crate) fn titles(&self) -> Vec<&str> {
        self.items.iter().map(|item| item.title.as_str()).collect()
    }
}
