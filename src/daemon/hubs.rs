//! WebSub in the daemon: hubs are asked when that is due, their questions are answered, and a push goes the same way
//! through the pipeline as a poll. What a subscription is, [`websub`](crate::websub) decides; it is stored with its feed.

use super::editing::{Order, Polled};
use super::{Current, Handle, now};
use crate::model::{Document, Feed, FeedId, FeedState, HubState};
use crate::pipeline::{self, Source};
use crate::serve::{HubEvent, PushAnswer, Verification};
use crate::websub::{self, Push, Reply, Subscriptions, Verified};
use bytes::Bytes;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::{mpsc, oneshot};
use tokio::task::JoinSet;
use tracing::{debug, info, warn};
use url::{Url, form_urlencoded};

/// With no hub to be asked, the loop still looks around so often.
const LOOK_AROUND: Duration = Duration::from_mins(1);
/// Hubs asked at once.
const AT_ONCE: usize = 8;

/// What polling tells of a feed's subscription.
#[derive(Debug)]
pub enum HubNote {
    /// A feed's state was stored.
    Stored(Box<FeedState>),
    /// A feed was removed, which had this subscription.
    Left(FeedId, Box<HubState>),
}

/// Answers hubs and asks them, until polling or the server has gone.
pub async fn answer(
    handle: Handle,
    mut events: mpsc::Receiver<HubEvent>,
    mut notes: mpsc::Receiver<HubNote>,
) {
    let mut hubs = Hubs { subscriptions: Subscriptions::default(), handle, asking: JoinSet::new() };
    for state in hubs.handle.reader.feed_states().flatten() {
        hubs.subscriptions.put(&state);
    }
    loop {
        hubs.ask_due();
        let wake = hubs.subscriptions.next_wake().map(|at| (at - now()).to_std().unwrap_or_default());
        let wake = if hubs.asking.len() < AT_ONCE {
            wake.unwrap_or(LOOK_AROUND).min(LOOK_AROUND)
        } else {
            LOOK_AROUND
        };
        tokio::select! {
            event = events.recv() => match event {
                Some(event) => hubs.take(event).await,
                None => return,
            },
            note = notes.recv() => match note {
                Some(HubNote::Stored(state)) => hubs.subscriptions.put(&state),
                Some(HubNote::Left(feed, hub)) => hubs.leave(feed, &hub),
                None => return,
            },
            Some(asked) = hubs.asking.join_next() => if let Ok(Some((feed, hub))) = asked {
                hubs.store(feed, hub).await;
            },
            () = tokio::time::sleep(wake) => {}
        }
    }
}

struct Hubs {
    subscriptions: Subscriptions,
    handle: Handle,
    asking: JoinSet<Option<(FeedId, HubState)>>,
}

impl Hubs {
    fn current(&self) -> Arc<Current> {
        Arc::clone(&self.handle.current.borrow())
    }

    /// The subscription of a feed as it is stored.
    fn stored(&self, feed: FeedId) -> Option<FeedState> {
        self.handle.reader.feed_state(feed).ok().flatten()
    }

    /// Sends the requests that are due, where WebSub is on.
    fn ask_due(&mut self) {
        let Some(base) = self.current().callback_base.clone() else { return };
        if self.asking.len() >= AT_ONCE {
            return;
        }
        for feed in self.subscriptions.take_due(now()) {
            let Some(hub) = self.stored(feed).and_then(|state| state.hub) else { continue };
            let fetcher = self.handle.fetcher.borrow().clone();
            let form = websub::form(&hub, &base);
            self.asking.spawn(async move {
                let answer = fetcher.ask_hub(&hub.hub, &form, now()).await;
                if let Err(error) = &answer {
                    debug!(subscription = %feed, %error, "the hub can't be asked");
                }
                Some((feed, websub::asked(&hub, answer.map_err(|_| ()), now())))
            });
        }
    }

    /// Keeps what became of a subscription, unless the feed has another one by now.
    async fn store(&mut self, feed: FeedId, hub: HubState) {
        let (reply, kept) = oneshot::channel();
        if self.handle.orders.send(Order::Hub(feed, Box::new(hub), now(), reply)).await.is_err() {
            return;
        }
        if let Ok(Err(error)) = kept.await {
            warn!(subscription = %feed, %error, "the hub's answer could not be kept");
        }
        if let Some(state) = self.stored(feed) {
            self.subscriptions.put(&state);
        }
    }

    /// Asks the hub of a removed feed to forget us, once: a hub that does not listen finds out by our answers.
    fn leave(&mut self, feed: FeedId, hub: &HubState) {
        self.subscriptions.remove(feed);
        let Some(base) = self.current().callback_base.clone() else { return };
        let hub = websub::leave(hub, now());
        let (fetcher, form) = (self.handle.fetcher.borrow().clone(), websub::form(&hub, &base));
        self.subscriptions.keep_leaving(hub.clone());
        self.asking.spawn(async move {
            if let Err(error) = fetcher.ask_hub(&hub.hub, &form, now()).await {
                debug!(%error, "the hub can't be told that we leave");
            }
            None
        });
    }

    /// A hub that has gone away needs no answer.
    async fn take(&mut self, event: HubEvent) {
        match event {
            HubEvent::Verify { verification, reply } => {
                let is_wanted = self.verify(&verification).await;
                let _ = reply.send(is_wanted);
            }
            HubEvent::Push { id, signature, content_type, body, reply } => {
                let answer = self.push(&id, signature.as_deref(), content_type, body).await;
                let _ = reply.send(answer);
            }
        }
    }

    async fn verify(&mut self, verification: &Verification) -> bool {
        let query = query_of(verification);
        if let Some(hub) = self.subscriptions.leaving(&verification.id) {
            let (reply, verified) = websub::verify(hub, &query, now());
            if verified == Verified::Ended {
                self.subscriptions.ended(&verification.id);
            }
            return reply != Reply::NotFound;
        }
        let Some(feed) = self.subscriptions.feed_of(&verification.id) else { return false };
        let Some(hub) = self.stored(feed).and_then(|state| state.hub) else { return false };
        let (reply, verified) = websub::verify(&hub, &query, now());
        if let Verified::Changed(next) = verified {
            if next.is_verified {
                info!(subscription = %feed, "its hub pushes what is new");
            } else {
                info!(subscription = %feed, reason = verification.reason.as_deref(), "its hub refuses us; it is polled");
            }
            self.store(feed, next).await;
        }
        reply != Reply::NotFound
    }

    /// Taken, or left aside: the hub is not told the difference, but for a subscription that does not exist.
    async fn push(
        &self,
        id: &str,
        signature: Option<&str>,
        content_type: Option<String>,
        body: Bytes,
    ) -> PushAnswer {
        let Some(feed) = self.subscriptions.feed_of(id) else { return PushAnswer::Gone };
        let Some((state, hub)) = self.stored(feed).and_then(|state| Some((state.clone(), state.hub?))) else {
            return PushAnswer::Gone;
        };
        if let Err(error) = websub::check(&hub, &Push { signature, body: &body }) {
            warn!(subscription = %feed, %error, "a push is left aside");
            return PushAnswer::Accepted;
        }
        let current = self.current();
        let Some(subscription) = current.feeds.iter().find(|known| known.id == feed && known.enabled) else {
            return PushAnswer::Gone;
        };
        let Ok(url) = Url::parse(&state.polled_url) else { return PushAnswer::Accepted };
        // A push holds what is new, not necessarily all that there is.
        let document = Document { url, content_type, body, is_delta: true };
        if let Some(polled) = read(subscription.clone(), state, document, &current).await {
            let (reply, kept) = oneshot::channel();
            if self.handle.orders.send(Order::Polled(Box::new(polled), reply)).await.is_ok() {
                match kept.await {
                    Ok(Ok(_)) => self.handle.metrics.pushes.increment(),
                    Ok(Err(error)) => {
                        warn!(subscription = %feed, %error, "a push could not be kept; a poll will bring it");
                    }
                    Err(_) => {}
                }
            }
        }
        PushAnswer::Accepted
    }
}

async fn read(feed: Feed, state: FeedState, document: Document, current: &Current) -> Option<Polled> {
    let (rules, at) = (Arc::clone(&current.rules), now());
    let work = tokio::task::spawn_blocking(move || {
        let source = Source {
            feed: &feed,
            title: state.title.as_deref(),
            relevant_share: state.counts.relevant_share(),
        };
        let read = pipeline::read(&document, source, &rules, at);
        (feed, read)
    });
    let (feed, read) = work.await.ok()?;
    match read {
        Ok(reading) => Some(Polled { feed, outcome: None, judged: reading.judged, offer: None, now: at }),
        Err(error) => {
            warn!(subscription = %feed.id, %error, "a push is no feed");
            None
        }
    }
}

/// The hub's question as it came; the server has taken the challenge out and gives it back where the answer is yes.
fn query_of(verification: &Verification) -> String {
    let mut query = form_urlencoded::Serializer::new(String::new());
    query.append_pair("hub.mode", &verification.mode);
    query.append_pair("hub.topic", &verification.topic);
    query.append_pair("hub.challenge", "held by the server");
    if let Some(lease) = verification.lease_seconds {
        query.append_pair("hub.lease_seconds", &lease.to_string());
    }
    query.finish()
}
