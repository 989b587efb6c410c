use super::*;
use crate::model::{FeedId, FeedState};
use hmac::{Hmac, KeyInit, Mac};

fn now() -> Timestamp {
    "2026-03-01T12:00:00Z".parse().unwrap()
}

fn at(seconds: u64) -> Timestamp {
    later(now(), Duration::from_secs(seconds))
}

const TOPIC: &str = "https://a.example/feed?x=1&y=%2F";

fn hub() -> HubState {
    let hubs = ["https://hub.example/".to_owned()];
    follow_offer(None, &Offer { hubs: &hubs, topic: TOPIC }, &[1; 32], now()).unwrap()
}

fn query(pairs: &[(&str, &str)]) -> String {
    form_urlencoded::Serializer::new(String::new()).extend_pairs(pairs).finish()
}

fn verification(mode: &str, topic: &str) -> String {
    query(&[
        ("hub.mode", mode),
        ("hub.topic", topic),
        ("hub.challenge", "c+ä&="),
        ("hub.lease_seconds", "12"),
    ])
}

#[test]
fn a_subscription_names_the_topic_exactly_and_a_callback_and_secret_that_nobody_guesses() {
    let base = Url::parse("https://wire.example/under/").unwrap();
    let form = form(&hub(), &base);
    let fields: Vec<_> = form_urlencoded::parse(form.as_bytes()).into_owned().collect();
    let field =
        |name: &str| fields.iter().find(|(key, _)| key == name).map(|(_, value)| value.as_str()).unwrap();
    assert_eq!((field("hub.mode"), field("hub.topic")), ("subscribe", TOPIC));
    let token = field("hub.callback").strip_prefix("https://wire.example/under/websub/").unwrap();
    assert!(token.len() >= 16);
    assert!((16..200).contains(&field("hub.secret").len()));
    assert_ne!(token, field("hub.secret"));
    let hubs = ["https://hub.example/".to_owned()];
    let other = follow_offer(None, &Offer { hubs: &hubs, topic: "x" }, &[2; 32], now()).unwrap();
    assert_ne!((other.token, other.secret), (hub().token, hub().secret));
}

#[test]
fn a_subscription_stays_while_it_is_offered_and_changes_with_the_offer() {
    let hubs =
        ["gopher://x/".to_owned(), "http://plain.example/".to_owned(), "https://hub.example/".to_owned()];
    let offer = |hubs| Offer { hubs, topic: TOPIC };
    let current = HubState { is_verified: true, ..hub() };
    assert_eq!(follow_offer(Some(current.clone()), &offer(&hubs), &[9; 32], now()), Some(current.clone()));
    let moved = follow_offer(Some(current.clone()), &offer(&hubs[..2]), &[9; 32], now()).unwrap();
    assert_eq!((moved.hub.as_str(), moved.is_verified), ("http://plain.example/", false));
    assert_ne!(moved.secret, current.secret);
    assert_eq!(follow_offer(Some(current.clone()), &offer(&hubs[..1]), &[9; 32], now()), None);
    assert_eq!(follow_offer(Some(current), &offer(&[]), &[9; 32], now()), None);
}

#[test]
fn a_verification_of_what_we_asked_for_gets_its_challenge_back() {
    let (reply, next) = verify(&hub(), &verification("subscribe", TOPIC), now());
    assert_eq!(reply, Reply::Challenge("c+ä&=".to_owned()));
    let Verified::Changed(next) = next else { panic!("{next:?}") };
    assert!(next.is_verified);
    assert_eq!(
        (next.lease_until, next.next_request),
        (Some(at(12)), at(8)),
        "asked again before the lease ends"
    );
}

#[test]
fn a_verification_of_anything_else_is_refused() {
    let leaving = leave(&hub(), now());
    let cases = [
        ("another topic", &hub(), verification("subscribe", "https://b.example/")),
        ("the topic a little different", &hub(), verification("subscribe", "https://a.example/feed?x=1&y=/")),
        ("an end that we did not ask for", &hub(), verification("unsubscribe", TOPIC)),
        ("a beginning when we asked for an end", &leaving, verification("subscribe", TOPIC)),
        ("an unknown mode", &hub(), verification("publish", TOPIC)),
        ("no challenge", &hub(), query(&[("hub.mode", "subscribe"), ("hub.topic", TOPIC)])),
        ("no topic", &hub(), query(&[("hub.mode", "subscribe"), ("hub.challenge", "x")])),
        (
            "a huge challenge",
            &hub(),
            query(&[("hub.mode", "subscribe"), ("hub.topic", TOPIC), ("hub.challenge", &"x".repeat(5000))]),
        ),
        ("nothing", &hub(), String::new()),
    ];
    for (name, hub, query) in cases {
        assert_eq!(verify(hub, &query, now()), (Reply::NotFound, Verified::Unchanged), "case: {name}");
    }
}

#[test]
fn an_end_that_we_asked_for_is_verified() {
    let leaving = leave(&hub(), now());
    let form = form(&leaving, &Url::parse("https://wire.example").unwrap());
    assert!(form.contains("hub.mode=unsubscribe") && !form.contains("hub.secret"));
    let (reply, next) = verify(&leaving, &verification("unsubscribe", TOPIC), now());
    assert_eq!((reply, next), (Reply::Challenge("c+ä&=".to_owned()), Verified::Ended));
}

#[test]
fn a_denial_is_noted_and_the_hub_is_asked_again_a_day_later() {
    let verified = HubState { is_verified: true, lease_until: Some(at(1000)), ..hub() };
    let denial = query(&[("hub.mode", "denied"), ("hub.topic", TOPIC), ("hub.reason", "no")]);
    let (reply, next) = verify(&verified, &denial, now());
    let Verified::Changed(next) = next else { panic!("{next:?}") };
    assert_eq!(reply, Reply::Noted);
    assert_eq!((next.is_verified, next.next_request), (false, at(86_400)));
}

#[test]
fn a_lease_is_believed_within_bounds() {
    for (lease, renewed) in
        [("0", 4), ("1", 4), ("99999999999", 30 * 86_400 * 2 / 3), ("soon", 864_000 * 2 / 3)]
    {
        let query = query(&[
            ("hub.mode", "subscribe"),
            ("hub.topic", TOPIC),
            ("hub.challenge", "c"),
            ("hub.lease_seconds", lease),
        ]);
        let (_, next) = verify(&hub(), &query, now());
        let Verified::Changed(next) = next else { panic!("{next:?}") };
        assert_eq!(next.next_request, at(renewed), "lease {lease}");
    }
}

#[test]
fn a_broken_hub_is_asked_after_growing_waits() {
    let broken = Ok(HubAnswer { status: 503, pause: None });
    let mut hub = hub();
    let mut requests = 0;
    while hub.next_request < at(86_400) {
        requests += 1;
        let now = hub.next_request;
        hub = asked(&hub, broken, now);
        assert!(hub.next_request >= later(now, FAILURE_WAIT), "never sooner than two minutes");
    }
    assert!(requests <= 10, "{requests} requests in a day");
    for answer in [Ok(HubAnswer { status: 404, pause: None }), Err(())] {
        assert!(asked(&hub, answer, now()).next_request > at(60));
    }
    let pause = Some(Duration::from_hours(2));
    let paused = asked(&self::hub(), Ok(HubAnswer { status: 429, pause }), now());
    assert_eq!(paused.next_request, at(7200));
}

#[test]
fn a_hub_that_took_the_request_but_never_verifies_is_asked_again_later() {
    let next = asked(&hub(), Ok(HubAnswer { status: 202, pause: None }), now());
    assert_eq!((next.is_verified, next.next_request), (false, at(600)));
    assert_eq!(
        asked(&next, Ok(HubAnswer { status: 202, pause: None }), at(600)).next_request,
        at(600 + 1200)
    );
}

#[test]
fn a_lease_that_ended_while_the_hub_fails_is_over() {
    let hub = HubState { is_verified: true, lease_until: Some(at(10)), ..hub() };
    assert!(asked(&hub, Err(()), at(5)).is_verified);
    assert!(!asked(&hub, Err(()), at(20)).is_verified);
}

#[test]
fn a_push_is_believed_only_with_the_right_signature() {
    fn sign<M: Mac + KeyInit>(secret: &str, body: &[u8]) -> String {
        let mut mac = <M as KeyInit>::new_from_slice(secret.as_bytes()).unwrap();
        mac.update(body);
        hex(&mac.finalize().into_bytes())
    }
    let (hub, body) = (hub(), b"<feed/>".as_slice());
    let sha256 = sign::<Hmac<Sha256>>(&hub.secret, body);
    let signed = [
        format!("sha1={}", sign::<Hmac<sha1::Sha1>>(&hub.secret, body)),
        format!("sha256={sha256}"),
        format!("SHA256={}", sha256.to_uppercase()),
        format!("sha384={}", sign::<Hmac<sha2::Sha384>>(&hub.secret, body)),
        format!("sha512={}", sign::<Hmac<sha2::Sha512>>(&hub.secret, body)),
    ];
    let believed = |signature: Option<&str>, body| check(&hub, &Push { signature, body });
    for signature in &signed {
        assert_eq!(believed(Some(signature), body), Ok(()), "{signature}");
        assert_eq!(believed(Some(signature), b"<feed>!</feed>"), Err(PushError::Forged), "{signature}");
    }
    let other = sign::<Hmac<Sha256>>("another secret", body);
    assert_eq!(believed(None, body), Err(PushError::Unsigned));
    assert_eq!(believed(Some(&format!("sha256={other}")), body), Err(PushError::Forged));
    for empty in [
        "sha256=",
        "sha256=zz",
        "sha256=0",
        &format!("sha256={}", sha256.get(..8).unwrap()),
        &format!("sha512={sha256}"),
    ] {
        assert_eq!(believed(Some(empty), body), Err(PushError::Forged), "{empty}");
    }
    for unknown in [format!("md5={other}"), sha256] {
        assert!(matches!(believed(Some(&unknown), body), Err(PushError::UnknownMethod(_))), "{unknown}");
    }
}

#[test]
fn hubs_need_a_way_to_us() {
    let url = |text| Url::parse(text).unwrap();
    let cases = [
        ("https://wire.example.org/x", true),
        ("http://wire.example.org/", false),
        ("https://localhost/", false),
        ("https://wire.local/", false),
        ("https://203.0.113.7/", false),
        ("https://wire/", false),
    ];
    for (public, want) in cases {
        assert_eq!(callback_base(None, Some(&url(public))).is_some(), want, "{public}");
    }
    let set = url("http://127.0.0.1:8787/");
    assert_eq!(callback_base(Some(&set), Some(&url("http://wire/"))), Some(set));
    assert_eq!(callback_base(None, None), None);
}

#[test]
fn subscriptions_are_found_by_token_and_by_time() {
    let mut state = FeedState::new(FeedId::of("https://a.example/"), "https://a.example/", now());
    let mut subscriptions = Subscriptions::default();
    state.hub = Some(HubState { next_request: at(10), ..hub() });
    subscriptions.put(&state);
    assert_eq!(subscriptions.feed_of(&hub().token), Some(state.feed));
    assert_eq!(subscriptions.feed_of("00112233445566778899aabbccddeeff"), None);
    assert_eq!((subscriptions.next_wake(), subscriptions.take_due(at(9))), (Some(at(10)), Vec::new()));
    assert_eq!(subscriptions.take_due(at(10)), [state.feed]);
    assert_eq!(subscriptions.next_wake(), None, "until it is put again");
    subscriptions.put(&state);
    subscriptions.remove(state.feed);
    assert_eq!((subscriptions.next_wake(), subscriptions.feed_of(&hub().token)), (None, None));
    subscriptions.keep_leaving(leave(&hub(), now()));
    assert!(subscriptions.leaving(&hub().token).is_some());
    subscriptions.ended(&hub().token);
    assert!(subscriptions.leaving(&hub().token).is_none());
}
