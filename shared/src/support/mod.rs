//! Customer service, around the port [`crate::ports::Desk`].

mod announce;
mod leave;
pub mod serving;

pub use announce::announce;
pub use leave::{dismiss, leave};
