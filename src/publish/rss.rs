//! RSS 2.0 (<https://www.rssboard.org/rss-specification>), with Atom's `link` for self, next and hub, Dublin Core's
//! `creator` and `language`, and Media RSS's `thumbnail`.

use super::times::rfc822;
use super::{HOMEPAGE, Head, Item, Options};
use rss::extension::dublincore::DublinCoreExtension;
use rss::extension::{Extension, ExtensionMap};
use rss::{Category, Channel, Guid, Image, Source};
use std::collections::BTreeMap;

pub(super) fn render(head: &Head, items: &[Item], options: &Options<'_>) -> Vec<u8> {
    let newest = items.iter().map(|item| item.updated).max();
    let mut links = vec![atom_link(&head.address, "self", Some(super::Format::Rss.media_type()))];
    links.extend(head.next.iter().map(|next| atom_link(next, "next", Some(super::Format::Rss.media_type()))));
    links.extend(options.settings.hub.iter().map(|hub| atom_link(hub.as_str(), "hub", None)));
    let channel = Channel {
        title: head.title.clone(),
        link: head.page.clone(),
        description: head.description.clone(),
        language: only_language(options),
        last_build_date: newest.map(rfc822),
        generator: Some(format!("chipwire/{} ({HOMEPAGE})", env!("CARGO_PKG_VERSION"))),
        docs: Some("https://www.rssboard.org/rss-specification".to_owned()),
        image: Some(Image {
            // RSS knows GIF, JPEG and PNG alone.
            url: options.base.to("/icon.png"),
            title: head.title.clone(),
            link: head.page.clone(),
            ..Image::default()
        }),
        items: items.iter().map(|item| rss_item(item, options)).collect(),
        extensions: extensions("atom", "link", links),
        namespaces: BTreeMap::from([
            ("atom".to_owned(), "http://www.w3.org/2005/Atom".to_owned()),
            ("content".to_owned(), "http://purl.org/rss/1.0/modules/content/".to_owned()),
            ("dc".to_owned(), "http://purl.org/dc/elements/1.1/".to_owned()),
            ("media".to_owned(), "http://search.yahoo.com/mrss/".to_owned()),
        ]),
        ..Channel::default()
    };
    channel.to_string().into_bytes()
}

fn rss_item(item: &Item, options: &Options<'_>) -> rss::Item {
    let thumbnail =
        item.image.iter().map(|image| extension("media:thumbnail", &[("url", image)])).collect::<Vec<_>>();
    rss::Item {
        title: Some(item.title.clone()),
        link: item.link.clone(),
        description: Some(item.body.clone()),
        content: item.full.as_ref().map(|full| format!("{full}\n{}", item.body)),
        categories: item
            .topics
            .iter()
            .map(|(slug, name)| Category {
                name: name.clone(),
                domain: Some(options.base.to(&format!("/topics/{slug}"))),
            })
            .collect(),
        guid: Some(Guid { value: item.urn(), permalink: false }),
        pub_date: Some(rfc822(item.published)),
        source: item
            .source
            .as_ref()
            .map(|source| Source { url: source.url.clone(), title: Some(source.name.clone()) }),
        dublin_core_ext: Some(DublinCoreExtension {
            creators: vec![item.author.clone()],
            languages: item.language.clone().into_iter().collect(),
            ..DublinCoreExtension::default()
        }),
        extensions: if thumbnail.is_empty() {
            ExtensionMap::new()
        } else {
            extensions("media", "thumbnail", thumbnail)
        },
        ..rss::Item::default()
    }
}

/// The language of the feed, where there is only one.
pub(super) fn only_language(options: &Options<'_>) -> Option<String> {
    match options.languages {
        [language] => super::clean::language_tag(language).map(str::to_owned),
        _ => None,
    }
}

fn atom_link(href: &str, rel: &str, media_type: Option<&str>) -> Extension {
    let mut link = extension("atom:link", &[("href", href), ("rel", rel)]);
    if let Some(media_type) = media_type {
        link.attrs.insert("type".to_owned(), media_type.to_owned());
    }
    link
}

fn extension(name: &str, attributes: &[(&str, &str)]) -> Extension {
    Extension {
        name: name.to_owned(),
        attrs: attributes.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect(),
        ..Extension::default()
    }
}

fn extensions(prefix: &str, name: &str, elements: Vec<Extension>) -> ExtensionMap {
    ExtensionMap::from([(prefix.to_owned(), BTreeMap::from([(name.to_owned(), elements)]))])
}
