//! Atom 1.0 (RFC 4287), with paging (RFC 5005 §3) and WebSub's hub link.

use super::rss::only_language;
use super::{Format, HOMEPAGE, Head, Item, Options, escape};
use crate::model::Timestamp;
use atom_syndication::extension::{Extension, ExtensionMap};
use atom_syndication::{
    Category, Content, Entry, Feed, FixedDateTime, Generator, Link, Person, Source, Text, WriteConfig,
};
use std::collections::BTreeMap;

pub(super) fn render(head: &Head, items: &[Item], options: &Options<'_>) -> Vec<u8> {
    let media_type = Some(Format::Atom.media_type());
    let mut links =
        vec![link("self", &head.address, media_type), link("alternate", &head.page, Some("text/html"))];
    links.extend(head.next.iter().map(|next| link("next", next, media_type)));
    links.extend(options.settings.hub.iter().map(|hub| link("hub", hub.as_str(), None)));
    let feed = Feed {
        title: Text::plain(head.title.clone()),
        subtitle: Some(Text::plain(head.description.clone())),
        id: head.address.clone(),
        updated: newest(items.iter().map(|item| item.updated)),
        // RFC 4287 §4.1.1 wants an author where an entry might have none.
        authors: vec![person(&options.settings.title)],
        generator: Some(generator()),
        icon: Some(options.base.to("/favicon.ico")),
        logo: Some(options.base.to("/icon.svg")),
        links,
        entries: items.iter().map(|item| entry(item, options)).collect(),
        namespaces: BTreeMap::from([("media".to_owned(), "http://search.yahoo.com/mrss/".to_owned())]),
        lang: only_language(options),
        ..Feed::default()
    };
    write(&feed)
}

/// The bytes of a feed.
pub(super) fn write(feed: &Feed) -> Vec<u8> {
    let config = WriteConfig { write_document_declaration: true, indent_size: None };
    // Writing to memory cannot fail.
    feed.write_with_config(Vec::new(), config).unwrap_or_default()
}

/// The newest of some times: when the feed changed. A feed of nothing never did.
pub(super) fn newest(times: impl Iterator<Item = Timestamp>) -> FixedDateTime {
    fixed(times.max().unwrap_or(Timestamp::UNIX_EPOCH))
}

pub(super) fn fixed(at: Timestamp) -> FixedDateTime {
    chrono::SubsecRound::trunc_subsecs(at, 0).fixed_offset()
}

pub(super) fn generator() -> Generator {
    Generator {
        value: "chipwire".to_owned(),
        uri: Some(HOMEPAGE.to_owned()),
        version: Some(env!("CARGO_PKG_VERSION").to_owned()),
    }
}

pub(super) fn person(name: &str) -> Person {
    Person { name: name.to_owned(), ..Person::default() }
}

pub(super) fn link(rel: &str, href: &str, media_type: Option<&str>) -> Link {
    Link {
        rel: rel.to_owned(),
        href: href.to_owned(),
        mime_type: media_type.map(str::to_owned),
        ..Link::default()
    }
}

fn entry(item: &Item, options: &Options<'_>) -> Entry {
    Entry {
        title: Text::plain(item.title.clone()),
        id: item.urn(),
        published: Some(fixed(item.published)),
        updated: fixed(item.updated),
        authors: vec![person(&item.author)],
        categories: item
            .topics
            .iter()
            .map(|(slug, name)| Category {
                term: slug.clone(),
                scheme: Some(options.base.to("/topics/")),
                label: Some(name.clone()),
            })
            .collect(),
        // Nothing but the publisher's page: some readers open a `related` page in its stead.
        links: item.link.iter().map(|url| link("alternate", url, None)).collect(),
        source: item.source.as_ref().map(|source| Source {
            title: Text::plain(source.name.clone()),
            id: source.url.clone(),
            updated: fixed(item.updated),
            links: std::iter::once(link("self", &source.url, None))
                .chain(source.site.iter().map(|site| link("alternate", site, Some("text/html"))))
                .collect(),
            ..Source::default()
        }),
        summary: (!item.summary.is_empty()).then(|| Text::plain(item.summary.clone())),
        content: Some(Content {
            value: Some(match &item.full {
                Some(full) => format!("{full}\n{}", item.body),
                None => item.body.clone(),
            }),
            content_type: Some("html".to_owned()),
            lang: item.language.clone(),
            ..Content::default()
        }),
        extensions: item.image.as_deref().map(thumbnail).unwrap_or_default(),
        ..Entry::default()
    }
}

fn thumbnail(url: &str) -> ExtensionMap {
    let element = Extension {
        name: "media:thumbnail".to_owned(),
        // Of extensions alone, the crate writes attributes as they are (0.12.10): `&` would break the document.
        attrs: BTreeMap::from([("url".to_owned(), escape(url))]),
        ..Extension::default()
    };
    ExtensionMap::from([("media".to_owned(), BTreeMap::from([("thumbnail".to_owned(), vec![element])]))])
}
