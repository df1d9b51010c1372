//! The headers and the query of a handshake, as events carry them: the last value of each name, and
//! all values of each name.

use crate::invoke::{TRACE_HEADER, Trace};
use http::{HeaderMap, Uri};
use serde::Serialize;
use std::{borrow::Cow, collections::BTreeMap, net::IpAddr};

type Last = BTreeMap<String, String>;
type All = BTreeMap<String, Vec<String>>;

/// Headers and query parameters in API Gateway's two shapes. Header names are in lower case.
#[derive(Debug, Default, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Parameters {
    pub(super) headers: Last,
    multi_value_headers: All,
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub(super) query_string_parameters: Last,
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    multi_value_query_string_parameters: All,
}

impl Parameters {
    /// Those of a handshake from `peer`. `/ws/{client}` names the device: it becomes the query
    /// parameter `client_id`, unless the query has one.
    pub(super) fn of(uri: &Uri, headers: &HeaderMap, peer: IpAddr, trace: &Trace) -> Self {
        let mut parameters = Self::default();
        for (name, value) in headers.iter().filter(|(name, _)| *name != TRACE_HEADER) {
            parameters.header(name.as_str(), &String::from_utf8_lossy(value.as_bytes()));
        }
        parameters.header("x-forwarded-for", &peer.to_string());
        parameters.header(TRACE_HEADER, trace.header());
        for (name, value) in form_urlencoded::parse(uri.query().unwrap_or_default().as_bytes()) {
            parameters.query(name, value);
        }
        if let Some(client) = client_of(uri.path())
            && !parameters.query_string_parameters.contains_key("client_id")
        {
            parameters.query("client_id".into(), client);
        }
        parameters
    }

    /// The few headers that a `DISCONNECT` event has.
    pub(super) fn disconnect(domain: &str) -> Self {
        let mut parameters = Self::default();
        parameters.header("host", domain);
        parameters
    }

    fn header(&mut self, name: &str, value: &str) {
        self.headers.insert(name.to_owned(), value.to_owned());
        let all = self.multi_value_headers.entry(name.to_owned());
        all.or_default().push(value.to_owned());
    }

    fn query(&mut self, name: Cow<'_, str>, value: Cow<'_, str>) {
        let all = self.multi_value_query_string_parameters.entry(name.to_string());
        all.or_default().push(value.to_string());
        self.query_string_parameters.insert(name.into_owned(), value.into_owned());
    }
}

/// The `{client}` of `/ws/{client}`; `/ws/chat` is a path of its own.
fn client_of(path: &str) -> Option<Cow<'_, str>> {
    let client = path.strip_prefix("/ws/")?;
    let client = client.strip_suffix('/').unwrap_or(client);
    if client.is_empty() || client == "chat" || client.contains('/') {
        return None;
    }
    Some(percent_encoding::percent_decode_str(client).decode_utf8_lossy())
}
