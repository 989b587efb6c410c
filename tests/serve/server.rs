//! A server on loopback and a client that sees every byte.

use crate::wire;
use chipwire::metrics::Metrics;
use chipwire::model::{StoryId, Timestamp};
use chipwire::publish::{Base, Settings as PublishSettings, Sources, StoryView, Wire};
use chipwire::serve::{
    ArchiveRequest, HubEvent, Inputs, Listen, Listeners, Readiness, Settings, StoryAnswer, run,
};
use std::collections::BTreeMap;
use std::fmt::Write;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::sync::{mpsc, watch};
use tokio::task::JoinHandle;

/// What a test may change before the server starts.
pub(crate) struct Setup {
    pub(crate) settings: Settings,
    pub(crate) publish: PublishSettings,
    pub(crate) stories: Vec<StoryView>,
    /// What only the archive has.
    pub(crate) archived: Vec<StoryView>,
    /// Stories that joined others.
    pub(crate) moved: BTreeMap<StoryId, StoryId>,
    pub(crate) complete_since: Timestamp,
}

impl Default for Setup {
    fn default() -> Self {
        Self {
            settings: Settings {
                listen: Some(Listen::Tcp("127.0.0.1:0".to_owned())),
                admin_listen: Some(Listen::Tcp("127.0.0.1:0".to_owned())),
                ..Settings::default()
            },
            publish: PublishSettings::default(),
            stories: wire::stories(),
            archived: Vec::new(),
            moved: BTreeMap::new(),
            complete_since: Timestamp::MIN_UTC,
        }
    }
}

/// A running server.
pub(crate) struct Server {
    pub(crate) readers: SocketAddr,
    pub(crate) operators: SocketAddr,
    pub(crate) base: Base,
    pub(crate) wire: watch::Sender<Arc<Wire>>,
    pub(crate) metrics: Arc<Metrics>,
    pub(crate) readiness: watch::Sender<Readiness>,
    pub(crate) hub_events: mpsc::Receiver<HubEvent>,
    pub(crate) clock: Arc<Mutex<Timestamp>>,
    pub(crate) stop: watch::Sender<bool>,
    pub(crate) running: JoinHandle<()>,
    _sources: watch::Sender<Arc<Sources>>,
}

impl Server {
    pub(crate) async fn start(setup: Setup) -> Self {
        let listeners = Listeners::bind(&setup.settings, Vec::new(), Vec::new()).await.unwrap();
        let (readers, operators) = listeners.addresses();
        let base = match &setup.publish.public_url {
            Some(url) => Base::public(url),
            None => Base::listening(&listeners.authority()),
        };
        let stories = setup.stories.iter().cloned().map(Arc::new).collect();
        let first = Wire::new(
            setup.publish.clone(),
            base.clone(),
            wire::now(),
            wire::topics(),
            (stories, setup.complete_since),
        );
        let (wire, wire_seen) = watch::channel(Arc::new(first));
        let (sources, sources_seen) = watch::channel(Arc::new(wire::sources()));
        let (readiness, readiness_seen) = watch::channel(Readiness::Ready);
        let (archive, questions) = mpsc::channel(16);
        let (hub, hub_events) = mpsc::channel(16);
        let (stop, stopped) = watch::channel(false);
        let clock = Arc::new(Mutex::new(wire::now()));
        let metrics = Arc::new(Metrics::default());
        let reading = Arc::clone(&clock);
        let inputs = Inputs {
            wire: wire_seen,
            sources: sources_seen,
            archive,
            hub_events: hub,
            metrics: Arc::clone(&metrics),
            readiness: readiness_seen,
            clock: Arc::new(move || *reading.lock().unwrap()),
        };
        tokio::spawn(answer_archive(questions, setup.stories, setup.archived, setup.moved, setup.publish));
        let running = tokio::spawn(run(listeners, setup.settings, inputs, stopped));
        Self {
            readers: readers[0].parse().unwrap_or_else(|_| SocketAddr::from(([127, 0, 0, 1], 0))),
            operators: operators[0].parse().unwrap(),
            base,
            wire,
            metrics,
            readiness,
            hub_events,
            clock,
            stop,
            running,
            _sources: sources,
        }
    }

    /// Takes the wire anew with other stories.
    pub(crate) fn publish(&self, stories: Vec<StoryView>) {
        let old = Arc::clone(&self.wire.borrow());
        let stories = stories.into_iter().map(Arc::new).collect();
        let next = Wire::new(
            old.settings.clone(),
            old.base.clone(),
            old.at,
            old.topics.clone(),
            (stories, old.complete_since),
        );
        self.wire.send(Arc::new(next)).unwrap();
    }

    /// A GET of the readers' listener.
    pub(crate) async fn get(&self, path: &str) -> Answer {
        self.get_with(path, &[]).await
    }

    /// The same with headers.
    pub(crate) async fn get_with(&self, path: &str, headers: &[(&str, &str)]) -> Answer {
        exchange(self.readers, &request("GET", path, "127.0.0.1", headers, "")).await
    }

    /// A GET of the operator's listener.
    pub(crate) async fn ask(&self, path: &str, host: &str) -> Answer {
        exchange(self.operators, &request("GET", path, host, &[], "")).await
    }
}

async fn answer_archive(
    mut questions: mpsc::Receiver<ArchiveRequest>,
    stories: Vec<StoryView>,
    archived: Vec<StoryView>,
    moved: BTreeMap<StoryId, StoryId>,
    settings: PublishSettings,
) {
    let mut all: Vec<StoryView> = stories.into_iter().chain(archived).collect();
    all.sort_by_key(|view| std::cmp::Reverse((view.story.published, view.story.id)));
    let all: Vec<Arc<StoryView>> = all.into_iter().map(Arc::new).collect();
    // A reader that left doesn't need its answer any more.
    while let Some(question) = questions.recv().await {
        match question {
            ArchiveRequest::Story { id, reply } => {
                let here = all.iter().find(|view| view.story.id == id);
                let answer = match (here, moved.get(&id)) {
                    (Some(view), _) => StoryAnswer::Here(Arc::clone(view)),
                    (None, Some(to)) => StoryAnswer::MovedTo(*to),
                    (None, None) => StoryAnswer::Unknown,
                };
                let _ = reply.send(answer);
            }
            ArchiveRequest::Stories { selection, limit, reply } => {
                let accepted = all.iter().filter(|view| selection.accepts(view, &settings, wire::now()));
                let _ = reply.send(accepted.take(limit).cloned().collect());
            }
            ArchiveRequest::Rejects { reply, .. } => {
                let _ = reply.send(vec![wire::reject()]);
            }
        }
    }
}

/// A request as text.
pub(crate) fn request(method: &str, path: &str, host: &str, headers: &[(&str, &str)], body: &str) -> String {
    let mut text = format!("{method} {path} HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n");
    for (name, value) in headers {
        write!(text, "{name}: {value}\r\n").unwrap();
    }
    if !body.is_empty() {
        write!(text, "Content-Length: {}\r\n", body.len()).unwrap();
    }
    text + "\r\n" + body
}

/// Sends these bytes and reads until the server closes.
pub(crate) async fn exchange(to: SocketAddr, request: &str) -> Answer {
    let mut stream = TcpStream::connect(to).await.unwrap();
    // The server may close before it has read all of it.
    let _ = stream.write_all(request.as_bytes()).await;
    let mut bytes = Vec::new();
    let _ = stream.read_to_end(&mut bytes).await;
    Answer::parse(&bytes)
}

/// An answer.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    /// Names in lower case.
    headers: Vec<(String, String)>,
    pub(crate) body: Vec<u8>,
}

impl Answer {
    pub(crate) fn parse(bytes: &[u8]) -> Self {
        let Some(end) = bytes.windows(4).position(|window| window == b"\r\n\r\n") else {
            return Self { status: 0, headers: Vec::new(), body: bytes.to_vec() };
        };
        let head = String::from_utf8(bytes[..end].to_vec()).unwrap();
        let mut lines = head.split("\r\n");
        let status = lines.next().unwrap().split(' ').nth(1).unwrap().parse().unwrap();
        let header = |line: &str| {
            let (name, value) = line.split_once(':').unwrap();
            (name.to_lowercase(), value.trim().to_owned())
        };
        Self { status, headers: lines.map(header).collect(), body: bytes[end + 4..].to_vec() }
    }

    pub(crate) fn header(&self, name: &str) -> &str {
        self.headers.iter().find(|(held, _)| held == name).map_or("", |(_, value)| value)
    }

    pub(crate) fn text(&self) -> String {
        String::from_utf8(self.body.clone()).unwrap()
    }

    pub(crate) fn json(&self) -> serde_json::Value {
        serde_json::from_slice(&self.body).unwrap()
    }

    /// The titles of a JSON feed.
    pub(crate) fn titles(&self) -> Vec<String> {
        let json = self.json();
        let items = json["items"].as_array().unwrap();
        items.iter().map(|item| item["title"].as_str().unwrap().to_owned()).collect()
    }
}
