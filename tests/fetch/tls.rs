//! TLS: whom we trust.

use crate::publisher::{Publisher, Reply};
use crate::{document, get, settings};
use chipwire::fetch::{FetchError, Fetcher, RedirectFault, Settings};
use rcgen::{BasicConstraints, CertificateParams, IsCa, Issuer, KeyPair};
use rustls::pki_types::PrivateKeyDer;
use std::sync::Arc;

struct Authority {
    pem: String,
    issuer: Issuer<'static, KeyPair>,
}

impl Authority {
    fn new() -> Self {
        let key = KeyPair::generate().unwrap();
        let mut params = CertificateParams::new(Vec::new()).unwrap();
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        let pem = params.self_signed(&key).unwrap().pem();
        Self { pem, issuer: Issuer::new(params, key) }
    }

    /// A server's configuration with a certificate for a name.
    fn server(&self, name: &str) -> Arc<rustls::ServerConfig> {
        let key = KeyPair::generate().unwrap();
        let params = CertificateParams::new(vec![name.to_owned()]).unwrap();
        let certificate = params.signed_by(&key, &self.issuer).unwrap();
        let key = PrivateKeyDer::try_from(key.serialize_der()).unwrap();
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let config = rustls::ServerConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .unwrap()
            .with_no_client_auth()
            .with_single_cert(vec![certificate.der().clone()], key)
            .unwrap();
        Arc::new(config)
    }

    fn trusting(&self) -> Fetcher {
        Fetcher::new(&Settings { extra_ca: Some(self.pem.clone().into_bytes()), ..settings() }).unwrap()
    }
}

fn https(publisher: &Publisher) -> String {
    format!("https://{}/feed", publisher.address)
}

#[tokio::test]
async fn a_certificate_of_the_extra_authority_is_trusted() {
    let authority = Authority::new();
    let publisher = Publisher::over_tls(authority.server("127.0.0.1"), |_| Reply::ok("", "feed")).await;
    let (document, _) = document(get(&authority.trusting(), &https(&publisher)).await);
    assert_eq!(document.body, "feed");
}

#[tokio::test]
async fn a_certificate_of_nobody_gets_no_request() {
    let publisher =
        Publisher::over_tls(Authority::new().server("127.0.0.1"), |_| Reply::ok("", "feed")).await;
    for fetcher in [crate::fetcher(), Authority::new().trusting()] {
        let error = get(&fetcher, &https(&publisher)).await.unwrap_err();
        assert!(matches!(error, FetchError::Untrusted { .. }), "{error:?}");
    }
    assert!(publisher.requests().is_empty());
}

#[tokio::test]
async fn a_certificate_for_another_name_gets_no_request() {
    let authority = Authority::new();
    let publisher = Publisher::over_tls(authority.server("other.example"), |_| Reply::ok("", "feed")).await;
    let error = get(&authority.trusting(), &https(&publisher)).await.unwrap_err();
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
    let error = get(&authority.trusting(), &https(&publisher)).await.unwrap_err();
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
