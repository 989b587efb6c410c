use super::keys::KEYS;
use super::*;
use std::fmt::Write as _;
use std::fs;

fn faults_of(text: &str) -> String {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("chipwire.toml");
    fs::write(&path, text).unwrap();
    let error = load(Some(&path), &Environment::default()).expect_err("a faulty configuration");
    error.to_string().replace(path.to_str().unwrap(), "FILE")
}

fn settings_of(text: &str) -> Settings {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("chipwire.toml");
    fs::write(&path, text).unwrap();
    load(Some(&path), &Environment::default()).unwrap()
}

#[test]
fn the_reference_names_every_key_and_no_other() {
    let reference: toml::Table = REFERENCE.parse().unwrap();
    let mut named = String::new();
    for (section, keys) in &reference {
        for key in keys.as_table().unwrap().keys() {
            writeln!(named, "{section}.{key}").unwrap();
        }
    }
    let mut known: Vec<_> = KEYS.iter().map(|key| format!("{}.{}\n", key.section, key.name)).collect();
    known.sort();
    assert_eq!(named, known.concat());
}

#[test]
fn with_no_configuration_the_builtin_feeds_are_polled() {
    let settings = load(None, &Environment::default()).unwrap();
    assert!(settings.feeds.iter().any(|feed| feed.enabled));
    assert_eq!(settings.serve.listen, Some(Listen::Tcp("127.0.0.1:8787".into())));
}

#[test]
fn an_unknown_key_is_named_with_its_line_and_the_nearest_known_one() {
    insta::assert_snapshot!(faults_of("[poll]\n\nconcurency = 3\n"),
        @r#"FILE:3: poll.concurency: unknown key; did you mean "concurrency"?"#);
}

#[test]
fn every_fault_is_reported_at_once() {
    insta::assert_snapshot!(faults_of("[poll]\ntimeout = 3\nsettle = \"5m\"\n[filtre]\n[[feed]]\nname = \"x\"\n[filter]\nexclude_kinds = [\"ad\"]\n"), @r#"
    FILE:2: poll.timeout: an integer is no value for it; it takes a duration like "15m" (units: ms, s, m, h, d, w)
    FILE:3: poll.settle: unknown key; settle belongs into [publish]
    FILE:4: filtre: unknown key; did you mean "filter"?
    FILE:6: feed.url: it is missing; every [[feed]] needs one
    FILE:8: filter.exclude_kinds: "ad" is no kind; it is one of news, opinion, market-note, deal, review, how-to, vendor, round-up, job
    "#);
}

#[test]
fn a_file_that_is_missing_is_an_error_when_it_was_named() {
    let error = load(Some(std::path::Path::new("/nonexistent/chipwire.toml")), &Environment::default());
    assert!(error.unwrap_err().to_string().contains("can't be read"));
}

#[test]
fn a_known_url_overrides_the_builtin_feed_key_by_key() {
    let builtin = load(None, &Environment::default()).unwrap().feeds;
    let before = builtin.iter().find(|feed| feed.enabled).unwrap();
    let settings = settings_of(&format!("[[feed]]\nurl = {:?}\nenabled = false\n", before.url));
    let after = settings.feeds.iter().find(|feed| feed.url == before.url).unwrap();
    assert!(!after.enabled);
    assert_eq!((&after.name, after.origin), (&before.name, before.origin));
    assert_eq!(settings.feeds.len(), builtin.len());
}

#[test]
fn without_the_builtin_list_only_the_operators_feeds_are_there() {
    let settings = settings_of("[poll]\nbuiltin_feeds = false\n[[feed]]\nurl = \"https://a.example/feed\"\n");
    let urls: Vec<_> = settings.feeds.iter().map(|feed| feed.url.as_str()).collect();
    assert_eq!(urls, ["https://a.example/feed"]);
}

#[test]
fn fractions_of_a_second_and_zero_are_durations() {
    let settings =
        settings_of("[poll]\nmin_interval = \"0s\"\ndefault_interval = \"0.5s\"\ntimeout = \"500ms\"\n");
    assert_eq!(settings.poll.min_interval, Duration::ZERO);
    assert_eq!(settings.poll.default_interval, Duration::from_millis(500));
    assert_eq!(settings.poll.timeout, Duration::from_millis(500));
}

#[test]
fn the_environment_wins_over_the_file_and_takes_lists_with_commas() {
    let environment = Environment::from_pairs([
        ("CHIPWIRE_POLL_MAX_BODY", "1MiB"),
        ("CHIPWIRE_FILTER_EXCLUDE_KINDS", "job, deal"),
        ("CHIPWIRE_SERVE_ADMIN_LISTEN", ""),
        ("CHIPWIRE_POLL_CONCURRENCY", "7"),
    ]);
    let settings = load(None, &environment).unwrap();
    assert_eq!(settings.poll.max_body_bytes, 1 << 20);
    assert_eq!(settings.filter.exclude_kinds, [Kind::Job, Kind::Deal]);
    assert_eq!(settings.serve.admin_listen, None, "an empty value switches a listener off");
    assert_eq!(settings.poll.concurrency, 7);
}

#[test]
fn a_wrong_value_of_the_environment_names_the_variable() {
    let error = load(None, &Environment::from_pairs([("CHIPWIRE_POLL_TIMEOUT", "soon")])).unwrap_err();
    assert!(error.to_string().starts_with("CHIPWIRE_POLL_TIMEOUT: poll.timeout: "), "{error}");
}

#[test]
fn files_of_conf_d_are_read_after_the_file_in_the_order_of_their_names() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("chipwire.toml");
    fs::write(&path, "[publish]\ntitle = \"first\"\n").unwrap();
    fs::create_dir(directory.path().join("conf.d")).unwrap();
    fs::write(directory.path().join("conf.d/20.toml"), "[publish]\ntitle = \"third\"\n").unwrap();
    fs::write(directory.path().join("conf.d/10.toml"), "[publish]\ntitle = \"second\"\n").unwrap();
    assert_eq!(load(Some(&path), &Environment::default()).unwrap().publish.title, "third");
}

#[test]
fn data_is_found_in_the_order_of_the_contract() {
    let given = Locations { data: Some("/a".into()), ..Locations::default() };
    let all = Environment::from_pairs([("CHIPWIRE_DATA", "/b"), ("STATE_DIRECTORY", "/c:/d")]);
    let state = Environment::from_pairs([("STATE_DIRECTORY", "/c:/d")]);
    assert_eq!(locate_data(&given, &all).unwrap(), PathBuf::from("/a"));
    assert_eq!(locate_data(&Locations::default(), &all).unwrap(), PathBuf::from("/b"));
    assert_eq!(locate_data(&Locations::default(), &state).unwrap(), PathBuf::from("/c"));
}

#[test]
fn intervals_that_contradict_each_other_are_refused() {
    assert!(faults_of("[poll]\nmin_interval = \"2d\"\n").contains("poll.max_interval"));
}
