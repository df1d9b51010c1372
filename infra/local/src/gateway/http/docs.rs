//! The contract as a page, for trying the API from a browser. No API that is deployed has it.

use bytes::Bytes;
use http::{HeaderValue, Response, StatusCode, header};
use http_body_util::Full;
use std::sync::Arc;
use utoipa_swagger_ui::{Config, serve};

/// Where the page is.
pub(crate) const PATH: &str = "/docs/";
/// What it shows.
const CONTRACT: &str = "/openapi.json";

/// A file of the page, when it is what was asked for.
pub(super) fn find(path: &str) -> Option<Response<Full<Bytes>>> {
    if path == PATH.trim_end_matches('/') {
        return Some(elsewhere());
    }
    let file = serve(path.strip_prefix(PATH)?, Arc::new(Config::from(CONTRACT))).ok()??;
    let mut response = Response::new(Full::new(Bytes::from(file.bytes.into_owned())));
    let kind = HeaderValue::try_from(file.content_type).ok()?;
    response.headers_mut().insert(header::CONTENT_TYPE, kind);
    if file.gzpipped {
        response.headers_mut().insert(header::CONTENT_ENCODING, HeaderValue::from_static("gzip"));
    }
    Some(response)
}

/// The page names its files beside it.
fn elsewhere() -> Response<Full<Bytes>> {
    let mut response = Response::new(Full::default());
    *response.status_mut() = StatusCode::PERMANENT_REDIRECT;
    response.headers_mut().insert(header::LOCATION, HeaderValue::from_static(PATH));
    response
}
