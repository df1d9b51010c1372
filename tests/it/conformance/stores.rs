//! A store of every port on one database, and the words in which cases speak of it.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};

use shared::clock::UnixMs;
use shared::ids::{ClientMessageId, ConnectionId, MessageId, NameOr, RoomId, UserId};
use shared::model::{Address, MemberRole, Page, Role, Room, RoomType};
use shared::ports::{
    Accounts, ApiKeys, Appended, Bans, Blocks, Broadcasts, CannedReplies, ConnectionLog, Database, Desk,
    Events, Flags, Messages, NewAccount, NewMessage, NewRoom, OpenedConnection, Outbox, PushPending,
    PushSubscriptions, Rooms, Services, Statistics, Statuses, Visitors,
};
use sqlx::postgres::PgConnectOptions;
use sqlx::{AssertSqlSafe, ConnectOptions};

/// When everything happens unless a case says otherwise.
pub(crate) const NOW: UnixMs = UnixMs(1_800_000_000_000);
/// No limit that a case would meet by accident.
pub(crate) const ROOMY: u32 = 1_000;
pub(crate) const FIRST_PAGE: Page = Page { number: 1, size: 20 };

pub(crate) struct Stores {
    pub(crate) database: Arc<dyn Database>,
    pub(crate) accounts: Arc<dyn Accounts>,
    pub(crate) api_keys: Arc<dyn ApiKeys>,
    pub(crate) blocks: Arc<dyn Blocks>,
    pub(crate) bans: Arc<dyn Bans>,
    pub(crate) rooms: Arc<dyn Rooms>,
    pub(crate) messages: Arc<dyn Messages>,
    pub(crate) flags: Arc<dyn Flags>,
    pub(crate) outbox: Arc<dyn Outbox>,
    pub(crate) events: Arc<dyn Events>,
    pub(crate) broadcasts: Arc<dyn Broadcasts>,
    pub(crate) connections: Arc<dyn ConnectionLog>,
    pub(crate) statuses: Arc<dyn Statuses>,
    pub(crate) subscriptions: Arc<dyn PushSubscriptions>,
    pub(crate) pending: Arc<dyn PushPending>,
    pub(crate) desk: Arc<dyn Desk>,
    pub(crate) visitors: Arc<dyn Visitors>,
    pub(crate) replies: Arc<dyn CannedReplies>,
    pub(crate) statistics: Arc<dyn Statistics>,
    pub(crate) services: Arc<dyn Services>,
    raw: Raw,
    clock: AtomicI64,
}

/// The database behind the ports, for what no port writes yet.
pub(crate) enum Raw {
    Sqlite(sqlx::SqlitePool),
    Postgres(Box<PgConnectOptions>),
}

impl Stores {
    pub(crate) fn of<S>(store: S, raw: Raw) -> Self
    where
        S: Database
            + Accounts
            + ApiKeys
            + Bans
            + Blocks
            + Rooms
            + Messages
            + Flags
            + Outbox
            + Events
            + Broadcasts
            + ConnectionLog
            + Statuses
            + PushSubscriptions
            + PushPending
            + Desk
            + Visitors
            + CannedReplies
            + Statistics
            + Services
            + 'static,
    {
        let store = Arc::new(store);
        Self {
            database: Arc::clone(&store) as _,
            accounts: Arc::clone(&store) as _,
            api_keys: Arc::clone(&store) as _,
            blocks: Arc::clone(&store) as _,
            bans: Arc::clone(&store) as _,
            rooms: Arc::clone(&store) as _,
            messages: Arc::clone(&store) as _,
            flags: Arc::clone(&store) as _,
            outbox: Arc::clone(&store) as _,
            events: Arc::clone(&store) as _,
            broadcasts: Arc::clone(&store) as _,
            connections: Arc::clone(&store) as _,
            statuses: Arc::clone(&store) as _,
            subscriptions: Arc::clone(&store) as _,
            pending: Arc::clone(&store) as _,
            desk: Arc::clone(&store) as _,
            visitors: Arc::clone(&store) as _,
            replies: Arc::clone(&store) as _,
            statistics: Arc::clone(&store) as _,
            services: store,
            raw,
            clock: AtomicI64::new(NOW.0),
        }
    }

    /// A moment later than every one before.
    pub(crate) fn tick(&self) -> UnixMs {
        UnixMs(self.clock.fetch_add(1, Ordering::Relaxed) + 1)
    }

    pub(crate) async fn user(&self, name: &str) -> UserId {
        self.accounts.create(account(name), NOW).await.expect("register").user.id
    }

    /// `count` users by the names of `u1`, `u2` ...
    pub(crate) async fn users(&self, count: usize) -> Vec<UserId> {
        let mut users = Vec::with_capacity(count);
        for n in 1..=count {
            users.push(self.user(&format!("u{n}")).await);
        }
        users
    }

    pub(crate) async fn group(&self, creator: UserId, members: &[UserId]) -> RoomId {
        let room = self.rooms.create(new_room(RoomType::Group, "team", creator, members), ROOMY, NOW).await;
        room.expect("create").id
    }

    pub(crate) async fn public(&self, name: &str, creator: UserId) -> RoomId {
        let room = self.rooms.create(new_room(RoomType::Public, name, creator, &[]), ROOMY, NOW).await;
        room.expect("create").id
    }

    pub(crate) async fn room(&self, room: RoomId) -> Room {
        self.rooms.find(&NameOr::Id(room)).await.expect("find").expect("the room")
    }

    /// A device of the user's, open since the beginning.
    pub(crate) async fn connect(&self, user: UserId) {
        let address = Address {
            connection: ConnectionId(format!("c{user}=")),
            endpoint: "http://here/live".to_owned(),
            connected_at: NOW,
        };
        let opened = OpenedConnection { user, address, device: None, token_version: 0, reconnect_at: NOW };
        self.connections.opened(&opened).await.expect("open");
    }

    pub(crate) async fn block(&self, blocker: UserId, blocked: UserId) {
        self.blocks.block(blocker, blocked, ROOMY, NOW).await.expect("block");
    }

    /// Stores a message whose client id and content are `text`.
    pub(crate) async fn say(&self, room: RoomId, sender: UserId, text: &str) -> Appended {
        let new = NewMessage { now: self.tick(), ..message(room, sender, text) };
        self.messages.append(&new).await.expect("append")
    }

    /// Members with their roles, by the order of joining.
    pub(crate) async fn roles(&self, room: RoomId) -> Vec<(UserId, MemberRole)> {
        let members = self.rooms.members(room, FIRST_PAGE).await.expect("members").items;
        members.into_iter().map(|member| (member.user.id, member.role)).collect()
    }

    pub(crate) async fn unread(&self, room: RoomId, viewer: UserId) -> i64 {
        self.rooms.summary(room, viewer).await.expect("summary").expect("the room").unread_count
    }

    pub(crate) async fn ban(&self, user: UserId, room: Option<RoomId>, until: UnixMs) {
        let room = room.map(|room| room.0);
        match &self.raw {
            Raw::Sqlite(pool) => {
                sqlx::query("insert into bans (user_id, room_id, until, created_at) values (?1, ?2, ?3, 0)")
                    .bind(user.0)
                    .bind(room)
                    .bind(until.0)
                    .execute(pool)
                    .await
                    .expect("ban");
            }
            Raw::Postgres(options) => {
                let mut connection = options.connect().await.expect("connect");
                sqlx::query(
                    "insert into bans (user_id, room_id, until, created_at) \
                     values ($1, $2, to_timestamp($3 / 1000.0), now())",
                )
                .bind(user.0)
                .bind(room)
                .bind(until.0)
                .execute(&mut connection)
                .await
                .expect("ban");
            }
        }
    }

    /// The one column of text that a statement reads.
    pub(crate) async fn texts(&self, statement: &'static str) -> Vec<String> {
        match &self.raw {
            Raw::Sqlite(pool) => sqlx::query_scalar(statement).fetch_all(pool).await.expect(statement),
            Raw::Postgres(options) => {
                let mut connection = options.connect().await.expect("connect");
                sqlx::query_scalar(statement).fetch_all(&mut connection).await.expect(statement)
            }
        }
    }

    /// Runs a statement that no port knows.
    pub(crate) async fn execute(&self, statement: &str) {
        let statement = AssertSqlSafe(statement.to_owned());
        match &self.raw {
            Raw::Sqlite(pool) => drop(sqlx::raw_sql(statement).execute(pool).await.expect("execute")),
            Raw::Postgres(options) => {
                let mut connection = options.connect().await.expect("connect");
                sqlx::raw_sql(statement).execute(&mut connection).await.expect("execute");
            }
        }
    }

    /// Times are written differently.
    pub(crate) const fn is_postgres(&self) -> bool {
        matches!(self.raw, Raw::Postgres(_))
    }

    /// How many rows a table holds.
    pub(crate) async fn rows_in(&self, table: &str) -> i64 {
        let statement = AssertSqlSafe(format!("select count(*) from {table}"));
        match &self.raw {
            Raw::Sqlite(pool) => sqlx::query_scalar(statement).fetch_one(pool).await.expect("count"),
            Raw::Postgres(options) => {
                let mut connection = options.connect().await.expect("connect");
                sqlx::query_scalar(statement).fetch_one(&mut connection).await.expect("count")
            }
        }
    }
}

pub(crate) fn account(username: &str) -> NewAccount {
    NewAccount {
        username: username.to_owned(),
        nickname: username.to_uppercase(),
        email: None,
        password_hash: Some("$argon2id$".to_owned()),
        external: None,
        role: Role::User,
    }
}

pub(crate) fn new_room(kind: RoomType, name: &str, creator: UserId, members: &[UserId]) -> NewRoom {
    NewRoom {
        kind,
        name: name.to_owned(),
        description: String::new(),
        history_before_joining: true,
        creator,
        members: members.to_vec(),
    }
}

pub(crate) fn message(room: RoomId, sender: UserId, text: &str) -> NewMessage {
    let mut digest = [0; 32];
    for (at, byte) in text.bytes().enumerate() {
        digest[at % 32] ^= byte;
    }
    NewMessage {
        id: MessageId::at(NOW),
        room,
        sender,
        client_id: ClientMessageId::parse(text).expect("a client id"),
        digest,
        kind: "text".to_owned(),
        content: text.to_owned(),
        reply_to: None,
        metadata: None,
        now: NOW,
    }
}
