//! Presence in memory, with the behaviour of the one on Redis: the same suite runs against both.
//!
//! One lock over everything, so each call is atomic. What stays between calls is what the store and
//! presence know of each other: a register may come with rooms read before a change of members.

mod room;
mod state;
mod user;

use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use async_trait::async_trait;
use shared::clock::UnixMs;
use shared::ids::{ConnectionId, RoomId, UserId};
use shared::limiter::{Arrivals, Rate};
use shared::model::{Listener, Message, Status};
use shared::ports::{
    Admission, Cap, ConnectionCaps, DeskCopies, Mirrors, OnlineCount, Opening, Presence, PresenceError,
    PushTopic, PushTurn, Registration, RoomAudience, UserStatus, Wholeness,
};
use uuid::Uuid;

use room::Room;
use state::State;
use user::User;

/// How presence is kept in memory.
#[derive(Debug, Clone)]
pub struct MemoryPresenceConfig {
    /// A user is online for this long after their last frame.
    pub presence_ttl: Duration,
    /// A connection is posted to for this long at most.
    pub routing_ttl: Duration,
    /// Frames a second that a user may send on average; 0 doesn't limit.
    pub rate_messages_per_second: u32,
    /// Frames that a user may send at once.
    pub rate_burst: u32,
}

/// Presence of one process.
pub struct MemoryPresence {
    config: MemoryPresenceConfig,
    state: Mutex<State>,
    limited: Arrivals<String>,
}

/// Keys that are limited at once, some 100 bytes each.
const LIMITED: usize = 20_000;

impl MemoryPresence {
    #[must_use]
    pub fn new(config: MemoryPresenceConfig) -> Self {
        Self { config, state: Mutex::default(), limited: Arrivals::new(LIMITED) }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        // A panic elsewhere can leave a connection half registered at worst, as a crash would on Redis.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn rate(&self) -> Rate {
        Rate::per_second(self.config.rate_messages_per_second, self.config.rate_burst)
    }

    fn silent_before(&self, now: UnixMs) -> UnixMs {
        now.plus(-millis(self.config.presence_ttl))
    }

    fn dead_before(&self, now: UnixMs) -> UnixMs {
        now.plus(-millis(self.config.routing_ttl))
    }
}

#[async_trait]
impl Presence for MemoryPresence {
    async fn admit(
        &self,
        user: UserId,
        connection: Option<&ConnectionId>,
        now: UnixMs,
    ) -> Result<Admission, PresenceError> {
        let mut state = self.state();
        let known = connection.is_none_or(|connection| state.hear(user, connection, now));
        let arrival = state.users.entry(user).or_default().arrival();
        Ok(match self.rate().count(arrival, now) {
            Ok(()) => Admission::Admitted { known },
            Err(retry_after_ms) => Admission::Limited { retry_after_ms },
        })
    }

    async fn limit(&self, key: &str, rate: Rate, now: UnixMs) -> Result<(), u64> {
        self.limited.count(key.to_owned(), rate, now)
    }

    async fn renew(
        &self,
        user: UserId,
        connection: &ConnectionId,
        now: UnixMs,
    ) -> Result<bool, PresenceError> {
        Ok(self.state().hear(user, connection, now))
    }

    async fn open(
        &self,
        registration: &Registration,
        caps: ConnectionCaps,
        now: UnixMs,
    ) -> Result<Opening, PresenceError> {
        let dead_before = self.dead_before(now);
        let mut state = self.state();
        let user = state.users.entry(registration.user).or_default();
        user.drop_opened_before(dead_before);
        if user.others(&registration.address.connection) >= size(caps.per_user) {
            return Ok(Opening::Full(Cap::PerUser));
        }
        if !state.has_place(&registration.address.connection, size(caps.overall), dead_before) {
            return Ok(Opening::Full(Cap::Overall));
        }
        Ok(Opening::Registered { arrived: state.add(registration, now, dead_before) })
    }

    async fn register(&self, registration: &Registration, now: UnixMs) -> Result<bool, PresenceError> {
        Ok(self.state().add(registration, now, self.dead_before(now)))
    }

    async fn restore(
        &self,
        registration: &Registration,
        heard: UnixMs,
        now: UnixMs,
    ) -> Result<(), PresenceError> {
        let mut state = self.state();
        let was_listed = state.listed.contains(&registration.user);
        state.add(registration, heard, self.dead_before(now));
        let user = state.users.entry(registration.user).or_default();
        if heard >= self.silent_before(now) {
            user.count_as_told();
        } else if !was_listed {
            state.listed.remove(&registration.user);
        }
        Ok(())
    }

    async fn forget(
        &self,
        user: UserId,
        connection: &ConnectionId,
        rooms: &[RoomId],
        now: UnixMs,
    ) -> Result<bool, PresenceError> {
        let mut state = self.state();
        let silent_before = self.silent_before(now);
        let online = state.users.get_mut(&user).is_some_and(|user| {
            user.remove(connection);
            user.is_online(silent_before)
        });
        if !online {
            state.listed.remove(&user);
        }
        state.open.remove(connection);
        for room in rooms {
            if let Some(room) = state.rooms.get_mut(room) {
                room.leave(connection);
            }
        }
        Ok(online)
    }

    async fn tell(&self, user: UserId, status: Status) -> Result<bool, PresenceError> {
        Ok(self.state().users.entry(user).or_default().tell(status))
    }

    /// Memory is lost with the process and its sockets, so there is never anything to rebuild.
    async fn claim_rebuild(&self) -> Result<Wholeness, PresenceError> {
        Ok(Wholeness::Whole)
    }

    async fn keep_claim(&self, _claim: Uuid) -> Result<bool, PresenceError> {
        Ok(false)
    }

    async fn end_rebuild(&self, _claim: Uuid, _whole: bool) -> Result<bool, PresenceError> {
        Ok(false)
    }

    async fn audience(&self, room: RoomId) -> Result<RoomAudience, PresenceError> {
        Ok(self
            .state()
            .rooms
            .get(&room)
            .map(Room::audience)
            .unwrap_or(RoomAudience { members_version: None, listeners: vec![] }))
    }

    async fn rebuild(
        &self,
        room: RoomId,
        members_version: i64,
        members: &[UserId],
    ) -> Result<RoomAudience, PresenceError> {
        let mut state = self.state();
        let listeners = state.connections_of(members);
        let room = state.rooms.entry(room).or_default();
        room.rebuild(members_version, members, listeners);
        Ok(room.audience())
    }

    async fn members_changed(
        &self,
        room: RoomId,
        joined: &[UserId],
        left: &[UserId],
        members_version: i64,
    ) -> Result<(), PresenceError> {
        let mut state = self.state();
        for &user in joined {
            state.users.entry(user).or_default().note_joined(room);
        }
        let listeners = state.connections_of(joined);
        state.rooms.entry(room).or_default().change(members_version, joined, left, listeners);
        Ok(())
    }

    async fn push_turn(
        &self,
        user: UserId,
        topic: PushTopic,
        now: UnixMs,
    ) -> Result<PushTurn, PresenceError> {
        Ok(self.state().users.entry(user).or_default().push_turn(topic, now))
    }

    async fn status(&self, user: UserId, now: UnixMs) -> Result<UserStatus, PresenceError> {
        let state = self.state();
        let silent_before = self.silent_before(now);
        Ok(state.users.get(&user).map_or_else(
            || UserStatus { user, online: false, last_seen: None, connections: vec![] },
            |known| UserStatus {
                user,
                online: known.is_online(silent_before),
                last_seen: known.last_seen(),
                connections: known.addresses(),
            },
        ))
    }

    async fn listeners(&self, users: &[UserId]) -> Result<Vec<Listener>, PresenceError> {
        Ok(self.state().connections_of(users))
    }

    async fn online(&self, now: UnixMs) -> Result<OnlineCount, PresenceError> {
        let (silent_before, dead_before) = (self.silent_before(now), self.dead_before(now));
        let state = self.state();
        let users = state.users.values().filter(|user| user.is_online(silent_before)).count();
        let connections = state.open.values().filter(|&&connected_at| connected_at >= dead_before).count();
        Ok(OnlineCount { users: count(users), connections: count(connections) })
    }

    async fn heard_since(
        &self,
        since: UnixMs,
        skip: u32,
        limit: u32,
    ) -> Result<Vec<(UserId, UnixMs)>, PresenceError> {
        let state = self.state();
        let heard = |user: &UserId| Some((*user, state.users.get(user)?.last_heard()?));
        let mut heard: Vec<_> =
            state.listed.iter().filter_map(heard).filter(|(_, at)| *at >= since).collect();
        heard.sort_unstable_by_key(|(user, at)| (*at, *user));
        Ok(heard.into_iter().skip(size(skip)).take(size(limit)).collect())
    }

    async fn sweep_silent(&self, now: UnixMs, limit: u32) -> Result<Vec<UserId>, PresenceError> {
        let silent_before = self.silent_before(now);
        let mut state = self.state();
        let State { users, listed, .. } = &mut *state;
        let is_silent = |user: &UserId| !users.get(user).is_some_and(|user| user.is_online(silent_before));
        let mut silent: Vec<UserId> = listed.iter().copied().filter(is_silent).collect();
        silent.sort_unstable_by_key(|user| users.get(user).and_then(User::last_seen));
        silent.truncate(usize::try_from(limit).unwrap_or(usize::MAX));
        listed.retain(|user| !silent.contains(user));
        state.trim(self.dead_before(now), now);
        Ok(silent)
    }

    /// Nothing reads the copies here: they are for tools beside a Redis server.
    async fn cache_messages(&self, _messages: &[Message]) -> Result<(), PresenceError> {
        Ok(())
    }

    async fn ping(&self) -> Result<(), PresenceError> {
        Ok(())
    }
}

#[async_trait]
impl Mirrors for MemoryPresence {
    /// As with messages: there is nobody to look.
    async fn keep(&self, _copies: &DeskCopies) -> Result<(), PresenceError> {
        Ok(())
    }
}

fn millis(duration: Duration) -> i64 {
    i64::try_from(duration.as_millis()).unwrap_or(i64::MAX)
}

fn size(cap: u32) -> usize {
    usize::try_from(cap).unwrap_or(usize::MAX)
}

fn count(n: usize) -> i64 {
    i64::try_from(n).unwrap_or(i64::MAX)
}
