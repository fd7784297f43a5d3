//! Watches, on both sides.
//!
//! Owns whom we tell about new versions, and what we want to be told. Refuses more watchers than its
//! limits, and never trusts news: it is an ordinary store, checked like any other.

use std::collections::BTreeMap;

use super::exchanges::Purpose;
use super::watchers::Watchers;
use super::{Kademlia, Timer};
use crate::contact::{Contact, Subnet};
use crate::event::{Action, OperationId};
use crate::id::Id;
use crate::item::{VerifiedItem, Version};
use crate::message::{ErrorCode, Failure, InteractionId, Request, Response, Store};

/// How long a watch lasts at most, in milliseconds; it is renewed at half of that.
pub const WATCH_MS: u64 = 10 * 60 * 1000;
/// Nodes a watch is set at.
pub const WATCH_NODES: usize = 3;
/// Keys we watch.
pub const WATCHES_MAX: usize = 256;

#[derive(Debug, Default)]
pub(super) struct Watching {
    /// Who wants to be told.
    watchers: Watchers,
    /// What we want to be told.
    watches: BTreeMap<Id, Watch>,
    /// Renewals count upwards, so that a timer need not carry a key.
    next_number: u64,
}

impl Watching {
    /// Whether somebody on this node watches a key.
    pub(super) fn has(&self, key: &Id) -> bool {
        self.watches.contains_key(key)
    }
}

#[derive(Debug)]
struct Watch {
    /// The number its renewal goes by.
    number: u64,
    operations: Vec<OperationId>,
    told: Option<Version>,
}

impl Kademlia {
    pub(super) fn watch(&mut self, now: u64, operation: OperationId, key: Id) {
        self.watching.next_number += 1;
        let number = self.watching.next_number;
        let watches = &mut self.watching.watches;
        if watches.len() >= WATCHES_MAX && !watches.contains_key(&key) {
            return self.finish(operation, Err(crate::OperationError::Busy));
        }
        let watch = watches.entry(key).or_insert(Watch {
            number,
            operations: Vec::new(),
            told: None,
        });
        watch.operations.push(operation);
        if watch.operations.len() == 1 {
            let renewal = Timer::Renew(watch.number);
            self.timers.insert((now + WATCH_MS / 2, renewal));
        }
        self.read_to_watch(now, Some(operation), key);
    }

    pub(super) fn unwatch(&mut self, operation: OperationId) {
        for watch in self.watching.watches.values_mut() {
            watch.operations.retain(|watching| *watching != operation);
        }
        self.watching
            .watches
            .retain(|_, watch| !watch.operations.is_empty());
    }

    /// Sets the watch anew, at whoever is nearest now; whatever was missed is found on the way.
    pub(super) fn renew_watch(&mut self, now: u64, number: u64) {
        let mut watches = self.watching.watches.iter();
        let key = watches
            .find(|(_, watch)| watch.number == number)
            .map(|(key, _)| *key);
        if let Some(key) = key {
            self.timers
                .insert((now + WATCH_MS / 2, Timer::Renew(number)));
            self.read_to_watch(now, None, key);
        }
    }

    /// Passes a version of a watched key on to whoever waits for it, once. A stub is no version to be told of: it would
    /// be taken for a deletion. Nor is one older than what a reader here saw.
    pub(super) fn tell_ourselves(&mut self, item: &VerifiedItem) {
        let seen = self.seen.version(item.key());
        if item.item().is_stub() || seen.is_some_and(|seen| seen > item.version()) {
            return;
        }
        let Some(watch) = self.watching.watches.get_mut(item.key()) else {
            return;
        };
        if watch.told.is_some_and(|told| told >= item.version()) {
            return;
        }
        watch.told = Some(item.version());
        for operation in &watch.operations {
            self.outbox.push(Action::Updated {
                operation: *operation,
                item: item.clone(),
            });
        }
    }

    pub(super) fn serve_watch(
        &mut self,
        now: u64,
        from: &Contact,
        subnet: Option<Subnet>,
        key: Id,
        lasting_ms: u64,
    ) -> Response {
        let lasting_ms = lasting_ms.min(WATCH_MS);
        let watchers = &mut self.watching.watchers;
        match watchers.set(now, from, subnet, key, lasting_ms) {
            Ok(()) => Response::Watching { lasting_ms },
            Err(full) => Response::Failure(Failure::new(ErrorCode::Busy, full)),
        }
    }

    /// Tells everybody watching an item's key about it.
    pub(super) fn tell_watchers(&mut self, now: u64, item: &VerifiedItem) {
        let current = self.watching.watchers.of(now, item.key());
        if current.is_empty() {
            return;
        }
        let interaction = InteractionId::random(&mut self.rng);
        for watcher in current {
            let store = Store {
                item: item.item().clone(),
                cache: true,
            };
            let news = Request::Store(store);
            let is_told = self.send(now, &watcher, interaction, news, Purpose::News);
            self.metrics.news_told += u64::from(is_told);
        }
    }

    /// Somebody could not be told: who cannot be dialled is gone with its connection.
    pub(super) fn news_lost(&mut self, to: &Contact) {
        if to.addresses().is_empty() {
            self.watching.watchers.forget(to.id());
        }
    }

    /// Sets the watch of a key anew, before its time: who was to tell us is perhaps gone.
    pub(super) fn watch_anew(&mut self, now: u64, key: Id) {
        if self.watching.has(&key) {
            self.read_to_watch(now, None, key);
        }
    }

    pub(super) fn tidy_watchers(&mut self, now: u64) {
        self.watching.watchers.tidy(now);
    }
}
