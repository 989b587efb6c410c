//! What publishers add to their text and no reader needs: the tail with their name, the line "The post …
//! appeared first on …", the summary that repeats the title. All of it would count as evidence.

/// How much of a body is looked at, in bytes: what comes later is seldom what a piece is about.
const BODY_BYTES: usize = 900;
/// A tail that stands in a headline after one of these is looked at.
const TAIL_MARKS: [&str; 3] = [" - ", " | ", " — "];
/// The most words that a publisher's name at the end of a headline has.
const TAIL_WORDS: usize = 5;

/// The headline without the publisher's tail ("… - Reuters", "… (Mark Gurman/Bloomberg)").
pub(super) fn title<'a>(title: &'a str, summary: &str, publisher: &str) -> &'a str {
    let title = title.trim();
    if let Some(credited) = techmeme_tail(title) {
        return credited;
    }
    let Some((head, tail)) =
        TAIL_MARKS.iter().filter_map(|mark| title.rsplit_once(mark)).max_by_key(|(head, _)| head.len())
    else {
        return title;
    };
    let tail = tail.trim();
    let is_short = tail.split_whitespace().count() <= TAIL_WORDS;
    let is_publisher = !publisher.is_empty() && tail.eq_ignore_ascii_case(publisher);
    // Google News repeats "headline&nbsp;&nbsp;publisher" as the summary.
    let is_repeated = summary.starts_with(head.trim_end())
        && summary.trim_end().ends_with(tail)
        && summary.len() < title.len() + 40;
    if head.split_whitespace().count() >= 3 && is_short && (is_publisher || is_repeated) {
        return head.trim_end();
    }
    title
}

/// The headline before "(Author/Publication)".
fn techmeme_tail(title: &str) -> Option<&str> {
    let inner = title.strip_suffix(')')?;
    let (head, tail) = inner.rsplit_once(" (")?;
    (tail.contains('/') && !tail.contains(' ') || tail.contains('/') && tail.len() < 60).then_some(head)
}

/// The part of a summary or content that is looked at.
pub(super) fn body<'a>(title: &str, body: &'a str) -> &'a str {
    let body = body.trim_start();
    let body = body.get(..floor(body, BODY_BYTES)).unwrap_or(body);
    let body = match body.find("appeared first on") {
        // "The post TITLE appeared first on PUBLISHER."
        Some(end) => {
            let before = body.get(..end).unwrap_or_default();
            before.rfind("The post ").and_then(|start| before.get(..start)).unwrap_or(before)
        }
        None => body,
    };
    match body.strip_prefix(title) {
        // A repetition with no more than a publisher's name behind it.
        Some(rest) if !title.is_empty() && rest.len() < 60 => "",
        Some(rest) if !title.is_empty() => rest,
        _ => body,
    }
}

/// The words of a link's last segments; nothing of links that hide their target.
pub(super) fn slug(url: &str) -> &str {
    let Some((_, rest)) = url.split_once("://") else { return "" };
    let Some((host, path)) = rest.split_once('/') else { return "" };
    if host.ends_with("news.google.com") || path.len() > 400 {
        return "";
    }
    path.split(['?', '#']).next().unwrap_or_default()
}

/// The greatest place of at most `limit` where `text` can be cut.
fn floor(text: &str, limit: usize) -> usize {
    if text.len() <= limit {
        return text.len();
    }
    (0..=limit).rev().find(|place| text.is_char_boundary(*place)).unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_publisher_s_tail_goes() {
        let summary = "Arm sold more licences than planned &nbsp;&nbsp; The Example Post";
        let cases = [
            ("named", "Arm sold more licences than planned - The Example Post", "", "The Example Post"),
            ("repeated", "Arm sold more licences than planned - The Example Post", summary, "Google News"),
            ("credit", "Arm sold more licences than planned (A. Writer/The Example Post)", "", ""),
        ];
        for (name, given, summary, publisher) in cases {
            assert_eq!(
                title(given, summary, publisher),
                "Arm sold more licences than planned",
                "case: {name}"
            );
        }
    }

    #[test]
    fn a_dash_within_the_headline_stays() {
        let given = "Intel splits its foundry - and nobody is surprised";
        assert_eq!(title(given, "", "Example"), given);
    }

    #[test]
    fn lines_about_the_feed_itself_go() {
        let given = "A line. The post Something appeared first on Semiconductor Example.";
        assert_eq!(body("Something", given), "A line. ");
        assert_eq!(body("A headline", "A headline  Publisher"), "");
        assert_eq!(body("A", "Ä"), "Ä");
    }

    #[test]
    fn a_link_gives_its_path_unless_it_hides_its_target() {
        assert_eq!(slug("https://a.example/x/arm-cpu?utm=1"), "x/arm-cpu");
        assert_eq!(slug("https://news.google.com/read/CBMi"), "");
        assert_eq!(slug("no link"), "");
    }
}
