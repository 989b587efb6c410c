//! Just enough of an HTTP client: one request at a time, over any stream.

use super::manager::PATIENCE;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::os::unix::net::UnixStream;
use std::path::Path;
use std::time::Instant;

/// A connection that is kept.
pub(super) struct Connection<S>(BufReader<S>);

impl<S: Read + Write> Connection<S> {
    pub(super) fn over(stream: S) -> Self {
        Self(BufReader::new(stream))
    }

    /// Sends a request without waiting for its answer.
    pub(super) fn ask(&mut self, path: &str) {
        let request = format!("GET {path} HTTP/1.1\r\nHost: localhost\r\n\r\n");
        self.0.get_mut().write_all(request.as_bytes()).unwrap();
    }

    /// The status and body of the answer.
    pub(super) fn answer(&mut self) -> (u16, String) {
        let mut line = String::new();
        self.0.read_line(&mut line).unwrap();
        let status =
            line.split(' ').nth(1).unwrap_or_else(|| panic!("an answer, not {line:?}")).parse().unwrap();
        let mut length = 0;
        loop {
            let mut header = String::new();
            self.0.read_line(&mut header).unwrap();
            let header = header.trim().to_lowercase();
            if header.is_empty() {
                break;
            }
            if let Some(value) = header.strip_prefix("content-length:") {
                length = value.trim().parse().unwrap();
            }
        }
        let mut body = vec![0; length];
        self.0.read_exact(&mut body).unwrap();
        (status, String::from_utf8(body).unwrap())
    }

    pub(super) fn get(&mut self, path: &str) -> (u16, String) {
        self.ask(path);
        self.answer()
    }
}

pub(super) fn unix(socket: &Path) -> Connection<UnixStream> {
    let stream = UnixStream::connect(socket).unwrap();
    stream.set_read_timeout(Some(PATIENCE)).unwrap();
    Connection::over(stream)
}

pub(super) fn tcp(address: SocketAddr) -> Connection<TcpStream> {
    let stream = TcpStream::connect(address).unwrap();
    stream.set_read_timeout(Some(PATIENCE)).unwrap();
    Connection::over(stream)
}

/// Asks again and again until the body has `part` in it: what is published follows its cause by a moment.
pub(super) fn until_shown(socket: &Path, path: &str, part: &str) -> String {
    let until = Instant::now() + PATIENCE;
    let mut connection = unix(socket);
    loop {
        let (_, body) = connection.get(path);
        if body.contains(part) {
            return body;
        }
        assert!(Instant::now() < until, "{path} never showed {part:?}:\n{body}");
    }
}
