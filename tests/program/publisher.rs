//! A scripted publisher on loopback: each path answers what the test put there, and every request is kept. Whoever
//! waits for a request is woken by its arrival.

use std::collections::BTreeMap;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{Ipv4Addr, SocketAddr, TcpListener, TcpStream};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Condvar, Mutex};
use std::time::{Duration, Instant};

/// No wait of a test is longer; a quiet machine needs a fraction of it.
pub(crate) const PATIENCE: Duration = Duration::from_secs(40);

/// A request as it arrived.
#[derive(Debug, Clone)]
pub(crate) struct Request {
    pub(crate) method: String,
    pub(crate) target: String,
    pub(crate) fields: Vec<(String, String)>,
    pub(crate) body: String,
    pub(crate) at: Instant,
    /// The number of the connection that it came over.
    pub(crate) connection: usize,
}

impl Request {
    pub(crate) fn field(&self, name: &str) -> Option<&str> {
        let found = self.fields.iter().find(|(field, _)| field.eq_ignore_ascii_case(name));
        found.map(|(_, value)| value.as_str())
    }

    /// A value of the form that the body is.
    pub(crate) fn form(&self, name: &str) -> Option<String> {
        url::form_urlencoded::parse(self.body.as_bytes())
            .find(|(key, _)| key == name)
            .map(|(_, value)| value.into_owned())
    }
}

/// What a path answers.
#[derive(Debug, Clone)]
pub(crate) enum Reply {
    /// Status line, further fields, body.
    Plain(String, String, Vec<u8>),
    /// A body with an entity tag, and 304 to whoever has it already.
    Tagged(String, Vec<u8>),
    /// Well-formed items without end, as fast as they are taken.
    Endless,
    /// Nothing at all, and the connection stays open.
    Silence,
    /// These bytes as they are; the connection stays open.
    Raw(Vec<u8>),
    /// These bytes as they are, and then the end of the connection.
    Cut(Vec<u8>),
    /// A connection that breaks off without any answer.
    Reset,
    /// The first bytes, then the second ones over and over, so long apart.
    Drip(Vec<u8>, Vec<u8>, Duration),
    /// The first, second … request gets one each, and all further ones get the last.
    Turns(Vec<Reply>),
}

/// What a publisher speaks over.
trait Connection: Read + Write {
    /// The connection beneath.
    fn socket(&self) -> &TcpStream;
}

impl Connection for TcpStream {
    fn socket(&self) -> &TcpStream {
        self
    }
}

impl Connection for rustls::StreamOwned<rustls::ServerConnection, TcpStream> {
    fn socket(&self) -> &TcpStream {
        self.get_ref()
    }
}

impl Reply {
    pub(crate) fn feed(body: impl Into<Vec<u8>>) -> Self {
        Self::Plain("200 OK".into(), "Content-Type: application/rss+xml\r\n".into(), body.into())
    }

    /// A feed that is answered conditionally: the tag is of its own text.
    pub(crate) fn tagged(body: impl Into<Vec<u8>>) -> Self {
        let body = body.into();
        Self::Tagged(format!("\"v{:08x}\"", crc32fast::hash(&body)), body)
    }

    pub(crate) fn page(html: &str) -> Self {
        Self::Plain("200 OK".into(), "Content-Type: text/html\r\n".into(), html.into())
    }

    pub(crate) fn status(status: &str, fields: &str) -> Self {
        Self::Plain(status.into(), fields.into(), b"no feed here".to_vec())
    }

    pub(crate) fn redirect(status: &str, location: &str) -> Self {
        Self::status(status, &format!("Location: {location}\r\n"))
    }

    /// A 200 with these fields.
    pub(crate) fn with(fields: &str, body: impl Into<Vec<u8>>) -> Self {
        Self::Plain("200 OK".into(), format!("Content-Type: application/rss+xml\r\n{fields}"), body.into())
    }

    /// A 304 with these fields.
    pub(crate) fn unchanged(fields: &str) -> Self {
        Self::Raw(format!("HTTP/1.1 304 Not Modified\r\n{fields}\r\n").into_bytes())
    }

    /// What the request of this number gets, from 0.
    fn in_turn(&self, number: usize) -> &Self {
        match self {
            Self::Turns(replies) => &replies[number.min(replies.len() - 1)],
            other => other,
        }
    }

    fn send(&self, request: &Request, stream: &mut impl Connection) -> std::io::Result<()> {
        match self {
            Self::Turns(_) => panic!("resolved before"),
            Self::Raw(bytes) => stream.write_all(bytes),
            Self::Cut(bytes) => {
                stream.write_all(bytes)?;
                stream.flush()?;
                Err(std::io::ErrorKind::ConnectionAborted.into())
            }
            Self::Reset => {
                rustix::net::sockopt::set_socket_linger(stream.socket(), Some(Duration::ZERO))?;
                Err(std::io::ErrorKind::ConnectionReset.into())
            }
            Self::Drip(first, again, pause) => {
                stream.write_all(first)?;
                loop {
                    stream.write_all(again)?;
                    // Not a wait for anything: dripping is what it plays.
                    std::thread::sleep(*pause);
                }
            }
            Self::Plain(status, fields, body) => {
                let length = body.len();
                write!(stream, "HTTP/1.1 {status}\r\n{fields}Content-Length: {length}\r\n\r\n")?;
                stream.write_all(body)
            }
            Self::Tagged(tag, _) if request.field("if-none-match") == Some(tag) => {
                write!(stream, "HTTP/1.1 304 Not Modified\r\nETag: {tag}\r\n\r\n")
            }
            Self::Tagged(tag, body) => {
                let fields = format!("Content-Type: application/rss+xml\r\nETag: {tag}\r\n");
                Self::Plain("200 OK".into(), fields, body.clone()).send(request, stream)
            }
            Self::Endless => {
                stream.write_all(b"HTTP/1.1 200 OK\r\nContent-Type: application/rss+xml\r\n\r\n<rss version='2.0'><channel><title>Endless</title>")?;
                loop {
                    stream.write_all(b"<item><title>again</title><guid>again</guid></item>")?;
                }
            }
            Self::Silence => loop {
                // Until the other side gives up.
                if stream.read(&mut [0; 64])? == 0 {
                    return Ok(());
                }
            },
        }
    }
}

#[derive(Default)]
struct Stage {
    replies: Mutex<BTreeMap<String, Reply>>,
    requests: Mutex<Vec<Request>>,
    news: Condvar,
    /// Requests of these paths are answered only when the path is opened.
    closed: Mutex<Vec<String>>,
    opened: Condvar,
    connections: AtomicUsize,
}

/// A running publisher; its threads end with the test program.
#[derive(Clone)]
pub(crate) struct Publisher {
    pub(crate) address: SocketAddr,
    stage: Arc<Stage>,
}

impl Publisher {
    pub(crate) fn start() -> Self {
        Self::at(Ipv4Addr::LOCALHOST)
    }

    pub(crate) fn at(address: Ipv4Addr) -> Self {
        Self::listen(address, None)
    }

    /// A publisher that speaks TLS.
    pub(crate) fn over_tls(tls: Arc<rustls::ServerConfig>) -> Self {
        Self::listen(Ipv4Addr::LOCALHOST, Some(tls))
    }

    fn listen(address: Ipv4Addr, tls: Option<Arc<rustls::ServerConfig>>) -> Self {
        let listener = TcpListener::bind((address, 0)).unwrap();
        let publisher = Self { address: listener.local_addr().unwrap(), stage: Arc::default() };
        let stage = Arc::clone(&publisher.stage);
        std::thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let (stage, tls) = (Arc::clone(&stage), tls.clone());
                let number = stage.connections.fetch_add(1, Ordering::Relaxed);
                // A client that hangs up is no fault of the test.
                std::thread::spawn(move || match tls {
                    None => drop(serve(stream, number, &stage)),
                    Some(tls) => {
                        let session = rustls::ServerConnection::new(tls).unwrap();
                        drop(serve(rustls::StreamOwned::new(session, stream), number, &stage));
                    }
                });
            }
        });
        publisher
    }

    pub(crate) fn url(&self, path: &str) -> String {
        format!("http://{}{path}", self.address)
    }

    /// The connections so far.
    pub(crate) fn connections(&self) -> usize {
        self.stage.connections.load(Ordering::Relaxed)
    }

    /// All requests so far.
    pub(crate) fn all_requests(&self) -> Vec<Request> {
        self.stage.requests.lock().unwrap().clone()
    }

    /// From now on this path answers this.
    pub(crate) fn put(&self, path: &str, reply: Reply) {
        self.stage.replies.lock().unwrap().insert(path.to_owned(), reply);
    }

    /// Requests of this path wait for their answers until it is opened.
    pub(crate) fn close(&self, path: &str) {
        self.stage.closed.lock().unwrap().push(path.to_owned());
    }

    pub(crate) fn open(&self, path: &str) {
        self.stage.closed.lock().unwrap().retain(|closed| closed != path);
        self.stage.opened.notify_all();
    }

    /// The requests of a path so far.
    pub(crate) fn requests(&self, path: &str) -> Vec<Request> {
        let requests = self.stage.requests.lock().unwrap();
        requests.iter().filter(|request| request.target == path).cloned().collect()
    }

    pub(crate) fn targets(&self) -> Vec<String> {
        self.stage.requests.lock().unwrap().iter().map(|request| request.target.clone()).collect()
    }

    /// Waits until a path was asked so often, and gives these requests.
    #[track_caller]
    pub(crate) fn wait_for(&self, path: &str, count: usize) -> Vec<Request> {
        let of_path = |requests: &[Request]| -> Vec<Request> {
            requests.iter().filter(|request| request.target == path).cloned().collect()
        };
        let requests = self.stage.requests.lock().unwrap();
        let (requests, waited) = self
            .stage
            .news
            .wait_timeout_while(requests, PATIENCE, |requests| of_path(requests).len() < count)
            .unwrap();
        let found = of_path(&requests);
        assert!(!waited.timed_out(), "{path} was asked {} times, not {count} times", found.len());
        found
    }

    /// Waits until a path was asked once more than by now, and answered what it answers now.
    #[track_caller]
    pub(crate) fn wait_for_next(&self, path: &str) -> Request {
        let next = self.requests(path).len() + 1;
        self.wait_for(path, next).pop().unwrap()
    }
}

fn serve(stream: impl Connection, number: usize, stage: &Stage) -> std::io::Result<()> {
    let mut reader = BufReader::new(stream);
    while let Some(request) = read_request(&mut reader, number)? {
        let turn = {
            let mut requests = stage.requests.lock().unwrap();
            requests.push(request.clone());
            requests.iter().filter(|earlier| earlier.target == request.target).count() - 1
        };
        stage.news.notify_all();
        let closed = stage.closed.lock().unwrap();
        drop(stage.opened.wait_while(closed, |closed| closed.contains(&request.target)).unwrap());
        let reply = stage.replies.lock().unwrap().get(&request.target).cloned();
        let reply = reply.unwrap_or_else(|| Reply::status("404 Not Found", ""));
        reply.in_turn(turn).send(&request, reader.get_mut())?;
        reader.get_mut().flush()?;
    }
    Ok(())
}

fn read_request(reader: &mut BufReader<impl Read>, connection: usize) -> std::io::Result<Option<Request>> {
    let mut line = String::new();
    if reader.read_line(&mut line)? == 0 {
        return Ok(None);
    }
    let mut words = line.split_whitespace();
    let (method, target) = (words.next().unwrap_or_default(), words.next().unwrap_or_default());
    let mut request = Request {
        method: method.to_owned(),
        target: target.to_owned(),
        fields: Vec::new(),
        body: String::new(),
        at: Instant::now(),
        connection,
    };
    loop {
        let mut line = String::new();
        if reader.read_line(&mut line)? == 0 || line.trim().is_empty() {
            break;
        }
        if let Some((name, value)) = line.split_once(':') {
            request.fields.push((name.to_owned(), value.trim().to_owned()));
        }
    }
    let length = request.field("content-length").map_or(0, |length| length.parse().unwrap_or(0));
    let mut body = vec![0; length];
    reader.read_exact(&mut body)?;
    request.body = String::from_utf8_lossy(&body).into_owned();
    Ok(Some(request))
}
