use std::borrow::Cow;

use serde::Serialize;
use serde_json::Value;
use shared::Error;
use shared::app::App;
use shared::clock::UnixMs;
use shared::contract;
use shared::model::{QueuePlace, Session, SessionState, Visitor};
use utoipa::openapi::schema::AllOfBuilder;
use utoipa::openapi::{Ref, RefOr, Schema};
use utoipa::{PartialSchema, ToSchema};

use crate::teams;
use crate::who::View;

/// A session, and what else there is to say of it.
#[derive(Serialize)]
pub(crate) struct Shown {
    #[serde(flatten)]
    session: Session,
    #[serde(flatten)]
    waiting: Option<Waiting>,
    #[serde(flatten)]
    about: Option<About>,
}

/// Of a session that is queued.
#[derive(Serialize)]
struct Waiting {
    #[serde(flatten)]
    place: Option<Place>,
    /// While the team is closed.
    #[serde(flatten)]
    closed: Option<Closed>,
}

#[derive(Serialize, ToSchema)]
#[schema(as = QueuePosition)]
pub(crate) struct Place {
    position: i64,
    ahead: i64,
    #[schema(required)]
    estimated_wait_s: Option<i64>,
}

#[derive(Serialize, ToSchema)]
struct Closed {
    offline_message: Option<String>,
    opens_at: Option<UnixMs>,
}

/// Who the visitor is, for those who serve them.
#[derive(Serialize, ToSchema)]
struct About {
    #[schema(value_type = Option<Object>)]
    page: Option<Value>,
    #[schema(value_type = Option<Object>)]
    metadata: Option<Value>,
}

impl PartialSchema for Shown {
    fn schema() -> RefOr<Schema> {
        let optional = contract::optional_properties([Place::schema(), Closed::schema(), About::schema()]);
        AllOfBuilder::new().item(Ref::from_schema_name(Session::name())).item(optional).into()
    }
}

impl ToSchema for Shown {
    fn name() -> Cow<'static, str> {
        Cow::Borrowed("ShownSession")
    }

    fn schemas(schemas: &mut contract::Schemas) {
        contract::add::<Session>(schemas);
    }
}

impl From<QueuePlace> for Place {
    fn from(place: QueuePlace) -> Self {
        let QueuePlace { position, ahead, estimated_wait_s, .. } = place;
        Self { position, ahead, estimated_wait_s }
    }
}

impl From<Visitor> for About {
    fn from(Visitor { page, metadata, .. }: Visitor) -> Self {
        Self { page, metadata }
    }
}

impl Shown {
    /// # Errors
    /// `unavailable`.
    pub(crate) async fn to(view: View, app: &App, session: Session) -> Result<Self, Error> {
        let waiting = match session.state {
            SessionState::Queued => Some(waiting(app, &session).await?),
            _ => None,
        };
        let about = match view {
            View::Visitor => None,
            View::Staff { .. } => app.visitors.visitor(session.visitor.id).await?.map(About::from),
        };
        Ok(Self { session, waiting, about })
    }
}

async fn waiting(app: &App, session: &Session) -> Result<Waiting, Error> {
    let place = app.desk.place(session.id, app.config.support.staff_max_sessions).await?;
    let team = app.desk.team(&session.team).await?;
    let now = app.clock.now();
    let schedule = teams::schedule(&team).filter(|schedule| !schedule.is_open(now));
    let closed = schedule
        .map(|schedule| Closed { offline_message: team.offline_message, opens_at: schedule.opens_at(now) });
    Ok(Waiting { place: place.map(Place::from), closed })
}
