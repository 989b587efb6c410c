//! Is this the same entry again, and has it changed? Hashes of what readers see, never of markup: rotating image
//! URLs and tracking pixels change no entry.

use crate::model::Entry;
use crate::{link, text};
use std::collections::BTreeSet;
use url::Url;

/// Texts shorter than this many words say too little to tell two entries apart or together.
const ENOUGH_WORDS: usize = 8;
/// Two texts of one entry share at least this much (Jaccard, of word pairs).
const SAME_TEXT: f32 = 0.6;
/// Visible characters that must come or go before a change counts as one of substance: feed readers with this rule
/// stopped resurfacing every correction of a comma.
const SUBSTANTIAL_CHARS: usize = 50;
/// A document whose entries all have new ids is one event from this many entries on.
const MASS: usize = 3;

/// The id of an entry that has neither id nor link: of its words, so that blanks and markup don't change it. Of its text,
/// too, since a title alone may come again every week; that a text was corrected, [`is_same_entry`] sees.
pub(super) fn guid_of_text(title: &str, summary: &str, content: &str) -> String {
    let body = if summary.is_empty() { content } else { summary };
    let words = [text::fold(title), text::fold(&text::cut(body, 500))];
    format!("text:{:016x}", hash(words.iter().map(String::as_str)))
}

/// A hash of an entry's visible text: the same text, whatever its markup, gives the same hash, in every version.
pub fn substance(entry: &Entry) -> u64 {
    let texts: Vec<_> = entry.visible_text().map(text::fold).collect();
    hash(texts.iter().map(String::as_str))
}

/// Whether what readers see changed so much that the entry counts as updated: another headline (not only its
/// punctuation or case), or a text that grew, shrank or was rewritten by more than a correction.
pub fn is_substantial_change(old: &Entry, new: &Entry) -> bool {
    if text::fold(&old.title) != text::fold(&new.title) {
        return true;
    }
    let (before, after) = (body(old), body(new));
    let (before, after) = (text::tokens(before), text::tokens(after));
    let only_one = difference(&before, &after) + difference(&after, &before);
    only_one >= SUBSTANTIAL_CHARS
}

/// Characters of the words that are in one text and not in the other.
fn difference(one: &[String], other: &[String]) -> usize {
    let known: BTreeSet<_> = other.iter().collect();
    one.iter().filter(|word| !known.contains(word)).map(|word| word.chars().count() + 1).sum()
}

fn body(entry: &Entry) -> &str {
    if entry.content.is_empty() { &entry.summary } else { &entry.content }
}

/// Whether `new`, which came under another guid, is the entry `old` of the same feed: a feed moved to https, to new
/// paths or to another program.
///
/// One address is enough where the headline or the text agrees; two addresses need the same headline and the same
/// text. A feed that repeats a headline every week ("Weekly open thread") thus keeps its entries apart.
pub fn is_same_entry(old: &Entry, new: &Entry) -> bool {
    if old.feed != new.feed {
        return false;
    }
    let has_same_title = !old.title.is_empty() && text::fold(&old.title) == text::fold(&new.title);
    let texts = alike(body(old), body(new));
    if old.canonical.is_some() && old.canonical == new.canonical {
        return has_same_title || texts.is_some_and(|share| share >= SAME_TEXT) || old.title.is_empty();
    }
    let has_same_slug = last_segment(old).is_some_and(|slug| last_segment(new) == Some(slug));
    let has_same_time = old.claimed.is_some() && old.claimed == new.claimed;
    match texts {
        Some(share) => has_same_title && share >= SAME_TEXT,
        None => has_same_title && (has_same_slug || has_same_time),
    }
}

/// The share of word pairs that two texts have in common; `None` where one is too short to say.
fn alike(one: &str, other: &str) -> Option<f32> {
    let (one, other) = (text::tokens(one), text::tokens(other));
    if one.len() < ENOUGH_WORDS || other.len() < ENOUGH_WORDS {
        return None;
    }
    let one: BTreeSet<_> = text::shingles(&one, 2).into_iter().collect();
    let other: BTreeSet<_> = text::shingles(&other, 2).into_iter().collect();
    let common = one.intersection(&other).count();
    // Counts of words in an entry are far below what an f32 holds exactly.
    #[expect(clippy::cast_precision_loss, reason = "a share of two counts")]
    let share = common as f32 / (one.len() + other.len() - common).max(1) as f32;
    Some(share)
}

/// The last part of the link's path, which a move to another host or path keeps; `None` where it says little.
fn last_segment(entry: &Entry) -> Option<String> {
    let url = Url::parse(entry.url.as_deref()?).ok()?;
    let canonical = link::canonical(&url);
    let last = canonical.path().rsplit('/').next()?.split('.').next()?.to_owned();
    (last.len() >= 8).then_some(last)
}

/// Whether a document is a migration: all its entries came under new ids, and `recognised` of them are known entries.
/// Then those that were not recognised are more likely old than news, and one line in the log is enough.
pub fn is_mass_change(entries: usize, under_new_ids: usize, recognised: usize) -> bool {
    entries >= MASS && under_new_ids == entries && recognised * 2 >= entries
}

/// FNV-1a, which stays the same between versions, over texts and the gaps between them.
fn hash<'a>(texts: impl Iterator<Item = &'a str>) -> u64 {
    texts.flat_map(|text| text.bytes().chain(std::iter::once(0))).fold(0xcbf2_9ce4_8422_2325, |hash, byte| {
        (hash ^ u64::from(byte)).wrapping_mul(0x0000_0100_0000_01b3)
    })
}
