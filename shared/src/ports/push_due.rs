use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::PushClaim;
use crate::ids::{PushSubscriptionId, RoomId, UserId};

/// Goes to [`super::QUEUE_PUSH`] some seconds after somebody missed a message; `deliver` looks whether they
/// still miss it, and pushes.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct PushDue {
    pub user: UserId,
    pub room: RoomId,
    /// None the first time.
    #[serde(default)]
    pub retry: Option<PushRetry>,
}

/// What was not taken, to be tried again.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PushRetry {
    /// Of the push, the same in every try.
    pub id: Uuid,
    /// How often it was tried.
    pub tried: u8,
    pub devices: Vec<PushSubscriptionId>,
    pub webhook: bool,
}

impl PushDue {
    /// The first try of what was claimed.
    #[must_use]
    pub fn of(claim: PushClaim) -> Self {
        Self { user: claim.user, room: claim.room, retry: None }
    }
}
