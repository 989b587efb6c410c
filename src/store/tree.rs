//! The trees by name, and what they hold summed up, so that a lost, doubled or changed record shows.

use std::collections::BTreeMap;

macro_rules! trees {
    ($($(#[$doc:meta])* $name:ident = $code:literal $word:literal,)+) => {
        /// The trees. Their numbers are part of the journal's format: never reuse one.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
        pub(super) enum Tree { $($(#[$doc])* $name,)+ }

        impl Tree {
            pub(super) const ALL: &[Self] = &[$(Self::$name),+];

            /// The number in checkpoints.
            pub(super) const fn code(self) -> u8 {
                match self { $(Self::$name => $code,)+ }
            }

            /// The name in sled and in messages.
            pub(super) const fn name(self) -> &'static str {
                match self { $(Self::$name => $word,)+ }
            }
        }
    };
}

trees! {
    /// Feed id → state.
    Feed = 1 "feed",
    /// Entry id → relevant entry.
    Entry = 2 "entry",
    /// Entry id → entry turned away.
    Reject = 3 "reject",
    /// Entry id → place (1 byte) and substance (8).
    Seen = 4 "seen",
    /// Bucket (see `key::Grave`) → bytes 2 to 7 of the ids that have left the store, sorted, 6 bytes each.
    Tombstone = 5 "tombstone",
    /// First seen, batch, position → entry id: relevant entries in the order of their arrival.
    Arrival = 6 "arrival",
    /// First seen, entry id → nothing: rejects by time.
    RejectTime = 7 "reject-time",
    /// Hash of feed and canonical link, or of feed and title → entry id.
    Identity = 8 "identity",
    /// Hash of a canonical link, entry id → nothing: relevant entries of all feeds.
    Link = 9 "link",
    /// Entry id → the entry that it is.
    EntryAlias = 10 "entry-alias",
    /// Entry id, alias → nothing.
    EntryAliasOf = 11 "entry-alias-of",
    /// Story id → story.
    Story = 12 "story",
    /// Published, story id → nothing.
    StoryTime = 13 "story-time",
    /// Story id → the story that it joined.
    StoryAlias = 14 "story-alias",
    /// Story id, alias → nothing.
    StoryAliasOf = 15 "story-alias-of",
    /// Feed id → the command line's subscription.
    Subscription = 16 "subscription",
    /// Batch, position → operator's correction.
    Decision = 17 "decision",
    /// Tree, key, number → further parts of a long value.
    Part = 18 "part",
}

impl Tree {
    pub(super) fn of(code: u8) -> Option<Self> {
        Self::ALL.iter().copied().find(|tree| tree.code() == code)
    }
}

/// What a tree holds, summed up so that a lost, doubled or changed record shows.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Totals {
    /// Records.
    pub(super) count: u64,
    /// Bytes of their keys and values.
    pub(super) bytes: u64,
    /// The xor of their hashes.
    pub(super) digest: u64,
}

impl Totals {
    /// Bytes of [`Totals::to_bytes`].
    pub(super) const BYTES: usize = 24;

    pub(super) fn add(&mut self, key: &[u8], value: &[u8]) {
        self.count = self.count.wrapping_add(1);
        self.bytes = self.bytes.wrapping_add((key.len() + value.len()) as u64);
        self.digest ^= hash(key, value);
    }

    pub(super) fn take(&mut self, key: &[u8], value: &[u8]) {
        self.count = self.count.wrapping_sub(1);
        self.bytes = self.bytes.wrapping_sub((key.len() + value.len()) as u64);
        self.digest ^= hash(key, value);
    }

    pub(super) fn to_bytes(self) -> Vec<u8> {
        [self.count, self.bytes, self.digest].iter().flat_map(|number| number.to_be_bytes()).collect()
    }

    pub(super) fn of_bytes(bytes: &[u8]) -> Option<Self> {
        let (count, rest) = bytes.split_first_chunk::<8>()?;
        let (size, rest) = rest.split_first_chunk::<8>()?;
        let (digest, rest) = rest.split_first_chunk::<8>()?;
        rest.is_empty().then(|| Self {
            count: u64::from_be_bytes(*count),
            bytes: u64::from_be_bytes(*size),
            digest: u64::from_be_bytes(*digest),
        })
    }
}

/// CRC-32, which is stable for ever and finds any flipped bit, then mixed (the finaliser of `SplitMix64`): CRCs are
/// linear, and the xor of unmixed ones would not see two values change places.
fn hash(key: &[u8], value: &[u8]) -> u64 {
    let mut hasher = crc32fast::Hasher::new();
    hasher.update(&(key.len() as u64).to_be_bytes());
    hasher.update(key);
    hasher.update(value);
    let mut mixed =
        (u64::from(hasher.finalize()) | (value.len() as u64) << 32).wrapping_add(0x9E37_79B9_7F4A_7C15);
    mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
    mixed ^ (mixed >> 31)
}

/// What a whole store holds.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Summary(BTreeMap<Tree, Totals>);

impl Summary {
    pub(super) fn of(&self, tree: Tree) -> Totals {
        self.0.get(&tree).copied().unwrap_or_default()
    }

    pub(super) fn entry(&mut self, tree: Tree) -> &mut Totals {
        self.0.entry(tree).or_default()
    }

    /// Bytes of all keys and values.
    pub(super) fn live_bytes(&self) -> u64 {
        Tree::ALL.iter().map(|tree| self.of(*tree).bytes).sum()
    }

    /// Records in all trees.
    pub(super) fn records(&self) -> u64 {
        Tree::ALL.iter().map(|tree| self.of(*tree).count).sum()
    }

    /// The trees in which two summaries differ.
    pub(super) fn differences(&self, other: &Self) -> Vec<Tree> {
        Tree::ALL.iter().copied().filter(|tree| self.of(*tree) != other.of(*tree)).collect()
    }
}
