//! `chipwire run` and `chipwire demo`: the roles, the server, the control socket and the signals, put together.

mod demo;
mod sockets;

pub(super) use demo::demo;

use super::offline::runtime;
use super::{Context, Failure, Outcome, status};
use crate::config;
use crate::control::Control;
use crate::daemon::{self, Current, DaemonError, Handle, Notifier, Opened, Roles, Scope, Swept, now};
use crate::desk;
use crate::publish::Base;
use crate::serve::{self, Inputs, Listeners, Readiness, ServeError};
use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
use std::io::ErrorKind;
use std::os::unix::fs::DirBuilderExt;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;
use tokio::signal::unix::{Signal, SignalKind, signal};
use tokio::sync::{mpsc, watch};
use tracing::{error, info, warn};

/// The service manager's status line is renewed so often.
const STATUS_EVERY: Duration = Duration::from_secs(30);
/// Open files and connections that are enough: the unit's `LimitNOFILE`.
const WANTED_DESCRIPTORS: u64 = 16_384;
/// Requests of the server that wait for the archive.
const ARCHIVE_REQUESTS: usize = 64;

/// `chipwire run`.
pub(super) fn run(context: &Context) -> Outcome {
    let current = context.current()?;
    let data = context.data_path()?;
    runtime()?.block_on(async {
        let reload = || -> Result<Current, DaemonError> {
            let settings = config::load(context.config_path().as_deref(), &context.environment)?;
            Current::new(settings)
        };
        serve(&data, current, reload).await
    })
}

/// Runs the daemon on a data directory until a signal ends it. `reload` reads the configuration again.
async fn serve(data: &Path, current: Current, reload: impl Fn() -> Result<Current, DaemonError>) -> Outcome {
    let mut signals = Signals::listen()?;
    create_private(data)?;
    Notifier.status("opening the store");
    // Before the listeners: whoever starts a second daemon is to read of the first one, not of its port.
    let opened = Opened::at(data)?;
    let settings = server_settings(&current);
    let (readers, operators) = sockets::handed();
    let listeners =
        Listeners::bind(&settings, readers, operators).await.map_err(|error| listen_failure(&error))?;
    let authority = listeners.authority();
    let listening = Base::listening(&authority);
    let base = current.base(&listening);
    let mut roles = Roles::start(opened, &current, listening, Scope::Daemon)?;
    if roles.opening.is_repaired() {
        warn!("the store was repaired: {}", roles.opening);
    }
    let (stop, stopped) = watch::channel(false);
    let handle = roles.handle.clone();
    // Before readiness is told, so that a command that waits for it finds the socket.
    let desk = tokio::spawn(answer_commands(handle.clone(), listen_for_commands(&handle).await));
    let (readiness, ready) = watch::channel(readiness(&handle));
    let (archive, archive_requests) = mpsc::channel(ARCHIVE_REQUESTS);
    let (hub_events, hub_requests) = mpsc::channel(ARCHIVE_REQUESTS);
    let archive_task = tokio::spawn(daemon::answer_archive(handle.clone(), archive_requests));
    let hub_notes = roles.hub_notes.take().unwrap_or_else(|| mpsc::channel(1).1);
    let hubs = tokio::spawn(daemon::answer_hubs(handle.clone(), hub_requests, hub_notes));
    let inputs = Inputs {
        wire: roles.snapshots.wire.clone(),
        sources: roles.snapshots.sources.clone(),
        archive,
        hub_events,
        metrics: Arc::clone(&handle.metrics),
        readiness: ready,
        clock: Arc::new(now),
    };
    let server = tokio::spawn(serve::run(listeners, settings, inputs, stopped));
    let first_polls = roles.first_polls.take().unwrap_or_else(|| mpsc::channel(1).1);
    let first = tokio::spawn(first_sweep(first_polls, readiness));
    announce(&base, &authority, &handle);
    let outcome = follow(&mut signals, &roles, reload).await;

    Notifier.stopping("ending: what was accepted is being kept");
    info!("ending");
    stop.send_replace(true);
    for task in [desk, archive_task, hubs, first] {
        task.abort();
    }
    // The server answers what it is answering, within its own time limit.
    let _ = server.await;
    roles.stop().await;
    info!("ended; everything that was accepted is kept");
    outcome
}

fn server_settings(current: &Current) -> serve::Settings {
    let serve = &current.settings.serve;
    serve::Settings {
        listen: serve.listen.clone(),
        admin_listen: serve.admin_listen.clone(),
        max_connections: serve::Settings::default().max_connections.min(descriptors() / 2),
        ..serve::Settings::default()
    }
}

/// Files and connections that this process may have open; as many as it needs, where it may raise its own limit.
/// Readers get half of them: the store and the polls must never be out of any.
fn descriptors() -> usize {
    let given = getrlimit(Resource::Nofile);
    let wanted = given.maximum.map_or(WANTED_DESCRIPTORS, |most| most.min(WANTED_DESCRIPTORS));
    let soft = given.current.unwrap_or(u64::MAX);
    let is_raised = soft < wanted
        && setrlimit(Resource::Nofile, Rlimit { current: Some(wanted), maximum: given.maximum }).is_ok();
    usize::try_from(if is_raised { wanted } else { soft }).unwrap_or(usize::MAX)
}

fn listen_failure(error: &ServeError) -> Failure {
    let ServeError::Bind { cause, .. } = error;
    // An address that is taken or not ours to take stays so; one that isn't there yet may come with its interface.
    let is_final = matches!(cause.kind(), ErrorKind::AddrInUse | ErrorKind::PermissionDenied);
    Failure { message: error.to_string(), status: if is_final { status::LISTENER } else { status::FAILED } }
}

fn create_private(data: &Path) -> Result<(), Failure> {
    let made = std::fs::DirBuilder::new().recursive(true).mode(0o700).create(data);
    made.map_err(|error| Failure {
        message: format!("{}: can't be created: {error}", data.display()),
        status: status::NO_DATA,
    })
}

/// A store that has polled before is ready at once.
fn readiness(handle: &Handle) -> Readiness {
    let has_polled =
        handle.reader.feed_states().any(|state| state.is_ok_and(|state| state.last_success.is_some()));
    if has_polled {
        Readiness::Ready
    } else {
        Readiness::Waiting("the first sweep is not done yet".to_owned())
    }
}

/// Watches the first polls of a new store, to say when they are done.
async fn first_sweep(mut outcomes: mpsc::Receiver<Swept>, readiness: watch::Sender<Readiness>) {
    if *readiness.borrow() == Readiness::Ready {
        return readiness.closed().await;
    }
    let began = now();
    let (mut all, mut good, mut entries, mut relevant) = (0, 0, 0, 0);
    while let Some(swept) = outcomes.recv().await {
        all += 1;
        if let Ok(accepted) = swept.outcome {
            good += 1;
            entries += accepted.new;
            relevant += accepted.relevant;
        }
    }
    let seconds = (now() - began).as_seconds_f64();
    info!(
        "first sweep done in {seconds:.0} s: {good} of {all} feeds answered, {entries} entries, {relevant} about chips"
    );
    readiness.send_replace(Readiness::Ready);
    // The server reads it as long as it runs.
    readiness.closed().await;
}

fn announce(base: &Base, authority: &str, handle: &Handle) {
    let feeds = handle.current.borrow().feeds.iter().filter(|feed| feed.enabled).count();
    info!("{feeds} feeds are polled; data in {}; listening on {authority}", handle.data.display());
    info!("subscribe to {} (or .atom, .json); read at {}", base.to("/feed.rss"), base.to("/"));
}

/// The control socket. Without it the daemon still does its main work.
async fn listen_for_commands(handle: &Handle) -> Option<Control> {
    let control = match Control::bind(&handle.data) {
        Ok(control) => control,
        Err(error) => {
            error!(%error, "commands can't reach this daemon");
            return None;
        }
    };
    if control.path().parent() != Some(handle.data.as_path())
        && handle.announce_socket(control.path()).await.is_err()
    {
        warn!("the control socket's place could not be written to DATA/LOCK");
    }
    Some(control)
}

async fn answer_commands(handle: Handle, control: Option<Control>) {
    let Some(control) = control else { return };
    let (sender, mut asked) = mpsc::channel(16);
    let serving = tokio::spawn(control.serve(sender));
    while let Some((request, answers)) = asked.recv().await {
        tokio::spawn(desk::answer(handle.clone(), request, answers));
    }
    serving.abort();
}

/// The signals that mean something.
struct Signals {
    terminate: Signal,
    interrupt: Signal,
    hangup: Signal,
}

impl Signals {
    fn listen() -> std::io::Result<Self> {
        Ok(Self {
            terminate: signal(SignalKind::terminate())?,
            interrupt: signal(SignalKind::interrupt())?,
            hangup: signal(SignalKind::hangup())?,
        })
    }
}

/// Does what signals and the service manager want, until the end.
async fn follow(
    signals: &mut Signals,
    roles: &Roles,
    reload: impl Fn() -> Result<Current, DaemonError>,
) -> Outcome {
    let handle = &roles.handle;
    let mut status = tokio::time::interval(STATUS_EVERY);
    let beat = daemon::watchdog().unwrap_or(Duration::from_mins(1)) / 3;
    let mut watchdog = tokio::time::interval(beat.max(Duration::from_millis(50)));
    let mut trouble: Option<String> = None;
    Notifier.ready(&summary(handle, None));
    loop {
        tokio::select! {
            _ = signals.terminate.recv() => return Ok(0),
            _ = signals.interrupt.recv() => return Ok(0),
            _ = signals.hangup.recv() => {
                Notifier.reloading();
                trouble = take_over(handle, &reload).await.err();
                Notifier.ready(&summary(handle, trouble.as_deref()));
            }
            _ = status.tick() => Notifier.status(&summary(handle, trouble.as_deref())),
            _ = watchdog.tick() => {
                if roles.has_failed() {
                    return Err(Failure::new("a part of the daemon has ended by itself; see the log above"));
                }
                let before = handle.reader.steps();
                let is_alive = tokio::time::timeout(beat, handle.is_alive()).await.is_ok_and(|is_alive| is_alive);
                // A check of everything may take longer than a beat; it gets on as long as the disk does.
                if is_alive || handle.reader.steps() != before {
                    Notifier.alive();
                } else {
                    // Silence makes the service manager act, if there is one.
                    warn!("polling or editing did not answer in time");
                }
            }
        }
    }
}

async fn take_over(handle: &Handle, reload: impl Fn() -> Result<Current, DaemonError>) -> Result<(), String> {
    let refused = |error: &DaemonError| {
        error!("the new configuration is refused, the old one stays in force:\n{error}");
        format!("configuration refused: {}", error.to_string().lines().next().unwrap_or_default())
    };
    let current = reload().map_err(|error| refused(&error))?;
    let before = Arc::clone(&handle.current.borrow().settings);
    handle.put_in_force(&current).await.map_err(|error| refused(&error))?;
    for key in moved_listeners(&before.serve, &current.settings.serve) {
        warn!("{key} has changed; a listener moves at the next restart only");
    }
    let feeds = handle.current.borrow().feeds.iter().filter(|feed| feed.enabled).count();
    info!("configuration read again: {feeds} feeds are polled");
    Ok(())
}

/// The listeners that a new configuration would have elsewhere.
fn moved_listeners(before: &config::Serve, after: &config::Serve) -> Vec<&'static str> {
    let pairs = [
        ("serve.listen", before.listen != after.listen),
        ("serve.admin_listen", before.admin_listen != after.admin_listen),
    ];
    pairs.into_iter().filter(|(_, has_moved)| *has_moved).map(|(key, _)| key).collect()
}

/// What the daemon is doing, in a line.
fn summary(handle: &Handle, trouble: Option<&str>) -> String {
    let feeds = handle.current.borrow().feeds.iter().filter(|feed| feed.enabled).count();
    let counts =
        handle.reader.counts().map(|counts| format!(", {} stories kept", counts.stories)).unwrap_or_default();
    let trouble = trouble.map(|trouble| format!("; {trouble}")).unwrap_or_default();
    let is_refusing = handle.metrics.store_refusals.get() > 0 && handle.metrics.store_writable.get() < 1.0;
    let refusing = if is_refusing { "; NOTHING NEW IS KEPT: the log says why" } else { "" };
    format!("polling {feeds} feeds{counts}{trouble}{refusing}")
}
