//! Where a feed is polled: it moves, finds back, or is gone.

use super::*;

#[test]
fn a_410_is_confirmed_twice_and_then_believed() {
    let mut poller = Poller::known();
    for _ in 0..2 {
        poller.poll(&failed(410, Retry::Gone));
        assert_eq!(poller.state.condition, Condition::Failing);
    }
    poller.poll(&failed(410, Retry::Gone));
    assert_eq!(poller.state.condition, Condition::Gone);
    let resumed = resume(&poller.state, poller.now);
    assert_eq!((resumed.condition, resumed.gone_answers), (Condition::Active, 0));
}

#[test]
fn a_410_between_other_answers_is_not_believed() {
    let mut poller = Poller::known();
    for _ in 0..5 {
        poller.poll(&failed(410, Retry::Gone));
        poller.poll(&failed(410, Retry::Gone));
        poller.poll(&error());
    }
    assert_eq!(poller.state.condition, Condition::Failing);
}

fn moved_to(target: &str) -> Answer {
    Answer { permanent_target: Some(target.to_owned()), ..answer(200) }
}

#[test]
fn a_permanent_redirect_is_adopted_when_it_leads_to_the_same_feed_again() {
    let mut poller = Poller::known();
    let target = "https://b.example/feed";
    poller.poll(&PollOutcome::Read(moved_to(target), reading(20, 1)));
    assert_eq!((poller.state.polled_url.as_str(), poller.state.condition), (URL, Condition::Active));
    poller.poll(&error());
    poller.poll(&PollOutcome::Unchanged(moved_to(target)));
    assert_eq!((poller.state.polled_url.as_str(), poller.state.condition), (target, Condition::Moved));
    assert_eq!(poller.state.condition_reason, "moved to https://b.example/feed");
    assert_eq!(poller.state.url, URL, "the subscription keeps its name");
    let condition_since = poller.state.condition_since;
    poller.poll(&read(20, 1));
    assert_eq!((poller.state.polled_url.as_str(), poller.state.condition_since), (target, condition_since));
}

#[test]
fn a_move_from_the_first_poll_on_is_adopted() {
    let mut poller = Poller::new();
    poller.poll(&PollOutcome::Read(moved_to("https://b.example/"), reading(20, 20)));
    poller.poll(&PollOutcome::Same(moved_to("https://b.example/")));
    assert_eq!(poller.state.polled_url, "https://b.example/");
}

#[test]
fn redirects_that_change_their_mind_move_nothing() {
    let mut poller = Poller::known();
    for target in ["https://b.example/", "https://c.example/", "https://b.example/"] {
        poller.poll(&PollOutcome::Read(moved_to(target), reading(20, 1)));
    }
    poller.poll(&read(20, 1));
    poller.poll(&PollOutcome::Read(moved_to("https://b.example/"), reading(20, 1)));
    assert_eq!(poller.state.polled_url, URL);
}

#[test]
fn a_redirect_to_something_else_moves_nothing() {
    let mut poller = Poller::known();
    let page = |target| PollOutcome::NoFeed {
        answer: moved_to(target),
        reason: "a web page".to_owned(),
        feed_link: Some("https://b.example/other-feed".to_owned()),
    };
    for _ in 0..5 {
        poller.poll(&page("https://b.example/maintenance"));
    }
    assert_eq!((poller.state.polled_url.as_str(), poller.state.condition), (URL, Condition::Failing));
    let mut poller = Poller::known();
    let other = Reading { title: Some("Another feed".to_owned()), ..reading(20, 20) };
    for _ in 0..5 {
        // All entries are new each time: a different feed stands there.
        poller.state.title = Some("A".to_owned());
        poller.poll(&PollOutcome::Read(moved_to("https://b.example/"), other.clone()));
    }
    assert_eq!(poller.state.polled_url, URL);
}

#[test]
fn a_feed_finds_back_when_its_new_place_answers_without_it() {
    let mut poller = Poller::known();
    poller.state.polled_url = "https://b.example/".to_owned();
    for _ in 0..8 {
        poller.poll(&PollOutcome::Failed(Failure {
            retry: Retry::Backoff,
            status: None,
            reason: "reset".to_owned(),
        }));
    }
    assert_eq!(poller.state.polled_url, "https://b.example/", "a broken network is no answer");
    poller.poll(&failed(404, Retry::Backoff));
    assert_eq!(poller.state.polled_url, URL);
}

#[test]
fn a_page_that_names_its_feed_is_followed_once() {
    let page = |link: &str| PollOutcome::NoFeed {
        answer: answer(200),
        reason: "a web page".to_owned(),
        feed_link: Some(link.to_owned()),
    };
    let mut poller = Poller::new();
    assert_eq!(poller.poll(&page("https://a.example/rss?key=secret")), Duration::ZERO);
    assert_eq!(poller.state.polled_url, "https://a.example/rss?key=secret");
    assert!(!poller.state.condition_reason.contains("secret"));
    assert!(poller.poll(&page("https://a.example/other")) >= HOUR, "a page again is an error");
    assert_eq!(poller.state.polled_url, "https://a.example/rss?key=secret");
    let mut poller = Poller::known();
    poller.poll(&page("https://a.example/rss"));
    assert_eq!((poller.state.polled_url.as_str(), poller.state.condition), (URL, Condition::Failing));
}
