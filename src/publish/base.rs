//! Where readers find us: the beginning of every link of ours.

use url::Url;

/// The public address, without a slash at its end; it may have a path.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Base(String);

impl Base {
    /// The address of `publish.public_url`, whose path counts and whose query and fragment don't.
    pub fn public(url: &Url) -> Self {
        let mut url = url.clone();
        url.set_query(None);
        url.set_fragment(None);
        Self(url.as_str().trim_end_matches('/').to_owned())
    }

    /// The address that is listened on, while there is no public one: `127.0.0.1:8787`, say.
    pub fn listening(authority: &str) -> Self {
        Self(format!("http://{authority}"))
    }

    /// The address of a path of ours, which begins with a slash.
    pub fn to(&self, path: &str) -> String {
        format!("{}{path}", self.0)
    }

    /// The address itself.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The part of the path that stands before each of ours: empty, or `/chips`, say.
    pub fn path(&self) -> String {
        Url::parse(&self.0).map(|url| url.path().trim_end_matches('/').to_owned()).unwrap_or_default()
    }

    /// Host and port, as a `Host` header names them.
    pub fn authority(&self) -> &str {
        let rest = self.0.split_once("://").map_or(self.0.as_str(), |(_, rest)| rest);
        rest.split_once('/').map_or(rest, |(authority, _)| authority)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_public_address_may_have_a_path() {
        let base = Base::public(&Url::parse("https://news.example/chips/?x=1#top").unwrap());
        assert_eq!(base.to("/feed.rss"), "https://news.example/chips/feed.rss");
        assert_eq!((base.path().as_str(), base.authority()), ("/chips", "news.example"));
    }

    #[test]
    fn the_listen_address_stands_in_for_a_public_one() {
        let base = Base::listening("127.0.0.1:8787");
        assert_eq!(base.to("/"), "http://127.0.0.1:8787/");
        assert_eq!((base.path().as_str(), base.authority()), ("", "127.0.0.1:8787"));
    }
}
