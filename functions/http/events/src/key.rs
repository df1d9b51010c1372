//! Ids out of the `Idempotency-Key` header, for those who give none in the body.

use axum::http::HeaderMap;
use sha2::{Digest, Sha256};
use shared::Error;
use shared::http::idempotency_key;
use shared::identity::Caller;
use uuid::{Builder, Uuid};

/// The caller's own: the same key of somebody else makes another id.
///
/// # Errors
/// `invalid`, naming the header.
pub(crate) fn id_of(headers: &HeaderMap, caller: &Caller) -> Result<Option<Uuid>, Error> {
    let key = idempotency_key(headers)?;
    Ok(key.map(|key| {
        let digest = Sha256::digest(format!("{}:{}", caller.user, key.as_str()));
        let mut bytes = [0; 16];
        bytes.copy_from_slice(&digest[..16]);
        Builder::from_custom_bytes(bytes).into_uuid()
    }))
}
