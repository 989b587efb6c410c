//! Ids: 64 bits taken from SHA-256, written as 16 lower-case hex digits. They depend on nothing but what
//! they name, so that a replay, a restore or another machine derives the same ones.

use sha2::{Digest, Sha256};
use std::fmt;
use std::str::FromStr;

/// The error of reading an id back from text.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{text:?} is no id; an id has 16 hexadecimal digits")]
pub struct IdError {
    /// What was given.
    pub text: String,
}

macro_rules! id {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        #[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
        pub struct $name(pub u64);

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(f, "{:016x}", self.0)
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(f, concat!(stringify!($name), "({:016x})"), self.0)
            }
        }

        impl FromStr for $name {
            type Err = IdError;

            fn from_str(text: &str) -> Result<Self, IdError> {
                let error = || IdError { text: text.chars().take(64).collect() };
                if text.len() != 16 || !text.bytes().all(|byte| byte.is_ascii_hexdigit()) {
                    return Err(error());
                }
                u64::from_str_radix(text, 16).map(Self).map_err(|_| error())
            }
        }
    };
}

id! {
    /// A feed, named by the URL it was subscribed under; a move to another URL keeps the id.
    FeedId
}
id! {
    /// An entry, named by its feed and the publisher's id: the same guid in two feeds is two entries.
    EntryId
}
id! {
    /// A story, named by the entry that founded it; it stays when another entry takes the lead.
    StoryId
}

impl FeedId {
    /// The id of the feed subscribed as `url`.
    pub fn of(url: &str) -> Self {
        Self(digest(&["feed", url]))
    }
}

impl EntryId {
    /// The id of the entry that `feed` publishes as `guid`.
    pub fn of(feed: FeedId, guid: &str) -> Self {
        Self(digest(&["entry", &feed.to_string(), guid]))
    }
}

impl StoryId {
    /// The id of the story that `entry` founds.
    pub fn founded_by(entry: EntryId) -> Self {
        Self(digest(&["story", &entry.to_string()]))
    }

    /// The next id to try where this one is taken (an entry that was split off can found a second story).
    #[must_use]
    pub fn successor(self) -> Self {
        Self(digest(&["story again", &self.to_string()]))
    }

    /// The id of the story as feed readers see it, `urn:uuid:…`: a UUID version 8 (RFC 9562 §5.8) made of a
    /// hash of this id alone.
    pub fn urn(self) -> String {
        let hash = Sha256::digest(format!("chipwire story {self}"));
        let mut bytes = [0; 16];
        for (byte, hashed) in bytes.iter_mut().zip(hash) {
            *byte = hashed;
        }
        uuid::Uuid::new_v8(bytes).urn().to_string()
    }
}

/// The first 64 bits of SHA-256 over the parts, each closed by a zero byte so that they can't run together.
fn digest(parts: &[&str]) -> u64 {
    let mut hasher = Sha256::new();
    for part in parts {
        hasher.update(part.as_bytes());
        hasher.update([0]);
    }
    hasher.finalize().iter().take(8).fold(0, |id, byte| (id << 8) | u64::from(*byte))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_id_reads_back_what_it_prints() {
        let id = EntryId::of(FeedId::of("https://a.example/feed"), "guid 1");
        assert_eq!(id.to_string().parse(), Ok(id));
    }

    #[test]
    fn ids_never_change_between_versions() {
        let feed = FeedId::of("https://a.example/feed");
        let story = StoryId::founded_by(EntryId::of(feed, "1"));
        insta::assert_snapshot!(format!("{feed} {story} {} {}", story.successor(), story.urn()), @"9d118b75c06c7a6b 52826fa0c86d5133 f6b2706b5e57a0db urn:uuid:c2d0db5c-8b8c-875b-9105-626af6ba8b89");
    }

    #[test]
    fn the_same_guid_in_two_feeds_is_two_entries() {
        let (one, other) = (FeedId::of("https://a.example/"), FeedId::of("https://b.example/"));
        assert_ne!(EntryId::of(one, "x"), EntryId::of(other, "x"));
    }

    #[test]
    fn what_is_no_id_is_refused() {
        for text in ["", "12", "xyz4567890123456", "+234567890123456"] {
            assert!(text.parse::<StoryId>().is_err(), "{text:?}");
        }
    }
}
