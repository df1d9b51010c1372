//! What admins do to other users.

pub(crate) mod ban;
pub(crate) mod create;
pub(crate) mod kick;
pub(crate) mod role;

use shared::Error;
use shared::app::App;
use shared::identity::{Caller, Permission};
use shared::ids::{UserId, UserRef};
use shared::model::Account;

/// The user whom the path names, when the caller may manage them: never somebody of a higher role.
///
/// # Errors
/// `forbidden`, `not_found`.
pub(crate) async fn managed(app: &App, caller: &Caller, user: &UserRef) -> Result<Account, Error> {
    caller.require(Permission::UsersManage)?;
    let user = named(app, user).await?;
    let account = app.accounts.account(user).await?.ok_or_else(no_such_user)?;
    if account.role.rank() > caller.role.rank() {
        return Err(Error::forbidden("only somebody of at least their role may do this"));
    }
    Ok(account)
}

async fn named(app: &App, user: &UserRef) -> Result<UserId, Error> {
    let found = app.accounts.find(user).await?;
    found.map(|user| user.id).ok_or_else(no_such_user)
}

fn no_such_user() -> Error {
    Error::not_found("no such user")
}

fn not_oneself(caller: &Caller, user: UserId) -> Result<(), Error> {
    if user == caller.user { Err(Error::invalid("user", "is yourself")) } else { Ok(()) }
}
