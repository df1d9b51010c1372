use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use shared::Error;
use shared::app::App;
use shared::http::{At, Paged, Paging, Params};
use shared::identity::{Caller, Permission};
use shared::model::Service;
use shared::names::ServiceName;

type Services = Paged<Service>;

/// `GET /api/v1/services`: every service by name, with all their instances.
///
/// # Errors
/// `invalid`; `forbidden` without `services.view`.
#[utoipa::path(
    get, path = "/api/v1/services", params(Paging),
    responses((status = 200, description = "A page of them.", body = Services)),
)]
pub(crate) async fn list(
    State(app): State<Arc<App>>,
    caller: Caller,
    Params(paging): Params<Paging>,
) -> Result<Json<Services>, Error> {
    caller.require(Permission::ServicesView)?;
    let page = paging.page()?;
    Ok(Json(Paged::new(page, app.services.services(page).await?)))
}

/// `GET /api/v1/services/{name}`: a service with all its instances.
///
/// # Errors
/// `not_found`; `forbidden` without `services.view`.
#[utoipa::path(
    get, path = "/api/v1/services/{name}", params(("name" = ServiceName, Path)),
    responses((status = 200, description = "The service.", body = Service)),
)]
pub(crate) async fn show(
    State(app): State<Arc<App>>,
    caller: Caller,
    At(name): At<ServiceName>,
) -> Result<Json<Service>, Error> {
    caller.require(Permission::ServicesView)?;
    let service = app.services.service(&name).await?;
    service.map(Json).ok_or_else(|| Error::not_found("no such service"))
}
