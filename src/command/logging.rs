//! The log: standard error, for people at a terminal and for journald alike.

use super::arguments::LogFormat;
use std::fmt;
use std::io::{self, IsTerminal};
use tracing::field::{Field, Visit};
use tracing::{Event, Level, Subscriber};
use tracing_subscriber::EnvFilter;
use tracing_subscriber::fmt::format::Writer;
use tracing_subscriber::fmt::{FmtContext, FormatEvent, FormatFields};
use tracing_subscriber::registry::LookupSpan;

/// Whether standard error goes to journald: `JOURNAL_STREAM` names its device and inode (`systemd.exec(5)`). The
/// variable alone says little, since a command's standard error may have been redirected since.
pub(super) fn is_journal(stream: Option<&str>) -> bool {
    let Ok(found) = rustix::fs::fstat(io::stderr()) else { return false };
    stream == Some(format!("{}:{}", found.st_dev, found.st_ino).as_str())
}

/// Starts the log.
///
/// # Errors
/// The filter can't be read; the text says why.
pub(super) fn start(filter: &str, format: LogFormat, is_journal: bool) -> Result<(), String> {
    // Crates below us log at levels of their own; theirs matter only when something is wrong.
    let directives =
        if filter.contains(['=', ',']) { filter.to_owned() } else { format!("warn,chipwire={filter}") };
    let filter = EnvFilter::try_new(&directives)
        .map_err(|_| format!("--log {filter}: no level; it is one of error, warn, info, debug, trace"))?;
    let log = tracing_subscriber::fmt().with_env_filter(filter).with_writer(io::stderr);
    let started = match format {
        LogFormat::Json => log.json().flatten_event(true).with_current_span(false).try_init(),
        // journald has its own clock, and reads the priority from the line's head (sd-daemon(3)).
        LogFormat::Text if is_journal => log.with_ansi(false).event_format(Journal).try_init(),
        LogFormat::Text => log.with_ansi(io::stderr().is_terminal()).with_target(false).try_init(),
    };
    started.map_err(|error| format!("the log can't be started: {error}"))
}

/// `<PRIORITY>message key=value …`, a line an event.
struct Journal;

impl<S, N> FormatEvent<S, N> for Journal
where
    S: Subscriber + for<'a> LookupSpan<'a>,
    N: for<'a> FormatFields<'a> + 'static,
{
    fn format_event(
        &self,
        _: &FmtContext<'_, S, N>,
        mut writer: Writer<'_>,
        event: &Event<'_>,
    ) -> fmt::Result {
        let priority = match *event.metadata().level() {
            Level::ERROR => 3,
            Level::WARN => 4,
            Level::INFO => 6,
            Level::DEBUG | Level::TRACE => 7,
        };
        write!(writer, "<{priority}>")?;
        let mut line = Line::default();
        event.record(&mut line);
        writeln!(writer, "{}{}", line.message, line.fields)
    }
}

/// An event's message and its other fields.
#[derive(Default)]
struct Line {
    message: String,
    fields: String,
}

impl Visit for Line {
    fn record_debug(&mut self, field: &Field, value: &dyn fmt::Debug) {
        use fmt::Write;
        // Writing to a string can't fail. A line break would begin a second, unmarked line.
        let text = format!("{value:?}").replace('\n', "\\n");
        let _ = match field.name() {
            "message" => self.message.write_str(&text),
            name => write!(self.fields, " {name}={text}"),
        };
    }

    fn record_str(&mut self, field: &Field, value: &str) {
        if field.name() == "message" {
            self.message.push_str(value);
        } else {
            self.record_debug(field, &value);
        }
    }
}
