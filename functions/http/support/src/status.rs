use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use serde::Deserialize;
use shared::Error;
use shared::app::App;
use shared::chat::status;
use shared::http::Body;
use shared::identity::Caller;
use shared::ids::UserId;
use shared::model::{StaffMember, Status};
use shared::support::announce;
use utoipa::ToSchema;

use crate::{staff, who};

#[derive(Deserialize, ToSchema)]
pub(crate) struct NewStatus {
    status: Status,
}

/// `PUT` or `POST /api/v1/support/status`: how the caller wants to stand, as by `status_update` over the socket. It
/// holds while they have a socket open: then who is online is given whoever waits.
///
/// # Errors
/// `forbidden` for all but staff; `invalid`, naming the field.
#[utoipa::path(
    method(put, post), path = "/api/v1/support/status", request_body = NewStatus,
    responses((status = 200, description = "The caller as they stand then.", body = StaffMember)),
)]
pub(crate) async fn set(
    State(app): State<Arc<App>>,
    caller: Caller,
    Body(NewStatus { status: new }): Body<NewStatus>,
) -> Result<Json<StaffMember>, Error> {
    who::staff(&caller)?;
    let now = app.clock.now();
    app.statuses.choose(caller.user, new).await?;
    if new == Status::Offline {
        // What others are shown from now on, however long the user is here unseen.
        app.statuses.seen(caller.user, now).await?;
    }
    let stands = stands(&app, caller.user, new).await;
    let changes = app.desk.set_status(caller.user, stands, app.config.support.terms(now)).await?;
    announce(&app, changes).await;
    status::changed(&app, &[caller.user]).await;
    staff::member(&app, caller.user).await.map(Json)
}

/// As others are shown them. While presence is away nobody knows who is here, so it is as they say.
async fn stands(app: &App, user: UserId, chosen: Status) -> Status {
    match app.presence.status(user, app.clock.now()).await {
        Ok(here) => status::shown(here.online, chosen),
        Err(error) => {
            tracing::warn!(%error, "a status without presence");
            chosen
        }
    }
}
