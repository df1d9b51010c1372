use aws_lambda_events::apigw::ApiGatewayCustomAuthorizerRequestTypeRequest as Handshake;
use serde::Serialize;
use serde_json::{Value, json};
use shared::identity::Caller;

/// What a Lambda authorizer answers ("Output from an Amazon API Gateway Lambda authorizer").
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Policy {
    pub principal_id: String,
    pub policy_document: Value,
    /// Rides on every later event of the socket.
    pub context: Value,
}

impl Policy {
    pub(crate) fn allow(event: &Handshake, caller: &Caller) -> Self {
        Self {
            principal_id: caller.user.to_string(),
            policy_document: document(event, "Allow"),
            context: caller.to_context(),
        }
    }

    /// API Gateway tells the client 403 and no more; the reason is for the log and the local runner.
    pub(crate) fn deny(event: &Handshake, reason: &str) -> Self {
        Self {
            principal_id: "nobody".to_owned(),
            policy_document: document(event, "Deny"),
            context: json!({ "reason": reason }),
        }
    }
}

fn document(event: &Handshake, effect: &str) -> Value {
    json!({
        "Version": "2012-10-17",
        "Statement": [{
            "Action": "execute-api:Invoke",
            "Effect": effect,
            "Resource": event.method_arn,
        }],
    })
}
