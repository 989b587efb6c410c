//! The control socket: one request as a JSON line, its answers as JSON lines. Only who may open the socket
//! (mode 0600) may ask; nothing here knows what the requests mean.

use crate::desk::{Answer, Request};
use crate::store;
use std::io::{self, BufRead, BufReader, Write};
use std::os::unix::fs::{FileTypeExt, PermissionsExt};
use std::os::unix::net::UnixStream as BlockingStream;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;
use tokio::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt};
use tokio::net::{UnixListener, UnixStream};
use tokio::sync::{Semaphore, mpsc};
use tracing::{debug, warn};

/// `sun_path` holds 108 bytes with its closing zero on Linux, 104 elsewhere (unix(7)).
const LONGEST_PATH_BYTES: usize = 100;
/// An OPML file of some ten thousand feeds.
const LONGEST_REQUEST_BYTES: u64 = 8 << 20;
/// Commands served at once; a further one waits.
const CONNECTIONS: usize = 32;
/// A client that sends no request holds no place for longer.
const REQUEST_TIMEOUT: Duration = Duration::from_secs(10);

/// One request with the place for its answers. A closed place means that the client is gone.
pub type Asked = (Request, mpsc::Sender<Answer>);

/// Where the socket of a data directory lies: in it, or, where that path is too long for a socket, in the
/// directory for temporary files under a name derived from it.
pub fn socket_path(data: &Path) -> PathBuf {
    let path = data.join("control.sock");
    if path.as_os_str().len() <= LONGEST_PATH_BYTES {
        return path;
    }
    let id = crate::model::FeedId::of(&path.to_string_lossy());
    std::env::temp_dir().join(format!("chipwire-{id}")).join("control.sock")
}

/// A listening control socket; its file is removed when it is dropped.
#[derive(Debug)]
pub struct Control {
    listener: UnixListener,
    path: PathBuf,
}

impl Control {
    /// Binds the socket. Whoever holds the store's lock calls this, so that a socket that is there is a dead one's.
    ///
    /// # Errors
    /// The system's, with the path.
    pub fn bind(data: &Path) -> io::Result<Self> {
        let path = socket_path(data);
        let explain = |error: io::Error| {
            io::Error::new(error.kind(), format!("control socket {}: {error}", path.display()))
        };
        if path.parent() != Some(data) {
            private_directory(&path).map_err(explain)?;
        }
        match path.symlink_metadata() {
            Ok(found) if found.file_type().is_socket() => std::fs::remove_file(&path).map_err(explain)?,
            Ok(_) => return Err(explain(io::Error::from(io::ErrorKind::AlreadyExists))),
            Err(_) => {}
        }
        let listener = UnixListener::bind(&path).map_err(explain)?;
        std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o600)).map_err(explain)?;
        Ok(Self { listener, path })
    }

    /// The socket's path.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Hands every request to `desk`, until dropped.
    pub async fn serve(self, desk: mpsc::Sender<Asked>) {
        let places = Arc::new(Semaphore::new(CONNECTIONS));
        loop {
            let Ok(place) = Arc::clone(&places).acquire_owned().await else { return };
            match self.listener.accept().await {
                Ok((stream, _)) => {
                    let desk = desk.clone();
                    tokio::spawn(async move {
                        if let Err(error) = converse(stream, desk).await {
                            debug!(%error, "a command went away");
                        }
                        drop(place);
                    });
                }
                Err(error) => {
                    // Out of file descriptors, most likely: waiting is all there is to do.
                    warn!(%error, "the control socket can't accept a command now");
                    tokio::time::sleep(Duration::from_secs(1)).await;
                }
            }
        }
    }
}

impl Drop for Control {
    fn drop(&mut self) {
        // What can't be removed is taken for dead at the next start.
        let _ = std::fs::remove_file(&self.path);
    }
}

async fn converse(stream: UnixStream, desk: mpsc::Sender<Asked>) -> io::Result<()> {
    let (read, mut write) = stream.into_split();
    let mut line = String::new();
    let mut read = tokio::io::BufReader::new(read.take(LONGEST_REQUEST_BYTES));
    tokio::time::timeout(REQUEST_TIMEOUT, read.read_line(&mut line)).await??;
    let (sender, mut answers) = mpsc::channel(64);
    match serde_json::from_str(&line) {
        Ok(request) => {
            if desk.send((request, sender)).await.is_err() {
                return write.write_all(&line_of(&Answer::Error("the daemon is stopping".into()))).await;
            }
        }
        Err(error) => {
            let message =
                format!("the daemon does not know this request ({error}); is it of another version?");
            write.write_all(&line_of(&Answer::Error(message))).await?;
            return write.write_all(&line_of(&Answer::Exit(1))).await;
        }
    }
    while let Some(answer) = answers.recv().await {
        write.write_all(&line_of(&answer)).await?;
    }
    write.shutdown().await
}

fn line_of(answer: &Answer) -> Vec<u8> {
    let mut line = serde_json::to_vec(answer).unwrap_or_default();
    line.push(b'\n');
    line
}

/// Asks the daemon of this data directory; `None` where there is none (no socket, or a stale one).
///
/// # Errors
/// The conversation broke off, or the socket can't be opened for another reason than that nobody listens.
pub fn ask(data: &Path, request: &Request, mut take: impl FnMut(Answer)) -> io::Result<Option<()>> {
    // The daemon may have another directory for temporary files than we.
    let announced = store::holder(data).and_then(|holder| holder.socket);
    let path = announced.unwrap_or_else(|| socket_path(data));
    let mut stream = match BlockingStream::connect(&path) {
        Ok(stream) => stream,
        Err(error) if matches!(error.kind(), io::ErrorKind::NotFound | io::ErrorKind::ConnectionRefused) => {
            return Ok(None);
        }
        Err(error) => {
            return Err(io::Error::new(error.kind(), format!("control socket {}: {error}", path.display())));
        }
    };
    let mut line = serde_json::to_vec(request)?;
    line.push(b'\n');
    stream.write_all(&line)?;
    for line in BufReader::new(stream).lines() {
        let answer: Answer = serde_json::from_str(&line?)?;
        let is_last = matches!(answer, Answer::Exit(_));
        take(answer);
        if is_last {
            return Ok(Some(()));
        }
    }
    Err(io::Error::new(
        io::ErrorKind::UnexpectedEof,
        "the daemon broke off in the middle of its answer; see its log",
    ))
}

/// The directory for a socket outside the data directory: ours alone, or refused.
fn private_directory(socket: &Path) -> io::Result<()> {
    let Some(directory) = socket.parent() else { return Ok(()) };
    match std::fs::create_dir(directory) {
        Ok(()) => std::fs::set_permissions(directory, std::fs::Permissions::from_mode(0o700)),
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {
            use std::os::unix::fs::MetadataExt;
            let found = directory.symlink_metadata()?;
            let is_ours = found.is_dir()
                && found.uid() == rustix::process::geteuid().as_raw()
                && found.mode().trailing_zeros() >= 6;
            if is_ours { Ok(()) } else { Err(io::Error::from(io::ErrorKind::PermissionDenied)) }
        }
        Err(error) => Err(error),
    }
}
