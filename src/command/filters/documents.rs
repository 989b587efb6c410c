//! `chipwire parse`: feed documents in, entries out.

use super::each_line;
use crate::command::offline::runtime;
use crate::command::{Context, Failure, Outcome, print, status};
use crate::daemon::{Current, now};
use crate::fetch::{FetchRequest, Fetched};
use crate::model::Document;
use crate::normalise::{Report, report};
use serde::Deserialize;
use serde_json::Value;
use std::io::Read;
use url::Url;

/// What `chipwire parse` is to read, and how.
pub(in crate::command) struct ParseArguments {
    pub(in crate::command) inputs: Vec<String>,
    pub(in crate::command) json: bool,
    pub(in crate::command) batch: bool,
    pub(in crate::command) base: Option<String>,
    pub(in crate::command) content_type: Option<String>,
}

/// A line of `--batch`.
#[derive(Deserialize)]
struct Line {
    path: String,
    base: Option<String>,
    content_type: Option<String>,
}

/// Reads every document, in order; exit status 1 where one of them was no feed.
pub(in crate::command) fn parse(context: &Context, arguments: &ParseArguments) -> Outcome {
    let current = context.current()?;
    let mut failed = 0;
    let mut show = |report: Report| {
        failed += usize::from(!report.ok);
        if arguments.json || arguments.batch {
            print(&serde_json::to_string(&report).map_err(Failure::new)?)
        } else {
            print(&as_text(&report))
        }
    };
    if arguments.batch {
        each_line(|line| match serde_json::from_str::<Line>(line) {
            Ok(Line { path, base, content_type }) => {
                show(read(&current, &path, base.as_deref(), content_type))
            }
            Err(error) => show(Report::failed(
                "",
                format!("a line of --batch is {{\"path\",\"base\"?,\"content_type\"?}}: {error}"),
            )),
        })?;
    } else if arguments.inputs.is_empty() {
        return Err(Failure::usage(
            "nothing to parse; name files or URLs, - for standard input, or give --batch",
        ));
    }
    for input in &arguments.inputs {
        show(read(&current, input, arguments.base.as_deref(), arguments.content_type.clone()))?;
    }
    Ok(if failed > 0 { status::FAILED } else { 0 })
}

/// One document: a file, standard input, or a URL, which is fetched as a poll would.
fn read(current: &Current, input: &str, base: Option<&str>, content_type: Option<String>) -> Report {
    let document = if input.starts_with("http://") || input.starts_with("https://") {
        fetch(current, input)
    } else {
        load(input, base, content_type)
    };
    match document {
        Ok(document) => report(input, &document, &current.rules.limits),
        Err(message) => Report::failed(input, message),
    }
}

fn load(path: &str, base: Option<&str>, content_type: Option<String>) -> Result<Document, String> {
    let limit = u64::MAX >> 1;
    let mut body = Vec::new();
    if path == "-" {
        std::io::stdin().take(limit).read_to_end(&mut body).map_err(|error| error.to_string())?;
    } else {
        body = std::fs::read(path).map_err(|error| error.to_string())?;
    }
    // Without a base, links that are relative stay within a host that can't exist (RFC 2606).
    let url = base.unwrap_or("http://localhost/");
    let url = Url::parse(url).map_err(|error| format!("--base {url}: {error}"))?;
    Ok(Document { url, content_type, body: body.into(), is_delta: false })
}

fn fetch(current: &Current, url: &str) -> Result<Document, String> {
    let fetcher = current.fetcher().map_err(|error| error.to_string())?;
    let runtime = runtime().map_err(|failure| failure.message)?;
    match runtime.block_on(fetcher.fetch(FetchRequest::first(url, now()))) {
        Ok(Fetched::Document(document, _)) => Ok(document),
        Ok(Fetched::Unchanged(_)) => Err("304 to a request that asked for no such thing".to_owned()),
        Err(error) => Err(error.to_string()),
    }
}

fn as_text(report: &Report) -> String {
    if !report.ok {
        return format!("{}: {}", report.path, report.error.as_deref().unwrap_or("no feed"));
    }
    // The JSON form is the contract's; this one is read off it.
    let json = serde_json::to_value(report).unwrap_or_default();
    let word = |value: &Value, absent: &str| value.as_str().unwrap_or(absent).to_owned();
    let title = json.pointer("/feed/title").map(|title| word(title, "without a title")).unwrap_or_default();
    let mut text = format!("{}: {} {title}", report.path, report.format.unwrap_or(""));
    for repair in &report.repaired {
        text += &format!("\n  repaired: {repair}");
    }
    for entry in json.get("entries").and_then(Value::as_array).into_iter().flatten() {
        let field =
            |name: &str, absent: &str| entry.get(name).map(|value| word(value, absent)).unwrap_or_default();
        let link = field("link", &field("id", ""));
        text += &format!(
            "\n  {}  {}\n      {link}",
            field("published", "no date"),
            field("title", "without a title")
        );
    }
    text
}
