use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use serde::{Deserialize, Serialize};
use shared::Error;
use shared::app::App;
use shared::chat::access::{self, Action, Seat};
use shared::chat::members;
use shared::contract::Conflict;
use shared::http::{At, Body, Paged, Paging, Params};
use shared::identity::Caller;
use shared::ids::{NameOr, RoomId, RoomRef, UserId, UserRef};
use shared::model::{Member, MemberRole};
use utoipa::ToSchema;

#[derive(Deserialize, ToSchema)]
pub(crate) struct NewMembers {
    /// Named as when a room is made, and so is what an error names.
    #[serde(alias = "user_ids")]
    member_ids: Vec<UserId>,
}

/// Those of the asked for who weren't in it before.
#[derive(Serialize, ToSchema)]
#[schema(as = AddedMembers)]
pub(crate) struct Added {
    room_id: RoomId,
    added: Vec<UserId>,
}

#[derive(Deserialize, ToSchema)]
#[schema(as = NewMemberRole)]
pub(crate) struct NewRole {
    role: MemberRole,
}

type Members = Paged<Member>;

/// `GET /api/v1/rooms/{room}/members`: the members of a room, in the order of joining.
///
/// # Errors
/// `forbidden` (not in it), `not_found`.
#[utoipa::path(
    get, path = "/api/v1/rooms/{room}/members", params(("room" = RoomRef, Path), Paging),
    responses((status = 200, description = "A page of them.", body = Members)),
)]
pub(crate) async fn list(
    State(app): State<Arc<App>>,
    caller: Caller,
    At(room): At<RoomRef>,
    Params(paging): Params<Paging>,
) -> Result<Json<Members>, Error> {
    let page = paging.page()?;
    let Seat { room, .. } = access::seat(&app, &caller, &room, Action::Read).await?;
    let found = app.rooms.members(room.id, page).await?;
    Ok(Json(Paged::new(page, found)))
}

/// `POST /api/v1/rooms/{room}/members`: adds users, who hear of it.
///
/// # Errors
/// `forbidden` below admin and for a visitor, `invalid` for an unknown user, `conflict` when full: nobody is added then.
#[utoipa::path(
    post,
    path = "/api/v1/rooms/{room}/members",
    params(("room" = RoomRef, Path)),
    request_body = NewMembers,
    responses((status = 200, description = "Those who weren't in it before.", body = Added), Conflict),
)]
pub(crate) async fn add(
    State(app): State<Arc<App>>,
    caller: Caller,
    At(room): At<RoomRef>,
    Body(new): Body<NewMembers>,
) -> Result<Json<Added>, Error> {
    let change = members::add(&app, &caller, &room, &new.member_ids).await?;
    Ok(Json(Added { room_id: change.room, added: change.users }))
}

/// `PATCH /api/v1/rooms/{room}/members/{user}`: gives a member another role; making somebody the owner makes the owner
/// an admin.
///
/// # Errors
/// `forbidden` for all but the owner; `not_found`; `conflict` for the owner, who names another one instead.
#[utoipa::path(
    patch,
    path = "/api/v1/rooms/{room}/members/{user}",
    params(("room" = RoomRef, Path), ("user" = UserRef, Path)),
    request_body = NewRole,
    responses((status = 204, description = "Done."), Conflict),
)]
pub(crate) async fn set_role(
    State(app): State<Arc<App>>,
    caller: Caller,
    At((room, user)): At<(RoomRef, UserRef)>,
    Body(new): Body<NewRole>,
) -> Result<StatusCode, Error> {
    let user = id_of(&app, user).await?;
    members::set_role(&app, &caller, &room, user, new.role).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// `DELETE /api/v1/rooms/{room}/members/{user}`: takes somebody out.
///
/// # Errors
/// `forbidden` below admin and for somebody of the same role or a higher one, `not_found`.
#[utoipa::path(
    delete,
    path = "/api/v1/rooms/{room}/members/{user}",
    params(("room" = RoomRef, Path), ("user" = UserRef, Path)),
    responses((status = 204, description = "Done.")),
)]
pub(crate) async fn remove(
    State(app): State<Arc<App>>,
    caller: Caller,
    At((room, user)): At<(RoomRef, UserRef)>,
) -> Result<StatusCode, Error> {
    let user = id_of(&app, user).await?;
    members::remove(&app, &caller, &room, user).await?;
    Ok(StatusCode::NO_CONTENT)
}

async fn id_of(app: &App, user: UserRef) -> Result<UserId, Error> {
    if let NameOr::Id(user) = user {
        return Ok(user);
    }
    let found = app.accounts.find(&user).await?;
    found.map(|user| user.id).ok_or_else(|| Error::not_found("no such user"))
}
