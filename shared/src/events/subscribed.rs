use std::collections::HashSet;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use crate::clock::UnixMs;
use crate::model::EventType;
use crate::ports::{Events, StoreError};

/// How long what is known of the subscriptions counts, in milliseconds: who subscribes hears of what happens in Hark
/// so much later at most.
const FRESH_MS: i64 = 5_000;

type Types = Arc<HashSet<EventType>>;

/// The types of events that some service wants, as they were a moment ago: Hark tells of itself only when somebody
/// listens, and what happens in it is too much to ask each time.
#[derive(Default)]
pub struct Subscribed {
    known: Mutex<Option<(UnixMs, Types)>>,
}

impl Subscribed {
    /// # Errors
    /// When the store is away and nothing fresh is known.
    pub async fn types(&self, events: &dyn Events, now: UnixMs) -> Result<Types, StoreError> {
        if let Some(types) = self.fresh(now) {
            return Ok(types);
        }
        let types: Types = Arc::new(events.subscribed().await?.into_iter().collect());
        *self.lock() = Some((now, Arc::clone(&types)));
        Ok(types)
    }

    fn fresh(&self, now: UnixMs) -> Option<Types> {
        let known = self.lock();
        let (at, types) = known.as_ref()?;
        // A clock set back tells nothing of how old it is.
        (0..FRESH_MS).contains(&(now.0 - at.0)).then(|| Arc::clone(types))
    }

    fn lock(&self) -> MutexGuard<'_, Option<(UnixMs, Types)>> {
        // The value is replaced whole, so a panic elsewhere can't have left it half written.
        self.known.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
