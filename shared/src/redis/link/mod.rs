//! The connection to Redis: opened at the first call, opened anew when it died, and never waited for
//! longer than the deadline. One server, the master that sentinels name, or a cluster.

mod answers;
mod cluster;
mod connection;
mod login;
mod place;
mod source;

use std::sync::Arc;
use std::time::Duration;

use redis::{Cmd, FromRedisValue, Pipeline, RedisError, Value};
use tokio::time::timeout;

use super::RedisConfigError;
use crate::breaker::Breaker;
use crate::ports::PresenceError;
use crate::secrets::LoginUrl;
pub(super) use answers::{Answers, unavailable};
use place::{Open, Place};
use source::Source;

pub(super) struct Link {
    deadline: Duration,
    breaker: Breaker,
    place: Arc<Place>,
}

impl Link {
    pub(super) fn new(url: LoginUrl, deadline: Duration) -> Result<Self, RedisConfigError> {
        Source::read(&url.current())?;
        Ok(Self { deadline, breaker: Breaker::default(), place: Place::new(url) })
    }

    /// Sends commands side by side, in one round trip, and answers what each gave. Those on one hash tag
    /// run in their order; others may be on other nodes, so none of these may count on another having run.
    pub(super) async fn send(&self, commands: Vec<Cmd>) -> Result<Answers, PresenceError> {
        if self.breaker.is_open() {
            return Err(unavailable("skipped, since it failed a moment ago"));
        }
        self.send_anyway(commands).await
    }

    /// Answers a ping, also while everything else is skipped: who waits for Redis needs not wait for that as well.
    pub(super) async fn ping(&self) -> Result<(), PresenceError> {
        self.send_anyway(vec![redis::cmd("PING")]).await?.next()
    }

    async fn send_anyway(&self, commands: Vec<Cmd>) -> Result<Answers, PresenceError> {
        match timeout(self.deadline, self.attempt(commands)).await {
            Ok(Ok(values)) => {
                self.breaker.succeeded();
                Ok(Answers::new(values))
            }
            Ok(Err(error)) => Err(self.failed(&error)),
            Err(_) => {
                // What hangs may never come back; the next call begins with a new connection.
                self.place.clear();
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

    /// Once over the connection there is, and if that turns out dead, or leads to a server that isn't
    /// the master any more, once over a new one.
    async fn attempt(&self, commands: Vec<Cmd>) -> Result<Vec<Value>, RedisError> {
        let pipeline = pipeline_of(commands);
        if let Some(open) = self.place.current() {
            if let Some(values) = self.try_reused(&open, &pipeline).await {
                return Ok(values);
            }
            self.place.forget(&open);
        }
        let open = self.place.open().await?;
        let outcome = open.connection.run(&pipeline).await;
        if outcome.is_err() {
            self.place.forget(&open);
        }
        outcome
    }

    async fn try_reused(&self, open: &Open, pipeline: &Pipeline) -> Option<Vec<Value>> {
        let running = open.connection.run(pipeline);
        let outcome = if open.is_doubtful() {
            // Silence must leave time for the second try.
            timeout(self.deadline / 3, running).await.ok()?
        } else {
            running.await
        };
        open.used();
        outcome.inspect_err(|error| tracing::debug!(%error, "the connection to Redis is opened anew")).ok()
    }
}

fn pipeline_of(commands: Vec<Cmd>) -> Pipeline {
    let mut pipeline = Pipeline::with_capacity(commands.len());
    for command in commands {
        pipeline.add_command(command);
    }
    pipeline
}
