use async_trait::async_trait;

use super::StoreError;

/// The database as a whole.
#[async_trait]
pub trait Database: Send + Sync {
    /// Brings the schema up to date; safe to run again and side by side.
    async fn migrate(&self) -> Result<(), StoreError>;

    /// Whether it answers: for health.
    async fn ping(&self) -> Result<(), StoreError>;

    /// Keeps `value` under `name` unless one is kept already; answers the one that is. Of several who
    /// bring different values at once, one wins and all get its value.
    async fn keep_setting(&self, name: &str, value: &str) -> Result<String, StoreError>;

    /// The value kept under `name`.
    async fn setting(&self, name: &str) -> Result<Option<String>, StoreError>;
}
