use super::*;
use tokio::io::{AsyncReadExt, AsyncWriteExt};

fn now() -> Timestamp {
    "2026-06-19T12:00:00Z".parse().unwrap()
}

fn stand(slug: &str) -> Stand {
    let publishers = wire::publishers().unwrap();
    Stand::new(publishers.iter().find(|one| one.slug == slug).unwrap(), now())
}

fn get(stand: &Stand, path: &str, headers: &[(header::HeaderName, &str)]) -> Response<Full<Bytes>> {
    let headers =
        headers.iter().map(|(name, value)| (name.clone(), HeaderValue::from_str(value).unwrap())).collect();
    stand.answer(&Method::GET, path, &headers)
}

#[test]
fn what_did_not_change_is_answered_304() {
    let stand = stand("fabline");
    let first = get(&stand, &stand.path, &[]);
    assert_eq!(first.status(), StatusCode::OK);
    let etag = first.headers()[header::ETAG].to_str().unwrap();
    let date = first.headers()[header::LAST_MODIFIED].to_str().unwrap();
    for validator in [(header::IF_NONE_MATCH, etag), (header::IF_MODIFIED_SINCE, date)] {
        let again = get(&stand, &stand.path, &[validator]);
        assert_eq!(again.status(), StatusCode::NOT_MODIFIED);
        assert_eq!(again.headers()[header::ETAG], etag);
    }
}

#[test]
fn the_second_edition_comes_after_the_first_poll_under_another_etag() {
    let stand = stand("meridian");
    let first = get(&stand, &stand.path, &[]);
    let etag = first.headers()[header::ETAG].to_str().unwrap();
    let second = get(&stand, &stand.path, &[(header::IF_NONE_MATCH, etag)]);
    assert_eq!(second.status(), StatusCode::OK);
    assert_ne!(second.headers()[header::ETAG], etag);
}

#[test]
fn a_busy_publisher_says_once_when_to_come_back() {
    let stand = stand("nerdboard");
    let statuses = [1, 2, 3].map(|_| get(&stand, &stand.path, &[]));
    assert_eq!(statuses.each_ref().map(|one| one.status().as_u16()), [200, 503, 200]);
    assert_eq!(statuses[1].headers()[header::RETRY_AFTER], RETRY_AFTER);
}

#[test]
fn a_moved_feed_says_where_to() {
    let stand = stand("courier");
    let moved = get(&stand, &stand.old_path, &[]);
    assert_eq!(moved.status(), StatusCode::MOVED_PERMANENTLY);
    assert_eq!(moved.headers()[header::LOCATION], stand.path.as_str());
}

#[test]
fn gzip_goes_to_those_who_take_it() {
    let stand = stand("ledger");
    let packed = get(&stand, &stand.path, &[(header::ACCEPT_ENCODING, "br, gzip")]);
    assert_eq!(packed.headers()[header::CONTENT_ENCODING], "gzip");
    assert!(!get(&stand, &stand.path, &[]).headers().contains_key(header::CONTENT_ENCODING));
}

#[tokio::test]
async fn the_farm_serves_each_publisher_at_an_address_of_its_own() {
    let farm = Farm::start(now()).unwrap();
    let mut authorities = std::collections::BTreeSet::new();
    for feed in farm.feeds() {
        let url = url::Url::parse(&feed.url).unwrap();
        let authority = (url.host_str().unwrap().to_owned(), url.port().unwrap());
        let mut stream = tokio::net::TcpStream::connect((authority.0.as_str(), authority.1)).await.unwrap();
        let request =
            format!("GET {} HTTP/1.1\r\nHost: {}\r\nConnection: close\r\n\r\n", url.path(), authority.0);
        stream.write_all(request.as_bytes()).await.unwrap();
        let mut answer = Vec::new();
        stream.read_to_end(&mut answer).await.unwrap();
        let expected: &[u8] =
            if url.path().ends_with("index.rdf") { b"HTTP/1.1 301" } else { b"HTTP/1.1 200" };
        assert!(answer.starts_with(expected), "{}", feed.url);
        authorities.insert(authority);
    }
    assert_eq!(authorities.len(), farm.feeds().len());
    assert_eq!(farm.labels().len(), wire::labels().unwrap().len());
}
