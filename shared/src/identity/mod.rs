//! Who is calling: tokens, passwords, tickets, permissions.

mod api_key;
mod bearer;
mod caller;
mod issuer;
mod password;
mod permissions;
mod ticket;
mod token;
mod visitor_key;

pub use api_key::ApiKey;
pub use caller::{Caller, ContextError};
pub use issuer::{Issuers, SUBJECT_MAX_CHARS, Vouched};
pub use password::{hash as hash_password, verify as verify_password};
pub use permissions::Permission;
pub use ticket::{TICKET_LIFE_MS, Ticket};
pub use token::{Claims, TokenError, Tokens};
pub use visitor_key::VisitorKey;
