//! The thread that makes a smaller index. It is always the same one: glibc keeps what a thread has freed for threads to
//! come, so with a new thread for each compaction 60 to 100 MiB more stayed resident after some of them, up to 16 times.

use super::error::StoreError;
use super::tree::Summary;
use std::io;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::mpsc::{self, Receiver, Sender, TryRecvError};
use std::thread;

/// The last batch that the index includes, what it holds, and where the journal ended then.
pub(super) type Made = Result<(u64, Summary, u64), StoreError>;
/// What makes it.
pub(super) type Work = Box<dyn FnOnce() -> Made + Send>;

/// Starts its thread with the first work, and ends it when dropped.
#[derive(Default)]
pub(super) struct Compactor {
    thread: Option<Channels>,
    is_at_work: bool,
}

struct Channels {
    work: Sender<Work>,
    made: Receiver<Made>,
}

impl Compactor {
    pub(super) fn is_at_work(&self) -> bool {
        self.is_at_work
    }

    /// Has something made, while nothing else is.
    pub(super) fn begin(&mut self, work: Work) -> io::Result<()> {
        let channels = match self.thread.take() {
            Some(channels) => channels,
            None => start()?,
        };
        self.is_at_work = channels.work.send(work).is_ok();
        self.thread = Some(channels);
        Ok(())
    }

    /// What was made, once it is.
    pub(super) fn outcome(&mut self) -> Option<Made> {
        let made = self.thread.as_ref().map(|channels| channels.made.try_recv());
        match made {
            Some(Err(TryRecvError::Empty)) => return None,
            Some(Ok(made)) => {
                self.is_at_work = false;
                return Some(made);
            }
            Some(Err(TryRecvError::Disconnected)) | None => {}
        }
        self.is_at_work = false;
        self.thread = None;
        Some(Err(StoreError::Index { reason: "the thread that made it smaller is gone".to_owned() }))
    }

    /// Waits for the end of the work, whose outcome does not matter any more.
    pub(super) fn wait(&mut self) {
        if let Some(channels) = &self.thread {
            let _ = channels.made.recv();
        }
        self.is_at_work = false;
    }
}

fn start() -> io::Result<Channels> {
    let (work, works) = mpsc::channel::<Work>();
    let (sender, made) = mpsc::channel();
    thread::Builder::new().name("compaction".to_owned()).spawn(move || {
        for work in works {
            let made = catch_unwind(AssertUnwindSafe(work)).unwrap_or_else(|_| {
                Err(StoreError::Index { reason: "making it smaller panicked".to_owned() })
            });
            if sender.send(made).is_err() {
                break;
            }
        }
    })?;
    Ok(Channels { work, made })
}
