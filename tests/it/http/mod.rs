//! The HTTP functions' routers, called without a gateway in front.

mod accounts;
mod away;
mod behalf;
mod broadcasts;
mod events;
mod history;
mod leaving;
mod private;
mod push;
mod rooms;
mod search;
mod sending;
mod service_accounts;
mod services;
mod statistics;
mod tokens;
mod waiting;
mod world;
