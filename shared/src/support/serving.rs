//! Whether staff serve: as they chose, while they are here.

use crate::app::App;
use crate::chat::status::shown;
use crate::ids::UserId;
use crate::model::{Role, Status};
use crate::ports::{DeskError, PresenceError, StoreError};
use crate::support::announce;

/// A service is away; it can be looked at again.
#[derive(Debug, thiserror::Error)]
pub enum FollowError {
    #[error(transparent)]
    Presence(#[from] PresenceError),
    #[error(transparent)]
    Desk(#[from] DeskError),
}

impl From<StoreError> for FollowError {
    fn from(error: StoreError) -> Self {
        Self::Desk(error.into())
    }
}

/// Sets how somebody stands at the desk, whom it makes staff, and announces what came of it.
///
/// # Errors
/// `UnknownUser`; when the store is away.
pub async fn stand(app: &App, user: UserId, status: Status) -> Result<(), DeskError> {
    let terms = app.config.support.terms(app.clock.now());
    announce(app, app.desk.set_status(user, status, terms).await?).await;
    Ok(())
}

/// Has a staff member stand at the desk as others are shown them. An admin serves only who has done so before:
/// choosing a status begins it, being here doesn't.
///
/// # Errors
/// When a service is away. Nothing is known of anybody without presence, so staff stay as they are.
pub async fn follow(app: &App, user: UserId) -> Result<(), FollowError> {
    // Looked at again after each change: of two who follow at once, the last to write has seen the newest.
    loop {
        let Some(kept) = app.statuses.kept(user).await? else { return Ok(()) };
        let here = app.presence.status(user, app.clock.now()).await?;
        let status = shown(here.online, kept.chosen);
        let member = app.desk.staff_member(user, app.config.support.staff_max_sessions).await?;
        let stands = match (member, kept.role) {
            (Some(member), _) => member.status,
            (None, Role::Staff) => Status::Offline,
            (None, _) => return Ok(()),
        };
        if stands == status {
            return Ok(());
        }
        stand(app, user, status).await?;
    }
}
