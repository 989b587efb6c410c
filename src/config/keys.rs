//! Every key of the sections, once: its name and how its value becomes a setting.

use super::Settings;
use super::value::{boolean, count, duration, listen, path, share, size, string, strings, web_url};
use crate::model::Kind;
use toml::de::DeValue;

/// A key of a section.
pub(super) struct Key {
    pub(super) section: &'static str,
    pub(super) name: &'static str,
    pub(super) set: fn(&mut Settings, &DeValue<'_>) -> Result<(), String>,
}

macro_rules! keys {
    ($($section:ident { $($name:ident => |$settings:ident, $value:ident| $set:expr,)+ })+) => {
        /// All keys, in the order of the reference file.
        pub(super) const KEYS: &[Key] = &[$($(Key {
            section: stringify!($section),
            name: stringify!($name),
            set: |settings, $value| {
                let $settings = &mut settings.$section;
                $set;
                Ok(())
            },
        },)+)+];
    };
}

keys! {
    poll {
        builtin_feeds => |poll, value| poll.builtin_feeds = boolean(value)?,
        default_interval => |poll, value| poll.default_interval = duration(value)?,
        min_interval => |poll, value| poll.min_interval = duration(value)?,
        max_interval => |poll, value| poll.max_interval = duration(value)?,
        concurrency => |poll, value| poll.concurrency = count(value, 1)?,
        per_host => |poll, value| poll.per_host = count(value, 1)?,
        host_gap => |poll, value| poll.host_gap = duration(value)?,
        timeout => |poll, value| poll.timeout = duration(value)?,
        max_body => |poll, value| poll.max_body_bytes = size(value)?,
        contact => |poll, value| poll.contact = contact(value)?,
        allow_networks => |poll, value| poll.allow_networks = networks(value)?,
        extra_ca => |poll, value| poll.extra_ca = path(value)?,
        websub_callback => |poll, value| poll.websub_callback = web_url(value)?,
    }
    filter {
        threshold => |filter, value| filter.threshold = share(value)?,
        exclude_kinds => |filter, value| filter.exclude_kinds = kinds(value)?,
        keep_rejects => |filter, value| filter.keep_rejects = duration(value)?,
    }
    dedupe {
        window => |dedupe, value| dedupe.window = duration(value)?,
    }
    publish {
        title => |publish, value| publish.title = string(value)?,
        public_url => |publish, value| publish.public_url = web_url(value)?,
        languages => |publish, value| publish.languages = strings(value)?,
        items => |publish, value| publish.items = count(value, 0)?,
        window => |publish, value| publish.window = duration(value)?,
        max_items => |publish, value| publish.max_items = count(value, 1)?,
        settle => |publish, value| publish.settle = duration(value)?,
        retention => |publish, value| publish.retention = duration(value)?,
        hub => |publish, value| publish.hub = web_url(value)?,
    }
    serve {
        listen => |serve, value| serve.listen = listen(value)?,
        admin_listen => |serve, value| serve.admin_listen = listen(value)?,
    }
}

/// The name among `known` that `name` was most likely meant to be.
pub(super) fn nearest<'a>(name: &str, known: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    let scored = known.into_iter().map(|known| (strsim::damerau_levenshtein(name, known), known));
    scored.filter(|(distance, known)| *distance <= known.len().max(3) / 2).min().map(|(_, known)| known)
}

/// The contact goes into a header: visible ASCII only (RFC 9110 §5.5).
fn contact(value: &DeValue<'_>) -> Result<String, String> {
    let contact = string(value)?;
    let is_clean = contact.bytes().all(|byte| (0x20..0x7f).contains(&byte) && !b"()\\".contains(&byte));
    if is_clean {
        Ok(contact)
    } else {
        Err("it goes into the User-Agent: plain ASCII without brackets".into())
    }
}

fn networks(value: &DeValue<'_>) -> Result<Vec<ipnet::IpNet>, String> {
    let network = |text: &String| {
        let address = || text.parse::<std::net::IpAddr>().map(ipnet::IpNet::from);
        text.parse()
            .or_else(|_| address())
            .map_err(|_| format!("{text:?} is no network; write it like \"10.0.0.0/8\""))
    };
    strings(value)?.iter().map(network).collect()
}

fn kinds(value: &DeValue<'_>) -> Result<Vec<Kind>, String> {
    strings(value)?.iter().map(|word| word.parse()).collect()
}
