use super::*;
use crate::model::{Claimed, Origin};
use chrono::{TimeZone, Utc};

fn now() -> Timestamp {
    Utc.with_ymd_and_hms(2026, 3, 1, 12, 0, 0).unwrap()
}

fn made(parsed: ParsedEntry) -> Entry {
    entry(parsed, &Feed::at("https://a.example/feed", Origin::CommandLine), Some("en_us"), now())
}

fn piece(id: &str, link: &str, title: &str, summary: &str) -> Entry {
    made(ParsedEntry {
        id: Some(id.to_owned()),
        link: Some(link.to_owned()),
        title: Some(title.to_owned()),
        summary: Some(summary.to_owned()),
        ..ParsedEntry::default()
    })
}

#[test]
fn a_time_ahead_of_the_clock_is_no_claim() {
    let at = |hours| Some(Claimed { at: now() + Duration::hours(hours), has_time_of_day: true });
    assert_eq!(made(ParsedEntry { published: at(5), ..ParsedEntry::default() }).claimed, None);
    let last = Some(Claimed { at: "9999-12-31T23:59:59Z".parse().unwrap(), has_time_of_day: true });
    assert_eq!(made(ParsedEntry { published: last, ..ParsedEntry::default() }).claimed, None);
    let past = made(ParsedEntry { published: at(-5), ..ParsedEntry::default() });
    assert_eq!(past.claimed, at(-5));
    assert_eq!(past.published(), now() - Duration::hours(5));
}

#[test]
fn an_entry_without_an_id_keeps_its_identity() {
    let note = |title: &str, text: &str| {
        made(ParsedEntry { title: Some(title.into()), summary: Some(text.into()), ..ParsedEntry::default() })
    };
    let one = note("A chip", "<p>It is small.</p>");
    assert!(one.guid.starts_with("text:"));
    assert_eq!(one.id, note("A  Chip!", "<div>It is <b>small</b></div>").id);
    assert_ne!(one.id, note("A chip", "It is another one.").id);
}

#[test]
fn links_to_other_pages_are_listed_once() {
    let html = r#"<a href="/own?utm_source=x">me</a> <a href="//b.example/1">1</a> <a href="https://b.example/1#x">again</a>"#;
    let entry = piece("1", "https://a.example/own", "T", html);
    assert_eq!(entry.links, ["https://b.example/1"]);
    assert_eq!(entry.language.as_deref(), Some("en-US"));
}

#[test]
fn markup_that_harms_or_watches_is_gone() {
    let cases = [
        ("script", "<p onclick='x()'>a</p><script>b()</script>", "<p>a</p>"),
        ("link", r#"<a href="javascript:x()">a</a>"#, r#"<a rel="noopener noreferrer nofollow">a</a>"#),
        ("data link", r#"<img src="data:image/png;base64,x" alt="b">"#, r#"<img alt="b">"#),
        ("pixel", r#"a<img src="https://b.example/p" width="1" height="1">"#, "a"),
        ("beacon", r#"a<img src="https://pixel.quantserve.com/x">"#, "a"),
        ("frame and form", "a<iframe src='x'/>b<form><input></form>", "ab"),
        ("document within", r#"a<iframe srcdoc="<script>b()</script>"></iframe>"#, "a"),
        ("button", r#"<form><button formaction="javascript:x()">a</button></form>"#, "a"),
        (
            "head of a page",
            r#"<meta http-equiv="refresh" content="0;url=//b.example"><base href="//b.example/">a"#,
            "a",
        ),
        (
            "style",
            r#"<style>@import "//b.example/x";</style><p style="background:url(//b.example)">a</p>"#,
            "<p>a</p>",
        ),
        (
            "sizes",
            r#"<img srcset="https://b.example/x 2x" src="https://a.example/i.png">"#,
            r#"<img src="https://a.example/i.png">"#,
        ),
        ("vbscript", r#"<a href="VbScript:x">a</a>"#, r#"<a rel="noopener noreferrer nofollow">a</a>"#),
        (
            "tab and entity",
            "<a href=\"java&#9;script&colon;x()\">a</a>",
            r#"<a rel="noopener noreferrer nofollow">a</a>"#,
        ),
        (
            "a page as data",
            r#"<a href="data:text/html,<script>x()</script>">a</a>"#,
            r#"<a rel="noopener noreferrer nofollow">a</a>"#,
        ),
        (
            "svg",
            r#"<svg><a xlink:href="javascript:x()"><text>a</text></a><animate attributeName="href"/></svg>"#,
            "<a rel=\"noopener noreferrer nofollow\">a</a>",
        ),
        ("template", "<template><img src=x onerror=x()></template>a", "a"),
        (
            "noscript",
            "<noscript><p title=\"</noscript><img src=x onerror=x()>\"></noscript>a",
            r#"<img>"&gt;a"#,
        ),
        ("math", "<div><math xmlns=\"x\"><mi>a</mi><mo>+</mo></math></div>", "<div>a+</div>"),
        ("relative", r#"<img src="/i.png">"#, r#"<img src="https://a.example/i.png">"#),
    ];
    for (name, html, want) in cases {
        let mut entry = piece("1", "https://a.example/x/y", "T", html);
        sanitise(&mut entry);
        assert_eq!(entry.summary_html, want, "case: {name}");
    }
}

#[test]
fn deep_markup_is_shown_as_its_text() {
    for piece_of in ["<div>", "<div></p>", "<b><i></b>"] {
        let mut entry = piece("1", "https://a.example/", "T", &format!("{}deep", piece_of.repeat(50_000)));
        sanitise(&mut entry);
        assert_eq!(entry.summary_html, "deep", "{piece_of}");
    }
}

#[test]
fn an_entry_without_a_title_is_called_by_its_first_words() {
    let note = made(ParsedEntry {
        summary: Some("<p>Short note.</p><p>More.</p>".into()),
        ..ParsedEntry::default()
    });
    assert_eq!(note.title, "Short note.");
}

#[test]
fn an_entry_under_a_new_id_is_recognised() {
    const TEXT: &str =
        "The foundry will build its second plant near the river, with room for four thousand people.";
    let old = piece("http://a.example/?p=1", "http://a.example/2026/second-plant", "A second plant", TEXT);
    let cases = [
        (
            "https",
            piece(
                "https://a.example/?p=1",
                "https://www.a.example/2026/second-plant/",
                "A second plant",
                TEXT,
            ),
            true,
        ),
        ("new path", piece("7", "https://a.example/news/second-plant", "A second plant", TEXT), true),
        ("no text", piece("7", "https://a.example/news/second-plant", "A second plant", ""), true),
        (
            "new headline, same page",
            piece("7", "https://a.example/2026/second-plant", "River plant", TEXT),
            true,
        ),
        (
            "same headline, other text",
            piece(
                "7",
                "https://a.example/8",
                "A second plant",
                "Readers wrote in about whether the plant is wise; here are nine of their letters.",
            ),
            false,
        ),
        ("another page", piece("7", "https://a.example/8", "A third plant", TEXT), false),
    ];
    for (name, new, want) in cases {
        assert_eq!(is_same_entry(&old, &new), want, "case: {name}");
    }
    assert!(is_mass_change(10, 10, 6) && !is_mass_change(10, 4, 4));
}

#[test]
fn only_what_readers_see_counts_as_a_change() {
    let old = piece("1", "https://a.example/1", "A plant", "<p>It costs 3 bn.</p><img src='/a?1'>");
    let markup = piece("1", "https://a.example/1", "A plant", "<div>It costs 3 bn.</div><img src='/a?2'>");
    let comma = piece("1", "https://a.example/1", "A plant", "It costs 4 bn.");
    let longer = piece(
        "1",
        "https://a.example/1",
        "A plant",
        "It costs 3 bn. The minister promised half of that on Monday, and opponents promised a vote.",
    );
    assert_eq!(substance(&old), substance(&markup));
    assert_ne!(substance(&old), substance(&comma));
    assert!(!is_substantial_change(&old, &comma));
    assert!(is_substantial_change(&old, &longer));
    assert!(is_substantial_change(&old, &piece("1", "https://a.example/1", "No plant", "It costs 3 bn.")));
}
