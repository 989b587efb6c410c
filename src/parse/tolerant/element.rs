//! An element as a part of the text, its children found on demand.

use super::scan::{Attributes, Scanner, Token};
use super::space::{Scope, Space};
use std::borrow::Cow;
use std::rc::Rc;

/// Open elements that are told apart; deeper ones are only counted.
const MOST_OPEN: usize = 64;
/// Children taken of one element.
const MOST_CHILDREN: usize = 2_000;

/// Fields of one line: where another field begins inside, they were not closed.
const LEAVES: &[&str] =
    &["title", "link", "guid", "pubdate", "updated", "published", "issued", "modified", "id"];
/// Fields that begin inside no line.
const FIELDS: &[&str] = &[
    "author",
    "category",
    "comments",
    "content",
    "description",
    "enclosure",
    "entry",
    "guid",
    "item",
    "link",
    "pubdate",
    "published",
    "summary",
    "title",
    "updated",
    "issued",
    "modified",
    "id",
];

/// One element.
#[derive(Debug, Clone)]
pub(super) struct Element<'a> {
    pub(super) space: Space,
    /// Without its prefix.
    pub(super) local: &'a str,
    pub(super) attributes: &'a str,
    /// All between its tags.
    pub(super) inner: &'a str,
    pub(super) scope: Rc<Scope<'a>>,
}

impl<'a> Element<'a> {
    /// An element that begins with this tag, its inside still to be found.
    pub(super) fn begin(scope: &Rc<Scope<'a>>, name: &'a str, attributes: &'a str) -> Self {
        let scope = Scope::enter(scope, attributes);
        let (space, local) = scope.resolve(name);
        Self { space, local, attributes, inner: "", scope }
    }

    pub(super) fn is(&self, local: &str) -> bool {
        self.local.eq_ignore_ascii_case(local)
    }

    pub(super) fn is_one_of(&self, names: &[&str]) -> bool {
        names.iter().any(|name| self.is(name))
    }

    /// An attribute's value, by its local name, references replaced.
    pub(super) fn attribute(&self, wanted: &str) -> Option<Cow<'a, str>> {
        let found = Attributes::new(self.attributes).find(|(name, _)| {
            name.rsplit(':').next().is_some_and(|local| local.eq_ignore_ascii_case(wanted))
        });
        found.map(|(_, value)| self.scope.decode(value))
    }

    /// An attribute that is there and not blank.
    pub(super) fn filled(&self, wanted: &str) -> Option<Cow<'a, str>> {
        self.attribute(wanted).filter(|value| !value.trim().is_empty())
    }

    /// The elements directly inside.
    pub(super) fn children(&self) -> Vec<Self> {
        let mut children = Vec::new();
        let mut scanner = Scanner::new(self.inner);
        while let Some(token) = scanner.next() {
            if children.len() >= MOST_CHILDREN {
                break;
            }
            if let Token::Start { name, attributes, is_empty } = token {
                let mut child = Self::begin(&self.scope, name, attributes);
                if !is_empty {
                    child.inner = inside(&mut scanner, self.inner, name, field_stops(child.local));
                }
                children.push(child);
            }
        }
        children
    }

    /// The element inside, where there is one with nothing but blanks around it.
    pub(super) fn only_child(&self) -> Option<Self> {
        let mut children = self.children();
        let child = children.pop().filter(|child| children.is_empty() && !child.inner.is_empty())?;
        let before = child.inner.as_ptr() as usize - self.inner.as_ptr() as usize;
        let after = self.inner.get(before + child.inner.len()..)?;
        let has_text_before = self.inner.get(..before)?.trim_start().strip_prefix('<').is_none();
        let has_text_after = after.split_once('>').is_none_or(|(_, rest)| !rest.trim().is_empty());
        (!has_text_before && !has_text_after).then_some(child)
    }

    /// Whether there is markup inside, unescaped.
    pub(super) fn has_children(&self) -> bool {
        self.inner.contains('<') && Scanner::new(self.inner).any(|token| matches!(token, Token::Start { .. }))
    }

    /// The text inside, references replaced; tags in it are left out.
    pub(super) fn text(&self) -> Cow<'a, str> {
        if memchr::memchr(b'<', self.inner.as_bytes()).is_none() {
            return self.scope.decode(self.inner);
        }
        let mut out = String::with_capacity(self.inner.len());
        for token in Scanner::new(self.inner) {
            match token {
                Token::Text(text) => out.push_str(&self.scope.decode(text)),
                Token::Data(text) => out.push_str(text),
                _ => {}
            }
        }
        Cow::Owned(out)
    }

    /// What is inside as HTML: prefixes off, empty elements closed, CDATA as text (`is_strict`) or as markup.
    pub(super) fn markup(&self, is_strict: bool) -> String {
        let mut out = String::with_capacity(self.inner.len());
        for token in Scanner::new(self.inner) {
            match token {
                Token::Start { name, attributes, is_empty } => {
                    let (space, local) = self.scope.resolve(name);
                    let local = if space == Space::Other { name } else { local };
                    push_all(&mut out, &["<", local, attributes, ">"]);
                    if is_empty && !is_void(local) {
                        push_all(&mut out, &["</", local, ">"]);
                    }
                }
                Token::End { name } => {
                    let (space, local) = self.scope.resolve(name);
                    push_all(&mut out, &["</", if space == Space::Other { name } else { local }, ">"]);
                }
                Token::Data(text) if is_strict => {
                    out.push_str(&text.replace('&', "&amp;").replace('<', "&lt;"));
                }
                Token::Text(text) | Token::Data(text) => out.push_str(text),
                Token::Doctype(_) | Token::Nothing => {}
            }
        }
        out
    }
}

fn push_all(out: &mut String, parts: &[&str]) {
    for part in parts {
        out.push_str(part);
    }
}

/// Elements of HTML that have no end tag.
fn is_void(name: &str) -> bool {
    ["area", "br", "col", "embed", "hr", "img", "input", "link", "meta", "param", "source", "track", "wbr"]
        .iter()
        .any(|void| name.eq_ignore_ascii_case(void))
}

fn field_stops(local: &str) -> &'static [&'static str] {
    if LEAVES.iter().any(|leaf| local.eq_ignore_ascii_case(leaf)) { FIELDS } else { &[] }
}

/// The inside of the element `name` whose start tag was just read, leaving `scanner` after it: to its end tag, however
/// badly what is inside is nested; else to the first start of an element of `stops`; else to the end of `text`.
pub(super) fn inside<'a>(scanner: &mut Scanner<'a>, text: &'a str, name: &str, stops: &[&str]) -> &'a str {
    let start = scanner.offset();
    let mut open: Vec<&str> = vec![name];
    let mut deeper = 0_usize;
    loop {
        let at = scanner.offset();
        let Some(token) = scanner.next() else { return text.get(start..).unwrap_or_default() };
        match token {
            Token::Start { name: inner, is_empty, .. } => {
                if stops.iter().any(|stop| inner.eq_ignore_ascii_case(stop)) {
                    scanner.seek(at);
                    return text.get(start..at).unwrap_or_default();
                }
                if is_empty {
                } else if open.len() < MOST_OPEN {
                    open.push(inner);
                } else {
                    deeper += 1;
                }
            }
            Token::End { name: ended } if deeper > 0 && !ended.eq_ignore_ascii_case(name) => deeper -= 1,
            Token::End { name: ended } => {
                // An end tag closes what was left open inside; one that nothing waits for means nothing.
                if let Some(index) = open.iter().rposition(|waiting| waiting.eq_ignore_ascii_case(ended)) {
                    open.truncate(index);
                    deeper = 0;
                    if open.is_empty() {
                        return text.get(start..at).unwrap_or_default();
                    }
                }
            }
            _ => {}
        }
    }
}
