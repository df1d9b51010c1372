//! Which event each function gets: one that it succeeds with however often it comes, after `events/seed.sql`.

use serde_json::Value;

/// A function and its event.
#[derive(Debug)]
pub(super) struct Function {
    pub(super) name: &'static str,
    /// The file in `events/`, without its ending.
    pub(super) event: &'static str,
    pub(super) json: &'static str,
}

macro_rules! function {
    ($name:literal, $event:literal) => {
        Function {
            name: $name,
            event: concat!($name, "/", $event),
            json: include_str!(concat!("../../../events/", $name, "/", $event, ".json")),
        }
    };
}

/// In the order in which a round starts them.
pub(super) const FUNCTIONS: [Function; 15] = [
    function!("authorize", "own-user-id"),
    function!("connect", "token-in-query"),
    function!("message", "message"),
    function!("disconnect", "idle"),
    // Who it is, not a login: that one would be timed for its hash.
    function!("accounts", "me"),
    function!("rooms", "list"),
    function!("support", "queue"),
    function!("events", "list"),
    function!("services", "list"),
    function!("statistics", "online-stats"),
    function!("deliver", "edited-and-recalled"),
    function!("assign", "session-opened-and-assigned"),
    function!("relay", "delivery-due"),
    function!("upkeep", "every-minute"),
    function!("migrate", "after-a-deployment"),
];

/// Whether an answer is a plain success: no refusal of HTTP, of a handshake or of a frame.
pub(super) fn is_success(answer: &Value) -> bool {
    let status = answer["statusCode"].as_u64().is_none_or(|status| (200..300).contains(&status));
    let effect = &answer["policyDocument"]["Statement"][0]["Effect"];
    let allowed = effect.as_str().is_none_or(|effect| effect == "Allow");
    status && allowed && !is_error_frame(&answer["body"])
}

fn is_error_frame(body: &Value) -> bool {
    let frame: Option<Value> = body.as_str().and_then(|body| serde_json::from_str(body).ok());
    frame.is_some_and(|frame| frame["type"] == "error")
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn refusals_of_every_kind_are_no_success() {
        assert!(!is_success(&json!({"statusCode": 401, "body": "{}"})));
        assert!(!is_success(&json!({"policyDocument": {"Statement": [{"Effect": "Deny"}]}})));
        assert!(!is_success(
            &json!({"statusCode": 200, "body": "{\"type\":\"error\",\"code\":\"invalid\"}"})
        ));
    }

    #[test]
    fn answers_of_every_kind_are_a_success() {
        assert!(is_success(&json!({"statusCode": 202, "body": "{\"id\":\"1\"}"})));
        assert!(is_success(&json!({"policyDocument": {"Statement": [{"Effect": "Allow"}]}})));
        assert!(is_success(&json!({"statusCode": 200, "body": "{\"type\":\"ack\"}"})));
        assert!(is_success(&Value::Null), "what queues and schedules get");
    }

    #[test]
    fn every_event_is_json() {
        for function in FUNCTIONS {
            assert!(serde_json::from_str::<Value>(function.json).is_ok(), "{}", function.event);
        }
    }
}
