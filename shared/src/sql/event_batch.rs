use std::collections::HashMap;

use crate::clock::UnixMs;
use crate::ids::{EventId, UserId};
use crate::model::ServiceEvent;
use crate::ports::{EventsError, NewEvent, StoreError, StoredEvent};

/// The events of a batch, each id once.
///
/// # Errors
/// `Conflict` for an id that stands there for two different events.
pub fn distinct_events(new: &[NewEvent]) -> Result<Vec<&NewEvent>, EventsError> {
    let mut seen = HashMap::new();
    let mut distinct = Vec::with_capacity(new.len());
    for event in new {
        match seen.insert(&event.id, &event.digest) {
            None => distinct.push(event),
            Some(digest) if digest == &event.digest => {}
            Some(_) => return Err(EventsError::Conflict(event.id.clone())),
        }
    }
    Ok(distinct)
}

/// The answer to a batch, from what was stored of it.
///
/// # Errors
/// `Internal` when one is missing, which no store does.
pub fn in_the_order_of(
    new: &[NewEvent],
    stored: &HashMap<EventId, StoredEvent>,
) -> Result<Vec<StoredEvent>, StoreError> {
    let missing = |event: &NewEvent| StoreError::Internal(format!("the event {} was not stored", event.id));
    new.iter().map(|event| stored.get(&event.id).cloned().ok_or_else(|| missing(event))).collect()
}

/// What is known of an event that was stored before.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EarlierEvent {
    pub digest: [u8; 32],
    pub published_by: Option<UserId>,
    pub created_at: UnixMs,
}

impl EarlierEvent {
    /// The event as it was stored the first time.
    ///
    /// # Errors
    /// `Conflict` when it was another.
    pub fn repeated(self, new: &NewEvent) -> Result<ServiceEvent, EventsError> {
        if self.digest != new.digest {
            return Err(EventsError::Conflict(new.id.clone()));
        }
        let published_by = self.published_by;
        Ok(ServiceEvent { published_by, ..new.stored_at(self.created_at) })
    }
}
