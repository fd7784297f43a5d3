//! Who this node is: an ed25519 key in a file only its owner may read. Never overwrites a key:
//! whatever replaces one keeps the old one beside it.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Read as _, Write as _};
use std::path::{Path, PathBuf};

use ed25519_dalek::SigningKey;

use crate::error::DataError;
use crate::keys::{Id, PublicKey, from_hex, to_hex};

/// Name of the key's file in the data folder.
pub const KEY_FILE: &str = "key";
/// Most bytes a key file may have: 64 hex digits and a line end.
const KEY_FILE_BYTES_MAX: u64 = 80;

/// A node's secret key and what follows from it.
#[derive(Clone)]
pub struct Identity {
    signing: SigningKey,
    public: PublicKey,
}

impl Identity {
    /// A new random identity, kept nowhere.
    pub fn random() -> Identity {
        Identity::from_secret(&random_bytes())
    }

    /// The identity of this secret key.
    pub fn from_secret(secret: &[u8; 32]) -> Identity {
        let signing = SigningKey::from_bytes(secret);
        let public = PublicKey::from(signing.verifying_key());
        Identity { signing, public }
    }

    /// The identity in `folder`, or `None` if there is none yet.
    pub fn load(folder: &Path) -> Result<Option<Identity>, DataError> {
        Identity::read(&folder.join(KEY_FILE))
    }

    /// The identity in `folder`, made and written first if there is none.
    pub fn load_or_create(folder: &Path) -> Result<Identity, DataError> {
        if let Some(identity) = Identity::load(folder)? {
            return Ok(identity);
        }
        create_folder(folder)?;
        let identity = Identity::random();
        match identity.write_new(&folder.join(KEY_FILE)) {
            Ok(()) => Ok(identity),
            // Another program was faster: its key is the folder's.
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => Identity::load(folder)?
                .ok_or_else(|| {
                    DataError::Damaged(folder.join(KEY_FILE), "the key vanished".into())
                }),
            Err(error) => Err(io_error(&folder.join(KEY_FILE), &error)),
        }
    }

    /// Makes this the identity of `folder`. A key already there is kept beside it, under a name
    /// that begins with the key's own digits; returns where.
    pub fn replace(&self, folder: &Path) -> Result<Option<PathBuf>, DataError> {
        create_folder(folder)?;
        let path = folder.join(KEY_FILE);
        let kept = match Identity::load(folder)? {
            Some(old) if old.public == self.public => return Ok(None),
            Some(old) => Some(keep_beside(&path, &old)?),
            None => None,
        };
        // At every instant there is a key: the old one until the new one is there whole.
        let put: fn(&Path, &Path) -> io::Result<()> = match kept {
            Some(_) => |from, to| fs::rename(from, to),
            None => |from, to| fs::hard_link(from, to),
        };
        self.write(&path, put)
            .map_err(|error| io_error(&path, &error))?;
        Ok(kept)
    }

    /// Reads a key file wherever it lies.
    pub fn read(path: &Path) -> Result<Option<Identity>, DataError> {
        let file = match File::open(path) {
            Ok(file) => file,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
            Err(error) => return Err(io_error(path, &error)),
        };
        let mut text = String::new();
        file.take(KEY_FILE_BYTES_MAX)
            .read_to_string(&mut text)
            .map_err(|error| DataError::Damaged(path.to_owned(), error.to_string()))?;
        match from_hex::<32>(text.trim_end()) {
            Some(secret) => Ok(Some(Identity::from_secret(&secret))),
            None => Err(DataError::Damaged(
                path.to_owned(),
                "this is not a key".into(),
            )),
        }
    }

    /// Writes the key to a file that must not exist yet, readable by its owner only.
    pub fn export(&self, path: &Path) -> Result<(), DataError> {
        self.write_new(path).map_err(|error| io_error(path, &error))
    }

    /// The public half.
    pub fn public(&self) -> PublicKey {
        self.public
    }

    /// The node's id: SHA-512 of the public key.
    pub fn id(&self) -> Id {
        self.public.id()
    }

    /// The secret half, to sign with.
    pub fn signing_key(&self) -> &SigningKey {
        &self.signing
    }

    /// An existing file is an error.
    fn write_new(&self, path: &Path) -> io::Result<()> {
        self.write(path, |from, to| fs::hard_link(from, to))
    }

    /// Writes beside `path`, and from there `put`s it: the file is there whole or not at all, whenever the power fails.
    fn write(
        &self,
        path: &Path,
        put: impl FnOnce(&Path, &Path) -> io::Result<()>,
    ) -> io::Result<()> {
        let temporary = path.with_extension(format!("new-{}", to_hex(&random_bytes::<4>())));
        let mut options = OpenOptions::new();
        options.write(true).create_new(true);
        #[cfg(unix)]
        std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
        let written = (|| {
            let mut file = options.open(&temporary)?;
            writeln!(file, "{}", to_hex(&self.signing.to_bytes()))?;
            file.sync_all()?;
            put(&temporary, path)
        })();
        let _ = fs::remove_file(&temporary);
        written?;
        sync_folder(path);
        Ok(())
    }
}

/// `N` bytes of the operating system's randomness.
pub fn random_bytes<const N: usize>() -> [u8; N] {
    let mut bytes = [0; N];
    getrandom::fill(&mut bytes).expect("the operating system gives random bytes");
    bytes
}

/// Makes a folder that only its owner may enter, if it is not there yet.
pub fn create_folder(folder: &Path) -> Result<(), DataError> {
    let mut builder = fs::DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder
        .create(folder)
        .map_err(|error| io_error(folder, &error))
}

/// Keeps a key under a second name, unless it is kept there already.
fn keep_beside(path: &Path, old: &Identity) -> Result<PathBuf, DataError> {
    let digits = to_hex(&old.public.as_bytes()[..8]);
    let kept = path.with_file_name(format!("{KEY_FILE}-{digits}"));
    match old.write_new(&kept) {
        Ok(()) => Ok(kept),
        Err(error) => match Identity::read(&kept)? {
            Some(there) if there.public == old.public => Ok(kept),
            _ => Err(io_error(&kept, &error)),
        },
    }
}

/// Makes durable which files there are in the folder of this one, where a system lets that be asked for.
fn sync_folder(path: &Path) {
    let folder = path
        .parent()
        .filter(|folder| !folder.as_os_str().is_empty());
    let synced = File::open(folder.unwrap_or(Path::new("."))).and_then(|folder| folder.sync_all());
    if let Err(error) = synced {
        tracing::debug!(%error, "a folder cannot be made durable");
    }
}

fn io_error(path: &Path, error: &io::Error) -> DataError {
    DataError::Io(path.to_owned(), error.to_string())
}

impl std::fmt::Debug for Identity {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Identity({:?})", self.public)
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicBool, Ordering};

    use super::*;
    use crate::testing::Folder;

    #[test]
    fn a_key_is_made_once_and_stays() {
        let folder = Folder::new();
        assert!(Identity::load(folder.path()).unwrap().is_none());
        let first = Identity::load_or_create(folder.path()).unwrap();
        let again = Identity::load_or_create(folder.path()).unwrap();
        assert_eq!(first.public(), again.public());
        #[cfg(unix)]
        {
            use std::os::unix::fs::PermissionsExt as _;
            let mode = fs::metadata(folder.path().join(KEY_FILE))
                .unwrap()
                .permissions()
                .mode();
            assert_eq!(mode & 0o777, 0o600);
        }
    }

    #[test]
    fn a_replaced_key_is_kept_beside() {
        let folder = Folder::new();
        let old = Identity::load_or_create(folder.path()).unwrap();
        let new = Identity::random();
        let kept = new.replace(folder.path()).unwrap().unwrap();
        assert_eq!(
            Identity::load(folder.path()).unwrap().unwrap().public(),
            new.public()
        );
        assert_eq!(
            Identity::read(&kept).unwrap().unwrap().public(),
            old.public()
        );
        assert!(new.export(&kept).is_err(), "an export overwrites nothing");
    }

    /// Whoever looks while a key is replaced, or after the power failed meanwhile, finds the old one or the new one.
    #[test]
    fn there_is_a_key_while_it_is_replaced() {
        let folder = Folder::new();
        let mut known = vec![Identity::load_or_create(folder.path()).unwrap().public()];
        let is_over = AtomicBool::new(false);
        let seen = std::thread::scope(|scope| {
            let looking = scope.spawn(|| {
                let mut seen = Vec::new();
                while !is_over.load(Ordering::Relaxed) {
                    seen.push(Identity::load(folder.path()).unwrap());
                    seen.dedup_by_key(|seen| seen.as_ref().map(Identity::public));
                }
                seen
            });
            for _ in 0..50 {
                let next = Identity::random();
                known.push(next.public());
                next.replace(folder.path()).unwrap();
            }
            is_over.store(true, Ordering::Relaxed);
            looking.join().unwrap()
        });
        for seen in seen {
            assert!(known.contains(&seen.expect("there is a key").public()));
        }
    }

    #[test]
    fn a_key_that_comes_back_is_kept_beside_once() {
        let folder = Folder::new();
        let old = Identity::load_or_create(folder.path()).unwrap();
        let new = Identity::random();
        let kept = new.replace(folder.path()).unwrap();
        old.replace(folder.path()).unwrap();
        assert_eq!(new.replace(folder.path()).unwrap(), kept);
        let current = Identity::load(folder.path()).unwrap().unwrap();
        assert_eq!(current.public(), new.public());
        // What lies in its place and is no key is not lost.
        fs::write(kept.unwrap(), "mine").unwrap();
        old.replace(folder.path()).unwrap();
        assert!(new.replace(folder.path()).is_err());
        let current = Identity::load(folder.path()).unwrap().unwrap();
        assert_eq!(current.public(), old.public());
    }

    #[test]
    fn a_damaged_key_is_an_error_and_is_left_alone() {
        let folder = Folder::new();
        let path = folder.path().join(KEY_FILE);
        for content in ["", "abc", &"g".repeat(64), &"a".repeat(200)] {
            fs::write(&path, content).unwrap();
            assert!(matches!(
                Identity::load(folder.path()),
                Err(DataError::Damaged(..))
            ));
            assert!(Identity::load_or_create(folder.path()).is_err());
            assert_eq!(fs::read_to_string(&path).unwrap(), content);
        }
    }
}
