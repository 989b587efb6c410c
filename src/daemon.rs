//! The daemon: three roles in one process. Polling decides what is due and reads it; editing makes stories of it and is
//! the one writer; publishing turns stories into snapshots. They speak through [`Order`]s and [`Changed`] events only,
//! and nothing here is shared between them but what is read-only.

mod archive;
mod clock;
mod current;
mod editing;
mod error;
mod hubs;
mod polling;
mod publishing;
mod reading;
mod roles;
mod service;
mod view;

pub use archive::answer as answer_archive;
pub use clock::now;
pub use current::Current;
pub use editing::{Accepted, Brought, Changed, HubOffer, Order, Polled, Refiltered, Reply};
pub use error::DaemonError;
pub use hubs::{HubNote, answer as answer_hubs};
pub use polling::{Sweep, Swept};
pub use publishing::Snapshots;
pub use roles::{Handle, Opened, Roles, Scope};
pub use service::{Notifier, watchdog};
