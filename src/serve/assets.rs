//! What is neither feed nor page: icons, robots.txt, OPML, the feeds' troubles.

use super::cache::{Generation, Of, Rendered};
use super::reply::Media;
use super::routes::Reply;
use super::state::Shared;
use crate::publish::{Format, feeds_opml, topics_opml as write_topics, troubles_atom};
use axum::extract::State;
use axum::http::HeaderMap;
use std::sync::Arc;

/// A chip, drawn by us.
const ICON: &[u8] = include_bytes!("../../assets/icon.svg");
/// The same in pixels: 144 wide.
const PNG: &[u8] = include_bytes!("../../assets/icon.png");
/// 16, 32 and 48 wide.
const FAVICON: &[u8] = include_bytes!("../../assets/favicon.ico");
/// The generation of what never changes while the process lives.
const FOR_GOOD: Generation = Generation { of: Of::Nothing, snapshot: 0, moment: 0 };

pub(super) async fn icon(State(shared): State<Arc<Shared>>, headers: HeaderMap) -> Reply {
    fixed(&shared, "/icon.svg", Media::Svg, ICON, &headers).await
}

pub(super) async fn png(State(shared): State<Arc<Shared>>, headers: HeaderMap) -> Reply {
    fixed(&shared, "/icon.png", Media::Png, PNG, &headers).await
}

pub(super) async fn favicon(State(shared): State<Arc<Shared>>, headers: HeaderMap) -> Reply {
    fixed(&shared, "/favicon.ico", Media::Icon, FAVICON, &headers).await
}

async fn fixed(
    shared: &Arc<Shared>,
    path: &str,
    media: Media,
    body: &'static [u8],
    headers: &HeaderMap,
) -> Reply {
    let rendered = || async { Ok(Rendered::new(media, body.to_vec())) };
    shared.cached(path.to_owned(), FOR_GOOD, headers, rendered).await
}

/// Everything may be read by everybody; only searches, of which there is no end, are not for crawlers.
pub(super) async fn robots(State(shared): State<Arc<Shared>>, headers: HeaderMap) -> Reply {
    let (wire, snapshot) = shared.wire();
    let path = wire.base.path();
    let body = format!("User-agent: *\nDisallow: {path}/search\nDisallow: {path}/websub/\n").into_bytes();
    let rendered = || async { Ok(Rendered::new(Media::Text, body)) };
    shared
        .cached(
            "/robots.txt".to_owned(),
            Generation { of: Of::Wire, snapshot, moment: 0 },
            &headers,
            rendered,
        )
        .await
}

pub(super) async fn topics_opml(State(shared): State<Arc<Shared>>, headers: HeaderMap) -> Reply {
    let (wire, snapshot) = shared.wire();
    let render = || async {
        let body = write_topics(wire.settings.name_and_motto().0, &wire.topics, &wire.base);
        Ok(Rendered::new(Media::Opml, body))
    };
    shared
        .cached("/topics.opml".to_owned(), Generation { of: Of::Wire, snapshot, moment: 0 }, &headers, render)
        .await
}

pub(super) async fn sources_opml(State(shared): State<Arc<Shared>>, headers: HeaderMap) -> Reply {
    let (wire, _) = shared.wire();
    let (sources, snapshot) = shared.sources();
    let render =
        || async { Ok(Rendered::new(Media::Opml, feeds_opml(wire.settings.name_and_motto().0, &sources))) };
    shared
        .cached(
            "/sources.opml".to_owned(),
            Generation { of: Of::Sources, snapshot, moment: 0 },
            &headers,
            render,
        )
        .await
}

pub(super) async fn sources_atom(State(shared): State<Arc<Shared>>, headers: HeaderMap) -> Reply {
    let (wire, _) = shared.wire();
    let (sources, snapshot) = shared.sources();
    let render = || async {
        let body = troubles_atom(&sources, &wire.base, wire.settings.name_and_motto().0);
        Ok(Rendered::new(Media::Feed(Format::Atom), body))
    };
    shared
        .cached(
            "/sources.atom".to_owned(),
            Generation { of: Of::Sources, snapshot, moment: 0 },
            &headers,
            render,
        )
        .await
}
