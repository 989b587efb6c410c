//! Text: markup to plain text, then paragraphs, sentences, tokens and shingles.
//!
//! Everything here is a pure function of its input, linear in its length, and safe on hostile text. Nothing here
//! judges what a text is about; nothing here makes markup safe to show (`normalise::sanitise` does).

mod entities;
mod markup;
mod words;

pub use entities::{decode as decode_entities, named as named_entity};
pub use markup::{Tag, links, looks_like_markup, plain, tags};
pub use words::{cut, fold, one_line, sentences, shingles, tidy, tokens};

#[cfg(test)]
mod tests;
