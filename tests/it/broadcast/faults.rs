//! A broadcast is finished whatever goes away in the middle of it.

use std::time::Duration;

use local::faults::{Fault, Kind, PostAnswer};
use local::gateway::sockets::PostError;
use serde_json::json;
use shared::ids::BroadcastId;
use shared::model::Role;
use shared::ports::{BroadcastStep, Event, FanoutChunk};

use super::many::lose_sockets;
use super::{QUIET, begin, counts, done, heard, notification};
use crate::broker::Proxy;
use crate::hark::{Client, Hark, Socket, World, eventually, on_both, on_services};
use crate::posts::{aside, deliver};

/// Longer than an outbox row, or a step, is left alone.
const OVERDUE: Duration = Duration::from_secs(11);

async fn gather(hark: &Hark, count: usize) -> (Client, Vec<Socket>) {
    let root = hark.user_as("root", Role::Admin).await;
    let mut sockets = Vec::new();
    for user in hark.users("user", count).await {
        sockets.push(hark.connect(&user).await);
    }
    (root, sockets)
}

async fn each_got_it_once(sockets: &mut [Socket], id: &str) {
    for socket in sockets {
        assert_eq!(socket.next_of("notification").await["broadcast_id"], id);
        assert_eq!(heard(socket).await, Vec::<String>::new(), "once");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_broadcast_that_the_broker_did_not_take_is_done_when_it_is_back() {
    on_services(async |world: &World| {
        let broker = Proxy::before(&world.services().vhost.url).await;
        let hark = world.start_with(&[QUIET, ("RABBITMQ_URL", &broker.url), ("FANOUT_CHUNK", "2")]).await;
        let (root, mut sockets) = gather(&hark, 5).await;
        hark.running.schedules().hold(true);
        broker.go_away();
        let id = begin(&hark, &root, &notification(json!({}))).await;
        let standing = hark.get(&root, &format!("/api/v1/broadcast/{id}")).await.expect(200);
        assert_eq!((&standing["state"], counts(&standing)), (&json!("running"), [0, 0, 0, 0]));

        broker.come_back();
        world.clock.turn(OVERDUE);
        eventually(async || hark.running.app().bus.ping().await.is_ok()).await;
        hark.running.schedules().run("upkeep").await.unwrap();
        assert_eq!(counts(&done(&hark, &root, &id).await), [5, 5, 0, 0]);
        each_got_it_once(&mut sockets, &id).await;
        hark.stop().await;
    })
    .await;
}

/// Of chunks, in the order in which they were published.
fn chunks(kept: Vec<(Option<shared::ports::Delay>, Event)>) -> (Vec<FanoutChunk>, Vec<Event>) {
    let (mut chunks, mut others) = (Vec::new(), Vec::new());
    for (_, event) in kept {
        match event {
            Event::FanoutChunk(chunk) => chunks.push(chunk),
            other => others.push(other),
        }
    }
    (chunks, others)
}

async fn a_chunk_that_comes_again_is_posted_once(world: &World) {
    let hark = world.start_with(&[QUIET, ("FANOUT_CHUNK", "2")]).await;
    let (root, mut sockets) = gather(&hark, 3).await;
    let (app, kept) = aside(&hark);
    let id = begun_aside(&hark, &app, &root).await;
    deliver(&app, &Event::BroadcastStep(BroadcastStep { broadcast: id, step: 0 })).await.unwrap();
    let (chunks, next) = chunks(kept.take());
    assert_eq!((chunks.len(), next), (2, vec![]), "three sockets in chunks of two");
    for chunk in &chunks {
        for _ in 0..2 {
            deliver(&app, &Event::FanoutChunk(chunk.clone())).await.unwrap();
        }
    }
    assert_eq!(counts(&done(&hark, &root, &id.to_string()).await), [3, 3, 0, 0]);
    each_got_it_once(&mut sockets, &id.to_string()).await;
    deliver(&app, &Event::BroadcastStep(BroadcastStep { broadcast: id, step: 0 })).await.unwrap();
    assert_eq!(kept.take(), [], "a step that comes again after the last finds nobody");
    hark.stop().await;
}

/// A broadcast to all whose first step nobody has published.
async fn begun_aside(hark: &Hark, app: &shared::app::App, root: &Client) -> BroadcastId {
    use shared::model::BroadcastKind::Notification;
    use shared::ports::{BroadcastTarget::All, NewBroadcast};
    hark.running.schedules().hold(true);
    let data = json!({"title": "Hello"});
    let digest = NewBroadcast::digest_of(Notification, All, &data);
    let (id, created_by) = (BroadcastId::fresh(), shared::ids::UserId(root.id));
    let new = NewBroadcast { id, kind: Notification, target: All, data, created_by, digest };
    assert!(app.broadcasts.start_broadcast(&new, app.clock.now()).await.unwrap());
    id
}

async fn a_step_that_was_lost_is_taken_from_where_the_broadcast_stands(world: &World) {
    let hark = world.start_with(&[QUIET]).await;
    let (root, mut sockets) = gather(&hark, 2).await;
    let ann = hark.user("ann").await;
    lose_sockets(&hark, &ann, 1_000).await;
    let (app, kept) = aside(&hark);
    let id = begun_aside(&hark, &app, &root).await;
    deliver(&app, &Event::BroadcastStep(BroadcastStep { broadcast: id, step: 0 })).await.unwrap();
    let (found, next) = chunks(kept.take());
    assert_eq!(next, [Event::BroadcastStep(BroadcastStep { broadcast: id, step: 1 })]);
    assert_eq!(found.iter().map(|chunk| chunk.listeners.len()).sum::<usize>(), 1_000);
    // What was published arrives; the next step doesn't.
    let found: Vec<Event> = found.into_iter().map(Event::FanoutChunk).collect();
    hark.running.app().bus.publish(&found, app.clock.now()).await.unwrap();
    let again = Event::BroadcastStep(BroadcastStep { broadcast: id, step: 0 });
    deliver(&app, &again).await.unwrap();
    assert_eq!(kept.take(), [], "the next step may be on its way");

    world.clock.turn(OVERDUE);
    hark.running.schedules().run("upkeep").await.unwrap();
    assert_eq!(counts(&done(&hark, &root, &id.to_string()).await), [1_002, 2, 1_000, 0]);
    each_got_it_once(&mut sockets, &id.to_string()).await;
    assert_eq!(app.outbox.backlog().await.unwrap().0, 0);
    hark.stop().await;
}

async fn a_step_that_could_not_be_published_is_taken_again(world: &World) {
    let hark = world.start_with(&[QUIET]).await;
    let (root, mut sockets) = gather(&hark, 2).await;
    let (app, kept) = aside(&hark);
    let id = begun_aside(&hark, &app, &root).await;
    let step = Event::BroadcastStep(BroadcastStep { broadcast: id, step: 0 });
    kept.refuse(true);
    deliver(&app, &step).await.expect_err("the batch comes again");
    kept.refuse(false);
    deliver(&app, &step).await.unwrap();
    for chunk in chunks(kept.take()).0 {
        deliver(&app, &Event::FanoutChunk(chunk)).await.unwrap();
    }
    assert_eq!(counts(&done(&hark, &root, &id.to_string()).await), [2, 2, 0, 0]);
    each_got_it_once(&mut sockets, &id.to_string()).await;
    hark.stop().await;
}

async fn who_is_out_of_reach_is_handed_on_and_counted_when_reached(world: &World) {
    let hark = world.start_with(&[QUIET]).await;
    let (root, mut sockets) = gather(&hark, 3).await;
    let (app, kept) = aside(&hark);
    let id = begun_aside(&hark, &app, &root).await;
    deliver(&app, &Event::BroadcastStep(BroadcastStep { broadcast: id, step: 0 })).await.unwrap();
    let chunk = chunks(kept.take()).0.remove(0);
    let lost = chunk.listeners[1].address.connection.0.clone();
    let (answer, connection) = (PostAnswer::Refused(PostError::Throttled), Some(lost.clone()));
    hark.running.sockets().faults().set([Fault::every(Kind::Post { answer, connection })]);
    deliver(&app, &Event::FanoutChunk(chunk)).await.unwrap();
    let standing = hark.get(&root, &format!("/api/v1/broadcast/{id}")).await.expect(200);
    assert_eq!((&standing["state"], counts(&standing)), (&json!("running"), [3, 2, 0, 1]));

    hark.running.sockets().faults().set([]);
    let (mut handed_on, _) = chunks(kept.take());
    let rest = handed_on.remove(0);
    assert_eq!((rest.attempt, rest.listeners.len()), (1, 1));
    assert_eq!(rest.listeners[0].address.connection.0, lost);
    deliver(&app, &Event::FanoutChunk(rest)).await.unwrap();
    assert_eq!(counts(&done(&hark, &root, &id.to_string()).await), [3, 3, 0, 0]);
    each_got_it_once(&mut sockets, &id.to_string()).await;
    hark.stop().await;
}

on_both! {
    a_chunk_that_comes_again_is_posted_once,
    a_step_that_was_lost_is_taken_from_where_the_broadcast_stands,
    a_step_that_could_not_be_published_is_taken_again,
    who_is_out_of_reach_is_handed_on_and_counted_when_reached,
}
