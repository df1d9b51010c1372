use axum::Json;
use axum::http::{HeaderMap, HeaderName, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde::Serialize;
use utoipa::ToSchema;

use crate::clock::UnixMs;
use crate::error::Stored;
use crate::telemetry::Metric;
use crate::{Code, Error};

/// How every function refuses.
#[derive(Serialize, ToSchema)]
#[schema(as = Error)]
pub struct ErrorBody {
    error: Detail,
}

#[derive(Serialize, ToSchema)]
#[schema(as = ErrorDetail)]
struct Detail {
    code: Code,
    /// One sentence; it names the field that is wrong.
    message: String,
    /// After so many milliseconds the same request may succeed.
    #[serde(skip_serializing_if = "Option::is_none")]
    retry_after_ms: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    /// Until when the caller is banned.
    until: Option<UnixMs>,
    #[serde(flatten)]
    stored: Option<Box<Stored>>,
}

/// `{"error":{"code","message"}}` with the status of the code's row.
impl IntoResponse for Error {
    fn into_response(self) -> Response {
        Metric::Errors.add_by(self.code.row().name);
        let status =
            StatusCode::from_u16(self.code.row().status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
        let headers: HeaderMap = extra_header(&self).into_iter().collect();
        let Self { code, message, retry_after_ms, until, stored } = self;
        (status, headers, Json(ErrorBody { error: Detail { code, message, retry_after_ms, until, stored } }))
            .into_response()
    }
}

/// `WWW-Authenticate` with a 401 (RFC 6750), `Retry-After` in seconds where retrying helps (RFC 9110).
fn extra_header(error: &Error) -> Option<(HeaderName, HeaderValue)> {
    if error.code == Code::Unauthenticated {
        return Some((header::WWW_AUTHENTICATE, HeaderValue::from_static("Bearer")));
    }
    error.retry_after_ms.map(|ms| (header::RETRY_AFTER, HeaderValue::from(ms.div_ceil(1000))))
}
