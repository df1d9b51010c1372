//! Every type of frame that clients send: the one table by which frames are read and described.

use serde::Deserialize;
use serde::de::{DeserializeOwned, IgnoredAny};
use utoipa::ToSchema;
use utoipa::openapi::{RefOr, Schema};

use super::client::{
    ClientFrame, Draft, EditMessage, JoinRoom, LeaveRoom, ReadReceipt, RecallMessage, StatusUpdate, Target,
    Typing, TypingState,
};
use super::decode::decode_body;
use super::resume::Resume;
use crate::Error;
use crate::ids::{MessageId, RoomRef, Seq, UserRef};
use crate::names::{Content, Kind, Metadata};

/// A type of frame that clients send.
pub struct Spelling {
    /// As `type` has it.
    pub name: &'static str,
    /// The title of the server's frame that answers it; None: nothing does, unless it is refused.
    pub reply: Option<&'static str>,
    read: fn(&[u8]) -> Result<ClientFrame, Error>,
    describe: fn() -> Described,
}

/// The schema of what stands in a frame besides `type` and `id`, and those that it names.
pub struct Described {
    pub schema: RefOr<Schema>,
    pub named: Vec<(String, RefOr<Schema>)>,
}

impl Spelling {
    const fn of<B: Body>(name: &'static str, reply: Option<&'static str>) -> Self {
        Self { name, reply, read: read::<B>, describe: describe::<B> }
    }

    /// Reads a frame of this type.
    ///
    /// # Errors
    /// `invalid`, with the path of the field.
    pub fn read(&self, json: &[u8]) -> Result<ClientFrame, Error> {
        (self.read)(json)
    }

    #[must_use]
    pub fn describe(&self) -> Described {
        (self.describe)()
    }
}

/// Ours, and those of the documents that Hark follows.
pub const SPELLINGS: [Spelling; 15] = [
    Spelling::of::<MessageBody>("message", Some("ack")),
    Spelling::of::<ChatBody>("chat", Some("ack")),
    Spelling::of::<ChatMessageBody>("CHAT_MESSAGE", Some("ack")),
    Spelling::of::<EditMessage>("edit", Some("ack")),
    Spelling::of::<RecallMessage>("recall", Some("ack")),
    Spelling::of::<Resume>("resume", Some("resumed")),
    Spelling::of::<JoinRoom>("join_room", Some("ack.room")),
    Spelling::of::<LeaveRoom>("leave_room", Some("ack.room")),
    Spelling::of::<ReadReceiptBody>("read_receipt", Some("ack.read")),
    Spelling::of::<SeedReceiptBody>("READ_RECEIPT", Some("ack.read")),
    Spelling::of::<TypingBody>("typing", None),
    Spelling::of::<SeedTypingBody>("TYPING", None),
    Spelling::of::<StatusUpdate>("status_update", Some("ack.status")),
    Spelling::of::<HeartbeatBody>("heartbeat", Some("heartbeat")),
    Spelling::of::<HeartbeatBody>("HEARTBEAT", Some("heartbeat")),
];

/// What stands in frames of a type.
trait Body: DeserializeOwned + ToSchema {
    fn frame(self) -> Result<ClientFrame, Error>;
}

fn read<B: Body>(json: &[u8]) -> Result<ClientFrame, Error> {
    decode_body::<B>(json)?.frame()
}

fn describe<B: Body>() -> Described {
    let mut named = Vec::new();
    B::schemas(&mut named);
    Described { schema: B::schema(), named }
}

macro_rules! as_it_stands {
    ($($body:ident as $frame:ident),+ $(,)?) => {$(
        impl Body for $body {
            fn frame(self) -> Result<ClientFrame, Error> {
                Ok(ClientFrame::$frame(self))
            }
        }
    )+};
}

as_it_stands!(
    EditMessage as Edit,
    RecallMessage as Recall,
    Resume as Resume,
    JoinRoom as JoinRoom,
    LeaveRoom as LeaveRoom,
    StatusUpdate as StatusUpdate,
);

/// Says something in a room, or to somebody: `room_id` or `to`, and not both. Sent again with the same `id` it is
/// stored once.
#[derive(Deserialize, ToSchema)]
struct MessageBody {
    /// The room that it is for.
    room_id: Option<RoomRef>,
    /// Whom it is for: the direct room of the two is made on first use.
    to: Option<UserRef>,
    content: Content,
    /// What it is, `text` unless said otherwise.
    #[serde(default)]
    kind: Kind,
    /// A message of the same room.
    reply_to: Option<MessageId>,
    /// Passed on untouched.
    metadata: Option<Metadata>,
}

impl Body for MessageBody {
    fn frame(self) -> Result<ClientFrame, Error> {
        Ok(ClientFrame::Message(Draft {
            target: target(self.room_id, self.to)?,
            content: self.content,
            kind: self.kind,
            reply_to: self.reply_to,
            metadata: self.metadata,
        }))
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

/// Says something in a room: `message` in other words.
#[derive(Deserialize, ToSchema)]
struct ChatBody {
    #[schema(inline)]
    data: ChatData,
}

#[derive(Deserialize, ToSchema)]
struct ChatData {
    message: Content,
    room: RoomRef,
}

impl Body for ChatBody {
    fn frame(self) -> Result<ClientFrame, Error> {
        Ok(plain(Target::Room(self.data.room), self.data.message))
    }
}

/// Says something to somebody: `message` in other words. `chatId` counts when it is a room that the sender is in, else
/// it is said in the direct room with the receiver. A `timestamp` is the server's to say.
#[derive(Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
struct ChatMessageBody {
    receiver_id: Option<UserRef>,
    chat_id: Option<RoomRef>,
    content: Content,
}

impl Body for ChatMessageBody {
    fn frame(self) -> Result<ClientFrame, Error> {
        Ok(plain(seed_target(self.chat_id, self.receiver_id)?, self.content))
    }
}

fn plain(target: Target, content: Content) -> ClientFrame {
    ClientFrame::Message(Draft { target, content, kind: Kind::default(), reply_to: None, metadata: None })
}

/// The sender has read a room up to a place in it: up to `message_id`, or up to `seq` of `room_id`; without either, all
/// of it.
#[derive(Deserialize, ToSchema)]
struct ReadReceiptBody {
    room_id: Option<RoomRef>,
    seq: Option<Seq>,
    message_id: Option<MessageId>,
}

impl Body for ReadReceiptBody {
    fn frame(self) -> Result<ClientFrame, Error> {
        match (self.message_id, self.seq, self.room_id) {
            (Some(_), Some(_), _) => Err(Error::invalid("message_id", "can't stand beside seq")),
            (Some(message), None, room) => {
                Ok(ClientFrame::ReadReceipt(ReadReceipt::Message { message, room }))
            }
            (None, seq, Some(room)) => Ok(up_to(Target::Room(room), seq)),
            (None, _, None) => Err(Error::invalid("room_id", "or message_id is missing")),
        }
    }
}

fn up_to(target: Target, seq: Option<Seq>) -> ClientFrame {
    ClientFrame::ReadReceipt(ReadReceipt::Place { target, seq })
}

/// The sender has read a room: `read_receipt` in other words. The message decides; without one it is the whole chat, or
/// the direct room with the receiver.
#[derive(Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
struct SeedReceiptBody {
    chat_id: Option<RoomRef>,
    message_id: Option<MessageId>,
    receiver_id: Option<UserRef>,
}

impl Body for SeedReceiptBody {
    fn frame(self) -> Result<ClientFrame, Error> {
        match self.message_id {
            Some(message) => Ok(ClientFrame::ReadReceipt(ReadReceipt::Message { message, room: None })),
            None => Ok(up_to(seed_target(self.chat_id, self.receiver_id)?, None)),
        }
    }
}

/// The sender is typing in a room or to somebody, or stopped: `room_id` or `to`, and not both. It is passed on and not
/// kept.
#[derive(Deserialize, ToSchema)]
struct TypingBody {
    room_id: Option<RoomRef>,
    to: Option<UserRef>,
    state: TypingState,
}

impl Body for TypingBody {
    fn frame(self) -> Result<ClientFrame, Error> {
        Ok(ClientFrame::Typing(Typing { target: target(self.room_id, self.to)?, state: self.state }))
    }
}

/// The sender is typing, or stopped: `typing` in other words.
#[derive(Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
struct SeedTypingBody {
    receiver_id: Option<UserRef>,
    chat_id: Option<RoomRef>,
    content: TypingState,
}

impl Body for SeedTypingBody {
    fn frame(self) -> Result<ClientFrame, Error> {
        let target = seed_target(self.chat_id, self.receiver_id)?;
        Ok(ClientFrame::Typing(Typing { target, state: self.content }))
    }
}

/// The sender is here. Every frame says so; this one says no more.
#[derive(Deserialize, ToSchema)]
struct HeartbeatBody {
    /// `ping`, where it is given.
    #[serde(default, rename = "content")]
    #[schema(value_type = Option<String>)]
    _content: Option<IgnoredAny>,
}

impl Body for HeartbeatBody {
    fn frame(self) -> Result<ClientFrame, Error> {
        Ok(ClientFrame::Heartbeat)
    }
}
