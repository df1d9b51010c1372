//! The gateway under real clients, over tiny functions written here.

mod authorizer;
mod client;
mod events;
mod fault_switches;
mod faults;
mod frames;
mod functions;
mod handshake;
mod http;
mod limits;
mod management;
mod payload;
mod post_faults;
mod stage;
mod stopping;
