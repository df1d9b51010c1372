//! The rules of the registry, which both stores keep by the same code: when an instance is up, which of several
//! is chosen, and what it takes to send a service something.

mod check;
mod choice;
mod health;
mod targets;
mod tell;

use crate::Error;
use crate::identity::{Caller, Permission};
use crate::model::HARK;
use crate::names::ServiceName;
use crate::ports::Steward;

pub use check::{CHECK_DEADLINE, is_well};
pub use choice::Choice;
pub use health::{CHECK_FAILURES_DOWN, CHECK_SUCCESSES_UP, Standing};
pub use targets::{TargetRow, gathered};
pub use tell::tell;

/// As whom a caller does something with a service. Who manages users may do it with everybody's: they could make
/// themselves a key of the owner's.
#[must_use]
pub fn steward(caller: &Caller) -> Steward {
    Steward { user: caller.user, manages: caller.may(Permission::UsersManage) }
}

/// Nobody else goes by the name of Hark itself.
///
/// # Errors
/// `invalid`, naming the field.
pub fn refuse_own_name(field: &str, name: &ServiceName) -> Result<(), Error> {
    if name.as_str() == HARK { Err(Error::invalid(field, "is Hark's own name")) } else { Ok(()) }
}
