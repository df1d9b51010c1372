//! Redis servers that stand in for each other: a Sentinel set and a Cluster.

pub mod cluster;
mod load;
mod nodes;
pub mod sentinel;
mod server;
pub mod single;
mod under_load;

pub use nodes::{Addresses, Nodes};
