//! The connection to Redis: opened at the first call, opened anew when it died, and never waited for
//! longer than the deadline.

use std::time::{Duration, SystemTime};

use redis::aio::{ConnectionLike, MultiplexedConnection};
use redis::{
    AsyncConnectionConfig, Client, Cmd, FromRedisValue, Pipeline, RedisError, ServerErrorKind, Value,
};
use tokio::sync::Mutex;
use tokio::time::timeout;

use super::RedisConfigError;
use super::scripts;
use super::url::RedisUrl;
use crate::breaker::Breaker;
use crate::ports::PresenceError;

/// A connection that rested longer may have died unnoticed: the function was frozen, or a load balancer
/// dropped it without a word.
const DOUBTFUL_AFTER: Duration = Duration::from_secs(5);

pub(super) struct Link {
    client: Client,
    deadline: Duration,
    breaker: Breaker,
    open: Mutex<State>,
}

#[derive(Default)]
struct State {
    connection: Option<Open>,
    /// Counts the connections, so that one who comes late with bad news doesn't close the next one.
    opened: u64,
}

struct Open {
    connection: MultiplexedConnection,
    /// By the wall clock, which goes on while the function is frozen.
    last_used: SystemTime,
}

/// A connection as one call borrows it.
struct Lent {
    connection: MultiplexedConnection,
    number: u64,
    doubtful: bool,
}

impl Link {
    pub(super) fn new(url: &RedisUrl, deadline: Duration) -> Result<Self, RedisConfigError> {
        let RedisUrl::Single(info) = url;
        let client = Client::open(info.clone()).map_err(|e| RedisConfigError::Malformed(e.to_string()))?;
        Ok(Self { client, deadline, breaker: Breaker::default(), open: Mutex::default() })
    }

    /// Sends commands side by side, in one round trip, and answers what each gave. They may be spread
    /// over several nodes one day, so none may count on another having run.
    pub(super) async fn send(&self, commands: Vec<Cmd>) -> Result<Answers, PresenceError> {
        if self.breaker.is_open() {
            return Err(unavailable("skipped, since it failed a moment ago"));
        }
        match timeout(self.deadline, self.attempt(commands)).await {
            Ok(Ok(values)) => {
                self.breaker.succeeded();
                Ok(Answers(values.into_iter()))
            }
            Ok(Err(error)) => Err(self.failed(&error)),
            Err(_) => {
                // What hangs may never come back; the next call begins with a new connection.
                self.forget_connection();
                Err(self.failed(&"no answer within the deadline"))
            }
        }
    }

    /// Sends one command.
    pub(super) async fn ask<T: FromRedisValue>(&self, command: Cmd) -> Result<T, PresenceError> {
        self.send(vec![command]).await?.next()
    }

    fn failed(&self, why: &dyn std::fmt::Display) -> PresenceError {
        self.breaker.failed();
        unavailable(why)
    }

    fn forget_connection(&self) {
        // Somebody who holds the lock is opening a new one at this moment.
        if let Ok(mut state) = self.open.try_lock() {
            state.connection = None;
        }
    }

    /// Once over the connection there is, and if that turns out dead, once over a new one.
    async fn attempt(&self, commands: Vec<Cmd>) -> Result<Vec<Value>, RedisError> {
        let pipeline = pipeline_of(commands);
        let lent = self.lend().await?;
        let number = lent.number;
        let first = if lent.doubtful {
            // Silence must leave time for the second try.
            timeout(self.deadline / 3, run(lent.connection, &pipeline)).await
        } else {
            Ok(run(lent.connection, &pipeline).await)
        };
        match first {
            Ok(Err(error)) if !error.is_unrecoverable_error() => Err(error),
            Ok(Ok(values)) => Ok(values),
            Ok(Err(_)) | Err(_) => {
                self.close(number).await;
                run(self.lend().await?.connection, &pipeline).await
            }
        }
    }

    /// The open connection, or a new one. Those who come meanwhile wait for the same one.
    async fn lend(&self) -> Result<Lent, RedisError> {
        let mut state = self.open.lock().await;
        let (now, number) = (SystemTime::now(), state.opened);
        if let Some(open) = state.connection.as_mut() {
            let doubtful = now.duration_since(open.last_used).unwrap_or_default() > DOUBTFUL_AFTER;
            open.last_used = now;
            return Ok(Lent { connection: open.connection.clone(), number, doubtful });
        }
        // The deadline is ours; the library's own limits would only hide it.
        let limits = AsyncConnectionConfig::new().set_connection_timeout(None).set_response_timeout(None);
        let connection = self.client.get_multiplexed_async_connection_with_config(&limits).await?;
        state.connection = Some(Open { connection: connection.clone(), last_used: now });
        state.opened += 1;
        Ok(Lent { connection, number: state.opened, doubtful: false })
    }

    /// Lets go of a connection, unless it was replaced already.
    async fn close(&self, number: u64) {
        let mut state = self.open.lock().await;
        if state.opened == number {
            state.connection = None;
        }
    }
}

fn pipeline_of(commands: Vec<Cmd>) -> Pipeline {
    let mut pipeline = Pipeline::with_capacity(commands.len());
    for command in commands {
        pipeline.add_command(command);
    }
    pipeline
}

/// Runs the commands; a server that doesn't know the scripts (it was restarted) gets them first.
async fn run(mut connection: MultiplexedConnection, pipeline: &Pipeline) -> Result<Vec<Value>, RedisError> {
    let values = connection.req_packed_commands(pipeline, 0, pipeline.len()).await?;
    if let Some(error) = values.iter().find_map(wrong_server) {
        return Err(error);
    }
    if !values.iter().any(misses_a_script) {
        return Ok(values);
    }
    let mut again = pipeline_of(scripts::load_all());
    let scripts = again.len();
    for command in pipeline.cmd_iter() {
        again.add_command(command.clone());
    }
    let mut values = connection.req_packed_commands(&again, 0, again.len()).await?;
    Ok(values.split_off(scripts))
}

/// A server that may not write any more: the name leads to another one by now.
fn wrong_server(value: &Value) -> Option<RedisError> {
    match value {
        Value::ServerError(error) if error.kind() == Some(ServerErrorKind::ReadOnly) => {
            Some(RedisError::from(error.clone()))
        }
        _ => None,
    }
}

fn misses_a_script(value: &Value) -> bool {
    matches!(value, Value::ServerError(error) if error.kind() == Some(ServerErrorKind::NoScript))
}

pub(super) fn unavailable(why: impl std::fmt::Display) -> PresenceError {
    PresenceError::Unavailable(why.to_string())
}

/// What the commands of one trip gave, in their order.
pub(super) struct Answers(std::vec::IntoIter<Value>);

impl Answers {
    /// Reads the next answer.
    ///
    /// # Errors
    /// `Unavailable` when the server refused the command.
    pub(super) fn next<T: FromRedisValue>(&mut self) -> Result<T, PresenceError> {
        let value = self.0.next().ok_or_else(|| unavailable("an answer is missing"))?;
        let value = value.extract_error().map_err(unavailable)?;
        T::from_redis_value(value).map_err(unavailable)
    }

    /// Makes sure that no command was refused.
    pub(super) fn all_done(self) -> Result<(), PresenceError> {
        self.0.into_iter().try_for_each(|value| value.extract_error().map(drop).map_err(unavailable))
    }
}
