//! One of each port, built once per cold start.

use std::sync::Arc;

use crate::clock::Clock;
use crate::config::Config;
use crate::identity::Tokens;
use crate::ports::{Accounts, Bus, ConnectionLog, Connections, Database, Messages, Outbox, Presence, Rooms};

/// What a function works with.
#[derive(Clone)]
pub struct App {
    pub config: Arc<Config>,
    pub tokens: Arc<Tokens>,
    pub clock: Arc<dyn Clock>,
    pub database: Arc<dyn Database>,
    pub accounts: Arc<dyn Accounts>,
    pub rooms: Arc<dyn Rooms>,
    pub messages: Arc<dyn Messages>,
    pub outbox: Arc<dyn Outbox>,
    pub connection_log: Arc<dyn ConnectionLog>,
    pub presence: Arc<dyn Presence>,
    pub bus: Arc<dyn Bus>,
    pub connections: Arc<dyn Connections>,
}
