//! Ids in API Gateway's shape: 11 random bytes as base64, which ends in one `=`.

use base64::{Engine, engine::general_purpose::URL_SAFE};
use std::sync::Arc;

/// The id of a new connection.
pub(super) fn connection() -> Arc<str> {
    random().into()
}

/// The id of a request, a message or an extended request.
pub(super) fn request() -> String {
    random()
}

fn random() -> String {
    URL_SAFE.encode(rand::random::<[u8; 11]>())
}
