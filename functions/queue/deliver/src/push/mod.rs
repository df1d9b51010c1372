//! Pushes to members who are away.
//!
//! A message that somebody misses claims a push for them, which is due some seconds later; what is sent
//! meanwhile adds nothing, and whoever has come back or has read it by then gets none.

mod claim;
mod due;

pub(crate) use claim::claim;
pub(crate) use due::deliver;
