//! What can go wrong with the store, sorted by what the daemon or the operator does about it.

use std::io;
use std::path::{Path, PathBuf};

/// Why the store did not do what was asked.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// Another process has the data directory.
    #[error("{}: in use by the process {pid}; stop it, or choose another directory with --data", dir.display())]
    Locked {
        /// The data directory.
        dir: PathBuf,
        /// The holder, or what its lock file says.
        pid: String,
    },
    /// The data was written by a newer version.
    #[error("{}: written by a newer chipwire (schema {found}, this one knows up to {known}); install that version again, or restore a backup", dir.display())]
    NewerSchema {
        /// The data directory or file.
        dir: PathBuf,
        /// What the data says.
        found: u32,
        /// What this program knows.
        known: u32,
    },
    /// The operating system refused something and nothing was changed.
    #[error("{}: cannot {action}: {source}; {}", path.display(), hint(source))]
    Environment {
        /// What was to be done, as a verb.
        action: &'static str,
        /// With which file.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// Too little room for a batch; nothing was written, and the store goes on when there is room.
    #[error("{}: {free_bytes} bytes free, {needed_bytes} needed; nothing was written; free some space, chipwire goes on by itself", dir.display())]
    DiskFull {
        /// The data directory.
        dir: PathBuf,
        /// Bytes that may still be written.
        free_bytes: u64,
        /// Bytes that the batch and the reserve need.
        needed_bytes: u64,
    },
    /// A batch could not be written and was taken back; the store goes on.
    #[error("{}: writing failed and was undone: {source}; {}", path.display(), hint(source))]
    Refused {
        /// The journal.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// A batch that no journal frame holds.
    #[error("a batch of {bytes} bytes is more than a journal frame holds ({limit_bytes}); split it")]
    TooLarge {
        /// Its size.
        bytes: u64,
        /// The limit.
        limit_bytes: u64,
    },
    /// The store can't be relied on any more; what was acknowledged is safe. Only a restart helps.
    #[error("the store has stopped writing: {reason}; what was acknowledged is safe; restart chipwire")]
    Broken {
        /// What happened.
        reason: String,
    },
    /// The index could not be read or written. It is opened again, and repaired from the journal, with the next
    /// batch or start.
    #[error("the index failed: {reason}; it is opened again with the next batch, or a restart")]
    Index {
        /// What sled says.
        reason: String,
    },
    /// A record that this program can't read.
    #[error("a record of {what} cannot be read: {reason}; run `chipwire verify`")]
    Record {
        /// What kind of record.
        what: &'static str,
        /// Why not.
        reason: String,
    },
    /// A file that is no whole backup.
    #[error("{}: not a whole backup: {problem}", path.display())]
    Backup {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        problem: String,
    },
    /// Restoring would replace data.
    #[error("{}: holds data already; --force replaces it (the old data is kept aside)", dir.display())]
    NotEmpty {
        /// The data directory.
        dir: PathBuf,
    },
}

/// What to do about a [`StoreError`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Advice {
    /// Keep serving what is published, drop the batch (the feed is asked again), try the next one.
    GoOn,
    /// Keep serving what is published, write no more, and restart.
    Restart,
    /// Tell the operator; trying again changes nothing.
    Stop,
}

impl StoreError {
    /// What to do about it.
    pub fn advice(&self) -> Advice {
        match self {
            Self::DiskFull { .. }
            | Self::Refused { .. }
            | Self::TooLarge { .. }
            | Self::Record { .. }
            | Self::Index { .. } => Advice::GoOn,
            Self::Broken { .. } => Advice::Restart,
            Self::Locked { .. }
            | Self::NewerSchema { .. }
            | Self::Environment { .. }
            | Self::Backup { .. }
            | Self::NotEmpty { .. } => Advice::Stop,
        }
    }

    /// Whether it is for want of space.
    pub fn is_disk_full(&self) -> bool {
        match self {
            Self::DiskFull { .. } => true,
            Self::Refused { source, .. } | Self::Environment { source, .. } => is_full(source),
            _ => false,
        }
    }

    pub(super) fn environment(action: &'static str, path: &Path, source: io::Error) -> Self {
        Self::Environment { action, path: path.to_owned(), source }
    }
}

impl From<sled::Error> for StoreError {
    fn from(error: sled::Error) -> Self {
        Self::Index { reason: error.to_string() }
    }
}

fn is_full(error: &io::Error) -> bool {
    matches!(error.kind(), io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded)
}

/// What the operator can do about an error of the system.
fn hint(error: &io::Error) -> &'static str {
    match error.kind() {
        io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded => "free some space there",
        io::ErrorKind::PermissionDenied => "check who owns the directory",
        io::ErrorKind::ReadOnlyFilesystem => "the file system is mounted read-only",
        io::ErrorKind::NotFound => "check the path",
        _ if is_out_of_files(error) => "raise the limit of open files (LimitNOFILE)",
        _ => "check the disk and the system's log",
    }
}

/// `EMFILE` and `ENFILE`.
fn is_out_of_files(error: &io::Error) -> bool {
    [rustix::io::Errno::MFILE, rustix::io::Errno::NFILE]
        .iter()
        .any(|errno| error.raw_os_error() == Some(errno.raw_os_error()))
}
