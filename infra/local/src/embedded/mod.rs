//! The ports without a service: straight to the runner's own memory and files.

pub mod bus;
mod cache;
mod connections;
mod logged_push;
pub mod presence;
pub mod sqlite;

pub use cache::MemoryCache;
pub use connections::LocalConnections;
pub use logged_push::LoggedPush;
