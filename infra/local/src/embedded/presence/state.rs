use std::collections::{HashMap, HashSet};

use shared::clock::UnixMs;
use shared::ids::{ConnectionId, RoomId, UserId};
use shared::model::Listener;
use shared::ports::Registration;

use super::room::Room;
use super::user::User;

/// A look at everything is not for every sweep.
const TRIM_EVERY_MS: i64 = 60_000;
/// How long "last seen" is known after the last connection went.
const SEEN_TTL_MS: i64 = 30 * 24 * 3600 * 1000;

#[derive(Default)]
pub(super) struct State {
    pub(super) users: HashMap<UserId, User>,
    pub(super) rooms: HashMap<RoomId, Room>,
    /// Who was online when last looked at; a sweep takes them off.
    pub(super) listed: HashSet<UserId>,
    /// Every connection with when it connected: what is counted.
    pub(super) open: HashMap<ConnectionId, UnixMs>,
    trimmed: Option<UnixMs>,
}

impl State {
    /// Notes a frame of a connection; answers whether the connection is known and its user listed.
    pub(super) fn hear(&mut self, user: UserId, connection: &ConnectionId, now: UnixMs) -> bool {
        let known = self.users.get_mut(&user).is_some_and(|user| user.hear(connection, now));
        known && self.listed.contains(&user)
    }

    /// Adds a connection to its user, who is listed, and to their rooms; answers whether nobody was told
    /// yet that the user is online.
    pub(super) fn add(&mut self, registration: &Registration, heard: UnixMs, dead_before: UnixMs) -> bool {
        let Registration { user: id, address, rooms, .. } = registration;
        let user = self.users.entry(*id).or_default();
        user.drop_opened_before(dead_before);
        let just_joined = user.add(address.clone(), heard);
        let arrived = !user.is_told();
        let listener = Listener { user: *id, address: address.clone() };
        for &room in rooms.iter().chain(&just_joined) {
            self.rooms.entry(room).or_default().listen(listener.clone());
        }
        self.listed.insert(*id);
        self.open.insert(address.connection.clone(), address.connected_at);
        arrived
    }

    /// Whether one more connection may be counted. Who is past their life counts for nothing.
    pub(super) fn has_place(&mut self, connection: &ConnectionId, most: usize, dead_before: UnixMs) -> bool {
        if self.open.len() >= most && !self.open.contains_key(connection) {
            self.open.retain(|_, connected_at| *connected_at >= dead_before);
        }
        self.open.len() < most || self.open.contains_key(connection)
    }

    pub(super) fn connections_of(&self, users: &[UserId]) -> Vec<Listener> {
        let of = |&user: &UserId| {
            let addresses = self.users.get(&user).map(User::addresses).unwrap_or_default();
            addresses.into_iter().map(move |address| Listener { user, address })
        };
        users.iter().flat_map(of).collect()
    }

    /// Drops what nobody uses any more: connections past their life, users and rooms without any.
    pub(super) fn trim(&mut self, dead_before: UnixMs, now: UnixMs) {
        if self.trimmed.is_some_and(|last| now < last.plus(TRIM_EVERY_MS)) {
            return;
        }
        self.trimmed = Some(now);
        self.open.retain(|_, connected_at| *connected_at >= dead_before);
        self.users.retain(|_, user| {
            user.drop_opened_before(dead_before);
            !user.is_forgotten(now.plus(-SEEN_TTL_MS))
        });
        self.rooms.retain(|_, room| {
            room.drop_opened_before(dead_before);
            !room.is_empty()
        });
    }
}
