//! Which route a frame takes, and what becomes of its function's answer.

use super::{WebSocketFront, event, refusal::Notice, request_id};
use crate::{
    gateway::sockets::Socket,
    invoke::{Failure, FunctionError, Trace},
    template::WebSocketRoute,
};
use bytes::Bytes;
use serde::{
    Deserialize, Deserializer,
    de::{DeserializeSeed, IgnoredAny, MapAccess, Visitor},
};
use serde_json::value::RawValue;
use std::{borrow::Cow, fmt};
use tokio_tungstenite::tungstenite::Utf8Bytes;

const DEFAULT: &str = "$default";

impl WebSocketFront {
    /// Handles one frame: invokes its route's function and gives the reply, if there is one.
    pub(super) async fn message(&self, socket: &Socket, body: &str) -> Option<Utf8Bytes> {
        let request_id = request_id();
        let notice = |message: &str| {
            let connection_id = &socket.id;
            let request_id = &request_id;
            let reason = None;
            let notice = Notice { message, connection_id, request_id, reason };
            Some(Utf8Bytes::from(notice.json()))
        };
        let Some((key, route)) = self.route(body) else {
            return notice("Forbidden");
        };
        let event = event::message(self.context(), socket, key, body, &request_id);
        match self.invoke(route, event, &Trace::start()).await {
            Ok(answer) => reply(route, &answer).unwrap_or_else(|_| notice(FAILED)),
            Err(error) => notice(words(&error)),
        }
    }

    /// The route whose key the frame names, or else `$default`.
    fn route(&self, body: &str) -> Option<(&str, &WebSocketRoute)> {
        let routes = &self.api.routes;
        let chosen = selected(body, &self.api.selection)
            // Clients cannot name `$connect` and its like.
            .filter(|key| !key.starts_with('$'))
            .and_then(|key| routes.get_key_value(key.as_ref()));
        let (key, route) = chosen.or_else(|| routes.get_key_value(DEFAULT))?;
        Some((key, route))
    }
}

const FAILED: &str = "Internal server error";

fn words(error: &FunctionError) -> &'static str {
    match error.failure {
        Failure::TimedOut => "Endpoint request timed out",
        Failure::Unhandled | Failure::Throttled | Failure::TooLarge | Failure::NotFound => FAILED,
    }
}

#[derive(Deserialize)]
struct Reply<'a> {
    #[serde(default, borrow)]
    body: Option<&'a RawValue>,
}

/// The reply of a route that has a route response: the `body` that the function returned.
fn reply(route: &WebSocketRoute, answer: &Bytes) -> Result<Option<Utf8Bytes>, serde_json::Error> {
    if !route.responds {
        return Ok(None);
    }
    let reply: Reply<'_> = serde_json::from_slice(answer)?;
    let Some(body) = reply.body else {
        return Ok(None);
    };
    // Without an escape inside the quotes the answer's own bytes are the frame: nothing is copied.
    let raw = body.get();
    if let Some(plain) = raw.strip_prefix('"').and_then(|raw| raw.strip_suffix('"'))
        && !plain.contains('\\')
        && let Ok(text) = Utf8Bytes::try_from(answer.slice_ref(plain.as_bytes()))
    {
        return Ok(Some(text).filter(|text| !text.is_empty()));
    }
    let text: Option<String> = serde_json::from_str(raw)?;
    Ok(text.filter(|text| !text.is_empty()).map(Utf8Bytes::from))
}

/// The value at `path` in a JSON body, as text; `None` when the body is no JSON or has no such value. API Gateway makes
/// strings of numbers and booleans; of lists and mappings, too, but those are nobody's route keys.
fn selected<'a>(body: &'a str, path: &[String]) -> Option<Cow<'a, str>> {
    let mut json = serde_json::Deserializer::from_str(body);
    let found = Field(path).deserialize(&mut json).ok()?;
    json.end().ok()?;
    found
}

/// Reads one field and skips over everything else, so that a large frame isn't built in memory twice.
struct Field<'p>(&'p [String]);

impl Field<'_> {
    fn scalar<'de>(&self, value: impl fmt::Display) -> Option<Cow<'de, str>> {
        self.0.is_empty().then(|| Cow::Owned(value.to_string()))
    }
}

impl<'de> DeserializeSeed<'de> for Field<'_> {
    type Value = Option<Cow<'de, str>>;

    fn deserialize<D: Deserializer<'de>>(self, json: D) -> Result<Self::Value, D::Error> {
        json.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Field<'_> {
    type Value = Option<Cow<'de, str>>;

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("JSON")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
        let mut found = None;
        while let Some(key) = map.next_key::<Cow<'de, str>>()? {
            match self.0 {
                [first, rest @ ..] if *first == key => found = map.next_value_seed(Field(rest))?,
                _ => drop(map.next_value::<IgnoredAny>()?),
            }
        }
        Ok(found)
    }

    fn visit_seq<A: serde::de::SeqAccess<'de>>(self, mut seq: A) -> Result<Self::Value, A::Error> {
        while seq.next_element::<IgnoredAny>()?.is_some() {}
        Ok(None)
    }

    fn visit_borrowed_str<E>(self, text: &'de str) -> Result<Self::Value, E> {
        Ok(self.0.is_empty().then_some(Cow::Borrowed(text)))
    }

    fn visit_str<E>(self, text: &str) -> Result<Self::Value, E> {
        Ok(self.0.is_empty().then(|| Cow::Owned(text.to_owned())))
    }

    fn visit_bool<E>(self, flag: bool) -> Result<Self::Value, E> {
        Ok(self.scalar(flag))
    }

    fn visit_i64<E>(self, number: i64) -> Result<Self::Value, E> {
        Ok(self.scalar(number))
    }

    fn visit_u64<E>(self, number: u64) -> Result<Self::Value, E> {
        Ok(self.scalar(number))
    }

    fn visit_f64<E>(self, number: f64) -> Result<Self::Value, E> {
        Ok(self.scalar(number))
    }

    fn visit_unit<E>(self) -> Result<Self::Value, E> {
        Ok(None)
    }
}

#[cfg(test)]
mod tests {
    use super::selected;

    fn choose(body: &str) -> Option<String> {
        selected(body, &["type".to_owned()]).map(|key| key.into_owned())
    }

    #[test]
    fn a_frame_names_its_route_in_one_field() {
        assert_eq!(choose(r#"{"a":{"type":"no"},"type":"echo","b":[1]}"#).as_deref(), Some("echo"));
        assert_eq!(choose(r#"{"type":"e\u0063ho"}"#).as_deref(), Some("echo"));
    }

    #[test]
    fn a_number_or_a_boolean_is_the_text_of_it() {
        for (value, key) in [("1", "1"), ("-7", "-7"), ("1.5", "1.5"), ("true", "true")] {
            assert_eq!(choose(&format!("{{\"type\":{value}}}")).as_deref(), Some(key));
        }
    }

    #[test]
    fn the_last_of_two_fields_of_one_name_counts() {
        assert_eq!(choose(r#"{"type":"first","type":"last"}"#).as_deref(), Some("last"));
    }

    #[test]
    fn a_route_may_be_named_deeper_in_a_frame() {
        let path = ["body".to_owned(), "kind".to_owned()];
        let choose = |frame| selected(frame, &path).map(|key| key.into_owned());
        assert_eq!(
            choose(r#"{"kind":"no","body":{"a":{"kind":"no"},"kind":"echo"}}"#).as_deref(),
            Some("echo")
        );
        assert_eq!(choose(r#"{"body":"echo"}"#), None);
    }

    #[test]
    fn a_frame_without_the_field_or_without_json_names_none() {
        for body in [
            r#"{"kind":"echo"}"#,
            r#"{"type":[1]}"#,
            r#"{"type":{}}"#,
            r#"{"type":null}"#,
            "[1]",
            "echo",
            "",
            r#"{"type":"echo""#,
            "3",
        ] {
            assert_eq!(choose(body), None, "{body}");
        }
    }
}
