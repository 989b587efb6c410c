//! What is in force now: settings, rules, and the feeds of configuration and data directory together.

use super::DaemonError;
use crate::classify::Classifier;
use crate::cluster::{self, Publishers};
use crate::config::{PUBLISHERS, Settings};
use crate::fetch::{self, FetchError, Fetcher};
use crate::model::{Feed, FeedId, FeedState, Origin, Subscription};
use crate::parse;
use crate::pipeline::{self, Rules};
use crate::publish::{self, Base, FeedInfo};
use crate::schedule::Cadence;
use crate::websub;
use rustc_hash::FxHashMap;
use std::sync::Arc;
use url::Url;

/// A configuration in force. It never changes; a reload makes another.
#[derive(Debug)]
pub struct Current {
    /// The settings.
    pub settings: Arc<Settings>,
    /// What judging depends on.
    pub rules: Arc<Rules>,
    /// How often feeds are polled.
    pub cadence: Cadence,
    /// Where hubs reach us; `None` turns WebSub off.
    pub callback_base: Option<Url>,
    /// All feeds, those switched off included.
    pub feeds: Vec<Feed>,
}

impl Current {
    /// Checks what the configuration alone can't know, and builds the rules.
    ///
    /// # Errors
    /// Topics or terms can't be used, or intervals contradict each other.
    pub fn new(settings: Settings) -> Result<Self, DaemonError> {
        let classifier = Arc::new(Classifier::new(&settings.rules, settings.filter.threshold)?);
        let publishers =
            Publishers::parse(PUBLISHERS).map_err(|error| DaemonError::Publishers(error.to_string()))?;
        let poll = &settings.poll;
        let cadence = Cadence::new(poll.default_interval, poll.min_interval, poll.max_interval)?;
        let rules = Arc::new(Rules { classifier, publishers, limits: parse::Limits::default() });
        let callback_base =
            websub::callback_base(poll.websub_callback.as_ref(), settings.publish.public_url.as_ref());
        let current = Self { feeds: Vec::new(), settings: Arc::new(settings), rules, cadence, callback_base };
        Ok(current.with_subscriptions(Vec::new()))
    }

    /// The same with the subscriptions of a data directory, which win.
    #[must_use]
    pub fn with_subscriptions(&self, subscriptions: Vec<Subscription>) -> Self {
        let mut feeds = self.settings.feeds.clone();
        for subscription in subscriptions {
            match subscription {
                Subscription::Put(feed) => match feeds.iter_mut().find(|known| known.id == feed.id) {
                    Some(known) => *known = *feed,
                    None => feeds.push(*feed),
                },
                Subscription::Removed { url } => {
                    let id = FeedId::of(&url);
                    feeds.retain(|feed| feed.id != id);
                }
            }
        }
        // Which hosts a feed is at home on decides who may claim a page there.
        let mut rules = Rules::clone(&self.rules);
        for feed in &feeds {
            rules.publishers.register(feed);
        }
        Self {
            settings: Arc::clone(&self.settings),
            rules: Arc::new(rules),
            cadence: self.cadence,
            callback_base: self.callback_base.clone(),
            feeds,
        }
    }

    /// The settings of the story engine.
    pub fn engine_settings(&self) -> cluster::Settings {
        cluster::Settings { window: self.settings.dedupe.window }
    }

    /// The settings of what is republished.
    pub fn publish_settings(&self) -> publish::Settings {
        let publish = &self.settings.publish;
        publish::Settings {
            title: publish.title.clone(),
            public_url: publish.public_url.clone(),
            languages: publish.languages.clone(),
            exclude_kinds: self.settings.filter.exclude_kinds.clone(),
            items: publish.items,
            window: publish.window,
            max_items: publish.max_items,
            settle: publish.settle,
            retention: publish.retention,
            hub: publish.hub.clone(),
        }
    }

    /// Where readers find us: the configured address, else the one that is listened on.
    pub fn base(&self, listening: &Base) -> Base {
        self.settings.publish.public_url.as_ref().map_or_else(|| listening.clone(), Base::public)
    }

    /// An HTTP client by these settings.
    ///
    /// # Errors
    /// `poll.extra_ca` or `poll.contact` can't be used.
    pub fn fetcher(&self) -> Result<Fetcher, DaemonError> {
        let poll = &self.settings.poll;
        let extra_ca = poll.extra_ca.as_ref().map(|path| {
            let unreadable = |error| FetchError::Setup(format!("poll.extra_ca: {}: {error}", path.display()));
            std::fs::read(path).map_err(unreadable)
        });
        let extra_ca = extra_ca.transpose()?;
        Ok(Fetcher::new(&fetch::Settings {
            contact: Some(poll.contact.clone()).filter(|contact| !contact.is_empty()),
            limits: fetch::Limits::new(poll.timeout, poll.max_body_bytes),
            allow_networks: poll.allow_networks.clone(),
            extra_ca,
        })?)
    }

    /// A feed as readers see it; one that is not subscribed any more by what it said of itself.
    pub fn feed_info(&self, id: FeedId, state: Option<&FeedState>) -> FeedInfo {
        let title = state.and_then(|state| state.title.as_deref());
        let known = self.feeds.iter().find(|feed| feed.id == id);
        let gone = || Feed::at(state.map_or("", |state| &state.url), Origin::CommandLine);
        let feed = known.cloned().unwrap_or_else(gone);
        let name = pipeline::publisher_name(&feed, title).to_owned();
        FeedInfo::new(&feed, title, Some(self.rules.publishers.owner(&name)))
    }

    /// The feeds by id.
    pub fn by_id(&self) -> FxHashMap<FeedId, &Feed> {
        self.feeds.iter().map(|feed| (feed.id, feed)).collect()
    }
}
