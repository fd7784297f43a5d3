//! What a node does unasked.
//!
//! Owns admission, liveness, refreshing silent buckets, republishing, handing items to nearer newcomers.
//! Refuses to hurry: everything here is bounded by a named maximum and waits its turn.

use rand_core::Rng;

use super::exchanges::Purpose;
use super::{Kademlia, Timer};
use crate::K;
use crate::contact::{Address, Contact, PublicKey, Subnet};
use crate::event::{Action, Notice};
use crate::id::Id;
use crate::item::VerifiedItem;
use crate::message::{InteractionId, Request, Store};
use crate::storage::{Due, REPUBLISH_MS};
use crate::table::Entry;

/// Tasks of the node's own upkeep running at once.
pub const BACKGROUND_MAX: usize = 4;
/// Pings in flight.
pub const PINGS_MAX: usize = 64;
/// Pings of each kind sent at one look after the table.
const PINGS_PER_TICK_MAX: usize = 8;
/// At one look in so many a contact given up is tried again: so a network cut in two heals.
const DEAD_EVERY_TICKS: u64 = 2;
/// First contacts tried until they answer.
pub const KNOCKS_MAX: usize = 64;
/// Buckets waiting to be refreshed.
pub const REFRESHES_MAX: usize = 512;
/// Items waiting to be handed over; what is beyond is left to the next republishing.
pub const HANDOVERS_MAX: usize = 4096;
/// Handovers in flight.
pub const HANDOVERS_IN_FLIGHT_MAX: usize = 8;
/// How often the table is looked after, in milliseconds.
pub const TICK_MS: u64 = 30_000;
/// A bucket in which nothing was looked up for so long is refreshed, in milliseconds.
pub const REFRESH_MS: u64 = 60 * 60 * 1000;
/// A contact not heard of for so long is pinged, in milliseconds; one known for long only after a part of
/// that time, as who has lived long lives on (Kademlia, section 2.1), but before its connection is closed.
pub const STALE_MS: u64 = 10 * 60 * 1000;
/// No contact is left alone for longer, in milliseconds.
pub const STALE_MS_MAX: u64 = crate::CONNECTION_IDLE_MS - 5 * 60 * 1000;
/// The part of its age a contact is left alone for.
const STALE_AGE_SHARE: u64 = 4;
/// A contact given up is forgotten after so long, in milliseconds: our own network may have been down.
pub const DEAD_KEPT_MS: u64 = 24 * 60 * 60 * 1000;
/// So long after meeting the first contact a node looks for its own place again, then after four times as
/// long, and so on up to [`REFRESH_MS`], in milliseconds: others join meanwhile.
pub const ANNOUNCE_MS: u64 = 2_000;
/// For so long after items were loaded from disk nothing is handed over, in milliseconds.
pub(super) const SETTLING_MS: u64 = 60_000;
/// What is ours alone is published within so long of meeting others, in milliseconds.
const PUBLISH_SOON_MS: u64 = 5_000;
/// Republishing is up to so much early, so that the first to do so spares the others, in milliseconds.
const REPUBLISH_JITTER_MS: u64 = REPUBLISH_MS / 10;

impl Kademlia {
    /// Does what is due, after every event.
    pub(super) fn upkeep(&mut self, now: u64) {
        while self.has_background_room() {
            if let Some(target) = self.refreshes.pop_front() {
                self.refresh(now, target);
                continue;
            }
            match self.storage.pop_due(now) {
                None => break,
                Some(Due::Removed(key)) => self.outbox.push(Action::RemoveItem(key)),
                Some(Due::Stubbed(key)) => self.save_item(&key),
                Some(Due::Republish(key)) => self.republish(now, &key),
            }
        }
        while self.handovers_in_flight < HANDOVERS_IN_FLIGHT_MAX {
            let Some((to, key)) = self.handovers.pop_front() else {
                break;
            };
            self.hand_over(now, &to, &key);
        }
    }

    pub(super) fn has_background_room(&self) -> bool {
        self.background < BACKGROUND_MAX
    }

    pub(super) fn schedule_tick(&mut self, now: u64) {
        let delay = TICK_MS / 2 + self.rng.next_u64() % TICK_MS;
        self.timers.insert((now.saturating_add(delay), Timer::Tick));
    }

    /// When an item stored now is to be republished.
    pub(super) fn next_republish(&mut self, now: u64) -> u64 {
        now.saturating_add(REPUBLISH_MS - self.rng.next_u64() % REPUBLISH_JITTER_MS)
    }

    /// Looks after the table: pings whom we doubt, tries replacements, refreshes silent buckets.
    pub(super) fn tick(&mut self, now: u64) {
        self.schedule_tick(now);
        self.rate_limit.tidy(now);
        self.dials.tidy(now);
        self.tidy_watchers(now);
        for forgiven in self.blocks.tidy(now) {
            self.outbox.push(Action::Unblock(forgiven));
        }
        let forget_before = now.saturating_sub(DEAD_KEPT_MS);
        let mut survey = self
            .table
            .survey(forget_before, |entry| is_stale(entry, now));
        for forgotten in survey.forgotten {
            self.forget(forgotten);
        }
        let mut doubtful = survey.suspects;
        doubtful.truncate(PINGS_PER_TICK_MAX);
        doubtful.extend(self.table.replacements().take(PINGS_PER_TICK_MAX).cloned());
        survey.stale.truncate(PINGS_PER_TICK_MAX);
        doubtful.extend(survey.stale);
        let dead = survey.dead;
        if !dead.is_empty() && self.rng.next_u64().is_multiple_of(DEAD_EVERY_TICKS) {
            let picked = self.rng.next_u64() % dead.len() as u64;
            doubtful.push(dead[picked as usize].clone());
        }
        let knocks = self.knocks.len().min(PINGS_PER_TICK_MAX);
        doubtful.extend_from_slice(&self.knocks[..knocks]);
        self.knocks.rotate_left(knocks);
        for contact in doubtful {
            self.ping(now, &contact);
        }
        let is_alone = !self.table.entries().any(|entry| entry.is_live());
        if is_alone && !self.saved.is_empty() {
            // Nobody is left, or nobody was there when we began: knock again.
            self.refreshes.push_back(*self.me.id());
        }
        if !is_alone && self.forget_saved_at.is_some_and(|at| at <= now) {
            // On disk are those met in this run only: the next one does not begin with the dead of earlier ones.
            self.forget_saved_at = None;
            let saved = std::mem::take(&mut self.saved);
            self.forget_saved(&saved);
            self.saved = saved;
        }
        if self.table.len() > 0 && self.refreshes.is_empty() {
            let before = now.saturating_sub(REFRESH_MS);
            let silent = self.table.silent_since(before, &mut self.rng);
            self.refreshes
                .extend(silent.into_iter().take(REFRESHES_MAX));
        }
    }

    /// Somebody asked us something and said where it can be dialled: perhaps it is worth knowing.
    pub(super) fn meet(&mut self, now: u64, from: Contact, observed: Option<&Address>) {
        if from.addresses().is_empty() {
            return;
        }
        // Keys are free, so that what a peer says of itself counts to its subnet.
        let subnet = observed.and_then(Address::subnet);
        let has_share = |subnet: &Subnet| self.dials.has_share(now, subnet);
        let may_dial = subnet.as_ref().is_none_or(has_share);
        let met = match self.table.entry(from.id()) {
            Some(entry) => {
                let doubtful = entry.failures > 0 || !entry.contact.is_within(&from);
                self.table.heard_from(now, from.id());
                doubtful.then_some(from)
            }
            None if self.table.has_room_for(from.id()) => Some(likely(&from, observed)),
            None => {
                self.table.wait(likely(&from, observed));
                None
            }
        };
        if let Some(met) = met.filter(|_| may_dial)
            && self.ping(now, &met)
            && let Some(subnet) = subnet
        {
            self.dials.count_to(&subnet, &met);
        }
    }

    /// Tries to reach somebody at these very addresses. False if that may not be now.
    fn ping(&mut self, now: u64, contact: &Contact) -> bool {
        let peer = contact.public_key();
        if self.pinging.len() >= PINGS_MAX || self.pinging.contains(&peer) {
            return false;
        }
        let interaction = InteractionId::random(&mut self.rng);
        let is_sent = self.send_exactly(now, contact, interaction, Request::Ping, Purpose::Ping);
        if is_sent {
            self.pinging.insert(peer);
        }
        is_sent
    }

    /// Somebody leaves the table for good.
    pub(super) fn forget(&mut self, peer: PublicKey) {
        if self.table.remove(&peer.id()).is_some() {
            self.outbox.push(Action::ForgetContact(peer));
            self.outbox.push(Action::Emit(Notice::ContactRemoved(peer)));
        }
    }

    /// Somebody is new in the table: it gets the items it should hold, and if it is the first, what we
    /// kept for ourselves so far is published soon.
    pub(super) fn welcome(&mut self, now: u64, newcomer: &Contact) {
        if self
            .table
            .entries()
            .filter(|entry| entry.is_live())
            .nth(1)
            .is_none()
        {
            self.publish_own(now);
            self.schedule_announcement(now, ANNOUNCE_MS);
        }
        if now < self.handover_from {
            return;
        }
        // Only where we are the nearest we know of, so that not every holder sends the same: such keys
        // lie in the region our own bucket covers.
        let (low, high) = self.me.id().prefix_range(self.table.depth());
        let mut keys = Vec::new();
        for held in self.storage.between(low, high) {
            let key = held.item.key();
            let own = key.distance(self.me.id());
            let nearest = self.table.nearest(key, K, |entry| entry.is_live());
            let others_nearer = nearest
                .iter()
                .any(|contact| contact.id() != newcomer.id() && key.distance(contact.id()) < own);
            let should_hold = nearest.iter().any(|contact| contact.id() == newcomer.id());
            if should_hold && !others_nearer && !held.item.item().is_stub() {
                keys.push(*key);
            }
        }
        let room = HANDOVERS_MAX.saturating_sub(self.handovers.len());
        self.handovers.extend(
            keys.into_iter()
                .take(room)
                .map(|key| (newcomer.clone(), key)),
        );
    }

    fn schedule_announcement(&mut self, now: u64, delay: u64) {
        self.timers
            .retain(|(_, timer)| !matches!(timer, Timer::Announce { .. }));
        let jitter = self.rng.next_u64() % delay.max(1) / 2;
        let at = now.saturating_add(delay + jitter);
        self.timers.insert((at, Timer::Announce { delay }));
    }

    /// Looks for our own id, beginning far away: whoever joined elsewhere meanwhile is found, and finds us,
    /// although nobody near us knows of them.
    pub(super) fn announce(&mut self, now: u64, delay: u64) {
        let mut known: Vec<_> = self
            .table
            .entries()
            .filter(|e| e.is_live())
            .map(|e| e.contact.clone())
            .collect();
        let count = known.len().min(K);
        for place in 0..count {
            let other = place + (self.rng.next_u64() % (known.len() - place) as u64) as usize;
            known.swap(place, other);
        }
        known.truncate(count);
        let own = *self.me.id();
        if count > 0 {
            self.refresh_from(now, own, known);
        }
        self.schedule_announcement(now, (delay * 4).min(REFRESH_MS));
    }

    /// After finding our own place: learns the neighbourhoods farther away.
    pub(super) fn refresh_far_buckets(&mut self, now: u64) {
        let targets = self.table.silent_since(now, &mut self.rng);
        let room = REFRESHES_MAX.saturating_sub(self.refreshes.len());
        self.refreshes.extend(targets.into_iter().take(room));
    }

    /// First contacts are tried until each answered once: those who began without them may be many by
    /// then, and would stay among themselves.
    pub(super) fn knock_at(&mut self, contacts: &[Contact]) {
        let room = KNOCKS_MAX.saturating_sub(self.knocks.len());
        let unknown = contacts.iter().filter(|contact| {
            self.table.entry(contact.id()).is_none() && contact.id() != self.me.id()
        });
        let unknown: Vec<_> = unknown.take(room).cloned().collect();
        self.knocks.extend(unknown);
    }

    /// A first contact answered at last: everybody behind it is to be met.
    pub(super) fn answered_knock(&mut self, now: u64, contact: &Contact) {
        if self.knocks.is_empty() {
            return;
        }
        let before = self.knocks.len();
        self.knocks.retain(|knock| knock.id() != contact.id());
        if self.knocks.len() < before {
            let own = *self.me.id();
            self.refresh_from(now, own, vec![contact.clone()]);
            self.schedule_announcement(now, ANNOUNCE_MS);
        }
    }

    fn publish_own(&mut self, now: u64) {
        let own = self
            .storage
            .iter()
            .filter(|held| held.own && !held.item.item().is_stub());
        let keys: Vec<Id> = own.map(|held| *held.item.key()).collect();
        for key in keys {
            let delay = PUBLISH_SOON_MS / 2 + self.rng.next_u64() % PUBLISH_SOON_MS;
            self.storage.republish_at(&key, now.saturating_add(delay));
        }
    }

    fn hand_over(&mut self, now: u64, to: &Contact, key: &Id) {
        let Some(item) = self.storage.read_unnoticed(now, key) else {
            return;
        };
        let interaction = InteractionId::random(&mut self.rng);
        let store = Store {
            item: item.item().clone(),
            cache: false,
        };
        if self.send(
            now,
            to,
            interaction,
            Request::Store(store),
            Purpose::Handover,
        ) {
            self.handovers_in_flight += 1;
            self.metrics.handed_over += 1;
        }
    }

    fn republish(&mut self, now: u64, key: &Id) {
        let Some(item) = self.storage.read_unnoticed(now, key) else {
            return;
        };
        if self.table.entries().any(|entry| entry.is_live()) && !self.is_writing(key) {
            self.metrics.republished += 1;
            self.write(now, None, item, None, false, false);
        }
    }

    /// An item was stored at the K nearest. If that was upkeep and met a newer version, that one is
    /// next; if the item is far from us, unread and not ours, it is dropped.
    pub(super) fn republished(
        &mut self,
        now: u64,
        key: &Id,
        is_upkeep: bool,
        is_ours: bool,
        stored: usize,
        newer: Option<VerifiedItem>,
    ) {
        let next = self.next_republish(now);
        self.storage.republish_at(key, next);
        if !is_upkeep {
            return;
        }
        if let Some(newer) = newer {
            return self.write(now, None, newer, None, false, true);
        }
        let unread = now.saturating_sub(REPUBLISH_MS);
        let droppable = |held: &crate::storage::Held| !held.own && held.last_read <= unread;
        if !is_ours && stored > K / 2 && self.storage.held(key).is_some_and(droppable) {
            self.storage.remove(key);
            self.outbox.push(Action::RemoveItem(*key));
        }
    }
}

/// Of a stranger's public addresses those of the host it asks from, if any are: the others may be a victim's.
fn likely(from: &Contact, observed: Option<&Address>) -> Contact {
    let host = |address: &Address| match address {
        Address::Ip(socket) if address.subnet().is_some() => Some(socket.ip().to_canonical()),
        _ => None,
    };
    let observed = observed.and_then(host);
    let is_there = |address: &Address| host(address) == observed;
    if observed.is_none() || !from.addresses().iter().any(is_there) {
        return from.clone();
    }
    let mut addresses = from.addresses().to_vec();
    addresses.retain(|address| host(address).is_none() || is_there(address));
    Contact::new(from.public_key(), addresses, from.version())
}

fn is_stale(entry: &Entry, now: u64) -> bool {
    let patience = (entry.age_ms() / STALE_AGE_SHARE).clamp(STALE_MS, STALE_MS_MAX);
    entry.last_contact.saturating_add(patience) < now
}
