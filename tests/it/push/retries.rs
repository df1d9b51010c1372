//! What becomes of a push that isn't taken.

use serde_json::Value;
use shared::ids::{RoomId, UserId};
use shared::ports::ClaimScope;

use super::device::Device;
use super::service::Service;
use super::{SOON, VAPID, no_push_is_due, say};
use crate::hark::{Client, Hark, World, eventually, on_both, on_services};

async fn devices(hark: &Hark, client: &Client) -> Vec<Value> {
    let list = hark.get(client, "/api/v1/users/me/push-subscriptions").await.expect(200);
    list["subscriptions"].as_array().unwrap().iter().map(|device| device["device"].clone()).collect()
}

async fn every_device_gets_it_and_a_dead_one_is_forgotten(world: &World) {
    let hark = world.start_with(&[&VAPID[..], &[SOON]].concat()).await;
    let service = Service::start().await;
    let [ann, bob] = [hark.user("ann").await, hark.user("bob").await];
    let room = hark.group(&ann, &[&bob]).await;
    for name in ["phone", "sold", "full"] {
        Device::new(name).subscribe(&hark, &bob, &service).await;
    }
    service.answer("sold", &[410]);
    service.answer("full", &[413]);
    say(&hark, &ann, room, "hello").await;
    eventually(async || devices(&hark, &bob).await == ["phone", "full"]).await;
    say(&hark, &ann, room, "hello again").await;
    service.receives("phone", 2).await;
    service.receives("full", 2).await;
    assert_eq!(service.received("sold").len(), 1);
    hark.stop().await;
}

async fn a_push_that_is_not_taken_comes_again_by_step(world: &World) {
    let hark = world.start_with(&[&VAPID[..], &[SOON]].concat()).await;
    let service = Service::start().await;
    let [ann, bob] = [hark.user("ann").await, hark.user("bob").await];
    let room = hark.group(&ann, &[&bob]).await;
    let (phone, other) = (Device::new("phone"), Device::new("other"));
    phone.subscribe(&hark, &bob, &service).await;
    other.subscribe(&hark, &bob, &service).await;
    service.answer("phone", &[503, 429]);
    say(&hark, &ann, room, "hello").await;
    let pushes = service.receives("phone", 3).await;
    let waited: Vec<i64> = pushes.windows(2).map(|pair| pair[1].at.0 - pair[0].at.0).collect();
    assert!(waited[0] >= 1_000 && waited[1] >= 5_000, "{waited:?}");
    let told = phone.read(&pushes).await;
    assert!(told.iter().all(|push| push == &told[0]), "the same push, by its id: {told:?}");
    assert_eq!(service.received("other").len(), 1, "what was taken is not sent again");
    hark.stop().await;
}

async fn a_push_whose_event_was_lost_is_found_by_upkeep(world: &World) {
    let hark = world.start_with(&VAPID).await;
    let service = Service::start().await;
    let [ann, bob] = [hark.user("ann").await, hark.user("bob").await];
    let room = hark.group(&ann, &[&bob]).await;
    say(&hark, &ann, room, "hello").await;
    no_push_is_due(&hark, room).await;

    // As it is left by whoever dies between the claim and its event.
    Device::new("phone").subscribe(&hark, &bob, &service).await;
    let app = hark.running.app();
    let scope = ClaimScope { reach: app.push.reach(), room_max_members: 10, limit: 10 };
    let a_while_ago = app.clock.now().plus(-66_000);
    let sent = [(RoomId(room), UserId(ann.id))];
    assert_eq!(app.push_pending.claim(&sent, scope, a_while_ago).await.unwrap().len(), 1);
    hark.running.schedules().run("upkeep").await.unwrap();
    service.receives("phone", 1).await;
    hark.stop().await;
}

on_both! {
    every_device_gets_it_and_a_dead_one_is_forgotten,
    a_push_that_is_not_taken_comes_again_by_step,
    a_push_whose_event_was_lost_is_found_by_upkeep,
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn where_nothing_is_configured_nothing_is_claimed() {
    on_services(async |world: &World| {
        let hark = world.start_with(&[("PUSH_ALLOW_PRIVATE", "true")]).await;
        let service = Service::start().await;
        let [ann, bob] = [hark.user("ann").await, hark.user("bob").await];
        let room = hark.group(&ann, &[&bob]).await;
        Device::new("phone").subscribe(&hark, &bob, &service).await;
        say(&hark, &ann, room, "hello").await;
        eventually(async || hark.standing(room).await.open == 0).await;
        let app = hark.running.app();
        let far = app.clock.now().plus(60_000);
        assert_eq!(app.push_pending.overdue(far, far, 1).await.unwrap(), []);
        hark.stop().await;
    })
    .await;
}
