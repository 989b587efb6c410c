//! Without a daemon: the command opens the store itself, does its work with the daemon's own roles, and closes it.

use super::owner::Owner;
use super::{Context, Failure, Outcome, print};
use crate::daemon::{Opened, Roles, Scope, now};
use crate::desk::{self, Answer, Request};
use crate::publish::Base;
use crate::store::{self, Store, StoreError};
use std::path::Path;
use tokio::sync::mpsc;

/// Answers a request on the store of a data directory.
pub(super) fn answer(
    context: &Context,
    data: &Path,
    request: &Request,
    mut take: impl FnMut(Answer),
) -> Result<(), Failure> {
    let current = context.current()?;
    if !data.exists() && !creates(request) {
        return Err(Failure::new(format!(
            "{}: no data here yet; chipwire run or chipwire poll begin it, --data names another place",
            data.display()
        )));
    }
    // Dropped after the store is closed.
    let _owner = Owner::of(data);
    runtime()?.block_on(async {
        let base = Base::listening("127.0.0.1");
        let roles = Roles::start(Opened::at(data)?, &current, base, Scope::Command)?;
        let (sender, mut answers) = mpsc::channel(64);
        let work = tokio::spawn(desk::answer(roles.handle.clone(), request.clone(), sender));
        while let Some(answer) = answers.recv().await {
            take(answer);
        }
        // A panic in the answer was reported by its hook.
        let _ = work.await;
        roles.stop().await;
        Ok(())
    })
}

/// Whether a request makes sense where there is no data yet.
fn creates(request: &Request) -> bool {
    matches!(
        request,
        Request::Poll { .. }
            | Request::FeedsList { .. }
            | Request::FeedsAdd { .. }
            | Request::FeedsImport { .. }
            | Request::FeedsPause { .. }
            | Request::FeedsRemove { .. }
            | Request::FeedsExport
            | Request::FeedsCheck { .. }
            | Request::TopicsList { .. }
    )
}

pub(super) fn runtime() -> Result<tokio::runtime::Runtime, Failure> {
    Ok(tokio::runtime::Builder::new_multi_thread().enable_all().build()?)
}

/// `chipwire restore`: only where no daemon runs.
pub(super) fn restore(context: &Context, file: &Path, force: bool) -> Outcome {
    let data = context.data_path()?;
    let _owner = Owner::of(&data);
    let (store, report) =
        store::restore(&data, file, store::Settings::default(), now(), force).map_err(store_failure)?;
    store.close().map_err(store_failure)?;
    print(&format!("{}: restored, {report}", data.display()))?;
    Ok(0)
}

/// `chipwire rebuild`: only where no daemon runs.
pub(super) fn rebuild(context: &Context) -> Outcome {
    let data = context.data_path()?;
    let _owner = Owner::of(&data);
    let (mut store, report) = Store::open(&data, store::Settings::default(), now()).map_err(store_failure)?;
    store.rebuild().map_err(store_failure)?;
    store.close().map_err(store_failure)?;
    print(&format!("{}: the index was made anew from the journal, {report}", data.display()))?;
    Ok(0)
}

fn store_failure(error: StoreError) -> Failure {
    crate::daemon::DaemonError::from(error).into()
}
