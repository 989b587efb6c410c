//! `verify`: reads every byte of the journal and every record of the index, and changes nothing.

use super::checkpoint::{self, Contents};
use super::error::StoreError;
use super::files::{Files, RealFiles};
use super::index::Index;
use super::journal::Journal;
use super::key;
use super::lock::Lock;
use super::panics::Opening;
use super::record::{
    DecisionRecord, FeedStateRecord, KeptRecord, Record, RejectRecord, StoryRecord, SubscriptionRecord,
};
use super::tree::{Summary, Tree};
use super::{Settings, Store, opening};
use crate::model::FeedId;
use std::ops::Bound;
use std::path::Path;

/// Records read at a time.
const PAGE: usize = 256;
/// So many problems are told; with more, the first ones say enough.
const MAX_PROBLEMS: usize = 100;

/// What was read, and what is wrong with it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct VerifyReport {
    /// The last batch.
    pub sequence: u64,
    /// Bytes of the journal, all checked.
    pub journal_bytes: u64,
    /// Batches in it after its checkpoint.
    pub batches: u64,
    /// Records of the index, all read.
    pub records: u64,
    /// What is wrong, for people; empty is well.
    pub problems: Vec<String>,
}

impl VerifyReport {
    /// Whether nothing is wrong.
    pub fn is_well(&self) -> bool {
        self.problems.is_empty()
    }

    fn problem(&mut self, problem: String) {
        if self.problems.len() < MAX_PROBLEMS {
            self.problems.push(problem);
        }
    }
}

impl Store {
    /// Checks every byte and record while the store is in use.
    pub fn verify(&self) -> Result<VerifyReport, StoreError> {
        let mut report = VerifyReport { sequence: self.sequence, ..VerifyReport::default() };
        check_journal(self.journal.path(), self.files.as_ref(), &mut report)?;
        let shared = &self.shared;
        shared.read(|index| check_index(index, &self.summary, &mut report, &|| shared.step()))?;
        Ok(report)
    }
}

/// Checks every byte and record of a directory that no process has in use. Nothing is repaired: that is for
/// the next start.
pub fn verify(dir: &Path, settings: &Settings) -> Result<VerifyReport, StoreError> {
    let _lock = Lock::take(dir)?;
    let _panics = Opening::begin();
    let mut report = VerifyReport::default();
    check_journal(&Journal::path_in(dir), &RealFiles, &mut report)?;
    let path = opening::index_path(dir);
    if !path.exists() {
        report.problem("there is no index; the next start makes it from the journal".to_owned());
        return Ok(report);
    }
    let index = match Index::open(&path, settings.cache_bytes) {
        Ok(index) => index,
        Err(error) => {
            report.problem(format!("the index cannot be opened: {error}"));
            return Ok(report);
        }
    };
    let state = index.state()?;
    match state.sequence {
        Some(sequence) if sequence > report.sequence => {
            report.problem(format!(
                "the journal ends with batch {}, the index has {sequence}",
                report.sequence
            ));
        }
        // Behind is as a killed process leaves it; the next start replays the rest.
        Some(_) => {}
        None => report.problem("the index was never finished; the next start makes it anew".to_owned()),
    }
    check_index(&index, &state.summary, &mut report, &|| ())?;
    Ok(report)
}

fn check_journal(path: &Path, files: &dyn Files, report: &mut VerifyReport) -> Result<(), StoreError> {
    let failed = |source| StoreError::environment("read the journal", path, source);
    let file = files.open(path).map_err(failed)?;
    let Contents { scan, summary } = checkpoint::contents(file.as_ref()).map_err(failed)?;
    report.sequence = report.sequence.max(scan.last());
    report.journal_bytes = scan.end;
    report.batches = scan.batches.len() as u64;
    for damage in &scan.damage {
        report.problem(format!("journal: {damage}"));
    }
    if scan.last() < report.sequence {
        report.problem(format!("journal: it ends with batch {}, not {}", scan.last(), report.sequence));
    }
    let promised = scan.checkpoint.map(|checkpoint| checkpoint.summary).unwrap_or_default();
    for tree in summary.differences(&promised) {
        report
            .problem(format!("journal: the checkpoint's tree {} does not hold what it should", tree.name()));
    }
    Ok(())
}

fn check_index(
    index: &Index,
    promised: &Summary,
    report: &mut VerifyReport,
    step: &dyn Fn(),
) -> Result<(), StoreError> {
    let found = index.count(step)?;
    report.records = found.records();
    for tree in found.differences(promised) {
        report.problem(format!("index: the tree {} does not hold what it should", tree.name()));
    }
    let count = |tree| found.of(tree).count;
    let pairs = [
        (Tree::Entry, count(Tree::Entry), Tree::Arrival, count(Tree::Arrival)),
        (Tree::Reject, count(Tree::Reject), Tree::RejectTime, count(Tree::RejectTime)),
        (Tree::Story, count(Tree::Story), Tree::StoryTime, count(Tree::StoryTime)),
        (Tree::EntryAlias, count(Tree::EntryAlias), Tree::EntryAliasOf, count(Tree::EntryAliasOf)),
        (Tree::StoryAlias, count(Tree::StoryAlias), Tree::StoryAliasOf, count(Tree::StoryAliasOf)),
    ];
    for (one, ones, other, others) in pairs.into_iter().filter(|(_, ones, _, others)| ones != others) {
        report.problem(format!("index: {ones} in {}, but {others} in {}", one.name(), other.name()));
    }
    if count(Tree::Seen) != count(Tree::Entry) + count(Tree::Reject) {
        report.problem("index: other entries are seen than are kept or rejected".to_owned());
    }
    each::<KeptRecord>((index, step), Tree::Entry, report, |record| check_entry(index, &record))?;
    each::<StoryRecord>((index, step), Tree::Story, report, |record| check_story(index, &record))?;
    each::<RejectRecord>((index, step), Tree::Reject, report, |record| record.reject().map(|_| None))?;
    each::<FeedStateRecord>((index, step), Tree::Feed, report, |record| record.state().map(|_| None))?;
    each::<SubscriptionRecord>((index, step), Tree::Subscription, report, |_| Ok(None))?;
    each::<DecisionRecord>((index, step), Tree::Decision, report, |_| Ok(None))
}

/// Reads all records of a tree; one that can't be read, or that something is wrong with, goes into the report.
fn each<R: Record>(
    (index, step): (&Index, &dyn Fn()),
    tree: Tree,
    report: &mut VerifyReport,
    check: impl Fn(R) -> Result<Option<String>, StoreError>,
) -> Result<(), StoreError> {
    let mut from = Bound::Unbounded;
    loop {
        let page = index.page(tree, (from, Bound::Unbounded), false, PAGE)?;
        let Some((last, _)) = page.last() else { return Ok(()) };
        from = Bound::Excluded(last.to_vec());
        step();
        for (key, value) in &page {
            let whole = index.whole(tree, key, value)?;
            match R::decode(&whole).and_then(&check) {
                Ok(None) => {}
                Ok(Some(problem)) => report.problem(problem),
                Err(error) => report.problem(error.to_string()),
            }
        }
    }
}

fn check_entry(index: &Index, record: &KeptRecord) -> Result<Option<String>, StoreError> {
    let id = record.entry.id;
    let missing = |what: &str| Ok(Some(format!("entry {id:016x}: {what}")));
    if let Some(arrived) = record.arrived
        && index.get(Tree::Arrival, &key::arrival(record.entry.first_seen.sort_key(), arrived))?.is_none()
    {
        return missing("not in the order of arrival");
    }
    if let Some(canonical) = &record.entry.canonical {
        let identity = key::identity_of_link(FeedId(record.entry.feed), canonical);
        if index.get(Tree::Link, &key::pair(key::link(canonical), id))?.is_none()
            || index.get(Tree::Identity, &identity.to_be_bytes())?.is_none()
        {
            return missing("not found by its link");
        }
    }
    let story = index.record(Tree::Story, &record.story.to_be_bytes())?;
    let Some(story) = story.map(|bytes| StoryRecord::decode(&bytes)).transpose()? else {
        return missing(&format!("its story {:016x} is not there", record.story));
    };
    if !story.members.iter().any(|member| member.entry == id) {
        return missing(&format!("its story {:016x} does not have it", record.story));
    }
    record.clone().kept().map(|_| None)
}

fn check_story(index: &Index, record: &StoryRecord) -> Result<Option<String>, StoreError> {
    let id = record.id;
    if index.get(Tree::StoryTime, &key::timed(record.published.sort_key(), &id.to_be_bytes()))?.is_none() {
        return Ok(Some(format!("story {id:016x}: not in the order of publication")));
    }
    for member in &record.members {
        if index.get(Tree::Entry, &member.entry.to_be_bytes())?.is_none() {
            return Ok(Some(format!("story {id:016x}: its entry {:016x} is not there", member.entry)));
        }
    }
    record.clone().story().map(|_| None)
}
