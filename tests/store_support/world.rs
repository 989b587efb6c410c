//! A small world for the store's tests: batches as the daemon would decide them, made from a seed, and what a
//! store that took them has to answer.

use chipwire::model::{
    Batch, Cause, Change, Claimed, Condition, Decision, DeclaredSource, Enclosure, Entry, EntryId, Feed,
    FeedId, FeedState, Field, HubState, Kept, Kind, Member, MoveCandidate, Origin, Reason, Reject, Role,
    Story, StoryId, Subscription, Timestamp, Verdict,
};
use chipwire::store::{Place, Reader, StoryLookup};
use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

/// The moment at which every world begins.
pub(crate) fn start() -> Timestamp {
    Timestamp::from_timestamp(1_780_000_000, 123_456_789).unwrap()
}

/// Numbers from a seed (`SplitMix64`), so that a failure can be had again.
#[derive(Debug, Clone)]
pub(crate) struct Dice(pub(crate) u64);

impl Dice {
    pub(crate) fn roll(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        mixed ^ (mixed >> 31)
    }

    /// From 0 up to, not including, `end`.
    pub(crate) fn below(&mut self, end: u64) -> u64 {
        self.roll() % end
    }
}

/// The daemon's part: decides batches, and remembers what they add up to.
#[derive(Debug, Clone)]
pub(crate) struct World {
    pub(crate) dice: Dice,
    pub(crate) now: Timestamp,
    pub(crate) feeds: u64,
    /// Characters of an entry's content.
    pub(crate) content_chars: usize,
    pub(crate) expected: Expected,
    made: u64,
}

/// What a store has to answer.
#[derive(Debug, Clone, Default, PartialEq)]
pub(crate) struct Expected {
    pub(crate) feeds: BTreeMap<FeedId, FeedState>,
    pub(crate) kept: BTreeMap<EntryId, Kept>,
    pub(crate) arrivals: Vec<EntryId>,
    pub(crate) rejects: BTreeMap<EntryId, Reject>,
    pub(crate) stories: BTreeMap<StoryId, Story>,
    pub(crate) story_aliases: BTreeMap<StoryId, StoryId>,
    pub(crate) entry_aliases: BTreeMap<EntryId, EntryId>,
    pub(crate) expired: BTreeSet<EntryId>,
    pub(crate) subscriptions: BTreeMap<FeedId, Subscription>,
    pub(crate) decisions: Vec<Decision>,
}

impl World {
    pub(crate) fn new(seed: u64) -> Self {
        Self {
            dice: Dice(seed),
            now: start(),
            feeds: 5,
            content_chars: 300,
            expected: Expected::default(),
            made: 0,
        }
    }

    /// The next batch. It counts only once it is given to [`Expected::apply`].
    pub(crate) fn next_batch(&mut self) -> Batch {
        self.now += Duration::from_secs(1 + self.dice.below(100));
        let changes = match self.dice.below(20) {
            0 => self.expiry(),
            1 => self.joining(),
            2 => self.operator(),
            _ => self.poll(),
        };
        let feed = self.feed();
        Batch { at: self.now, cause: Cause::Poll(feed), changes }
    }

    fn feed(&mut self) -> FeedId {
        FeedId::of(&feed_url(self.dice.below(self.feeds)))
    }

    fn poll(&mut self) -> Vec<Change> {
        let number = self.dice.below(self.feeds);
        let mut changes = vec![];
        let mut reports = 0;
        for _ in 0..self.dice.below(5) {
            match self.dice.below(6) {
                0 | 1 => {
                    let reject = Reject { entry: self.entry(number), verdict: verdict(false) };
                    changes.push(Change::Reject(Box::new(reject)));
                }
                2 => changes.extend(self.change_of_text()),
                // One a batch: a second could have the same story, as it was before the first.
                3 if reports == 0 => {
                    reports += 1;
                    changes.extend(self.report(number));
                }
                _ => changes.extend(self.new_story(number)),
            }
        }
        changes.push(Change::Feed(Box::new(self.feed_state(number))));
        changes
    }

    pub(crate) fn new_story(&mut self, feed: u64) -> Vec<Change> {
        let entry = self.entry(feed);
        let story = StoryId::founded_by(entry.id);
        let number = self.made;
        let member =
            Member { entry: entry.id, role: Role::Lead, similarity: 1.0, because: "it founded it".into() };
        vec![
            Change::Story(Box::new(Story {
                id: story,
                lead: entry.id,
                members: vec![member],
                first_seen: self.now,
                published: self.now,
                released: Some(self.now),
                updated: self.now,
                related: vec![StoryId(7)],
                led: vec![entry.id],
                is_withheld: number.is_multiple_of(3),
            })),
            Change::Entry(Box::new(Kept { entry, verdict: verdict(true), story, is_machine_written: false })),
        ]
    }

    fn report(&mut self, feed: u64) -> Vec<Change> {
        let Some(mut story) = self.any_story() else { return vec![] };
        let entry = self.entry(feed);
        story.members.push(Member {
            entry: entry.id,
            role: Role::Report,
            similarity: 0.61,
            because: "same event, same numbers".into(),
        });
        let kept = Kept { entry, verdict: verdict(true), story: story.id, is_machine_written: true };
        vec![Change::Entry(Box::new(kept)), Change::Story(Box::new(story))]
    }

    fn change_of_text(&mut self) -> Option<Change> {
        let count = self.expected.kept.len();
        let at = below(&mut self.dice, count);
        let mut kept = self.expected.kept.values().nth(at)?.clone();
        kept.entry.title = format!("{} (corrected {})", kept.entry.title, self.dice.below(100));
        kept.entry.updated = Some(self.now);
        Some(Change::Entry(Box::new(kept)))
    }

    fn any_story(&mut self) -> Option<Story> {
        let count = self.expected.stories.len();
        let at = below(&mut self.dice, count);
        self.expected.stories.values().nth(at).cloned()
    }

    fn expiry(&mut self) -> Vec<Change> {
        let oldest = self.expected.stories.values().min_by_key(|story| story.published).map(|story| story.id);
        let reject = self.expected.rejects.keys().next().copied();
        let mut changes: Vec<_> = oldest.map(Change::StoryExpired).into_iter().collect();
        changes.extend(reject.map(Change::RejectExpired));
        changes
    }

    fn joining(&mut self) -> Vec<Change> {
        let (Some(from), Some(mut to)) = (self.any_story(), self.any_story()) else { return vec![] };
        if from.id == to.id {
            return vec![];
        }
        let mut changes = vec![Change::StoryAlias { from: from.id, to: to.id }];
        for member in from.members {
            let mut kept = self.expected.kept[&member.entry].clone();
            kept.story = to.id;
            changes.push(Change::Entry(Box::new(kept)));
            to.members.push(Member { role: Role::Report, ..member });
        }
        changes.push(Change::Story(Box::new(to)));
        changes
    }

    fn operator(&mut self) -> Vec<Change> {
        let (one, other) = (EntryId(self.dice.roll()), EntryId(self.dice.roll()));
        let mut feed = Feed::at(&feed_url(self.dice.below(50)), Origin::CommandLine);
        feed.enabled = self.dice.below(2) == 0;
        feed.interval = Some(Duration::from_mins(15));
        let subscription = match self.dice.below(3) {
            0 => Subscription::Removed { url: feed.url },
            _ => Subscription::Put(Box::new(feed)),
        };
        let mut changes =
            vec![Change::Decision(Decision::Apart(one, other)), Change::Subscription(subscription)];
        if let Some(to) = self.expected.kept.keys().next() {
            changes.push(Change::EntryAlias { from: EntryId(self.dice.roll()), to: *to });
        }
        changes
    }

    pub(crate) fn entry(&mut self, feed: u64) -> Entry {
        self.made += 1;
        let number = self.made;
        let feed = FeedId::of(&feed_url(feed));
        let guid = format!("urn:entry:{number}");
        let text: String = (0..self.content_chars).map(|at| if at % 7 == 0 { ' ' } else { 'ä' }).collect();
        Entry {
            id: EntryId::of(feed, &guid),
            feed,
            guid,
            title: format!("Foundry {number} tapes out \"N{}\"", self.dice.below(1000)),
            url: Some(format!("https://news.example/{number}?utm_source=x")),
            canonical: Some(format!("https://news.example/{number}")),
            author: Some("A. Writer".into()),
            claimed: Some(Claimed { at: self.now - Duration::from_mins(1), has_time_of_day: true }),
            updated: None,
            first_seen: self.now,
            summary: "A line\nand another one.".into(),
            content: text.clone(),
            summary_html: "<p>A line</p>".into(),
            content_html: format!("<p>{text}</p>"),
            categories: vec!["Chips".into(), "Ai".into()],
            image: Some("https://news.example/cover.png".into()),
            enclosures: vec![Enclosure {
                url: "https://news.example/a.mp3".into(),
                media_type: Some("audio/mpeg".into()),
                length_bytes: Some(7),
            }],
            source: Some(DeclaredSource { title: Some("Origin".into()), url: None }),
            links: vec!["https://other.example/".into()],
            language: Some("en".into()),
        }
    }

    pub(crate) fn feed_state(&mut self, number: u64) -> FeedState {
        let url = feed_url(number);
        let mut state = FeedState::new(FeedId::of(&url), &url, self.now);
        state.validators.url = url;
        state.validators.etag = Some(vec![b'"', 0xFF, 0x80, b'"', self.dice.roll().to_be_bytes()[0]]);
        state.validators.last_modified = Some(b"Tue, 24 Nov 2026 15:00:00 GMT".to_vec());
        state.body_hash = Some(self.dice.roll());
        state.condition = Condition::Moved;
        state.move_candidate = Some(MoveCandidate { url: "https://moved.example/".into(), polls: 2 });
        state.freshness.http = Some(Duration::from_millis(1500));
        state.freshness.skip_hours = 0b1010;
        state.rhythm.arrivals = vec![self.now; 3];
        state.hub = Some(HubState {
            hub: "https://hub.example/".into(),
            topic: "https://news.example/self".into(),
            token: "token".into(),
            secret: "secret".into(),
            is_verified: true,
            is_leaving: true,
            lease_until: Some(self.now),
            next_request: self.now,
            failures: 1,
        });
        state.counts.entries = self.made;
        state.held_until = Some(self.now);
        state.rhythm.since = Some(self.now);
        state.rhythm.seen = self.made;
        state
    }
}

fn below(dice: &mut Dice, count: usize) -> usize {
    usize::try_from(dice.below(count.max(1) as u64)).unwrap()
}

pub(crate) fn feed_url(number: u64) -> String {
    format!("https://news{number}.example/feed")
}

pub(crate) fn verdict(relevant: bool) -> Verdict {
    Verdict {
        relevant,
        score: if relevant { 0.873 } else { 0.1 },
        kind: Kind::News,
        topics: vec!["foundry".into()],
        reasons: vec![Reason { term: "tape-out".into(), field: Field::Title, weight: 2.34 }],
    }
}

impl Expected {
    /// What the batch makes of it: the same words as in `model::Change`, without any store.
    pub(crate) fn apply(&mut self, batch: &Batch) {
        for change in &batch.changes {
            match change.clone() {
                Change::Feed(state) => {
                    self.feeds.insert(state.feed, *state);
                }
                Change::FeedForgotten(feed) => {
                    self.feeds.remove(&feed);
                }
                Change::Entry(kept) => {
                    self.rejects.remove(&kept.entry.id);
                    self.expired.remove(&kept.entry.id);
                    if !self.kept.contains_key(&kept.entry.id) {
                        self.arrivals.push(kept.entry.id);
                    }
                    self.kept.insert(kept.entry.id, *kept);
                }
                Change::Reject(mut reject) => {
                    reject.entry.content.clear();
                    reject.entry.content_html.clear();
                    reject.entry.summary_html.clear();
                    self.rejects.insert(reject.entry.id, *reject);
                }
                Change::EntryAlias { from, to } => {
                    self.entry_aliases.insert(from, to);
                }
                Change::Story(story) => {
                    self.stories.insert(story.id, *story);
                }
                Change::StoryAlias { from, to } => {
                    self.stories.remove(&from);
                    self.story_aliases
                        .values_mut()
                        .filter(|story| **story == from)
                        .for_each(|story| *story = to);
                    self.story_aliases.insert(from, to);
                }
                Change::StoryExpired(story) => self.expire_story(story),
                Change::RejectExpired(entry) => {
                    self.rejects.remove(&entry);
                    self.expired.insert(entry);
                }
                Change::Subscription(subscription) => {
                    let feed = match &subscription {
                        Subscription::Put(feed) => feed.id,
                        Subscription::Removed { url } => FeedId::of(url),
                    };
                    self.subscriptions.insert(feed, subscription);
                }
                Change::Decision(decision) => self.decisions.push(decision),
            }
        }
    }

    fn expire_story(&mut self, story: StoryId) {
        let Some(story) = self.stories.remove(&story) else { return };
        self.story_aliases.retain(|_, to| *to != story.id);
        for member in story.members {
            self.kept.remove(&member.entry);
            self.arrivals.retain(|entry| *entry != member.entry);
            self.expired.insert(member.entry);
            let aliases = self.entry_aliases.iter().filter(|(_, to)| **to == member.entry);
            self.expired.extend(aliases.map(|(from, _)| *from));
            self.entry_aliases.retain(|_, to| *to != member.entry);
        }
    }

    /// What a store really answers, in the same form.
    pub(crate) fn of(reader: &Reader, asked: &Self) -> Self {
        let mut found = Self { decisions: reader.decisions().unwrap(), ..Self::default() };
        found.feeds =
            reader.feed_states().map(|state| state.unwrap()).map(|state| (state.feed, state)).collect();
        found.kept = reader.all_kept().map(|kept| kept.unwrap()).map(|kept| (kept.entry.id, kept)).collect();
        found.arrivals = reader
            .entries_in_arrival_order(Timestamp::default())
            .map(|pair| pair.unwrap())
            .map(|(kept, member)| {
                assert_eq!(kept.entry.id, member.entry);
                kept.entry.id
            })
            .collect();
        found.rejects =
            reader.rejects().map(|reject| reject.unwrap()).map(|reject| (reject.entry.id, reject)).collect();
        found.stories = reader
            .stories_newest_first()
            .map(|story| story.unwrap())
            .map(|story| (story.id, story))
            .collect();
        for from in asked.story_aliases.keys() {
            if let Some(StoryLookup::MovedTo(to)) = reader.story(*from).unwrap() {
                found.story_aliases.insert(*from, to);
            }
        }
        for from in asked.entry_aliases.keys() {
            if let Some(to) = reader.entry_alias(*from).unwrap() {
                found.entry_aliases.insert(*from, to);
            }
        }
        for id in &asked.expired {
            if reader.seen(*id).unwrap().is_some_and(|seen| seen.place == Place::Expired) {
                found.expired.insert(*id);
            }
        }
        for subscription in reader.subscriptions().unwrap() {
            let feed = match &subscription {
                Subscription::Put(feed) => feed.id,
                Subscription::Removed { url } => FeedId::of(url),
            };
            found.subscriptions.insert(feed, subscription);
        }
        found
    }

    /// Fails with the first difference.
    #[track_caller]
    pub(crate) fn check(&self, reader: &Reader, case: &str) {
        let found = Self::of(reader, self);
        let parts: [(&str, bool); 10] = [
            ("feeds", found.feeds == self.feeds),
            ("entries", found.kept == self.kept),
            ("order of arrival", found.arrivals == self.arrivals),
            ("rejects", found.rejects == self.rejects),
            ("stories", found.stories == self.stories),
            ("story aliases", found.story_aliases == self.story_aliases),
            ("entry aliases", found.entry_aliases == self.entry_aliases),
            ("expired", found.expired == self.expired),
            ("subscriptions", found.subscriptions == self.subscriptions),
            ("decisions", found.decisions == self.decisions),
        ];
        for (what, is_right) in parts {
            assert!(is_right, "{what}, case: {case}");
        }
    }
}
