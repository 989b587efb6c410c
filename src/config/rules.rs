//! `[[topic]]`, `[[terms]]` and `[[context]]` of the operator's files, laid over the rules that ship; `[[host]]`.

use super::feeds::unknown;
use super::value::{count, duration, string};
use crate::classify::{ContextRule, RulesFile, TermGroup, TopicRule};
use crate::schedule::HostRule;
use rustc_hash::FxHashMap;
use serde::Deserialize;
use toml::Spanned;
use toml::de::{DeTable, DeValue, ValueDeserializer};

/// Takes one table of rules over. `report` gets each fault with its key and its byte offset.
pub(super) fn overlay(
    rules: &mut RulesFile,
    name: &str,
    table: &Spanned<DeValue<'_>>,
    report: &mut dyn FnMut(&str, usize, String),
) {
    let mut layer = RulesFile::default();
    let read = match name {
        "topic" => read(table).map(|topic: TopicRule| layer.topic.push(topic)),
        "terms" => read(table).map(|terms: TermGroup| layer.terms.push(terms)),
        _ => read(table).map(|context: ContextRule| layer.context.push(context)),
    };
    match read {
        Ok(()) => rules.overlay(layer),
        Err((at, message)) => report("", at, message),
    }
}

fn read<'de, T: Deserialize<'de>>(table: &Spanned<DeValue<'de>>) -> Result<T, (usize, String)> {
    T::deserialize(ValueDeserializer::from(table.clone())).map_err(|error| {
        let at = error.span().map_or(table.span().start, |span| span.start);
        (at, in_our_words(error.message().trim()))
    })
}

/// serde's sentence on an unknown key, in ours.
fn in_our_words(message: &str) -> String {
    if !message.starts_with("unknown field") {
        return message.to_owned();
    }
    let mut names = message.split('`').skip(1).step_by(2);
    let Some(name) = names.next() else { return message.to_owned() };
    format!("{name}: {}", unknown(name, names))
}

/// The keys of a `[[host]]`.
const HOST_KEYS: [&str; 3] = ["name", "per_host", "host_gap"];

/// Takes one `[[host]]` over: what the domain and all below it bear.
pub(super) fn overlay_host(
    hosts: &mut FxHashMap<String, HostRule>,
    default: HostRule,
    table: &DeTable<'_>,
    report: &mut dyn FnMut(&str, usize, String),
) {
    let mut name = None;
    let mut rule = default;
    let mut at = 0;
    for (key, value) in table {
        at = at.max(key.span().start);
        let outcome = match key.get_ref().as_ref() {
            "name" => string(value.get_ref()).map(|text| name = Some(text.to_lowercase())),
            "per_host" => count(value.get_ref(), 1).map(|count| rule.per_host = count),
            "host_gap" => duration(value.get_ref()).map(|gap| rule.gap = gap),
            other => Err(unknown(other, HOST_KEYS)),
        };
        if let Err(message) = outcome {
            report(key.get_ref(), key.span().start, message);
        }
    }
    match name.filter(|name| !name.is_empty()) {
        Some(name) => drop(hosts.insert(name, rule)),
        None => report("name", at, "it is missing; every [[host]] names a domain".into()),
    }
}
