//! The contract of the HTTP API: what the functions say of themselves, put together.

use shared::contract;
use shared::http::ErrorBody;
use shared::ids::ClientMessageId;
use utoipa::openapi::path::Paths;
use utoipa::openapi::security::{HttpAuthScheme, HttpBuilder, SecurityRequirement, SecurityScheme};
use utoipa::openapi::tag::TagBuilder;
use utoipa::openapi::{ComponentsBuilder, InfoBuilder, OpenApi, OpenApiBuilder};

const BEARER: &str = "bearer";

const ABOUT: &str = "The HTTP API of Hark, a serverless chat backend. Every operation takes a token as the bearer \
unless it says otherwise; `x-permission` is what the token has to hold beyond that. Times are Unix milliseconds. \
Unknown fields of a request are ignored. What goes over the socket is described in docs/PROTOCOL.md. API Gateway itself \
answers 404, 413, 429, 500 and 503 with `{\"message\"}`.";

/// Every function that answers HTTP, by its name.
pub fn functions() -> [(&'static str, OpenApi); 6] {
    [
        ("accounts", accounts::openapi()),
        ("rooms", rooms::openapi()),
        ("support", support::openapi()),
        ("events", events::openapi()),
        ("services", services::openapi()),
        ("statistics", statistics::openapi()),
    ]
}

/// The document, as `docs/openapi.json` holds it.
///
/// # Panics
/// Never: it is made of strings, numbers and maps by name.
pub fn text() -> String {
    let text = openapi().to_pretty_json();
    text.expect("a document serialises") + "\n"
}

/// The documents of all functions as one.
pub fn openapi() -> OpenApi {
    let functions = functions();
    let tags = functions.iter().map(|(name, _)| TagBuilder::new().name(*name).build());
    let (webhooks, mut schemas) = contract::webhooks();
    contract::add::<ErrorBody>(&mut schemas);
    contract::add::<ClientMessageId>(&mut schemas);
    let (on_behalf_of, header) = contract::on_behalf_of();
    let bearer = HttpBuilder::new().scheme(HttpAuthScheme::Bearer).description(Some(
        "A token of Hark's own or of an issuer that it trusts, or the API key of a service account.",
    ));
    let components = ComponentsBuilder::new()
        .security_scheme(BEARER, SecurityScheme::Http(bearer.build()))
        .responses_from_iter(contract::answers())
        .parameter(on_behalf_of, header)
        .schemas_from_iter(schemas);
    let whole = OpenApiBuilder::new()
        .info(InfoBuilder::new().title("Hark").version(env!("CARGO_PKG_VERSION")).description(Some(ABOUT)))
        .security(Some([SecurityRequirement::new(BEARER, [""; 0])]))
        .tags(Some(tags))
        .paths(Paths::new())
        .webhooks(Some(webhooks))
        .components(Some(components.build()))
        .build();
    functions.into_iter().fold(whole, |whole, (_, function)| whole.merge_from(function))
}

#[cfg(test)]
mod tests {
    use std::collections::{BTreeMap, BTreeSet};

    use serde_json::Value;

    use super::*;

    const SNAPSHOT: &str = include_str!("../../../../docs/openapi.json");

    #[test]
    fn the_snapshot_is_the_document() {
        assert!(text() == SNAPSHOT, "docs/openapi.json is another one: write it anew by `make documents`");
    }

    #[test]
    fn no_name_stands_for_two_schemas() {
        let (_, webhooks) = contract::webhooks();
        let mut known: BTreeMap<String, Value> = BTreeMap::new();
        let parts = functions().into_iter().filter_map(|(_, document)| document.components);
        let schemas = parts.flat_map(|components| components.schemas).chain(webhooks);
        for (name, schema) in schemas {
            let schema = serde_json::to_value(schema).unwrap();
            let before = known.insert(name.clone(), schema.clone());
            assert!(before.is_none_or(|before| before == schema), "two schemas are called {name}");
        }
    }

    #[test]
    fn every_reference_leads_somewhere() {
        let document = serde_json::to_value(openapi()).unwrap();
        let mut references = BTreeSet::new();
        collect(&document, &mut references);
        assert!(references.len() > 100, "{}", references.len());
        for reference in references {
            let pointer = reference.trim_start_matches('#');
            assert!(document.pointer(pointer).is_some(), "{reference} leads nowhere");
        }
    }

    fn collect(value: &Value, into: &mut BTreeSet<String>) {
        match value {
            Value::Object(map) => {
                into.extend(map.get("$ref").and_then(Value::as_str).map(str::to_owned));
                map.values().for_each(|value| collect(value, into));
            }
            Value::Array(items) => items.iter().for_each(|value| collect(value, into)),
            _ => {}
        }
    }
}
