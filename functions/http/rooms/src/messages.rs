use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode};
use serde::Deserialize;
use shared::Error;
use shared::app::App;
use shared::chat::{admission, send};
use shared::frames::{Ack, Draft, FrameId, Target};
use shared::http::{At, Body};
use shared::identity::Caller;
use shared::ids::{ClientMessageId, MessageId, RoomRef};
use shared::names::{Content, Kind, Metadata};

const IDEMPOTENCY_KEY: &str = "idempotency-key";

#[derive(Deserialize)]
pub(crate) struct MessageBody {
    content: Content,
    #[serde(default)]
    kind: Kind,
    reply_to: Option<MessageId>,
    metadata: Option<Metadata>,
    /// Makes the send idempotent, as the `Idempotency-Key` header does, which comes first.
    id: Option<FrameId>,
}

/// `POST /api/v1/rooms/{room}/messages`: as over the socket; the answer is the acknowledgement.
///
/// # Errors
/// As `shared::chat::send::send`; `rate_limited`.
pub(crate) async fn send(
    State(app): State<Arc<App>>,
    caller: Caller,
    At(room): At<RoomRef>,
    headers: HeaderMap,
    Body(body): Body<MessageBody>,
) -> Result<(StatusCode, Json<Ack>), Error> {
    let client_id = client_id(&headers, body.id.as_ref())?;
    admission::admit(&app, &caller, None).await?;
    let draft = Draft {
        target: Target::Room(room),
        content: body.content,
        kind: body.kind,
        reply_to: body.reply_to,
        metadata: body.metadata,
    };
    let ack = send::send(&app, &caller, None, client_id, draft).await?;
    Ok((StatusCode::CREATED, Json(ack)))
}

/// The key of the header, else the id of the body, else a fresh one.
pub(crate) fn client_id(headers: &HeaderMap, id: Option<&FrameId>) -> Result<ClientMessageId, Error> {
    if let Some(key) = headers.get(IDEMPOTENCY_KEY) {
        let key = key.to_str().map_err(|_| Error::invalid("Idempotency-Key", "must be plain text"))?;
        return ClientMessageId::parse(key).map_err(|problem| Error::invalid("Idempotency-Key", problem));
    }
    let fresh = || ClientMessageId::parse(&MessageId::fresh().to_string());
    id.map_or_else(fresh, FrameId::client_id).map_err(|problem| Error::invalid("id", problem))
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
