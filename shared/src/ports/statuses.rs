use async_trait::async_trait;

use super::StoreError;
use crate::clock::UnixMs;
use crate::ids::UserId;
use crate::model::{Role, Status};

/// What the store keeps of a user's presence, and their role.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct KeptStatus {
    /// What they want to be shown as while they are online; `Online` unless they said otherwise.
    pub chosen: Status,
    /// When they were last heard before they went offline, as far as it was noted.
    pub last_seen: Option<UnixMs>,
    pub role: Role,
}

/// Whose status others are told.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ContactScope {
    /// Larger rooms are left out.
    pub room_max_members: i64,
    /// Rooms looked at, those with the newest activity first.
    pub rooms: u32,
    /// Users in all.
    pub users: u32,
}

/// What users say of themselves, when they were last here, and who is told.
#[async_trait]
pub trait Statuses: Send + Sync {
    /// Sets what the user wants to be shown as.
    async fn choose(&self, user: UserId, status: Status) -> Result<(), StoreError>;

    /// None when there is no such user.
    async fn kept(&self, user: UserId) -> Result<Option<KeptStatus>, StoreError>;

    /// Notes when the user was last heard; an earlier time than the one noted changes nothing.
    async fn seen(&self, user: UserId, at: UnixMs) -> Result<(), StoreError>;

    /// Notes when users were heard, for those who are restored to an empty presence; an earlier time than the
    /// one noted changes nothing.
    async fn heard(&self, users: &[(UserId, UnixMs)]) -> Result<(), StoreError>;

    /// The others who share a room with the user, each once; nobody who blocks them or is blocked.
    async fn contacts(&self, user: UserId, scope: ContactScope) -> Result<Vec<UserId>, StoreError>;
}
