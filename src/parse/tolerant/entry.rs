//! An entry's elements to its fields, in every dialect at once: what an element means depends on its vocabulary and
//! name, hardly ever on the format around it.

use super::draft::{Draft, Rank, line};
use super::element::Element;
use super::space::Space;
use crate::model::{DeclaredSource, Enclosure};
use crate::parse::fields::{self, Kind};
use crate::parse::{Limits, ParsedEntry};
use base64::Engine as _;

/// Reads one entry.
pub(super) fn read(element: &Element<'_>, limits: &Limits) -> ParsedEntry {
    let mut draft = Draft::default();
    draft.language = element.scope.language().map(str::to_owned);
    draft.about = element.attribute("about").and_then(|about| fields::id(&about, limits));
    // Channel Definition Format: <item href="…" lastmod="…">.
    draft.link(Rank::Near, element.filled("href").map(String::from));
    if let Some(time) = element.attribute("lastmod") {
        draft.updated(&time);
    }
    for child in element.children() {
        field(&child, &mut draft, limits);
    }
    draft.finish(element.scope.base(), limits)
}

fn field(element: &Element<'_>, draft: &mut Draft, limits: &Limits) {
    match element.space {
        space if space.is_own() => own(element, draft, limits),
        Space::Dc | Space::DcTerms => dublin_core(element, draft, limits),
        Space::Content if element.is("encoded") => content(element, Kind::Html, draft, limits),
        Space::Content if element.is("items") => {}
        Space::Xhtml if element.is_one_of(&["body", "div"]) => {
            draft.content =
                draft.content.take().or_else(|| fields::html(&element.markup(true), Kind::Html, limits));
        }
        Space::Media => media(element, draft, limits),
        Space::Itunes => itunes(element, draft, limits),
        _ => {}
    }
}

fn own(element: &Element<'_>, draft: &mut Draft, limits: &Limits) {
    match element.local.to_ascii_lowercase().as_str() {
        "title" => draft.title(Rank::Own, title(element, limits)),
        "link" => link(element, draft, limits),
        "guid" => {
            draft.id = fields::id(&element.text(), limits).or(draft.id.take());
            let says =
                element.attribute("ispermalink").map(|value| value.trim().eq_ignore_ascii_case("true"));
            draft.is_id_a_link = says.unwrap_or(true);
            // Only where it says so itself may it be relative.
            if says == Some(true) {
                draft.link(Rank::Near, fields::web(&element.text(), element.scope.base(), limits));
            }
        }
        "id" => {
            draft.id = fields::id(&element.text(), limits).or(draft.id.take());
            draft.is_id_an_address = true;
        }
        "pubdate" | "published" | "issued" => draft.published(Rank::Own, &element.text()),
        "created" | "date" => draft.published(Rank::Extension, &element.text()),
        "updated" | "modified" | "lastbuilddate" | "lastmod" => draft.updated(&element.text()),
        "description" => draft.describe(construct(element, Kind::Html, limits)),
        "summary" | "abstract" => draft.describe(construct(element, Kind::Unsaid, limits)),
        "content" | "fullitem" => content(element, Kind::Unsaid, draft, limits),
        "body" => content(element, Kind::Html, draft, limits),
        "author" => draft.author(person(element, limits)),
        "category" => draft.category(category(element, limits)),
        "enclosure" => draft.enclosures.extend(enclosure(element, limits)),
        "source" => draft.source = source(element, limits).or(draft.source.take()),
        "image" | "thumbnail" => draft.image = draft.image.take().or_else(|| picture(element, limits)),
        "language" => draft.language = line(&element.text(), limits).or(draft.language.take()),
        _ => {}
    }
}

fn dublin_core(element: &Element<'_>, draft: &mut Draft, limits: &Limits) {
    let text = element.text();
    match element.local.to_ascii_lowercase().as_str() {
        "title" => draft.title(Rank::Extension, title(element, limits)),
        "creator" | "author" => draft.author(fields::person(&text, limits)),
        "date" | "issued" | "created" => draft.published(Rank::Extension, &text),
        "modified" => draft.updated(&text),
        "description" | "abstract" => draft.describe(construct(element, Kind::Html, limits)),
        "subject" => draft.category(line(&text, limits)),
        "identifier" => draft.about = draft.about.take().or_else(|| fields::id(&text, limits)),
        "language" => draft.language = line(&text, limits).or(draft.language.take()),
        _ => {}
    }
}

fn media(element: &Element<'_>, draft: &mut Draft, limits: &Limits) {
    match element.local.to_ascii_lowercase().as_str() {
        "title" => draft.title(Rank::Near, title(element, limits)),
        "description" => {
            let html = construct(element, Kind::Unsaid, limits);
            draft.media_summary = draft.media_summary.take().or(html);
        }
        "thumbnail" => draft.image = draft.image.take().or_else(|| picture(element, limits)),
        "content" => {
            draft.enclosures.extend(enclosure(element, limits));
            if element.attribute("medium").is_some_and(|medium| medium == "image") {
                draft.image = draft.image.take().or_else(|| picture(element, limits));
            }
            media_parts(element, draft, limits);
        }
        "group" => media_parts(element, draft, limits),
        _ => {}
    }
}

/// What a group or medium holds: media once more, but no deeper than feeds go.
fn media_parts(element: &Element<'_>, draft: &mut Draft, limits: &Limits) {
    for part in element.children().iter().filter(|part| part.space == Space::Media) {
        if part.is("content") {
            draft.enclosures.extend(enclosure(part, limits));
        }
        for inner in std::iter::once(part.clone()).chain(part.children()) {
            if inner.is_one_of(&["title", "description", "thumbnail"]) && inner.space == Space::Media {
                media(&inner, draft, limits);
            }
        }
    }
}

fn itunes(element: &Element<'_>, draft: &mut Draft, limits: &Limits) {
    match element.local.to_ascii_lowercase().as_str() {
        "title" => draft.title(Rank::Near, title(element, limits)),
        "summary" => {
            draft.media_summary = construct(element, Kind::Unsaid, limits).or(draft.media_summary.take());
        }
        "subtitle" => draft.subtitle = construct(element, Kind::Unsaid, limits),
        "author" => draft.author(fields::person(&element.text(), limits)),
        "image" => draft.image = draft.image.take().or_else(|| picture(element, limits)),
        _ => {}
    }
}

/// A title: plain text on one line.
pub(super) fn title(element: &Element<'_>, limits: &Limits) -> Option<String> {
    let (text, kind) = text_and_kind(element, Kind::Unsaid);
    fields::line(&text, kind, limits)
}

/// A summary or content: HTML.
fn construct(element: &Element<'_>, unsaid: Kind, limits: &Limits) -> Option<String> {
    let (text, kind) = text_and_kind(element, unsaid);
    fields::html(&text, kind, limits)
}

fn content(element: &Element<'_>, unsaid: Kind, draft: &mut Draft, limits: &Limits) {
    if let Some(source) = element.filled("src") {
        draft.link(Rank::Last, fields::web(&source, element.scope.base(), limits));
    }
    let html = construct(element, unsaid, limits);
    // Of several, the longest: feeds that offer a content twice offer a shortened one, too.
    if html.as_ref().map(String::len) > draft.content.as_ref().map(String::len) {
        draft.content = html;
    }
}

/// A text construct's text and what it is, by the `type` and `mode` of all versions of Atom and RSS. What is declared
/// as text but holds elements is what it holds.
fn text_and_kind(element: &Element<'_>, unsaid: Kind) -> (String, Kind) {
    let declared = element.attribute("type").map(|kind| kind.trim().to_ascii_lowercase()).unwrap_or_default();
    let mode = element.attribute("mode").map(|mode| mode.trim().to_ascii_lowercase()).unwrap_or_default();
    let declared = declared.split(';').next().unwrap_or_default().trim();
    let is_xml = declared == "xhtml" || declared.ends_with("/xml") || declared.ends_with("+xml");
    let is_text =
        matches!(declared, "" | "text" | "plain" | "html" | "escaped") || declared.starts_with("text/");
    if mode == "base64"
        || (!is_xml && !is_text && mode.is_empty() && declared.contains('/') && !element.has_children())
    {
        let text = element.text();
        return (from_base64(&text).unwrap_or_else(|| text.into_owned()), Kind::Unsaid);
    }
    if element.has_children() {
        let is_strict = is_xml || mode == "xml";
        // Atom's XHTML is wrapped in a <div> that is not part of it.
        let wrapper = element.only_child().filter(|child| is_strict && child.is("div"));
        return (wrapper.as_ref().unwrap_or(element).markup(is_strict), Kind::Html);
    }
    let text = element.text().into_owned();
    let kind = match declared {
        "text" | "plain" | "text/plain" => Kind::Plain,
        "html" | "text/html" => Kind::Html,
        _ if is_xml && mode != "escaped" => Kind::Plain,
        _ if is_xml => Kind::Html,
        _ => unsaid,
    };
    (text, kind)
}

fn from_base64(text: &str) -> Option<String> {
    let packed: String = text.split_ascii_whitespace().collect();
    let bytes = base64::engine::general_purpose::STANDARD.decode(packed).ok()?;
    String::from_utf8(bytes).ok()
}

fn link(element: &Element<'_>, draft: &mut Draft, limits: &Limits) {
    let base = element.scope.base();
    let Some(target) = element.filled("href") else {
        let text = element.text();
        if element.attribute("rel").is_none_or(|rel| rel == "alternate") {
            draft.link(Rank::Own, fields::web(&text, base, limits));
        }
        return;
    };
    let target = fields::web(&target, base, limits);
    let rel = element.attribute("rel").unwrap_or_default().trim().to_ascii_lowercase();
    let kind = element.attribute("type").map(|kind| kind.trim().to_ascii_lowercase());
    match rel.as_str() {
        "" | "alternate" => {
            // A link that says that it leads to a page is better than one that says nothing.
            let rank = match kind.as_deref() {
                Some(kind) if kind.contains("html") => Rank::Own,
                None | Some("") => Rank::Extension,
                Some(_) => Rank::Near,
            };
            draft.link(rank, target);
        }
        "enclosure" => draft.enclosures.extend(enclosure(element, limits)),
        "via" => draft.via.extend(target),
        "self" | "edit" | "replies" | "next" | "prev" | "first" | "last" | "license" | "hub"
        | "service.post" => {}
        _ => draft.link(Rank::Last, target),
    }
}

fn enclosure(element: &Element<'_>, limits: &Limits) -> Option<Enclosure> {
    let url = element.filled("url").or_else(|| element.filled("href"))?;
    let length = element.attribute("length").or_else(|| element.attribute("filesize"));
    Some(Enclosure {
        url: fields::web(&url, element.scope.base(), limits)?,
        media_type: element.filled("type").and_then(|kind| line(&kind, limits)),
        length_bytes: length.and_then(|length| length.trim().parse().ok()),
    })
}

/// `url` or `href`, as an attribute or an element inside, or else the text.
fn picture(element: &Element<'_>, limits: &Limits) -> Option<String> {
    let base = element.scope.base();
    let named = element.filled("url").or_else(|| element.filled("href"));
    let inner = || element.children().into_iter().find(|child| child.is("url")).map(|child| child.text());
    let url = named.or_else(inner).or_else(|| (!element.has_children()).then(|| element.text()))?;
    fields::web(&url, base, limits)
}

/// Atom's `<name>`, else the text, else the address.
pub(super) fn person(element: &Element<'_>, limits: &Limits) -> Option<String> {
    if !element.has_children() {
        return fields::person(&element.text(), limits);
    }
    let children = element.children();
    let part = |name: &str| {
        children.iter().find(|child| child.is(name)).and_then(|child| line(&child.text(), limits))
    };
    part("name").or_else(|| part("email")).or_else(|| part("creator"))
}

fn category(element: &Element<'_>, limits: &Limits) -> Option<String> {
    let named = element.filled("label").or_else(|| element.filled("term"));
    line(&named.unwrap_or_else(|| element.text()), limits)
}

/// RSS's `<source url="…">name</source>`, or Atom's copy of the other feed's head.
fn source(element: &Element<'_>, limits: &Limits) -> Option<DeclaredSource> {
    let base = element.scope.base();
    let own = element.filled("url").and_then(|url| fields::web(&url, base, limits));
    let source = if element.has_children() {
        let children = element.children();
        let page = children
            .iter()
            .find(|child| child.is("link") && child.attribute("rel").is_none_or(|rel| rel == "alternate"));
        let page =
            page.and_then(|link| link.filled("href")).and_then(|href| fields::web(&href, base, limits));
        let id = || {
            children.iter().find(|child| child.is("id")).and_then(|id| fields::web(&id.text(), None, limits))
        };
        let title = children.iter().find(|child| child.is("title")).and_then(|child| title(child, limits));
        DeclaredSource { title, url: own.or(page).or_else(id) }
    } else {
        DeclaredSource { title: line(&element.text(), limits), url: own }
    };
    (source != DeclaredSource::default()).then_some(source)
}
