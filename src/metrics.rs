//! What chipwire counts, and its text form for Prometheus (exposition format 0.0.4).
//!
//! Every series is named here, once, and every label has a closed set of values: no feed, no address and nothing that
//! a publisher wrote ever becomes a label. Counting is an atomic addition; nobody waits.

mod kinds;

pub use kinds::{Counter, Family, Gauge, Histogram, Label};

use crate::model::{Condition, Role};
use kinds::Text;

/// Everything that is counted.
#[derive(Debug, Default)]
pub struct Metrics {
    /// Polls by their outcome.
    pub polls: Family<PollResult, Counter>,
    /// Bytes of bodies as they came over the wire.
    pub poll_received_bytes: Counter,
    /// How long polls took, in seconds.
    pub poll_seconds: Histogram,
    /// Pushes of WebSub hubs that were taken.
    pub pushes: Counter,
    /// Entries by what the filter said.
    pub entries: Family<Decision, Counter>,
    /// Kept entries by what they are to their story.
    pub members: Family<Role, Counter>,
    /// Stories in the store.
    pub stories: Gauge,
    /// Stories released on the wire.
    pub stories_released: Counter,
    /// Feeds by condition.
    pub feeds: Family<Condition, Gauge>,
    /// Time since the last success of each feed that is polled, in seconds.
    pub feed_success_age: Histogram,
    /// What waits, by queue.
    pub queued: Family<Queue, Gauge>,
    /// Size of the journal's files.
    pub journal_bytes: Gauge,
    /// Size of the index's files.
    pub store_bytes: Gauge,
    /// Batches that the store refused, on a full disk, say.
    pub store_refusals: Counter,
    /// 1 while the store keeps what it is given, 0 after it refused the last batch.
    pub store_writable: Gauge,
    /// Openings of the store that found something damaged and repaired it.
    pub store_repairs: Counter,
    /// From an entry's arrival to the snapshot that shows its story, in seconds, settling included.
    pub publish_latency: Histogram,
    /// When the wire was last taken anew, in seconds since 1970.
    pub wire_timestamp: Gauge,
    /// Requests by status.
    pub http_requests: Family<StatusClass, Counter>,
    /// From a request's head to its answer's head, in seconds.
    pub http_seconds: Histogram,
    /// Bytes of answers' bodies.
    pub http_sent_bytes: Counter,
    /// Connections that are open now.
    pub http_connections: Gauge,
    /// Connections closed to make room for others, or for being too slow.
    pub http_connections_dropped: Counter,
    /// When the process started, in seconds since 1970.
    pub start_timestamp: Gauge,
}

/// How a poll ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PollResult {
    /// Answered 304.
    Unchanged,
    /// A body without a new entry.
    Same,
    /// New or changed entries.
    Fresh,
    /// No answer, or none that can be used.
    Failed,
}

/// What the filter said of an entry.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Decision {
    /// Kept.
    Relevant,
    /// Turned away.
    Rejected,
}

/// What can wait.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Queue {
    /// Feeds that are due and not polled yet.
    DueFeeds,
    /// Polled documents that the editing role hasn't taken yet.
    Events,
    /// Stories that settle.
    SettlingStories,
}

/// The hundreds of an HTTP status.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum StatusClass {
    /// 200 and its kin.
    Success,
    /// 304.
    NotModified,
    /// Other 300s.
    Redirection,
    /// 400s.
    ClientError,
    /// 500s.
    ServerError,
}

impl StatusClass {
    /// The class of a status code.
    pub const fn of(status: u16) -> Self {
        match status {
            304 => Self::NotModified,
            300..400 => Self::Redirection,
            400..500 => Self::ClientError,
            500.. => Self::ServerError,
            _ => Self::Success,
        }
    }
}

impl Metrics {
    /// The text that `/metrics` answers.
    #[rustfmt::skip]
    pub fn render(&self) -> String {
        let mut text = Text::default();
        text.counters("chipwire_polls_total", "Polls of feeds, by outcome.", "outcome", &self.polls);
        text.counter("chipwire_poll_received_bytes_total", "Bytes of feed documents as they came over the wire.", &self.poll_received_bytes);
        text.histogram("chipwire_poll_duration_seconds", "How long polls took.", &self.poll_seconds);
        text.counter("chipwire_websub_pushes_total", "Pushes of WebSub hubs that were taken.", &self.pushes);
        text.counters("chipwire_entries_total", "New or changed entries, by the filter's decision.", "verdict", &self.entries);
        text.counters("chipwire_story_entries_total", "Relevant entries, by what they are to their story.", "role", &self.members);
        text.gauge("chipwire_stories", "Stories in the store.", &self.stories);
        text.counter("chipwire_stories_released_total", "Stories that went on the wire.", &self.stories_released);
        text.gauges("chipwire_feeds", "Feeds, by condition.", "condition", &self.feeds);
        text.histogram("chipwire_feed_success_age_seconds", "Time since the last success of each feed that is polled.", &self.feed_success_age);
        text.gauges("chipwire_queue_length", "What waits to be done, by queue.", "queue", &self.queued);
        text.gauge("chipwire_journal_size_bytes", "Size of the journal's files.", &self.journal_bytes);
        text.gauge("chipwire_store_size_bytes", "Size of the index's files.", &self.store_bytes);
        text.counter("chipwire_store_refusals_total", "Batches that the store refused, for want of space, say.", &self.store_refusals);
        text.gauge("chipwire_store_writable", "1 while the store keeps what it is given, 0 after it refused.", &self.store_writable);
        text.counter("chipwire_store_repairs_total", "Openings of the store that repaired damage.", &self.store_repairs);
        text.histogram("chipwire_publish_latency_seconds", "From an entry's arrival to the wire that shows its story.", &self.publish_latency);
        text.gauge("chipwire_wire_timestamp_seconds", "When the wire was last taken anew.", &self.wire_timestamp);
        text.counters("chipwire_http_requests_total", "Requests to the readers' listener, by class of status.", "status", &self.http_requests);
        text.histogram("chipwire_http_request_duration_seconds", "From a request's head to its answer's head.", &self.http_seconds);
        text.counter("chipwire_http_sent_bytes_total", "Bytes of answers' bodies.", &self.http_sent_bytes);
        text.gauge("chipwire_http_connections", "Open connections of the readers' listener.", &self.http_connections);
        text.counter("chipwire_http_connections_dropped_total", "Connections closed to make room, or for being too slow.", &self.http_connections_dropped);
        text.gauge("process_start_time_seconds", "When the process started, in seconds since 1970.", &self.start_timestamp);
        text.finish()
    }
}

impl Label for PollResult {
    const ALL: &'static [Self] = &[Self::Unchanged, Self::Same, Self::Fresh, Self::Failed];

    fn word(self) -> &'static str {
        match self {
            Self::Unchanged => "unchanged",
            Self::Same => "same",
            Self::Fresh => "fresh",
            Self::Failed => "failed",
        }
    }
}

impl Label for Decision {
    const ALL: &'static [Self] = &[Self::Relevant, Self::Rejected];

    fn word(self) -> &'static str {
        match self {
            Self::Relevant => "relevant",
            Self::Rejected => "rejected",
        }
    }
}

impl Label for Queue {
    const ALL: &'static [Self] = &[Self::DueFeeds, Self::Events, Self::SettlingStories];

    fn word(self) -> &'static str {
        match self {
            Self::DueFeeds => "due_feeds",
            Self::Events => "events",
            Self::SettlingStories => "settling_stories",
        }
    }
}

impl Label for StatusClass {
    const ALL: &'static [Self] =
        &[Self::Success, Self::NotModified, Self::Redirection, Self::ClientError, Self::ServerError];

    fn word(self) -> &'static str {
        match self {
            Self::Success => "2xx",
            Self::NotModified => "304",
            Self::Redirection => "3xx",
            Self::ClientError => "4xx",
            Self::ServerError => "5xx",
        }
    }
}

impl Label for Role {
    const ALL: &'static [Self] = Self::ALL;

    fn word(self) -> &'static str {
        self.as_str()
    }
}

impl Label for Condition {
    const ALL: &'static [Self] =
        &[Self::Active, Self::Failing, Self::Stale, Self::Moved, Self::Gone, Self::Paused];

    fn word(self) -> &'static str {
        match self {
            Self::Active => "active",
            Self::Failing => "failing",
            Self::Stale => "stale",
            Self::Moved => "moved",
            Self::Gone => "gone",
            Self::Paused => "paused",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::Write;
    use std::process::{Command, Stdio};

    fn counted() -> Metrics {
        let metrics = Metrics::default();
        metrics.polls.of(PollResult::Fresh).add(3);
        metrics.feeds.of(Condition::Stale).set(2.0);
        metrics.poll_seconds.observe(0.3);
        metrics.poll_seconds.observe(1e9);
        metrics.feed_success_age.replace([10.0, 100_000.0].into_iter());
        metrics
    }

    #[test]
    fn the_text_says_what_was_counted() {
        let text = counted().render();
        for line in [
            "chipwire_polls_total{outcome=\"fresh\"} 3",
            "chipwire_polls_total{outcome=\"failed\"} 0",
            "chipwire_feeds{condition=\"stale\"} 2",
            "chipwire_poll_duration_seconds_bucket{le=\"0.25\"} 0",
            "chipwire_poll_duration_seconds_bucket{le=\"0.5\"} 1",
            "chipwire_poll_duration_seconds_bucket{le=\"+Inf\"} 2",
            "chipwire_poll_duration_seconds_count 2",
            "chipwire_feed_success_age_seconds_count 2",
            "# TYPE chipwire_stories gauge",
        ] {
            assert!(text.lines().any(|given| given == line), "{line} is missing in:\n{text}");
        }
    }

    #[test]
    fn replacing_a_histogram_forgets_what_was_there() {
        let metrics = counted();
        metrics.feed_success_age.replace([1.0].into_iter());
        assert!(metrics.render().contains("chipwire_feed_success_age_seconds_count 1\n"));
    }

    /// The words of a text that name metrics, without the endings of a histogram's parts.
    fn names(text: &str) -> std::collections::BTreeSet<&str> {
        text.split(|c: char| !(c.is_ascii_alphanumeric() || c == '_'))
            .filter(|word| word.starts_with("chipwire_") || word.starts_with("process_"))
            .map(|word| ["_bucket", "_count"].iter().find_map(|end| word.strip_suffix(end)).unwrap_or(word))
            .collect()
    }

    #[test]
    fn the_dashboard_and_the_alerts_name_only_metrics_that_exist() {
        let text = Metrics::default().render();
        let known: std::collections::BTreeSet<&str> =
            text.lines().filter_map(|line| line.strip_prefix("# TYPE ")?.split(' ').next()).collect();
        for document in [include_str!("../docs/grafana-dashboard.json"), include_str!("../docs/alerts.yml")] {
            let named = names(document);
            assert!(named.len() > 5);
            let unknown: Vec<_> = named.difference(&known).collect();
            assert!(unknown.is_empty(), "{unknown:?}");
        }
        let _: serde_json::Value =
            serde_json::from_str(include_str!("../docs/grafana-dashboard.json")).unwrap();
    }

    #[test]
    fn promtool_has_nothing_to_say() {
        let tool = Command::new("promtool")
            .args(["check", "metrics"])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn();
        let Ok(mut tool) = tool else {
            println!("skipped: promtool is not installed");
            return;
        };
        tool.stdin.take().unwrap().write_all(counted().render().as_bytes()).unwrap();
        let output = tool.wait_with_output().unwrap();
        assert!(output.status.success() && output.stderr.is_empty(), "{output:?}");
    }
}
