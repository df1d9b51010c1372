//! How many of all, by chance.

use rand::Rng;
use std::{
    fmt::{self, Display, Formatter},
    str::FromStr,
};

/// A probability: 0 is nobody, 1 everybody.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Share(f64);

impl Share {
    /// Everybody.
    pub const ALL: Self = Self(1.0);

    /// Whether it leaves anything to chance.
    pub fn is_all(self) -> bool {
        self.0 >= 1.0
    }

    /// Whether this one is of them.
    pub(super) fn takes(self, chance: &mut impl Rng) -> bool {
        self.is_all() || chance.random_bool(self.0)
    }
}

impl FromStr for Share {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let share = text.parse().ok().filter(|share| (0.0..=1.0).contains(share));
        share.map(Self).ok_or_else(|| format!("{text:?} is no share: a number from 0 to 1"))
    }
}

impl Display for Share {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}
