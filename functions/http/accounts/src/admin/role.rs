use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use serde::{Deserialize, Serialize};
use shared::Error;
use shared::app::App;
use shared::chat::closing::{self, Farewell};
use shared::contract::Conflict;
use shared::http::{At, Body};
use shared::identity::Caller;
use shared::ids::UserRef;
use shared::model::{Role, User};
use shared::support;
use utoipa::ToSchema;

use super::managed;

#[derive(Deserialize, ToSchema)]
pub(crate) struct NewRole {
    role: Role,
}

#[derive(Serialize, ToSchema)]
#[schema(as = UserWithRole)]
pub(crate) struct Given {
    #[serde(flatten)]
    user: User,
    role: Role,
}

/// `PUT /api/v1/users/{user}/role`: gives a user another role, which revokes the user's tokens and closes their sockets;
/// one that doesn't serve visitors takes them out of service. The role that is theirs already changes nothing.
///
/// # Errors
/// `forbidden` without `users.manage`, and for a role above one's own; `not_found`; `conflict` for the last admin.
#[utoipa::path(
    put, path = "/api/v1/users/{user}/role", params(("user" = UserRef, Path)), request_body = NewRole,
    responses((status = 200, description = "The user in that role.", body = Given), Conflict),
)]
pub(crate) async fn set(
    State(app): State<Arc<App>>,
    caller: Caller,
    At(user): At<UserRef>,
    Body(NewRole { role }): Body<NewRole>,
) -> Result<Json<Given>, Error> {
    let account = managed(&app, &caller, &user).await?;
    if role.rank() > caller.role.rank() {
        return Err(Error::forbidden("role: is above your own"));
    }
    let user = account.user;
    app.accounts.set_role(user.id, role, app.clock.now()).await?;
    if !role.serves() {
        support::dismiss(&app, user.id).await?;
    }
    closing::revoked(&app, user.id, Farewell::RoleChanged).await;
    tracing::info!(audit = "role", by = %caller.user, user = %user.id, ?role, before = ?account.role, "role given");
    Ok(Json(Given { user, role }))
}
