//! Events between services, around the port [`crate::ports::Events`]: publishing them, telling of what happens in
//! Hark itself, and putting on the bus again what was lost.

mod own;
mod publish;
mod subscribed;
mod sweep;

pub use own::{tell, tell_if_possible};
pub use publish::{announce, publish};
pub use subscribed::Subscribed;
pub use sweep::sweep;
