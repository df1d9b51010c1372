use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// Who somebody is for another issuer of tokens.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, Serialize, ToSchema)]
pub struct ExternalIdentity {
    /// The `iss` of its tokens.
    pub issuer: String,
    /// Their `sub`.
    pub id: String,
}
