//! Customer service, around the port [`crate::ports::Desk`].

mod announce;
pub mod hours;
mod leave;
pub mod serving;

pub use announce::announce;
pub use leave::{dismiss, leave};
