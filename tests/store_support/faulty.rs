//! A file system that fails when it is told to: the n-th thing that is asked of it, once or from then on.

use chipwire::store::files::{DataFile, Files, RealFiles};
use std::io;
use std::path::Path;
use std::sync::{Arc, Mutex};

/// What goes wrong.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Fault {
    /// The disk does not answer (`EIO`).
    Io,
    /// No space is left (`ENOSPC`).
    Full,
    /// Half of a write is done, then there is no space.
    ShortWrite,
    /// No file can be opened any more (`EMFILE`).
    TooManyFiles,
}

impl Fault {
    pub(crate) const ALL: [Self; 4] = [Self::Io, Self::Full, Self::ShortWrite, Self::TooManyFiles];

    fn error(self) -> io::Error {
        // Linux's numbers: EIO, ENOSPC, EMFILE.
        io::Error::from_raw_os_error(match self {
            Self::Io => 5,
            Self::Full | Self::ShortWrite => 28,
            Self::TooManyFiles => 24,
        })
    }
}

#[derive(Debug, Default)]
struct Plan {
    asked: u64,
    fail_at: Option<u64>,
    goes_on_failing: bool,
    fault: Option<Fault>,
    free_bytes: Option<u64>,
}

/// Real files, and a plan of what fails.
#[derive(Debug, Clone, Default)]
pub(crate) struct FaultyFiles(Arc<Mutex<Plan>>);

impl FaultyFiles {
    /// The `number`-th thing asked fails, from 1 on.
    pub(crate) fn fail_at(number: u64, fault: Fault) -> Self {
        let plan = Plan { fail_at: Some(number), fault: Some(fault), ..Plan::default() };
        Self(Arc::new(Mutex::new(plan)))
    }

    /// From the `number`-th thing asked on, all fails: as for a process that is killed there, half a write done.
    pub(crate) fn die_at(number: u64) -> Self {
        let files = Self::fail_at(number, Fault::ShortWrite);
        files.0.lock().unwrap().goes_on_failing = true;
        files
    }

    pub(crate) fn asked(&self) -> u64 {
        self.0.lock().unwrap().asked
    }

    pub(crate) fn is_dead(&self) -> bool {
        let plan = self.0.lock().unwrap();
        plan.goes_on_failing && plan.fail_at.is_some_and(|at| plan.asked >= at)
    }

    pub(crate) fn set_free_bytes(&self, bytes: Option<u64>) {
        self.0.lock().unwrap().free_bytes = bytes;
    }

    fn ask(&self) -> Option<Fault> {
        let mut plan = self.0.lock().unwrap();
        plan.asked += 1;
        let fails = match plan.fail_at {
            Some(at) if plan.goes_on_failing => plan.asked >= at,
            Some(at) => plan.asked == at,
            None => false,
        };
        plan.fault.filter(|_| fails)
    }

    fn check(&self) -> io::Result<()> {
        self.ask().map_or(Ok(()), |fault| Err(fault.error()))
    }
}

impl Files for FaultyFiles {
    fn create(&self, path: &Path) -> io::Result<Box<dyn DataFile>> {
        self.check()?;
        Ok(Box::new(FaultyFile { files: self.clone(), file: RealFiles.create(path)? }))
    }

    fn open(&self, path: &Path) -> io::Result<Box<dyn DataFile>> {
        self.check()?;
        Ok(Box::new(FaultyFile { files: self.clone(), file: RealFiles.open(path)? }))
    }

    fn rename(&self, from: &Path, to: &Path) -> io::Result<()> {
        self.check()?;
        RealFiles.rename(from, to)
    }

    fn remove(&self, path: &Path) -> io::Result<()> {
        self.check()?;
        RealFiles.remove(path)
    }

    fn sync_directory(&self, path: &Path) -> io::Result<()> {
        self.check()?;
        RealFiles.sync_directory(path)
    }

    fn free_bytes(&self, path: &Path) -> io::Result<u64> {
        let planned = self.0.lock().unwrap().free_bytes;
        planned.map_or_else(|| RealFiles.free_bytes(path), Ok)
    }
}

struct FaultyFile {
    files: FaultyFiles,
    file: Box<dyn DataFile>,
}

impl DataFile for FaultyFile {
    fn length(&self) -> io::Result<u64> {
        self.file.length()
    }

    fn read_at(&self, buffer: &mut [u8], offset: u64) -> io::Result<usize> {
        self.files.check()?;
        self.file.read_at(buffer, offset)
    }

    fn append(&mut self, bytes: &[u8]) -> io::Result<()> {
        match self.files.ask() {
            Some(Fault::ShortWrite) => {
                self.file.append(&bytes[..bytes.len() / 2])?;
                Err(Fault::ShortWrite.error())
            }
            Some(fault) => Err(fault.error()),
            None => self.file.append(bytes),
        }
    }

    fn sync(&self) -> io::Result<()> {
        self.files.check()?;
        self.file.sync()
    }

    fn truncate(&mut self, length: u64) -> io::Result<()> {
        self.files.check()?;
        self.file.truncate(length)
    }

    fn is_at(&self, path: &Path) -> io::Result<bool> {
        self.file.is_at(path)
    }
}
