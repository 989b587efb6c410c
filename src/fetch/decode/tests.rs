use super::*;
use flate2::Compression;
use flate2::write::{DeflateEncoder, GzEncoder, ZlibEncoder};
use proptest::prelude::*;

const LIMIT: u64 = 1 << 20;

fn gzip(body: &[u8]) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::default());
    encoder.write_all(body).unwrap();
    encoder.finish().unwrap()
}

fn encode(coding: &str, body: &[u8]) -> Vec<u8> {
    match coding {
        "gzip" => gzip(body),
        "deflate" => {
            let mut encoder = ZlibEncoder::new(Vec::new(), Compression::default());
            encoder.write_all(body).unwrap();
            encoder.finish().unwrap()
        }
        "raw" => {
            let mut encoder = DeflateEncoder::new(Vec::new(), Compression::default());
            encoder.write_all(body).unwrap();
            encoder.finish().unwrap()
        }
        "br" => {
            let mut out = Vec::new();
            brotli::BrotliCompress(
                &mut io::Cursor::new(body),
                &mut out,
                &brotli::enc::BrotliEncoderParams::default(),
            )
            .unwrap();
            out
        }
        _ => zstd::encode_all(body, 3).unwrap(),
    }
}

fn decode(codings: &[&str], pieces: &[&[u8]], limit: u64) -> Result<Vec<u8>, DecodeError> {
    let codings: Vec<_> = codings.iter().map(|&coding| coding.to_owned()).collect();
    let mut decoder = Decoder::new(&codings, limit)?;
    for piece in pieces {
        decoder.feed(piece)?;
    }
    decoder.finish()
}

/// The name of the coding on the wire; `raw` is a sloppy server's `deflate`.
fn wire_name(coding: &str) -> &str {
    if coding == "raw" { "deflate" } else { coding }
}

const CODINGS: [&str; 5] = ["gzip", "deflate", "raw", "br", "zstd"];

#[test]
fn every_coding_is_undone_in_pieces_of_any_size() {
    let body: Vec<u8> = (0..50_000_u32).flat_map(|n| (n % 251).to_le_bytes()).collect();
    for coding in CODINGS {
        let coded = encode(coding, &body);
        for size in [1, 7, 4096, usize::MAX] {
            let pieces: Vec<_> = coded.chunks(size.min(coded.len())).collect();
            let decoded = decode(&[wire_name(coding)], &pieces, LIMIT);
            assert!(decoded.as_deref() == Ok(&body[..]), "{coding} in pieces of {size}");
        }
    }
}

#[test]
fn a_truncated_body_of_any_coding_is_an_error() {
    let body = b"a chip and another chip and a wafer".repeat(40);
    for coding in CODINGS {
        let coded = encode(coding, &body);
        for cut in 1..coded.len() {
            let outcome = decode(&[wire_name(coding)], &[&coded[..cut]], LIMIT);
            assert!(outcome.is_err(), "{coding} cut after {cut} of {} bytes gave a body", coded.len());
        }
    }
}

#[test]
fn a_bomb_stops_at_the_limit() {
    let zeroes = vec![0; 8 << 20];
    for coding in CODINGS {
        let outcome = decode(&[wire_name(coding)], &[&encode(coding, &zeroes)], LIMIT);
        assert_eq!(outcome, Err(DecodeError::TooLong(LIMIT)), "{coding}");
    }
}

#[test]
fn a_bomb_within_a_coding_stops_at_the_limit() {
    // Empty members decode to nothing, so only the outer stage grows.
    let empty = gzip(b"").repeat(200_000);
    assert_eq!(decode(&["gzip", "gzip"], &[&gzip(&empty)], LIMIT), Err(DecodeError::TooLong(LIMIT)));
}

#[test]
fn two_codings_are_undone_in_reverse_and_three_are_refused() {
    let coded = encode("br", &gzip(b"twice"));
    assert_eq!(decode(&["gzip", "br"], &[&coded], LIMIT).as_deref(), Ok(&b"twice"[..]));
    assert_eq!(decode(&["gzip", "gzip", "gzip"], &[], LIMIT), Err(DecodeError::TooMany(3)));
    assert_eq!(decode(&["compress"], &[], LIMIT), Err(DecodeError::Unknown("compress".to_owned())));
}

#[test]
fn all_members_of_a_gzip_body_are_decoded_and_padding_is_passed_over() {
    let mut coded = [gzip(b"one "), gzip(b"two")].concat();
    assert_eq!(decode(&["gzip"], &[&coded], LIMIT).as_deref(), Ok(&b"one two"[..]));
    coded.extend([0; 512]);
    assert_eq!(decode(&["gzip"], &[&coded], LIMIT).as_deref(), Ok(&b"one two"[..]));
}

#[test]
fn a_gzip_header_with_every_optional_field_is_read() {
    let plain = gzip(b"body");
    let mut coded = vec![0x1f, 0x8b, 8, 0b1_1110, 0, 0, 0, 0, 0, 3];
    coded.extend([2, 0, b'x', b'y']);
    coded.extend(b"name\0comment\0");
    coded.extend([0, 0]);
    coded.extend(&plain[10..]);
    for size in [1, 3, coded.len()] {
        let pieces: Vec<_> = coded.chunks(size).collect();
        assert_eq!(decode(&["x-gzip"], &pieces, LIMIT).as_deref(), Ok(&b"body"[..]));
    }
}

#[test]
fn a_gzip_body_with_a_wrong_checksum_is_damaged() {
    let mut coded = gzip(b"body");
    let at = coded.len() - 8;
    coded[at] ^= 1;
    assert_eq!(decode(&["gzip"], &[&coded], LIMIT), Err(DecodeError::Damaged("gzip")));
}

#[test]
fn an_empty_body_under_a_coding_is_empty() {
    for coding in ["gzip", "deflate", "zstd"] {
        assert_eq!(decode(&[coding], &[], LIMIT), Ok(Vec::new()), "{coding}");
    }
}

proptest! {
    #[test]
    fn garbage_never_panics(body in proptest::collection::vec(any::<u8>(), 0..2000)) {
        for coding in ["gzip", "deflate", "br", "zstd"] {
            let _ = decode(&[coding], &[&body], LIMIT);
        }
    }
}
