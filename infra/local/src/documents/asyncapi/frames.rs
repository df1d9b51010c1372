//! Each frame as a message of the document.

use serde_json::{Map, Value, json};
use shared::frames::{FrameId, SPELLINGS, ServerFrame, Spelling};
use std::{collections::BTreeMap, sync::LazyLock};
use utoipa::{
    PartialSchema, ToSchema,
    openapi::{RefOr, Schema},
};

/// By the key of each frame, some of it as they are on the wire.
static EXAMPLES: LazyLock<Map<String, Value>> =
    LazyLock::new(|| serde_json::from_str(include_str!("examples.json")).expect("examples are JSON"));

/// Who sends a frame.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum By {
    Client,
    Server,
}

/// One frame.
pub(super) struct Frame {
    /// `client.` or `server.`, and the type; those that share one are told apart by another word.
    pub(super) key: String,
    pub(super) by: By,
    /// As `type` has it.
    kind: String,
    payload: Value,
    /// The key of what answers it.
    pub(super) reply: Option<String>,
}

/// Every frame of both directions.
pub(super) fn all() -> Vec<Frame> {
    let variants = json(&ServerFrame::schema())["oneOf"].take();
    let variants = variants.as_array().into_iter().flatten();
    SPELLINGS.iter().map(Frame::of_client).chain(variants.map(Frame::of_server)).collect()
}

/// Every schema that a frame names.
pub(super) fn schemas() -> Value {
    let mut named: Vec<(String, RefOr<Schema>)> = Vec::new();
    ServerFrame::schemas(&mut named);
    named.extend(SPELLINGS.iter().flat_map(|spelling| spelling.describe().named));
    named.push((FrameId::name().into(), FrameId::schema()));
    let named: BTreeMap<String, Value> =
        named.iter().map(|(name, schema)| (name.clone(), json(schema))).collect();
    json!(named)
}

fn json(schema: &RefOr<Schema>) -> Value {
    serde_json::to_value(schema).expect("schemas are JSON")
}

impl Frame {
    fn of_client(spelling: &Spelling) -> Self {
        let mut payload = json(&spelling.describe().schema);
        payload["properties"]["type"] = json!({"const": spelling.name});
        payload["properties"]["id"] = json!({"$ref": format!("#/components/schemas/{}", FrameId::name())});
        match payload["required"].as_array_mut() {
            Some(required) => required.push(json!("type")),
            None => payload["required"] = json!(["type"]),
        }
        let reply = spelling.reply.map(|title| format!("server.{title}"));
        let (key, kind) = (format!("client.{}", spelling.name), spelling.name.to_owned());
        Self { key, by: By::Client, kind, payload, reply }
    }

    fn of_server(variant: &Value) -> Self {
        let title = part(variant, "/title").and_then(Value::as_str).expect("each has a title");
        let kind =
            part(variant, "/properties/type/enum/0").and_then(Value::as_str).unwrap_or(title).to_owned();
        Self { key: format!("server.{title}"), by: By::Server, kind, payload: variant.clone(), reply: None }
    }

    /// As the document has it.
    pub(super) fn message(&self) -> Value {
        let description = part(&self.payload, "/description").and_then(Value::as_str).unwrap_or_default();
        let description = description.replace('\n', " ");
        let examples = EXAMPLES.get(&self.key).and_then(Value::as_array);
        let examples = examples.expect("every frame has examples").iter();
        json!({
            "name": self.kind,
            "title": self.key,
            "summary": first_sentence(&description),
            "description": description,
            "payload": self.payload,
            "examples": examples.map(|payload| json!({"payload": payload})).collect::<Vec<_>>(),
        })
    }
}

fn first_sentence(text: &str) -> &str {
    text.find(['.', ':', ';']).map_or(text, |end| &text[..end])
}

/// What a schema says of itself, or the first of those that it is made of.
fn part<'a>(schema: &'a Value, pointer: &str) -> Option<&'a Value> {
    let parts = || schema["allOf"].as_array().into_iter().flatten();
    schema.pointer(pointer).or_else(|| parts().find_map(|schema| part(schema, pointer)))
}
