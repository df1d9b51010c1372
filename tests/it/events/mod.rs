//! Every file under `events/`, through the function that gets it.

mod expected;
mod files;
mod integrations;
mod seeded;

use std::collections::BTreeSet;

use aws_lambda_events::apigw::{
    ApiGatewayCustomAuthorizerRequestTypeRequest, ApiGatewayV2httpRequest, ApiGatewayWebsocketProxyRequest,
};
use aws_lambda_events::eventbridge::EventBridgeEvent;
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::Value;
use shared::ids::{SessionId, UserId};
use shared::mq_event::RabbitMqEvent;
use shared::ports::{Event as Told, NewSession};
use sqlx::{Connection, PgConnection};

use expected::{EXPECTED, Expected};
pub use files::Event;
use files::every;
use integrations::integrations;
use seeded::Seeded;

use crate::hark::{World, on_services};

const SEED: &str = include_str!("../../../events/seed.sql");

#[test]
fn every_event_has_an_expectation_and_every_expectation_an_event() {
    let files: Vec<String> = every().into_iter().map(|event| event.name).collect();
    let table: Vec<&str> = EXPECTED.iter().map(|expected| expected.event).collect();
    let distinct: BTreeSet<&str> = table.iter().copied().collect();
    assert_eq!(distinct.len(), table.len(), "an event is expected twice");
    assert_eq!(distinct, files.iter().map(String::as_str).collect());
}

#[tokio::test]
async fn every_event_is_answered_as_expected_once_and_again() {
    let mut wrong = Vec::new();
    for Expected { event, before, first, again } in EXPECTED {
        let hark = Seeded::start().await;
        if !before.is_empty() {
            hark.invoke(&Event::read(before)).await;
        }
        let event = Event::read(event);
        for (run, expected) in [("first", first), ("second", again)] {
            let answer = hark.invoke(&event).await;
            if answer.summary() != *expected {
                wrong.push(format!("{}, {run} run: expected {expected}, got {answer:?}", event.name));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[tokio::test]
async fn the_same_send_run_twice_stores_once() {
    let sends = EXPECTED.iter().filter(|expected| {
        // What these store is no message.
        let revises = ["message/edit", "message/recall"].contains(&expected.event);
        let is_frame = expected.event.starts_with("message/") && expected.first == "ack";
        expected.event == "rooms/send" || is_frame && !revises
    });
    let mut stored = 0;
    for expected in sends {
        let hark = Seeded::start().await;
        let event = Event::read(expected.event);
        let before = hark.messages().await;
        let first = hark.invoke(&event).await.body();
        let again = hark.invoke(&event).await.body();
        if first.get("message_id").is_none() {
            continue; // The acknowledgement of a room joined or left.
        }
        assert_eq!(first, again, "{}", event.name);
        assert_eq!(hark.messages().await, before + 1, "{}", event.name);
        stored += 1;
    }
    assert!(stored >= 5, "only {stored} events send a message");
}

#[tokio::test]
async fn deliver_settles_what_reads_and_buries_what_does_not() {
    for (event, dead) in
        [("deliver/stored-messages", 0), ("deliver/edited-and-recalled", 0), ("deliver/unreadable", 2)]
    {
        let hark = Seeded::start().await;
        assert_eq!(hark.open_deliveries().await, 1);
        hark.invoke(&Event::read(event)).await;
        assert_eq!((hark.open_deliveries().await, hark.dead_letters()), (0, dead), "{event}");
    }
}

#[tokio::test]
async fn relay_makes_the_round_that_is_due_once_and_buries_what_does_not_read() {
    let cases = [
        ("delivery-due", 2, 0),
        ("delivery-due-of-nothing", 1, 0),
        ("misplaced", 1, 1),
        ("unreadable", 1, 1),
    ];
    for (event, rounds, dead) in cases {
        let hark = Seeded::start().await;
        let event = Event::read(&format!("relay/{event}"));
        hark.invoke(&event).await;
        hark.invoke(&event).await;
        assert_eq!((hark.rounds_made().await, hark.dead_letters()), (rounds, 2 * dead), "{}", event.name);
    }
}

#[tokio::test]
async fn only_what_nobody_can_handle_is_buried() {
    for event in every().into_iter().filter(|event| ["assign", "deliver"].contains(&event.function())) {
        let hark = Seeded::start().await;
        hark.invoke(&event).await;
        let dead = match event.name.as_str() {
            "assign/misplaced" | "deliver/misplaced" => 1,
            "deliver/unreadable" => 2,
            _ => 0,
        };
        assert_eq!(hark.dead_letters(), dead, "{}", event.name);
    }
}

#[tokio::test]
async fn what_assign_is_told_of_is_there() {
    let mut sessions = 0;
    for event in every().into_iter().filter(|event| event.function() == "assign") {
        let hark = Seeded::start().await;
        for told in event.told() {
            match told {
                Told::SessionChanged(changed) => {
                    hark.knows(&changed.session, changed.before).await;
                    sessions += 1;
                }
                Told::StaffChanged(changed) => hark.serves(changed.member.user.id).await,
                Told::StaffGrace(grace) => hark.serves(grace.staff).await,
                _ => {}
            }
        }
    }
    assert_eq!(sessions, 3);
}

/// The seed's visitor waits in the queue and wasn't told where.
#[tokio::test]
async fn assign_tells_who_waits_where_they_stand() {
    for event in every().into_iter().filter(|event| event.function() == "assign") {
        let hark = Seeded::start().await;
        hark.invoke(&event).await;
        let moved = ["assign/session-opened-and-assigned", "assign/queue-look"];
        let left = usize::from(!moved.contains(&event.name.as_str()));
        assert_eq!(hark.untold().await, left, "{}", event.name);
    }
}

#[tokio::test]
async fn the_seed_of_a_development_database_is_the_one_of_the_tests() {
    on_services(async |world: &World| {
        let mut database = PgConnection::connect(&world.services().database_url).await.unwrap();
        let embedded = Seeded::start().await;
        // Again puts it back.
        for _ in 0..2 {
            sqlx::raw_sql(SEED).execute(&mut database).await.unwrap();
            let postgres = seeded::services(world).await;
            assert_eq!(seeded::desk(&postgres).await, embedded.desk().await);
            assert_eq!(integrations(&postgres).await, embedded.integrations().await);
            // What comes next gets the next id.
            let new = NewSession {
                visitor: UserId(1),
                team: String::new(),
                subject: String::new(),
                out_of_hours: false,
            };
            let terms = postgres.config.support.terms(postgres.clock.now());
            assert_eq!(postgres.desk.open(new, terms).await.unwrap().0.id, SessionId(2));
        }
    })
    .await;
}

#[test]
fn every_event_reads_the_same_after_it_was_written() {
    every().iter().for_each(reads_the_same);
}

/// As the type that its function takes.
pub fn reads_the_same(event: &Event) {
    match event.function() {
        "authorize" => read_write_read::<ApiGatewayCustomAuthorizerRequestTypeRequest>(event),
        "connect" | "disconnect" | "message" => read_write_read::<ApiGatewayWebsocketProxyRequest>(event),
        "deliver" | "assign" | "relay" => read_write_read::<RabbitMqEvent>(event),
        "accounts" | "rooms" | "services" | "statistics" | "support" | "events" => {
            read_write_read::<ApiGatewayV2httpRequest>(event);
        }
        "upkeep" => read_write_read::<EventBridgeEvent<Value>>(event),
        "migrate" => read_write_read::<Value>(event),
        other => panic!("{other} is no function"),
    }
}

fn read_write_read<E: Serialize + DeserializeOwned + PartialEq + std::fmt::Debug>(event: &Event) {
    let read: E = serde_json::from_slice(&event.bytes).unwrap_or_else(|e| panic!("{}: {e}", event.name));
    let written = serde_json::to_vec(&read).unwrap();
    let again: E = serde_json::from_slice(&written).unwrap_or_else(|e| panic!("{}: {e}", event.name));
    assert_eq!(again, read, "{}", event.name);
}
