//! A URL as it goes on the wire: what stands before the path in the one form that a host has, path and query byte for
//! byte as they were written. Some servers tell `'` from `%27`, and none of them is ours to correct.

use super::{FetchError, Shown};
use hyper::Uri;
use hyper::http::uri::PathAndQuery;
use url::{Host, Url};

/// A URL that may be fetched.
#[derive(Debug, Clone)]
pub(super) struct Target {
    /// In the form of the URL standard: what its host is, and what links of its document are relative to.
    url: Url,
    /// Path and query.
    written: PathAndQuery,
}

impl Target {
    /// Reads a URL that may be fetched.
    pub(super) fn parse(text: &str) -> Result<Self, FetchError> {
        let url = Url::parse(text).ok().filter(is_http).ok_or_else(|| not_http(text))?;
        let written = match path_as_written(text) {
            Some(written) => written,
            None => path_of(&url).ok_or_else(|| not_http(text))?,
        };
        Ok(Self { url: without_fragment(url), written })
    }

    /// Where a reference leads from here: its path resolved (RFC 3986 §5.2), its query as it was written. `None` where
    /// that is nothing that may be fetched.
    pub(super) fn join(&self, reference: &str) -> Option<Self> {
        let reference = reference.trim();
        let url = self.url.join(reference).ok().filter(is_http).map(without_fragment)?;
        let query = reference.split('#').next().and_then(|reference| reference.split_once('?'));
        let written = query.and_then(|(_, query)| checked(&format!("{}?{query}", url.path())));
        let written = match written {
            Some(written) => written,
            None => path_of(&url)?,
        };
        Some(Self { url, written })
    }

    /// The URL in the form of the standard, without a fragment.
    pub(super) fn url(&self) -> &Url {
        &self.url
    }

    /// The URL as it was written.
    pub(super) fn text(&self) -> String {
        let url = &self.url;
        let login = match (url.username(), url.password()) {
            ("", None) => String::new(),
            (name, None) => format!("{name}@"),
            (name, Some(password)) => format!("{name}:{password}@"),
        };
        format!("{}://{login}{}{}", url.scheme(), self.authority(), self.written)
    }

    /// What the client asks for; credentials are not in it.
    pub(super) fn uri(&self) -> Result<Uri, FetchError> {
        Uri::builder()
            .scheme(self.url.scheme())
            .authority(self.authority())
            .path_and_query(self.written.clone())
            .build()
            .map_err(|_| FetchError::NotHttp { url: Shown::of(&self.url).to_string() })
    }

    /// Puts a name and a password into the URL, or takes them out.
    pub(super) fn set_login(&mut self, name: &str, password: Option<&str>) {
        // Neither can fail for a URL with a host.
        let _ = self.url.set_username(name);
        let _ = self.url.set_password(password);
    }

    pub(super) fn host(&self) -> Option<Host<&str>> {
        self.url.host()
    }

    pub(super) fn is_https(&self) -> bool {
        self.url.scheme() == "https"
    }

    fn authority(&self) -> String {
        let host = self.url.host_str().unwrap_or_default();
        self.url.port().map_or_else(|| host.to_owned(), |port| format!("{host}:{port}"))
    }
}

fn is_http(url: &Url) -> bool {
    matches!(url.scheme(), "http" | "https") && url.host().is_some()
}

fn without_fragment(mut url: Url) -> Url {
    url.set_fragment(None);
    url
}

fn not_http(text: &str) -> FetchError {
    let start = text.split(['?', '#']).next().unwrap_or_default();
    let shown = start.rsplit('@').next().unwrap_or_default();
    FetchError::NotHttp { url: shown.chars().take(200).collect() }
}

/// Path and query of a URL, if they can stand in a request as they are: what holds blanks, backslashes or letters
/// beyond ASCII means what the URL standard makes of it.
fn path_as_written(text: &str) -> Option<PathAndQuery> {
    let (_, rest) = text.trim().split_once("://")?;
    if !rest.bytes().all(|byte| byte.is_ascii_graphic() && byte != b'\\') {
        return None;
    }
    let rest = rest.split('#').next().unwrap_or_default();
    let path = rest.get(rest.find(['/', '?']).unwrap_or(rest.len())..)?;
    match path {
        "" => checked("/"),
        query if query.starts_with('?') => checked(&format!("/{query}")),
        path => checked(path),
    }
}

fn path_of(url: &Url) -> Option<PathAndQuery> {
    match url.query() {
        Some(query) => checked(&format!("{}?{query}", url.path())),
        None => checked(url.path()),
    }
}

fn checked(path: &str) -> Option<PathAndQuery> {
    PathAndQuery::try_from(path).ok().filter(|_| path.is_ascii())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn path_and_query_stay_as_they_were_written() {
        for (text, want) in [
            ("http://a.example", "http://a.example/"),
            ("http://a.example?q=", "http://a.example/?q="),
            ("HTTP://A.example:80/a/../b/./c?x='&y=%27", "http://a.example/a/../b/./c?x='&y=%27"),
            ("https://a.example:8443/%2e%2E/%7e;v=1//?", "https://a.example:8443/%2e%2E/%7e;v=1//?"),
            ("http://a.example/a|b?c|d&{e}#part", "http://a.example/a|b?c|d&{e}"),
            ("http://a.example/?q=http://b.example/'", "http://a.example/?q=http://b.example/'"),
            // What no request can carry is written as the standard says.
            ("http://a.example/zwölf chips?q=ü'", "http://a.example/zw%C3%B6lf%20chips?q=%C3%BC%27"),
            ("http://a.example\\b\\..\\c", "http://a.example/c"),
            ("http://user:pa%3Ass@a.example/'?'", "http://user:pa%3Ass@a.example/'?'"),
            ("http://127.1/x", "http://127.0.0.1/x"),
            ("http://[0:0::1]:81/x", "http://[::1]:81/x"),
        ] {
            let target = Target::parse(text).unwrap();
            assert_eq!(target.text(), want, "{text}");
            assert_eq!(Target::parse(&target.text()).unwrap().text(), want, "{text}, read again");
            assert!(!target.uri().unwrap().to_string().contains('@'), "{text}");
        }
    }

    #[test]
    fn a_reference_is_resolved_and_keeps_its_query() {
        let from = Target::parse("http://a.example/dir/../sub/feed?old='").unwrap();
        for (reference, want) in [
            ("../x/./feed.xml?a=1&b=%2F&c='#part", "http://a.example/x/feed.xml?a=1&b=%2F&c='"),
            ("//b.example?'", "http://b.example/?'"),
            ("https://b.example/a/../'?'", "https://b.example/'?'"),
            ("?new", "http://a.example/sub/feed?new"),
            ("/other", "http://a.example/other"),
        ] {
            assert_eq!(from.join(reference).unwrap().text(), want, "{reference}");
        }
        for reference in ["file:///etc/passwd", "gopher://b.example/", "http://"] {
            assert!(from.join(reference).is_none(), "{reference}");
        }
    }
}
