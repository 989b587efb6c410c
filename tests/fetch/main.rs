//! The fetcher against a scripted publisher on loopback, over real HTTP. Each test is named for what the
//! publisher sees or what the caller gets.

#![expect(clippy::unwrap_used, clippy::indexing_slicing, clippy::panic, reason = "a test may fail loudly")]

mod abuse;
#[path = "../tls_support/authority.rs"]
mod authority;
mod bodies;
mod conditional;
mod polls;
mod publisher;
mod redirects;
mod tls;

use chipwire::fetch::{FetchError, FetchRequest, Fetched, Fetcher, Limits, Settings};
use chipwire::model::{Answer, Document, Timestamp, Validators};
use std::time::Duration;

const MAX_BODY_BYTES: u64 = 1 << 20;

fn now() -> Timestamp {
    "2026-03-01T12:00:00Z".parse().unwrap()
}

fn settings() -> Settings {
    Settings {
        contact: Some("https://operator.example/".to_owned()),
        limits: Limits::new(Duration::from_secs(30), MAX_BODY_BYTES),
        allow_networks: vec!["127.0.0.1/32".parse().unwrap()],
        extra_ca: None,
    }
}

fn fetcher() -> Fetcher {
    Fetcher::new(&settings()).unwrap()
}

/// A fetcher that gives up after a fraction of a second.
fn impatient() -> Fetcher {
    let limits = Limits {
        connect_timeout: Duration::from_millis(200),
        head_timeout: Duration::from_millis(300),
        ..Limits::new(Duration::from_millis(400), MAX_BODY_BYTES)
    };
    Fetcher::new(&Settings { limits, ..settings() }).unwrap()
}

async fn get(fetcher: &Fetcher, url: &str) -> Result<Fetched, FetchError> {
    fetcher.fetch(FetchRequest::first(url, now())).await
}

async fn get_with(fetcher: &Fetcher, url: &str, validators: &Validators) -> Result<Fetched, FetchError> {
    fetcher.fetch(FetchRequest { url: url.to_owned(), validators: validators.clone(), now: now() }).await
}

#[track_caller]
fn document(fetched: Result<Fetched, FetchError>) -> (Document, Answer) {
    match fetched.unwrap() {
        Fetched::Document(document, answer) => (document, answer),
        Fetched::Unchanged(answer) => panic!("unchanged: {answer:?}"),
    }
}

#[track_caller]
fn unchanged(fetched: Result<Fetched, FetchError>) -> Answer {
    match fetched.unwrap() {
        Fetched::Unchanged(answer) => answer,
        Fetched::Document(document, _) => panic!("a document: {document:?}"),
    }
}
