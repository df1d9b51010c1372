//! What a block keeps apart beyond the messages of the pair, which the append itself refuses.

use crate::Error;
use crate::app::App;
use crate::ids::UserId;
use crate::model::{Room, RoomType};
use crate::ports::RoomsError;

/// Nobody brings into a room who blocks them.
///
/// # Errors
/// `forbidden`, without saying who of them it is.
pub async fn check(app: &App, user: UserId, others: &[UserId]) -> Result<(), Error> {
    if app.blocks.any_blocks(others, user).await? { Err(RoomsError::Blocked.into()) } else { Ok(()) }
}

/// Whether the two of a direct room are kept apart, so that neither is told of the other in passing. When
/// the store can't say, they are.
pub(super) async fn is_silent(app: &App, room: &Room, one: UserId, other: UserId) -> bool {
    if room.kind != RoomType::Direct {
        return false;
    }
    app.blocks.between(one, other).await.unwrap_or_else(|error| {
        tracing::warn!(%error, room = %room.id, "told nothing in passing");
        true
    })
}
