use axum::http::HeaderMap;

use crate::Error;
use crate::frames::FrameId;
use crate::ids::{ClientMessageId, MessageId};

const IDEMPOTENCY_KEY: &str = "idempotency-key";

/// The key of the header, else the id of the body, else a fresh one.
///
/// # Errors
/// `invalid`, naming the one that is malformed.
pub fn client_id(headers: &HeaderMap, id: Option<&FrameId>) -> Result<ClientMessageId, Error> {
    if let Some(key) = idempotency_key(headers)? {
        return Ok(key);
    }
    let fresh = || ClientMessageId::parse(&MessageId::fresh().to_string());
    id.map_or_else(fresh, FrameId::client_id).map_err(|problem| Error::invalid("id", problem))
}

/// The key of the header, if there is one.
///
/// # Errors
/// `invalid`, naming it, when it is malformed.
pub fn idempotency_key(headers: &HeaderMap) -> Result<Option<ClientMessageId>, Error> {
    let Some(key) = headers.get(IDEMPOTENCY_KEY) else { return Ok(None) };
    let key = key.to_str().map_err(|_| Error::invalid("Idempotency-Key", "must be plain text"))?;
    ClientMessageId::parse(key).map(Some).map_err(|problem| Error::invalid("Idempotency-Key", problem))
}

#[cfg(test)]
mod tests {
    use super::*;
    use axum::http::HeaderValue;

    fn key(value: &'static str) -> HeaderMap {
        [(IDEMPOTENCY_KEY.parse().unwrap(), HeaderValue::from_static(value))].into_iter().collect()
    }

    #[test]
    fn the_headers_key_comes_before_the_bodys_id() {
        let id = FrameId::try_from(serde_json::json!("from the body")).unwrap();
        assert_eq!(client_id(&key("k1"), Some(&id)).unwrap().as_str(), "k1");
        assert_eq!(client_id(&HeaderMap::new(), Some(&id)).unwrap().as_str(), "from the body");
        let fresh = || client_id(&HeaderMap::new(), None).unwrap();
        assert_ne!(fresh(), fresh());
    }

    #[test]
    fn an_empty_key_is_refused() {
        assert!(client_id(&key(""), None).unwrap_err().message.starts_with("Idempotency-Key: "));
    }
}
