//! Recorded events: exactly what the functions were given, and good for giving it to them again.

use std::collections::BTreeSet;
use std::fs::{read_dir, read_to_string};
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::time::Duration;

use local::invoke::Invoker;
use local::{Options, functions, invoke_once};
use serde_json::{Value, json};

use super::{QUIET, go_wrong, known};
use crate::events::{Event, reads_the_same};
use crate::hark::{Hark, World, eventually, on_both};

const LIMIT: Duration = Duration::from_secs(60);

/// One of each kind of event: an authorizer's, of a socket from its beginning to its end, of the HTTP API, a queue's
/// and a schedule's.
async fn converse(hark: &Hark) {
    let (ann, bob) = (hark.user("ann").await, hark.user("bob").await);
    let room = hark.group(&ann, &[&bob]).await;
    let (mut anns, bobs) = (hark.connect(&ann).await, hark.connect(&bob).await);
    anns.say(room, "hello").await;
    eventually(async || hark.standing(room).await.open == 0).await;
    hark.running.schedules().run("upkeep").await.unwrap();
    bobs.close().await;
    eventually(async || known(hark, &bob).await == (0, 0)).await;
}

fn entries(folder: &Path) -> Vec<PathBuf> {
    let mut entries: Vec<_> = read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    entries.sort();
    entries
}

/// `function/number-what`, without the ending, in the order in which they came.
fn recorded(folder: &Path) -> Vec<Event> {
    let files = entries(folder).into_iter().flat_map(|function| entries(&function));
    let mut events: Vec<Event> = files.map(|file| event(folder, &file)).collect();
    events.sort_by_key(number);
    events
}

fn event(folder: &Path, file: &Path) -> Event {
    let name = file.strip_prefix(folder).unwrap().with_extension("");
    Event { name: name.to_str().unwrap().to_owned(), bytes: std::fs::read(file).unwrap().into() }
}

fn number(event: &Event) -> u64 {
    let (_, file) = event.name.split_once('/').unwrap();
    file.split_once('-').unwrap().0.parse().unwrap()
}

/// `function/what`
fn kinds(events: &[Event]) -> BTreeSet<String> {
    let kind = |event: &Event| format!("{}/{}", event.function(), event.name.split_once('-').unwrap().1);
    events.iter().map(kind).collect()
}

async fn what_was_recorded_is_taken_again_by_the_same_functions(world: &World) {
    let folder = world.folder().join("recorded");
    let hark = world.start_as(Options { record: Some(folder.clone()), ..world.options(&[QUIET]) }).await;
    converse(&hark).await;
    hark.stop().await;
    let events = recorded(&folder);
    let expected = [
        "authorize/request",
        "connect/connect",
        "deliver/chat.messages",
        "disconnect/disconnect",
        "message/message",
        "rooms/post-api-v1-rooms",
        "upkeep/minute",
    ];
    assert!(kinds(&events).is_superset(&expected.map(str::to_owned).into()), "{:?}", kinds(&events));

    let hark = world.start().await;
    let all = functions::all(hark.running.app());
    for event in &events {
        reads_the_same(event);
        let answer = all.invoke(event.function(), event.bytes.clone(), LIMIT).await;
        answer.unwrap_or_else(|error| panic!("{}: {error}", event.name));
    }
    hark.stop().await;
}

async fn recordings_are_whole_readable_and_their_owners_alone(world: &World) {
    let folder = world.folder().join("recorded");
    let hark = world.start_as(Options { record: Some(folder.clone()), ..world.options(&[]) }).await;
    converse(&hark).await;
    hark.stop().await;
    let events = recorded(&folder);
    let numbers: Vec<u64> = events.iter().map(number).collect();
    assert_eq!(numbers, (1..=events.len() as u64).collect::<Vec<_>>(), "each has its own");
    let said: Vec<Value> = events.iter().map(|event| serde_json::from_slice(&event.bytes).unwrap()).collect();
    let bodies: Vec<_> = said.iter().filter_map(|event| event["body"].as_str()).collect();
    assert!(bodies.iter().any(|body| body.contains("\"content\":\"hello\"")), "{bodies:?}");

    let mode = |path: &Path| path.metadata().unwrap().permissions().mode() & 0o777;
    assert_eq!(mode(&folder), 0o700);
    for function in entries(&folder) {
        assert_eq!(mode(&function), 0o700, "{}", function.display());
        for file in entries(&function) {
            assert_eq!(mode(&file), 0o600, "{}", file.display());
            let text = read_to_string(&file).unwrap();
            assert!(text.starts_with("{\n  \"") && text.ends_with("}\n"), "{text}");
        }
    }
}

async fn another_run_goes_on_where_the_first_ended_and_what_fails_is_recorded_too(world: &World) {
    let folder = world.folder().join("recorded");
    let options = || Options { record: Some(folder.clone()), ..world.options(&[]) };
    let hark = world.start_as(options()).await;
    let ann = hark.user("ann").await;
    hark.get(&ann, "/api/v1/rooms").await.expect(200);
    hark.stop().await;
    let before = recorded(&folder).len();
    let hark = world.start_as(options()).await;
    go_wrong(&hark, &["function=rooms:fail"]);
    let failed = hark.to(http::Method::GET, "/api/v1/rooms").send().await.unwrap();
    assert_eq!(failed.status(), 500);
    hark.stop().await;
    let events = recorded(&folder);
    let asked: Vec<u64> = events.iter().filter(|event| event.function() == "rooms").map(number).collect();
    assert!(asked.len() == 2 && asked[1] > before as u64, "{asked:?} of {before}");
}

on_both! {
    what_was_recorded_is_taken_again_by_the_same_functions,
    recordings_are_whole_readable_and_their_owners_alone,
    another_run_goes_on_where_the_first_ended_and_what_fails_is_recorded_too,
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_recorded_event_is_one_for_invoke() {
    crate::hark::on_embedded(async |world: &World| {
        let folder = world.folder().join("recorded");
        let options = Options { record: Some(folder.clone()), ..world.options(&[]) };
        let hark = world.start_as(options.clone()).await;
        let ann = hark.user("ann").await;
        let made =
            hark.post(&ann, "/api/v1/rooms", &json!({"name": "team", "type": "group"})).await.expect(201);
        hark.stop().await;
        let events = recorded(&folder);
        let event = events.iter().find(|event| event.function() == "rooms").expect("it is recorded");
        let event = String::from_utf8(event.bytes.to_vec()).unwrap();
        let answer = invoke_once(&options, "rooms", &event).await.unwrap();
        let answer: Value = serde_json::from_str(&answer).unwrap();
        assert_eq!(answer["statusCode"], 201, "{answer}");
        let again: Value = serde_json::from_str(answer["body"].as_str().unwrap()).unwrap();
        assert_eq!((&again["name"], &made["name"]), (&json!("team"), &json!("team")));
    })
    .await;
}
