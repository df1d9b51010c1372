//! Schemas that allow no field but those that they name. OpenAPI's are open; an answer that says more than is
//! documented says too much.

use serde_json::{Map, Value, json};

/// The same with every object closed. What is put together by `allOf` is closed as a whole: its parts stay open, under
/// `#/components/open`.
pub fn closed(schema: &Value) -> Value {
    if let Some(schemas) = schema.get("schemas").and_then(Value::as_object) {
        let mut components = schema.clone();
        components["schemas"] = each(schemas, closed);
        components["open"] = each(schemas, open);
        return components;
    }
    let mut schema = inside(schema);
    if schema.get("properties").is_some() || schema.get("allOf").is_some() {
        schema["unevaluatedProperties"] = json!(false);
    }
    schema
}

/// A part of something: open itself, closed in its fields.
fn open(schema: &Value) -> Value {
    match schema["$ref"].as_str() {
        Some(reference) => json!({"$ref": reference.replace("/schemas/", "/open/")}),
        None => inside(schema),
    }
}

fn inside(schema: &Value) -> Value {
    let Some(parts) = schema.as_object() else { return schema.clone() };
    let closed_part = |(name, part): (&String, &Value)| {
        let part = match (name.as_str(), part) {
            ("properties", Value::Object(fields)) => each(fields, closed),
            ("allOf", Value::Array(parts)) => parts.iter().map(open).collect(),
            ("oneOf" | "anyOf", Value::Array(parts)) => parts.iter().map(closed).collect(),
            ("items", items) => closed(items),
            (_, other) => other.clone(),
        };
        (name.clone(), part)
    };
    Value::Object(parts.iter().map(closed_part).collect())
}

fn each(schemas: &Map<String, Value>, change: fn(&Value) -> Value) -> Value {
    Value::Object(schemas.iter().map(|(name, schema)| (name.clone(), change(schema))).collect())
}
