//! One load from beginning to end: users, rooms, sockets, sending, waiting, adding up.

use std::sync::Arc;
use std::time::{Duration, Instant};

use anyhow::Context as _;
use tokio::sync::watch;

use crate::cast::{self, Cast};
use crate::idle::Idle;
use crate::limits::check_open_files;
use crate::load::Load;
use crate::outcome::{Members, Outcome, Work};
use crate::process::cpu_time;
use crate::progress::{Progress, Tally};
use crate::receive::Context;
use crate::rooms::{self, Room};
use crate::server::Server;
use crate::sockets::Dialer;
use crate::users::Users;

/// After the last expected delivery the run goes on until nothing came for this long: a duplicate
/// comes last.
const QUIET: Duration = Duration::from_millis(300);

/// Everybody who can take part in loads on one server. Idle users are in no room, so that an idle
/// socket gets nothing.
pub(crate) struct Crowd {
    pub(crate) members: Users,
    pub(crate) idle: Users,
}

/// Puts `load` on `server`.
///
/// # Errors
/// When it can't be set up (files, users, rooms, sockets) or takes longer than it ever should.
/// Errors that answer messages are figures, not errors of the run.
pub(crate) async fn run(
    server: &mut Server,
    crowd: &mut Crowd,
    (scenario, mode): (&str, &str),
    load: &Load,
) -> anyhow::Result<Outcome> {
    load.check()?;
    check_open_files(u64::try_from(load.sockets())?, server.pid)?;
    let tally = Arc::new(Tally::default());
    let _progress = Progress::show(format!("{scenario} {mode}"), Arc::clone(&tally));
    let driven = drive(server, crowd, load, tally);
    let driven = tokio::time::timeout(load.bound(), driven).await;
    let driven = driven.with_context(|| format!("not finished within {:?}", load.bound()))??;
    Ok(driven.outcome(scenario, mode, load))
}

/// What a load left to be reported.
struct Driven {
    members: Members,
    work: Work,
    connects: (u64, f64),
    idle_bytes: Option<f64>,
    idle_closed: u64,
}

async fn drive(
    server: &mut Server,
    crowd: &mut Crowd,
    load: &Load,
    tally: Arc<Tally>,
) -> anyhow::Result<Driven> {
    let (stopping, stop) = watch::channel(());
    let rooms = furnish(server, crowd, load, &tally).await?;
    let mut dialer = Dialer::new(server.target, Arc::clone(&tally));
    let users = crowd.idle.at_least(load.idle_users(), &tally).await?;
    if load.idle > 0 {
        server.restart().await?;
    }
    let idle = Idle::open(&mut dialer, users, load.idle, server.pid, &stop).await?;
    let rooms = cast::open(&mut dialer, rooms, load.devices).await?;
    let cast = Cast::start(rooms, load, &tally, stop);
    let work = watch_work(&cast.context, server.pid).await?;
    settle(&tally, load.grace()).await;
    drop(stopping);
    Ok(Driven {
        idle_bytes: idle.bytes_each,
        idle_closed: idle.closed_early().await,
        members: cast.finish().await?,
        connects: dialer.rate(),
        work,
    })
}

impl Driven {
    fn outcome(self, scenario: &str, mode: &str, load: &Load) -> Outcome {
        Outcome {
            scenario: scenario.to_owned(),
            mode: mode.to_owned(),
            load: load.clone(),
            sockets: self.connects.0,
            connects_per_second: self.connects.1,
            deliveries_per_second: self.work.rate(),
            server_cores: self.work.cores(),
            cpu_us_per_delivery: self.work.cpu_us_per_delivery(),
            idle_bytes_per_socket: self.idle_bytes,
            closed_early: self.members.closed_early + self.idle_closed,
            members: self.members,
        }
    }
}

/// Registers who is missing and makes the rooms.
async fn furnish(
    server: &Server,
    crowd: &mut Crowd,
    load: &Load,
    tally: &Arc<Tally>,
) -> anyhow::Result<Vec<Room>> {
    if load.senders == 0 {
        return Ok(Vec::new());
    }
    let users = crowd.members.at_least(load.members(), tally).await?;
    rooms::make(server.target, users, load.rooms, load.senders, load.listeners()).await
}

/// Waits for the window to pass; what the server did in it.
async fn watch_work(context: &Context, server: Option<u32>) -> anyhow::Result<Work> {
    let cpu = || server.map(cpu_time).transpose();
    tokio::time::sleep_until(context.clock.at(context.window.from).into()).await;
    let (began, before) = (Instant::now(), cpu()?);
    tokio::time::sleep_until(context.clock.at(context.window.until).into()).await;
    let after = cpu()?;
    Ok(Work {
        elapsed: began.elapsed(),
        cpu: after.zip(before).map(|(after, before)| after.saturating_sub(before)),
        deliveries: context.tally.measured.get(),
    })
}

/// Waits until all sends are answered, all deliveries are there and nothing more comes, or the
/// grace is over.
async fn settle(tally: &Tally, grace: Duration) {
    let deadline = Instant::now() + grace;
    let mut last = (tally.delivered.get(), Instant::now());
    while Instant::now() < deadline {
        tokio::time::sleep(Duration::from_millis(20)).await;
        let delivered = tally.delivered.get();
        if delivered != last.0 {
            last = (delivered, Instant::now());
        }
        let answered = tally.answered.get() >= tally.sent.get();
        if answered && delivered >= tally.expected.get() && last.1.elapsed() >= QUIET {
            return;
        }
    }
}
