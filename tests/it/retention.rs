//! What `upkeep` removes of the logs in one run.

use shared::ids::{RoomId, Seq};
use shared::ports::Window;
use sqlx::sqlite::{SqliteConnectOptions, SqliteConnection};
use sqlx::{AssertSqlSafe, Connection, PgConnection};

use crate::hark::{Client, Hark, World, on_both};

/// As many as one run removes at most: 20 steps of 500.
const A_RUN: i64 = 10_000;

/// Ids begin with the time: these are of 1970.
const ON_POSTGRES: &str = "
insert into messages (id, room_id, seq, sender_id, client_id, digest, kind, content, number, created_at)
select lpad(to_hex(n), 32, '0')::uuid, ROOM, n, SENDER, n::text, '', 'text', 'old', n, 'epoch'
from generate_series(FIRST::bigint, LAST) n";
const ON_SQLITE: &str = "
with recursive numbers(n) as (select FIRST union all select n + 1 from numbers where n < LAST)
insert into messages (id, room_id, seq, sender_id, client_id, digest, kind, content, number, created_at)
select unhex(printf('%032x', n)), ROOM, n, SENDER, n, x'', 'text', 'old', n, 0 from numbers";

/// A log that nobody speaks in any more.
struct Log<'a> {
    world: &'a World,
    hark: &'a Hark,
    sender: &'a Client,
    room: i64,
}

impl Log<'_> {
    /// Stores entries of these numbers, long ago.
    async fn hold(&self, first: i64, last: i64) {
        let of = |statement: &str| {
            let named = [("ROOM", self.room), ("SENDER", self.sender.id), ("FIRST", first), ("LAST", last)];
            let named = named
                .iter()
                .fold(statement.to_owned(), |text, (name, number)| text.replace(name, &number.to_string()));
            AssertSqlSafe(named)
        };
        if self.world.is_real() {
            let mut database = PgConnection::connect(&self.world.services().database_url).await.unwrap();
            sqlx::raw_sql(of(ON_POSTGRES)).execute(&mut database).await.unwrap();
        } else {
            let file = SqliteConnectOptions::new().filename(self.world.folder().join("hark.db"));
            let mut database = SqliteConnection::connect_with(&file).await.unwrap();
            sqlx::raw_sql(of(ON_SQLITE)).execute(&mut database).await.unwrap();
        }
    }

    /// The numbers that are left after a run, at most two.
    async fn after_a_run(&self) -> Vec<i64> {
        self.hark.running.schedules().run("upkeep").await.unwrap();
        let window = Window::After { seq: Seq(0), limit: 2 };
        let listing =
            self.hark.running.app().messages.history(RoomId(self.room), Seq(0), window, Seq(0)).await;
        listing.unwrap().items.iter().map(|message| message.seq.0).collect()
    }
}

async fn one_run_removes_so_many_and_leaves_one_more_to_the_next(world: &World) {
    let hark = world.start_with(&[("MESSAGE_RETENTION_DAYS", "1")]).await;
    let ann = hark.user("ann").await;
    let room = hark.group(&ann, &[]).await;
    let log = Log { world, hark: &hark, sender: &ann, room };
    log.hold(1, A_RUN).await;
    assert_eq!(log.after_a_run().await, [0; 0], "as many as a run removes");
    log.hold(A_RUN + 1, 2 * A_RUN + 1).await;
    assert_eq!(log.after_a_run().await, [2 * A_RUN + 1], "one more");
    assert_eq!(log.after_a_run().await, [0; 0]);
    hark.stop().await;
}

on_both! {
    one_run_removes_so_many_and_leaves_one_more_to_the_next,
}
