//! The rules of `Services`.

mod checks;
mod choosing;
mod owners;
mod registration;
mod secrets;

use serde_json::json;
use shared::clock::UnixMs;
use shared::ids::{InstanceId, UserId};
use shared::model::{InstanceHealth, ServiceInstance};
use shared::names::ServiceName;
use shared::ports::{Checked, NewInstance, Registered, RegistryLimits, Steward};
use shared::webhook::SigningSecret;

use super::stores::{NOW, Stores};

const ROOMY: RegistryLimits = RegistryLimits { services: 100, instances: 100 };

/// Somebody with their own services.
fn owner(user: UserId) -> Steward {
    Steward { user, manages: false }
}

/// Somebody for whom all services are like their own.
fn manager(user: UserId) -> Steward {
    Steward { user, manages: true }
}

fn name(name: &str) -> ServiceName {
    ServiceName::parse(name).unwrap()
}

/// An instance that has just passed its check, on a port of its own.
fn instance(service: &str, port: u16, by: UserId) -> NewInstance {
    let url = format!("http://localhost:{port}");
    NewInstance {
        id: InstanceId::fresh(),
        service: name(service),
        events_url: format!("{url}/events"),
        health_check_url: Some(format!("{url}/health")),
        url,
        metadata: json!({"version": "1.0.0"}),
        subscriptions: None,
        secret: SigningSecret::fresh(),
        checked: Some(true),
        check_due_at: Some(NOW.plus(60_000)),
        by: owner(by),
        now: NOW,
    }
}

async fn registered(stores: &Stores, new: &NewInstance) -> Registered {
    stores.services.register_instance(new, ROOMY).await.unwrap()
}

/// `count` instances of a service that are up, on the ports from 1 on, registered a millisecond after each other.
async fn instances(stores: &Stores, service: &str, count: u16) -> Vec<ServiceInstance> {
    let by = stores.user(service).await;
    let mut made = Vec::new();
    for port in 1..=count {
        let new = NewInstance { now: NOW.plus(i64::from(port)), ..instance(service, port, by) };
        made.push(registered(stores, &new).await.instance);
    }
    made
}

/// The check of an instance, noted.
async fn check(stores: &Stores, instance: &ServiceInstance, passed: bool, at: UnixMs) {
    stores.services.note_checks(&[Checked { instance: instance.id, passed }], at).await.unwrap();
}

async fn take_down(stores: &Stores, instance: &ServiceInstance) {
    for _ in 0..3 {
        check(stores, instance, false, NOW).await;
    }
    let standing = found(stores, instance).await.unwrap();
    assert_eq!(standing.health, InstanceHealth::Down);
}

async fn found(stores: &Stores, instance: &ServiceInstance) -> Option<ServiceInstance> {
    let service = stores.services.service(&instance.service_name).await.unwrap()?;
    service.instances.into_iter().find(|known| known.id == instance.id)
}
