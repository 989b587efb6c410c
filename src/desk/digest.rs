//! What a wire holds after a sweep, in figures and its newest stories.

use super::stories::View;
use super::sweep::{Sweeping, Tally};
use super::{Refusal, current};
use crate::daemon::Handle;
use crate::model::{Role, Timestamp};
use std::fmt::Write;

/// A summary of everything that is kept.
pub struct Digest {
    feeds: usize,
    failed: Vec<String>,
    entries: usize,
    relevant: usize,
    stories: usize,
    duplicates: usize,
    derivatives: usize,
    reports: usize,
    pointers: usize,
    newest: Vec<View>,
}

/// Polls every feed once and sums up. `each` is told of every feed that is done, and how many were.
///
/// # Errors
/// In words; the store can't be read, or the roles have ended.
pub async fn digest(handle: &Handle, mut each: impl FnMut(&str, usize)) -> Result<Digest, String> {
    sum_up(handle, &mut each).await.map_err(|Refusal(message)| message)
}

async fn sum_up(handle: &Handle, each: &mut impl FnMut(&str, usize)) -> Result<Digest, Refusal> {
    let current = current(handle);
    let feeds: Vec<_> = current.feeds.iter().filter(|feed| feed.enabled).collect();
    let mut failed = Vec::new();
    let mut tally = Tally::default();
    let mut sweeping = Sweeping::start(handle, &feeds).await?;
    while let Some((feed, outcome)) = sweeping.next().await {
        tally.count(&outcome);
        let name = feed.name.as_deref().unwrap_or(&feed.url);
        if let Err(reason) = outcome {
            failed.push(format!("{name}: {reason}"));
        }
        each(name, tally.feeds);
    }
    let mut digest = Digest {
        feeds: tally.feeds,
        failed,
        entries: tally.new,
        relevant: tally.relevant,
        stories: 0,
        duplicates: 0,
        derivatives: 0,
        reports: 0,
        pointers: 0,
        newest: Vec::new(),
    };
    for story in handle.reader.stories_newest_first() {
        let story = story?;
        digest.count(story.members.iter().map(|member| member.role));
        digest.newest.push(View::of(handle, &current, story)?);
    }
    digest.newest.sort_by_key(|view| std::cmp::Reverse(view.told_at()));
    Ok(digest)
}

impl Digest {
    fn count(&mut self, roles: impl Iterator<Item = Role>) {
        self.stories += 1;
        for role in roles {
            match role {
                Role::Lead => {}
                Role::Duplicate => self.duplicates += 1,
                Role::Derivative => self.derivatives += 1,
                Role::Report => self.reports += 1,
                Role::Pointer => self.pointers += 1,
            }
        }
    }

    /// For people, with so many of the newest stories.
    pub fn as_text(&self, shown: usize) -> String {
        let mut text = String::new();
        let Self { feeds, entries, relevant, stories, duplicates, derivatives, reports, pointers, .. } = self;
        // Writing to a string can't fail.
        let _ = writeln!(
            text,
            "{feeds} feeds, {entries} entries, {relevant} relevant, {stories} stories: \
             {duplicates} duplicates, {derivatives} derivatives, {reports} other reports, {pointers} pointers"
        );
        for failed in &self.failed {
            let _ = writeln!(text, "not read: {failed}");
        }
        let _ = write!(text, "\nThe newest {} stories:", shown.min(self.newest.len()));
        for view in self.newest.iter().take(shown) {
            let _ = write!(text, "\n\n{}", view.as_text());
        }
        text
    }
}

impl View {
    /// When the lead says that it was told.
    fn told_at(&self) -> Timestamp {
        self.lead().map_or(self.published(), |lead| lead.entry.published())
    }
}
