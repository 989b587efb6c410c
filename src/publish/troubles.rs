//! The feeds' own troubles as an Atom feed: one entry for each feed that fails, fell silent, moved or is gone. A
//! trouble keeps its id while it lasts; the next one is a new entry.

use super::clean::clean_line;
use super::{Base, Source, Sources, atom, escape, times};
use crate::model::Condition;
use atom_syndication::{Content, Entry, Feed, Text};
use sha2::{Digest, Sha256};
use std::fmt::Write;

/// The feed of what is wrong with the feeds, newest trouble first.
pub fn troubles_atom(sources: &Sources, base: &Base, title: &str) -> Vec<u8> {
    let mut troubled: Vec<&Source> = sources.feeds().filter(|source| source.is_in_trouble()).collect();
    troubled.sort_by_key(|source| (std::cmp::Reverse(source.state.condition_since), source.info.id));
    let address = base.to("/sources.atom");
    let feed = Feed {
        title: Text::plain(format!("{title}: troubles of its sources")),
        id: address.clone(),
        updated: atom::newest(troubled.iter().map(|source| source.state.condition_since)),
        authors: vec![atom::person(title)],
        generator: Some(atom::generator()),
        icon: Some(base.to("/favicon.ico")),
        links: vec![
            atom::link("self", &address, Some(super::Format::Atom.media_type())),
            atom::link("alternate", &base.to("/sources"), Some("text/html")),
        ],
        lang: Some("en".to_owned()),
        entries: troubled.into_iter().map(|source| trouble(source, base)).collect(),
        ..Feed::default()
    };
    atom::write(&feed)
}

fn trouble(source: &Source, base: &Base) -> Entry {
    let state = &source.state;
    let name = &source.info.name;
    let what = match state.condition {
        Condition::Failing => "fails",
        Condition::Stale => "has fallen silent",
        Condition::Moved => "has moved",
        Condition::Gone => "is gone",
        Condition::Active | Condition::Paused => "is well",
    };
    let mut html = format!("<p>{}</p>", escape(&clean_line(&state.condition_reason)));
    if let Some(at) = state.last_success {
        // Writing to a string cannot fail.
        let _ = write!(html, "<p>Last success: {}.</p>", times::in_words(at));
    }
    if state.condition == Condition::Moved {
        let to = crate::link::mask(&state.polled_url);
        let _ = write!(html, "<p>It is polled at {} now.</p>", escape(&to));
    }
    Entry {
        title: Text::plain(format!("{name} {what}")),
        id: id(source),
        updated: atom::fixed(state.condition_since),
        published: Some(atom::fixed(state.condition_since)),
        links: std::iter::once(base.to("/sources"))
            .map(|page| atom::link("alternate", &page, Some("text/html")))
            .collect(),
        content: Some(Content {
            value: Some(html),
            content_type: Some("html".to_owned()),
            ..Content::default()
        }),
        ..Entry::default()
    }
}

fn id(source: &Source) -> String {
    let state = &source.state;
    let subject = format!(
        "chipwire trouble {} {} {}",
        state.feed,
        source.condition_word(),
        state.condition_since.timestamp()
    );
    let mut bytes = [0; 16];
    for (byte, hashed) in bytes.iter_mut().zip(Sha256::digest(subject)) {
        *byte = hashed;
    }
    uuid::Uuid::new_v8(bytes).urn().to_string()
}
