//! Connections that open, speak and close.

use redis::Cmd;

use super::{RedisPresence, SEEN_TTL, expire, keys, millis, records, scripts};
use crate::clock::UnixMs;
use crate::ids::{ConnectionId, RoomId, UserId};
use crate::model::Address;
use crate::ports::{Admission, PresenceError, Registration};

impl RedisPresence {
    /// Notes that a user was heard, and counts the frame unless `interval_us` is 0. One round trip,
    /// but for the first frame after a sweep took the user off the list.
    pub(super) async fn hear(
        &self,
        user: UserId,
        connection: Option<&ConnectionId>,
        now: UnixMs,
        interval_us: u32,
    ) -> Result<Admission, PresenceError> {
        let mut commands = vec![self.admit_command(user, connection, now, interval_us)];
        if connection.is_some() {
            let mut renew = scripts::call(&scripts::STILL_ONLINE, &[keys::ONLINE.to_owned()]);
            renew.arg(user.0).arg(now.0);
            commands.push(renew);
        }
        let mut answers = self.link.send(commands).await?;
        let (known, retry_after_ms): (bool, u64) = answers.next()?;
        // An unknown connection is no presence: its caller registers it, which lists the user again.
        if known && connection.is_some() && !answers.next::<bool>()? {
            self.list_if_online(user, now).await?;
        }
        Ok(match retry_after_ms {
            0 => Admission::Admitted { known },
            _ => Admission::Limited { retry_after_ms },
        })
    }

    /// While Redis is away each instance limits by itself.
    pub(super) fn admit_alone(
        &self,
        user: UserId,
        now: UnixMs,
        away: PresenceError,
    ) -> Result<Admission, PresenceError> {
        match self.alone.count(user, now) {
            Err(retry_after_ms) => Ok(Admission::Limited { retry_after_ms }),
            Ok(()) => Err(away),
        }
    }

    fn admit_command(
        &self,
        user: UserId,
        connection: Option<&ConnectionId>,
        now: UnixMs,
        interval_us: u32,
    ) -> Cmd {
        let mut admit = scripts::call(&scripts::ADMIT, &[keys::heard(user), keys::rate(user)]);
        admit.arg(connection.map_or("", |c| c.0.as_str())).arg(now.0);
        admit.arg(interval_us).arg(self.config.rate_burst.max(1));
        admit
    }

    /// The user's key first: a rebuild that reads it before finds the room's entry below. Known last: if
    /// a step fails, the next frame finds the connection unknown and registers it again.
    pub(super) async fn add(&self, registration: &Registration, now: UnixMs) -> Result<(), PresenceError> {
        let user = registration.user;
        let keys = [keys::connections(user), keys::heard(user), keys::joined(user)];
        let mut register = scripts::call(&scripts::REGISTER, &keys);
        register.arg(&registration.address.connection.0).arg(records::of_user(registration));
        register.arg(now.0).arg(self.routing_ms());
        let just_joined: Vec<i64> = self.link.ask(register).await?;

        let mut rooms = registration.rooms.clone();
        rooms.extend(just_joined.into_iter().map(RoomId));
        rooms.sort_unstable();
        rooms.dedup();
        let mut commands: Vec<Cmd> =
            rooms.into_iter().map(|room| self.listen(room, user, &registration.address)).collect();
        commands.extend(self.open_mirrors(user, &registration.address));
        self.link.send(commands).await?.all_done()?;

        let mut commands = vec![self.confirm(registration, now)];
        commands.extend(self.list(user, now, &registration.address.endpoint));
        self.link.send(commands).await?.all_done()
    }

    fn confirm(&self, registration: &Registration, now: UnixMs) -> Cmd {
        let keys = [keys::connections(registration.user), keys::heard(registration.user)];
        let mut confirm = scripts::call(&scripts::CONFIRM, &keys);
        confirm.arg(&registration.address.connection.0).arg(now.0).arg(self.routing_ms());
        confirm
    }

    fn listen(&self, room: RoomId, user: UserId, address: &Address) -> Cmd {
        let mut listen = scripts::call(&scripts::LISTEN, &[keys::audience(room), keys::members(room)]);
        listen.arg(&address.connection.0).arg(records::of_room(user, address));
        listen.arg(user.0).arg(self.routing_ms());
        listen
    }

    fn open_mirrors(&self, user: UserId, address: &Address) -> [Cmd; 3] {
        let mut count = redis::cmd("ZADD");
        count.arg(keys::CONNECTIONS).arg(address.connected_at.0).arg(&address.connection.0);
        let whose = serde_json::json!({
            "user_id": user, "endpoint": address.endpoint, "connected_at": address.connected_at,
        });
        let mut mirror = redis::cmd("SET");
        mirror.arg(keys::connection(&address.connection)).arg(whose.to_string());
        mirror.arg("PX").arg(self.routing_ms());
        [count, expire(keys::CONNECTIONS, self.routing_ms()), mirror]
    }

    pub(super) async fn remove(
        &self,
        user: UserId,
        connection: &ConnectionId,
        rooms: &[RoomId],
        now: UnixMs,
    ) -> Result<(), PresenceError> {
        let keys = [keys::connections(user), keys::heard(user), keys::seen(user)];
        let mut forget = scripts::call(&scripts::FORGET, &keys);
        forget.arg(&connection.0).arg(millis(SEEN_TTL));
        let left: Vec<String> = self.link.ask(forget).await?;

        let last = last_left(&left);
        let online = last.as_ref().is_some_and(|(heard, _)| self.is_online(*heard, now));
        let mut commands = close_mirrors(connection, rooms);
        if online {
            commands.extend(last.map(|(_, endpoint)| self.serve_from(user, &endpoint)));
        } else {
            commands.extend(unlist(user));
        }
        self.link.send(commands).await?.all_done()?;
        // A device that registered meanwhile was listed before it was taken off, or lists itself after.
        if online { Ok(()) } else { self.list_if_online(user, now).await }
    }
}

fn close_mirrors(connection: &ConnectionId, rooms: &[RoomId]) -> Vec<Cmd> {
    let mut commands: Vec<Cmd> = rooms
        .iter()
        .map(|&room| {
            let mut leave = redis::cmd("HDEL");
            leave.arg(keys::audience(room)).arg(&connection.0);
            leave
        })
        .collect();
    let mut count = redis::cmd("ZREM");
    count.arg(keys::CONNECTIONS).arg(&connection.0);
    let mut mirror = redis::cmd("DEL");
    mirror.arg(keys::connection(connection));
    commands.extend([count, mirror]);
    commands
}

/// Takes a user off the list of those online and its mirrors.
pub(super) fn unlist(user: UserId) -> [Cmd; 3] {
    let mut list = redis::cmd("ZREM");
    list.arg(keys::ONLINE).arg(user.0);
    let [mirror, server] = unmirror(user);
    [list, mirror, server]
}

/// Takes a user out of the mirrors alone.
pub(super) fn unmirror(user: UserId) -> [Cmd; 2] {
    let mut mirror = redis::cmd("SREM");
    mirror.arg(keys::ONLINE_MIRROR).arg(user.0);
    let mut server = redis::cmd("DEL");
    server.arg(keys::user_server(user));
    [mirror, server]
}

/// When the connection heard last was heard, and its endpoint.
fn last_left(answer: &[String]) -> Option<(i64, String)> {
    let [heard, record] = answer else { return None };
    Some((heard.parse().ok()?, records::read_user("", record)?.endpoint))
}
