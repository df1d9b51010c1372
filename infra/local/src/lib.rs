//! The local runner: stands in for API Gateway, Lambda and the Amazon MQ event source.
//!
//! Everything it does is "make an event, invoke a function, apply the answer": [`gateway`] for sockets
//! and HTTP, [`invoke`] for the functions, [`template`] for what there is to serve.

mod app;
mod banner;
pub mod demo;
pub mod documents;
pub mod embedded;
pub mod faults;
pub mod functions;
pub mod gateway;
pub mod invoke;
mod once;
mod options;
mod runner;
mod running;
mod signal;
pub mod source;
mod state_dir;
pub mod template;
mod variables;

pub use banner::Banner;
pub use once::invoke_once;
pub use options::{Options, Time};
pub use runner::{Background, Parts, Ports, Runner};
pub use running::{Running, start};
pub use signal::stop_requested;
pub use variables::log_level;
