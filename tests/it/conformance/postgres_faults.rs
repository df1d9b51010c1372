//! What the Postgres stores do when the server doesn't play along.

use std::str::FromStr;
use std::time::{Duration, Instant};

use shared::ids::UserId;
use shared::ports::{Accounts, Database, Messages, MessagesError, Rooms, StoreError};
use sqlx::postgres::PgConnectOptions;
use sqlx::{ConnectOptions, Connection};

use super::engines::{postgres, with_database};
use super::stores::{NOW, ROOMY, account, message, new_room};

const DEADLINE: Duration = Duration::from_millis(700);

#[tokio::test]
async fn a_server_that_is_away_is_unavailable_within_a_second() {
    // Connects by the listener's backlog, and never hears a word.
    let silent = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let closed = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    for address in [silent.local_addr().unwrap(), closed] {
        let started = Instant::now();
        let outcome = postgres(&format!("postgres://hark@{address}/hark"), DEADLINE).account(UserId(1)).await;
        assert!(matches!(outcome, Err(StoreError::Unavailable(_))), "{outcome:?}");
        assert!(started.elapsed() < Duration::from_secs(1), "{:?}", started.elapsed());
    }
}

#[tokio::test]
async fn a_room_that_stays_locked_is_unavailable_and_nothing_is_stored() {
    with_database(async |url| {
        let store = postgres(url, DEADLINE);
        let ann = Accounts::create(&store, account("ann"), NOW).await.unwrap().user.id;
        let new = new_room(shared::model::RoomType::Group, "team", ann, &[]);
        let room = Rooms::create(&store, new, ROOMY, NOW).await.unwrap().id;
        let mut other = PgConnectOptions::from_str(url).unwrap().connect().await.unwrap();
        let mut lock = other.begin().await.unwrap();
        sqlx::query("select from rooms for update").execute(&mut *lock).await.unwrap();
        let started = Instant::now();
        let outcome = store.append(&message(room, ann, "m1")).await;
        assert!(matches!(outcome, Err(MessagesError::Store(StoreError::Unavailable(_)))), "{outcome:?}");
        assert!(started.elapsed() < Duration::from_secs(1), "{:?}", started.elapsed());
        lock.rollback().await.unwrap();
        // The server gave up as well: the repeat finds nothing of the first try.
        let again = store.append(&message(room, ann, "m1")).await.unwrap();
        assert_eq!((again.seq.0, again.repeated), (1, false));
    })
    .await;
}

#[tokio::test]
async fn connections_that_died_while_idle_are_replaced() {
    with_database(async |url| {
        let store = postgres(url, DEADLINE);
        store.warm().await.unwrap();
        let mut other = PgConnectOptions::from_str(url).unwrap().connect().await.unwrap();
        sqlx::query(
            "select pg_terminate_backend(pid) from pg_stat_activity \
             where datname = current_database() and pid <> pg_backend_pid()",
        )
        .execute(&mut other)
        .await
        .unwrap();
        // As long as it takes for an idle connection to be distrusted.
        tokio::time::sleep(Duration::from_millis(1_050)).await;
        store.ping().await.unwrap();
    })
    .await;
}

#[tokio::test]
async fn migrating_again_changes_nothing() {
    with_database(async |url| {
        let store = postgres(url, DEADLINE);
        let epoch = store.epoch().await.unwrap();
        let again = futures::future::join(store.migrate(), store.migrate()).await;
        again.0.unwrap();
        again.1.unwrap();
        assert_eq!(store.epoch().await.unwrap(), epoch);
        assert_eq!(store.account(UserId(1)).await.unwrap(), None);
    })
    .await;
}
