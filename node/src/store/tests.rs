use std::fs;
use std::io;
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};

use dht::{Address, BlockReason, Draft, Item, PROTOCOL_VERSION};
use ed25519_dalek::SigningKey;

use super::*;
use crate::service::JobState;
use crate::testing::Folder;

fn item(name: &str) -> ItemRecord {
    let author = SigningKey::from_bytes(&[1; 32]);
    let draft = Draft {
        name: name.into(),
        value: Some(b"v".to_vec()),
        ..Draft::default()
    };
    let item = Item::sign(&author, draft).unwrap();
    let source = item.public_key;
    ItemRecord {
        item: Arc::new(item),
        own: true,

        horizon: 0,
        source,
    }
}

fn contact(n: u8) -> Contact {
    let address = Address::Ip(([127, 0, 0, 1], u16::from(n)).into());
    Contact::new(
        PublicKey::from_bytes([n; 32]),
        vec![address],
        PROTOCOL_VERSION,
    )
}

#[test]
fn everything_is_there_after_reopening() {
    let folder = Folder::new();
    let block = BlockRecord {
        public_key: PublicKey::from_bytes([3; 32]),
        until: 9,
        strikes: 1,
        reason: BlockReason::WrongAnswer,
        evidence: vec![1],
    };
    let job = JobRecord {
        name: Id::hash(b"job"),
        submitted: 5,
        state: JobState::Running,
        verdict: None,
    };
    {
        let store = Store::open(folder.path()).unwrap();
        store
            .apply(&[
                Change::StoreItem(item("a")),
                Change::StoreItem(item("b")),
                Change::RemoveItem(item("a").item.key),
                Change::SaveContact(contact(1)),
                Change::SaveContact(contact(2)),
                Change::ForgetContact(contact(1).public_key()),
                Change::Block(block.clone()),
            ])
            .unwrap();
        store.save_job(&job).unwrap();
        store.save_number("port", 4433).unwrap();
        store
            .change_standing(&[contact(2).public_key()], |standing| standing.agreed += 1)
            .unwrap();
    }
    let store = Store::open(folder.path()).unwrap();
    assert_eq!(store.items().unwrap(), [item("b")]);
    assert_eq!(store.contacts().unwrap(), [contact(2)]);
    assert_eq!(store.blocks().unwrap(), [block]);
    assert_eq!(store.jobs().unwrap(), std::slice::from_ref(&job));
    assert_eq!(store.job(&job.name).unwrap(), Some(job));
    assert_eq!(store.number("port").unwrap(), Some(4433));
    assert_eq!(store.standing(&contact(2).public_key()).unwrap().agreed, 1);
    assert_eq!(
        store.standing(&contact(1).public_key()).unwrap(),
        Standing::default()
    );
}

#[test]
fn own_names_never_go_back() {
    let store = Store::in_memory();
    let first = store.next_own_name("n", 100, 500).unwrap();
    assert_eq!(
        first,
        OwnName {
            timestamp: 100,
            expires: 500
        }
    );
    let second = store.next_own_name("n", 90, 400).unwrap();
    assert_eq!(
        second,
        OwnName {
            timestamp: 101,
            expires: 500
        }
    );
    assert_eq!(store.next_own_name("n", 200, 0).unwrap().expires, 0);
    assert_eq!(store.next_own_name("n", 300, 900).unwrap().expires, 0);
    assert_eq!(store.own_name("other").unwrap(), None);
}

#[test]
fn the_first_program_holds_the_folder() {
    let folder = Folder::new();
    let first = Store::open(folder.path()).unwrap();
    assert!(matches!(
        Store::open(folder.path()),
        Err(DataError::Locked(_))
    ));
    drop(first);
    Store::open(folder.path()).unwrap();
}

#[test]
fn a_damaged_file_is_an_error_and_stays_as_it_is() {
    let folder = Folder::new();
    let path = folder.path().join(DATABASE_FILE);
    for content in [
        b"not a database".to_vec(),
        vec![0; 10_000],
        vec![7; 100_000],
    ] {
        fs::write(&path, &content).unwrap();
        let error = Store::open(folder.path()).unwrap_err();
        assert!(matches!(error, DataError::Damaged(..)), "{error:?}");
        assert_eq!(fs::read(&path).unwrap(), content);
    }
}

#[test]
fn a_newer_file_is_an_error() {
    let folder = Folder::new();
    Store::open(folder.path())
        .unwrap()
        .save_number("format", FORMAT + 1)
        .unwrap();
    assert!(matches!(
        Store::open(folder.path()),
        Err(DataError::Newer(_, 2))
    ));
}

#[test]
fn old_jobs_make_room() {
    let store = Store::in_memory();
    for n in 0..JOBS_MAX + 3 {
        let name = Id::hash(&n.to_be_bytes());
        let job = JobRecord {
            name,
            submitted: n,
            state: JobState::Done,
            verdict: None,
        };
        store.save_job(&job).unwrap();
    }
    let jobs = store.jobs().unwrap();
    assert_eq!(jobs.len() as u64, JOBS_MAX);
    assert_eq!(jobs.last().unwrap().submitted, 3);
}

/// A disk whose power fails at its `fuse`th operation: later writes are lost, and so is
/// everything written since the last sync.
#[derive(Debug, Clone)]
struct FailingDisk {
    synced: Arc<Mutex<Vec<u8>>>,
    current: Arc<Mutex<Vec<u8>>>,
    fuse: Arc<AtomicUsize>,
}

impl FailingDisk {
    fn new(content: Vec<u8>, fuse: usize) -> FailingDisk {
        FailingDisk {
            synced: Arc::new(Mutex::new(content.clone())),
            current: Arc::new(Mutex::new(content)),
            fuse: Arc::new(AtomicUsize::new(fuse)),
        }
    }

    fn burn(&self) -> io::Result<()> {
        let burnt = self
            .fuse
            .fetch_update(Ordering::SeqCst, Ordering::SeqCst, |n| n.checked_sub(1));
        burnt
            .map(|_| ())
            .map_err(|_| io::Error::other("power failure"))
    }
}

impl StorageBackend for FailingDisk {
    fn len(&self) -> io::Result<u64> {
        Ok(self.current.lock().unwrap().len() as u64)
    }

    fn read(&self, offset: u64, out: &mut [u8]) -> io::Result<()> {
        let current = self.current.lock().unwrap();
        let offset = offset as usize;
        let bytes = current
            .get(offset..offset + out.len())
            .ok_or(io::ErrorKind::UnexpectedEof)?;
        out.copy_from_slice(bytes);
        Ok(())
    }

    fn set_len(&self, len: u64) -> io::Result<()> {
        self.burn()?;
        self.current.lock().unwrap().resize(len as usize, 0);
        Ok(())
    }

    fn sync_data(&self) -> io::Result<()> {
        self.burn()?;
        *self.synced.lock().unwrap() = self.current.lock().unwrap().clone();
        Ok(())
    }

    fn write(&self, offset: u64, data: &[u8]) -> io::Result<()> {
        self.burn()?;
        let offset = offset as usize;
        self.current.lock().unwrap()[offset..offset + data.len()].copy_from_slice(data);
        Ok(())
    }
}

#[test]
fn whatever_was_acknowledged_survives_a_crash_at_any_operation() {
    let prepared = FailingDisk::new(Vec::new(), usize::MAX);
    drop(Store::on_backend(prepared.clone()).unwrap());
    let prepared = prepared.synced.lock().unwrap().clone();
    for fuse in 0..200 {
        let disk = FailingDisk::new(prepared.clone(), fuse);
        let mut acknowledged = Vec::new();
        let mut failed = false;
        if let Ok(store) = Store::on_backend(disk.clone()) {
            for n in 0..10 {
                let record = item(&n.to_string());
                match store.apply(&[Change::StoreItem(record.clone())]) {
                    Ok(()) => acknowledged.push(record),
                    Err(_) => failed = true,
                }
                if failed {
                    break;
                }
            }
        }
        let content = disk.synced.lock().unwrap().clone();
        let store = Store::on_backend(FailingDisk::new(content, usize::MAX)).unwrap();
        let found = store.items().unwrap();
        for record in &acknowledged {
            assert!(
                found.contains(record),
                "fuse {fuse}: an acknowledged item is lost"
            );
        }
        assert!(
            found.len() <= acknowledged.len() + 1,
            "fuse {fuse}: half a change is there"
        );
    }
}
