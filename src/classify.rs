//! Is an entry about chips, which topics, what kind of piece, and on what evidence.
//!
//! Rules that a person can read (`config/topics.toml`) find terms and settle what is ambiguous; a small
//! learned layer (`config/relevance-weights.toml`) weighs what was found. docs/relevance.md says how well.
//! Pure: no clock, no files; what is not here: stories, publication, and the threshold's configuration.
//!
//! Reading order: `rules` (what a person writes) → `notation`, `lexicon` (compiled) → `clean`, `prepare`,
//! `reading` (an entry read) → `features`, `learned` (the score and the kind) → `topics`, `kinds`.

mod clean;
mod features;
mod kinds;
mod language;
mod learned;
mod lexicon;
mod lines;
mod notation;
mod prepare;
mod reading;
mod rules;
mod topics;
mod trie;

pub use learned::KINDS;
pub use lines::{entry, line};
pub use rules::{ContextRule, Evidence, RulesError, RulesFile, TermGroup, TopicRule};
pub use topics::Topic;

use crate::model::{Entry, Field, Reason, Verdict};
use features::Layout;
use kinds::Kinds;
use learned::Weights;
use lexicon::Lexicon;
use reading::Reading;
use topics::Topics;

/// The score from which an entry is relevant, where the configuration says nothing; set on the open labelled
/// data (docs/relevance.md).
pub const DEFAULT_THRESHOLD: f32 = 0.42;
/// From this score on an entry is about chips and not only touches them (docs/relevance.md).
const ABOUT_CHIPS: f32 = 0.75;
/// The most reasons of a verdict.
const MAX_REASONS: usize = 8;
/// Reasons weaker than this, in log-odds, are left out.
const WEAK_REASON: f32 = 0.1;

/// The rules and weights, ready to judge. Cheap to share, never changed.
#[derive(Debug)]
pub struct Classifier {
    lexicon: Lexicon,
    topics: Topics,
    kinds: Kinds,
    layout: Layout,
    weights: Weights,
    threshold: f32,
}

/// What is known of the feed that brought an entry.
#[derive(Debug, Clone, Copy, Default)]
pub struct FeedContext<'a> {
    /// The publisher's name.
    pub publisher: &'a str,
    /// The feed's category: `news`, `vendor`, …
    pub category: &'a str,
    /// Of the feed's own entries so far, the share that was relevant; none where it is new.
    pub relevant_share: Option<f32>,
}

impl Classifier {
    /// Compiles `rules`. An entry is relevant from a score of `threshold` on.
    pub fn new(rules: &RulesFile, threshold: f32) -> Result<Self, RulesError> {
        let rules = with_topic_terms(rules);
        let lexicon = Lexicon::new(&rules, &topics::words(&rules))?;
        let topics = Topics::new(&rules, &lexicon)?;
        let layout = Layout::new(&lexicon);
        let weights = Weights::builtin(&layout)?;
        Ok(Self { kinds: Kinds::new(&lexicon), lexicon, topics, layout, weights, threshold })
    }

    /// Judges one entry. The same entry, rules and context give the same verdict, always.
    pub fn judge(&self, entry: &Entry, context: &FeedContext<'_>) -> Verdict {
        let reading = Reading::of(entry, context, &self.lexicon);
        let features = self.layout.features(&reading, context.relevant_share);
        let judgement = self.weights.judge(&features, &reading.headline_words());
        let score = judgement.score();
        let mut topics = self.topics.of(&reading, &self.lexicon);
        if score >= ABOUT_CHIPS && !entry.content.is_empty() {
            let article = Reading::of_article(entry, &self.lexicon);
            self.topics.add_named(&mut topics, &article, &self.lexicon);
        }
        Verdict {
            relevant: score >= self.threshold,
            score,
            kind: self.kinds.of(&reading, &judgement, context),
            topics,
            reasons: self.reasons(&reading, &features),
        }
    }

    /// The enabled topics, in the order of the rules.
    pub fn topics(&self) -> &[Topic] {
        &self.topics.list
    }

    /// The names of the learned layer's features, for the training program.
    pub fn feature_names(&self) -> &[String] {
        &self.layout.names
    }

    /// The features of an entry, in the order of [`Self::feature_names`], and the words of its headline, for the
    /// training program.
    pub fn features(&self, entry: &Entry, context: &FeedContext<'_>) -> (Vec<f32>, Vec<String>) {
        let reading = Reading::of(entry, context, &self.lexicon);
        let words = reading.headline_words().into_iter().map(str::to_owned).collect();
        (self.layout.features(&reading, context.relevant_share), words)
    }

    /// The strongest evidence: each class's best term with what it adds, and the rules that weigh most.
    fn reasons(&self, reading: &Reading, features: &[f32]) -> Vec<Reason> {
        let mut reasons: Vec<Reason> = Vec::new();
        for term in &reading.terms {
            reasons.push(Reason {
                term: reading.words(term.hit).to_owned(),
                field: reading.field(term.hit),
                weight: term.weight,
            });
        }
        reasons.sort_by(|one, other| other.weight.total_cmp(&one.weight).then(one.field.cmp(&other.field)));
        reasons.dedup_by(|one, other| one.term.eq_ignore_ascii_case(&other.term) && one.field == other.field);
        reasons.truncate(MAX_REASONS - 2);
        let frames = self.layout.names.iter().zip(features).zip(&self.weights.features);
        for ((name, value), weight) in
            frames.skip(self.layout.first_frame).filter(|((_, value), _)| **value != 0.0)
        {
            let [touches, about, ..] = *weight;
            let adds = value * f32::midpoint(touches, about);
            if adds.abs() >= WEAK_REASON {
                let field = if name.starts_with("title") { Field::Title } else { Field::Summary };
                reasons.push(Reason { term: name.clone(), field, weight: adds });
            }
        }
        reasons.sort_by(|one, other| other.weight.abs().total_cmp(&one.weight.abs()));
        reasons.truncate(MAX_REASONS);
        reasons
    }
}

/// A topic with a weight is a group of terms, too.
fn with_topic_terms(rules: &RulesFile) -> RulesFile {
    let mut rules = rules.clone();
    let mut groups = Vec::new();
    for topic in rules.topic.iter().filter(|topic| topic.enabled != Some(false)) {
        let Some(weight) = topic.weight else { continue };
        for (words, case) in [(&topic.terms, false), (&topic.cased_terms, true)] {
            groups.push(TermGroup {
                group: format!("topic {}", topic.slug),
                evidence: Some(Evidence::Product),
                weight: Some(weight),
                words: words.clone(),
                case: Some(case),
                ..TermGroup::default()
            });
        }
    }
    rules.terms.extend(groups);
    rules
}

#[cfg(test)]
mod tests;
