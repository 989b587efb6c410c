//! Verbs about live data: asked of the daemon where one runs, answered here where none does.

use super::arguments::{Correction, FeedsVerb, StoriesArguments, TopicsVerb, Verb};
use super::{Context, Failure, Outcome, age_seconds, print};
use crate::control;
use crate::desk::{Answer, Request};
use indicatif::{ProgressBar, ProgressStyle};
use std::fs::{self, File, OpenOptions};
use std::io::{self, IsTerminal, Read, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};

/// The request that a verb stands for.
pub(super) fn request(verb: Verb) -> Result<Request, Failure> {
    Ok(match verb {
        Verb::Poll { feeds, json } => Request::Poll { feeds, json },
        Verb::Feeds(verb) => feeds(verb),
        Verb::Stories(arguments) => stories(arguments)?,
        Verb::Topics(TopicsVerb::List { json }) => Request::TopicsList { json },
        Verb::Topics(TopicsVerb::Test { slug, since, json }) => {
            Request::TopicsTest { slug, since_seconds: age_seconds(&since)?, json }
        }
        Verb::Refilter { since, apply, json } => {
            Request::Refilter { since_seconds: age_seconds(&since)?, apply, json }
        }
        Verb::Search { query, limit, json } => Request::Search { query: query.join(" "), limit, json },
        Verb::Explain { one, other, json } => Request::Explain { one, other, json },
        Verb::Verify => Request::Verify,
        Verb::Export { entries, rejected } => Request::Export { entries, rejected },
        other => return Err(Failure::usage(format!("{other:?} asks nothing of live data"))),
    })
}

fn feeds(verb: FeedsVerb) -> Request {
    match verb {
        FeedsVerb::List { json } => Request::FeedsList { json },
        FeedsVerb::Add { url, name, category, unchecked } => {
            Request::FeedsAdd { url, name, category, unchecked }
        }
        FeedsVerb::Remove { feed } => Request::FeedsRemove { feed },
        FeedsVerb::Pause { feed } => Request::FeedsPause { feed, paused: true },
        FeedsVerb::Resume { feed } => Request::FeedsPause { feed, paused: false },
        FeedsVerb::Check { feeds, json } => Request::FeedsCheck { feeds, json },
        FeedsVerb::Import { file } => Request::FeedsImport { opml: file.to_string_lossy().into_owned() },
        FeedsVerb::Export => Request::FeedsExport,
        FeedsVerb::Health { json } => Request::FeedsHealth { json },
    }
}

fn stories(arguments: StoriesArguments) -> Result<Request, Failure> {
    let StoriesArguments { correction, topic, since, limit, json } = arguments;
    Ok(match correction {
        Some(Correction::Split { one, other }) => Request::Correct { one, other, together: false },
        Some(Correction::Join { one, other }) => Request::Correct { one, other, together: true },
        None => {
            let since_seconds = since.as_deref().map(age_seconds).transpose()?;
            Request::Stories { topic, since_seconds, limit, json }
        }
    })
}

/// `feeds import`: the text is read here, since the daemon may not be able to read the file.
pub(super) fn import(context: &Context, file: &Path) -> Outcome {
    let mut opml = String::new();
    if file == Path::new("-") {
        io::stdin().read_to_string(&mut opml)?;
    } else {
        opml =
            fs::read_to_string(file).map_err(|error| Failure::new(format!("{}: {error}", file.display())))?;
    }
    ask(context, &Request::FeedsImport { opml })
}

/// `backup`: the copy is made in the data directory, since a confined daemon can write nowhere else, and carried to
/// its place by us, who may be allowed more or less than the daemon.
pub(super) fn backup(context: &Context, file: &Path) -> Outcome {
    let data = context.data_path()?;
    let file = std::path::absolute(file)?;
    let draft = data.join(format!("backup-{}", std::process::id()));
    let mut console = Console {
        shown_as: Some((draft.display().to_string(), file.display().to_string())),
        ..Console::default()
    };
    let _draft = Draft(draft.clone());
    put(context, &data, &Request::Backup { file: draft.clone() }, &mut console)?;
    if console.status == 0 {
        carry(&draft, &file).map_err(|error| {
            Failure::new(format!("{}: the backup can't be put there: {error}", file.display()))
        })?;
    }
    console.finish()
}

/// Copies a file beside its place and renames it, so that a file of that name is replaced as a whole.
fn carry(from: &Path, to: &Path) -> io::Result<()> {
    let mut beside = to.as_os_str().to_owned();
    beside.push(".tmp");
    let beside = Draft(PathBuf::from(beside));
    let mut options = OpenOptions::new();
    let mut target = options.write(true).create(true).truncate(true).mode(0o600).open(&beside.0)?;
    io::copy(&mut File::open(from)?, &mut target)?;
    target.sync_all()?;
    fs::rename(&beside.0, to)?;
    File::open(to.parent().unwrap_or(Path::new("/")))?.sync_all()
}

/// A file that is not to stay.
struct Draft(PathBuf);

impl Drop for Draft {
    fn drop(&mut self) {
        // Mostly it has another name by now.
        let _ = fs::remove_file(&self.0);
    }
}

/// Asks, and prints what comes back.
pub(super) fn ask(context: &Context, request: &Request) -> Outcome {
    let data = context.data_path()?;
    let mut console = Console::default();
    put(context, &data, request, &mut console)?;
    console.finish()
}

/// Puts a request to the daemon, or, where none runs, to the store itself.
fn put(context: &Context, data: &Path, request: &Request, console: &mut Console) -> Result<(), Failure> {
    let asked =
        control::ask(data, request, |answer| console.take(answer)).map_err(|error| explain(data, &error))?;
    if asked.is_none() {
        super::offline::answer(context, data, request, |answer| console.take(answer))?;
    }
    Ok(())
}

fn explain(data: &Path, error: &io::Error) -> Failure {
    if error.kind() == io::ErrorKind::PermissionDenied {
        let message = format!(
            "{error}; the daemon of {} belongs to another user: run this as that user or as root",
            data.display()
        );
        return Failure::new(message);
    }
    Failure::new(error)
}

/// Where answers go.
#[derive(Default)]
struct Console {
    bar: Option<ProgressBar>,
    status: u8,
    broken: Option<Failure>,
    /// A name that is shown as another one.
    shown_as: Option<(String, String)>,
}

impl Console {
    fn take(&mut self, answer: Answer) {
        match answer {
            Answer::Out(line) if self.broken.is_none() => {
                let line = match &self.shown_as {
                    Some((inner, outer)) => line.replacen(inner, outer, 1),
                    None => line,
                };
                self.broken = print(&line).err();
            }
            Answer::Out(_) => {}
            Answer::Error(line) => {
                if let Some(bar) = &self.bar {
                    bar.suspend(|| drop(writeln!(io::stderr(), "chipwire: {line}")));
                } else {
                    drop(writeln!(io::stderr(), "chipwire: {line}"));
                }
            }
            Answer::Progress { done, total, last } => self.progress(done, total, last),
            Answer::Exit(status) => self.status = status,
        }
    }

    /// A bar on a terminal, nothing elsewhere.
    fn progress(&mut self, done: usize, total: usize, last: String) {
        if !io::stderr().is_terminal() {
            return;
        }
        let bar = self.bar.get_or_insert_with(|| {
            let style = ProgressStyle::with_template("{bar:30} {pos}/{len} {wide_msg}");
            ProgressBar::new(0).with_style(style.unwrap_or_else(|_| ProgressStyle::default_bar()))
        });
        bar.set_length(total as u64);
        bar.set_position(done as u64);
        bar.set_message(last);
        if done == total {
            bar.finish_and_clear();
        }
    }

    fn finish(self) -> Outcome {
        match self.broken {
            Some(failure) if failure.status != 0 => Err(failure),
            _ => Ok(self.status),
        }
    }
}
