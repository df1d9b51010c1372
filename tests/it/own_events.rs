//! What Hark tells services of itself, and events that nobody came for.

use std::collections::BTreeMap;
use std::time::Duration;

use serde_json::{Value, json};
use shared::clock::UnixMs;
use shared::events;
use shared::ids::{EventId, Seq, UserId};
use shared::model::{EventType, Role, ServiceEvent};
use shared::names::ServiceName;
use shared::ports::{Event, EventFilter, NewEvent, SweepOutbox};
use sqlx::{AssertSqlSafe, Connection};

use crate::hark::{Client, Hark, World, eventually, on_both};
use crate::posts::{aside, deliver};

/// Every type that Hark itself tells of.
fn own() -> impl Iterator<Item = EventType> {
    EventType::all().filter(|kind| !kind.is_published())
}

/// Has a service `audit` subscribe to these, as the registry writes it down.
async fn subscribe(world: &World, types: impl Iterator<Item = EventType>) {
    let at = if world.is_real() { "now()" } else { "0" };
    let mut statements =
        vec![format!("insert into services (name, secret, created_at) values ('audit', 's', {at})")];
    statements.extend(types.map(|kind| {
        let kind = kind.name();
        format!("insert into service_subscriptions (service, event_type) values ('audit', '{kind}')")
    }));
    let statements = AssertSqlSafe(statements.join(";"));
    if world.is_real() {
        let mut database = sqlx::PgConnection::connect(&world.services().database_url).await.unwrap();
        sqlx::raw_sql(statements).execute(&mut database).await.unwrap();
    } else {
        let file = world.folder().join("hark.db");
        let mut database = sqlx::SqliteConnection::connect(file.to_str().unwrap()).await.unwrap();
        sqlx::raw_sql(statements).execute(&mut database).await.unwrap();
    }
}

async fn told(hark: &Hark) -> Vec<ServiceEvent> {
    let mut events = hark.running.app().events.events(&EventFilter::default(), None, 100).await.unwrap();
    events.sort_by_key(|event| (event.created_at, event.kind));
    events
}

/// How often each type was told.
async fn counts(hark: &Hark) -> BTreeMap<&'static str, usize> {
    let mut counts = BTreeMap::new();
    for event in told(hark).await {
        *counts.entry(event.kind.name()).or_default() += 1;
    }
    counts
}

async fn one(hark: &Hark, kind: EventType) -> ServiceEvent {
    let found = async || told(hark).await.into_iter().find(|event| event.kind == kind);
    eventually(async || found().await.is_some()).await;
    found().await.unwrap()
}

/// Somebody with an account that was made over HTTP.
async fn register(hark: &Hark, name: &str) -> Client {
    let body = json!({"username": name, "password": "123456"});
    let made = hark.post_as_nobody("/api/v1/auth/register", &body).await.expect(201);
    let id = made["user"]["id"].as_i64().unwrap();
    Client { id, username: name.to_owned(), token: made["token"].as_str().unwrap().to_owned() }
}

async fn a_service_that_subscribed_hears_of_messages_members_and_users(world: &World) {
    let hark = world.start().await;
    subscribe(world, own()).await;
    let root = hark.user_as("root", Role::Admin).await;
    let (ann, bob) = (register(&hark, "ann").await, register(&hark, "bob").await);
    let created = one(&hark, EventType::UserCreated).await;
    assert_eq!((created.source_service.as_str(), created.published_by), ("hark", None));
    assert_eq!(created.id.as_str(), format!("hark:user-created:{}", ann.id));
    assert_eq!((&created.data["user"]["username"], &created.data["role"]), (&json!("ann"), &json!("user")));

    let room = hark.group(&ann, &[&bob]).await;
    let joined = one(&hark, EventType::MemberJoined).await;
    assert_eq!((&joined.data["room_id"], &joined.data["user_ids"]), (&json!(room), &json!([ann.id, bob.id])));
    let mut anns = hark.connect(&ann).await;
    let ack = anns.say(room, "hello").await;
    let stored = one(&hark, EventType::MessageStored).await;
    assert_eq!(stored.id.as_str(), format!("hark:message-stored:{}", ack["message_id"].as_str().unwrap()));
    let data = &stored.data;
    assert_eq!(
        (&data["content"], &data["seq"], &data["sender_id"]),
        (&json!("hello"), &json!(1), &json!(ann.id))
    );
    assert_eq!((&data["room_id"], &data["timestamp"]), (&json!(room), &ack["timestamp"]));
    let edit = json!({"type": "edit", "message_id": ack["message_id"], "content": "good day"});
    assert_eq!(anns.ask(&edit).await["type"], "ack");
    let edited = one(&hark, EventType::MessageEdited).await;
    assert_eq!((&edited.data["content"], &edited.data["target_seq"]), (&json!("good day"), &json!(1)));
    anns.ask(&json!({"type": "recall", "message_id": ack["message_id"]})).await;
    let recalled = one(&hark, EventType::MessageRecalled).await;
    assert_eq!((&recalled.data["seq"], &recalled.data["sender_id"]), (&json!(3), &json!(ann.id)));

    hark.post(&bob, &format!("/api/v1/rooms/{room}/leave"), &json!({})).await.expect(200);
    let left = one(&hark, EventType::MemberLeft).await;
    assert_eq!(left.data["user_ids"], json!([bob.id]));
    let made = json!({"username": "carl", "password": "123456"});
    hark.post(&root, "/api/v1/users", &made).await.expect(201);
    hark.post(&root, "/api/v1/service-accounts", &json!({"username": "bot"})).await.expect(201);
    let ban = json!({"minutes": 5, "reason": "spam"});
    hark.post(&root, &format!("/api/v1/users/{}/ban", bob.id), &ban).await.expect(200);
    let banned = one(&hark, EventType::UserBanned).await;
    assert_eq!((&banned.data["user_id"], &banned.data["by_id"]), (&json!(bob.id), &json!(root.id)));
    assert_eq!((&banned.data["room_id"], banned.data.get("reason")), (&Value::Null, None));
    hark.request(reqwest::Method::DELETE, "/api/v1/users/me", &ann.token, None).await.expect(200);
    assert_eq!(one(&hark, EventType::UserDeleted).await.data, json!({"user_id": ann.id}));

    let expected = [
        ("member.joined", 1),
        ("member.left", 1),
        ("message.edited", 1),
        ("message.recalled", 1),
        ("message.stored", 1),
        ("user.banned", 1),
        ("user.created", 4),
        ("user.deleted", 1),
    ];
    assert_eq!(counts(&hark).await, expected.into());
    let delivery = &hark.running.app().events.deliveries(&stored.id).await.unwrap()[0].0;
    assert_eq!(delivery.service.as_str(), "audit");
    hark.stop().await;
}

async fn a_service_that_subscribed_hears_of_every_step_of_a_session(world: &World) {
    let hark = world.start().await;
    subscribe(world, own()).await;
    let visitor = hark.post_as_nobody("/api/v1/visitors", &json!({"name": "Vera"})).await.expect(201);
    let id = visitor["user"]["id"].as_i64().unwrap();
    let token = visitor["token"].as_str().unwrap().to_owned();
    let visitor = Client { id, username: String::new(), token };
    let session = hark.post(&visitor, "/api/v1/support/sessions", &json!({})).await.expect(201);
    let opened = one(&hark, EventType::SessionOpened).await;
    assert_eq!((&opened.data["session_id"], &opened.data["state"]), (&session["id"], &json!("queued")));
    assert_eq!((&opened.data["visitor"]["id"], &opened.data["staff"]), (&json!(visitor.id), &Value::Null));
    assert!(opened.id.as_str().starts_with("hark:session:"), "{}", opened.id);

    let staff = hark.user_as("staff", Role::Staff).await;
    let _socket = hark.connect(&staff).await;
    let assigned = one(&hark, EventType::SessionAssigned).await;
    assert_eq!(assigned.data["staff"]["id"], staff.id);
    let path = format!("/api/v1/support/sessions/{}", session["id"]);
    hark.post(&visitor, &format!("{path}/close"), &json!({})).await.expect(200);
    let closed = one(&hark, EventType::SessionClosed).await;
    assert_eq!((&closed.data["closed_by"], &closed.data["by_id"]), (&json!("visitor"), &json!(visitor.id)));
    hark.post(&visitor, &format!("{path}/rating"), &json!({"rating": 5})).await.expect(200);
    one(&hark, EventType::SessionRated).await;
    let counts = counts(&hark).await;
    for step in ["session.opened", "session.assigned", "session.closed", "session.rated", "user.created"] {
        assert_eq!(counts.get(step), Some(&1), "{step}: {counts:?}");
    }
    hark.stop().await;
}

async fn nothing_is_stored_that_nobody_subscribed_to_and_what_is_told_again_is_stored_once(world: &World) {
    let hark = world.start().await;
    let (ann, bob) = (register(&hark, "ann").await, register(&hark, "bob").await);
    let room = hark.group(&ann, &[&bob]).await;
    let mut anns = hark.connect(&ann).await;
    anns.say(room, "unheard").await;
    eventually(async || hark.standing(room).await.open == 0).await;
    assert_eq!(told(&hark).await, []);

    subscribe(world, [EventType::MessageStored].into_iter()).await;
    // What is known of the subscriptions is five seconds old at most.
    world.clock.turn(Duration::from_secs(5));
    let (app, kept) = aside(&hark);
    let message = app.messages.history(room.into(), Seq(0), first(), Seq(0)).await.unwrap().items.remove(0);
    let again = |content: &str| {
        let mut entry = message.clone();
        entry.content = content.to_owned();
        let outbox = shared::ids::OutboxId(i64::MAX);
        let entry = shared::model::Entry::Message(entry);
        Event::MessageStored(shared::ports::MessageStored {
            outbox,
            entry,
            unposted: shared::ports::Unposted { left: shared::ports::Left::Nobody, gone: vec![] },
        })
    };
    for content in ["unheard", "unheard", ""] {
        deliver(&app, &again(content)).await.unwrap();
    }
    let events = told(&hark).await;
    assert_eq!(events.len(), 1);
    assert_eq!(events[0].data["content"], "unheard", "as it was told first");
    let due: Vec<Event> = kept.take().into_iter().map(|(_, event)| event).collect();
    assert!(matches!(&due[..], [Event::DeliveryDue(_), ..]), "{due:?}");
    assert_eq!(app.events.event_backlog().await.unwrap().0, 1);
    hark.stop().await;
}

const fn first() -> shared::ports::Window {
    shared::ports::Window::Page(shared::model::Page { number: 1, size: 1 })
}

/// An event to a service, stored while nothing of the bus arrives.
async fn published_aside(hark: &Hark, id: &str) -> (shared::app::App, std::sync::Arc<crate::posts::Kept>) {
    hark.running.schedules().hold(true);
    let (app, kept) = aside(hark);
    let (kind, data) = (EventType::SystemEvent, json!({"n": 1}));
    let service = |name: &str| ServiceName::parse(name).unwrap();
    let (source_service, target_service) = (service("orders"), Some(service("knowledge")));
    let digest = NewEvent::digest_of(kind, &source_service, target_service.as_ref(), &data, 7);
    let id = EventId::parse(id).unwrap();
    let published_by = None::<UserId>;
    let new = NewEvent { id, kind, source_service, target_service, data, priority: 7, published_by, digest };
    events::publish(&app, &[new]).await.unwrap();
    assert_eq!(due(&kept), [(1, 7)]);
    (app, kept)
}

/// Round and priority of what was put on the bus.
fn due(kept: &crate::posts::Kept) -> Vec<(u32, u8)> {
    let events = kept.take().into_iter().map(|(_, event)| event);
    events
        .filter_map(
            |event| if let Event::DeliveryDue(due) = event { Some((due.round, due.priority)) } else { None },
        )
        .collect()
}

async fn upkeep(app: &shared::app::App) {
    let event = serde_json::from_value(json!({
        "version": "0", "id": "1", "detail-type": "Scheduled Event", "source": "aws.events", "account": "1",
        "time": "2026-01-01T00:00:00Z", "region": "eu-central-1", "resources": [], "detail": {}
    }));
    upkeep::handle(app, event.unwrap()).await.unwrap();
}

async fn a_delivery_that_nobody_came_for_is_published_again_by_upkeep(world: &World) {
    let hark = world.start().await;
    let (app, kept) = published_aside(&hark, "e1").await;
    world.clock.turn(Duration::from_secs(9));
    events::sweep(
        &app,
        UnixMs(0)..=app.clock.now().plus(-10_000),
        tokio::time::Instant::now() + Duration::from_secs(5),
    )
    .await
    .unwrap();
    assert_eq!(due(&kept), [], "it may be on its way");
    world.clock.turn(Duration::from_secs(2));
    upkeep(&app).await;
    assert_eq!(due(&kept), [(1, 7)]);
    upkeep(&app).await;
    assert_eq!(due(&kept), [], "not again at once");
    hark.stop().await;
}

async fn a_delivery_of_an_outage_is_published_again_when_it_is_over(world: &World) {
    let hark = world.start().await;
    let before = hark.running.app().clock.now();
    let (app, kept) = published_aside(&hark, "e1").await;
    let sweep = |from, until| Event::SweepOutbox(SweepOutbox { from, until });
    deliver(&app, &sweep(UnixMs(0), before.plus(-1))).await.unwrap();
    assert_eq!(due(&kept), [], "of another outage");
    deliver(&app, &sweep(before, app.clock.now())).await.unwrap();
    assert_eq!(due(&kept), [(1, 7)]);
    hark.stop().await;
}

async fn settled_events_and_broadcasts_are_removed_after_their_days(world: &World) {
    let hark = world.start_with(&[("EVENT_RETENTION_DAYS", "2")]).await;
    let (app, _) = published_aside(&hark, "pending").await;
    let root = hark.user_as("root", Role::Admin).await;
    let body = json!({"id": "settled", "type": "user_action", "source_service": "a", "data": {}});
    hark.post(&root, "/api/v1/events/publish", &body).await.expect(202);
    let body = json!({"message_type": "system", "target_type": "all", "data": {}});
    let begun = hark.post(&root, "/api/v1/broadcast", &body).await.expect(202);
    let follow = format!("/api/v1/broadcast/{}", begun["id"].as_str().unwrap());
    eventually(async || hark.get(&root, &follow).await.body["state"] == "done").await;
    let left = async || told(&hark).await.into_iter().map(|event| event.id.to_string()).collect::<Vec<_>>();
    upkeep(&app).await;
    assert_eq!(left().await.len(), 2);

    world.clock.turn(Duration::from_secs(2 * 86_400 + 60));
    upkeep(&app).await;
    assert_eq!(left().await, ["pending"]);
    let root = hark.user_as("root2", Role::Admin).await;
    hark.get(&root, &follow).await.refused(404, "not_found");
    hark.stop().await;
}

on_both! {
    a_service_that_subscribed_hears_of_messages_members_and_users,
    a_service_that_subscribed_hears_of_every_step_of_a_session,
    nothing_is_stored_that_nobody_subscribed_to_and_what_is_told_again_is_stored_once,
    a_delivery_that_nobody_came_for_is_published_again_by_upkeep,
    a_delivery_of_an_outage_is_published_again_when_it_is_over,
    settled_events_and_broadcasts_are_removed_after_their_days,
}
