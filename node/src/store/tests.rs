use std::fs;

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
        subnet: None,
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

fn seen(n: u8, timestamp: u64) -> SeenRecord {
    let version = dht::Version {
        timestamp,
        digest: Id::hash(b"v"),
    };
    SeenRecord {
        key: Id::hash(&[n]),
        version,
        at: 7,
    }
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
        evidence_bytes: 1,
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
                Change::SaveContact(contact(1), 5),
                Change::SaveContact(contact(2), 5),
                Change::ForgetContact(contact(1).public_key()),
                Change::Block(block.clone()),
                Change::SaveSeen(seen(1, 5)),
                Change::SaveSeen(seen(2, 5)),
                Change::SaveSeen(seen(2, 6)),
                Change::ForgetSeen(seen(1, 5).key),
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
    assert_eq!(store.seen().unwrap(), [seen(2, 6)]);
    let bare = BlockRecord {
        evidence: Vec::new(),
        ..block.clone()
    };
    assert_eq!(store.blocks().unwrap(), [bare]);
    assert_eq!(store.block(&block.public_key).unwrap(), Some(block));
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

#[cfg(unix)]
#[test]
fn only_the_owner_may_read_what_is_kept() {
    use std::os::unix::fs::PermissionsExt as _;
    let parent = Folder::new();
    let folder = parent.path().join("data");
    let store = Store::open(&folder).unwrap();
    let mode = |path: &Path| fs::metadata(path).unwrap().permissions().mode() & 0o777;
    assert_eq!(mode(&folder), 0o700);
    for file in [DATABASE_FILE, LOCK_FILE] {
        assert_eq!(mode(&folder.join(file)), 0o600, "{file}");
    }
    // Whoever gave others a right to it keeps that.
    drop(store);
    let database = folder.join(DATABASE_FILE);
    fs::set_permissions(&database, fs::Permissions::from_mode(0o640)).unwrap();
    Store::open(&folder).unwrap();
    assert_eq!(mode(&database), 0o640);
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
        let text = error.to_string();
        assert!(text.contains(path.to_str().unwrap()) && text.contains("move it away"));
        assert_eq!(fs::read(&path).unwrap(), content);
    }
}

/// Wherever a file was damaged: it opens and has what it had, or that is an error and it stays as it is.
#[test]
fn damage_anywhere_is_noticed_or_harmless() {
    let good = Folder::new();
    let records: Vec<ItemRecord> = (0..8).map(|n| item(&format!("{n}"))).collect();
    {
        let store = Store::open(good.path()).unwrap();
        for record in &records {
            store.apply(&[Change::StoreItem(record.clone())]).unwrap();
        }
    }
    let content = fs::read(good.path().join(DATABASE_FILE)).unwrap();
    let mut expected = records;
    expected.sort_by_key(|record| record.item.key);
    let (mut noticed, mut harmless) = (0, 0);
    for start in (0..content.len()).step_by(content.len() / 40) {
        let folder = Folder::new();
        let path = folder.path().join(DATABASE_FILE);
        let mut damaged = content.clone();
        let end = (start + 700).min(content.len());
        damaged[start..end]
            .iter_mut()
            .for_each(|byte| *byte ^= 0x5a);
        fs::write(&path, &damaged).unwrap();
        match Store::open(folder.path()).map(|store| store.items()) {
            Err(error) => {
                assert!(matches!(error, DataError::Damaged(..)), "{error:?}");
                assert!(fs::read(&path).unwrap() == damaged, "it was changed");
                noticed += 1;
            }
            Ok(Err(error)) => {
                assert!(matches!(error, DataError::Damaged(..)), "{error:?}");
                noticed += 1;
            }
            Ok(Ok(found)) => {
                assert_eq!(found, expected, "damage at {start}");
                harmless += 1;
            }
        }
    }
    assert!(noticed > 0 && harmless > 0, "{noticed} {harmless}");
}

/// Fills a store with large items and removes most of them; what is left.
fn make_sparse(store: &Store) -> Vec<ItemRecord> {
    let large = |n: usize| {
        let draft = Draft {
            name: n.to_string(),
            value: Some(vec![n as u8; 65_536]),
            ..Draft::default()
        };
        let item = Item::sign(&SigningKey::from_bytes(&[1; 32]), draft).unwrap();
        ItemRecord {
            source: item.public_key,
            item: Arc::new(item),
            own: true,
            horizon: 0,
            subnet: None,
        }
    };
    let mut records: Vec<ItemRecord> = (0..400).map(large).collect();
    for some in records.chunks(40) {
        let put: Vec<Change> = some.iter().cloned().map(Change::StoreItem).collect();
        store.apply(&put).unwrap();
    }
    // Those that were put last lie at the end of the file.
    let left = records.split_off(397);
    let gone = records.iter();
    let gone = gone.map(|record| Change::RemoveItem(record.item.key));
    store.apply(&gone.collect::<Vec<_>>()).unwrap();
    left
}

#[test]
fn what_was_given_up_is_given_back_to_the_disk() {
    let folder = Folder::new();
    let path = folder.path().join(DATABASE_FILE);
    let left = make_sparse(&Store::open(folder.path()).unwrap());
    let before = fs::metadata(&path).unwrap().len();
    assert!(before > 16 << 20);
    let store = Store::open(folder.path()).unwrap();
    let after = fs::metadata(&path).unwrap().len();
    assert!(after < before / 4, "{before} {after}");
    let mut expected = left;
    expected.sort_by_key(|record| record.item.key);
    assert_eq!(store.items().unwrap(), expected);
}

#[test]
fn a_newer_file_is_an_error() {
    let folder = Folder::new();
    let path = folder.path().join(DATABASE_FILE);
    // One that would be worth compacting, if it were ours.
    let store = Store::open(folder.path()).unwrap();
    make_sparse(&store);
    store.save_number(FORMAT_NAME, FORMAT + 1).unwrap();
    drop(store);
    let before = fs::read(&path).unwrap();
    assert!(matches!(
        Store::open(folder.path()),
        Err(DataError::Newer(_, found)) if found == FORMAT + 1
    ));
    assert!(fs::read(&path).unwrap() == before, "it was changed");
    // Neither is one that is not in a file.
    let disk = crashes::Disk::default();
    let place = disk.clone();
    let store = Store::on_backends(move || place.clone()).unwrap();
    store.save_number(FORMAT_NAME, FORMAT + 1).unwrap();
    drop(store);
    assert!(matches!(
        Store::on_backends(move || disk.clone()),
        Err(DataError::Newer(..))
    ));
}

/// Takes the last byte, which is 0, from the records under these keys.
fn shorten<'a>(store: &Store, table: Table, keys: impl Iterator<Item = &'a [u8]>) {
    let change = |write: &WriteTransaction| {
        let mut table = write.open_table(table)?;
        for key in keys {
            let mut bytes = table.get(key)?.unwrap().value().to_vec();
            assert_eq!(bytes.pop(), Some(0));
            table.insert(key, bytes.as_slice())?;
        }
        Ok(())
    };
    store.write(change).unwrap();
}

#[test]
fn what_older_programs_wrote_is_read() {
    for format in [1, 2] {
        let folder = Folder::new();
        let mut records: Vec<ItemRecord> = (0..5).map(|n| item(&format!("{n}"))).collect();
        let contacts: Vec<Contact> = (0..5).map(contact).collect();
        {
            let store = Store::open(folder.path()).unwrap();
            let put = records.iter().cloned().map(Change::StoreItem);
            let saved = contacts.iter().cloned();
            let saved = saved.map(|contact| Change::SaveContact(contact, 0));
            store.apply(&put.chain(saved).collect::<Vec<_>>()).unwrap();
            let keys: Vec<PublicKey> = contacts.iter().map(Contact::public_key).collect();
            shorten(&store, CONTACTS, keys.iter().map(|key| &key.as_bytes()[..]));
            assert!(store.contacts().is_err());
            if format == 1 {
                let keys = records.iter().map(|record| &record.item.key.as_bytes()[..]);
                shorten(&store, ITEMS, keys);
                assert!(store.items().is_err());
            }
            store.save_number(FORMAT_NAME, format).unwrap();
        }
        records.sort_by_key(|record| record.item.key);
        for _ in 0..2 {
            let store = Store::open(folder.path()).unwrap();
            assert_eq!(store.items().unwrap(), records);
            assert_eq!(store.contacts().unwrap(), contacts);
            assert_eq!(store.number(FORMAT_NAME).unwrap(), Some(FORMAT));
        }
    }
}

#[test]
fn contacts_that_were_reached_last_come_first() {
    let store = Store::in_memory();
    let saved = [(1, 20), (2, 40), (3, 10), (4, 30), (3, 50)];
    let saved = saved.map(|(n, at)| Change::SaveContact(contact(n), at));
    store.apply(&saved).unwrap();
    assert_eq!(store.contacts().unwrap(), [3, 2, 4, 1].map(contact));
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
