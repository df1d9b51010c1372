//! Accounts of services, and the keys that they show instead of a token.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use serde::{Deserialize, Serialize};
use shared::Error;
use shared::app::App;
use shared::chat::closing::{self, Farewell};
use shared::clock::UnixMs;
use shared::contract::Conflict;
use shared::events;
use shared::http::{At, Body, Paged, Paging, Params};
use shared::identity::{ApiKey, Caller, Permission};
use shared::ids::{ApiKeyId, UserRef};
use shared::model::{Account, ApiKeyRecord, OwnEvent, Role};
use shared::names::{KeyName, Nickname, Username};
use shared::ports::{NewAccount, NewApiKey};
use utoipa::ToSchema;

use crate::admin::managed;

#[derive(Deserialize, ToSchema)]
pub(crate) struct NewServiceAccount {
    username: Username,
    nickname: Option<Nickname>,
}

#[derive(Deserialize, ToSchema)]
#[schema(as = NewApiKey)]
pub(crate) struct KeyRequest {
    name: KeyName,
    /// What it may do: each has to be the maker's own.
    #[schema(min_items = 1)]
    permissions: Vec<Permission>,
    /// Never when missing.
    expires_at: Option<UnixMs>,
}

/// A key as it is shown once.
#[derive(Serialize, ToSchema)]
#[schema(as = MadeApiKey)]
pub(crate) struct MadeKey {
    key: String,
    #[serde(flatten)]
    record: ApiKeyRecord,
}

#[derive(Serialize, ToSchema)]
#[schema(as = ApiKeys)]
pub(crate) struct Keys {
    keys: Vec<ApiKeyRecord>,
}

type ServiceAccounts = Paged<Account>;

/// `GET /api/v1/service-accounts`: the accounts of services.
///
/// # Errors
/// `forbidden` without `users.manage`; `invalid` for a page that isn't one.
#[utoipa::path(
    get, path = "/api/v1/service-accounts", params(Paging),
    responses((status = 200, description = "A page of them.", body = ServiceAccounts)),
)]
pub(crate) async fn list(
    State(app): State<Arc<App>>,
    caller: Caller,
    Params(paging): Params<Paging>,
) -> Result<Json<ServiceAccounts>, Error> {
    caller.require(Permission::UsersManage)?;
    let page = paging.page()?;
    let found = app.api_keys.service_accounts(page).await?;
    Ok(Json(Paged::new(page, found)))
}

/// `POST /api/v1/service-accounts`: an account that shows keys and has no password.
///
/// # Errors
/// `forbidden` without `users.manage`; `conflict` when the name is taken.
#[utoipa::path(
    post, path = "/api/v1/service-accounts", request_body = NewServiceAccount,
    responses((status = 201, description = "The account.", body = Account), Conflict),
)]
pub(crate) async fn create(
    State(app): State<Arc<App>>,
    caller: Caller,
    Body(new): Body<NewServiceAccount>,
) -> Result<(StatusCode, Json<Account>), Error> {
    caller.require(Permission::UsersManage)?;
    let username = new.username.into_string();
    let account = NewAccount {
        nickname: new.nickname.map_or_else(|| username.clone(), Nickname::into_string),
        username,
        email: None,
        password_hash: None,
        role: Role::Service,
        external: None,
    };
    let account = app.accounts.create(account, app.clock.now()).await?;
    events::tell_if_possible(&app, OwnEvent::user_created(&account.user, account.role)).await;
    tracing::info!(audit = "service_account", by = %caller.user, user = %account.user.id, "service account made");
    Ok((StatusCode::CREATED, Json(account)))
}

/// `GET /api/v1/service-accounts/{user}/keys`: all keys of an account, but for what they are.
///
/// # Errors
/// `forbidden` without `users.manage`; `not_found`.
#[utoipa::path(
    get, path = "/api/v1/service-accounts/{user}/keys", params(("user" = UserRef, Path)),
    responses((status = 200, description = "All of them.", body = Keys)),
)]
pub(crate) async fn keys(
    State(app): State<Arc<App>>,
    caller: Caller,
    At(user): At<UserRef>,
) -> Result<Json<Keys>, Error> {
    let account = service(&app, &caller, &user).await?;
    Ok(Json(Keys { keys: app.api_keys.keys(account.user.id).await? }))
}

/// `POST /api/v1/service-accounts/{user}/keys`: a key, which this answer alone shows.
///
/// # Errors
/// `forbidden` without `users.manage`, and for a permission that isn't the caller's own; `invalid`; `not_found`;
/// `conflict` when the account has as many keys as may be.
#[utoipa::path(
    post,
    path = "/api/v1/service-accounts/{user}/keys",
    params(("user" = UserRef, Path)),
    request_body = KeyRequest,
    responses((status = 201, description = "The key.", body = MadeKey), Conflict),
)]
pub(crate) async fn make_key(
    State(app): State<Arc<App>>,
    caller: Caller,
    At(user): At<UserRef>,
    Body(request): Body<KeyRequest>,
) -> Result<(StatusCode, Json<MadeKey>), Error> {
    let account = service(&app, &caller, &user).await?;
    let now = app.clock.now();
    request.check(&caller, now)?;
    let key = ApiKey::fresh();
    let new = request.into_key(&account, &caller, &key);
    let record = app.api_keys.add_key(&new, app.config.identity.api_keys_max, now).await?;
    tracing::info!(audit = "api_key", by = %caller.user, user = %account.user.id, key = %record.id, "key made");
    Ok((StatusCode::CREATED, Json(MadeKey { key: key.as_str().to_owned(), record })))
}

/// `DELETE /api/v1/service-accounts/{user}/keys/{key}`: takes a key out of force and closes the account's sockets.
///
/// # Errors
/// `forbidden` without `users.manage`; `not_found`, also when it was revoked before.
#[utoipa::path(
    delete,
    path = "/api/v1/service-accounts/{user}/keys/{key}",
    params(("user" = UserRef, Path), ("key" = ApiKeyId, Path)),
    responses((status = 204, description = "Done.")),
)]
pub(crate) async fn revoke_key(
    State(app): State<Arc<App>>,
    caller: Caller,
    At((user, key)): At<(UserRef, ApiKeyId)>,
) -> Result<StatusCode, Error> {
    let user = service(&app, &caller, &user).await?.user.id;
    app.api_keys.revoke_key(user, key, app.clock.now()).await?;
    closing::revoked(&app, user, Farewell::LoggedOut).await;
    tracing::info!(audit = "revoke_key", by = %caller.user, %user, %key, "key revoked");
    Ok(StatusCode::NO_CONTENT)
}

async fn service(app: &App, caller: &Caller, user: &UserRef) -> Result<Account, Error> {
    let account = managed(app, caller, user).await?;
    if account.role == Role::Service { Ok(account) } else { Err(Error::not_found("no such service account")) }
}

impl KeyRequest {
    fn check(&self, caller: &Caller, now: UnixMs) -> Result<(), Error> {
        if self.permissions.is_empty() {
            return Err(Error::invalid("permissions", "must name one at least"));
        }
        if let Some(beyond) = self.permissions.iter().find(|permission| !caller.may(**permission)) {
            return Err(Error::forbidden(format!("permissions: {} isn't your own", beyond.name())));
        }
        if self.expires_at.is_some_and(|at| at <= now) {
            return Err(Error::invalid("expires_at", "must lie ahead"));
        }
        Ok(())
    }

    fn into_key(self, account: &Account, caller: &Caller, key: &ApiKey) -> NewApiKey {
        NewApiKey {
            account: account.user.id,
            name: self.name.into_string(),
            digest: key.digest(),
            hint: key.hint().to_owned(),
            permissions: self.permissions,
            expires_at: self.expires_at,
            made_by: caller.user,
        }
    }
}
