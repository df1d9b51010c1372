use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use serde::Deserialize;
use shared::Error;
use shared::app::App;
use shared::chat::status;
use shared::http::Body;
use shared::identity::Caller;
use shared::model::{StaffMember, Status};
use shared::support::announce;

use crate::{staff, who};

#[derive(Deserialize)]
pub(crate) struct NewStatus {
    status: Status,
}

/// `PUT` or `POST /api/v1/support/status`: how the caller stands, as by `status_update` over the socket; online,
/// they are given whoever waits.
///
/// # Errors
/// `forbidden` for all but staff; `invalid`, naming the field.
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
    let changes = app.desk.set_status(caller.user, new, app.config.support.terms(now)).await?;
    announce(&app, changes).await;
    status::changed(&app, &[caller.user]).await;
    staff::member(&app, caller.user).await.map(Json)
}
