//! Who is online, and where.

use std::collections::HashMap;

use redis::Cmd;

use super::registration::unmirror;
use super::{RedisPresence, expire, keys, records, scripts};
use crate::clock::UnixMs;
use crate::ids::UserId;
use crate::model::{Listener, Status};
use crate::ports::{OnlineCount, PresenceError, UserStatus};

impl RedisPresence {
    /// Whether somebody heard at `heard` counts as online.
    pub(super) fn is_online(&self, heard: i64, now: UnixMs) -> bool {
        heard >= self.silent_before(now)
    }

    fn silent_before(&self, now: UnixMs) -> i64 {
        now.0.saturating_sub(self.presence_ms())
    }

    pub(super) async fn status_of(&self, user: UserId, now: UnixMs) -> Result<UserStatus, PresenceError> {
        let read = |command: &str, key: String| {
            let mut read = redis::cmd(command);
            read.arg(key);
            read
        };
        let mut heard = read("ZRANGE", keys::heard(user));
        heard.arg(0).arg(-1).arg("WITHSCORES");
        let commands = vec![read("HGETALL", keys::connections(user)), heard, read("GET", keys::seen(user))];
        let mut answers = self.link.send(commands).await?;
        let fields: Vec<(String, String)> = answers.next()?;
        let heard: HashMap<String, i64> = answers.next()?;
        let seen: Option<i64> = answers.next()?;

        let connections = records::read_connections(&fields);
        let last_heard = connections.iter().filter_map(|c| heard.get(&c.connection.0).copied()).max();
        Ok(UserStatus {
            user,
            online: last_heard.is_some_and(|heard| self.is_online(heard, now)),
            last_seen: last_heard.max(seen).map(UnixMs),
            connections,
        })
    }

    pub(super) async fn note_told(&self, user: UserId, status: Status) -> Result<bool, PresenceError> {
        let mut tell = scripts::call(&scripts::TELL, &[keys::told(user)]);
        tell.arg(status.word()).arg(self.routing_ms());
        self.link.ask(tell).await
    }

    /// Puts a user on the list of those online if they are: for those who may have been taken off
    /// while they came back. Answers whether they are.
    pub(super) async fn list_if_online(&self, user: UserId, now: UnixMs) -> Result<bool, PresenceError> {
        let status = self.status_of(user, now).await?;
        let newest = status.connections.iter().max_by_key(|address| address.connected_at.0);
        match (status.online, status.last_seen, newest) {
            (true, Some(heard), Some(newest)) => {
                self.link.send(self.list(user, heard, &newest.endpoint).into()).await?.all_done()?;
                Ok(true)
            }
            _ => Ok(false),
        }
    }

    /// Puts a user on the list of those online and into its mirrors.
    pub(super) fn list(&self, user: UserId, heard: UnixMs, endpoint: &str) -> [Cmd; 5] {
        let mut list = redis::cmd("ZADD");
        list.arg(keys::ONLINE).arg("GT").arg(heard.0).arg(user.0);
        let mut mirror = redis::cmd("SADD");
        mirror.arg(keys::ONLINE_MIRROR).arg(user.0);
        [
            list,
            expire(keys::ONLINE, self.routing_ms()),
            mirror,
            expire(keys::ONLINE_MIRROR, self.routing_ms()),
            self.serve_from(user, endpoint),
        ]
    }

    /// Names the endpoint that holds the user's newest connection.
    pub(super) fn serve_from(&self, user: UserId, endpoint: &str) -> Cmd {
        let mut server = redis::cmd("SET");
        server.arg(keys::user_server(user)).arg(endpoint).arg("PX").arg(self.routing_ms());
        server
    }

    pub(super) async fn connections_of(&self, users: &[UserId]) -> Result<Vec<Listener>, PresenceError> {
        if users.is_empty() {
            return Ok(vec![]);
        }
        let read = |&user: &UserId| {
            let mut read = redis::cmd("HGETALL");
            read.arg(keys::connections(user));
            read
        };
        let mut answers = self.link.send(users.iter().map(read).collect()).await?;
        let mut listeners = Vec::with_capacity(users.len());
        for &user in users {
            let fields: Vec<(String, String)> = answers.next()?;
            let addresses = records::read_connections(&fields);
            listeners.extend(addresses.into_iter().map(|address| Listener { user, address }));
        }
        Ok(listeners)
    }

    pub(super) async fn count_online(&self, now: UnixMs) -> Result<OnlineCount, PresenceError> {
        let count = |key: &str, from: i64| {
            let mut count = redis::cmd("ZCOUNT");
            count.arg(key).arg(from).arg("+inf");
            count
        };
        let opened_since = now.0.saturating_sub(self.routing_ms());
        let commands =
            vec![count(keys::ONLINE, self.silent_before(now)), count(keys::CONNECTIONS, opened_since)];
        let mut answers = self.link.send(commands).await?;
        Ok(OnlineCount { users: answers.next()?, connections: answers.next()? })
    }

    /// Trims both global lists: users by when they were heard, connections by their longest life.
    pub(super) async fn sweep(&self, now: UnixMs, limit: u32) -> Result<Vec<UserId>, PresenceError> {
        let mut sweep = scripts::call(&scripts::SWEEP, &[keys::ONLINE.to_owned()]);
        sweep.arg(self.silent_before(now)).arg(limit);
        let mut trim = redis::cmd("ZREMRANGEBYSCORE");
        let oldest = now.0.saturating_sub(self.routing_ms());
        trim.arg(keys::CONNECTIONS).arg("-inf").arg(format!("({oldest}"));
        let mut answers = self.link.send(vec![sweep, trim]).await?;
        let silent: Vec<UserId> = answers.next::<Vec<i64>>()?.into_iter().map(UserId).collect();
        if silent.is_empty() {
            return Ok(silent);
        }
        let unmirror: Vec<Cmd> = silent.iter().flat_map(|&user| unmirror(user)).collect();
        self.link.send(unmirror).await?.all_done()?;
        self.relist_returned(silent, now).await
    }

    /// Who spoke between the two trips of a sweep is in the mirrors no more: puts them back, and
    /// answers the others.
    async fn relist_returned(&self, swept: Vec<UserId>, now: UnixMs) -> Result<Vec<UserId>, PresenceError> {
        let mut look = redis::cmd("ZMSCORE");
        look.arg(keys::ONLINE).arg(swept.iter().map(|user| user.0).collect::<Vec<_>>());
        let heard: Vec<Option<f64>> = self.link.ask(look).await?;
        let mut silent = Vec::with_capacity(swept.len());
        for (user, heard) in swept.into_iter().zip(heard) {
            if heard.is_none() {
                silent.push(user);
            } else {
                self.list_if_online(user, now).await?;
            }
        }
        Ok(silent)
    }
}
