//! The folder of the embedded state, held by one runner at a time.

use anyhow::{Context, bail};
use std::{
    fs::{File, TryLockError},
    path::{Path, PathBuf},
};

/// The folder while it is ours; another runner may have it once this is dropped, or its process ended.
pub(crate) struct StateDir {
    path: PathBuf,
    _lock: File,
}

impl StateDir {
    /// Makes the folder when missing, and takes it.
    ///
    /// # Errors
    /// Another runner has it, or the system's.
    pub(crate) fn take(path: &Path) -> anyhow::Result<Self> {
        let shown = path.display();
        std::fs::create_dir_all(path).with_context(|| format!("cannot make the state folder {shown}"))?;
        let lock = File::create(path.join("lock")).with_context(|| format!("cannot write in {shown}"))?;
        match lock.try_lock() {
            Ok(()) => Ok(Self { path: path.to_owned(), _lock: lock }),
            Err(TryLockError::WouldBlock) => bail!(
                "another runner keeps its state in {shown}: stop it, or set STATE_DIR to another folder"
            ),
            Err(TryLockError::Error(error)) => {
                Err(error).with_context(|| format!("cannot lock the state folder {shown}"))
            }
        }
    }

    /// The file of the stores.
    pub(crate) fn database(&self) -> PathBuf {
        self.path.join("hark.db")
    }
}
