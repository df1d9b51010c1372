//! Stopping in order.

use super::stage::Stage;

#[tokio::test]
async fn a_stop_closes_and_disconnects_every_socket() {
    let mut stage = Stage::start();
    let (mut one, mut other) = (stage.socket().await, stage.socket().await);
    let address = stage.runner.address();
    let Stage { runner, mut events, .. } = stage;
    let stopping = tokio::spawn(runner.stop());
    assert_eq!(one.close_code().await, 1001);
    assert_eq!(other.close_code().await, 1001);
    drop((one, other));
    assert!(stopping.await.expect("it stops"), "nothing was left in flight");
    let mut codes = Vec::new();
    while let Ok(event) = events.try_recv() {
        codes.push(event["requestContext"]["disconnectStatusCode"].as_u64());
    }
    assert_eq!(codes, [Some(1001), Some(1001)]);
    assert!(tokio::net::TcpStream::connect(address).await.is_err(), "nothing more is accepted");
}

#[tokio::test]
async fn a_stop_waits_for_what_is_in_flight() {
    let mut stage = Stage::start();
    let mut client = stage.socket().await;
    client.say(r#"{"do":"wait"}"#).await;
    stage.event().await;
    let Stage { runner, gate, .. } = stage;
    let stopping = tokio::spawn(runner.stop());
    assert_eq!(client.close_code().await, 1001);
    assert!(!stopping.is_finished());
    gate.add_permits(1);
    assert!(stopping.await.expect("it stops"), "nothing was left in flight");
}
