//! Memory beside the heap that Rust code uses while it walks over values which must not move meanwhile.
//!
//! Owns the count of it: a walk may take what the memory limit leaves. When that is not enough, everything is collected and
//! the walk begins anew; when it still is not, the memory is exhausted. So no walk holds more than the limit allows, and none of them has
//! to follow values that move.

use crate::value::Value;
use crate::vm::{Fault, Machine};
use std::collections::HashMap;
use std::hash::{BuildHasherDefault, Hasher};

/// A map from values by identity, for the time in which nothing moves.
pub type IdentityMap<T> = HashMap<u64, T, BuildHasherDefault<WordHasher>>;
/// Words counted for an entry of an [`IdentityMap`].
pub const ENTRY_WORDS: usize = 5;

/// What a walk may take.
#[derive(Debug)]
pub struct Scratch {
    words: usize,
    ran_out: bool,
}

impl Scratch {
    /// How many words the walk may hold in all.
    pub fn words(&self) -> usize {
        self.words
    }

    /// The walk needs more than that.
    pub fn exhausted(&mut self) -> Fault {
        self.ran_out = true;
        Fault::MemoryExhausted
    }

    /// Says how many words the walk holds now, or is about to.
    #[inline]
    pub fn hold(&mut self, words: usize) -> Result<(), Fault> {
        if words <= self.words {
            Ok(())
        } else {
            Err(self.exhausted())
        }
    }
}

/// Walks over `values`; the walk may be begun a second time. It must not allocate in the heap, except for an error that it ends with.
pub fn walk<T>(
    m: &mut Machine,
    values: &[Value],
    mut f: impl FnMut(&mut Machine, &[Value], &mut Scratch) -> Result<T, Fault>,
) -> Result<T, Fault> {
    let mut scratch = Scratch {
        words: m.words_left(),
        ran_out: false,
    };
    let result = f(m, values, &mut scratch);
    if !scratch.ran_out {
        return result;
    }
    let from = m.temporaries.len();
    m.temporaries.extend_from_slice(values);
    let asked = m.ask_to_hold(scratch.words.saturating_add(1));
    let values: Vec<Value> = m.temporaries.drain(from..).collect();
    asked?;
    scratch.words = m.words_left();
    f(m, &values, &mut scratch)
}

impl Machine {
    /// Words that may still be asked for before the memory limit forces a collection.
    fn words_left(&self) -> usize {
        self.limits.memory().saturating_sub(self.counted_words())
    }

    /// Asks for words that Rust code will hold for a while: a collection may follow, but nothing is taken.
    pub(crate) fn ask_to_hold(&mut self, words: usize) -> Result<(), Fault> {
        if words > self.words_left() {
            self.take_external(words)?;
            self.release_external(words);
        }
        Ok(())
    }
}

/// Hashes single words: the finalizer of MurmurHash3 (Appleby), which leaves no regular pattern of addresses in its place.
#[derive(Debug, Default)]
pub struct WordHasher(u64);

impl Hasher for WordHasher {
    fn finish(&self) -> u64 {
        self.0
    }

    fn write(&mut self, bytes: &[u8]) {
        for &byte in bytes {
            self.write_u64(u64::from(byte));
        }
    }

    #[inline]
    fn write_u64(&mut self, word: u64) {
        self.0 = mix(self.0 ^ word);
    }
}

/// Mixes the bits of a word.
#[inline]
pub const fn mix(word: u64) -> u64 {
    let mut x = word;
    x = (x ^ (x >> 33)).wrapping_mul(0xff51_afd7_ed55_8ccd);
    x = (x ^ (x >> 33)).wrapping_mul(0xc4ce_b9fe_1a85_ec53);
    x ^ (x >> 33)
}
