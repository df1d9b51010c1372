use std::time::Duration;

use super::reader::Reader;
use crate::ports::RegistryLimits;
use crate::webhook::Networks;

/// The registry of services.
#[derive(Debug, Clone)]
pub struct RegistryConfig {
    /// `HEALTH_CHECK_INTERVAL` (60 s): how often an instance is checked.
    pub check_interval: Duration,
    /// `SERVICE_REGISTRY_TIMEOUT` (300 s): how long after its last sign of life an instance is dropped.
    pub instance_timeout: Duration,
    /// `SERVICE_NETWORKS` (`public`): where services may be: `public`, `loopback` or `private`.
    pub networks: Networks,
    /// `SERVICE_SECRET_OVERLAP` (86,400 s): how long a secret stays valid that was replaced.
    pub secret_overlap: Duration,
    /// `SERVICES_MAX` (1,000) and `SERVICE_INSTANCES_MAX` (100).
    pub limits: RegistryLimits,
}

impl RegistryConfig {
    pub(super) fn read(reader: &mut Reader<'_>) -> Self {
        let check_interval = reader.number("HEALTH_CHECK_INTERVAL", 60, 1..=3_600);
        let instance_timeout = reader.number("SERVICE_REGISTRY_TIMEOUT", 300, 2..=604_800);
        if instance_timeout <= check_interval {
            reader.problem("SERVICE_REGISTRY_TIMEOUT", "must be longer than HEALTH_CHECK_INTERVAL");
        }
        Self {
            check_interval: Duration::from_secs(check_interval),
            instance_timeout: Duration::from_secs(instance_timeout),
            networks: networks(reader),
            secret_overlap: Duration::from_secs(reader.number(
                "SERVICE_SECRET_OVERLAP",
                86_400,
                0..=2_592_000,
            )),
            limits: RegistryLimits {
                services: reader.number("SERVICES_MAX", 1_000, 1..=100_000),
                instances: reader.number("SERVICE_INSTANCES_MAX", 100, 1..=10_000),
            },
        }
    }
}

fn networks(reader: &mut Reader<'_>) -> Networks {
    match reader.text("SERVICE_NETWORKS").as_deref() {
        None | Some("public") => Networks::Public,
        Some("loopback") => Networks::Loopback,
        Some("private") => Networks::Private,
        Some(_) => {
            reader.problem("SERVICE_NETWORKS", "must be public, loopback or private");
            Networks::Public
        }
    }
}
