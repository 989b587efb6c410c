//! A reader's query over the stories.

use super::StoryView;
use std::str::FromStr;

/// The longest query, in characters.
const MOST_CHARS: usize = 256;
/// The most terms of a query.
const MOST_TERMS: usize = 16;

/// Words that all must occur, "phrases in quotes", and -words that must not; `word*` stands for its beginning.
/// Case does not count.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Query {
    text: String,
    wanted: Vec<Term>,
    unwanted: Vec<Term>,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash)]
struct Term {
    /// Folded, see [`fold`].
    words: String,
    is_beginning: bool,
}

impl Query {
    /// The query, tidied: what is shown, and what its feeds' addresses carry.
    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// Whether one entry of the story has all the wanted words, and none has an unwanted one.
    pub fn matches(&self, view: &StoryView) -> bool {
        let texts: Vec<String> = view
            .tellings()
            .map(|telling| {
                let entry = &telling.kept.entry;
                fold(
                    &[&entry.title, &entry.summary, &entry.content, &telling.feed.name]
                        .map(String::as_str)
                        .join("\n"),
                )
            })
            .collect();
        texts.iter().any(|text| self.wanted.iter().all(|term| term.occurs_in(text)))
            && !texts.iter().any(|text| self.unwanted.iter().any(|term| term.occurs_in(text)))
    }
}

impl FromStr for Query {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let text = super::clean::clean_line(text);
        if text.chars().count() > MOST_CHARS {
            return Err(format!("the query is longer than {MOST_CHARS} characters"));
        }
        let mut query = Self { text, wanted: Vec::new(), unwanted: Vec::new() };
        for (index, part) in query.text.split('"').enumerate() {
            // What stands between the first and the second quote is a phrase, and so on.
            let pieces: Vec<&str> = if index % 2 == 1 { vec![part] } else { part.split(' ').collect() };
            for piece in pieces {
                let (piece, is_unwanted) = match piece.strip_prefix('-') {
                    Some(rest) if index % 2 == 0 => (rest, true),
                    _ => (piece, false),
                };
                let words = fold(piece).trim().to_owned();
                if words.is_empty() {
                    continue;
                }
                let term = Term { words, is_beginning: piece.ends_with('*') };
                if is_unwanted { query.unwanted.push(term) } else { query.wanted.push(term) }
            }
        }
        if query.wanted.len() + query.unwanted.len() > MOST_TERMS {
            return Err(format!("the query has more than {MOST_TERMS} words"));
        }
        if query.wanted.is_empty() {
            return Err("the query has no word to look for".to_owned());
        }
        Ok(query)
    }
}

impl Term {
    fn occurs_in(&self, text: &str) -> bool {
        // Scripts without blanks between words have no word boundaries to look for.
        let is_spaced = self.words.is_ascii();
        text.match_indices(&self.words).any(|(at, words)| {
            let before = text.get(..at).and_then(|head| head.chars().next_back());
            let after = text.get(at + words.len()..).and_then(|tail| tail.chars().next());
            let is_edge = |c: Option<char>| c.is_none_or(|c| !c.is_alphanumeric());
            !is_spaced || (is_edge(before) && (self.is_beginning || is_edge(after)))
        })
    }
}

/// Lower case, with one blank for whatever is neither letter nor digit.
fn fold(text: &str) -> String {
    let mut folded = String::with_capacity(text.len());
    for c in text.chars() {
        if c.is_alphanumeric() {
            folded.extend(c.to_lowercase());
        } else if !folded.ends_with(' ') {
            folded.push(' ');
        }
    }
    folded
}
