#![expect(clippy::unwrap_used, reason = "a test that can't go on stops where it is")]
#![expect(unreachable_pub, reason = "a test binary exports nothing")]

mod app;
mod blocks;
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
mod failover;
mod handshake;
mod hark;
mod held;
mod http;
mod management;
mod matrix;
mod moderation;
mod online;
mod passing;
mod push;
mod refusals;
mod resume;
mod revisions;
mod runner;
mod schedules;
mod seeds;
mod stage;
mod status;
mod thaw;
mod upkeep;
mod vanished;
