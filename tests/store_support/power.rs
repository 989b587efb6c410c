//! What a power loss leaves: everything that the store does to its files is recorded, and any state that a file
//! system may show afterwards can be made from the record. What was synced is there. What was not may be there,
//! gone, torn, or there without what was written before it.

use crate::world::Dice;
use chipwire::store::files::{DataFile, Files, RealFiles};
use std::collections::BTreeMap;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};

/// One thing that was done. Files are numbered as they were created, since names move.
#[derive(Debug, Clone)]
enum Done {
    Created { file: usize, path: PathBuf },
    Appended { file: usize, bytes: Vec<u8> },
    Truncated { file: usize, length: usize },
    Synced { file: usize },
    Renamed { from: PathBuf, to: PathBuf },
    Removed { path: PathBuf },
    DirectorySynced,
}

#[derive(Debug, Default)]
struct Record {
    done: Vec<Done>,
    names: BTreeMap<PathBuf, usize>,
    files: usize,
}

/// Real files that also record what was done. With `forgets_syncs` it is the planted bug: a store that does not
/// sync.
#[derive(Debug, Clone, Default)]
pub(crate) struct RecordingFiles {
    record: Arc<Mutex<Record>>,
    forgets_syncs: bool,
}

impl RecordingFiles {
    pub(crate) fn that_forget_syncs() -> Self {
        Self { forgets_syncs: true, ..Self::default() }
    }

    /// How much has been done so far.
    pub(crate) fn moment(&self) -> usize {
        self.record.lock().unwrap().done.len()
    }

    fn push(&self, done: Done) {
        if !(self.forgets_syncs && matches!(done, Done::Synced { .. } | Done::DirectorySynced)) {
            self.record.lock().unwrap().done.push(done);
        }
    }

    /// A state of the directory after a power loss when `moment` things had been done. The dice choose among
    /// those that are possible.
    pub(crate) fn after_power_loss(&self, moment: usize, dice: &mut Dice) -> BTreeMap<PathBuf, Vec<u8>> {
        let record = self.record.lock().unwrap();
        let done = &record.done[..moment];
        let names = surviving_names(done, dice);
        names.into_iter().map(|(path, file)| (path, surviving_bytes(done, file, dice))).collect()
    }
}

/// Names that were made durable, and some of those after, in their order (a file system's journal keeps it).
fn surviving_names(done: &[Done], dice: &mut Dice) -> BTreeMap<PathBuf, usize> {
    let durable = done.iter().rposition(|one| matches!(one, Done::DirectorySynced)).map_or(0, |at| at + 1);
    let until = durable + at_most(dice, done.len() - durable);
    let mut names = BTreeMap::new();
    for one in &done[..until] {
        match one {
            Done::Created { file, path } => {
                names.insert(path.clone(), *file);
            }
            Done::Renamed { from, to } => {
                if let Some(file) = names.remove(from) {
                    names.insert(to.clone(), file);
                }
            }
            Done::Removed { path } => {
                names.remove(path);
            }
            _ => {}
        }
    }
    names
}

fn surviving_bytes(done: &[Done], file: usize, dice: &mut Dice) -> Vec<u8> {
    let synced = done.iter().rposition(|one| matches!(one, Done::Synced { file: of } if *of == file));
    let mut bytes = vec![];
    for (at, one) in done.iter().enumerate() {
        let is_durable = synced.is_some_and(|synced| at <= synced);
        match one {
            Done::Appended { file: of, bytes: more } if *of == file => {
                if is_durable {
                    bytes.extend_from_slice(more);
                    continue;
                }
                match dice.below(5) {
                    // Never written, and nothing after it either.
                    0 => break,
                    // Its length is there, its bytes are not.
                    1 => bytes.resize(bytes.len() + more.len(), 0),
                    // Torn.
                    2 => {
                        bytes.extend_from_slice(&more[..at_most(dice, more.len())]);
                        break;
                    }
                    // Its blocks came out of order: some are there, some are zeros.
                    3 => bytes.extend(more.chunks(512).flat_map(|block| {
                        let keeps = dice.below(2) == 0;
                        block.iter().map(move |byte| if keeps { *byte } else { 0 })
                    })),
                    _ => bytes.extend_from_slice(more),
                }
            }
            Done::Truncated { file: of, length } if *of == file && (is_durable || dice.below(2) == 0) => {
                bytes.truncate(*length);
            }
            _ => {}
        }
    }
    bytes
}

fn at_most(dice: &mut Dice, most: usize) -> usize {
    usize::try_from(dice.below(most as u64 + 1)).unwrap()
}

impl Files for RecordingFiles {
    fn create(&self, path: &Path) -> io::Result<Box<dyn DataFile>> {
        let file = RealFiles.create(path)?;
        let number = {
            let mut record = self.record.lock().unwrap();
            record.files += 1;
            let number = record.files;
            record.names.insert(path.to_owned(), number);
            number
        };
        self.push(Done::Created { file: number, path: path.to_owned() });
        Ok(Box::new(RecordingFile { files: self.clone(), number, file }))
    }

    fn open(&self, path: &Path) -> io::Result<Box<dyn DataFile>> {
        let file = RealFiles.open(path)?;
        let number = self.record.lock().unwrap().names[path];
        Ok(Box::new(RecordingFile { files: self.clone(), number, file }))
    }

    fn rename(&self, from: &Path, to: &Path) -> io::Result<()> {
        RealFiles.rename(from, to)?;
        {
            let mut record = self.record.lock().unwrap();
            if let Some(file) = record.names.remove(from) {
                record.names.insert(to.to_owned(), file);
            }
        }
        self.push(Done::Renamed { from: from.to_owned(), to: to.to_owned() });
        Ok(())
    }

    fn remove(&self, path: &Path) -> io::Result<()> {
        RealFiles.remove(path)?;
        self.record.lock().unwrap().names.remove(path);
        self.push(Done::Removed { path: path.to_owned() });
        Ok(())
    }

    fn sync_directory(&self, path: &Path) -> io::Result<()> {
        self.push(Done::DirectorySynced);
        RealFiles.sync_directory(path)
    }

    fn free_bytes(&self, path: &Path) -> io::Result<u64> {
        RealFiles.free_bytes(path)
    }
}

struct RecordingFile {
    files: RecordingFiles,
    number: usize,
    file: Box<dyn DataFile>,
}

impl DataFile for RecordingFile {
    fn length(&self) -> io::Result<u64> {
        self.file.length()
    }

    fn read_at(&self, buffer: &mut [u8], offset: u64) -> io::Result<usize> {
        self.file.read_at(buffer, offset)
    }

    fn append(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.file.append(bytes)?;
        self.files.push(Done::Appended { file: self.number, bytes: bytes.to_vec() });
        Ok(())
    }

    fn sync(&self) -> io::Result<()> {
        self.files.push(Done::Synced { file: self.number });
        // The record is what counts here; a real one would only take time.
        Ok(())
    }

    fn truncate(&mut self, length: u64) -> io::Result<()> {
        self.file.truncate(length)?;
        self.files.push(Done::Truncated { file: self.number, length: usize::try_from(length).unwrap() });
        Ok(())
    }

    fn is_at(&self, path: &Path) -> io::Result<bool> {
        self.file.is_at(path)
    }
}
