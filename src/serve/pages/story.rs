//! One story: who covers it, in time order, and why it is here.

use super::card::{Card, singular};
use super::{PageLink, Shell, html};
use crate::model::{Field, Reason, Role, StoryId, Timestamp};
use crate::publish::{Item, ItemCoverage, Options, Scope, Selection, StoryView, Telling, Wire};
use crate::serve::archive::StoryAnswer;
use crate::serve::cache::{Generation, Of, Rendered};
use crate::serve::reply::{self, Refusal};
use crate::serve::routes::Reply;
use crate::serve::state::Shared;
use askama::Template;
use axum::http::HeaderMap;
use std::sync::Arc;

#[derive(Template)]
#[template(path = "story.html")]
struct StoryPage {
    shell: Shell,
    card: Card,
    published: String,
    updated: Option<String>,
    withheld: &'static str,
    coverage_words: String,
    lines: Vec<Line>,
    why: String,
    reasons: Vec<ReasonLine>,
    related: Vec<PageLink>,
}

/// One entry.
struct Line {
    role: &'static str,
    role_words: &'static str,
    title: String,
    url: Option<String>,
    publisher: String,
    author: String,
    at: String,
    datetime: String,
    language: Option<String>,
    because: String,
    is_machine_written: bool,
}

/// One piece of evidence.
struct ReasonLine {
    term: String,
    field: &'static str,
    weight: String,
    /// Of the bar, in per cent of the strongest.
    width: String,
    is_minus: bool,
}

/// The page, or the way to where the story is now.
pub(in crate::serve) async fn story(shared: &Arc<Shared>, id: StoryId, request: &HeaderMap) -> Reply {
    let (wire, snapshot) = shared.wire();
    let view = match shared.story(&wire, id).await? {
        StoryAnswer::Here(view) => view,
        StoryAnswer::MovedTo(to) => return Ok(reply::moved(&format!("{}/stories/{to}", wire.base.path()))),
        StoryAnswer::Unknown => return Err(Refusal::NotFound("there is no such story".to_owned())),
    };
    shared
        .cached(
            format!("/stories/{id}"),
            Generation { of: Of::Wire, snapshot, moment: 0 },
            request,
            || async { shared.on_a_thread(move || story_page(&wire, &view)).await },
        )
        .await
}

fn story_page(wire: &Wire, view: &StoryView) -> Result<Rendered, Refusal> {
    let selection = Selection::of(Scope::Wire);
    let options = Options::of(wire, &selection, false);
    let card = Card::of(view, &options);
    let story = &view.story;
    let verdict = &view.lead.kept.verdict;
    let shell = Shell::new(wire, &card.title, &format!("/stories/{}", story.id));
    html(&StoryPage {
        published: in_words(story.published),
        updated: (story.updated > story.published).then(|| in_words(story.updated)),
        withheld: if story.is_withheld {
            "Not on the wire: it was split off a story that readers have seen already."
        } else {
            ""
        },
        coverage_words: coverage_words(view),
        lines: view.in_time_order().into_iter().map(line).collect(),
        why: format!(
            "The filter took it for {} with a score of {:.2}, from 0 (not about chips) to 1 (all about chips).",
            match singular(verdict.kind) {
                "news" => "news".to_owned(),
                opinion @ "opinion" => format!("an {opinion}"),
                kind => format!("a {kind}"),
            },
            verdict.score
        ),
        reasons: reasons(&verdict.reasons),
        related: story.related.iter().filter_map(|id| related(wire, *id, &options)).collect(),
        card,
        shell,
    })
}

/// The evidence, strongest first; what several rules found in one place is shown once.
fn reasons(reasons: &[Reason]) -> Vec<ReasonLine> {
    let strongest = reasons.iter().map(|reason| reason.weight.abs()).fold(0.01, f32::max);
    let mut shown: Vec<(String, Field)> = Vec::new();
    let mut lines = Vec::new();
    for reason in reasons {
        let place = (reason.term.to_lowercase(), reason.field);
        if shown.contains(&place) {
            continue;
        }
        shown.push(place);
        lines.push(ReasonLine {
            term: reason.term.clone(),
            field: reason.field.as_str(),
            weight: super::signed(reason.weight),
            width: format!("{:.0}", 100.0 * reason.weight.abs() / strongest),
            is_minus: reason.weight < 0.0,
        });
    }
    lines
}

fn related(wire: &Wire, id: StoryId, options: &Options<'_>) -> Option<PageLink> {
    let view = wire.story(id)?;
    let href = format!("{}/stories/{id}", wire.base.path());
    Some(PageLink { name: Item::of(view, options).title, href })
}

fn coverage_words(view: &StoryView) -> String {
    let entries = 1 + view.coverage.len();
    let owners = view.owners();
    let first = view.first();
    let reports = match (entries, owners) {
        (1, _) => "One report so far.".to_owned(),
        (entries, 0 | 1) => format!("{entries} entries, one of them independent."),
        (entries, owners) => format!("{entries} entries; {owners} owners report it independently."),
    };
    format!("{reports} {} had it first.", first.feed.name)
}

fn line(telling: &Telling) -> Line {
    let item = ItemCoverage::of(telling);
    Line {
        role: telling.member.role.as_str(),
        role_words: match telling.member.role {
            Role::Lead => "lead",
            Role::Duplicate => "same text",
            Role::Derivative => "rewritten",
            Role::Report => "own report",
            Role::Pointer => "link",
        },
        title: item.title,
        url: item.url,
        publisher: item.publisher,
        author: telling
            .kept
            .entry
            .author
            .clone()
            .filter(|author| *author != telling.feed.name)
            .unwrap_or_default(),
        at: telling.told_in_words(),
        datetime: item.at.format("%Y-%m-%dT%H:%M:%SZ").to_string(),
        language: item.language,
        // The reasons may quote the entry, of which a private feed shows nothing.
        because: if telling.member.role == Role::Lead || telling.feed.private {
            String::new()
        } else {
            telling.member.because.clone()
        },
        is_machine_written: telling.kept.is_machine_written,
    }
}

fn in_words(at: Timestamp) -> String {
    at.format("%-d %B %Y, %H:%M UTC").to_string()
}
