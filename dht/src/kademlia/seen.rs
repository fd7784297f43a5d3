//! What a reader on this node has seen, so that it never goes back to an older version, not even after a restart.
//!
//! Owns the newest version of each name this node has read or written lately. Refuses to remember more than its
//! maximum: what was noted longest ago is forgotten first.

use std::collections::{BTreeMap, BTreeSet};

use super::Kademlia;
use crate::event::{Action, SeenRecord};
use crate::id::Id;
use crate::item::{VerifiedItem, Version};

/// Most keys whose last version read or written is remembered.
pub const SEEN_MAX: usize = 4096;

/// The newest versions seen.
#[derive(Debug, Default)]
pub(super) struct Seen {
    /// Of each key the version, and when it was noted last.
    versions: BTreeMap<Id, (Version, u64)>,
    /// The same times in their order.
    order: BTreeSet<(u64, Id)>,
}

impl Seen {
    pub(super) fn version(&self, key: &Id) -> Option<Version> {
        Some(self.versions.get(key)?.0)
    }

    /// Remembers a version. True if it is newer than what was known; `forgotten` then is what gave way for it.
    fn note(&mut self, record: &SeenRecord, forgotten: &mut Option<Id>) -> bool {
        let SeenRecord { key, version, at } = *record;
        let known = self.versions.get(&key).copied();
        let newest = known.map_or(version, |(known, _)| known.max(version));
        if let Some((_, before)) = known {
            self.order.remove(&(before, key));
        } else if self.versions.len() == SEEN_MAX
            && let Some((_, oldest)) = self.order.pop_first()
        {
            self.versions.remove(&oldest);
            *forgotten = Some(oldest);
        }
        self.versions.insert(key, (newest, at));
        self.order.insert((at, key));
        known.is_none_or(|(known, _)| known < version)
    }
}

impl Kademlia {
    /// Remembers which version was seen, so that no older one is taken for it; content has but one.
    pub(super) fn note_seen(&mut self, now: u64, item: &VerifiedItem) {
        if item.item().is_content() {
            return;
        }
        let record = SeenRecord {
            key: *item.key(),
            version: item.version(),
            at: now,
        };
        let mut forgotten = None;
        if self.seen.note(&record, &mut forgotten) {
            self.outbox.push(Action::SaveSeen(record));
        }
        self.outbox.extend(forgotten.map(Action::ForgetSeen));
    }

    /// Takes up what an earlier run saw.
    pub(super) fn load_seen(&mut self, records: &[SeenRecord]) {
        for record in records {
            let mut forgotten = None;
            self.seen.note(record, &mut forgotten);
            self.outbox.extend(forgotten.map(Action::ForgetSeen));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn record(number: usize, timestamp: u64, at: u64) -> SeenRecord {
        SeenRecord {
            key: Id::hash(&number.to_be_bytes()),
            version: Version {
                timestamp,
                digest: Id::hash(b""),
            },
            at,
        }
    }

    #[test]
    fn what_was_noted_longest_ago_gives_way() {
        let mut seen = Seen::default();
        let mut forgotten = None;
        for n in 0..SEEN_MAX {
            assert!(seen.note(&record(n, 5, n as u64), &mut forgotten));
        }
        let again = SEEN_MAX as u64;
        assert!(!seen.note(&record(0, 5, again), &mut forgotten));
        assert!(!seen.note(&record(0, 4, again), &mut forgotten));
        assert!(seen.note(&record(0, 6, again), &mut forgotten));
        assert_eq!(forgotten, None);
        assert!(seen.note(&record(SEEN_MAX, 1, again), &mut forgotten));
        assert_eq!(forgotten, Some(record(1, 5, 1).key));
        let version = |n| seen.version(&record(n, 0, 0).key).map(|v| v.timestamp);
        assert_eq!(
            (version(0), version(1), version(2)),
            (Some(6), None, Some(5))
        );
        assert_eq!(seen.versions.len(), SEEN_MAX);
        assert_eq!(seen.order.len(), SEEN_MAX);
    }
}
