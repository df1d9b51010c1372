//! A month of messages and sessions.

use sqlx::AssertSqlSafe;

use crate::database::Database;

const FILL: &str = include_str!("fill.sql");

/// Writes them.
///
/// # Errors
/// The server's.
pub(super) async fn fill(database: &Database, messages: u32, sessions: u32) -> anyhow::Result<()> {
    let script = FILL.replace(":messages", &messages.to_string());
    let script = script.replace(":sessions", &sessions.to_string());
    let mut connection = database.connect().await?;
    for statement in script.split(";\n").filter(|statement| !statement.trim().is_empty()) {
        let statement = AssertSqlSafe(statement.to_owned());
        sqlx::raw_sql(statement).execute(&mut connection).await?;
    }
    Ok(())
}
