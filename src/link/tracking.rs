//! The query parameters that say where a reader came from, and those that hold a secret. Our own table: each group
//! says whose parameters they are, from the makers' public documentation or from links as feeds carry them.

/// Names that begin so are tracking.
const PREFIXES: &[&str] = &[
    "utm_", // urchin tracking module: Google Analytics and all that imitate it
    "at_",  // AT Internet / Piano Analytics: at_medium, at_campaign …
    "mtm_", "matomo_", "pk_", "piwik_", // Matomo, formerly Piwik
    "hsa_",   // HubSpot ads
    "oly_",   // Omeda Olytics
    "vero_",  // Vero mail
    "wt_",    // Webtrekk / Mapp: wt_mc, wt_zmc
    "guce_", "soc_", // Yahoo's consent and share buttons
    "_hs",  // HubSpot mail: _hsenc, _hsmi
    "aff_", "ito_",
];

/// Names that are tracking.
const NAMES: &[&str] = &[
    // click identifiers of advertising networks
    "fbclid",
    "gclid",
    "gclsrc",
    "dclid",
    "gbraid",
    "wbraid",
    "msclkid",
    "yclid",
    "ymclid",
    "twclid",
    "ttclid",
    "igshid",
    "igsh",
    "li_fat_id",
    "epik",
    "rdt_cid",
    "srsltid",
    "irclickid",
    "zanpid",
    // mail services: Mailchimp, Marketo, Drip, Klaviyo, Sailthru, Iterable
    "mc_cid",
    "mc_eid",
    "mkt_tok",
    "__s",
    "_kx",
    "spreporttype",
    "spmailingid",
    "spuserid",
    "spjobid",
    "sailthru_id",
    "bxid",
    "cndid",
    "esrc",
    "mbid",
    "emci",
    "emdi",
    "ceid",
    "nlid",
    "newsletterid",
    // newsrooms' own campaign parameters, as their feeds and share buttons write them
    "sref",
    "src",
    "st",
    "reflink",
    "mod",
    "rc",
    "smid",
    "smtyp",
    "emc",
    "guccounter",
    "accesstoken",
    "cmp",
    "cmpid",
    "campaign",
    "campaign_id",
    "campaignid",
    "ncid",
    "ocid",
    "icid",
    "intcid",
    "int_source",
    "xtor",
    "xtref",
    "ns_mchannel",
    "ns_campaign",
    "ns_source",
    "ns_linkname",
    "ns_fee",
    "ito",
    "ftag",
    "ftcamp",
    "hpid",
    "partner",
    "taid",
    "s_cid",
    "ss_source",
    "sr_share",
    "traffic_source",
    "feedtype",
    "feedname",
    "referrer",
    "referer",
    "ref_src",
    "ref_url",
    "refsrc",
    "rss",
    "fromrss",
    "from_rss",
    "fr",
    "tag_source",
    "sharetype",
    "share_id",
    "sharetoken",
    "share",
    "shared",
    "wpsrc",
    "linkid",
    "linkcode",
    "trk",
    "trkinfo",
    "trackingid",
    "spm",
    "scm",
    "ved",
    "usg",
    "sa",
    "ei",
    "_ga",
    "_gl",
    "gaa_at",
    "gaa_n",
    "gaa_ts",
    "gaa_sig",
    "unlocked_article_code",
    "leadsource",
    "mkevt",
    "mkcid",
    "algotrack",
    "syndication",
    // AMP: a rendering, not another page
    "amp",
    "amp_js_v",
    "amp_gsa",
    "outputtype",
];

/// Names that are tracking where the value names a channel, and may identify otherwise.
const NAMES_BY_VALUE: &[&str] =
    &["from", "source", "ref", "via", "feature", "origin", "cid", "type", "output", "format", "view"];

/// Values that name a channel.
const CHANNELS: &[&str] = &[
    "rss",
    "rss2",
    "rssfeed",
    "feed",
    "feeds",
    "atom",
    "xml",
    "newsletter",
    "email",
    "mail",
    "twitter",
    "facebook",
    "linkedin",
    "reddit",
    "whatsapp",
    "telegram",
    "social",
    "share",
    "sharing",
    "homepage",
    "home",
    "push",
    "app",
    "mobile",
    "amp",
    "google",
    "gnews",
    "googlenews",
    "google_news",
    "news",
    "syndication",
    "flipboard",
    "youtu.be",
    "hackernews",
    "producthunt",
];

/// Redirectors whose URL carries its target: host, path, and the parameters that may hold it.
pub(super) const REDIRECTORS: &[(&str, &str, &[&str])] = &[
    ("www.google.com", "/url", &["url", "q"]),
    ("bing.com", "/news/apiclick.aspx", &["url"]),
    ("l.facebook.com", "/l.php", &["u"]),
    ("lm.facebook.com", "/l.php", &["u"]),
    ("out.reddit.com", "/", &["url"]),
    ("t.umblr.com", "/redirect", &["z"]),
    ("linkedin.com", "/redir/redirect", &["url"]),
    ("steamcommunity.com", "/linkfilter/", &["url", "u"]),
    ("youtube.com", "/redirect", &["q"]),
];

/// Names of parameters that hold a secret, in a private feed's URL above all.
const SECRETS: &[&str] = &[
    "token",
    "key",
    "secret",
    "password",
    "passwd",
    "pass",
    "pwd",
    "auth",
    "signature",
    "sig",
    "session",
    "sid",
    "credential",
    "credentials",
    "apikey",
    "hash",
    "private",
    "jwt",
    "bearer",
    "code",
    "ticket",
    "authkey",
    "userkey",
    "passkey",
    "login",
];

/// A value of this many characters without a blank, with letters and digits mixed, is taken for a secret.
const SECRET_CHARS: usize = 20;

/// Whether a parameter says where the reader came from rather than what the page is.
pub(super) fn is_tracking(name: &str, value: &str) -> bool {
    let name = name.to_ascii_lowercase();
    PREFIXES.iter().any(|prefix| name.starts_with(prefix))
        || NAMES.contains(&name.as_str())
        || (NAMES_BY_VALUE.contains(&name.as_str()) && names_a_channel(value))
}

fn names_a_channel(value: &str) -> bool {
    let value = value.to_ascii_lowercase();
    let mut words = value.split(['-', '_', '+', '.']).filter(|word| !word.is_empty());
    CHANNELS.contains(&value.as_str())
        || words.next().is_some_and(|word| matches!(word, "rss" | "feed" | "newsletter"))
}

/// Whether a parameter looks as if its value were a secret.
pub(super) fn is_secret(name: &str, value: &str) -> bool {
    let name = name.to_ascii_lowercase();
    let mut words = name.split(|c: char| !c.is_ascii_alphanumeric());
    let is_named_so = words.any(|word| SECRETS.contains(&word))
        || ["token", "secret", "password", "apikey"].iter().any(|part| name.contains(part));
    let looks_random = value.len() >= SECRET_CHARS
        && value.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-_.~%=".contains(&byte))
        && value.bytes().any(|byte| byte.is_ascii_digit())
        && value.bytes().any(|byte| byte.is_ascii_alphabetic());
    is_named_so || looks_random
}
