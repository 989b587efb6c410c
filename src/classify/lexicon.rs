//! All words of the rules, and what a text holds of them.
//!
//! One pass over the text finds terms, contexts and topic terms alike. Then the longest term wins ("potato
//! chip" hides "chip"), and the contexts decide on what is ambiguous.

use super::notation;
use super::prepare::Prepared;
use super::rules::{Evidence, RulesError, RulesFile, TermGroup};
use super::trie::Trie;
use aho_corasick::{AhoCorasick, AhoCorasickKind, MatchKind};
use std::collections::BTreeMap;

/// The most contexts: they are bits of a `u128`, and the first is built in.
pub(super) const MAX_CONTEXTS: usize = 128;
/// The context that stands for "an unambiguous term of chips is in the text".
pub(super) const CHIPS: &str = "chips";
/// From this weight on an unconditional term makes the context `chips`.
const UNAMBIGUOUS: f32 = 2.5;

/// The compiled rules.
#[derive(Debug)]
pub(super) struct Lexicon {
    /// Patterns that begin where a word begins.
    words: Trie,
    /// Patterns that may begin within a word ("*chip").
    inner: Inner,
    /// The same of groups with a language of their own, and all Chinese, Japanese and Korean ones: looked for
    /// only where the text may be in another language than English.
    foreign: Inner,
    /// The context of English's commonest words.
    english: Option<u8>,
    /// For each pattern its meanings.
    meanings: Vec<Vec<Meaning>>,
    /// The groups of terms.
    pub groups: Vec<Group>,
    /// The contexts' names; the place is the bit.
    pub contexts: Vec<String>,
}

/// A group of terms, compiled.
#[derive(Debug)]
pub(super) struct Group {
    /// Its name.
    pub name: String,
    /// None: it only hides what it holds.
    pub evidence: Option<Evidence>,
    weight: f32,
    otherwise: f32,
    needs: u128,
    unless: u128,
    language: Option<String>,
}

/// What a pattern is part of.
#[derive(Debug, Clone, PartialEq)]
struct Meaning {
    role: Role,
    cased: Option<Box<str>>,
    closed: bool,
    plural: bool,
}

/// What was found.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Role {
    /// A term of the group at this place.
    Term(u16),
    /// The context of this bit.
    Context(u8),
    /// A term of the topic at this place.
    Topic(u16),
    /// A hint of the topic at this place.
    Hint(u16),
}

/// Something found at a place of the prepared text.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Hit {
    /// First byte, the space before the word included.
    pub start: u32,
    /// The byte after the last.
    pub end: u32,
    /// What it is.
    pub role: Role,
}

/// A term that counts.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Counted {
    /// Where.
    pub hit: Hit,
    /// Place of its group.
    pub group: u16,
    /// Evidence of what.
    pub evidence: Evidence,
    /// What it is worth here.
    pub weight: f32,
}

impl Lexicon {
    /// Compiles the groups of terms and contexts of `rules`; `topic_words` are `(term, role, compare case)`.
    pub(super) fn new(
        rules: &RulesFile,
        topic_words: &[(String, String, Role, bool)],
    ) -> Result<Self, RulesError> {
        let mut contexts = vec![CHIPS.to_owned()];
        let enabled: Vec<_> = rules.context.iter().filter(|rule| rule.name != CHIPS).collect();
        contexts.extend(enabled.iter().map(|rule| rule.name.clone()));
        too_many("contexts", contexts.len(), MAX_CONTEXTS)?;
        too_many("groups of terms", rules.terms.len(), usize::from(u16::MAX))?;
        let mut builder = Builder::default();
        for (bit, rule) in (1_u8..).zip(&enabled) {
            if rule.enabled == Some(false) {
                continue;
            }
            let user = format!("context {:?}", rule.name);
            for word in rule.words.iter().flatten() {
                builder.add(&user, word, Role::Context(bit), (rule.case == Some(true), true))?;
            }
        }
        let mut groups = Vec::new();
        for (place, group) in (0_u16..).zip(&rules.terms) {
            groups.push(compile(group, &contexts)?);
            if group.enabled == Some(false) {
                continue;
            }
            let user = format!("terms {:?}", group.group);
            let flags = (group.case == Some(true), group.plural != Some(false));
            for word in group.words.iter().flatten() {
                builder.add(&user, word, Role::Term(place), flags)?;
            }
        }
        for (user, word, role, case) in topic_words {
            builder.add(user, word, *role, (*case, true))?;
        }
        let patterns = builder.patterns;
        let has_language = |role| match role {
            Role::Term(group) => {
                groups.get(usize::from(group)).is_some_and(|group: &Group| group.language.is_some())
            }
            _ => false,
        };
        let is_foreign = |text: &str, meanings: &[Meaning]| {
            !text.is_ascii() || meanings.iter().all(|meaning| has_language(meaning.role))
        };
        let inner = |foreign| {
            (0_u32..)
                .zip(&patterns)
                .filter(|(_, (text, _))| !text.starts_with(' '))
                .filter(move |(_, (text, meanings))| is_foreign(text, meanings) == foreign)
                .map(|(number, (text, _))| (text.as_str(), number))
        };
        let begin =
            |(number, text): (u32, &'_ str)| text.strip_prefix(' ').map(|text| (text.to_owned(), number));
        let words: Vec<_> = (0_u32..).zip(patterns.keys().map(String::as_str)).filter_map(begin).collect();
        Ok(Self {
            words: Trie::new(words.iter().map(|(text, number)| (text.as_str(), *number))),
            inner: Inner::new(inner(false))?,
            foreign: Inner::new(inner(true))?,
            english: contexts
                .iter()
                .position(|name| name == "language-en")
                .and_then(|bit| u8::try_from(bit).ok()),
            meanings: patterns.into_values().collect(),
            groups,
            contexts,
        })
    }

    /// Everything that the text holds, in no certain order.
    pub(super) fn scan(&self, text: &Prepared, found: &mut Vec<Hit>) {
        let lower = text.lower.as_bytes();
        for space in memchr::memchr_iter(b' ', lower) {
            self.words.at(lower, space + 1, |pattern, end| self.check(text, pattern, (space, end), found));
        }
        self.inner.scan(lower, |pattern, place| self.check(text, pattern, place, found));
        let is_english = |hit: &Hit| matches!(hit.role, Role::Context(bit) if Some(bit) == self.english);
        if !text.lower.is_ascii() || !found.iter().any(is_english) {
            self.foreign.scan(lower, |pattern, place| self.check(text, pattern, place, found));
        }
    }

    /// Adds what `pattern` means at `place`, where its ends and its case are right.
    fn check(&self, text: &Prepared, pattern: u32, place: (usize, usize), found: &mut Vec<Hit>) {
        let (start, pattern_end) = place;
        let lower = text.lower.as_bytes();
        let meanings = usize::try_from(pattern).ok().and_then(|pattern| self.meanings.get(pattern));
        for meaning in meanings.into_iter().flatten() {
            let mut end = pattern_end;
            if meaning.closed {
                match lower.get(end) {
                    Some(b' ') | None => {}
                    Some(b's') if meaning.plural && matches!(lower.get(end + 1), Some(b' ') | None) => {
                        end += 1;
                    }
                    Some(_) => continue,
                }
            } else {
                // The word that a term begins belongs to the hit: "processor*" reaches over "processors".
                end = word_end(lower, end);
            }
            if let Some(written) = &meaning.cased {
                let here = text.cased.as_bytes().get(start..pattern_end).unwrap_or_default();
                if here != written.as_bytes() && !is_capitals(here, written) {
                    continue;
                }
            }
            let (Ok(start), Ok(end)) = (u32::try_from(start), u32::try_from(end)) else { continue };
            found.push(Hit { start, end, role: meaning.role });
        }
    }

    /// The bit of a context, by name.
    pub(super) fn context(&self, name: &str) -> Option<u8> {
        self.contexts.iter().position(|known| known == name).and_then(|bit| u8::try_from(bit).ok())
    }

    /// Keeps of `hits` the terms that count, given the contexts in the text; `hits` must be sorted by start,
    /// longest first. Sets the bit of `chips` in `contexts`.
    pub(super) fn count(&self, hits: &[Hit], contexts: &mut u128, language: &str) -> (Vec<Counted>, u32) {
        let mut kept = Vec::with_capacity(hits.len());
        let mut hidden = 0;
        for (group_place, hit) in longest_terms(hits) {
            let Some(group) = self.groups.get(usize::from(group_place)) else { continue };
            if group.language.as_deref().is_some_and(|one| one != language) {
                continue;
            }
            let Some(evidence) = group.evidence else {
                hidden += 1;
                continue;
            };
            if group.needs == 0 && group.unless & *contexts == 0 && group.weight >= UNAMBIGUOUS {
                *contexts |= 1;
            }
            kept.push(Counted { hit, group: group_place, evidence, weight: group.weight });
        }
        for one in &mut kept {
            let Some(group) = self.groups.get(usize::from(one.group)) else { continue };
            let is_broken = group.unless & *contexts != 0 && *contexts & 1 == 0;
            let is_unmet = group.needs != 0 && group.needs & *contexts == 0;
            if is_broken || is_unmet {
                one.weight = group.otherwise;
            }
        }
        kept.retain(|one| one.weight > 0.0);
        (kept, hidden)
    }

    /// Whether a hit of a topic lies within a phrase that hides.
    pub(super) fn is_hidden(&self, hits: &[Hit], one: Hit) -> bool {
        hits.iter().any(|other| match other.role {
            Role::Term(group) => {
                other.start <= one.start
                    && other.end >= one.end
                    && self.groups.get(usize::from(group)).is_some_and(|group| group.evidence.is_none())
            }
            _ => false,
        })
    }
}

/// Where the Latin word at `place` ends.
fn word_end(text: &[u8], place: usize) -> usize {
    let is_word = |byte: &&u8| byte.is_ascii_alphanumeric();
    place + text.get(place..).unwrap_or_default().iter().take_while(is_word).count()
}

/// The terms of `hits` that lie in no longer one.
fn longest_terms(hits: &[Hit]) -> impl Iterator<Item = (u16, Hit)> {
    let mut reach = (0_u32, 0_u32);
    hits.iter().filter_map(move |hit| {
        let Role::Term(group) = hit.role else { return None };
        let is_same = (hit.start, hit.end) == reach;
        if hit.end <= reach.1 && !is_same {
            return None;
        }
        reach = (hit.start, hit.end);
        Some((group, *hit))
    })
}

/// Headlines in capitals say nothing about case: "ARM" is as good as "Arm".
fn is_capitals(here: &[u8], written: &str) -> bool {
    here.len() == written.len()
        && here.iter().zip(written.bytes()).all(|(here, written)| *here == written.to_ascii_uppercase())
}

fn compile(group: &TermGroup, contexts: &[String]) -> Result<Group, RulesError> {
    let user = format!("terms {:?}", group.group);
    let weight = group.weight.unwrap_or(if group.evidence.is_some() { 3.0 } else { 0.0 });
    let otherwise = group.otherwise.unwrap_or(0.0);
    for one in [weight, otherwise] {
        if !(0.0..=10.0).contains(&one) {
            return Err(RulesError::Weight { user, weight: one });
        }
    }
    Ok(Group {
        name: group.group.clone(),
        evidence: group.evidence,
        weight,
        otherwise,
        needs: bits(&user, group.needs.as_deref(), contexts)?,
        unless: bits(&user, group.unless.as_deref(), contexts)?,
        language: group.language.clone(),
    })
}

/// The bits of named contexts.
pub(super) fn bits(user: &str, names: Option<&[String]>, contexts: &[String]) -> Result<u128, RulesError> {
    let mut bits = 0;
    for name in names.unwrap_or_default() {
        let Some(bit) = contexts.iter().position(|known| known == name) else {
            return Err(unknown(user, "context", name, contexts.iter().map(String::as_str)));
        };
        bits |= 1_u128 << bit;
    }
    Ok(bits)
}

/// The error of a name that nothing carries.
pub(super) fn unknown<'a>(
    user: &str,
    what: &'static str,
    name: &str,
    known: impl Iterator<Item = &'a str>,
) -> RulesError {
    let nearest = known.min_by_key(|known| strsim::levenshtein(known, name)).unwrap_or_default().to_owned();
    RulesError::Unknown { user: user.to_owned(), what, name: name.to_owned(), nearest }
}

pub(super) fn too_many(what: &'static str, count: usize, limit: usize) -> Result<(), RulesError> {
    if count > limit { Err(RulesError::TooMany { what, count, limit }) } else { Ok(()) }
}

/// Gathers patterns; the same one may mean several things.
#[derive(Default)]
struct Builder {
    patterns: BTreeMap<String, Vec<Meaning>>,
}

impl Builder {
    fn add(&mut self, user: &str, word: &str, role: Role, flags: (bool, bool)) -> Result<(), RulesError> {
        let (case, plural) = flags;
        for term in notation::read(user, word)? {
            let meaning = Meaning {
                role,
                cased: case.then(|| term.cased.into_boxed_str()),
                closed: term.closed,
                plural: plural && term.can_be_plural,
            };
            let meanings = self.patterns.entry(term.lower).or_default();
            if !meanings.contains(&meaning) {
                meanings.push(meaning);
            }
        }
        Ok(())
    }
}

/// Patterns that may begin anywhere.
#[derive(Debug)]
struct Inner {
    /// None where there are no patterns.
    automaton: Option<AhoCorasick>,
    numbers: Vec<u32>,
}

impl Inner {
    fn new<'a>(patterns: impl Iterator<Item = (&'a str, u32)>) -> Result<Self, RulesError> {
        let (patterns, numbers): (Vec<&str>, Vec<u32>) = patterns.unzip();
        let count = patterns.len();
        if count == 0 {
            return Ok(Self { automaton: None, numbers });
        }
        let automaton = AhoCorasick::builder()
            .match_kind(MatchKind::Standard)
            .kind(Some(AhoCorasickKind::ContiguousNFA))
            .build(patterns)
            .map_err(|_| RulesError::TooMany { what: "terms", count, limit: 1_000_000 })?;
        Ok(Self { automaton: Some(automaton), numbers })
    }

    fn scan(&self, text: &[u8], mut found: impl FnMut(u32, (usize, usize))) {
        let Some(automaton) = &self.automaton else { return };
        for one in automaton.find_overlapping_iter(text) {
            if let Some(number) = self.numbers.get(one.pattern().as_usize()) {
                found(*number, (one.start(), one.end()));
            }
        }
    }
}
