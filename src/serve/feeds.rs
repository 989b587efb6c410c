//! The republished feeds.

use super::cache::{Generation, Of, Rendered};
use super::reply::{Media, Refusal};
use super::state::Shared;
use super::wishes::Wishes;
use crate::publish::{Cursor, Format, Head, Options, Scope, Selection, StoryView, Wire, render};
use axum::body::Body;
use axum::http::{HeaderMap, Response};
use std::sync::Arc;

/// Answers with the feed of this scope.
pub(super) async fn feed(
    shared: &Arc<Shared>,
    scope: Scope,
    format: Format,
    wishes: Wishes,
    request: &HeaderMap,
) -> Result<Response<Body>, Refusal> {
    let (wire, snapshot) = shared.wire();
    let selection = wishes.selection(scope, shared.now());
    let moment = selection.until.map_or(0, |until| until.timestamp());
    let address = format!("{}{}", feed_path(&selection.scope, format), wishes.to_query(&selection.scope));
    let key = address.clone();
    shared
        .cached(key, Generation { of: Of::Wire, snapshot, moment }, request, || async {
            let stories = shared.stories(&wire, &selection).await?;
            let head = head(&wire, &selection, &wishes, &address, &stories);
            shared
                .on_a_thread(move || {
                    let options = Options::of(&wire, &selection, wishes.is_full);
                    let stories: Vec<&StoryView> = stories.iter().map(AsRef::as_ref).collect();
                    let body = render(&head, &stories, &options, format);
                    // WebSub's discovery (§4): in JSON there is no other place for it.
                    let hub = wire.settings.hub.as_ref();
                    let links =
                        hub.map(|hub| format!("<{hub}>; rel=\"hub\", <{}>; rel=\"self\"", head.address));
                    Ok(Rendered { links, ..Rendered::new(Media::Feed(format), body) })
                })
                .await
        })
        .await
}

/// The path of the page that shows a scope.
pub(super) fn page_path(scope: &Scope) -> String {
    match scope {
        Scope::Wire => "/".to_owned(),
        Scope::Topic(slug) => format!("/topics/{slug}"),
        Scope::Kind(kind) => format!("/kinds/{kind}"),
        Scope::Search(_) => "/search".to_owned(),
        Scope::Day(day) => format!("/days/{day}"),
    }
}

/// The path of a scope's feed.
pub(super) fn feed_path(scope: &Scope, format: Format) -> String {
    match scope {
        Scope::Wire => format!("/feed.{}", format.ending()),
        scope => format!("{}.{}", page_path(scope), format.ending()),
    }
}

/// What a scope is called, after the name of the wire.
pub(super) fn name_of(wire: &Wire, scope: &Scope) -> Option<String> {
    match scope {
        Scope::Wire => None,
        Scope::Topic(slug) => Some(wire.topic(slug).map_or_else(|| slug.clone(), |topic| topic.name.clone())),
        Scope::Kind(kind) => Some(kind_name(*kind).to_owned()),
        Scope::Search(query) => Some(format!("“{}”", query.as_str())),
        Scope::Day(day) => Some(day.format("%-d %B %Y").to_string()),
    }
}

/// A kind as a heading.
pub(super) fn kind_name(kind: crate::model::Kind) -> &'static str {
    use crate::model::Kind;
    match kind {
        Kind::News => "News",
        Kind::Opinion => "Opinion",
        Kind::MarketNote => "Market notes",
        Kind::Deal => "Deals",
        Kind::Review => "Reviews",
        Kind::HowTo => "How-tos",
        Kind::Vendor => "Vendor releases",
        Kind::RoundUp => "Round-ups",
        Kind::Job => "Jobs",
    }
}

fn head(
    wire: &Wire,
    selection: &Selection,
    wishes: &Wishes,
    address: &str,
    stories: &[Arc<StoryView>],
) -> Head {
    let scope = &selection.scope;
    let name = name_of(wire, scope);
    let (short, _) = wire.settings.name_and_motto();
    let query = wishes.to_query(scope);
    Head {
        description: match &name {
            None => "Chip stories, each once, with who else covers it.".to_owned(),
            Some(name) => format!("Chip stories, each once, with who else covers it: {name}."),
        },
        title: name.map_or_else(|| wire.settings.title.clone(), |name| format!("{short}: {name}")),
        page: wire.base.to(&match scope {
            Scope::Search(_) => format!("{}{query}", page_path(scope)),
            scope => page_path(scope),
        }),
        address: wire.base.to(address),
        next: next(wire, selection, wishes, stories).map(|query| {
            let path = address.split('?').next().unwrap_or_default();
            wire.base.to(&format!("{path}{query}"))
        }),
    }
}

/// The query of the stories that follow these, where there may be any: a page that is not full is the last one.
pub(super) fn next(
    wire: &Wire,
    selection: &Selection,
    wishes: &Wishes,
    stories: &[Arc<StoryView>],
) -> Option<String> {
    if stories.len() < wire.page_len(selection) {
        return None;
    }
    stories.last().map(|last| wishes.after(Cursor::after(last)).to_query(&selection.scope))
}
