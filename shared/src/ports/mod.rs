//! The ports: small traits, one capability each. The adapters that run in AWS are in this crate, the
//! embedded ones in the local runner, and one conformance suite per port runs against both.

mod accounts;
mod api_keys;
mod bans;
mod blocks;
mod broadcasts;
mod bus;
mod cache;
mod canned_replies;
mod connection_log;
mod connections;
mod database;
mod desk;
mod desk_events;
mod events;
mod flags;
mod messages;
mod mirrors;
mod offline_push;
mod outbox;
mod presence;
mod push_due;
mod push_pending;
mod push_subscriptions;
mod resumption;
mod revision;
mod rooms;
mod services;
mod statistics;
mod statuses;
mod visitors;

pub use accounts::{Accounts, AccountsError, NewAccount, ProfileChange};
pub use api_keys::{ApiKeys, ApiKeysError, KEY_USE_NOTED_MS, NewApiKey};
pub use bans::{Bans, NewBan};
pub use blocks::{Blocks, BlocksError};
pub use broadcasts::{
    BroadcastChunk, BroadcastStepTaken, BroadcastTarget, BroadcastWork, Broadcasts, BroadcastsError,
    ChunkTally, NewBroadcast,
};
pub use bus::{
    BroadcastStep, Bus, BusError, CloseSockets, Delay, DeliveryDue, ENVELOPE_VERSION, Envelope, Event,
    FanoutChunk, Left, MessageStored, MissedConnection, PresenceRebuild, PresenceRepair, QUEUE_ASSIGNMENTS,
    QUEUE_EVENTS, QUEUE_MESSAGES, QUEUE_NOTIFICATIONS, QUEUE_PUSH, QUEUE_STAFF_STATUS, QueueDepth,
    ReceiptDue, StatusChanged, SweepOutbox, Unposted, fanout_queue,
};
pub use cache::{Cache, CacheError};
pub use canned_replies::{CannedReplies, RepliesError};
pub use connection_log::{ConnectionLog, LoggedConnection, OpenedConnection, RECONNECT_AGAIN_MS};
pub use connections::{ConnectionInfo, Connections, PostError};
pub use database::Database;
pub use desk::{Changes, Desk, DeskError, Destination, NewSession, SessionFilter, StaffPatch};
pub use desk_events::{QueueLook, SessionChanged, SessionStep, StaffChanged, StaffGrace};
pub use events::{
    DELIVERY_AGAIN_MS, DELIVERY_OVERDUE_MS, EventFilter, Events, EventsError, NewEvent, Next, Outcome,
    StoredEvent,
};
pub use flags::{Flagged, Flags};
pub use messages::{Appended, Messages, MessagesError, NewMessage, Search, Window};
pub use mirrors::{DeskCopies, Mirrors};
pub use offline_push::{OfflinePush, PushError, Reach};
pub use outbox::{OUTBOX_DUE_MS, Outbox, OutboxRow};
pub use presence::{
    Admission, Cap, ConnectionCaps, OnlineCount, Opening, PUSH_EVERY, Presence, PresenceError, PushTopic,
    PushTurn, Registration, RoomAudience, UserStatus, Wholeness,
};
pub use push_due::{PushDue, PushRetry};
pub use push_pending::{ClaimScope, PushClaim, PushPending, Unread};
pub use push_subscriptions::{NewSubscription, PushSubscription, PushSubscriptions, SubscriptionsError};
pub use resumption::{CaughtUp, Resumption, Standing};
pub use revision::{NewRevision, Placed, Revised, Revision};
pub use rooms::{Audience, Change, NewRoom, RECEIPT_SPAN, Reading, RoomPatch, Rooms, RoomsError};
pub use services::{
    Checked, InstanceChange, InstanceRef, InstanceStep, InstanceTally, NewInstance, Registered,
    RegistryLimits, Services, ServicesError, Steward, Target,
};
pub use statistics::{Delivered, DeskNow, Kept, Said, StaffFigures, StaffSpan, Statistics, Tally};
pub use statuses::{ContactScope, KeptStatus, Statuses};
pub use visitors::{Arrival, Visitors};

/// What can go wrong with any store, whatever was asked.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// Refused, timed out or cut off: the same call may work later. Nothing is known of what it did.
    #[error("the store is unavailable: {0}")]
    Unavailable(String),
    /// A fault of ours: a broken statement, a row that doesn't read.
    #[error("the store failed: {0}")]
    Internal(String),
}
