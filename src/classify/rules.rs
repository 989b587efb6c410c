//! The rules as a person writes them in TOML: contexts, groups of terms, topics. Reading and laying one file
//! over another happens here; what the rules mean happens in `lexicon` and `topics`.

use serde::Deserialize;
use std::fmt;

/// What `config/topics.toml` holds, and what a user's configuration may add to it or change in it.
#[derive(Debug, Clone, Default, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RulesFile {
    /// Named lists of words that make or break ambiguous terms.
    #[serde(default)]
    pub context: Vec<ContextRule>,
    /// Groups of terms with a weight.
    #[serde(default)]
    pub terms: Vec<TermGroup>,
    /// The topics.
    #[serde(default)]
    pub topic: Vec<TopicRule>,
}

/// A named list of words. Terms refer to it in `needs` and `unless`; the frames of the learned layer are
/// contexts, too.
#[derive(Debug, Clone, Default, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ContextRule {
    /// What `needs` and `unless` call it.
    pub name: String,
    /// Its words, in the notation of [`TermGroup::words`].
    pub words: Option<Vec<String>>,
    /// Compare letters as written.
    pub case: Option<bool>,
    /// Switches the context off: it is then never seen.
    pub enabled: Option<bool>,
}

/// Terms that are evidence of one class with one weight, or (with no `evidence`) phrases that hide the terms
/// within them: "potato chip" hides "chip".
#[derive(Debug, Clone, Default, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TermGroup {
    /// Its name, unique; a later file overrides the group of the same name key by key.
    pub group: String,
    /// What a hit is evidence of; none for phrases that only hide others.
    pub evidence: Option<Evidence>,
    /// What a hit is worth, in log-odds; from 0 to 10.
    pub weight: Option<f32>,
    /// What a hit is worth where `needs` is not met, or `unless` is; 0 if absent.
    pub otherwise: Option<f32>,
    /// The terms. A hyphen is a space, a plural `s` may follow, `*` opens an end ("halbleiter*"), and braces
    /// stand for alternatives ("{ai,memory} chip").
    pub words: Option<Vec<String>>,
    /// Compare letters as written (or all in capitals).
    pub case: Option<bool>,
    /// Whether a plural `s` may follow; true if absent.
    pub plural: Option<bool>,
    /// The term counts only beside one of these contexts. `chips` is built in: an unambiguous term is near.
    pub needs: Option<Vec<String>>,
    /// The term doesn't count beside one of these contexts, unless an unambiguous term is in the same field.
    pub unless: Option<Vec<String>>,
    /// Only for entries in this language (BCP 47 primary tag).
    pub language: Option<String>,
    /// Switches the group off.
    pub enabled: Option<bool>,
}

/// A named subject with its own feed.
#[derive(Debug, Clone, Default, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TopicRule {
    /// Part of URLs, for ever: lower-case letters, digits and hyphens.
    pub slug: String,
    /// What readers see; the slug if absent.
    pub name: Option<String>,
    /// One sentence for the topic's page.
    pub about: Option<String>,
    /// Terms that show by themselves that an entry is about it, in the notation of [`TermGroup::words`].
    pub terms: Option<Vec<String>>,
    /// Like `terms`, compared as written.
    pub cased_terms: Option<Vec<String>>,
    /// Terms that show it only together with another hit or hint, or in the title beside `needs`.
    pub hints: Option<Vec<String>>,
    /// Groups of terms that count like `terms`, with their contexts.
    pub groups: Option<Vec<String>>,
    /// Counts only beside one of these contexts.
    pub needs: Option<Vec<String>>,
    /// Does not count beside one of these contexts.
    pub unless: Option<Vec<String>>,
    /// A hit in the summary alone is enough.
    pub summary: Option<bool>,
    /// The topic's terms are evidence of a chip product with this weight, too, so that the topic lets
    /// entries in that no group of terms knows.
    pub weight: Option<f32>,
    /// Switches the topic off.
    pub enabled: Option<bool>,
}

/// What a term is evidence of. The learned layer weighs each class by itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Evidence {
    /// A company whose business is chips.
    Maker,
    /// A company with chips as one business among others.
    Broad,
    /// A person who leads a chip company.
    Person,
    /// A chip or its code name.
    Product,
    /// A consumer product line named for its chip: graphics cards, boards.
    Card,
    /// Words of the trade: semiconductor, chipmaker, transistor.
    Field,
    /// The plain words: chip, processor, silicon.
    Chip,
    /// GPUs, accelerators and what is built of them.
    Accelerator,
    /// Memory and its market.
    Memory,
    /// Solid-state storage.
    Storage,
    /// Foundry, process, packaging.
    Process,
    /// Equipment and materials.
    Equipment,
    /// Design tools, intellectual property, instruction sets.
    Design,
    /// Policy on chips.
    Policy,
    /// Power, analogue, sensor and automotive chips.
    Power,
    /// Photonics.
    Photonics,
    /// Quantum processors.
    Quantum,
    /// Microcontrollers, single-board computers, modules.
    Board,
    /// A device or piece of software told by its chip.
    Device,
}

impl Evidence {
    /// All classes, in the order of the learned layer's features.
    pub const ALL: [Self; 19] = [
        Self::Maker,
        Self::Broad,
        Self::Person,
        Self::Product,
        Self::Card,
        Self::Field,
        Self::Chip,
        Self::Accelerator,
        Self::Memory,
        Self::Storage,
        Self::Process,
        Self::Equipment,
        Self::Design,
        Self::Policy,
        Self::Power,
        Self::Photonics,
        Self::Quantum,
        Self::Board,
        Self::Device,
    ];

    /// The word that TOML uses.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Maker => "maker",
            Self::Broad => "broad",
            Self::Person => "person",
            Self::Product => "product",
            Self::Card => "card",
            Self::Field => "field",
            Self::Chip => "chip",
            Self::Accelerator => "accelerator",
            Self::Memory => "memory",
            Self::Storage => "storage",
            Self::Process => "process",
            Self::Equipment => "equipment",
            Self::Design => "design",
            Self::Policy => "policy",
            Self::Power => "power",
            Self::Photonics => "photonics",
            Self::Quantum => "quantum",
            Self::Board => "board",
            Self::Device => "device",
        }
    }
}

impl fmt::Display for Evidence {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

/// The error of reading or building rules.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
pub enum RulesError {
    /// No TOML, an unknown key, or a value of the wrong type; the message names line and key.
    #[error("{message}")]
    Syntax {
        /// The parser's words.
        message: String,
    },
    /// A slug that can't stand in a URL.
    #[error(
        "topic {slug:?}: a slug has lower-case letters, digits and single hyphens, 64 at most; rename it"
    )]
    Slug {
        /// As written.
        slug: String,
    },
    /// A topic without anything to find it by.
    #[error(
        "topic {slug:?}: it has no terms, cased_terms, hints or groups; add `terms = [\"…\"]`, or `enabled = false`"
    )]
    EmptyTopic {
        /// Its slug.
        slug: String,
    },
    /// A name that nothing carries.
    #[error("{user}: there is no {what} {name:?}; did you mean {nearest:?}?")]
    Unknown {
        /// Who names it: `topic "x"`, `terms "y"`.
        user: String,
        /// `context` or `group of terms`.
        what: &'static str,
        /// As written.
        name: String,
        /// The nearest known name.
        nearest: String,
    },
    /// A name that two rules of one file carry.
    #[error("{what} {name:?} is there twice; join the two, or rename one")]
    Twice {
        /// `topic`, `context` or `group of terms`.
        what: &'static str,
        /// The name.
        name: String,
    },
    /// A weight that is no weight.
    #[error("{user}: weight {weight} is outside 0 to 10")]
    Weight {
        /// Who has it.
        user: String,
        /// As written.
        weight: f32,
    },
    /// A term with nothing to find.
    #[error("{user}: the term {term:?} has no letter or digit, or its braces don't match")]
    Term {
        /// Who has it.
        user: String,
        /// As written.
        term: String,
    },
    /// More rules than the classifier's tables hold.
    #[error("too many {what}: {count}, and {limit} is the most")]
    TooMany {
        /// Of what.
        what: &'static str,
        /// How many there are.
        count: usize,
        /// How many there may be.
        limit: usize,
    },
}

impl RulesFile {
    /// The rules that ship with the program.
    pub fn builtin() -> Result<Self, RulesError> {
        Self::parse(include_str!("../../config/topics.toml"))
    }

    /// Reads TOML with nothing but `[[context]]`, `[[terms]]` and `[[topic]]` in it.
    pub fn parse(toml: &str) -> Result<Self, RulesError> {
        let rules: Self = toml::from_str(toml)
            .map_err(|error| RulesError::Syntax { message: error.to_string().trim_end().to_owned() })?;
        rules.check_names()?;
        Ok(rules)
    }

    /// Lays `user` over these rules: what has a known name (slug, group, name) overrides key by key, the rest
    /// is added.
    pub fn overlay(&mut self, user: Self) {
        for rule in user.context {
            match self.context.iter_mut().find(|known| known.name == rule.name) {
                Some(known) => known.overlay(rule),
                None => self.context.push(rule),
            }
        }
        for group in user.terms {
            match self.terms.iter_mut().find(|known| known.group == group.group) {
                Some(known) => known.overlay(group),
                None => self.terms.push(group),
            }
        }
        for topic in user.topic {
            match self.topic.iter_mut().find(|known| known.slug == topic.slug) {
                Some(known) => known.overlay(topic),
                None => self.topic.push(topic),
            }
        }
    }

    fn check_names(&self) -> Result<(), RulesError> {
        twice("topic", self.topic.iter().map(|topic| topic.slug.as_str()))?;
        twice("context", self.context.iter().map(|context| context.name.as_str()))?;
        twice("group of terms", self.terms.iter().map(|group| group.group.as_str()))
    }
}

fn twice<'a>(what: &'static str, names: impl Iterator<Item = &'a str>) -> Result<(), RulesError> {
    let mut seen = std::collections::BTreeSet::new();
    for name in names {
        if !seen.insert(name) {
            return Err(RulesError::Twice { what, name: name.to_owned() });
        }
    }
    Ok(())
}

/// Takes each key that is present in `$new`.
macro_rules! take {
    ($old:ident, $new:ident: $($key:ident),+) => { $(if $new.$key.is_some() { $old.$key = $new.$key; })+ };
}

impl ContextRule {
    fn overlay(&mut self, new: Self) {
        take!(self, new: words, case, enabled);
    }
}

impl TermGroup {
    fn overlay(&mut self, new: Self) {
        take!(self, new: evidence, weight, otherwise, words, case, plural, needs, unless, language, enabled);
    }
}

impl TopicRule {
    fn overlay(&mut self, new: Self) {
        take!(self, new: name, about, terms, cased_terms, hints, groups, needs, unless, summary, weight, enabled);
    }
}
