//! What a function behind an API returns: status, headers, cookies and body.

use http::{HeaderMap, HeaderName, HeaderValue, StatusCode};
use serde::Deserialize;
use serde_json::Value;
use std::{borrow::Cow, collections::BTreeMap};

/// A proxy integration's answer.
#[derive(Debug)]
pub(super) struct Answer<'a> {
    pub(super) status: StatusCode,
    pub(super) headers: HeaderMap,
    pub(super) body: Option<Cow<'a, str>>,
    pub(super) is_base64_encoded: bool,
}

/// The function returned something that is no answer.
#[derive(Debug, thiserror::Error)]
#[error("the function's answer is malformed: {0}")]
pub(super) struct Malformed(String);

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Wire<'a> {
    status_code: StatusWire,
    #[serde(default)]
    headers: Option<BTreeMap<String, Value>>,
    #[serde(default)]
    multi_value_headers: Option<BTreeMap<String, Vec<Value>>>,
    #[serde(default)]
    cookies: Option<Vec<String>>,
    #[serde(default, borrow)]
    body: Option<Cow<'a, str>>,
    #[serde(default)]
    is_base64_encoded: Option<bool>,
}

#[derive(Deserialize)]
#[serde(untagged)]
enum StatusWire {
    Number(u16),
    Text(String),
}

impl<'a> Answer<'a> {
    /// Reads an answer from the bytes that the function returned.
    pub(super) fn parse(bytes: &'a [u8]) -> Result<Self, Malformed> {
        let wire: Wire<'a> = serde_json::from_slice(bytes).map_err(|error| Malformed(error.to_string()))?;
        Ok(Self {
            status: status(&wire.status_code)?,
            headers: headers(&wire)?,
            body: wire.body,
            is_base64_encoded: wire.is_base64_encoded.unwrap_or_default(),
        })
    }
}

fn status(wire: &StatusWire) -> Result<StatusCode, Malformed> {
    let code = match wire {
        StatusWire::Number(code) => StatusCode::from_u16(*code).ok(),
        StatusWire::Text(code) => StatusCode::from_bytes(code.as_bytes()).ok(),
    };
    code.ok_or_else(|| Malformed("statusCode is not an HTTP status".to_owned()))
}

fn headers(wire: &Wire<'_>) -> Result<HeaderMap, Malformed> {
    let mut headers = HeaderMap::new();
    for (name, value) in wire.headers.iter().flatten() {
        headers.insert(header_name(name)?, header_value(value)?);
    }
    for (name, values) in wire.multi_value_headers.iter().flatten() {
        let name = header_name(name)?;
        headers.remove(&name);
        for value in values {
            headers.append(name.clone(), header_value(value)?);
        }
    }
    for cookie in wire.cookies.iter().flatten() {
        let value = header_value(&Value::String(cookie.clone()))?;
        headers.append(http::header::SET_COOKIE, value);
    }
    Ok(headers)
}

fn header_name(name: &str) -> Result<HeaderName, Malformed> {
    let parsed = HeaderName::from_bytes(name.as_bytes());
    parsed.map_err(|_| Malformed(format!("{name:?} is not a header's name")))
}

fn header_value(value: &Value) -> Result<HeaderValue, Malformed> {
    let text = match value {
        Value::String(text) => Cow::Borrowed(text.as_str()),
        other => Cow::Owned(other.to_string()),
    };
    HeaderValue::from_str(&text).map_err(|_| Malformed("a header's value is not one".to_owned()))
}
