//! Bodies: codings, framings, and those that end too early.

use crate::publisher::{Publisher, Reply};
use crate::{document, fetcher, get};
use chipwire::fetch::FetchError;
use flate2::Compression;
use flate2::write::{DeflateEncoder, GzEncoder, ZlibEncoder};
use std::io::Write;

const FEED: &[u8] = b"<rss>two wafers, one die, and a very long list of chips, chips, chips, chips</rss>";

fn gzip(body: &[u8]) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::default());
    encoder.write_all(body).unwrap();
    encoder.finish().unwrap()
}

fn codings() -> Vec<(&'static str, Vec<u8>)> {
    let mut zlib = ZlibEncoder::new(Vec::new(), Compression::default());
    zlib.write_all(FEED).unwrap();
    let mut raw = DeflateEncoder::new(Vec::new(), Compression::default());
    raw.write_all(FEED).unwrap();
    let mut brotli = Vec::new();
    brotli::BrotliCompress(&mut &FEED[..], &mut brotli, &brotli::enc::BrotliEncoderParams::default())
        .unwrap();
    let (one, other) = FEED.split_at(20);
    vec![
        ("identity", FEED.to_vec()),
        ("gzip", gzip(FEED)),
        ("X-GZIP", gzip(FEED)),
        ("gzip", [gzip(one), gzip(other)].concat()),
        ("deflate", zlib.finish().unwrap()),
        ("deflate", raw.finish().unwrap()),
        ("br", brotli),
        ("zstd", zstd::encode_all(FEED, 3).unwrap()),
    ]
}

#[tokio::test]
async fn every_coding_that_we_offer_is_undone() {
    for (coding, coded) in codings() {
        let wire_bytes = coded.len() as u64;
        let publisher =
            Publisher::start(move |_| Reply::ok(&format!("Content-Encoding: {coding}\r\n"), &coded)).await;
        let (document, answer) = document(get(&fetcher(), &publisher.url("/")).await);
        assert_eq!(document.body, FEED, "{coding}");
        assert_eq!(answer.wire_bytes, wire_bytes, "{coding}");
    }
}

#[tokio::test]
async fn a_coding_that_we_did_not_offer_is_an_error() {
    let publisher = Publisher::start(|_| Reply::ok("Content-Encoding: compress\r\n", "x")).await;
    let error = get(&fetcher(), &publisher.url("/")).await.unwrap_err();
    assert!(matches!(error, FetchError::Coding { .. }), "{error}");
}

#[tokio::test]
async fn chunks_with_extensions_and_a_trailer_are_taken() {
    let mut bytes = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n".to_vec();
    for piece in FEED.chunks(3) {
        bytes.extend(format!("{:X};name=\"a;b\";other\r\n", piece.len()).bytes());
        bytes.extend(piece);
        bytes.extend(b"\r\n");
    }
    bytes.extend(b"0\r\nX-Checksum: 1\r\n\r\n");
    let publisher = Publisher::start(move |_| Reply::Keep(bytes.clone())).await;
    assert_eq!(document(get(&fetcher(), &publisher.url("/")).await).0.body, FEED);
}

#[tokio::test]
async fn a_body_that_ends_with_the_connection_is_taken() {
    let bytes = [&b"HTTP/1.0 200 OK\r\nContent-Type: text/plain\r\n\r\n"[..], FEED].concat();
    let publisher = Publisher::start(move |_| Reply::Close(bytes.clone())).await;
    let (document, _) = document(get(&fetcher(), &publisher.url("/")).await);
    assert_eq!((&document.body[..], document.content_type.as_deref()), (FEED, Some("text/plain")));
}

#[tokio::test]
async fn a_body_that_ends_too_early_is_an_error() {
    let cut = &gzip(FEED)[..40];
    let cases = [
        (
            "shorter than its length",
            b"HTTP/1.1 200 OK\r\nETag: \"v\"\r\nContent-Length: 999\r\n\r\n<rss>".to_vec(),
        ),
        (
            "without a last chunk",
            b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\n<rss>\r\n".to_vec(),
        ),
        (
            "gzip without its trailer",
            [
                format!("HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: {}\r\n\r\n", cut.len())
                    .as_bytes(),
                cut,
            ]
            .concat(),
        ),
        (
            "gzip cut off with the connection",
            [&b"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\n\r\n"[..], cut].concat(),
        ),
    ];
    for (name, bytes) in cases {
        let publisher = Publisher::start(move |_| Reply::Close(bytes.clone())).await;
        let error = get(&fetcher(), &publisher.url("/")).await.unwrap_err();
        let is_named = matches!(error, FetchError::Broken { .. } | FetchError::Coding { .. });
        assert!(is_named, "case {name}: {error:?}");
    }
}

#[tokio::test]
async fn the_same_body_has_the_same_hash_whatever_its_coding() {
    let mut hashes = Vec::new();
    for (coding, coded) in codings() {
        let publisher =
            Publisher::start(move |_| Reply::ok(&format!("Content-Encoding: {coding}\r\n"), &coded)).await;
        hashes.push(document(get(&fetcher(), &publisher.url("/")).await).1.body_hash.unwrap());
    }
    hashes.dedup();
    assert_eq!(hashes.len(), 1);
}
