//! Whom we trust: the authorities of the system, and those the operator adds.

use super::FetchError;
use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject;
use rustls::{ClientConfig, RootCertStore};
use std::sync::Arc;

/// The client's side of TLS: ring for the primitives, HTTP/2 offered before HTTP/1.1.
///
/// A machine without any authorities gets no error but a warning: it may poll plain http only, and every https
/// feed will say what is missing.
pub(super) fn client_config(extra_ca: Option<&[u8]>) -> Result<ClientConfig, FetchError> {
    let mut roots = RootCertStore::empty();
    let native = rustls_native_certs::load_native_certs();
    for error in native.errors {
        tracing::warn!(%error, "some of the system's certificate authorities could not be read");
    }
    roots.add_parsable_certificates(native.certs);
    if let Some(pem) = extra_ca {
        add_extra(&mut roots, pem)?;
    }
    if roots.is_empty() {
        tracing::warn!(
            "no certificate authorities found: https feeds will fail; install the system's package of them, often named ca-certificates"
        );
    }
    let mut config = ClientConfig::builder_with_provider(Arc::new(rustls::crypto::ring::default_provider()))
        .with_safe_default_protocol_versions()
        .map_err(|error| FetchError::Setup(error.to_string()))?
        .with_root_certificates(roots)
        .with_no_client_auth();
    config.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
    Ok(config)
}

fn add_extra(roots: &mut RootCertStore, pem: &[u8]) -> Result<(), FetchError> {
    let fault = |cause: String| FetchError::Setup(format!("poll.extra_ca: {cause}"));
    let mut found = false;
    for certificate in CertificateDer::pem_slice_iter(pem) {
        let certificate = certificate.map_err(|error| fault(error.to_string()))?;
        roots.add(certificate).map_err(|error| fault(error.to_string()))?;
        found = true;
    }
    if found { Ok(()) } else { Err(fault("holds no certificate in PEM form".to_owned())) }
}
