//! Any text as a date; what was read is written and read again.
#![no_main]

use chipwire::parse::read_date;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|text: &str| {
    if let Some(claimed) = read_date(text) {
        let again = read_date(&claimed.at.to_rfc3339()).expect("our own form");
        assert_eq!(again.at, claimed.at);
    }
});
