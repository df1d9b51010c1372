use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use serde::Deserialize;
use shared::Error;
use shared::app::App;
use shared::contract::Conflict;
use shared::events;
use shared::http::Body;
use shared::identity::{Caller, Permission, SUBJECT_MAX_CHARS, hash_password};
use shared::model::{Account, ExternalIdentity, OwnEvent, Role};
use shared::names::{Email, Nickname, Password, Username};
use shared::ports::NewAccount;
use utoipa::ToSchema;

#[derive(Deserialize, ToSchema)]
pub(crate) struct NewUser {
    username: Username,
    /// The user name when none is given.
    nickname: Option<Nickname>,
    email: Option<Email>,
    /// Without one they don't log in here, but come by a token of `external.issuer` or are acted for.
    password: Option<Password>,
    /// Who they are for an issuer of `JWT_ISSUERS`.
    external: Option<ExternalIdentity>,
}

/// `POST /api/v1/users`: a user whom somebody else makes. One whose external identity is known already is answered
/// as they are (200).
///
/// # Errors
/// `forbidden` without `users.manage`; `invalid` and `conflict`, naming the field.
#[utoipa::path(
    post, path = "/api/v1/users", request_body = NewUser,
    responses(
        (status = 201, description = "The new user.", body = Account),
        (status = 200, description = "The one who has that external identity.", body = Account),
        Conflict,
    ),
)]
pub(crate) async fn create(
    State(app): State<Arc<App>>,
    caller: Caller,
    Body(new): Body<NewUser>,
) -> Result<(StatusCode, Json<Account>), Error> {
    caller.require(Permission::UsersManage)?;
    if let Some(identity) = &new.external {
        check(&app, identity)?;
        if let Some(known) = app.accounts.external(identity).await? {
            return Ok((StatusCode::OK, Json(known)));
        }
    }
    let account = app.accounts.create(new.into_account().await?, app.clock.now()).await?;
    events::tell_if_possible(&app, OwnEvent::user_created(&account.user, account.role)).await;
    tracing::info!(audit = "create", by = %caller.user, user = %account.user.id, "user made");
    Ok((StatusCode::CREATED, Json(account)))
}

fn check(app: &App, identity: &ExternalIdentity) -> Result<(), Error> {
    if !app.issuers.knows(&identity.issuer) {
        return Err(Error::invalid("external.issuer", "is none of JWT_ISSUERS"));
    }
    match identity.id.chars().count() {
        1..=SUBJECT_MAX_CHARS if !identity.id.contains('\0') => Ok(()),
        _ => Err(Error::invalid("external.id", format!("must have 1 to {SUBJECT_MAX_CHARS} characters"))),
    }
}

impl NewUser {
    async fn into_account(self) -> Result<NewAccount, Error> {
        let username = self.username.into_string();
        let password_hash = match self.password {
            Some(password) => Some(hash_password(password.into_string()).await?),
            None => None,
        };
        Ok(NewAccount {
            nickname: self.nickname.map_or_else(|| username.clone(), Nickname::into_string),
            username,
            email: self.email.map(Email::into_string),
            password_hash,
            role: Role::User,
            external: self.external,
        })
    }
}
