//! Data directories as values: read into memory, changed, and written out again.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

/// The files of a directory tree, by their names below it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct TreeCopy(pub(crate) BTreeMap<PathBuf, Vec<u8>>);

impl TreeCopy {
    /// What lies there now, even under a process that has it open.
    pub(crate) fn of(dir: &Path) -> Self {
        let mut copy = Self::default();
        copy.read(dir, dir);
        copy
    }

    fn read(&mut self, root: &Path, dir: &Path) {
        for item in fs::read_dir(dir).into_iter().flatten().flatten() {
            let path = item.path();
            if item.file_type().is_ok_and(|kind| kind.is_dir()) {
                self.read(root, &path);
            } else if let Ok(bytes) = fs::read(&path) {
                self.0.insert(path.strip_prefix(root).unwrap().to_owned(), bytes);
            }
        }
    }

    /// Writes it into an empty directory.
    pub(crate) fn write(&self, dir: &Path) {
        for (name, bytes) in &self.0 {
            let path = dir.join(name);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, bytes).unwrap();
        }
    }

    /// The files below a directory of it.
    pub(crate) fn below(&self, name: &str) -> Self {
        Self(
            self.0
                .iter()
                .filter(|(path, _)| path.starts_with(name))
                .map(|(p, b)| (p.clone(), b.clone()))
                .collect(),
        )
    }
}
