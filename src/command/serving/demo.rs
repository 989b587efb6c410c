//! `chipwire demo`: the daemon on the wire that ships with the program.

use crate::command::offline::runtime;
use crate::command::{Context, Failure, Outcome, print};
use crate::config::{self, Environment};
use crate::daemon::{Current, DaemonError, Handle, Opened, Roles, Scope, now};
use crate::demo::Farm;
use crate::desk::{self, Digest};
use crate::model::Feed;
use crate::publish::Base;
use indicatif::{ProgressBar, ProgressStyle};
use std::io::IsTerminal;
use std::path::PathBuf;
use std::time::Duration;

/// Polls of one feed are at least so far apart: the second editions come soon.
const MIN_INTERVAL: Duration = Duration::from_secs(5);
/// Stories that the summary shows.
const SHOWN: usize = 10;

/// The demo, for ever or for one sweep.
pub(in crate::command) fn demo(context: &Context, once: bool) -> Outcome {
    let (data, _throw_away) = if let Some(data) = &context.global.data {
        (data.clone(), None)
    } else {
        let directory = ThrowAway::create()?;
        (directory.0.clone(), Some(directory))
    };
    runtime()?.block_on(async {
        let farm = Farm::start(now())?;
        let current = settings(context, farm.feeds())?;
        if once {
            return sweep_once(&data, &current).await;
        }
        let again = || settings(context, farm.feeds());
        super::serve(&data, current, again).await
    })
}

/// The defaults (or `--config`, where it is given) with the farm's feeds alone, and no waiting.
fn settings(context: &Context, feeds: Vec<Feed>) -> Result<Current, DaemonError> {
    let environment =
        if context.global.config.is_some() { context.environment.clone() } else { Environment::default() };
    let mut settings = config::load(context.global.config.as_deref(), &environment)?;
    settings.feeds = feeds;
    settings.poll.min_interval = MIN_INTERVAL;
    settings.poll.host_gap = Duration::ZERO;
    settings.poll.allow_networks = vec![ipnet::Ipv4Net::new_assert([127, 0, 0, 0].into(), 8).into()];
    settings.publish.settle = Duration::ZERO;
    Current::new(settings)
}

async fn sweep_once(data: &std::path::Path, current: &Current) -> Outcome {
    let roles = Roles::start(Opened::at(data)?, current, Base::listening("127.0.0.1"), Scope::Command)?;
    let text = digest(&roles.handle, current).await;
    roles.stop().await;
    let digest = text?;
    print(&digest.as_text(SHOWN))?;
    Ok(0)
}

async fn digest(handle: &Handle, current: &Current) -> Result<Digest, Failure> {
    let bar = if std::io::stderr().is_terminal() {
        ProgressBar::new(current.feeds.len() as u64)
    } else {
        ProgressBar::hidden()
    };
    if let Ok(style) = ProgressStyle::with_template("{bar:30} {pos}/{len} {wide_msg}") {
        bar.set_style(style);
    }
    let digest = desk::digest(handle, |name, done| {
        bar.set_position(done as u64);
        bar.set_message(name.to_owned());
    })
    .await
    .map_err(Failure::new);
    bar.finish_and_clear();
    digest
}

/// A data directory that goes with the process.
struct ThrowAway(PathBuf);

impl ThrowAway {
    fn create() -> Result<Self, Failure> {
        let path = std::env::temp_dir().join(format!("chipwire-demo-{}", std::process::id()));
        super::create_private(&path)?;
        Ok(Self(path))
    }
}

impl Drop for ThrowAway {
    fn drop(&mut self) {
        // What stays is in the directory for temporary files.
        let _ = std::fs::remove_dir_all(&self.0);
    }
}
