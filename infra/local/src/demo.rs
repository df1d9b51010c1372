//! Identities to try an embedded runner with.

use futures::future::try_join_all;
use shared::{
    app::App,
    identity::hash_password,
    model::{Account, Role},
    ports::{AccountsError, NewAccount},
};
use uuid::Uuid;

const IDENTITIES: [(&str, Role); 4] =
    [("ann", Role::User), ("bob", Role::User), ("staff", Role::Staff), ("admin", Role::Admin)];

/// Somebody to be, without a password.
#[derive(Debug, Clone)]
pub struct Demo {
    /// Their user name.
    pub username: String,
    /// What they are.
    pub role: Role,
    /// A token of theirs, good for as long as any.
    pub token: String,
}

/// Two users, one member of staff and one admin, made once; their passwords are random and nobody's. A
/// name that somebody else has taken in another role is left out.
///
/// # Errors
/// The store's.
pub async fn identities(app: &App) -> anyhow::Result<Vec<Demo>> {
    // At once: each new one costs a password hash.
    let accounts = try_join_all(IDENTITIES.map(|(name, role)| account(app, name, role))).await?;
    accounts.into_iter().flatten().map(|account| demo(app, account)).collect()
}

async fn account(app: &App, username: &str, role: Role) -> anyhow::Result<Option<Account>> {
    let known = app.accounts.credentials(username).await?.map(|(account, _)| account);
    let account = match known {
        Some(account) => account,
        None => create(app, username, role).await?,
    };
    Ok((account.role == role).then_some(account))
}

async fn create(app: &App, username: &str, role: Role) -> anyhow::Result<Account> {
    let password_hash = hash_password(Uuid::new_v4().to_string()).await?;
    let new =
        NewAccount { username: username.into(), nickname: username.into(), email: None, password_hash, role };
    Ok(app.accounts.create(new, app.clock.now()).await.map_err(|error: AccountsError| error)?)
}

fn demo(app: &App, account: Account) -> anyhow::Result<Demo> {
    let (token, _) = app.tokens.issue(&account, app.clock.now())?;
    Ok(Demo { username: account.user.username, role: account.role, token })
}
