//! The routing table: who we know, sorted into k-buckets (Kademlia, sections 2.2 and 2.4).
//!
//! Owns the contacts we reached, their order by last contact, failures and round trips, the replacement
//! caches and the limits per subnet. Refuses contacts nobody reached, and never asks anybody anything:
//! whom to ping is for `kademlia::upkeep` to decide.
//!
//! Only the bucket covering our own id ever splits, so the tree is a list: bucket `i` holds the ids that
//! share exactly `i` leading bits with ours, the last one all that share more.

use std::collections::BTreeMap;

use rand_core::Rng;

use crate::contact::{Contact, PublicKey, Subnet};
use crate::id::{ID_BITS, Id};
use crate::rates::RoundTrip;
use crate::{ALLOWED_FAILURES, K};

/// Most contacts of one subnet in one bucket.
pub(crate) const SUBNET_BUCKET_MAX: usize = 2;
/// Most contacts of one subnet in the table.
pub(crate) const SUBNET_TABLE_MAX: usize = 10;

/// A contact and what we know of it; none of this but the contact ever travels.
#[derive(Clone, Debug)]
pub(crate) struct Entry {
    pub(crate) contact: Contact,
    /// When we first reached it.
    pub(crate) since: u64,
    /// When we last had an answer or a request from it.
    pub(crate) last_contact: u64,
    /// Consecutive requests of ours that it did not answer.
    pub(crate) failures: u32,
    /// Measured round trips.
    pub(crate) round_trip: RoundTrip,
}

impl Entry {
    pub(crate) fn is_live(&self) -> bool {
        self.failures < ALLOWED_FAILURES
    }

    /// Whether it lives and answers in reasonable time.
    pub(crate) fn is_responsive(&self) -> bool {
        self.is_live() && !self.round_trip.is_slow()
    }

    /// How long it has been known to live, in milliseconds.
    pub(crate) fn age_ms(&self) -> u64 {
        self.last_contact.saturating_sub(self.since)
    }

    pub(crate) fn is(&self, id: &Id) -> bool {
        self.contact.is(id)
    }
}

/// A bucket of the routing table, to be looked at.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BucketView {
    /// So many leading bits the ids in it share with our own; in the last bucket at least so many.
    pub shared_bits: usize,
    /// Least recently heard from first.
    pub contacts: Vec<ContactView>,
    /// How many wait in its replacement cache.
    pub waiting: usize,
}

/// A contact, and what we know of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ContactView {
    /// The contact.
    pub contact: Contact,
    /// When we last had an answer or a request from it, in milliseconds since 1970.
    pub last_contact: u64,
    /// Consecutive requests of ours that it did not answer.
    pub failures: u32,
    /// Whether it is not given up.
    pub is_live: bool,
    /// Its usual round trip in milliseconds.
    pub round_trip_ms: u64,
}

#[derive(Debug, Default)]
struct Bucket {
    /// Least recently heard from first; at most K.
    entries: Vec<Entry>,
    /// Waiting for a place, oldest first; at most K.
    cache: Vec<Contact>,
    /// When something in this bucket was last looked up.
    last_lookup: u64,
}

/// What became of a contact offered to the table.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Offer {
    /// It is new in the table.
    Added,
    /// It was in the table already.
    Known,
    /// It was in the table, but given up.
    Revived,
    /// It waits in a replacement cache.
    Cached,
    /// It is us, or its subnet has its share.
    Refused,
}

/// Who in the table needs attention.
#[derive(Debug, Default)]
pub(crate) struct Survey {
    /// They failed but are not given up.
    pub(crate) suspects: Vec<Contact>,
    /// Of each bucket one that was silent for too long.
    pub(crate) stale: Vec<Contact>,
    /// Given up; they may have come back.
    pub(crate) dead: Vec<Contact>,
    /// Of these, given up long ago.
    pub(crate) forgotten: Vec<PublicKey>,
}

#[derive(Debug)]
pub(crate) struct Table {
    own: Id,
    buckets: Vec<Bucket>,
    subnets: BTreeMap<Subnet, usize>,
    length: usize,
    /// Contacts that left the table on their own since somebody last asked.
    evicted: Vec<PublicKey>,
}

impl Table {
    pub(crate) fn new(own: Id) -> Self {
        Self {
            own,
            buckets: vec![Bucket::default()],
            subnets: BTreeMap::new(),
            length: 0,
            evicted: Vec::new(),
        }
    }

    /// Contacts in the table, dead ones included.
    pub(crate) fn len(&self) -> usize {
        self.length
    }

    /// Every entry, bucket by bucket, least recently heard from first.
    pub(crate) fn entries(&self) -> impl Iterator<Item = &Entry> {
        self.buckets.iter().flat_map(|bucket| &bucket.entries)
    }

    /// How many leading bits the ids in our own bucket share with ours, at least.
    pub(crate) fn depth(&self) -> usize {
        self.buckets.len() - 1
    }

    /// Entries and waiting contacts of each bucket.
    pub(crate) fn shape(&self) -> Vec<(usize, usize)> {
        self.buckets
            .iter()
            .map(|bucket| (bucket.entries.len(), bucket.cache.len()))
            .collect()
    }

    /// Everything there is to see.
    pub(crate) fn view(&self) -> Vec<BucketView> {
        let contact = |entry: &Entry| ContactView {
            contact: entry.contact.clone(),
            last_contact: entry.last_contact,
            failures: entry.failures,
            is_live: entry.is_live(),
            round_trip_ms: entry.round_trip.usual_ms(),
        };
        let buckets = self.buckets.iter().enumerate();
        let view = buckets.map(|(shared_bits, bucket)| BucketView {
            shared_bits,
            contacts: bucket.entries.iter().map(contact).collect(),
            waiting: bucket.cache.len(),
        });
        view.collect()
    }

    pub(crate) fn entry(&self, id: &Id) -> Option<&Entry> {
        self.buckets[self.index(id)]
            .entries
            .iter()
            .find(|entry| entry.is(id))
    }

    /// We reached this contact: it enters the table if there is room, or stands last in its bucket.
    pub(crate) fn reached(&mut self, now: u64, contact: Contact, took_ms: u64) -> Offer {
        if *contact.id() == self.own {
            return Offer::Refused;
        }
        if self.reached_again(now, &contact, took_ms) {
            return Offer::Known;
        }
        let mut entry = Entry {
            contact,
            since: now,
            last_contact: now,
            failures: 0,
            round_trip: RoundTrip::default(),
        };
        let known = self.take(entry.contact.id());
        if let Some(known) = &known {
            entry.round_trip = known.round_trip;
            if known.is_live() {
                entry.since = known.since;
            }
        }
        entry.round_trip.measure(took_ms);
        let public_key = entry.contact.public_key();
        match self.place(entry) {
            Offer::Added if known.as_ref().is_some_and(Entry::is_live) => Offer::Known,
            Offer::Added if known.is_some() => Offer::Revived,
            offer @ (Offer::Cached | Offer::Refused) if known.is_some() => {
                self.evicted.push(public_key);
                offer
            }
            offer => offer,
        }
    }

    /// A live contact was reached where we knew it: it stands last in its bucket. By far the most common case.
    fn reached_again(&mut self, now: u64, contact: &Contact, took_ms: u64) -> bool {
        let index = self.index(contact.id());
        let entries = &mut self.buckets[index].entries;
        let place = entries.iter().position(|entry| entry.is(contact.id()));
        let Some(place) = place.filter(|place| entries[*place].is_live()) else {
            return false;
        };
        let entry = &mut entries[place];
        if entry.contact != *contact {
            return false;
        }
        (entry.last_contact, entry.failures) = (now, 0);
        entry.round_trip.measure(took_ms);
        entries[place..].rotate_left(1);
        true
    }

    /// A contact told us something; being in the table, it stands last in its bucket now.
    pub(crate) fn heard_from(&mut self, now: u64, id: &Id) {
        let index = self.index(id);
        let entries = &mut self.buckets[index].entries;
        if let Some(place) = entries.iter().position(|entry| entry.is(id)) {
            entries[place..].rotate_left(1);
            if let Some(entry) = entries.last_mut() {
                entry.last_contact = now;
            }
        }
    }

    /// A request to this contact was not answered. Returns its consecutive failures.
    pub(crate) fn failed(&mut self, id: &Id) -> u32 {
        let index = self.index(id);
        let bucket = &mut self.buckets[index];
        bucket.cache.retain(|contact| !contact.is(id));
        match bucket.entries.iter_mut().find(|entry| entry.is(id)) {
            Some(entry) => {
                entry.failures = entry.failures.saturating_add(1);
                entry.failures
            }
            None => 0,
        }
    }

    /// Dead contacts that gave way to others, and those for whom there was no place where they moved to, since the
    /// last call.
    pub(crate) fn take_evicted(&mut self) -> Vec<PublicKey> {
        std::mem::take(&mut self.evicted)
    }

    /// Whether a contact with this id, once reached, would find a place other than in a cache.
    pub(crate) fn has_room_for(&self, id: &Id) -> bool {
        let index = self.index(id);
        let bucket = &self.buckets[index];
        *id != self.own
            && (bucket.entries.len() < K
                || (index == self.depth() && index < ID_BITS - 1)
                || bucket.entries.iter().any(|entry| !entry.is_live()))
    }

    /// Somebody nobody reached yet waits in the cache of its full bucket.
    pub(crate) fn wait(&mut self, contact: Contact) {
        if *contact.id() != self.own {
            let index = self.index(contact.id());
            self.buckets[index].enqueue(contact);
        }
    }

    /// Takes somebody out, from the table and from the cache.
    pub(crate) fn remove(&mut self, id: &Id) -> Option<Entry> {
        let index = self.index(id);
        self.buckets[index].cache.retain(|contact| !contact.is(id));
        self.take(id)
    }

    /// The `count` contacts nearest to `target` that satisfy `wanted`, nearest first.
    pub(crate) fn nearest(
        &self,
        target: &Id,
        count: usize,
        wanted: impl Fn(&Entry) -> bool,
    ) -> Vec<Contact> {
        let home = self.index(target);
        let mut nearest = Vec::with_capacity(count);
        let mut group = Vec::with_capacity(2 * K);
        // By first differing bit with the target: its own bucket, all deeper ones together, then outwards.
        let (farther, rest) = self.buckets.split_at(home);
        let (own, deeper) = rest.split_at(1);
        let outwards = farther.iter().rev().map(std::slice::from_ref);
        for buckets in [own, deeper].into_iter().chain(outwards) {
            if nearest.len() == count {
                break;
            }
            group.clear();
            for entry in buckets.iter().flat_map(|bucket| &bucket.entries) {
                if wanted(entry) {
                    group.push((target.prefix() ^ entry.contact.prefix(), &entry.contact));
                }
            }
            take_nearest(&mut nearest, target, count, &mut group);
        }
        nearest
    }

    /// Responsive contacts from anywhere, at most `count`, each bucket as likely as any other.
    pub(crate) fn anywhere(&self, count: usize, rng: &mut impl Rng) -> Vec<Contact> {
        let mut picked: Vec<Contact> = Vec::with_capacity(count);
        for _ in 0..2 * count {
            let bucket = &self.buckets[(rng.next_u64() % self.buckets.len() as u64) as usize];
            if bucket.entries.is_empty() {
                continue;
            }
            let place = rng.next_u64() % bucket.entries.len() as u64;
            let entry = &bucket.entries[place as usize];
            let is_new = picked.iter().all(|known| known.id() != entry.contact.id());
            if is_new && entry.is_responsive() && picked.len() < count {
                picked.push(entry.contact.clone());
            }
        }
        picked
    }

    /// Notes that something near `target` is being looked up.
    pub(crate) fn looked_up(&mut self, now: u64, target: &Id) {
        let index = self.index(target);
        self.buckets[index].last_lookup = now;
    }

    /// A random id in each non-empty bucket in which nothing was looked up since `before`.
    pub(crate) fn silent_since(&self, before: u64, rng: &mut impl Rng) -> Vec<Id> {
        let silent = self
            .buckets
            .iter()
            .enumerate()
            .filter(|(_, bucket)| bucket.last_lookup < before);
        silent
            .map(|(index, _)| self.random_id_in(index, rng))
            .collect()
    }

    /// For each bucket with a dead contact the cached contact to try in its place, most recent first.
    pub(crate) fn replacements(&self) -> impl Iterator<Item = &Contact> {
        self.buckets
            .iter()
            .filter(|bucket| {
                bucket.entries.len() < K || bucket.entries.iter().any(|e| !e.is_live())
            })
            .filter_map(|bucket| bucket.cache.last())
    }

    /// Looks once at everybody. `is_stale` says whom to ask whether it lives; of each bucket's such the one not
    /// heard of for longest is told.
    pub(crate) fn survey(&self, forget_before: u64, is_stale: impl Fn(&Entry) -> bool) -> Survey {
        let mut survey = Survey::default();
        for bucket in &self.buckets {
            let mut has_stale = false;
            for entry in &bucket.entries {
                let contact = || entry.contact.clone();
                if !entry.is_live() {
                    survey.dead.push(contact());
                    if entry.last_contact < forget_before {
                        survey.forgotten.push(entry.contact.public_key());
                    }
                    continue;
                }
                if entry.failures > 0 {
                    survey.suspects.push(contact());
                }
                if !has_stale && is_stale(entry) {
                    has_stale = true;
                    survey.stale.push(contact());
                }
            }
        }
        survey
    }

    fn index(&self, id: &Id) -> usize {
        self.own.common_prefix(id).min(self.buckets.len() - 1)
    }

    fn random_id_in(&self, index: usize, rng: &mut impl Rng) -> Id {
        if index == self.depth() {
            self.own.random_with_prefix(index, rng)
        } else {
            self.own
                .with_bit_flipped(index)
                .random_with_prefix(index + 1, rng)
        }
    }

    fn place(&mut self, entry: Entry) -> Offer {
        let subnets = entry.contact.subnets();
        loop {
            let index = self.index(entry.contact.id());
            if self.subnets_are_full(index, &subnets) {
                if let Some(dead) = self.dead_of(index, &subnets) {
                    self.take(&dead.id());
                    self.evicted.push(dead);
                    continue;
                }
                // It would be tried again and again while others wait behind it.
                let cache = &mut self.buckets[index].cache;
                cache.retain(|contact| !entry.is(contact.id()));
                return Offer::Refused;
            }
            let splits = index == self.depth() && index < ID_BITS - 1;
            let bucket = &mut self.buckets[index];
            if bucket.entries.len() == K {
                if let Some(dead) = bucket.entries.iter().position(|entry| !entry.is_live()) {
                    let dead = bucket.entries.remove(dead);
                    self.forget_subnets(&dead.contact);
                    self.length -= 1;
                    self.evicted.push(dead.contact.public_key());
                    continue;
                }
                if splits {
                    self.split();
                    continue;
                }
                bucket.enqueue(entry.contact);
                return Offer::Cached;
            }
            bucket.cache.retain(|contact| !entry.is(contact.id()));
            bucket.entries.push(entry);
            self.length += 1;
            for subnet in subnets {
                *self.subnets.entry(subnet).or_default() += 1;
            }
            return Offer::Added;
        }
    }

    fn subnets_are_full(&self, index: usize, subnets: &[Subnet]) -> bool {
        subnets.iter().any(|subnet| {
            let in_table = self.subnets.get(subnet).copied().unwrap_or(0);
            let in_bucket = self.buckets[index]
                .entries
                .iter()
                .filter(|entry| entry.contact.subnets().contains(subnet))
                .count();
            in_table >= SUBNET_TABLE_MAX || in_bucket >= SUBNET_BUCKET_MAX
        })
    }

    /// Somebody given up whose place in a subnet's share another may have.
    fn dead_of(&self, index: usize, subnets: &[Subnet]) -> Option<PublicKey> {
        let is_theirs = |entry: &&Entry| {
            let theirs = entry.contact.subnets();
            !entry.is_live() && theirs.iter().any(|subnet| subnets.contains(subnet))
        };
        let is_table_full = subnets.iter().any(|subnet| {
            let in_table = self.subnets.get(subnet);
            in_table.is_some_and(|count| *count >= SUBNET_TABLE_MAX)
        });
        let near = self.buckets[index].entries.iter().find(is_theirs);
        let dead = near.or_else(|| self.entries().filter(|_| is_table_full).find(is_theirs));
        dead.map(|entry| entry.contact.public_key())
    }

    fn split(&mut self) {
        let depth = self.depth();
        let last = &mut self.buckets[depth];
        let mut deeper = Bucket {
            last_lookup: last.last_lookup,
            ..Bucket::default()
        };
        let goes_deeper = |id: &Id, own: &Id| own.common_prefix(id) > depth;
        for entry in std::mem::take(&mut last.entries) {
            let side = if goes_deeper(entry.contact.id(), &self.own) {
                &mut deeper
            } else {
                &mut *last
            };
            side.entries.push(entry);
        }
        for contact in std::mem::take(&mut last.cache) {
            let side = if goes_deeper(contact.id(), &self.own) {
                &mut deeper
            } else {
                &mut *last
            };
            side.cache.push(contact);
        }
        self.buckets.push(deeper);
    }

    fn take(&mut self, id: &Id) -> Option<Entry> {
        let index = self.index(id);
        let entries = &mut self.buckets[index].entries;
        let place = entries.iter().position(|entry| entry.is(id))?;
        let entry = entries.remove(place);
        self.length -= 1;
        self.forget_subnets(&entry.contact);
        Some(entry)
    }

    fn forget_subnets(&mut self, contact: &Contact) {
        for subnet in contact.subnets() {
            if let Some(count) = self.subnets.get_mut(&subnet) {
                *count -= 1;
                if *count == 0 {
                    self.subnets.remove(&subnet);
                }
            }
        }
    }
}

impl Bucket {
    fn enqueue(&mut self, contact: Contact) {
        let known = self
            .cache
            .iter()
            .position(|waiting| waiting.is(contact.id()));
        match known.or((self.cache.len() == K).then_some(0)) {
            Some(place) => {
                self.cache[place] = contact;
                self.cache[place..].rotate_left(1);
            }
            None => self.cache.push(contact),
        }
    }
}

/// Of a group, each with the first bits of its distance, as many of the nearest as are still missing.
fn take_nearest(
    nearest: &mut Vec<Contact>,
    target: &Id,
    count: usize,
    group: &mut Vec<(u64, &Contact)>,
) {
    let farther = |one: &(u64, &Contact), other: &(u64, &Contact)| {
        one.0.cmp(&other.0).then_with(|| {
            let distance = |contact: &Contact| target.distance(contact.id());
            distance(one.1).cmp(&distance(other.1))
        })
    };
    let missing = count - nearest.len();
    if missing < group.len() {
        group.select_nth_unstable_by(missing, farther);
        group.truncate(missing);
    }
    group.sort_unstable_by(farther);
    nearest.extend(group.iter().map(|(_, contact)| (*contact).clone()));
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Address;
    use proptest::prelude::*;
    use rand_core::SeedableRng;

    fn contact(number: u16, address: Option<&str>) -> Contact {
        let mut key = [0; 32];
        key[..2].copy_from_slice(&number.to_be_bytes());
        let addresses =
            address.map(|ip| Address::Ip((ip.parse::<std::net::IpAddr>().unwrap(), 1).into()));
        Contact::new(
            PublicKey::from_bytes(key),
            addresses.into_iter().collect(),
            1,
        )
    }

    fn everybody(_: &Entry) -> bool {
        true
    }

    #[test]
    fn who_moves_to_where_there_is_no_place_leaves_the_table() {
        let mut table = Table::new(Id::hash(b"me"));
        let mut numbers = (0..).filter(|n| table.own.common_prefix(contact(*n, None).id()) == 0);
        let [a, b, mover] = std::array::from_fn(|_| numbers.next().unwrap());
        for (number, address) in [(a, "9.9.1.1"), (b, "9.9.1.2"), (mover, "9.9.2.1")] {
            let offer = table.reached(1, contact(number, Some(address)), 10);
            assert_eq!(offer, Offer::Added);
        }
        let moved = contact(mover, Some("9.9.1.3"));
        assert_eq!(table.reached(2, moved.clone(), 10), Offer::Refused);
        assert!(table.entry(moved.id()).is_none());
        assert_eq!(table.take_evicted(), [moved.public_key()]);
        assert_eq!(table.reached(3, moved, 10), Offer::Refused);
        assert_eq!(table.take_evicted(), []);
    }

    #[test]
    fn only_the_own_bucket_splits_and_the_rest_wait() {
        let own = Id::hash(b"me");
        let mut table = Table::new(own);
        for number in 0..500 {
            table.reached(1, contact(number, None), 10);
        }
        let shape = table.shape();
        assert!(shape.len() > 3);
        assert!(
            shape
                .iter()
                .all(|(entries, waiting)| *entries <= K && *waiting <= K)
        );
        assert_eq!(shape[0], (K, K));
        assert_eq!(
            shape.iter().map(|(entries, _)| entries).sum::<usize>(),
            table.len()
        );
    }

    #[test]
    fn a_dead_contact_gives_way_to_a_reached_one() {
        let own = Id::hash(b"me");
        let mut table = Table::new(own);
        for number in 0..500 {
            table.reached(1, contact(number, None), 10);
        }
        let dead = table.buckets[0].entries[0].contact.clone();
        let heir = table.buckets[0].cache[0].clone();
        assert_eq!(table.reached(2, heir.clone(), 10), Offer::Cached);
        for failures in 1..=ALLOWED_FAILURES {
            assert_eq!(table.failed(dead.id()), failures);
        }
        assert!(table.has_room_for(heir.id()));
        assert_eq!(table.reached(2, heir.clone(), 10), Offer::Added);
        assert!(table.entry(dead.id()).is_none() && table.entry(heir.id()).is_some());
    }

    #[test]
    fn the_last_heard_from_stands_last() {
        let mut table = Table::new(Id::hash(b"me"));
        for number in 0..5 {
            table.reached(1, contact(number, None), 10);
        }
        table.heard_from(9, contact(1, None).id());
        let last = table.entries().last().unwrap();
        assert_eq!(
            (last.contact.clone(), last.last_contact),
            (contact(1, None), 9)
        );
    }

    #[test]
    fn a_subnet_gets_its_share_and_loopback_is_exempt() {
        let mut table = Table::new(Id::hash(b"me"));
        for number in 0..40 {
            table.reached(1, contact(number, Some(&format!("9.9.9.{number}"))), 10);
        }
        assert_eq!(table.len(), SUBNET_BUCKET_MAX);
        for number in 40..50 {
            table.reached(1, contact(number, Some("127.0.0.1")), 10);
        }
        assert_eq!(table.len(), SUBNET_BUCKET_MAX + 10);
        table.remove(contact(0, None).id());
        assert_eq!(
            table.reached(1, contact(50, Some("9.9.9.99")), 10),
            Offer::Added
        );
    }

    #[test]
    fn the_dead_of_a_subnet_give_way_to_who_lives_there() {
        let mut table = Table::new(Id::hash(b"me"));
        let mut numbers = (0..).filter(|n| table.own.common_prefix(contact(*n, None).id()) == 0);
        let [a, b, c] = std::array::from_fn(|_| numbers.next().unwrap());
        let at = |number| contact(number, Some(&format!("9.9.9.{}", number % 250 + 1)));
        table.reached(1, at(a), 10);
        table.reached(1, at(b), 10);
        assert_eq!(table.reached(1, at(c), 10), Offer::Refused);
        for _ in 0..ALLOWED_FAILURES {
            table.failed(at(a).id());
        }
        assert_eq!(table.reached(1, at(c), 10), Offer::Added);
        assert_eq!(table.take_evicted(), [at(a).public_key()]);
        assert!(table.entry(at(b).id()).is_some());
    }

    #[test]
    fn who_is_refused_for_its_subnet_waits_no_longer() {
        let mut table = Table::new(Id::hash(b"me"));
        let mut numbers = (0..).filter(|n| table.own.common_prefix(contact(*n, None).id()) == 0);
        let [a, b, waiting] = std::array::from_fn(|_| numbers.next().unwrap());
        for number in [a, b] {
            table.reached(1, contact(number, Some("9.9.9.1")), 10);
        }
        let crowded = contact(waiting, Some("9.9.9.2"));
        table.wait(crowded.clone());
        assert_eq!(table.replacements().next(), Some(&crowded));
        assert_eq!(table.reached(1, crowded, 10), Offer::Refused);
        assert_eq!(table.replacements().next(), None);
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(64))]

        /// Against a list that is sorted anew for each question.
        #[test]
        fn nearest_agrees_with_sorting_everything(seed: u64, count in 1usize..60, size in 0u16..300) {
            let mut rng = rand_chacha::ChaCha8Rng::seed_from_u64(seed);
            let own = Id::hash(&seed.to_be_bytes());
            let mut table = Table::new(own);
            for number in 0..size {
                table.reached(1, contact(number, None), 10);
            }
            for bits in [0, 3, 6, 512] {
                let target = own.random_with_prefix(bits, &mut rng);
                let mut naive: Vec<_> = table.entries().map(|entry| entry.contact.clone()).collect();
                naive.sort_by_key(|contact| target.distance(contact.id()));
                naive.truncate(count);
                prop_assert_eq!(table.nearest(&target, count, everybody), naive);
            }
        }

        /// Whatever is reached, fails or leaves: limits hold, counts agree, everybody is in its bucket.
        #[test]
        fn invariants_hold(steps in prop::collection::vec((0u8..4, 0u16..120), 0..600)) {
            let mut table = Table::new(Id::hash(b"me"));
            for (what, number) in steps {
                let contact = contact(number, Some(&format!("9.9.{}.1", number % 40)));
                match what {
                    0 => drop(table.remove(contact.id())),
                    1 => drop(table.failed(contact.id())),
                    _ => drop(table.reached(1, contact, 10)),
                }
            }
            prop_assert_eq!(table.entries().count(), table.len());
            let mut subnets = BTreeMap::new();
            for entry in table.entries() {
                for subnet in entry.contact.subnets() {
                    *subnets.entry(subnet).or_insert(0) += 1;
                }
            }
            prop_assert_eq!(&subnets, &table.subnets);
            for (index, bucket) in table.buckets.iter().enumerate() {
                prop_assert!(bucket.entries.len() <= K && bucket.cache.len() <= K);
                prop_assert!(bucket.entries.iter().all(|e| table.index(e.contact.id()) == index));
            }
        }
    }
}
