//! From text to a [`ClientFrame`], naming the field that is wrong.

use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::Value;

use super::client::{ClientFrame, FrameId};
use super::spelling::SPELLINGS;
use crate::Error;

/// Why a frame was refused, with its id when that much could be read.
#[derive(Debug, Clone, PartialEq)]
pub struct FrameError {
    pub id: Option<FrameId>,
    pub error: Error,
}

/// What every frame has.
#[derive(Deserialize)]
struct Head {
    #[serde(rename = "type")]
    kind: String,
    #[serde(default)]
    id: Option<FrameId>,
}

/// Reads one text frame.
///
/// # Errors
/// `invalid`, with the path of the field.
pub fn decode(text: &str) -> Result<(Option<FrameId>, ClientFrame), FrameError> {
    let head: Head = decode_body(text.as_bytes()).map_err(|error| FrameError { id: id_of(text), error })?;
    match body(&head.kind, text) {
        Ok(frame) => Ok((head.id, frame)),
        Err(error) => Err(FrameError { id: head.id, error }),
    }
}

/// Reads JSON into a type; the error names the field that doesn't fit.
///
/// # Errors
/// `invalid`.
pub fn decode_body<T: DeserializeOwned>(json: &[u8]) -> Result<T, Error> {
    // serde would read an array into a struct, field by field.
    if json.trim_ascii_start().first() == Some(&b'[') {
        return Err(Error::invalid("body", "must be a JSON object"));
    }
    let mut deserializer = serde_json::Deserializer::from_slice(json);
    let value = serde_path_to_error::deserialize(&mut deserializer).map_err(|error| {
        let path = error.path().to_string();
        let inner = error.into_inner();
        if inner.is_syntax() || inner.is_eof() {
            return Error::invalid("body", "is not JSON");
        }
        let problem = without_position(&inner.to_string());
        if path == "." { Error::new(crate::Code::Invalid, problem) } else { Error::invalid(&path, problem) }
    })?;
    deserializer.end().map_err(|_| Error::invalid("body", "has something after the JSON"))?;
    Ok(value)
}

/// serde_json appends where it stopped; the path says it better.
fn without_position(message: &str) -> String {
    message.rsplit_once(" at line ").map_or(message, |(said, _)| said).to_owned()
}

/// The id of a frame whose other parts are broken.
fn id_of(text: &str) -> Option<FrameId> {
    let value: Value = serde_json::from_str(text).ok()?;
    value.get("id").cloned().and_then(|id| FrameId::try_from(id).ok())
}

fn body(kind: &str, text: &str) -> Result<ClientFrame, Error> {
    match SPELLINGS.iter().find(|spelling| spelling.name == kind) {
        Some(spelling) => spelling.read(text.as_bytes()),
        None => {
            let shown: String = kind.chars().take(40).collect();
            Err(Error::invalid("type", format!("{shown:?} is not a frame type")))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::frames::{Draft, Target};
    use crate::ids::{RoomId, RoomRef, UserId, UserRef};

    fn draft(text: &str) -> Draft {
        match decode(text).unwrap().1 {
            ClientFrame::Message(draft) => draft,
            other => panic!("{other:?}"),
        }
    }

    fn refused(text: &str) -> String {
        decode(text).unwrap_err().error.message
    }

    #[test]
    fn every_spelling_of_a_message_is_understood() {
        let ours = draft(r#"{"type":"message","room_id":1,"content":"Hello, World!"}"#);
        assert_eq!(ours.target, Target::Room(RoomRef::Id(RoomId(1))));
        let chat = draft(r#"{"type":"chat","data":{"message":"Hello, world!","room":"general"}}"#);
        assert_eq!(chat.target, Target::Room(RoomRef::Name("general".into())));
        let direct = draft(
            r#"{"type":"CHAT_MESSAGE","senderId":"user1","receiverId":"user2","chatId":"chat123","content":"Hello from node1!","timestamp":1640995200000}"#,
        );
        assert_eq!(
            direct.target,
            Target::RoomElseUser(RoomRef::Name("chat123".into()), UserRef::Name("user2".into()))
        );
        let to = draft(r#"{"type":"message","to":"7","content":"hi"}"#);
        assert_eq!(to.target, Target::User(UserRef::Id(UserId(7))));
    }

    #[test]
    fn a_refusal_names_the_field() {
        assert!(refused("not json").contains("not JSON"));
        assert!(refused("[]").contains("JSON object"));
        assert!(refused(r#"{"content":"x"}"#).contains("type"));
        assert!(refused(r#"{"type":"dance"}"#).starts_with("type:"));
        assert!(refused(r#"{"type":"message","room_id":1}"#).contains("content"));
        assert!(refused(r#"{"type":"message","room_id":1,"content":" "}"#).starts_with("content:"));
        assert!(refused(r#"{"type":"message","room_id":1.5,"content":"x"}"#).starts_with("room_id:"));
        assert!(refused(r#"{"type":"message","content":"x"}"#).starts_with("room_id:"));
        assert!(refused(r#"{"type":"chat","data":{"message":"","room":"a"}}"#).starts_with("data.message:"));
        assert!(refused(r#"{"type":"heartbeat","id":{}}"#).starts_with("id:"));
    }

    #[test]
    fn a_refusal_carries_the_frames_id() {
        let id = decode(r#"{"type":"message","id":"m1"}"#).unwrap_err().id;
        assert_eq!(serde_json::to_value(id).unwrap(), "m1");
        let id = decode(r#"{"id":5}"#).unwrap_err().id;
        assert_eq!(serde_json::to_value(id).unwrap(), 5);
    }

    #[test]
    fn unknown_fields_are_ignored() {
        assert!(decode(r#"{"type":"HEARTBEAT","content":"ping","x":[1]}"#).is_ok());
    }
}
