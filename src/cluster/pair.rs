//! What speaks for and against two entries telling one story: some ninety numbers, each with the sign that it may have.

use super::lexicon::flag;
use super::numbers::{Fact, FactSort};
use super::side::{RARE, Side, SideWord, mark};

macro_rules! features {
    ($($name:ident $sign:literal,)+) => {
        /// A number that is computed of a pair.
        #[derive(Debug, Clone, Copy, PartialEq, Eq)]
        #[expect(non_camel_case_types, reason = "the names are those of the weight table")]
        pub(super) enum Feature { $($name,)+ }

        /// How many there are.
        pub(super) const FEATURES: usize = [$($sign),+].len();
        /// Their names, in order, and the sign that the weight of each may have: evidence never counts against, a
        /// conflict never for (0 is free).
        pub(super) const TABLE: [(&str, i8); FEATURES] = [$((stringify!($name), $sign)),+];
    };
}

features! {
    // Words.
    cosine_title 1, cosine_headline 1, cosine_all 1, cosine_summary 1, cosine_across 1, title_in_summary 1,
    rarest_1 1, rarest_2 1, rarest_3 1, shared_sum 1, contained_min 1, contained_max 1, rare_title 1, rare_headline 1, rare_all 1,
    pairs_of_words 1, best_pair 1, left_over -1, left_share -1, left_times_distance -1, same_title 1, same_link 1,
    // Who, what and where.
    names_jaccard 1, names_headline 1, names_all 1, name_first 1, name_rare 1, names_conflict -1, names_both_other -1, subject 1, subject_conflict -1,
    events 1, events_all 1, events_jaccard 1, events_conflict -1, place 1, place_conflict -1, law 1, policy 1, deal 1,
    // Numbers.
    money 1, money_conflict -1, percent 1, percent_conflict -1, model 1, model_conflict -1, unit 1, unit_conflict -1,
    quarter 1, quarter_conflict -1, number 1, number_conflict -1, conflicts_far -1,
    // Time.
    gap -1, gap_day -1, gap_3_days -1, same_day 1, same_session 1, same_hours 1,
    // Kinds of piece.
    market_both 0, market_one -1, sector_both 0, sector_one -1, direction 1, direction_conflict -1,
    opinion_one -1, opinion_both 0, question_one -1, digest_any -1, bargain_any -1, review_one -1, review_both 0, analyst_one -1, analyst_both 0,
    preview_one -1, filing_both -1, results_one -1, market_late -1, market_late_number -1,
    // Lanes: results with the company's own share move, sector moves of one session.
    lane_results 1, lane_own_move 1, lane_sector 1, lane_sector_conflict -1, lane_market 1,
    // Source and shape.
    same_publisher 0, same_owner 0, aggregator_any 0, shortest_title 0, length_ratio -1, summaries_both 0, summaries_none 0,
    // Together.
    cosine_and_name 1, cosine_and_event 1, name_and_rare 1, name_and_event 1, rare_and_event 1, money_and_name 1,
    subject_event_day 1, subject_event_rare 1, summary_and_name 1,
    // Near in time.
    rare_near 1, name_near 1, cosine_near 1, cosine_high 1, lane_day 1, lane_day_conflict -1, subject_near 1, subject_rare_near 1,
    // Against what is live now.
    local_rarest 1, local_second 1, local_sum 1, burst 1,
}

/// The numbers of a pair.
pub(super) type Values = [f32; FEATURES];

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
    values.near(one, other, &shared, &who, time);
    values.0
}

/// What is common in words.
struct Shared {
    cosine_title: f32,
    cosine_headline: f32,
    cosine_all: f32,
    cosine_summary: f32,
    /// Idf of the shared words of headlines and URLs, largest first.
    idfs: Vec<f32>,
    title_sum: f32,
    /// Weight of each headline that is anywhere in the other.
    one_covered: f32,
    other_covered: f32,
    across: [f32; 3],
    title_summary: [f32; 2],
    rare: [u8; 3],
    /// The two rarest shared words by what is live now, and the sum; see [`SideWord::local`].
    local: [f32; 3],
    burst: f32,
    places: u8,
    /// The heaviest headline word of each that the other lacks.
    left: [f32; 2],
}

impl Shared {
    fn of(one: &Side, other: &Side) -> Self {
        let mut this = Self {
            cosine_title: 0.0,
            cosine_headline: 0.0,
            cosine_all: 0.0,
            cosine_summary: 0.0,
            idfs: Vec::with_capacity(12),
            title_sum: 0.0,
            one_covered: 0.0,
            other_covered: 0.0,
            across: [0.0; 3],
            title_summary: [0.0; 2],
            rare: [0; 3],
            local: [0.0; 3],
            burst: 0.0,
            places: 0,
            left: [0.0; 2],
        };
        let mut covered = 0_u64;
        for theirs in &other.words {
            let index = one.by_id.get(&theirs.id).copied();
            let Some((at, ours)) = index.and_then(|at| Some((at, one.words.get(at)?))) else {
                this.left[1] = this.left[1].max(theirs.title);
                continue;
            };
            covered |= 1 << at.min(63);
            this.add(ours, theirs);
        }
        for (at, ours) in one.words.iter().enumerate() {
            if covered & (1 << at.min(63)) == 0 {
                this.left[0] = this.left[0].max(ours.title);
            }
        }
        this.cosine_title /= one.title_norm * other.title_norm;
        this.cosine_headline /= one.headline_norm * other.headline_norm;
        this.cosine_all /= one.all_norm * other.all_norm;
        this.cosine_summary /= one.summary_norm * other.summary_norm;
        this.across[0] /= one.title_norm * other.slug_norm;
        this.across[1] /= one.slug_norm * other.title_norm;
        this.across[2] /= one.slug_norm * other.slug_norm;
        this.title_summary[0] /= one.title_norm * other.summary_norm;
        this.title_summary[1] /= one.summary_norm * other.title_norm;
        this.idfs.sort_unstable_by(|a, b| b.total_cmp(a));
        this
    }

    fn add(&mut self, ours: &SideWord, theirs: &SideWord) {
        let idf = theirs.term.idf;
        self.cosine_title += ours.title * theirs.title;
        self.cosine_headline += ours.headline * theirs.headline;
        self.cosine_all += ours.all * theirs.all;
        self.cosine_summary += ours.summary * theirs.summary;
        self.across[0] += ours.title * theirs.slug;
        self.across[1] += ours.slug * theirs.title;
        self.across[2] += ours.slug * theirs.slug;
        self.title_summary[0] += ours.title * theirs.summary;
        self.title_summary[1] += ours.summary * theirs.title;
        self.one_covered += ours.title;
        self.other_covered += theirs.title;
        if ours.title > 0.0 && theirs.title > 0.0 {
            self.title_sum += ours.title;
            self.places += u8::from(theirs.term.sense.is_place);
        }
        let both_headline = ours.is_headline() && theirs.is_headline();
        if both_headline {
            self.idfs.push(idf);
            let local = theirs.local;
            if local > self.local[0] {
                self.local = [local, self.local[0], self.local[2]];
            } else if local > self.local[1] {
                self.local[1] = local;
            }
            self.local[2] += local;
            self.burst += (theirs.local_only - 1.5).max(0.0) * (idf / 5.0).min(1.0);
        }
        if idf > RARE && theirs.marks & mark::NUMBER == 0 {
            self.rare[0] += u8::from(ours.title > 0.0 && theirs.title > 0.0);
            self.rare[1] += u8::from(both_headline);
            self.rare[2] += u8::from(ours.is_headline() || theirs.is_headline());
        }
    }

    fn idf(&self, rank: usize) -> f32 {
        self.idfs.get(rank).copied().unwrap_or(0.0)
    }
}

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

    fn near(&mut self, one: &Side, other: &Side, shared: &Shared, who: &Who, time: Time) {
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

/// Bits of event classes, by their place in `config/story-words.toml`; a test holds them to it.
const EVENT_DEALS: u32 = 1 << 6;
const EVENT_LAW: u32 = 1 << 10;
const EVENT_POLICY: u32 = 1 << 19;

/// Numbers of one sort that agree (how many), and whether both state some and none agree.
type Agreement = (f32, bool);

struct Numbers {
    money: Agreement,
    percent: Agreement,
    model: Agreement,
    unit: Agreement,
    quarter: Agreement,
    number: Agreement,
}

impl Numbers {
    fn of(one: &Side, other: &Side) -> Self {
        let is_named_model = |sort: FactSort| sort.is_model() || sort == FactSort::NAME;
        Self {
            money: agreement(one, other, |sort| sort == FactSort::MONEY),
            percent: agreement(one, other, |sort| sort == FactSort::PERCENT || sort == FactSort::TIMES),
            model: agreement(one, other, is_named_model),
            unit: agreement(one, other, FactSort::is_unit),
            quarter: agreement(one, other, |sort| sort == FactSort::QUARTER),
            number: agreement(one, other, |sort| sort == FactSort::NUMBER),
        }
    }

    fn conflicts(&self) -> f32 {
        let all = [self.money.1, self.percent.1, self.model.1, self.unit.1, self.quarter.1, self.number.1];
        count(all.into_iter().filter(|is| *is).count()).min(4.0)
    }
}

/// Compares the numbers of some sorts: agreement anywhere counts, conflict is between headlines alone (a summary
/// states many numbers).
fn agreement(one: &Side, other: &Side, wanted: impl Fn(FactSort) -> bool) -> Agreement {
    let of = |side: &Side, most: usize| -> Vec<Fact> {
        side.facts.iter().take(most).filter(|fact| wanted(fact.sort)).copied().collect()
    };
    let (ours, theirs) = (of(one, usize::MAX), of(other, usize::MAX));
    if ours.is_empty() || theirs.is_empty() {
        return (0.0, false);
    }
    let agreed = ours.iter().filter(|fact| theirs.iter().any(|other| agree(**fact, *other))).count();
    let (our_title, their_title) = (of(one, one.title_facts), of(other, other.title_facts));
    let is_conflict = agreed == 0
        && our_title.iter().any(|fact| {
            fact.sort != FactSort::NAME && their_title.iter().any(|other| other.sort == fact.sort)
        });
    (count(agreed), is_conflict)
}

/// The same number, up to rounding and rates of exchange; names and quarters exactly.
fn agree(one: Fact, other: Fact) -> bool {
    if one.sort != other.sort {
        return false;
    }
    let is_exact = one.sort.is_model() || one.sort == FactSort::NAME || one.sort == FactSort::QUARTER;
    let tolerance = if is_exact {
        0.0
    } else if one.sort == FactSort::MONEY {
        0.045
    } else {
        0.03
    };
    (one.value - other.value).abs() <= tolerance * one.value.abs().max(other.value.abs())
}

/// Days between two entries; where only a day is known, nearness is given the benefit of the doubt.
#[expect(clippy::cast_possible_truncation, reason = "a gap of days needs no more than a float")]
pub(super) fn gap_days(one: &Side, other: &Side) -> f32 {
    let gap = (one.at - other.at).abs() as f32;
    let is_vague = (one.bits | other.bits) & super::shelf::bit::DAY_ONLY != 0;
    if is_vague { (gap - 0.4).max(0.0) } else { gap }
}

/// Pairs of neighbouring headline words that both have: their idf summed up, and that of the best pair.
fn word_pairs(one: &Side, other: &Side) -> (f32, f32) {
    let pairs = |side: &Side| -> Vec<(u32, u32, f32)> {
        let title: Vec<&SideWord> = side.words.iter().filter(|word| word.title > 0.0).collect();
        title
            .windows(2)
            .filter_map(|pair| match pair {
                [first, second] => Some((first.id, second.id, first.term.idf + second.term.idf)),
                _ => None,
            })
            .collect()
    };
    let ours = pairs(one);
    let shared = pairs(other)
        .into_iter()
        .filter(|(first, second, _)| ours.iter().any(|(a, b, _)| a == first && b == second));
    shared.fold((0.0, 0.0_f32), |(sum, best), (_, _, idf)| (sum + idf, best.max(idf)))
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
