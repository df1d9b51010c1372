//! What Hark posts to others: its own events to the services that subscribed, and what it tells and asks the
//! operator's servers. All of it is signed as Standard Webhooks says.

use utoipa::openapi::content::ContentBuilder;
use utoipa::openapi::path::{HttpMethod, Operation, OperationBuilder, PathItem, Paths, PathsBuilder};
use utoipa::openapi::request_body::RequestBodyBuilder;
use utoipa::openapi::response::ResponseBuilder;
use utoipa::openapi::schema::{AllOfBuilder, Object, ObjectBuilder, Type};
use utoipa::openapi::{Ref, RefOr, Required, Schema};
use utoipa::{PartialSchema, ToSchema};

use super::schema;
use crate::ids::{EventId, RoomId, UserId};
use crate::model::{
    EventType, MembersData, MessageEditedData, MessageRecalledData, MessageStoredData, SessionData,
    UserBannedData, UserCreatedData, UserDeletedData,
};
use crate::names::{EventPriority, Kind, ServiceName};
use crate::ports::InstanceChange;
use crate::push::PushNotice;

/// Schemas by their names.
pub type Schemas = Vec<(String, RefOr<Schema>)>;

/// Every webhook by the type of what is posted, and the schemas that they refer to.
#[must_use]
pub fn webhooks() -> (Paths, Schemas) {
    let mut schemas = Schemas::new();
    let mut paths = PathsBuilder::new();
    for kind in EventType::all() {
        if let Some(data) = data_of(kind, &mut schemas) {
            paths = paths.path(kind.name(), posted(event(kind, data)));
        }
    }
    let push = told("push.message", schema::words("RFC 3339."), pushed(&mut schemas));
    let review = told("message.review", UnixTime::schema(), submission(&mut schemas));
    let paths = paths.path("push.message", posted(push)).path("message.review", posted(review));
    add::<ServiceName>(&mut schemas);
    add::<EventId>(&mut schemas);
    add::<EventPriority>(&mut schemas);
    (paths.build(), schemas)
}

type UnixTime = crate::clock::UnixMs;

/// The `data` of what Hark publishes itself; None of what services do. `system_event` is both.
fn data_of(kind: EventType, schemas: &mut Schemas) -> Option<Ref> {
    use EventType as T;
    Some(match kind {
        T::MessageStored => add::<MessageStoredData>(schemas),
        T::MessageEdited => add::<MessageEditedData>(schemas),
        T::MessageRecalled => add::<MessageRecalledData>(schemas),
        T::MemberJoined | T::MemberLeft => add::<MembersData>(schemas),
        T::SessionOpened
        | T::SessionAssigned
        | T::SessionReturned
        | T::SessionTransferred
        | T::SessionClosed
        | T::SessionRated => add::<SessionData>(schemas),
        T::UserCreated => add::<UserCreatedData>(schemas),
        T::UserBanned => add::<UserBannedData>(schemas),
        T::UserDeleted => add::<UserDeletedData>(schemas),
        T::SystemEvent => add::<InstanceChange>(schemas),
        T::UserAction | T::ServiceRequest | T::ServiceResponse | T::ErrorEvent | T::Notification => {
            return None;
        }
    })
}

/// Adds a schema and those that it refers to.
pub fn add<T: ToSchema>(schemas: &mut Schemas) -> Ref {
    schemas.push((T::name().into(), T::schema()));
    T::schemas(schemas);
    Ref::from_schema_name(T::name())
}

/// As `functions/queue/relay` posts an event.
fn event(kind: EventType, data: Ref) -> Object {
    let service = || Ref::from_schema_name(ServiceName::name());
    let properties = ObjectBuilder::new()
        .property("id", Ref::from_schema_name(EventId::name()))
        .property("type", constant(kind.name()))
        .property("timestamp", schema::words("When it was published, by RFC 3339."))
        .property("source_service", constant(crate::model::HARK))
        .property("target_service", schema::nullable(service()))
        .property("priority", Ref::from_schema_name(EventPriority::name()))
        .property("data", data);
    let all = ["id", "type", "timestamp", "source_service", "target_service", "priority", "data"];
    all.into_iter().fold(properties, ObjectBuilder::required).build()
}

/// `type`, `timestamp` and `data`, as Standard Webhooks recommends.
fn told(kind: &str, timestamp: impl Into<RefOr<Schema>>, data: impl Into<RefOr<Schema>>) -> Object {
    let properties = ObjectBuilder::new().property("type", constant(kind));
    let properties = properties.property("timestamp", timestamp).property("data", data);
    ["type", "timestamp", "data"].into_iter().fold(properties, ObjectBuilder::required).build()
}

fn pushed(schemas: &mut Schemas) -> RefOr<Schema> {
    let whom = ObjectBuilder::new().property("user_id", add::<UserId>(schemas)).required("user_id");
    AllOfBuilder::new().item(whom).item(add::<PushNotice>(schemas)).into()
}

fn submission(schemas: &mut Schemas) -> RefOr<Schema> {
    let properties = ObjectBuilder::new()
        .property("user_id", add::<UserId>(schemas))
        .property("room_id", schema::nullable(add::<RoomId>(schemas)))
        .property("kind", add::<Kind>(schemas))
        .property("content", schema::words("What somebody wants to say."));
    ["user_id", "room_id", "kind", "content"].into_iter().fold(properties, ObjectBuilder::required).into()
}

fn constant(text: &str) -> Object {
    ObjectBuilder::new().schema_type(Type::String).enum_values(Some([text])).build()
}

fn posted(payload: Object) -> PathItem {
    PathItem::new(HttpMethod::Post, operation(payload))
}

fn operation(payload: Object) -> Operation {
    let content = ContentBuilder::new().schema(Some(payload)).build();
    let body = RequestBodyBuilder::new().content("application/json", content).required(Some(Required::True));
    let taken = ResponseBuilder::new().description("It has it; anything else, and it is posted again.");
    let signed = ["webhook-id", "webhook-timestamp", "webhook-signature"];
    signed
        .into_iter()
        .map(|name| schema::header(name, schema::words("As Standard Webhooks says.")))
        .fold(OperationBuilder::new(), OperationBuilder::parameter)
        .request_body(Some(body.build()))
        .response("2XX", taken)
        .build()
}
