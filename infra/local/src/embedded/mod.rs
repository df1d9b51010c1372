//! The ports without a service: straight to the runner's own memory and files.

pub mod sqlite;
