use super::*;

const TEXT: &str = "<?xml version=\"1.0\" encoding=\"LABEL\"?><rss><title>TITLE</title></rss>";

#[test]
fn encodings_are_read_as_declared_or_recognised() {
    let cases: &[(&str, &str)] = &[
        ("windows-1252", "naïve café – “quoted” prices in €"),
        ("windows-1251", "Новый процессор для серверов представлен сегодня"),
        ("koi8-r", "Новый процессор для серверов представлен сегодня"),
        ("shift_jis", "半導体の新しい工場が熊本に建設される"),
        ("euc-jp", "半導体の新しい工場が熊本に建設される"),
        ("iso-2022-jp", "半導体の新しい工場が熊本に建設される"),
        ("euc-kr", "새로운 반도체 공장이 건설됩니다"),
        ("big5", "新的半導體工廠將於明年開始生產"),
        ("gb18030", "新的半导体工厂将于明年开始生产"),
    ];
    for (label, title) in cases {
        let encoding = Encoding::for_label(label.as_bytes()).unwrap();
        let declared = TEXT.replace("LABEL", label).replace("TITLE", title);
        let bytes = encoding.encode(&declared).0;
        assert_eq!(decode(&bytes, None).text, declared, "declared {label}");
        assert_eq!(decode(&bytes, None).repaired, Vec::<String>::new(), "declared {label}");
        let bare = format!("<rss><title>{}</title></rss>", [*title; 6].join(" "));
        let bytes = encoding.encode(&bare).0;
        assert_eq!(decode(&bytes, Some(&format!("text/xml; charset={label}"))).text, bare, "HTTP {label}");
        if *label != "iso-2022-jp" {
            assert_eq!(decode(&bytes, None).text, bare, "undeclared {label}");
        }
    }
}

#[test]
fn utf_8_wins_over_a_wrong_declaration() {
    let text = TEXT.replace("LABEL", "iso-8859-1").replace("TITLE", "café");
    assert_eq!(decode(text.as_bytes(), Some("text/xml; charset=windows-1251")).text, text);
}

#[test]
fn wide_encodings_are_known_with_and_without_a_mark() {
    let text = "<rss>é</rss>";
    let utf_16: Vec<u16> = text.encode_utf16().collect();
    let cases: Vec<(&str, Vec<u8>)> = vec![
        ("utf-16be", utf_16.iter().flat_map(|unit| unit.to_be_bytes()).collect()),
        ("utf-16le", utf_16.iter().flat_map(|unit| unit.to_le_bytes()).collect()),
        ("utf-32be", text.chars().flat_map(|c| u32::from(c).to_be_bytes()).collect()),
        ("utf-32le", text.chars().flat_map(|c| u32::from(c).to_le_bytes()).collect()),
        ("utf-8", text.into()),
    ];
    let marks: [&[u8]; 5] =
        [&[0xFE, 0xFF], &[0xFF, 0xFE], &[0, 0, 0xFE, 0xFF], &[0xFF, 0xFE, 0, 0], &[0xEF, 0xBB, 0xBF]];
    for ((name, bytes), mark) in cases.iter().zip(marks) {
        assert_eq!(decode(bytes, None).text, text, "{name} without a mark");
        assert_eq!(
            decode(&[mark, bytes].concat(), Some("text/xml; charset=koi8-r")).text,
            text,
            "{name} with a mark"
        );
    }
}

#[test]
fn utf_8_wins_over_a_wrong_declaration_even_with_a_stray_byte() {
    let mut bytes = b"<?xml version='1.0' encoding='ISO-8859-1'?><rss>".to_vec();
    bytes.extend("får, Brøndby, København, Sønderjysk, Nordsjælland, få, på, ål, ære".as_bytes());
    bytes.extend(b"\xA3</rss>");
    assert!(decode(&bytes, None).text.ends_with("ære£</rss>"));
}

#[test]
fn a_stray_byte_in_utf_8_costs_nothing_else() {
    let bytes =
        b"<rss>caf\xC3\xA9 na\xC3\xAFve cr\xC3\xA8me \x93quoted\x94 text that goes on for a while</rss>";
    let decoded = decode(bytes, None);
    assert_eq!(decoded.text, "<rss>café naïve crème “quoted” text that goes on for a while</rss>");
    assert_eq!(decoded.repaired, ["bytes that are no UTF-8"]);
}
