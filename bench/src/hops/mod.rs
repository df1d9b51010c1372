//! Bare hops: what one step of the live path costs by itself on this machine, in this run. A
//! message cannot be faster than the steps it is made of.

mod post;
mod postgres;
mod rabbitmq;
mod redis;
mod sqlite;

use std::time::{Duration, Instant};

use anyhow::Context;

use crate::measure::Latency;
use crate::server::Mode;

/// Not measured: connections, caches and prepared statements get warm.
const WARM_UP: usize = 100;
/// Each hop is measured this often, unless `AT_MOST` is over first.
const TIMES: usize = 500;
const AT_MOST: Duration = Duration::from_secs(2);

/// What a hop carries, in bytes: a message's frame.
const PAYLOAD: [u8; 300] = [b'x'; 300];

/// One step by itself.
pub(crate) struct Hop {
    pub(crate) name: &'static str,
    /// How often the live path takes it between a send and its deliveries.
    pub(crate) times: u32,
    pub(crate) latency: Latency,
}

/// Measures the hops of a mode.
///
/// # Errors
/// When a service can't be reached or `real` is asked for without the services' variables.
pub(crate) async fn measure(mode: Mode) -> anyhow::Result<Vec<Hop>> {
    match mode {
        Mode::Embedded => Ok(vec![
            hop("SQLite insert + commit", 1, sqlite::commit().await?),
            hop("HTTP post, kept connection", 1, post::post().await?),
        ]),
        Mode::Real => {
            let (ping, script) = redis::round_trips(&variable("REDIS_URL")?).await?;
            let commit = postgres::commit(&variable("DATABASE_URL")?).await?;
            let confirm = rabbitmq::confirm(&variable("RABBITMQ_URL")?).await?;
            Ok(vec![
                hop("Redis PING", 0, ping),
                hop("Redis script of 2 commands", 2, script),
                hop("Postgres insert + commit", 1, commit),
                hop("RabbitMQ confirm, quorum", 1, confirm),
                hop("HTTP post, kept connection", 1, post::post().await?),
            ])
        }
    }
}

fn hop(name: &'static str, times: u32, latency: Latency) -> Hop {
    Hop { name, times, latency }
}

fn variable(name: &str) -> anyhow::Result<String> {
    std::env::var(name).with_context(|| format!("{name} is not set"))
}

/// The medians of the hops that the live path takes, added up, in microseconds.
pub(crate) fn bare_sum_us(hops: &[Hop]) -> f64 {
    let medians = hops.iter().filter_map(|hop| Some((hop.times, hop.latency.summary()?)));
    medians.map(|(times, hop)| f64::from(times) * hop.p50_us).sum()
}

/// Adds a second measurement of the same hops.
pub(crate) fn merge(hops: &mut [Hop], again: &[Hop]) {
    for (hop, again) in hops.iter_mut().zip(again) {
        hop.latency.merge(&again.latency);
    }
}

/// Times `step`, one after the other.
async fn time(mut step: impl AsyncFnMut() -> anyhow::Result<()>) -> anyhow::Result<Latency> {
    for _ in 0..WARM_UP {
        step().await?;
    }
    let mut latency = Latency::default();
    let end = Instant::now() + AT_MOST;
    for _ in 0..TIMES {
        let began = Instant::now();
        step().await?;
        latency.record(u64::try_from(began.elapsed().as_nanos())?);
        if Instant::now() > end {
            break;
        }
    }
    Ok(latency)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn hop_of(times: u32, nanos: u64) -> Hop {
        let mut latency = Latency::default();
        latency.record(nanos);
        hop("a hop", times, latency)
    }

    #[test]
    fn the_sum_takes_each_hop_as_often_as_the_path_does() {
        let hops = [hop_of(0, 9_000), hop_of(2, 10_000), hop_of(1, 30_000)];
        assert!((bare_sum_us(&hops) - 50.0).abs() < 0.2);
    }

    #[tokio::test]
    async fn the_embedded_hops_can_be_measured_without_services() {
        let hops = measure(Mode::Embedded).await.unwrap();
        assert!(hops.iter().all(|hop| hop.latency.summary().is_some()));
    }
}
