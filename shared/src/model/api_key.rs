use serde::Serialize;
use utoipa::ToSchema;

use crate::clock::UnixMs;
use crate::identity::Permission;
use crate::ids::ApiKeyId;

/// A key of a service account, but for the key itself.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct ApiKeyRecord {
    pub id: ApiKeyId,
    pub name: String,
    /// Its last characters.
    pub hint: String,
    pub permissions: Vec<Permission>,
    pub created_at: UnixMs,
    /// None: never.
    #[schema(required)]
    pub expires_at: Option<UnixMs>,
    #[schema(required)]
    pub revoked_at: Option<UnixMs>,
    /// To the minute.
    #[schema(required)]
    pub last_used_at: Option<UnixMs>,
}
