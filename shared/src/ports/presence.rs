use std::time::Duration;

use async_trait::async_trait;
use uuid::Uuid;

use crate::clock::UnixMs;
use crate::ids::{ConnectionId, RoomId, UserId};
use crate::limiter::Rate;
use crate::model::{Address, Listener, Message, Status, User};

#[derive(Debug, thiserror::Error)]
pub enum PresenceError {
    /// Refused, timed out, or skipped by the breaker.
    #[error("presence is unavailable: {0}")]
    Unavailable(String),
}

/// What the first trip of a frame found.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Admission {
    Admitted {
        /// False when presence has never heard of the connection, or has taken its user off the list of
        /// those online: register it again. True when no connection was named.
        known: bool,
    },
    /// Over the user's rate; nothing was counted.
    Limited { retry_after_ms: u64 },
}

/// A connection and everything that makes it reachable.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Registration {
    pub user: UserId,
    pub address: Address,
    pub device: Option<String>,
    pub rooms: Vec<RoomId>,
    /// Who the user is, where it is known: for tools beside a Redis server.
    pub profile: Option<User>,
}

/// How many connections may be open; who registers again is not counted anew.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ConnectionCaps {
    /// Of one user.
    pub per_user: u32,
    /// Of all users.
    pub overall: u32,
}

/// Which of the [`ConnectionCaps`] is reached.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Cap {
    PerUser,
    Overall,
}

/// What came of opening a connection.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Opening {
    Registered {
        /// Nobody has been told yet that the user is online.
        arrived: bool,
    },
    /// Nothing was registered.
    Full(Cap),
}

/// Whether presence holds everything that it should.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Wholeness {
    Whole,
    /// It came back empty, and the caller has claimed to rebuild it from the store.
    Lost {
        claim: Uuid,
    },
    /// It came back empty, and somebody else is rebuilding it.
    Rebuilding,
}

/// The live connections of a room, as of `members_version`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RoomAudience {
    /// What the list was built from; None when it was never built (or was lost).
    pub members_version: Option<i64>,
    pub listeners: Vec<Listener>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UserStatus {
    pub user: UserId,
    /// A connection was heard within the time that presence lasts.
    pub online: bool,
    pub last_seen: Option<UnixMs>,
    pub connections: Vec<Address>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct OnlineCount {
    pub users: i64,
    pub connections: i64,
}

/// What a user tells others in passing, each at most once in [`PUSH_EVERY`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum PushTopic {
    /// How far they have read a room.
    Read(RoomId),
    /// That they are typing in a room.
    Typing(RoomId),
    /// That they stopped.
    StoppedTyping(RoomId),
    /// That they came, went or chose a status.
    Status,
}

/// How often a user may push on one topic.
pub const PUSH_EVERY: Duration = Duration::from_secs(1);

/// Whose turn a push is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PushTurn {
    Now,
    /// The first to come too early: whoever gets this tells what is true once [`PUSH_EVERY`] has passed.
    Later,
    /// Somebody has that turn already.
    Never,
}

/// Who is connected where, and how fast they may send. Nothing lives here alone: all of it can be
/// rebuilt from the store.
#[async_trait]
pub trait Presence: Send + Sync {
    /// The first trip of the live path, one round trip: counts a frame against the user's rate and
    /// renews the presence of the user and of the connection it came by. While the server is away the
    /// instance counts by itself: `Unavailable` for who keeps to the rate, `Limited` for who doesn't.
    async fn admit(
        &self,
        user: UserId,
        connection: Option<&ConnectionId>,
        now: UnixMs,
    ) -> Result<Admission, PresenceError>;

    /// Counts one of `key` against its rate, one round trip; a key always comes with the same rate. While
    /// the server is away the instance counts by itself.
    ///
    /// # Errors
    /// Milliseconds to wait; nothing was counted.
    async fn limit(&self, key: &str, rate: Rate, now: UnixMs) -> Result<(), u64>;

    /// Renews presence without counting against the rate (heartbeats); answers whether the connection
    /// is known.
    async fn renew(
        &self,
        user: UserId,
        connection: &ConnectionId,
        now: UnixMs,
    ) -> Result<bool, PresenceError>;

    /// Adds a new connection to its user and to their rooms, unless a cap is reached. Connections past
    /// their longest life don't count. The caps are checked in the trip that registers.
    async fn open(
        &self,
        registration: &Registration,
        caps: ConnectionCaps,
        now: UnixMs,
    ) -> Result<Opening, PresenceError>;

    /// Adds a connection that is open already, whatever the caps; again without harm. Answers whether
    /// nobody has been told yet that the user is online.
    async fn register(&self, registration: &Registration, now: UnixMs) -> Result<bool, PresenceError>;

    /// Adds a connection that presence lost, last heard at `heard`: it makes its user online only if that
    /// is recent, and its user's contacts count as told.
    async fn restore(
        &self,
        registration: &Registration,
        heard: UnixMs,
        now: UnixMs,
    ) -> Result<(), PresenceError>;

    /// Forgets one connection everywhere. `rooms` are its user's; unknown connections are no error.
    /// Answers whether the user is still online by another one.
    async fn forget(
        &self,
        user: UserId,
        connection: &ConnectionId,
        rooms: &[RoomId],
        now: UnixMs,
    ) -> Result<bool, PresenceError>;

    /// Notes what others are told of a user now; answers whether it is news to them, as it is when nothing is
    /// known of what they were told before.
    async fn tell(&self, user: UserId, status: Status) -> Result<bool, PresenceError>;

    /// Whether everything is here. When it was lost, one caller at a time is given the claim to rebuild
    /// it, which runs out by itself.
    async fn claim_rebuild(&self) -> Result<Wholeness, PresenceError>;

    /// Makes a claim last longer; false when it is the caller's no more: somebody else's, or presence was
    /// lost once more.
    async fn keep_claim(&self, claim: Uuid) -> Result<bool, PresenceError>;

    /// Gives a claim up, and if the rebuild is `whole` says so; false as [`Presence::keep_claim`], and
    /// then nothing is changed.
    async fn end_rebuild(&self, claim: Uuid, whole: bool) -> Result<bool, PresenceError>;

    /// The second trip of the live path, one round trip: who listens to the room.
    async fn audience(&self, room: RoomId) -> Result<RoomAudience, PresenceError>;

    /// Builds the room's list anew from its members' connections and marks it with the version. A
    /// connection that registers meanwhile is kept, one of somebody who isn't a member is dropped. A
    /// list that is already of a later version is left alone.
    async fn rebuild(
        &self,
        room: RoomId,
        members_version: i64,
        members: &[UserId],
    ) -> Result<RoomAudience, PresenceError>;

    /// Brings a room's list from the version before to this one by what changed; does nothing when the
    /// list is of another version, which the next reader then rebuilds.
    async fn members_changed(
        &self,
        room: RoomId,
        joined: &[UserId],
        left: &[UserId],
        members_version: i64,
    ) -> Result<(), PresenceError>;

    /// Whether a user may push now, counted over all instances; in one round trip.
    async fn push_turn(&self, user: UserId, topic: PushTopic, now: UnixMs)
    -> Result<PushTurn, PresenceError>;

    async fn status(&self, user: UserId, now: UnixMs) -> Result<UserStatus, PresenceError>;

    /// The live connections of some users, in one round trip where the server allows.
    async fn listeners(&self, users: &[UserId]) -> Result<Vec<Listener>, PresenceError>;

    /// Users online and connections open now.
    async fn online(&self, now: UnixMs) -> Result<OnlineCount, PresenceError>;

    /// Users online who were heard at `since` or later, with when, but for the first `skip` of them; `limit`
    /// at most.
    async fn heard_since(
        &self,
        since: UnixMs,
        skip: u32,
        limit: u32,
    ) -> Result<Vec<(UserId, UnixMs)>, PresenceError>;

    /// Takes users whose presence ran out off the list of online users, `limit` at most, and answers
    /// them; their connections stay reachable.
    async fn sweep_silent(&self, now: UnixMs, limit: u32) -> Result<Vec<UserId>, PresenceError>;

    /// Keeps copies of messages for 30 days (`chat:message:{id}`). One that was never edited or recalled
    /// replaces none: its delivery may be later than that of its own change.
    async fn cache_messages(&self, messages: &[Message]) -> Result<(), PresenceError>;

    /// Answers a ping, also where other calls are skipped after a failure: for health, and for who waits until it is
    /// back.
    async fn ping(&self) -> Result<(), PresenceError>;
}
