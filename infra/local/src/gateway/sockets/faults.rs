//! What API Gateway does to a team on a bad day, on demand.

use super::post_faults::{PostAnswer, PostFault, PostFaults};
use std::sync::atomic::{AtomicBool, Ordering::Relaxed};
use tokio::sync::watch;

/// Switches, all off at the start.
#[derive(Debug, Default)]
pub struct Faults {
    lose_disconnects: AtomicBool,
    hold_connects: watch::Sender<bool>,
    posts: PostFaults,
}

impl Faults {
    /// Whether sockets end without a `$disconnect`, which API Gateway sends on a best effort only.
    pub fn lose_disconnects(&self, on: bool) {
        self.lose_disconnects.store(on, Relaxed);
    }

    /// Whether sockets stay unreachable after their `$connect` returned, until this is off again: the moment
    /// between the two, as long as it takes.
    pub fn hold_connects(&self, on: bool) {
        self.hold_connects.send_replace(on);
    }

    /// Which posts go wrong from now on, in place of those that did before; none when there are no faults.
    /// A post meets the first that is about it.
    pub fn fail_posts(&self, faults: impl IntoIterator<Item = PostFault>) {
        self.posts.set(faults.into_iter().collect());
    }

    pub(super) fn meets(&self, connection: &str) -> Option<PostAnswer> {
        self.posts.meet(connection)
    }

    pub(in crate::gateway) async fn connect_is_let_go(&self) {
        // It fails only when the sender is gone, which is in `self`.
        let _ = self.hold_connects.subscribe().wait_for(|held| !held).await;
    }

    pub(in crate::gateway) fn loses_disconnects(&self) -> bool {
        self.lose_disconnects.load(Relaxed)
    }
}
