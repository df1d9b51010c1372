use serde::{Deserialize, Serialize};
use serde_json::Value;
use utoipa::ToSchema;

use super::EventType;
use crate::clock::UnixMs;
use crate::ids::InstanceId;
use crate::names::ServiceName;

/// What the last checks of an instance say.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum InstanceHealth {
    /// Registered, not checked yet.
    Unknown,
    Up,
    /// It failed as often in a row as it takes.
    Down,
}

/// One running copy of a service.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
pub struct ServiceInstance {
    #[serde(rename = "instance_id")]
    pub id: InstanceId,
    pub service_name: ServiceName,
    /// Unique within the service.
    pub service_url: String,
    /// Where events are posted.
    pub events_url: String,
    /// Asked by GET: any 2xx is well. None: its heartbeats say so.
    #[schema(required)]
    pub health_check_url: Option<String>,
    #[schema(value_type = Object)]
    pub metadata: Value,
    /// What its last heartbeat said, from 0 (idle) to 1 (full); None when it says nothing of it.
    #[schema(required)]
    pub load: Option<f64>,
    pub health: InstanceHealth,
    /// Checks failed in a row, and checks passed in a row.
    #[serde(skip)]
    pub failures: u32,
    #[serde(skip)]
    pub successes: u32,
    /// When it was last checked.
    #[schema(required)]
    pub checked_at: Option<UnixMs>,
    /// When it was last known to be alive: registered, heard, or checked with success.
    pub last_seen: UnixMs,
    pub registered_at: UnixMs,
}

/// A service and what it wants to hear.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
pub struct Service {
    #[serde(rename = "service_name")]
    pub name: ServiceName,
    pub created_at: UnixMs,
    /// Types of events that it is sent besides those that name it.
    pub subscriptions: Vec<EventType>,
    /// In the order of their registration.
    pub instances: Vec<ServiceInstance>,
}
