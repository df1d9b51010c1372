//! The gateway under real clients, over tiny functions written here.

mod client;
mod fault_switches;
mod faults;
mod frames;
mod functions;
mod handshake;
mod http;
mod limits;
mod management;
mod post_faults;
mod stage;
mod stopping;
