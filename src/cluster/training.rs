//! Making the shipped tables: background counts from a stream, weights from labelled weeks. Used by
//! `examples/train_stories.rs`; nothing of the daemon calls it. Deterministic: the same data give the same tables.

mod background;
mod fit;
mod week;

pub use background::{Background, is_about_chips};
pub use fit::{Fitting, Weights, fit};
pub use week::{Choice, Failure, Figures, Week};
