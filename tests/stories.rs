//! What the story engine promises, through its public door.
#![expect(clippy::unwrap_used, reason = "a test may fail")]

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
