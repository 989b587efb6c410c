//! Why two entries are together, or not, in numbers that can be replayed and in words.

use crate::model::EntryId;

use super::engine::Engine;
use super::meanings::meaning;
use super::model::tempering;
use super::pair::{TABLE, Values, compare};
use super::side::Side;

/// Why two entries are together or not.
#[derive(Debug, Clone, PartialEq)]
pub struct Explanation {
    /// They are in one story.
    pub together: bool,
    /// Identity that decides without any score.
    pub identity: Option<String>,
    /// The chance that they tell one story: `factor / (1 + exp(-(bias + Σ value × weight)))`.
    pub score: f32,
    /// From this score of an entry against a whole story on it joins.
    pub threshold: f32,
    /// The scorer's constant.
    pub bias: f32,
    /// What the rules temper the chance by.
    pub factor: f32,
    /// The rule that does.
    pub rule: Option<String>,
    /// All that was not zero, strongest first.
    pub parts: Vec<Part>,
    /// Words that both have, rarest first.
    pub shared_words: Vec<String>,
}

/// One number of a comparison.
#[derive(Debug, Clone, PartialEq)]
pub struct Part {
    /// What it measures.
    pub name: &'static str,
    /// How much of it there is.
    pub value: f32,
    /// How much it counts, in log-odds.
    pub weight: f32,
}

impl Part {
    /// What it measures, in words for people.
    pub fn meaning(&self) -> &'static str {
        meaning(self.name)
    }

    /// What it adds to (or takes from) the evidence, in log-odds.
    pub fn contribution(&self) -> f32 {
        self.value * self.weight
    }
}

impl Engine {
    /// Why two entries are together, or not; `None` where one of them has left the window.
    pub fn explain(&self, one: EntryId, other: EntryId) -> Option<Explanation> {
        let (ours, theirs) = (self.number(one)?, self.number(other)?);
        let mut sides = [Side::default(), Side::default()];
        let [first, second] = &mut sides;
        first.read(ours, &self.shelf, &self.dictionary);
        first.index();
        second.read(theirs, &self.shelf, &self.dictionary);
        let values = compare(first, second);
        let (factor, rule) = tempering(first, second, &values);
        let shared = shared_ids(first, second, 12);
        let shared =
            shared.into_iter().filter_map(|id| self.dictionary.word(id).map(str::to_owned)).collect();
        Some(Explanation {
            together: self.story_of(ours) == self.story_of(theirs),
            identity: self.identity(ours, theirs),
            score: self.model.chance(&values) * factor,
            threshold: self.model.fold,
            bias: self.model.bias,
            factor,
            rule: rule.map(str::to_owned),
            parts: self.parts(&values),
            shared_words: shared,
        })
    }

    fn identity(&self, ours: u32, theirs: u32) -> Option<String> {
        let (one, other) = (self.shelf.get(ours)?, self.shelf.get(theirs)?);
        let told = [
            (self.is_one_link(ours, theirs), "the same link"),
            (self.names_as_source(ours, theirs), "the first names the second as its source"),
            (self.names_as_source(theirs, ours), "the second names the first as its source"),
            (one.title_key != 0 && one.title_key == other.title_key, "the same headline"),
        ];
        told.into_iter().find(|(holds, _)| *holds).map(|(_, words)| words.to_owned())
    }

    fn parts(&self, values: &Values) -> Vec<Part> {
        let all = TABLE.iter().zip(values).zip(&self.model.weights);
        let mut parts: Vec<Part> = all
            .map(|(((name, _), value), weight)| Part { name, value: *value, weight: *weight })
            .filter(|part| part.contribution() != 0.0)
            .collect();
        parts.sort_by(|one, other| other.contribution().abs().total_cmp(&one.contribution().abs()));
        parts
    }
}

/// Ids of the words that both have, rarest first.
fn shared_ids(one: &Side, other: &Side, most: usize) -> Vec<u32> {
    let both = other.words.iter().filter(|word| one.word(word.id).is_some());
    let mut shared: Vec<(f32, u32)> = both.map(|word| (word.term.idf, word.id)).collect();
    shared.sort_by(|a, b| b.0.total_cmp(&a.0).then(a.1.cmp(&b.1)));
    shared.into_iter().take(most).map(|(_, id)| id).collect()
}
