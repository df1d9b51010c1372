//! A fault that is on, with what it decides by.

use super::{Bucket, ConnectFault, Fault, Kind};
use rand::{SeedableRng, rngs::StdRng};

pub(super) struct Armed {
    pub(super) fault: Fault,
    /// Its own, so that what it decides depends only on how many it was asked about before, and not on what others
    /// were asked meanwhile.
    chance: StdRng,
    /// Of a limit.
    pub(super) bucket: Option<Bucket>,
}

impl Armed {
    /// Switches on all `faults`, whose decisions follow from `seed` and their places in the list.
    pub(super) fn all(seed: u64, faults: impl IntoIterator<Item = Fault>) -> Vec<Self> {
        let mut seeds = StdRng::seed_from_u64(seed);
        faults.into_iter().map(|fault| Self::new(fault, StdRng::from_rng(&mut seeds))).collect()
    }

    fn new(fault: Fault, chance: StdRng) -> Self {
        let bucket = match fault.kind {
            Kind::Connect(ConnectFault::Limit(per_second)) => Some(Bucket::full(per_second)),
            _ => None,
        };
        Self { fault, chance, bucket }
    }

    /// Whether one that it is about meets it; it is one nearer to its end then.
    pub(super) fn strikes(&mut self) -> bool {
        let strikes = self.fault.share.takes(&mut self.chance);
        if strikes {
            self.fault.count = self.fault.count.map(|left| left.saturating_sub(1));
        }
        strikes
    }

    pub(super) fn is_spent(&self) -> bool {
        self.fault.count == Some(0)
    }
}
