//! Feeds as publishers write them, with chip news that we made up.

use chrono::{DateTime, TimeDelta, Utc};
use std::sync::LazyLock;

/// One clock for all documents, so that a document that is written again is the same.
static NOW: LazyLock<DateTime<Utc>> = LazyLock::new(Utc::now);

/// Events that have nothing to do with each other: headline and text.
pub(crate) const EVENTS: &[(&str, &str)] = &[
    (
        "TSMC begins 2-nanometre chip production in Kaohsiung",
        "The foundry TSMC has begun volume production of 2-nanometre chips at its new fab in Kaohsiung. The first wafers go to smartphone processors, the company said, and yields are ahead of plan.",
    ),
    (
        "SK hynix ships samples of HBM4 memory with twelve layers",
        "SK hynix has sent samples of twelve-layer HBM4 memory to its customers. The stacks move two terabytes a second and are meant for the next generation of AI accelerators.",
    ),
    (
        "Infineon sells its memory chip plant in Austin to SkyWater",
        "Infineon has agreed to sell its 200-millimetre semiconductor fab in Austin, Texas, to the foundry SkyWater Technology. The plant makes embedded memory chips for cars.",
    ),
    (
        "RISC-V server processor from Ventana taped out on a 4-nanometre process",
        "Ventana Micro has taped out a RISC-V server processor with 192 cores. The chiplets are made by a contract foundry on a 4-nanometre process, and boards are due next summer.",
    ),
    (
        "ASML ships its third High-NA EUV lithography scanner to Intel",
        "ASML has delivered a third High-NA EUV lithography scanner to Intel's fab in Oregon, where the chip maker prepares its 14A process node for production.",
    ),
];

/// An item of an RSS document.
#[derive(Debug, Clone)]
pub(crate) struct News {
    pub(crate) guid: String,
    pub(crate) title: String,
    pub(crate) text: String,
    pub(crate) link: String,
    pub(crate) further: String,
    pub(crate) date: DateTime<Utc>,
}

/// One of the events as a publisher of this host tells it.
pub(crate) fn event(number: usize, host: &str) -> News {
    let (title, text) = EVENTS[number];
    News {
        guid: format!("{host}-{number}"),
        title: title.into(),
        text: text.into(),
        link: format!("https://{host}/news/{number}"),
        further: String::new(),
        date: *NOW - TimeDelta::minutes(30 + i64::try_from(number).unwrap()),
    }
}

/// An item with a headline of the test's own.
pub(crate) fn item_titled(title: &str) -> News {
    let guid = title.to_lowercase().replace(' ', "-");
    News {
        title: title.into(),
        link: format!("https://chips.example/{guid}"),
        guid,
        ..event(0, "chips.example")
    }
}

/// An RSS 2.0 document.
pub(crate) fn rss(title: &str, news: &[News]) -> String {
    rss_with(title, "", news)
}

/// The same with further elements of the channel.
pub(crate) fn rss_with(title: &str, further: &str, news: &[News]) -> String {
    let items: String = news.iter().map(item).collect();
    format!(
        "<?xml version=\"1.0\"?><rss version=\"2.0\" xmlns:atom=\"http://www.w3.org/2005/Atom\"><channel><title>{title}</title><link>https://{}.example/</link><description>News</description>{further}{items}</channel></rss>",
        title.to_lowercase().replace(' ', "-")
    )
}

fn item(news: &News) -> String {
    let News { guid, title, text, link, further, date } = news;
    let date = date.to_rfc2822();
    format!(
        "<item><title>{title}</title><link>{link}</link><guid isPermaLink=\"false\">{guid}</guid><pubDate>{date}</pubDate><description>{text}</description>{further}</item>"
    )
}
