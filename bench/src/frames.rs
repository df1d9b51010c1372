//! The frames that the driver sends and those that it must understand.

use std::borrow::Cow;

use serde::Deserialize;

/// What a received frame means to the driver.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Frame {
    /// The reply to a send: stored, with this seq. `sent` is the intended send time.
    Ack { sent: u64, seq: u64 },
    /// Somebody else's message. `sent` is its intended send time.
    Message { room: i64, seq: u64, sent: u64 },
    /// The send failed; `seq` when it is stored all the same and will be delivered later.
    Error { code: String, seq: Option<u64> },
    /// Anything else: a system frame, a status.
    Other,
}

#[derive(Deserialize)]
struct Raw<'a> {
    #[serde(borrow, rename = "type")]
    kind: Option<Cow<'a, str>>,
    #[serde(borrow)]
    id: Option<Cow<'a, str>>,
    room_id: Option<i64>,
    seq: Option<u64>,
    #[serde(borrow)]
    content: Option<Cow<'a, str>>,
    #[serde(borrow)]
    code: Option<Cow<'a, str>>,
    #[serde(borrow, rename = "connectionId")]
    connection: Option<Cow<'a, str>>,
}

/// Reads a frame. What isn't in the contract is `Other`.
pub(crate) fn parse(text: &str) -> Frame {
    match serde_json::from_str::<Raw>(text) {
        Ok(raw) => raw.into_frame(),
        Err(_) => Frame::Other,
    }
}

impl Raw<'_> {
    fn into_frame(self) -> Frame {
        match (self.kind.as_deref(), self.seq) {
            (Some("ack"), Some(seq)) => Frame::Ack { sent: stamp(self.id.as_deref()), seq },
            (Some("message"), Some(seq)) => Frame::Message {
                room: self.room_id.unwrap_or_default(),
                seq,
                sent: stamp(self.content.as_deref()),
            },
            (Some("error"), seq) => {
                Frame::Error { code: self.code.map_or_else(|| "error".into(), Cow::into_owned), seq }
            }
            // What API Gateway itself answers when the function failed: no type, no id of ours.
            (None, _) if self.connection.is_some() => {
                Frame::Error { code: "function_failed".into(), seq: None }
            }
            _ => Frame::Other,
        }
    }
}

/// The time that stands in front of an id or a content, 0 when there is none.
fn stamp(text: Option<&str>) -> u64 {
    let digits = text.and_then(|text| text.split(['.', ' ']).next());
    digits.and_then(|digits| digits.parse().ok()).unwrap_or(0)
}

/// A message frame, `content_bytes` of content at least, that carries its intended send time in
/// the id (so the ack brings it back) and in the content (so every receiver has it).
pub(crate) fn message(room: i64, sent: u64, number: u64, content_bytes: usize) -> String {
    let content = format!("{sent} {:.<1$}", "", content_bytes.saturating_sub(16));
    format!(r#"{{"type":"message","room_id":{room},"content":"{content}","id":"{sent}.{number}"}}"#)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_sent_message_comes_back_with_its_time() {
        let sent: serde_json::Value = serde_json::from_str(&message(7, 12345, 3, 64)).unwrap();
        assert_eq!(sent["type"], "message");
        let ack = serde_json::json!({"type": "ack", "id": sent["id"], "seq": 9, "room_id": 7});
        assert_eq!(parse(&ack.to_string()), Frame::Ack { sent: 12345, seq: 9 });
        let delivered = serde_json::json!({
            "type": "message", "room_id": 7, "seq": 9, "content": sent["content"]
        });
        let expected = Frame::Message { room: 7, seq: 9, sent: 12345 };
        assert_eq!(parse(&delivered.to_string()), expected);
    }

    #[test]
    fn an_error_says_its_code_and_whether_it_is_stored() {
        let stored = parse(r#"{"type":"error","code":"not_broadcast","seq":4,"message":"later"}"#);
        assert_eq!(stored, Frame::Error { code: "not_broadcast".into(), seq: Some(4) });
    }

    #[test]
    fn the_gateways_own_error_is_told_apart() {
        let frame = parse(r#"{"message":"Internal server error","connectionId":"a","requestId":"b"}"#);
        assert_eq!(frame, Frame::Error { code: "function_failed".into(), seq: None });
    }

    #[test]
    fn unknown_frames_are_passed_over() {
        assert_eq!(parse(r#"{"type":"system","event":"member_joined"}"#), Frame::Other);
        assert_eq!(parse("not json"), Frame::Other);
    }
}
