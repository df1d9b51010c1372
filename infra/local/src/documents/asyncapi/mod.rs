//! The socket protocol as an AsyncAPI document, made out of the types that frames are read into and written from.
//!
//! <https://www.asyncapi.com/docs/reference/specification/v3.0.0>

mod frames;
mod handshake;
mod operations;

use frames::Frame;
use serde_json::{Map, Value, json};
use shared::error::TABLE;

const DESCRIPTION: &str = "JSON text frames over one socket. Every frame has a `type`; a client's may carry an `id`, \
    which its reply repeats. Unknown fields are ignored. Times are Unix milliseconds. Where a user or a room stands, an \
    integer is an id and a string is a user name or a public room's name. A room is a log: its entries (messages, edits \
    and recalls) are numbered by `seq` without gaps, arrive at least once and in any order, and are shown by `seq`.";

/// As its file holds it.
pub(super) fn text() -> String {
    format!("{:#}\n", document())
}

/// The document.
pub fn document() -> Value {
    let frames = frames::all();
    let by_key = |value: fn(&Frame) -> Value| -> Map<String, Value> {
        frames.iter().map(|frame| (frame.key.clone(), value(frame))).collect()
    };
    json!({
        "asyncapi": "3.0.0",
        "info": {
            "title": "Hark: the socket protocol",
            "version": env!("CARGO_PKG_VERSION"),
            "description": DESCRIPTION,
            "license": {"name": env!("CARGO_PKG_LICENSE")},
        },
        "defaultContentType": "application/json",
        "servers": handshake::servers(),
        "channels": {"socket": {
            "address": "/",
            "description": "One socket, for all rooms and both directions. It lasts two hours at most; frames are 32 KiB \
                at most, messages of several frames 128 KiB.",
            "messages": by_key(|frame| json!({"$ref": format!("#/components/messages/{}", frame.key)})),
            "bindings": {"ws": handshake::binding()},
        }},
        "operations": operations::all(&frames),
        "components": {
            "messages": by_key(Frame::message),
            "schemas": frames::schemas(),
            "securitySchemes": handshake::security_schemes(),
        },
        "x-error-codes": error_codes(),
    })
}

/// What `code` of the `error` frame says.
fn error_codes() -> Value {
    let row = |row: &shared::error::Row| json!({"code": row.name, "status": row.status, "retry": row.retry, "meaning": row.meaning});
    TABLE.iter().map(row).collect()
}
