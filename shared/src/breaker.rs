//! After a failure, calls to a service are skipped for a moment, so that an outage costs one deadline
//! a second and not one a message.

use std::sync::Mutex;
use std::time::Duration;

use tokio::time::Instant;

/// How long a service is left alone after it failed.
pub const OPEN_FOR: Duration = Duration::from_secs(1);

/// Closed: calls go through. Open: they are skipped until [`OPEN_FOR`] has passed since the failure.
#[derive(Debug, Default)]
pub struct Breaker(Mutex<Option<Instant>>);

impl Breaker {
    /// Whether a call should be skipped now.
    #[must_use]
    pub fn is_open(&self) -> bool {
        self.lock().is_some_and(|until| Instant::now() < until)
    }

    pub fn failed(&self) {
        *self.lock() = Some(Instant::now() + OPEN_FOR);
    }

    pub fn succeeded(&self) {
        *self.lock() = None;
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, Option<Instant>> {
        // The value is replaced whole, so a panic elsewhere can't have left it half written.
        self.0.lock().unwrap_or_else(std::sync::PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn it_opens_on_a_failure_and_closes_after_a_second() {
        let breaker = Breaker::default();
        assert!(!breaker.is_open());
        breaker.failed();
        assert!(breaker.is_open());
        tokio::time::advance(OPEN_FOR).await;
        assert!(!breaker.is_open());
    }
}
