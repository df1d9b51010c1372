//! The runner's own pages: for trying Hark from a browser, and for reading how it is spoken to. No API that is deployed
//! has them.

use super::docs;
use crate::documents::Document;
use bytes::Bytes;
use http::{HeaderValue, Method, Response, header, request::Parts};
use http_body_util::Full;

/// Where the socket protocol can be read.
pub(crate) const SOCKET_PATH: &str = "/docs/socket";

const HTML: &str = "text/html; charset=utf-8";
const JSON: &str = "application/json";
const TEST_PAGE: &str = include_str!("../../../../../web/test.html");
const SOCKET_PAGE: &str = include_str!("../../../../../web/socket.html");

/// The page that was asked for, if it is one.
pub(super) fn find(parts: &Parts) -> Option<Response<Full<Bytes>>> {
    if parts.method != Method::GET {
        return None;
    }
    let (kind, body) = match parts.uri.path() {
        "/test.html" => (HTML, Bytes::from_static(TEST_PAGE.as_bytes())),
        SOCKET_PATH => (HTML, Bytes::from_static(SOCKET_PAGE.as_bytes())),
        "/asyncapi.json" => (JSON, Bytes::from(Document::Asyncapi.text())),
        path => return docs::find(path),
    };
    let mut response = Response::new(Full::new(body));
    response.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static(kind));
    Some(response)
}
