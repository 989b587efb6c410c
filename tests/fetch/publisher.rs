//! A scripted publisher on loopback: what it answers is written byte for byte by the test, and what arrives is
//! kept byte for byte.

use std::net::{Ipv4Addr, SocketAddr};
use std::sync::{Arc, Mutex};
use std::time::Duration;
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::net::TcpListener;

/// A request as it arrived.
#[derive(Debug, Clone)]
pub(crate) struct Request {
    pub(crate) head: String,
    pub(crate) body: String,
}

impl Request {
    pub(crate) fn target(&self) -> &str {
        self.head.split(' ').nth(1).unwrap()
    }

    /// The value of a field, exactly.
    pub(crate) fn field(&self, name: &str) -> Option<&str> {
        self.head.lines().skip(1).find_map(|line| {
            let (field, value) = line.split_once(':')?;
            field.eq_ignore_ascii_case(name).then(|| value.strip_prefix(' ').unwrap_or(value))
        })
    }
}

/// An answer.
#[derive(Debug, Clone)]
pub(crate) enum Reply {
    /// These bytes; the connection stays open.
    Keep(Vec<u8>),
    /// These bytes, then the end of the connection.
    Close(Vec<u8>),
    /// These bytes, then the second ones over and over, as fast as they are taken.
    Endless(Vec<u8>, Vec<u8>),
    /// These bytes, then the second ones over and over, with pauses.
    Drip(Vec<u8>, Vec<u8>),
    /// Nothing at all, and the connection stays open.
    Silence,
}

impl Reply {
    /// An answer with status, fields and a body of known length.
    pub(crate) fn new(status: &str, fields: &str, body: impl AsRef<[u8]>) -> Self {
        let body = body.as_ref();
        let mut bytes =
            format!("HTTP/1.1 {status}\r\n{fields}Content-Length: {}\r\n\r\n", body.len()).into_bytes();
        bytes.extend_from_slice(body);
        Self::Keep(bytes)
    }

    pub(crate) fn ok(fields: &str, body: impl AsRef<[u8]>) -> Self {
        Self::new("200 OK", fields, body)
    }

    pub(crate) fn redirect(status: &str, location: &str) -> Self {
        Self::new(status, &format!("Location: {location}\r\n"), "elsewhere")
    }
}

type Script = Arc<dyn Fn(&Request) -> Reply + Send + Sync>;

/// A running publisher; it ends with the test's runtime.
pub(crate) struct Publisher {
    pub(crate) address: SocketAddr,
    requests: Arc<Mutex<Vec<Request>>>,
    connections: Arc<Mutex<usize>>,
}

impl Publisher {
    pub(crate) async fn start(script: impl Fn(&Request) -> Reply + Send + Sync + 'static) -> Self {
        Self::at(Ipv4Addr::LOCALHOST, script).await
    }

    pub(crate) async fn at(ip: Ipv4Addr, script: impl Fn(&Request) -> Reply + Send + Sync + 'static) -> Self {
        Self::listen(ip, None, Arc::new(script)).await
    }

    /// A publisher that speaks TLS.
    pub(crate) async fn over_tls(
        tls: Arc<rustls::ServerConfig>,
        script: impl Fn(&Request) -> Reply + Send + Sync + 'static,
    ) -> Self {
        Self::listen(Ipv4Addr::LOCALHOST, Some(tls.into()), Arc::new(script)).await
    }

    async fn listen(ip: Ipv4Addr, tls: Option<tokio_rustls::TlsAcceptor>, script: Script) -> Self {
        let listener = TcpListener::bind((ip, 0)).await.unwrap();
        let publisher = Self {
            address: listener.local_addr().unwrap(),
            requests: Arc::default(),
            connections: Arc::default(),
        };
        let (requests, connections) = (publisher.requests.clone(), publisher.connections.clone());
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                *connections.lock().unwrap() += 1;
                let (tls, script, requests) = (tls.clone(), script.clone(), requests.clone());
                tokio::spawn(async move {
                    // A client that hangs up is no fault of the test.
                    let _ = match tls {
                        None => serve(stream, &script, &requests).await,
                        Some(tls) => match tls.accept(stream).await {
                            Ok(stream) => serve(stream, &script, &requests).await,
                            Err(error) => Err(error),
                        },
                    };
                });
            }
        });
        publisher
    }

    pub(crate) fn url(&self, path: &str) -> String {
        format!("http://{}{path}", self.address)
    }

    pub(crate) fn requests(&self) -> Vec<Request> {
        self.requests.lock().unwrap().clone()
    }

    /// Connections that were made, whether or not a request came over them.
    pub(crate) fn connections(&self) -> usize {
        *self.connections.lock().unwrap()
    }

    /// The paths that were asked for, in order.
    pub(crate) fn targets(&self) -> Vec<String> {
        self.requests().iter().map(|request| request.target().to_owned()).collect()
    }
}

async fn serve(
    mut stream: impl AsyncRead + AsyncWrite + Unpin,
    script: &Script,
    requests: &Mutex<Vec<Request>>,
) -> std::io::Result<()> {
    let mut received = Vec::new();
    loop {
        let Some(request) = read_request(&mut stream, &mut received).await? else {
            return Ok(());
        };
        let reply = script(&request);
        requests.lock().unwrap().push(request);
        match reply {
            Reply::Keep(bytes) => stream.write_all(&bytes).await?,
            Reply::Close(bytes) => {
                stream.write_all(&bytes).await?;
                return stream.shutdown().await;
            }
            Reply::Endless(head, again) => {
                stream.write_all(&head).await?;
                loop {
                    stream.write_all(&again).await?;
                }
            }
            Reply::Drip(head, again) => {
                stream.write_all(&head).await?;
                loop {
                    stream.write_all(&again).await?;
                    stream.flush().await?;
                    // Not a wait for anything: dripping is what it plays.
                    tokio::time::sleep(Duration::from_millis(20)).await;
                }
            }
            Reply::Silence => std::future::pending().await,
        }
        stream.flush().await?;
    }
}

async fn read_request(
    stream: &mut (impl AsyncRead + Unpin),
    received: &mut Vec<u8>,
) -> std::io::Result<Option<Request>> {
    loop {
        if let Some(end) = received.windows(4).position(|window| window == b"\r\n\r\n") {
            let head = String::from_utf8_lossy(&received[..end]).into_owned();
            let mut request = Request { head, body: String::new() };
            let length = request.field("content-length").map_or(0, |length| length.parse().unwrap());
            while received.len() < end + 4 + length {
                if stream.read_buf(received).await? == 0 {
                    return Ok(None);
                }
            }
            request.body = String::from_utf8_lossy(&received[end + 4..end + 4 + length]).into_owned();
            received.drain(..end + 4 + length);
            return Ok(Some(request));
        }
        if stream.read_buf(received).await? == 0 {
            return Ok(None);
        }
    }
}
