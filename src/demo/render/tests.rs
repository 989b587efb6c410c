use super::*;
use crate::demo::wire::publishers;

fn now() -> Timestamp {
    "2026-06-19T12:00:00Z".parse().unwrap()
}

fn text(slug: &str, edition: Edition) -> String {
    let publishers = publishers().unwrap();
    let publisher = publishers.iter().find(|one| one.slug == slug).unwrap();
    let bytes = document(publisher, edition, now());
    let label = publisher.manner.encoding.clone().unwrap_or_else(|| "utf-8".to_owned());
    let (text, _, had_errors) = encoding_rs::Encoding::for_label(label.as_bytes()).unwrap().decode(&bytes);
    assert!(!had_errors);
    text.into_owned()
}

#[test]
fn every_xml_document_is_well_formed() {
    for publisher in publishers().unwrap().iter().filter(|one| one.format != Format::Json) {
        let text = text(&publisher.slug, Edition::Second);
        let mut reader = quick_xml::Reader::from_str(&text);
        let mut depth = 0;
        loop {
            match reader.read_event().unwrap_or_else(|error| panic!("{}: {error}", publisher.slug)) {
                quick_xml::events::Event::Start(_) => depth += 1,
                quick_xml::events::Event::End(_) => depth -= 1,
                quick_xml::events::Event::Eof => break,
                _ => {}
            }
        }
        assert_eq!(depth, 0, "{}", publisher.slug);
    }
}

#[test]
fn json_items_have_id_url_and_body() {
    let feed: serde_json::Value = serde_json::from_str(&text("kernelnotes", Edition::First)).unwrap();
    for item in feed["items"].as_array().unwrap() {
        assert!(
            item["id"].is_string() && item["url"].is_string() && item["content_html"].is_string(),
            "{item}"
        );
    }
}

#[test]
fn titles_are_written_in_the_publishers_manner() {
    assert!(text("techcrunch", Edition::First).contains("Amazon&#8217;s Nvidia competitor"));
    assert!(text("bench", Edition::First).contains("<title><![CDATA[Deal: 32GB"));
    assert!(text("nordchip", Edition::First).contains("„Chips“"));
    assert!(text("handotai", Edition::First).starts_with("<?xml version=\"1.0\" encoding=\"Shift_JIS\"?>"));
}

#[test]
fn the_promotion_stands_in_the_middle_and_among_blank_lines() {
    let text = text("gleaner", Edition::First);
    let article = text.split("<item>").find(|item| item.contains("Andy Jassy says")).unwrap();
    let place = |needle: &str| article.find(needle).unwrap_or_else(|| panic!("{needle}"));
    assert!(place("competitor") < place("Gleaner Live"));
    assert!(place("Gleaner Live") < place("source: <a"));
    assert!(article.contains("\n\n\n\n\n"));
}

#[test]
fn the_second_edition_revises_under_the_same_id_and_brings_what_was_late() {
    let (first, second) = (text("meridian", Edition::First), text("meridian", Edition::Second));
    let id = "https://meridianwire.example/asia/taiwan-quake-hsinchu-chipmakers</guid>";
    assert!(first.contains(id) && second.contains(id));
    assert!(first.contains("Quake off Taiwan halts") && !second.contains("Quake off Taiwan halts"));
    assert!(!first.contains("Infineon starts") && second.contains("Infineon starts"));
}

#[test]
fn a_revision_moves_the_atom_entrys_updated_alone() {
    let count =
        |edition| text("gatepost", edition).matches("<updated>2026-06-19T12:00:00Z</updated>").count();
    assert_eq!((count(Edition::First), count(Edition::Second)), (0, 2), "the feed's and the entry's");
}

#[test]
fn relative_links_stand_under_a_base() {
    let text = text("gatepost", Edition::First);
    assert!(text.contains("xml:base=\"https://gatepost.example/\""));
    assert!(text.contains("href=\"/google-ironbark-ninth-tpu\""));
}
