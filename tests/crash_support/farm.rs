//! A farm of publishers on loopback that keeps changing: every other answer brings new entries. It remembers what
//! it served, and which version of a feed each request said to have.

use std::fmt::Write as _;
use std::io::{BufRead, BufReader, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::{Arc, Condvar, Mutex};
use std::time::Duration;

pub(crate) const FEEDS: usize = 4;
/// Entries in a document; the oldest leave it, so what was missed once is missed for good.
const WINDOW: usize = 12;

#[derive(Debug, Clone)]
pub(crate) struct Item {
    pub(crate) guid: String,
    pub(crate) title: String,
    text: String,
    date: String,
}

#[derive(Debug, Default)]
pub(crate) struct State {
    /// All entries of each feed, oldest first; a feed's version is how many there are.
    pub(crate) feeds: Vec<Vec<Item>>,
    /// The newest version that a request said to have (`If-None-Match`), a feed.
    pub(crate) acknowledged: Vec<usize>,
    pub(crate) asked: u64,
    made: usize,
}

#[derive(Debug, Clone)]
pub(crate) struct Farm {
    pub(crate) state: Arc<(Mutex<State>, Condvar)>,
    pub(crate) port: u16,
}

impl Farm {
    pub(crate) fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let state = State { feeds: vec![vec![]; FEEDS], acknowledged: vec![0; FEEDS], ..State::default() };
        let farm = Self {
            port: listener.local_addr().unwrap().port(),
            state: Arc::new((Mutex::new(state), Condvar::new())),
        };
        let serving = farm.clone();
        // It ends with the test program.
        std::thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let farm = serving.clone();
                // A client that was killed breaks its connection: nothing to do about it.
                std::thread::spawn(move || farm.answer(&stream));
            }
        });
        farm
    }

    pub(crate) fn url(&self, feed: usize) -> String {
        format!("http://127.0.0.1:{}/feed/{feed}", self.port)
    }

    /// Waits until so many more requests have come; whether they did.
    pub(crate) fn wait_for(&self, more: u64) -> bool {
        let (state, bell) = &*self.state;
        let state = state.lock().unwrap();
        let goal = state.asked + more;
        let patience = Duration::from_mins(1);
        let (state, _) = bell.wait_timeout_while(state, patience, |state| state.asked < goal).unwrap();
        state.asked >= goal
    }

    fn answer(&self, stream: &TcpStream) -> Option<()> {
        let mut lines = BufReader::new(stream).lines();
        let request = lines.next()?.ok()?;
        let feed: usize = request.split(' ').nth(1)?.strip_prefix("/feed/")?.parse().ok()?;
        let mut has: Option<usize> = None;
        for line in lines.map_while(Result::ok).take_while(|line| !line.is_empty()) {
            let value = line.to_ascii_lowercase();
            if let Some(tag) = value.strip_prefix("if-none-match:") {
                has = tag.trim().trim_matches('"').strip_prefix('v')?.parse().ok();
            }
        }
        let body = {
            let (state, bell) = &*self.state;
            let mut state = state.lock().unwrap();
            state.asked += 1;
            if let Some(has) = has {
                assert!(has <= state.feeds[feed].len(), "a version that was never served");
                state.acknowledged[feed] = state.acknowledged[feed].max(has);
            }
            if state.asked % 3 != 0 {
                state.publish(feed);
            }
            bell.notify_all();
            let version = state.feeds[feed].len();
            if has == Some(version) { None } else { Some((version, document(&state.feeds[feed]))) }
        };
        let mut stream = stream;
        match body {
            None => write!(stream, "HTTP/1.1 304 Not Modified\r\nConnection: close\r\n\r\n").ok()?,
            Some((version, body)) => write!(
                stream,
                "HTTP/1.1 200 OK\r\nContent-Type: application/rss+xml\r\nETag: \"v{version}\"\r\nContent-Length: {}\r\nConnection: close\r\n\r\n{body}",
                body.len()
            )
            .ok()?,
        }
        Some(())
    }
}

const WHO: [&str; 11] = [
    "TSMC", "Nvidia", "Micron", "ASML", "Qualcomm", "Broadcom", "Intel", "SK hynix", "Infineon", "Renesas",
    "Cerebras",
];
const DOES: [&str; 7] =
    ["opens", "cancels", "ships", "delays", "licenses", "doubles output of", "finds a flaw in"];
const WHAT: [&str; 13] = [
    "a lithography cluster",
    "its server processor",
    "a memory stack for accelerators",
    "an automotive microcontroller",
    "a wafer polishing line",
    "its packaging plant",
    "an inference chip",
    "a photonics die",
    "its mask shop",
    "a power transistor",
    "a cache design",
    "an interconnect switch chip",
    "a radio front-end chip",
];
const WHERE: [&str; 17] = [
    "Dresden",
    "Hsinchu",
    "Phoenix",
    "Kumamoto",
    "Penang",
    "Austin",
    "Grenoble",
    "Boise",
    "Leuven",
    "Haifa",
    "Bangalore",
    "Icheon",
    "Malta",
    "Eindhoven",
    "Catania",
    "Chandler",
    "Singapore",
];

impl State {
    fn publish(&mut self, feed: usize) {
        self.made += 1;
        let number = self.made;
        let of = |words: &'static [&'static str]| words[number % words.len()];
        let (who, does, what, place) = (of(&WHO), of(&DOES), of(&WHAT), of(&WHERE));
        let item = Item {
            guid: format!("entry-{number}"),
            title: format!("{who} {does} {what} in {place}, filing {number}"),
            text: format!(
                "{who} said that it {does} {what} in {place}. The semiconductor maker filed paper {number} with the town; \
                 the chip goes to customers in {} months.",
                number % 29
            ),
            date: now(),
        };
        // Some pieces come in two feeds at the same moment: one story.
        if number.is_multiple_of(5) {
            let other = (feed + 1) % FEEDS;
            self.feeds[other].push(Item { guid: format!("copy-{number}"), ..item.clone() });
        }
        self.feeds[feed].push(item);
    }
}

#[expect(clippy::disallowed_methods, reason = "publishers have clocks")]
fn now() -> String {
    httpdate::fmt_http_date(std::time::SystemTime::now())
}

fn document(items: &[Item]) -> String {
    let mut xml = String::from(
        "<?xml version=\"1.0\"?><rss version=\"2.0\"><channel><title>Farm</title><link>http://farm.example/</link><description>d</description>",
    );
    for item in items.iter().rev().take(WINDOW) {
        write!(
            xml,
            "<item><guid isPermaLink=\"false\">{0}</guid><link>http://farm.example/{0}</link><title>{1}</title><description>{2}</description><pubDate>{3}</pubDate></item>",
            item.guid, item.title, item.text, item.date
        )
        .unwrap();
    }
    xml + "</channel></rss>"
}
