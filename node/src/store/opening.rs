//! Opening the database, and opening it again after its disk refused something: redb takes no further change after
//! an error of the disk, which may have been full for a moment only.
//! Refuses files that are damaged, or not ours, and leaves them as they are.

use std::fmt;
use std::fs::OpenOptions;
use std::path::{Path, PathBuf};
use std::sync::{PoisonError, RwLock, RwLockReadGuard};

use redb::{Database, DatabaseError, StorageBackend};

use super::draft::Draft;
use super::quiet::quietly;
use super::{FORMAT, format_of};
use crate::error::DataError;

/// Memory the database may use as its cache.
const CACHE_BYTES: usize = 16 * 1024 * 1024;
/// A smaller file is never compacted.
const COMPACTED_BYTES_MIN: u64 = 16 * 1024 * 1024;
/// A file is compacted if it is so many times as large as what it holds.
const SPARSE: u64 = 2;

/// Opens the database anew.
type Open = dyn Fn() -> Result<Database, DatabaseError> + Send + Sync;

/// The database, as far as its disk lets it be open.
pub(super) struct Opened {
    path: PathBuf,
    open: Box<Open>,
    database: RwLock<Option<Database>>,
}

impl Opened {
    /// The database in a file, made if there is none.
    pub(super) fn file(path: &Path) -> Result<Opened, DataError> {
        if is_empty(path) {
            make(path)?;
        } else {
            try_out(path)?;
        }
        let place = path.to_owned();
        let opened = Opened::with(path, move || {
            builder().create_file(owners_only().open(&place)?)
        })?;
        opened.compact_if_sparse();
        Ok(opened)
    }

    /// A database on whatever backend it is given each time it is opened.
    pub(super) fn backends<B: StorageBackend>(
        path: &Path,
        backend: impl Fn() -> B + Send + Sync + 'static,
    ) -> Result<Opened, DataError> {
        Opened::with(path, move || builder().create_with_backend(backend()))
    }

    fn with(
        path: &Path,
        open: impl Fn() -> Result<Database, DatabaseError> + Send + Sync + 'static,
    ) -> Result<Opened, DataError> {
        let database = open().map_err(|error| cannot_open(path, error))?;
        Ok(Opened {
            path: path.to_owned(),
            open: Box::new(open),
            database: RwLock::new(Some(database)),
        })
    }

    /// Where it is.
    pub(super) fn path(&self) -> &Path {
        &self.path
    }

    /// Does something with the database. If the disk refuses, the database is opened anew for the next time.
    pub(super) fn with_database<T>(
        &self,
        work: impl FnOnce(&Database) -> Result<T, redb::Error>,
    ) -> Result<T, DataError> {
        let guard = self.open()?;
        let done = match &*guard {
            Some(database) => work(database),
            None => Err(redb::Error::DatabaseClosed),
        };
        drop(guard);
        done.map_err(|error| {
            if is_of_the_disk(&error) {
                self.close();
            }
            self.failure(&error)
        })
    }

    fn open(&self) -> Result<RwLockReadGuard<'_, Option<Database>>, DataError> {
        let guard = self.database.read().unwrap_or_else(PoisonError::into_inner);
        if guard.is_some() {
            return Ok(guard);
        }
        drop(guard);
        let mut place = self
            .database
            .write()
            .unwrap_or_else(PoisonError::into_inner);
        if place.is_none() {
            let opened = (self.open)().map_err(|error| cannot_open(&self.path, error))?;
            tracing::info!(path = %self.path.display(), "opened again");
            *place = Some(opened);
        }
        drop(place);
        Ok(self.database.read().unwrap_or_else(PoisonError::into_inner))
    }

    fn close(&self) {
        let mut place = self
            .database
            .write()
            .unwrap_or_else(PoisonError::into_inner);
        *place = None;
    }

    fn failure(&self, error: &redb::Error) -> DataError {
        let path = self.path.clone();
        match error {
            redb::Error::Io(error) if error.kind() == std::io::ErrorKind::StorageFull => {
                DataError::Full(path)
            }
            redb::Error::Io(error) => DataError::Io(path, error.to_string()),
            error if is_of_the_disk(error) => DataError::Io(path, error.to_string()),
            error => DataError::Damaged(path, error.to_string()),
        }
    }

    /// Gives back to the disk what a file holds no longer. A disk that refuses leaves it as it is.
    fn compact_if_sparse(&self) {
        let mut place = self
            .database
            .write()
            .unwrap_or_else(PoisonError::into_inner);
        let Some(database) = place.as_mut() else {
            return;
        };
        if !is_sparse(&self.path, database) {
            return;
        }
        if let Err(error) = database.compact() {
            tracing::warn!(%error, path = %self.path.display(), "cannot be compacted");
            *place = None;
        }
    }
}

fn is_empty(path: &Path) -> bool {
    std::fs::metadata(path).map_or(true, |file| file.len() == 0)
}

/// Makes an empty database, under another name first: whoever is stopped in the middle, or finds no room, leaves nothing that is not whole
/// under this one.
fn make(path: &Path) -> Result<(), DataError> {
    let unfinished = path.with_extension("redb.new");
    let made = || -> Result<(), DatabaseError> {
        let file = owners_only().truncate(true).open(&unfinished)?;
        drop(builder().create_file(file)?);
        Ok(std::fs::rename(&unfinished, path)?)
    };
    made().map_err(|error| {
        // It is made anew the next time, whether it can be removed or not.
        let _ = std::fs::remove_file(&unfinished);
        cannot_open(path, error)
    })
}

/// Opens and mends a file that is there in memory first, and looks at all of it: if that fails, it stays as it is.
/// Whatever is not as it was written would be met later, where redb does not expect it and panics.
fn try_out(path: &Path) -> Result<(), DataError> {
    let refused = |error: std::io::Error| DataError::Io(path.to_owned(), error.to_string());
    let draft = Draft::of(path).map_err(refused)?;
    let look = || {
        let mut database = builder().create_with_backend(draft)?;
        let is_whole = database.check_integrity()?;
        Ok((is_whole, format_of(&database)))
    };
    let damaged = |why: &str| DataError::Damaged(path.to_owned(), why.into());
    match quietly(look) {
        Ok(Ok((true, Ok(Some(format))))) if format > FORMAT => {
            Err(DataError::Newer(path.to_owned(), format))
        }
        Ok(Ok((true, Ok(_)))) => Ok(()),
        Ok(Ok((true, Err(error)))) => Err(damaged(&error.to_string())),
        Ok(Ok((false, _))) => Err(damaged("its parts contradict each other")),
        Ok(Err(error)) => Err(cannot_open(path, error)),
        Err(_) => Err(damaged("its parts make no sense")),
    }
}

/// Whether compacting is worth its time.
fn is_sparse(path: &Path, database: &Database) -> bool {
    let Ok(file) = std::fs::metadata(path) else {
        return false;
    };
    if file.len() < COMPACTED_BYTES_MIN {
        return false;
    }
    let Ok(stats) = database.begin_write().and_then(|write| {
        let stats = write.stats();
        let _ = write.abort();
        Ok(stats?)
    }) else {
        return false;
    };
    let held = stats
        .allocated_pages()
        .saturating_mul(stats.page_size() as u64);
    file.len() > SPARSE.saturating_mul(held)
}

/// How a file is opened that only its owner may read; one that is there keeps the rights it has.
pub(super) fn owners_only() -> OpenOptions {
    let mut options = OpenOptions::new();
    options.read(true).write(true).create(true).truncate(false);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options
}

fn builder() -> redb::Builder {
    let mut builder = Database::builder();
    builder.set_cache_size(CACHE_BYTES);
    builder
}

/// Whether this is no more than a disk that refuses.
fn is_of_the_disk(error: &redb::Error) -> bool {
    matches!(
        error,
        redb::Error::Io(_) | redb::Error::PreviousIo | redb::Error::DatabaseClosed
    )
}

fn cannot_open(path: &Path, error: DatabaseError) -> DataError {
    match error {
        DatabaseError::DatabaseAlreadyOpen => DataError::Locked(path.to_owned()),
        DatabaseError::Storage(redb::StorageError::Io(error)) => match error.kind() {
            std::io::ErrorKind::InvalidData => {
                DataError::Damaged(path.to_owned(), error.to_string())
            }
            std::io::ErrorKind::StorageFull => DataError::Full(path.to_owned()),
            _ => DataError::Io(path.to_owned(), error.to_string()),
        },
        error => DataError::Damaged(path.to_owned(), error.to_string()),
    }
}

impl fmt::Debug for Opened {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Opened({})", self.path.display())
    }
}
