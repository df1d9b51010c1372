use std::collections::{HashMap, HashSet};

use shared::clock::UnixMs;
use shared::ids::{ConnectionId, RoomId, UserId};
use shared::model::Listener;

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
    trimmed: Option<UnixMs>,
}

impl State {
    /// Notes a frame of a connection; answers whether the connection is known.
    pub(super) fn hear(&mut self, user: UserId, connection: &ConnectionId, now: UnixMs) -> bool {
        let known = self.users.get_mut(&user).is_some_and(|user| user.hear(connection, now));
        if known {
            self.listed.insert(user);
        }
        known
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
