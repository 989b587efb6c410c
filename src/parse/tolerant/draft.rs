//! An entry in the making: of several elements that say the same thing, which one counts.

use crate::link;
use crate::model::{Claimed, DeclaredSource, Enclosure, Timestamp};
use crate::parse::ParsedEntry;
use crate::parse::fields::{self, Kind};
use crate::parse::{Limits, dates};
use url::Url;

/// What was found of an entry so far.
#[derive(Debug, Default)]
pub(super) struct Draft {
    pub(super) id: Option<String>,
    /// The id is a permalink, where its element says nothing else (RSS 2.0).
    pub(super) is_id_a_link: bool,
    /// The id is a URI, which may lead somewhere (Atom).
    pub(super) is_id_an_address: bool,
    /// `rdf:about`, for want of an id.
    pub(super) about: Option<String>,
    titles: [Option<String>; 3],
    links: [Option<String>; 4],
    published: [Option<Claimed>; 2],
    updated: Option<Claimed>,
    authors: Vec<String>,
    pub(super) summary: Option<String>,
    pub(super) content: Option<String>,
    /// A lesser description: of the medium, or the podcast episode.
    pub(super) media_summary: Option<String>,
    /// An even lesser one.
    pub(super) subtitle: Option<String>,
    categories: Vec<String>,
    pub(super) image: Option<String>,
    pub(super) enclosures: Vec<Enclosure>,
    pub(super) source: Option<DeclaredSource>,
    pub(super) via: Vec<String>,
    pub(super) language: Option<String>,
}

/// How much an element's word counts, most first.
#[derive(Debug, Clone, Copy)]
pub(super) enum Rank {
    /// The format's own element.
    Own = 0,
    /// An extension's that means the same.
    Extension = 1,
    /// One that means something near it.
    Near = 2,
    /// One that is better than nothing.
    Last = 3,
}

impl Draft {
    /// The first title of the best rank counts.
    pub(super) fn title(&mut self, rank: Rank, title: Option<String>) {
        if let Some(slot) = self.titles.get_mut(rank as usize)
            && slot.is_none()
        {
            *slot = title;
        }
    }

    /// The last link of the best rank counts, as with most fields.
    pub(super) fn link(&mut self, rank: Rank, link: Option<String>) {
        if let Some(slot) = self.links.get_mut(rank as usize) {
            *slot = link.or(slot.take());
        }
    }

    pub(super) fn published(&mut self, rank: Rank, text: &str) {
        if let Some(slot) = self.published.get_mut(rank as usize) {
            *slot = dates::read(text).or(*slot);
        }
    }

    pub(super) fn updated(&mut self, text: &str) {
        self.updated = dates::read(text).or(self.updated);
    }

    pub(super) fn author(&mut self, name: Option<String>) {
        if let Some(name) = name
            && !self.authors.contains(&name)
        {
            self.authors.push(name);
        }
    }

    pub(super) fn category(&mut self, name: Option<String>) {
        if let Some(name) = name
            && !self.categories.contains(&name)
        {
            self.categories.push(name);
        }
    }

    /// A description is the summary; a second, longer one beside it the content.
    pub(super) fn describe(&mut self, html: Option<String>) {
        match (&self.summary, &self.content) {
            (Some(_), None) => self.content = html,
            (Some(_), Some(_)) => {}
            (None, _) => self.summary = html,
        }
    }

    pub(super) fn finish(self, base: Option<&Url>, limits: &Limits) -> ParsedEntry {
        let [own, extension, near] = self.titles;
        let id_link =
            self.id.as_deref().filter(|_| self.is_id_a_link).and_then(|id| link::absolute(None, id));
        let [alternate, untyped, other, last] = self.links;
        let id_address =
            self.id.as_deref().filter(|_| self.is_id_an_address).and_then(|id| link::absolute(None, id));
        let found = alternate.or(untyped).or_else(|| id_link.map(String::from)).or(other).or(last);
        // For want of anything better: what the item is about, or what is attached to it.
        let about = self.about.as_deref().and_then(|about| link::absolute(None, about));
        let found = found.or_else(|| id_address.or(about).map(String::from));
        let found = found.or_else(|| self.enclosures.first().map(|file| file.url.clone()));
        let [published, by_extension] = self.published;
        let (published, updated) = (published.or(by_extension), self.updated);
        let authors = self.authors;
        let picture = || {
            let is_picture =
                |file: &&Enclosure| file.media_type.as_deref().is_some_and(|kind| kind.starts_with("image/"));
            self.enclosures.iter().find(is_picture).map(|file| file.url.clone())
        };
        ParsedEntry {
            id: self.id.or(self.about),
            title: own.or(extension).or(near),
            link: found.and_then(|link| fields::web(&link, base, limits)),
            // A feed that knows only one time calls it what it likes.
            published: published.or(updated),
            updated: updated.map(|claimed| -> Timestamp { claimed.at }),
            author: (!authors.is_empty()).then(|| authors.join(", ")),
            summary: self.summary.or(self.media_summary).or(self.subtitle),
            content: self.content,
            categories: self.categories,
            image: self.image.clone().or_else(picture),
            enclosures: self.enclosures,
            source: self.source,
            via: self.via,
            language: self.language,
        }
    }
}

/// A name or tag.
pub(super) fn line(text: &str, limits: &Limits) -> Option<String> {
    fields::line(text, Kind::Unsaid, limits)
}
