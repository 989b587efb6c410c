//! `chipwire cluster --all` without the filter: entries as JSON lines on standard input, their stories on standard
//! output. `--online` prints each assignment at once.
#![expect(clippy::print_stdout, reason = "its output is standard output")]

use chipwire::cluster::lines::Lines;
use chipwire::cluster::{Publishers, Settings};
use chipwire::model::{Kind, Verdict};
use std::io::BufRead;

fn main() -> std::io::Result<()> {
    let is_online = std::env::args().any(|argument| argument == "--online");
    let mut lines = Lines::new(Settings::default(), Publishers::shipped());
    let verdict =
        Verdict { relevant: true, score: 1.0, kind: Kind::News, topics: Vec::new(), reasons: Vec::new() };
    for line in std::io::stdin().lock().lines() {
        let answer = lines.take(&line?, true, |_, _| verdict.clone());
        if is_online {
            println!("{answer}");
        }
    }
    if !is_online {
        for answer in lines.finish() {
            println!("{answer}");
        }
    }
    Ok(())
}
