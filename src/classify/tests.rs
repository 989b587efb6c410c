use super::*;
use crate::model::{Entry, Kind};

fn classifier() -> Classifier {
    Classifier::new(&RulesFile::builtin().unwrap(), DEFAULT_THRESHOLD).unwrap()
}

fn titled(title: &str) -> Entry {
    let line = serde_json::json!({ "id": "1", "title": title }).to_string();
    entry(&line).unwrap().0
}

fn judge(title: &str) -> Verdict {
    classifier().judge(&titled(title), &FeedContext::default())
}

#[test]
fn a_chip_story_is_relevant_and_a_potato_is_not() {
    assert!(judge("TSMC raises its forecast as demand for AI chips grows").relevant);
    assert!(!judge("Ten recipes for crunchy potato chips").relevant);
}

#[test]
fn a_topic_is_named_by_its_slug_and_the_reasons_say_why() {
    let verdict = judge("SK hynix ships its first HBM4 samples to Nvidia");
    assert!(verdict.topics.iter().any(|slug| slug == "sk-hynix"), "{:?}", verdict.topics);
    assert!(verdict.topics.iter().any(|slug| slug == "memory-hbm"), "{:?}", verdict.topics);
    assert!(verdict.reasons.iter().any(|reason| reason.term == "SK hynix"), "{:?}", verdict.reasons);
}

#[test]
fn a_user_s_topic_is_laid_over_the_built_in_ones_key_by_key() {
    let mut rules = RulesFile::builtin().unwrap();
    let user = r#"
        [[topic]]
        slug = "nvidia"
        name = "Team green"
        [[topic]]
        slug = "gramophones"
        name = "Gramophones"
        terms = ["gramophone"]
        weight = 6.0
    "#;
    rules.overlay(RulesFile::parse(user).unwrap());
    let classifier = Classifier::new(&rules, DEFAULT_THRESHOLD).unwrap();
    let nvidia = classifier.topics().iter().find(|topic| topic.slug == "nvidia").unwrap();
    assert_eq!(nvidia.name, "Team green");
    let verdict = classifier.judge(&titled("A new gramophone for the living room"), &FeedContext::default());
    assert_eq!(verdict.topics, ["gramophones"]);
    assert!(verdict.reasons.iter().any(|reason| reason.term == "gramophone"));
    let nvidia = classifier.judge(&titled("Nvidia unveils Rubin GPUs"), &FeedContext::default());
    assert!(nvidia.topics.iter().any(|slug| slug == "nvidia"));
}

#[test]
fn rules_that_make_no_sense_say_what_to_do() {
    let cases = [
        ("[[topic]]\nslug = \"Not A Slug\"\nterms = [\"x\"]", "a slug has lower-case letters"),
        ("[[topic]]\nslug = \"empty\"", "it has no terms"),
        ("[[topic]]\nslug = \"x\"\nterms = [\"x\"]\nneeds = [\"foood\"]", "did you mean \"food\"?"),
        ("[[terms]]\ngroup = \"x\"\nwords = [\"x\"]\nweight = 11", "outside 0 to 10"),
        ("[[terms]]\ngroup = \"x\"\nwords = [\"{x\"]", "braces don't match"),
    ];
    for (toml, want) in cases {
        let mut rules = RulesFile::builtin().unwrap();
        rules.overlay(RulesFile::parse(toml).unwrap());
        let error = Classifier::new(&rules, 0.5).unwrap_err().to_string();
        assert!(error.contains(want), "{error:?} should say {want:?}");
    }
    let syntax = RulesFile::parse("[[topic]]\nslug = \"x\"\nterm = [\"x\"]").unwrap_err().to_string();
    assert!(syntax.contains("line 3") && syntax.contains("terms"), "{syntax}");
    let twice = RulesFile::parse("[[topic]]\nslug = \"x\"\n[[topic]]\nslug = \"x\"").unwrap_err().to_string();
    assert!(twice.contains("twice"), "{twice}");
}

#[test]
fn a_word_said_a_thousand_times_counts_once() {
    let (once, often) = (judge("Giant chip"), judge(&format!("Giant {}", "chip ".repeat(1_000))));
    assert!((once.score - often.score).abs() < 0.3, "{} {}", once.score, often.score);
}

#[test]
fn the_kinds_of_pieces_are_told_apart() {
    let cases = [
        ("Save $200: this Ryzen 7 gaming PC drops to its lowest price", Kind::Deal),
        ("Why Micron stock popped today", Kind::MarketNote),
        ("Ryzen 7 review: quick and cool", Kind::Review),
        ("How to install ROCm on Ubuntu", Kind::HowTo),
        ("TSMC opens a second plant in Kumamoto", Kind::News),
    ];
    for (title, want) in cases {
        assert_eq!(judge(title).kind, want, "case: {title}");
    }
}

#[test]
fn a_line_that_can_t_be_read_gives_an_error_on_its_place() {
    let classifier = classifier();
    assert!(line(&classifier, "not json").starts_with(r#"{"id":null,"error":"no JSON"#));
    assert!(line(&classifier, r#"{"id":7,"title":[]}"#).starts_with(r#"{"id":7,"error":"no entry"#));
    let answer: serde_json::Value =
        serde_json::from_str(&line(&classifier, r#"{"id":"a","title":"Intel ships Xeon 7","link":null}"#))
            .unwrap();
    assert_eq!(answer["id"], "a");
    assert_eq!(answer["relevant"], true);
    assert_eq!(answer["kind"], "news");
}

#[test]
fn the_same_entry_gives_the_same_verdict_again() {
    let (one, other) = (judge("Arm unveils a server CPU"), judge("Arm unveils a server CPU"));
    assert_eq!(one, other);
}

proptest::proptest! {
    #![proptest_config(proptest::prelude::ProptestConfig::with_cases(200))]

    #[test]
    fn any_text_gets_a_score_between_0_and_1(title in ".{0,80}", summary in ".{0,300}", publisher in ".{0,20}") {
        static CLASSIFIER: std::sync::OnceLock<Classifier> = std::sync::OnceLock::new();
        let mut entry = titled(&title);
        entry.summary = summary;
        let context = FeedContext { publisher: &publisher, category: "news", relevant_share: Some(0.3) };
        let verdict = CLASSIFIER.get_or_init(classifier).judge(&entry, &context);
        proptest::prop_assert!((0.0..=1.0).contains(&verdict.score));
    }
}

#[test]
fn a_feed_of_chip_stories_speaks_for_its_entries() {
    let classifier = classifier();
    let score = |relevant_share| {
        let context = FeedContext { relevant_share, ..FeedContext::default() };
        classifier.judge(&titled("A look into integrated voltage regulators"), &context).score
    };
    assert!(score(Some(0.95)) > score(None) && score(None) > score(Some(0.05)));
}

#[test]
fn boilerplate_is_no_evidence() {
    let mut entry = titled("A walk through the town");
    entry.summary =
        "Old houses and a bridge. The post A walk appeared first on Semiconductor Example.".to_owned();
    let context = FeedContext { publisher: "Example", ..FeedContext::default() };
    assert!(!classifier().judge(&entry, &context).relevant);
}
