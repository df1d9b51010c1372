//! What ends a socket, and that it ends once.

use super::{
    client::Client,
    stage::{PATIENCE, Stage},
};
use crate::gateway::ManagementAccess;
use bytes::Bytes;
use std::time::Duration;
use tokio_tungstenite::tungstenite::{
    Message,
    protocol::frame::{
        Frame,
        coding::{Data, OpCode},
    },
};

async fn disconnect_code(stage: &mut Stage) -> u64 {
    loop {
        let event = stage.event().await;
        let context = &event["requestContext"];
        if context["eventType"] == "DISCONNECT" {
            assert_eq!(context["routeKey"], "$disconnect");
            assert!(context["disconnectReason"].is_string());
            return context["disconnectStatusCode"].as_u64().expect("it has a code");
        }
    }
}

#[tokio::test]
async fn a_frame_of_32_kib_is_taken_and_a_larger_one_closes_with_1009() {
    let mut stage = Stage::start();
    let mut client = stage.socket().await;
    let full = "x".repeat(32 * 1024);
    client.say(&full).await;
    assert_eq!(client.hear().await, full);
    client.try_send(Message::text("x".repeat(32 * 1024 + 1))).await;
    assert_eq!(client.close_code().await, 1009);
    assert_eq!(disconnect_code(&mut stage).await, 1009);
}

#[tokio::test]
async fn a_message_over_128_kib_in_frames_closes_with_1009() {
    let mut stage = Stage::start();
    let mut client = stage.socket().await;
    let part = Bytes::from("x".repeat(32 * 1024));
    for (first, last) in [(true, false), (false, false), (false, false), (false, false), (false, true)] {
        let code = OpCode::Data(if first { Data::Text } else { Data::Continue });
        client.try_send(Message::Frame(Frame::message(part.clone(), code, last))).await;
    }
    assert_eq!(client.close_code().await, 1009);
}

#[tokio::test]
async fn a_message_of_128_kib_in_frames_is_taken() {
    let mut stage = Stage::start();
    let mut client = stage.socket().await;
    let part = Bytes::from("x".repeat(32 * 1024));
    for (first, last) in [(true, false), (false, false), (false, false), (false, true)] {
        let code = OpCode::Data(if first { Data::Text } else { Data::Continue });
        client.send(Message::Frame(Frame::message(part.clone(), code, last))).await;
    }
    assert_eq!(client.hear().await.len(), 128 * 1024);
}

#[tokio::test]
async fn a_binary_frame_closes_with_1003() {
    let mut stage = Stage::start();
    let mut client = stage.socket().await;
    client.send(Message::binary(vec![1, 2, 3])).await;
    assert_eq!(client.close_code().await, 1003);
    assert_eq!(disconnect_code(&mut stage).await, 1003);
}

#[tokio::test]
async fn an_idle_socket_is_closed_with_1001() {
    let mut stage = Stage::with(ManagementAccess::Loopback, |options| {
        options.idle_timeout = Duration::from_millis(200);
    });
    let mut client = stage.socket().await;
    assert_eq!(client.close_code().await, 1001);
    assert_eq!(disconnect_code(&mut stage).await, 1001);
}

#[tokio::test]
async fn a_busy_socket_is_closed_at_the_end_of_its_life_and_not_before() {
    let mut stage = Stage::with(ManagementAccess::Loopback, |options| {
        options.idle_timeout = Duration::from_millis(300);
        options.max_lifetime = Duration::from_millis(1000);
    });
    let mut client = stage.socket().await;
    let opened = tokio::time::Instant::now();
    let mut pulse = tokio::time::interval(Duration::from_millis(50));
    let code = loop {
        pulse.tick().await;
        assert!(opened.elapsed() < PATIENCE, "it is closed in time");
        client.try_send(Message::text("busy")).await;
        match client.next().await {
            Some(Message::Close(Some(frame))) => break u16::from(frame.code),
            Some(_) => {}
            None => panic!("the server hung up without a close frame"),
        }
    };
    assert_eq!(code, 1001);
    assert!(opened.elapsed() >= Duration::from_millis(900), "{:?}", opened.elapsed());
}

#[tokio::test]
async fn a_socket_is_disconnected_once_however_it_ends() {
    let mut stage = Stage::start();
    let mut polite = stage.socket().await;
    polite.close().await;
    assert_eq!(disconnect_code(&mut stage).await, 1005);
    drop(stage.socket().await);
    assert_eq!(disconnect_code(&mut stage).await, 1006);
    assert!(stage.is_quiet());
    let counters = stage.runner.sockets().counters();
    assert_eq!((counters.opened, counters.closed), (2, 2));
}

#[tokio::test]
async fn a_reader_that_falls_behind_is_dropped_and_holds_up_nobody() {
    let mut stage = Stage::start();
    let slow = stage.socket().await;
    let mut quick = stage.socket().await;
    let sockets = stage.runner.sockets().clone();
    let frame = Bytes::from("x".repeat(100 * 1024));
    let mut posted = 0;
    while posted < 1000 && sockets.post(&slow.id, frame.clone()).await.is_ok() {
        posted += 1;
    }
    assert!(posted < 1000, "the queue is bounded");
    sockets.post(&quick.id, Bytes::from_static(b"on time")).await.expect("it is open");
    assert_eq!(quick.hear().await, "on time");
    assert_eq!(disconnect_code(&mut stage).await, 1006);
}

#[tokio::test]
async fn connection_ids_are_unique() {
    let mut stage = Stage::start();
    let (one, other): (Client, Client) = (stage.socket().await, stage.socket().await);
    assert_ne!(one.id, other.id);
    assert!(one.id.ends_with('=') && other.id.ends_with('='));
}
