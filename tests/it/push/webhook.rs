//! Pushes to the operator's own server, checked by the library that its author would use.

use serde_json::{Value, json};

use super::service::{Received, Service};
use super::{SOON, say};
use crate::clients;
use crate::hark::{World, on_both};

const SECRET: &str = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";

/// As the receiver's library wants it.
fn delivery(received: &Received) -> Value {
    let header = |name: &str| received.headers[name].to_str().unwrap();
    let names = ["webhook-id", "webhook-timestamp", "webhook-signature"];
    let headers: serde_json::Map<_, _> =
        names.map(|name| (name.to_owned(), json!(header(name)))).into_iter().collect();
    json!({"headers": headers, "body": std::str::from_utf8(&received.body).unwrap()})
}

async fn a_webhook_tells_of_everyone_who_is_away_and_is_signed(world: &World) {
    let service = Service::start().await;
    let url = service.url("hook");
    let variables = [("PUSH_WEBHOOK_URL", url.as_str()), ("PUSH_WEBHOOK_SECRET", SECRET), SOON];
    let hark = world.start_with(&variables).await;
    let [ann, bob, eve] = [hark.user("ann").await, hark.user("bob").await, hark.user("eve").await];
    let room = hark.group(&ann, &[&bob, &eve]).await;
    let _here = hark.connect(&eve).await;
    service.answer("hook", &[500]);
    say(&hark, &ann, room, "secret").await;

    let deliveries: Vec<_> = service.receives("hook", 2).await.iter().map(delivery).collect();
    let argument = Value::from(deliveries.clone()).to_string();
    let payloads = clients::run("read_webhooks.py", &[SECRET, &argument], &[]).await;
    assert_eq!(deliveries[0]["headers"]["webhook-id"], deliveries[1]["headers"]["webhook-id"]);
    assert_eq!(payloads[1]["type"], "push.message");
    let data = &payloads[1]["data"];
    assert_eq!((&data["user_id"], &data["room_id"]), (&json!(bob.id), &json!(room)));
    assert_eq!(
        (&data["count"], &data["unread_total"], &data["sender_name"]),
        (&json!(1), &json!(1), &json!("ANN"))
    );
    assert!(!argument.contains("secret\\"), "what was said stays here: {argument}");
    hark.stop().await;
}

on_both! {
    a_webhook_tells_of_everyone_who_is_away_and_is_signed,
}
