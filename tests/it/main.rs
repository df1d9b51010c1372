#![expect(unreachable_pub, reason = "a test binary exports nothing")]

mod broker;
mod conformance;
mod schedules;
