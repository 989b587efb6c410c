//! Links: the form in which two are compared, and the form in which one may be shown.

mod tracking;

use percent_encoding::percent_decode_str;
use std::borrow::Cow;
use url::{Host, Url};

/// Host labels that name a variant of a site, not another site.
const VARIANT_LABELS: &[&str] = &["www", "m", "mobile", "amp", "www2", "www3"];
/// Rewriting steps after which a link is taken as it is; nested redirectors need one each.
const MOST_STEPS: usize = 16;

/// The form of a link in which two are compared: equal where both lead to the same page. For comparison only, never
/// to be shown or fetched.
///
/// http is https; `www.`, `m.` and AMP variants, default ports, fragments, trailing slashes, the order of parameters
/// and tracking parameters do not count; parameters that identify (`id`, `p`, `v`, `t`, `q`, `page` …) do. Redirectors
/// that carry their target are followed.
#[must_use]
pub fn canonical(url: &Url) -> Url {
    let mut current = url.clone();
    for _ in 0..MOST_STEPS {
        let next = step(&current);
        if next == current {
            break;
        }
        current = next;
    }
    current
}

/// Resolves what stands in an attribute or element against its base; blanks inside are line breaks of a printer's.
/// `None` where it is no http(s) URL.
pub fn absolute(base: Option<&Url>, reference: &str) -> Option<Url> {
    let reference = reference.trim();
    if reference.is_empty() {
        return None;
    }
    let url = match base {
        Some(base) => base.join(reference).ok()?,
        None => Url::parse(reference).ok()?,
    };
    (matches!(url.scheme(), "http" | "https") && url.has_host()).then_some(url)
}

/// A URL as it may be logged and shown: credentials and values that look like secrets become `***`.
pub fn mask(url: &str) -> String {
    let Ok(mut parsed) = Url::parse(url) else { return mask_text(url) };
    if !parsed.username().is_empty() || parsed.password().is_some() {
        // Both fail only for URLs that cannot have credentials, and this one has them.
        let _ = parsed.set_username("***").and_then(|()| parsed.set_password(None));
    }
    if let Some(query) = parsed.query() {
        let masked: Vec<_> = query.split('&').map(mask_pair).collect();
        let masked = masked.join("&");
        if masked != query {
            parsed.set_query(Some(&masked));
        }
    }
    parsed.into()
}

/// What is no URL may still hold credentials between `//` and `@`.
fn mask_text(text: &str) -> String {
    let (head, query) = text.split_once('?').map_or((text, None), |(head, query)| (head, Some(query)));
    let mut shown = match head.rsplit_once('@') {
        Some((before, host)) => {
            let scheme = before.split_once("//").map_or("", |(scheme, _)| scheme);
            if before.contains("//") { format!("{scheme}//***@{host}") } else { format!("***@{host}") }
        }
        None => head.to_owned(),
    };
    if let Some(query) = query {
        let masked: Vec<_> = query.split('&').map(mask_pair).collect();
        shown = format!("{shown}?{}", masked.join("&"));
    }
    shown
}

fn mask_pair(pair: &str) -> Cow<'_, str> {
    match pair.split_once('=') {
        Some((name, value)) if !value.is_empty() && tracking::is_secret(name, value) => {
            Cow::Owned(format!("{name}=***"))
        }
        _ => Cow::Borrowed(pair),
    }
}

fn step(url: &Url) -> Url {
    if let Some(target) = redirect_target(url) {
        return target;
    }
    let mut url = url.clone();
    url.set_fragment(None);
    // These setters fail only where the URL cannot have the part; then there is nothing to take away.
    if url.scheme() == "http" {
        let _ = url.set_scheme("https");
    }
    if url.port() == Some(80) || url.port() == Some(443) {
        let _ = url.set_port(None);
    }
    let _ = url.set_username("");
    let _ = url.set_password(None);
    if let Some(host) = bare_host(&url) {
        let _ = url.set_host(Some(&host));
    }
    let path = canonical_path(url.path());
    url.set_path(&path);
    let query = url.query().and_then(canonical_query);
    url.set_query(query.as_deref());
    url
}

/// The host without labels such as `www.`, where it has one.
fn bare_host(url: &Url) -> Option<String> {
    let Some(Host::Domain(host)) = url.host() else { return None };
    let host = host.trim_end_matches('.');
    let mut bare = host;
    while let Some((label, rest)) = bare.split_once('.')
        && VARIANT_LABELS.contains(&label)
        && rest.contains('.')
    {
        bare = rest;
    }
    (url.host_str() != Some(bare)).then(|| bare.to_owned())
}

fn canonical_path(path: &str) -> String {
    let mut segments: Vec<_> =
        path.split('/').filter(|segment| !segment.is_empty()).map(unreserved).collect();
    // AMP pages of one article: `/amp/…`, `…/amp`, `….amp`, `….amp.html`.
    if segments.len() > 1 && segments.last().is_some_and(|last| last.eq_ignore_ascii_case("amp")) {
        segments.pop();
    }
    if segments.len() > 1 && segments.first().is_some_and(|first| first.eq_ignore_ascii_case("amp")) {
        segments.remove(0);
    }
    let mut path = segments.join("/");
    for (ending, kept) in
        [(".amp.html", ".html"), (".amp", ""), ("/index.html", ""), ("/index.htm", ""), ("/index.php", "")]
    {
        if let Some(stem) = path.strip_suffix(ending).filter(|stem| !stem.is_empty()) {
            path = format!("{stem}{kept}");
        }
    }
    format!("/{path}")
}

/// Percent-encoding that is not needed is undone, so that `%7Ejoe` is `~joe` (RFC 3986 §6.2.2.2).
fn unreserved(text: &str) -> Cow<'_, str> {
    if !text.contains('%') {
        return Cow::Borrowed(text);
    }
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some((before, after)) = rest.split_once('%') {
        out.push_str(before);
        let code = after.get(..2).filter(|code| code.bytes().all(|byte| byte.is_ascii_hexdigit()));
        match code.and_then(|code| u8::from_str_radix(code, 16).ok()) {
            Some(byte) if byte.is_ascii_alphanumeric() || b"-._~".contains(&byte) => {
                out.push(char::from(byte));
            }
            Some(_) => {
                out.push('%');
                out.extend(code.into_iter().flat_map(str::chars).map(|digit| digit.to_ascii_uppercase()));
            }
            None => {
                out.push('%');
                rest = after;
                continue;
            }
        }
        rest = after.get(2..).unwrap_or_default();
    }
    out.push_str(rest);
    Cow::Owned(out)
}

/// The parameters that identify, sorted by name; `None` where none is left.
fn canonical_query(query: &str) -> Option<String> {
    let mut kept: Vec<_> = query
        .split('&')
        .filter(|pair| {
            let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
            !name.is_empty() && !tracking::is_tracking(name, value)
        })
        .map(unreserved)
        .collect();
    // The order of two parameters of one name may mean something.
    kept.sort_by(|one, other| name_of(one).cmp(name_of(other)));
    (!kept.is_empty()).then(|| kept.join("&"))
}

fn name_of(pair: &str) -> &str {
    pair.split_once('=').map_or(pair, |(name, _)| name)
}

/// The target that a redirector's or AMP cache's URL carries in itself.
fn redirect_target(url: &Url) -> Option<Url> {
    let host = url.host_str()?;
    if host.ends_with(".cdn.ampproject.org")
        || (host.starts_with("www.google.") && url.path().starts_with("/amp/"))
    {
        let path = url.path();
        let rest = ["/c/", "/v/", "/amp/"].iter().find_map(|prefix| path.strip_prefix(prefix))?;
        let rest = rest.strip_prefix("s/").unwrap_or(rest);
        let rest = if let Some(query) = url.query() { format!("{rest}?{query}") } else { rest.to_owned() };
        return absolute(None, &format!("https://{rest}"));
    }
    let (_, _, names) = tracking::REDIRECTORS
        .iter()
        .find(|(suffix, path, _)| is_host_of(host, suffix) && url.path().eq_ignore_ascii_case(path))?;
    let target = url.query_pairs().find(|(name, _)| names.contains(&name.as_ref()))?.1;
    let target = if target.contains("://") {
        target
    } else {
        percent_decode_str(&target).decode_utf8().ok()?.into_owned().into()
    };
    // Only ever shorter, so that following ends.
    absolute(None, &target).filter(|target| target.as_str().len() < url.as_str().len())
}

fn is_host_of(host: &str, site: &str) -> bool {
    host == site || host.strip_suffix(site).is_some_and(|rest| rest.ends_with('.'))
}

#[cfg(test)]
mod tests;
