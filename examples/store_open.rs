//! Opens a store and says how long it took.
#![expect(
    clippy::print_stdout,
    clippy::unwrap_used,
    clippy::disallowed_methods,
    reason = "a measuring program"
)]
use chipwire::model::Timestamp;
use chipwire::store::{Settings, Store};
fn main() {
    let dir = std::env::args().nth(1).unwrap();
    let began = std::time::Instant::now();
    let (store, report) = Store::open(dir.as_ref(), Settings::default(), Timestamp::default()).unwrap();
    println!("{report}: {:.2} s", began.elapsed().as_secs_f64());
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    for line in status.lines().filter(|line| line.starts_with("VmRSS") || line.starts_with("VmHWM")) {
        println!("{line}");
    }
    drop(store);
}
