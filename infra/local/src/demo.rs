//! Identities to try an embedded runner with.

use shared::{
    app::App,
    identity::hash_password,
    model::{Account, Role},
    ports::NewAccount,
};
use tokio::sync::OnceCell;
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

/// Two users, one member of staff and one admin, made once. A name that somebody else has taken in another
/// role is left out.
///
/// # Errors
/// The store's.
pub async fn identities(app: &App) -> anyhow::Result<Vec<Demo>> {
    let mut demos = Vec::with_capacity(IDENTITIES.len());
    // One for all of them, made at the first that is missing: a hash is slow on purpose.
    let password_hash = OnceCell::new();
    for (username, role) in IDENTITIES {
        let account = account(app, username, role, &password_hash).await?;
        if account.role == role {
            demos.push(demo(app, account)?);
        }
    }
    Ok(demos)
}

async fn account(
    app: &App,
    username: &str,
    role: Role,
    password_hash: &OnceCell<String>,
) -> anyhow::Result<Account> {
    if let Some((account, _)) = app.accounts.credentials(username).await? {
        return Ok(account);
    }
    // Of nobody's password: they have their tokens.
    let password_hash = password_hash.get_or_try_init(|| hash_password(Uuid::new_v4().to_string())).await?;
    let new = NewAccount {
        username: username.to_owned(),
        nickname: username.to_owned(),
        email: None,
        password_hash: Some(password_hash.clone()),
        external: None,
        role,
    };
    Ok(app.accounts.create(new, app.clock.now()).await?)
}

fn demo(app: &App, account: Account) -> anyhow::Result<Demo> {
    let (token, _) = app.tokens.issue(&account, app.clock.now())?;
    Ok(Demo { username: account.user.username, role: account.role, token })
}
