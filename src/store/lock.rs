//! One process at a time: a lock on `DATA/LOCK`, which the system gives back however the process ends.

use super::error::StoreError;
use std::fs::{File, OpenOptions, TryLockError};
use std::io::{self, Read, Seek, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};

const NAME: &str = "LOCK";

/// What the process that has the data directory says of itself.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Holder {
    /// Its process id, as written.
    pub pid: String,
    /// Where its control socket is, if not in the data directory.
    pub socket: Option<PathBuf>,
}

/// The held lock; dropping it gives it back.
#[derive(Debug)]
pub(super) struct Lock(File);

impl Lock {
    pub(super) fn take(dir: &Path) -> Result<Self, StoreError> {
        let path = dir.join(NAME);
        let open =
            OpenOptions::new().read(true).write(true).create(true).truncate(false).mode(0o600).open(&path);
        let file = open.map_err(|source| StoreError::environment("open the lock", &path, source))?;
        match file.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => {
                let pid = holder(dir).map_or_else(|| "unknown".to_owned(), |holder| holder.pid);
                return Err(StoreError::Locked { dir: dir.to_owned(), pid });
            }
            Err(TryLockError::Error(source)) => return Err(StoreError::environment("lock", &path, source)),
        }
        let mut lock = Self(file);
        // On a full disk the lock holds without a name in it.
        let _ = lock.announce(None);
        Ok(lock)
    }

    /// Writes who we are, and where our control socket is if that can't be guessed.
    pub(super) fn announce(&mut self, socket: Option<&Path>) -> io::Result<()> {
        let socket = socket.map(|socket| format!("{}\n", socket.display())).unwrap_or_default();
        let text = format!("{}\n{socket}", std::process::id());
        self.0.set_len(0)?;
        self.0.rewind()?;
        self.0.write_all(text.as_bytes())
    }
}

/// Who has, or had last, a data directory. It says nothing about whether that process still runs.
pub fn holder(dir: &Path) -> Option<Holder> {
    let mut text = String::new();
    File::open(dir.join(NAME)).ok()?.take(8192).read_to_string(&mut text).ok()?;
    let mut lines = text.lines();
    let pid = lines.next()?.to_owned();
    Some(Holder { pid, socket: lines.next().map(PathBuf::from) })
}
