//! Bodies in every coding and charset, from the publisher to the wire.

use crate::news::{item_titled, rss};
use crate::publisher::Reply;
use crate::world::World;
use flate2::Compression;
use flate2::write::{DeflateEncoder, GzEncoder, ZlibEncoder};
use std::io::Write;

fn document(title: &str) -> Vec<u8> {
    rss("Chips", &[item_titled(title)]).into_bytes()
}

fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut coder = GzEncoder::new(Vec::new(), Compression::default());
    coder.write_all(bytes).unwrap();
    coder.finish().unwrap()
}

fn coded(coding: &str, bytes: &[u8]) -> Reply {
    let body = match coding {
        "zlib" => {
            let mut coder = ZlibEncoder::new(Vec::new(), Compression::default());
            coder.write_all(bytes).unwrap();
            coder.finish().unwrap()
        }
        "deflate" => {
            let mut coder = DeflateEncoder::new(Vec::new(), Compression::default());
            coder.write_all(bytes).unwrap();
            coder.finish().unwrap()
        }
        "br" => {
            let mut body = Vec::new();
            brotli::CompressorWriter::new(&mut body, 4096, 5, 20).write_all(bytes).unwrap();
            body
        }
        "zstd" => zstd::encode_all(bytes, 3).unwrap(),
        "members" => {
            // The item stands in the second member.
            let middle = bytes.windows(6).position(|window| window == b"<item>").unwrap();
            [gzip(&bytes[..middle]), gzip(&bytes[middle..])].concat()
        }
        _ => gzip(bytes),
    };
    let name = match coding {
        "zlib" => "deflate",
        "members" => "gzip",
        coding => coding,
    };
    Reply::with(&format!("Content-Encoding: {name}\r\n"), body)
}

/// Three bytes a chunk, with extensions, and a trailer at the end.
fn chunked(bytes: &[u8]) -> Reply {
    let head = "HTTP/1.1 200 OK\r\nContent-Type: application/rss+xml\r\nTransfer-Encoding: chunked\r\nTrailer: X-Sum\r\n\r\n";
    let mut answer = head.as_bytes().to_vec();
    for chunk in bytes.chunks(3) {
        answer.extend_from_slice(format!("{:x};a=\"q;\\\"x\";b\r\n", chunk.len()).as_bytes());
        answer.extend_from_slice(chunk);
        answer.extend_from_slice(b"\r\n");
    }
    answer.extend_from_slice(b"0\r\nX-Sum: 1\r\n\r\n");
    Reply::Raw(answer)
}

#[test]
fn whatever_coding_or_framing_a_body_comes_in_its_story_is_delivered() {
    let mut world = World::quick();
    let mut titles = Vec::new();
    let mut follow = |name: &str, reply: &dyn Fn(&[u8]) -> Reply| {
        let title = format!("Chip of {name}");
        world.follow(&format!("/{name}"), reply(&document(&title)));
        titles.push(title);
    };
    for coding in ["gzip", "zlib", "deflate", "br", "zstd", "members"] {
        follow(coding, &|bytes| coded(coding, bytes));
    }
    follow("chunks", &chunked);
    follow("close", &|bytes| {
        let head = b"HTTP/1.1 200 OK\r\nContent-Type: application/rss+xml\r\n\r\n";
        Reply::Cut([head.as_slice(), bytes].concat())
    });
    follow("plain-text", &|bytes| {
        Reply::Plain("200 OK".into(), "Content-Type: text/plain\r\n".into(), bytes.to_vec())
    });
    follow("json", &|_| {
        let json = r#"{"version":"https://jsonfeed.org/version/1.1","title":"Chips","items":[{"id":"1","title":"Chip of json","content_text":"Chips"}]}"#;
        Reply::Plain("200 OK".into(), "Content-Type: application/feed+json\r\n".into(), json.into())
    });
    let daemon = world.start();
    for title in titles {
        daemon.wait_for_answer("/feed.json", |answer| answer.body.contains(&title));
    }
}

#[test]
fn a_byte_order_mark_beats_the_charset_of_http_which_beats_the_declaration() {
    // Path, content type, declared encoding, true encoding, title.
    let cases = [
        ("/http", "application/rss+xml; charset=utf-8", "iso-8859-1", "utf-8", "Žluťoučký čip"),
        ("/cyrillic", "application/rss+xml", "windows-1251", "windows-1251", "Микрон чип"),
        ("/utf-16", "application/rss+xml", "", "utf-16le", "半導体メモリ"),
        ("/mark", "application/rss+xml; charset=iso-8859-1", "", "utf-8 with a mark", "Größenänderung"),
        ("/text-xml", "text/xml", "iso-8859-1", "iso-8859-1", "Halbleiter für Zürich"),
        ("/shift-jis", "application/rss+xml", "shift_jis", "shift_jis", "東京の半導体工場"),
        ("/euc-kr", "application/rss+xml", "euc-kr", "euc-kr", "삼성 반도체"),
        ("/gb2312", "application/rss+xml; charset=gb2312", "", "gb2312", "中芯国际芯片"),
    ];
    let mut world = World::quick();
    for (path, content_type, declared, encoding, title) in cases {
        let declaration = match declared {
            "" => "<?xml version=\"1.0\"?>".to_owned(),
            declared => format!("<?xml version=\"1.0\" encoding=\"{declared}\"?>"),
        };
        let text = rss("Chips", &[item_titled(title)]).replace("<?xml version=\"1.0\"?>", &declaration);
        let bytes = match encoding {
            "utf-8" => text.into_bytes(),
            "utf-8 with a mark" => format!("\u{feff}{text}").into_bytes(),
            "utf-16le" => format!("\u{feff}{text}").encode_utf16().flat_map(u16::to_le_bytes).collect(),
            label => {
                let encoding = encoding_rs::Encoding::for_label(label.as_bytes()).unwrap();
                let (bytes, _, has_gaps) = encoding.encode(&text);
                assert!(!has_gaps, "{title}");
                bytes.into_owned()
            }
        };
        let fields = format!("Content-Type: {content_type}\r\n");
        world.follow(path, Reply::Plain("200 OK".into(), fields, bytes));
    }
    let daemon = world.start();
    for (.., title) in cases {
        daemon.wait_for_answer("/feed.json", |answer| answer.body.contains(title));
    }
}
