//! Copies of customer service, each under a key of its own, so that a Cluster keeps them wherever it likes.

use std::time::Duration;

use async_trait::async_trait;
use redis::Cmd;
use serde::Serialize;

use super::link::unavailable;
use super::{RedisPresence, keys, millis};
use crate::ids::UserId;
use crate::ports::{DeskCopies, Mirrors, PresenceError};

const SESSION_TTL: Duration = Duration::from_secs(7 * 24 * 3600);
const STAFF_TTL: Duration = Duration::from_secs(24 * 3600);

#[async_trait]
impl Mirrors for RedisPresence {
    async fn keep(&self, copies: &DeskCopies) -> Result<(), PresenceError> {
        let DeskCopies { sessions, serving, staff } = copies;
        let mut commands: Vec<Cmd> = serving.iter().map(|(visitor, staff)| map(*visitor, *staff)).collect();
        for session in sessions {
            commands.push(set(keys::session(session.id), json(session)?, SESSION_TTL));
        }
        for member in staff {
            commands.push(set(keys::staff(member.user.id), json(member)?, STAFF_TTL));
            commands.push(set(keys::count(member.user.id), member.sessions.to_string(), STAFF_TTL));
        }
        if commands.is_empty() {
            return Ok(());
        }
        self.link.send(commands).await?.all_done()
    }
}

fn map(visitor: UserId, staff: Option<UserId>) -> Cmd {
    let key = keys::mapping(visitor);
    staff.map_or_else(|| Cmd::del(&key), |staff| set(key.clone(), staff.to_string(), SESSION_TTL))
}

fn set(key: String, value: String, ttl: Duration) -> Cmd {
    let mut set = redis::cmd("SET");
    set.arg(key).arg(value).arg("PX").arg(millis(ttl));
    set
}

fn json(value: &impl Serialize) -> Result<String, PresenceError> {
    serde_json::to_string(value).map_err(unavailable)
}
