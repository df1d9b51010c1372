//! The ports: small traits, one capability each. The adapters that run in AWS are in this crate, the
//! embedded ones in the local runner, and one conformance suite per port runs against both.

mod accounts;
mod bus;
mod connection_log;
mod connections;
mod database;
mod messages;
mod outbox;
mod presence;
mod rooms;

pub use accounts::{Accounts, AccountsError, NewAccount, ProfileChange};
pub use bus::{
    Bus, BusError, Delay, ENVELOPE_VERSION, Envelope, Event, FanoutChunk, Left, MessageStored,
    PresenceRebuild, QUEUE_MESSAGES, QUEUE_NOTIFICATION, fanout_queue,
};
pub use connection_log::{ConnectionLog, OpenedConnection};
pub use connections::{ConnectionInfo, Connections, PostError};
pub use database::Database;
pub use messages::{Appended, Messages, MessagesError, NewMessage, Window};
pub use outbox::{OUTBOX_DUE_MS, Outbox, OutboxRow};
pub use presence::{
    Admission, Cap, ConnectionCaps, OnlineCount, Opening, Presence, PresenceError, Registration,
    RoomAudience, UserStatus, Wholeness,
};
pub use rooms::{Audience, Change, NewRoom, RoomPatch, Rooms, RoomsError};

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
