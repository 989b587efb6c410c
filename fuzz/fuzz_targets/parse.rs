//! Any bytes as a feed document, through everything that is done to what was parsed: nothing may panic, and a panic that
//! `parse` catches counts as one.
#![no_main]

use chipwire::model::Document;
use chipwire::normalise::report;
use chipwire::parse::{Limits, ParseError, discover, parse};
use libfuzzer_sys::fuzz_target;
use url::Url;

fuzz_target!(|data: &[u8]| {
    let document = Document {
        url: Url::parse("https://a.example/feed").expect("a URL"),
        content_type: None,
        body: bytes::Bytes::copy_from_slice(data),
        is_delta: false,
    };
    let limits = Limits::default();
    if let Err(ParseError::Panicked { reason }) = parse(&document, &limits) {
        panic!("{reason}");
    }
    discover(&document);
    report("fuzz", &document, &limits);
});
