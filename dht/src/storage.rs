//! The items this node holds.
//!
//! Owns which version is kept, for how long, for whom, and what gives way when there is no room. Refuses
//! items nobody checked: only a [`VerifiedItem`] comes in. What changes is told to the caller, who keeps
//! the disk in step.

mod claims;
mod room;

pub use claims::CLAIM_MS;

use std::collections::{BTreeMap, BTreeSet};

use crate::contact::PublicKey;
use crate::event::ItemRecord;
use crate::id::Id;
use crate::item::{Item, ItemError, VerifiedItem, Version};
use crate::shares::{Claimant, Share, Shares};
use claims::Claim;

/// The part of the storage that stubs and tombstones may fill: an eighth. They do not give way to values, as what
/// they keep out would come back, but to each other.
pub const REMNANTS_SHARE: usize = 8;
/// How long after its end an expired item or a tombstone is kept as a stub, in milliseconds: longer than
/// clocks differ and a republisher is late.
pub const STUB_KEPT_MS: u64 = 2 * REPUBLISH_MS;
/// How often a held item is republished, in milliseconds.
pub const REPUBLISH_MS: u64 = 60 * 60 * 1000;

/// For so long after we last republished an item, or were brought the whole of it, a mere stub spares us doing so, in
/// milliseconds. Republishers offer larger items that way, and each of K holders does so about once in K hours; but
/// stubs cost anybody nothing, so that they must not keep a holder from it for ever.
pub(crate) const STUB_SPARES_MS: u64 = 12 * REPUBLISH_MS;

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
    claimant: Claimant,
    claim: Claim,
    pub(crate) republish_at: u64,
    /// When we last republished it or were brought the whole.
    whole_at: u64,
    pub(crate) last_read: u64,
    due: u64,
}

/// What a held item counts as.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    /// An item as it was put, or a cached copy.
    Value,
    /// What is left of it: a stub or a tombstone.
    Remnant,
}

/// An item on its way in.
#[derive(Debug)]
pub(crate) struct Incoming {
    pub(crate) item: VerifiedItem,
    pub(crate) own: bool,
    /// Keep it only as a cached copy, until then.
    pub(crate) cached_until: Option<u64>,
    pub(crate) claimant: Claimant,
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

#[derive(Debug)]
pub(crate) struct Storage {
    own: Id,
    max: Share,
    items: BTreeMap<Id, Held>,
    /// Everything, our own included.
    total: Share,
    values: Shares,
    remnants: Shares,
    /// The keys of the manifests held in earnest.
    manifests: BTreeSet<Id>,
    /// Remnants that were given up and not told of yet.
    surplus: Vec<Id>,
    due: BTreeSet<(u64, Id)>,
    /// The first of these times, as it is asked for after every event.
    next_due: Option<u64>,
}

impl Storage {
    pub(crate) fn new(own: Id, bytes_max: usize, items_max: usize) -> Self {
        let max = Share {
            bytes: bytes_max,
            items: items_max,
        };
        Self {
            own,
            max,
            items: BTreeMap::new(),
            total: Share::default(),
            values: Shares::new(max),
            remnants: Shares::new(max.part(1, REMNANTS_SHARE)),
            manifests: BTreeSet::new(),
            surplus: Vec::new(),
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

    /// The manifests held in earnest.
    pub(crate) fn manifests(&self) -> impl Iterator<Item = &Held> {
        self.manifests.iter().filter_map(|key| self.items.get(key))
    }

    /// The items held in earnest whose keys lie between two ids, as far as they are wanted.
    pub(crate) fn between(&self, low: Id, high: Id) -> impl Iterator<Item = &Held> {
        self.items
            .range(low..=high)
            .map(|(_, held)| held)
            .filter(|held| held.cached_until.is_none() && !held.is_released())
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
            Ok(()) if is_stub && known == Some(version) && self.keep_same(now, &incoming) => {
                return Kept::Same;
            }
            Ok(()) if is_stub => return Kept::Refused(Refusal::Stub),
            Ok(()) => {}
        }
        if known == Some(version) && self.keep_same(now, &incoming) {
            return Kept::Same;
        }
        let mut evicted = Vec::new();
        if !incoming.own {
            if self.is_over_quota(&incoming) {
                return Kept::Refused(Refusal::OverQuota);
            }
            match self.make_room(now, &incoming) {
                Some(keys) => evicted = keys,
                None => return Kept::Refused(Refusal::OverQuota),
            }
        }
        self.replace(now, incoming);
        evicted.extend(self.trim_remnants());
        Kept::New(evicted)
    }

    /// Takes up an item from disk. The caller has checked it, and has what is too much given up in the end.
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
            claimant: Claimant {
                source: record.source,
                subnet: record.subnet.clone(),
            },
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
            source: held.claimant.source,
            subnet: held.claimant.subnet.clone(),
        })
    }

    /// An item is no longer put by this node itself: it may be given up like any other.
    pub(crate) fn disown(&mut self, key: &Id) {
        self.set_own(key, false);
    }

    /// What is our own takes room from everybody, and counts to no source: nobody has to give way to make up for it.
    fn set_own(&mut self, key: &Id, own: bool) {
        self.alter(key, |held| held.own = own);
        self.schedule(key);
    }

    /// Alters something that decides what an item counts as, and to whom.
    fn alter(&mut self, key: &Id, change: impl FnOnce(&mut Held)) {
        if let Some(mut held) = self.items.remove(key) {
            self.account(&held, false);
            change(&mut held);
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
        if let Some(key) = self.surplus.pop() {
            return Some(Due::Removed(key));
        }
        if self.next_due? > now {
            return None;
        }
        let key = self.next_but_claims(now)?;
        let held = self.items.get_mut(&key)?;
        let item = held.item.item();
        if held.cached_until.is_some_and(|until| until <= now)
            || held.stub_end().is_some_and(|end| end <= now)
        {
            self.remove(&key);
            return Some(Due::Removed(key));
        }
        if item.is_expired(now) && item.value.is_some() {
            self.alter(&key, |held| held.item = held.item.to_stub());
            self.schedule(&key);
            self.surplus = self.trim_remnants();
            return Some(Due::Stubbed(key));
        }
        held.republish_at = now.saturating_add(REPUBLISH_MS);
        held.whole_at = now;
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
    fn keep_same(&mut self, now: u64, incoming: &Incoming) -> bool {
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
        let is_spared = held.is_spared(now, incoming);
        match (&mut held.cached_until, incoming.cached_until) {
            (Some(until), Some(later)) => *until = (*until).max(later),
            (None, None) if is_spared => {
                held.republish_at = incoming.republish_at;
                if incoming.item.item().value.is_some() {
                    held.whole_at = now;
                }
            }
            _ => {}
        }
        if becomes_own {
            self.set_own(&key, true);
        } else if incoming.item.item().value.is_some() {
            self.claim(now, incoming);
        }
        self.schedule(&key);
        true
    }

    fn replace(&mut self, now: u64, incoming: Incoming) {
        let key = *incoming.item.key();
        let before = self.items.get(&key).map(|held| {
            let claimant = held.claimant.clone();
            (
                held.horizon,
                held.own,
                held.cached_until,
                held.last_read,
                claimant,
            )
        });
        self.remove(&key);
        let mut held = Held {
            own: incoming.own,
            cached_until: incoming.cached_until,
            horizon: incoming.item.item().expires,
            claim: Claim::new(now, incoming.item.item()),
            claimant: incoming.claimant,
            republish_at: incoming.republish_at,
            whole_at: now,
            last_read: now,
            due: u64::MAX,
            item: incoming.item,
        };
        let mut horizon = held.horizon;
        if let Some((earlier, own, cached_until, last_read, claimant)) = before {
            held.own |= own;
            held.last_read = last_read;
            horizon = earlier;
            if held.item.item().value.is_none() {
                // Whoever brings news of an end need not answer for what it leaves.
                held.claimant = claimant;
            }
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
        due = due.min(held.claimed_until().unwrap_or(u64::MAX));
        if held.cached_until.is_none() && !item.is_stub() && !held.is_released() {
            due = due.min(held.republish_at);
        }
        self.due.remove(&(held.due, *key));
        held.due = due;
        if due != u64::MAX {
            self.due.insert((due, *key));
        }
        self.next_due = self.due.first().map(|(at, _)| *at);
    }

    fn account(&mut self, held: &Held, added: bool) {
        let share = held.share();
        if added {
            self.total.add(share);
        } else {
            self.total.take(share);
        }
        if held.is_manifest() {
            let key = *held.item.key();
            match added {
                true => self.manifests.insert(key),
                false => self.manifests.remove(&key),
            };
        }
        let shares = match held.counts_as() {
            None => return,
            Some(Kind::Value) => &mut self.values,
            Some(Kind::Remnant) => &mut self.remnants,
        };
        if added {
            shares.add(&held.claimant, share);
        } else {
            shares.take(&held.claimant, share);
        }
    }
}

impl Kind {
    fn of(item: &Item) -> Self {
        match item.value {
            Some(_) => Self::Value,
            None => Self::Remnant,
        }
    }
}

impl Held {
    /// Room it takes.
    fn share(&self) -> Share {
        Share::one(self.item.item().size())
    }

    /// What it is.
    fn kind(&self) -> Kind {
        match self.cached_until {
            Some(_) => Kind::Value,
            None => Kind::of(self.item.item()),
        }
    }

    /// What it counts as with whoever brought it; nothing, if it is our own or nobody claims it.
    fn counts_as(&self) -> Option<Kind> {
        let kind = self.kind();
        let counts = !self.own && (kind == Kind::Remnant || self.claim.is_held());
        counts.then_some(kind)
    }

    /// Whether we need not republish it soon, as somebody brought it just now: what is our own is up to us alone.
    fn is_spared(&self, now: u64, incoming: &Incoming) -> bool {
        let is_whole = incoming.item.item().value.is_some();
        incoming.own
            || (!self.own && (is_whole || now < self.whole_at.saturating_add(STUB_SPARES_MS)))
    }

    /// Whether it gives way when there is no room for values.
    fn may_give_way(&self) -> bool {
        !self.own && self.kind() == Kind::Value
    }

    /// Who brought it.
    pub(crate) fn source(&self) -> PublicKey {
        self.claimant.source
    }

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
    use crate::item::Draft;
    use ed25519_dalek::SigningKey;

    fn of(source: u8) -> Claimant {
        Claimant {
            source: PublicKey::from_bytes([source; 32]),
            subnet: None,
        }
    }

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
            claimant: of(9),
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
        assert!(storage.values.is_empty() && storage.remnants.is_empty() && storage.due.is_empty());
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
    fn one_source_gets_a_half_and_cached_copies_give_way_first() {
        let mut storage = storage();
        let kept = (0..100).filter(|n| {
            let item = item(&format!("{n}"), 1, 0, Some(b"x"));
            matches!(storage.store(3, incoming(item)), Kept::New(_))
        });
        assert_eq!(kept.count(), 50);
        for n in 0..50 {
            let item = item(&format!("cached {n}"), 1, 0, Some(b"x"));
            storage.store(
                3,
                Incoming {
                    cached_until: Some(50),
                    ..incoming(item)
                },
            );
        }
        let newcomer = Incoming {
            claimant: of(8),
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
            51
        );
    }

    #[test]
    fn what_gives_way_is_cached_then_far_and_unread_then_the_farthest_of_the_greediest() {
        let mut storage = Storage::new(Id::hash(b"me"), 1 << 20, 64);
        let of = |n: u8, name: String| Incoming {
            claimant: self::of(n),
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
        for n in 0..16 {
            let own = n < 4;
            let next = incoming(item(&format!("{n}"), 1, 0, Some(b"x")));
            storage.store(
                3,
                Incoming {
                    claimant: of(n / 4),
                    own,
                    ..next
                },
            );
        }
        let newcomer = incoming(item("late", 1, 0, Some(b"x")));
        let kept = storage.store(
            4,
            Incoming {
                claimant: of(7),
                ..newcomer
            },
        );
        assert!(matches!(kept, Kept::New(evicted) if evicted.len() == 1));
        assert_eq!(storage.iter().filter(|held| held.own).count(), 4);
        let greedy = Incoming {
            claimant: of(2),
            ..incoming(item("more", 1, 0, Some(b"x")))
        };
        assert!(matches!(
            storage.store(4, greedy),
            Kept::Refused(Refusal::OverQuota)
        ));
    }

    #[test]
    fn others_do_not_keep_a_holder_from_republishing_for_ever_nor_the_author_at_all() {
        let again = |storage: &mut Storage, now, item: VerifiedItem| {
            let republish_at = now + REPUBLISH_MS;
            let same = Incoming {
                republish_at,
                ..incoming(item)
            };
            assert!(matches!(storage.store(now, same), Kept::Same));
        };
        let full = item("a", 1, 0, Some(b"x"));
        // How long others keep us from it, saying every now and then that they have it.
        let spared_for = |own: bool, brought: VerifiedItem| {
            let mut storage = storage();
            let first = Incoming {
                own,
                republish_at: REPUBLISH_MS,
                ..incoming(full.clone())
            };
            storage.store(3, first);
            let mut now = 0;
            while now < 2 * STUB_SPARES_MS && storage.pop_due(now).is_none() {
                now += REPUBLISH_MS / 2;
                again(&mut storage, now, brought.clone());
            }
            now
        };
        assert_eq!(spared_for(true, full.clone()), REPUBLISH_MS);
        assert_eq!(spared_for(true, full.to_stub()), REPUBLISH_MS);
        assert_eq!(spared_for(false, full.clone()), 2 * STUB_SPARES_MS);
        let spared = spared_for(false, full.to_stub());
        assert!((STUB_SPARES_MS..=STUB_SPARES_MS + REPUBLISH_MS).contains(&spared));
    }

    #[test]
    fn who_is_refused_leaves_everything_as_it_was() {
        let mut storage = Storage::new(Id::hash(b"me"), 10_000, 100);
        let large = item("own", 1, 0, Some(&[0; 5_000]));
        let own = Incoming {
            own: true,
            ..incoming(large)
        };
        storage.store(3, own);
        for n in 0..8 {
            let claimant = of(n);
            let next = incoming(item(&format!("{n}"), 1, 0, Some(b"x")));
            assert!(matches!(
                storage.store(3, Incoming { claimant, ..next }),
                Kept::New(_)
            ));
        }
        let before: Vec<_> = storage.iter().map(|held| *held.item.key()).collect();
        // All that is unread would have to go, and it would not be enough.
        let late = 3 + REPUBLISH_MS;
        let greedy = Incoming {
            claimant: of(20),
            ..incoming(item("greedy", 1, 0, Some(&[0; 4_600])))
        };
        assert!(matches!(
            storage.store(late, greedy),
            Kept::Refused(Refusal::OverQuota)
        ));
        let after: Vec<_> = storage.iter().map(|held| *held.item.key()).collect();
        assert_eq!(after, before);
    }

    #[test]
    fn what_is_loaded_beyond_the_limits_is_given_up_the_farthest_of_the_greediest_first() {
        let mut before = Storage::new(Id::hash(b"me"), 1 << 20, 200);
        let mut after = Storage::new(Id::hash(b"me"), 1 << 20, 20);
        for n in 0..60u8 {
            let next = Incoming {
                claimant: of(n % 3 / 2),
                own: n < 5,
                ..incoming(item(&format!("{n}"), 1, 0, Some(b"x")))
            };
            let key = *next.item.key();
            assert!(matches!(before.store(3, next), Kept::New(_)));
            let (item, record) = (before.held(&key).unwrap(), before.record(&key).unwrap());
            after.load(4, item.item.clone(), &record, u64::MAX);
        }
        let given_up = after.trim_loaded();
        assert_eq!((given_up.len(), after.usage().0), (40, 20));
        assert!(given_up.iter().all(|key| after.held(key).is_none()));
        assert_eq!(after.iter().filter(|held| held.own).count(), 5);
        let of_second = after.iter().filter(|held| held.source() == of(1).source);
        assert!((7..=10).contains(&of_second.count()));
    }

    #[test]
    fn who_makes_its_items_larger_is_held_to_its_quota() {
        let mut storage = Storage::new(Id::hash(b"me"), 1 << 20, 100);
        let small = (0..40).map(|n| item(&format!("{n}"), 1, 0, Some(b"x")));
        let large = (0..40).map(|n| item(&format!("{n}"), 2, 0, Some(&[0; 60_000])));
        for small in small {
            assert!(matches!(storage.store(3, incoming(small)), Kept::New(_)));
        }
        let kept = large.filter(|large| {
            // Neither does it help to say that it is a copy only.
            let copy = Incoming {
                cached_until: Some(50),
                ..incoming(large.clone())
            };
            matches!(storage.store(3, copy), Kept::New(_))
                || matches!(storage.store(3, incoming(large.clone())), Kept::New(_))
        });
        assert_eq!(kept.count(), (1 << 19) / 60_326);
        assert!(storage.usage().1 <= 1 << 19);
        // What makes it smaller is welcome.
        let smaller = item("0", 3, 0, Some(b"y"));
        assert!(matches!(storage.store(3, incoming(smaller)), Kept::New(_)));
    }

    #[test]
    fn a_deletion_is_taken_whoever_brings_it_and_counts_to_who_brought_the_item() {
        let mut storage = storage();
        let theirs = item("theirs", 1, 0, Some(b"x"));
        let brought = Incoming {
            claimant: of(8),
            ..incoming(theirs.clone())
        };
        storage.store(3, brought);
        while let Kept::New(_) = {
            let name = format!("{}", storage.usage().0);
            storage.store(3, incoming(item(&name, 1, 0, Some(b"x"))))
        } {}
        let deletion = incoming(item("theirs", 2, 0, None));
        assert!(matches!(storage.store(3, deletion), Kept::New(_)));
        let record = storage.record(theirs.key()).unwrap();
        assert_eq!(record.source, of(8).source);
    }

    #[test]
    fn the_subnet_of_what_was_loaded_counts() {
        let from = |source, subnet| Claimant {
            subnet: Some(crate::contact::Subnet::V4([subnet, 0, 0])),
            ..of(source)
        };
        let mut before = storage();
        let mut after = storage();
        for n in 0..75 {
            let next = Incoming {
                claimant: from(n % 3, 1),
                ..incoming(item(&format!("{n}"), 1, 0, Some(b"x")))
            };
            let key = *next.item.key();
            assert!(matches!(before.store(3, next), Kept::New(_)));
            let (item, record) = (before.held(&key).unwrap(), before.record(&key).unwrap());
            after.load(4, item.item.clone(), &record, u64::MAX);
        }
        let newcomer = |subnet| Incoming {
            claimant: from(7, subnet),
            ..incoming(item("new", 1, 0, Some(b"x")))
        };
        assert!(matches!(
            after.store(5, newcomer(1)),
            Kept::Refused(Refusal::OverQuota)
        ));
        assert!(matches!(after.store(5, newcomer(2)), Kept::New(_)));
    }

    #[test]
    fn deletions_do_not_give_way_to_values() {
        let mut storage = Storage::new(Id::hash(b"me"), 1 << 20, 64);
        let late = 3 + 2 * REPUBLISH_MS;
        let deleted: Vec<_> = (0..8).map(|n| format!("deleted {n}")).collect();
        for (n, name) in deleted.iter().enumerate() {
            let deletion = Incoming {
                claimant: of(n as u8),
                ..incoming(item(name, 2, 0, None))
            };
            assert!(matches!(storage.store(3, deletion), Kept::New(_)));
        }
        for n in 0..200 {
            let value = Incoming {
                claimant: of(n),
                ..incoming(item(&format!("{n}"), 1, 0, Some(b"x")))
            };
            let at = late + u64::from(n) * REPUBLISH_MS / 20;
            assert!(matches!(storage.store(at, value), Kept::New(_)));
        }
        assert!(storage.usage().0 <= 64);
        for name in &deleted {
            let old = incoming(item(name, 1, 0, Some(b"old")));
            assert!(matches!(storage.store(late, old), Kept::Older(_)), "{name}");
        }
    }

    #[test]
    fn remnants_beyond_their_share_give_way_to_each_other_the_farthest_of_the_greediest_first() {
        let mut storage = Storage::new(Id::hash(b"me"), 1 << 20, 64);
        let delete = |storage: &mut Storage, source, name: &str| {
            let deletion = Incoming {
                claimant: of(source),
                ..incoming(item(name, 2, 0, None))
            };
            storage.store(3, deletion)
        };
        for n in 0..4 {
            assert!(matches!(
                delete(&mut storage, 1, &format!("{n}")),
                Kept::New(_)
            ));
        }
        let fifth = delete(&mut storage, 1, "4");
        assert!(
            matches!(fifth, Kept::Refused(Refusal::OverQuota)),
            "one source has half of their share"
        );
        for source in 2..6 {
            let kept = delete(&mut storage, source, &format!("of {source}"));
            assert!(matches!(kept, Kept::New(evicted) if evicted.is_empty()));
        }
        let Kept::New(evicted) = delete(&mut storage, 7, "one more") else {
            panic!("it has its share")
        };
        let keys = (0..4).map(|n| *item(&format!("{n}"), 1, 0, None).key());
        let farthest = keys.max_by_key(|key| Id::hash(b"me").distance(key));
        assert_eq!(evicted, Vec::from_iter(farthest));
    }

    #[test]
    fn expired_items_leave_no_more_stubs_than_their_share() {
        let mut storage = Storage::new(Id::hash(b"me"), 1 << 20, 64);
        for n in 0..20 {
            let next = item(&format!("{n}"), 1, 100, Some(b"x"));
            storage.store(3, incoming(next));
        }
        let mut done = Vec::new();
        while let Some(due) = storage.pop_due(100) {
            done.push(due);
        }
        let removed = done.iter().filter(|due| matches!(due, Due::Removed(_)));
        assert_eq!((storage.usage().0, removed.count()), (8, 12), "{done:?}");
    }
}
