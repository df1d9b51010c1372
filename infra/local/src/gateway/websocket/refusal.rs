//! How a handshake is refused and a failed frame is answered: API Gateway's message, with the ids.

use super::policy::Verdict;
use bytes::Bytes;
use http::{Response, StatusCode, header};
use http_body_util::Full;
use serde::Serialize;

/// What the client reads when the gateway itself answers.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Notice<'a> {
    pub(super) message: &'a str,
    pub(super) connection_id: &'a str,
    pub(super) request_id: &'a str,
    /// Why an authorizer denied: the runner's own addition, for developers.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) reason: Option<&'a str>,
}

impl Notice<'_> {
    pub(super) fn json(&self) -> String {
        serde_json::to_string(self).expect("a notice holds only strings")
    }
}

/// A handshake that is not let through.
#[derive(Debug)]
pub(super) struct Refusal {
    pub(super) status: StatusCode,
    pub(super) body: RefusalBody,
}

/// What a refusal says.
#[derive(Debug)]
pub(super) enum RefusalBody {
    /// The gateway's words, and the authorizer's reason.
    Notice(&'static str, Option<String>),
    /// The function's own body.
    Own(String),
}

impl Refusal {
    pub(super) const UNAUTHORIZED: Self = Self::new(StatusCode::UNAUTHORIZED, "Unauthorized");
    pub(super) const FAILED: Self = Self::new(StatusCode::INTERNAL_SERVER_ERROR, "Internal server error");
    pub(super) const THROTTLED: Self = Self::new(StatusCode::TOO_MANY_REQUESTS, "Too Many Requests");
    pub(super) const BAD_GATEWAY: Self = Self::new(StatusCode::BAD_GATEWAY, "Internal server error");
    pub(super) const TIMED_OUT: Self = Self::new(StatusCode::GATEWAY_TIMEOUT, "Endpoint request timed out");

    pub(super) const fn new(status: StatusCode, message: &'static str) -> Self {
        Self { status, body: RefusalBody::Notice(message, None) }
    }

    pub(super) fn denied(verdict: Verdict, reason: Option<String>) -> Self {
        let message = match verdict {
            Verdict::Denied => "User is not authorized to access this resource with an explicit deny",
            Verdict::Allowed | Verdict::Silent => "User is not authorized to access this resource",
        };
        Self { status: StatusCode::FORBIDDEN, body: RefusalBody::Notice(message, reason) }
    }

    pub(super) fn response(self, connection_id: &str, request_id: &str) -> Response<Full<Bytes>> {
        let body = match self.body {
            RefusalBody::Own(body) => body,
            RefusalBody::Notice(message, reason) => {
                Notice { message, connection_id, request_id, reason: reason.as_deref() }.json()
            }
        };
        let mut response = Response::new(Full::new(Bytes::from(body)));
        *response.status_mut() = self.status;
        let json = header::HeaderValue::from_static("application/json");
        response.headers_mut().insert(header::CONTENT_TYPE, json);
        response
    }
}
