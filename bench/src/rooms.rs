//! The rooms of a load.

use anyhow::Context;

use crate::target::Target;
use crate::users::{Id, User, http_client, json};

/// One room: who sends, and who only listens. All are its members.
#[derive(Clone, Debug)]
pub(crate) struct Room {
    pub(crate) id: i64,
    pub(crate) senders: Vec<User>,
    pub(crate) listeners: Vec<User>,
}

/// Makes `count` rooms out of `users`: the first `senders` of them are dealt over the rooms in
/// turn, and the others fill the rooms with `listeners` each.
///
/// # Errors
/// When a room is refused, or has nobody to own it.
pub(crate) async fn make(
    target: Target,
    users: &[User],
    count: usize,
    senders: usize,
    listeners: usize,
) -> anyhow::Result<Vec<Room>> {
    let client = http_client()?;
    let (sending, listening) = users.split_at(senders);
    let mut rooms = Vec::with_capacity(count);
    for index in 0..count {
        let mut room = Room {
            id: 0,
            senders: sending.iter().skip(index).step_by(count).cloned().collect(),
            listeners: listening[index * listeners..][..listeners].to_vec(),
        };
        room.id = create(&client, target, &room).await?;
        rooms.push(room);
    }
    Ok(rooms)
}

async fn create(client: &reqwest::Client, target: Target, room: &Room) -> anyhow::Result<i64> {
    let mut everybody = room.senders.iter().chain(&room.listeners);
    let owner = everybody.next().context("a room needs at least one user")?;
    let members: Vec<i64> = everybody.map(|user| user.id).collect();
    let body = serde_json::json!({
        "name": format!("bench {}", uuid::Uuid::new_v4().simple()),
        "description": "a room under load",
        "type": "group",
        "member_ids": members,
    });
    let request = client.post(target.http("/api/v1/rooms")).bearer_auth(&owner.token).json(&body);
    Ok(json::<Id>(request).await?.id)
}
