use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use shared::Error;
use shared::app::App;
use shared::chat::access;
use shared::http::At;
use shared::identity::Caller;
use shared::ids::UserRef;
use shared::model::User;

/// `GET /api/v1/users/{user}`: anyone as everyone may see them, by id or user name. Visitors see themselves
/// and those who come to them.
///
/// # Errors
/// `not_found`.
#[utoipa::path(
    get, path = "/api/v1/users/{user}", params(("user" = UserRef, Path)),
    responses((status = 200, description = "The user.", body = User)),
)]
pub(crate) async fn show(
    State(app): State<Arc<App>>,
    caller: Caller,
    At(user): At<UserRef>,
) -> Result<Json<User>, Error> {
    let user = app.accounts.find(&user).await?;
    match user {
        Some(user) if access::knows(&app, &caller, user.id).await? => Ok(Json(user)),
        _ => Err(Error::not_found("no such user")),
    }
}
