//! What API Gateway does to a team on a bad day, on demand.

use std::sync::atomic::{AtomicBool, Ordering::Relaxed};

/// Switches, all off at the start.
#[derive(Debug, Default)]
pub struct Faults {
    lose_disconnects: AtomicBool,
}

impl Faults {
    /// Whether sockets end without a `$disconnect`, which API Gateway sends on a best effort only.
    pub fn lose_disconnects(&self, on: bool) {
        self.lose_disconnects.store(on, Relaxed);
    }

    pub(in crate::gateway) fn loses_disconnects(&self) -> bool {
        self.lose_disconnects.load(Relaxed)
    }
}
