use std::time::Duration;

use shared::app::App;
use shared::clock::UnixMs;
use shared::model::{Attempt, Delivery, ServiceEvent, ServiceInstance};
use shared::ports::{Delay, Next, Outcome, Target};
use shared::webhook::signed;
use tokio::time::Instant;

use crate::{notice, post};

/// Instances that one round tries.
const INSTANCES: usize = 3;
/// After so long a round tries no other instance, so that a batch ends before its function does.
const PATIENCE: Duration = Duration::from_secs(30);

/// Makes the round of a delivery that is due.
pub(crate) async fn make(
    app: &App,
    (delivery, event): &(Delivery, ServiceEvent),
    target: Option<&Target>,
) -> Outcome {
    let round = delivery.rounds + 1;
    let attempts = match target {
        None => vec![nowhere(app, round, "the service is not registered")],
        Some(target) => attempts(app, delivery, event, target).await,
    };
    Outcome { delivery: delivery.id, round, next: next(delivery, &attempts, app.clock.now()), attempts }
}

/// One instance after another, until one takes it.
async fn attempts(app: &App, delivery: &Delivery, event: &ServiceEvent, target: &Target) -> Vec<Attempt> {
    let (round, body) = (delivery.rounds + 1, notice::body(event));
    let until = Instant::now() + PATIENCE;
    let mut attempts = Vec::new();
    for instance in candidates(app, delivery, target) {
        let now = app.clock.now();
        let headers = signed(&target.secrets, event.id.as_str(), now, &body);
        let attempt = post::post(app, instance, headers, body.clone(), round, now).await;
        let is_over = attempt.error.is_none() || Instant::now() >= until;
        attempts.push(attempt);
        if is_over {
            break;
        }
    }
    if attempts.is_empty() {
        let reason = if target.instances.is_empty() {
            "no healthy instance"
        } else {
            "no instance that answered of late"
        };
        attempts.push(nowhere(app, round, reason));
    }
    attempts
}

/// Whoever's turn it is, then the others; without those that let a post wait for nothing a moment ago, which would
/// hold up the whole batch.
fn candidates<'a>(app: &App, delivery: &Delivery, target: &'a Target) -> Vec<&'a ServiceInstance> {
    let (instances, now) = (&target.instances, app.clock.now());
    let turn = delivery.id.0.unsigned_abs().wrapping_add(u64::from(delivery.rounds));
    let first = turn.checked_rem(instances.len() as u64).and_then(|turn| usize::try_from(turn).ok());
    let (before, after) = instances.split_at(first.unwrap_or(0));
    let answers = |instance: &&ServiceInstance| {
        instance.events_url.parse().is_ok_and(|url| !app.outbound.is_silent(&url, now))
    };
    after.iter().chain(before).filter(answers).take(INSTANCES).collect()
}

/// An attempt that found nobody to post to.
fn nowhere(app: &App, round: u32, reason: &str) -> Attempt {
    let (at, error) = (app.clock.now(), Some(reason.to_owned()));
    Attempt { round, url: None, at, took_ms: 0, status: None, error }
}

/// How the delivery goes on: each round waits longer than the one before, and after the last step it is given up.
fn next(delivery: &Delivery, attempts: &[Attempt], now: UnixMs) -> Next {
    let Some(error) = attempts.last().and_then(|attempt| attempt.error.clone()) else {
        return Next::Delivered;
    };
    match delay_after(delivery) {
        Some(delay) => {
            let wait = i64::try_from(delay.duration().as_millis()).unwrap_or(i64::MAX);
            Next::Again(now.plus(wait))
        }
        None => Next::Dead(error),
    }
}

/// The step that follows its next round; None: that is the last.
pub(crate) fn delay_after(delivery: &Delivery) -> Option<Delay> {
    let made = delivery.rounds.saturating_sub(delivery.revived_after);
    Delay::ALL.get(usize::try_from(made).ok()?).copied()
}
