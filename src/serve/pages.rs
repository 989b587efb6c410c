//! Pages for people: plain HTML, one small style sheet, no script, nothing from elsewhere.

mod card;
mod list;
mod operator;
mod sources;
mod story;

pub(super) use list::{front, list, search_form, topics};
pub(super) use operator::rejects;
pub(super) use sources::sources;
pub(super) use story::story;

use super::cache::Rendered;
use super::feeds::{feed_path, page_path};
use super::reply::{Media, Refusal};
use super::wishes::Wishes;
use crate::publish::{Format, Scope, Wire};
use base64::Engine;
use sha2::{Digest, Sha256};
use std::sync::LazyLock;

/// The style sheet, inside every page: no second request, and a hash in the policy instead of a place to load from.
const STYLE: &str = include_str!("../../templates/style.css");

/// The policy of pages: our style sheet by its hash, our pictures, our search form, nothing else.
static STYLE_POLICY: LazyLock<String> = LazyLock::new(|| {
    let hash = base64::engine::general_purpose::STANDARD.encode(Sha256::digest(STYLE));
    format!(
        "default-src 'none'; style-src 'sha256-{hash}'; img-src 'self'; form-action 'self'; base-uri 'none'; \
         frame-ancestors 'none'"
    )
});

/// The `Content-Security-Policy` of pages.
pub(super) fn style_policy() -> &'static str {
    &STYLE_POLICY
}

/// What surrounds every page.
#[derive(Debug)]
struct Shell {
    /// What the page is about; empty for the front page.
    title: String,
    description: String,
    brand: String,
    /// What the title says after the name.
    motto: String,
    /// What stands before each path of ours: `public_url`'s path.
    root: String,
    canonical: String,
    /// The section of the navigation that it belongs to.
    section: &'static str,
    /// What stands in the search field.
    query: String,
    feeds: Vec<FeedLink>,
    language: &'static str,
    is_wide: bool,
}

/// A feed of the page's content.
#[derive(Debug)]
struct FeedLink {
    name: &'static str,
    title: String,
    media_type: &'static str,
    href: String,
}

/// A link to a page of ours.
#[derive(Debug)]
struct PageLink {
    name: String,
    href: String,
}

impl Shell {
    fn new(wire: &Wire, title: &str, path: &str) -> Self {
        let (name, motto) = wire.settings.name_and_motto();
        let description = match title {
            "" => "Every chip story once, with who else covers it.".to_owned(),
            title => format!("{title}: every chip story once, with who else covers it."),
        };
        Self {
            title: title.to_owned(),
            description,
            brand: name.to_owned(),
            motto: motto.to_owned(),
            root: wire.base.path(),
            canonical: wire.base.to(path),
            section: "",
            query: String::new(),
            feeds: Vec::new(),
            // The language of our own words; headlines bear their own.
            language: "en",
            is_wide: false,
        }
    }

    /// A page of the stories of this scope, with its feeds.
    fn of_scope(wire: &Wire, title: &str, scope: &Scope, wishes: &Wishes) -> Self {
        let query = wishes.to_query(scope);
        let mut shell = Self::new(wire, title, &format!("{}{query}", page_path(scope)));
        if let Scope::Search(query) = scope {
            query.as_str().clone_into(&mut shell.query);
        }
        if let Scope::Topic(_) | Scope::Kind(_) = scope {
            shell.section = "topics";
        }
        if !matches!(scope, Scope::Day(_)) {
            // The feed begins where the wishes' page does not: at its newest story.
            let query = wishes.without_before().to_query(scope);
            shell.feeds = Format::ALL
                .into_iter()
                .map(|format| {
                    let name = format_name(format);
                    let subject = if title.is_empty() { String::new() } else { format!(": {title}") };
                    FeedLink {
                        name,
                        title: format!("{}{subject} ({name})", shell.brand),
                        media_type: format.media_type(),
                        href: format!("{}{}{query}", shell.root, feed_path(scope, format)),
                    }
                })
                .collect();
        }
        shell
    }

    #[expect(clippy::unused_self, reason = "templates reach it through the shell")]
    fn style(&self) -> &'static str {
        STYLE
    }
}

const fn format_name(format: Format) -> &'static str {
    match format {
        Format::Rss => "RSS",
        Format::Atom => "Atom",
        Format::Json => "JSON Feed",
    }
}

/// A weight with its sign, as typographers write it.
fn signed(weight: f32) -> String {
    format!("{weight:+.1}").replace('-', "−")
}

/// The page as a body.
fn html(template: &impl askama::Template) -> Result<Rendered, Refusal> {
    // Only formatting can fail, and nothing of ours refuses to be formatted.
    let page = template.render().map_err(|_| Refusal::Busy)?;
    Ok(Rendered::new(Media::Html, page.into_bytes()))
}
