//! Who may fill a storage, and what gives way when it is full.
//!
//! Owns the quotas and the order of giving way. Refuses to touch our own items, and to let values push out what is
//! left of deleted and expired ones.

use std::cmp::Reverse;
use std::collections::{BTreeMap, BTreeSet};

use super::{Held, Incoming, Kind, REPUBLISH_MS, Storage};
use crate::contact::PublicKey;
use crate::id::Id;
use crate::shares::{Share, Shares};

/// Of a full storage so much is freed at once, so that not every request has to look for room.
const ROOM_SHARE: usize = 64;

impl Storage {
    pub(super) fn is_over_quota(&self, incoming: &Incoming) -> bool {
        if self.is_copy(incoming) {
            return false;
        }
        let item = incoming.item.item();
        let known = self.items.get(incoming.item.key());
        if item.value.is_none() && known.is_some() {
            // It makes room, and is none the less true for who brings it.
            return false;
        }
        let kind = Kind::of(item);
        let given = known
            .filter(|held| held.counts_as() == Some(kind))
            .map(|held| (&held.claimant, held.share()));
        let wanted = Share::one(item.size());
        !self.shares(kind).admit(&incoming.claimant, wanted, given)
    }

    /// Whether it would be no more than a cached copy: one of what is held in earnest is held in earnest, too.
    fn is_copy(&self, incoming: &Incoming) -> bool {
        let known = self.items.get(incoming.item.key());
        incoming.cached_until.is_some() && known.is_none_or(|held| held.cached_until.is_some())
    }

    /// Gives up what has to give way: cached copies; then what was unread for an hour, first what nobody claims, and
    /// of each the farthest first; then other content nobody claims; then the farthest of whoever holds the largest
    /// share. `None`, and nothing is given up, if the newcomer is to give way itself.
    pub(super) fn make_room(&mut self, now: u64, incoming: &Incoming) -> Option<Vec<Id>> {
        let wanted = Share::one(incoming.item.item().size());
        let known = self.items.get(incoming.item.key());
        let mut given = known.map_or(Share::default(), Held::share);
        let total = self.total.plus(wanted);
        if total.minus(given).fits(self.max) {
            return Some(Vec::new());
        }
        let roomy = self.max.minus(self.max.part(1, ROOM_SHARE));
        let mut victims = Vec::new();
        for key in self.line(now, incoming) {
            if total.minus(given).fits(roomy) {
                break;
            }
            given.add(self.items[&key].share());
            victims.push(key);
        }
        if !total.minus(given).fits(self.max) {
            let mut values = self.values.clone();
            let mut given_up: BTreeSet<Id> = victims.iter().copied().collect();
            victims
                .iter()
                .for_each(|key| self.items[key].leave(&mut values));
            while !total.minus(given).fits(self.max) {
                let key = self.farthest_of_the_greediest(&values, incoming, &given_up)?;
                let held = &self.items[&key];
                held.leave(&mut values);
                given.add(held.share());
                given_up.insert(key);
                victims.push(key);
            }
        }
        victims.iter().for_each(|key| drop(self.remove(key)));
        Some(victims)
    }

    /// What gives way to anybody, the first to do so first.
    fn line(&self, now: u64, incoming: &Incoming) -> Vec<Id> {
        let is_other = |held: &&Held| held.item.key() != incoming.item.key();
        let others = self.items.values().filter(is_other);
        let mut line: Vec<_> = others
            .filter(|held| held.may_give_way())
            .filter_map(|held| {
                let place = held.place_in_line(now)?;
                let key = *held.item.key();
                Some((place, Reverse(self.own.distance(&key)), key))
            })
            .collect();
        line.sort_unstable();
        line.into_iter().map(|(_, _, key)| key).collect()
    }

    /// Of what is not given up yet; `values` are the shares in it.
    fn farthest_of_the_greediest(
        &self,
        values: &Shares,
        incoming: &Incoming,
        given_up: &BTreeSet<Id>,
    ) -> Option<Id> {
        let wanted = Share::one(incoming.item.item().size());
        let greediest = values.greediest()?;
        let mine = values.of(&incoming.claimant.source).plus(wanted);
        let is_greedier = values.weight(values.of(&greediest)) > values.weight(mine);
        if self.is_copy(incoming) || !is_greedier {
            return None;
        }
        let theirs = self.items.values().filter(|held| {
            held.may_give_way()
                && held.claimant.source == greediest
                && held.item.key() != incoming.item.key()
                && !given_up.contains(held.item.key())
        });
        theirs
            .map(|held| *held.item.key())
            .max_by_key(|key| self.own.distance(key))
    }

    /// Gives up remnants beyond their share: of whoever has most of them the farthest.
    pub(crate) fn trim_remnants(&mut self) -> Vec<Id> {
        let max = self.remnants.max();
        if self.remnants.total().fits(max) {
            return Vec::new();
        }
        let roomy = max.minus(max.part(1, ROOM_SHARE));
        self.trim(Kind::Remnant, |storage| {
            storage.remnants.total().fits(roomy)
        })
    }

    /// Gives up what was loaded beyond the limits, which may have been higher: of whoever has most the farthest.
    pub(crate) fn trim_loaded(&mut self) -> Vec<Id> {
        let mut given_up = self.trim_remnants();
        given_up.extend(self.trim(Kind::Value, |storage| storage.total.fits(storage.max)));
        given_up
    }

    /// Gives up what others have here, the farthest of whoever has most first, until there is room.
    fn trim(&mut self, kind: Kind, is_roomy: impl Fn(&Self) -> bool) -> Vec<Id> {
        let mut given_up = Vec::new();
        if is_roomy(self) {
            return given_up;
        }
        let mut sources = BTreeMap::<PublicKey, Vec<_>>::new();
        for held in self.items.values() {
            if held.counts_as() == Some(kind) {
                let distance = self.own.distance(held.item.key());
                let theirs = sources.entry(held.claimant.source).or_default();
                theirs.push((distance, *held.item.key()));
            }
        }
        sources
            .values_mut()
            .for_each(|theirs| theirs.sort_unstable());
        while !is_roomy(self)
            && let Some(greediest) = self.shares(kind).greediest()
            && let Some((_, key)) = sources.get_mut(&greediest).and_then(Vec::pop)
        {
            self.remove(&key);
            given_up.push(key);
        }
        given_up
    }

    fn shares(&self, kind: Kind) -> &Shares {
        match kind {
            Kind::Value => &self.values,
            Kind::Remnant => &self.remnants,
        }
    }
}

impl Held {
    /// Takes it out of the shares in values.
    fn leave(&self, values: &mut Shares) {
        if self.counts_as() == Some(Kind::Value) {
            values.take(&self.claimant, self.share());
        }
    }

    /// How soon it gives way to others, whoever brought it; `None` if only to those with a smaller share.
    fn place_in_line(&self, now: u64) -> Option<u8> {
        let is_unread = self.last_read.saturating_add(REPUBLISH_MS) <= now;
        match (self.cached_until, self.claim.is_held()) {
            (Some(_), _) => Some(0),
            (None, false) if is_unread => Some(1),
            (None, true) if is_unread => Some(2),
            (None, false) => Some(3),
            (None, true) => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use ed25519_dalek::SigningKey;
    use proptest::prelude::*;
    use std::sync::Arc;

    use super::*;
    use crate::contact::Subnet;
    use crate::item::{Draft, Ed25519, Item, VerifiedItem};
    use crate::shares::Claimant;
    use crate::storage::{CLAIM_MS, Due};

    const MAX: Share = Share {
        bytes: 40_000,
        items: 32,
    };

    fn item(name: u8, timestamp: u64, bytes: Option<usize>) -> VerifiedItem {
        let item = match (name % 3, bytes) {
            (0, Some(bytes)) => Item::content(vec![name; bytes], 0),
            _ => Item::sign(
                &SigningKey::from_bytes(&[1; 32]),
                Draft {
                    name: name.to_string(),
                    value: bytes.map(|bytes| vec![0; bytes]),
                    timestamp,
                    expires: if name.is_multiple_of(5) { 5_000 } else { 0 },
                    ..Draft::default()
                },
            ),
        };
        VerifiedItem::new(Arc::new(item.unwrap()), &Ed25519).unwrap()
    }

    fn claimant(number: u8) -> Claimant {
        Claimant {
            source: PublicKey::from_bytes([number; 32]),
            subnet: (number > 2).then_some(Subnet::V4([number / 2, 0, 0])),
        }
    }

    /// The sums as they are when everything is counted anew.
    fn counted(storage: &Storage, kind: Kind) -> Shares {
        let mut shares = Shares::new(storage.shares(kind).max());
        for held in storage.items.values() {
            if held.counts_as() == Some(kind) {
                shares.add(&held.claimant, held.share());
            }
        }
        shares
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(48))]

        #[test]
        fn what_is_counted_is_what_is_held(
            steps in prop::collection::vec((0u8..9, 0u8..24, 0u8..8, 0usize..4_000), 1..160),
        ) {
            let mut storage = Storage::new(Id::hash(b"me"), MAX.bytes, MAX.items);
            let mut now = 10;
            for (what, name, source, size) in steps {
                now += 40 * size as u64 * u64::from(what == 8);
                let item = item(name, now, (what != 1).then_some(size));
                let key = *item.key();
                match what {
                    0..=4 => drop(storage.store(now, Incoming {
                        own: what == 4 && name == 6,
                        cached_until: (what == 3).then_some(now + 1_000),
                        claimant: claimant(source),
                        republish_at: now + REPUBLISH_MS,
                        item,
                    })),
                    5 => storage.release(&key, &claimant(source).source),
                    6 if item.item().is_content() => storage.disown(&key),
                    6 | 7 => drop(storage.read(now, &key, false)),
                    _ => {
                        now += u64::from(name == 8) * CLAIM_MS;
                        while let Some(due) = storage.pop_due(now) {
                            if let Due::Removed(key) = due {
                                prop_assert!(storage.held(&key).is_none());
                            }
                        }
                    }
                }
                for kind in [Kind::Value, Kind::Remnant] {
                    let counted = counted(&storage, kind);
                    prop_assert_eq!(format!("{:?}", storage.shares(kind)), format!("{counted:?}"));
                }
                let remnants = storage.remnants.total();
                prop_assert!(remnants.fits(storage.remnants.max()), "{:?}", remnants);
                let all = storage.items.values().fold(Share::default(), |all, held| all.plus(held.share()));
                prop_assert_eq!(all, storage.total);
                let own = storage.items.values().filter(|held| held.own);
                let own = own.fold(Share::default(), |all, held| all.plus(held.share()));
                // What was our own and is no longer takes room until somebody needs it.
                let max = MAX.plus(Share::one(4_400));
                prop_assert!(storage.total.minus(own).fits(max), "{:?}", storage.total);
            }
        }
    }
}
