//! Connections that open, speak and close.

use redis::{Cmd, FromRedisValue, Value};

use super::link::unavailable;
use super::{PROFILE_TTL, RedisPresence, SEEN_TTL, expire, keys, millis, records, scripts};
use crate::clock::UnixMs;
use crate::ids::{ConnectionId, RoomId, UserId};
use crate::model::{Address, User};
use crate::ports::{Admission, Cap, ConnectionCaps, Opening, PresenceError, Registration};

/// Of a connection that is open already.
pub(super) const UNCAPPED: ConnectionCaps = ConnectionCaps { per_user: 0, overall: 0 };

impl RedisPresence {
    /// Notes that a user was heard, and counts the frame unless `interval_us` is 0. One round trip. Whom a
    /// sweep took off the list is unknown: registering puts them back.
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
        let (heard, retry_after_ms): (bool, u64) = answers.next()?;
        let known = heard && (connection.is_none() || answers.next::<bool>()?);
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
    pub(super) async fn add(
        &self,
        registration: &Registration,
        caps: ConnectionCaps,
        now: UnixMs,
    ) -> Result<Opening, PresenceError> {
        let (arrived, just_joined) = match self.take_place(registration, caps, now).await? {
            Ok(taken) => taken,
            Err(cap) => return Ok(Opening::Full(cap)),
        };
        self.listen_everywhere(registration, just_joined).await?;
        let mut commands = vec![self.confirm(registration, now)];
        commands.extend(self.list(registration.user, now, &registration.address.endpoint));
        self.link.send(commands).await?.all_done()?;
        Ok(Opening::Registered { arrived })
    }

    /// The same for a connection that was heard some time ago, which need not make its user online.
    pub(super) async fn add_lost(
        &self,
        registration: &Registration,
        heard: UnixMs,
        now: UnixMs,
    ) -> Result<(), PresenceError> {
        // Nothing is too much: it is open.
        let Ok((_, just_joined)) = self.take_place(registration, UNCAPPED, now).await? else { return Ok(()) };
        self.listen_everywhere(registration, just_joined).await?;
        let mut commands = vec![self.confirm(registration, heard)];
        if self.is_online(heard.0, now) {
            commands.extend(self.list(registration.user, heard, &registration.address.endpoint));
            commands.push(self.count_as_told(registration.user));
        }
        self.link.send(commands).await?.all_done()
    }

    /// Adds the connection to its user and to the count of all, side by side; when one of the two is full,
    /// takes it back from the other. Answers whether nobody was told yet that the user is online, and the
    /// rooms joined a moment ago.
    async fn take_place(
        &self,
        registration: &Registration,
        caps: ConnectionCaps,
        now: UnixMs,
    ) -> Result<Result<(bool, Vec<i64>), Cap>, PresenceError> {
        let commands = vec![
            self.register(registration, caps.per_user, now),
            self.count_in(registration, caps.overall, now),
        ];
        let mut answers = self.link.send(commands).await?;
        let with_user: Vec<Value> = answers.next()?;
        let counted: bool = answers.next()?;
        let Ok::<[Value; 3], _>([_, arrived, rooms]) = with_user.try_into() else {
            if counted {
                self.link.send(vec![uncount(&registration.address.connection)]).await?.all_done()?;
            }
            return Ok(Err(Cap::PerUser));
        };
        if !counted {
            self.take_back(registration).await?;
            return Ok(Err(Cap::Overall));
        }
        Ok(Ok((read(arrived)?, read(rooms)?)))
    }

    fn register(&self, registration: &Registration, most: u32, now: UnixMs) -> Cmd {
        let user = registration.user;
        let keys = [keys::connections(user), keys::heard(user), keys::joined(user), keys::told(user)];
        let mut register = scripts::call(&scripts::REGISTER, &keys);
        register.arg(&registration.address.connection.0).arg(records::of_user(registration));
        register.arg(now.0).arg(self.routing_ms()).arg(most);
        register
    }

    fn count_in(&self, registration: &Registration, most: u32, now: UnixMs) -> Cmd {
        let Address { connection, connected_at, .. } = &registration.address;
        let oldest = now.0.saturating_sub(self.routing_ms());
        let mut count = scripts::call(&scripts::COUNT_IN, &[keys::CONNECTIONS.to_owned()]);
        count.arg(&connection.0).arg(connected_at.0).arg(oldest).arg(self.routing_ms()).arg(most);
        count
    }

    /// No room has it yet but those that are being rebuilt this moment; their post is answered 410.
    async fn take_back(&self, registration: &Registration) -> Result<(), PresenceError> {
        let mut back = redis::cmd("HDEL");
        back.arg(keys::connections(registration.user)).arg(&registration.address.connection.0);
        self.link.send(vec![back]).await?.all_done()
    }

    async fn listen_everywhere(
        &self,
        registration: &Registration,
        just_joined: Vec<i64>,
    ) -> Result<(), PresenceError> {
        let Registration { user, address, .. } = registration;
        let mut rooms = registration.rooms.clone();
        rooms.extend(just_joined.into_iter().map(RoomId));
        rooms.sort_unstable();
        rooms.dedup();
        let mut commands: Vec<Cmd> =
            rooms.into_iter().map(|room| self.listen(room, *user, address)).collect();
        commands.push(self.mirror(*user, address));
        commands.extend(registration.profile.as_ref().map(mirror_profile));
        commands.push(expire(keys::EPOCH, self.routing_ms()));
        self.link.send(commands).await?.all_done()
    }

    fn count_as_told(&self, user: UserId) -> Cmd {
        let mut told = redis::cmd("SET");
        told.arg(keys::told(user)).arg("online").arg("PX").arg(self.routing_ms()).arg("NX");
        told
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

    fn mirror(&self, user: UserId, address: &Address) -> Cmd {
        let whose = serde_json::json!({
            "user_id": user, "endpoint": address.endpoint, "connected_at": address.connected_at,
        });
        let mut mirror = redis::cmd("SET");
        mirror.arg(keys::connection(&address.connection)).arg(whose.to_string());
        mirror.arg("PX").arg(self.routing_ms());
        mirror
    }

    pub(super) async fn remove(
        &self,
        user: UserId,
        connection: &ConnectionId,
        rooms: &[RoomId],
        now: UnixMs,
    ) -> Result<bool, PresenceError> {
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
        if online { Ok(true) } else { self.list_if_online(user, now).await }
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
    let mut mirror = redis::cmd("DEL");
    mirror.arg(keys::connection(connection));
    commands.extend([uncount(connection), mirror]);
    commands
}

fn mirror_profile(profile: &User) -> Cmd {
    let mut mirror = redis::cmd("SET");
    mirror.arg(keys::profile(profile.id)).arg(serde_json::json!(profile).to_string());
    mirror.arg("PX").arg(millis(PROFILE_TTL));
    mirror
}

/// Takes a connection out of the count of all.
fn uncount(connection: &ConnectionId) -> Cmd {
    let mut count = redis::cmd("ZREM");
    count.arg(keys::CONNECTIONS).arg(&connection.0);
    count
}

fn read<T: FromRedisValue>(value: Value) -> Result<T, PresenceError> {
    T::from_redis_value(value).map_err(unavailable)
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
