//! Chunks of our own large values.
//!
//! Owns which of them stay our own: those that a manifest of ours lists, and new ones whose manifest is still to
//! come. Refuses to know how they are moved; that is up to [`Transfer`](crate::Transfer) and the driver.

use std::collections::BTreeSet;

use super::Kademlia;
use crate::event::Action;
use crate::id::Id;
use crate::item::Item;
use crate::manifest::Manifest;

impl Kademlia {
    /// The manifest held under a key, if it is one and our own.
    pub(super) fn own_manifest(&self, key: &Id) -> Option<Manifest> {
        let held = self.storage.held(key).filter(|held| held.own)?;
        manifest_of(held.item.item())
    }

    /// One of our own items gave way to a newer version: the chunks that none of our manifests lists any more are
    /// given up. Other holders keep theirs as long as they keep anything.
    pub(super) fn release_chunks(&mut self, before: &Manifest) {
        let listed = self.listed_chunks();
        for key in before.keys().filter(|key| !listed.contains(key)) {
            if self.storage.held(&key).is_some_and(|held| held.own) {
                self.storage.remove(&key);
                self.outbox.push(Action::RemoveItem(key));
            }
        }
    }

    /// After a restart: chunks whose manifest never came are nobody's own. Whoever is near keeps them all the same.
    pub(super) fn disown_orphans(&mut self) {
        let own = self.storage.iter().filter(|held| held.own);
        let chunks = own.filter(|held| held.item.item().is_content());
        let mut orphans: BTreeSet<Id> = chunks.map(|held| *held.item.key()).collect();
        if orphans.is_empty() {
            return;
        }
        for key in self.listed_chunks() {
            orphans.remove(&key);
        }
        for key in orphans {
            self.storage.disown(&key);
            self.save_item(&key);
        }
    }

    /// The chunks listed by the manifests among our own items.
    fn listed_chunks(&self) -> BTreeSet<Id> {
        let own = self.storage.iter().filter(|held| held.own);
        let manifests = own.filter_map(|held| manifest_of(held.item.item()));
        manifests
            .flat_map(|manifest| manifest.keys().collect::<Vec<_>>())
            .collect()
    }
}

fn manifest_of(item: &Item) -> Option<Manifest> {
    let value = item
        .value
        .as_deref()
        .filter(|_| Manifest::is_marked(&item.meta))?;
    Manifest::decode(value).ok()
}
