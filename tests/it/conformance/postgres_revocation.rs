//! A socket that registers while its user's tokens are being revoked.

use std::str::FromStr;
use std::time::Duration;

use shared::ids::ConnectionId;
use shared::model::Address;
use shared::ports::{Accounts, ConnectionLog, OpenedConnection};
use sqlx::postgres::{PgConnectOptions, PgConnection};
use sqlx::{ConnectOptions, Connection};

use super::engines::{postgres, with_database};
use super::stores::{NOW, account};

const WAITING: &str = "select count(*) from pg_locks where not granted";

#[tokio::test]
async fn a_registration_waits_for_a_revocation_under_way_and_is_refused_by_it() {
    with_database(async |url| {
        let store = postgres(url, Duration::from_secs(20));
        let ann = Accounts::create(&store, account("ann"), NOW).await.unwrap().user.id;
        let options = PgConnectOptions::from_str(url).unwrap();
        let (mut revoking, mut watching) =
            (options.connect().await.unwrap(), options.connect().await.unwrap());
        let mut revocation = revoking.begin().await.unwrap();
        let revoke = "update users set token_version = token_version + 1";
        sqlx::query(revoke).execute(&mut *revocation).await.unwrap();

        let address = Address {
            connection: ConnectionId("a=".to_owned()),
            endpoint: "http://here/live".to_owned(),
            connected_at: NOW,
        };
        let opened =
            OpenedConnection { user: ann, address, device: None, token_version: 0, reconnect_at: NOW };
        let registering = {
            let store = store.clone();
            tokio::spawn(async move { store.opened(&opened).await })
        };
        until_somebody_waits(&mut watching).await;
        revocation.commit().await.unwrap();
        assert_eq!(registering.await.unwrap().unwrap(), None);
        assert_eq!(store.of_user(ann).await.unwrap(), []);
    })
    .await;
}

async fn until_somebody_waits(watching: &mut PgConnection) {
    let deadline = tokio::time::Instant::now() + Duration::from_secs(15);
    loop {
        let waiting: i64 = sqlx::query_scalar(WAITING).fetch_one(&mut *watching).await.unwrap();
        if waiting > 0 {
            return;
        }
        assert!(tokio::time::Instant::now() < deadline, "nobody waits");
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
}
