use lambda_runtime::Error;
use shared::app::App;
use shared::chat::rebuild::{self, Progress};
use shared::ports::{Event, PresenceRebuild};

/// Takes one step of a rebuild of presence and publishes the next.
pub(crate) async fn step(app: &App, PresenceRebuild { claim, after }: PresenceRebuild) -> Result<(), Error> {
    match rebuild::step(app, claim, after.as_ref()).await? {
        Progress::Until(last) => {
            let next = Event::PresenceRebuild(PresenceRebuild { claim, after: Some(last) });
            app.bus.publish(&[next], app.clock.now()).await?;
        }
        Progress::Done => tracing::info!("presence is whole again"),
        Progress::Superseded => tracing::info!("a rebuild that was superseded ends"),
    }
    Ok(())
}
