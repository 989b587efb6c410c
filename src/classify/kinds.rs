//! The kind of piece, from frames of the headline and from who publishes it. Neither score nor verdict
//! depends on it.

use super::FeedContext;
use super::lexicon::Lexicon;
use super::reading::Reading;
use crate::model::Kind;

/// Bits of the contexts that tell kinds.
#[derive(Debug)]
pub(super) struct Kinds {
    in_title: Vec<(u128, Kind)>,
    in_body: Vec<(u128, Kind)>,
    press_release: u128,
    own_blog: u128,
}

/// Contexts of the headline, the most certain first.
const IN_TITLE: [(&str, Kind); 8] = [
    ("frame-job", Kind::Job),
    ("frame-deal", Kind::Deal),
    ("frame-market", Kind::MarketNote),
    ("frame-round-up", Kind::RoundUp),
    ("frame-review", Kind::Review),
    ("frame-how-to", Kind::HowTo),
    ("frame-opinion", Kind::Opinion),
    ("kind-release", Kind::Vendor),
];
/// Contexts of the body.
const IN_BODY: [(&str, Kind); 3] =
    [("kind-market-body", Kind::MarketNote), ("kind-deal-body", Kind::Deal), ("kind-release", Kind::Vendor)];

impl Kinds {
    /// Finds the contexts by name; one that is not there tells nothing.
    pub(super) fn new(lexicon: &Lexicon) -> Self {
        let mask = |name: &str| lexicon.context(name).map_or(0, |bit| 1_u128 << bit);
        let masks = |list: &[(&str, Kind)]| list.iter().map(|(name, kind)| (mask(name), *kind)).collect();
        Self {
            in_title: masks(&IN_TITLE),
            in_body: masks(&IN_BODY),
            press_release: mask("press-release-wire"),
            own_blog: mask("press-vendor"),
        }
    }

    /// The kind of what was read.
    pub(super) fn of(&self, reading: &Reading, feed: &FeedContext<'_>) -> Kind {
        let first = |list: &[(u128, Kind)], seen: u128| {
            list.iter().find(|(mask, _)| seen & mask != 0).map(|(_, kind)| *kind)
        };
        let is_vendor = feed.category == "vendor"
            || reading.publisher_contexts & (self.press_release | self.own_blog) != 0;
        if let Some(kind) = first(&self.in_title, reading.title_contexts) {
            return kind;
        }
        if is_vendor {
            return Kind::Vendor;
        }
        first(&self.in_body, reading.body_contexts).unwrap_or(Kind::News)
    }
}
