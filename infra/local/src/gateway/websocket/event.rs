//! The events that a WebSocket API sends to its functions.

use crate::gateway::{
    clock, ids,
    parameters::Parameters,
    sockets::{Close, Socket},
};
use bytes::Bytes;
use serde::Serialize;
use serde_json::value::RawValue;
use std::{collections::BTreeMap, net::IpAddr};

/// What events say about the API itself.
#[derive(Clone, Copy)]
pub(super) struct Api<'a> {
    pub(super) id: &'a str,
    pub(super) stage: &'a str,
    pub(super) variables: &'a BTreeMap<String, String>,
}

impl Api<'_> {
    /// The ARN that an authorizer's policy is about.
    pub(super) fn method_arn(&self) -> String {
        let Self { id, stage, .. } = self;
        format!("arn:aws:execute-api:us-east-1:000000000000:{id}/{stage}/$connect")
    }
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Event<'a> {
    #[serde(rename = "type", skip_serializing_if = "Option::is_none")]
    kind: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    method_arn: Option<String>,
    #[serde(flatten, skip_serializing_if = "Option::is_none")]
    parameters: Option<&'a Parameters>,
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    stage_variables: &'a BTreeMap<String, String>,
    request_context: RequestContext<'a>,
    #[serde(skip_serializing_if = "Option::is_none")]
    body: Option<&'a str>,
    is_base64_encoded: bool,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct RequestContext<'a> {
    route_key: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    disconnect_status_code: Option<u16>,
    #[serde(skip_serializing_if = "Option::is_none")]
    authorizer: Option<&'a RawValue>,
    #[serde(skip_serializing_if = "Option::is_none")]
    message_id: Option<String>,
    event_type: &'static str,
    extended_request_id: &'a str,
    request_time: String,
    message_direction: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    disconnect_reason: Option<&'a str>,
    stage: &'a str,
    connected_at: i64,
    request_time_epoch: i64,
    identity: Identity<'a>,
    request_id: &'a str,
    domain_name: &'a str,
    connection_id: &'a str,
    api_id: &'a str,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Identity<'a> {
    source_ip: IpAddr,
    #[serde(skip_serializing_if = "str::is_empty")]
    user_agent: &'a str,
}

/// The `REQUEST` event of an authorizer.
pub(super) fn authorize(api: Api<'_>, socket: &Socket, parameters: &Parameters, id: &str) -> Bytes {
    let event = Event {
        kind: Some("REQUEST"),
        method_arn: Some(api.method_arn()),
        ..event(api, context(api, socket, "$connect", "CONNECT", id), Some(parameters))
    };
    encode(&event)
}

/// The `CONNECT` event.
pub(super) fn connect(api: Api<'_>, socket: &Socket, parameters: &Parameters, id: &str) -> Bytes {
    let context = context(api, socket, "$connect", "CONNECT", id);
    encode(&event(api, context, Some(parameters)))
}

/// A `MESSAGE` event: no headers and no query.
pub(super) fn message(api: Api<'_>, socket: &Socket, route: &str, body: &str, id: &str) -> Bytes {
    let context =
        RequestContext { message_id: Some(ids::request()), ..context(api, socket, route, "MESSAGE", id) };
    encode(&Event { body: Some(body), ..event(api, context, None) })
}

/// The `DISCONNECT` event.
pub(super) fn disconnect(api: Api<'_>, socket: &Socket, close: &Close, id: &str) -> Bytes {
    let context = RequestContext {
        disconnect_status_code: Some(close.code),
        disconnect_reason: Some(&close.reason),
        ..context(api, socket, "$disconnect", "DISCONNECT", id)
    };
    let parameters = Parameters::disconnect(&socket.domain);
    encode(&event(api, context, Some(&parameters)))
}

fn event<'a>(
    api: Api<'a>,
    request_context: RequestContext<'a>,
    parameters: Option<&'a Parameters>,
) -> Event<'a> {
    Event {
        kind: None,
        method_arn: None,
        parameters,
        stage_variables: api.variables,
        request_context,
        body: None,
        is_base64_encoded: false,
    }
}

fn context<'a>(
    api: Api<'a>,
    socket: &'a Socket,
    route_key: &'a str,
    event_type: &'static str,
    request_id: &'a str,
) -> RequestContext<'a> {
    let now = socket.now();
    RequestContext {
        route_key,
        disconnect_status_code: None,
        authorizer: socket.authorizer.as_deref(),
        message_id: None,
        event_type,
        extended_request_id: request_id,
        request_time: clock::request_time(now),
        message_direction: "IN",
        disconnect_reason: None,
        stage: api.stage,
        connected_at: socket.connected_at,
        request_time_epoch: now,
        identity: Identity { source_ip: socket.source_ip, user_agent: &socket.user_agent },
        request_id,
        domain_name: &socket.domain,
        connection_id: &socket.id,
        api_id: api.id,
    }
}

fn encode(event: &Event<'_>) -> Bytes {
    let bytes = serde_json::to_vec(event);
    Bytes::from(bytes.expect("an event holds only strings, numbers and JSON that was parsed before"))
}
