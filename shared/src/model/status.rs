use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// What others are shown of a user.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Status {
    Online,
    Busy,
    Away,
    /// Not here; or here, and not wanting to be seen.
    Offline,
}

impl Status {
    /// As on the wire.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Online => "online",
            Self::Busy => "busy",
            Self::Away => "away",
            Self::Offline => "offline",
        }
    }
}
