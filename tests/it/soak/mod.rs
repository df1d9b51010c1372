//! The delivery contract under load and faults: a tenth by default, at full size with `HARK_FULL=1`. Chance
//! is seeded: the seed is printed, and `HARK_SEED` sets it.

mod chaos;
mod grounds;
mod ledger;
mod line;
mod node;
mod order;
mod outages;

use std::time::Duration;

use rand::SeedableRng;
use rand::rngs::StdRng;

pub use node::Node;

/// Whether the whole size is asked for, and with it the bounds of time that a busy machine may break.
pub fn is_full() -> bool {
    std::env::var("HARK_FULL").is_ok_and(|value| value == "1")
}

/// So much at full size, else a tenth.
fn scaled(full: u32) -> u32 {
    if is_full() { full } else { full / 10 }
}

/// The bound itself at full size; otherwise ten times as much, since the machine may be busy.
fn bound(stated: Duration) -> Duration {
    if is_full() { stated } else { stated * 10 }
}

/// The chance of one case; prints by what it can be repeated.
pub fn chance(case: &str) -> StdRng {
    let given = std::env::var("HARK_SEED").ok().and_then(|seed| seed.parse().ok());
    let seed: u64 = given.unwrap_or_else(rand::random);
    println!("{case}: HARK_SEED={seed}");
    StdRng::seed_from_u64(seed)
}
