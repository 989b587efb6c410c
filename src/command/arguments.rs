//! The command line, as clap reads it. Its help is also the manual page.

use clap::{Args, Parser, Subcommand, ValueEnum};
use std::path::PathBuf;

/// Reads the world's technology feeds and publishes one: every chip story once, with who else covers it.
#[derive(Debug, Parser)]
#[command(name = "chipwire", version, max_term_width = 100)]
pub struct Arguments {
    /// What to do; without a word, `run`.
    #[command(subcommand)]
    pub verb: Option<Verb>,
    /// What every command takes.
    #[command(flatten)]
    pub global: Global,
}

/// Options of every command.
#[derive(Debug, Clone, Args)]
pub struct Global {
    /// The configuration file, or a directory of them.
    #[arg(long, global = true, value_name = "FILE")]
    pub config: Option<PathBuf>,
    /// The data directory.
    #[arg(long, global = true, value_name = "DIR")]
    pub data: Option<PathBuf>,
    /// What to log: error, warn, info, debug, trace, or a filter such as `chipwire::fetch=debug`; `info` for the
    /// daemon and `warn` for other commands where nothing is said.
    #[arg(long, global = true, value_name = "LEVEL", env = "CHIPWIRE_LOG", hide_env = true)]
    pub log: Option<String>,
    /// How to write the log.
    #[arg(
        long,
        global = true,
        value_name = "FORMAT",
        value_enum,
        env = "CHIPWIRE_LOG_FORMAT",
        default_value = "text",
        hide_env = true
    )]
    pub log_format: LogFormat,
}

/// How the log is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum LogFormat {
    /// A line an event.
    Text,
    /// A JSON object an event.
    Json,
}

/// An attribute's text, since in a doc comment the names would have to be marked up.
const BATCH: &str = r#"Read JSON lines {"path","base"?,"content_type"?} from standard input instead"#;

/// The commands.
#[derive(Debug, Subcommand)]
pub enum Verb {
    /// Poll, filter, dedupe, store, publish and serve, until stopped (the default).
    Run,
    /// The same on a wire that ships with the program: publishers on loopback, throw-away data.
    Demo {
        /// End after the first sweep with its summary, and serve nothing.
        #[arg(long)]
        once: bool,
    },
    /// Poll now, all feeds or those named (by URL or name), and say what came.
    Poll {
        /// Feeds, by URL or name.
        #[arg(value_name = "FEED")]
        feeds: Vec<String>,
        /// One JSON object a line.
        #[arg(long)]
        json: bool,
    },
    /// Read the configuration and say everything that is wrong with it.
    Check,
    /// The subscriptions.
    #[command(subcommand)]
    Feeds(FeedsVerb),
    /// The stories, newest first; or an operator's correction of one.
    Stories(StoriesArguments),
    /// The topics, and what a changed one would let in and out.
    #[command(subcommand)]
    Topics(TopicsVerb),
    /// Apply today's rules to what was kept; shows the difference first.
    Refilter {
        /// How far back, such as 14d.
        #[arg(long, value_name = "AGE", default_value = "14d")]
        since: String,
        /// Make the change that is shown without this.
        #[arg(long)]
        apply: bool,
        /// One JSON object a line.
        #[arg(long)]
        json: bool,
    },
    /// Stories that match all words.
    Search {
        /// The words.
        #[arg(value_name = "QUERY", required = true)]
        query: Vec<String>,
        /// At most so many.
        #[arg(long, default_value_t = 20)]
        limit: usize,
        /// One JSON object a line.
        #[arg(long)]
        json: bool,
    },
    /// Why an entry is in or out, and which story it belongs to; why two entries are together or not.
    Explain {
        /// A link, or the id of an entry or story.
        #[arg(value_name = "URL|ID")]
        one: String,
        /// A second one, to compare with.
        #[arg(value_name = "URL|ID")]
        other: Option<String>,
        /// One JSON object a line.
        #[arg(long)]
        json: bool,
    },
    /// Feed documents in, entries out.
    Parse {
        /// Files or URLs; `-` is standard input.
        #[arg(value_name = "FILE|URL")]
        inputs: Vec<String>,
        /// One JSON object a document.
        #[arg(long)]
        json: bool,
        #[arg(long, help = BATCH, conflicts_with_all = ["inputs", "base", "content_type"])]
        batch: bool,
        /// The URL that relative links are relative to.
        #[arg(long, value_name = "URL")]
        base: Option<String>,
        /// The Content-Type header that the document came with.
        #[arg(long, value_name = "TYPE")]
        content_type: Option<String>,
    },
    /// Entries as JSON lines on standard input, verdicts on standard output.
    Classify,
    /// Entries as JSON lines on standard input, their stories on standard output.
    Cluster {
        /// Cluster what the filter would leave out, too.
        #[arg(long)]
        all: bool,
        /// Print each assignment at once, not the final ones at the end.
        #[arg(long)]
        online: bool,
    },
    /// A consistent copy of all data in one file, while the daemon runs.
    Backup {
        /// Where to; a file of that name is replaced once the new one is whole.
        #[arg(value_name = "FILE")]
        file: PathBuf,
    },
    /// Bring a backup back.
    Restore {
        /// A file that `backup` wrote.
        #[arg(value_name = "FILE")]
        file: PathBuf,
        /// Replace the data that is there.
        #[arg(long)]
        force: bool,
    },
    /// Check every record.
    Verify,
    /// Make the store anew from its journal.
    Rebuild,
    /// Every story as JSON lines.
    Export {
        /// Every entry that was kept, with its story, verdict and role, instead.
        #[arg(long)]
        entries: bool,
        /// Those turned away, too.
        #[arg(long)]
        rejected: bool,
    },
    /// Completions for a shell.
    Completions {
        /// Which.
        #[arg(value_enum)]
        shell: clap_complete::Shell,
    },
    /// The manual page, in roff.
    Man {
        /// Of the configuration file instead, chipwire.toml(5).
        #[arg(long)]
        configuration: bool,
    },
}

/// `chipwire feeds …`
#[derive(Debug, Subcommand)]
pub enum FeedsVerb {
    /// All feeds, and where each comes from.
    List {
        /// One JSON object a line.
        #[arg(long)]
        json: bool,
    },
    /// Subscribe to a feed, or to the feed of a web page.
    Add {
        /// The address of the feed or the page.
        url: String,
        /// What readers see.
        #[arg(long)]
        name: Option<String>,
        /// A group of your choice.
        #[arg(long)]
        category: Option<String>,
        /// Take the address as it is, without asking it.
        #[arg(long)]
        unchecked: bool,
    },
    /// Stop polling a feed and forget its state; its stories stay.
    Remove {
        /// URL or name.
        feed: String,
    },
    /// Stop polling a feed for now.
    Pause {
        /// URL or name.
        feed: String,
    },
    /// Poll it again.
    Resume {
        /// URL or name.
        feed: String,
    },
    /// Fetch each once and say what was found; keeps nothing.
    Check {
        /// Feeds, by URL or name; all without one.
        feeds: Vec<String>,
        /// One JSON object a line.
        #[arg(long)]
        json: bool,
    },
    /// Subscribe to the feeds of an OPML file.
    Import {
        /// The file; `-` is standard input.
        file: PathBuf,
    },
    /// The subscriptions as OPML 2.0.
    Export,
    /// How each feed is doing, when it is due next and why; the troubled ones first.
    Health {
        /// One JSON object a line.
        #[arg(long)]
        json: bool,
    },
}

/// `chipwire stories …`
#[derive(Debug, Args)]
#[command(args_conflicts_with_subcommands = true)]
pub struct StoriesArguments {
    /// A correction.
    #[command(subcommand)]
    pub correction: Option<Correction>,
    /// Of this topic only.
    #[arg(long, value_name = "SLUG")]
    pub topic: Option<String>,
    /// How far back, such as 2d.
    #[arg(long, value_name = "AGE")]
    pub since: Option<String>,
    /// At most so many.
    #[arg(long, default_value_t = 50)]
    pub limit: usize,
    /// One JSON object a line.
    #[arg(long)]
    pub json: bool,
}

/// An operator's correction, kept for ever.
#[derive(Debug, Subcommand)]
pub enum Correction {
    /// These two entries are not one story.
    Split {
        /// Link or id of the entry that is to leave.
        one: String,
        /// Link or id of an entry that stays.
        other: String,
    },
    /// These two are one story.
    Join {
        /// Link or id.
        one: String,
        /// Link or id.
        other: String,
    },
}

/// `chipwire topics …`
#[derive(Debug, Subcommand)]
pub enum TopicsVerb {
    /// All topics.
    List {
        /// One JSON object a line.
        #[arg(long)]
        json: bool,
    },
    /// What today's rules would let into a topic and out of it, and why.
    Test {
        /// The topic.
        slug: String,
        /// How far back, such as 30d.
        #[arg(long, value_name = "AGE", default_value = "30d")]
        since: String,
        /// One JSON object a line.
        #[arg(long)]
        json: bool,
    },
}
