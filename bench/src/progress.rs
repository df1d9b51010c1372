//! What a run has done so far, shown once a second on stderr.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::time::{Duration, Instant};

use tokio::task::JoinHandle;

/// A number that tasks count up and the progress line reads.
#[derive(Debug, Default)]
pub(crate) struct Count(AtomicU64);

impl Count {
    /// Adds `more`.
    pub(crate) fn add(&self, more: u64) {
        self.0.fetch_add(more, Relaxed);
    }

    /// The number now.
    pub(crate) fn get(&self) -> u64 {
        self.0.load(Relaxed)
    }
}

/// What all tasks of a run have done so far.
#[derive(Debug, Default)]
pub(crate) struct Tally {
    pub(crate) registered: Count,
    pub(crate) sockets: Count,
    pub(crate) sent: Count,
    /// Sends that were answered, with an ack or an error.
    pub(crate) answered: Count,
    pub(crate) acked: Count,
    pub(crate) errors: Count,
    /// Deliveries that the stored messages so far must lead to.
    pub(crate) expected: Count,
    /// Deliveries so far, each counted once.
    pub(crate) delivered: Count,
    /// Those of them within the measured window.
    pub(crate) measured: Count,
}

/// Prints the tally until it is dropped.
pub(crate) struct Progress(JoinHandle<()>);

impl Progress {
    /// Begins to print `tally` once a second, with `label` in front.
    pub(crate) fn show(label: String, tally: Arc<Tally>) -> Self {
        Self(tokio::spawn(async move {
            let began = Instant::now();
            loop {
                tokio::time::sleep(Duration::from_secs(1)).await;
                eprintln!("{label} {:>4} s {}", began.elapsed().as_secs(), line(&tally));
            }
        }))
    }
}

impl Drop for Progress {
    fn drop(&mut self) {
        self.0.abort();
    }
}

fn line(tally: &Tally) -> String {
    format!(
        "users +{}  sockets {}  sent {}  acked {}  errors {}  delivered {} of {}",
        tally.registered.get(),
        tally.sockets.get(),
        tally.sent.get(),
        tally.acked.get(),
        tally.errors.get(),
        tally.delivered.get(),
        tally.expected.get(),
    )
}
