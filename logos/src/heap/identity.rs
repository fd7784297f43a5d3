//! Numbers by which objects are told apart though they move: given in the order in which somebody asks for them, kept while the object lives.

use super::Heap;
use crate::scratch::{ENTRY_WORDS, IdentityMap};
use crate::value::Value;

/// Words counted for the number of an object.
pub(super) const IDENTITY_WORDS: usize = ENTRY_WORDS;

/// See the module's description.
#[derive(Debug, Default, Clone)]
pub(super) struct Identities {
    by_offset: IdentityMap<u64>,
    /// The objects among them that a collection of the nursery may move.
    young: Vec<usize>,
    last: u64,
}

impl Heap {
    /// The number of an object, if it has one.
    pub fn identity(&self, object: Value) -> Option<u64> {
        self.identities
            .by_offset
            .get(&(object.offset() as u64))
            .copied()
    }

    /// The number of an object; a new one counts as [`Heap::NEW_IDENTITY_WORDS`] words.
    pub fn make_identity(&mut self, object: Value) -> u64 {
        if let Some(number) = self.identity(object) {
            return number;
        }
        let identities = &mut self.identities;
        identities.last += 1;
        identities
            .by_offset
            .insert(object.offset() as u64, identities.last);
        if object.offset() < super::NURSERY_WORDS {
            identities.young.push(object.offset());
        }
        self.asked += IDENTITY_WORDS;
        identities.last
    }

    /// What [`Heap::make_identity`] may ask for.
    pub const NEW_IDENTITY_WORDS: usize = IDENTITY_WORDS;

    /// Words that the numbers of all living objects count.
    pub(super) fn identity_words(&self) -> usize {
        IDENTITY_WORDS * self.identities.by_offset.len()
    }
}

impl Identities {
    /// The nursery was collected: `moved` tells where an object went, if it lives.
    pub(super) fn nursery_collected(&mut self, moved: impl Fn(usize) -> Option<usize>) {
        for from in std::mem::take(&mut self.young) {
            if let Some(number) = self.by_offset.remove(&(from as u64))
                && let Some(to) = moved(from)
            {
                self.by_offset.insert(to as u64, number);
            }
        }
    }

    /// Everything was collected.
    pub(super) fn all_collected(&mut self, moved: impl Fn(usize) -> Option<usize>) {
        self.young.clear();
        let living = std::mem::take(&mut self.by_offset)
            .into_iter()
            .filter_map(|(from, number)| Some((moved(from as usize)? as u64, number)));
        self.by_offset = living.collect();
    }
}
