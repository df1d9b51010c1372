//! The suite of `Presence`. Each case is a function that takes the adapter; [`suite!`] runs every case
//! against both.

mod caps;
mod connections;
mod frames;
mod high_availability;
mod limits;
mod line;
mod lost;
mod on_redis;
mod races;
mod rooms;
mod telling;

use std::sync::Arc;
use std::time::Duration;

use futures::future::BoxFuture;
use local::embedded::presence::{MemoryPresence, MemoryPresenceConfig};
use shared::clock::UnixMs;
use shared::ids::{ConnectionId, RoomId, UserId};
use shared::model::{Address, Listener, User};
use shared::ports::{Presence, Registration, RoomAudience};
use shared::redis::{RedisConfig, RedisPresence};
use uuid::Uuid;

use crate::failover::Addresses;

const NOW: UnixMs = UnixMs(1_800_000_000_000);
const PRESENCE_TTL: Duration = Duration::from_secs(300);
const ROUTING_TTL: Duration = Duration::from_secs(2 * 3600);
const ENDPOINT: &str = "https://abc.execute-api.eu-central-1.amazonaws.com/prod";

/// Which adapter a case runs against.
#[derive(Debug, Clone, Copy)]
enum Adapter {
    Memory,
    Redis,
    /// A Sentinel set or a Cluster, of this suite alone.
    Nodes(&'static Addresses),
}

impl Adapter {
    /// One that limits nothing, on data shared with the other cases.
    fn presence(self) -> Arc<dyn Presence> {
        self.limited(0, 0)
    }

    fn limited(self, per_second: u32, burst: u32) -> Arc<dyn Presence> {
        match self {
            Self::Memory => Arc::new(MemoryPresence::new(MemoryPresenceConfig {
                presence_ttl: PRESENCE_TTL,
                routing_ttl: ROUTING_TTL,
                rate_messages_per_second: per_second,
                rate_burst: burst,
            })),
            Self::Redis => Arc::new(redis_at(&redis_url(), per_second, burst)),
            Self::Nodes(nodes) => Arc::new(redis_at(&nodes.url, per_second, burst)),
        }
    }

    /// One on data of its own: `database` is emptied first, and no other case may name it.
    async fn alone(self, database: u8) -> Arc<dyn Presence> {
        match self {
            Self::Memory => self.presence(),
            Self::Redis => Arc::new(redis_at(&empty_database(database).await, 0, 0)),
            // Their cases run one after another.
            Self::Nodes(nodes) => {
                nodes.flush().await;
                self.presence()
            }
        }
    }
}

pub(super) fn redis_url() -> String {
    std::env::var("REDIS_URL").expect("run `make test`, which starts the services")
}

/// The URL of a database of the test server, emptied.
async fn empty_database(number: u8) -> String {
    let url = redis_url();
    let (scheme, rest) = url.split_once("://").unwrap();
    let server = rest.split('/').next().unwrap();
    let url = format!("{scheme}://{server}/{number}");
    let mut connection = raw_redis(&url).await;
    redis::cmd("FLUSHDB").exec_async(&mut connection).await.unwrap();
    url
}

/// A connection that looks at the server's keys.
async fn raw_redis(url: &str) -> redis::aio::MultiplexedConnection {
    redis::Client::open(url).unwrap().get_multiplexed_async_connection().await.unwrap()
}

pub(super) fn redis_at(url: &str, per_second: u32, burst: u32) -> RedisPresence {
    RedisPresence::new(RedisConfig {
        url: url.to_owned().into(),
        // Long, since the cases aren't about it and the machine may be busy.
        deadline: Duration::from_secs(5),
        presence_ttl: PRESENCE_TTL,
        routing_ttl: ROUTING_TTL,
        rate_messages_per_second: per_second,
        rate_burst: burst,
    })
    .unwrap()
}

/// A number that no other case uses.
fn own_id() -> i64 {
    i64::try_from(Uuid::new_v4().as_u64_pair().0 >> 12).unwrap()
}

fn a_user() -> UserId {
    UserId(own_id())
}

fn a_room() -> RoomId {
    RoomId(own_id())
}

/// A fresh connection that opened at `NOW`.
fn an_address() -> Address {
    let connection = ConnectionId(format!("{}=", Uuid::new_v4().simple()));
    Address { connection, endpoint: ENDPOINT.to_owned(), connected_at: NOW }
}

/// A user's connection, registered in `rooms` at `NOW`.
async fn connected(presence: &dyn Presence, user: UserId, rooms: &[RoomId]) -> Address {
    let address = an_address();
    register(presence, user, &address, rooms).await;
    address
}

async fn register(presence: &dyn Presence, user: UserId, address: &Address, rooms: &[RoomId]) {
    presence.register(&registration(user, address, rooms), NOW).await.unwrap();
}

fn registration(user: UserId, address: &Address, rooms: &[RoomId]) -> Registration {
    Registration {
        user,
        address: address.clone(),
        device: Some("a phone of theirs".to_owned()),
        rooms: rooms.to_vec(),
        profile: Some(User { id: user, username: "ann".to_owned(), nickname: "Ann".to_owned() }),
    }
}

fn later(by: Duration) -> UnixMs {
    NOW.plus(i64::try_from(by.as_millis()).unwrap())
}

/// The listeners in an order that can be compared.
fn sorted(mut listeners: Vec<Listener>) -> Vec<Listener> {
    listeners.sort_by(|one, other| one.address.connection.cmp(&other.address.connection));
    listeners
}

fn listens(audience: &RoomAudience, address: &Address) -> bool {
    audience.listeners.iter().any(|listener| listener.address == *address)
}

/// Runs each case against both adapters, and lists them for those servers that are started for the suite.
macro_rules! suite {
    ($($file:ident: $($case:ident)+;)+) => {
        mod in_memory {
            $($(
                #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
                async fn $case() {
                    super::$file::$case(super::Adapter::Memory).await;
                }
            )+)+
        }
        mod over_redis {
            $($(
                #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
                async fn $case() {
                    super::$file::$case(super::Adapter::Redis).await;
                }
            )+)+
        }
        fn cases(adapter: Adapter) -> Vec<(&'static str, BoxFuture<'static, ()>)> {
            vec![$($((stringify!($case), Box::pin($file::$case(adapter)) as BoxFuture<'static, ()>)),+),+]
        }
    };
}

suite! {
    frames:
        a_registered_connection_is_known
        an_unknown_connection_is_admitted_and_said_to_be_unknown
        a_frame_by_no_connection_is_admitted
        the_frame_past_the_burst_is_refused_and_says_when_to_come_again
        a_refused_frame_is_not_counted
        a_refused_frame_renews_presence
        one_user_does_not_use_up_the_rate_of_another
        renewing_is_not_counted
        renewing_tells_whether_the_connection_is_known
        one_pushes_now_the_next_later_and_the_rest_never
        a_turn_to_push_comes_again;
    limits:
        a_burst_passes_and_the_next_waits
        a_rate_of_an_hour_is_kept
        a_rate_of_zero_limits_nothing;
    connections:
        registering_twice_is_registering_once
        two_devices_are_two_listeners
        forgetting_takes_exactly_one_connection
        forgetting_what_is_unknown_is_no_error
        who_was_never_here_is_offline
        a_user_is_online_until_presence_runs_out
        the_status_names_the_connections_and_the_last_frame
        last_seen_outlives_the_last_connection
        a_silent_device_does_not_keep_its_user_online
        a_frame_of_the_past_takes_no_presence_away
        online_counts_users_and_connections
        silent_users_are_swept_and_stay_reachable
        a_sweep_takes_the_longest_silent_first_and_keeps_to_its_limit
        a_swept_user_who_speaks_is_online_and_swept_again
        listeners_are_those_of_the_users_asked_for
        a_connection_older_than_any_socket_is_dropped
        caching_messages_succeeds
        it_answers_a_ping
        forgetting_tells_whether_the_user_is_still_online
        who_was_heard_since_is_listed_with_when;
    caps:
        a_user_may_open_as_many_as_the_cap_and_not_one_more
        as_many_may_be_open_as_the_cap_and_not_one_more
        who_is_open_already_is_not_counted_again
        connections_past_their_life_take_no_place
        a_refused_connection_leaves_nothing;
    telling:
        the_same_status_again_is_no_news
        who_was_told_to_be_offline_arrives;
    lost:
        a_restored_connection_is_reachable_and_makes_online_only_if_heard_lately
        restoring_takes_nothing_from_who_spoke_meanwhile
        nobody_has_yet_been_told_of_who_arrives
        presence_that_lost_nothing_is_not_rebuilt;
    rooms:
        a_room_never_built_has_no_version
        a_rebuilt_room_has_its_version_and_its_members_connections
        a_rebuild_merges_with_those_who_registered_and_drops_strangers
        a_rebuild_of_an_older_version_leaves_a_later_one_alone
        a_rebuild_without_members_is_empty
        a_connection_that_registers_joins_a_built_room
        a_stranger_who_registers_unbuilds_the_room
        a_change_of_the_next_version_is_applied
        a_change_of_any_other_version_is_not
        a_change_in_a_room_never_built_is_not_applied
        who_connects_between_a_rebuild_and_the_news_of_joining_listens
        who_registers_with_rooms_read_before_joining_listens
        rooms_are_apart;
    races:
        a_register_during_a_rebuild_is_never_lost
        a_user_who_joins_while_connecting_listens
        members_who_come_and_go_get_what_they_should_and_strangers_nothing;
}
