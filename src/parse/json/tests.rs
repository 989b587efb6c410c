use super::*;

fn read_feed(text: &str) -> Result<ParsedFeed, String> {
    read(
        text,
        &Url::parse("https://a.example/feed.json").unwrap(),
        &Limits { entries: 3, ..Limits::default() },
    )
}

#[test]
fn values_of_the_wrong_type_cost_nothing_else() {
    let feed = read_feed(
        r#"{"version": "http://jsonfeed.org/version/1", "author": "Joe", "icon": {"a": [1]}, "items": [
            {"id": 7, "url": "/x", "external_url": "https://b.example/", "tags": "one", "content_text": "1 < 2",
             "authors": [{"name": 5}], "attachments": [{"url": "a.mp3", "size_in_bytes": 9}], "date_published": "2018-12-13"},
            {"id": null, "title": ["no"], "external_url": "https://b.example/2"}]}"#,
    )
    .unwrap();
    let [one, two] = feed.entries.as_slice() else { panic!("two entries") };
    assert_eq!(one.id.as_deref(), Some("7"));
    assert_eq!(one.link.as_deref(), Some("https://a.example/x"));
    assert_eq!(one.via, ["https://b.example/"]);
    assert_eq!(one.content.as_deref(), Some("1 &lt; 2"));
    assert_eq!(one.enclosures[0].length_bytes, Some(9));
    assert_eq!((one.author.as_deref(), two.author.as_deref()), (Some("5"), Some("Joe")));
    assert_eq!((two.link.as_deref(), two.title.as_deref()), (Some("https://b.example/2"), None));
}

#[test]
fn halves_of_surrogate_pairs_and_nuls_cost_nothing_else() {
    let feed = read_feed(
        "{\"items\": [{\"id\": \"1\", \"title\": \"one \\ud83d half\"}, {\"id\": \"2\", \"title\": \"\\udca9 and \\u0000\"}, {\"id\": \"3\", \"title\": \"a\u{0}b\"}]}",
    )
    .unwrap();
    assert_eq!(feed.entries.len(), 3, "{:?}", feed.repaired);
    let title = feed.entries[0].title.as_deref().unwrap();
    assert_eq!(title, "one \u{fffd} half");
    assert!(feed.entries[1].title.as_deref().unwrap().contains("and"));
    let whole = read_feed("{\"items\": [{\"id\": \"1\", \"title\": \"\\ud83d\\ude00 \\udead\"}]}").unwrap();
    assert_eq!(whole.entries[0].title.as_deref(), Some("😀 \u{fffd}"));
}

#[test]
fn what_came_before_a_fault_is_kept() {
    let feed = read_feed(r#"{"items": [{"id": "1", "title": "a"}, {"id": "2", "ti"#).unwrap();
    assert_eq!(feed.entries.len(), 1);
    assert!(feed.repaired[0].starts_with("JSON broken after 1 items"), "{:?}", feed.repaired);
}

#[test]
fn control_characters_and_wrong_escapes_are_mended() {
    let feed = read_feed("{\"items\": [{\"id\": \"1\", \"content_text\": \"two\\nlines \\x and\nmore\u{1}\"}, {\"id\": \"2\"}]}").unwrap();
    assert_eq!(feed.entries.len(), 2);
    assert_eq!(feed.repaired, ["JSON with control characters or wrong escapes"]);
}

#[test]
fn entries_beyond_the_limit_are_counted() {
    let feed = read_feed(r#"{"items": [{"id":1},{"id":2},{"id":3},{"id":4},{"id":5}]}"#).unwrap();
    assert_eq!(feed.entries.len(), 3);
    assert_eq!(feed.repaired, ["2 entries beyond the first 3 left out"]);
}

#[test]
fn other_json_is_no_feed() {
    assert_eq!(read_feed(r#"{"error": "not found"}"#), Err("JSON, but no JSON Feed".to_owned()));
    assert!(read_feed("[1,2]").is_err());
}
