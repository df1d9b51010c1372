//! Customer service besides its desk: when a team serves, and who is told of what became of a session.

mod announce;
pub mod hours;

pub use announce::announce;
