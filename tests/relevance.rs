//! How well the filter tells chip stories from others: it must not fall below what it has reached, on entries of
//! our own, and on the shared labelled set where that is there.

#![expect(clippy::expect_used, clippy::print_stdout, reason = "helpers of a test")]
#![expect(
    clippy::disallowed_methods,
    reason = "the shared set's place is a matter of the test's environment"
)]

use chipwire::classify::{Classifier, DEFAULT_THRESHOLD, FeedContext, RulesFile, entry};
use std::path::{Path, PathBuf};

#[derive(serde::Deserialize)]
struct Label {
    id: String,
    title: String,
    #[serde(rename = "label")]
    level: u8,
    #[serde(default)]
    soft: bool,
    #[serde(default)]
    topics: Vec<String>,
}

struct Judged {
    label: Label,
    relevant: bool,
    score: f32,
    topics: Vec<String>,
}

fn judge_all(path: &Path) -> Vec<Judged> {
    let rules = RulesFile::builtin().expect("the rules that ship are right");
    let classifier = Classifier::new(&rules, DEFAULT_THRESHOLD).expect("the rules that ship are right");
    let text = std::fs::read_to_string(path).expect("the labelled entries are there");
    text.lines()
        .map(|line| {
            let label: Label = serde_json::from_str(line).expect("a labelled entry a line");
            let (entry, publisher) = entry(line).expect("an entry a line");
            let context = FeedContext { publisher: &publisher, ..FeedContext::default() };
            let verdict = classifier.judge(&entry, &context);
            Judged { label, relevant: verdict.relevant, score: verdict.score, topics: verdict.topics }
        })
        .collect()
}

fn ours() -> Vec<Judged> {
    judge_all(&Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/relevance/items.jsonl"))
}

/// The shared set's folder, if it is on this machine.
fn shared() -> Option<PathBuf> {
    let beside = Path::new(env!("CARGO_MANIFEST_DIR")).join("../shared");
    let named = std::env::var_os("CHIPWIRE_SHARED").map(PathBuf::from);
    let found =
        named.into_iter().chain([beside]).map(|path| path.join("relevance")).find(|path| path.is_dir());
    if found.is_none() {
        println!("skipped: no ../shared/relevance, and CHIPWIRE_SHARED names none");
    }
    found
}

/// Precision and recall of `relevant` against `truth`; entries with none are left out.
fn precision_recall(judged: &[Judged], truth: impl Fn(&Label) -> Option<bool>) -> (f64, f64) {
    let count = |wanted: bool, said: bool| {
        let same = |one: &&Judged| truth(&one.label) == Some(wanted) && one.relevant == said;
        u32::try_from(judged.iter().filter(same).count()).map_or(f64::NAN, f64::from)
    };
    let hits = count(true, true);
    (hits / (hits + count(false, true)), hits / (hits + count(true, false)))
}

fn firm(label: &Label) -> Option<bool> {
    (!label.soft && label.level != 1).then_some(label.level == 2)
}

/// Label 2 above the others, firm entries alone.
fn average_precision(judged: &[Judged]) -> f64 {
    let mut ranked: Vec<_> = judged.iter().filter(|one| !one.label.soft).collect();
    ranked.sort_by(|one, other| other.score.total_cmp(&one.score));
    let (mut hits, mut total) = (0.0, 0.0);
    for (place, _) in ranked.iter().enumerate().filter(|(_, one)| one.label.level == 2) {
        hits += 1.0;
        total += hits / f64::from(u32::try_from(place + 1).unwrap_or(u32::MAX));
    }
    total / hits
}

fn wrong_ones(judged: &[Judged]) -> Vec<String> {
    let is_wrong = |one: &&Judged| one.relevant != (one.label.level >= 1);
    let show =
        |one: &Judged| format!("{} {} {:.2} {}", one.label.id, one.label.level, one.score, one.label.title);
    judged.iter().filter(is_wrong).map(show).collect()
}

#[test]
fn homonyms_stay_out_and_chip_stories_without_a_chip_word_come_in() {
    let mut judged = ours();
    judged.retain(|one| one.label.id.starts_with("trap") || one.label.id.starts_with("summary"));
    let wrong = wrong_ones(&judged);
    let (precision, recall) = precision_recall(&judged, |label| Some(label.level >= 1));
    println!("{} entries, precision {precision:.4}, recall {recall:.4}\n{}", judged.len(), wrong.join("\n"));
    assert!(judged.len() >= 150);
    assert!(precision >= OURS.0 && recall >= OURS.1, "{precision:.4} {recall:.4}:\n{}", wrong.join("\n"));
}

/// Precision and recall reached on our own entries, November 2026.
const OURS: (f64, f64) = (0.990, 0.935);

#[test]
fn each_language_is_judged_by_terms_of_its_own() {
    let judged = ours();
    for language in ["de", "fr", "zh", "ja", "ko"] {
        let wrong: Vec<_> = wrong_ones(&judged).into_iter().filter(|one| one.starts_with(language)).collect();
        let count = judged.iter().filter(|one| one.label.id.starts_with(language)).count();
        assert!(count >= 40, "{language}: {count} entries");
        assert!(wrong.is_empty(), "{language}: {wrong:?}");
    }
}

#[test]
fn the_shared_set_is_told_apart_as_well_as_before() {
    let Some(folder) = shared() else { return };
    // Firm precision and recall, broad F1, average precision: what was reached, less a little. Weights were
    // trained on these entries; docs/relevance.md has the figures of entries left out.
    for (file, floor) in
        [("items.jsonl", [0.99, 0.995, 0.97, 0.995]), ("more.jsonl", [0.985, 0.995, 0.92, 0.975])]
    {
        let judged = judge_all(&folder.join(file));
        let (precision, recall) = precision_recall(&judged, firm);
        let (broad_precision, broad_recall) = precision_recall(&judged, |label| Some(label.level >= 1));
        let f1 = 2.0 * broad_precision * broad_recall / (broad_precision + broad_recall);
        let reached = [precision, recall, f1, average_precision(&judged)];
        println!("{file}: firm precision, recall, broad F1, average precision {reached:.4?}");
        assert!(reached.iter().zip(floor).all(|(reached, floor)| *reached >= floor), "{file}: {reached:.4?}");
    }
}

/// The kinds of our own entries, as labelled and as judged.
fn kinds() -> Vec<(String, String, String)> {
    #[derive(serde::Deserialize)]
    struct Labelled {
        title: String,
        kind: String,
    }
    let rules = RulesFile::builtin().expect("the rules that ship are right");
    let classifier = Classifier::new(&rules, DEFAULT_THRESHOLD).expect("the rules that ship are right");
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/relevance/kinds.jsonl");
    let text = std::fs::read_to_string(path).expect("the labelled entries are there");
    text.lines()
        .map(|line| {
            let Labelled { title, kind } = serde_json::from_str(line).expect("a labelled entry a line");
            let (entry, publisher) = entry(line).expect("an entry a line");
            let context = FeedContext { publisher: &publisher, ..FeedContext::default() };
            (kind, classifier.judge(&entry, &context).kind.as_str().to_owned(), title)
        })
        .collect()
}

/// Precision and recall of each kind reached on our own entries (which took no part in the training), less a
/// little.
const KINDS: [(&str, f64, f64); 9] = [
    ("news", 0.52, 0.89),
    ("opinion", 0.85, 0.38),
    ("market-note", 0.77, 0.73),
    ("deal", 0.95, 0.73),
    ("review", 0.92, 0.80),
    ("how-to", 0.80, 0.58),
    ("vendor", 0.95, 0.58),
    ("round-up", 0.88, 0.80),
    ("job", 0.95, 0.53),
];

#[test]
fn the_kind_of_a_piece_is_told_by_its_headline_and_its_publisher() {
    let kinds = kinds();
    let count = |is_counted: &dyn Fn(&str, &str) -> bool| {
        let counted = kinds.iter().filter(|(wanted, said, _)| is_counted(wanted, said)).count();
        f64::from(u32::try_from(counted).unwrap_or(u32::MAX))
    };
    let mut too_low = Vec::new();
    for (kind, precision_floor, recall_floor) in KINDS {
        let both = count(&|wanted, said| wanted == kind && said == kind);
        let precision = both / count(&|_, said| said == kind).max(1.0);
        let recall = both / count(&|wanted, _| wanted == kind);
        println!("{kind:12} precision {precision:.3} recall {recall:.3}");
        if precision < precision_floor || recall < recall_floor {
            too_low.push(kind);
        }
    }
    let wrong: Vec<_> = kinds.iter().filter(|(wanted, said, _)| wanted != said).collect();
    assert!(too_low.is_empty(), "{too_low:?} fell: {wrong:#?}");
}

#[test]
fn news_of_business_is_not_hidden_as_a_deal_or_a_market_note() {
    let hidden: Vec<_> = kinds()
        .into_iter()
        .filter(|(wanted, said, _)| wanted == "news" && matches!(said.as_str(), "deal" | "market-note"))
        .collect();
    assert!(hidden.len() <= NEWS_HIDDEN, "{hidden:#?}");
}

/// So many of our own 80 pieces of news were taken for a kind that stays off the wire.
const NEWS_HIDDEN: usize = 3;

#[test]
fn topics_are_those_that_an_entry_is_about() {
    let Some(folder) = shared() else { return };
    let judged = judge_all(&folder.join("items.jsonl"));
    let (mut hits, mut said, mut wanted) = (0.0, 0.0, 0.0);
    for one in judged.iter().filter(|one| one.label.level >= 1) {
        said += f64::from(u32::try_from(one.topics.len()).unwrap_or(0));
        wanted += f64::from(u32::try_from(one.label.topics.len()).unwrap_or(0));
        let both = one.topics.iter().filter(|slug| one.label.topics.contains(slug)).count();
        hits += f64::from(u32::try_from(both).unwrap_or(0));
    }
    println!("topics: precision {:.4}, recall {:.4}", hits / said, hits / wanted);
    assert!(hits / said >= 0.91 && hits / wanted >= 0.90);
}
