//! Everything that must survive a crash, in one redb file: items, contacts, blocks, what readers saw, the last
//! timestamps of our own names, jobs, receipts, standing and evidence. Whatever a call returned
//! from is on disk. The same store in memory serves programs without a data folder.
//! Refuses to judge: it keeps what it is given. A damaged or newer file is left as it is.

mod draft;
mod fetched;
mod opening;
mod quiet;
mod records;

pub use fetched::FetchedChunk;
pub use records::{Evidence, OwnName, QueuedJob, Standing, WorkedJob};

use std::cmp::Reverse;
use std::fs::File;
use std::path::Path;
use std::sync::Arc;

use dht::{BlockRecord, Contact, ItemRecord, SeenRecord, Subnet};
use redb::backends::InMemoryBackend;
use redb::{
    Database, ReadableDatabase, ReadableTable, ReadableTableMetadata, StorageBackend,
    TableDefinition, TableError, WriteTransaction,
};
use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::error::DataError;
use crate::identity::create_folder;
use crate::keys::{Id, PublicKey};
use crate::service::{JobRecord, JobState};
use crate::wire::{decode, encode};

/// Name of the database in the data folder.
pub const DATABASE_FILE: &str = "node.redb";
/// Name of the file whose lock says that a program uses the folder.
pub const LOCK_FILE: &str = "lock";
/// The version of the tables below. In the first one an item's record ended before its subnet, in the first two a
/// contact's before the time it was reached at.
const FORMAT: u64 = 3;
/// Name of the version in the table of numbers.
const FORMAT_NAME: &str = "format";
/// Most receipts kept of jobs run for others; the oldest go first.
const WORKED_JOBS_MAX: u64 = 1024;
/// Most own jobs that wait to be asked.
pub const QUEUED_JOBS_MAX: u64 = 256;
/// Most own jobs kept; the oldest go first.
const JOBS_MAX: u64 = 1024;
use fetched::{FETCHED, FETCHES};
use opening::{Opened, owners_only};

type Table = TableDefinition<'static, &'static [u8], &'static [u8]>;

const META: TableDefinition<'static, &'static str, u64> = TableDefinition::new("meta");
const ITEMS: Table = TableDefinition::new("items");
const CONTACTS: Table = TableDefinition::new("contacts");
const BLOCKS: Table = TableDefinition::new("blocks");
const SEEN: Table = TableDefinition::new("seen");
const OWN_NAMES: Table = TableDefinition::new("own-names");
const JOBS: Table = TableDefinition::new("jobs");
const QUEUE: Table = TableDefinition::new("queue");
const WORKED: Table = TableDefinition::new("worked");
const STANDING: Table = TableDefinition::new("standing");
const EVIDENCE: Table = TableDefinition::new("evidence");
const TABLES: [Table; 12] = [
    ITEMS, CONTACTS, BLOCKS, SEEN, OWN_NAMES, JOBS, QUEUE, WORKED, STANDING, EVIDENCE, FETCHES,
    FETCHED,
];

/// One change the DHT's state machine wants on disk.
#[derive(Debug, Clone)]
pub enum Change {
    /// Keep this item.
    StoreItem(ItemRecord),
    /// Forget the item under this key.
    RemoveItem(Id),
    /// Keep this contact, which was reached then, in milliseconds since 1970.
    SaveContact(Contact, u64),
    /// Forget this contact.
    ForgetContact(PublicKey),
    /// Keep this block.
    Block(BlockRecord),
    /// Forget this block.
    Unblock(PublicKey),
    /// Remember that a reader saw this version.
    SaveSeen(SeenRecord),
    /// Forget what a reader saw under this key.
    ForgetSeen(Id),
}

impl Change {
    /// Whether it does no harm if this is never made: what is forgotten in memory may come back after a restart, as
    /// contacts and what was read may be gone.
    pub(crate) fn is_dispensable(&self) -> bool {
        match self {
            Change::StoreItem(_) | Change::Block(_) | Change::Unblock(_) => false,
            Change::RemoveItem(_)
            | Change::SaveContact(..)
            | Change::ForgetContact(_)
            | Change::SaveSeen(_)
            | Change::ForgetSeen(_) => true,
        }
    }

    /// What it changes: which table, and which key there.
    pub(crate) fn place(&self) -> (u8, Vec<u8>) {
        match self {
            Change::StoreItem(record) => (0, record.item.key.as_bytes().to_vec()),
            Change::RemoveItem(key) => (0, key.as_bytes().to_vec()),
            Change::SaveContact(contact, _) => (1, contact.public_key().as_bytes().to_vec()),
            Change::ForgetContact(key) => (1, key.as_bytes().to_vec()),
            Change::Block(record) => (2, record.public_key.as_bytes().to_vec()),
            Change::Unblock(key) => (2, key.as_bytes().to_vec()),
            Change::SaveSeen(record) => (3, record.key.as_bytes().to_vec()),
            Change::ForgetSeen(key) => (3, key.as_bytes().to_vec()),
        }
    }
}

/// The node's disk, or its memory in place of one. Cheap to clone.
#[derive(Debug, Clone)]
pub struct Store {
    inner: Arc<Inner>,
}

#[derive(Debug)]
struct Inner {
    database: Opened,
    on_disk: bool,
    /// Held as long as the store is open.
    _lock: Option<File>,
}

impl Store {
    /// The store in `folder`, made if there is none. The first program holds it.
    pub fn open(folder: &Path) -> Result<Store, DataError> {
        create_folder(folder)?;
        let lock = lock(folder)?;
        let path = folder.join(DATABASE_FILE);
        let database = Opened::file(&path)?;
        Store::prepare(database, Some(lock))
    }

    /// A store that is gone when it is dropped.
    pub fn in_memory() -> Store {
        Store::on_backends(InMemoryBackend::new).expect("an empty store in memory can be made")
    }

    /// A store on any backend, asked for whenever the store is opened: how tests inject crashes.
    pub fn on_backends<B: StorageBackend>(
        backend: impl Fn() -> B + Send + Sync + 'static,
    ) -> Result<Store, DataError> {
        let database = Opened::backends(Path::new("(memory)"), backend)?;
        Store::prepare(database, None)
    }

    fn prepare(database: Opened, lock: Option<File>) -> Result<Store, DataError> {
        let on_disk = lock.is_some();
        let store = Store {
            inner: Arc::new(Inner {
                database,
                on_disk,
                _lock: lock,
            }),
        };
        store.check_format()?;
        store.bring_up_to_date()?;
        Ok(store)
    }

    /// Whether writing takes as long as a disk does.
    pub fn is_on_disk(&self) -> bool {
        self.inner.on_disk
    }

    /// Does something with the store where waiting for a disk harms nobody; `None` if that was interrupted.
    pub(crate) async fn run<T: Send + 'static>(
        &self,
        work: impl FnOnce(&Store) -> T + Send + 'static,
    ) -> Option<T> {
        if !self.is_on_disk() {
            return Some(work(self));
        }
        let store = self.clone();
        tokio::task::spawn_blocking(move || work(&store)).await.ok()
    }

    /// Makes all of `changes` durable, in order, or none.
    pub fn apply<'a>(
        &self,
        changes: impl IntoIterator<Item = &'a Change>,
    ) -> Result<(), DataError> {
        self.write(|write| {
            for change in changes {
                match change {
                    Change::StoreItem(record) => {
                        put(write, ITEMS, record.item.key.as_bytes(), record)?;
                    }
                    Change::RemoveItem(key) => remove(write, ITEMS, key.as_bytes())?,
                    Change::SaveContact(contact, at) => {
                        let key = contact.public_key();
                        put(write, CONTACTS, key.as_bytes(), &(contact, at))?;
                    }
                    Change::ForgetContact(key) => remove(write, CONTACTS, key.as_bytes())?,
                    Change::Block(record) => {
                        put(write, BLOCKS, record.public_key.as_bytes(), record)?;
                    }
                    Change::Unblock(key) => remove(write, BLOCKS, key.as_bytes())?,
                    Change::SaveSeen(record) => put(write, SEEN, record.key.as_bytes(), record)?,
                    Change::ForgetSeen(key) => remove(write, SEEN, key.as_bytes())?,
                }
            }
            Ok(())
        })
    }

    /// Whether a change would forget what is not on disk anyway.
    pub(crate) fn is_needless(&self, change: &Change) -> Result<bool, DataError> {
        let (table, key) = match change {
            Change::RemoveItem(key) => (ITEMS, key.as_bytes().as_slice()),
            Change::ForgetContact(key) => (CONTACTS, key.as_bytes().as_slice()),
            Change::Unblock(key) => (BLOCKS, key.as_bytes().as_slice()),
            Change::ForgetSeen(key) => (SEEN, key.as_bytes().as_slice()),
            Change::StoreItem(_)
            | Change::SaveContact(..)
            | Change::Block(_)
            | Change::SaveSeen(_) => return Ok(false),
        };
        self.read(|database| {
            let table = database.begin_read()?.open_table(table)?;
            Ok(table.get(key)?.is_none())
        })
    }

    /// All items.
    pub fn items(&self) -> Result<Vec<ItemRecord>, DataError> {
        self.all(ITEMS)
    }

    /// All contacts, those first that were reached last.
    pub fn contacts(&self) -> Result<Vec<Contact>, DataError> {
        let mut contacts: Vec<(Contact, u64)> = self.all(CONTACTS)?;
        contacts.sort_by_key(|(_, at)| Reverse(*at));
        Ok(contacts.into_iter().map(|(contact, _)| contact).collect())
    }

    /// All blocks, without their evidence: of that, one at a time is enough.
    pub fn blocks(&self) -> Result<Vec<BlockRecord>, DataError> {
        self.each(BLOCKS, |block: BlockRecord| BlockRecord {
            evidence_bytes: block.evidence.len(),
            evidence: Vec::new(),
            ..block
        })
    }

    /// The newest versions readers saw.
    pub fn seen(&self) -> Result<Vec<SeenRecord>, DataError> {
        self.all(SEEN)
    }

    /// The block of a peer, with its evidence.
    pub fn block(&self, peer: &PublicKey) -> Result<Option<BlockRecord>, DataError> {
        let block: Option<BlockRecord> = self.one(BLOCKS, peer.as_bytes())?;
        Ok(block.map(|block| BlockRecord {
            evidence_bytes: block.evidence.len(),
            ..block
        }))
    }

    /// What we last signed under one of our own names.
    pub fn own_name(&self, name: &str) -> Result<Option<OwnName>, DataError> {
        self.one(OWN_NAMES, name.as_bytes())
    }

    /// Reserves the next timestamp for one of our own names, and remembers its latest expiry:
    /// never a timestamp twice, never an expiry earlier than one given before.
    pub fn next_own_name(&self, name: &str, now: u64, expires: u64) -> Result<OwnName, DataError> {
        let mut next = OwnName {
            timestamp: now,
            expires,
        };
        self.write(|write| {
            let mut table = write.open_table(OWN_NAMES)?;
            let last = match table.get(name.as_bytes())? {
                Some(bytes) => decode::<OwnName>(bytes.value()).ok(),
                None => None,
            };
            next = last.map_or(next, |last| last.next(now, expires));
            table.insert(name.as_bytes(), encode(&next).as_slice())?;
            Ok(())
        })?;
        Ok(next)
    }

    /// Keeps a job of our own, in place of what was known about it. One that has ended leaves the
    /// queue.
    pub fn save_job(&self, record: &JobRecord) -> Result<(), DataError> {
        self.write(|write| {
            put(write, JOBS, record.name.as_bytes(), record)?;
            if matches!(record.state, JobState::Done | JobState::Cancelled) {
                remove(write, QUEUE, record.name.as_bytes())?;
            }
            prune(write, JOBS, JOBS_MAX, |record: &JobRecord| record.submitted)
        })
    }

    /// Keeps a job that is to be asked later; `false` if too many wait already.
    pub fn enqueue(&self, record: &JobRecord, job: &QueuedJob) -> Result<bool, DataError> {
        let mut has_room = false;
        self.write(|write| {
            has_room = write.open_table(QUEUE)?.len()? < QUEUED_JOBS_MAX;
            if has_room {
                put(write, JOBS, record.name.as_bytes(), record)?;
                put(write, QUEUE, record.name.as_bytes(), job)?;
                prune(write, JOBS, JOBS_MAX, |record: &JobRecord| record.submitted)?;
            }
            Ok(())
        })?;
        Ok(has_room)
    }

    /// A job that waits to be asked, or is being asked and may have to be asked again.
    pub fn queued(&self, name: &Id) -> Result<Option<QueuedJob>, DataError> {
        self.one(QUEUE, name.as_bytes())
    }

    /// Records that an own job which has not ended yet is cancelled; the job after that.
    pub fn cancel_job(&self, name: &Id) -> Result<Option<JobRecord>, DataError> {
        let mut found = None;
        self.write(|write| {
            let mut jobs = write.open_table(JOBS)?;
            let key = name.as_bytes().as_slice();
            let known = jobs.get(key)?.map(|bytes| record(bytes.value()));
            let Some(mut job) = known.transpose()? else {
                return Ok(());
            };
            if !matches!(
                job,
                JobRecord {
                    state: JobState::Done,
                    ..
                }
            ) {
                job.state = JobState::Cancelled;
                jobs.insert(key, encode(&job).as_slice())?;
                remove(write, QUEUE, key)?;
            }
            found = Some(job);
            Ok(())
        })?;
        Ok(found)
    }

    /// One of our own jobs.
    pub fn job(&self, name: &Id) -> Result<Option<JobRecord>, DataError> {
        self.one(JOBS, name.as_bytes())
    }

    /// All of our own jobs, the newest first.
    pub fn jobs(&self) -> Result<Vec<JobRecord>, DataError> {
        let mut jobs: Vec<JobRecord> = self.all(JOBS)?;
        jobs.sort_by_key(|job| Reverse((job.submitted, job.name)));
        Ok(jobs)
    }

    /// Keeps what we signed about somebody else's job.
    pub fn save_worked(&self, worked: &WorkedJob) -> Result<(), DataError> {
        self.write(|write| {
            put(write, WORKED, worked.receipt.receipt.job.as_bytes(), worked)?;
            prune(write, WORKED, WORKED_JOBS_MAX, |worked: &WorkedJob| {
                worked.receipt.receipt.started
            })
        })
    }

    /// What we signed about somebody else's job.
    pub fn worked(&self, job: &Id) -> Result<Option<WorkedJob>, DataError> {
        self.one(WORKED, job.as_bytes())
    }

    /// What we know of a peer's work.
    pub fn standing(&self, peer: &PublicKey) -> Result<Standing, DataError> {
        Ok(self.one(STANDING, peer.as_bytes())?.unwrap_or_default())
    }

    /// Changes what we know of some peers' work.
    pub fn change_standing(
        &self,
        peers: &[PublicKey],
        change: impl Fn(&mut Standing),
    ) -> Result<(), DataError> {
        self.write(|write| {
            let mut table = write.open_table(STANDING)?;
            for peer in peers {
                let mut standing = match table.get(peer.as_bytes().as_slice())? {
                    Some(bytes) => decode(bytes.value()).unwrap_or_default(),
                    None => Standing::default(),
                };
                change(&mut standing);
                table.insert(peer.as_bytes().as_slice(), encode(&standing).as_slice())?;
            }
            Ok(())
        })
    }

    /// Keeps why a peer was convicted.
    pub fn save_evidence(&self, peer: &PublicKey, evidence: &Evidence) -> Result<(), DataError> {
        self.write(|write| put(write, EVIDENCE, peer.as_bytes(), evidence))
    }

    /// Why a peer was convicted, if it was.
    pub fn evidence(&self, peer: &PublicKey) -> Result<Option<Evidence>, DataError> {
        self.one(EVIDENCE, peer.as_bytes())
    }

    /// A number kept under a name: the last port used, for example.
    pub fn number(&self, name: &str) -> Result<Option<u64>, DataError> {
        self.read(|database| {
            let table = database.begin_read()?.open_table(META)?;
            Ok(table.get(name)?.map(|number| number.value()))
        })
    }

    /// Keeps a number under a name.
    pub fn save_number(&self, name: &str, number: u64) -> Result<(), DataError> {
        self.write(|write| {
            write.open_table(META)?.insert(name, number)?;
            Ok(())
        })
    }

    /// Refuses what a newer program wrote, before anything is written to it.
    fn check_format(&self) -> Result<(), DataError> {
        match self.read(format_of)? {
            Some(found) if found > FORMAT => {
                let path = self.inner.database.path().to_owned();
                Err(DataError::Newer(path, found))
            }
            _ => Ok(()),
        }
    }

    /// Makes what is missing, and makes what an older program wrote readable for this one.
    fn bring_up_to_date(&self) -> Result<(), DataError> {
        self.write(|write| {
            for table in TABLES {
                write.open_table(table)?;
            }
            let mut meta = write.open_table(META)?;
            let found = meta.get(FORMAT_NAME)?.map(|format| format.value());
            if found == Some(1) {
                // The subnet an item came from is not known.
                extend_records(write, ITEMS, &encode(&None::<Subnet>))?;
            }
            if matches!(found, Some(1 | 2)) {
                // Nor is when a contact was reached.
                extend_records(write, CONTACTS, &encode(&0u64))?;
            }
            if found != Some(FORMAT) {
                meta.insert(FORMAT_NAME, FORMAT)?;
            }
            Ok(())
        })
    }

    fn write(
        &self,
        change: impl FnOnce(&WriteTransaction) -> Result<(), redb::Error>,
    ) -> Result<(), DataError> {
        self.inner.database.with_database(|database| {
            let write = database.begin_write()?;
            change(&write)?;
            write.commit()?;
            Ok(())
        })
    }

    fn read<T>(
        &self,
        look: impl FnOnce(&Database) -> Result<T, redb::Error>,
    ) -> Result<T, DataError> {
        self.inner.database.with_database(look)
    }

    fn all<T: DeserializeOwned>(&self, table: Table) -> Result<Vec<T>, DataError> {
        self.each(table, |record: T| record)
    }

    /// What is made of each record of a table, while only one of them is in memory as it is on disk.
    fn each<T: DeserializeOwned, U>(
        &self,
        table: Table,
        make: impl Fn(T) -> U,
    ) -> Result<Vec<U>, DataError> {
        self.read(|database| {
            let table = database.begin_read()?.open_table(table)?;
            let mut made = Vec::new();
            for entry in table.iter()? {
                made.push(make(record(entry?.1.value())?));
            }
            Ok(made)
        })
    }

    fn one<T: DeserializeOwned>(&self, table: Table, key: &[u8]) -> Result<Option<T>, DataError> {
        self.read(|database| {
            let table = database.begin_read()?.open_table(table)?;
            table
                .get(key)?
                .map(|bytes| record(bytes.value()))
                .transpose()
        })
    }
}

/// The version of a database's tables; none if nothing was ever written to it.
fn format_of(database: &Database) -> Result<Option<u64>, redb::Error> {
    match database.begin_read()?.open_table(META) {
        Ok(meta) => Ok(meta.get(FORMAT_NAME)?.map(|format| format.value())),
        Err(TableError::TableDoesNotExist(_)) => Ok(None),
        Err(error) => Err(error.into()),
    }
}

/// Puts this at the end of every record of a table.
fn extend_records(write: &WriteTransaction, table: Table, end: &[u8]) -> Result<(), redb::Error> {
    let mut table = write.open_table(table)?;
    let mut keys = Vec::new();
    for entry in table.iter()? {
        keys.push(entry?.0.value().to_vec());
    }
    for key in keys {
        let known = table.get(key.as_slice())?;
        let Some(mut record) = known.map(|bytes| bytes.value().to_vec()) else {
            continue;
        };
        record.extend_from_slice(end);
        table.insert(key.as_slice(), record.as_slice())?;
    }
    Ok(())
}

fn put<T: Serialize>(
    write: &WriteTransaction,
    table: Table,
    key: &[u8],
    record: &T,
) -> Result<(), redb::Error> {
    write
        .open_table(table)?
        .insert(key, encode(record).as_slice())?;
    Ok(())
}

fn remove(write: &WriteTransaction, table: Table, key: &[u8]) -> Result<(), redb::Error> {
    write.open_table(table)?.remove(key)?;
    Ok(())
}

/// Removes the oldest record of a table that has more than `most`.
fn prune<T: DeserializeOwned>(
    write: &WriteTransaction,
    table: Table,
    most: u64,
    age: impl Fn(&T) -> u64,
) -> Result<(), redb::Error> {
    let mut table = write.open_table(table)?;
    if table.len()? <= most {
        return Ok(());
    }
    let mut oldest: Option<(u64, Vec<u8>)> = None;
    for entry in table.iter()? {
        let (key, bytes) = entry?;
        let age = record(bytes.value()).map_or(0, |record| age(&record));
        if oldest.as_ref().is_none_or(|(oldest, _)| age < *oldest) {
            oldest = Some((age, key.value().to_vec()));
        }
    }
    if let Some((_, key)) = oldest {
        table.remove(key.as_slice())?;
    }
    Ok(())
}

fn record<T: DeserializeOwned>(bytes: &[u8]) -> Result<T, redb::Error> {
    decode(bytes).map_err(|_| redb::Error::Corrupted("a record cannot be read".into()))
}

/// Takes a data folder for as long as the file lives.
pub fn lock(folder: &Path) -> Result<File, DataError> {
    let path = folder.join(LOCK_FILE);
    let file = owners_only()
        .open(&path)
        .map_err(|error| DataError::Io(path.clone(), error.to_string()))?;
    match file.try_lock() {
        Ok(()) => Ok(file),
        Err(std::fs::TryLockError::WouldBlock) => Err(DataError::Locked(folder.to_owned())),
        Err(std::fs::TryLockError::Error(error)) => Err(DataError::Io(path, error.to_string())),
    }
}

#[cfg(test)]
pub(crate) mod crashes;
#[cfg(test)]
mod tests;
