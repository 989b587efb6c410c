//! The tolerant reader: gets whole entries out of dialects that feed-rs does not know, and out of documents that are
//! no XML at all any more (unclosed tags, bare `&`, truncation, two documents in one).
//!
//! It builds no tree. One pass finds the entries ([`outline`]); the fields of an entry are found by looking at its
//! part of the text again, and at nothing deeper than a field needs, so that depth costs nothing.

mod draft;
mod element;
mod entry;
mod feed;
mod outline;
mod scan;
mod space;

pub(super) use feed::{head, read};
