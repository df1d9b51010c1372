use std::borrow::Cow;

use axum::Json;
use axum::http::{HeaderMap, HeaderName, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde::Serialize;
use utoipa::openapi::schema::AllOfBuilder;
use utoipa::openapi::{RefOr, Schema};
use utoipa::{PartialSchema, ToSchema};

use crate::clock::UnixMs;
use crate::error::Stored;
use crate::telemetry::Metric;
use crate::{Code, Error, contract};

/// How every function refuses.
#[derive(Serialize, ToSchema)]
#[schema(as = Error)]
pub struct ErrorBody {
    error: Detail,
}

#[derive(Serialize)]
struct Detail {
    #[serde(flatten)]
    said: Said,
    #[serde(flatten)]
    stored: Option<Box<Stored>>,
}

#[derive(Serialize, ToSchema)]
struct Said {
    code: Code,
    /// One sentence; it names the field that is wrong.
    message: String,
    /// After so many milliseconds the same request may succeed.
    #[serde(skip_serializing_if = "Option::is_none")]
    retry_after_ms: Option<u64>,
    /// Until when the caller is banned.
    #[serde(skip_serializing_if = "Option::is_none")]
    until: Option<UnixMs>,
}

impl PartialSchema for Detail {
    fn schema() -> RefOr<Schema> {
        let stored = contract::optional_properties([Stored::schema()]);
        AllOfBuilder::new().item(Said::schema()).item(stored).into()
    }
}

impl ToSchema for Detail {
    fn name() -> Cow<'static, str> {
        Cow::Borrowed("ErrorDetail")
    }

    fn schemas(schemas: &mut contract::Schemas) {
        Said::schemas(schemas);
        Stored::schemas(schemas);
    }
}

/// `{"error":{"code","message"}}` with the status of the code's row.
impl IntoResponse for Error {
    fn into_response(self) -> Response {
        Metric::Errors.add_by(self.code.row().name);
        let status =
            StatusCode::from_u16(self.code.row().status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
        let headers: HeaderMap = extra_header(&self).into_iter().collect();
        let Self { code, message, retry_after_ms, until, stored } = self;
        (
            status,
            headers,
            Json(ErrorBody { error: Detail { said: Said { code, message, retry_after_ms, until }, stored } }),
        )
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
