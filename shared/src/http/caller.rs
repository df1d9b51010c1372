use std::sync::Arc;

use axum::extract::FromRequestParts;
use axum::http::header::AUTHORIZATION;
use axum::http::request::Parts;

use crate::Error;
use crate::app::App;
use crate::identity::{Caller, Permission};
use crate::ids::UserRef;
use crate::model::Role;

/// Names the user for whom a service acts, by id or user name.
pub const ON_BEHALF_OF: &str = "hark-on-behalf-of";

/// The bearer of the request, checked here: an HTTP function has no authorizer in front of it. Or whoever a
/// service says that it acts for.
impl FromRequestParts<Arc<App>> for Caller {
    type Rejection = Error;

    async fn from_request_parts(parts: &mut Parts, app: &Arc<App>) -> Result<Self, Error> {
        let caller = Self::from_bearer(app, bearer(parts)?).await?;
        match parts.headers.get(ON_BEHALF_OF) {
            None => Ok(caller),
            Some(user) => acting_for(app, &caller, user.to_str().unwrap_or_default()).await,
        }
    }
}

fn bearer(parts: &Parts) -> Result<&str, Error> {
    let header = parts.headers.get(AUTHORIZATION);
    let header = header.ok_or_else(|| Error::unauthenticated("no token: send Authorization: Bearer"))?;
    let text = header.to_str().unwrap_or_default();
    match text.split_once(' ') {
        Some((scheme, token)) if scheme.eq_ignore_ascii_case("bearer") => Ok(token.trim()),
        _ => Err(Error::unauthenticated("Authorization must be a Bearer token")),
    }
}

/// Somebody without permissions of their own, in whose name a service with an API key does what they may do.
async fn acting_for(app: &App, caller: &Caller, user: &str) -> Result<Caller, Error> {
    caller.require(Permission::UsersManage)?;
    if caller.api_key.is_none() {
        return Err(Error::forbidden("only an API key acts for users"));
    }
    let found = app.accounts.find(&UserRef::parse(user)).await?.ok_or_else(no_such_user)?;
    let account = app.accounts.account(found.id).await?.ok_or_else(no_such_user)?;
    if !matches!(account.role, Role::User | Role::Visitor) {
        return Err(Error::forbidden("nobody acts for staff, services and admins"));
    }
    tracing::info!(audit = "on_behalf_of", by = %caller.user, user = %found.id, "acts for a user");
    Caller::of(&account, caller.expires_at, app.clock.now())
}

fn no_such_user() -> Error {
    Error::not_found(format!("{ON_BEHALF_OF}: no such user"))
}
