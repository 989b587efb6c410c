//! Topics and the filter: what they are, and what today's rules change in what was kept.

use super::{Out, Refusal, ago, current, order};
use crate::daemon::{Handle, Order, Refiltered, now};
use crate::model::Verdict;
use serde_json::json;

pub(super) async fn topics(handle: &Handle, json: bool, out: &Out) -> Result<u8, Refusal> {
    for topic in current(handle).rules.classifier.topics() {
        if json {
            out.json(&json!({"slug": topic.slug, "name": topic.name})).await?;
        } else {
            out.line(format!("{:<24} {}", topic.slug, topic.name)).await?;
        }
    }
    Ok(0)
}

/// What today's rules would let into one topic and out of it.
pub(super) async fn test(
    handle: &Handle,
    slug: &str,
    since_seconds: u64,
    json: bool,
    out: &Out,
) -> Result<u8, Refusal> {
    if !current(handle).rules.classifier.topics().iter().any(|topic| topic.slug == slug) {
        return Err(Refusal(format!("{slug}: no such topic; see chipwire topics list")));
    }
    let changes = changes(handle, since_seconds, false).await?;
    let is_in = |verdict: &Verdict| verdict.relevant && verdict.topics.iter().any(|topic| topic == slug);
    let moved: Vec<_> =
        changes.iter().filter(|change| is_in(&change.before) != is_in(&change.after)).collect();
    for change in &moved {
        show(change, is_in(&change.after), json, out).await?;
    }
    if !json {
        let entering = moved.iter().filter(|change| is_in(&change.after)).count();
        out.line(format!("{entering} would come in, {} would go out", moved.len() - entering)).await?;
    }
    Ok(0)
}

/// Today's rules on everything that was kept.
pub(super) async fn refilter(
    handle: &Handle,
    since_seconds: u64,
    apply: bool,
    json: bool,
    out: &Out,
) -> Result<u8, Refusal> {
    let changes = changes(handle, since_seconds, apply).await?;
    for change in &changes {
        show(change, change.after.relevant, json, out).await?;
    }
    if !json {
        let entering =
            changes.iter().filter(|change| change.after.relevant && !change.before.relevant).count();
        let leaving =
            changes.iter().filter(|change| !change.after.relevant && change.before.relevant).count();
        let others = changes.len() - entering - leaving;
        let end = if apply { "; done" } else { "; nothing is changed yet: repeat it with --apply" };
        out.line(format!("{entering} come in, {leaving} go out, {others} change topics or kind{end}"))
            .await?;
    }
    Ok(0)
}

async fn changes(handle: &Handle, since_seconds: u64, apply: bool) -> Result<Vec<Refiltered>, Refusal> {
    order(handle, |reply| Order::Refilter { since: ago(since_seconds), apply, now: now(), reply }).await
}

async fn show(change: &Refiltered, enters: bool, json: bool, out: &Out) -> Result<(), Refusal> {
    let Refiltered { entry, title, url, before, after } = change;
    if json {
        let side = |verdict: &Verdict| {
            json!({"relevant": verdict.relevant, "score": verdict.score, "kind": verdict.kind.as_str(),
                "topics": verdict.topics, "reasons": super::stories::reasons(verdict)})
        };
        return out.json(&json!({"id": entry.to_string(), "title": title, "link": url, "before": side(before), "after": side(after)})).await;
    }
    let sign = match (enters, before.relevant == after.relevant && before.topics == after.topics) {
        (_, true) => '~',
        (true, false) => '+',
        (false, false) => '-',
    };
    let reason = after
        .reasons
        .first()
        .map(|reason| format!("; {:+.1} {}", reason.weight, reason.term))
        .unwrap_or_default();
    let topics = |verdict: &Verdict| verdict.topics.join(",");
    out.line(format!(
        "{sign} {title}\n    {:.2} → {:.2}, {} → {}, [{}] → [{}]{reason}",
        before.score,
        after.score,
        before.kind,
        after.kind,
        topics(before),
        topics(after)
    ))
    .await
}
