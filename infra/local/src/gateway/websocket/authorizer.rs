//! The `REQUEST` authorizer: asks the function and reads its answer.

use super::{
    WebSocketFront, event,
    policy::{Policy, Verdict},
    refusal::Refusal,
};
use crate::{
    gateway::{parameters::Parameters, sockets::Socket},
    invoke::{FunctionError, Trace},
    template::{Authorizer, IdentitySource},
};
use bytes::Bytes;
use serde::Deserialize;
use serde_json::{Map, Value, value::RawValue};
use std::time::Instant;

/// API Gateway refuses a larger answer.
const MAX_ANSWER: usize = 8 * 1024;

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Answer {
    principal_id: String,
    policy_document: Policy,
    #[serde(default)]
    context: Map<String, Value>,
}

/// Asks the API's authorizer, if it has one; gives `requestContext.authorizer` of every later event.
///
/// # Errors
/// 401 when an identity source is missing or the function failed with `Unauthorized`; 403 when it
/// denies; 500 when it fails otherwise or answers with something else.
pub(super) async fn decide(
    front: &WebSocketFront,
    socket: &Socket,
    parameters: &Parameters,
    request_id: &str,
    trace: &Trace,
) -> Result<Option<Box<RawValue>>, Refusal> {
    let Some(authorizer) = &front.api.authorizer else {
        return Ok(None);
    };
    if !authorizer.identity.iter().all(|source| is_given(source, parameters)) {
        return Err(Refusal::UNAUTHORIZED);
    }
    let asked = Instant::now();
    let event = event::authorize(front.context(), socket, parameters, request_id);
    let answer = ask(front, authorizer, event, trace).await?;
    let verdict = answer.policy_document.verdict(&front.context().method_arn());
    if verdict != Verdict::Allowed {
        let reason = answer.context.get("reason").and_then(Value::as_str);
        return Err(Refusal::denied(verdict, reason.map(str::to_owned)));
    }
    context(answer, asked).map(Some)
}

fn is_given(source: &IdentitySource, parameters: &Parameters) -> bool {
    match source {
        IdentitySource::Header(name) => parameters.headers.contains_key(name),
        IdentitySource::Query(name) => parameters.query_string_parameters.contains_key(name),
    }
}

async fn ask(
    front: &WebSocketFront,
    authorizer: &Authorizer,
    event: Bytes,
    trace: &Trace,
) -> Result<Answer, Refusal> {
    let invoked = front.invoker.invoke_traced(&authorizer.function, event, authorizer.timeout, trace);
    read(&invoked.await.map_err(|error| refusal(&error))?)
}

fn refusal(error: &FunctionError) -> Refusal {
    // The one message that API Gateway compares: how a function says "no credentials" (401).
    if error.error_message == "Unauthorized" { Refusal::UNAUTHORIZED } else { Refusal::FAILED }
}

fn read(answer: &Bytes) -> Result<Answer, Refusal> {
    if answer.len() > MAX_ANSWER {
        tracing::error!(bytes = answer.len(), "the authorizer's answer is over 8 KiB");
        return Err(Refusal::FAILED);
    }
    serde_json::from_slice(answer).map_err(|error| {
        tracing::error!(%error, "the authorizer's answer is not one");
        Refusal::FAILED
    })
}

/// The context as every event carries it: API Gateway makes each value a string, and refuses lists and
/// mappings.
fn context(answer: Answer, asked: Instant) -> Result<Box<RawValue>, Refusal> {
    let mut context = Map::new();
    for (key, value) in answer.context {
        let text = match value {
            Value::String(text) => text,
            Value::Number(number) => number.to_string(),
            Value::Bool(flag) => flag.to_string(),
            Value::Null => continue,
            Value::Array(_) | Value::Object(_) => {
                tracing::error!(key, "the authorizer's context holds a list or a mapping");
                return Err(Refusal::FAILED);
            }
        };
        context.insert(key, Value::String(text));
    }
    context.insert("principalId".to_owned(), Value::String(answer.principal_id));
    let latency = u64::try_from(asked.elapsed().as_millis()).unwrap_or(u64::MAX);
    context.insert("integrationLatency".to_owned(), Value::from(latency));
    serde_json::value::to_raw_value(&context).map_err(|_| Refusal::FAILED)
}
