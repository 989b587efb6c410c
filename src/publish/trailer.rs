//! What publishing systems put after a text: an invitation to read on, or a line that says where it first appeared. It
//! is no part of a summary.

// Sentences that run to the end of the text, by how they begin and what they must hold: WordPress's feed footer
// ("The post … appeared first on …", its default since 2011, and two translations) and its themes' excerpt link.
const LAST_SENTENCES: [(&str, &str); 4] = [
    ("The post ", " appeared first on "),
    ("Der Beitrag ", " erschien zuerst auf "),
    ("L’article ", " est apparu en premier sur "),
    ("Continue reading", ""),
];
// Words at the very end: WordPress's `[…]`, Blogger's and Medium's links, and what news sites write there.
const LAST_WORDS: [&str; 12] = [
    "[…]",
    "[...]",
    "(more…)",
    "(more...)",
    "Read more",
    "Read More",
    "Read the full story",
    "Read the full article",
    "Read full article",
    "Read the rest",
    "Full story",
    "Weiterlesen",
];
/// A last sentence is no longer than this, in bytes: a headline and a name.
const MOST_BYTES: usize = 400;

/// A text on one line, without its trailer.
pub(super) fn without_trailer(text: &str) -> &str {
    let mut rest = text.trim_end();
    loop {
        let shorter = cut_sentence(rest);
        let shorter = cut_words(shorter);
        if shorter.len() == rest.len() {
            return rest;
        }
        rest = shorter;
    }
}

fn cut_sentence(text: &str) -> &str {
    for (beginning, middle) in LAST_SENTENCES {
        let Some(at) = text.rfind(beginning) else { continue };
        let (Some(before), Some(sentence)) = (text.get(..at), text.get(at..)) else { continue };
        let before = before.trim_end();
        let begins_anew =
            before.is_empty() || before.ends_with(['.', '…', '!', '?', ']', '”', '"', '»', '。']);
        if begins_anew && sentence.len() <= MOST_BYTES && sentence.contains(middle) {
            return before;
        }
    }
    text
}

fn cut_words(text: &str) -> &str {
    // Arrows and dots after the words belong to the link.
    let bare = text.trim_end_matches(|c: char| c.is_whitespace() || matches!(c, '»' | '→' | '›' | '>' | ':'));
    for words in LAST_WORDS {
        for ending in ["", "…", "...", "."] {
            let Some(before) = bare.strip_suffix(ending).and_then(|bare| bare.strip_suffix(words)) else {
                continue;
            };
            if before.is_empty() || before.ends_with(|c: char| !c.is_alphanumeric()) {
                return before.trim_end();
            }
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_publishing_system_adds_is_taken_off() {
        let cases = [
            ("Fabs grow. The post Fabs grow appeared first on Wafer Post.", "Fabs grow."),
            ("Fabs grow. Der Beitrag Mehr Fabs erschien zuerst auf Halbleiter heute.", "Fabs grow."),
            ("Fabs grow […]", "Fabs grow"),
            ("Fabs grow [...] Read more »", "Fabs grow"),
            ("Fabs grow… Continue reading Fabs grow and grow →", "Fabs grow…"),
            ("Read more", ""),
            ("Fabs grow. Read the full story.", "Fabs grow."),
        ];
        for (text, want) in cases {
            assert_eq!(without_trailer(text), want, "{text:?}");
        }
    }

    #[test]
    fn what_only_looks_like_it_stays() {
        for text in [
            "The post office buys chips.",
            "Engineers Continue reading the die shots.",
            "Nobody can read more",
            "Chips [sic]",
            "",
        ] {
            assert_eq!(without_trailer(text), text);
        }
    }
}
