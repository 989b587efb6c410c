//! `sd_listen_fds(3)`: sockets that systemd opened, so that no reader finds the door shut.

use super::http;
use super::manager::Manager;
use std::net::{TcpListener, TcpStream, UdpSocket};
use std::os::unix::net::UnixListener;

#[test]
fn sockets_that_are_handed_over_are_served_instead_of_the_configured_ones() {
    let manager = Manager::new();
    let (readers, operators) =
        (TcpListener::bind("127.0.0.1:0").unwrap(), TcpListener::bind("127.0.0.1:0").unwrap());
    let (reader, operator) = (readers.local_addr().unwrap(), operators.local_addr().unwrap());
    let beside = UnixListener::bind(manager.path("beside")).unwrap();
    let service = manager.hand("http", readers).hand("http", beside).hand("admin", operators).start(&["run"]);
    service.next("READY");
    assert_eq!(http::tcp(reader).get("/feed.rss").0, 200);
    assert_eq!(http::unix(&service.socket("beside")).get("/feed.rss").0, 200);
    assert_eq!(http::tcp(operator).get("/metrics").0, 200);
    assert_eq!(http::tcp(reader).get("/metrics").0, 404, "the operator's page at the readers' door");
    for socket in ["http", "admin"] {
        assert!(!service.socket(socket).exists(), "{socket} was opened beside what was handed over");
    }
}

#[test]
fn who_comes_during_a_restart_is_answered_by_the_next_daemon() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    let mut first = Manager::new().hand("http", listener.try_clone().unwrap()).start(&["run"]);
    first.next("READY");
    assert_eq!(first.stop().code(), Some(0));
    let mut early = http::Connection::over(TcpStream::connect(address).unwrap());
    early.ask("/healthz");
    let second = Manager::new().hand("http", listener).start(&["run"]);
    assert_eq!(early.answer().0, 200);
    second.next("READY");
}

#[test]
fn a_handed_unix_socket_keeps_its_file() {
    let manager = Manager::new();
    let listener = UnixListener::bind(manager.path("held")).unwrap();
    let mut service = manager.hand("http", listener).start(&["run"]);
    service.next("READY");
    service.stop();
    assert!(service.socket("held").exists(), "systemd's socket was removed");
}

#[test]
fn a_socket_of_a_wrong_kind_is_left_alone_and_named() {
    let service = Manager::new().hand("http", UdpSocket::bind("127.0.0.1:0").unwrap()).start(&["run"]);
    service.logged("descriptor 3 is no listening stream socket");
    service.next("READY");
    assert_eq!(http::unix(&service.socket("http")).get("/healthz").0, 200);
}

#[test]
fn sockets_for_another_process_are_not_taken() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    // The wrapper is who they are for; the daemon is its child.
    let manager = Manager::new().hand("http", listener).through(&["sh", "-c", "\"$@\"", "sh"]);
    let service = manager.start(&["run"]);
    service.next("READY");
    assert_eq!(http::unix(&service.socket("http")).get("/healthz").0, 200);
}
