//! What becomes of the store when its disk fails: at every operation, with whatever the disk had not promised to
//! keep lost, torn or there; and when the disk is full.

use std::collections::BTreeMap;
use std::io;
use std::sync::{Mutex, MutexGuard};

use dht::{BlockReason, Draft, Item};
use ed25519_dalek::SigningKey;
use rand_chacha::ChaCha12Rng;
use rand_core::{Rng as _, SeedableRng as _};

use super::*;

/// A disk in memory. Cheap to clone: it stays the same disk.
#[derive(Debug, Clone, Default)]
pub(crate) struct Disk(Arc<Mutex<State>>);

#[derive(Debug, Default)]
struct State {
    /// What survives whatever happens.
    synced: Vec<u8>,
    /// What is read.
    current: Vec<u8>,
    /// What was done since the last sync.
    unsynced: Vec<Done>,
    /// Operations left before the power fails; `None` is never.
    fuse: Option<usize>,
    /// Bytes it can hold; `None` is any number.
    room: Option<u64>,
    operations: usize,
}

#[derive(Debug)]
enum Done {
    Write(usize, Vec<u8>),
    Length(usize),
}

impl Disk {
    fn of(content: Vec<u8>) -> Disk {
        let disk = Disk::default();
        (disk.state().synced, disk.state().current) = (content.clone(), content);
        disk
    }

    /// Lets it hold no more than it does now, or any number of bytes.
    pub(crate) fn fill(&self, is_full: bool) {
        let mut state = self.state();
        state.room = is_full.then_some(state.current.len() as u64);
    }

    /// Lets every operation fail, or none any more.
    pub(crate) fn break_down(&self, is_broken: bool) {
        self.state().fuse = is_broken.then_some(0);
    }

    /// How often it was written to, or was to be.
    pub(crate) fn operations(&self) -> usize {
        self.state().operations
    }

    /// What survives whatever happens.
    pub(crate) fn synced(&self) -> Vec<u8> {
        self.state().synced.clone()
    }

    fn failing_after(content: Vec<u8>, operations: usize) -> Disk {
        let disk = Disk::of(content);
        disk.state().fuse = Some(operations);
        disk
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap()
    }

    /// What is on it after the power came back: of what was not synced, each write is there, half there or not,
    /// as chance has it.
    fn after_crash(&self, seed: u64) -> Vec<u8> {
        let mut rng = ChaCha12Rng::seed_from_u64(seed);
        let state = self.state();
        let mut content = state.synced.clone();
        for done in &state.unsynced {
            let chance = rng.next_u64() % 3;
            match done {
                Done::Length(length) if chance > 0 => content.resize(*length, 0),
                Done::Write(offset, bytes) if chance > 0 => {
                    let kept = if chance == 1 {
                        bytes.len() / 2
                    } else {
                        bytes.len()
                    };
                    let end = offset + kept;
                    content.resize(content.len().max(end), 0);
                    content[*offset..end].copy_from_slice(&bytes[..kept]);
                }
                Done::Length(_) | Done::Write(..) => {}
            }
        }
        content
    }
}

impl State {
    fn operate(&mut self) -> io::Result<()> {
        self.operations += 1;
        match &mut self.fuse {
            Some(0) => Err(io::Error::other("power failure")),
            Some(left) => {
                *left -= 1;
                Ok(())
            }
            None => Ok(()),
        }
    }
}

impl StorageBackend for Disk {
    fn len(&self) -> io::Result<u64> {
        Ok(self.state().current.len() as u64)
    }

    fn read(&self, offset: u64, out: &mut [u8]) -> io::Result<()> {
        let state = self.state();
        let offset = offset as usize;
        let bytes = state.current.get(offset..offset + out.len());
        out.copy_from_slice(bytes.ok_or(io::ErrorKind::UnexpectedEof)?);
        Ok(())
    }

    fn set_len(&self, length: u64) -> io::Result<()> {
        let mut state = self.state();
        state.operate()?;
        if state.room.is_some_and(|room| length > room) {
            return Err(io::ErrorKind::StorageFull.into());
        }
        state.current.resize(length as usize, 0);
        state.unsynced.push(Done::Length(length as usize));
        Ok(())
    }

    fn sync_data(&self) -> io::Result<()> {
        let mut state = self.state();
        state.operate()?;
        state.synced = state.current.clone();
        state.unsynced.clear();
        Ok(())
    }

    fn write(&self, offset: u64, data: &[u8]) -> io::Result<()> {
        let mut state = self.state();
        let offset = offset as usize;
        if state.fuse == Some(0) {
            // What was being written when the power failed may be there all the same.
            state.unsynced.push(Done::Write(offset, data.to_vec()));
        }
        state.operate()?;
        state.current[offset..offset + data.len()].copy_from_slice(data);
        state.unsynced.push(Done::Write(offset, data.to_vec()));
        Ok(())
    }
}

pub(crate) fn open(content: Vec<u8>) -> Result<Store, DataError> {
    let disk = Disk::of(content);
    Store::on_backends(move || disk.clone())
}

pub(crate) fn record(name: &str, version: u64, bytes: usize) -> ItemRecord {
    let author = SigningKey::from_bytes(&[1; 32]);
    let draft = Draft {
        name: name.into(),
        value: Some(vec![version as u8; bytes]),
        timestamp: version,
        ..Draft::default()
    };
    let item = Item::sign(&author, draft).unwrap();
    ItemRecord {
        source: item.public_key,
        item: Arc::new(item),
        own: version.is_multiple_of(2),
        horizon: version,
        subnet: None,
    }
}

/// Puts, newer versions, deletions, and puts that make others give way: each batch is acknowledged as a whole.
fn workload() -> Vec<Vec<Change>> {
    let mut batches: Vec<Vec<Change>> = Vec::new();
    for n in 0..6u64 {
        let item = record(
            &format!("item {}", n % 4),
            n,
            20_000 * (n as usize % 3) + 10,
        );
        batches.push(vec![Change::StoreItem(item)]);
    }
    let (gone, evicted) = (record("item 1", 0, 1), record("item 2", 0, 1));
    batches.push(vec![Change::RemoveItem(gone.item.key)]);
    batches.push(vec![
        Change::RemoveItem(evicted.item.key),
        Change::StoreItem(record("large", 9, 60_000)),
        Change::Block(BlockRecord {
            public_key: PublicKey::from_bytes([3; 32]),
            until: 9,
            strikes: 1,
            reason: BlockReason::ForgedItem,
            evidence: vec![1; 5_000],
            evidence_bytes: 5_000,
        }),
    ]);
    batches.push(vec![Change::StoreItem(record("item 1", 10, 500))]);
    batches
}

type Items = BTreeMap<Id, ItemRecord>;

fn after(items: &Items, changes: &[Change]) -> Items {
    let mut items = items.clone();
    for change in changes {
        match change {
            Change::StoreItem(record) => drop(items.insert(record.item.key, record.clone())),
            Change::RemoveItem(key) => drop(items.remove(key)),
            _ => {}
        }
    }
    items
}

fn items(store: &Store) -> Items {
    let items = store.items().unwrap().into_iter();
    items.map(|record| (record.item.key, record)).collect()
}

/// Runs the workload until the disk fails: what was acknowledged, and what was with the change in doubt.
fn run(disk: &Disk) -> (Items, Items) {
    let (mut acknowledged, mut in_doubt) = (Items::new(), Items::new());
    let backend = disk.clone();
    let Ok(store) = Store::on_backends(move || backend.clone()) else {
        return (acknowledged, in_doubt);
    };
    for changes in workload() {
        in_doubt = after(&acknowledged, &changes);
        match store.apply(&changes) {
            Ok(()) => acknowledged = in_doubt.clone(),
            Err(error) => {
                assert!(matches!(error, DataError::Io(..)), "{error}");
                break;
            }
        }
    }
    (acknowledged, in_doubt)
}

fn prepared() -> Vec<u8> {
    let disk = Disk::default();
    let backend = disk.clone();
    drop(Store::on_backends(move || backend.clone()).unwrap());
    disk.state().synced.clone()
}

/// How many operations the workload takes on a disk that does not fail.
fn operations(content: &[u8]) -> usize {
    let disk = Disk::of(content.to_vec());
    run(&disk);
    disk.state().operations
}

#[test]
fn whatever_was_acknowledged_survives_a_failure_at_any_operation_and_nothing_is_there_by_half() {
    let prepared = prepared();
    let operations = operations(&prepared);
    assert!(operations > 50, "{operations}");
    for fuse in 0..=operations {
        let disk = Disk::failing_after(prepared.clone(), fuse);
        let (acknowledged, in_doubt) = run(&disk);
        for seed in 0..4 {
            let store = open(disk.after_crash(seed)).unwrap();
            let found = items(&store);
            let is_whole = found == acknowledged || found == in_doubt;
            assert!(is_whole, "operation {fuse}, seed {seed}");
            let all_verify = found
                .values()
                .all(|record| dht::VerifiedItem::new(record.item.clone(), &dht::Ed25519).is_ok());
            assert!(all_verify);
            let more = record("afterwards", 11, 100);
            store.apply(&[Change::StoreItem(more.clone())]).unwrap();
            assert_eq!(items(&store), after(&found, &[Change::StoreItem(more)]));
        }
    }
}

#[test]
fn a_failure_while_a_failure_is_mended_loses_nothing() {
    let prepared = prepared();
    let operations = operations(&prepared);
    for fuse in (0..=operations).step_by(7) {
        let disk = Disk::failing_after(prepared.clone(), fuse);
        let (acknowledged, in_doubt) = run(&disk);
        let torn = disk.after_crash(fuse as u64);
        for again in 0.. {
            let disk = Disk::failing_after(torn.clone(), again);
            let backend = disk.clone();
            let is_mended = Store::on_backends(move || backend.clone()).is_ok();
            let found = items(&open(disk.after_crash(again as u64)).unwrap());
            let is_whole = found == acknowledged || found == in_doubt;
            assert!(is_whole, "operation {fuse}, then {again}");
            if is_mended {
                break;
            }
        }
    }
}

#[test]
fn a_full_disk_refuses_and_works_again_when_it_has_room() {
    let disk = Disk::of(prepared());
    let backend = disk.clone();
    let store = Store::on_backends(move || backend.clone()).unwrap();
    let mut kept = Items::new();
    let is_full = (0..400u64).any(|n| {
        if n == 3 {
            disk.fill(true);
        }
        let change = [Change::StoreItem(record(&format!("{n}"), n, 60_000))];
        match store.apply(&change) {
            Ok(()) => {
                kept = after(&kept, &change);
                false
            }
            Err(error) => {
                assert!(matches!(error, DataError::Full(_)), "{error:?}");
                assert!(error.to_string().contains("no room"));
                true
            }
        }
    });
    assert!(is_full);
    assert_eq!(items(&store), kept, "what is there can be read");
    let error = store.apply(&[Change::StoreItem(record("more", 1, 60_000))]);
    assert!(matches!(error, Err(DataError::Full(_))), "{error:?}");
    disk.fill(false);
    let change = [Change::StoreItem(record("more", 1, 60_000))];
    store.apply(&change).unwrap();
    kept = after(&kept, &change);
    assert_eq!(items(&store), kept);
    drop(store);
    assert_eq!(items(&open(disk.synced()).unwrap()), kept);
}
