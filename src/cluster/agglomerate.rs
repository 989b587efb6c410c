//! From scored pairs to stories: the best pair of groups joins first, again and again, until none scores high enough.
//! What comes out depends on the scores alone, not on the order in which the entries came.

use std::cmp::Ordering;
use std::collections::{BTreeMap, BinaryHeap};

/// How groups are joined.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Linkage {
    /// Groups that score at least this join.
    pub(super) fold: f32,
    /// What the best pair counts; the rest is the mean of all pairs. A chain has good pairs and a bad mean.
    pub(super) best_share: f32,
    /// Groups do not grow beyond this on likeness.
    pub(super) most: usize,
}

/// Pairs between two groups, summed up.
#[derive(Debug, Clone, Copy, Default)]
struct Link {
    sum: f32,
    best: f32,
}

#[derive(Debug, Clone, Copy, PartialEq)]
struct Proposal {
    score: f32,
    one: usize,
    other: usize,
    /// Sizes when it was made; stale when they have changed.
    sizes: (usize, usize),
}

impl Eq for Proposal {}

impl Ord for Proposal {
    fn cmp(&self, other: &Self) -> Ordering {
        // The best first; among equals the earliest entries, so that ties have one answer.
        self.score.total_cmp(&other.score).then_with(|| (other.one, other.other).cmp(&(self.one, self.other)))
    }
}

impl PartialOrd for Proposal {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

/// Groups of entries `0..count`. `certain` pairs join first whatever they score, unless `is_apart` forbids.
#[derive(Debug)]
pub(super) struct Groups {
    /// The group of each entry.
    label: Vec<usize>,
    members: Vec<Vec<usize>>,
    links: Vec<BTreeMap<usize, Link>>,
}

impl Groups {
    /// Every entry alone, linked by scored pairs.
    pub(super) fn new(count: usize, pairs: &[(usize, usize, f32)]) -> Self {
        let mut this = Self {
            label: (0..count).collect(),
            members: (0..count).map(|entry| vec![entry]).collect(),
            links: vec![BTreeMap::new(); count],
        };
        for (one, other, score) in pairs.iter().filter(|(one, other, _)| one != other) {
            for (from, to) in [(*one, *other), (*other, *one)] {
                if let Some(links) = this.links.get_mut(from) {
                    links.insert(to, Link { sum: *score, best: *score });
                }
            }
        }
        this
    }

    /// The group that an entry is in.
    pub(super) fn of(&self, entry: usize) -> usize {
        self.label.get(entry).copied().unwrap_or(entry)
    }

    /// Entries of a group; none where it was joined to another.
    pub(super) fn members(&self, group: usize) -> &[usize] {
        self.members.get(group).map_or(&[], Vec::as_slice)
    }

    /// Joins the groups of two entries.
    pub(super) fn join(&mut self, one: usize, other: usize) {
        let (one, other) = (self.of(one), self.of(other));
        if one == other {
            return;
        }
        let (into, from) = (one.min(other), one.max(other));
        let movers = self.members.get_mut(from).map(std::mem::take).unwrap_or_default();
        for mover in &movers {
            if let Some(label) = self.label.get_mut(*mover) {
                *label = into;
            }
        }
        if let Some(members) = self.members.get_mut(into) {
            members.extend(movers);
        }
        let links = self.links.get_mut(from).map(std::mem::take).unwrap_or_default();
        for (neighbour, link) in links {
            if let Some(theirs) = self.links.get_mut(neighbour) {
                theirs.remove(&from);
            }
            if neighbour == into {
                continue;
            }
            for (at, to) in [(into, neighbour), (neighbour, into)] {
                if let Some(links) = self.links.get_mut(at) {
                    let known = links.entry(to).or_default();
                    known.sum += link.sum;
                    known.best = known.best.max(link.best);
                }
            }
        }
    }

    fn size(&self, group: usize) -> usize {
        self.members(group).len()
    }

    /// Joins groups while any two score high enough.
    pub(super) fn run(&mut self, linkage: Linkage, is_apart: impl Fn(&[usize], &[usize]) -> bool) {
        let mut heap = BinaryHeap::new();
        for group in 0..self.members.len() {
            self.propose(group, linkage, &mut heap, |other| other > group);
        }
        while let Some(proposal) = heap.pop() {
            let Proposal { one, other, sizes, .. } = proposal;
            if sizes != (self.size(one), self.size(other)) || is_apart(self.members(one), self.members(other))
            {
                continue;
            }
            self.join(one, other);
            self.propose(one.min(other), linkage, &mut heap, |_| true);
        }
    }

    fn propose(
        &self,
        group: usize,
        linkage: Linkage,
        heap: &mut BinaryHeap<Proposal>,
        wanted: impl Fn(usize) -> bool,
    ) {
        for (other, link) in self.links.get(group).into_iter().flatten().filter(|(other, _)| wanted(**other))
        {
            let sizes = (self.size(group), self.size(*other));
            let score = story_score(link.best, link.sum, sizes.0 * sizes.1, linkage.best_share);
            if score >= linkage.fold && sizes.0 + sizes.1 <= linkage.most {
                let (one, other, sizes) =
                    if group < *other { (group, *other, sizes) } else { (*other, group, (sizes.1, sizes.0)) };
                heap.push(Proposal { score, one, other, sizes });
            }
        }
    }
}

/// How the pairs of two groups bear each other out: many middling ones say more than their mean, 1 would be the mean.
/// .9 was best with weeks held out (.8 joins what hangs together by one word).
const CORROBORATION: f32 = 0.9;

/// The score of two groups: of their `pairs` pairs, `sum` is the scores' sum (what was not compared counts nothing).
#[expect(clippy::cast_precision_loss, reason = "groups are small")]
pub(super) fn story_score(best: f32, sum: f32, pairs: usize, best_share: f32) -> f32 {
    let rest = (sum / (pairs.max(1) as f32).powf(CORROBORATION)).min(best);
    best_share * best + (1.0 - best_share) * rest
}

#[cfg(test)]
mod tests {
    use super::*;

    const LINKAGE: Linkage = Linkage { fold: 0.7, best_share: 0.5, most: 40 };

    fn stories(count: usize, pairs: &[(usize, usize, f32)]) -> Vec<usize> {
        let mut groups = Groups::new(count, pairs);
        groups.run(LINKAGE, |_, _| false);
        (0..count).map(|entry| groups.of(entry)).collect()
    }

    #[test]
    fn a_chain_of_likeness_is_no_story() {
        assert_eq!(stories(4, &[(0, 1, 0.9), (1, 2, 0.85), (2, 3, 0.9)]), [0, 0, 2, 2]);
    }

    #[test]
    fn what_is_alike_all_round_joins() {
        assert_eq!(stories(3, &[(0, 1, 0.9), (1, 2, 0.8), (0, 2, 0.7)]), [0, 0, 0]);
    }

    #[test]
    fn the_order_of_pairs_does_not_matter() {
        let mut pairs = vec![(0, 1, 0.8), (1, 2, 0.8), (2, 3, 0.8), (0, 2, 0.75), (1, 3, 0.3)];
        let once = stories(4, &pairs);
        pairs.reverse();
        assert_eq!(stories(4, &pairs), once);
    }
}
