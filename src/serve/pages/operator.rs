//! What was turned away, for the operator alone.

use super::{Shell, html, signed};
use crate::model::Reject;
use crate::publish::{Sources, Wire, web_address};
use crate::serve::reply::Refusal;
use askama::Template;

/// So many reasons are named.
const MOST_REASONS: usize = 4;

#[derive(Template)]
#[template(path = "rejects.html")]
struct RejectsPage {
    shell: Shell,
    lede: String,
    rows: Vec<Row>,
}

struct Row {
    seen: String,
    title: String,
    url: Option<String>,
    feed: String,
    kind: &'static str,
    score: String,
    evidence: String,
}

pub(in crate::serve) fn rejects(
    wire: &Wire,
    sources: &Sources,
    rejects: &[Reject],
) -> Result<Vec<u8>, Refusal> {
    let mut shell = Shell::new(wire, "Turned away", "/rejects");
    shell.is_wide = true;
    // It is not for readers: no canonical address of theirs.
    shell.canonical = String::new();
    let name_of = |reject: &Reject| {
        let source = sources.all().iter().find(|source| source.info.id == reject.entry.feed);
        source.map_or_else(|| "a feed that is no more".to_owned(), |source| source.info.name.clone())
    };
    let rows = rejects.iter().map(|reject| Row {
        seen: reject.entry.first_seen.format("%-d %b, %H:%M").to_string(),
        title: reject.entry.title.clone(),
        url: reject.entry.url.as_deref().and_then(web_address),
        feed: name_of(reject),
        kind: reject.verdict.kind.as_str(),
        score: format!("{:.2}", reject.verdict.score),
        evidence: reject
            .verdict
            .reasons
            .iter()
            .take(MOST_REASONS)
            .map(|reason| format!("{} ({}) {}", reason.term, reason.field, signed(reason.weight)))
            .collect::<Vec<_>>()
            .join(", "),
    });
    let lede = format!("The last {} entries that the filter left out, and on what evidence.", rejects.len());
    html(&RejectsPage { lede, rows: rows.collect(), shell }).map(|rendered| rendered.body)
}
