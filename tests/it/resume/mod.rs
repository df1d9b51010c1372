//! Nothing is missed over a reconnect: `resume` over sockets, at random, and beside commits.

mod disconnections;
mod frames;
mod races;
mod reader;

/// The full number when `HARK_FULL` is set, else a tenth of it.
fn tenth_or_all(full: usize) -> usize {
    if std::env::var_os("HARK_FULL").is_some() { full } else { full / 10 }
}
