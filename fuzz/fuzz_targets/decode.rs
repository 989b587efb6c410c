//! Any bytes in any declared encoding: the first byte picks the `Content-Type`.
#![no_main]

use chipwire::parse::decode;
use libfuzzer_sys::fuzz_target;

const TYPES: &[Option<&str>] = &[
    None,
    Some("text/xml"),
    Some("text/xml; charset=utf-8"),
    Some("application/rss+xml; charset=\"shift_jis\""),
    Some("text/xml; charset=gb18030"),
    Some("text/xml; charset=iso-2022-jp"),
    Some("text/xml; charset=utf-16"),
    Some("text/xml; charset=us-ascii"),
    Some("text/xml; charset=no-such-thing"),
];

fuzz_target!(|data: &[u8]| {
    let Some((first, rest)) = data.split_first() else { return };
    let content_type = TYPES[usize::from(*first) % TYPES.len()];
    let first = decode(rest, content_type).text.into_owned();
    // A text is text from then on, but for the start of what looks like another encoding.
    assert!(first.len() <= rest.len() * 4 + 4);
});
