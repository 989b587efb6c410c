//! A panic in one of sled's own threads leaves the index half alive: writes wait for ever. Then the process
//! must end, so that the service manager starts it again and the store is repaired from its journal.

use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

/// How many stores are being opened right now. Over a damaged index sled's threads may panic; the opening sees
/// that and rebuilds, and ending the process would make it start, and end, for ever.
static OPENING: AtomicUsize = AtomicUsize::new(0);
/// Whether one of sled's threads panicked during an opening.
static PANICKED: AtomicBool = AtomicBool::new(false);

/// Makes a panic in one of sled's threads abort the process. For `main`, before anything else.
pub fn abort_on_sled_panic() {
    let before = std::panic::take_hook();
    std::panic::set_hook(Box::new(move |panic| {
        before(panic);
        if !std::thread::current().name().is_some_and(|name| name.starts_with("sled-")) {
            return;
        }
        PANICKED.store(true, Ordering::SeqCst);
        if OPENING.load(Ordering::SeqCst) == 0 {
            std::process::abort();
        }
    }));
}

/// While it lives, sled's threads may panic.
#[derive(Debug)]
pub(super) struct Opening(());

impl Opening {
    pub(super) fn begin() -> Self {
        OPENING.fetch_add(1, Ordering::SeqCst);
        Self(())
    }

    /// Whether one of sled's threads panicked since the last time that anybody asked.
    pub(super) fn saw_panic() -> bool {
        PANICKED.swap(false, Ordering::SeqCst)
    }
}

impl Drop for Opening {
    fn drop(&mut self) {
        OPENING.fetch_sub(1, Ordering::SeqCst);
    }
}
