//! Text to tags and texts, whatever it is: the tokens of XML without its refusals.

/// How far a quoted attribute value is believed to reach; a longer one is a stray quote.
const LONGEST_QUOTED: usize = 64 << 10;
/// Stray quotes after which quotes are not believed any more, so that a scan stays linear.
const MOST_STRAYS: u32 = 32;

/// A piece of markup.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Token<'a> {
    /// `<name …>`, or `<name …/>`.
    Start {
        /// With its prefix.
        name: &'a str,
        /// As written.
        attributes: &'a str,
        /// Closed at once.
        is_empty: bool,
    },
    /// `</name>`.
    End {
        /// With its prefix.
        name: &'a str,
    },
    /// Text with its references.
    Text(&'a str),
    /// The inside of a CDATA section.
    Data(&'a str),
    /// The inside of `<!DOCTYPE …>`.
    Doctype(&'a str),
    /// A comment, a processing instruction.
    Nothing,
}

/// Cuts a text into tokens.
#[derive(Debug, Clone)]
pub(super) struct Scanner<'a> {
    text: &'a str,
    at: usize,
    /// The markup after the text that was given last, already read, and where it ends.
    pending: Option<(Token<'a>, usize)>,
    strays: u32,
    /// There is no `>` any more, or no `]]>`, or no `-->`: not looked for again.
    ended: [bool; 3],
}

impl<'a> Scanner<'a> {
    pub(super) fn new(text: &'a str) -> Self {
        Self { text, at: 0, pending: None, strays: 0, ended: [false; 3] }
    }

    /// Where the next token begins.
    pub(super) fn offset(&self) -> usize {
        self.at
    }

    /// Goes on from another place.
    pub(super) fn seek(&mut self, at: usize) {
        self.at = at;
        self.pending = None;
    }

    fn rest(&self) -> &'a str {
        self.text.get(self.at..).unwrap_or_default()
    }

    /// Takes text up to `end`.
    fn text_to(&mut self, end: usize) -> Option<Token<'a>> {
        let text = self.text.get(self.at..end)?;
        self.at = end;
        Some(Token::Text(text))
    }

    /// The rest of the text from `from` on, and where `needle` is in it; noted where it is not there any more.
    fn find(&mut self, from: usize, needle: &str, which: usize) -> Option<usize> {
        if self.ended.get(which).copied().unwrap_or(true) {
            return None;
        }
        let found =
            self.text.get(from..).and_then(|rest| memchr::memmem::find(rest.as_bytes(), needle.as_bytes()));
        if found.is_none()
            && let Some(ended) = self.ended.get_mut(which)
        {
            *ended = true;
        }
        found.map(|at| from + at)
    }

    /// What begins with the `<` at `self.at`; `None` where it is no markup.
    fn markup(&mut self) -> Option<Token<'a>> {
        let start = self.at;
        let rest = self.rest();
        if rest.starts_with("<!--") {
            let end = self.find(start + 4, "-->", 2)?;
            self.at = end + 3;
            return Some(Token::Nothing);
        }
        if rest.starts_with("<![CDATA[") {
            let from = start + 9;
            // A section that is never closed reaches to the end of a document that was cut off.
            let end = self.find(from, "]]>", 1).unwrap_or(self.text.len());
            self.at = (end + 3).min(self.text.len());
            return Some(Token::Data(self.text.get(from..end).unwrap_or_default()));
        }
        if rest.starts_with("<?") {
            self.at = self.find(start, ">", 0)? + 1;
            return Some(Token::Nothing);
        }
        if rest.starts_with("<!") {
            return self.doctype();
        }
        let (is_end, name_start) =
            if rest.starts_with("</") { (true, start + 2) } else { (false, start + 1) };
        let bytes = self.text.as_bytes();
        if !bytes
            .get(name_start)
            .is_some_and(|byte| byte.is_ascii_alphabetic() || *byte == b'_' || *byte >= 0x80)
        {
            return None;
        }
        let after = bytes.get(name_start..).unwrap_or_default();
        let length = after
            .iter()
            .position(|byte| byte.is_ascii_whitespace() || matches!(byte, b'>' | b'/' | b'<' | b'='));
        let name_end = name_start + length?;
        let (end, next) = self.tag_end(name_end)?;
        let name = self.text.get(name_start..name_end).unwrap_or_default();
        let attributes = self.text.get(name_end..end).unwrap_or_default();
        self.at = next;
        if is_end {
            return Some(Token::End { name });
        }
        let is_empty = attributes.ends_with('/');
        let attributes = attributes.strip_suffix('/').unwrap_or(attributes);
        Some(Token::Start { name, attributes, is_empty })
    }

    /// `<!DOCTYPE name [ … ]>` and other declarations.
    fn doctype(&mut self) -> Option<Token<'a>> {
        let start = self.at + 2;
        let close = self.find(start, ">", 0)?;
        let head = self.text.get(start..close)?;
        let end = if head.contains('[') {
            let from = self.text.get(start..)?;
            let bracket = memchr::memchr(b']', from.as_bytes())?;
            start + bracket + memchr::memchr(b'>', from.as_bytes().get(bracket..)?)?
        } else {
            close
        };
        self.at = end + 1;
        let inside = self.text.get(start..end)?;
        let is_doctype = inside.get(..7).is_some_and(|word| word.eq_ignore_ascii_case("DOCTYPE"));
        Some(if is_doctype { Token::Doctype(inside) } else { Token::Nothing })
    }

    /// Where a tag's attributes end, and where what follows begins. A `<` outside of quotes ends an unclosed tag.
    fn tag_end(&mut self, from: usize) -> Option<(usize, usize)> {
        let bytes = self.text.as_bytes();
        let mut at = from;
        loop {
            let rest = bytes.get(at..)?;
            at += rest.iter().position(|byte| matches!(byte, b'>' | b'<' | b'"' | b'\''))?;
            match bytes.get(at)? {
                b'>' => return Some((at, at + 1)),
                b'<' => return Some((at, at)),
                quote => {
                    let follows_equals = bytes.get(from..at)?.trim_ascii_end().ends_with(b"=");
                    at += 1;
                    if follows_equals && self.strays < MOST_STRAYS {
                        let reach = bytes.get(at..bytes.len().min(at + LONGEST_QUOTED))?;
                        let close = memchr::memchr(*quote, reach);
                        match close.filter(|close| !crosses_tags(reach.get(..*close).unwrap_or_default())) {
                            Some(close) => at += close + 1,
                            None => self.strays += 1,
                        }
                    }
                }
            }
        }
    }
}

/// Whether what seems to be quoted reaches from one tag into another: a quote is missing.
fn crosses_tags(quoted: &[u8]) -> bool {
    memchr::memchr2(b'<', b'>', quoted).is_some_and(|at| {
        let after = quoted.get(at + 1..).unwrap_or_default();
        quoted.get(at) == Some(&b'>') && memchr::memchr(b'<', after).is_some()
    })
}

impl<'a> Iterator for Scanner<'a> {
    type Item = Token<'a>;

    fn next(&mut self) -> Option<Token<'a>> {
        loop {
            if let Some((token, end)) = self.pending.take() {
                self.at = end;
                if token != Token::Nothing {
                    return Some(token);
                }
            }
            if self.at >= self.text.len() {
                return None;
            }
            // Text reaches to the next `<` that begins markup.
            let text_start = self.at;
            let mut from = text_start;
            let (at, token) = loop {
                let found = self.text.as_bytes().get(from..).and_then(|rest| memchr::memchr(b'<', rest));
                let Some(at) = found.map(|at| from + at) else { return self.text_to(self.text.len()) };
                self.at = at;
                match self.markup() {
                    Some(token) => break (at, token),
                    None => from = at + 1,
                }
                self.at = text_start;
            };
            self.pending = Some((token, self.at));
            if at > text_start {
                self.at = text_start;
                return self.text_to(at);
            }
        }
    }
}

/// The attributes of a tag: names with their prefixes, values as written. Tolerates missing quotes and values.
#[derive(Debug, Clone)]
pub(super) struct Attributes<'a> {
    rest: &'a str,
}

impl<'a> Attributes<'a> {
    pub(super) fn new(attributes: &'a str) -> Self {
        Self { rest: attributes }
    }
}

impl<'a> Iterator for Attributes<'a> {
    type Item = (&'a str, &'a str);

    fn next(&mut self) -> Option<Self::Item> {
        let rest = self
            .rest
            .trim_start_matches(|c: char| c.is_ascii_whitespace() || matches!(c, '/' | ',' | '"' | '\''));
        let end = rest.find(|c: char| c == '=' || c.is_ascii_whitespace()).unwrap_or(rest.len());
        let (name, after) = rest.split_at_checked(end)?;
        if name.is_empty() && after.is_empty() {
            return None;
        }
        let after = after.trim_ascii_start();
        let Some(value) = after.strip_prefix('=') else {
            self.rest = after;
            return Some((name, ""));
        };
        let value = value.trim_ascii_start();
        let (value, after) = match value.as_bytes().first() {
            Some(quote @ (b'"' | b'\'')) => {
                let inner = value.get(1..).unwrap_or_default();
                inner.split_once(char::from(*quote)).unwrap_or((inner, ""))
            }
            _ => value
                .split_at_checked(value.find(|c: char| c.is_ascii_whitespace()).unwrap_or(value.len()))?,
        };
        self.rest = after;
        Some((name, value))
    }
}
