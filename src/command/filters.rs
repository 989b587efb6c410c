//! The stages as filters: parse, classify and cluster on standard input, with the daemon's own code and configuration. They
//! open no data directory and begin empty.

mod documents;

pub(super) use documents::{ParseArguments, parse};

use super::{Context, Failure, Outcome, print};
use crate::classify::{self, FeedContext};
use crate::cluster::lines::Lines;
use crate::model::{Entry, Verdict};
use crate::pipeline::Rules;
use std::io::{self, BufRead};

/// A line of more bytes is no entry.
const LONGEST_LINE_BYTES: usize = 16 << 20;

/// `chipwire classify`.
pub(super) fn classify(context: &Context) -> Outcome {
    let rules = context.current()?.rules;
    each_line(|line| print(&classify::line(&rules.classifier, line)))?;
    Ok(0)
}

/// `chipwire cluster`.
pub(super) fn cluster(context: &Context, keep_all: bool, online: bool) -> Outcome {
    let current = context.current()?;
    let rules = current.rules.clone();
    let mut lines = Lines::new(current.engine_settings(), rules.publishers.clone());
    each_line(|line| {
        let answer = lines.take(line, keep_all, |entry, publisher| judge(&rules, entry, publisher));
        if online { print(&answer) } else { Ok(()) }
    })?;
    if !online {
        for answer in lines.finish() {
            print(&answer)?;
        }
    }
    Ok(0)
}

fn judge(rules: &Rules, entry: &Entry, publisher: &str) -> Verdict {
    rules.classifier.judge(entry, &FeedContext { publisher, category: "", relevant_share: None })
}

/// Every line of standard input that is not blank; what is no UTF-8 is read as far as it goes.
fn each_line(mut take: impl FnMut(&str) -> Result<(), Failure>) -> Result<(), Failure> {
    let mut input = io::stdin().lock();
    let mut line = Vec::new();
    loop {
        line.clear();
        if input.read_until(b'\n', &mut line)? == 0 {
            return Ok(());
        }
        line.truncate(LONGEST_LINE_BYTES);
        let text = String::from_utf8_lossy(&line);
        if !text.trim().is_empty() {
            take(text.trim())?;
        }
    }
}
