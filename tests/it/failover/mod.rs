//! Redis servers that stand in for each other: a Sentinel set and a Cluster.

pub mod cluster;
mod nodes;
pub mod sentinel;
mod server;

pub use nodes::{Addresses, Nodes};
