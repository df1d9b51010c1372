//! One round trip to Redis: bare, and with a script of two commands.

use redis::aio::MultiplexedConnection;
use redis::{Client, Script};
use uuid::Uuid;

use super::time;
use crate::measure::Latency;

/// Times a PING and a script of two commands on a key of its own, which it deletes.
///
/// # Errors
/// When Redis can't be reached.
pub(super) async fn round_trips(url: &str) -> anyhow::Result<(Latency, Latency)> {
    let mut connection = Client::open(url)?.get_multiplexed_async_connection().await?;
    let ping = time(async || {
        let _: String = redis::cmd("PING").query_async(&mut connection).await?;
        Ok(())
    })
    .await?;
    let key = format!("bench:hop:{}", Uuid::new_v4());
    let script = scripts(&mut connection, &key).await;
    let _: i64 = redis::cmd("DEL").arg(&key).query_async(&mut connection).await?;
    Ok((ping, script?))
}

async fn scripts(connection: &mut MultiplexedConnection, key: &str) -> anyhow::Result<Latency> {
    let script = Script::new(
        "local count = redis.call('INCR', KEYS[1])
         redis.call('PEXPIRE', KEYS[1], 60000)
         return count",
    );
    time(async || {
        let _: i64 = script.key(key).invoke_async(connection).await?;
        Ok(())
    })
    .await
}
