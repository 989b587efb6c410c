//! TLS: whom we trust.

use crate::authority::Authority;
use crate::publisher::{Publisher, Reply};
use crate::{document, get, settings};
use chipwire::fetch::{FetchError, Fetcher, RedirectFault, Settings};

fn trusting(authority: &Authority) -> Fetcher {
    Fetcher::new(&Settings { extra_ca: Some(authority.pem.clone().into_bytes()), ..settings() }).unwrap()
}

fn https(publisher: &Publisher) -> String {
    format!("https://{}/feed", publisher.address)
}

#[tokio::test]
async fn a_certificate_of_the_extra_authority_is_trusted() {
    let authority = Authority::new();
    let publisher = Publisher::over_tls(authority.server("127.0.0.1"), |_| Reply::ok("", "feed")).await;
    let (document, _) = document(get(&trusting(&authority), &https(&publisher)).await);
    assert_eq!(document.body, "feed");
}

#[tokio::test]
async fn a_certificate_of_nobody_gets_no_request() {
    let publisher =
        Publisher::over_tls(Authority::new().server("127.0.0.1"), |_| Reply::ok("", "feed")).await;
    for fetcher in [crate::fetcher(), trusting(&Authority::new())] {
        let error = get(&fetcher, &https(&publisher)).await.unwrap_err();
        assert!(matches!(error, FetchError::Untrusted { .. }), "{error:?}");
    }
    assert!(publisher.requests().is_empty());
}

#[tokio::test]
async fn a_certificate_for_another_name_gets_no_request() {
    let authority = Authority::new();
    let publisher = Publisher::over_tls(authority.server("other.example"), |_| Reply::ok("", "feed")).await;
    let error = get(&trusting(&authority), &https(&publisher)).await.unwrap_err();
    assert!(matches!(error, FetchError::Untrusted { .. }), "{error:?}");
    assert!(publisher.requests().is_empty());
}

#[tokio::test]
async fn https_is_never_led_down_to_http() {
    let authority = Authority::new();
    let plain = Publisher::start(|_| Reply::ok("", "feed")).await;
    let location = plain.url("/feed");
    let publisher =
        Publisher::over_tls(authority.server("127.0.0.1"), move |_| Reply::redirect("301 Moved", &location))
            .await;
    let error = get(&trusting(&authority), &https(&publisher)).await.unwrap_err();
    assert!(matches!(error, FetchError::Redirect { cause: RedirectFault::Downgrade, .. }), "{error}");
    assert_eq!(plain.connections(), 0);
}

#[test]
fn an_extra_authority_that_holds_no_certificate_is_an_error_that_names_the_key() {
    let message = Fetcher::new(&Settings { extra_ca: Some(b"nothing".to_vec()), ..settings() })
        .unwrap_err()
        .to_string();
    assert!(message.contains("poll.extra_ca"), "{message}");
}
