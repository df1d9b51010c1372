use axum::body::to_bytes;
use axum::extract::{FromRequest, FromRequestParts, OptionalFromRequest, Request};
use axum::http::request::Parts;
use bytes::Bytes;
use serde::de::DeserializeOwned;

use crate::Error;
use crate::frames::decode_body;

/// The largest request body, in bytes.
pub const BODY_MAX_BYTES: usize = 256 * 1024;

/// A JSON body; an error names the field that doesn't fit.
pub struct Body<T>(pub T);

impl<T: DeserializeOwned, S: Send + Sync> FromRequest<S> for Body<T> {
    type Rejection = Error;

    async fn from_request(request: Request, _: &S) -> Result<Self, Error> {
        decode_body(&bytes(request).await?).map(Self)
    }
}

/// None when the body is empty.
impl<T: DeserializeOwned, S: Send + Sync> OptionalFromRequest<S> for Body<T> {
    type Rejection = Error;

    async fn from_request(request: Request, _: &S) -> Result<Option<Self>, Error> {
        let bytes = bytes(request).await?;
        if bytes.trim_ascii().is_empty() { Ok(None) } else { decode_body(&bytes).map(Self).map(Some) }
    }
}

async fn bytes(request: Request) -> Result<Bytes, Error> {
    let bytes = to_bytes(request.into_body(), BODY_MAX_BYTES).await;
    bytes.map_err(|_| Error::too_large("body", format!("has more than {BODY_MAX_BYTES} bytes")))
}

/// The query's parameters; an error says which doesn't fit.
pub struct Params<T>(pub T);

impl<T: DeserializeOwned, S: Send + Sync> FromRequestParts<S> for Params<T> {
    type Rejection = Error;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Error> {
        axum::extract::Query::try_from_uri(&parts.uri)
            .map(|axum::extract::Query(params)| Self(params))
            .map_err(|error| {
                let source = std::error::Error::source(&error).map(ToString::to_string);
                Error::invalid("query", source.unwrap_or_else(|| "is malformed".to_owned()))
            })
    }
}
