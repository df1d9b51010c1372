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
use utoipa::{IntoParams, ToSchema};

use crate::limit::{Limit, limit, next};

/// As text, so that an error names the one that is wrong.
#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub(crate) struct Wanted {
    #[param(value_type = Option<Limit>)]
    limit: Option<String>,
    #[param(value_type = Option<DeliveryId>)]
    before: Option<String>,
}

#[derive(Serialize, ToSchema)]
#[schema(as = DeadDeliveries)]
pub(crate) struct Page {
    deliveries: Vec<Dead>,
    /// The `before` of the next page; none: this is the last.
    #[schema(required)]
    next: Option<DeliveryId>,
}

/// A delivery that was given up, and of what.
#[derive(Serialize, ToSchema)]
#[schema(as = DeadDelivery)]
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
#[utoipa::path(
    get, path = "/api/v1/events/dead", params(Wanted),
    responses((status = 200, description = "The deliveries, and where the next page begins.", body = Page)),
)]
pub(crate) async fn list(
    State(app): State<Arc<App>>,
    caller: Caller,
    Params(wanted): Params<Wanted>,
) -> Result<Json<Page>, Error> {
    caller.require(Permission::EventsView)?;
    let limit = limit(wanted.limit.as_deref())?;
    let before = wanted.before.as_deref().map(delivery).transpose()?;
    let dead = app.events.dead(before, limit).await?;
    let next = next(&dead, limit, |(delivery, _)| delivery.id);
    let deliveries = dead.into_iter().map(|(delivery, event)| Dead { delivery, event }).collect();
    Ok(Json(Page { deliveries, next }))
}

fn delivery(text: &str) -> Result<DeliveryId, Error> {
    let id = text.parse().ok().filter(|id| *id > 0);
    id.map(DeliveryId).ok_or_else(|| Error::invalid("before", "must be a whole number, 1 at least"))
}
