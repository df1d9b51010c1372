use std::str::FromStr;
use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use serde::{Deserialize, Serialize};
use shared::Error;
use shared::app::App;
use shared::clock::UnixMs;
use shared::http::Params;
use shared::identity::{Caller, Permission};
use shared::ids::EventId;
use shared::model::{EventType, ServiceEvent};
use shared::names::{EventPriority, ServiceName};
use shared::ports::EventFilter;
use utoipa::{IntoParams, ToSchema};

use crate::limit::{Limit, limit, next};

/// As text, so that an error names the one that is wrong.
#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub(crate) struct Wanted {
    #[serde(rename = "type")]
    #[param(value_type = Option<EventType>)]
    kind: Option<String>,
    #[param(value_type = Option<ServiceName>)]
    source_service: Option<String>,
    #[param(value_type = Option<ServiceName>)]
    target_service: Option<String>,
    #[param(value_type = Option<UnixMs>)]
    from: Option<String>,
    #[param(value_type = Option<UnixMs>)]
    until: Option<String>,
    #[param(value_type = Option<EventPriority>)]
    priority_min: Option<String>,
    #[param(value_type = Option<Limit>)]
    limit: Option<String>,
    #[param(value_type = Option<EventId>)]
    before: Option<String>,
}

#[derive(Serialize, ToSchema)]
#[schema(as = Events)]
pub(crate) struct Page {
    events: Vec<ServiceEvent>,
    /// The `before` of the next page; none: this is the last.
    #[schema(required)]
    next: Option<EventId>,
}

/// `GET /api/v1/events`: events, the newest first, of `?type=`, `?source_service=` and `?target_service=`, published from
/// `?from=` and before `?until=` (Unix milliseconds), of `?priority_min=` at least; `?limit=` of them, `?before=` an id.
///
/// # Errors
/// `forbidden` without `events.view`; `invalid`, naming the parameter.
#[utoipa::path(
    get, path = "/api/v1/events", params(Wanted),
    responses((status = 200, description = "The events, and where the next page begins.", body = Page)),
)]
pub(crate) async fn list(
    State(app): State<Arc<App>>,
    caller: Caller,
    Params(wanted): Params<Wanted>,
) -> Result<Json<Page>, Error> {
    caller.require(Permission::EventsView)?;
    let limit = limit(wanted.limit.as_deref())?;
    let before = read("before", wanted.before.as_deref(), EventId::parse)?;
    let events = app.events.events(&wanted.filter()?, before.as_ref(), limit).await?;
    let next = next(&events, limit, |event| event.id.clone());
    Ok(Json(Page { events, next }))
}

impl Wanted {
    fn filter(&self) -> Result<EventFilter, Error> {
        let kind = |text: &str| EventType::named(text).ok_or_else(|| format!("{text:?} is no type of event"));
        let time = |text: &str| number(text).map(UnixMs);
        let level = |text: &str| EventPriority::try_from(number::<i64>(text)?).map(EventPriority::level);
        Ok(EventFilter {
            kind: read("type", self.kind.as_deref(), kind)?,
            source_service: read("source_service", self.source_service.as_deref(), ServiceName::parse)?,
            target_service: read("target_service", self.target_service.as_deref(), ServiceName::parse)?,
            from: read("from", self.from.as_deref(), time)?,
            until: read("until", self.until.as_deref(), time)?,
            priority_min: read("priority_min", self.priority_min.as_deref(), level)?,
        })
    }
}

fn number<N: FromStr>(text: &str) -> Result<N, String> {
    text.parse().map_err(|_| "must be a whole number".to_owned())
}

fn read<T>(
    field: &str,
    text: Option<&str>,
    parse: impl FnOnce(&str) -> Result<T, String>,
) -> Result<Option<T>, Error> {
    text.map(parse).transpose().map_err(|problem| Error::invalid(field, problem))
}
