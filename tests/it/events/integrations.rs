//! What a seed holds for services of a team: their accounts, the registry, events and broadcasts, but for the times.

use serde_json::{Value, json};
use shared::app::App;
use shared::identity::ApiKey;
use shared::ids::{BroadcastId, EventId};
use shared::model::Page;
use shared::ports::EventFilter;
use uuid::uuid;

const PAGE: Page = Page { number: 1, size: 100 };
const BROADCAST: BroadcastId = BroadcastId(uuid!("019b791b-70bb-7000-8000-0000000000b1"));

pub async fn integrations(app: &App) -> Value {
    let now = app.clock.now();
    let services = app.services.services(PAGE).await.unwrap().items;
    let names: Vec<_> = services.iter().map(|service| service.name.clone()).collect();
    let targets = app.services.targets(&names, now).await.unwrap();
    let secrets: Vec<_> =
        targets.iter().flat_map(|target| &target.secrets).map(|secret| secret.expose()).collect();
    let key = ApiKey::given(&format!("hark_{}", "A".repeat(43))).unwrap();
    let (account, key) = app.api_keys.redeem_key(&key.digest(), now).await.unwrap().expect("the key");
    timeless(json!({
        "services": services,
        "secrets": secrets,
        "events": events(app).await,
        "broadcast": app.broadcasts.broadcast(BROADCAST, now).await.unwrap().expect("the broadcast"),
        "account": account,
        "key": key,
    }))
}

/// Each with its deliveries, by id.
async fn events(app: &App) -> Value {
    let mut events = app.events.events(&EventFilter::default(), None, 100).await.unwrap();
    events.sort_by_key(|event| event.id.clone());
    let mut all = Vec::new();
    for event in events {
        all.push(json!({"deliveries": deliveries(app, &event.id).await, "event": event}));
    }
    json!(all)
}

async fn deliveries(app: &App, event: &EventId) -> Value {
    let deliveries = app.events.deliveries(event).await.unwrap();
    json!(deliveries.into_iter().map(|(delivery, _)| delivery).collect::<Vec<_>>())
}

fn timeless(value: Value) -> Value {
    match value {
        Value::Object(fields) => {
            let kept = fields.into_iter().filter(|(name, _)| !name.ends_with("_at") && name != "last_seen");
            kept.map(|(name, value)| (name, timeless(value))).collect()
        }
        Value::Array(items) => items.into_iter().map(timeless).collect(),
        other => other,
    }
}
