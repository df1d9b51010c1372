//! What a block keeps apart beyond the messages of the pair, which the append itself refuses.

use crate::Error;
use crate::app::App;
use crate::ids::UserId;
use crate::model::Listener;
use crate::ports::RoomsError;

/// Nobody brings into a room who blocks them.
///
/// # Errors
/// `forbidden`, without saying who of them it is.
pub async fn check(app: &App, user: UserId, others: &[UserId]) -> Result<(), Error> {
    if app.blocks.any_blocks(others, user).await? { Err(RoomsError::Blocked.into()) } else { Ok(()) }
}

/// Leaves the listeners to whom something of the user may be told in passing: not the user's own, nor those of
/// who blocks them or is blocked. When the store can't say who that is, nobody is left.
pub(super) async fn keep_apart(app: &App, user: UserId, listeners: &mut Vec<Listener>) {
    let others: Vec<UserId> =
        listeners.iter().map(|listener| listener.user).filter(|other| *other != user).collect();
    match app.blocks.apart(user, &others).await {
        Ok(apart) => {
            listeners.retain(|Listener { user: other, .. }| *other != user && !apart.contains(other))
        }
        Err(error) => {
            tracing::warn!(%error, "told nothing in passing");
            listeners.clear();
        }
    }
}
