//! What can be asked of live data, and what comes back: the same over the control socket and without a daemon.

use serde::{Deserialize, Serialize};
use std::path::PathBuf;

/// One question or order.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[expect(missing_docs, reason = "the fields are the arguments that `chipwire --help` describes")]
#[serde(tag = "ask", rename_all = "kebab-case", deny_unknown_fields)]
pub enum Request {
    /// A sweep of these feeds, or of all.
    Poll { feeds: Vec<String>, json: bool },
    /// All feeds.
    FeedsList { json: bool },
    /// A new subscription.
    FeedsAdd { url: String, name: Option<String>, category: Option<String>, unchecked: bool },
    /// A subscription less.
    FeedsRemove { feed: String },
    /// Off or on again.
    FeedsPause { feed: String, paused: bool },
    /// One fetch of each, keeping nothing.
    FeedsCheck { feeds: Vec<String>, json: bool },
    /// The text of an OPML document.
    FeedsImport { opml: String },
    /// OPML.
    FeedsExport,
    /// How each is doing.
    FeedsHealth { json: bool },
    /// Stories, newest first.
    Stories { topic: Option<String>, since_seconds: Option<u64>, limit: usize, json: bool },
    /// An operator's correction.
    Correct { one: String, other: String, together: bool },
    /// All topics.
    TopicsList { json: bool },
    /// What today's rules change in a topic.
    TopicsTest { slug: String, since_seconds: u64, json: bool },
    /// Today's rules on what was kept.
    Refilter { since_seconds: u64, apply: bool, json: bool },
    /// Stories with all these words.
    Search { query: String, limit: usize, json: bool },
    /// Why.
    Explain { one: String, other: Option<String>, json: bool },
    /// All data into one file.
    Backup { file: PathBuf },
    /// Every record.
    Verify,
    /// Stories or entries as JSON lines.
    Export { entries: bool, rejected: bool },
}

/// A part of the answer; [`Answer::Exit`] is the last.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Answer {
    /// A line for standard output.
    Out(String),
    /// A line for standard error.
    Error(String),
    /// How far a sweep is.
    Progress {
        /// Feeds that are done.
        done: usize,
        /// Feeds in all.
        total: usize,
        /// The one that was done last.
        last: String,
    },
    /// The end, with the exit status.
    Exit(u8),
}
