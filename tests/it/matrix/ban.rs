//! Keeping somebody out of a room.

use shared::ids::UserId;

use crate::hark::{Hark, World};

/// Takes a member out for an hour.
pub async fn from_room(_: &World, hark: &Hark, room: i64, user: i64) {
    let rooms = &hark.running.app().rooms;
    rooms.remove_member(room.into(), UserId(user)).await.unwrap();
}
