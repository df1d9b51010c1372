//! Cross-origin settings: the gateway answers preflights itself, and its headers replace a function's.

use crate::template::Cors;
use bytes::Bytes;
use http::{HeaderMap, HeaderName, HeaderValue, Method, Response, StatusCode, header, request::Parts};
use http_body_util::Full;

/// CORS settings as the headers that they become.
pub(super) struct CorsPolicy {
    origins: Vec<String>,
    credentials: bool,
    preflight: Vec<(HeaderName, HeaderValue)>,
    exposed: Option<HeaderValue>,
}

/// The headers that belong to the gateway once it has CORS settings.
const OWNED: [HeaderName; 6] = [
    header::ACCESS_CONTROL_ALLOW_ORIGIN,
    header::ACCESS_CONTROL_ALLOW_METHODS,
    header::ACCESS_CONTROL_ALLOW_HEADERS,
    header::ACCESS_CONTROL_ALLOW_CREDENTIALS,
    header::ACCESS_CONTROL_EXPOSE_HEADERS,
    header::ACCESS_CONTROL_MAX_AGE,
];

impl CorsPolicy {
    pub(super) fn new(cors: Cors) -> Self {
        let age = cors.max_age.map(|seconds| seconds.to_string());
        let preflight = [
            (header::ACCESS_CONTROL_ALLOW_METHODS, list(&cors.allow_methods)),
            (header::ACCESS_CONTROL_ALLOW_HEADERS, list(&cors.allow_headers)),
            (header::ACCESS_CONTROL_MAX_AGE, age.and_then(|age| HeaderValue::try_from(age).ok())),
        ];
        let stated = preflight.into_iter().filter_map(|(name, value)| Some((name, value?)));
        Self {
            preflight: stated.collect(),
            exposed: list(&cors.expose_headers),
            origins: cors.allow_origins,
            credentials: cors.allow_credentials,
        }
    }

    /// The answer to a preflight: 204, with the permissions when the origin is one of ours.
    pub(super) fn preflight(&self, request: &HeaderMap) -> Response<Full<Bytes>> {
        let mut response = Response::new(Full::default());
        *response.status_mut() = StatusCode::NO_CONTENT;
        if self.permit(request, response.headers_mut()) {
            response.headers_mut().extend(self.preflight.clone());
        }
        response
    }

    /// Puts the gateway's headers in place of the function's.
    pub(super) fn decorate(&self, request: &HeaderMap, response: &mut HeaderMap) {
        for name in OWNED {
            response.remove(name);
        }
        if self.permit(request, response)
            && let Some(exposed) = &self.exposed
        {
            response.insert(header::ACCESS_CONTROL_EXPOSE_HEADERS, exposed.clone());
        }
    }

    fn permit(&self, request: &HeaderMap, response: &mut HeaderMap) -> bool {
        let Some(origin) = request.get(header::ORIGIN) else {
            return false;
        };
        let known = |allowed: &String| allowed.eq_ignore_ascii_case(origin.to_str().unwrap_or_default());
        let any = self.origins.iter().any(|allowed| allowed == "*");
        if !any && !self.origins.iter().any(known) {
            return false;
        }
        let allowed = if any { HeaderValue::from_static("*") } else { origin.clone() };
        response.insert(header::ACCESS_CONTROL_ALLOW_ORIGIN, allowed);
        if !any {
            response.append(header::VARY, HeaderValue::from_static("origin"));
        }
        if self.credentials {
            let yes = HeaderValue::from_static("true");
            response.insert(header::ACCESS_CONTROL_ALLOW_CREDENTIALS, yes);
        }
        true
    }
}

/// Whether a browser asks for permission.
pub(super) fn is_preflight(parts: &Parts) -> bool {
    parts.method == Method::OPTIONS
        && parts.headers.contains_key(header::ORIGIN)
        && parts.headers.contains_key(header::ACCESS_CONTROL_REQUEST_METHOD)
}

fn list(items: &[String]) -> Option<HeaderValue> {
    let stated = (!items.is_empty()).then(|| items.join(","));
    stated.and_then(|items| HeaderValue::try_from(items).ok())
}
