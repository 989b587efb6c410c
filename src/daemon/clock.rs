//! The one place that reads the clock.

use crate::model::Timestamp;

/// The time now.
#[expect(
    clippy::disallowed_methods,
    reason = "the one place that reads the clock; everything below takes `now`"
)]
pub fn now() -> Timestamp {
    chrono::Utc::now()
}
