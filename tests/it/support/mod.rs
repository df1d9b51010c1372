//! Customer service over HTTP and as it is told over sockets, on both engines.

mod closing;
mod crowd;
mod desk;
mod desk_faults;
mod lifecycle;
mod mirrors;
mod notes;
mod opening;
mod replay;
mod replies;
mod sessions;
mod staff;
mod story;
mod teams;
mod told;
mod transfers;
mod visitors;
