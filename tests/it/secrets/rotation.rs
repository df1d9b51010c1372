//! A login is changed, its sessions are ended, and the new one is put into the secret: the next event of a function that
//! was frozen meanwhile succeeds.

use std::collections::HashMap;
use std::time::Instant;

use redis::{Client, Cmd};
use shared::secrets::AGAIN_AFTER;

use super::scene::{BrokerUser, FIRST, ID, Role, SECOND, Scene, kind, with_login};
use crate::cost::OwnRedis;
use crate::failover::{Nodes, cluster, sentinel, single};
use crate::hark::{World, eventually, on_services};
use crate::thaw::take_published;

#[tokio::test]
async fn the_database_takes_another_password() {
    on_services(async |world| {
        let mut scene = Scene::new(world).await;
        let mut role = Role::create(world).await;
        scene.put("DATABASE_URL", role.url(world, FIRST)).await;
        let sender = scene.sender(&[]).await;
        sender.say("before").await;
        sender.instance.is_frozen().await;

        role.change().await;
        scene.put("DATABASE_URL", role.url(world, SECOND)).await;
        sender.say("after").await;
        assert_eq!(scene.manager.asked(ID).await, 2, "at the start, and when it was refused");
        assert!(scene.log().contains("the secrets have changed"));
        assert!(!scene.log().contains(SECOND));
        drop(sender);
        role.remove().await;
    })
    .await;
}

#[tokio::test]
async fn the_broker_takes_another_password() {
    on_services(async |world| {
        let mut scene = Scene::new(world).await;
        let user = BrokerUser::create(world);
        scene.put("RABBITMQ_URL", user.url.clone()).await;
        let sender = scene.sender(&[]).await;
        sender.say("before").await;
        sender.instance.is_frozen().await;

        let url = user.change();
        scene.put("RABBITMQ_URL", url).await;
        sender.say("after").await;
        let channel = world.services().vhost.channel().await;
        // On a busy machine the outbox takes over from a send that waited too long; a repeat publishes again.
        eventually(async || {
            sender.say("after").await;
            let mut published = HashMap::new();
            take_published(&channel, &mut published).await;
            published.contains_key(&sender.content("after"))
        })
        .await;
        assert_eq!(scene.manager.asked(ID).await, 2);
        assert!(!scene.log().contains(FIRST) && !scene.log().contains(SECOND));
    })
    .await;
}

#[tokio::test]
async fn one_redis_takes_another_password() {
    on_services(async |world| redis_takes_another_password(world, single::start().await).await).await;
}

#[tokio::test]
async fn a_redis_behind_sentinels_takes_another_password() {
    on_services(async |world| redis_takes_another_password(world, sentinel::start().await).await).await;
}

#[tokio::test]
async fn a_redis_cluster_takes_another_password() {
    on_services(async |world| redis_takes_another_password(world, cluster::start().await).await).await;
}

async fn redis_takes_another_password(world: &World, nodes: Nodes) {
    let mut scene = Scene::new(world).await;
    scene.put("REDIS_URL", nodes.url()).await;
    let sender = scene.sender(&[]).await;
    sender.say("before").await;
    sender.instance.is_frozen().await;

    nodes.addresses().everywhere(&kill_all()).await;
    nodes.addresses().everywhere(&require(SECOND)).await;
    scene.put("REDIS_URL", with_login(nodes.url(), "", SECOND)).await;
    sender.say("after").await;
    assert_eq!(scene.manager.asked(ID).await, 2);
    assert!(!scene.log().contains(SECOND));
}

#[tokio::test]
async fn a_redis_that_took_no_password_takes_one() {
    on_services(async |world| {
        let redis = OwnRedis::start().await;
        let mut scene = Scene::new(world).await;
        scene.put("REDIS_URL", redis.url.clone()).await;
        let sender = scene.sender(&[]).await;
        sender.say("before").await;
        sender.instance.is_frozen().await;

        let mut admin = Client::open(&*redis.url).unwrap().get_multiplexed_async_connection().await.unwrap();
        require(SECOND).exec_async(&mut admin).await.unwrap();
        kill_all().exec_async(&mut admin).await.unwrap();
        scene.put("REDIS_URL", with_login(&redis.url, "", SECOND)).await;
        sender.say("after").await;
        assert_eq!(scene.manager.asked(ID).await, 2);
    })
    .await;
}

fn kill_all() -> Cmd {
    redis::cmd("CLIENT").arg("KILL").arg("TYPE").arg("normal").to_owned()
}

fn require(password: &str) -> Cmd {
    redis::cmd("CONFIG").arg("SET").arg("requirepass").arg(password).to_owned()
}

#[tokio::test]
async fn a_password_that_stays_wrong_is_unavailable_and_asked_for_once_in_a_while() {
    on_services(async |world| {
        let mut scene = Scene::new(world).await;
        let mut role = Role::create(world).await;
        scene.put("DATABASE_URL", role.url(world, FIRST)).await;
        let sender = scene.sender(&[]).await;
        sender.say("before").await;
        sender.instance.is_frozen().await;

        role.change().await;
        let began = Instant::now();
        for n in 0..5 {
            assert_eq!(kind(&sender.ask(&format!("refused {n}")).await), "unavailable");
        }
        assert!(scene.manager.asked(ID).await <= may_ask(began), "they share what was read");

        scene.put("DATABASE_URL", role.url(world, SECOND)).await;
        eventually(async || kind(&sender.ask("at last").await) == "ack").await;
        assert!(began.elapsed() >= AGAIN_AFTER);
        assert!((3..=may_ask(began)).contains(&scene.manager.asked(ID).await));
        drop(sender);
        role.remove().await;
    })
    .await;
}

/// How often by now: at the start, at the first refusal, and then once in a while.
fn may_ask(began: Instant) -> i64 {
    2 + i64::try_from(began.elapsed().as_secs() / AGAIN_AFTER.as_secs()).expect("a small number")
}
