//! The payload 2.0 event of an HTTP API.

use super::routes::Found;
use crate::{
    gateway::{clock, ids},
    invoke::{TRACE_HEADER, Trace},
};
use base64::{Engine, engine::general_purpose::STANDARD};
use bytes::Bytes;
use http::{HeaderMap, header, request::Parts};
use serde::Serialize;
use std::{
    borrow::Cow,
    collections::BTreeMap,
    net::{IpAddr, SocketAddr},
};

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Event<'a> {
    version: &'static str,
    route_key: &'a str,
    raw_path: &'a str,
    raw_query_string: &'a str,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    cookies: Vec<String>,
    headers: BTreeMap<&'a str, String>,
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    query_string_parameters: BTreeMap<Cow<'a, str>, String>,
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    path_parameters: &'a BTreeMap<&'a str, String>,
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    stage_variables: &'a BTreeMap<String, String>,
    request_context: RequestContext<'a>,
    #[serde(skip_serializing_if = "Option::is_none")]
    body: Option<Cow<'a, str>>,
    is_base64_encoded: bool,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct RequestContext<'a> {
    account_id: &'static str,
    api_id: &'a str,
    domain_name: &'a str,
    domain_prefix: &'a str,
    http: Http<'a>,
    request_id: String,
    route_key: &'a str,
    stage: &'static str,
    time: String,
    time_epoch: i64,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Http<'a> {
    method: &'a str,
    path: &'a str,
    protocol: &'static str,
    source_ip: IpAddr,
    user_agent: &'a str,
}

/// What the gateway knows of a request by itself.
#[derive(Clone, Copy)]
pub(super) struct Api<'a> {
    pub(super) id: &'a str,
    pub(super) variables: &'a BTreeMap<String, String>,
    /// When it came, in Unix milliseconds.
    pub(super) now: i64,
}

/// The event of one request to `api`.
pub(super) fn request(
    api: Api<'_>,
    parts: &Parts,
    body: &Bytes,
    peer: SocketAddr,
    found: &Found<'_>,
    trace: &Trace,
) -> Bytes {
    let query = parts.uri.query().unwrap_or_default();
    let (body, is_base64_encoded) = encoded(&parts.headers, body);
    let event = Event {
        version: "2.0",
        route_key: found.key,
        raw_path: parts.uri.path(),
        raw_query_string: query,
        cookies: cookies(&parts.headers),
        headers: headers(&parts.headers, peer.ip(), trace),
        query_string_parameters: parameters(query),
        path_parameters: &found.parameters,
        stage_variables: api.variables,
        request_context: context(api, parts, peer, found.key),
        body,
        is_base64_encoded,
    };
    Bytes::from(serde_json::to_vec(&event).expect("an event holds only strings and numbers"))
}

fn context<'a>(api: Api<'a>, parts: &'a Parts, peer: SocketAddr, key: &'a str) -> RequestContext<'a> {
    let Api { id, now, .. } = api;
    let domain = text(&parts.headers, header::HOST);
    RequestContext {
        account_id: "000000000000",
        api_id: id,
        domain_name: domain,
        domain_prefix: domain.split('.').next().unwrap_or(domain),
        http: Http {
            method: parts.method.as_str(),
            path: parts.uri.path(),
            protocol: "HTTP/1.1",
            source_ip: peer.ip(),
            user_agent: text(&parts.headers, header::USER_AGENT),
        },
        request_id: ids::request(),
        route_key: key,
        stage: "$default",
        time: clock::request_time(now),
        time_epoch: now,
    }
}

fn text(headers: &HeaderMap, name: header::HeaderName) -> &str {
    headers.get(name).and_then(|value| value.to_str().ok()).unwrap_or_default()
}

/// Every header but `cookie`, its values joined with commas, and what a proxy adds.
fn headers<'a>(headers: &'a HeaderMap, peer: IpAddr, trace: &Trace) -> BTreeMap<&'a str, String> {
    let mut joined: BTreeMap<&str, String> = BTreeMap::new();
    for (name, value) in headers.iter().filter(|(name, _)| *name != header::COOKIE) {
        let value = String::from_utf8_lossy(value.as_bytes());
        let slot = joined.entry(name.as_str()).or_default();
        if !slot.is_empty() {
            slot.push(',');
        }
        slot.push_str(&value);
    }
    let forwarded = joined.entry("x-forwarded-for").or_default();
    if !forwarded.is_empty() {
        forwarded.push_str(", ");
    }
    forwarded.push_str(&peer.to_string());
    joined.entry("x-forwarded-proto").or_insert_with(|| "http".to_owned());
    joined.insert(TRACE_HEADER, trace.header().to_owned());
    joined
}

fn cookies(headers: &HeaderMap) -> Vec<String> {
    let lines = headers.get_all(header::COOKIE).into_iter();
    let lines = lines.filter_map(|line| line.to_str().ok());
    lines
        .flat_map(|line| line.split(';'))
        .map(|cookie| cookie.trim().to_owned())
        .filter(|cookie| !cookie.is_empty())
        .collect()
}

/// The query's parameters; values of one name are joined with commas.
fn parameters(query: &str) -> BTreeMap<Cow<'_, str>, String> {
    let mut joined: BTreeMap<Cow<'_, str>, String> = BTreeMap::new();
    for (name, value) in form_urlencoded::parse(query.as_bytes()) {
        match joined.get_mut(&name) {
            Some(slot) => {
                slot.push(',');
                slot.push_str(&value);
            }
            None => drop(joined.insert(name, value.into_owned())),
        }
    }
    joined
}

/// Text goes as it is, anything else as base64.
fn encoded<'a>(headers: &HeaderMap, body: &'a Bytes) -> (Option<Cow<'a, str>>, bool) {
    if body.is_empty() {
        return (None, false);
    }
    match std::str::from_utf8(body) {
        Ok(plain) if is_text(text(headers, header::CONTENT_TYPE)) => (Some(plain.into()), false),
        _ => (Some(STANDARD.encode(body).into()), true),
    }
}

fn is_text(content_type: &str) -> bool {
    let kind = content_type.split(';').next().unwrap_or_default().trim().to_ascii_lowercase();
    kind.is_empty()
        || kind.starts_with("text/")
        || kind.ends_with("+json")
        || kind.ends_with("+xml")
        || matches!(kind.as_str(), "application/json" | "application/xml" | "application/javascript")
}
