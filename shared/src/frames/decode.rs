//! From text to a [`ClientFrame`], naming the field that is wrong.

use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::Value;

use super::client::{ClientFrame, Draft, FrameId, ReadReceipt, Target, Typing, TypingState};
use crate::Error;
use crate::ids::{MessageId, RoomRef, Seq, UserRef};
use crate::names::{Content, Kind, Metadata};

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
    let json = text.as_bytes();
    match kind {
        "message" => decode_body::<MessageBody>(json)?.draft().map(ClientFrame::Message),
        "chat" => decode_body::<ChatBody>(json)?.draft().map(ClientFrame::Message),
        "CHAT_MESSAGE" => decode_body::<ChatMessageBody>(json)?.draft().map(ClientFrame::Message),
        "edit" => decode_body(json).map(ClientFrame::Edit),
        "recall" => decode_body(json).map(ClientFrame::Recall),
        "resume" => decode_body(json).map(ClientFrame::Resume),
        "join_room" => decode_body(json).map(ClientFrame::JoinRoom),
        "leave_room" => decode_body(json).map(ClientFrame::LeaveRoom),
        "status_update" => decode_body(json).map(ClientFrame::StatusUpdate),
        "read_receipt" => decode_body::<ReadReceiptBody>(json)?.receipt().map(ClientFrame::ReadReceipt),
        "READ_RECEIPT" => decode_body::<SeedReceiptBody>(json)?.receipt().map(ClientFrame::ReadReceipt),
        "typing" => decode_body::<TypingBody>(json)?.typing().map(ClientFrame::Typing),
        "TYPING" => decode_body::<SeedTypingBody>(json)?.typing().map(ClientFrame::Typing),
        "heartbeat" | "HEARTBEAT" => Ok(ClientFrame::Heartbeat),
        other => {
            let shown: String = other.chars().take(40).collect();
            Err(Error::invalid("type", format!("{shown:?} is not a frame type")))
        }
    }
}

/// `message`: {room_id or to, content, ...}.
#[derive(Deserialize)]
struct MessageBody {
    room_id: Option<RoomRef>,
    to: Option<UserRef>,
    content: Content,
    #[serde(default)]
    kind: Kind,
    reply_to: Option<MessageId>,
    metadata: Option<Metadata>,
}

impl MessageBody {
    fn draft(self) -> Result<Draft, Error> {
        Ok(Draft {
            target: target(self.room_id, self.to)?,
            content: self.content,
            kind: self.kind,
            reply_to: self.reply_to,
            metadata: self.metadata,
        })
    }
}

fn target(room: Option<RoomRef>, to: Option<UserRef>) -> Result<Target, Error> {
    match (room, to) {
        (Some(room), None) => Ok(Target::Room(room)),
        (None, Some(user)) => Ok(Target::User(user)),
        (None, None) => Err(Error::invalid("room_id", "or `to` is missing")),
        (Some(_), Some(_)) => Err(Error::invalid("to", "can't stand beside room_id")),
    }
}

/// As the first document spells it: a chat that isn't known stands for the pair's room.
fn seed_target(chat: Option<RoomRef>, receiver: Option<UserRef>) -> Result<Target, Error> {
    match (chat, receiver) {
        (Some(room), Some(user)) => Ok(Target::RoomElseUser(room, user)),
        (Some(room), None) => Ok(Target::Room(room)),
        (None, Some(user)) => Ok(Target::User(user)),
        (None, None) => Err(Error::invalid("receiverId", "or chatId is missing")),
    }
}

/// `chat`: {data: {message, room}}.
#[derive(Deserialize)]
struct ChatBody {
    data: ChatData,
}

#[derive(Deserialize)]
struct ChatData {
    message: Content,
    room: RoomRef,
}

impl ChatBody {
    fn draft(self) -> Result<Draft, Error> {
        Ok(plain(Target::Room(self.data.room), self.data.message))
    }
}

/// `CHAT_MESSAGE`: {receiverId, chatId, content, timestamp}; the time is the server's to say.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct ChatMessageBody {
    receiver_id: Option<UserRef>,
    chat_id: Option<RoomRef>,
    content: Content,
}

impl ChatMessageBody {
    fn draft(self) -> Result<Draft, Error> {
        Ok(plain(seed_target(self.chat_id, self.receiver_id)?, self.content))
    }
}

fn plain(target: Target, content: Content) -> Draft {
    Draft { target, content, kind: Kind::default(), reply_to: None, metadata: None }
}

/// `read_receipt`: {room_id, seq or message_id}.
#[derive(Deserialize)]
struct ReadReceiptBody {
    room_id: Option<RoomRef>,
    seq: Option<Seq>,
    message_id: Option<MessageId>,
}

impl ReadReceiptBody {
    fn receipt(self) -> Result<ReadReceipt, Error> {
        match (self.message_id, self.seq, self.room_id) {
            (Some(_), Some(_), _) => Err(Error::invalid("message_id", "can't stand beside seq")),
            (Some(message), None, room) => Ok(ReadReceipt::Message { message, room }),
            (None, seq, Some(room)) => Ok(ReadReceipt::Place { target: Target::Room(room), seq }),
            (None, _, None) => Err(Error::invalid("room_id", "or message_id is missing")),
        }
    }
}

/// `READ_RECEIPT`: {chatId, messageId, receiverId}; the message decides.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct SeedReceiptBody {
    chat_id: Option<RoomRef>,
    message_id: Option<MessageId>,
    receiver_id: Option<UserRef>,
}

impl SeedReceiptBody {
    fn receipt(self) -> Result<ReadReceipt, Error> {
        match self.message_id {
            Some(message) => Ok(ReadReceipt::Message { message, room: None }),
            None => {
                let target = seed_target(self.chat_id, self.receiver_id)?;
                Ok(ReadReceipt::Place { target, seq: None })
            }
        }
    }
}

/// `typing`: {room_id or to, state}.
#[derive(Deserialize)]
struct TypingBody {
    room_id: Option<RoomRef>,
    to: Option<UserRef>,
    state: TypingState,
}

impl TypingBody {
    fn typing(self) -> Result<Typing, Error> {
        Ok(Typing { target: target(self.room_id, self.to)?, state: self.state })
    }
}

/// `TYPING`: {receiverId, chatId, content}.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct SeedTypingBody {
    receiver_id: Option<UserRef>,
    chat_id: Option<RoomRef>,
    content: TypingState,
}

impl SeedTypingBody {
    fn typing(self) -> Result<Typing, Error> {
        Ok(Typing { target: seed_target(self.chat_id, self.receiver_id)?, state: self.content })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ids::{RoomId, UserId};

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
