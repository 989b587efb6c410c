//! The store's own records: what is written to disk, apart from the types that the program works with, so that
//! a rename in `model` never breaks a database. JSON after one version byte; unknown fields are ignored and
//! absent ones take their default, so that fields may be added without a new schema.

mod batch;
mod entry;
mod feed;
mod story;

pub(super) use batch::{BatchRecord, ChangeRecord, DecisionRecord, SubscriptionRecord};
pub(super) use entry::{EntryRecord, KeptRecord, RejectRecord};
pub(super) use feed::{FeedRecord, FeedStateRecord};
pub(super) use story::StoryRecord;

use super::StoreError;
use crate::model::Timestamp;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

/// The first byte of every record.
const VERSION: u8 = 1;

/// A kind of record.
pub(super) trait Record: Serialize + DeserializeOwned {
    /// For messages.
    const WHAT: &'static str;

    /// The bytes on disk.
    fn encode(&self) -> Result<Vec<u8>, StoreError> {
        let mut bytes = vec![VERSION];
        serde_json::to_writer(&mut bytes, self).map_err(|error| Self::fault(&error.to_string()))?;
        Ok(bytes)
    }

    /// Back from bytes on disk.
    fn decode(bytes: &[u8]) -> Result<Self, StoreError> {
        match bytes.split_first() {
            Some((&VERSION, json)) => {
                serde_json::from_slice(json).map_err(|error| Self::fault(&error.to_string()))
            }
            Some((version, _)) => Err(Self::fault(&format!("its version is {version}"))),
            None => Err(Self::fault("it is empty")),
        }
    }

    /// An error about a record of this kind.
    fn fault(reason: &str) -> StoreError {
        StoreError::Record { what: Self::WHAT, reason: reason.to_owned() }
    }
}

/// A moment: seconds since 1970 and nanoseconds.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Moment(i64, u32);

impl From<Timestamp> for Moment {
    fn from(at: Timestamp) -> Self {
        Self(at.timestamp(), at.timestamp_subsec_nanos())
    }
}

impl Moment {
    /// Back again. A moment that no calendar has becomes 1970: better a wrong time than a lost story.
    pub(super) fn timestamp(self) -> Timestamp {
        Timestamp::from_timestamp(self.0, self.1).unwrap_or_default()
    }

    /// Eight bytes that sort as the moments do, to the microsecond.
    pub(super) fn sort_key(self) -> [u8; 8] {
        time_key(self.timestamp())
    }
}

/// Eight bytes that sort as the moments do, to the microsecond.
pub(super) fn time_key(at: Timestamp) -> [u8; 8] {
    // Flipping the sign bit puts what lies before 1970 first.
    (at.timestamp_micros() ^ i64::MIN).to_be_bytes()
}

/// Serialises floats that JSON can't hold (NaN, infinities) as zero, so that they never spoil a record.
mod float {
    use serde::{Deserialize, Deserializer, Serializer};

    #[expect(clippy::trivially_copy_pass_by_ref, reason = "serde calls it with a reference")]
    pub(super) fn serialize<S: Serializer>(value: &f32, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_f32(if value.is_finite() { *value } else { 0.0 })
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<f32, D::Error> {
        f32::deserialize(deserializer)
    }
}

fn is_default<T: Default + PartialEq>(value: &T) -> bool {
    *value == T::default()
}

fn moment(at: Option<Timestamp>) -> Option<Moment> {
    at.map(Moment::from)
}

fn timestamp(at: Option<Moment>) -> Option<Timestamp> {
    at.map(Moment::timestamp)
}
