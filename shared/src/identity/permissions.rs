use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::model::Role;

/// What a caller may do besides what membership allows; the names are the documents'.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, ToSchema)]
pub enum Permission {
    /// See every room and connection.
    #[serde(rename = "messaging.view")]
    MessagingView,
    #[serde(rename = "messaging.broadcast")]
    MessagingBroadcast,
    #[serde(rename = "services.view")]
    ServicesView,
    #[serde(rename = "services.register")]
    ServicesRegister,
    #[serde(rename = "services.unregister")]
    ServicesUnregister,
    #[serde(rename = "events.view")]
    EventsView,
    #[serde(rename = "events.publish")]
    EventsPublish,
    #[serde(rename = "statistics.view")]
    StatisticsView,
    #[serde(rename = "support.manage")]
    SupportManage,
    #[serde(rename = "users.manage")]
    UsersManage,
}

use Permission as P;

const EVERY: [(P, &str); 10] = [
    (P::MessagingView, "messaging.view"),
    (P::MessagingBroadcast, "messaging.broadcast"),
    (P::ServicesView, "services.view"),
    (P::ServicesRegister, "services.register"),
    (P::ServicesUnregister, "services.unregister"),
    (P::EventsView, "events.view"),
    (P::EventsPublish, "events.publish"),
    (P::StatisticsView, "statistics.view"),
    (P::SupportManage, "support.manage"),
    (P::UsersManage, "users.manage"),
];

impl Permission {
    #[must_use]
    pub fn name(self) -> &'static str {
        EVERY[self as usize].1
    }

    /// The permission of that name.
    #[must_use]
    pub fn named(name: &str) -> Option<Self> {
        EVERY.iter().find(|(_, known)| *known == name).map(|(permission, _)| *permission)
    }
}

impl Role {
    /// What the role may do by default.
    #[must_use]
    pub fn permissions(self) -> Vec<Permission> {
        match self {
            Self::User | Self::Visitor => vec![],
            Self::Staff => vec![P::MessagingView, P::StatisticsView],
            Self::Service => vec![
                P::ServicesView,
                P::ServicesRegister,
                P::ServicesUnregister,
                P::EventsView,
                P::EventsPublish,
            ],
            Self::Admin => EVERY.iter().map(|(permission, _)| *permission).collect(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_name_is_the_one_on_the_wire() {
        for (at, (permission, name)) in EVERY.iter().enumerate() {
            assert_eq!(*permission as usize, at);
            assert_eq!(permission.name(), *name);
            assert_eq!(Permission::named(name), Some(*permission));
            assert_eq!(serde_json::to_value(permission).unwrap(), *name);
        }
    }
}
