//! What two entries have in common in words.

use super::super::side::{RARE, Side, SideWord, mark};

/// What is common in words.
pub(super) struct Shared {
    pub(super) cosine_title: f32,
    pub(super) cosine_headline: f32,
    pub(super) cosine_all: f32,
    pub(super) cosine_summary: f32,
    /// Idf of the shared words of headlines and URLs, largest first.
    pub(super) idfs: Vec<f32>,
    pub(super) title_sum: f32,
    /// Weight of each headline that is anywhere in the other.
    pub(super) one_covered: f32,
    pub(super) other_covered: f32,
    pub(super) across: [f32; 3],
    pub(super) title_summary: [f32; 2],
    pub(super) rare: [u8; 3],
    /// The two rarest shared words by what is live now, and the sum; see [`SideWord::local`].
    pub(super) local: [f32; 3],
    pub(super) burst: f32,
    /// Weight of all shared words, by either side's weights.
    pub(super) all: [f32; 2],
    pub(super) places: u8,
    /// The heaviest headline word of each that the other lacks.
    pub(super) left: [f32; 2],
}

impl Shared {
    pub(super) fn of(one: &Side, other: &Side) -> Self {
        let mut this = Self {
            cosine_title: 0.0,
            cosine_headline: 0.0,
            cosine_all: 0.0,
            cosine_summary: 0.0,
            idfs: Vec::with_capacity(12),
            title_sum: 0.0,
            one_covered: 0.0,
            other_covered: 0.0,
            across: [0.0; 3],
            title_summary: [0.0; 2],
            rare: [0; 3],
            local: [0.0; 3],
            burst: 0.0,
            all: [0.0; 2],
            places: 0,
            left: [0.0; 2],
        };
        let mut covered = 0_u64;
        for theirs in &other.words {
            let Some((at, ours)) = one.place_of(theirs.id).and_then(|at| Some((at, one.words.get(at)?)))
            else {
                this.left[1] = this.left[1].max(theirs.title);
                continue;
            };
            covered |= 1 << at.min(63);
            this.add(ours, theirs, other.live);
        }
        for (at, ours) in one.words.iter().enumerate() {
            if covered & (1 << at.min(63)) == 0 {
                this.left[0] = this.left[0].max(ours.title);
            }
        }
        this.cosine_title /= one.title_norm * other.title_norm;
        this.cosine_headline /= one.headline_norm * other.headline_norm;
        this.cosine_all /= one.all_norm * other.all_norm;
        this.cosine_summary /= one.summary_norm * other.summary_norm;
        this.across[0] /= one.title_norm * other.slug_norm;
        this.across[1] /= one.slug_norm * other.title_norm;
        this.across[2] /= one.slug_norm * other.slug_norm;
        this.title_summary[0] /= one.title_norm * other.summary_norm;
        this.title_summary[1] /= one.summary_norm * other.title_norm;
        this.idfs.sort_unstable_by(|a, b| b.total_cmp(a));
        this
    }

    fn add(&mut self, ours: &SideWord, theirs: &SideWord, live: u32) {
        let idf = theirs.term.idf;
        self.cosine_title += ours.title * theirs.title;
        self.cosine_headline += ours.headline * theirs.headline;
        self.cosine_all += ours.all * theirs.all;
        self.all[0] += ours.all;
        self.all[1] += theirs.all;
        self.cosine_summary += ours.summary * theirs.summary;
        self.across[0] += ours.title * theirs.slug;
        self.across[1] += ours.slug * theirs.title;
        self.across[2] += ours.slug * theirs.slug;
        self.title_summary[0] += ours.title * theirs.summary;
        self.title_summary[1] += ours.summary * theirs.title;
        self.one_covered += ours.title;
        self.other_covered += theirs.title;
        if ours.title > 0.0 && theirs.title > 0.0 {
            self.title_sum += ours.title;
            self.places += u8::from(theirs.term.sense.is_place);
        }
        let both_headline = ours.is_headline() && theirs.is_headline();
        if both_headline {
            self.idfs.push(idf);
            let (local, local_only) = theirs.local(live);
            if local > self.local[0] {
                self.local = [local, self.local[0], self.local[2]];
            } else if local > self.local[1] {
                self.local[1] = local;
            }
            self.local[2] += local;
            self.burst += (local_only - 1.5).max(0.0) * (idf / 5.0).min(1.0);
        }
        if idf > RARE && theirs.marks & mark::NUMBER == 0 {
            self.rare[0] += u8::from(ours.title > 0.0 && theirs.title > 0.0);
            self.rare[1] += u8::from(both_headline);
            self.rare[2] += u8::from(ours.is_headline() || theirs.is_headline());
        }
    }

    pub(super) fn idf(&self, rank: usize) -> f32 {
        self.idfs.get(rank).copied().unwrap_or(0.0)
    }
}
