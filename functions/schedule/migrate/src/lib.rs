//! Brings the database and the queues up to date before traffic, and makes the first admin. Run by a
//! deployment step; running it again changes nothing. With `{"rebuild_statistics": {"from": "2026-11-01", "to":
//! "2026-11-21"}}` it counts those days anew, and does nothing else.

mod statistics;

use lambda_runtime::Error;
use serde_json::{Value, json};
use shared::app::App;
use shared::chat::rebuild;
use shared::config::Secret;
use shared::identity::hash_password;
use shared::model::Role;
use shared::names::{Password, Username};
use shared::ports::{AccountsError, NewAccount};

/// # Errors
/// When the time zone is unknown, the database or the broker is away, or a migration fails.
pub async fn handle(app: &App, event: Value) -> Result<Value, Error> {
    if let Some(span) = event.get("rebuild_statistics") {
        return statistics::rebuild(app, &serde_json::from_value(span.clone())?).await;
    }
    app.config.statistics.calendar()?;
    app.database.migrate().await?;
    app.bus.declare().await?;
    fill_presence(app).await;
    let identity = &app.config.identity;
    let admin = match (&identity.admin_username, &identity.admin_password) {
        (Some(username), Some(password)) => make_admin(app, username, password).await?,
        _ => false,
    };
    tracing::info!(admin_made = admin, "migrated");
    Ok(json!({ "migrated": true, "admin_made": admin }))
}

/// An empty Redis is filled now, not by the first users. It may be away: then whoever finds it empty does it.
async fn fill_presence(app: &App) {
    if let Err(error) = rebuild::at_once(app).await {
        tracing::warn!(%error, "presence is left as it is");
    }
}

/// Makes the admin unless the name is taken; answers whether it did.
async fn make_admin(app: &App, username: &str, password: &Secret) -> Result<bool, Error> {
    let username = Username::parse(username).map_err(|problem| format!("ADMIN_USERNAME: {problem}"))?;
    let password =
        Password::parse(password.expose()).map_err(|problem| format!("ADMIN_PASSWORD: {problem}"))?;
    if app.accounts.credentials(username.as_str()).await?.is_some() {
        return Ok(false);
    }
    let admin = NewAccount {
        nickname: username.as_str().to_owned(),
        username: username.into_string(),
        email: None,
        password_hash: Some(hash_password(password.into_string()).await?),
        external: None,
        role: Role::Admin,
    };
    match app.accounts.create(admin, app.clock.now()).await {
        Ok(_) => Ok(true),
        // Another instance was first.
        Err(AccountsError::UsernameTaken) => Ok(false),
        Err(error) => Err(error.into()),
    }
}
