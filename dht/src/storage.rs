//! The items this node holds.
//!
//! Owns which version is kept, for how long, for whom, and what gives way when there is no room. Refuses
//! items nobody checked: only a [`VerifiedItem`] comes in. What changes is told to the caller, who keeps
//! the disk in step.

use std::collections::{BTreeMap, BTreeSet};

use crate::contact::{PublicKey, Subnet};
use crate::event::ItemRecord;
use crate::id::Id;
use crate::item::{ItemError, VerifiedItem, Version};

/// The part of the storage one authenticated source may fill: a fourth.
pub const SOURCE_SHARE: usize = 4;
/// The part of the storage one subnet may fill: a half.
pub const SUBNET_SHARE: usize = 2;
/// How long after its end an expired item or a tombstone is kept as a stub, in milliseconds: longer than
/// clocks differ and a republisher is late.
pub const STUB_KEPT_MS: u64 = 2 * REPUBLISH_MS;
/// How often a held item is republished, in milliseconds.
pub const REPUBLISH_MS: u64 = 60 * 60 * 1000;
/// Of a full storage so much is freed at once, so that not every request has to look for room.
const ROOM_SHARE: usize = 64;

/// An item held, and why.
#[derive(Debug)]
pub(crate) struct Held {
    pub(crate) item: VerifiedItem,
    /// Put by this node itself: never evicted.
    pub(crate) own: bool,
    /// A cached copy, dropped then.
    pub(crate) cached_until: Option<u64>,
    /// The latest `expires` of any version seen; 0 is never.
    horizon: u64,
    source: PublicKey,
    subnet: Option<Subnet>,
    pub(crate) republish_at: u64,
    pub(crate) last_read: u64,
    due: u64,
}

/// An item on its way in.
#[derive(Debug)]
pub(crate) struct Incoming {
    pub(crate) item: VerifiedItem,
    pub(crate) own: bool,
    /// Keep it only as a cached copy, until then.
    pub(crate) cached_until: Option<u64>,
    pub(crate) source: PublicKey,
    pub(crate) subnet: Option<Subnet>,
    pub(crate) republish_at: u64,
}

/// What became of an item on its way in.
#[derive(Debug)]
pub(crate) enum Kept {
    /// It is a version not held before. These keys were given up to make room.
    New(Vec<Id>),
    /// It was held already.
    Same,
    /// A newer version is held.
    Older(VerifiedItem),
    /// It may not be kept.
    Refused(Refusal),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Refusal {
    Item(ItemError),
    /// A stub of an item that still lives elsewhere says nothing.
    Stub,
    OverQuota,
}

/// What a held item has to suffer now.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Due {
    /// Somebody should store it at the K nearest again.
    Republish(Id),
    /// Its value is gone, its stub stays.
    Stubbed(Id),
    /// It is gone.
    Removed(Id),
}

#[derive(Clone, Copy, Debug, Default)]
struct Share {
    bytes: usize,
    items: usize,
}

#[derive(Debug)]
pub(crate) struct Storage {
    own: Id,
    bytes_max: usize,
    items_max: usize,
    items: BTreeMap<Id, Held>,
    total: Share,
    sources: BTreeMap<PublicKey, Share>,
    subnets: BTreeMap<Subnet, Share>,
    due: BTreeSet<(u64, Id)>,
    /// The first of these times, as it is asked for after every event.
    next_due: Option<u64>,
}

impl Storage {
    pub(crate) fn new(own: Id, bytes_max: usize, items_max: usize) -> Self {
        Self {
            own,
            bytes_max,
            items_max,
            items: BTreeMap::new(),
            total: Share::default(),
            sources: BTreeMap::new(),
            subnets: BTreeMap::new(),
            due: BTreeSet::new(),
            next_due: None,
        }
    }

    /// Items held and the bytes they cost.
    pub(crate) fn usage(&self) -> (usize, usize) {
        (self.total.items, self.total.bytes)
    }

    pub(crate) fn held(&self, key: &Id) -> Option<&Held> {
        self.items.get(key)
    }

    pub(crate) fn iter(&self) -> impl Iterator<Item = &Held> {
        self.items.values()
    }

    /// The items held in earnest whose keys lie between two ids.
    pub(crate) fn between(&self, low: Id, high: Id) -> impl Iterator<Item = &Held> {
        self.items
            .range(low..=high)
            .map(|(_, held)| held)
            .filter(|held| held.cached_until.is_none())
    }

    /// The item under a key as a reader may have it: alive, and no cached copy for a fresh read.
    pub(crate) fn read(&mut self, now: u64, key: &Id, fresh: bool) -> Option<VerifiedItem> {
        let held = self.items.get_mut(key)?;
        let cached = held.cached_until.is_some_and(|until| fresh || until <= now);
        if cached || held.item.item().is_stub() || held.item.item().is_expired(now) {
            return None;
        }
        held.last_read = now;
        Some(held.item.clone())
    }

    /// An item held in earnest as the node itself passes it on: alive, and without counting as read.
    pub(crate) fn read_unnoticed(&self, now: u64, key: &Id) -> Option<VerifiedItem> {
        let held = self
            .items
            .get(key)
            .filter(|held| held.cached_until.is_none())?;
        let item = held.item.item();
        (!item.is_stub() && !item.is_expired(now)).then(|| held.item.clone())
    }

    /// Takes an item in, or says why not.
    pub(crate) fn store(&mut self, now: u64, incoming: Incoming) -> Kept {
        let version = incoming.item.version();
        let known = self
            .items
            .get(incoming.item.key())
            .map(|held| held.item.version());
        if known.is_some_and(|known| known > version) {
            return Kept::Older(self.items[incoming.item.key()].item.clone());
        }
        let is_stub = incoming.item.item().is_stub();
        match incoming.item.check_times(now) {
            // The stub of an expired item is the news that nothing older may live on.
            Err(ItemError::Expired) if is_stub && known.is_some_and(|known| known < version) => {}
            Err(error) => return Kept::Refused(Refusal::Item(error)),
            // Whoever asks by a stub whether we hold the item is told so.
            Ok(()) if is_stub && known == Some(version) && self.keep_same(&incoming) => {
                return Kept::Same;
            }
            Ok(()) if is_stub => return Kept::Refused(Refusal::Stub),
            Ok(()) => {}
        }
        if known == Some(version) && self.keep_same(&incoming) {
            return Kept::Same;
        }
        let size = incoming.item.item().size();
        let mut evicted = Vec::new();
        if !incoming.own {
            if incoming.cached_until.is_none() && self.is_over_quota(&incoming, size) {
                return Kept::Refused(Refusal::OverQuota);
            }
            match self.make_room(now, &incoming, size) {
                Some(keys) => evicted = keys,
                None => return Kept::Refused(Refusal::OverQuota),
            }
        }
        self.replace(now, incoming);
        Kept::New(evicted)
    }

    /// Takes up an item from disk. The caller has checked it.
    pub(crate) fn load(
        &mut self,
        now: u64,
        item: VerifiedItem,
        record: &ItemRecord,
        republish_at: u64,
    ) {
        let incoming = Incoming {
            item,
            own: record.own,
            cached_until: None,
            source: record.source,
            subnet: None,
            republish_at,
        };
        let key = *incoming.item.key();
        if self
            .items
            .get(&key)
            .is_none_or(|held| held.item.version() < incoming.item.version())
        {
            self.replace(now, incoming);
            self.raise_horizon(&key, record.horizon);
        }
    }

    /// How an item is kept on disk; `None` for cached copies, which are not.
    pub(crate) fn record(&self, key: &Id) -> Option<ItemRecord> {
        let held = self
            .items
            .get(key)
            .filter(|held| held.cached_until.is_none())?;
        Some(ItemRecord {
            item: held.item.item().clone(),
            own: held.own,
            horizon: held.horizon,
            source: held.source,
        })
    }

    /// An item is no longer put by this node itself: it may be given up like any other.
    pub(crate) fn disown(&mut self, key: &Id) {
        self.set_own(key, false);
    }

    /// What is our own takes room from everybody, and counts to no source: nobody has to give way to make up for it.
    fn set_own(&mut self, key: &Id, own: bool) {
        if let Some(mut held) = self.items.remove(key) {
            self.account(&held, false);
            held.own = own;
            self.account(&held, true);
            self.items.insert(*key, held);
        }
    }

    pub(crate) fn remove(&mut self, key: &Id) -> Option<VerifiedItem> {
        let held = self.items.remove(key)?;
        self.due.remove(&(held.due, *key));
        self.next_due = self.due.first().map(|(at, _)| *at);
        self.account(&held, false);
        Some(held.item)
    }

    /// When something next happens to a held item.
    pub(crate) fn next_due(&self) -> Option<u64> {
        self.next_due
    }

    /// The next thing that is due, having been done as far as it concerns the storage. An item to be
    /// republished is due again in an hour.
    pub(crate) fn pop_due(&mut self, now: u64) -> Option<Due> {
        if self.next_due? > now {
            return None;
        }
        let (_, key) = *self.due.first()?;
        let held = self.items.get_mut(&key)?;
        let item = held.item.item();
        if held.cached_until.is_some_and(|until| until <= now)
            || held.stub_end().is_some_and(|end| end <= now)
        {
            self.remove(&key);
            return Some(Due::Removed(key));
        }
        if item.is_expired(now) && item.value.is_some() {
            let stub = held.item.to_stub();
            let (before, after) = (item.size(), stub.item().size());
            held.item = stub;
            let freed = before - after;
            self.free(&key, freed);
            self.schedule(&key);
            return Some(Due::Stubbed(key));
        }
        held.republish_at = now.saturating_add(REPUBLISH_MS);
        self.schedule(&key);
        Some(Due::Republish(key))
    }

    /// Sets when an item is next republished.
    pub(crate) fn republish_at(&mut self, key: &Id, at: u64) {
        if let Some(held) = self.items.get_mut(key) {
            held.republish_at = at;
            self.schedule(key);
        }
    }

    /// The same version came again: refresh what is known of it. False if it brings a value back.
    fn keep_same(&mut self, incoming: &Incoming) -> bool {
        let key = *incoming.item.key();
        let Some(held) = self.items.get_mut(&key) else {
            return false;
        };
        if held.item.item().is_stub()
            || (held.cached_until.is_some() && incoming.cached_until.is_none())
        {
            return false;
        }
        let becomes_own = incoming.own && !held.own;
        match (&mut held.cached_until, incoming.cached_until) {
            (Some(until), Some(later)) => *until = (*until).max(later),
            (None, None) => held.republish_at = incoming.republish_at,
            _ => {}
        }
        if becomes_own {
            self.set_own(&key, true);
        }
        self.schedule(&key);
        true
    }

    fn replace(&mut self, now: u64, incoming: Incoming) {
        let key = *incoming.item.key();
        let before = self
            .items
            .get(&key)
            .map(|held| (held.horizon, held.own, held.cached_until, held.last_read));
        self.remove(&key);
        let mut held = Held {
            own: incoming.own,
            cached_until: incoming.cached_until,
            horizon: incoming.item.item().expires,
            source: incoming.source,
            subnet: incoming.subnet,
            republish_at: incoming.republish_at,
            last_read: now,
            due: u64::MAX,
            item: incoming.item,
        };
        let mut horizon = held.horizon;
        if let Some((earlier, own, cached_until, last_read)) = before {
            held.own |= own;
            held.last_read = last_read;
            horizon = earlier;
            if cached_until.is_none() {
                held.cached_until = None;
            }
        }
        self.account(&held, true);
        self.items.insert(key, held);
        self.schedule(&key);
        self.raise_horizon(&key, horizon);
    }

    fn raise_horizon(&mut self, key: &Id, horizon: u64) {
        if let Some(held) = self.items.get_mut(key) {
            held.horizon = if held.horizon == 0 || horizon == 0 {
                0
            } else {
                held.horizon.max(horizon)
            };
            self.schedule(key);
        }
    }

    fn schedule(&mut self, key: &Id) {
        let Some(held) = self.items.get_mut(key) else {
            return;
        };
        let item = held.item.item();
        let mut due = held
            .cached_until
            .unwrap_or(u64::MAX)
            .min(held.stub_end().unwrap_or(u64::MAX));
        if item.value.is_some() && item.expires != 0 {
            due = due.min(item.expires);
        }
        if held.cached_until.is_none() && !item.is_stub() {
            due = due.min(held.republish_at);
        }
        self.due.remove(&(held.due, *key));
        held.due = due;
        if due != u64::MAX {
            self.due.insert((due, *key));
        }
        self.next_due = self.due.first().map(|(at, _)| *at);
    }

    fn is_over_quota(&self, incoming: &Incoming, size: usize) -> bool {
        let over = |share: Option<&Share>, part: usize| {
            share.is_some_and(|share| {
                share.bytes + size > self.bytes_max / part
                    || share.items + 1 > self.items_max / part
            })
        };
        let known = self.items.get(incoming.item.key());
        let replaces = known.is_some_and(|held| held.source == incoming.source);
        !replaces
            && (over(self.sources.get(&incoming.source), SOURCE_SHARE)
                || incoming
                    .subnet
                    .as_ref()
                    .is_some_and(|subnet| over(self.subnets.get(subnet), SUBNET_SHARE)))
    }

    /// Gives up what has to give way: cached copies, then far items unread for an hour, then the
    /// farthest of whoever holds the largest share. `None` if the newcomer is to give way itself.
    fn make_room(&mut self, now: u64, incoming: &Incoming, size: usize) -> Option<Vec<Id>> {
        let fits = |total: &Share, bytes_max, items_max| {
            total.bytes + size <= bytes_max && total.items < items_max
        };
        if fits(&self.total, self.bytes_max, self.items_max) {
            return Some(Vec::new());
        }
        let bytes_max = self.bytes_max - self.bytes_max / ROOM_SHARE;
        let items_max = self.items_max - self.items_max / ROOM_SHARE;
        let own = self.own;
        let mut victims: Vec<_> = self
            .items
            .values()
            .filter(|held| !held.own && held.item.key() != incoming.item.key())
            .filter(|held| {
                held.cached_until.is_some() || held.last_read.saturating_add(REPUBLISH_MS) <= now
            })
            .map(|held| {
                (
                    held.cached_until.is_none(),
                    std::cmp::Reverse(own.distance(held.item.key())),
                    *held.item.key(),
                )
            })
            .collect();
        victims.sort_unstable();
        let mut evicted = Vec::new();
        for (_, _, key) in victims {
            if fits(&self.total, bytes_max, items_max) {
                return Some(evicted);
            }
            self.remove(&key);
            evicted.push(key);
        }
        while !fits(&self.total, self.bytes_max, self.items_max) {
            let key = self.farthest_of_the_greediest(incoming)?;
            self.remove(&key);
            evicted.push(key);
        }
        Some(evicted)
    }

    fn farthest_of_the_greediest(&self, incoming: &Incoming) -> Option<Id> {
        let mine = self
            .sources
            .get(&incoming.source)
            .map_or(0, |share| share.bytes);
        let (greediest, share) = self.sources.iter().max_by_key(|(_, share)| share.bytes)?;
        let size = incoming.item.item().size();
        if incoming.cached_until.is_some() || share.bytes <= mine + size {
            return None;
        }
        let theirs = self
            .items
            .values()
            .filter(|held| !held.own && held.source == *greediest);
        theirs
            .map(|held| *held.item.key())
            .max_by_key(|key| self.own.distance(key))
    }

    fn account(&mut self, held: &Held, added: bool) {
        let size = held.item.item().size();
        let change = |share: &mut Share| {
            if added {
                share.bytes += size;
                share.items += 1;
            } else {
                share.bytes -= size;
                share.items -= 1;
            }
            share.items == 0
        };
        change(&mut self.total);
        if held.own {
            return;
        }
        if change(self.sources.entry(held.source).or_default()) {
            self.sources.remove(&held.source);
        }
        if let Some(subnet) = &held.subnet
            && change(self.subnets.entry(subnet.clone()).or_default())
        {
            self.subnets.remove(subnet);
        }
    }

    fn free(&mut self, key: &Id, bytes: usize) {
        let Some(held) = self.items.get(key) else {
            return;
        };
        self.total.bytes -= bytes;
        if held.own {
            return;
        }
        if let Some(share) = self.sources.get_mut(&held.source) {
            share.bytes -= bytes;
        }
        if let Some(share) = held
            .subnet
            .as_ref()
            .and_then(|subnet| self.subnets.get_mut(subnet))
        {
            share.bytes -= bytes;
        }
    }
}

impl Held {
    /// When nothing of this item has to be remembered any more; `None` is never.
    fn stub_end(&self) -> Option<u64> {
        (self.horizon != 0).then(|| self.horizon.saturating_add(STUB_KEPT_MS))
    }

    /// The version held.
    pub(crate) fn version(&self) -> Version {
        self.item.version()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::item::{Draft, Item};
    use ed25519_dalek::SigningKey;

    const SOURCE: PublicKey = PublicKey::from_bytes([9; 32]);

    fn item(name: &str, timestamp: u64, expires: u64, value: Option<&[u8]>) -> VerifiedItem {
        let draft = Draft {
            name: name.into(),
            value: value.map(<[u8]>::to_vec),
            timestamp,
            expires,
            ..Draft::default()
        };
        Item::sign(&SigningKey::from_bytes(&[1; 32]), draft)
            .unwrap()
            .check(timestamp)
            .unwrap()
    }

    fn incoming(item: VerifiedItem) -> Incoming {
        Incoming {
            item,
            own: false,
            cached_until: None,
            source: SOURCE,
            subnet: None,
            republish_at: u64::MAX,
        }
    }

    fn storage() -> Storage {
        Storage::new(Id::hash(b"me"), 1 << 20, 100)
    }

    #[test]
    fn the_newer_version_wins_whatever_the_order() {
        let (first, second) = (item("a", 1, 0, Some(b"1")), item("a", 2, 0, Some(b"2")));
        let (x, y) = (item("a", 2, 0, Some(b"x")), item("a", 2, 0, Some(b"y")));
        for (one, other) in [(&first, &second), (&x, &y)] {
            let newest = if one.version() > other.version() {
                one
            } else {
                other
            };
            for order in [[one, other], [other, one]] {
                let mut storage = storage();
                for item in order {
                    storage.store(3, incoming(item.clone()));
                }
                assert_eq!(storage.read(3, newest.key(), true).as_ref(), Some(newest));
            }
        }
        let mut storage = storage();
        assert!(matches!(
            storage.store(3, incoming(second.clone())),
            Kept::New(_)
        ));
        assert!(matches!(
            storage.store(3, incoming(second.clone())),
            Kept::Same
        ));
        assert!(matches!(storage.store(3, incoming(first)), Kept::Older(newer) if newer == second));
    }

    #[test]
    fn an_expired_item_leaves_a_stub_that_keeps_older_versions_out() {
        let mut storage = storage();
        let (old, new) = (
            item("a", 1, 0, Some(b"old")),
            item("a", 2, 100, Some(b"new")),
        );
        storage.store(3, incoming(old.clone()));
        storage.store(3, incoming(new.clone()));
        assert_eq!(storage.pop_due(99), None);
        assert_eq!(storage.pop_due(100), Some(Due::Stubbed(*new.key())));
        assert_eq!(storage.read(100, new.key(), false), None);
        assert!(
            matches!(storage.store(100, incoming(old)), Kept::Older(stub) if stub.item().is_stub())
        );
        // The old version was to live forever, so its stub does, too.
        assert_eq!(storage.next_due(), None);
    }

    #[test]
    fn stubs_are_forgotten_when_nothing_older_can_live() {
        let mut storage = storage();
        let new = item("a", 2, 100, Some(b"new"));
        storage.store(3, incoming(new.clone()));
        assert_eq!(storage.pop_due(100), Some(Due::Stubbed(*new.key())));
        assert_eq!(
            storage.pop_due(100 + STUB_KEPT_MS),
            Some(Due::Removed(*new.key()))
        );
        assert_eq!(storage.usage(), (0, 0));
        assert!(storage.sources.is_empty() && storage.due.is_empty());
    }

    #[test]
    fn a_stub_neither_replaces_its_full_version_nor_deletes() {
        let mut storage = storage();
        let full = item("a", 2, 0, Some(b"x"));
        storage.store(3, incoming(full.clone()));
        let stub = || incoming(full.to_stub());
        assert!(
            matches!(storage.store(3, stub()), Kept::Same),
            "it says that the item is held"
        );
        assert_eq!(storage.read(3, full.key(), true), Some(full.clone()));
        let mut empty = self::storage();
        assert!(matches!(
            empty.store(3, stub()),
            Kept::Refused(Refusal::Stub)
        ));
        let cached = Incoming {
            cached_until: Some(50),
            ..incoming(full.clone())
        };
        empty.store(3, cached);
        assert!(
            matches!(empty.store(3, stub()), Kept::Refused(Refusal::Stub)),
            "a cached copy is none to rely on"
        );
    }

    #[test]
    fn a_tombstone_deletes_and_stays() {
        let mut storage = storage();
        let (full, gone) = (item("a", 1, 0, Some(b"x")), item("a", 2, 0, None));
        storage.store(3, incoming(full.clone()));
        storage.store(3, incoming(gone.clone()));
        assert_eq!(storage.read(3, full.key(), true), Some(gone));
        assert!(matches!(storage.store(3, incoming(full)), Kept::Older(_)));
    }

    #[test]
    fn cached_copies_are_dropped_and_ignored_by_fresh_reads() {
        let mut storage = storage();
        let cached = item("a", 1, 0, Some(b"x"));
        storage.store(
            3,
            Incoming {
                cached_until: Some(50),
                ..incoming(cached.clone())
            },
        );
        assert_eq!(storage.read(4, cached.key(), false), Some(cached.clone()));
        assert_eq!(storage.read(4, cached.key(), true), None);
        assert_eq!(storage.record(cached.key()), None);
        storage.store(4, incoming(cached.clone()));
        assert_eq!(
            storage.read(60, cached.key(), true),
            Some(cached.clone()),
            "held in earnest now"
        );
    }

    #[test]
    fn one_source_gets_a_fourth_and_cached_copies_give_way_first() {
        let mut storage = storage();
        let kept = (0..100).filter(|n| {
            let item = item(&format!("{n}"), 1, 0, Some(b"x"));
            matches!(storage.store(3, incoming(item)), Kept::New(_))
        });
        assert_eq!(kept.count(), 25);
        for n in 0..75 {
            let item = item(&format!("cached {n}"), 1, 0, Some(b"x"));
            storage.store(
                3,
                Incoming {
                    cached_until: Some(50),
                    ..incoming(item)
                },
            );
        }
        let other = PublicKey::from_bytes([8; 32]);
        let newcomer = Incoming {
            source: other,
            ..incoming(item("new", 1, 0, Some(b"x")))
        };
        let Kept::New(evicted) = storage.store(3, newcomer) else {
            panic!("there was room")
        };
        assert!(!evicted.is_empty());
        assert_eq!(
            storage
                .iter()
                .filter(|held| held.cached_until.is_none())
                .count(),
            26
        );
    }

    #[test]
    fn what_gives_way_is_cached_then_far_and_unread_then_the_farthest_of_the_greediest() {
        let mut storage = Storage::new(Id::hash(b"me"), 1 << 20, 64);
        let source = |n: u8| PublicKey::from_bytes([n; 32]);
        let of = |n: u8, name: String| Incoming {
            source: source(n),
            ..incoming(item(&name, 1, 0, Some(b"x")))
        };
        // Most is our own, which counts to nobody and never gives way.
        for n in 0..40 {
            let own = Incoming {
                own: true,
                ..of(9, format!("own {n}"))
            };
            storage.store(3, own);
        }
        let hour = REPUBLISH_MS;
        for n in 0..4 {
            storage.store(3, of(1, format!("unread {n}")));
            let cached = Incoming {
                cached_until: Some(9 * hour),
                ..of(2, format!("cached {n}"))
            };
            storage.store(3, cached);
        }
        let late = 3 + hour;
        for n in 0..16 {
            let greedy = if n < 12 { 3 } else { 4 };
            storage.store(late - 1, of(greedy, format!("read {n}")));
        }
        let mut order = Vec::new();
        for n in 0..16 {
            let newcomer = of(20 + n, format!("new {n}"));
            match storage.store(late, newcomer) {
                Kept::New(evicted) => order.extend(evicted),
                refused => panic!("{refused:?}"),
            }
            if order.len() >= 12 {
                break;
            }
        }
        let kind = |key: &Id| {
            let kinds = [(2, "cached"), (1, "unread"), (3, "read")];
            let found = kinds.into_iter().find(|(_, kind)| {
                (0..16).any(|n| item(&format!("{kind} {n}"), 1, 0, Some(b"x")).key() == key)
            });
            found.map(|(_, kind)| kind)
        };
        let kinds: Vec<_> = order
            .iter()
            .map(|key| kind(key).unwrap_or("another"))
            .collect();
        assert_eq!(
            kinds[..8],
            [
                "cached", "cached", "cached", "cached", "unread", "unread", "unread", "unread"
            ]
        );
        assert!(kinds[8..].iter().all(|kind| *kind == "read"), "{kinds:?}");
        for group in [&order[..4], &order[4..8]] {
            assert!(group.is_sorted_by_key(|key| std::cmp::Reverse(Id::hash(b"me").distance(key))));
        }
        assert_eq!(storage.iter().filter(|held| held.own).count(), 40);
    }

    #[test]
    fn a_full_storage_shares_fairly_and_spares_its_own() {
        let mut storage = Storage::new(Id::hash(b"me"), 1 << 20, 16);
        let source = |n: u8| PublicKey::from_bytes([n; 32]);
        for n in 0..16 {
            let own = n < 4;
            let next = incoming(item(&format!("{n}"), 1, 0, Some(b"x")));
            storage.store(
                3,
                Incoming {
                    source: source(n / 4),
                    own,
                    ..next
                },
            );
        }
        let newcomer = incoming(item("late", 1, 0, Some(b"x")));
        let kept = storage.store(
            4,
            Incoming {
                source: source(7),
                ..newcomer
            },
        );
        assert!(matches!(kept, Kept::New(evicted) if evicted.len() == 1));
        assert_eq!(storage.iter().filter(|held| held.own).count(), 4);
        let greedy = Incoming {
            source: source(2),
            ..incoming(item("more", 1, 0, Some(b"x")))
        };
        assert!(matches!(
            storage.store(4, greedy),
            Kept::Refused(Refusal::OverQuota)
        ));
    }
}
