//! What several tests of this crate need: a folder of their own.

use std::path::{Path, PathBuf};

use crate::identity::random_bytes;
use crate::keys::to_hex;

/// A folder under the system's temporary one, removed when dropped.
#[derive(Debug)]
pub(crate) struct Folder(PathBuf);

impl Folder {
    pub(crate) fn new() -> Folder {
        let name = format!("logos-test-{}", to_hex(&random_bytes::<8>()));
        let path = std::env::temp_dir().join(name);
        std::fs::create_dir(&path).unwrap();
        Folder(path)
    }

    pub(crate) fn path(&self) -> &Path {
        &self.0
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}
