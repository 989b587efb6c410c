//! Where a document's feed is: its head's elements and its entries, whatever they are wrapped in.

use super::element::{Element, inside};
use super::scan::{Scanner, Token};
use super::space::Scope;
use std::rc::Rc;
use url::Url;

/// Elements that hold a feed's head or its entries.
const CONTAINERS: &[&str] = &["rss", "rdf", "feed", "channel", "items"];
/// Elements that are an entry.
const ENTRIES: &[&str] = &["item", "entry"];
/// Elements of a feed's head.
const MOST_HEAD: usize = 1_000;

/// A feed's parts.
#[derive(Debug)]
pub(super) struct Outline<'a> {
    /// The outermost container, or the first entry where there is none.
    pub(super) root: Element<'a>,
    /// All containers, outermost first.
    pub(super) containers: Vec<Element<'a>>,
    /// What stands in the containers beside the entries.
    pub(super) head: Vec<Element<'a>>,
    /// The entries, in document order.
    pub(super) entries: Vec<Element<'a>>,
    /// Entries beyond the limit, not read.
    pub(super) left_out: usize,
    /// The document begins as a web page does.
    pub(super) is_in_page: bool,
    /// Something before the feed.
    pub(super) has_junk_before: bool,
    /// The document ends within the feed.
    pub(super) is_cut_off: bool,
}

/// Finds the feed in a document; `None` where there is none. Stops after `most` entries, or at the first one where
/// `most` is 0.
pub(super) fn outline<'a>(text: &'a str, base: &Url, most: usize) -> Option<Outline<'a>> {
    let mut scanner = Scanner::new(text);
    let mut found: Option<Outline<'a>> = None;
    let mut scope: Option<Rc<Scope<'a>>> = None;
    let mut doctype = None;
    let mut open: Vec<(&'a str, Rc<Scope<'a>>)> = Vec::new();
    let (mut has_junk_before, mut is_in_page) = (false, false);
    while let Some(token) = scanner.next() {
        match token {
            Token::Start { name, attributes, is_empty } => {
                let outer = scope.get_or_insert_with(|| Scope::of_document(base, doctype));
                let around = open.last().map_or_else(|| Rc::clone(outer), |(_, scope)| Rc::clone(scope));
                let mut element = Element::begin(&around, name, attributes);
                let is_container = element.is_one_of(CONTAINERS) && is_structural(&element);
                let is_entry = element.is_one_of(ENTRIES) && is_structural(&element);
                if !is_container && !is_entry && found.is_none() {
                    is_in_page |= !has_junk_before && element.is("html");
                    has_junk_before = true;
                    continue;
                }
                let outline = found.get_or_insert_with(|| Outline::begun(&element, has_junk_before));
                if is_container {
                    if !is_empty {
                        open.push((name, Rc::clone(&element.scope)));
                    }
                    outline.containers.push(element);
                } else if is_entry {
                    if most == 0 {
                        return found;
                    }
                    if !is_empty {
                        // An entry that is not closed ends where the next one begins.
                        element.inner = inside(&mut scanner, text, name, &[name]);
                    }
                    if outline.entries.len() < most {
                        outline.entries.push(element);
                    } else {
                        outline.left_out += 1;
                    }
                } else if !open.is_empty() && outline.head.len() < MOST_HEAD {
                    if !is_empty {
                        element.inner = inside(&mut scanner, text, name, head_stops(&element));
                    }
                    outline.head.push(element);
                }
            }
            Token::End { name } => {
                if let Some(index) = open.iter().rposition(|(waiting, _)| waiting.eq_ignore_ascii_case(name))
                {
                    open.truncate(index);
                }
            }
            Token::Doctype(declaration) => doctype = doctype.or(Some(declaration)),
            Token::Text(text) => has_junk_before |= found.is_none() && !text.trim().is_empty(),
            Token::Data(_) | Token::Nothing => {}
        }
    }
    if let Some(outline) = found.as_mut() {
        outline.is_in_page = is_in_page;
        outline.is_cut_off = !open.is_empty();
    }
    found
}

impl<'a> Outline<'a> {
    fn begun(root: &Element<'a>, has_junk_before: bool) -> Self {
        Self {
            root: root.clone(),
            containers: Vec::new(),
            head: Vec::new(),
            entries: Vec::new(),
            left_out: 0,
            is_in_page: false,
            has_junk_before,
            is_cut_off: false,
        }
    }
}

/// Whether an element is of a feed format, not of an extension that uses the same word.
fn is_structural(element: &Element<'_>) -> bool {
    use super::space::Space;
    element.space.is_own() || element.space == Space::Rdf
}

/// A field of the head that is not closed ends where entries begin.
fn head_stops(element: &Element<'_>) -> &'static [&'static str] {
    const LINES: &[&str] =
        &["item", "entry", "link", "description", "language", "pubdate", "lastbuilddate", "image"];
    match () {
        () if element.space.is_own()
            && element.is_one_of(&["title", "link", "language", "pubdate", "copyright", "generator"]) =>
        {
            LINES
        }
        () => &["item", "entry"],
    }
}
