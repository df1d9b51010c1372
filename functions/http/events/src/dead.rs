use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use serde::{Deserialize, Serialize};
use shared::Error;
use shared::app::App;
use shared::http::Params;
use shared::identity::{Caller, Permission};
use shared::ids::DeliveryId;
use shared::model::{Delivery, ServiceEvent};

use crate::limit::{limit, next};

/// As text, so that an error names the one that is wrong.
#[derive(Deserialize)]
pub(crate) struct Wanted {
    limit: Option<String>,
    before: Option<String>,
}

#[derive(Serialize)]
pub(crate) struct Page {
    deliveries: Vec<Dead>,
    /// The `before` of the next page; none: this is the last.
    next: Option<DeliveryId>,
}

/// A delivery that was given up, and of what.
#[derive(Serialize)]
pub(crate) struct Dead {
    #[serde(flatten)]
    delivery: Delivery,
    event: ServiceEvent,
}

/// `GET /api/v1/events/dead`: deliveries that were given up, the newest first; `?limit=` of them, `?before=` the id of
/// a delivery.
///
/// # Errors
/// `forbidden` without `events.view`; `invalid`, naming the parameter.
pub(crate) async fn list(
    State(app): State<Arc<App>>,
    caller: Caller,
    Params(wanted): Params<Wanted>,
) -> Result<Json<Page>, Error> {
    caller.require(Permission::EventsView)?;
    let limit = limit(wanted.limit.as_deref())?;
    let before = wanted.before.map(|text| text.parse().map(DeliveryId)).transpose();
    let before = before.map_err(|_| Error::invalid("before", "must be a whole number"))?;
    let dead = app.events.dead(before, limit).await?;
    let next = next(&dead, limit, |(delivery, _)| delivery.id);
    let deliveries = dead.into_iter().map(|(delivery, event)| Dead { delivery, event }).collect();
    Ok(Json(Page { deliveries, next }))
}
