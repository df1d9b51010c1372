//! Who listens to a room. The module's page says why nothing is lost between the steps.

use redis::Cmd;

use super::{JOINED_TTL, RedisPresence, keys, millis, records, scripts};
use crate::ids::{RoomId, UserId};
use crate::model::Listener;
use crate::ports::{PresenceError, RoomAudience};

impl RedisPresence {
    pub(super) async fn read_room(&self, room: RoomId) -> Result<RoomAudience, PresenceError> {
        let mut read = redis::cmd("HGETALL");
        read.arg(keys::audience(room));
        let fields: Vec<(String, String)> = self.link.ask(read).await?;
        Ok(records::read_audience(&fields))
    }

    pub(super) async fn rebuild_room(
        &self,
        room: RoomId,
        members_version: i64,
        members: &[UserId],
    ) -> Result<RoomAudience, PresenceError> {
        let listeners = self.connections_of(members).await?;
        let mut rebuild = scripts::call(&scripts::REBUILD, &[keys::audience(room), keys::members(room)]);
        rebuild.arg(members_version).arg(self.routing_ms()).arg(millis(JOINED_TTL)).arg(members.len());
        add_users(&mut rebuild, members);
        add_listeners(&mut rebuild, &listeners);
        let fields: Vec<(String, String)> = self.link.ask(rebuild).await?;
        Ok(records::read_audience(&fields))
    }

    pub(super) async fn change_members(
        &self,
        room: RoomId,
        joined: &[UserId],
        left: &[UserId],
        members_version: i64,
    ) -> Result<(), PresenceError> {
        let listeners = self.note_joined(room, joined).await?;
        let keys = [keys::audience(room), keys::members(room)];
        let mut change = scripts::call(&scripts::MEMBERS_CHANGED, &keys);
        change.arg(members_version - 1).arg(members_version).arg(self.routing_ms());
        change.arg(joined.len()).arg(left.len());
        add_users(&mut change, joined);
        add_users(&mut change, left);
        add_listeners(&mut change, &listeners);
        self.link.ask(change).await
    }

    /// Leaves a note with each who joined and answers their connections.
    async fn note_joined(&self, room: RoomId, joined: &[UserId]) -> Result<Vec<Listener>, PresenceError> {
        if joined.is_empty() {
            return Ok(vec![]);
        }
        let note = |&user: &UserId| {
            let mut note = scripts::call(&scripts::JOINED, &[keys::connections(user), keys::joined(user)]);
            note.arg(room.0).arg(millis(JOINED_TTL));
            note
        };
        let mut answers = self.link.send(joined.iter().map(note).collect()).await?;
        let mut listeners = Vec::new();
        for &user in joined {
            let fields: Vec<(String, String)> = answers.next()?;
            let addresses = records::read_connections(&fields);
            listeners.extend(addresses.into_iter().map(|address| Listener { user, address }));
        }
        Ok(listeners)
    }
}

fn add_users(command: &mut Cmd, users: &[UserId]) {
    for user in users {
        command.arg(user.0);
    }
}

fn add_listeners(command: &mut Cmd, listeners: &[Listener]) {
    for Listener { user, address } in listeners {
        command.arg(&address.connection.0).arg(records::of_room(*user, address));
    }
}
