use std::borrow::Cow;
use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use serde::{Deserialize, Serialize};
use shared::Error;
use shared::app::App;
use shared::chat::access::{self, Action};
use shared::chat::{members, removal};
use shared::contract::{self, Conflict};
use shared::frames::SystemEvent;
use shared::http::{At, Body};
use shared::identity::Caller;
use shared::ids::RoomRef;
use shared::model::{Room, RoomSummary};
use shared::names::{Description, RoomName};
use shared::ports::RoomPatch;
use utoipa::openapi::{RefOr, Schema};
use utoipa::{PartialSchema, ToSchema};

/// A member sees more of a room than who only looks at it.
#[derive(Serialize)]
#[serde(untagged)]
pub(crate) enum Shown {
    Inside(Box<RoomSummary>),
    Outside(Box<Room>),
}

impl PartialSchema for Shown {
    fn schema() -> RefOr<Schema> {
        contract::either::<RoomSummary, Room>()
    }
}

impl ToSchema for Shown {
    fn name() -> Cow<'static, str> {
        Cow::Borrowed("ShownRoom")
    }

    fn schemas(schemas: &mut contract::Schemas) {
        contract::add::<RoomSummary>(schemas);
    }
}

/// None leaves as it is.
#[derive(Deserialize, ToSchema)]
#[schema(as = RoomSettings)]
pub(crate) struct Settings {
    name: Option<RoomName>,
    description: Option<Description>,
    history_before_joining: Option<bool>,
}

/// `GET /api/v1/rooms/{room}`: shows a room.
///
/// # Errors
/// `not_found`; `forbidden` for a room that the caller may not look at.
#[utoipa::path(
    get, path = "/api/v1/rooms/{room}", params(("room" = RoomRef, Path)),
    responses((status = 200, description = "The room, for a member with what is unread.", body = Shown)),
)]
pub(crate) async fn show(
    State(app): State<Arc<App>>,
    caller: Caller,
    At(room): At<RoomRef>,
) -> Result<Json<Shown>, Error> {
    let room = access::view(&app, &caller, &room).await?;
    let summary = app.rooms.summary(room.id, caller.user).await?;
    Ok(Json(match summary.filter(|summary| summary.role.is_some()) {
        Some(summary) => Shown::Inside(Box::new(summary)),
        None => Shown::Outside(Box::new(room)),
    }))
}

/// `PATCH /api/v1/rooms/{room}`: changes name, description and settings; the room hears of it.
///
/// # Errors
/// `forbidden` below admin; `conflict` when a public name is taken.
#[utoipa::path(
    patch, path = "/api/v1/rooms/{room}", params(("room" = RoomRef, Path)), request_body = Settings,
    responses((status = 200, description = "The room as it is then.", body = Room), Conflict),
)]
pub(crate) async fn change(
    State(app): State<Arc<App>>,
    caller: Caller,
    At(room): At<RoomRef>,
    Body(settings): Body<Settings>,
) -> Result<Json<Room>, Error> {
    let seat = access::seat(&app, &caller, &room, Action::Change).await?;
    let room = app.rooms.update(seat.room.id, settings.into()).await?;
    let event = SystemEvent::RoomChanged {
        room_id: room.id,
        name: room.name.clone(),
        description: room.description.clone(),
    };
    members::announce(&app, room.id, room.members_version, event).await;
    Ok(Json(room))
}

/// `DELETE /api/v1/rooms/{room}`: removes the room and everything in it; its members hear of it.
///
/// # Errors
/// `forbidden` for all but the owner.
#[utoipa::path(
    delete, path = "/api/v1/rooms/{room}", params(("room" = RoomRef, Path)),
    responses((status = 204, description = "It is gone.")),
)]
pub(crate) async fn delete(
    State(app): State<Arc<App>>,
    caller: Caller,
    At(room): At<RoomRef>,
) -> Result<StatusCode, Error> {
    let seat = access::seat(&app, &caller, &room, Action::Delete).await?;
    removal::delete(&app, &seat.room).await?;
    Ok(StatusCode::NO_CONTENT)
}

impl From<Settings> for RoomPatch {
    fn from(settings: Settings) -> Self {
        Self {
            name: settings.name.map(RoomName::into_string),
            description: settings.description.map(Description::into_string),
            history_before_joining: settings.history_before_joining,
        }
    }
}
