use super::*;
use proptest::prelude::*;

#[test]
fn links_to_one_page_are_one() {
    let cases = [
        ("utm prefix", "https://a.example/x?utm_source=rss&id=7", "https://a.example/x?id=7"),
        ("mixed case", "https://a.example/x?UTM_Medium=mail", "https://a.example/x"),
        ("nothing to do", "https://a.example/x?id=7", "https://a.example/x?id=7"),
        ("scheme, www, port", "http://www.a.example:80/x", "https://a.example/x"),
        ("mobile", "https://m.a.example/x", "https://a.example/x"),
        ("amp host", "https://amp.a.example/x", "https://a.example/x"),
        ("amp path", "https://a.example/x/amp/", "https://a.example/x"),
        ("amp file", "https://a.example/x.amp.html?outputType=amp", "https://a.example/x.html"),
        ("slash and fragment", "https://a.example/x/#top", "https://a.example/x"),
        ("root", "https://a.example", "https://a.example/"),
        ("order", "https://a.example/x?b=2&a=1", "https://a.example/x?a=1&b=2"),
        ("percent", "https://a.example/%7ejoe/%e2%80%99", "https://a.example/~joe/%E2%80%99"),
        (
            "identity stays",
            "https://a.example/item?id=1&p=2&page=3&t=4&v=5&q=6",
            "https://a.example/item?id=1&p=2&page=3&q=6&t=4&v=5",
        ),
        ("channel", "https://a.example/x?source=rss-3&ref=twitter", "https://a.example/x"),
        ("no channel", "https://a.example/x?source=42", "https://a.example/x?source=42"),
        ("a two-label host is no variant", "https://m.example/x", "https://m.example/x"),
        ("amp alone is a page", "https://a.example/amp", "https://a.example/amp"),
        (
            "redirector",
            "https://www.google.com/url?q=https%3A%2F%2Fa.example%2Fx%3Futm_id%3D1&sa=D",
            "https://a.example/x",
        ),
        ("cache", "https://a-example.cdn.ampproject.org/c/s/a.example/x/amp/", "https://a.example/x"),
        ("index", "https://a.example/x/index.html", "https://a.example/x"),
    ];
    for (name, input, want) in cases {
        assert_eq!(canonical(&Url::parse(input).unwrap()).as_str(), want, "case: {name}");
    }
}

#[test]
fn secrets_are_hidden() {
    let cases = [
        ("credentials", "https://joe:pw@a.example/feed", "https://***@a.example/feed"),
        ("token", "https://a.example/feed?token=abc&page=2", "https://a.example/feed?token=***&page=2"),
        ("key in a longer name", "https://a.example/f?api_key=1", "https://a.example/f?api_key=***"),
        ("random value", "https://a.example/f?u=9f8e7d6c5b4a39281706", "https://a.example/f?u=***"),
        ("plain", "https://a.example/f?q=chips&n=10", "https://a.example/f?q=chips&n=10"),
        ("no URL", "//joe:pw@a.example/f?key=1", "//***@a.example/f?key=***"),
    ];
    for (name, input, want) in cases {
        assert_eq!(mask(input), want, "case: {name}");
    }
}

#[test]
fn only_web_links_are_absolute() {
    let base = Url::parse("https://a.example/b/c").unwrap();
    let resolve = |text| absolute(Some(&base), text).map(String::from);
    assert_eq!(resolve(" ../d "), Some("https://a.example/d".to_owned()));
    assert_eq!(resolve("//b.example/x"), Some("https://b.example/x".to_owned()));
    for text in ["", "javascript:alert(1)", "data:text/html,x", "mailto:joe@a.example", "http://"] {
        assert_eq!(resolve(text), None, "{text}");
    }
}

proptest! {
    #[test]
    fn canonical_is_idempotent(
        host in "(www\\.|m\\.|amp\\.){0,2}[a-c]\\.example",
        path in "(/(amp|index\\.html|x|%41|%%34%31|y\\.amp|z\\.amp\\.html)?){0,4}",
        query in "((utm_a|id|b|src|ref)=(rss|1|%31)?&?){0,4}",
    ) {
        let url = Url::parse(&format!("http://{host}{path}?{query}#f")).unwrap();
        let once = canonical(&url);
        prop_assert_eq!(canonical(&once), once);
    }

    #[test]
    fn masking_never_fails(text in r"[a-z:/@?&=%.\-é]{0,60}") {
        let _ = mask(&text);
    }
}
