//! The HTTP front: a request becomes a payload 2.0 event, the function's answer a response.

mod cors;
pub(crate) mod docs;
mod event;
pub(crate) mod page;
mod routes;

use super::{answer::Answer, ids};
use crate::{
    faults::VirtualClock,
    invoke::{Failure, FunctionError, Invoker, TRACE_HEADER, Trace},
    template::HttpApi,
};
use base64::{Engine, engine::general_purpose::STANDARD};
use bytes::Bytes;
use cors::CorsPolicy;
use http::{HeaderValue, Request, Response, StatusCode, header, request::Parts};
use http_body_util::{BodyExt, Full, Limited};
use hyper::body::Incoming;
use routes::Routes;
use shared::clock::Clock;
use std::{collections::BTreeMap, net::SocketAddr, sync::Arc};

/// API Gateway's limit of a request's body, in bytes.
const MAX_BODY: usize = 10 * 1024 * 1024;

const TOO_LARGE: &str = "Request Entity Too Large";

/// The HTTP front of one API.
pub(super) struct HttpFront {
    id: String,
    variables: BTreeMap<String, String>,
    routes: Routes,
    cors: Option<CorsPolicy>,
    invoker: Arc<dyn Invoker>,
    clock: Arc<VirtualClock>,
}

impl HttpFront {
    pub(super) fn new(api: HttpApi, invoker: Arc<dyn Invoker>, clock: Arc<VirtualClock>) -> Self {
        Self {
            id: if api.id.is_empty() { "http".to_owned() } else { api.id },
            variables: api.variables,
            routes: Routes::new(api.routes),
            cors: api.cors.map(CorsPolicy::new),
            invoker,
            clock,
        }
    }

    /// Answers one request from `peer`.
    pub(super) async fn answer(&self, request: Request<Incoming>, peer: SocketAddr) -> Response<Full<Bytes>> {
        let (parts, body) = request.into_parts();
        if let Some(cors) = &self.cors
            && cors::is_preflight(&parts)
        {
            return cors.preflight(&parts.headers);
        }
        let mut response = self.routed(&parts, body, peer).await;
        if let Some(cors) = &self.cors {
            cors.decorate(&parts.headers, response.headers_mut());
        }
        response
    }

    async fn routed(&self, parts: &Parts, body: Incoming, peer: SocketAddr) -> Response<Full<Bytes>> {
        let Some(found) = self.routes.find(parts.method.as_str(), parts.uri.path()) else {
            return page::find(parts).unwrap_or_else(|| plain(StatusCode::NOT_FOUND, "Not Found"));
        };
        let body = match Limited::new(body, MAX_BODY).collect().await {
            Ok(body) => body.to_bytes(),
            Err(error) if error.is::<http_body_util::LengthLimitError>() => {
                return plain(StatusCode::PAYLOAD_TOO_LARGE, TOO_LARGE);
            }
            Err(_) => return plain(StatusCode::BAD_REQUEST, "Bad Request"),
        };
        let trace = parts.headers.get(TRACE_HEADER).and_then(|trace| trace.to_str().ok());
        let trace = Trace::of(trace);
        let api = event::Api { id: &self.id, variables: &self.variables, now: self.clock.now().0 };
        let event = event::request(api, parts, &body, peer, &found, &trace);
        let route = found.route;
        match self.invoker.invoke_traced(&route.function, event, route.timeout, &trace).await {
            Ok(answer) => respond(&answer),
            Err(error) => failed(&error),
        }
    }
}

fn respond(answer: &Bytes) -> Response<Full<Bytes>> {
    match Answer::parse(answer) {
        Ok(answer) => proxied(answer),
        Err(error) => match inferred(answer) {
            Some(response) => response,
            None => {
                tracing::error!(%error, "the function gave no HTTP answer");
                plain(StatusCode::INTERNAL_SERVER_ERROR, "Internal Server Error")
            }
        },
    }
}

fn proxied(answer: Answer<'_>) -> Response<Full<Bytes>> {
    let body = match answer.body {
        None => Bytes::new(),
        Some(body) if answer.is_base64_encoded => match STANDARD.decode(body.as_bytes()) {
            Ok(body) => Bytes::from(body),
            Err(_) => return plain(StatusCode::INTERNAL_SERVER_ERROR, "Internal Server Error"),
        },
        Some(body) => Bytes::from(body.into_owned()),
    };
    let mut response = Response::new(Full::new(body));
    *response.status_mut() = answer.status;
    *response.headers_mut() = answer.headers;
    // The gateway states the length itself.
    response.headers_mut().remove(header::CONTENT_LENGTH);
    response.headers_mut().remove(header::TRANSFER_ENCODING);
    label(&mut response);
    response
}

/// Payload 2.0 takes JSON without a `statusCode` as the body of a 200.
fn inferred(answer: &Bytes) -> Option<Response<Full<Bytes>>> {
    let value: serde_json::Value = serde_json::from_slice(answer).ok()?;
    if value.get("statusCode").is_some() {
        return None;
    }
    let body = match value {
        serde_json::Value::String(text) => Bytes::from(text),
        _ => answer.clone(),
    };
    let mut response = Response::new(Full::new(body));
    let json = HeaderValue::from_static("application/json");
    response.headers_mut().insert(header::CONTENT_TYPE, json);
    label(&mut response);
    Some(response)
}

fn failed(error: &FunctionError) -> Response<Full<Bytes>> {
    match error.failure {
        Failure::TimedOut => plain(StatusCode::SERVICE_UNAVAILABLE, "Service Unavailable"),
        Failure::TooLarge => plain(StatusCode::PAYLOAD_TOO_LARGE, TOO_LARGE),
        Failure::Unhandled | Failure::Throttled | Failure::NotFound => {
            plain(StatusCode::INTERNAL_SERVER_ERROR, "Internal Server Error")
        }
    }
}

/// The gateway's own answer: `{"message": ...}`.
pub(super) fn plain(status: StatusCode, message: &str) -> Response<Full<Bytes>> {
    let body = serde_json::json!({ "message": message }).to_string();
    let mut response = Response::new(Full::new(Bytes::from(body)));
    *response.status_mut() = status;
    let json = HeaderValue::from_static("application/json");
    response.headers_mut().insert(header::CONTENT_TYPE, json);
    label(&mut response);
    response
}

fn label(response: &mut Response<Full<Bytes>>) {
    if let Ok(id) = HeaderValue::try_from(ids::request()) {
        response.headers_mut().insert("apigw-requestid", id);
    }
}
