//! What is said over sockets, held against the protocol's document: every frame that a test's socket gets, and those
//! that it sent and that were taken.

use std::collections::HashMap;
use std::sync::LazyLock;

use jsonschema::Validator;
use local::documents::asyncapi;
use serde_json::{Value, json};

/// Compiled once, by direction and `type`.
static FRAMES: LazyLock<Frames> = LazyLock::new(Frames::of_the_document);

struct Frames {
    server: HashMap<String, Validator>,
    client: HashMap<String, Validator>,
}

/// A frame that came: nothing may stand in it that the document doesn't name.
#[track_caller]
pub fn check_received(frame: &Value) {
    // What the gateway itself says when a function fails.
    if frame.get("type").is_none() && frame.get("connectionId").is_some() && frame.get("requestId").is_some()
    {
        return;
    }
    check(&FRAMES.server, frame);
}

/// A frame that was sent and not refused. It may have more fields, which are ignored.
#[track_caller]
pub fn check_taken(frame: &Value) {
    check(&FRAMES.client, frame);
}

#[track_caller]
fn check(validators: &HashMap<String, Validator>, frame: &Value) {
    let kind = frame["type"].as_str().unwrap_or_default();
    let validator = validators.get(kind).unwrap_or_else(|| panic!("the document has no such frame: {frame}"));
    let problems: Vec<String> = validator
        .iter_errors(frame)
        .map(|error| format!("{} at {:?}", error, error.instance_path().to_string()))
        .collect();
    assert!(problems.is_empty(), "the document doesn't describe {frame}: {problems:#?}");
}

impl Frames {
    fn of_the_document() -> Self {
        let document = asyncapi::document();
        let open = document["components"]["schemas"].clone();
        let mut closed = open.clone();
        for schema in closed.as_object_mut().expect("schemas").values_mut() {
            close_within(schema, &document);
        }
        Self {
            client: compiled(by_kind(&document, "client.", Value::clone), &open),
            server: compiled(
                by_kind(&document, "server.", |payload| closed_schema(payload, &document)),
                &closed,
            ),
        }
    }
}

/// Frames of one type are one schema: any of theirs.
fn by_kind(document: &Value, prefix: &str, schema: impl Fn(&Value) -> Value) -> HashMap<String, Vec<Value>> {
    let mut of_kind = HashMap::<String, Vec<Value>>::new();
    for (key, message) in document["components"]["messages"].as_object().expect("messages") {
        if key.starts_with(prefix) {
            let kind = message["name"].as_str().expect("a name").to_owned();
            of_kind.entry(kind).or_default().push(schema(&message["payload"]));
        }
    }
    of_kind
}

fn compiled(frames: HashMap<String, Vec<Value>>, schemas: &Value) -> HashMap<String, Validator> {
    let compile = |(kind, any_of): (String, Vec<Value>)| {
        let schema = json!({
            "$schema": "https://json-schema.org/draft/2020-12/schema",
            "anyOf": any_of,
            "components": {"schemas": schemas},
        });
        (kind, jsonschema::validator_for(&schema).expect("the document's schemas are schemas"))
    };
    frames.into_iter().map(compile).collect()
}

/// The same, taking no field that isn't named, at any depth.
fn closed_schema(schema: &Value, document: &Value) -> Value {
    let mut schema = schema.clone();
    close(&mut schema, document);
    schema
}

/// Parts of an `allOf` are closed together, each choice of a `oneOf` with them.
fn close(schema: &mut Value, document: &Value) {
    close_within(schema, document);
    if names_fields(schema, document) {
        schema["unevaluatedProperties"] = json!(false);
    }
}

fn close_within(schema: &mut Value, document: &Value) {
    for (keyword, part) in schema.as_object_mut().into_iter().flatten() {
        match (keyword.as_str(), part) {
            ("properties", Value::Object(fields)) => {
                fields.values_mut().for_each(|field| close(field, document));
            }
            ("items" | "additionalProperties", part @ Value::Object(_)) => close(part, document),
            ("allOf" | "oneOf" | "anyOf", Value::Array(parts)) => {
                parts.iter_mut().for_each(|part| close_within(part, document));
            }
            _ => {}
        }
    }
}

/// Whether it says which fields there are, anywhere: free-form objects don't.
fn names_fields(schema: &Value, document: &Value) -> bool {
    if let Some(name) = schema["$ref"].as_str() {
        let pointer = name.trim_start_matches('#');
        return names_fields(document.pointer(pointer).expect("a schema that is there"), document);
    }
    let parts = ["allOf", "oneOf", "anyOf"].iter().filter_map(|keyword| schema[keyword].as_array()).flatten();
    schema.get("properties").is_some() || parts.into_iter().any(|part| names_fields(part, document))
}

mod tests {
    use super::*;
    use local::documents::Document;

    const KEPT: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../docs/asyncapi.json");

    fn is_refused(check: fn(&Value), frame: &Value) -> bool {
        std::panic::catch_unwind(|| check(frame)).is_err()
    }

    #[test]
    fn every_example_is_what_it_is_an_example_of() {
        let document = asyncapi::document();
        for (key, message) in document["components"]["messages"].as_object().unwrap() {
            let examples = message["examples"].as_array().unwrap();
            assert!(!examples.is_empty(), "{key}");
            for example in examples {
                let frame = &example["payload"];
                assert_eq!(frame["type"], message["name"], "{key}");
                if key.starts_with("server.") { check_received(frame) } else { check_taken(frame) }
            }
        }
    }

    #[test]
    fn what_a_client_is_shown_is_understood() {
        let document = asyncapi::document();
        for (key, message) in document["components"]["messages"].as_object().unwrap() {
            for example in message["examples"].as_array().unwrap() {
                if key.starts_with("client.") {
                    shared::frames::decode(&example["payload"].to_string()).unwrap();
                }
            }
        }
    }

    #[test]
    fn a_field_that_is_not_named_is_found_at_any_depth() {
        let typing = json!({"type": "typing", "room_id": 1, "user_id": 2, "name": "Bob", "state": "typing"});
        check_received(&typing);
        let mut more = typing.clone();
        more["secret"] = json!(1);
        assert!(is_refused(check_received, &more));

        let user = json!({"id": 4, "username": "dan", "nickname": "Dan"});
        let mut joined = json!({"type": "system", "event": "member_joined", "room_id": 1, "users": [user], "count": 1,
            "timestamp": 1_767_263_400_123_i64});
        check_received(&joined);
        joined["users"][0]["email"] = json!("dan@example.com");
        assert!(is_refused(check_received, &joined));

        let mut notified = json!({"type": "notification", "data": {"anything": {"at": "all"}}, "timestamp": 1,
            "broadcast_id": "019b76c6-9d0e-7b11-a2b3-c4d5e6f70809"});
        check_received(&notified);
        notified["data"] = json!({"of": ["the", "sender"]});
        check_received(&notified);
        assert!(is_refused(check_received, &json!({"type": "noted"})));
        assert!(is_refused(check_taken, &json!({"type": "typing", "room_id": 1, "state": "dreaming"})));
    }

    #[test]
    fn the_document_is_the_one_that_is_kept() {
        let kept = std::fs::read_to_string(KEPT).expect("docs/asyncapi.json");
        assert!(
            kept == Document::Asyncapi.text(),
            "docs/asyncapi.json isn't what the types say: `make documents` writes it"
        );
    }
}
