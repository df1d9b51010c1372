use super::reader::Reader;

/// The settings that may stand in a secret, each under its own name.
pub const SECRET_SETTINGS: [&str; 12] = [
    "DATABASE_URL",
    "DATABASE_READ_URL",
    "REDIS_URL",
    "RABBITMQ_URL",
    "JWT_SECRET",
    "JWT_ISSUERS",
    "PUSH_VAPID_PRIVATE_KEY",
    "PUSH_WEBHOOK_SECRET",
    "MODERATION_WEBHOOK_SECRET",
    "METRICS_TOKEN",
    "ADMIN_USERNAME",
    "ADMIN_PASSWORD",
];

/// Where settings are kept that the environment doesn't hold. Read before all others, which may be there.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SecretsConfig {
    /// `SECRETS`: ARNs or names of secrets in AWS Secrets Manager, comma separated.
    pub ids: Vec<String>,
}

impl SecretsConfig {
    /// Reads variables from wherever `lookup` finds them.
    pub fn from_vars(lookup: impl Fn(&str) -> Option<String>) -> Self {
        Self { ids: Reader::new(&lookup).list("SECRETS") }
    }
}
