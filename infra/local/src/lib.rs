//! The local runner: stands in for API Gateway, Lambda and the Amazon MQ event source.
//!
//! Everything it does is "make an event, invoke a function, apply the answer": [`gateway`] for sockets
//! and HTTP, [`invoke`] for the functions, [`template`] for what there is to serve.

pub mod embedded;
pub mod gateway;
pub mod invoke;
mod options;
mod runner;
mod signal;
pub mod source;
pub mod template;

pub use options::Options;
pub use runner::{Background, Parts, Ports, Runner};
pub use signal::stop_requested;
