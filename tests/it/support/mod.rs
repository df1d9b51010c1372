//! Customer service over HTTP, on both engines.

mod closing;
mod desk;
mod notes;
mod opening;
mod replies;
mod sessions;
mod staff;
mod teams;
mod transfers;
mod visitors;
