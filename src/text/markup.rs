//! HTML to plain text in one pass, without building a tree.

use super::entities;

/// How far a quoted attribute value is believed to reach; longer ones are taken for a stray quote.
const LONGEST_QUOTED: usize = 8 << 10;
/// Stray quotes after which a text's quotes are not believed any more, so that the pass stays linear.
const MOST_STRAY_QUOTES: u32 = 32;

/// Elements that begin a new line.
const BLOCKS: &[&str] = &[
    "address",
    "article",
    "aside",
    "blockquote",
    "br",
    "dd",
    "details",
    "div",
    "dl",
    "dt",
    "figcaption",
    "figure",
    "footer",
    "form",
    "h1",
    "h2",
    "h3",
    "h4",
    "h5",
    "h6",
    "header",
    "hr",
    "li",
    "main",
    "nav",
    "ol",
    "p",
    "pre",
    "section",
    "summary",
    "table",
    "tr",
    "ul",
];
/// Elements whose content is no text for readers.
const HIDDEN: &[&str] = &["iframe", "noscript", "script", "style", "svg", "template"];

/// HTML (or plain text) as plain text: tags out, references decoded, blanks collapsed, one line a paragraph or other
/// block, no blank lines.
///
/// `a < b` and `AT&T` stay as they are. Scripts and styles vanish with what is in them.
pub fn plain(html: &str) -> String {
    let mut out = Text::with_capacity(html.len() / 2);
    let mut walk = Walk::new(html);
    while let Some(piece) = walk.next() {
        match piece {
            Piece::Text(text) => out.push_text(text),
            Piece::Tag(tag) => {
                if tag.is_one_of(BLOCKS) {
                    out.new_line();
                } else if tag.is_one_of(&["td", "th", "option", "img"]) {
                    out.blank();
                } else if !tag.is_end && tag.is_one_of(HIDDEN) {
                    walk.skip_past_end(tag.name);
                }
            }
        }
    }
    out.finish()
}

/// Whether a text holds a tag or a character reference, and so is HTML rather than plain text.
pub fn looks_like_markup(text: &str) -> bool {
    let mut walk = Walk::new(text);
    let has_tag =
        std::iter::from_fn(|| walk.next()).any(|piece| matches!(piece, Piece::Tag(tag) if tag.is_html()));
    has_tag
        || memchr::memchr_iter(b'&', text.as_bytes()).any(|at| {
            let reference = text.get(at..).and_then(entities::reference);
            reference.is_some_and(|(_, length)| text.as_bytes().get(at + length - 1) == Some(&b';'))
        })
}

/// The start tags of HTML, in order.
pub fn tags(html: &str) -> impl Iterator<Item = Tag<'_>> {
    let mut walk = Walk::new(html);
    std::iter::from_fn(move || {
        loop {
            if let Piece::Tag(tag) = walk.next()?
                && !tag.is_end
            {
                return Some(tag);
            }
        }
    })
}

/// The targets of the links in HTML, as written but for character references, in order.
pub fn links(html: &str) -> impl Iterator<Item = String> {
    tags(html).filter(|tag| tag.is("a")).filter_map(|tag| tag.attribute("href"))
}

enum Piece<'a> {
    Text(&'a str),
    Tag(Tag<'a>),
}

/// A tag of HTML.
#[derive(Debug, Clone, Copy)]
pub struct Tag<'a> {
    name: &'a str,
    is_end: bool,
    attributes: &'a str,
    /// From `<` to after `>`.
    whole: &'a str,
}

impl Tag<'_> {
    /// Whether it is of that element.
    pub fn is(&self, name: &str) -> bool {
        self.name.eq_ignore_ascii_case(name)
    }

    fn is_one_of(&self, names: &[&str]) -> bool {
        names.iter().any(|name| self.name.eq_ignore_ascii_case(name))
    }

    /// Where the tag stands in the HTML that it was found in: from its `<` to after its `>`.
    pub fn span_in(&self, html: &str) -> (usize, usize) {
        let start = (self.whole.as_ptr() as usize).saturating_sub(html.as_ptr() as usize);
        (start, start + self.whole.len())
    }

    /// A tag that HTML knows, unlike the `<T>` of a headline on generics.
    fn is_html(&self) -> bool {
        self.is_one_of(BLOCKS)
            || self.is_one_of(HIDDEN)
            || self.is_one_of(&[
                "a", "abbr", "b", "big", "center", "cite", "code", "del", "em", "embed", "font", "i",
            ])
            || self.is_one_of(&[
                "img", "ins", "kbd", "mark", "object", "q", "s", "small", "span", "strike", "strong",
            ])
            || self
                .is_one_of(&["sub", "sup", "td", "th", "tt", "u", "video", "wbr", "picture", "source", "!--"])
    }

    /// An attribute's value, its references decoded.
    pub fn attribute(&self, wanted: &str) -> Option<String> {
        let mut rest = self.attributes;
        loop {
            rest = rest.trim_start_matches(|c: char| c.is_ascii_whitespace() || c == '/');
            let end = rest.find(|c: char| c == '=' || c.is_ascii_whitespace()).unwrap_or(rest.len());
            let (name, after) = rest.split_at_checked(end)?;
            let after = after.trim_start();
            let Some(value) = after.strip_prefix('=') else {
                if name.is_empty() {
                    return None;
                }
                rest = after;
                continue;
            };
            let value = value.trim_start();
            let (value, after) = match value.chars().next() {
                Some(quote @ ('"' | '\'')) => {
                    let inner = value.get(1..)?;
                    inner.split_once(quote).unwrap_or((inner, ""))
                }
                _ => value
                    .split_at_checked(value.find(|c: char| c.is_ascii_whitespace()).unwrap_or(value.len()))?,
            };
            if name.eq_ignore_ascii_case(wanted) {
                return Some(entities::decode(value.trim()).into_owned());
            }
            rest = after;
        }
    }
}

/// Cuts HTML into texts and tags.
struct Walk<'a> {
    rest: &'a str,
    stray_quotes: u32,
    has_no_more_tags: bool,
    has_no_more_comments: bool,
}

impl<'a> Walk<'a> {
    fn new(html: &'a str) -> Self {
        Self { rest: html, stray_quotes: 0, has_no_more_tags: false, has_no_more_comments: false }
    }

    fn next(&mut self) -> Option<Piece<'a>> {
        if self.rest.is_empty() {
            return None;
        }
        let mut from = 0;
        while !self.has_no_more_tags
            && let Some(at) = memchr::memchr(b'<', self.rest.as_bytes().get(from..)?)
        {
            let at = from + at;
            if let Some((tag, after)) = self.tag_at(at) {
                if at == 0 {
                    self.rest = after;
                    return Some(Piece::Tag(tag));
                }
                return self.take_text(at);
            }
            from = at + 1;
        }
        self.take_text(self.rest.len())
    }

    fn take_text(&mut self, end: usize) -> Option<Piece<'a>> {
        let (text, rest) = self.rest.split_at_checked(end)?;
        self.rest = rest;
        Some(Piece::Text(text))
    }

    /// The tag that begins at `at`, where what stands there is one, and what follows it.
    fn tag_at(&mut self, at: usize) -> Option<(Tag<'a>, &'a str)> {
        let text = self.rest.get(at + 1..)?;
        let no_name = |name, after| Some((Tag { name, is_end: false, attributes: "", whole: "" }, after));
        if let Some(comment) = text.strip_prefix("!--") {
            // A comment that is never closed ends with what looks like its tag, so that the text after it is not lost.
            let end = self.comment_end(comment);
            return no_name("!--", end.and_then(|end| comment.get(end..)).unwrap_or_default());
        }
        if let Some(data) = text.strip_prefix("![CDATA[") {
            return no_name("", data);
        }
        if text.starts_with(['!', '?']) {
            return no_name("", text.get(memchr::memchr(b'>', text.as_bytes())? + 1..)?);
        }
        let (is_end, text) = text.strip_prefix('/').map_or((false, text), |text| (true, text));
        if !text.starts_with(|c: char| c.is_ascii_alphabetic()) {
            return None;
        }
        let name_end = text.find(|c: char| c.is_ascii_whitespace() || matches!(c, '>' | '/' | '<'))?;
        let Some(end) = self.tag_end(text, name_end) else {
            self.has_no_more_tags = memchr::memchr(b'>', text.as_bytes()).is_none();
            return None;
        };
        let after = text.get(end + 1..)?;
        let whole = self.rest.get(at..self.rest.len() - after.len())?;
        let tag = Tag { name: text.get(..name_end)?, is_end, attributes: text.get(name_end..end)?, whole };
        Some((tag, after))
    }

    /// Where a comment ends; a text without `-->` is searched for it once.
    fn comment_end(&mut self, comment: &str) -> Option<usize> {
        let end = if self.has_no_more_comments { None } else { comment.find("-->").map(|end| end + 3) };
        self.has_no_more_comments |= end.is_none();
        end.or_else(|| memchr::memchr(b'>', comment.as_bytes()).map(|end| end + 1))
    }

    /// Where the `>` of a tag is: one in a quoted attribute does not count.
    fn tag_end(&mut self, text: &str, from: usize) -> Option<usize> {
        let bytes = text.as_bytes();
        let mut at = from;
        loop {
            at += memchr::memchr3(b'>', b'"', b'\'', bytes.get(at..)?)?;
            let byte = *bytes.get(at)?;
            if byte == b'>' {
                return Some(at);
            }
            at += 1;
            if self.stray_quotes < MOST_STRAY_QUOTES {
                let reach = bytes.get(at..bytes.len().min(at + LONGEST_QUOTED))?;
                match memchr::memchr(byte, reach) {
                    Some(close) => at += close + 1,
                    None => self.stray_quotes += 1,
                }
            }
        }
    }

    fn skip_past_end(&mut self, name: &str) {
        let mut from = 0;
        while let Some(at) = self.rest.get(from..).and_then(|rest| rest.find("</")) {
            let after = from + at + 2;
            let rest = self.rest.get(after..).unwrap_or_default();
            if rest.get(..name.len()).is_some_and(|found| found.eq_ignore_ascii_case(name)) {
                self.rest =
                    rest.get(name.len()..).and_then(|rest| rest.split_once('>')).map_or("", |(_, rest)| rest);
                return;
            }
            from = after;
        }
        self.rest = "";
    }
}

/// Plain text in the making: at most one blank or line feed between words.
struct Text {
    out: String,
    is_blank_due: bool,
    is_line_due: bool,
}

impl Text {
    fn with_capacity(bytes: usize) -> Self {
        Self { out: String::with_capacity(bytes), is_blank_due: false, is_line_due: false }
    }

    fn new_line(&mut self) {
        self.is_line_due = true;
    }

    fn blank(&mut self) {
        self.is_blank_due = true;
    }

    fn push_text(&mut self, text: &str) {
        let mut rest = text;
        while let Some(first) = rest.chars().next() {
            if first == '&'
                && let Some((characters, length)) = entities::reference(rest)
            {
                characters.into_iter().flatten().for_each(|character| self.push(character));
                rest = rest.get(length..).unwrap_or_default();
            } else {
                self.push(first);
                rest = rest.get(first.len_utf8()..).unwrap_or_default();
            }
        }
    }

    fn push(&mut self, character: char) {
        if character.is_whitespace() {
            self.is_blank_due = true;
        } else if !is_invisible(character) {
            if !self.out.is_empty() {
                if self.is_line_due {
                    self.out.push('\n');
                } else if self.is_blank_due {
                    self.out.push(' ');
                }
            }
            (self.is_line_due, self.is_blank_due) = (false, false);
            self.out.push(character);
        }
    }

    fn finish(self) -> String {
        self.out
    }
}

/// Characters that no reader sees: controls, soft hyphens, zero-width blanks, byte order marks, direction marks.
/// Joiners (U+200C, U+200D) stay: scripts and emoji need them.
pub(super) fn is_invisible(character: char) -> bool {
    character.is_control()
        || matches!(character, '\u{ad}' | '\u{200b}' | '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}')
        || matches!(character, '\u{2060}' | '\u{2066}'..='\u{2069}' | '\u{feff}' | '\u{fffe}' | '\u{ffff}')
}
