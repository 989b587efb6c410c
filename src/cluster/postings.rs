//! Which entries carry a word: of each word the newest few. Lists lie in pools by size, so that a million rare words
//! cost a few bytes each, and a list is read from one place in memory.

use super::dictionary::NONE;

/// Sizes of lists, in entries. The first lies in the list itself.
const SIZES: [usize; 4] = [1, 4, 16, MOST];
/// Of each word so many entries are kept, the newest.
const MOST: usize = 80;

/// A word's list: where it lies, and how much of it is used. Once full it is a ring.
#[derive(Debug, Clone, Copy)]
pub(super) struct List {
    /// The entry itself where there is room for one only; else the place in the pool.
    at: u32,
    size: u8,
    used: u8,
    /// The oldest entry, where it is full: the next to be overwritten.
    oldest: u8,
}

impl List {
    /// A list without entries.
    pub(super) const EMPTY: Self = Self { at: NONE, size: 0, used: 0, oldest: 0 };
}

/// The lists of all words.
#[derive(Debug, Default)]
pub(super) struct Postings {
    pools: [Vec<u32>; SIZES.len()],
    free: [Vec<u32>; SIZES.len()],
}

impl Postings {
    /// Adds an entry to a list; entries below `first` are no more and make room.
    pub(super) fn push(&mut self, list: &mut List, number: u32, first: u32) {
        let size = SIZES.get(usize::from(list.size)).copied().unwrap_or(MOST);
        if usize::from(list.used) == size {
            if self.get(*list, usize::from(list.oldest)) < first || size == MOST {
                self.set(list, usize::from(list.oldest), number);
                list.oldest = if usize::from(list.oldest) + 1 == size { 0 } else { list.oldest + 1 };
                return;
            }
            self.enlarge(list);
        }
        self.set(list, usize::from(list.used), number);
        list.used += 1;
    }

    /// The entries of a list, in no order that means anything.
    pub(super) fn entries<'a>(&'a self, list: &'a List) -> &'a [u32] {
        let used = usize::from(list.used);
        if list.size == 0 {
            return std::slice::from_ref(&list.at).get(..used).unwrap_or_default();
        }
        let start = list.at as usize;
        let pool = self.pools.get(usize::from(list.size));
        pool.and_then(|pool| pool.get(start..start + used)).unwrap_or_default()
    }

    /// Gives the room of a list to others.
    pub(super) fn release(&mut self, list: &mut List) {
        if list.size > 0
            && let Some(free) = self.free.get_mut(usize::from(list.size))
        {
            free.push(list.at);
        }
        *list = List::EMPTY;
    }

    fn get(&self, list: List, place: usize) -> u32 {
        self.entries(&list).get(place).copied().unwrap_or(NONE)
    }

    fn set(&mut self, list: &mut List, place: usize, number: u32) {
        if list.size == 0 {
            list.at = number;
        } else if let Some(slot) =
            self.pools.get_mut(usize::from(list.size)).and_then(|pool| pool.get_mut(list.at as usize + place))
        {
            *slot = number;
        }
    }

    /// Moves a full list into the next size, its oldest entry first.
    fn enlarge(&mut self, list: &mut List) {
        let mut kept = [NONE; MOST];
        let old = self.entries(list);
        let (newer, older) = old.split_at_checked(usize::from(list.oldest)).unwrap_or((old, &[]));
        for (slot, number) in kept.iter_mut().zip(older.iter().chain(newer)) {
            *slot = *number;
        }
        let used = list.used;
        let size = list.size + 1;
        self.release(list);
        let length = SIZES.get(usize::from(size)).copied().unwrap_or(MOST);
        let (Some(pool), Some(free)) =
            (self.pools.get_mut(usize::from(size)), self.free.get_mut(usize::from(size)))
        else {
            return;
        };
        let at = free.pop().unwrap_or_else(|| {
            let at = u32::try_from(pool.len()).unwrap_or(NONE);
            pool.resize(pool.len() + length, NONE);
            at
        });
        *list = List { at, size, used, oldest: 0 };
        for (slot, number) in pool.iter_mut().skip(at as usize).zip(kept.iter().take(usize::from(used))) {
            *slot = *number;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sorted(postings: &Postings, list: List) -> Vec<u32> {
        let mut entries = postings.entries(&list).to_vec();
        entries.sort_unstable();
        entries
    }

    #[test]
    fn a_list_keeps_its_newest_entries() {
        let mut postings = Postings::default();
        let mut lists = [List::EMPTY; 3];
        for number in 0..300 {
            for (list, every) in lists.iter_mut().zip([1, 7, 200]) {
                if number % every == 0 {
                    postings.push(list, number, 0);
                }
            }
        }
        assert_eq!(sorted(&postings, lists[0]), (220..300).collect::<Vec<u32>>());
        assert_eq!(sorted(&postings, lists[1]), (0..300).step_by(7).collect::<Vec<u32>>());
        assert_eq!(sorted(&postings, lists[2]), [0, 200]);
    }

    #[test]
    fn entries_that_are_gone_make_room() {
        let mut postings = Postings::default();
        let mut list = List::EMPTY;
        for number in 0..1_000_u32 {
            postings.push(&mut list, number, number.saturating_sub(3));
        }
        assert_eq!(sorted(&postings, list), [996, 997, 998, 999]);
    }

    #[test]
    fn the_room_of_a_list_is_used_again() {
        let mut postings = Postings::default();
        for _ in 0..50 {
            let mut list = List::EMPTY;
            for number in 0..10 {
                postings.push(&mut list, number, 0);
            }
            postings.release(&mut list);
        }
        assert_eq!(postings.pools.iter().map(Vec::len).sum::<usize>(), 4 + 16);
    }
}
