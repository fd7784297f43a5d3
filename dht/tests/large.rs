//! Large values as one node's state machine sees them: which chunks are its own, and how they are read.

mod common;

use std::sync::Arc;

use common::sends;
use dht::{
    Action, Address, BlockReason, CHUNK_BYTES, CHUNKS_MAX, CLAIM_MS, Command, Config, Contact,
    Draft, Event, Get, Id, Item, ItemRecord, Kademlia, Manifest, Meta, OperationError, OperationId,
    Outcome, PublicKey, Put, Request, Response, Value,
};
use ed25519_dalek::SigningKey;

const NOW: u64 = 1_700_000_000_000;

fn me() -> SigningKey {
    SigningKey::from_bytes(&[1; 32])
}

fn node() -> Kademlia {
    Kademlia::new(Config::default(), me().verifying_key().into(), [2; 32])
}

fn peer(number: u8) -> Contact {
    let address = Address::Ip(([10, 0, number, 1], 4433).into());
    Contact::new(PublicKey::from_bytes([number; 32]), vec![address], 1)
}

fn value(seed: u8) -> Vec<u8> {
    let byte = |n: usize| (n / 7) as u8 ^ seed;
    (0..2 * CHUNK_BYTES + 5).map(byte).collect()
}

fn chunks(value: &[u8]) -> Vec<Arc<Item>> {
    let manifest = Manifest::of(value, 0).unwrap();
    let chunk = |index| Arc::new(manifest.chunk(value, index).unwrap());
    (0..manifest.count()).map(chunk).collect()
}

/// The signed item of a large value, or the deletion of one.
fn manifest(name: &str, timestamp: u64, value: Option<&[u8]>) -> Arc<Item> {
    let mut meta = Meta::new();
    Manifest::mark(&mut meta);
    let draft = Draft {
        name: name.into(),
        value: value.map(|value| Manifest::of(value, 0).unwrap().encode()),
        timestamp,
        expires: 0,
        meta,
    };
    Arc::new(Item::sign(&me(), draft).unwrap())
}

fn run(node: &mut Kademlia, now: u64, command: Command) -> Vec<Action> {
    let operation = OperationId(now);
    node.handle(now, Event::Command { operation, command })
}

fn keep(node: &mut Kademlia, item: Arc<Item>) {
    let publish_at = NOW + 1000;
    let actions = run(node, NOW, Command::Keep { item, publish_at });
    let kept = actions.iter().any(|action| {
        matches!(action, Action::Finished { outcome: Ok(Outcome::Stored(report)), .. } if report.stored == 0)
    });
    assert!(kept, "{actions:?}");
}

fn put(node: &mut Kademlia, now: u64, item: Arc<Item>) -> Vec<Action> {
    let put = Put {
        item,
        require: Some(0),
        read_back: false,
    };
    run(node, now, Command::Put(put))
}

/// Makes a peer a contact, as everybody becomes one: it asks, is pinged and answers.
fn introduce(node: &mut Kademlia, contact: Contact) {
    let event = Event::Incoming {
        from: contact,
        observed: None,
        interaction: dht::InteractionId(7),
        token: dht::Token(3),
        request: Request::Ping,
    };
    let actions = node.handle(NOW, event);
    let (exchange, ..) = sends(&actions).remove(0);
    let response = Response::Pong;
    node.handle(NOW, Event::Answered { exchange, response });
}

fn removed(actions: &[Action]) -> Vec<Id> {
    let removed = |action: &Action| match action {
        Action::RemoveItem(key) => Some(*key),
        _ => None,
    };
    actions.iter().filter_map(removed).collect()
}

#[test]
fn what_is_kept_is_published_by_the_upkeep() {
    let mut node = node();
    introduce(&mut node, peer(9));
    let chunk = chunks(&value(1)).remove(0);
    let publish_at = NOW + 1000;
    let item = chunk.clone();
    let actions = run(&mut node, NOW, Command::Keep { item, publish_at });
    assert!(sends(&actions).is_empty());
    let saved = |action: &Action| matches!(action, Action::StoreItem(ItemRecord { own: true, item, .. }) if *item == chunk);
    assert!(actions.iter().any(saved));
    let due = node.poll_timeout().unwrap();
    assert!(due <= publish_at);
    let actions = node.handle(publish_at, Event::Timer);
    let looks = |(_, _, request): &(_, _, Request)| matches!(request, Request::FindNode { target } if *target == chunk.key);
    assert!(sends(&actions).iter().any(looks), "{actions:?}");
}

#[test]
fn a_newer_version_or_a_deletion_gives_up_the_chunks_of_the_old_one() {
    let (old, mut new) = (value(1), value(1));
    new[0] ^= 1;
    let (old_chunks, new_chunks) = (chunks(&old), chunks(&new));
    assert_ne!(old_chunks[0].key, new_chunks[0].key);
    assert_eq!(old_chunks[1].key, new_chunks[1].key);
    let mut node = node();
    let keep_all = |node: &mut Kademlia, chunks: &[Arc<Item>]| {
        chunks.iter().for_each(|chunk| keep(node, chunk.clone()));
    };
    keep_all(&mut node, &old_chunks);
    put(&mut node, NOW, manifest("a", NOW, Some(&old)));
    keep_all(&mut node, &new_chunks);
    let actions = put(&mut node, NOW + 1, manifest("a", NOW + 1, Some(&new)));
    assert_eq!(removed(&actions), [old_chunks[0].key]);
    // What another of our own items lists stays.
    put(&mut node, NOW + 2, manifest("b", NOW + 2, Some(&new)));
    let actions = put(&mut node, NOW + 3, manifest("a", NOW + 3, None));
    assert_eq!(removed(&actions), []);
    let actions = put(&mut node, NOW + 4, manifest("b", NOW + 4, None));
    let mut keys: Vec<Id> = new_chunks.iter().map(|chunk| chunk.key).collect();
    keys.sort();
    let mut gone = removed(&actions);
    gone.sort();
    assert_eq!(gone, keys);
    assert_eq!(node.storage_usage().0, 2, "the two deletions");
}

#[test]
fn chunks_whose_manifest_never_came_are_no_longer_our_own_after_a_restart() {
    let (whole, torn) = (value(1), value(2));
    let source = me().verifying_key().into();
    let record = |item: &Arc<Item>| ItemRecord {
        item: item.clone(),
        own: true,
        horizon: 0,
        source,
        subnet: None,
    };
    let mut records: Vec<ItemRecord> = chunks(&whole).iter().map(record).collect();
    records.push(record(&manifest("a", NOW, Some(&whole))));
    records.extend(chunks(&torn).iter().take(2).map(record));
    let actions = node().handle(NOW, Event::LoadItems(records));
    let disowned = actions.iter().filter_map(|action| match action {
        Action::StoreItem(record) => Some((record.item.key, record.own)),
        _ => None,
    });
    let mut expected: Vec<_> = chunks(&torn)[..2]
        .iter()
        .map(|chunk| (chunk.key, false))
        .collect();
    expected.sort();
    assert_eq!(disowned.collect::<Vec<_>>(), expected);
}

#[test]
fn content_that_is_no_chunk_stays_our_own_after_a_restart() {
    let mut before = node();
    let item = Arc::new(Item::content(b"on its own".to_vec(), 0).unwrap());
    let actions = put(&mut before, NOW, item.clone());
    let saved = actions.iter().filter_map(|action| match action {
        Action::StoreItem(record) => Some(record.clone()),
        _ => None,
    });
    let records: Vec<ItemRecord> = saved.collect();
    assert!(matches!(&records[..], [record] if record.own));
    let mut after = node();
    let actions = after.handle(NOW, Event::LoadItems(records));
    let is_changed = |action: &Action| matches!(action, Action::StoreItem(_));
    assert!(!actions.iter().any(is_changed), "{actions:?}");
    // It is published as soon as there is somebody.
    introduce(&mut after, peer(9));
    let looks = (0..100).any(|_| {
        let due = after.poll_timeout().unwrap();
        let asked = sends(&after.handle(due, Event::Timer));
        due < NOW + 10_000
            && asked.iter().any(|(_, _, request)| {
                matches!(request, Request::FindNode { target } if *target == item.key)
            })
    });
    assert!(looks);
}

#[test]
fn holders_of_content_are_asked_one_by_one_and_a_forger_among_them_is_blocked() {
    let mut node = node();
    for number in 10..16 {
        introduce(&mut node, peer(number));
    }
    let all = chunks(&value(1));
    let (chunk, other) = (all[0].clone(), all[1].clone());
    let actions = run(&mut node, NOW, Command::Get(Get::content(chunk.key)));
    let asked = sends(&actions);
    assert_eq!(asked.len(), 1, "{asked:?}");
    // Another chunk, in place of the one that was asked for.
    let (exchange, liar, _) = asked[0].clone();
    let give = |item: Arc<Item>| {
        let contacts = Vec::new();
        Response::Value(Value { item, contacts })
    };
    let response = give(other);
    let actions = node.handle(NOW, Event::Answered { exchange, response });
    let blocked = actions.iter().any(|action| {
        matches!(action, Action::Block(block)
            if block.public_key == liar.public_key() && block.reason == BlockReason::WrongKey)
    });
    assert!(blocked);
    // Who only does not answer is not.
    let (exchange, ..) = sends(&actions)[0].clone();
    let reason = dht::SendError::TimedOut;
    let actions = node.handle(NOW, Event::Failed { exchange, reason });
    let (exchange, holder, _) = sends(&actions)[0].clone();
    let response = give(chunk.clone());
    let actions = node.handle(NOW, Event::Answered { exchange, response });
    let found = actions.iter().find_map(|action| match action {
        Action::Finished {
            outcome: Ok(Outcome::Found(found)),
            ..
        } => Some(found),
        _ => None,
    });
    let found = found.expect("the next holder has it");
    assert_eq!(found.item.item(), &chunk);
    assert_eq!(found.holder, Some(holder.public_key()));
    assert!(sends(&actions).is_empty(), "nobody is given a copy");
    assert_eq!(node.blocked(NOW).len(), 1);
}

#[test]
fn content_that_was_altered_is_not_kept() {
    let chunk = chunks(&value(1)).remove(0);
    let altered = Arc::new(Item {
        expires: 7,
        ..(*chunk).clone()
    });
    let (item, publish_at) = (altered, NOW);
    let actions = run(&mut node(), NOW, Command::Keep { item, publish_at });
    let refused = |action: &Action| {
        matches!(
            action,
            Action::Finished {
                outcome: Err(OperationError::BadItem(_)),
                ..
            }
        )
    };
    assert!(actions.iter().any(refused));
}

/// What a peer is answered when it brings an item.
fn bring(node: &mut Kademlia, now: u64, from: &Contact, item: &Arc<Item>) -> Response {
    let store = dht::Store {
        item: item.clone(),
        cache: false,
    };
    let event = Event::Incoming {
        from: from.clone(),
        observed: None,
        interaction: dht::InteractionId(7),
        token: dht::Token(3),
        request: Request::Store(store),
    };
    let actions = node.handle(now, event);
    let answer = actions.into_iter().find_map(|action| match action {
        Action::Reply { response, .. } => Some(response),
        _ => None,
    });
    answer.expect("everybody is answered")
}

/// A value of so many chunks, all of them different from those of any other seed.
fn many(count: usize, seed: u8) -> Vec<u8> {
    let mut value = vec![seed; count * CHUNK_BYTES];
    for (index, chunk) in value.chunks_mut(CHUNK_BYTES).enumerate() {
        chunk[..8].copy_from_slice(&(index as u64).to_be_bytes());
    }
    value
}

/// A peer without a place in the table, bringing things not faster than it may.
struct Guest {
    contact: Contact,
    now: u64,
}

impl Guest {
    fn new(number: u8) -> Self {
        Self {
            contact: Contact::new(PublicKey::from_bytes([number; 32]), Vec::new(), 1),
            now: NOW,
        }
    }

    fn bring(&mut self, node: &mut Kademlia, item: &Arc<Item>) -> bool {
        self.now += 50;
        bring(node, self.now, &self.contact, item) == Response::Stored
    }

    /// How many chunks of a value are taken, and whether the manifest is.
    fn put(&mut self, node: &mut Kademlia, name: &str, value: &[u8]) -> (usize, bool) {
        let chunks = chunks(value);
        let taken = chunks.iter().filter(|chunk| self.bring(node, chunk));
        let taken = taken.count();
        let manifest = manifest(name, self.now, Some(value));
        (taken, self.bring(node, &manifest))
    }

    fn delete(&mut self, node: &mut Kademlia, name: &str) {
        let deletion = manifest(name, self.now, None);
        assert!(self.bring(node, &deletion));
    }
}

/// A node near everything, as each of a few is.
fn lonely() -> Kademlia {
    Kademlia::new(Config::default(), PublicKey::from_bytes([77; 32]), [2; 32])
}

#[test]
fn one_source_brings_the_largest_value_and_the_one_in_its_place() {
    let (mut node, mut guest) = (lonely(), Guest::new(9));
    let (first, second) = (many(CHUNKS_MAX, 1), many(CHUNKS_MAX, 2));
    assert_eq!(guest.put(&mut node, "a", &first), (CHUNKS_MAX, true));
    assert_eq!(guest.put(&mut node, "a", &second), (CHUNKS_MAX, true));
}

#[test]
fn a_deleted_value_counts_no_longer_and_gives_way_first() {
    let (mut node, mut guest) = (lonely(), Guest::new(9));
    let count = 40 * 1024 * 1024 / CHUNK_BYTES;
    let small = manifest("small", NOW, None);
    assert!(Guest::new(8).bring(&mut node, &small));
    let kept = many(20, 200);
    assert_eq!(Guest::new(7).put(&mut node, "kept", &kept), (20, true));
    // Eight of them are more than the node holds at all.
    for seed in 0..8 {
        let value = many(count, seed);
        assert_eq!(guest.put(&mut node, "a", &value), (count, true), "{seed}");
        guest.delete(&mut node, "a");
    }
    for chunk in chunks(&kept) {
        assert!(node.item(&chunk.key).is_some());
    }
    assert!(node.storage_usage().1 <= Config::default().storage_bytes_max);
}

#[test]
fn what_several_values_share_stays_wanted() {
    let (mut node, mut guest, mut other) = (lonely(), Guest::new(9), Guest::new(8));
    let shared = many(30, 1);
    let count = shared.len() / CHUNK_BYTES;
    assert_eq!(guest.put(&mut node, "a", &shared), (count, true));
    assert_eq!(other.put(&mut node, "b", &shared), (count, true));
    guest.delete(&mut node, "a");
    // Neither what nobody wants, nor what comes after it, pushes them out.
    for seed in 2..12 {
        let value = many(600, seed);
        assert_eq!(guest.put(&mut node, "c", &value), (600, true), "{seed}");
    }
    for chunk in chunks(&shared) {
        assert!(node.item(&chunk.key).is_some());
    }
}

#[test]
fn who_brings_what_was_released_claims_it() {
    let (mut node, mut guest, mut other) = (lonely(), Guest::new(9), Guest::new(8));
    let value = many(1024, 1);
    assert_eq!(guest.put(&mut node, "a", &value), (1024, true));
    guest.delete(&mut node, "a");
    other.now = guest.now;
    for chunk in chunks(&value) {
        assert!(other.bring(&mut node, &chunk));
    }
    let more = many(1024, 2);
    assert_eq!(guest.put(&mut node, "a", &more).0, 1024);
    let too_much = many(1024, 3);
    let (taken, _) = other.put(&mut node, "b", &too_much);
    assert!(taken >= 1023, "{taken}");
    // Both have what one source may have: what comes now takes from neither more than that.
    let (taken, _) = other.put(&mut node, "b", &many(600, 4));
    assert!(taken < 600, "{taken}");
}

#[test]
fn content_nobody_brings_any_more_counts_for_a_day_and_stays() {
    let (mut node, mut guest) = (lonely(), Guest::new(9));
    let first = many(1100, 1);
    let all: Vec<_> = first.chunks(100 * CHUNK_BYTES).map(chunks).collect();
    for chunk in all.iter().flatten() {
        assert!(guest.bring(&mut node, chunk));
    }
    let second = many(1200, 2);
    let all: Vec<_> = second.chunks(100 * CHUNK_BYTES).map(chunks).collect();
    let taken = |node: &mut Kademlia, guest: &mut Guest| {
        let chunks = all.iter().flatten();
        chunks.filter(|chunk| guest.bring(node, chunk)).count()
    };
    assert!(taken(&mut node, &mut guest) < 1200);
    guest.now += CLAIM_MS;
    node.handle(guest.now, Event::Timer);
    assert_eq!(taken(&mut node, &mut guest), 1200);
    let still = chunks(&first[..100 * CHUNK_BYTES]);
    assert!(still.iter().all(|chunk| node.item(&chunk.key).is_some()));
}
