//! A reading as numbers for the learned layer. Every feature has a name, which the table of weights uses.

use super::lexicon::{Counted, Lexicon};
use super::reading::{Place, Reading};
use super::rules::Evidence;

/// Classes of evidence.
const CLASSES: usize = Evidence::ALL.len();
/// A term of this weight is full evidence of its class.
const FULL_WEIGHT: f32 = 4.0;
/// The next weaker term adds this much less, so that ten names don't make a story.
const DIMINISH: f32 = 0.6;
/// What a body says after this many bytes is worth [`LATE`] as much.
const EARLY_BYTES: u32 = 260;
const LATE: f32 = 0.6;
/// A title whose terms sum to less has little to say about chips.
const LITTLE: f32 = 3.0;
/// From this part of full evidence on a class counts as being there.
const REAL: f32 = 0.35;

/// Features besides the classes and the frames, in order.
const WHOLES: [&str; 23] = [
    "title: sum",
    "title: sum squared",
    "title: kinds of evidence",
    "title: subject",
    "title: first place",
    "title: share of words",
    "title: hidden phrases",
    "title: little",
    "title: only a broad maker",
    "title: only a product",
    "title: short",
    "body: sum",
    "body: kinds of evidence",
    "body: first place",
    "body: there",
    "body: only here",
    "body: same kinds as the title",
    "aside: sum",
    "aside: only here",
    "publisher: chip press",
    "publisher: hardware press",
    "publisher: a maker or its press wire",
    "feed: share of relevant entries",
];

/// The prefix of contexts that are features by themselves.
const FRAME: &str = "frame-";

/// Which feature stands where.
#[derive(Debug)]
pub(super) struct Layout {
    /// The features' names.
    pub names: Vec<String>,
    /// Bits of the contexts that are features.
    frames: Vec<u8>,
    chip_press: u128,
    hardware_press: u128,
    makers: u128,
    /// The place of the first frame among the features.
    pub first_frame: usize,
}

impl Layout {
    /// The features that `lexicon` gives.
    pub(super) fn new(lexicon: &Lexicon) -> Self {
        let mut names: Vec<String> = WHOLES.iter().map(|name| (*name).to_owned()).collect();
        names.extend(Evidence::ALL.iter().map(|class| format!("title: {class}")));
        names.extend(Evidence::ALL.iter().map(|class| format!("body: {class}")));
        let (mut frames, first_frame) = (Vec::new(), names.len());
        for (bit, name) in (0_u8..).zip(&lexicon.contexts) {
            if let Some(frame) = name.strip_prefix(FRAME) {
                names.push(format!("title frame: {frame}"));
                names.push(format!("body frame: {frame}"));
                names.push(format!("title frame without a subject: {frame}"));
                frames.push(bit);
            }
        }
        let mask = |name| lexicon.context(name).map_or(0, |bit| 1_u128 << bit);
        Self {
            names,
            frames,
            chip_press: mask("press-chips"),
            hardware_press: mask("press-hardware"),
            makers: mask("press-vendor") | mask("press-release-wire"),
            first_frame,
        }
    }

    /// The features of a reading, in the order of `names`. `relevant_share` is the feed's history.
    pub(super) fn features(&self, reading: &Reading, relevant_share: Option<f32>) -> Vec<f32> {
        let mut features = Vec::with_capacity(self.names.len());
        let fields = Fields::of(reading);
        let flag = |claim: bool| f32::from(u8::from(claim));
        let title = &fields.title;
        let body = &fields.body;
        let sum = title.sum();
        let seen = reading.publisher_contexts;
        features.extend([
            (sum / 8.0).min(1.0),
            (sum / 8.0).min(1.0).powi(2),
            count(title.kinds()) / 4.0,
            flag(title.first_word <= 1 && title.has(&SUBJECTS)),
            title.earliness(),
            (title.covered_words / count(reading.title_words.max(1))).min(1.0),
            count(usize::try_from(reading.hidden.min(2)).unwrap_or(0)) / 2.0,
            (1.0 - sum / LITTLE).max(0.0),
            flag(title.kinds() == 1 && title.has(&[Evidence::Broad])),
            flag(title.kinds() >= 1 && !title.has(&NOT_PRODUCTS)),
            flag(reading.title_words <= 5),
            (body.sum() / 8.0).min(1.0),
            count(body.kinds()) / 5.0,
            body.earliness(),
            flag(reading.body_words > 6),
            flag(sum == 0.0) * (body.sum() / 5.0).min(1.0),
            count(title.shared_kinds(body)) / 4.0,
            (fields.aside.sum() / 6.0).min(1.0),
            flag(sum == 0.0 && body.sum() == 0.0) * (fields.aside.sum() / 4.0).min(1.0),
            flag(seen & self.chip_press != 0),
            flag(seen & self.hardware_press != 0),
            flag(seen & self.makers != 0),
            relevant_share.map_or(0.0, share_as_evidence),
        ]);
        features.extend(title.best);
        features.extend(body.best);
        let has_subject = title.has(&SUBJECTS);
        for bit in &self.frames {
            let bit = 1_u128 << bit;
            let in_title = reading.title_contexts & bit != 0;
            features.push(flag(in_title));
            features.push(flag(reading.body_contexts & bit != 0));
            features.push(flag(in_title && !has_subject));
        }
        features
    }
}

/// Classes that make a headline about chips when they are its subject.
const SUBJECTS: [Evidence; 11] = [
    Evidence::Maker,
    Evidence::Field,
    Evidence::Chip,
    Evidence::Accelerator,
    Evidence::Memory,
    Evidence::Process,
    Evidence::Equipment,
    Evidence::Design,
    Evidence::Policy,
    Evidence::Power,
    Evidence::Photonics,
];
/// All classes but those of single products and devices.
const NOT_PRODUCTS: [Evidence; 15] = [
    Evidence::Maker,
    Evidence::Broad,
    Evidence::Person,
    Evidence::Field,
    Evidence::Chip,
    Evidence::Accelerator,
    Evidence::Memory,
    Evidence::Storage,
    Evidence::Process,
    Evidence::Equipment,
    Evidence::Design,
    Evidence::Policy,
    Evidence::Power,
    Evidence::Photonics,
    Evidence::Quantum,
];

/// A feed's share of relevant entries as log-odds, a few units at most.
fn share_as_evidence(share: f32) -> f32 {
    let share = share.clamp(0.02, 0.98);
    (share / (1.0 - share)).ln() / 4.0
}

fn count(number: usize) -> f32 {
    f32::from(u16::try_from(number).unwrap_or(u16::MAX))
}

/// What each field holds.
struct Fields {
    title: FieldSum,
    body: FieldSum,
    aside: FieldSum,
}

/// What one field holds.
struct FieldSum {
    /// The best term of each class, 0 to about 1.
    best: [f32; CLASSES],
    weights: Vec<f32>,
    first_word: u32,
    first_offset: Option<u32>,
    covered_words: f32,
}

impl Fields {
    fn of(reading: &Reading) -> Self {
        let empty = || FieldSum {
            best: [0.0; CLASSES],
            weights: Vec::new(),
            first_word: u32::MAX,
            first_offset: None,
            covered_words: 0.0,
        };
        let mut fields = Self { title: empty(), body: empty(), aside: empty() };
        for term in &reading.terms {
            let field = match reading.place(term.hit) {
                Place::Title => &mut fields.title,
                Place::Body => &mut fields.body,
                Place::Aside => &mut fields.aside,
                Place::Publisher => continue,
            };
            field.add(reading, term);
        }
        fields
    }
}

impl FieldSum {
    fn add(&mut self, reading: &Reading, term: &Counted) {
        let offset = reading.offset(term.hit);
        let words = reading.words(term.hit);
        let is_late = reading.place(term.hit) == Place::Body && offset > EARLY_BYTES;
        let weight = if is_late { term.weight * LATE } else { term.weight };
        if let Some(best) = self.best.get_mut(term.evidence as usize) {
            *best = best.max(weight / FULL_WEIGHT);
        }
        if self.first_offset.is_none_or(|first| offset < first) {
            self.first_offset = Some(offset);
            let start = usize::try_from(term.hit.start).unwrap_or(0);
            let field_start = start.saturating_sub(usize::try_from(offset).unwrap_or(0));
            let before = reading.text.lower.get(field_start..start).unwrap_or_default();
            self.first_word = u32::try_from(before.split_whitespace().count()).unwrap_or(u32::MAX);
        }
        self.covered_words += count(words.split_whitespace().count());
        self.weights.push(weight);
    }

    /// The sum of the weights, each next one worth less.
    fn sum(&self) -> f32 {
        let mut weights = self.weights.clone();
        weights.sort_unstable_by(|one, other| other.total_cmp(one));
        weights.iter().rev().fold(0.0, |sum, weight| weight + DIMINISH * sum)
    }

    fn kinds(&self) -> usize {
        self.best.iter().filter(|best| **best >= REAL).count()
    }

    fn has(&self, classes: &[Evidence]) -> bool {
        classes.iter().any(|class| self.best.get(*class as usize).is_some_and(|best| *best >= REAL))
    }

    fn shared_kinds(&self, other: &Self) -> usize {
        self.best.iter().zip(other.best).filter(|(one, other)| **one >= REAL && *other >= REAL).count()
    }

    /// 1 where the first term opens the field, 0 where it comes late or never.
    fn earliness(&self) -> f32 {
        if self.first_offset.is_none() {
            return 0.0;
        }
        1.0 / (1.0 + count(usize::try_from(self.first_word).unwrap_or(usize::MAX)) / 3.0)
    }
}
