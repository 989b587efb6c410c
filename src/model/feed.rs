//! A feed: the subscription as configured, and its state as polls leave it.

use super::verdict::words;
use super::{FeedId, Freshness, Timestamp, Validators};
use std::fmt;
use std::str::FromStr;
use std::time::Duration;

/// A feed that is polled, as the configuration or the operator names it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Feed {
    /// Derived from `url`.
    pub id: FeedId,
    /// The URL as subscribed, byte for byte; it may carry credentials (mask before showing).
    pub url: String,
    /// What readers see; the document's own title where the configuration gives none.
    pub name: Option<String>,
    /// The publisher's web site.
    pub site: Option<String>,
    /// A group for the operator: `news`, `vendor`, `blog` …
    pub category: String,
    /// The language of most entries (BCP 47), where known.
    pub language: Option<String>,
    /// A poll interval of its own, instead of `poll.default_interval`.
    pub interval: Option<Duration>,
    /// Polled at all.
    pub enabled: bool,
    /// Kept and published whatever the verdict or the kind.
    pub always_relevant: bool,
    /// In no `/sources`, OPML or excerpt.
    pub private: bool,
    /// How much of an entry's text is republished.
    pub excerpt: Excerpt,
    /// Where the subscription comes from.
    pub origin: Origin,
}

impl Feed {
    /// A feed with nothing but its URL, as `feeds add` makes it.
    pub fn at(url: &str, origin: Origin) -> Self {
        Self {
            id: FeedId::of(url),
            url: url.to_owned(),
            name: None,
            site: None,
            category: "news".to_owned(),
            language: None,
            interval: None,
            enabled: true,
            always_relevant: false,
            private: false,
            excerpt: Excerpt::Short,
            origin,
        }
    }
}

/// How much of an entry's own text may be republished.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Excerpt {
    /// Title and link alone.
    None,
    /// At most 300 characters.
    Short,
    /// The whole text, for `full=1`.
    Full,
}

words! {
    /// Where a subscription comes from.
    Origin, "origin" {
        /// `config/feeds.toml`, compiled in.
        Builtin = "builtin",
        /// A `[[feed]]` of the operator's configuration.
        Configuration = "configuration",
        /// `chipwire feeds add`; kept in the data directory.
        CommandLine = "command-line",
    }
}

/// What is remembered of a feed between polls. The polling role decides it, the store keeps it in the same
/// batch as the entries that the poll brought.
#[derive(Debug, Clone, PartialEq)]
pub struct FeedState {
    /// Whose state this is.
    pub feed: FeedId,
    /// The URL as subscribed.
    pub url: String,
    /// Where polls go now: `url`, or where permanent redirects moved the feed (RFC 9110 §15.4.2, §15.4.9).
    pub polled_url: String,
    /// What the document calls itself.
    pub title: Option<String>,
    /// The web page that the document names as its own.
    pub link: Option<String>,
    /// Validators of the last body that was taken whole.
    pub validators: Validators,
    /// Hash of the last body that was taken, to skip what is unchanged under a 200.
    pub body_hash: Option<u64>,
    /// How the feed is doing.
    pub condition: Condition,
    /// Since when it is in that condition.
    pub condition_since: Timestamp,
    /// Why, in words for the operator.
    pub condition_reason: String,
    /// The last request that was answered or failed.
    pub last_poll: Option<Timestamp>,
    /// The last 200, 226 or 304 that was understood.
    pub last_success: Option<Timestamp>,
    /// When the newest entry came: the poll that brought it; at the first reading the entry's own time.
    pub last_entry: Option<Timestamp>,
    /// When the feed is due next.
    pub next_poll: Timestamp,
    /// Why then, in words for the operator.
    pub next_poll_reason: String,
    /// The server asked to be left alone until then (`Retry-After`); no sweep overrides it.
    pub held_until: Option<Timestamp>,
    /// Failed polls in a row.
    pub failures: u32,
    /// Answers 410 in a row.
    pub gone_answers: u32,
    /// Where permanent redirects point, until it was seen often enough to be adopted.
    pub move_candidate: Option<MoveCandidate>,
    /// What the publisher asked for last.
    pub freshness: Freshness,
    /// How often entries come.
    pub rhythm: Rhythm,
    /// The start of the current run of nothing but 304s.
    pub unchanged_since: Option<Timestamp>,
    /// The WebSub subscription, where the feed names a hub.
    pub hub: Option<HubState>,
    /// What the feed brought since it was added.
    pub counts: FeedCounts,
}

impl FeedState {
    /// The state of a feed that was never polled: due at once.
    pub fn new(feed: FeedId, url: &str, now: Timestamp) -> Self {
        Self {
            feed,
            url: url.to_owned(),
            polled_url: url.to_owned(),
            title: None,
            link: None,
            validators: Validators::default(),
            body_hash: None,
            condition: Condition::Active,
            condition_since: now,
            condition_reason: "never polled".to_owned(),
            last_poll: None,
            last_success: None,
            last_entry: None,
            next_poll: now,
            next_poll_reason: "never polled".to_owned(),
            held_until: None,
            failures: 0,
            gone_answers: 0,
            move_candidate: None,
            freshness: Freshness::default(),
            rhythm: Rhythm::default(),
            unchanged_since: None,
            hub: None,
            counts: FeedCounts::default(),
        }
    }

    /// Makes the next poll fetch and read the whole document, whether it changed or not.
    pub fn forget_body(&mut self) {
        self.validators = Validators::default();
        self.body_hash = None;
    }
}

words! {
    /// How a feed is doing.
    Condition, "condition" {
        /// Answers, and brings entries at its rhythm.
        Active = "active",
        /// The last poll failed; tried again with growing waits.
        Failing = "failing",
        /// Answers, but has brought nothing for much longer than its rhythm.
        Stale = "stale",
        /// Polled at another URL than it was subscribed under.
        Moved = "moved",
        /// Confirmed 410: not polled any more.
        Gone = "gone",
        /// Switched off by the operator.
        Paused = "paused",
    }
}

/// A URL that permanent redirects point to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MoveCandidate {
    /// The target of the permanent part of the chain.
    pub url: String,
    /// Polls in a row that ended there and parsed as the same feed.
    pub polls: u32,
}

/// How often a feed brings entries.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Rhythm {
    /// The first reading. What the feed held then is its archive, and says nothing of its rhythm.
    pub since: Option<Timestamp>,
    /// New entries seen since then.
    pub seen: u64,
    /// When new entries were first seen, oldest first; bounded to the last 32.
    pub arrivals: Vec<Timestamp>,
}

/// A WebSub subscription (W3C Recommendation, 23 January 2018).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HubState {
    /// The hub's URL.
    pub hub: String,
    /// The topic: the feed's `rel=self`, exactly as given.
    pub topic: String,
    /// The unguessable part of the callback URL.
    pub token: String,
    /// `hub.secret`, for signed pushes.
    pub secret: String,
    /// Whether the hub has verified the subscription.
    pub is_verified: bool,
    /// We asked to be unsubscribed, and wait for the hub to verify that.
    pub is_leaving: bool,
    /// When the lease ends.
    pub lease_until: Option<Timestamp>,
    /// When to ask the hub again: to renew, or after a failure.
    pub next_request: Timestamp,
    /// Failed requests in a row.
    pub failures: u32,
}

/// What a feed has brought, for its health.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct FeedCounts {
    /// Entries that were new.
    pub entries: u64,
    /// Of these, relevant ones.
    pub relevant: u64,
    /// Of these, duplicates and derivatives of somebody else's entry.
    pub copies: u64,
    /// Stories that this feed had first.
    pub firsts: u64,
}

/// Below so many entries a feed's share says little about it.
const ENTRIES_FOR_A_SHARE: u64 = 20;

impl FeedCounts {
    /// The share of relevant entries, 0 to 1, where enough are known to say.
    #[expect(clippy::cast_precision_loss, reason = "a share needs no more than a float's 24 bits")]
    pub fn relevant_share(&self) -> Option<f32> {
        (self.entries >= ENTRIES_FOR_A_SHARE).then(|| self.relevant as f32 / self.entries as f32)
    }
}
