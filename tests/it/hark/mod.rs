//! A whole Hark for one case: the runner with every function, spoken to over its port alone, on state of
//! the case's own.

mod clock;
mod http;
mod socket;
mod watch;
mod world;

use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::time::Duration;

use local::{Options, Running, Time};
use serde_json::json;
use shared::ids::{RoomRef, UserId};
use shared::model::{Account, Role};
use shared::ports::NewAccount;
use tokio::time::Instant;

pub use clock::{TurnedClock, ten_to};
pub use http::{Answer, answer};
pub use socket::{Refused, Socket};
use watch::Watch;
pub use world::{RedisDatabase, World, on_embedded, on_services};

/// What callers of `@connections` sign with, under the key id `local`.
pub const MANAGEMENT_SECRET: &str = "the tests sign with it";

/// What signs tokens where the functions are elsewhere.
const JWT_SECRET: &str = "the tests sign their tokens with it";

const ROOT: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/..");
const TEMPLATE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../template.yaml");

/// Limits that a case would meet by accident; one that is about a limit sets it.
pub const UNLIMITED: [&str; 5] = [
    "RATE_LIMIT_MESSAGES",
    "RATE_LIMIT_LOGIN_PER_MINUTE",
    "RATE_LIMIT_LOGIN_NAME_PER_MINUTE",
    "RATE_LIMIT_REGISTER_PER_HOUR",
    "RATE_LIMIT_VISITORS_PER_HOUR",
];

/// Longer than anything takes on a busy machine.
const PATIENCE: Duration = Duration::from_secs(20);

/// Makes `embedded::case` and `real::case` of every case named: an `async fn(&World)`.
macro_rules! on_both {
    ($($case:ident),+ $(,)?) => {
        mod embedded {$(
            #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn $case() {
                crate::hark::on_embedded(super::$case).await;
            }
        )+}
        mod real {$(
            #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn $case() {
                crate::hark::on_services(super::$case).await;
            }
        )+}
    };
}
pub(crate) use on_both;

/// One run of Hark. State outlives it: it is the [`World`]'s.
pub struct Hark {
    pub running: Running,
    http: reqwest::Client,
    watch: Option<Watch>,
}

/// Somebody with an account and a token.
pub struct Client {
    pub id: i64,
    pub username: String,
    pub token: String,
}

impl World {
    /// Starts Hark on this state, without a rate limit.
    pub async fn start(&self) -> Hark {
        self.start_with(&[]).await
    }

    /// The same with more variables.
    pub async fn start_with(&self, variables: &[(&str, &str)]) -> Hark {
        self.start_by(PathBuf::from(TEMPLATE), variables).await
    }

    /// The same by another template.
    pub async fn start_by(&self, template: PathBuf, more: &[(&str, &str)]) -> Hark {
        self.start_as(Options { template, ..self.options(more) }).await
    }

    /// The same by options that a case has changed.
    pub async fn start_as(&self, options: Options) -> Hark {
        let (options, watch) = self.place_functions(options).await;
        let running = local::start(options).await.expect("Hark starts");
        Hark { running, http: reqwest::Client::new(), watch }
    }

    /// What a run on this state is started with.
    pub fn options(&self, more: &[(&str, &str)]) -> Options {
        let mut variables: HashMap<String, String> = self.variables().into_iter().collect();
        variables.extend(UNLIMITED.map(|name| (name.to_owned(), "0".to_owned())));
        variables.extend(more.iter().map(|(name, value)| ((*name).into(), (*value).into())));
        let state_dir = self.folder().to_owned();
        let time = Time(self.clock.clone());
        let management_secret_key = Some(MANAGEMENT_SECRET.to_owned());
        Options {
            port: 0,
            state_dir,
            management_secret_key,
            template: PathBuf::from(TEMPLATE),
            variables,
            time,
            ..Options::defaults()
        }
    }

    /// Where the functions of a run on real services are: in this process unless `HARK_FUNCTIONS` is a folder with
    /// their programs, or `watch` for a `cargo lambda watch` of the case's own.
    async fn place_functions(&self, mut options: Options) -> (Options, Option<Watch>) {
        let place = std::env::var("HARK_FUNCTIONS").unwrap_or_default();
        match place.as_str() {
            _ if !self.is_real() => (options, None),
            "" => (options, None),
            "watch" => {
                // Those that the runner makes would be known to nobody else.
                options.variables.entry("JWT_SECRET".to_owned()).or_insert_with(|| JWT_SECRET.to_owned());
                let watch = Watch::start(&options.variables).await;
                options.invoke_url = Some(watch.url());
                options.management_port = Some(watch.management_port);
                (options, Some(watch))
            }
            folder => (Options { processes: Some(Path::new(ROOT).join(folder)), ..options }, None),
        }
    }
}

impl Hark {
    /// Ends it in order.
    pub async fn stop(self) {
        assert!(self.running.stop().await, "nothing was left running");
        drop(self.watch);
    }

    /// An account of that name with a token, made without the cost of a password.
    pub async fn user(&self, username: &str) -> Client {
        self.user_as(username, Role::User).await
    }

    /// The same in a role.
    pub async fn user_as(&self, username: &str, role: Role) -> Client {
        let new = NewAccount {
            username: username.to_owned(),
            nickname: username.to_uppercase(),
            email: None,
            password_hash: Some("$argon2id$".to_owned()),
            external: None,
            role,
        };
        let app = self.running.app();
        let account = app.accounts.create(new, app.clock.now()).await.expect("the name is free");
        self.token_for(&account)
    }

    /// A token for an account that was made by other means.
    pub fn token_for(&self, account: &Account) -> Client {
        let app = self.running.app();
        let (token, _) = app.tokens.issue(account, app.clock.now()).expect("a token");
        let user = account.user.clone();
        Client { id: user.id.0, username: user.username, token }
    }

    /// `count` users by the names of `prefix1`, `prefix2` ...
    pub async fn users(&self, prefix: &str, count: usize) -> Vec<Client> {
        let mut users = Vec::with_capacity(count);
        for n in 1..=count {
            users.push(self.user(&format!("{prefix}{n}")).await);
        }
        users
    }

    /// A group of these, made over HTTP by `owner`; its id.
    pub async fn group(&self, owner: &Client, members: &[&Client]) -> i64 {
        let member_ids: Vec<i64> = members.iter().map(|member| member.id).collect();
        let body = json!({"name": "team", "type": "group", "member_ids": member_ids});
        let room = self.post(owner, "/api/v1/rooms", &body).await.expect(201);
        room["id"].as_i64().unwrap()
    }

    /// Opens a socket on `/` with the client's token.
    pub async fn connect(&self, client: &Client) -> Socket {
        self.open(&format!("/?token={}", client.token), &[]).await.expect("the handshake succeeds")
    }

    /// Opens a socket on any path, with any headers.
    ///
    /// # Errors
    /// How the handshake was refused.
    pub async fn open(&self, path: &str, headers: &[(&'static str, &str)]) -> Result<Socket, Refused> {
        Socket::open(&format!("{}{path}", self.running.ws_url()), headers).await
    }

    /// What the stores hold of a room, to compare before and after what must change nothing.
    pub async fn standing(&self, room: i64) -> Standing {
        let app = self.running.app();
        let found = app.rooms.find(&RoomRef::Id(room.into())).await.unwrap();
        let room = found.expect("the room");
        let (open, _) = app.outbox.backlog().await.unwrap();
        Standing { last_seq: room.last_seq.0, members: room.member_count, open }
    }

    /// How many rooms a user is in.
    pub async fn rooms_of(&self, client: &Client) -> usize {
        self.running.app().rooms.rooms_of(UserId(client.id)).await.unwrap().len()
    }
}

/// Of a room: its last entry, its members, and the outbox rows that are open anywhere.
#[derive(Debug, PartialEq, Eq)]
pub struct Standing {
    pub last_seq: i64,
    pub members: i64,
    pub open: i64,
}

/// Waits until something holds that no event tells of.
pub async fn eventually(holds: impl AsyncFn() -> bool) {
    let deadline = Instant::now() + PATIENCE;
    while !holds().await {
        assert!(Instant::now() < deadline, "it never came to hold");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

/// The full size with `HARK_FULL=1`, a tenth of it otherwise.
pub fn full_or_tenth(full: usize) -> usize {
    if std::env::var("HARK_FULL").is_ok_and(|value| value == "1") { full } else { full / 10 }
}
