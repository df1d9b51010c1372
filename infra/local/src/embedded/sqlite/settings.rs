//! What the runner keeps for itself between runs.

use shared::ports::StoreError;
use sqlx::query_scalar;

use super::Sqlite;

impl Sqlite {
    /// The value kept under `name`.
    ///
    /// # Errors
    /// As any operation.
    pub async fn setting(&self, name: &str) -> Result<Option<String>, StoreError> {
        let value = query_scalar("select value from settings where name = ?1").bind(name);
        Ok(value.fetch_optional(&self.readers).await?)
    }

    /// Keeps a value under `name`, in place of the one before.
    ///
    /// # Errors
    /// As any operation.
    pub async fn set_setting(&self, name: &str, value: &str) -> Result<(), StoreError> {
        sqlx::query("insert into settings (name, value) values (?1, ?2) on conflict (name) do update set value = excluded.value")
            .bind(name)
            .bind(value)
            .execute(&self.writer)
            .await?;
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_setting_survives_a_restart() {
        let folder = std::env::temp_dir().join(format!("hark-settings-{}", uuid::Uuid::now_v7()));
        let file = folder.join("hark.db");
        let store = Sqlite::open(&file).await.unwrap();
        assert_eq!(store.setting("secret").await.unwrap(), None);
        store.set_setting("secret", "one").await.unwrap();
        store.set_setting("secret", "two").await.unwrap();
        let epoch = store.epoch().await.unwrap();
        store.close().await;
        let again = Sqlite::open(&file).await.unwrap();
        assert_eq!(again.setting("secret").await.unwrap().as_deref(), Some("two"));
        assert_eq!(again.epoch().await.unwrap(), epoch);
        again.close().await;
        std::fs::remove_dir_all(folder).unwrap();
    }
}
