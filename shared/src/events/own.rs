use crate::app::App;
use crate::model::OwnEvent;
use crate::ports::{EventsError, NewEvent, StoreError};

use super::publish;

/// Stores an event of each of `things`, as far as somebody subscribed to it; again without harm.
///
/// # Errors
/// When the store is away.
pub async fn tell<T: Sync>(app: &App, things: &[T], of: fn(&T) -> OwnEvent) -> Result<(), StoreError> {
    if things.is_empty() {
        return Ok(());
    }
    let wanted = app.subscribed.types(app.events.as_ref(), app.clock.now()).await?;
    if wanted.is_empty() {
        return Ok(());
    }
    let told = things.iter().map(of).filter(|own| wanted.contains(&own.kind));
    store(app, told.map(NewEvent::from).collect()).await
}

/// The same of one thing, after a commit that stands whatever comes of it.
pub async fn tell_if_possible(app: &App, own: OwnEvent) {
    if let Err(error) = tell(app, &[own], OwnEvent::clone).await {
        tracing::warn!(%error, "services are not told");
    }
}

async fn store(app: &App, mut new: Vec<NewEvent>) -> Result<(), StoreError> {
    while !new.is_empty() {
        match publish(app, &new).await {
            Ok(_) => break,
            Err(EventsError::Store(error)) => return Err(error),
            // Somebody took the id before such ids were reserved: theirs stays, and the others are told.
            Err(EventsError::Conflict(id)) => {
                tracing::error!(%id, "the id of an event of Hark's own was taken");
                new.retain(|event| event.id != id);
            }
        }
    }
    Ok(())
}
