//! A labelled week: its pairs to learn from, and how well a weight table tells its stories apart.

use serde::Deserialize;
use std::collections::{BTreeMap, BTreeSet};

use crate::model::{Kind, Verdict};

use super::super::agglomerate::Linkage;
use super::super::engine::{Engine, Settings};
use super::super::lines::Lines;
use super::super::publishers::Publishers;
use super::super::repair::{Scored, regroup};
use super::fit::{Sample, Weights};

/// A labelled line, beyond what the engine reads.
#[derive(Debug, Clone, Deserialize)]
struct Label {
    #[serde(default)]
    story: String,
    /// Whether an attentive reader may well decide otherwise.
    #[serde(default)]
    soft: bool,
    title: String,
}

#[derive(Debug, Deserialize)]
struct Identified {
    id: String,
}

/// Where to cut.
#[derive(Debug, Clone, Copy)]
pub struct Choice {
    /// Groups that score at least this join.
    pub fold: f32,
    /// What the best pair counts against the mean.
    pub best_share: f32,
}

/// A labelled week.
#[derive(Debug)]
pub struct Week {
    /// For tables.
    pub name: String,
    labels: Vec<Label>,
    engine: Engine,
    pairs: Vec<(u32, u32)>,
    samples: Vec<Sample>,
}

/// An error that the answers make.
#[derive(Debug, Clone)]
pub struct Failure {
    /// A wrong merge, else a miss.
    pub is_wrong_merge: bool,
    /// The chance that the scorer gives the pair; 0 where it was never compared.
    pub chance: f32,
    /// The two headlines.
    pub titles: [String; 2],
}

impl Week {
    /// Reads labelled lines, in their order.
    pub fn new(name: &str, lines: &[String], publishers: &Publishers) -> Result<Self, serde_json::Error> {
        let reader = Lines::new(Settings::default(), publishers.clone());
        let verdict =
            Verdict { relevant: true, score: 1.0, kind: Kind::News, topics: Vec::new(), reasons: Vec::new() };
        let mut engine = Engine::new(Settings::default());
        let mut labels = Vec::new();
        for line in lines {
            labels.push(serde_json::from_str::<Label>(line)?);
            engine.shelve(&reader.fingerprint(line, &verdict)?);
        }
        let numbers: Vec<u32> = (0..engine.shelf.next_number()).collect();
        let pairs = engine.pairs_among(&numbers);
        let mut this = Self { name: name.to_owned(), labels, engine, pairs, samples: Vec::new() };
        this.samples = this.learn();
        Ok(this)
    }

    /// Reads unlabelled lines of which some pairs are labelled, by the ids of their entries.
    pub fn of_pairs(
        name: &str,
        lines: &[String],
        labelled: &[(String, String, bool)],
        publishers: &Publishers,
    ) -> Result<Self, serde_json::Error> {
        let mut week = Self::new(name, lines, publishers)?;
        let mut places: BTreeMap<String, u32> = BTreeMap::new();
        for (line, at) in lines.iter().zip(0_u32..) {
            places.insert(serde_json::from_str::<Identified>(line)?.id, at);
        }
        let found = labelled.iter().filter_map(|(one, other, is_same)| {
            let (one, other) = (*places.get(one)?, *places.get(other)?);
            Some(((one.min(other), one.max(other)), *is_same))
        });
        let (pairs, answers): (Vec<(u32, u32)>, Vec<bool>) = found.unzip();
        let compared = week.engine.compare_all(&pairs);
        let samples = compared.into_iter().zip(answers);
        week.samples = samples.map(|(values, is_same)| Sample { values, is_same, weight: 1.0 }).collect();
        week.pairs = pairs;
        Ok(week)
    }

    /// Pairs with their labels. Those of a large story weigh less, so that it does not teach alone.
    fn learn(&self) -> Vec<Sample> {
        let mut sizes: BTreeMap<&str, f64> = BTreeMap::new();
        for label in &self.labels {
            *sizes.entry(&label.story).or_default() += 1.0;
        }
        let compared = self.engine.compare_all(&self.pairs);
        let samples = self.pairs.iter().zip(compared).filter_map(|((one, other), values)| {
            let (one, other) = (self.labels.get(*one as usize)?, self.labels.get(*other as usize)?);
            let is_same = one.story == other.story;
            let size = sizes.get(one.story.as_str()).copied().unwrap_or(1.0);
            let is_soft = is_same && (one.soft || other.soft);
            let weight = if is_same { 2.0 / size.max(2.0) } else { 1.0 } * if is_soft { 0.5 } else { 1.0 };
            Some(Sample { values, is_same, weight })
        });
        samples.collect()
    }

    pub(super) fn samples(&self) -> impl Iterator<Item = &Sample> {
        self.samples.iter()
    }

    /// How many pairs of one story are compared at all, of how many there are.
    pub fn reach(&self) -> (usize, usize) {
        let gold = pairs_of(&self.gold());
        (self.samples.iter().filter(|sample| sample.is_same).count(), gold.len())
    }

    fn gold(&self) -> Vec<String> {
        self.labels.iter().map(|label| label.story.clone()).collect()
    }

    fn scored(&self, weights: &Weights) -> Vec<Scored> {
        let engine = &self.engine;
        let all = self.pairs.iter().zip(&self.samples);
        all.map(|((one, other), sample)| {
            engine.scored(*one, *other, weights.0.chance(&sample.values), &sample.values)
        })
        .collect()
    }

    /// The story of each entry, with these weights.
    pub fn answer(&self, weights: &Weights, choice: Choice) -> Vec<usize> {
        let linkage = Linkage { fold: choice.fold, best_share: choice.best_share, most: 40 };
        let numbers: Vec<u32> = (0..self.engine.shelf.next_number()).collect();
        regroup(&self.engine, &numbers, &self.scored(weights), linkage)
    }

    /// How well the answers fit the labels.
    pub fn judge(&self, answer: &[usize]) -> Figures {
        let gold = self.gold();
        let (right, given) = (pairs_of(&gold), pairs_of(answer));
        let largest = largest(&gold);
        let is_counted = |pair: &&(usize, usize)| {
            !(gold.get(pair.0).is_some_and(|story| *story == largest)
                && gold.get(pair.1).is_some_and(|story| *story == largest))
        };
        let mut figures = Figures {
            items: gold.len(),
            right: right.intersection(&given).filter(is_counted).count(),
            given: given.iter().filter(is_counted).count(),
            gold: right.iter().filter(is_counted).count(),
            wrong: given.difference(&right).count(),
            ..Figures::default()
        };
        figures.count_shown(&gold, answer);
        figures
    }

    /// Every pair that is compared, as places of its entries, with its chance.
    pub fn chances(&self, weights: &Weights) -> Vec<(usize, usize, f32)> {
        self.scored(weights)
            .into_iter()
            .map(|scored| (scored.key().0, scored.key().1, scored.chance))
            .collect()
    }

    /// The errors of the answers, those that the scorer was surest of first.
    pub fn failures(&self, weights: &Weights, answer: &[usize]) -> Vec<Failure> {
        let chances: BTreeMap<(usize, usize), f32> =
            self.scored(weights).into_iter().map(|scored| (scored.key(), scored.chance)).collect();
        let (right, given) = (pairs_of(&self.gold()), pairs_of(answer));
        let title = |at: usize| self.labels.get(at).map(|label| label.title.clone()).unwrap_or_default();
        let mut failures: Vec<Failure> = right
            .symmetric_difference(&given)
            .map(|pair| Failure {
                is_wrong_merge: given.contains(pair),
                chance: chances.get(pair).copied().unwrap_or(0.0),
                titles: [title(pair.0), title(pair.1)],
            })
            .collect();
        failures.sort_by(|one, other| {
            one.is_wrong_merge.cmp(&other.is_wrong_merge).reverse().then(other.chance.total_cmp(&one.chance))
        });
        failures
    }
}

/// Counts behind the figures of `score.py`; those of several weeks add up.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct Figures {
    items: usize,
    /// Pairs without the largest story: right ones, given ones, those that there are.
    right: usize,
    given: usize,
    gold: usize,
    wrong: usize,
    precision_sum: f64,
    recall_sum: f64,
    foldable: usize,
    shown: usize,
}

impl Figures {
    fn count_shown(&mut self, gold: &[String], answer: &[usize]) {
        let mut of_gold: BTreeMap<&str, Vec<usize>> = BTreeMap::new();
        let mut of_answer: BTreeMap<usize, Vec<usize>> = BTreeMap::new();
        for (at, (story, given)) in gold.iter().zip(answer).enumerate() {
            of_gold.entry(story).or_default().push(at);
            of_answer.entry(*given).or_default().push(at);
        }
        for (story, given) in gold.iter().zip(answer) {
            let (ours, theirs) = (of_gold.get(story.as_str()), of_answer.get(given));
            let (Some(ours), Some(theirs)) = (ours, theirs) else { continue };
            let both = number(ours.iter().filter(|at| theirs.contains(at)).count());
            self.precision_sum += both / number(theirs.len());
            self.recall_sum += both / number(ours.len());
        }
        for entries in of_gold.values() {
            self.foldable += entries.len() - 1;
            let shown: BTreeSet<usize> = entries.iter().filter_map(|at| answer.get(*at).copied()).collect();
            self.shown += shown.len() - 1;
        }
    }

    /// Adds another week's.
    #[must_use]
    pub fn and(self, other: Self) -> Self {
        Self {
            items: self.items + other.items,
            right: self.right + other.right,
            given: self.given + other.given,
            gold: self.gold + other.gold,
            wrong: self.wrong + other.wrong,
            precision_sum: self.precision_sum + other.precision_sum,
            recall_sum: self.recall_sum + other.recall_sum,
            foldable: self.foldable + other.foldable,
            shown: self.shown + other.shown,
        }
    }

    /// Pair precision without the largest story.
    pub fn precision(&self) -> f64 {
        if self.given == 0 { 1.0 } else { number(self.right) / number(self.given) }
    }

    /// Pair recall without the largest story.
    pub fn recall(&self) -> f64 {
        if self.gold == 0 { 1.0 } else { number(self.right) / number(self.gold) }
    }

    /// `BCubed` F1.
    pub fn bcubed(&self) -> f64 {
        let (precision, recall) =
            (self.precision_sum / number(self.items), self.recall_sum / number(self.items));
        2.0 * precision * recall / (precision + recall)
    }

    /// Wrong merges per 1,000 items.
    pub fn wrong_merges(&self) -> f64 {
        1000.0 * number(self.wrong) / number(self.items)
    }

    /// The share shown twice of what could have been folded.
    pub fn shown_twice(&self) -> f64 {
        number(self.shown) / number(self.foldable)
    }

    /// One line for a table.
    pub fn line(&self) -> String {
        format!(
            "P {:.3} R {:.3} B3 {:.4} wrong {:5.1} twice {:.3}",
            self.precision(),
            self.recall(),
            self.bcubed(),
            self.wrong_merges(),
            self.shown_twice()
        )
    }
}

fn number(count: usize) -> f64 {
    f64::from(u32::try_from(count.max(1)).unwrap_or(u32::MAX)) * f64::from(u8::from(count > 0))
}

fn pairs_of<T: Ord>(labels: &[T]) -> BTreeSet<(usize, usize)> {
    let mut groups: BTreeMap<&T, Vec<usize>> = BTreeMap::new();
    for (at, label) in labels.iter().enumerate() {
        groups.entry(label).or_default().push(at);
    }
    let pairs = groups.values().flat_map(|group| {
        group.iter().enumerate().flat_map(|(at, one)| group.iter().skip(at + 1).map(|other| (*one, *other)))
    });
    pairs.collect()
}

/// The largest story; of several the first by name, which is rare enough not to matter.
fn largest(gold: &[String]) -> String {
    let mut sizes: BTreeMap<&String, usize> = BTreeMap::new();
    for story in gold {
        *sizes.entry(story).or_default() += 1;
    }
    sizes.into_iter().max_by_key(|(_, size)| *size).map(|(story, _)| story.clone()).unwrap_or_default()
}
