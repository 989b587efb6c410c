//! Publishing: stories to the snapshot that is served. It only reads; what it holds in memory is what the feeds need,
//! and is read again when editing says that it changed.

use super::view::{Viewer, is_shown};
use super::{Changed, Current, now};
use crate::metrics::Metrics;
use crate::model::{Condition, FeedState, Story, StoryId, Timestamp};
use crate::publish::{Base, Source, Sources, StoryView, Topic, Wire};
use crate::store::{Reader, StoreError, StoryLookup};
use chrono::TimeDelta;
use rustc_hash::FxHashMap;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::{mpsc, watch};
use tokio::time::Instant;
use tracing::error;

/// Changes that come together make one snapshot; a reader notices no delay of this length.
const GATHERING: Duration = Duration::from_millis(100);
/// Without any change the snapshot is taken anew so often: days and windows move on.
const AT_LEAST_EVERY: Duration = Duration::from_mins(10);

/// What publishing hands to the server.
#[derive(Debug, Clone)]
pub struct Snapshots {
    /// The stories.
    pub wire: watch::Receiver<Arc<Wire>>,
    /// The feeds.
    pub sources: watch::Receiver<Arc<Sources>>,
}

/// A snapshot of the feeds reads the state of each: with many of them it is taken less often.
const PER_FEED: Duration = Duration::from_millis(5);
/// Stories that have left every feed's window are let go so often.
const LOADED_FOR: TimeDelta = TimeDelta::hours(24);
/// Stories that a start reads at the most: a topic that is rare must not make it read the whole archive.
const MOST_READ: usize = 20_000;

/// The state of the publishing role.
pub(super) struct Publishing {
    reader: Reader,
    viewer: Viewer,
    /// The address that is listened on; `publish.public_url` goes before it.
    listening: Base,
    stories: FxHashMap<StoryId, Arc<StoryView>>,
    complete_since: Timestamp,
    wire: watch::Sender<Arc<Wire>>,
    sources: watch::Sender<Arc<Sources>>,
    metrics: Arc<Metrics>,
    /// When the stories were read from the store as a whole.
    loaded: Timestamp,
    /// A feed changed since the feeds were shown.
    has_stale_sources: bool,
    shown_sources: Instant,
}

/// Loads what the store holds, and gives the role with its first snapshots.
///
/// # Errors
/// The store can't be read.
pub(super) fn load(
    reader: Reader,
    current: Arc<Current>,
    listening: Base,
    metrics: Arc<Metrics>,
) -> Result<(Publishing, Snapshots), StoreError> {
    let settings = current.publish_settings();
    let (wire, wires) = watch::channel(Arc::new(Wire::empty(settings, current.base(&listening), now())));
    let (sources, of_sources) = watch::channel(Arc::new(Sources::new(now(), Vec::new())));
    let viewer = Viewer::new(reader.clone(), current);
    let mut role = Publishing {
        reader,
        viewer,
        listening,
        stories: FxHashMap::default(),
        complete_since: now(),
        wire,
        sources,
        metrics,
        loaded: now(),
        has_stale_sources: false,
        shown_sources: Instant::now(),
    };
    role.load_all()?;
    role.show_sources()?;
    role.show();
    Ok((role, Snapshots { wire: wires, sources: of_sources }))
}

/// Follows the changes until editing has ended.
pub(super) async fn run(
    mut role: Publishing,
    mut changes: mpsc::Receiver<Changed>,
    mut currents: watch::Receiver<Arc<Current>>,
) {
    loop {
        let mut change = Changed::default();
        tokio::select! {
            first = changes.recv() => match first {
                Some(first) => change = first,
                None => return,
            },
            is_open = currents.changed() => if is_open.is_err() { return },
            () = tokio::time::sleep(role.wait()) => {}
        }
        tokio::time::sleep(GATHERING).await;
        while let Ok(more) = changes.try_recv() {
            change.stories.extend(more.stories);
            change.feeds |= more.feeds;
        }
        let current =
            currents.has_changed().unwrap_or_default().then(|| Arc::clone(&currents.borrow_and_update()));
        let current = current.or_else(|| {
            (!Arc::ptr_eq(role.viewer.current(), &currents.borrow())).then(|| Arc::clone(&currents.borrow()))
        });
        let work = tokio::task::spawn_blocking(move || {
            let outcome = role.take(&change, current);
            (role, outcome)
        });
        match work.await {
            Ok((same, outcome)) => {
                role = same;
                if let Err(error) = outcome {
                    error!(%error, "the feeds stay as they were");
                }
            }
            // A panic was reported by its hook; without this role nothing new is ever shown.
            Err(_) => return,
        }
    }
}

impl Publishing {
    /// How long nothing needs to be done if nothing changes.
    fn wait(&self) -> Duration {
        if self.has_stale_sources { self.until_sources() } else { AT_LEAST_EVERY }
    }

    fn until_sources(&self) -> Duration {
        let feeds = u32::try_from(self.viewer.current().feeds.len()).unwrap_or(u32::MAX);
        (PER_FEED * feeds).saturating_sub(self.shown_sources.elapsed())
    }

    fn take(&mut self, changed: &Changed, current: Option<Arc<Current>>) -> Result<(), StoreError> {
        self.has_stale_sources |= changed.feeds;
        if current.is_some() || now() - self.loaded > LOADED_FOR {
            let current = current.unwrap_or_else(|| Arc::clone(self.viewer.current()));
            self.viewer = Viewer::new(self.reader.clone(), current);
            self.stories.clear();
            self.load_all()?;
            self.show_sources()?;
        } else {
            for id in &changed.stories {
                match self.reader.story(*id)? {
                    Some(StoryLookup::Here(story)) if is_shown(&story) => self.put(*story)?,
                    _ => drop(self.stories.remove(id)),
                }
            }
            if self.has_stale_sources && self.until_sources().is_zero() {
                self.show_sources()?;
            }
        }
        self.show();
        Ok(())
    }

    /// Reads the stories that the feeds need, from the newest on.
    fn load_all(&mut self) -> Result<(), StoreError> {
        let topics = self.topics();
        let mut wanted = Wire::shelf(&self.viewer.current().publish_settings(), now(), &topics);
        self.complete_since = Timestamp::MIN_UTC;
        self.loaded = now();
        let reader = self.reader.clone();
        for (read, story) in reader.stories_newest_first().enumerate() {
            let story = story?;
            if read >= MOST_READ {
                if self.complete_since == Timestamp::MIN_UTC {
                    self.complete_since = story.published;
                }
                break;
            }
            if !is_shown(&story) {
                continue;
            }
            let published = story.published;
            let Some(view) = self.viewer.view(story)? else { continue };
            let is_taken = wanted.takes(&view);
            if is_taken {
                self.stories.insert(view.story.id, Arc::new(view));
            } else if self.complete_since == Timestamp::MIN_UTC {
                self.complete_since = published;
            }
            if !is_taken && wanted.is_full() {
                break;
            }
        }
        Ok(())
    }

    fn put(&mut self, story: Story) -> Result<(), StoreError> {
        let id = story.id;
        let arrived = story.first_seen;
        if !self.stories.contains_key(&id) {
            self.metrics.publish_latency.observe((now() - arrived).as_seconds_f64());
        }
        match self.viewer.view(story)? {
            Some(view) => drop(self.stories.insert(id, Arc::new(view))),
            None => drop(self.stories.remove(&id)),
        }
        Ok(())
    }

    fn show(&mut self) {
        let at = now();
        let stories = self.stories.values().cloned().collect();
        let wire = Wire::new(
            self.viewer.current().publish_settings(),
            self.viewer.current().base(&self.listening),
            at,
            self.topics(),
            (stories, self.complete_since),
        );
        self.wire.send_replace(Arc::new(wire));
        self.metrics.wire_timestamp.set(seconds_of(at));
    }

    fn show_sources(&mut self) -> Result<(), StoreError> {
        let at = now();
        self.has_stale_sources = false;
        self.shown_sources = Instant::now();
        let current = Arc::clone(self.viewer.current());
        let mut sources = Vec::with_capacity(current.feeds.len());
        for feed in current.feeds.iter().filter(|feed| feed.enabled) {
            let state =
                self.reader.feed_state(feed.id)?.unwrap_or_else(|| FeedState::new(feed.id, &feed.url, at));
            let info = Arc::new(current.feed_info(feed.id, Some(&state)));
            // A feed that got its title only now is shown by it from here on.
            self.viewer.remember(Arc::clone(&info));
            let entries_per_day = arrivals_per_day(&state, at);
            sources.push(Source { info, state: Arc::new(state), entries_per_day });
        }
        self.measure(&sources, at);
        self.sources.send_replace(Arc::new(Sources::new(at, sources)));
        Ok(())
    }

    fn measure(&self, sources: &[Source], at: Timestamp) {
        for condition in Condition::ALL {
            let count = sources.iter().filter(|source| source.state.condition == *condition).count();
            self.metrics.feeds.of(*condition).set_count(count);
        }
        let successes = sources.iter().filter_map(|source| source.state.last_success);
        self.metrics.feed_success_age.replace(successes.map(|last| (at - last).as_seconds_f64()));
    }

    fn topics(&self) -> Vec<Topic> {
        let topics = self.viewer.current().rules.classifier.topics().iter();
        topics.map(|topic| Topic { slug: topic.slug.clone(), name: topic.name.clone() }).collect()
    }
}

/// Days that the plots of `/sources` show.
const PLOTTED_DAYS: usize = 28;

/// New entries of each of the last days, the oldest first, as far as the kept arrivals tell.
fn arrivals_per_day(state: &FeedState, now: Timestamp) -> Vec<u32> {
    let mut days = vec![0; PLOTTED_DAYS];
    for arrival in &state.rhythm.arrivals {
        let age = usize::try_from((now - *arrival).num_days()).unwrap_or(usize::MAX);
        if let Some(day) = PLOTTED_DAYS.checked_sub(age + 1).and_then(|day| days.get_mut(day)) {
            *day += 1;
        }
    }
    days
}

/// As Prometheus has times: seconds since 1970.
#[expect(clippy::cast_precision_loss, reason = "seconds of our time fit a float's 53 bits")]
pub(super) fn seconds_of(at: Timestamp) -> f64 {
    at.timestamp() as f64
}
