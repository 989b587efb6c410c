//! Who publishes where, to whom a title belongs, and what it is: `config/publishers.toml`, widened by the feeds that
//! are subscribed. It decides what is an aggregator's pointer, which newsrooms are one owner's, and whether a link is
//! at home where it was found.

use rustc_hash::FxHashMap;
use serde::Deserialize;

use crate::model::{Entry, Feed, FeedId};

/// The shipped table.
const SHIPPED: &str = include_str!("../../config/publishers.toml");

/// The error of reading a table of publishers.
#[derive(Debug, thiserror::Error)]
#[error("publishers: {0}; each line is {{ name, owner?, kind?, hosts, also? }}")]
pub struct PublishersError(#[from] toml::de::Error);

/// What a publisher is.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum PublisherKind {
    /// Reports itself.
    #[default]
    Newsroom,
    /// Sells its reports, or others' releases, to newsrooms.
    Wire,
    /// Speaks for its own products.
    Vendor,
    /// Links to others' pieces; never leads a story.
    Aggregator,
    /// Says itself that machines write it.
    MachineWritten,
}

/// One publisher.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Publisher {
    /// The name that readers know.
    pub name: String,
    /// To whom it belongs; the name itself where it is nobody else's.
    #[serde(default)]
    pub owner: Option<String>,
    /// What it is.
    #[serde(default)]
    pub kind: PublisherKind,
    /// Its hosts; sub-domains belong to them.
    #[serde(default)]
    pub hosts: Vec<String>,
    /// Other names that its feeds have.
    #[serde(default)]
    pub also: Vec<String>,
}

impl Publisher {
    /// To whom it belongs.
    pub fn owner(&self) -> &str {
        self.owner.as_deref().unwrap_or(&self.name)
    }
}

/// All known publishers, and the homes of the subscribed feeds.
#[derive(Debug, Clone, Default)]
pub struct Publishers {
    all: Vec<Publisher>,
    by_name: FxHashMap<String, usize>,
    by_host: FxHashMap<String, usize>,
    homes: FxHashMap<FeedId, Vec<String>>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Table {
    #[serde(default)]
    publisher: Vec<Publisher>,
}

impl Publishers {
    /// The table that ships with the program. A test holds that it can be read.
    pub fn shipped() -> Self {
        Self::parse(SHIPPED).unwrap_or_default()
    }

    /// Reads a table.
    pub fn parse(table: &str) -> Result<Self, PublishersError> {
        let table: Table = toml::from_str(table)?;
        let mut this = Self::default();
        for publisher in table.publisher {
            let index = this.all.len();
            for name in std::iter::once(&publisher.name).chain(&publisher.also) {
                this.by_name.insert(key(name), index);
            }
            for host in &publisher.hosts {
                this.by_host.insert(host.clone(), index);
            }
            this.all.push(publisher);
        }
        Ok(this)
    }

    /// Tells which hosts a subscribed feed is at home on: its own, and its `site`, both the operator's words. What
    /// the document says of itself is no evidence.
    pub fn register(&mut self, feed: &Feed) {
        let urls = [Some(feed.url.as_str()), feed.site.as_deref()];
        let hosts: Vec<String> = urls.into_iter().flatten().filter_map(host_of).map(registrable).collect();
        self.homes.insert(feed.id, hosts);
    }

    /// The publisher of this name.
    pub fn named(&self, name: &str) -> Option<&Publisher> {
        self.by_name.get(&key(name)).and_then(|index| self.all.get(*index))
    }

    /// The publisher at this host or a domain above it.
    pub fn at_host(&self, host: &str) -> Option<&Publisher> {
        let mut host = host;
        loop {
            if let Some(index) = self.by_host.get(host) {
                return self.all.get(*index);
            }
            host = host.split_once('.')?.1;
        }
    }

    /// To whom a feed of this name belongs; the name itself where it is not known.
    pub fn owner<'a>(&'a self, name: &'a str) -> &'a str {
        self.named(name).map_or(name, Publisher::owner)
    }

    /// What the publisher of this feed is.
    pub fn kind(&self, name: &str) -> PublisherKind {
        self.named(name).map_or(PublisherKind::Newsroom, |publisher| publisher.kind)
    }

    /// Whether a page at `url` belongs to the feed that names it. Where nothing is known of the feed, its word is
    /// taken; a page of a publisher that is known under another name is not its own.
    pub(super) fn is_at_home(&self, feed: FeedId, name: &str, url: &str) -> bool {
        let Some(host) = host_of(url) else { return true };
        if let (Some(of_host), Some(of_name)) = (self.at_host(host), self.named(name)) {
            return of_host.owner() == of_name.owner();
        }
        let domain = registrable(host);
        if self.homes.get(&feed).is_some_and(|homes| homes.contains(&domain)) {
            return true;
        }
        // A feed on a host of its own (FeedBurner, a CDN) may still link home: the domain is in its name.
        let label = domain.split('.').next().unwrap_or_default().replace('-', "");
        let bare = key(name);
        if label.len() > 2 && (bare.contains(&label) || label.contains(&bare) && bare.len() > 3) {
            return true;
        }
        let is_known_elsewhere = self.at_host(host).is_some() || self.named(name).is_some();
        !is_known_elsewhere && !self.homes.contains_key(&feed)
    }
}

/// Whether a machine wrote the piece, by its own words or its publisher's; never by guess.
pub fn is_machine_written(entry: &Entry, publisher: &str, publishers: &Publishers) -> bool {
    const ADMISSIONS: [&str; 16] = [
        "generated by ai",
        "ai-generated",
        "generated with ai",
        "written by ai",
        "written by an ai",
        "written with ai",
        "written by a language model",
        "written by a large language model",
        "generated by a language model",
        "generated by a large language model",
        "this article was generated by",
        "this article was written by gpt",
        "this summary was generated by",
        "automatically generated by",
        "machine-written",
        "produced by a language model",
    ];
    if publishers.kind(publisher) == PublisherKind::MachineWritten {
        return true;
    }
    // Only where pieces say such things of themselves: the author's line, the opening and the end.
    let author = entry.author.as_deref().unwrap_or_default().to_lowercase();
    if ["ai", "chatgpt", "gpt-4", "gpt-5", "claude", "gemini", "llama"].contains(&author.as_str()) {
        return true;
    }
    [&entry.summary, &entry.content].into_iter().any(|text| {
        let lines: Vec<&str> = text.lines().filter(|line| !line.trim().is_empty()).collect();
        let (first, last) = (lines.iter().take(2), lines.iter().rev().take(4));
        first.chain(last).filter(|line| line.chars().count() < 400).any(|line| {
            let line = line.to_lowercase();
            let is_about_itself = [
                "this article",
                "this piece",
                "this post",
                "this text",
                "this summary",
                "this page",
                "this entry",
            ]
            .iter()
            .any(|subject| line.contains(subject));
            let admits = ADMISSIONS.iter().any(|words| line.contains(words));
            admits && (is_about_itself || line.chars().count() < 90)
        })
    })
}

/// The host of an absolute URL, lower case as canonical links have it.
pub(super) fn host_of(url: &str) -> Option<&str> {
    let rest = url.split_once("://").map_or(url, |(_, rest)| rest);
    let host = rest.split(['/', '?', '#']).next()?.rsplit('@').next()?;
    let host = host.split(':').next()?;
    let host = host.strip_prefix("www.").unwrap_or(host);
    (!host.is_empty()).then_some(host)
}

/// The domain that somebody registered: the last two labels, three where the second is a registry's own.
pub(super) fn registrable(host: &str) -> String {
    const REGISTRIES: [&str; 9] = ["co", "com", "org", "net", "ac", "gov", "edu", "or", "ne"];
    const SHARED: [&str; 5] = ["substack.com", "github.io", "medium.com", "blogspot.com", "wordpress.com"];
    if SHARED.iter().any(|shared| host.ends_with(shared)) {
        return host.to_owned();
    }
    let labels: Vec<&str> = host.rsplit('.').collect();
    let is_registry = labels.get(1).is_some_and(|label| REGISTRIES.contains(label))
        && labels.first().is_some_and(|label| label.len() == 2);
    let mut kept: Vec<&str> = labels.into_iter().take(if is_registry { 3 } else { 2 }).collect();
    kept.reverse();
    kept.join(".")
}

/// A name as it is compared: letters and digits, lower case, no "the".
pub(super) fn key(name: &str) -> String {
    let lower = name.to_lowercase();
    let bare = lower.strip_prefix("the ").unwrap_or(&lower);
    bare.chars().filter(|c| c.is_alphanumeric()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::Origin;

    #[test]
    fn the_shipped_table_can_be_read() {
        let publishers = Publishers::parse(SHIPPED).unwrap();
        assert_eq!(publishers.owner("Tom's Hardware"), publishers.owner("TechRadar"));
        assert_eq!(publishers.kind("Hacker News"), PublisherKind::Aggregator);
        assert_eq!(publishers.owner("A Small Blog"), "A Small Blog");
    }

    #[test]
    fn a_page_of_another_publisher_is_not_at_home() {
        let mut publishers = Publishers::shipped();
        let feed = Feed {
            site: Some("https://blog.example/".into()),
            ..Feed::at("https://feeds.example.net/x", Origin::CommandLine)
        };
        publishers.register(&feed);
        assert!(publishers.is_at_home(feed.id, "A Blog", "https://blog.example/2026/post"));
        assert!(!publishers.is_at_home(feed.id, "A Blog", "https://techcrunch.com/2026/post"));
        assert!(!publishers.is_at_home(feed.id, "A Blog", "https://other.example/post"));
        assert!(publishers.is_at_home(FeedId::of("x"), "TechCrunch", "https://techcrunch.com/2026/post"));
        assert!(publishers.is_at_home(FeedId::of("x"), "Unknown", "https://other.example/post"));
    }
}
