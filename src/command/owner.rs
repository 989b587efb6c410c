//! Root's hand in the service's data: what a command run as root makes there belongs to the service afterwards.

use std::fs::{self, Metadata};
use std::os::unix::fs::{MetadataExt, lchown};
use std::path::{Path, PathBuf};
use tracing::warn;

const ROOT: u32 = 0;

/// Keeps the owner of a data directory; dropped after the work, it gives them whatever root made there meanwhile.
/// Without it, one `sudo chipwire poll` would lock the daemon out of its own files.
#[derive(Debug)]
pub(super) struct Owner {
    data: PathBuf,
    user: u32,
    group: u32,
}

impl Owner {
    /// The owner to give things back to: only where we are root and the directory is somebody else's.
    pub(super) fn of(data: &Path) -> Option<Self> {
        let found = fs::metadata(data).ok()?;
        let is_needed = rustix::process::geteuid().is_root() && found.uid() != ROOT;
        is_needed.then(|| Self { data: data.to_owned(), user: found.uid(), group: found.gid() })
    }

    /// Symbolic links are changed, never followed: the directory is not root's.
    fn give_back(&self, path: &Path, found: &Metadata) -> std::io::Result<()> {
        if found.uid() == ROOT {
            lchown(path, Some(self.user), Some(self.group))?;
        }
        if found.is_dir() {
            for item in fs::read_dir(path)? {
                let path = item?.path();
                self.give_back(&path, &path.symlink_metadata()?)?;
            }
        }
        Ok(())
    }
}

impl Drop for Owner {
    fn drop(&mut self) {
        let given = fs::metadata(&self.data).and_then(|found| self.give_back(&self.data, &found));
        if let Err(error) = given {
            let (data, user) = (self.data.display(), self.user);
            warn!("{data}: not all of it could be given back to user {user}: {error}");
        }
    }
}
