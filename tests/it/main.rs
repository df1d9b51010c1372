#![expect(clippy::unwrap_used, reason = "a test that can't go on stops where it is")]
#![expect(unreachable_pub, reason = "a test binary exports nothing")]

mod broker;
mod conformance;
mod cost;
mod exchange;
mod handshake;
mod hark;
mod management;
mod refusals;
mod schedules;
mod seeds;
