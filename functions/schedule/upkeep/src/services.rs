use std::time::Duration;

use futures::future::join_all;
use lambda_runtime::Error;
use shared::app::App;
use shared::model::ServiceInstance;
use shared::ports::{Checked, InstanceChange};
use shared::registry;
use tokio::time::{Instant, sleep};

/// Instances checked at once.
const AT_ONCE: u32 = 64;
/// Instances dropped by one statement.
const DROPS: u32 = 100;
/// Who is checked once a minute or more seldom is looked after by one look in each run.
const MINUTE: Duration = Duration::from_secs(60);

/// What a run did.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Looked {
    pub(crate) checked: usize,
    /// Went up or down.
    pub(crate) changed: usize,
    pub(crate) dropped: usize,
}

/// Checks every instance that is due and forgets those that are gone; again until `until` where checks come more
/// often than runs.
pub(crate) async fn look(app: &App, until: Instant) -> Result<Looked, Error> {
    let interval = app.config.registry.check_interval;
    let mut looked = Looked::default();
    loop {
        check(app, until, &mut looked).await?;
        forget_silent(app, &mut looked).await?;
        if interval >= MINUTE || Instant::now() + interval >= until {
            return Ok(looked);
        }
        sleep(interval).await;
    }
}

async fn check(app: &App, until: Instant, looked: &mut Looked) -> Result<(), Error> {
    let interval = i64::try_from(app.config.registry.check_interval.as_millis())?;
    while Instant::now() < until {
        let due = app.services.claim_checks(app.clock.now(), interval, AT_ONCE).await?;
        let checked = join_all(due.iter().map(|instance| check_one(app, instance))).await;
        let changes = app.services.note_checks(&checked, app.clock.now()).await?;
        tell(app, &changes).await;
        looked.checked += checked.len();
        looked.changed += changes.len();
        if checked.len() < AT_ONCE as usize {
            break;
        }
    }
    Ok(())
}

async fn check_one(app: &App, instance: &ServiceInstance) -> Checked {
    let url = instance.health_check_url.as_deref().and_then(|url| url.parse().ok());
    let passed = match url {
        Some(url) => registry::is_well(&app.outbound, &url).await,
        None => false,
    };
    Checked { instance: instance.id, passed }
}

async fn forget_silent(app: &App, looked: &mut Looked) -> Result<(), Error> {
    let timeout = i64::try_from(app.config.registry.instance_timeout.as_millis())?;
    loop {
        let dropped = app.services.drop_silent(app.clock.now().plus(-timeout), DROPS).await?;
        tell(app, &dropped).await;
        looked.dropped += dropped.len();
        if dropped.len() < DROPS as usize {
            return Ok(());
        }
    }
}

async fn tell(app: &App, changes: &[InstanceChange]) {
    for change in changes {
        tracing::info!(
            change = ?change.change,
            service = change.service_name.as_str(),
            instance = %change.instance_id,
            "an instance changed"
        );
    }
    registry::tell(app, changes).await;
}
