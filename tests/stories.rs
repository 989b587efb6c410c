//! What the story engine promises, through its public door.
#![expect(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::cast_precision_loss,
    reason = "a test may fail"
)]

use chipwire::cluster::lines::Lines;
use chipwire::cluster::{Publishers, Settings};
use chipwire::model::{Kind, Verdict};
use serde_json::{Value, json};

fn verdict() -> Verdict {
    Verdict { relevant: true, score: 1.0, kind: Kind::News, topics: Vec::new(), reasons: Vec::new() }
}

/// The final assignments of entries given in this order.
fn cluster(entries: &[Value]) -> Vec<Value> {
    let mut lines = Lines::new(Settings::default(), Publishers::shipped());
    for entry in entries {
        lines.take(&entry.to_string(), true, |_, _| verdict());
    }
    lines.finish().iter().map(|answer| serde_json::from_str(answer).unwrap()).collect()
}

/// Pairs of entries that were put together, by their ids.
fn pairs(entries: &[Value], answers: &[Value]) -> std::collections::BTreeSet<(String, String)> {
    let mut pairs = std::collections::BTreeSet::new();
    let id = |at: usize| entries[at]["id"].as_str().unwrap().to_owned();
    for one in 0..answers.len() {
        for other in 0..answers.len() {
            if id(one) < id(other) && answers[one]["story"] == answers[other]["story"] {
                pairs.insert((id(one), id(other)));
            }
        }
    }
    pairs
}

/// Our own labelled stream: story, publisher, time, role hint, URL, headline, summary a line.
fn labelled_stream() -> Vec<(String, Value)> {
    let table = include_str!("fixtures/stories/labelled.tsv");
    let lines = table.lines().filter(|line| !line.starts_with('#') && !line.is_empty());
    let entries = lines.enumerate().map(|(at, line)| {
        let parts: Vec<&str> = line.split('\t').collect();
        let entry = json!({
            "id": at.to_string(), "publisher": parts[1], "published": parts[2], "url": parts[3],
            "title": parts[4], "summary": parts.get(5).copied().unwrap_or_default(),
        });
        (parts[0].to_owned(), entry)
    });
    entries.collect()
}

fn original() -> Value {
    json!({
        "id": "original", "publisher": "TechCrunch", "published": "2025-12-03T18:30:00Z",
        "url": "https://techcrunch.com/2025/12/03/trainium-billions/",
        "title": "Amazon's answer to Nvidia's AI chips is a multibillion-dollar business already, says Jassy",
        "summary": "Trainium2 brings in billions of dollars a year, Andy Jassy said. Trainium3, shown at re:Invent, is four times as fast and draws less power.",
    })
}

fn repost() -> Value {
    json!({
        "id": "repost", "publisher": "Daily Links", "published": "2025-12-03T20:10:00Z",
        "url": "https://daily-links.example/posts/8812",
        "title": "Amazon's answer to Nvidia's AI chips is a multibillion-dollar business already, says Jassy",
        "content": "<p>Trainium2 brings in billions of dollars a year, Andy Jassy said.</p><p>source: https://techcrunch.com/2025/12/03/trainium-billions/?utm_source=rss</p>",
    })
}

fn by_a_machine() -> Value {
    json!({
        "id": "machine", "publisher": "Knowledge Base", "published": "2026-06-19T09:00:00Z",
        "url": "https://knowledge.example/trainium-sale",
        "title": "Amazon weighs selling its Trainium chips to other data centres",
        "summary": "Andy Jassy sees a business of $50 billion a year in selling Trainium to other operators.\nThis article was written by a language model.\nSource: TechCrunch",
    })
}

fn younger_original() -> Value {
    json!({
        "id": "younger", "publisher": "TechCrunch", "published": "2026-06-19T07:40:00Z",
        "url": "https://techcrunch.com/2026/06/19/amazon-may-sell-trainium/",
        "title": "Amazon could sell Trainium chips to rival data centers, a $50 billion business, Jassy says",
        "summary": "Jassy said that Trainium sold out almost at once and that Trainium4 is on its way.",
    })
}

#[test]
fn the_original_leads_its_repost_in_either_order() {
    for entries in [[original(), repost()], [repost(), original()]] {
        let answers = cluster(&entries);
        assert_eq!(answers[0]["story"], answers[1]["story"]);
        for answer in &answers {
            let is_original = answer["id"] == "original";
            assert_eq!(answer["role"] == "lead", is_original, "{answer}");
        }
    }
}

#[test]
fn a_rewrite_that_names_its_source_follows_it_though_it_came_first() {
    let answers = cluster(&[by_a_machine(), younger_original()]);
    assert_eq!(answers[0]["story"], answers[1]["story"]);
    assert_eq!(answers[0]["role"], "derivative");
    assert_eq!(answers[1]["role"], "lead");
    let alone = cluster(&[by_a_machine()]);
    assert_eq!(alone[0]["story"], answers[0]["story"], "the story keeps its id");
}

#[test]
fn two_stories_of_one_storyline_stay_apart() {
    let answers = cluster(&[original(), repost(), by_a_machine(), younger_original()]);
    assert_ne!(answers[0]["story"], answers[2]["story"]);
}

#[test]
fn an_aggregators_link_never_leads() {
    let pointer = json!({
        "id": "pointer", "publisher": "Hacker News", "published": "2025-12-03T17:00:00Z",
        "url": "https://techcrunch.com/2025/12/03/trainium-billions", "title": "Trainium is a multibillion-dollar business",
    });
    let answers = cluster(&[pointer, original()]);
    assert_eq!(answers[0]["story"], answers[1]["story"]);
    assert_eq!(answers[0]["role"], "pointer");
    assert_eq!(answers[1]["role"], "lead");
}

#[test]
fn a_line_that_cannot_be_read_is_answered_on_its_place() {
    let mut lines = Lines::new(Settings::default(), Publishers::shipped());
    lines.take("{nonsense", true, |_, _| verdict());
    lines.take(&original().to_string(), true, |_, _| verdict());
    let answers = lines.finish();
    assert!(answers[0].contains("\"error\""), "{}", answers[0]);
    assert!(answers[1].contains("\"lead\""), "{}", answers[1]);
}

/// Precision and recall of pairs on our own labelled stream, below which the test fails: what was reached on the day
/// that the weights were made, less a little.
const LEAST_PRECISION: f64 = 0.97;
const LEAST_RECALL: f64 = 0.89;

#[test]
fn the_labelled_stream_is_told_apart_as_well_as_before() {
    let stream = labelled_stream();
    let entries: Vec<Value> = stream.iter().map(|(_, entry)| entry.clone()).collect();
    let answers = cluster(&entries);
    let given = pairs(&entries, &answers);
    let gold_answers: Vec<Value> = stream.iter().map(|(story, _)| json!({ "story": story })).collect();
    let gold = pairs(&entries, &gold_answers);
    let right = given.intersection(&gold).count() as f64;
    let (precision, recall) = (right / given.len() as f64, right / gold.len() as f64);
    for (one, other) in given.difference(&gold) {
        println!(
            "wrong: {} | {}",
            entries[one.parse::<usize>().unwrap()]["title"],
            entries[other.parse::<usize>().unwrap()]["title"]
        );
    }
    println!("{} entries, {} pairs: precision {precision:.3}, recall {recall:.3}", entries.len(), gold.len());
    assert!(precision >= LEAST_PRECISION, "precision {precision:.3}");
    assert!(recall >= LEAST_RECALL, "recall {recall:.3}");
}

#[test]
fn the_order_within_ten_minutes_hardly_matters() {
    let mut entries: Vec<Value> = labelled_stream().into_iter().map(|(_, entry)| entry).collect();
    let before = pairs(&entries, &cluster(&entries));
    // Ten minutes of the stream are a neighbour or two: swap neighbours, then neighbours one further on.
    for from in [0, 1] {
        for pair in entries[from..].chunks_mut(2) {
            pair.reverse();
        }
    }
    let after = pairs(&entries, &cluster(&entries));
    let same = before.intersection(&after).count() as f64 / before.union(&after).count() as f64;
    assert!(same >= 0.99, "{same:.3} of the pairs are the same");
}

#[test]
fn the_same_input_gives_the_same_answers() {
    let entries: Vec<Value> = labelled_stream().into_iter().map(|(_, entry)| entry).collect();
    assert_eq!(cluster(&entries), cluster(&entries));
}

#[test]
fn a_feed_that_claims_anothers_page_is_a_pointer_to_it() {
    let claim = json!({
        "id": "claim", "publisher": "Chip Gossip", "published": "2025-12-03T10:00:00Z", "feed": "https://gossip.example/feed",
        "url": "https://techcrunch.com/2025/12/03/trainium-billions", "title": "Buy our newsletter instead of reading this",
    });
    let answers = cluster(&[claim, original()]);
    assert_eq!(answers[0]["story"], answers[1]["story"]);
    assert_eq!(answers[1]["role"], "lead", "the page's own publisher leads");
    assert_ne!(answers[0]["role"], "lead");
}

#[test]
fn a_few_words_around_a_link_are_a_pointer_and_the_same_text_is_a_duplicate() {
    let with_source = |id: &str, title: &str, summary: &str| {
        json!({
            "id": id, "publisher": "Wafer Links", "published": "2025-12-03T15:00:00Z", "feed": "https://waferlinks.example/feed",
            "url": format!("https://waferlinks.example/{id}"), "title": title, "summary": summary,
            "source": { "url": original()["url"], "title": "TechCrunch" },
        })
    };
    let title = original()["title"].as_str().unwrap().to_owned();
    let remark = with_source("remark", "Trainium makes billions, says Amazon", "Who would have thought?");
    let answers = cluster(&[original(), remark, with_source("copy", &title, "")]);
    assert_eq!(answers[1]["story"], answers[0]["story"]);
    assert_eq!(answers[1]["role"], "pointer");
    assert_eq!(answers[2]["role"], "duplicate");
}

#[test]
fn what_tells_of_anothers_report_is_derivative_though_that_report_is_not_here() {
    let report = |id: &str, publisher: &str, title: &str| {
        json!({
            "id": id, "publisher": publisher, "published": "2026-05-11T09:00:00Z", "url": format!("https://{id}.example/1"), "title": title,
        })
    };
    let answers = cluster(&[
        report("first", "Nerdboard", "Tessarine to buy Orbisil for $4.2 billion"),
        report("second", "Fabline", "Tessarine to buy Orbisil for $4.2 billion, Bloomberg reports"),
    ]);
    assert_eq!(answers[0]["story"], answers[1]["story"]);
    assert_eq!(answers[1]["role"], "derivative");
}

fn front_page(id: &str, publisher: &str, title: &str) -> Value {
    json!({
        "id": id, "publisher": publisher, "published": "2026-04-02T09:00:00Z", "url": "https://lumenkit.example/", "title": title,
    })
}

#[test]
fn a_renamed_front_page_is_one_piece() {
    let answers = cluster(&[
        front_page("a", "Hacker News", "Show HN: Lumenkit, a photonics simulator in the browser"),
        front_page("b", "Lobsters", "Simulate waveguides online for free (Lumenkit)"),
    ]);
    assert_eq!(answers[0]["story"], answers[1]["story"]);
}

#[test]
fn a_feed_whose_entries_all_link_to_the_front_page_keeps_its_stories_apart() {
    let titles = [
        "Foundry prices fall for a third month",
        "Regulators clear the Orbisil merger",
        "Why substrates are scarce again",
        "Tessarine names a new chief executive",
        "Quantum startup Quillon raises $40 million",
    ];
    let entries: Vec<Value> = titles
        .iter()
        .enumerate()
        .map(|(at, title)| front_page(&at.to_string(), "Daily Notes", title))
        .collect();
    let stories: std::collections::BTreeSet<String> =
        cluster(&entries).iter().map(|answer| answer["story"].to_string()).collect();
    assert_eq!(stories.len(), titles.len());
}

#[test]
fn reasons_are_words_for_people() {
    let told = |id: &str, publisher: &str, title: &str| {
        json!({
            "id": id, "publisher": publisher, "published": "2026-04-02T09:00:00Z",
            "url": format!("https://{id}.example/2026/04/02/deal"), "title": title,
        })
    };
    let answers = cluster(&[
        told("alpha", "Alpha", "Corvane buys photonics startup Lumitra for $310 million"),
        told("beta", "Beta", "Photonics firm Lumitra acquired by Corvane in $310M deal"),
    ]);
    let because = answers[1]["because"].as_str().unwrap();
    for part in ["$310m", "Lumitra", "same day"] {
        assert!(because.contains(part), "{because}");
    }
    assert!(!because.contains("cosine") && !because.contains("e2"), "{because}");
}

#[test]
fn template_twins_stay_apart() {
    let twin = |id: &str, model: &str, price: &str| {
        json!({
            "id": id, "publisher": "Card Watch", "published": "2026-04-02T09:00:00Z",
            "url": format!("https://cards.example/{model}"), "title": format!("RTX {model} Ti review: benchmarks and value at ${price}"),
        })
    };
    let answers = cluster(&[twin("a", "5070", "749"), twin("b", "5060", "429")]);
    assert_ne!(answers[0]["story"], answers[1]["story"]);
}
