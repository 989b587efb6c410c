//! `parse --json --batch`: what `chipwire parse` does, without the rest of the program, for measuring.

use chipwire::model::Document;
use chipwire::normalise::{Report, report};
use chipwire::parse::Limits;
use std::io::{BufRead as _, Write as _};
use url::Url;

#[derive(serde::Deserialize)]
struct Line {
    path: String,
    base: Option<String>,
    content_type: Option<String>,
}

fn main() -> std::io::Result<()> {
    let mut out = std::io::BufWriter::new(std::io::stdout().lock());
    for line in std::io::stdin().lock().lines() {
        let line: Line = serde_json::from_str(&line?)?;
        serde_json::to_writer(&mut out, &read(&line))?;
        out.write_all(b"\n")?;
    }
    out.flush()
}

fn read(line: &Line) -> Report {
    let base = line.base.as_deref().unwrap_or("http://localhost/");
    let Ok(url) = Url::parse(base) else { return Report::failed(&line.path, format!("{base} is no URL")) };
    match std::fs::read(&line.path) {
        Ok(body) => {
            let document =
                Document { url, content_type: line.content_type.clone(), body: body.into(), is_delta: false };
            report(&line.path, &document, &Limits::default())
        }
        Err(error) => Report::failed(&line.path, error.to_string()),
    }
}
