//! The embedded adapters: the ports without any service.

pub mod presence;
