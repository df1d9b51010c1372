use async_trait::async_trait;

use super::StoreError;

/// The database as a whole.
#[async_trait]
pub trait Database: Send + Sync {
    /// Brings the schema up to date; safe to run again and side by side.
    async fn migrate(&self) -> Result<(), StoreError>;

    /// Whether it answers: for health.
    async fn ping(&self) -> Result<(), StoreError>;
}
