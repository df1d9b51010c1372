//! The names of the keys. A hash tag (`{...}`) holds what one script decides on, so that Redis Cluster
//! keeps it on one node.

use crate::ids::{ConnectionId, MessageId, RoomId, SessionId, UserId};
use crate::ports::PushTopic;

/// Zset: user -> last heard (ms). Sweeps trim it; it goes when nobody registers for a connection's life.
pub(super) const ONLINE: &str = "hark:online";
/// Zset: connection -> connected at (ms). Trimmed and lost like [`ONLINE`].
pub(super) const CONNECTIONS: &str = "hark:connections";
/// Set of the ids of users online, for people and tools: follows [`ONLINE`].
pub(super) const ONLINE_MIRROR: &str = "chat:online:users";

/// There when everything is: an empty Redis hasn't it. Renewed by registering.
pub(super) const EPOCH: &str = "hark:epoch";
/// Who is rebuilding an empty Redis. On the node of [`EPOCH`], whose whole name is this one's tag.
pub(super) const CLAIM: &str = "{hark:epoch}:claim";

/// Hash: connection -> record of a user's connections.
pub(super) fn connections(user: UserId) -> String {
    format!("hark:{{u:{user}}}:connections")
}

/// Zset: connection -> last heard (ms).
pub(super) fn heard(user: UserId) -> String {
    format!("hark:{{u:{user}}}:heard")
}

/// When a user's connections that are gone were last heard (ms).
pub(super) fn seen(user: UserId) -> String {
    format!("hark:{{u:{user}}}:seen")
}

/// What others were told of the user last.
pub(super) fn told(user: UserId) -> String {
    format!("hark:{{u:{user}}}:told")
}

/// Where the user stands in their rate.
pub(super) fn rate(user: UserId) -> String {
    format!("hark:{{u:{user}}}:rate")
}

/// Where an address, or whatever else is limited, stands in its rate.
pub(super) fn limit(key: &str) -> String {
    format!("hark:limit:{{{key}}}")
}

/// While it is there, the user has pushed on the topic a moment ago.
pub(super) fn pushed(user: UserId, topic: PushTopic) -> String {
    let topic = match topic {
        PushTopic::Read(room) => format!("read:{room}"),
        PushTopic::Typing(room) => format!("typing:{room}"),
        PushTopic::StoppedTyping(room) => format!("stopped:{room}"),
        PushTopic::Status => "status".to_owned(),
    };
    format!("hark:{{u:{user}}}:pushed:{topic}")
}

/// Set: rooms the user joined a moment ago.
pub(super) fn joined(user: UserId) -> String {
    format!("hark:{{u:{user}}}:joined")
}

/// Hash: connection -> record of who listens to a room, and the version of its members.
pub(super) fn audience(room: RoomId) -> String {
    format!("hark:{{r:{room}}}:audience")
}

/// Set: the members of a room as of that version.
pub(super) fn members(room: RoomId) -> String {
    format!("hark:{{r:{room}}}:members")
}

/// The endpoint that holds the user's newest connection.
pub(super) fn user_server(user: UserId) -> String {
    format!("chat:user:server:{user}")
}

/// JSON: whose a connection is and where.
pub(super) fn connection(connection: &ConnectionId) -> String {
    format!("chat:connection:{connection}")
}

/// JSON: who a user is.
pub(super) fn profile(user: UserId) -> String {
    format!("chat:user:{user}")
}

/// JSON: a message as the wire shows it.
pub(super) fn message(message: MessageId) -> String {
    format!("chat:message:{message}")
}

/// JSON: a session as staff are shown it.
pub(super) fn session(session: SessionId) -> String {
    format!("chat:session:{session}")
}

/// The id of the staff member who serves a visitor.
pub(super) fn mapping(visitor: UserId) -> String {
    format!("chat:mapping:{visitor}")
}

/// JSON: who a staff member is and how they stand.
pub(super) fn staff(staff: UserId) -> String {
    format!("chat:staff:{staff}")
}

/// How many sessions a staff member has.
pub(super) fn count(staff: UserId) -> String {
    format!("chat:count:{staff}")
}
