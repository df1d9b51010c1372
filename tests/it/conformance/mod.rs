//! One suite per port, run against every engine, so that the adapters cannot drift.
//!
//! A case is an `async fn(&Stores)`; `on_every_engine!` makes a test of it per engine.

/// Makes `sqlite::case` and `postgres::case` of every case named.
macro_rules! on_every_engine {
    ($($case:ident),+ $(,)?) => {
        mod sqlite {$(
            #[tokio::test]
            async fn $case() {
                crate::conformance::engines::on_sqlite(super::$case).await;
            }
        )+}
        mod postgres {$(
            #[tokio::test]
            async fn $case() {
                crate::conformance::engines::on_postgres(super::$case).await;
            }
        )+}
    };
}

mod accounts;
mod api_keys;
mod bans;
mod blocks;
mod broadcasts;
mod bus;
mod cache;
mod canned_replies;
mod connection_log;
mod desk;
mod engines;
mod events;
mod flags;
mod history;
mod messages;
mod outbox;
mod plans;
mod postgres_faults;
mod postgres_revocation;
mod presence;
mod push_pending;
mod push_subscriptions;
mod resumption;
mod retention;
mod revisions;
mod rooms;
mod rooms_members;
mod rooms_roles;
mod search;
mod services;
mod settings;
mod statistics;
mod statuses;
mod stores;
mod visitors;

pub(crate) use engines::with_database;
pub(crate) use stores::{account, new_room};
