use super::*;
use reqwest::header::HeaderValue;

/// Name, fields, seconds.
type Case = (&'static str, &'static [(&'static str, &'static str)], Option<u64>);

fn now() -> Timestamp {
    "2026-03-01T12:00:00Z".parse().unwrap()
}

fn headers(lines: &[(&'static str, &'static str)]) -> HeaderMap {
    let mut headers = HeaderMap::new();
    for (name, value) in lines {
        headers.append(HeaderName::from_static(name), HeaderValue::from_static(value));
    }
    headers
}

#[test]
fn freshness_follows_rfc_9111() {
    const DATE: (&str, &str) = ("date", "Sun, 01 Mar 2026 11:00:00 GMT");
    let cases: &[Case] = &[
        ("nothing said", &[], None),
        ("max-age", &[("cache-control", "public, max-age=600")], Some(600)),
        ("quoted and oddly written", &[("cache-control", "Max-Age=\"60\" , private")], Some(60)),
        ("over several lines", &[("cache-control", "public"), ("cache-control", "max-age=7")], Some(7)),
        ("less its age", &[("cache-control", "max-age=20"), ("age", "12")], Some(8)),
        ("older than fresh", &[("cache-control", "max-age=20"), ("age", "99")], Some(0)),
        (
            "max-age beats Expires",
            &[("cache-control", "max-age=2"), ("expires", "Mon, 02 Mar 2026 12:00:00 GMT")],
            Some(2),
        ),
        (
            "Expires against the server's clock",
            &[DATE, ("expires", "Sun, 01 Mar 2026 11:00:12 GMT")],
            Some(12),
        ),
        ("Expires against ours", &[("expires", "Sun, 01 Mar 2026 12:00:12 GMT")], Some(12)),
        ("Expires that is no date", &[("expires", "0")], Some(0)),
        ("no-store", &[("cache-control", "no-store, max-age=600")], Some(0)),
        ("garbage", &[("cache-control", "max-age=soon")], Some(0)),
        ("for ever", &[("cache-control", "max-age=99999999999999999999")], Some(u32::MAX.into())),
        ("for a shared cache only", &[("cache-control", "s-maxage=600")], None),
    ];
    for (name, lines, want) in cases {
        let got = fresh_for(&headers(lines), now());
        let want = want.map(Duration::from_secs);
        assert_eq!(got, want, "case: {name}");
    }
}

#[test]
fn retry_after_is_read_in_both_forms() {
    let cases: &[Case] = &[
        ("seconds", &[("retry-after", "120")], Some(120)),
        ("a date", &[("retry-after", "Sun, 01 Mar 2026 12:00:30 GMT")], Some(30)),
        (
            "a date by a clock that is wrong",
            &[("date", "Sun, 01 Mar 2020 12:00:00 GMT"), ("retry-after", "Sun, 01 Mar 2020 12:00:30 GMT")],
            Some(30),
        ),
        ("a date in the past", &[("retry-after", "Sun, 01 Mar 2020 12:00:00 GMT")], Some(0)),
        ("negative", &[("retry-after", "-5")], None),
        ("garbage", &[("retry-after", "soon")], None),
        ("none", &[], None),
    ];
    for (name, lines, want) in cases {
        assert_eq!(retry_after(&headers(lines), now()), want.map(Duration::from_secs), "case: {name}");
    }
}

#[test]
fn a_used_up_budget_is_a_pause() {
    let cases: &[Case] = &[
        ("used up", &[("x-ratelimit-remaining", "0.0"), ("x-ratelimit-reset", "32")], Some(32)),
        ("as a moment", &[("x-ratelimit-remaining", "0"), ("x-ratelimit-reset", "1772366420")], Some(20)),
        ("the draft's names", &[("ratelimit-remaining", "0"), ("ratelimit-reset", "9")], Some(9)),
        ("something left", &[("x-ratelimit-remaining", "3"), ("x-ratelimit-reset", "32")], None),
        ("no reset", &[("x-ratelimit-remaining", "0")], None),
        ("nonsense", &[("x-ratelimit-remaining", "0"), ("x-ratelimit-reset", "NaN")], None),
    ];
    for (name, lines, want) in cases {
        assert_eq!(budget_pause(&headers(lines), now()), want.map(Duration::from_secs), "case: {name}");
    }
}

#[test]
fn hubs_and_self_are_found_in_link_fields() {
    let base = Url::parse("https://a.example/dir/feed").unwrap();
    let found = links(
        &headers(&[
            ("link", "<https://hub.example/>; rel=\"hub\", </x,y>; title=\"a, \\\" b\"; rel=self"),
            ("link", "<other>; rel=\"next hub\", <https://z.example/>; rel=hub; anchor=\"/elsewhere\""),
        ]),
        &base,
    );
    let hubs = vec!["https://hub.example/".to_owned(), "https://a.example/dir/other".to_owned()];
    assert_eq!(found, (hubs, Some("https://a.example/x,y".to_owned())));
    let exact = links(&headers(&[("link", "<HTTPS://A.example/feed?>; rel=self")]), &base);
    assert_eq!(exact.1.as_deref(), Some("HTTPS://A.example/feed?"), "an absolute topic stays as given");
}

#[test]
fn validators_are_kept_byte_for_byte() {
    let url = Url::parse("https://a.example/").unwrap();
    let odd = headers(&[("etag", "W/\"a,b;c\\d-gzip\""), ("last-modified", "Mon, 01 Mar 2026 00:00:00 GMT")]);
    let kept = validators(&odd, &url);
    assert_eq!(kept.etag.as_deref(), Some(&b"W/\"a,b;c\\d-gzip\""[..]));
    assert_eq!(kept.last_modified.as_deref(), Some(&b"Mon, 01 Mar 2026 00:00:00 GMT"[..]));
    assert!(validators(&headers(&[("etag", "")]), &url).is_empty());
}
