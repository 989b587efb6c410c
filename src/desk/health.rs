//! How the feeds are doing: the troubled ones first, each with when it is due next and why.

use super::{Out, Refusal, current, moment};
use crate::daemon::{Handle, now};
use crate::link;
use crate::model::{Condition, Feed, FeedId, FeedState, Timestamp};
use crate::schedule::Sharing;
use serde_json::{Value, json};

pub(super) async fn show(handle: &Handle, json: bool, out: &Out) -> Result<u8, Refusal> {
    let (current, now) = (current(handle), now());
    let mut feeds = Vec::with_capacity(current.feeds.len());
    for feed in
        current.feeds.iter().filter(|feed| feed.enabled || feed.origin != crate::model::Origin::Builtin)
    {
        let state =
            handle.reader.feed_state(feed.id)?.unwrap_or_else(|| FeedState::new(feed.id, &feed.url, now));
        feeds.push((feed, state));
    }
    await_stand_ins(&mut feeds);
    feeds.sort_by_key(|(feed, state)| (urgency(feed, state), state.next_poll, feed.id));
    for (feed, state) in &feeds {
        if json {
            out.json(&as_json(feed, state)).await?;
        } else {
            out.line(as_text(feed, state, now)).await?;
        }
    }
    Ok(0)
}

/// A feed that moved to where another is polled is next polled when that one is.
fn await_stand_ins(feeds: &mut [(&Feed, FeedState)]) {
    let mut sharing = Sharing::default();
    for (_, state) in feeds.iter().filter(|(feed, _)| feed.enabled) {
        sharing.put(state);
    }
    let waiting: Vec<(usize, FeedId)> = feeds
        .iter()
        .enumerate()
        .filter(|(_, (feed, _))| feed.enabled)
        .filter_map(|(place, (_, state))| Some((place, sharing.stand_in(state)?)))
        .collect();
    for (place, polled) in waiting {
        let Some((other, state)) = feeds.iter().find(|(feed, _)| feed.id == polled) else { continue };
        let (name, next_poll) = (name(other, state), state.next_poll);
        if let Some((_, state)) = feeds.get_mut(place) {
            state.next_poll = next_poll;
            state.next_poll_reason = format!("with {name}, which is polled at the same address");
        }
    }
}

fn name(feed: &Feed, state: &FeedState) -> String {
    feed.name.clone().or_else(|| state.title.clone()).unwrap_or_else(|| link::mask(&feed.url))
}

fn condition(feed: &Feed, state: &FeedState) -> Condition {
    if feed.enabled { state.condition } else { Condition::Paused }
}

fn urgency(feed: &Feed, state: &FeedState) -> u8 {
    match condition(feed, state) {
        Condition::Gone => 0,
        Condition::Failing => 1,
        Condition::Stale => 2,
        Condition::Moved => 3,
        Condition::Active => 4,
        Condition::Paused => 5,
    }
}

fn as_json(feed: &Feed, state: &FeedState) -> Value {
    let is_polled = !matches!(condition(feed, state), Condition::Gone | Condition::Paused);
    json!({
        "url": link::mask(&feed.url),
        "name": feed.name.as_ref().or(state.title.as_ref()),
        "state": condition(feed, state).as_str(),
        "since": moment(state.condition_since),
        "reason": state.condition_reason,
        "last_poll": state.last_poll.map(moment),
        "last_success": state.last_success.map(moment),
        "last_entry": state.last_entry.map(moment),
        "next_poll": is_polled.then(|| moment(state.next_poll)),
        "next_poll_reason": is_polled.then_some(&state.next_poll_reason),
        "failures": state.failures,
        "polled_url": (state.polled_url != feed.url).then(|| link::mask(&state.polled_url)),
        "websub": state.hub.as_ref().is_some_and(|hub| hub.is_verified),
        "entries": state.counts.entries,
        "relevant": state.counts.relevant,
        "copies": state.counts.copies,
        "firsts": state.counts.firsts,
    })
}

fn as_text(feed: &Feed, state: &FeedState, now: Timestamp) -> String {
    let url = link::mask(&feed.url);
    let name = name(feed, state);
    let condition = condition(feed, state);
    let mut line = format!("{:<8} {name} <{url}>", condition.as_str());
    if matches!(condition, Condition::Failing | Condition::Gone | Condition::Stale | Condition::Moved) {
        line += &format!("\n         since {}: {}", moment(state.condition_since), state.condition_reason);
    }
    line += &match condition {
        Condition::Gone => "\n         next never; chipwire feeds resume asks once more".to_owned(),
        Condition::Paused => "\n         next when it is resumed".to_owned(),
        _ => format!(
            "\n         next {} ({}): {}",
            until(state.next_poll, now),
            moment(state.next_poll),
            state.next_poll_reason
        ),
    };
    if state.counts.entries > 0 {
        let counts = &state.counts;
        line += &format!(
            "\n         {} entries, {} relevant, {} copies, first with {}",
            counts.entries, counts.relevant, counts.copies, counts.firsts
        );
    }
    line
}

/// `in 12 min`, `now`.
fn until(at: Timestamp, now: Timestamp) -> String {
    let seconds = (at - now).num_seconds();
    match seconds {
        ..=0 => "now".to_owned(),
        1..=119 => format!("in {seconds} s"),
        120..=7199 => format!("in {} min", seconds / 60),
        _ => format!("in {} h", seconds / 3600),
    }
}
