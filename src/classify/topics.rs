//! Which topics an entry is about: not all that it names.

use super::lexicon::{self, Hit, Lexicon, Role};
use super::reading::{Place, Reading};
use super::rules::{RulesError, RulesFile, TopicRule};

/// A topic, for those who publish it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Topic {
    /// Part of URLs, for ever.
    pub slug: String,
    /// What readers see.
    pub name: String,
    /// One sentence; may be empty.
    pub about: String,
}

/// The topics, compiled.
#[derive(Debug)]
pub(super) struct Topics {
    /// In the order of the rules.
    pub list: Vec<Topic>,
    rules: Vec<Compiled>,
}

#[derive(Debug)]
struct Compiled {
    groups: Vec<u16>,
    needs: u128,
    unless: u128,
    summary: bool,
}

/// What a hit is worth, by place. A topic is the entry's from [`ENOUGH`] on.
const IN_TITLE: f32 = 1.0;
const EARLY_IN_BODY: f32 = 0.45;
const LATE_IN_BODY: f32 = 0.2;
const IN_ASIDE: f32 = 0.35;
/// A hint is worth this part of a term.
const HINT: f32 = 0.55;
/// Another hit of the same topic adds this part of what it is worth, up to [`MOST_MORE`] altogether.
const MORE: f32 = 0.5;
const MOST_MORE: f32 = 0.5;
const ENOUGH: f32 = 0.9;
/// In a body, this is early, in bytes.
const EARLY_BYTES: u32 = 160;
/// The most topics of one entry.
const MAX_TOPICS: usize = 8;

/// The words of all enabled topics, for the automaton: who has it, the term, its role, whether case counts.
pub(super) fn words(rules: &RulesFile) -> Vec<(String, String, Role, bool)> {
    let mut words = Vec::new();
    for (place, topic) in (0_u16..).zip(enabled(rules)) {
        let user = format!("topic {:?}", topic.slug);
        let lists = [
            (&topic.terms, Role::Topic(place), false),
            (&topic.cased_terms, Role::Topic(place), true),
            (&topic.hints, Role::Hint(place), false),
        ];
        for (list, role, case) in lists {
            words.extend(list.iter().flatten().map(|word| (user.clone(), word.clone(), role, case)));
        }
    }
    words
}

fn enabled(rules: &RulesFile) -> impl Iterator<Item = &TopicRule> {
    rules.topic.iter().filter(|topic| topic.enabled != Some(false))
}

impl Topics {
    /// Compiles the enabled topics.
    pub(super) fn new(rules: &RulesFile, lexicon: &Lexicon) -> Result<Self, RulesError> {
        let mut topics = Self { list: Vec::new(), rules: Vec::new() };
        for topic in enabled(rules) {
            check_slug(&topic.slug)?;
            let lists = [&topic.terms, &topic.cased_terms, &topic.hints, &topic.groups];
            if lists.iter().all(|list| list.as_ref().is_none_or(Vec::is_empty)) {
                return Err(RulesError::EmptyTopic { slug: topic.slug.clone() });
            }
            let user = format!("topic {:?}", topic.slug);
            let mut groups = Vec::new();
            for name in topic.groups.iter().flatten() {
                let place = lexicon.groups.iter().position(|group| group.name == *name).ok_or_else(|| {
                    let known = lexicon.groups.iter().map(|group| group.name.as_str());
                    lexicon::unknown(&user, "group of terms", name, known)
                })?;
                groups.push(u16::try_from(place).unwrap_or(u16::MAX));
            }
            topics.rules.push(Compiled {
                groups,
                needs: lexicon::bits(&user, topic.needs.as_deref(), &lexicon.contexts)?,
                unless: lexicon::bits(&user, topic.unless.as_deref(), &lexicon.contexts)?,
                summary: topic.summary == Some(true),
            });
            topics.list.push(Topic {
                slug: topic.slug.clone(),
                name: topic.name.clone().unwrap_or_else(|| topic.slug.clone()),
                about: topic.about.clone().unwrap_or_default(),
            });
        }
        lexicon::too_many("topics", topics.list.len(), usize::from(u16::MAX))?;
        Ok(topics)
    }

    /// The slugs of the topics that the entry is about, the strongest first.
    pub(super) fn of(&self, reading: &Reading, lexicon: &Lexicon) -> Vec<String> {
        let is_of_topic = |hit: &Hit| matches!(hit.role, Role::Topic(_) | Role::Hint(_));
        if reading.terms.is_empty() && !reading.hits.iter().any(is_of_topic) {
            return Vec::new();
        }
        let mut sums: Vec<Sum> = vec![Sum::default(); self.rules.len()];
        for hit in &reading.hits {
            let (place, part) = match hit.role {
                Role::Topic(place) => (place, 1.0),
                Role::Hint(place) => (place, HINT),
                Role::Term(_) | Role::Context(_) => continue,
            };
            if let Some(sum) = sums.get_mut(usize::from(place))
                && !lexicon.is_hidden(&reading.hits, *hit)
            {
                sum.add(reading, *hit, part, self.rules.get(usize::from(place)));
            }
        }
        for (sum, rule) in sums.iter_mut().zip(&self.rules).filter(|(_, rule)| !rule.groups.is_empty()) {
            for term in reading.terms.iter().filter(|term| rule.groups.contains(&term.group)) {
                sum.add(reading, term.hit, 1.0, Some(rule));
            }
        }
        let contexts = reading.contexts() | reading.publisher_contexts;
        let mut found: Vec<_> = sums
            .iter()
            .zip(&self.rules)
            .zip(&self.list)
            .filter(|((sum, rule), _)| {
                sum.total() >= ENOUGH
                    && (rule.needs == 0 || rule.needs & contexts != 0)
                    && rule.unless & contexts == 0
            })
            .map(|((sum, _), topic)| (sum.total(), topic))
            .collect();
        found.sort_by(|(one, _), (other, _)| other.total_cmp(one));
        found.into_iter().take(MAX_TOPICS).map(|(_, topic)| topic.slug.clone()).collect()
    }
}

/// The evidence for one topic.
#[derive(Debug, Clone, Default)]
struct Sum {
    best: f32,
    more: f32,
    last: Option<(u32, u32)>,
}

impl Sum {
    fn add(&mut self, reading: &Reading, hit: Hit, part: f32, rule: Option<&Compiled>) {
        // "hbm" and "hbm4" at one place are one hit.
        if self.last.is_some_and(|(start, end)| hit.start >= start && hit.end <= end) {
            return;
        }
        self.last = Some((hit.start, hit.end));
        let worth = match reading.place(hit) {
            Place::Title => IN_TITLE,
            Place::Body if rule.is_some_and(|rule| rule.summary) => IN_TITLE,
            Place::Body if reading.offset(hit) < EARLY_BYTES => EARLY_IN_BODY,
            Place::Body => LATE_IN_BODY,
            Place::Aside => IN_ASIDE,
            Place::Publisher => 0.0,
        };
        let worth = worth * part;
        let (best, rest) = if worth > self.best { (worth, self.best) } else { (self.best, worth) };
        self.best = best;
        self.more = (self.more + rest * MORE).min(MOST_MORE);
    }

    fn total(&self) -> f32 {
        self.best + self.more
    }
}

fn check_slug(slug: &str) -> Result<(), RulesError> {
    let is_plain =
        slug.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-');
    let has_hyphens_inside = !slug.starts_with('-') && !slug.ends_with('-') && !slug.contains("--");
    if is_plain && has_hyphens_inside && (1..=64).contains(&slug.len()) {
        Ok(())
    } else {
        Err(RulesError::Slug { slug: slug.to_owned() })
    }
}
