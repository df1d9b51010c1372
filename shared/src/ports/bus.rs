use std::time::Duration;

use async_trait::async_trait;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::{BroadcastChunk, PushDue, QueueLook, SessionChanged, StaffChanged, StaffGrace};
use crate::clock::UnixMs;
use crate::ids::{BroadcastId, ConnectionId, DeliveryId, OutboxId, RoomId, Seq, UserId};
use crate::model::{EVENT_PRIORITY_DEFAULT, Entry, Listener};

/// Raised when a body changes in a way that an older consumer would misread.
pub const ENVELOPE_VERSION: u32 = 1;

/// The queue of stored messages; the routing key is the queue's name.
pub const QUEUE_MESSAGES: &str = "chat.messages";

/// The queue of pushes that are due: one of its own, so that a slow push service holds up no message.
pub const QUEUE_PUSH: &str = "chat.push";
/// The queue of what the server itself has to say to sockets.
pub const QUEUE_NOTIFICATIONS: &str = "chat.system.notification";

/// The queue of what staff do and don't do.
pub const QUEUE_STAFF_STATUS: &str = "chat.staff.status";
/// The queue of what becomes of sessions.
pub const QUEUE_ASSIGNMENTS: &str = "chat.visitor.assignment";

/// The queue of events between services, with ten priorities.
pub const QUEUE_EVENTS: &str = "chat.events";

/// The `n`th of the parallel queues that carry chunks of large rooms.
#[must_use]
pub fn fanout_queue(n: u32) -> String {
    format!("chat.fanout.{n}")
}

/// The body of every message on the bus: which, when, what.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Envelope {
    pub version: u32,
    /// Also the AMQP `message_id`.
    pub id: Uuid,
    pub at: UnixMs,
    #[serde(flatten)]
    pub event: Event,
}

impl Envelope {
    /// Reads a message's body.
    ///
    /// # Errors
    /// Why it can't be read, as a sentence for the dead letter: not JSON, an unknown event, or made by
    /// a newer version than this one knows.
    pub fn decode(body: &[u8]) -> Result<Self, String> {
        #[derive(Deserialize)]
        struct Version {
            version: u32,
        }
        let Version { version } = serde_json::from_slice(body).map_err(|e| format!("no envelope: {e}"))?;
        if version > ENVELOPE_VERSION {
            return Err(format!("version {version} is newer than {ENVELOPE_VERSION}, the newest known here"));
        }
        serde_json::from_slice(body).map_err(|e| format!("the envelope doesn't read: {e}"))
    }
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "type", rename_all = "snake_case")]
pub enum Event {
    /// An entry of a room's log was committed.
    MessageStored(MessageStored),
    /// One frame for some of a large room's connections.
    FanoutChunk(FanoutChunk),
    /// The bus is back: what could not be published is to be, now.
    SweepOutbox(SweepOutbox),
    /// Somebody came, went or chose another status: others are told, if it is news to them.
    StatusChanged(StatusChanged),
    /// Presence came back empty: its next connections are to be restored.
    PresenceRebuild(PresenceRebuild),
    /// Connections opened or closed while presence was away: it is to learn of them.
    PresenceRepair(PresenceRepair),
    /// Somebody who was away a moment ago may still be.
    PushDue(PushDue),
    /// Sockets that have to be closed and could not be at once.
    CloseSockets(CloseSockets),
    /// Receipts came too fast: how far somebody has read is to be told now.
    ReceiptDue(ReceiptDue),
    /// A session was opened, given to somebody, handed on, closed or rated.
    SessionChanged(Box<SessionChanged>),
    /// A staff member came, went, or chose another status or team.
    StaffChanged(StaffChanged),
    /// A staff member may have been offline for the grace.
    StaffGrace(StaffGrace),
    /// A queue moved: those who wait in it are to be told.
    QueueLook(QueueLook),
    /// An event is to be posted to a service.
    DeliveryDue(DeliveryDue),
    /// A broadcast goes to its next sockets.
    BroadcastStep(BroadcastStep),
}

/// Goes to [`QUEUE_MESSAGES`]; `deliver` finishes what is left and settles the outbox row.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct MessageStored {
    pub outbox: OutboxId,
    /// Under its own name: `message`, `edited` or `recalled`. An older consumer reads messages as ever, and
    /// leaves to the outbox what it can't read.
    #[serde(flatten)]
    pub entry: Entry,
    #[serde(flatten)]
    pub unposted: Unposted,
}

/// What the sender's own posts left to do.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Unposted {
    pub left: Left,
    /// Connections that answered 410: to be forgotten.
    #[serde(default)]
    pub gone: Vec<Listener>,
}

impl Unposted {
    /// Nothing is known of any post.
    #[must_use]
    pub const fn everyone() -> Self {
        Self { left: Left::Everyone, gone: Vec::new() }
    }
}

/// Who has still to be posted to.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "who", content = "listeners", rename_all = "snake_case")]
pub enum Left {
    Nobody,
    These(Vec<Listener>),
    /// Whose posts nobody knows of: everyone in the room.
    Everyone,
}

/// Goes to one of the fan-out queues.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct FanoutChunk {
    /// Which of the parallel queues, taken modulo their number.
    pub lane: u32,
    /// None: a broadcast to more than one room.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub room: Option<RoomId>,
    /// What it is counted for, if it is part of a broadcast.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub broadcast: Option<BroadcastChunk>,
    /// The frame as it goes on the wire.
    pub frame: String,
    pub listeners: Vec<Listener>,
    /// How often it was handed on because some of it was left.
    #[serde(default)]
    pub attempt: u8,
}

/// Goes to [`QUEUE_NOTIFICATIONS`], so that what it publishes is delivered side by side with it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct SweepOutbox {
    /// The outage, as whoever noticed it saw it: outbox rows opened from then ...
    pub from: UnixMs,
    /// ... until then are published again.
    pub until: UnixMs,
}

/// Goes to [`QUEUE_NOTIFICATIONS`]; says nothing of the status, which is looked up when it arrives.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct StatusChanged {
    pub user: UserId,
}

/// Goes to [`QUEUE_NOTIFICATIONS`], each step published by the one before.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct PresenceRebuild {
    /// Whoever lost it stops.
    pub claim: Uuid,
    /// The last connection of the step before.
    pub after: Option<ConnectionId>,
}

/// Goes to [`QUEUE_NOTIFICATIONS`] a second after it was published, again and again until presence is back.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PresenceRepair {
    pub connections: Vec<MissedConnection>,
}

/// A connection that opened or closed unseen by presence; whether it is open, its row says.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct MissedConnection {
    pub user: UserId,
    pub connection: ConnectionId,
}

/// Goes to [`QUEUE_NOTIFICATIONS`] a second after it was published; `deliver` tells what is true then.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ReceiptDue {
    pub room: RoomId,
    pub user: UserId,
    /// The last mark that was told, or before it.
    pub since: Seq,
}

/// Goes to [`QUEUE_NOTIFICATIONS`]; `deliver` closes them.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct CloseSockets {
    /// Said to each before, as it goes on the wire.
    pub frame: String,
    pub listeners: Vec<Listener>,
    /// How often it was handed on because some were left.
    #[serde(default)]
    pub attempt: u8,
}

/// Goes to [`QUEUE_EVENTS`]; `relay` reads the rest from the store, and does nothing if another round was
/// made meanwhile.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct DeliveryDue {
    pub delivery: DeliveryId,
    /// The round that is due, counted from 1.
    pub round: u32,
    /// The event's.
    pub priority: u8,
}

/// Goes to [`QUEUE_NOTIFICATIONS`], each step published by the one before; the broadcast's row says to whom, and
/// where it stands.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct BroadcastStep {
    pub broadcast: BroadcastId,
    /// Counted from 0.
    pub step: u32,
}

impl Event {
    /// The `type` of its envelope, and the AMQP `type`.
    #[must_use]
    pub const fn tag(&self) -> &'static str {
        match self {
            Self::MessageStored(_) => "message_stored",
            Self::FanoutChunk(_) => "fanout_chunk",
            Self::SweepOutbox(_) => "sweep_outbox",
            Self::StatusChanged(_) => "status_changed",
            Self::PresenceRebuild(_) => "presence_rebuild",
            Self::PresenceRepair(_) => "presence_repair",
            Self::PushDue(_) => "push_due",
            Self::CloseSockets(_) => "close_sockets",
            Self::ReceiptDue(_) => "receipt_due",
            Self::SessionChanged(_) => "session_changed",
            Self::StaffChanged(_) => "staff_changed",
            Self::StaffGrace(_) => "staff_grace",
            Self::QueueLook(_) => "queue_look",
            Self::DeliveryDue(_) => "delivery_due",
            Self::BroadcastStep(_) => "broadcast_step",
        }
    }

    /// The event of an outbox row whose payload it was, told the row's id, which no payload can know.
    #[must_use]
    pub fn of_row(mut self, row: OutboxId) -> Self {
        match &mut self {
            Self::SessionChanged(changed) => changed.outbox = row,
            Self::StaffChanged(changed) => changed.outbox = row,
            _ => {}
        }
        self
    }

    /// 0 to 9; always sent, since the event source's typed form wants one.
    #[must_use]
    pub const fn priority(&self) -> u8 {
        match self {
            Self::DeliveryDue(due) => due.priority,
            _ => EVENT_PRIORITY_DEFAULT,
        }
    }

    /// The routing key, which is the queue's name; `fanout_queues` is how many run in parallel.
    #[must_use]
    pub fn routing_key(&self, fanout_queues: u32) -> String {
        match self {
            Self::MessageStored(_) => QUEUE_MESSAGES.to_owned(),
            Self::FanoutChunk(chunk) => fanout_queue(chunk.lane % fanout_queues.max(1)),
            Self::PushDue(_) => QUEUE_PUSH.to_owned(),
            Self::DeliveryDue(_) => QUEUE_EVENTS.to_owned(),
            Self::SessionChanged(_) | Self::QueueLook(_) => QUEUE_ASSIGNMENTS.to_owned(),
            Self::StaffChanged(_) | Self::StaffGrace(_) => QUEUE_STAFF_STATUS.to_owned(),
            Self::StatusChanged(_)
            | Self::PresenceRebuild(_)
            | Self::PresenceRepair(_)
            | Self::CloseSockets(_)
            | Self::ReceiptDue(_)
            | Self::BroadcastStep(_)
            | Self::SweepOutbox(_) => QUEUE_NOTIFICATIONS.to_owned(),
        }
    }
}

/// How much later an event arrives. Steps, because each has a queue of its own: a queue's messages
/// expire in their order, so one that waits long would hold up those behind it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Delay {
    OneSecond,
    FiveSeconds,
    FifteenSeconds,
    OneMinute,
    FiveMinutes,
    HalfAnHour,
    TwoHours,
}

impl Delay {
    pub const ALL: [Self; 7] = [
        Self::OneSecond,
        Self::FiveSeconds,
        Self::FifteenSeconds,
        Self::OneMinute,
        Self::FiveMinutes,
        Self::HalfAnHour,
        Self::TwoHours,
    ];
    /// Those that a person at a socket may wait for.
    pub const SHORT: [Self; 4] = [Self::OneSecond, Self::FiveSeconds, Self::FifteenSeconds, Self::OneMinute];

    #[must_use]
    pub const fn duration(self) -> Duration {
        Duration::from_secs(match self {
            Self::OneSecond => 1,
            Self::FiveSeconds => 5,
            Self::FifteenSeconds => 15,
            Self::OneMinute => 60,
            Self::FiveMinutes => 300,
            Self::HalfAnHour => 1_800,
            Self::TwoHours => 7_200,
        })
    }

    /// The queue in which events wait for so long, and the exchange that leads to it.
    #[must_use]
    pub const fn queue(self) -> &'static str {
        match self {
            Self::OneSecond => "chat.retry.1s",
            Self::FiveSeconds => "chat.retry.5s",
            Self::FifteenSeconds => "chat.retry.15s",
            Self::OneMinute => "chat.retry.60s",
            Self::FiveMinutes => "chat.retry.300s",
            Self::HalfAnHour => "chat.retry.1800s",
            Self::TwoHours => "chat.retry.7200s",
        }
    }
}

#[derive(Debug, thiserror::Error)]
pub enum BusError {
    /// Refused, timed out, not confirmed, or skipped by the breaker.
    #[error("the bus is unavailable: {0}")]
    Unavailable(String),
}

/// How much waits in a queue, not counting what a consumer holds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct QueueDepth {
    pub queue: String,
    pub messages: u64,
}

#[async_trait]
pub trait Bus: Send + Sync {
    /// Publishes all of them side by side and returns when the broker has confirmed every one.
    ///
    /// # Errors
    /// When one of them isn't confirmed in time; the others may have been.
    async fn publish(&self, events: &[Event], now: UnixMs) -> Result<(), BusError>;

    /// Publishes events that arrive on their queues `delay` later. In process they wait in memory and
    /// are lost when it ends: what must not be lost has a row in the store besides.
    ///
    /// # Errors
    /// As [`Bus::publish`].
    async fn publish_after(&self, events: &[Event], delay: Delay, now: UnixMs) -> Result<(), BusError>;

    /// Keeps a message that fails by itself for people to read, so that the rest of its batch can be done.
    /// `queue` is where it came from, `reason` a sentence.
    ///
    /// # Errors
    /// When the broker hasn't confirmed it in time.
    async fn dead_letter(&self, queue: &str, body: &[u8], reason: &str, now: UnixMs) -> Result<(), BusError>;

    /// Declares the exchange, the queues and their bindings; again without harm.
    ///
    /// # Errors
    /// When the broker doesn't answer, or one exists with other arguments.
    async fn declare(&self) -> Result<(), BusError>;

    /// Somebody will publish soon: a connection that isn't there, or died, or likely did while the function was frozen,
    /// begins to be opened beside whatever comes before. Returns at once, and does nothing while all is well.
    fn wake(&self) {}

    /// How many messages wait in each queue that is there: for metrics.
    ///
    /// # Errors
    /// When the broker doesn't answer, or not in time.
    async fn depths(&self) -> Result<Vec<QueueDepth>, BusError>;

    /// Whether the broker answers: for health.
    ///
    /// # Errors
    /// When it doesn't, or not in time.
    async fn ping(&self) -> Result<(), BusError>;
}

#[cfg(test)]
mod tests;
