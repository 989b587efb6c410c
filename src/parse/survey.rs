//! One quick look at a document before it is read: what is it, how many entries are visibly there, is it well-formed
//! as far as tags go, and does it hold anything that feed-rs would refuse, lose or read otherwise.
//!
//! It costs a fraction of reading, and is what lets the good path be taken with a clear conscience.

use super::Limits;

/// What a document is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Root {
    /// `<rss>`.
    Rss,
    /// `<feed>`.
    Atom,
    /// It begins with `{`.
    Json,
    /// Other markup.
    Other,
}

/// What was seen.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Survey {
    pub(super) root: Root,
    /// Where the root element begins.
    pub(super) root_at: usize,
    /// Items and entries.
    pub(super) entries: usize,
    /// Why a strict reader would fail; `None` as far as tags show.
    pub(super) fault: Option<&'static str>,
    /// It holds elements that feed-rs does not know, or reads otherwise.
    pub(super) is_rich: bool,
}

/// Elements of RSS's items beyond those that feed-rs reads as we do.
#[rustfmt::skip]
const RICH_IN_RSS: &[&str] = &[
    "source", "summary", "content", "body", "id", "updated", "modified", "image", "thumbnail", "fullitem", "abstract", "date", "created",
    "issued", "published", "language",
];
/// Elements of Atom's entries beyond those that feed-rs reads as we do.
const RICH_IN_ATOM: &[&str] =
    &["source", "issued", "modified", "created", "tagline", "enclosure", "guid", "description", "thumbnail"];
/// Prefixes of vocabularies that are read, but not by feed-rs or not as we do. Of `dc` it reads the creator, of
/// `content` what is encoded, of `media` the contents.
const RICH_PREFIXES: &[&str] =
    &["atom", "a10", "dc", "dcterms", "media", "itunes", "content", "xhtml", "rss", "rdf"];
/// Names with such prefixes that are nevertheless read as we do.
const PLAIN_NAMES: &[&str] = &["dc:creator", "content:encoded", "media:content", "atom:link", "atom10:link"];

/// The namespaces of these prefixes, as feed-rs knows them.
const PLAIN_NAMESPACES: [(&str, &str); 3] = [
    ("dc", "http://purl.org/dc/elements/1.1/"),
    ("content", "http://purl.org/rss/1.0/modules/content/"),
    ("media", "http://search.yahoo.com/mrss/"),
];

/// Looks at a document.
pub(super) fn survey(text: &str, limits: &Limits) -> Survey {
    let bytes = text.as_bytes();
    let mut look = Look {
        text,
        limits,
        open: Vec::with_capacity(16),
        survey: Survey { root: Root::Other, root_at: 0, entries: 0, fault: None, is_rich: false },
        declares: PLAIN_NAMESPACES.map(|(prefix, _)| (prefix, false)),
        may_nest: false,
        has_title: false,
    };
    if text.trim_start().starts_with('{') {
        look.survey.root = Root::Json;
        return look.survey;
    }
    let mut at = 0;
    while let Some(next) = memchr::memchr(b'<', bytes.get(at..).unwrap_or_default()) {
        let end = look.markup(at + next);
        // One fault is enough to know; looking on could cost more than reading.
        let Some(end) = end.filter(|_| look.survey.fault.is_none()) else {
            look.survey.fault = look.survey.fault.or(Some("stray < or unclosed section"));
            return look.survey;
        };
        at = end;
    }
    if !look.open.is_empty() {
        look.survey.fault = Some("unclosed elements");
    }
    look.survey
}

struct Look<'a> {
    text: &'a str,
    limits: &'a Limits,
    open: Vec<&'a str>,
    survey: Survey,
    /// Whether the root declares the namespaces of plain names as feed-rs knows them.
    declares: [(&'static str, bool); 3],
    /// The entry's field may hold elements.
    may_nest: bool,
    /// The entry's title was seen.
    has_title: bool,
}

impl<'a> Look<'a> {
    /// What begins at `at`; gives where it ends, `None` where it is no markup.
    fn markup(&mut self, at: usize) -> Option<usize> {
        let rest = self.text.get(at..)?;
        let bytes = rest.as_bytes();
        match bytes.get(1)? {
            b'!' if rest.starts_with("<![CDATA[") => Some(at + memchr::memmem::find(bytes, b"]]>")? + 3),
            b'!' if rest.starts_with("<!--") => Some(at + memchr::memmem::find(bytes, b"-->")? + 3),
            b'!' => {
                let end = memchr::memchr(b'>', bytes)?;
                // Entities of its own: feed-rs leaves them as they are written.
                self.survey.is_rich |= rest.get(..end)?.contains('[');
                Some(at + end + 1)
            }
            b'?' => Some(at + memchr::memchr(b'>', bytes)? + 1),
            b'/' => {
                let end = memchr::memchr(b'>', bytes)?;
                let name = rest.get(2..end)?.trim_ascii_end();
                if self.open.pop() != Some(name) {
                    self.survey.fault = Some("badly nested elements");
                }
                Some(at + end + 1)
            }
            byte if byte.is_ascii_alphabetic() || *byte == b'_' => self.start(at, rest),
            _ => None,
        }
    }

    fn start(&mut self, at: usize, rest: &'a str) -> Option<usize> {
        let end = tag_end(rest.as_bytes())?;
        let tag = rest.get(1..end)?;
        let name_end =
            tag.bytes().position(|byte| byte.is_ascii_whitespace() || byte == b'/').unwrap_or(tag.len());
        let (name, attributes) = tag.split_at_checked(name_end)?;
        if self.open.is_empty() && self.survey.root_at == 0 && self.survey.root == Root::Other {
            self.survey.root = root_of(name, attributes);
            self.survey.root_at = at;
            self.declares = PLAIN_NAMESPACES.map(|(prefix, uri)| {
                let declaration = |quote| format!("xmlns:{prefix}={quote}{uri}{quote}");
                (prefix, attributes.contains(&declaration('"')) || attributes.contains(&declaration('\'')))
            });
        }
        self.look_at_attributes(attributes);
        self.look_at_name(name, attributes);
        if !attributes.ends_with('/') {
            if self.open.len() >= self.limits.depth {
                self.survey.is_rich = true;
            }
            self.open.push(name);
        }
        Some(at + end + 1)
    }

    fn look_at_attributes(&mut self, attributes: &str) {
        if attributes.is_empty() {
            return;
        }
        // An attribute takes four bytes at least; far from the limit nothing needs to be counted.
        let may_be_many = attributes.len() > self.limits.attributes * 4;
        if may_be_many && memchr::memchr_iter(b'=', attributes.as_bytes()).count() > self.limits.attributes {
            self.survey.is_rich = true;
        }
        if attributes.contains("xml:base") || attributes.contains("mode=") {
            self.survey.is_rich = true;
        }
    }

    fn look_at_name(&mut self, name: &str, attributes: &str) {
        let depth = self.open.len();
        if matches!(name, "item" | "entry") {
            self.has_title = false;
        } else if name == "title" && matches!(self.open.last(), Some(&"item" | &"entry")) {
            // feed-rs takes the last of several titles.
            self.survey.is_rich |= self.has_title;
            self.has_title = true;
        }
        match self.survey.root {
            Root::Rss => {
                self.survey.entries += usize::from(matches!(name, "item" | "entry"));
                let is_field = depth == 3 && self.open.last() == Some(&"item");
                self.survey.is_rich |= is_field && self.is_rich(name, RICH_IN_RSS);
                // Elements within an item's fields.
                self.survey.is_rich |= depth >= 4 && self.open.get(2) == Some(&"item");
            }
            Root::Atom => {
                self.survey.entries += usize::from(matches!(name, "item" | "entry"));
                let is_field = depth == 2 && self.open.last() == Some(&"entry");
                self.survey.is_rich |= is_field && self.is_rich(name, RICH_IN_ATOM);
                if is_field {
                    // Without a type, a text that looks like HTML is HTML; feed-rs takes it for plain text.
                    self.survey.is_rich |=
                        matches!(name, "summary" | "content") && !attributes.contains("type=");
                    self.may_nest = matches!(name, "author" | "contributor") || attributes.contains("xhtml");
                }
                // Markup in a field that should hold text.
                self.survey.is_rich |= depth == 3 && !self.may_nest;
            }
            Root::Json | Root::Other => {}
        }
    }

    /// Whether an entry's field is one that feed-rs loses or reads otherwise.
    fn is_rich(&self, name: &str, rich: &[&str]) -> bool {
        let Some((prefix, _)) = name.split_once(':') else { return rich.contains(&name) };
        if !RICH_PREFIXES.contains(&prefix) {
            return false;
        }
        let is_declared =
            self.declares.iter().all(|(declared, is_declared)| *declared != prefix || *is_declared);
        !is_declared || !PLAIN_NAMES.contains(&name)
    }
}

/// The root as feed-rs would dispatch on it; all that it would refuse or read as another format is `Other`.
fn root_of(name: &str, attributes: &str) -> Root {
    let has_namespace = |uri: &str| {
        attributes.contains(&format!("xmlns=\"{uri}\"")) || attributes.contains(&format!("xmlns='{uri}'"))
    };
    let has_any_namespace = attributes.contains("xmlns=");
    match name {
        "rss"
            if !has_any_namespace
                && ["2.0", "0.91", "0.92"].iter().any(|version| {
                    attributes.contains(&format!("version=\"{version}\""))
                        || attributes.contains(&format!("version='{version}'"))
                }) =>
        {
            Root::Rss
        }
        "feed" if has_namespace("http://www.w3.org/2005/Atom") => Root::Atom,
        _ => Root::Other,
    }
}

/// The `>` that ends a tag, one in a quoted value not counted.
fn tag_end(bytes: &[u8]) -> Option<usize> {
    let mut at = 0;
    loop {
        at += memchr::memchr3(b'>', b'"', b'\'', bytes.get(at..)?)?;
        match bytes.get(at)? {
            b'>' => return Some(at),
            quote => at += 2 + memchr::memchr(*quote, bytes.get(at + 1..)?)?,
        }
    }
}

/// Whether a text that looks well-formed holds a `&` that begins no reference: one fault that costs a strict reader
/// all.
pub(super) fn has_bare_ampersand(text: &str) -> bool {
    let mut rest = text;
    loop {
        let (before_data, after_data) = rest.split_once("<![CDATA[").unwrap_or((rest, ""));
        let is_bare = |at: usize| {
            let name = before_data.as_bytes().get(at + 1..).unwrap_or_default();
            let length = name
                .iter()
                .take(40)
                .take_while(|byte| byte.is_ascii_alphanumeric() || **byte == b'#')
                .count();
            length == 0 || name.get(length) != Some(&b';')
        };
        if memchr::memchr_iter(b'&', before_data.as_bytes()).any(is_bare) {
            return true;
        }
        match after_data.split_once("]]>") {
            Some((_, after)) => rest = after,
            None => return false,
        }
    }
}
