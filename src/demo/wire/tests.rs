use super::*;
use std::collections::{BTreeMap, BTreeSet};

fn all() -> Vec<Publisher> {
    publishers().unwrap()
}

#[test]
fn the_wire_has_its_size_and_all_formats() {
    let publishers = all();
    assert!(publishers.len() >= 14, "{} publishers", publishers.len());
    let entries: usize = publishers.iter().map(|one| one.entries(Edition::First).len()).sum();
    assert!((195..=235).contains(&entries), "{entries} entries");
    let mut formats = BTreeMap::new();
    for publisher in &publishers {
        *formats.entry(publisher.format).or_insert(0) += 1;
    }
    assert_eq!(formats.len(), 4);
    assert!(formats.values().all(|&count| count >= 3), "several of each: {formats:?}");
}

#[test]
fn every_label_is_of_the_guidelines_words() {
    for one in labels().unwrap() {
        assert!(one.label.relevant <= 2, "{}: {}", one.publisher, one.title);
        let is_slug = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-';
        assert!(one.label.story.bytes().all(is_slug), "{}: {:?}", one.publisher, one.label.story);
    }
}

#[test]
fn every_story_has_one_lead_and_is_about_chips_or_not() {
    let labels = labels().unwrap();
    let mut stories: BTreeMap<&str, Vec<&Labelled>> = BTreeMap::new();
    for one in &labels {
        stories.entry(&one.label.story).or_default().push(one);
    }
    for (story, told) in &stories {
        let leads = told.iter().filter(|one| one.label.role == Role::Lead).count();
        assert_eq!(leads, 1, "leads of {story}");
        let relevance: BTreeSet<_> = told.iter().map(|one| one.label.relevant > 0).collect();
        assert_eq!(relevance.len(), 1, "relevance of {story}");
    }
    let reported = |told: &&Vec<&Labelled>| {
        let own = |one: &&&Labelled| matches!(one.label.role, Role::Lead | Role::Report);
        (3..=8).contains(&told.iter().filter(own).count())
    };
    assert!(stories.values().filter(reported).count() >= 4);
}

#[test]
fn all_roles_and_kinds_occur() {
    let labels = labels().unwrap();
    let roles: BTreeSet<_> = labels.iter().map(|one| one.label.role).collect();
    let kinds: BTreeSet<_> = labels.iter().map(|one| one.label.kind).collect();
    assert_eq!(roles.len(), Role::ALL.len(), "{roles:?}");
    assert_eq!(kinds.len(), Kind::ALL.len(), "{kinds:?}");
}

#[test]
fn a_publisher_gives_no_id_twice() {
    for publisher in all() {
        let guids: BTreeSet<_> = publisher.entries.iter().map(|entry| publisher.guid(entry)).collect();
        assert_eq!(guids.len(), publisher.entries.len(), "{}", publisher.slug);
    }
}

#[test]
fn all_hosts_are_examples() {
    for publisher in all() {
        let (_, text) = FILES.iter().find(|(file, _)| *file == publisher.slug).unwrap();
        for rest in text.split("://").skip(1) {
            let host = rest.split(['/', '"', '<', ' ', '\'']).next().unwrap();
            assert!(host.ends_with(".example"), "{}: {host}", publisher.slug);
        }
        for entry in &publisher.entries {
            let link = Url::parse(&publisher.link(entry, Timestamp::UNIX_EPOCH)).unwrap();
            assert!(link.host_str().unwrap().ends_with(".example"), "{link}");
        }
    }
}

#[test]
fn the_wire_spans_two_weeks_and_the_older_trainium_piece_half_a_year() {
    let fortnight = TimeDelta::days(14);
    let mut old = BTreeSet::new();
    let mut newest = fortnight;
    for publisher in all() {
        for entry in publisher.entries(Edition::First) {
            newest = newest.min(entry.age);
            if entry.age > fortnight {
                assert!((190..210).contains(&entry.age.num_days()));
                old.insert(entry.label.story.clone());
            }
        }
    }
    assert!(newest < TimeDelta::hours(12));
    assert_eq!(old, BTreeSet::from(["trainium-multibillion".to_owned()]));
}

#[test]
fn ages_are_read_and_nonsense_is_refused() {
    #[derive(Deserialize)]
    struct Aged {
        #[serde(deserialize_with = "age")]
        age: TimeDelta,
    }
    let read =
        |text: &str| toml::from_str::<Aged>(&format!("age = {text:?}")).map(|aged| aged.age.num_minutes());
    assert_eq!(read("2d4h30m").unwrap(), (2 * 24 + 4) * 60 + 30);
    assert_eq!(read("25m").unwrap(), 25);
    for text in ["2", "d", "2w", "h2", "-1h"] {
        assert!(read(text).is_err(), "{text:?}");
    }
}
