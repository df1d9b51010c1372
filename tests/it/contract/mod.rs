//! The contract of the HTTP API, held against every answer that a case sees.

mod closed;
mod operations;
mod schemathesis;

use std::collections::HashMap;
use std::sync::{Arc, LazyLock, Mutex};

use jsonschema::Validator;
use serde_json::{Value, json};

use closed::closed;
use operations::{Found, Operations};

/// The document, read once, and its validators, each compiled when the first answer of its kind comes.
static CONTRACT: LazyLock<Contract> = LazyLock::new(Contract::read);

struct Contract {
    operations: Operations,
    components: Value,
    validators: Mutex<HashMap<String, Arc<Validator>>>,
}

/// Sees that an answer is one of those that the document names. Nothing is said of paths that aren't the API's.
///
/// # Panics
/// It isn't: with the operation and the reason.
#[track_caller]
pub fn check(method: &str, path: &str, status: u16, body: &[u8]) {
    let verdict = CONTRACT.verdict(method, path, status, body);
    assert!(verdict.is_ok(), "{method} {path} answered {status}: {}", verdict.unwrap_err());
}

impl Contract {
    fn read() -> Self {
        let document: Value = serde_json::from_str(&local::documents::openapi::text()).unwrap();
        Self {
            operations: Operations::of(&document),
            components: closed(&document["components"]),
            validators: Mutex::default(),
        }
    }

    fn verdict(&self, method: &str, path: &str, status: u16, body: &[u8]) -> Result<(), String> {
        match self.operations.find(method, path) {
            Found::NoPath => of_no_path(path, status),
            Found::NoMethod => self.matches("Error", &json!({"$ref": "#/components/schemas/Error"}), body),
            Found::Operation { name, answers } => {
                let answer = answers.get(status.to_string());
                let answer = answer.ok_or_else(|| format!("{name} is documented with no such status"))?;
                self.of_answer(&format!("{name} {status}"), answer, body)
            }
        }
    }

    fn of_answer(&self, name: &str, answer: &Value, body: &[u8]) -> Result<(), String> {
        let answer = match answer["$ref"].as_str() {
            Some(reference) => {
                &self.components["responses"][reference.rsplit('/').next().unwrap_or_default()]
            }
            None => answer,
        };
        let Some(content) = answer.get("content") else {
            return if body.is_empty() { Ok(()) } else { Err("a body, and none is documented".to_owned()) };
        };
        match content.get("application/json") {
            Some(json) => self.matches(name, &json["schema"], body),
            None => Ok(()),
        }
    }

    fn matches(&self, name: &str, schema: &Value, body: &[u8]) -> Result<(), String> {
        let body: Value = serde_json::from_slice(body).map_err(|error| format!("no JSON: {error}"))?;
        let validator = self.validator(name, schema);
        let problems: Vec<String> =
            validator.iter_errors(&body).map(|error| format!("{} {error}", error.instance_path())).collect();
        if problems.is_empty() { Ok(()) } else { Err(format!("{name}: {}\n{body}", problems.join("; "))) }
    }

    fn validator(&self, name: &str, schema: &Value) -> Arc<Validator> {
        let mut known = self.validators.lock().unwrap();
        let validator = known.entry(name.to_owned()).or_insert_with(|| {
            let mut schema = closed(schema);
            schema["components"] = self.components.clone();
            Arc::new(jsonschema::draft202012::new(&schema).expect("the document's schemas are schemas"))
        });
        validator.clone()
    }
}

/// What isn't described isn't there. The runner's own pages and what a case adds stand outside of the API.
fn of_no_path(path: &str, status: u16) -> Result<(), String> {
    let is_of_the_api =
        ["/api/", "/health", "/metrics", "/ws/info"].iter().any(|part| path.starts_with(part));
    if is_of_the_api && status != 404 { Err("the path isn't documented".to_owned()) } else { Ok(()) }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn verdict(path: &str, status: u16, body: &Value) -> Result<(), String> {
        CONTRACT.verdict("GET", path, status, body.to_string().as_bytes())
    }

    fn ann() -> Value {
        json!({"id": 1, "username": "ann", "nickname": "Ann"})
    }

    #[test]
    fn an_answer_fits_or_is_told_apart() {
        assert_eq!(verdict("/api/v1/users/ann", 200, &ann()), Ok(()));
        assert_eq!(verdict("/api/v1/users/1", 200, &ann()), Ok(()));
        let refused = json!({"error": {"code": "not_found", "message": "no such user"}});
        assert_eq!(verdict("/api/v1/users/bob", 404, &refused), Ok(()));
        assert!(verdict("/api/v1/users/ann", 201, &ann()).is_err(), "an undocumented status");
        assert!(verdict("/api/v1/users/bob", 404, &ann()).is_err(), "an error in another shape");
        assert!(verdict("/api/v1/nothing", 200, &ann()).is_err(), "an undocumented path");
        assert!(CONTRACT.verdict("PUT", "/api/v1/users/ann", 200, b"{}").is_err(), "an undocumented method");
    }

    #[test]
    fn fields_are_neither_missing_nor_beyond() {
        for (field, value) in [("id", Value::Null), ("id", json!("1")), ("password", json!("secret"))] {
            let mut user = ann();
            user[field] = value;
            assert!(verdict("/api/v1/users/ann", 200, &user).is_err(), "{user}");
        }
        let user = json!({"id": 1, "username": "ann"});
        assert!(verdict("/api/v1/users/ann", 200, &user).is_err());
    }

    #[test]
    fn what_is_put_together_is_closed_as_a_whole() {
        let mut me = ann();
        me["email"] = Value::Null;
        me["role"] = json!("user");
        me["created_at"] = json!(1_700_000_000_000_i64);
        assert_eq!(verdict("/api/v1/users/me", 200, &me), Ok(()));
        me["token_version"] = json!(1);
        assert!(verdict("/api/v1/users/me", 200, &me).is_err());
    }
}
