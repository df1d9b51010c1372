use std::sync::Arc;

use axum::extract::State;
use axum::http::StatusCode;
use shared::Error;
use shared::app::App;
use shared::chat::closing;
use shared::http::At;
use shared::identity::Caller;
use shared::ids::UserRef;

use super::{managed, not_oneself};

/// `POST /api/v1/users/{user}/kick`: closes every socket of a user, who may come back at once.
///
/// # Errors
/// `forbidden` without `users.manage`, and for somebody of a higher role; `not_found`.
#[utoipa::path(
    post, path = "/api/v1/users/{user}/kick", params(("user" = UserRef, Path)),
    responses((status = 204, description = "Done.")),
)]
pub(crate) async fn kick(
    State(app): State<Arc<App>>,
    caller: Caller,
    At(user): At<UserRef>,
) -> Result<StatusCode, Error> {
    let user = managed(&app, &caller, &user).await?.user.id;
    not_oneself(&caller, user)?;
    closing::kick(&app, user).await;
    tracing::info!(audit = "kick", by = %caller.user, %user, "kicked");
    Ok(StatusCode::NO_CONTENT)
}
