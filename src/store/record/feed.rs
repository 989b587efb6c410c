//! Feeds: subscriptions and their state.

use super::{Moment, Record, is_default, moment, timestamp};
use crate::model::{
    Condition, Excerpt, Feed, FeedCounts, FeedId, FeedState, Freshness, HubState, MoveCandidate, Origin,
    Rhythm, Validators,
};
use crate::store::StoreError;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde::{Deserialize, Serialize};
use std::time::Duration;

/// A subscription.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(in crate::store) struct FeedRecord {
    url: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    name: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    site: Option<String>,
    category: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    language: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    interval: Option<Duration>,
    enabled: bool,
    #[serde(default, skip_serializing_if = "is_default")]
    always_relevant: bool,
    #[serde(default, skip_serializing_if = "is_default")]
    private: bool,
    excerpt: ExcerptRecord,
    origin: OriginRecord,
}

/// A closed list of words of the disk, each standing for a variant of the model's type.
macro_rules! words {
    ($name:ident for $model:ident { $($variant:ident),+ }) => {
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
        #[serde(rename_all = "kebab-case")]
        enum $name { $($variant),+ }

        impl From<$model> for $name {
            fn from(value: $model) -> Self {
                match value { $($model::$variant => Self::$variant),+ }
            }
        }

        impl From<$name> for $model {
            fn from(value: $name) -> Self {
                match value { $($name::$variant => Self::$variant),+ }
            }
        }
    };
}

words!(ExcerptRecord for Excerpt { None, Short, Full });
words!(OriginRecord for Origin { Builtin, Configuration, CommandLine });
words!(ConditionRecord for Condition { Active, Failing, Stale, Moved, Gone, Paused });

impl FeedRecord {
    /// For the journal.
    pub(in crate::store) fn of(feed: &Feed) -> Self {
        Self {
            url: feed.url.clone(),
            name: feed.name.clone(),
            site: feed.site.clone(),
            category: feed.category.clone(),
            language: feed.language.clone(),
            interval: feed.interval,
            enabled: feed.enabled,
            always_relevant: feed.always_relevant,
            private: feed.private,
            excerpt: feed.excerpt.into(),
            origin: feed.origin.into(),
        }
    }

    /// The feed that it records.
    pub(in crate::store) fn feed(self) -> Feed {
        Feed {
            id: FeedId::of(&self.url),
            url: self.url,
            name: self.name,
            site: self.site,
            category: self.category,
            language: self.language,
            interval: self.interval,
            enabled: self.enabled,
            always_relevant: self.always_relevant,
            private: self.private,
            excerpt: self.excerpt.into(),
            origin: self.origin.into(),
        }
    }

    /// The key that it is kept under.
    pub(in crate::store) fn id(&self) -> FeedId {
        FeedId::of(&self.url)
    }
}

/// A feed's state between polls.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(in crate::store) struct FeedStateRecord {
    pub(in crate::store) feed: u64,
    url: String,
    polled_url: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    title: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    link: Option<String>,
    #[serde(default, skip_serializing_if = "is_default")]
    validators: ValidatorsRecord,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    body_hash: Option<u64>,
    condition: ConditionRecord,
    condition_since: Moment,
    condition_reason: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    last_poll: Option<Moment>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    last_success: Option<Moment>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    last_entry: Option<Moment>,
    next_poll: Moment,
    next_poll_reason: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    held_until: Option<Moment>,
    #[serde(default, skip_serializing_if = "is_default")]
    failures: u32,
    #[serde(default, skip_serializing_if = "is_default")]
    gone_answers: u32,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    move_candidate: Option<(String, u32)>,
    #[serde(default, skip_serializing_if = "is_default")]
    freshness: FreshnessRecord,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    read_since: Option<Moment>,
    #[serde(default, skip_serializing_if = "is_default")]
    arrivals_seen: u64,
    #[serde(default, skip_serializing_if = "is_default")]
    arrivals: Vec<Moment>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    unchanged_since: Option<Moment>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    hub: Option<HubRecord>,
    #[serde(default, skip_serializing_if = "is_default")]
    counts: CountsRecord,
}

impl Record for FeedStateRecord {
    const WHAT: &'static str = "a feed's state";
}

/// Validators are bytes, so they are written in base64.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
struct ValidatorsRecord {
    url: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    etag: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    last_modified: Option<String>,
}

#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
struct FreshnessRecord {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    http: Option<Duration>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    feed: Option<Duration>,
    #[serde(default, skip_serializing_if = "is_default")]
    skip_hours: u32,
    #[serde(default, skip_serializing_if = "is_default")]
    skip_days: u8,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    at: Option<Moment>,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
struct HubRecord {
    hub: String,
    topic: String,
    token: String,
    secret: String,
    verified: bool,
    #[serde(default, skip_serializing_if = "is_default")]
    leaving: bool,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    lease_until: Option<Moment>,
    next_request: Moment,
    #[serde(default, skip_serializing_if = "is_default")]
    failures: u32,
}

#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
struct CountsRecord {
    entries: u64,
    relevant: u64,
    copies: u64,
    firsts: u64,
}

impl FeedStateRecord {
    /// For the journal.
    pub(in crate::store) fn of(state: &FeedState) -> Self {
        Self {
            feed: state.feed.0,
            url: state.url.clone(),
            polled_url: state.polled_url.clone(),
            title: state.title.clone(),
            link: state.link.clone(),
            validators: ValidatorsRecord::of(&state.validators),
            body_hash: state.body_hash,
            condition: state.condition.into(),
            condition_since: state.condition_since.into(),
            condition_reason: state.condition_reason.clone(),
            last_poll: moment(state.last_poll),
            last_success: moment(state.last_success),
            last_entry: moment(state.last_entry),
            next_poll: state.next_poll.into(),
            next_poll_reason: state.next_poll_reason.clone(),
            held_until: moment(state.held_until),
            failures: state.failures,
            gone_answers: state.gone_answers,
            move_candidate: state.move_candidate.as_ref().map(|to| (to.url.clone(), to.polls)),
            freshness: FreshnessRecord::of(&state.freshness),
            read_since: moment(state.rhythm.since),
            arrivals_seen: state.rhythm.seen,
            arrivals: state.rhythm.arrivals.iter().map(|at| (*at).into()).collect(),
            unchanged_since: moment(state.unchanged_since),
            hub: state.hub.as_ref().map(HubRecord::of),
            counts: CountsRecord {
                entries: state.counts.entries,
                relevant: state.counts.relevant,
                copies: state.counts.copies,
                firsts: state.counts.firsts,
            },
        }
    }

    /// The state that it records.
    pub(in crate::store) fn state(self) -> Result<FeedState, StoreError> {
        Ok(FeedState {
            feed: FeedId(self.feed),
            url: self.url,
            polled_url: self.polled_url,
            title: self.title,
            link: self.link,
            validators: self.validators.validators()?,
            body_hash: self.body_hash,
            condition: self.condition.into(),
            condition_since: self.condition_since.timestamp(),
            condition_reason: self.condition_reason,
            last_poll: timestamp(self.last_poll),
            last_success: timestamp(self.last_success),
            last_entry: timestamp(self.last_entry),
            next_poll: self.next_poll.timestamp(),
            next_poll_reason: self.next_poll_reason,
            held_until: timestamp(self.held_until),
            failures: self.failures,
            gone_answers: self.gone_answers,
            move_candidate: self.move_candidate.map(|(url, polls)| MoveCandidate { url, polls }),
            freshness: self.freshness.freshness(),
            rhythm: Rhythm {
                since: timestamp(self.read_since),
                seen: self.arrivals_seen,
                arrivals: self.arrivals.into_iter().map(Moment::timestamp).collect(),
            },
            unchanged_since: timestamp(self.unchanged_since),
            hub: self.hub.map(HubRecord::hub),
            counts: FeedCounts {
                entries: self.counts.entries,
                relevant: self.counts.relevant,
                copies: self.counts.copies,
                firsts: self.counts.firsts,
            },
        })
    }
}

impl ValidatorsRecord {
    fn of(validators: &Validators) -> Self {
        Self {
            url: validators.url.clone(),
            etag: validators.etag.as_ref().map(|bytes| STANDARD.encode(bytes)),
            last_modified: validators.last_modified.as_ref().map(|bytes| STANDARD.encode(bytes)),
        }
    }

    fn validators(self) -> Result<Validators, StoreError> {
        let bytes = |text: Option<String>| {
            text.map(|text| STANDARD.decode(text))
                .transpose()
                .map_err(|error| FeedStateRecord::fault(&error.to_string()))
        };
        Ok(Validators { url: self.url, etag: bytes(self.etag)?, last_modified: bytes(self.last_modified)? })
    }
}

impl FreshnessRecord {
    fn of(freshness: &Freshness) -> Self {
        Self {
            http: freshness.http,
            feed: freshness.feed,
            skip_hours: freshness.skip_hours,
            skip_days: freshness.skip_days,
            at: moment(freshness.at),
        }
    }

    fn freshness(self) -> Freshness {
        Freshness {
            http: self.http,
            feed: self.feed,
            skip_hours: self.skip_hours,
            skip_days: self.skip_days,
            at: timestamp(self.at),
        }
    }
}

impl HubRecord {
    fn of(hub: &HubState) -> Self {
        Self {
            hub: hub.hub.clone(),
            topic: hub.topic.clone(),
            token: hub.token.clone(),
            secret: hub.secret.clone(),
            verified: hub.is_verified,
            leaving: hub.is_leaving,
            lease_until: moment(hub.lease_until),
            next_request: hub.next_request.into(),
            failures: hub.failures,
        }
    }

    fn hub(self) -> HubState {
        HubState {
            hub: self.hub,
            topic: self.topic,
            token: self.token,
            secret: self.secret,
            is_verified: self.verified,
            is_leaving: self.leaving,
            lease_until: timestamp(self.lease_until),
            next_request: self.next_request.timestamp(),
            failures: self.failures,
        }
    }
}
