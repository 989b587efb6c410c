//! Makes the tables that the story engine ships with.
//!
//! - `train_stories background` reads JSON lines with `title` and `publisher` on standard input and prints
//!   `config/story-terms.tsv`: how often each word occurs in headlines, counts only.
#![expect(clippy::print_stdout, clippy::print_stderr, reason = "a program for the terminal")]

use chipwire::cluster::Publishers;
use chipwire::cluster::training::Background;
use std::io::BufRead;
use std::process::ExitCode;

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let result = match arguments.first().map(String::as_str) {
        Some("background") => background(),
        _ => Err("usage: train_stories background < stream.jsonl".into()),
    };
    match result {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("{error}");
            ExitCode::FAILURE
        }
    }
}

fn background() -> Result<(), Box<dyn std::error::Error>> {
    let publishers = Publishers::shipped();
    let mut background = Background::default();
    for line in std::io::stdin().lock().lines() {
        let entry: serde_json::Value = serde_json::from_str(&line?)?;
        let text = |key: &str| entry.get(key).and_then(serde_json::Value::as_str).unwrap_or_default();
        background.count(text("title"), text("publisher"), &publishers);
    }
    print!("{}", background.table());
    Ok(())
}
