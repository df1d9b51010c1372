//! Nothing is missed over a reconnect: `resume` over sockets, at random, and beside commits.

mod disconnections;
mod frames;
mod races;
mod reader;
