//! Who is calling: tokens, passwords, tickets, permissions.

mod caller;
mod password;
mod permissions;
mod ticket;
mod token;
mod visitor_key;

pub use caller::{Caller, ContextError};
pub use password::{hash as hash_password, verify as verify_password};
pub use permissions::Permission;
pub use ticket::{TICKET_LIFE_MS, Ticket};
pub use token::{Claims, TokenError, Tokens};
pub use visitor_key::VisitorKey;
