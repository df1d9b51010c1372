//! The ports without a service: straight to the runner's own memory and files.

mod connections;

pub use connections::LocalConnections;
