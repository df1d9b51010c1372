//! Where sockets are opened, and what lets one in.

use authorize::DEVICE_MAX_CHARS;
use serde_json::{Value, json};
use shared::socket::SUBPROTOCOL;

/// In AWS, and on the runner.
pub(super) fn servers() -> Value {
    let security: Vec<Value> = ["token", "bearer", "subprotocol", "ticket"]
        .map(|scheme| json!({"$ref": format!("#/components/securitySchemes/{scheme}")}))
        .into();
    json!({
        "aws": {
            "host": "{api}.execute-api.{region}.amazonaws.com",
            "pathname": "/{stage}",
            "protocol": "wss",
            "description": "A deployment's WebSocket API.",
            "variables": {
                "api": {"description": "The API's id: the first part of the output `SocketUrl`."},
                "region": {"default": "eu-central-1", "description": "Where it is deployed."},
                "stage": {"default": "live", "description": "The template's parameter `StageName`."},
            },
            "security": security,
        },
        "local": {
            "host": "localhost:3000",
            "protocol": "ws",
            "description": "The runner, on any path, among them `/ws`, `/ws/chat`, `/ws/{client}` and `/api/v1/ws`.",
            "security": security,
        },
    })
}

/// One of them. None is answered 401, a bad one 403.
pub(super) fn security_schemes() -> Value {
    json!({
        "token": {"type": "httpApiKey", "in": "query", "name": "token", "description": "The simplest."},
        "bearer": {
            "type": "http",
            "scheme": "bearer",
            "bearerFormat": "JWT",
            "description": "For clients that can set headers.",
        },
        "subprotocol": {
            "type": "httpApiKey",
            "in": "header",
            "name": "Sec-WebSocket-Protocol",
            "description": format!(
                "For browsers: the pair `{SUBPROTOCOL}, bearer.<token>`. The answer picks `{SUBPROTOCOL}`."
            ),
        },
        "ticket": {
            "type": "httpApiKey",
            "in": "query",
            "name": "ticket",
            "description": "For browsers that want no token in a URL: from `POST /api/v1/auth/ticket`, for one socket \
                within 30 s.",
        },
    })
}

/// What else a handshake may say.
pub(super) fn binding() -> Value {
    json!({
        "method": "GET",
        "query": {
            "type": "object",
            "properties": {
                "token": {"type": "string", "description": "The token, if it comes no other way."},
                "ticket": {"type": "string", "description": "A ticket in its place."},
                "userId": {"type": "string", "description": "Must be the token's user, by id or name."},
                "client_id": {"type": "string", "maxLength": DEVICE_MAX_CHARS, "description": "Names the device."},
            },
        },
        "bindingVersion": "0.1.0",
    })
}
