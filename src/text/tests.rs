use super::*;
use proptest::prelude::*;

#[test]
fn markup_becomes_lines_of_plain_text() {
    let cases = [
        ("tags", "<p>One <b>bold</b> word.</p><p>Two</p>", "One bold word.\nTwo"),
        ("no blank inside a word", "f<sup>2</sup>oo<wbr>bar", "f2oobar"),
        ("entities", "AT&amp;T&nbsp;&#8212; caf&eacute; &#x2019;&#146;", "AT&T — café ’’"),
        ("no entity", "AT&T, a & b, x?a=1&copy=2", "AT&T, a & b, x?a=1&copy=2"),
        ("no tag", "if a < b and c > d, a<5", "if a < b and c > d, a<5"),
        ("script", "a<script>if (a<b) alert('</p>')</script >b<style>p{}</style>", "ab"),
        ("comment", "a<!-- <b> -->b", "ab"),
        ("quoted >", r#"<a title="1 > 0" href='x'>link</a>"#, "link"),
        ("stray quote", r#"<p class="x>text</p> <i>more</i>"#, "text\nmore"),
        ("open comment", "a<!-- b", "a"),
        ("comment that is none", "a<!-- -- b >c", "ac"),
        ("blank runs", "a\n\n\n \t b<br><br><br>c", "a b\nc"),
        ("table", "<table><tr><td>1</td><td>2</td></tr></table>", "1 2"),
        ("invisible", "a\u{ad}b\u{200b}c\u{0}", "abc"),
        ("cdata", "<![CDATA[x]]>", "x]]>"),
    ];
    for (name, input, want) in cases {
        assert_eq!(plain(input), want, "case: {name}");
    }
}

#[test]
fn hostile_markup_takes_linear_time() {
    for piece in ["<a \"", "<", "<!--", "<script>", "&", "&#", "<a b='", "</"] {
        let text = piece.repeat(1 << 20);
        assert!(plain(&text).len() <= text.len(), "{piece}");
    }
}

#[test]
fn a_cut_ends_at_a_sentence_or_a_word() {
    let cases = [
        ("short", "One.", 10, "One."),
        ("sentence", "First sentence here. Second one follows.", 25, "First sentence here."),
        ("word", "A very long sentence that goes on", 16, "A very long…"),
        ("abbreviation", "Mr. Smith of Acme Corp. said it was late", 30, "Mr. Smith of Acme Corp. said…"),
        ("no blanks", "aaaaaaaaaa", 5, "aaaa…"),
        ("none", "abc", 0, ""),
        ("han", "芯片制造商宣布。新的工厂将在明年开始生产", 10, "芯片制造商宣布。"),
    ];
    for (name, input, most, want) in cases {
        assert_eq!(cut(input, most), want, "case: {name}");
    }
}

#[test]
fn sentences_end_where_a_reader_would_end_them() {
    assert_eq!(
        sentences("It costs $3.5 bn. The U.S. firm said \"no.\" Why? Dr. No\nNext line"),
        ["It costs $3.5 bn.", "The U.S. firm said \"no.\"", "Why?", "Dr. No", "Next line"]
    );
}

#[test]
fn tokens_keep_numbers_and_names_whole() {
    assert_eq!(tokens("NVIDIA’s 3.5nm H100: $1,200 — C++"), ["nvidia", "3.5nm", "h100", "1,200", "c++"]);
    assert_eq!(tokens("ＴＳＭＣ台积电 café"), ["tsmc", "台积", "积电", "café"]);
    assert_eq!(fold("  “Hello”, World! "), "hello world");
}

#[test]
fn links_are_found_in_order() {
    let html = r#"<a class=x href="/a?b&amp;c">1</a><A HREF=//b.example/>2</A><area href=no><a name=x>"#;
    assert_eq!(links(html).collect::<Vec<_>>(), ["/a?b&c", "//b.example/"]);
}

#[test]
fn shingles_of_the_same_words_are_the_same() {
    let words = tokens("one two three four");
    assert_eq!(shingles(&words, 3).len(), 2);
    assert_eq!(shingles(&words[..2], 3), shingles(&words[..2], 2));
    assert!(shingles(&[], 3).is_empty());
}

proptest! {
    #[test]
    fn a_cut_never_exceeds_its_room(text in ".{0,200}", most in 0_usize..120) {
        prop_assert!(cut(&text, most).chars().count() <= most);
    }

    #[test]
    fn tidying_twice_changes_nothing_more(text in r"[a-z \n\t\u{200b}\u{ad}é&<>]{0,80}") {
        prop_assert_eq!(tidy(&tidy(&text)), tidy(&text));
    }

    #[test]
    fn plain_text_is_read_from_anything(text in r#"[a-z<>"'/&#;! \-=\[\]]{0,120}"#) {
        let _ = (plain(&text), looks_like_markup(&text), links(&text).count(), sentences(&text).len(), tokens(&text).len());
    }
}
