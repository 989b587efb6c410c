//! The command line: a verb becomes a request to live data, a filter on standard input, or the daemon itself.

mod arguments;
mod filters;
mod live;
mod logging;
mod manual;
mod offline;
mod owner;
mod serving;

pub use arguments::Arguments;

use crate::config::{self, ConfigError, Environment, Locations};
use crate::daemon::{Current, DaemonError};
use arguments::{FeedsVerb, Global, Verb};
use clap::Parser;
use clap::error::ErrorKind;
use std::ffi::OsString;
use std::io::{self, Write};
use std::path::PathBuf;

/// Exit statuses, after sysexits.h: from 64 to 78 what a restart can't mend (see `systemd/chipwire.service`).
mod status {
    pub(super) const FAILED: u8 = 1;
    pub(super) const USAGE: u8 = 64;
    pub(super) const LISTENER: u8 = 71;
    pub(super) const NO_DATA: u8 = 73;
    pub(super) const CONFIGURATION: u8 = 78;
}

/// Why a command failed: one line for standard error, and the exit status.
#[derive(Debug)]
struct Failure {
    message: String,
    status: u8,
}

impl Failure {
    fn new(message: impl std::fmt::Display) -> Self {
        Self { message: message.to_string(), status: status::FAILED }
    }

    fn usage(message: impl std::fmt::Display) -> Self {
        Self { message: message.to_string(), status: status::USAGE }
    }
}

impl From<ConfigError> for Failure {
    fn from(error: ConfigError) -> Self {
        Self { message: error.to_string(), status: status::CONFIGURATION }
    }
}

impl From<DaemonError> for Failure {
    fn from(error: DaemonError) -> Self {
        Self { status: error.exit_status(), message: error.to_string() }
    }
}

impl From<io::Error> for Failure {
    fn from(error: io::Error) -> Self {
        Self::new(error)
    }
}

type Outcome = Result<u8, Failure>;

/// Runs the command line and gives the exit status.
pub fn run(arguments: impl Iterator<Item = OsString>) -> u8 {
    let arguments = match Arguments::try_parse_from(arguments) {
        Ok(arguments) => arguments,
        Err(error) => return explain(&error),
    };
    match perform(arguments) {
        Ok(status) => status,
        Err(failure) => {
            if !failure.message.is_empty() {
                // Standard error that is closed can't be told so.
                let _ = writeln!(io::stderr(), "chipwire: {}", failure.message);
            }
            failure.status
        }
    }
}

/// clap's mistakes in one line; its help and version as they are.
fn explain(error: &clap::Error) -> u8 {
    if matches!(error.kind(), ErrorKind::DisplayHelp | ErrorKind::DisplayVersion) {
        let _ = error.print();
        return 0;
    }
    let text = error.to_string();
    let mut lines = text.lines().map(str::trim).filter(|line| !line.is_empty());
    let first = lines.next().unwrap_or("unreadable arguments").trim_start_matches("error: ");
    let listed = lines.take_while(|line| !line.starts_with("Usage") && !line.starts_with("For more"));
    let details: Vec<_> = listed.map(|line| line.trim_start_matches("tip: ")).collect();
    let details = if details.is_empty() { String::new() } else { format!(" {}", details.join("; ")) };
    let _ = writeln!(io::stderr(), "chipwire: {first}{details}; see chipwire --help");
    status::USAGE
}

/// What every verb may need.
struct Context {
    global: Global,
    environment: Environment,
}

impl Context {
    fn locations(&self) -> Locations {
        Locations { config: self.global.config.clone(), data: self.global.data.clone() }
    }

    fn config_path(&self) -> Option<PathBuf> {
        config::locate_config(&self.locations(), &self.environment)
    }

    fn data_path(&self) -> Result<PathBuf, Failure> {
        config::locate_data(&self.locations(), &self.environment).map_err(Failure::new)
    }

    fn settings(&self) -> Result<config::Settings, Failure> {
        Ok(config::load(self.config_path().as_deref(), &self.environment)?)
    }

    /// Today's configuration and rules, without subscriptions of a data directory.
    fn current(&self) -> Result<Current, Failure> {
        Ok(Current::new(self.settings()?)?)
    }
}

fn perform(arguments: Arguments) -> Outcome {
    let environment = Environment::of_process();
    let is_journal = logging::is_journal(environment.get("JOURNAL_STREAM"));
    let context = Context { global: arguments.global, environment };
    let verb = arguments.verb.unwrap_or(Verb::Run);
    let default = if matches!(verb, Verb::Run | Verb::Demo { once: false }) { "info" } else { "warn" };
    let level = context.global.log.as_deref().unwrap_or(default);
    logging::start(level, context.global.log_format, is_journal).map_err(Failure::usage)?;
    match verb {
        Verb::Run => serving::run(&context),
        Verb::Demo { once } => serving::demo(&context, once),
        Verb::Check => check(&context),
        Verb::Parse { inputs, json, batch, base, content_type } => {
            filters::parse(&context, &filters::ParseArguments { inputs, json, batch, base, content_type })
        }
        Verb::Classify => filters::classify(&context),
        Verb::Cluster { all, online } => filters::cluster(&context, all, online),
        Verb::Restore { file, force } => offline::restore(&context, &file, force),
        Verb::Rebuild => offline::rebuild(&context),
        Verb::Completions { shell } => manual::completions(shell),
        Verb::Man { configuration } => manual::page(configuration),
        Verb::Feeds(FeedsVerb::Import { file }) => live::import(&context, &file),
        Verb::Backup { file } => live::backup(&context, &file),
        verb => live::ask(&context, &live::request(verb)?),
    }
}

fn check(context: &Context) -> Outcome {
    let path = context.config_path();
    match config::load(path.as_deref(), &context.environment) {
        Ok(settings) => {
            let files: Vec<_> = settings.files.iter().map(|file| file.display().to_string()).collect();
            let (feeds, polled) =
                (settings.feeds.len(), settings.feeds.iter().filter(|feed| feed.enabled).count());
            // What only shows when it is put in force.
            let current = Current::new(settings).and_then(|current| current.fetcher().map(|_| current));
            let current = current.map_err(|error| Failure::new(&error))?;
            let place = if files.is_empty() { "no file, all defaults".to_owned() } else { files.join(", ") };
            let topics = current.rules.classifier.topics().len();
            print(&format!("{place}: good; {polled} of {feeds} feeds are polled, {topics} topics"))?;
            Ok(0)
        }
        Err(error) => {
            for fault in &error.faults {
                writeln!(io::stderr(), "{fault}")?;
            }
            Ok(status::FAILED)
        }
    }
}

/// A line for standard output; a reader that has gone away (`| head`) ends the command quietly.
fn print(line: &str) -> Result<(), Failure> {
    print_text(&format!("{line}\n"))
}

/// The same for a text of many lines.
fn print_text(text: &str) -> Result<(), Failure> {
    match io::stdout().lock().write_all(text.as_bytes()) {
        Err(error) if error.kind() == io::ErrorKind::BrokenPipe => {
            Err(Failure { message: String::new(), status: 0 })
        }
        other => Ok(other?),
    }
}

/// `2d`, `90m`: how far back.
fn age_seconds(text: &str) -> Result<u64, Failure> {
    config::duration(text)
        .map(|age| age.as_secs())
        .ok_or_else(|| Failure::usage(format!("--since {text}: no age; write it like 90m, 12h, 14d")))
}

#[cfg(test)]
mod tests {
    use super::*;
    use clap::CommandFactory;

    #[test]
    fn the_command_line_holds_together() {
        Arguments::command().debug_assert();
    }

    #[test]
    fn a_slip_in_a_command_is_a_usage_error() {
        assert_eq!(run(["chipwire", "stroies"].iter().map(OsString::from)), status::USAGE);
    }
}
