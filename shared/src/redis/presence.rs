//! The port, each method in the file of its kind.

use async_trait::async_trait;
use uuid::Uuid;

use super::RedisPresence;
use super::link::unavailable;
use super::registration::UNCAPPED;
use super::{MESSAGE_TTL, keys, millis, scripts};
use crate::clock::UnixMs;
use crate::ids::{ConnectionId, RoomId, UserId};
use crate::limiter::Rate;
use crate::model::{Listener, Message, Status};
use crate::ports::{
    Admission, ConnectionCaps, OnlineCount, Opening, PUSH_EVERY, Presence, PresenceError, PushTopic,
    PushTurn, Registration, RoomAudience, UserStatus, Wholeness,
};

#[async_trait]
impl Presence for RedisPresence {
    async fn admit(
        &self,
        user: UserId,
        connection: Option<&ConnectionId>,
        now: UnixMs,
    ) -> Result<Admission, PresenceError> {
        match self.hear(user, connection, now, self.rate_interval_us()).await {
            Err(error) => self.admit_alone(user, now, error),
            admission => admission,
        }
    }

    async fn limit(&self, key: &str, rate: Rate, now: UnixMs) -> Result<(), u64> {
        let Some(interval_us) = rate.interval_us() else { return Ok(()) };
        let mut count = scripts::call(&scripts::LIMIT, &[keys::limit(key)]);
        count.arg(now.0).arg(interval_us).arg(rate.burst());
        let counted = self.link.send(vec![count]).await.and_then(|mut answers| answers.next::<u64>());
        match counted {
            Ok(0) => Ok(()),
            Ok(retry_after_ms) => Err(retry_after_ms),
            Err(error) => {
                tracing::warn!(%error, "limited by this instance alone");
                self.others_alone.count(key.to_owned(), rate, now)
            }
        }
    }

    async fn renew(
        &self,
        user: UserId,
        connection: &ConnectionId,
        now: UnixMs,
    ) -> Result<bool, PresenceError> {
        let heard = self.hear(user, Some(connection), now, 0).await?;
        Ok(heard == Admission::Admitted { known: true })
    }

    async fn open(
        &self,
        registration: &Registration,
        caps: ConnectionCaps,
        now: UnixMs,
    ) -> Result<Opening, PresenceError> {
        self.add(registration, caps, now).await
    }

    async fn register(&self, registration: &Registration, now: UnixMs) -> Result<bool, PresenceError> {
        let opening = self.add(registration, UNCAPPED, now).await?;
        Ok(opening == Opening::Registered { arrived: true })
    }

    async fn restore(
        &self,
        registration: &Registration,
        heard: UnixMs,
        now: UnixMs,
    ) -> Result<(), PresenceError> {
        self.add_lost(registration, heard, now).await
    }

    async fn forget(
        &self,
        user: UserId,
        connection: &ConnectionId,
        rooms: &[RoomId],
        now: UnixMs,
    ) -> Result<bool, PresenceError> {
        self.remove(user, connection, rooms, now).await
    }

    async fn tell(&self, user: UserId, status: Status) -> Result<bool, PresenceError> {
        self.note_told(user, status).await
    }

    async fn claim_rebuild(&self) -> Result<Wholeness, PresenceError> {
        self.claim().await
    }

    async fn keep_claim(&self, claim: Uuid) -> Result<bool, PresenceError> {
        self.keep(claim).await
    }

    async fn end_rebuild(&self, claim: Uuid, whole: bool) -> Result<bool, PresenceError> {
        self.end(claim, whole).await
    }

    async fn audience(&self, room: RoomId) -> Result<RoomAudience, PresenceError> {
        self.read_room(room).await
    }

    async fn rebuild(
        &self,
        room: RoomId,
        members_version: i64,
        members: &[UserId],
    ) -> Result<RoomAudience, PresenceError> {
        self.rebuild_room(room, members_version, members).await
    }

    async fn members_changed(
        &self,
        room: RoomId,
        joined: &[UserId],
        left: &[UserId],
        members_version: i64,
    ) -> Result<(), PresenceError> {
        self.change_members(room, joined, left, members_version).await
    }

    async fn push_turn(
        &self,
        user: UserId,
        topic: PushTopic,
        _now: UnixMs,
    ) -> Result<PushTurn, PresenceError> {
        let mut call = scripts::call(&scripts::PUSH_TURN, &[keys::pushed(user, topic)]);
        call.arg(millis(PUSH_EVERY));
        let turn: i64 = self.link.send(vec![call]).await?.next()?;
        Ok(match turn {
            1 => PushTurn::Now,
            2 => PushTurn::Later,
            _ => PushTurn::Never,
        })
    }

    async fn status(&self, user: UserId, now: UnixMs) -> Result<UserStatus, PresenceError> {
        self.status_of(user, now).await
    }

    async fn listeners(&self, users: &[UserId]) -> Result<Vec<Listener>, PresenceError> {
        self.connections_of(users).await
    }

    async fn online(&self, now: UnixMs) -> Result<OnlineCount, PresenceError> {
        self.count_online(now).await
    }

    async fn heard_since(
        &self,
        since: UnixMs,
        skip: u32,
        limit: u32,
    ) -> Result<Vec<(UserId, UnixMs)>, PresenceError> {
        let mut read = redis::cmd("ZRANGEBYSCORE");
        read.arg(keys::ONLINE).arg(since.0).arg("+inf").arg("WITHSCORES");
        read.arg("LIMIT").arg(skip).arg(limit);
        let heard: Vec<(i64, i64)> = self.link.ask(read).await?;
        Ok(heard.into_iter().map(|(user, at)| (UserId(user), UnixMs(at))).collect())
    }

    async fn sweep_silent(&self, now: UnixMs, limit: u32) -> Result<Vec<UserId>, PresenceError> {
        self.sweep(now, limit).await
    }

    async fn cache_messages(&self, messages: &[Message]) -> Result<(), PresenceError> {
        if messages.is_empty() {
            return Ok(());
        }
        let mut commands = Vec::with_capacity(messages.len());
        for message in messages {
            let json = serde_json::to_string(message).map_err(unavailable)?;
            let mut set = redis::cmd("SET");
            set.arg(keys::message(message.message_id)).arg(json).arg("PX").arg(millis(MESSAGE_TTL));
            if message.edited_at.is_none() && !message.recalled {
                set.arg("NX");
            }
            commands.push(set);
        }
        self.link.send(commands).await?.all_done()
    }

    async fn ping(&self) -> Result<(), PresenceError> {
        self.link.ping().await
    }
}
