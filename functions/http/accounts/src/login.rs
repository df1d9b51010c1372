use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use serde::Deserialize;
use shared::Error;
use shared::app::App;
use shared::contract::{Forbidden, RateLimited, Unauthenticated};
use shared::http::Body;
use shared::identity::{Caller, verify_password};
use utoipa::ToSchema;

use crate::issued::Issued;
use crate::limit::{self, Source};

#[derive(Deserialize, ToSchema)]
pub(crate) struct Login {
    username: String,
    password: String,
}

/// `POST /api/v1/auth/login`: a token for who knows the password.
///
/// # Errors
/// `rate_limited`; `unauthenticated`, in the same words and the same time for an unknown user and a wrong password.
#[utoipa::path(
    post, path = "/api/v1/auth/login", request_body = Login, security(()),
    responses(
        (status = 200, description = "A token.", body = Issued),
        Unauthenticated,
        Forbidden,
        RateLimited,
    ),
)]
pub(crate) async fn login(
    State(app): State<Arc<App>>,
    source: Source,
    Body(login): Body<Login>,
) -> Result<Json<Issued>, Error> {
    limit::login(&app, &source, &login.username).await?;
    let found = app.accounts.credentials(&login.username).await?;
    let (account, hash) = found.unzip();
    let matches = verify_password(login.password, hash).await?;
    let account = account.filter(|_| matches);
    let account = account.ok_or_else(|| Error::unauthenticated("wrong user name or password"))?;
    let now = app.clock.now();
    // Only who knows the password is told of a ban.
    Caller::of(&account, now, now)?;
    Issued::to(&app, account).map(Json)
}
