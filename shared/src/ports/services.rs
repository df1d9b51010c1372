use async_trait::async_trait;
use serde::Serialize;
use serde_json::Value;
use utoipa::ToSchema;

use super::StoreError;
use crate::clock::UnixMs;
use crate::ids::{InstanceId, UserId};
use crate::model::{EventType, InstanceHealth, Listing, Page, Service, ServiceInstance};
use crate::names::ServiceName;
use crate::registry::Choice;
use crate::webhook::SigningSecret;

#[derive(Debug, thiserror::Error)]
pub enum ServicesError {
    #[error("no such service")]
    Unknown,
    #[error("no such instance")]
    UnknownInstance,
    /// Another account's.
    #[error("the service belongs to another account")]
    Foreign,
    /// None that could be chosen.
    #[error("no healthy instance")]
    NoneHealthy,
    #[error("{0} services at most")]
    Full(u32),
    #[error("{0} instances of a service at most")]
    FullOfInstances(u32),
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// Who does something with a service.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Steward {
    pub user: UserId,
    /// Whether they may do it with everybody's services, and not their own alone.
    pub manages: bool,
}

impl Steward {
    /// Whose services they may do it with, besides those of nobody; None: anybody's.
    #[must_use]
    pub fn only_of(self) -> Option<i64> {
        (!self.manages).then_some(self.user.0)
    }
}

/// An instance as it describes itself.
#[derive(Debug, Clone)]
pub struct NewInstance {
    /// What it is called, unless its service has one of that URL already.
    pub id: InstanceId,
    pub service: ServiceName,
    pub url: String,
    pub events_url: String,
    pub health_check_url: Option<String>,
    pub metadata: Value,
    /// Of the whole service; None leaves them as they are.
    pub subscriptions: Option<Vec<EventType>>,
    /// The service's, unless it has one already.
    pub secret: SigningSecret,
    /// Whether it passed the check that was just made; None when there is nothing to check it by.
    pub checked: Option<bool>,
    /// When it is to be checked again.
    pub check_due_at: Option<UnixMs>,
    pub by: Steward,
    pub now: UnixMs,
}

/// How many there may be.
#[derive(Debug, Clone, Copy)]
pub struct RegistryLimits {
    pub services: u32,
    /// Of one service.
    pub instances: u32,
}

#[derive(Debug, Clone)]
pub struct Registered {
    pub instance: ServiceInstance,
    /// Whether the service became known by it: then its secret is the one that was given.
    pub service_is_new: bool,
    /// What became of the instance; None when it was known and stands as it did.
    pub change: Option<InstanceChange>,
}

/// One instance of a service, by either of its names.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum InstanceRef {
    Id(InstanceId),
    Url(String),
}

/// What becomes of an instance.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum InstanceStep {
    Registered,
    Up,
    Down,
    /// It gave no sign of life for too long.
    Dropped,
    Unregistered,
}

impl InstanceStep {
    /// That an instance has come to such a health; None while nothing is known of it.
    #[must_use]
    pub const fn of_health(health: InstanceHealth) -> Option<Self> {
        match health {
            InstanceHealth::Unknown => None,
            InstanceHealth::Up => Some(Self::Up),
            InstanceHealth::Down => Some(Self::Down),
        }
    }

    /// What a registration means for an instance that may have been known.
    #[must_use]
    pub fn between(before: Option<&ServiceInstance>, after: &ServiceInstance) -> Option<Self> {
        match before {
            None => Some(Self::Registered),
            Some(before) if before.health == after.health => None,
            Some(_) => Self::of_health(after.health),
        }
    }
}

/// What became of an instance, as others are told.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct InstanceChange {
    pub change: InstanceStep,
    pub service_name: ServiceName,
    pub instance_id: InstanceId,
    pub service_url: String,
}

impl InstanceChange {
    #[must_use]
    pub fn of(change: InstanceStep, instance: &ServiceInstance) -> Self {
        Self {
            change,
            service_name: instance.service_name.clone(),
            instance_id: instance.id,
            service_url: instance.service_url.clone(),
        }
    }
}

/// Instances of all services, by their health.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct InstanceTally {
    pub unknown: i64,
    pub up: i64,
    pub down: i64,
}

/// A check that was made.
#[derive(Debug, Clone, Copy)]
pub struct Checked {
    pub instance: InstanceId,
    pub passed: bool,
}

/// What it takes to send a service its events.
#[derive(Debug, Clone)]
pub struct Target {
    pub service: ServiceName,
    /// All that are valid, the newest first.
    pub secrets: Vec<SigningSecret>,
    /// Those that are up, in the order of their registration.
    pub instances: Vec<ServiceInstance>,
}

/// The registry: services, their running copies, and what each wants to hear. A service belongs to the account that
/// registered it first; nobody else but a manager changes it.
#[async_trait]
pub trait Services: Send + Sync {
    /// Makes an instance known, and its service with it; one of the same URL is described anew. A service without an
    /// owner becomes that of `new.by`.
    ///
    /// # Errors
    /// `Foreign`, `Full`, `FullOfInstances`; then nothing is written.
    async fn register_instance(
        &self,
        new: &NewInstance,
        limits: RegistryLimits,
    ) -> Result<Registered, ServicesError>;

    /// Notes a sign of life, and the load that came with it.
    ///
    /// # Errors
    /// `Unknown`, `UnknownInstance`, `Foreign`.
    async fn heard(
        &self,
        by: Steward,
        service: &ServiceName,
        instance: &InstanceRef,
        load: Option<f64>,
        now: UnixMs,
    ) -> Result<ServiceInstance, ServicesError>;

    /// Forgets an instance, or the whole service with its secret and subscriptions.
    ///
    /// # Errors
    /// `Unknown`, `UnknownInstance`, `Foreign`.
    async fn unregister(
        &self,
        by: Steward,
        service: &ServiceName,
        instance: Option<&InstanceRef>,
    ) -> Result<Vec<InstanceChange>, ServicesError>;

    /// Services with all their instances, by name.
    async fn services(&self, page: Page) -> Result<Listing<Service>, StoreError>;

    /// How many instances there are, by their health.
    async fn instances(&self) -> Result<InstanceTally, StoreError>;

    async fn service(&self, name: &ServiceName) -> Result<Option<Service>, StoreError>;

    /// One of the instances that are up. Turns are counted by the statement that reads, so they go round over
    /// everybody who asks.
    ///
    /// # Errors
    /// `Unknown`, `NoneHealthy`.
    async fn choose(&self, service: &ServiceName, choice: &Choice) -> Result<ServiceInstance, ServicesError>;

    /// Where to send the events of these services, by name; those that nobody registered are left out.
    async fn targets(&self, services: &[ServiceName], now: UnixMs) -> Result<Vec<Target>, StoreError>;

    /// Those whose check is due, each given to one asker alone: the next is due `interval_ms` later.
    async fn claim_checks(
        &self,
        now: UnixMs,
        interval_ms: i64,
        limit: u32,
    ) -> Result<Vec<ServiceInstance>, StoreError>;

    /// Writes down what checks found; answers those that went up or down by it.
    async fn note_checks(&self, checked: &[Checked], now: UnixMs) -> Result<Vec<InstanceChange>, StoreError>;

    /// Forgets up to `limit` instances that gave no sign of life since `before`. Their services stay, so that
    /// what is meant for them waits.
    async fn drop_silent(&self, before: UnixMs, limit: u32) -> Result<Vec<InstanceChange>, StoreError>;

    /// Puts a secret in the place of the one there is, which stays valid until `old_until`; one that was replaced
    /// before isn't any more.
    ///
    /// # Errors
    /// `Unknown`, `Foreign`.
    async fn rotate_secret(
        &self,
        by: Steward,
        service: &ServiceName,
        secret: &SigningSecret,
        old_until: UnixMs,
    ) -> Result<(), ServicesError>;

    /// Sets what a service is sent besides what names it.
    ///
    /// # Errors
    /// `Unknown`, `Foreign`.
    async fn set_subscriptions(
        &self,
        by: Steward,
        service: &ServiceName,
        types: &[EventType],
    ) -> Result<Service, ServicesError>;
}
