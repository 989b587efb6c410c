//! How fast documents are parsed, beside plain feed-rs, in one run on one thread.
//!
//! `parse_speed ROUNDS < LIST`, where LIST has the lines that `chipwire parse --batch` reads. Prints megabytes a second
//! for the documents that feed-rs reads (`well-formed`) and for all.

use chipwire::model::Document;
use chipwire::parse::{Limits, parse};
use std::hint::black_box;
use std::io::{BufRead as _, Write as _};
use std::time::Instant;
use url::Url;

#[derive(serde::Deserialize)]
struct Line {
    path: String,
    base: Option<String>,
    content_type: Option<String>,
}

fn main() -> std::io::Result<()> {
    let rounds: u32 = std::env::args().nth(1).and_then(|rounds| rounds.parse().ok()).unwrap_or(5);
    let mut documents = Vec::new();
    for line in std::io::stdin().lock().lines() {
        let line: Line = serde_json::from_str(&line?)?;
        let base = line.base.as_deref().unwrap_or("http://localhost/");
        let Ok(url) = Url::parse(base) else { continue };
        let body = std::fs::read(&line.path)?.into();
        documents.push(Document { url, content_type: line.content_type, body, is_delta: false });
    }
    let well_formed: Vec<_> = documents.iter().filter(|document| with_feed_rs(document)).collect();
    let all: Vec<_> = documents.iter().collect();
    let limits = Limits::default();
    let mut out = std::io::stdout().lock();
    for (name, documents) in [("well-formed", well_formed), ("all", all)] {
        let bytes: usize = documents.iter().map(|document| document.body.len()).sum();
        let ours = measure(rounds, &documents, |document| parse(document, &limits).is_ok());
        let plain = measure(rounds, &documents, with_feed_rs);
        #[expect(clippy::cast_precision_loss, reason = "megabytes for people")]
        let speed = |seconds: f64| bytes as f64 * f64::from(rounds) / 1e6 / seconds;
        writeln!(
            out,
            "{name}: {} documents, {bytes} bytes; chipwire {:.1} MB/s, feed-rs {:.1} MB/s, ratio {:.2}",
            documents.len(),
            speed(ours),
            speed(plain),
            plain / ours
        )?;
    }
    Ok(())
}

fn with_feed_rs(document: &Document) -> bool {
    let parse = || {
        feed_rs::parser::Builder::new()
            .base_uri(Some(document.url.as_str()))
            .build()
            .parse(&*document.body)
            .is_ok()
    };
    std::panic::catch_unwind(parse).unwrap_or(false)
}

/// The best of the rounds' seconds, times the rounds: what the machine does besides is not counted.
#[expect(clippy::disallowed_methods, reason = "measuring is what this program is for")]
fn measure(rounds: u32, documents: &[&Document], work: impl Fn(&Document) -> bool) -> f64 {
    let one = || {
        let start = Instant::now();
        for document in documents {
            black_box(work(document));
        }
        start.elapsed().as_secs_f64()
    };
    (0..rounds).map(|_| one()).fold(f64::MAX, f64::min) * f64::from(rounds)
}
