use std::collections::{HashMap, HashSet};

use shared::clock::UnixMs;
use shared::ids::{ConnectionId, UserId};
use shared::model::Listener;
use shared::ports::RoomAudience;

/// Who listens to a room, and the members that the list was built from.
#[derive(Default)]
pub(super) struct Room {
    members_version: Option<i64>,
    members: HashSet<UserId>,
    listeners: HashMap<ConnectionId, Listener>,
}

impl Room {
    /// Adds a connection. Whoever isn't a member by the list's version joined or left since: the
    /// version goes, and the next reader builds the list anew.
    pub(super) fn listen(&mut self, listener: Listener) {
        if !self.members.contains(&listener.user) {
            self.members_version = None;
        }
        self.add(listener);
    }

    fn add(&mut self, listener: Listener) {
        self.listeners.insert(listener.address.connection.clone(), listener);
    }

    pub(super) fn leave(&mut self, connection: &ConnectionId) {
        self.listeners.remove(connection);
    }

    pub(super) fn rebuild(&mut self, version: i64, members: &[UserId], connections: Vec<Listener>) {
        if self.members_version.is_some_and(|current| current > version) {
            return;
        }
        self.members = members.iter().copied().collect();
        self.listeners.retain(|_, listener| self.members.contains(&listener.user));
        connections.into_iter().for_each(|listener| self.add(listener));
        self.members_version = Some(version);
    }

    pub(super) fn change(
        &mut self,
        version: i64,
        joined: &[UserId],
        left: &[UserId],
        connections: Vec<Listener>,
    ) {
        if self.members_version != Some(version - 1) {
            // One of them may have come after a rebuild of this version and before the note of joining.
            return connections.into_iter().for_each(|listener| self.listen(listener));
        }
        self.members.extend(joined);
        self.members.retain(|user| !left.contains(user));
        self.listeners.retain(|_, listener| !left.contains(&listener.user));
        connections.into_iter().for_each(|listener| self.add(listener));
        self.members_version = Some(version);
    }

    pub(super) fn audience(&self) -> RoomAudience {
        RoomAudience {
            members_version: self.members_version,
            listeners: self.listeners.values().cloned().collect(),
        }
    }

    pub(super) fn drop_opened_before(&mut self, time: UnixMs) {
        self.listeners.retain(|_, listener| listener.address.connected_at >= time);
    }

    /// An empty room costs its next reader one look into the store.
    pub(super) fn is_empty(&self) -> bool {
        self.listeners.is_empty()
    }
}
