//! The ports without a service: straight to the runner's own memory and files.

pub mod bus;
mod connections;
pub mod presence;
pub mod sqlite;

pub use connections::LocalConnections;
