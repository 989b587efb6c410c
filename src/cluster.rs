//! Which entries tell one story: the story engine.
//!
//! [`fingerprint`] makes of an entry what the engine compares; [`Engine`] keeps the fingerprints of the window and
//! answers, entry by entry, which story each belongs to and what it is there. No clock, no I/O, and nothing random:
//! the same entries in the same order give the same stories, and [`Engine::restore`] rebuilds its state from what the
//! store kept. `docs/stories.md` says how it works and how well.
//!
//! Reading order: `words` and `numbers` (text to words) → `headline`, `credit`, `publishers` → `fingerprint` → `shelf`
//! (what is kept) → `side` and `pair` (what is compared) → `model` (how much it weighs) → `engine`, `roles`.

mod agglomerate;
mod credit;
mod dictionary;
mod engine;
mod explain;
mod fingerprint;
mod headline;
mod lexicon;
pub mod lines;
mod meanings;
mod model;
mod numbers;
mod pair;
mod postings;
mod publishers;
mod reasons;
mod repair;
mod roles;
mod shelf;
mod side;
mod storylines;
mod tally;
pub mod training;
mod words;

pub use engine::{Assignment, Engine, Outcome, Settings};
pub use explain::{Explanation, Part};
pub use fingerprint::{Fingerprint, fingerprint};
pub use publishers::{Publisher, PublisherKind, Publishers, PublishersError, is_machine_written};
