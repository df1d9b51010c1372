//! Where a function's program is.

use std::io;
use std::path::{Path, PathBuf};

/// `folder/<name>/bootstrap`, else `folder/<name>`; None when neither is a file.
///
/// # Errors
/// The folder isn't there.
pub(super) fn find(folder: &Path, name: &str) -> io::Result<Option<PathBuf>> {
    let folder = folder
        .canonicalize()
        .map_err(|error| io::Error::new(error.kind(), format!("{}: {error}", folder.display())))?;
    let candidates = [folder.join(name).join("bootstrap"), folder.join(name)];
    Ok(candidates.into_iter().find(|path| path.is_file()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_built_bundle_comes_before_a_plain_binary() {
        let folder = tempfile::tempdir().unwrap();
        let root = folder.path().canonicalize().unwrap();
        assert_eq!(find(&root, "connect").unwrap(), None);
        std::fs::write(root.join("message"), "").unwrap();
        std::fs::create_dir(root.join("connect")).unwrap();
        assert_eq!(find(&root, "connect").unwrap(), None, "a folder is no program");
        std::fs::write(root.join("connect/bootstrap"), "").unwrap();
        assert_eq!(find(&root, "connect").unwrap(), Some(root.join("connect/bootstrap")));
        assert_eq!(find(&root, "message").unwrap(), Some(root.join("message")));
    }

    #[test]
    fn a_folder_that_is_not_there_is_named() {
        let refused = find(Path::new("target/nowhere"), "connect").unwrap_err().to_string();
        assert!(refused.starts_with("target/nowhere: "), "{refused}");
    }
}
