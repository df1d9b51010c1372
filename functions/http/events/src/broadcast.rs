use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode};
use serde::Deserialize;
use shared::Error;
use shared::app::App;
use shared::chat::outbox;
use shared::chat::send::BROADCAST_BUDGET;
use shared::contract::Conflict;
use shared::http::{At, Body};
use shared::identity::{Caller, Permission};
use shared::ids::{BroadcastId, ClientMessageId, NameOr, RoomOrUserRef};
use shared::model::{Broadcast, BroadcastKind, BroadcastScope};
use shared::names::BroadcastData;
use shared::ports::{BroadcastTarget, NewBroadcast};
use tokio::time::Instant;
use utoipa::ToSchema;
use uuid::Uuid;

use crate::key;

#[derive(Deserialize, ToSchema)]
#[schema(as = NewBroadcast)]
pub(crate) struct Draft {
    /// Made when there is none.
    id: Option<BroadcastId>,
    message_type: BroadcastKind,
    data: BroadcastData,
    target_type: BroadcastScope,
    /// The room or the user, by id or name.
    target: Option<RoomOrUserRef>,
}

/// `POST /api/v1/broadcast`: a `notification` or `system` frame for every socket, for those of a room's members or for
/// those of one user. What is answered is kept, and posted afterwards: `GET` follows it. A repeat with the same id
/// (`id`, or the `Idempotency-Key` header where there is none) and the same body is answered as it stands.
///
/// # Errors
/// `forbidden` without `messaging.broadcast`; `invalid`, naming the field; `not_found` for a room or user that isn't
/// there; `conflict` for an id that was used for another broadcast.
#[utoipa::path(
    post,
    path = "/api/v1/broadcast",
    params(("Idempotency-Key" = Option<ClientMessageId>, Header)),
    request_body = Draft,
    responses((status = 202, description = "Kept, and posted from now on.", body = Broadcast), Conflict),
)]
pub(crate) async fn begin(
    State(app): State<Arc<App>>,
    caller: Caller,
    headers: HeaderMap,
    Body(draft): Body<Draft>,
) -> Result<(StatusCode, Json<Broadcast>), Error> {
    caller.require(Permission::MessagingBroadcast)?;
    let key = key::id_of(&headers, &caller)?;
    let target = target(&app, draft.target_type, draft.target).await?;
    let (kind, data) = (draft.message_type, draft.data.into_value());
    let digest = NewBroadcast::digest_of(kind, target, &data);
    let id = draft.id.or(key.map(BroadcastId)).unwrap_or_else(BroadcastId::fresh);
    let new = NewBroadcast { id, kind, target, data, created_by: caller.user, digest };
    if app.broadcasts.start_broadcast(&new, app.clock.now()).await? {
        tracing::info!(audit = "broadcast", broadcast = %id, by = %caller.user, ?target, "begun");
        outbox::publish_or_leave(&app, &[new.first_step()], Instant::now() + BROADCAST_BUDGET).await;
    }
    Ok((StatusCode::ACCEPTED, Json(standing(&app, id).await?)))
}

/// `GET /api/v1/broadcast/{id}`: how far a broadcast has come.
///
/// # Errors
/// `forbidden` without `messaging.broadcast`; `not_found`.
#[utoipa::path(
    get, path = "/api/v1/broadcast/{id}", params(("id" = BroadcastId, Path)),
    responses((status = 200, description = "How it stands.", body = Broadcast)),
)]
pub(crate) async fn follow(
    State(app): State<Arc<App>>,
    caller: Caller,
    At(id): At<Uuid>,
) -> Result<Json<Broadcast>, Error> {
    caller.require(Permission::MessagingBroadcast)?;
    standing(&app, BroadcastId(id)).await.map(Json)
}

async fn standing(app: &App, id: BroadcastId) -> Result<Broadcast, Error> {
    let found = app.broadcasts.broadcast(id, app.clock.now()).await?;
    found.ok_or_else(|| Error::not_found("no such broadcast"))
}

async fn target(
    app: &App,
    scope: BroadcastScope,
    target: Option<RoomOrUserRef>,
) -> Result<BroadcastTarget, Error> {
    match (scope, target) {
        (BroadcastScope::All, None) => Ok(BroadcastTarget::All),
        (BroadcastScope::All, Some(_)) => Err(Error::invalid("target", "can't stand beside all")),
        (BroadcastScope::Room | BroadcastScope::User, None) => Err(Error::invalid("target", "is missing")),
        (BroadcastScope::Room, Some(room)) => {
            let room = app.rooms.find(&named(room)).await?;
            let room = room.ok_or_else(|| Error::not_found("target: no such room"))?;
            Ok(BroadcastTarget::Room(room.id))
        }
        (BroadcastScope::User, Some(user)) => {
            let user = app.accounts.find(&named(user)).await?;
            let user = user.ok_or_else(|| Error::not_found("target: no such user"))?;
            Ok(BroadcastTarget::User(user.id))
        }
    }
}

fn named<Id: From<i64>>(target: RoomOrUserRef) -> NameOr<Id> {
    match target {
        NameOr::Id(id) => NameOr::Id(id.into()),
        NameOr::Name(name) => NameOr::Name(name),
    }
}
