//! systemd's part: the notification socket, the watchdog's terms, sockets that are handed over, signals, the log.

use rustix::io::{FdFlags, fcntl_dupfd_cloexec, fcntl_setfd};
use rustix::process::{Pid, Signal, kill_process, kill_process_group};
use std::collections::BTreeMap;
use std::io::{BufRead, BufReader};
use std::os::fd::{AsRawFd, OwnedFd};
use std::os::unix::net::UnixDatagram;
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::mpsc::{Receiver, channel};
use std::time::{Duration, Instant};
use tempfile::TempDir;

/// Nothing here takes so long, unless it never comes; two cores may be shared by all tests.
pub(super) const PATIENCE: Duration = Duration::from_mins(1);
/// Handed descriptors are kept above what a shell uses by itself.
const FIRST_KEPT_DESCRIPTOR: i32 = 40;

/// A directory that stands for the machine, and what the daemon is to be started with.
pub(super) struct Manager {
    pub(super) dir: TempDir,
    socket: UnixDatagram,
    handed: Vec<(String, OwnedFd)>,
    variables: Vec<(String, String)>,
    wrapper: Vec<String>,
}

impl Manager {
    pub(super) fn new() -> Self {
        let dir = TempDir::with_prefix("chipwire-service-").unwrap();
        let socket = UnixDatagram::bind(dir.path().join("notify")).unwrap();
        let notify = dir.path().join("notify").display().to_string();
        let variables = vec![("NOTIFY_SOCKET".to_owned(), notify)];
        let manager = Self { dir, socket, handed: Vec::new(), variables, wrapper: Vec::new() };
        manager.configure("");
        manager
    }

    pub(super) fn path(&self, name: &str) -> PathBuf {
        self.dir.path().join(name)
    }

    /// Writes the configuration: two Unix sockets, publishers on loopback, and `more`, whose `[poll]` and `[publish]`
    /// keys go before any table of its own.
    pub(super) fn configure(&self, more: &str) {
        let dir = self.dir.path().display();
        let text = format!(
            "serve.listen = \"unix:{dir}/http\"\nserve.admin_listen = \"unix:{dir}/admin\"\n\
             poll.builtin_feeds = false\npoll.allow_networks = [\"127.0.0.0/8\"]\npoll.host_gap = \"0s\"\n\
             publish.settle = \"0s\"\n{more}"
        );
        std::fs::write(self.path("chipwire.toml"), text).unwrap();
    }

    pub(super) fn with(mut self, variable: &str, value: &str) -> Self {
        self.variables.push((variable.to_owned(), value.to_owned()));
        self
    }

    /// Starts the daemon through another program, which is given before it.
    pub(super) fn through(mut self, wrapper: &[&str]) -> Self {
        self.wrapper = wrapper.iter().map(|word| (*word).to_owned()).collect();
        self
    }

    /// Hands a socket over, as a unit with this `FileDescriptorName` does.
    pub(super) fn hand(mut self, name: &str, socket: impl Into<OwnedFd>) -> Self {
        let kept = fcntl_dupfd_cloexec(socket.into(), FIRST_KEPT_DESCRIPTOR).unwrap();
        self.handed.push((name.to_owned(), kept));
        self
    }

    /// `chipwire` with the machine's configuration and data, and an environment of its own.
    pub(super) fn command(&self) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_chipwire"));
        self.prepare(&mut command);
        command
    }

    fn prepare(&self, command: &mut Command) {
        command
            .env_clear()
            .env("PATH", std::env::var("PATH").unwrap_or_default())
            .env("HOME", self.dir.path())
            .env("CHIPWIRE_CONFIG", self.path("chipwire.toml"))
            .env("CHIPWIRE_DATA", self.path("data"));
    }

    /// Starts `chipwire ARGUMENTS` as systemd would.
    pub(super) fn start(self, arguments: &[&str]) -> Service {
        // The numbers of the process are known to it alone, before it becomes the daemon.
        let mut script = String::from("export WATCHDOG_PID=$$ LISTEN_PID=$$\nexec \"$@\"");
        for (number, (_, descriptor)) in self.handed.iter().enumerate() {
            script += &format!(" {}<&{}", number + 3, descriptor.as_raw_fd());
        }
        for (_, descriptor) in &self.handed {
            fcntl_setfd(descriptor, FdFlags::empty()).unwrap();
            script += &format!(" {}<&-", descriptor.as_raw_fd());
        }
        // Not sh: dash takes no descriptor above 9.
        let mut command = Command::new("bash");
        self.prepare(&mut command);
        command.args(["-c", &script, "sh"]).args(&self.wrapper).arg(env!("CARGO_BIN_EXE_chipwire"));
        command.args(arguments).envs(self.variables.iter().map(|(key, value)| (key, value)));
        if !self.handed.is_empty() {
            let names: Vec<_> = self.handed.iter().map(|(name, _)| name.as_str()).collect();
            command.env("LISTEN_FDS", names.len().to_string()).env("LISTEN_FDNAMES", names.join(":"));
        }
        // A group of its own stands for the service's control group: all of it ends with it.
        command.process_group(0);
        let mut child =
            command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::piped()).spawn().unwrap();
        let (sender, log) = channel();
        let stderr = BufReader::new(child.stderr.take().unwrap());
        std::thread::spawn(move || {
            for line in stderr.lines().map_while(Result::ok) {
                // Also shown by a failing test.
                println!("{line}");
                let _ = sender.send(line);
            }
        });
        Service { manager: Manager { handed: Vec::new(), ..self }, child, log }
    }
}

/// One notification: its assignments.
pub(super) type Message = BTreeMap<String, String>;

/// A started daemon.
pub(super) struct Service {
    pub manager: Manager,
    child: Child,
    log: Receiver<String>,
}

impl Service {
    /// The next notification, if one comes in time.
    pub(super) fn message(&self, within: Duration) -> Option<Message> {
        self.manager.socket.set_read_timeout(Some(within.max(Duration::from_millis(1)))).unwrap();
        let mut bytes = [0; 4096];
        let length = self.manager.socket.recv(&mut bytes).ok()?;
        let text = std::str::from_utf8(&bytes[..length]).unwrap();
        let pairs = text.lines().map(|line| line.split_once('=').expect("an assignment"));
        Some(pairs.map(|(key, value)| (key.to_owned(), value.to_owned())).collect())
    }

    /// The next notification that has `key`; what lies between is dropped.
    pub(super) fn next(&self, key: &str) -> Message {
        let until = Instant::now() + PATIENCE;
        while let Some(message) = self.message(until.saturating_duration_since(Instant::now())) {
            if message.contains_key(key) {
                return message;
            }
        }
        panic!("no {key} came");
    }

    /// The next line of the log with this in it.
    pub(super) fn logged(&self, part: &str) -> String {
        let until = Instant::now() + PATIENCE;
        while let Ok(line) = self.log.recv_timeout(until.saturating_duration_since(Instant::now())) {
            if line.contains(part) {
                return line;
            }
        }
        panic!("the log never said {part:?}");
    }

    /// All lines until the end of the log; only after [`Service::ends`].
    pub(super) fn rest_of_log(&self) -> Vec<String> {
        self.log.iter().collect()
    }

    /// The daemon's process id, which its lock names even where a wrapper was started.
    pub(super) fn pid(&self) -> Pid {
        let lock = std::fs::read_to_string(self.manager.path("data/LOCK")).unwrap_or_default();
        let pid = lock.lines().next().and_then(|line| line.parse().ok());
        pid.and_then(Pid::from_raw).unwrap_or_else(|| Pid::from_child(&self.child))
    }

    pub(super) fn signal(&self, signal: Signal) {
        kill_process(self.pid(), signal).unwrap();
    }

    /// Waits for the end.
    pub(super) fn ends(&mut self) -> ExitStatus {
        let until = Instant::now() + PATIENCE;
        while Instant::now() < until {
            if let Some(status) = self.child.try_wait().unwrap() {
                return status;
            }
            // Notifications that nobody takes would hold the daemon up.
            let _ = self.message(Duration::from_millis(20));
        }
        panic!("it never ended");
    }

    /// SIGTERM, and the end.
    pub(super) fn stop(&mut self) -> ExitStatus {
        self.signal(Signal::TERM);
        self.ends()
    }

    /// Runs a command beside the daemon: its status, standard output and standard error.
    pub(super) fn run(&self, arguments: &[&str]) -> (i32, String, String) {
        run(&mut self.manager.command(), arguments)
    }

    pub(super) fn socket(&self, name: &str) -> PathBuf {
        self.manager.path(name)
    }
}

impl Drop for Service {
    fn drop(&mut self) {
        // It has ended by itself, mostly.
        let _ = kill_process_group(Pid::from_child(&self.child), Signal::KILL);
        let _ = self.child.wait();
    }
}

/// Runs a command to its end.
pub(super) fn run(command: &mut Command, arguments: &[&str]) -> (i32, String, String) {
    let output = command.args(arguments).stdin(Stdio::null()).output().unwrap();
    let text = |bytes: Vec<u8>| String::from_utf8(bytes).unwrap();
    (output.status.code().unwrap_or(-1), text(output.stdout), text(output.stderr))
}

/// A path of the source tree.
pub(super) fn tree(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join(name)
}
