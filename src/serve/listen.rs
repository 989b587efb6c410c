//! Where the server listens: TCP, a Unix socket, or a socket that systemd opened and handed over.

use super::Settings;
use std::os::unix::fs::{FileTypeExt, PermissionsExt};
use std::path::{Path, PathBuf};
use std::{fs, io, net};
use tokio::net::{TcpListener, TcpSocket, UnixListener, UnixSocket};

/// Connections that wait to be accepted. With the usual 128, a burst of clients waits a second for its next try
/// (measured: 500 connections took 2 s instead of 30 ms).
const BACKLOG: u32 = 4_096;

/// Where a listener stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Listen {
    /// An address and a port, resolved when it is bound.
    Tcp(String),
    /// A Unix socket.
    Unix(PathBuf),
}

/// A socket that is listening already, as socket activation hands it over.
#[derive(Debug)]
pub enum Handed {
    /// TCP.
    Tcp(net::TcpListener),
    /// A Unix socket.
    Unix(std::os::unix::net::UnixListener),
}

/// Why no listener could be had.
#[derive(Debug, thiserror::Error)]
pub enum ServeError {
    /// The address is taken, or not ours.
    #[error(
        "{address}: cannot listen there: {cause}; set {key} to another address, or stop what listens there"
    )]
    Bind {
        /// As configured.
        address: String,
        /// The key that names it.
        key: &'static str,
        /// What the system said.
        cause: io::Error,
    },
}

/// Bound listeners, before anything is accepted.
#[derive(Debug, Default)]
pub struct Listeners {
    pub(super) readers: Vec<Listener>,
    pub(super) operators: Vec<Listener>,
}

impl Listeners {
    /// Binds what `settings` name. Listeners that were handed over take the place of the configured one. Must be
    /// called within tokio's runtime.
    pub async fn bind(
        settings: &Settings,
        handed_readers: Vec<Handed>,
        handed_operators: Vec<Handed>,
    ) -> Result<Self, ServeError> {
        Ok(Self {
            readers: all("serve.listen", settings.listen.as_ref(), handed_readers).await?,
            operators: all("serve.admin_listen", settings.admin_listen.as_ref(), handed_operators).await?,
        })
    }

    /// Host and port of the readers' listener, for links while there is no public address. An address that stands for
    /// all of them gives the loopback one; a Unix socket gives `localhost`.
    pub fn authority(&self) -> String {
        let tcp = self.readers.iter().find_map(|listener| match &listener.socket {
            Socket::Tcp(listener) => listener.local_addr().ok(),
            Socket::Unix(_) => None,
        });
        match tcp {
            Some(mut address) => {
                if address.ip().is_unspecified() {
                    address.set_ip(match address.ip() {
                        net::IpAddr::V4(_) => net::Ipv4Addr::LOCALHOST.into(),
                        net::IpAddr::V6(_) => net::Ipv6Addr::LOCALHOST.into(),
                    });
                }
                address.to_string()
            }
            None => "localhost".to_owned(),
        }
    }

    /// The addresses of the readers' and of the operator's listeners, to be told.
    pub fn addresses(&self) -> (Vec<String>, Vec<String>) {
        let names = |listeners: &[Listener]| listeners.iter().map(Listener::name).collect();
        (names(&self.readers), names(&self.operators))
    }
}

async fn all(
    key: &'static str,
    listen: Option<&Listen>,
    handed: Vec<Handed>,
) -> Result<Vec<Listener>, ServeError> {
    if !handed.is_empty() {
        return handed
            .into_iter()
            .map(|handed| {
                Listener::handed(handed).map_err(|cause| ServeError::Bind {
                    address: "the socket handed over".to_owned(),
                    key,
                    cause,
                })
            })
            .collect();
    }
    let Some(listen) = listen else { return Ok(Vec::new()) };
    let (address, bound) = match listen {
        Listen::Tcp(address) => {
            let bound = tcp(address).await;
            (address.clone(), bound.map(|listener| Listener { socket: Socket::Tcp(listener), file: None }))
        }
        Listen::Unix(path) => (format!("unix:{}", path.display()), Listener::unix(path)),
    };
    bound.map(|listener| vec![listener]).map_err(|cause| ServeError::Bind { address, key, cause })
}

/// Binds the first address of a name that can be bound.
async fn tcp(address: &str) -> io::Result<TcpListener> {
    let mut failed = io::Error::new(io::ErrorKind::AddrNotAvailable, "the name has no address");
    for address in tokio::net::lookup_host(address).await? {
        let socket = if address.is_ipv4() { TcpSocket::new_v4()? } else { TcpSocket::new_v6()? };
        // Connections of a process before us that still linger don't keep us from starting.
        socket.set_reuseaddr(true)?;
        match socket.bind(address).and_then(|()| socket.listen(BACKLOG)) {
            Ok(listener) => return Ok(listener),
            Err(error) => failed = error,
        }
    }
    Err(failed)
}

/// One bound listener.
#[derive(Debug)]
pub(super) struct Listener {
    pub(super) socket: Socket,
    /// The socket's file, where we made it: it goes when we go.
    file: Option<PathBuf>,
}

/// Either kind of socket.
#[derive(Debug)]
pub(super) enum Socket {
    Tcp(TcpListener),
    Unix(UnixListener),
}

impl Listener {
    fn handed(handed: Handed) -> io::Result<Self> {
        let socket = match handed {
            Handed::Tcp(listener) => {
                listener.set_nonblocking(true)?;
                Socket::Tcp(TcpListener::from_std(listener)?)
            }
            Handed::Unix(listener) => {
                listener.set_nonblocking(true)?;
                Socket::Unix(UnixListener::from_std(listener)?)
            }
        };
        Ok(Self { socket, file: None })
    }

    fn unix(path: &Path) -> io::Result<Self> {
        // A socket that nobody listens on was left by a process that was killed.
        let is_stale = fs::symlink_metadata(path).is_ok_and(|file| file.file_type().is_socket())
            && std::os::unix::net::UnixStream::connect(path).is_err();
        if is_stale {
            fs::remove_file(path)?;
        }
        let socket = UnixSocket::new_stream()?;
        socket.bind(path)?;
        let listener = socket.listen(BACKLOG)?;
        // Whoever may enter the folder may read the feeds: a web server runs as another user.
        fs::set_permissions(path, fs::Permissions::from_mode(0o666))?;
        Ok(Self { socket: Socket::Unix(listener), file: Some(path.to_owned()) })
    }

    fn name(&self) -> String {
        match &self.socket {
            Socket::Tcp(listener) => {
                listener.local_addr().map_or_else(|_| "tcp".to_owned(), |at| at.to_string())
            }
            Socket::Unix(listener) => {
                let path = listener.local_addr().ok().and_then(|at| at.as_pathname().map(Path::to_owned));
                format!("unix:{}", path.unwrap_or_default().display())
            }
        }
    }
}

impl Drop for Listener {
    fn drop(&mut self) {
        if let Some(file) = &self.file {
            // If it is gone already, all is well.
            let _ = fs::remove_file(file);
        }
    }
}
