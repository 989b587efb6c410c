//! What speaks for and against two entries telling one story: some ninety numbers, each with the sign that it may have.

mod agreement;
mod features;
mod shared;

use super::lexicon::flag;
use super::shelf::{Record, bit};
use super::side::{Side, days};
use agreement::Numbers;
pub(super) use features::{FEATURES, Feature, TABLE, Values};
use shared::Shared;

/// Computes the numbers of a pair; `one` must be indexed, see [`Side::index`].
pub(super) fn compare(one: &Side, other: &Side) -> Values {
    let mut values = Filler([0.0; FEATURES]);
    let shared = Shared::of(one, other);
    values.words(one, other, &shared);
    let who = values.names_and_events(one, other, &shared);
    let numbers = values.numbers(one, other, shared.cosine_headline);
    let time = values.time(one, other);
    values.kinds(one, other, time);
    values.lanes(one, other, time, who.subject);
    values.source(one, other);
    values.together(&shared, &who, &numbers, time);
    values.covered(one, other, &shared, &who);
    values.near([one, other], &shared, &who, time);
    values.0
}

/// Bits of event classes, by their place in `config/story-words.toml`; a test holds them to it.
const EVENT_DEALS: u32 = 1 << 6;
const EVENT_LAW: u32 = 1 << 10;
const EVENT_POLICY: u32 = 1 << 19;

/// What later steps need of names and events.
struct Who {
    names: f32,
    events: f32,
    subject: bool,
}

/// Two moments compared.
#[derive(Clone, Copy)]
struct Time {
    gap: f32,
    same_day: bool,
    same_session: bool,
}

struct Filler(Values);

impl Filler {
    fn set(&mut self, feature: Feature, value: f32) {
        if let Some(slot) = self.0.get_mut(feature as usize) {
            *slot = value;
        }
    }

    fn value(&self, feature: Feature) -> f32 {
        self.0.get(feature as usize).copied().unwrap_or(0.0)
    }

    fn holds(&self, feature: Feature) -> bool {
        self.value(feature) > 0.0
    }

    fn yes(&mut self, feature: Feature, is_so: bool) {
        self.set(feature, f32::from(u8::from(is_so)));
    }

    fn words(&mut self, one: &Side, other: &Side, shared: &Shared) {
        use Feature as F;
        let across = shared.across.iter().copied().fold(shared.cosine_title, f32::max);
        let (one_share, other_share) =
            (shared.one_covered / one.title_sum, shared.other_covered / other.title_sum);
        self.set(F::cosine_title, shared.cosine_title);
        self.set(F::cosine_headline, shared.cosine_headline);
        self.set(F::cosine_all, shared.cosine_all);
        self.set(F::cosine_summary, shared.cosine_summary);
        self.set(F::cosine_across, across);
        self.set(F::title_in_summary, shared.title_summary.iter().copied().fold(0.0, f32::max));
        self.set(F::rarest_1, shared.idf(0));
        self.set(F::rarest_2, shared.idf(1));
        self.set(F::rarest_3, shared.idf(2));
        self.set(F::shared_sum, shared.idfs.iter().sum::<f32>().ln_1p());
        self.set(F::contained_min, shared.title_sum / one.title_sum.min(other.title_sum));
        self.set(F::contained_max, one_share.max(other_share));
        let [title, headline, all] = shared.rare.map(f32::from);
        self.set(F::rare_title, title.min(4.0));
        self.set(F::rare_headline, headline.min(4.0));
        self.set(F::rare_all, all.min(5.0));
        let (weight, best) = word_pairs(one, other);
        self.set(F::pairs_of_words, (weight / 10.0).min(5.0));
        self.set(F::best_pair, best);
        let left = shared.left[0].min(shared.left[1]);
        self.set(F::left_over, left);
        self.set(F::left_share, (1.0 - one_share).min(1.0 - other_share));
        self.set(F::left_times_distance, left * (1.0 - shared.cosine_headline));
        self.yes(F::same_title, one.title_key != 0 && one.title_key == other.title_key);
        self.yes(F::same_link, one.canonical != 0 && one.canonical == other.canonical);
    }

    fn names_and_events(&mut self, one: &Side, other: &Side, shared: &Shared) -> Who {
        use Feature as F;
        let both = count(one.title_names.shared(&other.title_names));
        let either = count(one.title_names.0.len() + other.title_names.0.len()) - both;
        let headline = count(one.headline_names.shared(&other.headline_names));
        let named = |side: &Side| !side.title_names.0.is_empty();
        let is_conflict = named(one)
            && named(other)
            && one.title_names.shared(&other.all_names) == 0
            && one.all_names.shared(&other.title_names) == 0;
        let lacks =
            |side: &Side, other: &Side| side.title_names.shared(&other.all_names) < side.title_names.0.len();
        let subject = same(one.subject(), other.subject())
            || one.first_name() != 0 && one.first_name() == other.first_name();
        self.set(F::names_jaccard, if either > 0.0 { both / either } else { 0.0 });
        self.set(F::names_headline, headline.min(3.0));
        self.set(F::names_all, count(one.all_names.shared(&other.all_names)).min(3.0));
        self.yes(F::name_first, one.first_name() != 0 && one.first_name() == other.first_name());
        let rarest = other.words.iter().filter(|word| {
            word.is_headline()
                && word.term.sense.organisation != 0
                && one.headline_names.0.contains(&word.term.sense.organisation)
        });
        self.set(F::name_rare, rarest.map(|word| word.term.idf).fold(0.0, f32::max));
        self.yes(F::names_conflict, is_conflict);
        self.yes(F::names_both_other, lacks(one, other) && lacks(other, one));
        self.yes(F::subject, subject);
        self.yes(F::subject_conflict, !subject && one.subject().is_some() && other.subject().is_some());
        let events_shared = one.headline_events & other.headline_events;
        let events = count(events_shared.count_ones() as usize).min(3.0);
        self.set(F::events, events);
        self.set(F::events_all, count((one.all_events & other.all_events).count_ones() as usize).min(5.0));
        let any = one.title_events | other.title_events;
        let common = one.title_events & other.title_events;
        self.set(
            F::events_jaccard,
            if any == 0 {
                0.0
            } else {
                count(common.count_ones() as usize) / count(any.count_ones() as usize)
            },
        );
        let is_conflict = one.title_events != 0
            && other.title_events != 0
            && one.title_events & other.all_events == 0
            && one.all_events & other.title_events == 0;
        self.yes(F::events_conflict, is_conflict);
        let has_place =
            |side: &Side| side.words.iter().any(|word| word.title > 0.0 && word.term.sense.is_place);
        self.yes(F::place, shared.places > 0);
        self.yes(F::place_conflict, shared.places == 0 && has_place(one) && has_place(other));
        self.yes(F::law, events_shared & EVENT_LAW != 0);
        self.yes(F::policy, events_shared & EVENT_POLICY != 0);
        self.yes(F::deal, events_shared & EVENT_DEALS != 0);
        Who { names: headline, events, subject }
    }

    fn numbers(&mut self, one: &Side, other: &Side, cosine: f32) -> Numbers {
        use Feature as F;
        let numbers = Numbers::of(one, other);
        self.set(F::money, numbers.money.0.min(2.0));
        self.yes(F::money_conflict, numbers.money.1);
        self.set(F::percent, numbers.percent.0.min(2.0));
        self.yes(F::percent_conflict, numbers.percent.1);
        self.set(F::model, numbers.model.0.min(2.0));
        self.yes(F::model_conflict, numbers.model.1);
        self.set(F::unit, numbers.unit.0.min(2.0));
        self.yes(F::unit_conflict, numbers.unit.1);
        self.set(F::quarter, numbers.quarter.0.min(1.0));
        self.yes(F::quarter_conflict, numbers.quarter.1);
        self.set(F::number, numbers.number.0.min(2.0));
        self.yes(F::number_conflict, numbers.number.1);
        self.set(F::conflicts_far, numbers.conflicts() * (1.0 - cosine));
        numbers
    }

    fn time(&mut self, one: &Side, other: &Side) -> Time {
        use Feature as F;
        let time = Time {
            gap: gap_days(one, other),
            same_day: one.day == other.day,
            same_session: one.trading_day == other.trading_day,
        };
        self.set(F::gap, time.gap.min(5.0));
        self.yes(F::gap_day, time.gap > 1.0);
        self.yes(F::gap_3_days, time.gap > 3.0);
        self.yes(F::same_day, time.same_day);
        self.yes(F::same_session, time.same_session);
        self.yes(F::same_hours, time.gap < 0.15);
        time
    }

    fn kinds(&mut self, one: &Side, other: &Side, time: Time) {
        use Feature as F;
        let both = |flags: u16| one.has(flags) && other.has(flags);
        let only = |flags: u16| one.has(flags) != other.has(flags);
        let any = |flags: u16| one.has(flags) || other.has(flags);
        self.yes(F::market_both, both(flag::MARKET));
        self.yes(F::market_one, only(flag::MARKET));
        self.yes(F::sector_both, one.is_sector_move() && other.is_sector_move());
        self.yes(F::sector_one, one.is_sector_move() != other.is_sector_move());
        self.yes(F::direction, one.direction == other.direction && one.direction != 0);
        self.yes(F::direction_conflict, one.direction * other.direction < 0);
        self.yes(F::opinion_one, only(flag::OPINION));
        self.yes(F::opinion_both, both(flag::OPINION));
        self.yes(F::question_one, only(flag::QUESTION));
        self.yes(F::digest_any, any(flag::DIGEST));
        self.yes(F::bargain_any, any(flag::BARGAIN));
        self.yes(F::review_one, only(flag::REVIEW));
        self.yes(F::review_both, both(flag::REVIEW));
        self.yes(F::analyst_one, only(flag::ANALYST));
        self.yes(F::analyst_both, both(flag::ANALYST));
        self.yes(F::preview_one, only(flag::PREVIEW));
        self.yes(F::filing_both, both(flag::FILING));
        self.yes(F::results_one, only(flag::RESULTS));
        self.yes(F::market_late, both(flag::MARKET) && !time.same_session);
        self.yes(
            F::market_late_number,
            both(flag::MARKET) && !time.same_session && self.holds(F::number_conflict),
        );
    }

    fn lanes(&mut self, one: &Side, other: &Side, time: Time, subject: bool) {
        use Feature as F;
        let near = if time.gap <= 1.6 {
            1.0
        } else if time.gap <= 2.5 {
            0.5
        } else {
            0.0
        };
        let aside = flag::ANALYST | flag::PREVIEW;
        let is_plain = !one.has(aside) && !other.has(aside);
        let conflict = one.direction * other.direction < 0;
        if subject && is_plain {
            let results = one.has(flag::RESULTS) && other.has(flag::RESULTS);
            let is_other_quarter = self.holds(F::quarter_conflict);
            self.set(F::lane_results, if results && !is_other_quarter { near } else { 0.0 });
            let moves = |side: &Side| side.has(flag::MARKET) && side.direction != 0;
            let is_own = one.has(flag::RESULTS) && moves(other) || other.has(flag::RESULTS) && moves(one);
            let is_sector = one.is_sector_move() || other.is_sector_move();
            self.set(
                F::lane_own_move,
                if is_own && !is_sector { near * if conflict { 0.5 } else { 1.0 } } else { 0.0 },
            );
        }
        let is_sector = one.is_sector_move()
            && other.is_sector_move()
            && !one.has(flag::PREVIEW)
            && !other.has(flag::PREVIEW);
        let is_one_way = one.direction == other.direction && one.direction != 0;
        self.yes(F::lane_sector, is_sector && time.same_session && is_one_way);
        self.yes(F::lane_sector_conflict, is_sector && time.same_session && conflict);
        let is_note = one.has(flag::MARKET)
            && other.has(flag::MARKET)
            && one.first_name() != 0
            && one.first_name() == other.first_name();
        self.yes(F::lane_market, is_note && time.same_session && is_one_way);
    }

    fn source(&mut self, one: &Side, other: &Side) {
        use Feature as F;
        let is_aggregator = one.is_aggregator() || other.is_aggregator();
        self.yes(F::same_publisher, one.publisher == other.publisher && !one.is_aggregator());
        self.yes(F::same_owner, one.owner == other.owner && !one.is_aggregator());
        self.yes(F::aggregator_any, is_aggregator);
        self.set(F::shortest_title, count(one.title_count.min(other.title_count)).min(14.0));
        let longest = count(one.title_count.max(other.title_count)).max(1.0);
        self.set(F::length_ratio, count(one.title_count.abs_diff(other.title_count)) / longest);
        self.yes(F::summaries_both, one.has_summary && other.has_summary);
        self.yes(F::summaries_none, !one.has_summary && !other.has_summary);
    }

    fn covered(&mut self, one: &Side, other: &Side, shared: &Shared, who: &Who) {
        use Feature as F;
        let covered = (shared.all[0] / one.all_sum).max(shared.all[1] / other.all_sum);
        let high = (covered - 0.45).max(0.0);
        self.set(F::contained_high, (self.value(F::contained_max) - 0.6).max(0.0));
        self.set(F::covered_all, covered);
        self.set(F::covered_high, high);
        self.set(F::covered_and_rare, high * self.value(F::rare_all));
        self.set(F::covered_and_name, high * who.names.min(2.0));
    }

    fn near(&mut self, [one, other]: [&Side; 2], shared: &Shared, who: &Who, time: Time) {
        use Feature as F;
        let near = (-time.gap).exp();
        self.set(F::rare_near, shared.idf(0) / 10.0 * near);
        self.set(F::name_near, self.value(F::name_rare) / 10.0 * near);
        self.set(F::cosine_near, shared.cosine_headline * near);
        self.set(F::cosine_high, (shared.cosine_headline - 0.4).max(0.0));
        let talks_shop =
            |side: &Side| side.has(flag::MARKET | flag::RESULTS) && !side.has(flag::ANALYST | flag::PREVIEW);
        let is_one_day = who.subject && talks_shop(one) && talks_shop(other) && time.gap < 1.6;
        let is_one_sector = one.is_sector_move() == other.is_sector_move();
        self.yes(F::lane_day, is_one_day && is_one_sector);
        self.yes(F::lane_day_conflict, is_one_day && one.direction * other.direction < 0);
        let subject = f32::from(u8::from(who.subject));
        self.set(F::subject_near, subject * near);
        self.set(F::subject_rare_near, subject * near * shared.idf(0) / 10.0);
        self.set(F::local_rarest, shared.local[0]);
        self.set(F::local_second, shared.local[1]);
        self.set(F::local_sum, shared.local[2].ln_1p());
        self.set(F::burst, shared.burst.ln_1p());
    }

    fn together(&mut self, shared: &Shared, who: &Who, numbers: &Numbers, time: Time) {
        use Feature as F;
        let is_named = f32::from(u8::from(who.names > 0.0));
        let [_, rare_headline, rare_all] = shared.rare.map(f32::from);
        self.set(F::cosine_and_name, shared.cosine_headline * is_named);
        self.set(F::cosine_and_event, shared.cosine_headline * who.events);
        self.set(F::name_and_rare, who.names.min(2.0) * rare_headline.min(3.0));
        self.set(F::name_and_event, who.names.min(2.0) * who.events);
        self.set(F::rare_and_event, rare_all.min(3.0) * who.events);
        self.set(F::money_and_name, numbers.money.0.min(1.0) * is_named);
        let subject = f32::from(u8::from(who.subject));
        self.set(F::subject_event_day, if time.same_day { subject * who.events } else { 0.0 });
        self.set(F::subject_event_rare, if rare_headline > 0.0 && who.events > 0.0 { subject } else { 0.0 });
        self.set(F::summary_and_name, shared.cosine_summary * is_named);
    }
}

/// Days between two entries; where only a day is known, nearness is given the benefit of the doubt.
pub(super) fn gap_days(one: &Side, other: &Side) -> f32 {
    gap(one, other.at, other.bits)
}

/// The same to an entry that is not spread out yet.
pub(super) fn gap_to(one: &Side, other: &Record) -> f32 {
    gap(one, days(other.at), other.bits)
}

#[expect(clippy::cast_possible_truncation, reason = "a gap of days needs no more than a float")]
fn gap(one: &Side, at: f64, bits: u8) -> f32 {
    let gap = (one.at - at).abs() as f32;
    let is_vague = (one.bits | bits) & bit::DAY_ONLY != 0;
    if is_vague { (gap - 0.4).max(0.0) } else { gap }
}

/// Pairs of neighbouring headline words that both have: their idf summed up, and that of the best pair.
fn word_pairs(one: &Side, other: &Side) -> (f32, f32) {
    let shared = other
        .pairs
        .iter()
        .filter(|(first, second, _)| one.pairs.iter().any(|(a, b, _)| a == first && b == second));
    shared.fold((0.0, 0.0_f32), |(sum, best), (_, _, idf)| (sum + idf, best.max(*idf)))
}

fn same(one: Option<u32>, other: Option<u32>) -> bool {
    one.is_some() && one == other
}

#[expect(clippy::cast_precision_loss, reason = "counts of words are small")]
fn count(number: usize) -> f32 {
    number as f32
}

#[cfg(test)]
mod tests {
    use super::super::lexicon::lexicon;
    use super::*;

    #[test]
    fn event_bits_are_those_of_the_table() {
        for (bit, name) in [(EVENT_DEALS, "deals"), (EVENT_LAW, "law"), (EVENT_POLICY, "policy")] {
            let at = lexicon().event_names.iter().position(|known| known == name).unwrap();
            assert_eq!(bit, 1 << at, "{name}");
        }
    }
}
