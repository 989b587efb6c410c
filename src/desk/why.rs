//! `explain`: why an entry is in or out, which story it belongs to and why; why two entries are together or not.

use super::stories::{self, View, publisher};
use super::{Out, Refusal, current, moment};
use crate::cluster::{Explanation, Part};
use crate::daemon::{Handle, Order};
use crate::model::{Entry, EntryId, Kept, Reject, Role, Verdict};
use serde_json::{Value, json};
use tokio::sync::oneshot;

/// Reasons shown in words; `--json` has them all.
const MOST_PARTS: usize = 12;

pub(super) async fn explain(
    handle: &Handle,
    one: &str,
    other: Option<&str>,
    json: bool,
    out: &Out,
) -> Result<u8, Refusal> {
    if let Some(other) = other {
        return compare(handle, one, other, json, out).await;
    }
    if let Some(kept) = stories::find(handle, one)? {
        return member(handle, &kept, json, out).await;
    }
    if let Some(reject) = rejected(handle, one)? {
        if json {
            return out.json(&verdict_json(&reject.entry, &reject.verdict, &Value::Null)).await.map(|()| 0);
        }
        out.line(format!("{}\nout: {}", reject.entry.title, why(&reject.verdict))).await?;
        return Ok(0);
    }
    Err(Refusal(format!(
        "{one}: not known. It was never seen in a polled feed, or turned away longer ago than filter.keep_rejects"
    )))
}

async fn member(handle: &Handle, kept: &Kept, json: bool, out: &Out) -> Result<u8, Refusal> {
    let current = current(handle);
    let story = stories::story(handle, kept.story)?;
    let place = story
        .as_ref()
        .and_then(|story| story.members.iter().find(|member| member.entry == kept.entry.id))
        .cloned();
    if json {
        let place = place.map(|place| json!({"role": place.role.as_str(), "similarity": place.similarity, "because": place.because}));
        let story = json!({"id": kept.story.to_string(), "place": place});
        return out.json(&verdict_json(&kept.entry, &kept.verdict, &story)).await.map(|()| 0);
    }
    let name = publisher(handle, &current, kept)?;
    out.line(format!("{}  ({name})", kept.entry.title)).await?;
    let decision = if kept.verdict.relevant { "in" } else { "out, by today's rules" };
    out.line(format!("{decision}: {}", why(&kept.verdict))).await?;
    if kept.is_machine_written {
        out.line("machine-written, by its own words or its publisher's").await?;
    }
    let Some(story) = story else {
        out.line(format!("story {}: left the store with publish.retention", kept.story)).await?;
        return Ok(0);
    };
    if let Some(place) = place {
        let others = story.members.len() - 1;
        match place.role {
            Role::Lead => {
                out.line(format!("story {}: it leads, with {others} more; {}", story.id, place.because))
                    .await?;
            }
            role => {
                out.line(format!(
                    "story {}: {role}, similarity {:.2}; {}",
                    story.id, place.similarity, place.because
                ))
                .await?;
            }
        }
    }
    let published = match story.released {
        Some(at) => format!("on the wire since {}", moment(at)),
        None if story.is_withheld => {
            "never on the wire: split off with an entry that readers know".to_owned()
        }
        None => "not yet on the wire: it settles (publish.settle)".to_owned(),
    };
    out.line(published).await?;
    out.line(View::of(handle, &current, story)?.as_text()).await?;
    Ok(0)
}

async fn compare(handle: &Handle, one: &str, other: &str, json: bool, out: &Out) -> Result<u8, Refusal> {
    let (one, other) = (stories::entry(handle, one)?, stories::entry(handle, other)?);
    let together = one.story == other.story;
    let (reply, explanation) = oneshot::channel();
    let order = Order::Explain(one.entry.id, other.entry.id, reply);
    handle.orders.send(order).await.map_err(|_| Refusal("chipwire is stopping".into()))?;
    let explanation = explanation.await?;
    if json {
        let ids = [one.entry.id.to_string(), other.entry.id.to_string()];
        let because = explanation.as_ref().map(numbers);
        return out.json(&json!({"ids": ids, "together": together, "because": because})).await.map(|()| 0);
    }
    out.line(format!(
        "{}: {} / {}",
        if together { "together" } else { "apart" },
        one.entry.title,
        other.entry.title
    ))
    .await?;
    match explanation {
        Some(explanation) => out.line(words(&explanation)).await?,
        None => {
            out.line("one of them is older than dedupe.window; its numbers are not held any more").await?;
        }
    }
    Ok(0)
}

/// The numbers of a comparison; replayed as `factor / (1 + exp(-(bias + Σ value × weight)))` they give the score.
fn numbers(explanation: &Explanation) -> Value {
    let part = |part: &Part| json!({"name": part.name, "value": part.value, "weight": part.weight});
    json!({
        "together": explanation.together, "identity": explanation.identity, "score": explanation.score,
        "threshold": explanation.threshold, "bias": explanation.bias, "factor": explanation.factor,
        "rule": explanation.rule, "parts": explanation.parts.iter().map(part).collect::<Vec<_>>(),
        "shared_words": explanation.shared_words,
    })
}

fn words(explanation: &Explanation) -> String {
    let Explanation { identity, score, threshold, bias, factor, rule, parts, shared_words, .. } = explanation;
    if let Some(identity) = identity {
        return format!("identity: {identity}");
    }
    let mut text = format!("score {score:.2} of these two; a story takes an entry from {threshold:.2} on");
    if let Some(rule) = rule {
        text += &format!("\n  × {factor:.2}  {rule}");
    }
    text += &format!("\n  {bias:+.2}  to begin with");
    for part in parts.iter().take(MOST_PARTS) {
        text += &format!("\n  {:+.2}  {} ({:.2})", part.contribution(), part.meaning(), part.value);
    }
    if !shared_words.is_empty() {
        text += &format!("\n  both have: {}", shared_words.join(", "));
    }
    text
}

fn rejected(handle: &Handle, word: &str) -> Result<Option<Reject>, Refusal> {
    if let Ok(id) = word.parse::<EntryId>() {
        return Ok(handle.reader.reject(id)?);
    }
    let canonical = url::Url::parse(word).ok().map(|url| crate::link::canonical(&url).to_string());
    for reject in handle.reader.rejects() {
        let reject = reject?;
        if reject.entry.url.as_deref() == Some(word)
            || (canonical.is_some() && reject.entry.canonical == canonical)
        {
            return Ok(Some(reject));
        }
    }
    Ok(None)
}

fn why(verdict: &Verdict) -> String {
    let topics = if verdict.topics.is_empty() {
        String::new()
    } else {
        format!("; topics {}", verdict.topics.join(", "))
    };
    let mut text = format!("score {:.2}, {}{topics}", verdict.score, verdict.kind);
    for reason in &verdict.reasons {
        text += &format!("\n  {:+.2}  {} ({})", reason.weight, reason.term, reason.field);
    }
    text
}

fn verdict_json(entry: &Entry, verdict: &Verdict, story: &Value) -> Value {
    json!({
        "id": entry.id.to_string(), "title": entry.title, "link": entry.url, "relevant": verdict.relevant,
        "score": verdict.score, "kind": verdict.kind.as_str(), "topics": verdict.topics,
        "reasons": stories::reasons(verdict), "story": story,
    })
}
