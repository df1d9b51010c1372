use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use serde::{Deserialize, Serialize};
use shared::Error;
use shared::app::App;
use shared::chat::closing::{self, Farewell};
use shared::clock::UnixMs;
use shared::contract::Conflict;
use shared::events;
use shared::http::{Body, PAGE_SIZE_MAX};
use shared::identity::Caller;
use shared::ids::UserId;
use shared::model::{Account, OwnEvent, Page, RoomSummary};
use shared::names::{Email, Nickname};
use shared::ports::{AccountsError, ProfileChange};
use shared::support;
use utoipa::ToSchema;

/// How often customer service is left for sessions that are opened meanwhile.
const LEAVE_ATTEMPTS: u32 = 3;

/// None leaves as it is.
#[derive(Deserialize, ToSchema)]
pub(crate) struct Profile {
    nickname: Option<Nickname>,
    email: Option<Email>,
}

/// What Hark knew of a user who leaves for good.
#[derive(Serialize, ToSchema)]
pub(crate) struct Export {
    user: Account,
    rooms: Vec<RoomSummary>,
    exported_at: UnixMs,
}

/// `GET /api/v1/users/me`: one's own record.
///
/// # Errors
/// `unauthenticated`, `unavailable`.
#[utoipa::path(
    get, path = "/api/v1/users/me",
    responses((status = 200, description = "The record.", body = Account)),
)]
pub(crate) async fn show(State(app): State<Arc<App>>, caller: Caller) -> Result<Json<Account>, Error> {
    own(&app, &caller).await.map(Json)
}

/// `PATCH /api/v1/users/me`: another nickname or email address.
///
/// # Errors
/// `invalid` and `conflict`, naming the field.
#[utoipa::path(
    patch, path = "/api/v1/users/me", request_body = Profile,
    responses((status = 200, description = "The record as it is then.", body = Account), Conflict),
)]
pub(crate) async fn change(
    State(app): State<Arc<App>>,
    caller: Caller,
    Body(profile): Body<Profile>,
) -> Result<Json<Account>, Error> {
    let change = ProfileChange {
        nickname: profile.nickname.map(Nickname::into_string),
        email: profile.email.map(Email::into_string),
    };
    Ok(Json(app.accounts.change_profile(caller.user, change).await?))
}

/// `DELETE /api/v1/users/me`: answers an export, then takes name, email and credentials off the account
/// and the user out of every room and out of customer service. The messages stay, of nobody.
///
/// # Errors
/// `unauthenticated`, `unavailable`; `conflict` for who keeps opening sessions meanwhile.
#[utoipa::path(
    delete, path = "/api/v1/users/me",
    responses((status = 200, description = "What was known of the user.", body = Export), Conflict),
)]
pub(crate) async fn delete(State(app): State<Arc<App>>, caller: Caller) -> Result<Json<Export>, Error> {
    let user = own(&app, &caller).await?;
    let rooms = every_room(&app, &caller).await?;
    anonymise(&app, caller.user).await?;
    closing::revoked(&app, caller.user, Farewell::Deleted).await;
    events::tell_if_possible(&app, OwnEvent::user_deleted(caller.user)).await;
    Ok(Json(Export { user, rooms, exported_at: app.clock.now() }))
}

/// Leaves customer service before: who is staff or a visitor is one no more afterwards, and whoever fails here
/// asks again. A session that the user opens meanwhile is left, too.
///
/// # Errors
/// `conflict` for who opens one each time.
async fn anonymise(app: &App, user: UserId) -> Result<(), Error> {
    for _ in 1..LEAVE_ATTEMPTS {
        support::leave(app, user).await?;
        match app.accounts.anonymise(user, app.clock.now()).await {
            Err(AccountsError::InSession) => {}
            done => return Ok(done?),
        }
    }
    support::leave(app, user).await?;
    Ok(app.accounts.anonymise(user, app.clock.now()).await?)
}

async fn own(app: &App, caller: &Caller) -> Result<Account, Error> {
    let account = app.accounts.account(caller.user).await?;
    account.ok_or_else(|| Error::not_found("no such user"))
}

async fn every_room(app: &App, caller: &Caller) -> Result<Vec<RoomSummary>, Error> {
    let mut rooms = Vec::new();
    for number in 1.. {
        let page = app.rooms.list(caller.user, false, Page { number, size: PAGE_SIZE_MAX }).await?;
        let last = page.items.len() < PAGE_SIZE_MAX as usize;
        rooms.extend(page.items);
        if last {
            break;
        }
    }
    Ok(rooms)
}
