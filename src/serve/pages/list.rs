//! Lists of stories: the front page, a day, a topic, a kind, a search; and the list of topics.

use super::card::{Card, plural};
use super::{PageLink, Shell, html};
use crate::model::Kind;
use crate::publish::{Options, Scope, Selection, StoryView, Topic, Wire};
use crate::serve::cache::{Generation, Of, Rendered};
use crate::serve::feeds::{name_of, next, page_path};
use crate::serve::reply::Refusal;
use crate::serve::routes::Reply;
use crate::serve::state::Shared;
use crate::serve::wishes::Wishes;
use askama::Template;
use axum::http::HeaderMap;
use chrono::{Days, NaiveDate};
use std::sync::Arc;

/// The front page shows whole days until it has so many stories: early in the day, yesterday's, too.
const ENOUGH_FOR_FRONT: usize = 20;
/// But no more days than this.
const MOST_FRONT_DAYS: usize = 3;

#[derive(Template)]
#[template(path = "list.html")]
struct ListPage {
    shell: Shell,
    heading: String,
    lede: String,
    groups: Vec<Group>,
    empty: &'static str,
    newer: Option<PageLink>,
    older: Option<PageLink>,
}

/// The stories of one day.
struct Group {
    name: String,
    href: Option<String>,
    cards: Vec<Card>,
}

#[derive(Template)]
#[template(path = "topics.html")]
struct TopicsPage {
    shell: Shell,
    window: String,
    topics: Vec<Counted>,
    kinds: Vec<Counted>,
}

struct Counted {
    name: String,
    href: String,
    count: usize,
}

#[derive(Template)]
#[template(path = "search.html")]
struct SearchPage {
    shell: Shell,
}

/// Today's stories, each once.
pub(in crate::serve) async fn front(shared: &Arc<Shared>, request: &HeaderMap) -> Reply {
    let (wire, snapshot) = shared.wire();
    let today = shared.now().date_naive();
    let moment = days_since_epoch(today);
    shared
        .cached("/".to_owned(), Generation { of: Of::Wire, snapshot, moment }, request, || async {
            shared.on_a_thread(move || front_page(&wire, today)).await
        })
        .await
}

fn front_page(wire: &Wire, today: NaiveDate) -> Result<Rendered, Refusal> {
    let selection = Selection::of(Scope::Wire);
    let stories = wire.select(&selection);
    let options = Options::of(wire, &selection, false);
    let mut groups: Vec<Group> = Vec::new();
    let mut shown = 0;
    let mut day = today;
    let mut rest = stories.as_slice();
    while groups.len() < MOST_FRONT_DAYS && shown < ENOUGH_FOR_FRONT {
        let of_day = rest.iter().take_while(|story| story.story.published.date_naive() >= day).count();
        let (these, others) = rest.split_at_checked(of_day).unwrap_or((rest, &[]));
        rest = others;
        if !these.is_empty() {
            shown += these.len();
            groups.push(group(wire, day, Some(today), these.iter().map(|story| &***story), &options));
        }
        let Some(next) = rest.first() else { break };
        day = next.story.published.date_naive();
    }
    let last = groups.last().map_or(today, |_| day_before_shown(&stories, rest, today));
    let root = wire.base.path();
    let owners: usize = stories.len() - rest.len();
    html(&ListPage {
        shell: Shell::of_scope(wire, "", &Scope::Wire, &Wishes::default()),
        heading: today.format("%A, %-d %B %Y").to_string(),
        lede: front_lede(owners, groups.len()),
        groups,
        empty: "Nothing yet: the feeds are being read. Come back in a few minutes.",
        newer: None,
        older: Some(PageLink { name: "Earlier".to_owned(), href: format!("{root}/days/{last}") }),
    })
}

fn front_lede(stories: usize, days: usize) -> String {
    match (stories, days) {
        (0, _) => String::new(),
        (1, _) => "One chip story, with who else covers it.".to_owned(),
        (count, 0 | 1) => format!("{count} chip stories, each once, with who else covers it."),
        (count, days) => format!("{count} chip stories of {days} days, each once, with who else covers it."),
    }
}

/// The day to go on with: that of the first story not shown, or the day before the last one shown.
fn day_before_shown(stories: &[&Arc<StoryView>], rest: &[&Arc<StoryView>], today: NaiveDate) -> NaiveDate {
    let shown = stories.len() - rest.len();
    let last_shown =
        stories.get(shown.saturating_sub(1)).map_or(today, |story| story.story.published.date_naive());
    let before = last_shown.checked_sub_days(Days::new(1)).unwrap_or(last_shown);
    rest.first().map_or(before, |story| story.story.published.date_naive())
}

/// The stories of any scope, by day.
pub(in crate::serve) async fn list(
    shared: &Arc<Shared>,
    scope: Scope,
    wishes: Wishes,
    request: &HeaderMap,
) -> Reply {
    let (wire, snapshot) = shared.wire();
    let now = shared.now();
    let selection = wishes.selection(scope, now);
    let today = now.date_naive();
    let until = selection.until.map_or(0, |until| until.timestamp());
    let key = format!("{}{}", page_path(&selection.scope), wishes.to_query(&selection.scope));
    // Days have names relative to today.
    let moment = until ^ (days_since_epoch(today) << 40);
    shared
        .cached(key, Generation { of: Of::Wire, snapshot, moment }, request, || async {
            let stories = shared.stories(&wire, &selection).await?;
            shared.on_a_thread(move || list_page(&wire, &selection, &wishes, &stories, today)).await
        })
        .await
}

fn list_page(
    wire: &Wire,
    selection: &Selection,
    wishes: &Wishes,
    stories: &[Arc<StoryView>],
    today: NaiveDate,
) -> Result<Rendered, Refusal> {
    let scope = &selection.scope;
    let options = Options::of(wire, selection, false);
    let groups = stories
        .chunk_by(|one, other| one.story.published.date_naive() == other.story.published.date_naive())
        .filter_map(|chunk| {
            let day = chunk.first()?.story.published.date_naive();
            Some(group(wire, day, Some(today), chunk.iter().map(AsRef::as_ref), &options))
        })
        .collect();
    let name = name_of(wire, scope).unwrap_or_default();
    let (newer, older) = match scope {
        Scope::Day(day) => neighbours(wire, *day, today),
        scope => (None, older(wire, selection, wishes, stories, scope)),
    };
    html(&ListPage {
        shell: Shell::of_scope(wire, &name, scope, wishes),
        lede: lede(scope, stories.len()),
        heading: name,
        groups,
        empty: match scope {
            Scope::Search(_) => "No story matches. Fewer words find more.",
            _ => "No story here yet.",
        },
        newer,
        older,
    })
}

fn lede(scope: &Scope, count: usize) -> String {
    match (scope, count) {
        (_, 0) => String::new(),
        (Scope::Day(_), 1) => "One chip story.".to_owned(),
        (Scope::Day(_), count) => format!("{count} chip stories, each once."),
        (Scope::Kind(_), _) => {
            "Stories of this kind, newest first, those that stay off the wire too.".to_owned()
        }
        _ => "Newest first, each story once.".to_owned(),
    }
}

fn older(
    wire: &Wire,
    selection: &Selection,
    wishes: &Wishes,
    stories: &[Arc<StoryView>],
    scope: &Scope,
) -> Option<PageLink> {
    let query = next(wire, selection, wishes, stories)?;
    let href = format!("{}{}{query}", wire.base.path(), page_path(scope));
    Some(PageLink { name: "Older".to_owned(), href })
}

fn neighbours(wire: &Wire, day: NaiveDate, today: NaiveDate) -> (Option<PageLink>, Option<PageLink>) {
    let link = |day: NaiveDate| PageLink {
        name: day.format("%-d %B").to_string(),
        href: format!("{}/days/{day}", wire.base.path()),
    };
    let next = day.checked_add_days(Days::new(1)).filter(|next| *next <= today);
    (next.map(link), day.checked_sub_days(Days::new(1)).map(link))
}

fn group<'a>(
    wire: &Wire,
    day: NaiveDate,
    today: Option<NaiveDate>,
    stories: impl Iterator<Item = &'a StoryView>,
    options: &Options<'_>,
) -> Group {
    let mut stories: Vec<&StoryView> = stories.collect();
    // What a new feed's archive brings is new to us, not to the world: it comes after the day's own news, the newest
    // told first, since one sweep brings all of it in one minute.
    stories.sort_by_key(|story| {
        let told = story.face(options.languages).told();
        (story.is_old_news(), std::cmp::Reverse((story.story.published.timestamp() / 60, told)))
    });
    let yesterday = today.and_then(|today| today.checked_sub_days(Days::new(1)));
    let date = day.format("%A, %-d %B %Y").to_string();
    Group {
        name: if Some(day) == today {
            "Today".to_owned()
        } else if Some(day) == yesterday {
            format!("Yesterday, {}", day.format("%-d %B"))
        } else {
            date
        },
        href: Some(format!("{}/days/{day}", wire.base.path())),
        cards: stories.into_iter().map(|story| Card::of(story, options)).collect(),
    }
}

/// The topics and kinds, with how much there is of each.
pub(in crate::serve) async fn topics(shared: &Arc<Shared>, request: &HeaderMap) -> Reply {
    let (wire, snapshot) = shared.wire();
    shared
        .cached("/topics".to_owned(), Generation { of: Of::Wire, snapshot, moment: 0 }, request, || async {
            shared.on_a_thread(move || topics_page(&wire)).await
        })
        .await
}

fn topics_page(wire: &Wire) -> Result<Rendered, Refusal> {
    let root = wire.base.path();
    let start = wire.window_start();
    let counted = |scope: Scope, name: String| {
        let selection = Selection::of(scope);
        let in_window = wire.stories().iter().take_while(|story| story.story.published >= start);
        let count = in_window.filter(|story| selection.accepts(story, &wire.settings, wire.at)).count();
        Counted { name, href: format!("{root}{}", page_path(&selection.scope)), count }
    };
    let mut shell = Shell::new(wire, "Topics", "/topics");
    shell.section = "topics";
    let topic = |topic: &Topic| counted(Scope::Topic(topic.slug.clone()), topic.name.clone());
    let kind = |kind: &Kind| counted(Scope::Kind(*kind), plural(*kind).to_owned());
    html(&TopicsPage {
        window: match wire.settings.window.as_secs() / 86_400 {
            0 | 1 => "day".to_owned(),
            days => format!("{days} days"),
        },
        topics: wire.topics.iter().map(topic).collect(),
        kinds: Kind::ALL.iter().map(kind).collect(),
        shell,
    })
}

/// How to search.
pub(in crate::serve) async fn search_form(shared: &Arc<Shared>, request: &HeaderMap) -> Reply {
    let (wire, snapshot) = shared.wire();
    shared
        .cached("/search".to_owned(), Generation { of: Of::Wire, snapshot, moment: 0 }, request, || async {
            html(&SearchPage { shell: Shell::new(&wire, "Search", "/search") })
        })
        .await
}

fn days_since_epoch(day: NaiveDate) -> i64 {
    day.signed_duration_since(chrono::DateTime::UNIX_EPOCH.date_naive()).num_days()
}
