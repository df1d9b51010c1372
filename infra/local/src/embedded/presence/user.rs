use std::collections::HashMap;
use std::collections::hash_map::Entry;
use std::time::{Duration, Instant};

use shared::clock::UnixMs;
use shared::ids::{ConnectionId, RoomId};
use shared::model::{Address, Status};
use shared::ports::{PUSH_EVERY, PushTopic, PushTurn};

/// How long a register that began before a join may still come.
const JOINED_TTL: Duration = Duration::from_secs(60);

/// A user's connections and what was heard of them.
#[derive(Default)]
pub(super) struct User {
    connections: HashMap<ConnectionId, Connection>,
    /// When the connections that are gone were last heard.
    seen: Option<UnixMs>,
    joined: HashMap<RoomId, Instant>,
    arrival: i64,
    /// What others were told of the user last.
    told: Option<Status>,
    pushed: HashMap<PushTopic, Pushed>,
}

/// The last push on a topic, and whether somebody came too early since.
struct Pushed {
    at: UnixMs,
    late: bool,
}

struct Connection {
    address: Address,
    heard: UnixMs,
}

impl User {
    /// Adds a connection and answers the rooms joined a moment ago.
    pub(super) fn add(&mut self, address: Address, now: UnixMs) -> Vec<RoomId> {
        let before = self.connections.get(&address.connection).map_or(now, |held| held.heard);
        self.connections.insert(address.connection.clone(), Connection { address, heard: before.max(now) });
        self.joined.retain(|_, at| at.elapsed() < JOINED_TTL);
        self.joined.keys().copied().collect()
    }

    pub(super) fn note_joined(&mut self, room: RoomId) {
        self.joined.insert(room, Instant::now());
    }

    /// Notes a frame; answers whether the connection is known.
    pub(super) fn hear(&mut self, connection: &ConnectionId, now: UnixMs) -> bool {
        let held = self.connections.get_mut(connection);
        held.map(|held| held.heard = held.heard.max(now)).is_some()
    }

    pub(super) fn remove(&mut self, connection: &ConnectionId) {
        if let Some(gone) = self.connections.remove(connection) {
            self.seen = self.seen.max(Some(gone.heard));
        }
    }

    pub(super) fn addresses(&self) -> Vec<Address> {
        self.connections.values().map(|held| held.address.clone()).collect()
    }

    pub(super) fn is_online(&self, silent_before: UnixMs) -> bool {
        self.connections.values().any(|held| held.heard >= silent_before)
    }

    /// When one of the connections there are was heard last.
    pub(super) fn last_heard(&self) -> Option<UnixMs> {
        self.connections.values().map(|held| held.heard).max()
    }

    pub(super) fn last_seen(&self) -> Option<UnixMs> {
        self.last_heard().max(self.seen)
    }

    /// How many connections there are besides this one.
    pub(super) fn others(&self, connection: &ConnectionId) -> usize {
        self.connections.len() - usize::from(self.connections.contains_key(connection))
    }

    /// Whether others were told that the user is here.
    pub(super) fn is_told(&self) -> bool {
        self.told.is_some_and(|told| told != Status::Offline)
    }

    pub(super) fn count_as_told(&mut self) {
        self.told.get_or_insert(Status::Online);
    }

    /// Notes what others are told; answers whether it is news.
    pub(super) fn tell(&mut self, status: Status) -> bool {
        self.told.replace(status) != Some(status)
    }

    pub(super) fn drop_opened_before(&mut self, time: UnixMs) {
        self.connections.retain(|_, held| held.address.connected_at >= time);
    }

    /// Whether nothing is left that anybody could ask for.
    pub(super) fn is_forgotten(&self, seen_before: UnixMs) -> bool {
        self.connections.is_empty()
            && self.seen.is_none_or(|seen| seen < seen_before)
            && self.joined.values().all(|at| at.elapsed() >= JOINED_TTL)
    }

    pub(super) fn push_turn(&mut self, topic: PushTopic, now: UnixMs) -> PushTurn {
        let since = now.plus(-i64::try_from(PUSH_EVERY.as_millis()).unwrap_or(i64::MAX));
        self.pushed.retain(|_, pushed| pushed.at > since);
        match self.pushed.entry(topic) {
            Entry::Vacant(first) => {
                first.insert(Pushed { at: now, late: false });
                PushTurn::Now
            }
            Entry::Occupied(mut pushed) if !pushed.get().late => {
                pushed.get_mut().late = true;
                PushTurn::Later
            }
            Entry::Occupied(_) => PushTurn::Never,
        }
    }

    /// Where the user stands in their rate: see [`shared::limiter::Rate`].
    pub(super) fn arrival(&mut self) -> &mut i64 {
        &mut self.arrival
    }
}
