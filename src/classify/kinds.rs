//! The kind of piece: what the learned layer holds likeliest, and who publishes it. Neither score nor verdict
//! depends on it.

use super::FeedContext;
use super::learned::Judgement;
use super::lexicon::Lexicon;
use super::reading::Reading;
use crate::model::Kind;

/// Bits of the contexts that tell who publishes.
#[derive(Debug)]
pub(super) struct Kinds {
    vendor: u128,
    jobs: u128,
}

/// The log-odds that a kind needs which readers may not want (`filter.exclude_kinds`), and one that is seldom: a piece
/// that is hidden wrongly is lost to them, one that shows wrongly is passed over.
const CERTAIN: f32 = 0.0;
/// What the others need.
const LIKELY: f32 = -0.5;
/// A trade paper's notice of a product reads much like the maker's own.
const VENDOR: f32 = 0.8;

impl Kinds {
    /// Finds the contexts by name; one that is not there tells nothing.
    pub(super) fn new(lexicon: &Lexicon) -> Self {
        let mask = |name: &str| lexicon.context(name).map_or(0, |bit| 1_u128 << bit);
        Self { vendor: mask("press-release-wire") | mask("press-vendor"), jobs: mask("press-jobs") }
    }

    /// The kind of what was read.
    pub(super) fn of(&self, reading: &Reading, judgement: &Judgement, feed: &FeedContext<'_>) -> Kind {
        if reading.publisher_contexts & self.jobs != 0 {
            return Kind::Job;
        }
        let is_meant = |(kind, log_odds): &(Kind, f32)| match kind {
            Kind::News => true,
            Kind::Opinion | Kind::Review | Kind::HowTo => *log_odds >= LIKELY,
            Kind::Deal | Kind::MarketNote | Kind::Job | Kind::RoundUp => *log_odds >= CERTAIN,
            Kind::Vendor => *log_odds >= VENDOR,
        };
        let kind = judgement.kinds().into_iter().find(is_meant).map_or(Kind::News, |(kind, _)| kind);
        let is_vendor = feed.category == "vendor" || reading.publisher_contexts & self.vendor != 0;
        match kind {
            // What a maker or a press-release wire publishes is theirs, whatever it reads like.
            Kind::News | Kind::Opinion | Kind::Review if is_vendor => Kind::Vendor,
            kind => kind,
        }
    }
}
