#![expect(clippy::unwrap_used, reason = "a test that can't go on stops where it is")]
#![expect(unreachable_pub, reason = "a test binary exports nothing")]

mod app;
mod broker;
mod caps;
mod clients;
mod closing;
mod cluster;
mod conformance;
mod cost;
mod emptied;
mod events;
mod exchange;
mod handshake;
mod hark;
mod held;
mod http;
mod management;
mod online;
mod passing;
mod refusals;
mod runner;
mod schedules;
mod seeds;
mod status;
mod upkeep;
mod vanished;
