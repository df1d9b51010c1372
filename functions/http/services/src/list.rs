use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use shared::Error;
use shared::app::App;
use shared::http::{At, Paged, Paging, Params};
use shared::identity::{Caller, Permission};
use shared::model::Service;
use shared::names::ServiceName;

/// `GET /api/v1/services`: by name, with all their instances.
///
/// # Errors
/// `invalid`; `forbidden` without `services.view`.
pub(crate) async fn list(
    State(app): State<Arc<App>>,
    caller: Caller,
    Params(paging): Params<Paging>,
) -> Result<Json<Paged<Service>>, Error> {
    caller.require(Permission::ServicesView)?;
    let page = paging.page()?;
    Ok(Json(Paged::new("services", page, app.services.services(page).await?)))
}

/// `GET /api/v1/services/{name}`.
///
/// # Errors
/// `not_found`; `forbidden` without `services.view`.
pub(crate) async fn show(
    State(app): State<Arc<App>>,
    caller: Caller,
    At(name): At<ServiceName>,
) -> Result<Json<Service>, Error> {
    caller.require(Permission::ServicesView)?;
    let service = app.services.service(&name).await?;
    service.map(Json).ok_or_else(|| Error::not_found("no such service"))
}
