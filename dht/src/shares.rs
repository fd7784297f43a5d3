//! Who takes how much of a limited room.
//!
//! Owns the sums of bytes and items, in all, by source and by subnet, and the question who may take more.
//! Refuses to know what is counted, and whom it is taken from when there is too much: that is for the storage.

use std::collections::BTreeMap;

use crate::contact::{PublicKey, Subnet};

/// Shares are told in so many parts of the whole.
pub const SHARE_PARTS: usize = 4;
/// Parts of the storage one authenticated source may fill: half of it, so that by default there is room for the
/// largest value and for the version that takes its place.
pub const SOURCE_SHARE: usize = 2;
/// Parts of the storage one subnet may fill: more than any one source in it.
pub const SUBNET_SHARE: usize = 3;

/// To whom something counts.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Claimant {
    pub(crate) source: PublicKey,
    pub(crate) subnet: Option<Subnet>,
}

/// A part of the room.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Share {
    pub(crate) bytes: usize,
    pub(crate) items: usize,
}

impl Share {
    /// What one item takes.
    pub(crate) fn one(bytes: usize) -> Self {
        Self { bytes, items: 1 }
    }

    pub(crate) fn add(&mut self, other: Self) {
        self.bytes += other.bytes;
        self.items += other.items;
    }

    pub(crate) fn take(&mut self, other: Self) {
        self.bytes -= other.bytes;
        self.items -= other.items;
    }

    pub(crate) fn plus(mut self, other: Self) -> Self {
        self.add(other);
        self
    }

    pub(crate) fn minus(mut self, other: Self) -> Self {
        self.take(other);
        self
    }

    pub(crate) fn fits(self, max: Self) -> bool {
        self.bytes <= max.bytes && self.items <= max.items
    }

    /// So many of so many parts of it.
    pub(crate) fn part(self, count: usize, of: usize) -> Self {
        let part = |whole: usize| whole / of * count + whole % of * count / of;
        Self {
            bytes: part(self.bytes),
            items: part(self.items),
        }
    }

    /// Whether something grew beyond a limit; what was beyond it and shrinks is none the worse.
    fn outgrows(self, before: Self, max: Self) -> bool {
        (self.bytes > max.bytes && self.bytes > before.bytes)
            || (self.items > max.items && self.items > before.items)
    }
}

/// A limited room and who fills it.
#[derive(Clone, Debug)]
pub(crate) struct Shares {
    max: Share,
    total: Share,
    sources: BTreeMap<PublicKey, Share>,
    subnets: BTreeMap<Subnet, Share>,
}

impl Shares {
    pub(crate) fn new(max: Share) -> Self {
        Self {
            max,
            total: Share::default(),
            sources: BTreeMap::new(),
            subnets: BTreeMap::new(),
        }
    }

    pub(crate) fn max(&self) -> Share {
        self.max
    }

    pub(crate) fn total(&self) -> Share {
        self.total
    }

    /// What a source takes.
    pub(crate) fn of(&self, source: &PublicKey) -> Share {
        self.sources.get(source).copied().unwrap_or_default()
    }

    pub(crate) fn add(&mut self, claimant: &Claimant, share: Share) {
        self.total.add(share);
        self.sources.entry(claimant.source).or_default().add(share);
        if let Some(subnet) = &claimant.subnet {
            self.subnets.entry(subnet.clone()).or_default().add(share);
        }
    }

    pub(crate) fn take(&mut self, claimant: &Claimant, share: Share) {
        self.total.take(share);
        take_from(&mut self.sources, &claimant.source, share);
        if let Some(subnet) = &claimant.subnet {
            take_from(&mut self.subnets, subnet, share);
        }
    }

    /// Whether somebody may take so much, perhaps in place of something that counts to somebody already.
    pub(crate) fn admit(
        &self,
        claimant: &Claimant,
        wanted: Share,
        given: Option<(&Claimant, Share)>,
    ) -> bool {
        let is_within = |share: Share, is_his: bool, parts: usize| {
            let given = given.map_or(Share::default(), |(_, given)| given);
            let after = share.plus(wanted);
            let after = if is_his { after.minus(given) } else { after };
            !after.outgrows(share, self.max.part(parts, SHARE_PARTS))
        };
        let giver = given.map(|(giver, _)| giver);
        let of_source = self.of(&claimant.source);
        let is_his = giver.is_some_and(|giver| giver.source == claimant.source);
        let subnet_admits = claimant.subnet.as_ref().is_none_or(|subnet| {
            let of_subnet = self.subnets.get(subnet).copied().unwrap_or_default();
            let is_its = giver.is_some_and(|giver| giver.subnet.as_ref() == Some(subnet));
            is_within(of_subnet, is_its, SUBNET_SHARE)
        });
        is_within(of_source, is_his, SOURCE_SHARE) && subnet_admits
    }

    /// Who takes most, be it bytes or items.
    pub(crate) fn greediest(&self) -> Option<PublicKey> {
        let sources = self.sources.iter();
        let (source, _) = sources.max_by_key(|(_, share)| self.weight(**share))?;
        Some(*source)
    }

    /// How much of the room something takes, of bytes or of items, whichever is scarcer to it.
    pub(crate) fn weight(&self, share: Share) -> u128 {
        let (bytes, items) = (share.bytes as u128, share.items as u128);
        (bytes * self.max.items as u128).max(items * self.max.bytes as u128)
    }

    #[cfg(test)]
    pub(crate) fn is_empty(&self) -> bool {
        self.total == Share::default() && self.sources.is_empty() && self.subnets.is_empty()
    }
}

fn take_from<Key: Ord>(shares: &mut BTreeMap<Key, Share>, key: &Key, taken: Share) {
    if let Some(share) = shares.get_mut(key) {
        share.take(taken);
        if share.items == 0 {
            shares.remove(key);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const MAX: Share = Share {
        bytes: 1000,
        items: 40,
    };

    fn claimant(source: u8, subnet: Option<u8>) -> Claimant {
        Claimant {
            source: PublicKey::from_bytes([source; 32]),
            subnet: subnet.map(|subnet| Subnet::V4([subnet, 0, 0])),
        }
    }

    #[test]
    fn what_takes_the_place_of_something_counts_by_the_difference() {
        let mut shares = Shares::new(MAX);
        let me = claimant(1, None);
        (0..10).for_each(|_| shares.add(&me, Share::one(45)));
        let mine = Some((&me, Share::one(45)));
        assert!(shares.admit(&me, Share::one(95), mine));
        assert!(!shares.admit(&me, Share::one(96), mine));
        assert!(!shares.admit(&me, Share::one(95), None));
        let other = claimant(2, None);
        assert!(!shares.admit(&me, Share::one(95), Some((&other, Share::one(45)))));
        assert!(shares.admit(&other, Share::one(500), mine));
        assert!(!shares.admit(&other, Share::one(501), mine));
    }

    #[test]
    fn who_has_too_much_may_have_less() {
        let mut shares = Shares::new(MAX);
        let me = claimant(1, Some(7));
        shares.add(&me, Share::one(900));
        assert!(shares.admit(&me, Share::one(899), Some((&me, Share::one(900)))));
        assert!(!shares.admit(&me, Share::one(901), Some((&me, Share::one(900)))));
    }

    #[test]
    fn a_subnet_has_more_than_a_source_and_less_than_all() {
        let mut shares = Shares::new(MAX);
        for source in 0..3 {
            shares.add(&claimant(source, Some(7)), Share::one(250));
        }
        assert!(!shares.admit(&claimant(9, Some(7)), Share::one(1), None));
        assert!(shares.admit(&claimant(9, Some(8)), Share::one(1), None));
        assert!(shares.admit(&claimant(9, None), Share::one(1), None));
    }

    #[test]
    fn the_greediest_takes_most_bytes_or_most_items() {
        let mut shares = Shares::new(MAX);
        (0..10).for_each(|_| shares.add(&claimant(1, None), Share::one(1)));
        shares.add(&claimant(2, None), Share::one(200));
        assert_eq!(shares.greediest(), Some(claimant(1, None).source));
        shares.add(&claimant(2, None), Share::one(60));
        assert_eq!(shares.greediest(), Some(claimant(2, None).source));
    }
}
