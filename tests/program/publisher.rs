//! A scripted publisher on loopback: each path answers what the test put there, and every request is kept. Whoever
//! waits for a request is woken by its arrival.

use std::collections::BTreeMap;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{Ipv4Addr, SocketAddr, TcpListener, TcpStream};
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

    fn send(&self, request: &Request, stream: &mut TcpStream) -> std::io::Result<()> {
        match self {
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
        let listener = TcpListener::bind((address, 0)).unwrap();
        let publisher = Self { address: listener.local_addr().unwrap(), stage: Arc::default() };
        let stage = Arc::clone(&publisher.stage);
        std::thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let stage = Arc::clone(&stage);
                // A client that hangs up is no fault of the test.
                std::thread::spawn(move || drop(serve(stream, &stage)));
            }
        });
        publisher
    }

    pub(crate) fn url(&self, path: &str) -> String {
        format!("http://{}{path}", self.address)
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

fn serve(mut stream: TcpStream, stage: &Stage) -> std::io::Result<()> {
    let mut reader = BufReader::new(stream.try_clone()?);
    while let Some(request) = read_request(&mut reader)? {
        stage.requests.lock().unwrap().push(request.clone());
        stage.news.notify_all();
        let closed = stage.closed.lock().unwrap();
        drop(stage.opened.wait_while(closed, |closed| closed.contains(&request.target)).unwrap());
        let reply = stage.replies.lock().unwrap().get(&request.target).cloned();
        reply.unwrap_or_else(|| Reply::status("404 Not Found", "")).send(&request, &mut stream)?;
    }
    Ok(())
}

fn read_request(reader: &mut BufReader<TcpStream>) -> std::io::Result<Option<Request>> {
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
