//! `@connections`: post to a socket, look at it, close it. Beside it, `/_faults`.

mod faults;
mod signature;

pub use signature::Credentials;

use super::{
    clock,
    sockets::{Close, MAX_POST, PostError, Sockets},
};
use bytes::Bytes;
use faults::Switches;
use http::{HeaderValue, Method, Request, Response, StatusCode, header, request::Parts};
use http_body_util::{BodyExt, Full, Limited};
use hyper::body::Incoming;
use percent_encoding::percent_decode_str;
use signature::Verifier;
use std::{borrow::Cow, collections::BTreeSet};

/// The management API over the live sockets.
pub(super) struct Management {
    sockets: Sockets,
    switches: Switches,
    verifier: Option<Verifier>,
}

/// What a request is about.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Resource {
    /// The connection of this id.
    Connection(String),
    /// What goes wrong on demand.
    Faults,
    /// The clock that goes with it.
    FaultClock,
}

/// A refusal in the words that the SDKs know, by `x-amzn-ErrorType`.
struct Refused {
    status: StatusCode,
    kind: &'static str,
    message: Cow<'static, str>,
}

const GONE: Refused = Refused::new(StatusCode::GONE, "GoneException", "Gone");
const FORBIDDEN: Refused = Refused::new(StatusCode::FORBIDDEN, "ForbiddenException", "Forbidden");
const TOO_LARGE: Refused =
    Refused::new(StatusCode::PAYLOAD_TOO_LARGE, "PayloadTooLargeException", "Message is too large");
const THROTTLED: Refused =
    Refused::new(StatusCode::TOO_MANY_REQUESTS, "LimitExceededException", "Limit exceeded");
const UNAVAILABLE: Refused =
    Refused::new(StatusCode::SERVICE_UNAVAILABLE, "ServiceUnavailableException", "Service Unavailable");
const BAD_REQUEST: Refused = Refused::new(StatusCode::BAD_REQUEST, "BadRequestException", "Bad request");

impl Refused {
    const fn new(status: StatusCode, kind: &'static str, message: &'static str) -> Self {
        Self { status, kind, message: Cow::Borrowed(message) }
    }

    fn saying(self, message: impl Into<Cow<'static, str>>) -> Self {
        Self { message: message.into(), ..self }
    }
}

impl Management {
    /// Over `sockets` and the faults of `functions`. Answers requests signed with `credentials` (Signature Version
    /// 4); without them, all: for callers on this machine.
    pub(super) fn new(
        sockets: Sockets,
        functions: BTreeSet<String>,
        credentials: Option<Credentials>,
    ) -> Self {
        let switches = Switches { sockets: sockets.clone(), functions };
        Self { sockets, switches, verifier: credentials.map(Verifier::new) }
    }

    /// Answers one request about `resource`.
    pub(super) async fn answer(
        &self,
        resource: &Resource,
        request: Request<Incoming>,
    ) -> Response<Full<Bytes>> {
        let (parts, body) = request.into_parts();
        let answered = match Limited::new(body, MAX_POST).collect().await {
            Ok(body) => self.permitted(resource, &parts, body.to_bytes()).await,
            Err(_) => Err(TOO_LARGE),
        };
        answered.unwrap_or_else(|refused| refused.response())
    }

    async fn permitted(
        &self,
        resource: &Resource,
        parts: &Parts,
        body: Bytes,
    ) -> Result<Response<Full<Bytes>>, Refused> {
        if let Some(verifier) = &self.verifier {
            verifier.verify(parts, &body).map_err(|reason| {
                tracing::warn!(reason, "a management request is not signed as it must be");
                FORBIDDEN
            })?;
        }
        match resource {
            Resource::Connection(id) => self.connection(id, &parts.method, body).await,
            // Without a signature they are for this machine alone.
            _ if self.verifier.is_none() && !faults::is_own(&parts.headers) => Err(FORBIDDEN),
            Resource::Faults => self.switches.faults(&parts.method, &body),
            Resource::FaultClock => self.switches.clock(&parts.method, &body),
        }
    }

    async fn connection(
        &self,
        id: &str,
        method: &Method,
        body: Bytes,
    ) -> Result<Response<Full<Bytes>>, Refused> {
        match *method {
            Method::POST => self.post(id, body).await,
            Method::GET => self.inspect(id),
            Method::DELETE => self.delete(id),
            _ => Err(FORBIDDEN),
        }
    }

    async fn post(&self, id: &str, body: Bytes) -> Result<Response<Full<Bytes>>, Refused> {
        match self.sockets.post(id, body).await {
            Ok(()) => Ok(Response::new(Full::default())),
            Err(PostError::Gone) => Err(GONE),
            Err(PostError::Forbidden) => Err(FORBIDDEN),
            Err(PostError::Throttled) => Err(THROTTLED),
            Err(PostError::Unavailable) => Err(UNAVAILABLE),
            Err(PostError::TooLarge) => Err(TOO_LARGE),
            Err(PostError::NotText) => Err(BAD_REQUEST.saying("A frame must be UTF-8 text")),
        }
    }

    fn inspect(&self, id: &str) -> Result<Response<Full<Bytes>>, Refused> {
        let seen = self.sockets.inspect(id).ok_or(GONE)?;
        let body = serde_json::json!({
            "connectedAt": clock::iso_8601(seen.connected_at),
            "identity": { "sourceIp": seen.source_ip, "userAgent": seen.user_agent },
            "lastActiveAt": clock::iso_8601(seen.last_active_at),
        });
        Ok(json(StatusCode::OK, &body))
    }

    fn delete(&self, id: &str) -> Result<Response<Full<Bytes>>, Refused> {
        if !self.sockets.close(id, Close::DELETED) {
            return Err(GONE);
        }
        let mut response = Response::new(Full::default());
        *response.status_mut() = StatusCode::NO_CONTENT;
        Ok(response)
    }
}

impl Refused {
    fn response(&self) -> Response<Full<Bytes>> {
        let mut response = json(self.status, &serde_json::json!({ "message": self.message }));
        let kind = HeaderValue::from_static(self.kind);
        response.headers_mut().insert("x-amzn-errortype", kind);
        response
    }
}

/// The answer to a caller who may not manage connections here.
pub(super) fn forbidden() -> Response<Full<Bytes>> {
    FORBIDDEN.response()
}

fn json(status: StatusCode, body: &serde_json::Value) -> Response<Full<Bytes>> {
    let mut response = Response::new(Full::new(Bytes::from(body.to_string())));
    *response.status_mut() = status;
    let kind = HeaderValue::from_static("application/json");
    response.headers_mut().insert(header::CONTENT_TYPE, kind);
    response
}

/// What `path` is about, if it is the management API's.
pub(super) fn resource_of(path: &str) -> Option<Resource> {
    match path {
        "/_faults" => Some(Resource::Faults),
        "/_faults/clock" => Some(Resource::FaultClock),
        _ => connection_of(path).map(Resource::Connection),
    }
}

/// The connection id of `/{stage}/@connections/{id}` or `/@connections/{id}`, however it is encoded.
fn connection_of(path: &str) -> Option<String> {
    let (before, id) = path.rsplit_once('/')?;
    let (stage, name) = before.rsplit_once('/')?;
    let is_ours = percent_decode_str(name).eq(b"@connections".iter().copied());
    let one_stage = stage.is_empty() || !stage[1..].contains('/');
    let id = percent_decode_str(id).decode_utf8().ok()?;
    (is_ours && one_stage && !id.is_empty()).then(|| id.into_owned())
}

#[cfg(test)]
mod tests {
    use super::connection_of;

    #[test]
    fn a_connection_is_named_with_or_without_a_stage_and_however_encoded() {
        for path in [
            "/live/@connections/abc=",
            "/live/@connections/abc%3D",
            "/live/%40connections/abc%3D",
            "/@connections/abc=",
        ] {
            assert_eq!(connection_of(path).as_deref(), Some("abc="), "{path}");
        }
        for path in ["/a/b/@connections/abc=", "/@connections/", "/connections/abc=", "/", ""] {
            assert_eq!(connection_of(path), None, "{path}");
        }
    }
}
