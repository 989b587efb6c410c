//! A publisher on loopback whose answers the test holds back or lets go.

use std::io::{BufRead, BufReader, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::mpsc::{Receiver, Sender, channel};

pub(super) struct Publisher {
    address: SocketAddr,
    /// One for each request that has come in whole.
    pub(super) asked: Receiver<String>,
    /// One for each that may be answered.
    pub(super) go: Sender<()>,
}

impl Publisher {
    /// Answers every request with a feed of one entry, once it may.
    pub(super) fn start(title: &str) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        let ((tell, asked), (go, may)) = (channel(), channel());
        let feed = format!(
            "<?xml version=\"1.0\"?><rss version=\"2.0\"><channel><title>Fab Notes</title><link>http://{address}/</link>\
             <item><title>{title}</title><link>http://{address}/one</link><guid>one</guid></item></channel></rss>"
        );
        std::thread::spawn(move || {
            for stream in listener.incoming().map_while(Result::ok) {
                // The test has ended, or the daemon has: nothing to answer.
                let _ = answer(stream, &feed, &tell, &may);
            }
        });
        Self { address, asked, go }
    }

    pub(super) fn url(&self) -> String {
        format!("http://{}/feed.xml", self.address)
    }
}

fn answer(stream: TcpStream, feed: &str, tell: &Sender<String>, may: &Receiver<()>) -> Option<()> {
    let mut reader = BufReader::new(stream);
    let mut head = String::new();
    while !head.ends_with("\r\n\r\n") {
        if reader.read_line(&mut head).ok()? == 0 {
            return None;
        }
    }
    tell.send(head).ok()?;
    may.recv().ok()?;
    let length = feed.len();
    let head = format!(
        "HTTP/1.1 200 OK\r\nContent-Type: application/rss+xml\r\nContent-Length: {length}\r\nConnection: close\r\n\r\n"
    );
    reader.into_inner().write_all((head + feed).as_bytes()).ok()
}
