//! WebSub in the daemon: hubs are asked when that is due, their questions are answered, and a push goes the same way
//! through the pipeline as a poll. What a subscription is, [`websub`](crate::websub) decides; it is stored with its feed.

use super::editing::{Brought, Order, Polled};
use super::reading::{self, Subject};
use super::{Current, Handle, now};
use crate::model::{Document, FeedId, FeedState, HubState};
use crate::pipeline;
use crate::serve::{HubEvent, PushAnswer, Verification};
use crate::websub::{self, HubAnswer, Push, Reply, Subscriptions, Verified};
use bytes::Bytes;
use std::collections::BTreeSet;
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
    let mut hubs = Hubs {
        subscriptions: Subscriptions::default(),
        handle,
        asking: JoinSet::new(),
        asked: BTreeSet::new(),
    };
    hubs.restore().await;
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
                Some(HubNote::Left(feed, hub)) => hubs.leave(feed, *hub).await,
                None => return,
            },
            Some(asked) = hubs.asking.join_next() => if let Ok(Some(asked)) = asked {
                hubs.answered(asked).await;
            },
            () = tokio::time::sleep(wake) => {}
        }
    }
}

struct Hubs {
    subscriptions: Subscriptions,
    handle: Handle,
    asking: JoinSet<Option<Asked>>,
    /// The feeds whose hubs are being asked.
    asked: BTreeSet<FeedId>,
}

/// A hub's answer to a request, with the subscription as it was when the request was sent.
struct Asked {
    feed: FeedId,
    hub: HubState,
    answer: Result<HubAnswer, ()>,
}

impl Hubs {
    fn current(&self) -> Arc<Current> {
        Arc::clone(&self.handle.current.borrow())
    }

    /// The subscription of a feed as it is stored.
    fn stored(&self, feed: FeedId) -> Option<FeedState> {
        self.handle.reader.feed_state(feed).ok().flatten()
    }

    /// Takes the stored subscriptions over. Those of feeds that left while we were away end now.
    async fn restore(&mut self) {
        let current = self.current();
        let polled: BTreeSet<FeedId> =
            current.feeds.iter().filter(|feed| feed.enabled).map(|feed| feed.id).collect();
        let states: Vec<FeedState> = self.handle.reader.feed_states().flatten().collect();
        for state in states {
            if polled.contains(&state.feed) {
                self.subscriptions.put(&state);
            } else if let Some(hub) = state.hub {
                self.leave(state.feed, hub).await;
            }
        }
    }

    /// Sends the requests that are due, where WebSub is on.
    fn ask_due(&mut self) {
        let Some(base) = self.current().callback_base.clone() else { return };
        if self.asking.len() >= AT_ONCE {
            return;
        }
        for feed in self.subscriptions.take_due(now()) {
            // Its answer puts it back.
            if self.asked.contains(&feed) {
                continue;
            }
            let Some(state) = self.stored(feed) else { continue };
            if self.asking.len() >= AT_ONCE {
                self.subscriptions.put(&state);
                continue;
            }
            let Some(hub) = state.hub else { continue };
            let fetcher = self.handle.fetcher.borrow().clone();
            let form = websub::form(&hub, &base);
            self.asked.insert(feed);
            self.asking.spawn(async move {
                let answer = fetcher.ask_hub(&hub.hub, &form, now()).await;
                if let Err(error) = &answer {
                    debug!(subscription = %feed, %error, "the hub can't be asked");
                }
                Some(Asked { feed, hub, answer: answer.map_err(|_| ()) })
            });
        }
    }

    /// Takes a hub's answer in. Many verify before they answer; what that brought stands then.
    async fn answered(&mut self, Asked { feed, hub, answer }: Asked) {
        self.asked.remove(&feed);
        let Some(state) = self.stored(feed) else { return };
        if state.hub.as_ref() == Some(&hub) {
            self.store(feed, &hub.token, Some(websub::asked(&hub, answer, now()))).await;
        } else if self.subscriptions.feed_of(&hub.token).is_some() {
            self.subscriptions.put(&state);
        }
    }

    /// Keeps what became of a subscription, unless the feed has another one by now.
    async fn store(&mut self, feed: FeedId, token: &str, hub: Option<HubState>) {
        let (reply, kept) = oneshot::channel();
        let (token, hub) = (token.to_owned(), hub.map(Box::new));
        if self.handle.orders.send(Order::Hub { feed, token, hub, now: now(), reply }).await.is_err() {
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
    async fn leave(&mut self, feed: FeedId, hub: HubState) {
        self.store(feed, &hub.token, None).await;
        self.subscriptions.remove(feed);
        let Some(base) = self.current().callback_base.clone() else { return };
        let hub = websub::leave(&hub, now());
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
            self.store(feed, &hub.token, Some(next)).await;
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
        let rules = Arc::clone(&current.rules);
        let subject = Subject { feed: subscription.clone(), state, rules, has_callback: true };
        if let Some(polled) = read(subject, document).await {
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

async fn read(subject: Subject, document: Document) -> Option<Polled> {
    let at = now();
    let work = tokio::task::spawn_blocking(move || {
        let read = pipeline::read(&document, reading::source(&subject), &subject.rules, at);
        (subject.feed, read)
    });
    let (feed, read) = work.await.ok()?;
    match read {
        Ok(reading) => {
            let (summary, judged) = reading::summary(reading, true);
            Some(Polled { feed, brought: Brought::Push(summary), judged, offer: None, now: at })
        }
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
