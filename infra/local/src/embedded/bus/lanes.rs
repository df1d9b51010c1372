use std::collections::{BTreeMap, VecDeque};

use shared::ports::QUEUE_EVENTS;

use super::Queued;

/// What waits on one queue: on that of events by priority, the higher ones first, on every other in one row.
#[derive(Default)]
pub(super) struct Lanes(BTreeMap<u8, VecDeque<Queued>>);

/// As RabbitMQ declares them: one queue alone has priorities.
fn priority(queued: &Queued) -> u8 {
    if queued.parcel.routing_key == QUEUE_EVENTS { queued.parcel.priority } else { 0 }
}

impl Lanes {
    /// Behind all of its priority.
    pub(super) fn push_back(&mut self, queued: Queued) {
        self.0.entry(priority(&queued)).or_default().push_back(queued);
    }

    /// Before all of its priority.
    pub(super) fn push_front(&mut self, queued: Queued) {
        self.0.entry(priority(&queued)).or_default().push_front(queued);
    }

    pub(super) fn pop(&mut self) -> Option<Queued> {
        self.0.values_mut().rev().find_map(VecDeque::pop_front)
    }

    pub(super) fn len(&self) -> usize {
        self.0.values().map(VecDeque::len).sum()
    }
}
