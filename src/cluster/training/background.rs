//! Making the shipped tables: background counts from a stream, weights from labelled weeks. Used by
//! `examples/train_stories.rs`; nothing of the daemon calls it.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write;

use super::super::headline;
use super::super::publishers::Publishers;
use super::super::words;
use crate::text;

/// Words that occur in fewer headlines are left out: they are as good as unknown.
const LEAST_COUNT: u32 = 3;

/// How often each word occurs in headlines.
#[derive(Debug, Default)]
pub struct Background {
    headlines: u32,
    chip_headlines: u32,
    counts: BTreeMap<String, (u32, u32)>,
    seen: BTreeSet<String>,
}

impl Background {
    /// Counts a headline, once however often it comes.
    pub fn count(&mut self, title: &str, publisher: &str, publishers: &Publishers) {
        let plain = text::one_line(&text::plain(title));
        let bare = headline::bare(&plain, publisher, publishers);
        let opening: String = bare.to_lowercase().chars().take(60).collect();
        if opening.is_empty() || !self.seen.insert(opening) {
            return;
        }
        let words: BTreeSet<String> = words::read(bare).words.into_iter().map(|word| word.text).collect();
        let is_chip = words.iter().any(|word| is_chip_word(word));
        self.headlines += 1;
        self.chip_headlines += u32::from(is_chip);
        for word in words {
            let (all, chip) = self.counts.entry(word).or_default();
            *all += 1;
            *chip += u32::from(is_chip);
        }
    }

    /// The table as it ships: counts only.
    pub fn table(&self) -> String {
        let mut table = format!("#headlines\t{}\t{}\n", self.headlines, self.chip_headlines);
        for (word, (all, chip)) in self.counts.iter().filter(|(_, (all, _))| *all >= LEAST_COUNT) {
            let _ = writeln!(table, "{word}\t{all}\t{chip}");
        }
        table
    }
}

/// Whether a headline is one about chips, roughly.
pub fn is_about_chips(title: &str) -> bool {
    words::read(title).words.iter().any(|word| is_chip_word(&word.text))
}

/// Words that make a headline one about chips, roughly: enough to count how common a word is among those.
fn is_chip_word(word: &str) -> bool {
    const WORDS: [&str; 34] = [
        "semiconductor",
        "chip",
        "chipmaker",
        "nvidia",
        "amd",
        "intel",
        "tsmc",
        "skhynix",
        "micron",
        "gpu",
        "processor",
        "hbm",
        "dram",
        "nand",
        "asml",
        "qualcomm",
        "broadcom",
        "foundry",
        "wafer",
        "ryzen",
        "radeon",
        "geforc",
        "rtx",
        "xeon",
        "epyc",
        "snapdragon",
        "arm",
        "silicon",
        "risc",
        "ssd",
        "smic",
        "trainium",
        "tpu",
        "asic",
    ];
    WORDS.contains(&word)
}
