#![expect(clippy::unwrap_used, reason = "a test that can't go on stops where it is")]

mod conformance;
