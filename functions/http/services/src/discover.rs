use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use serde::Deserialize;
use shared::Error;
use shared::app::App;
use shared::http::{At, Params};
use shared::identity::{Caller, Permission};
use shared::model::ServiceInstance;
use shared::names::ServiceName;
use shared::registry::Choice;
use utoipa::{IntoParams, ToSchema};

/// Longest key that an instance is chosen by, in characters.
const KEY_MAX_CHARS: usize = 256;

#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub(crate) struct Wish {
    strategy: Option<Strategy>,
    /// Whoever comes with the same one gets the same instance.
    #[param(min_length = 1, max_length = 256)]
    key: Option<String>,
}

#[derive(Clone, Copy, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
#[schema(as = DiscoveryStrategy)]
pub(crate) enum Strategy {
    RoundRobin,
    Random,
    LeastLoaded,
    Sticky,
}

/// `GET /api/v1/services/{name}/discover?strategy=&key=`: a healthy instance: each in its turn, unless another
/// strategy is asked for; with a key always the same.
///
/// # Errors
/// `not_found` for a service that nobody registered; `unavailable` when no instance is healthy; `invalid`;
/// `forbidden` without `services.view`.
#[utoipa::path(
    get, path = "/api/v1/services/{name}/discover", params(("name" = ServiceName, Path), Wish),
    responses((status = 200, description = "An instance.", body = ServiceInstance)),
)]
pub(crate) async fn discover(
    State(app): State<Arc<App>>,
    caller: Caller,
    At(name): At<ServiceName>,
    Params(wish): Params<Wish>,
) -> Result<Json<ServiceInstance>, Error> {
    caller.require(Permission::ServicesView)?;
    let choice = wish.choice()?;
    Ok(Json(app.services.choose(&name, &choice).await?))
}

impl Wish {
    fn choice(self) -> Result<Choice, Error> {
        match (self.strategy, self.key) {
            (None | Some(Strategy::Sticky), Some(key)) => Ok(Choice::Sticky(checked(key)?)),
            (Some(Strategy::Sticky), None) => Err(Error::invalid("key", "is missing beside strategy=sticky")),
            (Some(_), Some(_)) => Err(Error::invalid("key", "goes with strategy=sticky alone")),
            (None | Some(Strategy::RoundRobin), None) => Ok(Choice::RoundRobin),
            (Some(Strategy::Random), None) => Ok(Choice::Random),
            (Some(Strategy::LeastLoaded), None) => Ok(Choice::LeastLoaded),
        }
    }
}

fn checked(key: String) -> Result<String, Error> {
    match key.chars().count() {
        0 => Err(Error::invalid("key", "must not be empty")),
        n if n > KEY_MAX_CHARS => {
            Err(Error::invalid("key", format!("has {n} characters, {KEY_MAX_CHARS} at most")))
        }
        _ => Ok(key),
    }
}
