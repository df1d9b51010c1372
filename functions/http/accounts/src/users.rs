use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use shared::Error;
use shared::app::App;
use shared::http::At;
use shared::identity::Caller;
use shared::ids::UserRef;
use shared::model::User;

/// `GET /api/v1/users/{user}`: anyone as everyone may see them, by id or user name.
///
/// # Errors
/// `not_found`.
pub(crate) async fn show(
    State(app): State<Arc<App>>,
    _: Caller,
    At(user): At<UserRef>,
) -> Result<Json<User>, Error> {
    let user = app.accounts.find(&user).await?;
    user.map(Json).ok_or_else(|| Error::not_found("no such user"))
}
