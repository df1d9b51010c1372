use std::str::FromStr;
use std::time::Duration;

use sqlx::postgres::PgConnectOptions;
use sqlx::{ConnectOptions, Connection};

use super::super::engines::{postgres, with_database};
use super::super::stores::{Raw, Stores};

/// Of two who change several rows, each would else wait for the other.
#[tokio::test]
async fn whoever_tells_places_leaves_the_rows_that_somebody_holds() {
    with_database(async |url| {
        let options = PgConnectOptions::from_str(url).unwrap();
        let raw = Raw::Postgres(Box::new(options.clone()));
        let stores = Stores::of(postgres(url, Duration::from_secs(2)), raw);
        let waiting = [stores.waits("v1").await, stores.waits("v2").await, stores.waits("v3").await];
        let mut other = options.connect().await.unwrap();
        let mut holds = other.begin().await.unwrap();
        let lock = "select from sessions where id = $1 for update";
        sqlx::query(lock).bind(waiting[2].0).execute(&mut *holds).await.unwrap();
        let tell = async || {
            let moved = stores.desk.take_moved("", 10, 5).await.expect("nobody is waited for");
            moved.iter().map(|place| (place.session, place.position)).collect::<Vec<_>>()
        };
        let take_an_earlier_one = sqlx::query(lock).bind(waiting[0].0);
        let (told, taken) = futures::join!(tell(), take_an_earlier_one.execute(&mut *holds));
        taken.expect("no deadlock");
        holds.commit().await.unwrap();
        // What was held by the other one is told after it.
        let all = [told, tell().await].concat();
        assert_eq!(all.iter().filter(|place| **place == (waiting[2], 3)).count(), 1, "{all:?}");
        assert_eq!(all.len(), 3, "each once: {all:?}");
    })
    .await;
}
