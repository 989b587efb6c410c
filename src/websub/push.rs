//! Whether a push comes from the hub that knows our secret (WebSub §7.1).

use crate::model::HubState;
use hmac::{Hmac, KeyInit, Mac};
use sha1::Sha1;
use sha2::{Sha256, Sha384, Sha512};

/// What a hub posted.
#[derive(Debug, Clone, Copy)]
pub struct Push<'a> {
    /// The `X-Hub-Signature` field.
    pub signature: Option<&'a str>,
    /// The body as it came, before any decoding.
    pub body: &'a [u8],
}

/// Why a push is passed over. The hub is answered 202 all the same: that it was believed is none of its business
/// (§7.1.2).
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum PushError {
    /// We gave a secret, so there must be a signature.
    #[error("the push carries no X-Hub-Signature")]
    Unsigned,
    /// Not `method=hex`, or another method than sha1, sha256, sha384, sha512.
    #[error("the push is signed in a way that is not known: {0:?}")]
    UnknownMethod(String),
    /// Somebody else signed it, or it was changed.
    #[error("the signature of the push is wrong")]
    Forged,
}

/// Checks the signature of a push. The comparison takes the same time wherever it fails.
pub fn check(hub: &HubState, push: &Push) -> Result<(), PushError> {
    let signature = push.signature.ok_or(PushError::Unsigned)?;
    let unknown = || PushError::UnknownMethod(signature.chars().take(24).collect());
    let (method, digest) = signature.trim().split_once('=').ok_or_else(unknown)?;
    let digest = from_hex(digest).ok_or(PushError::Forged)?;
    let is_right = match method.to_ascii_lowercase().as_str() {
        "sha1" => is_signed::<Hmac<Sha1>>(hub, push.body, &digest),
        "sha256" => is_signed::<Hmac<Sha256>>(hub, push.body, &digest),
        "sha384" => is_signed::<Hmac<Sha384>>(hub, push.body, &digest),
        "sha512" => is_signed::<Hmac<Sha512>>(hub, push.body, &digest),
        _ => return Err(unknown()),
    };
    if is_right { Ok(()) } else { Err(PushError::Forged) }
}

fn is_signed<M: Mac + KeyInit>(hub: &HubState, body: &[u8], digest: &[u8]) -> bool {
    let Ok(mut mac) = <M as KeyInit>::new_from_slice(hub.secret.as_bytes()) else { return false };
    mac.update(body);
    mac.verify_slice(digest).is_ok()
}

fn from_hex(text: &str) -> Option<Vec<u8>> {
    let digits = text.trim().as_bytes();
    // The longest is that of SHA-512.
    if digits.is_empty() || digits.len() > 128 || !digits.len().is_multiple_of(2) {
        return None;
    }
    digits
        .chunks_exact(2)
        .map(|pair| {
            let mut value = 0;
            for digit in pair {
                value = value * 16 + char::from(*digit).to_digit(16)?;
            }
            u8::try_from(value).ok()
        })
        .collect()
}
