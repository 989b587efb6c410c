//! The filter's decision on an entry.

use std::fmt;
use std::str::FromStr;

/// Is the entry about chips, how surely, and on what evidence.
#[derive(Debug, Clone, PartialEq)]
pub struct Verdict {
    /// `score` ≥ `filter.threshold`.
    pub relevant: bool,
    /// From 0 to 1: half of P(touches chips substantially) plus half of P(is about chips), both calibrated.
    pub score: f32,
    /// What kind of piece it is.
    pub kind: Kind,
    /// Slugs of the topics that it is about.
    pub topics: Vec<String>,
    /// The strongest evidence, strongest first.
    pub reasons: Vec<Reason>,
}

/// One piece of evidence.
#[derive(Debug, Clone, PartialEq)]
pub struct Reason {
    /// The term, or the name of the rule.
    pub term: String,
    /// Where it was found.
    pub field: Field,
    /// What it adds to (or takes from) the evidence, in log-odds.
    pub weight: f32,
}

macro_rules! words {
    ($(#[$doc:meta])* $name:ident, $error:literal { $($(#[$variant_doc:meta])* $variant:ident = $word:literal,)+ }) => {
        $(#[$doc])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
        pub enum $name {
            $($(#[$variant_doc])* $variant,)+
        }

        impl $name {
            /// All of them, in their order.
            pub const ALL: &[Self] = &[$(Self::$variant),+];

            /// The word that configuration, feeds and URLs use.
            pub const fn as_str(self) -> &'static str {
                match self { $(Self::$variant => $word,)+ }
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.pad(self.as_str())
            }
        }

        impl FromStr for $name {
            type Err = String;

            fn from_str(text: &str) -> Result<Self, String> {
                Self::ALL.iter().copied().find(|one| one.as_str() == text).ok_or_else(|| {
                    let words: Vec<_> = Self::ALL.iter().map(|one| one.as_str()).collect();
                    format!(concat!("{:?} is no ", $error, "; it is one of {}"), text, words.join(", "))
                })
            }
        }
    };
}
pub(crate) use words;

words! {
    /// The kind of piece.
    Kind, "kind" {
        /// A report of something that happened.
        News = "news",
        /// Comment or analysis.
        Opinion = "opinion",
        /// Share prices, price targets, fund filings.
        MarketNote = "market-note",
        /// An offer to shoppers.
        Deal = "deal",
        /// A test of a product.
        Review = "review",
        /// Instructions.
        HowTo = "how-to",
        /// A company's own release.
        Vendor = "vendor",
        /// Several stories in one piece.
        RoundUp = "round-up",
        /// A vacancy.
        Job = "job",
    }
}

words! {
    /// The part of an entry that evidence was found in.
    Field, "field" {
        /// The headline.
        Title = "title",
        /// The summary.
        Summary = "summary",
        /// The body.
        Content = "content",
        /// The publisher's tags.
        Categories = "categories",
        /// The link.
        Url = "url",
        /// The feed's or publisher's history.
        Feed = "feed",
    }
}
