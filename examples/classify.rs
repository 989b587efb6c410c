//! `chipwire classify` without the command line: JSON lines of entries on standard input, verdicts on standard
//! output. With `--bench` it reads all first and says how many entries a second it judges, several times over.

#![expect(clippy::print_stderr, reason = "a program of the command line")]
#![expect(clippy::disallowed_methods, reason = "a benchmark needs a clock")]

use chipwire::classify::{Classifier, DEFAULT_THRESHOLD, RulesFile, line};
use std::io::{BufRead, Write};
use std::time::Instant;

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let classifier = Classifier::new(&RulesFile::builtin()?, DEFAULT_THRESHOLD)?;
    let lines: Vec<String> = std::io::stdin().lock().lines().collect::<Result<_, _>>()?;
    if std::env::args().any(|argument| argument == "--bench") {
        bench(&classifier, &lines);
        return Ok(());
    }
    let mut output = std::io::BufWriter::new(std::io::stdout().lock());
    for one in lines.iter().filter(|line| !line.trim().is_empty()) {
        writeln!(output, "{}", line(&classifier, one))?;
    }
    Ok(())
}

/// Judging alone, without reading or writing JSON.
fn bench(classifier: &Classifier, lines: &[String]) {
    let entries: Vec<_> = lines.iter().filter_map(|line| chipwire::classify::entry(line).ok()).collect();
    let context = chipwire::classify::FeedContext::default();
    let rounds = 200_000_usize.div_ceil(entries.len().max(1));
    for _ in 0..3 {
        let start = Instant::now();
        let mut relevant = 0_usize;
        for _ in 0..rounds {
            relevant +=
                entries.iter().filter(|(entry, _)| classifier.judge(entry, &context).relevant).count();
        }
        let seconds = start.elapsed().as_secs_f64();
        let judged = rounds * entries.len();
        #[expect(clippy::cast_precision_loss, reason = "a rate for a person to read")]
        let rate = judged as f64 / seconds;
        eprintln!("{judged} entries in {seconds:.3} s: {rate:.0} a second ({relevant} relevant)");
    }
}
