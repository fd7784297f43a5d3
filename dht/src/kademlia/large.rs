//! Chunks of large values, as far as the manifests held here tell about them.
//!
//! Owns which of them stay our own: those that a manifest of ours lists, and new ones whose manifest is still to
//! come; and which of those held for others are wanted no longer. Refuses to know how they are moved; that is up to
//! [`Transfer`](crate::Transfer) and the driver.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use super::Kademlia;
use crate::contact::PublicKey;
use crate::event::Action;
use crate::id::Id;
use crate::item::{CONTENT_DIGEST_BYTES, Item, content_key};
use crate::manifest::{CHUNK_BYTES, CHUNKS_MAX, Manifest};
use crate::storage::Held;

/// Most chunks listed by others' manifests that are looked through for what a manifest that went away listed. Where
/// more are listed, nothing is released: content nobody brings any more ceases to count on its own.
pub const LISTED_CHUNKS_MAX: usize = 64 * CHUNKS_MAX;

/// A manifest that was held, before something took its place.
pub(super) struct Before {
    item: Arc<Item>,
    own: bool,
    source: PublicKey,
}

/// Chunks by what tells them apart: all of them have the same `expires`.
type Chunks = BTreeMap<[u8; CONTENT_DIGEST_BYTES], Id>;

impl Kademlia {
    /// The manifest held in earnest under a key, if it is one.
    pub(super) fn manifest_before(&self, key: &Id) -> Option<Before> {
        let held = self.storage.held(key).filter(|held| held.is_manifest())?;
        Some(Before {
            item: held.item.item().clone(),
            own: held.own,
            source: held.source(),
        })
    }

    /// A manifest gave way to a newer version or a deletion. If it was our own, the chunks that none of our own
    /// lists any more are given up, or kept like anybody's if somebody else's manifest lists them. Of what was held
    /// for others, that what came from the same source as the manifest is released.
    pub(super) fn release_chunks(&mut self, before: &Before) {
        let Some(manifest) = manifest_of(&before.item) else {
            return;
        };
        let chunks = manifest.digests().map(|digest| {
            let key = content_key(digest, manifest.expires());
            (*digest, key)
        });
        let is_held = |(_, key): &(_, Id)| self.storage.held(key).is_some();
        let mut unlisted: Chunks = chunks.filter(is_held).collect();
        self.strike_listed(&mut unlisted, manifest.expires(), true, usize::MAX);
        let mut unwanted = unlisted.clone();
        self.strike_listed(&mut unwanted, manifest.expires(), false, LISTED_CHUNKS_MAX);
        for (digest, key) in unlisted {
            let is_unwanted = unwanted.contains_key(&digest);
            match self.storage.held(&key).is_some_and(|held| held.own) {
                true if !before.own => {}
                true if is_unwanted => {
                    self.storage.remove(&key);
                    self.outbox.push(Action::RemoveItem(key));
                }
                true => {
                    self.storage.disown(&key);
                    self.save_item(&key);
                }
                false if is_unwanted => self.storage.release(&key, &before.source),
                false => {}
            }
        }
    }

    /// Takes out the chunks that a held manifest lists, our own or others'. If others' are too many to look through,
    /// any chunk may be among them.
    fn strike_listed(&self, chunks: &mut Chunks, expires: u64, own: bool, listed_max: usize) {
        let mut listed = 0;
        for held in self.storage.manifests().filter(|held| held.own == own) {
            if chunks.is_empty() {
                return;
            }
            let Some(manifest) = manifest_of(held.item.item()) else {
                continue;
            };
            listed += manifest.count();
            if listed > listed_max {
                return chunks.clear();
            }
            if manifest.expires() == expires {
                for digest in manifest.digests() {
                    chunks.remove(digest);
                }
            }
        }
    }

    /// After a restart: chunks whose manifest never came are nobody's own. Whoever is near keeps them all the same.
    /// What is smaller than a chunk was put for its own sake, or is the last chunk of a value, one of many: that stays.
    pub(super) fn disown_orphans(&mut self) {
        let own = self.storage.iter().filter(|held| held.own);
        let chunks = own.filter(|held| is_whole_chunk(held.item.item()));
        let mut orphans: BTreeSet<Id> = chunks.map(|held| *held.item.key()).collect();
        if orphans.is_empty() {
            return;
        }
        let manifests = self.storage.manifests().filter(|held| held.own);
        for manifest in manifests.filter_map(|held| manifest_of(held.item.item())) {
            for key in manifest.keys() {
                orphans.remove(&key);
            }
        }
        for key in orphans {
            self.storage.disown(&key);
            self.save_item(&key);
        }
    }
}

impl Held {
    /// Whether this says that it is a manifest, is held in earnest and still there.
    pub(crate) fn is_manifest(&self) -> bool {
        let item = self.item.item();
        item.value.is_some() && self.cached_until.is_none() && Manifest::is_marked(&item.meta)
    }
}

/// Whether this is as large as every chunk of a value is but the last.
fn is_whole_chunk(item: &Item) -> bool {
    let value = item.value.as_ref().filter(|_| item.is_content());
    value.is_some_and(|value| value.len() == CHUNK_BYTES)
}

fn manifest_of(item: &Item) -> Option<Manifest> {
    Manifest::decode(item.value.as_deref()?).ok()
}
