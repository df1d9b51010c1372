use crate::ports::{
    AccountsError, ApiKeysError, BlocksError, BroadcastsError, DeskError, EventsError, MessagesError,
    RepliesError, RoomsError, ServicesError, StoreError, SubscriptionsError,
};

/// An error of a port, as far as the connection it came over is concerned.
pub trait Failure: From<StoreError> {
    /// The store itself failed, so that the connection can't be trusted with more; false when it only
    /// said no.
    fn of_store(&self) -> bool;
}

/// The name of the unique constraint or index that a statement broke, as the store reports it: Postgres
/// by name, SQLite by table and columns.
#[must_use]
pub fn broken_rule(error: &sqlx::Error) -> Option<&str> {
    let error = error.as_database_error()?;
    if !error.is_unique_violation() {
        return None;
    }
    Some(error.constraint().unwrap_or_else(|| error.message()))
}

impl From<sqlx::Error> for StoreError {
    fn from(error: sqlx::Error) -> Self {
        use sqlx::Error::{Io, PoolClosed, PoolTimedOut, Tls, WorkerCrashed};
        let passing = match &error {
            Io(_) | Tls(_) | PoolTimedOut | PoolClosed | WorkerCrashed => true,
            sqlx::Error::Database(error) => error.code().is_some_and(|code| is_passing(&code)),
            _ => false,
        };
        let text = error.to_string();
        if passing { Self::Unavailable(text) } else { Self::Internal(text) }
    }
}

/// Whether a code means "later it may work". Postgres has five characters (SQLSTATE), SQLite numbers.
fn is_passing(code: &str) -> bool {
    if let Ok(extended) = code.parse::<u32>()
        && code.len() != 5
    {
        // The low byte is the primary code: BUSY, LOCKED, IOERR, FULL, CANTOPEN.
        return matches!(extended & 0xff, 5 | 6 | 10 | 13 | 14);
    }
    // Connection exceptions, resources, operator's intervention (shutdown, statement_timeout), deadlocks,
    // a lock not given, a primary that has become a standby, and a login that was changed.
    ["08", "28", "53", "57", "40"].iter().any(|class| code.starts_with(class))
        || matches!(code, "55P03" | "25006")
}

impl Failure for StoreError {
    fn of_store(&self) -> bool {
        true
    }
}

macro_rules! port_error {
    ($($error:ident),*) => {$(
        impl Failure for $error {
            fn of_store(&self) -> bool {
                matches!(self, Self::Store(_))
            }
        }

        impl From<sqlx::Error> for $error {
            fn from(error: sqlx::Error) -> Self {
                Self::Store(error.into())
            }
        }
    )*};
}

port_error!(
    AccountsError,
    ApiKeysError,
    BlocksError,
    BroadcastsError,
    DeskError,
    EventsError,
    MessagesError,
    RepliesError,
    RoomsError,
    ServicesError,
    SubscriptionsError
);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cut_connection_a_changed_login_a_busy_file_and_a_deadlock_may_pass() {
        for code in
            ["08006", "28P01", "53300", "57P01", "57014", "40P01", "25006", "5", "517", "6", "10", "13"]
        {
            assert!(is_passing(code), "{code}");
        }
    }

    #[test]
    fn a_broken_statement_does_not_pass() {
        for code in ["42601", "23505", "22P02", "1", "2067", "787"] {
            assert!(!is_passing(code), "{code}");
        }
    }
}
