//! The client of `@connections` against a gateway that answers as API Gateway does.

mod gateway;
mod stale;

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant, SystemTime};

use aws_credential_types::Credentials;
use aws_credential_types::provider::{ProvideCredentials, SharedCredentialsProvider, future};
use bytes::Bytes;
use futures::future::{join, join_all};
use gateway::Gateway;
use shared::clock::UnixMs;
use shared::ids::ConnectionId;
use shared::management::{ManagementApi, ManagementConfig, POSTS_AT_ONCE};
use shared::model::Address;
use shared::ports::{ConnectionInfo, Connections, PostError};
use tokio::net::TcpListener;

/// Gives the same credentials each time and counts how often it was asked.
#[derive(Debug, Clone, Default)]
struct Counted {
    asked: Arc<AtomicUsize>,
    lifetime: Option<Duration>,
}

impl ProvideCredentials for Counted {
    fn provide_credentials<'a>(&'a self) -> future::ProvideCredentials<'a>
    where
        Self: 'a,
    {
        self.asked.fetch_add(1, Ordering::SeqCst);
        let mut credentials = gateway::credentials();
        *credentials.expiry_mut() = self.lifetime.map(|lifetime| SystemTime::now() + lifetime);
        future::ProvideCredentials::ready(Ok::<Credentials, _>(credentials))
    }
}

fn api_of(provider: &Counted) -> ManagementApi {
    let config = ManagementConfig { post_deadline: Duration::from_millis(400) };
    ManagementApi::with_credentials(config, SharedCredentialsProvider::new(provider.clone()))
}

fn api() -> ManagementApi {
    api_of(&Counted::default())
}

fn address(endpoint: &str, connection: &str) -> Address {
    Address {
        connection: ConnectionId(connection.to_owned()),
        endpoint: endpoint.to_owned(),
        connected_at: UnixMs(0),
    }
}

const FRAME: Bytes = Bytes::from_static(b"{\"type\":\"message\"}");

#[tokio::test]
async fn a_post_arrives_whole_and_signed() {
    let gateway = Gateway::start().await;
    let frame = Bytes::from("{\"content\":\"grüße\"}".repeat(100));
    api().post(&address(&gateway.base, "L0SM9cOFvHcCIhw="), frame.clone()).await.unwrap();
    let posted = gateway.last_post();
    assert_eq!(posted.path, "/local/@connections/L0SM9cOFvHcCIhw%3D");
    assert_eq!(posted.body, frame);
    assert_eq!(posted.signature, posted.expected_signature);
    assert_eq!(posted.session_token, "a session token");
}

#[tokio::test]
async fn each_refusal_is_told_apart() {
    let gateway = Gateway::start().await;
    for (connection, error) in [
        ("410", PostError::Gone),
        ("bare-410", PostError::Gone),
        ("429", PostError::Throttled),
        ("413", PostError::TooLarge),
        ("403", PostError::Forbidden),
    ] {
        let answer = api().post(&address(&gateway.base, connection), FRAME).await;
        assert_eq!(answer, Err(error), "{connection}");
    }
    let broken = api().post(&address(&gateway.base, "500"), FRAME).await;
    assert!(matches!(broken, Err(PostError::Unreachable(_))));
}

#[tokio::test]
async fn posts_one_after_another_share_a_connection_and_the_credentials() {
    let gateway = Gateway::start().await;
    let provider = Counted::default();
    let api = api_of(&provider);
    for _ in 0..50 {
        api.post(&address(&gateway.base, "a="), FRAME).await.unwrap();
    }
    assert_eq!(gateway.connections(), 1);
    assert_eq!(provider.asked.load(Ordering::SeqCst), 1);
}

#[tokio::test]
async fn posts_that_are_under_way_are_no_more_than_a_function_has_files_for() {
    let gateway = Gateway::start().await;
    let config = ManagementConfig { post_deadline: Duration::from_secs(30) };
    let api = ManagementApi::with_credentials(config, SharedCredentialsProvider::new(Counted::default()));
    let to = address(&gateway.base, "held");
    let posts = join_all((0..=POSTS_AT_ONCE).map(|_| api.post(&to, FRAME)));
    let release = async {
        gateway.holds(POSTS_AT_ONCE).await;
        gateway.let_go();
    };
    let (answers, ()) = join(posts, release).await;
    assert!(answers.iter().all(Result::is_ok), "{answers:?}");
    assert_eq!(gateway.connections(), POSTS_AT_ONCE, "the last has the connection of another");
}

#[tokio::test]
async fn credentials_that_run_out_are_renewed_before() {
    let gateway = Gateway::start().await;
    let provider = Counted { lifetime: Some(Duration::from_secs(299)), ..Counted::default() };
    let api = api_of(&provider);
    for _ in 0..3 {
        api.post(&address(&gateway.base, "a="), FRAME).await.unwrap();
    }
    assert_eq!(provider.asked.load(Ordering::SeqCst), 3);
}

#[tokio::test]
async fn a_gateway_that_does_not_answer_costs_the_deadline() {
    let gateway = Gateway::start().await;
    let api = api();
    let started = Instant::now();
    let slow = api.post(&address(&gateway.base, "slow"), FRAME).await;
    assert!(matches!(slow, Err(PostError::Unreachable(_))));
    assert!(started.elapsed() < Duration::from_secs(3));
    // It is slow, not away: others are posted to.
    api.post(&address(&gateway.base, "a="), FRAME).await.unwrap();
}

#[tokio::test]
async fn an_endpoint_nobody_listens_at_is_skipped_and_others_are_not() {
    let gateway = Gateway::start().await;
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let away = format!("http://{}/local", listener.local_addr().unwrap());
    drop(listener);
    let api = api();
    let refused = api.post(&address(&away, "a="), FRAME).await.unwrap_err();
    assert!(refused.to_string().to_lowercase().contains("refused"), "{refused}");
    let skipped = api.post(&address(&away, "a="), FRAME).await.unwrap_err();
    assert!(skipped.to_string().contains("skipped"), "{skipped}");
    api.post(&address(&gateway.base, "a="), FRAME).await.unwrap();
}

#[tokio::test]
async fn a_kept_connection_that_died_does_not_fail_the_next_post() {
    let base = stale::start().await;
    let api = api();
    for _ in 0..3 {
        api.post(&address(&base, "a="), FRAME).await.unwrap();
    }
}

#[tokio::test]
async fn an_https_endpoint_that_proves_nothing_is_unreachable() {
    // Whoever answers here has no certificate for it.
    let gateway = Gateway::start().await;
    let https = gateway.base.replace("http://", "https://");
    let answer = api().post(&address(&https, "a="), FRAME).await;
    assert!(matches!(answer, Err(PostError::Unreachable(_))), "{answer:?}");
}

#[tokio::test]
async fn what_is_no_endpoint_is_unreachable() {
    let answer = api().post(&address("nonsense", "a="), FRAME).await;
    assert!(matches!(answer, Err(PostError::Unreachable(_))));
}

#[tokio::test]
async fn inspecting_tells_what_the_gateway_knows() {
    let gateway = Gateway::start().await;
    let info = api().inspect(&address(&gateway.base, "L0SM9cOFvHcCIhw=")).await.unwrap();
    let expected = ConnectionInfo {
        connected_at: UnixMs(1_767_225_600_000),
        last_active_at: UnixMs(1_767_225_601_500),
        source_ip: "192.0.2.1".to_owned(),
        user_agent: Some("wscat".to_owned()),
    };
    assert_eq!(info, expected);
}

#[tokio::test]
async fn inspecting_and_closing_know_a_closed_connection() {
    let gateway = Gateway::start().await;
    let api = api();
    for connection in ["410", "bare-410"] {
        let closed = address(&gateway.base, connection);
        assert_eq!(api.inspect(&closed).await, Err(PostError::Gone));
        assert_eq!(api.close(&closed).await, Err(PostError::Gone));
    }
    let forbidden = api.inspect(&address(&gateway.base, "403")).await;
    assert_eq!(forbidden, Err(PostError::Forbidden));
}

#[tokio::test]
async fn closing_closes() {
    let gateway = Gateway::start().await;
    api().close(&address(&gateway.base, "L0SM9cOFvHcCIhw=")).await.unwrap();
    assert_eq!(gateway.closed(), ["L0SM9cOFvHcCIhw="]);
}
