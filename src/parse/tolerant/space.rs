//! Namespaces: which vocabulary an element is of, and what base and language hold for it.

use super::scan::Attributes;
use crate::text;
use std::borrow::Cow;
use std::cell::Cell;
use std::rc::Rc;
use url::Url;

/// Bytes that a document's own entities may expand to altogether.
const MOST_EXPANSION: usize = 256 << 10;
/// Entities read of one DOCTYPE: HTML's whole table has 253 in XHTML's.
const MOST_ENTITIES: usize = 300;

/// Attributes of one element that are looked at for namespaces.
const MOST_ATTRIBUTES: usize = 256;

/// The vocabularies that are understood.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(in crate::parse) enum Space {
    /// None declared: the feed's own.
    Own,
    /// RSS 0.90, 1.0, 1.1 and namespaces that were put on RSS 2.0.
    Rss,
    /// RDF itself.
    Rdf,
    /// Atom 1.0 and its drafts.
    Atom,
    /// Atom 0.3.
    Atom03,
    /// Dublin Core.
    Dc,
    /// Dublin Core Terms.
    DcTerms,
    /// RSS's content module.
    Content,
    /// Media RSS.
    Media,
    /// iTunes's podcast module.
    Itunes,
    /// RSS's syndication module.
    Syndication,
    /// XHTML.
    Xhtml,
    /// The module of Google's feed service.
    Feedburner,
    /// Anything else.
    Other,
}

/// Parts of namespace URIs, in lower case, that tell the vocabulary; versions and spellings of them differ.
#[rustfmt::skip]
const URIS: &[(&str, Space)] = &[
    ("www.w3.org/2005/atom", Space::Atom), ("purl.org/atom/ns", Space::Atom03), ("purl.org/net/rss1.1", Space::Rss),
    ("purl.org/rss/1.0/modules/content", Space::Content), ("purl.org/rss/1.0/modules/syndication", Space::Syndication),
    ("purl.org/rss/1.0/modules/rss091", Space::Rss), ("purl.org/rss/1.0/modules", Space::Other),
    ("purl.org/rss/1.0", Space::Rss), ("my.netscape.com/rdf/simple", Space::Rss), ("channel.netscape.com/rdf/simple", Space::Rss),
    ("my.netscape.com/publish/formats/rss", Space::Rss), ("backend.userland.com/rss", Space::Rss), ("blogs.law.harvard.edu/tech/rss", Space::Rss),
    ("www.rssboard.org/rss-specification", Space::Rss), ("cyber.law.harvard.edu/rss", Space::Rss), ("purl.org/net/rss", Space::Rss),
    ("www.w3.org/1999/02/22-rdf-syntax", Space::Rdf), ("www.w3.org/tr/rdf-syntax", Space::Rdf),
    ("purl.org/dc/elements", Space::Dc), ("purl.org/dc/terms", Space::DcTerms), ("purl.org/metadata/dublin_core", Space::Dc),
    ("search.yahoo.com/mrss", Space::Media), ("www.rssboard.org/media-rss", Space::Media),
    ("www.itunes.com/dtds/podcast", Space::Itunes), ("itunes.com/dtds/podcast", Space::Itunes), ("www.apple.com/itunes", Space::Itunes),
    ("www.w3.org/1999/xhtml", Space::Xhtml), ("rssnamespace.org/feedburner", Space::Feedburner),
];

/// What a prefix stands for where it is not declared: the customary one.
#[rustfmt::skip]
const PREFIXES: &[(&str, Space)] = &[
    ("atom", Space::Atom), ("a10", Space::Atom), ("dc", Space::Dc), ("dcterms", Space::DcTerms), ("content", Space::Content),
    ("media", Space::Media), ("itunes", Space::Itunes), ("sy", Space::Syndication), ("rdf", Space::Rdf), ("rss", Space::Rss),
    ("xhtml", Space::Xhtml), ("feedburner", Space::Feedburner),
];

impl Space {
    fn of_uri(uri: &str) -> Self {
        let uri = uri.trim().to_ascii_lowercase();
        if uri.is_empty() {
            return Self::Own;
        }
        URIS.iter().find(|(part, _)| uri.contains(part)).map_or(Self::Other, |(_, space)| *space)
    }

    /// Whether it is the vocabulary of a feed format itself.
    pub(in crate::parse) fn is_own(self) -> bool {
        matches!(self, Self::Own | Self::Rss | Self::Atom | Self::Atom03)
    }
}

/// What holds for an element and all in it.
#[derive(Debug, Default)]
pub(super) struct Scope<'a> {
    parent: Option<Rc<Self>>,
    bindings: Vec<(&'a str, Space)>,
    base: Option<Url>,
    language: Option<&'a str>,
    /// Set for the document's scope alone.
    entities: Option<Entities<'a>>,
}

/// The entities that a document declares for itself.
#[derive(Debug)]
struct Entities<'a> {
    declared: Vec<(&'a str, &'a str)>,
    /// Bytes that they may still expand to; then they expand to nothing.
    budget: Cell<usize>,
}

/// The general entities of a DOCTYPE's internal subset.
fn declared_entities(doctype: &str) -> impl Iterator<Item = (&str, &str)> {
    doctype.split("<!ENTITY").skip(1).take(MOST_ENTITIES).filter_map(|declaration| {
        let declaration = declaration.trim_ascii_start();
        let (name, after) = declaration.split_once(|c: char| c.is_ascii_whitespace())?;
        let after = after.trim_ascii_start();
        let quote = after.chars().next().filter(|c| matches!(c, '"' | '\''))?;
        let value = after.get(1..)?.split(quote).next()?;
        (name != "%").then_some((name, value))
    })
}

impl<'a> Scope<'a> {
    /// A document's scope, with the entities that its DOCTYPE declares.
    pub(super) fn of_document(base: &Url, doctype: Option<&'a str>) -> Rc<Self> {
        let declared: Vec<_> = doctype.map(declared_entities).into_iter().flatten().collect();
        let entities = Entities { declared, budget: Cell::new(MOST_EXPANSION) };
        Rc::new(Self { base: Some(base.clone()), entities: Some(entities), ..Self::default() })
    }

    /// A text with its references replaced: the document's own entities first, then those of XML and HTML.
    pub(super) fn decode<'t>(&self, text: &'t str) -> Cow<'t, str> {
        let entities = self.outward().find_map(|scope| scope.entities.as_ref());
        let Some(entities) = entities.filter(|entities| !entities.declared.is_empty()) else {
            return text::decode_entities(text);
        };
        let mut out = String::with_capacity(text.len());
        let mut rest = text;
        while let Some((before, after)) = rest.split_once('&') {
            out.push_str(&text::decode_entities(before));
            let name = after.split_once(';').map(|(name, _)| name).filter(|name| name.len() <= 64);
            let value =
                name.and_then(|name| entities.declared.iter().find(|(declared, _)| *declared == name));
            if let Some((name, value)) = value {
                // One level only: an entity in an entity's value stays as it is written.
                let left = entities.budget.get();
                if value.len() <= left {
                    entities.budget.set(left - value.len());
                    out.push_str(&text::decode_entities(value));
                }
                rest = after.get(name.len() + 1..).unwrap_or_default();
            } else {
                let end = after.find('&').unwrap_or(after.len());
                let from = before.len();
                let reference = rest.get(from..=from + end).unwrap_or_default();
                out.push_str(&text::decode_entities(reference));
                rest = after.get(end..).unwrap_or_default();
            }
        }
        out.push_str(rest);
        Cow::Owned(out)
    }

    /// The scope of an element with these attributes.
    pub(super) fn enter(scope: &Rc<Self>, attributes: &'a str) -> Rc<Self> {
        if !attributes.contains("xml") {
            return Rc::clone(scope);
        }
        let mut inner = Self { parent: Some(Rc::clone(scope)), ..Self::default() };
        for (name, value) in Attributes::new(attributes).take(MOST_ATTRIBUTES) {
            match name {
                "xmlns" => inner.bindings.push(("", Space::of_uri(value))),
                "xml:lang" => inner.language = Some(value),
                "xml:base" => {
                    let value = text::decode_entities(value.trim());
                    inner.base =
                        scope.base().map_or_else(|| Url::parse(&value).ok(), |base| base.join(&value).ok());
                }
                _ => {
                    if let Some(prefix) = name.strip_prefix("xmlns:") {
                        inner.bindings.push((prefix, Space::of_uri(value)));
                    }
                }
            }
        }
        if inner.bindings.is_empty() && inner.base.is_none() && inner.language.is_none() {
            return Rc::clone(scope);
        }
        Rc::new(inner)
    }

    fn outward(&self) -> impl Iterator<Item = &Self> {
        std::iter::successors(Some(self), |scope| scope.parent.as_deref())
    }

    /// What relative links are relative to.
    pub(super) fn base(&self) -> Option<&Url> {
        self.outward().find_map(|scope| scope.base.as_ref())
    }

    /// The declared language.
    pub(super) fn language(&self) -> Option<&'a str> {
        self.outward().find_map(|scope| scope.language).filter(|language| !language.is_empty())
    }

    /// The vocabulary and local name of an element.
    pub(super) fn resolve(&self, name: &'a str) -> (Space, &'a str) {
        let (prefix, local) = name.split_once(':').unwrap_or(("", name));
        let declared = self.outward().find_map(|scope| {
            scope.bindings.iter().rev().find(|(bound, _)| *bound == prefix).map(|(_, space)| *space)
        });
        let space = match declared {
            // A default namespace that nobody knows is a feed's private one.
            Some(Space::Other) | None if prefix.is_empty() => Space::Own,
            Some(space) => space,
            None => {
                let known = PREFIXES.iter().find(|(known, _)| known.eq_ignore_ascii_case(prefix));
                known.map_or(Space::Other, |(_, space)| *space)
            }
        };
        (space, local)
    }
}
