//! What a host bears: how many requests at once, and how far apart.

use rustc_hash::FxHashMap;
use std::time::Duration;
use url::Url;

/// The limits of hosts.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HostLimits {
    /// For hosts without a rule of their own (`poll.per_host`, `poll.host_gap`).
    pub default: HostRule,
    /// By domain: the rule holds for the domain and all below it, which share one budget.
    pub rules: FxHashMap<String, HostRule>,
}

/// What one host bears.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct HostRule {
    /// Requests at once, at least 1.
    pub per_host: usize,
    /// From the start of one request to the start of the next.
    pub gap: Duration,
}

impl HostLimits {
    /// The same limits for all hosts.
    pub fn uniform(per_host: usize, gap: Duration) -> Self {
        Self { default: HostRule { per_host, gap }, rules: FxHashMap::default() }
    }

    /// The rule of a budget of this name.
    pub(super) fn rule_of(&self, name: &str) -> HostRule {
        self.rules.get(name).copied().unwrap_or(self.default)
    }

    /// What a URL's requests are counted under, and the rule for it.
    ///
    /// http and https of one host are one; another port is another server.
    pub(super) fn budget_of(&self, url: &str) -> (String, HostRule) {
        let parsed = Url::parse(url).ok();
        let Some(host) = parsed.as_ref().and_then(Url::host_str) else {
            return (String::new(), self.default);
        };
        let host = host.trim_end_matches('.');
        let mut domain = Some(host);
        while let Some(name) = domain {
            if let Some(rule) = self.rules.get(name) {
                return (name.to_owned(), *rule);
            }
            domain = name.split_once('.').map(|(_, parent)| parent);
        }
        match parsed.as_ref().and_then(Url::port) {
            None | Some(80 | 443) => (host.to_owned(), self.default),
            Some(port) => (format!("{host}:{port}"), self.default),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_rule_holds_for_a_domain_and_all_below_it() {
        let mut limits = HostLimits::uniform(2, Duration::from_secs(1));
        let rule = HostRule { per_host: 1, gap: Duration::from_mins(1) };
        limits.rules.insert("reddit.com".to_owned(), rule);
        let cases = [
            ("https://www.reddit.com/r/a/.rss", "reddit.com"),
            ("https://old.reddit.com./r/a/.rss", "reddit.com"),
            ("http://notreddit.com/", "notreddit.com"),
            ("https://a.example/", "a.example"),
            ("http://a.example/", "a.example"),
            ("https://A.example:443/", "a.example"),
            ("http://a.example:8080/", "a.example:8080"),
            ("http://[::1]:81/", "[::1]:81"),
            ("nonsense", ""),
        ];
        for (url, want) in cases {
            let (name, found) = limits.budget_of(url);
            assert_eq!(name, want, "{url}");
            assert_eq!(found == rule, want == "reddit.com", "{url}");
        }
    }
}
