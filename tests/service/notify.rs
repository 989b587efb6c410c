//! `sd_notify(3)`: what the service manager is told, and what it makes of silence.

use super::manager::{Manager, PATIENCE};
use super::tools::tool;
use rustix::process::Signal;
use std::os::linux::net::SocketAddrExt;
use std::os::unix::net::{SocketAddr, UnixDatagram};
use std::process::Stdio;
use std::time::{Duration, Instant};

#[test]
fn it_is_ready_when_it_serves_and_says_what_it_does() {
    let service = Manager::new().start(&["run"]);
    let opening = service.next("STATUS");
    assert_eq!(opening["STATUS"], "opening the store");
    let ready = service.next("READY");
    assert_eq!(ready["READY"], "1");
    assert!(ready["STATUS"].starts_with("polling 0 feeds"), "{ready:?}");
    assert_eq!(super::http::unix(&service.socket("http")).get("/healthz").0, 200);
}

#[test]
fn it_says_that_it_is_stopping_and_ends_well() {
    for signal in [Signal::TERM, Signal::INT] {
        let mut service = Manager::new().start(&["run"]);
        service.next("READY");
        assert!(service.socket("data/control.sock").exists());
        service.signal(signal);
        assert!(service.next("STOPPING").contains_key("STATUS"));
        assert_eq!(service.ends().code(), Some(0));
        for socket in ["data/control.sock", "http", "admin"] {
            assert!(!service.socket(socket).exists(), "{socket} stays");
        }
    }
}

#[test]
fn an_abstract_notification_socket_is_spoken_to_as_well() {
    let name = format!("chipwire-test-{}", std::process::id());
    let socket = UnixDatagram::bind_addr(&SocketAddr::from_abstract_name(&name).unwrap()).unwrap();
    socket.set_read_timeout(Some(PATIENCE)).unwrap();
    let _service = Manager::new().with("NOTIFY_SOCKET", &format!("@{name}")).start(&["run"]);
    let mut bytes = [0; 4096];
    loop {
        let length = socket.recv(&mut bytes).unwrap();
        if std::str::from_utf8(&bytes[..length]).unwrap().contains("READY=1") {
            return;
        }
    }
}

#[test]
fn without_a_service_manager_it_runs_all_the_same() {
    let mut service = Manager::new().with("NOTIFY_SOCKET", "").start(&["run"]);
    service.logged("subscribe to");
    assert_eq!(service.stop().code(), Some(0));
}

#[test]
fn the_watchdog_is_fed_more_often_than_it_needs() {
    let service = Manager::new().with("WATCHDOG_USEC", "900000").start(&["run"]);
    service.next("READY");
    let began = Instant::now();
    for _ in 0..4 {
        service.next("WATCHDOG");
    }
    // Four beats of a third of the time; a busy machine may be late for one.
    assert!(began.elapsed() < Duration::from_secs(4), "{:?}", began.elapsed());
}

#[test]
fn a_stopped_process_does_not_feed_the_watchdog() {
    let service = Manager::new().with("WATCHDOG_USEC", "600000").start(&["run"]);
    service.next("WATCHDOG");
    service.signal(Signal::STOP);
    while service.message(Duration::from_millis(50)).is_some() {}
    assert_eq!(service.message(Duration::from_millis(1_200)), None);
    service.signal(Signal::CONT);
    service.next("WATCHDOG");
}

/// The process is alive, its event loop turns, but the thread that writes hangs in `fdatasync`, as on a dying disk.
#[test]
fn a_hung_writer_does_not_feed_the_watchdog() {
    let Some(mut strace) = tool("strace") else { return };
    let service = Manager::new().with("WATCHDOG_USEC", "600000").start(&["run"]);
    service.next("WATCHDOG");
    let trace = service.manager.path("trace");
    let tracing = strace
        .args([
            "-f",
            "-q",
            "-e",
            "trace=fdatasync,fsync",
            "-e",
            "inject=fdatasync,fsync:delay_enter=20000000",
            "-o",
        ])
        .arg(&trace)
        .args(["-p", &service.pid().as_raw_nonzero().to_string()])
        .stderr(Stdio::null())
        .spawn();
    let mut tracing = tracing.unwrap();
    // Until strace holds the process, a command goes through at once.
    let until = Instant::now() + PATIENCE;
    let traced = || {
        let status =
            std::fs::read_to_string(format!("/proc/{}/status", service.pid().as_raw_nonzero())).unwrap();
        status.lines().any(|line| line.starts_with("TracerPid:") && !line.ends_with("\t0"))
    };
    while !traced() {
        if tracing.try_wait().unwrap().is_some() {
            println!("skipped: strace may not attach to a process here");
            return;
        }
        assert!(Instant::now() < until, "strace never attached");
    }
    let mut command = service.manager.command();
    let mut adding =
        command.args(["feeds", "add", "--unchecked", "http://127.0.0.1:9/feed"]).spawn().unwrap();
    service.logged("did not answer in time");
    while service.message(Duration::from_millis(50)).is_some() {}
    assert_eq!(service.message(Duration::from_millis(1_200)), None, "it hangs, and feeds the watchdog");
    adding.kill().unwrap();
    adding.wait().unwrap();
    tracing.kill().unwrap();
    tracing.wait().unwrap();
}
