//! What may be sent, and what answers it.

use super::frames::{By, Frame};
use serde_json::{Map, Value, json};

/// What answers a frame that is refused.
const ERROR: &str = "server.error";

/// One for each frame but the replies, from the server's side: it receives those of clients.
pub(super) fn all(frames: &[Frame]) -> Map<String, Value> {
    let is_reply = |frame: &Frame| {
        frame.key == ERROR || frames.iter().any(|other| other.reply.as_deref() == Some(&*frame.key))
    };
    let begun = frames.iter().filter(|frame| !is_reply(frame));
    begun.map(|frame| (frame.key.clone(), operation(frame))).collect()
}

fn operation(frame: &Frame) -> Value {
    let channel = json!({"$ref": "#/channels/socket"});
    match frame.by {
        By::Server => json!({"action": "send", "channel": channel, "messages": [message(&frame.key)]}),
        By::Client => {
            let replies = frame.reply.iter().map(String::as_str).chain([ERROR]);
            let replies: Vec<Value> = replies.map(message).collect();
            json!({
                "action": "receive",
                "channel": channel,
                "messages": [message(&frame.key)],
                "reply": {"channel": channel, "messages": replies},
            })
        }
    }
}

fn message(key: &str) -> Value {
    json!({"$ref": format!("#/channels/socket/messages/{key}")})
}
