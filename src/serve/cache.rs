//! Rendered feeds and pages: each is made once for each snapshot, by the first request that wants it, while others
//! that want the same wait for it. Compressed forms are made once, too.

use super::reply::{Media, Refusal};
use crate::model::Timestamp;
use bytes::Bytes;
use chrono::{DurationRound, TimeDelta};
use flate2::write::GzEncoder;
use rustc_hash::FxHashMap;
use sha2::{Digest, Sha256};
use std::fmt::Write as _;
use std::future::Future;
use std::io::Write as _;
use std::sync::{Arc, Mutex, OnceLock, PoisonError};
use tokio::sync::OnceCell;

/// The most renditions held: all feeds of 41 topics and 9 kinds are 153; the rest is room for readers' wishes.
const MOST_RENDITIONS: usize = 1_024;
/// The most memory of their bodies; a full wire is about 1 MiB.
const MOST_BYTES: usize = 48 << 20;
/// brotli 5 takes a fifth of the time of 9 for 3 % more bytes (measured on a feed of 500 items, one core).
const BROTLI_QUALITY: u32 = 5;
/// A window of 1 MiB: as large as a feed.
const BROTLI_WINDOW_BITS: u32 = 20;

/// What a rendition is made of.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Of {
    /// The stories.
    Wire,
    /// The feeds.
    Sources,
    /// The program itself.
    Nothing,
}

/// What a rendition depends on besides its address.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Generation {
    /// What it is made of.
    pub(super) of: Of,
    /// Which snapshot of that.
    pub(super) snapshot: u64,
    /// What else moves, such as the day or a reader's `wait`.
    pub(super) moment: i64,
}

/// A body fresh from the renderer.
#[derive(Debug)]
pub(super) struct Rendered {
    pub(super) media: Media,
    pub(super) body: Vec<u8>,
    /// A `Link` header.
    pub(super) links: Option<String>,
}

impl Rendered {
    pub(super) fn new(media: Media, body: Vec<u8>) -> Self {
        Self { media, body, links: None }
    }
}

/// A body with all that answers need.
#[derive(Debug)]
pub(super) struct Rendition {
    pub(super) media: Media,
    pub(super) body: Bytes,
    /// A `Link` header.
    pub(super) links: Option<String>,
    /// Opaque part of the entity tag: a hash of the body, the same after a restart.
    pub(super) tag: String,
    /// When it became what it is, in whole seconds.
    pub(super) modified: Timestamp,
    gzip: OnceLock<Bytes>,
    brotli: OnceLock<Bytes>,
}

impl Rendition {
    pub(super) fn new(rendered: Rendered, before: Option<&Past>, now: Timestamp) -> Self {
        let tag = tag(&rendered.body);
        let second = now.duration_trunc(TimeDelta::seconds(1)).unwrap_or(now);
        let modified = match before {
            Some(before) if before.tag == tag => before.modified,
            // A second later at least, or a client that asks by date would miss the change.
            Some(before) => second.max(before.modified + TimeDelta::seconds(1)),
            None => second,
        };
        Self {
            media: rendered.media,
            body: rendered.body.into(),
            links: rendered.links,
            tag,
            modified,
            gzip: OnceLock::new(),
            brotli: OnceLock::new(),
        }
    }

    /// Whether [`Rendition::gzip`] takes no time any more.
    pub(super) fn has_gzip(&self) -> bool {
        self.gzip.get().is_some()
    }

    /// Whether [`Rendition::brotli`] takes no time any more.
    pub(super) fn has_brotli(&self) -> bool {
        self.brotli.get().is_some()
    }

    /// The body in gzip. Takes milliseconds the first time.
    pub(super) fn gzip(&self) -> &Bytes {
        self.gzip.get_or_init(|| {
            let mut encoder = GzEncoder::new(Vec::new(), flate2::Compression::default());
            // Writing to memory cannot fail.
            let _ = encoder.write_all(&self.body);
            encoder.finish().unwrap_or_default().into()
        })
    }

    /// The body in brotli. Takes milliseconds the first time.
    pub(super) fn brotli(&self) -> &Bytes {
        self.brotli.get_or_init(|| {
            let mut compressed = Vec::new();
            let mut encoder =
                brotli::CompressorWriter::new(&mut compressed, 4096, BROTLI_QUALITY, BROTLI_WINDOW_BITS);
            // Writing to memory cannot fail; dropping the encoder writes the end.
            let _ = encoder.write_all(&self.body);
            drop(encoder);
            compressed.into()
        })
    }
}

fn tag(body: &[u8]) -> String {
    Sha256::digest(body).iter().take(12).fold(String::with_capacity(24), |mut tag, byte| {
        // Writing to a string cannot fail.
        let _ = write!(tag, "{byte:02x}");
        tag
    })
}

/// What is remembered of the rendition before.
#[derive(Debug, Clone)]
pub(super) struct Past {
    tag: String,
    modified: Timestamp,
}

struct Held {
    generation: Generation,
    rendition: Arc<OnceCell<Arc<Rendition>>>,
    past: Option<Past>,
}

impl Held {
    /// What the next rendition has to know of this one.
    fn past(&self) -> Option<Past> {
        match self.rendition.get() {
            Some(old) => Some(Past { tag: old.tag.clone(), modified: old.modified }),
            None => self.past.clone(),
        }
    }
}

/// The renditions, by address.
#[derive(Default)]
pub(super) struct Cache {
    held: Mutex<FxHashMap<String, Held>>,
}

impl Cache {
    /// The rendition of this address and generation, rendered by `render` if it is not here.
    pub(super) async fn get<F>(
        &self,
        address: String,
        generation: Generation,
        now: Timestamp,
        render: impl FnOnce() -> F,
    ) -> Result<Arc<Rendition>, Refusal>
    where
        F: Future<Output = Result<Rendered, Refusal>>,
    {
        let (cell, past) = self.place(address, generation);
        let rendition = cell
            .get_or_try_init(|| async {
                let rendered = render().await?;
                Ok(Arc::new(Rendition::new(rendered, past.as_ref(), now)))
            })
            .await?;
        Ok(Arc::clone(rendition))
    }

    /// The place where the rendition is, or will be, and what was there before.
    fn place(
        &self,
        address: String,
        generation: Generation,
    ) -> (Arc<OnceCell<Arc<Rendition>>>, Option<Past>) {
        let mut held = self.held.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(entry) = held.get(&address)
            && entry.generation == generation
        {
            return (Arc::clone(&entry.rendition), entry.past.clone());
        }
        let past = held.get(&address).and_then(Held::past);
        forget_older(&mut held, generation);
        make_room(&mut held);
        let rendition = Arc::new(OnceCell::new());
        let entry = Held { generation, rendition: Arc::clone(&rendition), past: past.clone() };
        held.insert(address, entry);
        (rendition, past)
    }
}

/// Lets go of the bodies that an older snapshot gave: nobody gets them any more. What they were is remembered, so that
/// a body that comes out the same again keeps its date.
fn forget_older(held: &mut FxHashMap<String, Held>, generation: Generation) {
    for entry in held.values_mut() {
        let is_older =
            entry.generation.of == generation.of && entry.generation.snapshot < generation.snapshot;
        if is_older && entry.rendition.initialized() {
            entry.past = entry.past();
            entry.rendition = Arc::default();
        }
    }
}

/// Forgets everything where there is too much of it.
fn make_room(held: &mut FxHashMap<String, Held>) {
    let bytes: usize =
        held.values().filter_map(|entry| entry.rendition.get()).map(|rendition| rendition.body.len()).sum();
    if held.len() >= MOST_RENDITIONS || bytes > MOST_BYTES {
        held.clear();
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::atomic::{AtomicUsize, Ordering};

    fn at(second: i64) -> Timestamp {
        Timestamp::from_timestamp(second, 500_000_000).unwrap()
    }

    fn rendered(text: &str) -> Rendered {
        Rendered::new(Media::Text, text.as_bytes().to_vec())
    }

    #[tokio::test]
    async fn each_snapshot_is_rendered_once() {
        let (cache, renders) = (Cache::default(), AtomicUsize::new(0));
        let get = |snapshot, text: &'static str, second| {
            cache.get(
                "x".to_owned(),
                Generation { of: Of::Wire, snapshot, moment: 0 },
                at(second),
                || async {
                    renders.fetch_add(1, Ordering::Relaxed);
                    Ok(rendered(text))
                },
            )
        };
        let (first, same) = tokio::join!(get(1, "a", 10), get(1, "a", 10));
        let (first, same) = (first.unwrap(), same.unwrap());
        assert!(Arc::ptr_eq(&first, &same));
        let unchanged = get(2, "a", 20).await.unwrap();
        assert_eq!((unchanged.modified, &unchanged.tag), (first.modified, &first.tag));
        let changed = get(3, "b", 10).await.unwrap();
        assert_eq!(changed.modified, first.modified + TimeDelta::seconds(1));
        assert_ne!(changed.tag, first.tag);
        assert_eq!(renders.load(Ordering::Relaxed), 3);
    }

    #[tokio::test]
    async fn bodies_of_an_older_snapshot_are_let_go_but_not_their_dates() {
        let cache = Cache::default();
        let get = |address: &'static str, snapshot| {
            let generation = Generation { of: Of::Wire, snapshot, moment: 0 };
            cache.get(address.to_owned(), generation, at(i64::try_from(snapshot).unwrap()), || async {
                Ok(rendered("a"))
            })
        };
        let first = get("x", 1).await.unwrap();
        get("y", 2).await.unwrap();
        assert_eq!(Arc::strong_count(&first), 1);
        assert_eq!(get("x", 3).await.unwrap().modified, first.modified);
    }

    #[tokio::test]
    async fn a_failure_is_not_kept() {
        let cache = Cache::default();
        let generation = Generation { of: Of::Wire, snapshot: 1, moment: 0 };
        let failed = cache.get("x".to_owned(), generation, at(1), || async { Err(Refusal::Busy) }).await;
        assert_eq!(failed.unwrap_err(), Refusal::Busy);
        assert!(cache.get("x".to_owned(), generation, at(1), || async { Ok(rendered("a")) }).await.is_ok());
    }

    #[tokio::test]
    async fn the_number_of_renditions_is_bounded() {
        let cache = Cache::default();
        for n in 0..3 * MOST_RENDITIONS {
            let generation = Generation { of: Of::Wire, snapshot: 1, moment: 0 };
            cache.get(n.to_string(), generation, at(1), || async { Ok(rendered("a")) }).await.unwrap();
        }
        assert!(cache.held.lock().unwrap().len() <= MOST_RENDITIONS);
    }

    #[test]
    fn compressed_forms_hold_the_same() {
        let text = "chips and fabs ".repeat(500);
        let rendition = Rendition::new(rendered(&text), None, at(1));
        let mut unpacked = String::new();
        std::io::Read::read_to_string(
            &mut flate2::read::GzDecoder::new(rendition.gzip().as_ref()),
            &mut unpacked,
        )
        .unwrap();
        assert_eq!(unpacked, text);
        unpacked.clear();
        let mut reader = brotli::Decompressor::new(rendition.brotli().as_ref(), 4096);
        std::io::Read::read_to_string(&mut reader, &mut unpacked).unwrap();
        assert_eq!(unpacked, text);
        assert!(rendition.brotli().len() < text.len() / 10);
    }
}
