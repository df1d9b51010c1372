//! One suite per port, run against every adapter of it.

mod bus;
mod presence;
