//! Load on the story engine: how many entries a second, how long the slowest hundredth takes and how much memory there
//! is, at 10,000 to 1,000,000 live entries. `cargo bench --bench cluster [-- COUNT …]`. The stream is made up (words by
//! Zipf's law, a fifth of the entries retell an earlier one, a third have a summary); it measures load, never quality.
#![expect(clippy::print_stdout, clippy::disallowed_methods, reason = "a measuring program for the terminal")]

use chipwire::cluster::lines::Lines;
use chipwire::cluster::{Publishers, Settings};
use chipwire::model::{Kind, Verdict};
use std::fmt::Write;
use std::time::{Duration, Instant};

/// Words of the made-up vocabulary.
const WORDS: f64 = 120_000.0;
/// Entries that are measured at each size.
const MEASURED: usize = 20_000;
/// The window, in seconds: so long the live entries are spread over.
const WINDOW: usize = 14 * 86_400;
const NAMES: [&str; 16] = [
    "Nvidia", "AMD", "Intel", "TSMC", "Samsung", "Micron", "Qualcomm", "Broadcom", "Arm", "ASML", "Apple",
    "Google", "Amazon", "Infineon", "Cerebras", "Tower",
];

fn main() {
    let counts: Vec<usize> = std::env::args().filter_map(|argument| argument.parse().ok()).collect();
    let counts = if counts.is_empty() { vec![10_000, 100_000, 400_000, 1_000_000] } else { counts };
    println!("{:>10} {:>14} {:>10} {:>10} {:>12}", "live", "entries/CPU s", "p50 us", "p99 us", "engine MiB");
    for count in counts {
        measure(count);
    }
}

fn measure(live: usize) {
    let before = resident_kib();
    let mut stream = Stream::new(live);
    let mut engine = Lines::new(Settings::default(), Publishers::shipped()).without_answers();
    for _ in 0..live {
        engine.take(&stream.next(), true, |_, _| verdict());
    }
    let memory = resident_kib().saturating_sub(before);
    let lines: Vec<String> = (0..MEASURED).map(|_| stream.next()).collect();
    let mut times = Vec::with_capacity(MEASURED);
    let cpu = cpu_seconds();
    for line in &lines {
        let start = Instant::now();
        engine.take(line, true, |_, _| verdict());
        times.push(start.elapsed());
    }
    let all = cpu_seconds() - cpu;
    times.sort_unstable();
    let rank = |share: usize| times.get(MEASURED * share / 100).map_or(0, Duration::as_micros);
    let rate = f64::from(u32::try_from(MEASURED).unwrap_or(0)) / all;
    println!("{live:>10} {rate:>14.0} {:>10} {:>10} {:>12}", rank(50), rank(99), memory / 1024);
}

fn verdict() -> Verdict {
    Verdict { relevant: true, score: 1.0, kind: Kind::News, topics: Vec::new(), reasons: Vec::new() }
}

fn resident_kib() -> usize {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
    line.and_then(|line| line.split_whitespace().next()?.parse().ok()).unwrap_or(0)
}

/// Processor time of this process so far; Linux counts it in hundredths of a second.
fn cpu_seconds() -> f64 {
    let stat = std::fs::read_to_string("/proc/self/stat").unwrap_or_default();
    let fields = stat.rsplit_once(')').map_or("", |(_, fields)| fields).split_whitespace();
    fields.skip(11).take(2).filter_map(|field| field.parse::<f64>().ok()).sum::<f64>() / 100.0
}

/// A made-up stream of entries, as JSON lines.
struct Stream {
    number: usize,
    live: usize,
    seed: u64,
    recent: Vec<String>,
}

impl Stream {
    fn new(live: usize) -> Self {
        Self { number: 0, live, seed: 1, recent: Vec::new() }
    }

    /// From 0 to 1 (a linear congruential generator, Knuth's MMIX constants).
    fn random(&mut self) -> f64 {
        self.seed = self.seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        f64::from(u32::try_from(self.seed >> 33).unwrap_or(0)) / f64::from(1_u32 << 31)
    }

    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "a rank is a small whole number"
    )]
    fn word(&mut self) -> String {
        let rank = (WORDS.ln() * self.random()).exp() as usize;
        let syllables = ["ba", "ko", "ti", "ren", "lu", "sor", "vim", "da", "pel", "gon", "ix", "mar"];
        let mut word = String::new();
        let mut rest = rank + 7;
        while rest > 0 {
            word += syllables.get(rest % syllables.len()).unwrap_or(&"");
            rest /= syllables.len();
        }
        word
    }

    fn words(&mut self, count: usize) -> String {
        let words: Vec<String> = (0..count).map(|_| self.word()).collect();
        words.join(" ")
    }

    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        clippy::cast_precision_loss,
        reason = "a place in a short list"
    )]
    fn next(&mut self) -> String {
        let name = NAMES.get((self.random() * 16.0) as usize).copied().unwrap_or("Arm");
        let retold = if self.recent.is_empty() || self.random() > 0.2 {
            None
        } else {
            let at = (self.random() * self.recent.len() as f64) as usize;
            self.recent.get(at).cloned()
        };
        let mut is_original = true;
        let title = match retold {
            // A retelling is no original: chains of retellings do not grow.
            Some(title) => {
                is_original = false;
                let kept: Vec<&str> = title.split(' ').skip(1).take(7).collect();
                format!("{name} {} {}", kept.join(" "), self.words(2))
            }
            None => format!("{name} {} {}", self.words(8), (self.random() * 5_000.0) as u32),
        };
        let summary = if self.random() < 0.33 { self.words(26) } else { String::new() };
        self.number += 1;
        if !is_original {
        } else if self.recent.len() < 200 {
            self.recent.push(title.clone());
        } else if let Some(slot) = self.recent.get_mut(self.number % 200) {
            slot.clone_from(&title);
        }
        let seconds = self.number * WINDOW / self.live.max(1);
        let at = chrono::DateTime::from_timestamp(1_780_000_000 + i64::try_from(seconds).unwrap_or(0), 0);
        let mut url = format!("https://site{}.example/", self.number % 997);
        let _ = write!(url, "{}-{}", title.to_lowercase().replace(' ', "-"), self.number);
        serde_json::json!({
            "id": self.number.to_string(), "title": title, "summary": summary, "url": url,
            "publisher": format!("Site {}", self.number % 997), "published": at.map(|at| at.to_rfc3339()),
        })
        .to_string()
    }
}
