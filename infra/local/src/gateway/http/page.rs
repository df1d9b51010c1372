//! The runner's own pages, for trying Hark from a browser. No API that is deployed has them.

use super::docs;
use bytes::Bytes;
use http::{HeaderValue, Method, Response, header, request::Parts};
use http_body_util::Full;

const PATH: &str = "/test.html";
const PAGE: &str = include_str!("../../../../../web/test.html");

/// A page, when one is what was asked for.
pub(super) fn find(parts: &Parts) -> Option<Response<Full<Bytes>>> {
    if parts.method != Method::GET {
        return None;
    }
    if parts.uri.path() != PATH {
        return docs::find(parts.uri.path());
    }
    let mut response = Response::new(Full::new(Bytes::from_static(PAGE.as_bytes())));
    let html = HeaderValue::from_static("text/html; charset=utf-8");
    response.headers_mut().insert(header::CONTENT_TYPE, html);
    Some(response)
}
