//! The feeds and how they are doing: what needs a look first.

use super::{FeedLink, Shell, format_name, html};
use crate::model::{Condition, Timestamp};
use crate::publish::{Format, Source, Sources, Wire, web_address};
use crate::serve::cache::{Generation, Of, Rendered};
use crate::serve::reply::Refusal;
use crate::serve::routes::Reply;
use crate::serve::state::Shared;
use askama::Template;
use axum::http::HeaderMap;
use std::fmt::Write;
use std::sync::Arc;

/// The days of the plot.
const PLOT_DAYS: usize = 28;
/// The plot's size, as its `viewBox` says: four units a day.
const PLOT_HEIGHT: f64 = 24.0;

#[derive(Template)]
#[template(path = "sources.html")]
struct SourcesPage {
    shell: Shell,
    lede: String,
    rows: Vec<Row>,
}

struct Row {
    name: String,
    site: Option<String>,
    url: Option<String>,
    category: String,
    language: Option<String>,
    state: &'static str,
    reason: String,
    last_success: String,
    next_poll: String,
    next_reason: String,
    /// An SVG path.
    plot: String,
    plot_words: String,
    a_week: u32,
    relevant: String,
    copies: String,
    firsts: u64,
}

pub(in crate::serve) async fn sources(shared: &Arc<Shared>, request: &HeaderMap) -> Reply {
    let (wire, _) = shared.wire();
    let (sources, snapshot) = shared.sources();
    shared
        .cached(
            "/sources".to_owned(),
            Generation { of: Of::Sources, snapshot, moment: 0 },
            request,
            || async { shared.on_a_thread(move || page(&wire, &sources)).await },
        )
        .await
}

fn page(wire: &Wire, sources: &Sources) -> Result<Rendered, Refusal> {
    let mut shell = Shell::new(wire, "Sources", "/sources");
    shell.section = "sources";
    shell.is_wide = true;
    shell.feeds = vec![FeedLink {
        name: format_name(Format::Atom),
        title: format!("{}: troubles of its sources", shell.brand),
        media_type: Format::Atom.media_type(),
        href: format!("{}/sources.atom", shell.root),
    }];
    let rows: Vec<Row> = sources.feeds().map(row).collect();
    let troubled = sources.feeds().filter(|source| source.is_in_trouble()).count();
    let at = when(sources.at);
    let lede = match (rows.len(), troubled) {
        (0, _) => String::new(),
        (count, 0) => format!("{count} feeds, all well at {at} UTC."),
        (count, 1) => format!("{count} feeds; one needs a look. As of {at} UTC."),
        (count, troubled) => format!("{count} feeds; {troubled} need a look. As of {at} UTC."),
    };
    html(&SourcesPage { shell, lede, rows })
}

fn row(source: &Source) -> Row {
    let (info, state) = (&source.info, &source.state);
    let is_polled = !matches!(state.condition, Condition::Gone | Condition::Paused);
    Row {
        name: info.name.clone(),
        site: info.site.as_deref().and_then(web_address),
        url: web_address(&info.url),
        category: info.category.clone(),
        language: info.language.clone(),
        state: source.condition_word(),
        reason: if state.condition == Condition::Active {
            String::new()
        } else {
            state.condition_reason.clone()
        },
        last_success: state.last_success.map_or_else(|| "never".to_owned(), when),
        next_poll: if is_polled { when(state.next_poll) } else { "not polled".to_owned() },
        next_reason: if is_polled { state.next_poll_reason.clone() } else { String::new() },
        plot: plot(&source.entries_per_day),
        plot_words: format!("{} new entries in the last seven days", source.entries_a_week()),
        a_week: source.entries_a_week(),
        relevant: per_cent(source.relevant_share()),
        copies: per_cent(source.copied_share()),
        firsts: state.counts.firsts,
    }
}

/// A bar for each day, as one path; the busiest day fills the height.
fn plot(per_day: &[u32]) -> String {
    let days = per_day.get(per_day.len().saturating_sub(PLOT_DAYS)..).unwrap_or_default();
    let most = days.iter().copied().max().unwrap_or_default().max(1);
    let mut path = String::new();
    for (index, entries) in days.iter().enumerate() {
        let x = 4 * (PLOT_DAYS - days.len() + index);
        let height = match entries {
            // A hair, so that a silent day is seen as a day.
            0 => 0.5,
            entries => (PLOT_HEIGHT * f64::from(*entries) / f64::from(most)).max(1.5),
        };
        let y = PLOT_HEIGHT - height;
        // Writing to a string cannot fail.
        let _ = write!(path, "M{x} {y:.1}h3v{height:.1}h-3z");
    }
    path
}

fn per_cent(share: Option<f64>) -> String {
    share.map_or_else(|| "–".to_owned(), |share| format!("{:.0} %", 100.0 * share))
}

fn when(at: Timestamp) -> String {
    at.format("%-d %b, %H:%M").to_string()
}
