//! The body of an item: a summary, who was first and when, the coverage by role, the way to the story's page.

use super::clean::{clean_line, escape, web_address};
use super::item::{headline, may_excerpt};
use super::trailer::without_trailer;
use super::{SUMMARY_CHARS, StoryView, Telling};
use crate::model::Role;
use crate::text::cut;
use std::fmt::Write;

/// At most so many names of one role; the story's page has them all.
const MOST_NAMES: usize = 20;
/// The roles besides the lead's, with the words that introduce them.
const ROLES: [(Role, &str); 4] = [
    (Role::Report, "Also reported by"),
    (Role::Derivative, "Rewritten by"),
    (Role::Duplicate, "The same text at"),
    (Role::Pointer, "Linked by"),
];

/// The summary as plain text (it may be empty), and the whole body as HTML (it never is).
pub(super) fn body(view: &StoryView, face: &Telling, page: &str) -> (String, String) {
    let mut html = String::with_capacity(1024);
    let summary = summary(view, face);
    let plain = match &summary {
        None => String::new(),
        Some((teller, text)) if teller.member.entry == face.member.entry => {
            push(&mut html, &format!("<p>{}</p>", escape(text)));
            text.clone()
        }
        Some((teller, text)) => {
            push(&mut html, &format!("<p>{}: {}</p>", escape(&teller.feed.name), escape(text)));
            attributed(teller, text)
        }
    };
    let first = view.first();
    push(
        &mut html,
        &format!("<p>First: {}, {}{}</p>", linked(first), first.told_in_words(), machine_note(first)),
    );
    if face.member.entry != view.lead.member.entry {
        let original = &view.lead;
        let title = escape(&headline(original));
        push(&mut html, &format!("<p>Original: {}: {title}</p>", linked(original)));
    }
    if let Some(credit) = credit(view) {
        push(&mut html, &format!("<p>Names as its source: {credit}</p>"));
    }
    for (role, introduction) in ROLES {
        if let Some(names) = names(view, role, first) {
            push(&mut html, &format!("<p>{introduction} {names}.</p>"));
        }
    }
    push(&mut html, &format!("<p><a href=\"{}\">The story and its coverage</a></p>", escape(page)));
    (plain, html)
}

fn push(html: &mut String, line: &str) {
    if !html.is_empty() {
        html.push('\n');
    }
    html.push_str(line);
}

/// The face's own summary, else that of the first other entry that has one.
fn summary<'a>(view: &'a StoryView, face: &'a Telling) -> Option<(&'a Telling, String)> {
    let others = view.in_time_order().into_iter().filter(|other| other.member.entry != face.member.entry);
    std::iter::once(face)
        .chain(others)
        .find_map(|telling| own_summary(telling, SUMMARY_CHARS).map(|text| (telling, text)))
}

/// What an entry says of itself besides its headline, cut.
pub(super) fn own_summary(telling: &Telling, most_chars: usize) -> Option<String> {
    if !may_excerpt(telling) {
        return None;
    }
    let entry = &telling.kept.entry;
    let title = clean_line(&entry.title);
    [&entry.summary, &entry.content]
        .into_iter()
        .map(|text| without_trailer(&clean_line(text)).to_owned())
        .find(|text| !text.is_empty() && *text != title)
        .map(|text| cut(&text, most_chars))
}

/// Somebody else's summary as plain text: with the name, still within the limit.
fn attributed(teller: &Telling, text: &str) -> String {
    cut(&format!("{}: {text}", teller.feed.name), SUMMARY_CHARS)
}

/// The publisher's name, linked to its page where there is one.
fn linked(telling: &Telling) -> String {
    let name = escape(&telling.feed.name);
    match telling.kept.entry.url.as_deref().and_then(web_address) {
        Some(url) => format!("<a href=\"{}\">{name}</a>", escape(&url)),
        None => name,
    }
}

fn machine_note(telling: &Telling) -> &'static str {
    if telling.kept.is_machine_written { " (machine-written, by its own account)" } else { "" }
}

/// The original that the lead itself declares, where none of the story's entries is it.
fn credit(view: &StoryView) -> Option<String> {
    let source = view.lead.kept.entry.source.as_ref()?;
    let url = source.url.as_deref().and_then(web_address);
    let is_here = |telling: &&Telling| {
        let entry = &telling.kept.entry;
        url.is_some()
            && [&entry.url, &entry.canonical].into_iter().flatten().any(|held| web_address(held) == url)
    };
    if view.tellings().find(is_here).is_some() {
        return None;
    }
    let title = source.title.as_deref().map(clean_line).filter(|title| !title.is_empty());
    match (title, url) {
        (Some(title), Some(url)) => Some(format!("<a href=\"{}\">{}</a>", escape(&url), escape(&title))),
        (None, Some(url)) => Some(format!("<a href=\"{0}\">{0}</a>", escape(&url))),
        (Some(title), None) => Some(escape(&title)),
        (None, None) => None,
    }
}

/// The names of one role in time order, without who is named as first already.
fn names(view: &StoryView, role: Role, first: &Telling) -> Option<String> {
    let tellings: Vec<&Telling> = view
        .coverage
        .iter()
        .filter(|one| one.member.role == role && one.member.entry != first.member.entry)
        .collect();
    // The lead came later than the first: it has to be named, too.
    let lead = (role == Role::Report && view.lead.member.entry != first.member.entry).then_some(&view.lead);
    let all: Vec<&Telling> = lead.into_iter().chain(tellings).collect();
    let mut names = String::new();
    for telling in all.iter().take(MOST_NAMES) {
        if !names.is_empty() {
            names.push_str(", ");
        }
        // Writing to a string cannot fail.
        let _ = write!(names, "{}{}", linked(telling), machine_note(telling));
    }
    if let Some(more) = all.len().checked_sub(MOST_NAMES).filter(|more| *more > 0) {
        let _ = write!(names, " and {more} more");
    }
    (!names.is_empty()).then_some(names)
}
