use serde::Serialize;
use shared::Error;
use shared::app::App;
use shared::clock::UnixMs;
use shared::model::{Account, User};
use utoipa::ToSchema;

/// A fresh token and whose it is: what registering, logging in and a new password answer.
#[derive(Serialize, ToSchema)]
pub(crate) struct Issued {
    token: String,
    expires_at: UnixMs,
    user: User,
}

impl Issued {
    /// # Errors
    /// `internal` when it can't be signed.
    pub(crate) fn to(app: &App, account: Account) -> Result<Self, Error> {
        let (token, expires_at) = app.tokens.issue(&account, app.clock.now())?;
        Ok(Self { token, expires_at, user: account.user })
    }
}
