use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use serde::Deserialize;
use shared::Error;
use shared::app::App;
use shared::chat::closing::{self, Farewell};
use shared::contract::RateLimited;
use shared::http::Body;
use shared::identity::{Caller, hash_password, verify_password};
use shared::names::Password;
use utoipa::ToSchema;

use crate::issued::Issued;
use crate::limit;

#[derive(Deserialize, ToSchema)]
pub(crate) struct NewPassword {
    old_password: String,
    new_password: Password,
}

/// `POST /api/v1/auth/password`: sets another password, which revokes every token and closes the sockets
/// that were opened by one, and answers a new token.
///
/// # Errors
/// `rate_limited`, as a login for the name; `invalid` naming `new_password`; `forbidden` when the old one is wrong.
#[utoipa::path(
    post, path = "/api/v1/auth/password", request_body = NewPassword,
    responses((status = 200, description = "A new token.", body = Issued), RateLimited),
)]
pub(crate) async fn change(
    State(app): State<Arc<App>>,
    caller: Caller,
    Body(body): Body<NewPassword>,
) -> Result<Json<Issued>, Error> {
    limit::password(&app, &caller.username).await?;
    let found = app.accounts.credentials(&caller.username).await?;
    let hash = found.map(|(_, hash)| hash);
    if !verify_password(body.old_password, hash).await? {
        return Err(Error::forbidden("old_password: is wrong"));
    }
    let hash = hash_password(body.new_password.into_string()).await?;
    app.accounts.set_password(caller.user, &hash, app.clock.now()).await?;
    closing::revoked(&app, caller.user, Farewell::PasswordChanged).await;
    let account = app.accounts.account(caller.user).await?;
    let account = account.ok_or_else(|| Error::not_found("no such user"))?;
    Issued::to(&app, account).map(Json)
}
