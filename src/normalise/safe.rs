//! Markup that is safe to show: ammonia's allow-list, less what watches readers.

use crate::model::Entry;
use crate::text;
use ammonia::{Builder, UrlRelative};
use rustc_hash::FxHashMap;
use std::borrow::Cow;
use std::collections::HashSet;
use std::sync::LazyLock;
use url::Url;

/// Elements within elements that are read as markup; deeper text is shown without it.
const MOST_DEPTH: usize = 256;

/// Hosts (and what is below them) of pictures that only count readers.
#[rustfmt::skip]
const BEACON_HOSTS: &[&str] = &[
    "feedburner.com", "feedsportal.com", "doubleclick.net", "google-analytics.com", "scorecardresearch.com", "quantserve.com",
    "pixel.wp.com", "stats.wordpress.com", "feeds.wordpress.com", "pixel.quantserve.com", "imrworldwide.com", "pixel.facebook.com",
    "analytics.twitter.com", "bat.bing.com", "mf.feeds.reuters.com", "feedads.g.doubleclick.net", "rss.buysellads.com", "pheedo.com",
];
/// Parts of paths of pictures that only count readers.
const BEACON_PATHS: &[&str] = &[
    "/pixel.gif",
    "/b.gif?",
    "/1x1.",
    "/spacer.gif",
    "/beacon",
    "/track/open",
    "/pixel?",
    "/tracking-pixel",
    "/~r/",
    "/~ff/",
];

static CLEANER: LazyLock<Builder<'static>> = LazyLock::new(cleaner);

/// Makes the markup of an entry safe: no script, style, event attribute, form, frame, no link but web and mail links,
/// no picture that only counts readers; relative links against the entry's own.
pub fn sanitise(entry: &mut Entry) {
    let base = entry.url.as_deref().and_then(|url| Url::parse(url).ok());
    entry.summary_html = clean(&entry.summary_html, base.as_ref());
    entry.content_html = clean(&entry.content_html, base.as_ref());
}

/// One field's markup made safe; links in it are relative to `base`.
pub(crate) fn clean(html: &str, base: Option<&Url>) -> String {
    if !html.contains(['<', '&', '>']) {
        return html.to_owned();
    }
    // Without a single `>` nothing in it is a tag, and a `<` is meant to be seen.
    let shown = if html.contains('>') { Cow::Borrowed(html) } else { Cow::Owned(html.replace('<', "&lt;")) };
    let html = &*shown;
    if memchr::memchr_iter(b'<', html.as_bytes()).count() > MOST_DEPTH && depth(html) > MOST_DEPTH {
        return escape(&text::plain(html));
    }
    let (harmless, has_relative_links) = without_harm(html);
    match base.filter(|_| has_relative_links) {
        None => CLEANER.clean(&harmless).to_string(),
        Some(base) => {
            // Ammonia takes a base for good, so that it costs a cleaner of its own: only where it is needed.
            let mut cleaner = cleaner();
            cleaner.url_relative(UrlRelative::RewriteWithBase(base.clone()));
            cleaner.clean(&harmless).to_string()
        }
    }
}

fn cleaner() -> Builder<'static> {
    let mut builder = Builder::default();
    builder
        .add_tags(["picture", "source", "video", "audio"])
        .add_tag_attributes("source", ["src", "srcset", "type", "media"])
        .add_tag_attributes("video", ["src", "poster", "controls", "width", "height"])
        .add_tag_attributes("audio", ["src", "controls"])
        .clean_content_tags(HashSet::from(["script", "style", "noscript", "template"]))
        .url_schemes(HashSet::from(["http", "https", "mailto"]))
        .url_relative(UrlRelative::Deny)
        .link_rel(Some("noopener noreferrer nofollow"))
        .strip_comments(true);
    builder
}

/// How deep elements are nested at most: an end tag counts only for a start tag of its name. Elements that cannot hold
/// themselves (`<p>`, `<li>`) and those without an end are not counted.
fn depth(html: &str) -> usize {
    const FLAT: &[&str] = &["br", "hr", "img", "input", "li", "p", "wbr"];
    let mut open: FxHashMap<String, usize> = FxHashMap::default();
    let (mut depth, mut deepest) = (0_usize, 0_usize);
    for (at, _) in html.match_indices('<') {
        let tag = html.get(at + 1..).unwrap_or_default();
        let (is_end, tag) = tag.strip_prefix('/').map_or((false, tag), |tag| (true, tag));
        let length = tag.bytes().take(32).take_while(u8::is_ascii_alphanumeric).count();
        let name = tag.get(..length).unwrap_or_default().to_ascii_lowercase();
        if name.is_empty() || FLAT.contains(&name.as_str()) {
            continue;
        }
        let count = open.entry(name).or_default();
        if !is_end {
            *count += 1;
            depth += 1;
            deepest = deepest.max(depth);
        } else if *count > 0 {
            *count -= 1;
            depth -= 1;
        }
    }
    deepest
}

fn escape(plain: &str) -> String {
    plain.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('\n', "<br>\n")
}

/// Elements whose inside a reader of HTML would take for something else than HTML: one that is never closed, or closed
/// as in XML, would swallow all that follows.
const SWALLOWING: &[&str] = &[
    "applet",
    "embed",
    "frame",
    "iframe",
    "math",
    "noembed",
    "noframes",
    "object",
    "plaintext",
    "svg",
    "xmp",
];
/// Elements of formulas and drawings, which would be dropped with the text in them.
#[rustfmt::skip]
const DRAWN: &[&str] = &[
    "annotation", "desc", "g", "mfenced", "mfrac", "mi", "mn", "mo", "mover", "mroot", "mrow", "ms", "msqrt", "mstyle", "msub",
    "msubsup", "msup", "mtable", "mtd", "mtext", "mtr", "munder", "munderover", "path", "semantics", "text", "title", "tspan",
];

/// Takes out pictures of 1×1 and those of known counters, and tags of what is not HTML, but not the text in it. Also
/// tells whether links or pictures without a scheme are left.
fn without_harm(html: &str) -> (Cow<'_, str>, bool) {
    let is_relative = |target: String| !target.starts_with("http:") && !target.starts_with("https:");
    let is_one_of = |tag: &text::Tag<'_>, names: &[&str]| names.iter().any(|name| tag.is(name));
    let mut out = String::new();
    let mut rest_from = 0;
    let mut has_relative = false;
    for tag in text::tags(html) {
        let is_picture = tag.is("img");
        if (is_picture && is_beacon(&tag)) || is_one_of(&tag, SWALLOWING) || is_one_of(&tag, DRAWN) {
            let (start, end) = tag.span_in(html);
            out.push_str(html.get(rest_from..start).unwrap_or_default());
            rest_from = end;
        } else if !has_relative {
            let target = tag.attribute(if is_picture { "src" } else { "href" });
            let target = target.or_else(|| tag.attribute(if is_picture { "href" } else { "src" }));
            has_relative =
                target.is_some_and(is_relative) || tag.attribute("poster").is_some_and(is_relative);
        }
    }
    if rest_from == 0 {
        return (Cow::Borrowed(html), has_relative);
    }
    out.push_str(html.get(rest_from..).unwrap_or_default());
    (Cow::Owned(out), has_relative)
}

fn is_beacon(tag: &text::Tag<'_>) -> bool {
    let is_tiny = |name: &str| {
        tag.attribute(name).is_some_and(|value| matches!(value.trim().trim_end_matches("px"), "0" | "1"))
    };
    if (is_tiny("width") && tag.attribute("height").is_none_or(|_| is_tiny("height")))
        || (is_tiny("height") && tag.attribute("width").is_none())
    {
        return true;
    }
    let Some(source) = tag.attribute("src") else { return false };
    let source = source.to_ascii_lowercase();
    let host =
        source.split("//").nth(1).and_then(|rest| rest.split(['/', '?', ':']).next()).unwrap_or_default();
    let is_counter = BEACON_HOSTS
        .iter()
        .any(|beacon| host == *beacon || host.strip_suffix(beacon).is_some_and(|rest| rest.ends_with('.')));
    is_counter || BEACON_PATHS.iter().any(|path| source.contains(path))
}
