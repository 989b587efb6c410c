//! Stories to what readers get: which story belongs to which feed, what an item says, and the bytes of RSS 2.0,
//! Atom 1.0, JSON Feed 1.1 and OPML.
//!
//! Pure: the same stories under the same settings give the same bytes, always. Nothing here knows HTTP, and nothing
//! here decides when a story is released: [`published_time`] and [`is_due`] hold the rules, the editing role applies
//! them.
//!
//! Reading order: [`StoryView`] → [`Wire`] → [`Selection`] → [`Item`] → [`render`].

mod atom;
mod base;
mod body;
mod clean;
mod item;
mod json;
mod opml;
mod rss;
mod search;
mod select;
mod settings;
mod sources;
mod times;
mod trailer;
mod troubles;
mod view;
mod wire;

#[cfg(test)]
pub(crate) mod examples;

pub use base::Base;
pub use clean::{escape, web_address};
pub use item::{Head, Item, ItemCoverage, ItemSource, Options};
pub use opml::{feeds_opml, topics_opml};
pub use search::Query;
pub use select::{Cursor, Scope, Selection};
pub use settings::Settings;
pub use sources::{Source, Sources};
pub use times::{due_at, is_due, parse_duration, published_time};
pub use troubles::troubles_atom;
pub use view::{FeedInfo, StoryView, Telling};
pub use wire::{Shelf, Topic, Wire};

/// The longest summary of an item, in characters.
pub const SUMMARY_CHARS: usize = 300;
/// The address of the program, named as the generator of each feed.
pub const HOMEPAGE: &str = env!("CARGO_PKG_REPOSITORY");

/// A format of a republished feed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Format {
    /// RSS 2.0.
    Rss,
    /// Atom 1.0 (RFC 4287).
    Atom,
    /// JSON Feed 1.1.
    Json,
}

impl Format {
    /// All of them.
    pub const ALL: [Self; 3] = [Self::Rss, Self::Atom, Self::Json];

    /// The ending of its URLs.
    pub const fn ending(self) -> &'static str {
        match self {
            Self::Rss => "rss",
            Self::Atom => "atom",
            Self::Json => "json",
        }
    }

    /// The format of URLs with this ending.
    pub fn of_ending(ending: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|format| format.ending() == ending)
    }

    /// Its media type, as `Content-Type` and links name it.
    pub const fn media_type(self) -> &'static str {
        match self {
            Self::Rss => "application/rss+xml",
            Self::Atom => "application/atom+xml",
            Self::Json => "application/feed+json",
        }
    }
}

/// A feed of these stories, in this order.
pub fn render(head: &Head, stories: &[&StoryView], options: &Options<'_>, format: Format) -> Vec<u8> {
    let items: Vec<Item> = stories.iter().map(|story| Item::of(story, options)).collect();
    match format {
        Format::Rss => rss::render(head, &items, options),
        Format::Atom => atom::render(head, &items, options),
        Format::Json => json::render(head, &items, options),
    }
}

#[cfg(test)]
mod tests;
