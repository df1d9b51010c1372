//! Every function on an embedded app that holds what `events/seed.sql` puts into Postgres.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use local::embedded::bus::{InProcessBus, Queues};
use local::embedded::presence::{MemoryPresence, MemoryPresenceConfig};
use local::embedded::sqlite::Sqlite;
use local::embedded::{LocalConnections, LoggedPush, MemoryCache};
use local::functions;
use local::gateway::sockets::Sockets;
use local::invoke::{Functions, Invoker};
use serde_json::{Value, json};
use shared::app::App;
use shared::clock::{SystemClock, UnixMs};
use shared::config::{Config, ROUTING_TTL};
use shared::identity::{ApiKey, Issuers, Permission, Ticket, Tokens, VisitorKey, hash_password};
use shared::ids::{BroadcastId, ClientMessageId, EventId, InstanceId, MessageId, RoomId, Seq, UserId};
use shared::model::{Attempt, BroadcastKind, EventType, Page, Role, RoomType, Session};
use shared::moderation::Moderation;
use shared::names::ServiceName;
use shared::ports::{
    Arrival, BroadcastTarget, Event as BusEvent, NewAccount, NewApiKey, NewBroadcast, NewEvent, NewInstance,
    NewMessage, NewRoom, NewSession, Next, Outcome, SessionFilter, StaffPatch, Steward, Window,
};
use shared::webhook::{Outbound, SigningSecret};
use tempfile::TempDir;
use tokio::sync::OnceCell;
use uuid::uuid;

use super::files::{Answer, Event};
use super::integrations::integrations;
use crate::hark::World;

/// Signs the tokens in the files, and nothing else.
const JWT_SECRET: &str = "hark-events-development-secret-0001";
/// More than any function takes but for an `upkeep` that waits for deliveries, which none of these does.
const LIMIT: Duration = Duration::from_secs(20);
const TICKET_LIFE_MS: i64 = 60_000;

/// By id from 1 on; `ann` has the password `123456`.
const USERS: [(&str, &str, Role); 6] = [
    ("ann", "Ann", Role::User),
    ("bob", "Bob", Role::User),
    ("admin", "Admin", Role::Admin),
    ("user1", "User 1", Role::User),
    ("user2", "User 2", Role::User),
    ("staff", "Staff", Role::Staff),
];
const ANN: UserId = UserId(1);
const BOB: UserId = UserId(2);
const ADMIN: UserId = UserId(3);
const STAFF: UserId = UserId(6);

pub struct Seeded {
    app: Arc<App>,
    functions: Functions,
    queues: Arc<Queues>,
    _folder: TempDir,
}

impl Seeded {
    pub async fn start() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let store = Arc::new(Sqlite::open(&folder.path().join("hark.sqlite")).await.unwrap());
        let queues = Arc::new(Queues::default());
        let app = Arc::new(app(&store, &queues));
        seed(&app).await;
        Self { functions: functions::all(&app), app, queues, _folder: folder }
    }

    pub async fn invoke(&self, event: &Event) -> Answer {
        Answer(self.functions.invoke(event.function(), event.bytes.clone(), LIMIT).await)
    }

    /// How many messages there are in the rooms of `ann` and `user1`, who send.
    pub async fn messages(&self) -> i64 {
        let mut rooms = self.app.rooms.rooms_of(ANN).await.unwrap();
        rooms.extend(self.app.rooms.rooms_of(UserId(4)).await.unwrap());
        let mut messages = 0;
        for room in rooms {
            let page = Window::Page(Page { number: 1, size: 1 });
            messages += self.app.messages.history(room, Seq(0), page, Seq(0)).await.unwrap().total;
        }
        messages
    }

    pub async fn open_deliveries(&self) -> i64 {
        self.app.outbox.backlog().await.unwrap().0
    }

    /// How often the event was tried to be delivered.
    pub async fn rounds_made(&self) -> u32 {
        let deliveries = self.app.events.deliveries(&an_event()).await.unwrap();
        deliveries.iter().map(|(delivery, _)| delivery.rounds).sum()
    }

    /// The session is one of the seed's, of the same visitor and room, and `staff` serve.
    pub async fn knows(&self, session: &Session, before: Option<UserId>) {
        let seeded = self.app.desk.session(session.id).await.unwrap().expect("the session");
        let of = |session: &Session| (session.visitor.clone(), session.room_id, session.team.clone());
        assert_eq!(of(session), of(&seeded));
        for staff in session.staff.iter().map(|staff| staff.id).chain(before) {
            self.serves(staff).await;
        }
    }

    pub async fn serves(&self, staff: UserId) {
        assert!(self.app.desk.staff_member(staff, 5).await.unwrap().is_some(), "{staff} is no staff member");
    }

    /// How many in the queue weren't told where they stand.
    pub async fn untold(&self) -> usize {
        self.app.desk.take_moved("", i64::MAX, 5).await.unwrap().len()
    }

    pub async fn desk(&self) -> Value {
        desk(&self.app).await
    }

    pub async fn integrations(&self) -> Value {
        integrations(&self.app).await
    }

    pub fn dead_letters(&self) -> usize {
        self.queues.dead_letters().len()
    }
}

fn app(store: &Arc<Sqlite>, queues: &Arc<Queues>) -> App {
    let config = Config::from_vars(|key| (key == "JWT_SECRET").then(|| JWT_SECRET.to_owned())).unwrap();
    let presence = MemoryPresenceConfig {
        presence_ttl: config.sockets.presence_ttl,
        routing_ttl: ROUTING_TTL,
        rate_messages_per_second: config.chat.rate_per_second,
        rate_burst: config.chat.rate_burst,
    };
    let presence = Arc::new(MemoryPresence::new(presence));
    App {
        moderation: Arc::new(Moderation::new(config.moderation.clone())),
        tokens: Arc::new(Tokens::new(&config.identity)),
        issuers: Arc::new(Issuers::new(&config.identity.issuers)),
        clock: Arc::new(SystemClock),
        database: store.clone(),
        accounts: store.clone(),
        api_keys: store.clone(),
        blocks: store.clone(),
        bans: store.clone(),
        rooms: store.clone(),
        messages: store.clone(),
        flags: store.clone(),
        outbox: store.clone(),
        events: store.clone(),
        subscribed: Arc::default(),
        broadcasts: store.clone(),
        connection_log: store.clone(),
        statuses: store.clone(),
        push_subscriptions: store.clone(),
        push_pending: store.clone(),
        desk: store.clone(),
        visitors: store.clone(),
        canned_replies: store.clone(),
        statistics: store.clone(),
        services: store.clone(),
        cache: Arc::new(MemoryCache::default()),
        push: Arc::new(LoggedPush),
        outbound: Outbound::new(config.registry.networks),
        presence: presence.clone(),
        mirrors: presence,
        bus: Arc::new(InProcessBus::new(queues.clone(), config.chat.fanout_queues)),
        connections: Arc::new(LocalConnections::new(Sockets::new())),
        config: Arc::new(config),
        secrets: Arc::default(),
    }
}

/// The services of a world that holds what `events/seed.sql` put there.
pub async fn services(world: &World) -> App {
    let variables: BTreeMap<String, String> = world.variables().into_iter().collect();
    let lookup = |key: &str| match key {
        "JWT_SECRET" => Some(JWT_SECRET.to_owned()),
        other => variables.get(other).cloned(),
    };
    let config = Config::from_vars(lookup).expect("the configuration");
    App::with_services(config, Arc::new(LocalConnections::new(Sockets::new())), &[])
        .await
        .expect("the services")
}

/// Who is there, and customer service, but for the times.
pub async fn desk(app: &App) -> Value {
    let page = Page { number: 1, size: 100 };
    let users: Vec<UserId> = (1..=20).map(UserId).collect();
    let mut users = app.accounts.users(&users).await.unwrap();
    users.sort_by_key(|user| user.id);
    let mut sessions = app.desk.sessions(&SessionFilter::default(), page).await.unwrap().items;
    let mut staff = app.desk.staff(None, 5, page).await.unwrap().items;
    let replies = app.canned_replies.replies("", page).await.unwrap().items;
    sessions.iter_mut().for_each(|session| session.opened_at = UnixMs(0));
    staff.iter_mut().for_each(|member| member.status_since = UnixMs(0));
    let key = VisitorKey::try_from("A".repeat(43)).unwrap().digest();
    let arrival = Arrival {
        key_digest: key,
        username: "another".to_owned(),
        nickname: None,
        page: None,
        metadata: None,
    };
    let visitor = app.visitors.enter(arrival, app.clock.now()).await.unwrap().user;
    json!({
        "users": users,
        "sessions": sessions,
        "staff": staff,
        "replies": replies,
        "teams": app.desk.teams().await.unwrap(),
        "visitor": visitor,
        "room": app.rooms.members(RoomId(3), page).await.unwrap().total,
    })
}

async fn seed(app: &App) {
    make_users(app).await;
    make_room(app, RoomType::Group, "Ann and Bob", ANN, BOB).await;
    make_room(app, RoomType::Public, "general", ADMIN, ANN).await;
    say_good_morning(app).await;
    open_the_desk(app).await;
    register_a_service(app).await;
    give_an_event_up(app).await;
    publish_an_event(app).await;
    begin_a_broadcast(app).await;
    give_the_bot_a_key(app).await;
    let expires_at = app.clock.now().plus(TICKET_LIFE_MS);
    let ticket = Ticket::given("hark-events-ticket-0001");
    app.accounts.issue_ticket(&ticket.digest(), ANN, 0, expires_at).await.unwrap();
}

async fn make_users(app: &App) {
    // One for all: a hash takes tens of milliseconds, and every event has a database of its own.
    static HASH: OnceCell<String> = OnceCell::const_new();
    let password_hash =
        HASH.get_or_init(async || hash_password("123456".to_owned()).await.unwrap()).await.clone();
    for (id, (username, nickname, role)) in (1..).zip(USERS) {
        let new = NewAccount {
            username: username.to_owned(),
            nickname: nickname.to_owned(),
            email: None,
            password_hash: Some(password_hash.clone()),
            external: None,
            role,
        };
        let account = app.accounts.create(new, app.clock.now()).await.unwrap();
        assert_eq!(account.user.id, UserId(id), "the tokens name users by id");
    }
}

async fn make_room(app: &App, kind: RoomType, name: &str, creator: UserId, member: UserId) {
    let new = NewRoom {
        kind,
        name: name.to_owned(),
        description: String::new(),
        history_before_joining: true,
        creator,
        members: vec![member],
    };
    app.rooms.create(new, app.config.chat.room_max_members, app.clock.now()).await.unwrap();
}

/// The message that `reply_to` and `deliver`'s events name, its outbox row open.
async fn say_good_morning(app: &App) {
    let new = NewMessage {
        id: MessageId(uuid!("019b791b-70bb-7000-8000-000000000001")),
        room: RoomId(1),
        sender: BOB,
        client_id: ClientMessageId::parse("good-morning").unwrap(),
        digest: [0; 32],
        kind: "text".to_owned(),
        content: "Good morning".to_owned(),
        reply_to: None,
        metadata: None,
        now: app.clock.now(),
    };
    app.messages.append(&new).await.unwrap();
}

/// An event that could not be delivered.
async fn give_an_event_up(app: &App) {
    let (kind, data, priority) = (EventType::UserAction, json!({"action": "sign_in"}), 5);
    let (source, target) = ("chat-service".to_owned(), "knowledge-service".to_owned());
    let (source_service, target_service) =
        (ServiceName::try_from(source).unwrap(), Some(ServiceName::try_from(target).unwrap()));
    let digest = NewEvent::digest_of(kind, &source_service, target_service.as_ref(), &data, priority);
    let id = EventId::parse("seeded-1").unwrap();
    let published_by = Some(ADMIN);
    let new = NewEvent { id, kind, source_service, target_service, data, priority, published_by, digest };
    let stored = app.events.publish_events(&[new], app.clock.now()).await.unwrap();
    let due = stored[0].due().next().unwrap();
    let next = Next::Dead("no healthy instance".to_owned());
    let outcome = Outcome { delivery: due.delivery, round: 1, attempts: vec![], next };
    app.events.record(&[outcome], app.clock.now()).await.unwrap();
}

/// One to all, of which no socket is found yet; its outbox row counts as settled.
async fn begin_a_broadcast(app: &App) {
    let (kind, target, data) = (BroadcastKind::Notification, BroadcastTarget::All, json!({"title": "Hello"}));
    let id = BroadcastId(uuid!("019b791b-70bb-7000-8000-0000000000b1"));
    let digest = NewBroadcast::digest_of(kind, target, &data);
    let new = NewBroadcast { id, kind, target, data, created_by: ADMIN, digest };
    let now = app.clock.now();
    app.broadcasts.start_broadcast(&new, now).await.unwrap();
    let due = app.outbox.claim_opened(now..=now, now, 9).await.unwrap();
    let steps = due.iter().filter(|row| matches!(row.event, BusEvent::BroadcastStep(_)));
    app.outbox.settle(&steps.map(|row| row.id).collect::<Vec<_>>()).await.unwrap();
}

/// A service account that may act for users.
async fn give_the_bot_a_key(app: &App) {
    let bot = NewAccount {
        username: "bot".to_owned(),
        nickname: "Bot".to_owned(),
        email: None,
        password_hash: None,
        external: None,
        role: Role::Service,
    };
    let account = app.accounts.create(bot, app.clock.now()).await.unwrap().user.id;
    let key = ApiKey::given(&format!("hark_{}", "A".repeat(43))).unwrap();
    let new = NewApiKey {
        account,
        name: "events".to_owned(),
        digest: key.digest(),
        hint: key.hint().to_owned(),
        permissions: vec![Permission::UsersManage],
        expires_at: None,
        made_by: ADMIN,
    };
    app.api_keys.add_key(&new, 1, app.clock.now()).await.unwrap();
}

/// A staff member who isn't there, a visitor who waits for them, and a canned reply; nobody is left to be told.
async fn open_the_desk(app: &App) {
    let (now, terms) = (app.clock.now(), app.config.support.terms(app.clock.now()));
    let key = VisitorKey::try_from("A".repeat(43)).unwrap();
    let arrival = Arrival {
        key_digest: key.digest(),
        username: "visitor-1".to_owned(),
        nickname: None,
        page: None,
        metadata: None,
    };
    let visitor = app.visitors.enter(arrival, now).await.unwrap().user.id;
    assert_eq!(visitor, UserId(7), "the tokens name users by id");
    let hired = app.desk.set_staff(STAFF, StaffPatch::default(), terms).await.unwrap();
    let new = NewSession { visitor, team: String::new(), subject: String::new(), out_of_hours: false };
    let (_, opened) = app.desk.open(new, terms).await.unwrap();
    let rows = hired.staff.iter().map(|changed| changed.outbox);
    let rows: Vec<_> = rows.chain(opened.sessions.iter().map(|changed| changed.outbox)).collect();
    app.outbox.settle(&rows).await.unwrap();
    app.canned_replies.add_reply("", "bye", "Good bye", 1, now).await.unwrap();
}

/// One whose heartbeats tell how it is.
async fn register_a_service(app: &App) {
    let new = NewInstance {
        id: InstanceId("019b76da-a800-7000-8000-000000000001".parse().unwrap()),
        service: ServiceName::parse("user-service").unwrap(),
        url: "https://user.example.com".to_owned(),
        events_url: "https://user.example.com/events".to_owned(),
        health_check_url: None,
        metadata: serde_json::json!({}),
        subscriptions: None,
        secret: SigningSecret::parse("whsec_aGFyay1ldmVudHMtZGV2ZWxvcG1lbnQtc2VjcmV0").unwrap(),
        checked: None,
        check_due_at: None,
        by: Steward { user: ADMIN, manages: true },
        now: app.clock.now(),
    };
    app.services.register_instance(&new, app.config.registry.limits).await.unwrap();
}

fn an_event() -> EventId {
    EventId::parse("019b76da-a800-7000-8000-0000000000e1").unwrap()
}

/// For a service that isn't registered yet: one round was made in vain, and the next is far away.
async fn publish_an_event(app: &App) {
    let service = |name| ServiceName::parse(name).unwrap();
    let new = NewEvent {
        id: an_event(),
        kind: EventType::UserAction,
        source_service: service("chat-service"),
        target_service: Some(service("knowledge-service")),
        data: serde_json::json!({"action": "create_conversation", "user_id": "user123"}),
        priority: 2,
        published_by: Some(ADMIN),
        digest: [0; 32],
    };
    let now = app.clock.now();
    let stored = app.events.publish_events(&[new], now).await.unwrap().remove(0);
    let error = Some("the service is not registered".to_owned());
    let attempt = Attempt { round: 1, url: None, at: now, took_ms: 0, status: None, error };
    let next = Next::Again(now.plus(7_200_000));
    let outcome = Outcome { delivery: stored.deliveries[0].id, round: 1, attempts: vec![attempt], next };
    app.events.record(&[outcome], now).await.unwrap();
}
