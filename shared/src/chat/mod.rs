//! Talking: the live path of a message, and who may be where. The socket and the HTTP functions and the
//! queue's consumer share it.

pub mod access;
pub mod admission;
pub mod audience;
pub mod banning;
pub mod blocking;
pub mod closing;
pub mod fanout;
pub mod members;
pub mod outbox;
mod passing;
pub mod rebuild;
pub mod receipt;
pub mod registration;
pub mod removal;
pub mod repair;
mod resolve;
mod review;
pub mod revise;
pub mod send;
pub mod status;
pub mod typing;
