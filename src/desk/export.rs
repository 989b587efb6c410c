//! Everything there is, as JSON lines; backups and checks.

use super::stories::{self, View};
use super::{Out, Refusal, current, moment, order};
use crate::daemon::{Handle, Order};
use crate::model::{Entry, Kept, Member, Reject, Role, Story, Timestamp, Verdict};
use serde_json::{Value, json};
use std::path::PathBuf;

pub(super) async fn backup(handle: &Handle, file: PathBuf, out: &Out) -> Result<u8, Refusal> {
    let shown = file.display().to_string();
    let report = order(handle, |reply| Order::Backup(file, reply)).await?;
    out.line(format!(
        "{shown}: {} records up to batch {}, {} bytes",
        report.records, report.sequence, report.bytes
    ))
    .await?;
    Ok(0)
}

pub(super) async fn verify(handle: &Handle, out: &Out) -> Result<u8, Refusal> {
    let report = order(handle, Order::Verify).await?;
    for problem in &report.problems {
        out.line(problem).await?;
    }
    let verdict = if report.is_well() { "all well" } else { "damaged; the next start repairs what it can" };
    out.line(format!(
        "{verdict}: {} records, {} batches and {} bytes of the journal read",
        report.records, report.batches, report.journal_bytes
    ))
    .await?;
    Ok(u8::from(!report.is_well()))
}

/// Stories; or entries with their place; or those turned away.
pub(super) async fn export(handle: &Handle, entries: bool, rejected: bool, out: &Out) -> Result<u8, Refusal> {
    if entries {
        for arrived in handle.reader.entries_in_arrival_order(Timestamp::MIN_UTC) {
            let (kept, member) = arrived?;
            let story = stories::story(handle, kept.story)?;
            out.json(&entry_line(handle, &kept, &member, story.as_ref())?).await?;
        }
    } else if !rejected {
        let current = current(handle);
        for story in handle.reader.stories_newest_first() {
            let story = story?;
            out.json(&View::of(handle, &current, story)?.as_json()).await?;
        }
    }
    if rejected {
        for reject in handle.reader.rejects() {
            out.json(&reject_line(handle, &reject?)?).await?;
        }
    }
    Ok(0)
}

fn entry_line(
    handle: &Handle,
    kept: &Kept,
    member: &Member,
    story: Option<&Story>,
) -> Result<Value, Refusal> {
    let mut line = common(handle, &kept.entry, &kept.verdict)?;
    let related = story.map(|story| story.related.iter().map(ToString::to_string).collect::<Vec<_>>());
    set(&mut line, "story", json!(kept.story.to_string()));
    set(&mut line, "role", json!(member.role.as_str()));
    set(&mut line, "lead", json!(member.role == Role::Lead));
    set(&mut line, "machine_written", json!(kept.is_machine_written));
    set(&mut line, "related", json!(related.unwrap_or_default()));
    Ok(line)
}

fn reject_line(handle: &Handle, reject: &Reject) -> Result<Value, Refusal> {
    let mut line = common(handle, &reject.entry, &reject.verdict)?;
    for key in ["story", "role", "lead"] {
        set(&mut line, key, Value::Null);
    }
    set(&mut line, "machine_written", json!(false));
    set(&mut line, "related", json!([]));
    set(&mut line, "reasons", stories::reasons(&reject.verdict));
    Ok(line)
}

fn common(handle: &Handle, entry: &Entry, verdict: &Verdict) -> Result<Value, Refusal> {
    let state = handle.reader.feed_state(entry.feed)?;
    let current = current(handle);
    let feed = current.feeds.iter().find(|feed| feed.id == entry.feed);
    let url = feed.map(|feed| feed.url.clone()).or(state.map(|state| state.url));
    Ok(json!({
        "feed": url.map(|url| crate::link::mask(&url)),
        "guid": entry.guid,
        "id": entry.id.to_string(),
        "title": entry.title,
        "link": entry.url,
        "published": entry.claimed.map(|claimed| moment(claimed.at)),
        "first_seen": moment(entry.first_seen),
        "summary": entry.summary,
        "relevant": verdict.relevant,
        "score": verdict.score,
        "kind": verdict.kind.as_str(),
        "topics": verdict.topics,
    }))
}

fn set(line: &mut Value, key: &str, value: Value) {
    if let Some(object) = line.as_object_mut() {
        object.insert(key.to_owned(), value);
    }
}
