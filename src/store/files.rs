//! The seam between the store and the disk: everything that the journal does to files goes through
//! [`Files`], so that tests can make any single step fail, or replay what a power loss would have left.
//!
//! sled opens its own files and knows nothing of this; that is why it is only an index.

use std::fmt;
use std::fs::{self, File, OpenOptions};
use std::io::{self, Write};
use std::os::unix::fs::{DirBuilderExt, FileExt, MetadataExt, OpenOptionsExt};
use std::path::Path;

/// What the store asks of a file system.
pub trait Files: fmt::Debug + Send + Sync {
    /// A new, empty file that only its owner may read; an old one of that name is emptied.
    fn create(&self, path: &Path) -> io::Result<Box<dyn DataFile>>;
    /// An existing file, to read and to append to.
    fn open(&self, path: &Path) -> io::Result<Box<dyn DataFile>>;
    /// Gives a file or a directory another name, replacing a file of that name in one step.
    fn rename(&self, from: &Path, to: &Path) -> io::Result<()>;
    /// Removes a file.
    fn remove(&self, path: &Path) -> io::Result<()>;
    /// Makes the names in a directory durable.
    fn sync_directory(&self, path: &Path) -> io::Result<()>;
    /// Bytes that this process may still write there.
    fn free_bytes(&self, path: &Path) -> io::Result<u64>;
}

/// One file that is read anywhere and written at its end only.
pub trait DataFile: Send {
    /// Bytes in the file.
    fn length(&self) -> io::Result<u64>;
    /// Reads from `offset` on; fewer bytes than asked for only at the end of the file.
    fn read_at(&self, buffer: &mut [u8], offset: u64) -> io::Result<usize>;
    /// Writes all of it at the end. On an error, any part of it may have been written.
    fn append(&mut self, bytes: &[u8]) -> io::Result<()>;
    /// Makes the contents durable (`fdatasync`).
    fn sync(&self) -> io::Result<()>;
    /// Cuts the file.
    fn truncate(&mut self, length: u64) -> io::Result<()>;
    /// Whether `path` still leads to this very file.
    fn is_at(&self, path: &Path) -> io::Result<bool>;
}

/// The operating system's files.
#[derive(Debug, Clone, Copy, Default)]
pub struct RealFiles;

impl Files for RealFiles {
    fn create(&self, path: &Path) -> io::Result<Box<dyn DataFile>> {
        let file = OpenOptions::new().read(true).append(true).create(true).mode(0o600).open(path)?;
        file.set_len(0)?;
        Ok(Box::new(RealFile(file)))
    }

    fn open(&self, path: &Path) -> io::Result<Box<dyn DataFile>> {
        Ok(Box::new(RealFile(OpenOptions::new().read(true).append(true).open(path)?)))
    }

    fn rename(&self, from: &Path, to: &Path) -> io::Result<()> {
        fs::rename(from, to)
    }

    fn remove(&self, path: &Path) -> io::Result<()> {
        fs::remove_file(path)
    }

    fn sync_directory(&self, path: &Path) -> io::Result<()> {
        File::open(path)?.sync_all()
    }

    fn free_bytes(&self, path: &Path) -> io::Result<u64> {
        let space = rustix::fs::statvfs(path)?;
        Ok(space.f_bavail.saturating_mul(space.f_frsize))
    }
}

struct RealFile(File);

impl DataFile for RealFile {
    fn length(&self) -> io::Result<u64> {
        Ok(self.0.metadata()?.len())
    }

    fn read_at(&self, buffer: &mut [u8], offset: u64) -> io::Result<usize> {
        let mut done = 0;
        while let Some(rest) = buffer.get_mut(done..).filter(|rest| !rest.is_empty()) {
            match self.0.read_at(rest, offset + done as u64) {
                Ok(0) => break,
                Ok(read) => done += read,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return Err(error),
            }
        }
        Ok(done)
    }

    fn append(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.0.write_all(bytes)
    }

    fn sync(&self) -> io::Result<()> {
        self.0.sync_data()
    }

    fn truncate(&mut self, length: u64) -> io::Result<()> {
        self.0.set_len(length)
    }

    fn is_at(&self, path: &Path) -> io::Result<bool> {
        let ours = self.0.metadata()?;
        match fs::symlink_metadata(path) {
            Ok(theirs) => Ok((ours.dev(), ours.ino()) == (theirs.dev(), theirs.ino())),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(false),
            Err(error) => Err(error),
        }
    }
}

/// Makes a directory that only its owner may enter, with those above it, durable name included.
pub(super) fn create_directory(path: &Path, files: &dyn Files) -> io::Result<()> {
    if path.is_dir() {
        return Ok(());
    }
    fs::DirBuilder::new().recursive(true).mode(0o700).create(path)?;
    match path.parent() {
        Some(parent) if !parent.as_os_str().is_empty() => files.sync_directory(parent),
        _ => files.sync_directory(Path::new(".")),
    }
}

/// Bytes in the files of a directory tree; what vanishes meanwhile counts nothing.
pub(super) fn bytes_below(path: &Path) -> u64 {
    let Ok(listing) = fs::read_dir(path) else {
        return fs::symlink_metadata(path).map_or(0, |metadata| metadata.len());
    };
    let mut total = 0_u64;
    for item in listing.flatten() {
        let is_directory = item.file_type().is_ok_and(|kind| kind.is_dir());
        total += if is_directory {
            bytes_below(&item.path())
        } else {
            item.metadata().map_or(0, |metadata| metadata.len())
        };
    }
    total
}
