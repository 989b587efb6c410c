//! A small wire, invented: stories with every role, two languages, an excluded kind, and feeds in every condition.

use chipwire::model::{
    Claimed, Condition, Entry, EntryId, Feed, FeedState, Field, Kept, Kind, Member, Origin, Reason, Role,
    Story, StoryId, Timestamp, Verdict,
};
use chipwire::publish::{FeedInfo, Source, Sources, StoryView, Telling, Topic};
use chrono::TimeDelta;
use std::sync::Arc;

/// The time of the tests.
pub(crate) fn now() -> Timestamp {
    "2026-03-10T12:00:00Z".parse().unwrap()
}

/// What an entry says.
pub(crate) struct Piece {
    pub(crate) publisher: &'static str,
    pub(crate) role: Role,
    pub(crate) title: &'static str,
    pub(crate) summary: &'static str,
    pub(crate) minutes_ago: i64,
}

pub(crate) const fn piece(
    publisher: &'static str,
    role: Role,
    title: &'static str,
    summary: &'static str,
    minutes_ago: i64,
) -> Piece {
    Piece { publisher, role, title, summary, minutes_ago }
}

pub(crate) fn feed(name: &str) -> Feed {
    let host = name.to_lowercase().replace(' ', "-");
    let mut feed = Feed::at(&format!("https://{host}.example/feed.xml"), Origin::Builtin);
    feed.name = Some(name.to_owned());
    feed.site = Some(format!("https://{host}.example/"));
    feed.language = Some("en".to_owned());
    feed
}

fn telling(piece: &Piece, kind: Kind, topics: &[&str]) -> Telling {
    let feed = feed(piece.publisher);
    let slug: String =
        piece.title.to_lowercase().chars().map(|c| if c.is_alphanumeric() { c } else { '-' }).collect();
    let told = now() - TimeDelta::minutes(piece.minutes_ago);
    let entry = Entry {
        id: EntryId::of(feed.id, &format!("{slug} {}", piece.minutes_ago)),
        title: piece.title.to_owned(),
        url: Some(format!("https://{}.example/{slug}", piece.publisher.to_lowercase().replace(' ', "-"))),
        author: (piece.minutes_ago % 2 == 0).then(|| "Mara Lindqvist".to_owned()),
        claimed: Some(Claimed { at: told, has_time_of_day: true }),
        summary: piece.summary.to_owned(),
        language: Some("en".to_owned()),
        ..Entry::bare(feed.id, slug.clone(), told + TimeDelta::minutes(2))
    };
    let member = Member {
        entry: entry.id,
        role: piece.role,
        similarity: 0.8,
        because: "names the same figures: 2.3 million wafers, 18 months".to_owned(),
    };
    let reason = |term: &str, field, weight| Reason { term: term.to_owned(), field, weight };
    let verdict = Verdict {
        relevant: true,
        score: 0.93,
        kind,
        topics: topics.iter().map(|topic| (*topic).to_owned()).collect(),
        reasons: vec![
            reason("wafer", Field::Title, 3.2),
            reason("foundry", Field::Summary, 2.1),
            reason("headset", Field::Summary, -0.8),
        ],
    };
    let story = StoryId::founded_by(entry.id);
    let is_machine_written = piece.publisher.contains("Robo");
    Telling {
        member,
        kept: Arc::new(Kept { entry, verdict, story, is_machine_written }),
        feed: Arc::new(FeedInfo::new(&feed, None, None)),
    }
}

/// A released story.
pub(crate) fn story(kind: Kind, topics: &[&str], pieces: &[Piece]) -> StoryView {
    let tellings: Vec<Telling> = pieces.iter().map(|piece| telling(piece, kind, topics)).collect();
    let lead = tellings[0].clone();
    let at = lead.at();
    let story = Story {
        id: StoryId::founded_by(lead.member.entry),
        lead: lead.member.entry,
        members: tellings.iter().map(|telling| telling.member.clone()).collect(),
        first_seen: lead.kept.entry.first_seen,
        published: at,
        released: Some(lead.kept.entry.first_seen),
        updated: at,
        related: Vec::new(),
        led: vec![lead.member.entry],
        is_withheld: false,
    };
    StoryView::new(story, tellings).unwrap()
}

#[rustfmt::skip]
pub(crate) fn stories() -> Vec<StoryView> {
    use Role::{Derivative, Duplicate, Lead, Pointer, Report};
    let mut stories = vec![
        story(Kind::News, &["foundry", "memory", "ai-accelerators"], &[
            piece("Wafer Post", Lead, "Northgate doubles its 2-nanometre lines and books them out until 2029",
                "The foundry will equip two more halls in Hsinchu with high-NA scanners. Four customers have paid ahead, among them a maker of AI accelerators that asked not to be named; yields stand at 71 per cent.", 48),
            piece("Chip Daily", Report, "Northgate adds two fabs for 2 nm", "The company confirmed the plan.", 31),
            piece("Harbour Times", Report, "Contract chip maker spends 31 billion on new lines", "The board voted on Tuesday.", 25),
            piece("Silicon Gazette", Report, "Two more halls for Northgate", "A third is an option.", 20),
            piece("Robo Digest", Derivative, "Northgate to expand 2nm capacity", "According to Wafer Post.", 12),
            piece("Links of the Day", Pointer, "Northgate doubles its 2-nanometre lines", "", 9),
            piece("Mirror One", Duplicate, "Northgate doubles its 2-nanometre lines and books them out until 2029", "", 8),
            piece("Mirror Two", Duplicate, "Northgate doubles its 2-nanometre lines and books them out until 2029", "", 7),
            piece("Mirror Three", Duplicate, "Northgate doubles its 2-nanometre lines and books them out until 2029", "", 6),
        ]),
        story(Kind::News, &["risc-v"], &[
            piece("Open Silicon", Lead, "RISC-V server board boots an unpatched mainline kernel",
                "Sixty-four cores, two NVMe drives and a network port work out of the box; suspend does not yet.", 75),
            piece("Kernel Weekly", Report, "Mainline runs on the first 64-core RISC-V board", "Tested on 6.20-rc3.", 40),
        ]),
        story(Kind::Review, &["mobile"], &[
            piece("Bench & Bus", Lead, "Hands on: a laptop with Cascade’s new 16-core part sips 9 watts",
                "In our runs it lasted 21 hours, and only the fan of the docking station was ever heard.", 190),
        ]),
        story(Kind::News, &["export-controls"], &[
            piece("Harbour Times", Lead, "Ministry narrows the licence for used etching tools", "Tools older than ten years need no licence from May on, says a draft seen by this paper.", 260),
            piece("Chip Daily", Report, "Draft rule frees old etchers from licences", "Comments are due in thirty days.", 200),
        ]),
        story(Kind::Deal, &["memory"], &[
            piece("Bargain Bay", Lead, "64 GB of DDR5 for the price of 48", "Until Sunday.", 300),
        ]),
        story(Kind::News, &["memory"], &[
            piece("Chip Daily", Lead, "HBM4 samples leave Suwon two months early", "Twelve layers, 2 terabytes a second; sixteen layers follow in autumn.", 1_290),
            piece("Robo Digest", Derivative, "HBM4 samples are shipping", "", 1_200),
        ]),
        story(Kind::Opinion, &["foundry"], &[
            piece("Silicon Gazette", Lead, "The subsidy race has no finish line", "Three rounds in, nobody can say what a fab would cost without them.", 1_500),
        ]),
    ];
    for day in 2..12 {
        let titles = ["A fab’s water, counted", "Old nodes, new orders", "Photonics moves into the package", "Who packages the packagers", "Gallium from red mud"];
        let title = titles[usize::try_from(day).unwrap() % titles.len()];
        stories.push(story(Kind::News, &["foundry"], &[piece("Wafer Post", Lead, title, "A longer look.", 1_440 * day + 37 * day)]));
    }
    stories
}

pub(crate) fn topics() -> Vec<Topic> {
    [
        ("foundry", "Foundry"),
        ("memory", "Memory and HBM"),
        ("ai-accelerators", "AI accelerators"),
        ("risc-v", "RISC-V"),
        ("mobile", "Mobile"),
        ("export-controls", "Export controls"),
    ]
    .map(|(slug, name)| Topic { slug: slug.to_owned(), name: name.to_owned() })
    .to_vec()
}

pub(crate) fn sources() -> Sources {
    let conditions = [
        ("Wafer Post", Condition::Active, "", [3, 5, 2, 4, 6, 1, 0]),
        ("Chip Daily", Condition::Active, "", [12, 9, 14, 11, 10, 3, 2]),
        (
            "Harbour Times",
            Condition::Stale,
            "nothing new for 23 days; it used to bring 4 entries a week",
            [1, 0, 0, 0, 0, 0, 0],
        ),
        (
            "Silicon Gazette",
            Condition::Failing,
            "502 Bad Gateway, three times in a row",
            [2, 2, 1, 2, 0, 0, 0],
        ),
        (
            "Open Silicon",
            Condition::Moved,
            "moved for good to https://open-silicon.example/rss",
            [1, 1, 1, 0, 2, 1, 1],
        ),
        ("Kernel Weekly", Condition::Gone, "410 Gone, confirmed three times", [0, 0, 0, 0, 0, 0, 0]),
        ("Secret Desk", Condition::Failing, "401", [0, 0, 0, 0, 0, 0, 0]),
        ("Bargain Bay", Condition::Paused, "switched off", [0, 0, 0, 0, 0, 0, 0]),
    ];
    let sources = conditions.into_iter().map(|(name, condition, reason, week)| {
        let mut feed = feed(name);
        feed.private = name == "Secret Desk";
        let mut state = FeedState::new(feed.id, &feed.url, now() - TimeDelta::days(3));
        state.condition = condition;
        reason.clone_into(&mut state.condition_reason);
        state.last_success = Some(now() - TimeDelta::minutes(42));
        state.next_poll = now() + TimeDelta::minutes(18);
        "every hour, its own rhythm".clone_into(&mut state.next_poll_reason);
        (state.counts.entries, state.counts.relevant, state.counts.copies, state.counts.firsts) =
            (240, 96, 11, 37);
        Source {
            info: Arc::new(FeedInfo::new(&feed, None, None)),
            state: Arc::new(state),
            entries_per_day: week.iter().copied().cycle().take(28).collect(),
        }
    });
    Sources::new(now(), sources.collect())
}

/// An entry that was turned away.
pub(crate) fn reject() -> chipwire::model::Reject {
    let piece = piece("Snack Report", Role::Lead, "Potato <chips> & dips", "Salted.", 10);
    let kept = telling(&piece, Kind::News, &[]).kept;
    chipwire::model::Reject { entry: kept.entry.clone(), verdict: kept.verdict.clone() }
}
