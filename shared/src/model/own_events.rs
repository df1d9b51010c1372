//! What Hark tells services of itself: the `data` of its own events, and their ids.
//!
//! Each id says what it tells of, so that a repeat is stored once.

use serde::Serialize;
use serde_json::Value;
use sha2::{Digest, Sha256};
use utoipa::ToSchema;

use super::{ClosedBy, EVENT_PRIORITY_DEFAULT, Entry, EventType, Role, SessionState, User};
use crate::clock::UnixMs;
use crate::ids::{EventId, MessageId, RoomId, Seq, SessionId, UserId};
use crate::names::ServiceName;
use crate::ports::{Change, InstanceChange, NewEvent, SessionChanged, SessionStep};

/// The `source_service` of Hark's own events, which nobody else may publish by.
pub const HARK: &str = "hark";

/// Of `message.stored`: a message was stored in a room.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
pub struct MessageStoredData {
    pub message_id: MessageId,
    pub room_id: RoomId,
    /// Its place in the room's log.
    pub seq: Seq,
    pub sender_id: UserId,
    pub sender_name: String,
    /// `text`, `image`, `file` or the client's own word.
    pub kind: String,
    /// After moderation, and as it was when this was told: empty when it was recalled by then.
    pub content: String,
    #[schema(required)]
    pub reply_to: Option<MessageId>,
    #[schema(required)]
    #[schema(value_type = Option<Object>)]
    pub metadata: Option<Value>,
    /// When it was stored, in Unix milliseconds.
    pub timestamp: UnixMs,
}

/// Of `message.edited`: a message says something else from here on.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
pub struct MessageEditedData {
    pub message_id: MessageId,
    pub room_id: RoomId,
    /// The place of the edit in the room's log.
    pub seq: Seq,
    /// The place of the message.
    pub target_seq: Seq,
    pub sender_id: UserId,
    pub sender_name: String,
    /// What it says now; empty when it was recalled since.
    pub content: String,
    /// When it was edited, in Unix milliseconds.
    pub timestamp: UnixMs,
}

/// Of `message.recalled`: a message was taken back.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
pub struct MessageRecalledData {
    pub message_id: MessageId,
    pub room_id: RoomId,
    /// The place of the recall in the room's log.
    pub seq: Seq,
    /// The place of the message.
    pub target_seq: Seq,
    /// Who took it back: its sender, or an admin of the room.
    pub sender_id: UserId,
    /// When it was recalled, in Unix milliseconds.
    pub timestamp: UnixMs,
}

/// Of `member.joined` and `member.left`: users came to a room, or went.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
pub struct MembersData {
    pub room_id: RoomId,
    pub user_ids: Vec<UserId>,
    /// Of the room's members, raised by every change: of two that were told the higher is the later.
    pub members_version: i64,
}

/// Of `session.opened`, `.assigned`, `.returned`, `.transferred`, `.closed` and `.rated`: how a session of customer
/// service stands after the step.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
pub struct SessionData {
    pub session_id: SessionId,
    pub room_id: RoomId,
    pub team: String,
    pub state: SessionState,
    pub visitor: User,
    /// Who serves it; of a closed one, who served it last.
    #[schema(required)]
    pub staff: Option<User>,
    /// Who served it before the step.
    #[schema(required)]
    pub staff_before_id: Option<UserId>,
    /// Who took the step; null: nobody but the time or the match.
    #[schema(required)]
    pub by_id: Option<UserId>,
    #[schema(required)]
    pub closed_by: Option<ClosedBy>,
    /// When the step was taken, in Unix milliseconds.
    pub timestamp: UnixMs,
}

/// Of `user.created`: an account, or a visitor who came for the first time.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
pub struct UserCreatedData {
    pub user: User,
    pub role: Role,
}

/// Of `user.banned`: somebody is kept out of everything, or of a room.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
pub struct UserBannedData {
    pub user_id: UserId,
    /// Null: from everything.
    #[schema(required)]
    pub room_id: Option<RoomId>,
    /// In Unix milliseconds.
    pub until: UnixMs,
    pub by_id: UserId,
}

/// Of `user.deleted`: an account was ended; its messages stay, of nobody.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
pub struct UserDeletedData {
    pub user_id: UserId,
}

/// One of Hark's own events.
#[derive(Debug, Clone, PartialEq)]
pub struct OwnEvent {
    pub kind: EventType,
    id: String,
    data: Value,
}

impl OwnEvent {
    /// That an entry of a room's log was stored.
    #[must_use]
    pub fn of_entry(entry: &Entry) -> Self {
        let place = format!("{}:{}", entry.room_id(), entry.seq().0);
        match entry {
            Entry::Message(message) => {
                let id = format!("message-stored:{}", message.message_id);
                Self::new(
                    EventType::MessageStored,
                    id,
                    &MessageStoredData {
                        message_id: message.message_id,
                        room_id: message.room_id,
                        seq: message.seq,
                        sender_id: message.sender_id,
                        sender_name: message.sender_name.clone(),
                        kind: message.kind.clone(),
                        content: message.content.clone(),
                        reply_to: message.reply_to,
                        metadata: message.metadata.clone(),
                        timestamp: message.timestamp,
                    },
                )
            }
            Entry::Edited(edited) => Self::new(
                EventType::MessageEdited,
                format!("message-edited:{place}"),
                &MessageEditedData {
                    message_id: edited.message_id,
                    room_id: edited.room_id,
                    seq: edited.seq,
                    target_seq: edited.target_seq,
                    sender_id: edited.sender_id,
                    sender_name: edited.sender_name.clone(),
                    content: edited.content.clone(),
                    timestamp: edited.timestamp,
                },
            ),
            Entry::Recalled(recalled) => {
                let id = format!("message-recalled:{place}");
                Self::new(
                    EventType::MessageRecalled,
                    id,
                    &MessageRecalledData {
                        message_id: recalled.message_id,
                        room_id: recalled.room_id,
                        seq: recalled.seq,
                        target_seq: recalled.target_seq,
                        sender_id: recalled.sender_id,
                        timestamp: recalled.timestamp,
                    },
                )
            }
        }
    }

    /// That a step of a session was taken.
    #[must_use]
    pub fn of_step(changed: &SessionChanged) -> Self {
        let kind = match changed.step {
            SessionStep::Opened => EventType::SessionOpened,
            SessionStep::Assigned => EventType::SessionAssigned,
            SessionStep::Returned => EventType::SessionReturned,
            SessionStep::Transferred => EventType::SessionTransferred,
            SessionStep::Closed => EventType::SessionClosed,
            SessionStep::Rated => EventType::SessionRated,
        };
        let session = &changed.session;
        Self::new(
            kind,
            format!("session-{}", changed.event),
            &SessionData {
                session_id: session.id,
                room_id: session.room_id,
                team: session.team.clone(),
                state: session.state,
                visitor: session.visitor.clone(),
                staff: session.staff.clone(),
                staff_before_id: changed.before,
                by_id: changed.by,
                closed_by: session.closed_by,
                timestamp: changed.at,
            },
        )
    }

    /// That users came to a room.
    #[must_use]
    pub fn joined(change: &Change) -> Self {
        Self::of_members(EventType::MemberJoined, "member-joined", change)
    }

    /// That users went.
    #[must_use]
    pub fn left(change: &Change) -> Self {
        Self::of_members(EventType::MemberLeft, "member-left", change)
    }

    fn of_members(kind: EventType, what: &str, change: &Change) -> Self {
        let Change { room: room_id, users, members_version, .. } = change;
        let data =
            MembersData { room_id: *room_id, user_ids: users.clone(), members_version: *members_version };
        Self::new(kind, format!("{what}:{room_id}:{members_version}"), &data)
    }

    /// That there is a new user.
    #[must_use]
    pub fn user_created(user: &User, role: Role) -> Self {
        let id = format!("user-created:{}", user.id);
        Self::new(EventType::UserCreated, id, &UserCreatedData { user: user.clone(), role })
    }

    /// That somebody was banned at that time.
    #[must_use]
    pub fn user_banned(banned: &UserBannedData, now: UnixMs) -> Self {
        Self::new(EventType::UserBanned, format!("user-banned:{}:{}", banned.user_id, now.0), banned)
    }

    /// That an account was ended.
    #[must_use]
    pub fn user_deleted(user_id: UserId) -> Self {
        Self::new(EventType::UserDeleted, format!("user-deleted:{user_id}"), &UserDeletedData { user_id })
    }

    /// What became of an instance of a service at that time.
    #[must_use]
    pub fn instance_changed(change: &InstanceChange, now: UnixMs) -> Self {
        let id = format!("instance:{}:{}", change.instance_id.0.simple(), now.0);
        Self::new(EventType::SystemEvent, id, change)
    }

    fn new(kind: EventType, id: String, data: &impl Serialize) -> Self {
        // Our own types: strings, numbers and maps with string keys always serialise.
        Self { kind, id, data: serde_json::to_value(data).unwrap_or_default() }
    }
}

impl From<OwnEvent> for NewEvent {
    /// The digest is the id's: what is told again is the same event, though a message may say something else by then.
    fn from(own: OwnEvent) -> Self {
        let digest = Sha256::digest(own.id.as_bytes()).into();
        Self {
            id: EventId::parse(&own.id).unwrap_or_else(|_| EventId::fresh()),
            kind: own.kind,
            source_service: ServiceName::parse(HARK).unwrap_or_else(|_| unreachable!("it is a name")),
            target_service: None,
            data: own.data,
            priority: EVENT_PRIORITY_DEFAULT,
            published_by: None,
            digest,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ids::InstanceId;
    use crate::model::Recalled;
    use crate::ports::InstanceStep;

    #[test]
    fn the_longest_id_is_one() {
        let far = i64::MAX;
        let entry = Entry::Recalled(Recalled {
            message_id: MessageId::fresh(),
            room_id: RoomId(far),
            seq: Seq(far),
            target_seq: Seq(far),
            sender_id: UserId(far),
            sender_name: String::new(),
            timestamp: UnixMs(far),
        });
        let change = Change { room: RoomId(far), users: vec![], members_version: far, last_seq: Seq(far) };
        let banned =
            UserBannedData { user_id: UserId(far), room_id: None, until: UnixMs(0), by_id: UserId(far) };
        let events = [
            OwnEvent::of_entry(&entry),
            OwnEvent::joined(&change),
            OwnEvent::user_banned(&banned, UnixMs(far)),
        ];
        for own in events {
            let id = own.id.clone();
            let new = NewEvent::from(own);
            assert_eq!((new.id.as_str(), new.source_service.as_str()), (id.as_str(), HARK));
            assert!(!new.kind.is_published() && new.data.is_object());
        }
        let instance = InstanceChange {
            change: InstanceStep::Unregistered,
            service_name: ServiceName::parse("s").unwrap(),
            instance_id: InstanceId::fresh(),
            service_url: "http://s".to_owned(),
        };
        let own = OwnEvent::instance_changed(&instance, UnixMs(far));
        assert_eq!(NewEvent::from(own.clone()).id.as_str(), own.id);
        assert_eq!(own.data["change"], "unregistered");
    }
}
