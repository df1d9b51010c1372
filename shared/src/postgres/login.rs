//! Logging in, by the URL of this moment.

use std::str::FromStr;
use std::time::Duration;

use sqlx::ConnectOptions;
use sqlx::postgres::{PgConnectOptions, PgConnection};

use crate::config::Secret;
use crate::secrets::LoginUrl;

/// SQLSTATE: the password is wrong; the user may not log in, or not from here.
const REFUSED: [&str; 2] = ["28P01", "28000"];

/// # Errors
/// It isn't a URL of Postgres.
pub(super) fn options(url: &Secret) -> Result<PgConnectOptions, sqlx::Error> {
    Ok(PgConnectOptions::from_str(url.expose())?.application_name("hark").disable_statement_logging())
}

/// A connection whose statements, and pauses within a transaction, may take as long as `limit`.
pub(super) async fn connect(url: &LoginUrl, limit: Duration) -> Result<PgConnection, sqlx::Error> {
    url.connect(|url| connect_by(url, limit), is_refused).await
}

async fn connect_by(url: Secret, limit: Duration) -> Result<PgConnection, sqlx::Error> {
    let limit = format!("{}ms", limit.as_millis());
    let limits = [("statement_timeout", &limit), ("idle_in_transaction_session_timeout", &limit)];
    options(&url)?.options(limits).connect().await
}

/// Whether another login may help: a URL that isn't one is mended in the same place.
pub(super) fn is_refused(error: &sqlx::Error) -> bool {
    match error {
        sqlx::Error::Database(error) => error.code().is_some_and(|code| REFUSED.contains(&&*code)),
        sqlx::Error::Configuration(_) => true,
        _ => false,
    }
}
