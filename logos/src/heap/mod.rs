//! The heap: one flat array of 64-bit words, with a nursery at its start and the old space after it.
//!
//! Owns allocation, the layout of every object, the precise copying collector and the count of words asked for. It knows no limits: whoever
//! allocates asks the machine first (`Machine::ensure`), which may collect; after that, allocations of up to that many words move
//! nothing. A reference is an offset into the array, so a value stays valid exactly until the next collection.

mod collect;
mod identity;
mod text;

pub(crate) use collect::NOWHERE;

use crate::value::{Header, Kind, Value};

/// Words in the nursery: small enough to stay in a second-level cache.
pub const NURSERY_WORDS: usize = 64 * 1024;
/// Offset 0 is never an object.
const FIRST_WORD: usize = 1;
/// The remembered sets are made free of duplicates when they pass this length.
const REMEMBERED_MAX: usize = 64 * 1024;

/// All objects of one world.
#[derive(Debug, Clone)]
pub struct Heap {
    words: Vec<u64>,
    /// The next free word of the nursery.
    top: usize,
    /// Fast allocation may go up to here, the end of the nursery or nowhere; past it, ask the machine.
    fast_end: usize,
    /// `top` when the words asked for were last added up.
    counted: usize,
    /// Words asked for since the last reset, without those between `counted` and `top`.
    asked: usize,
    /// Words of the old space that may refer into the nursery.
    remembered: Vec<usize>,
    /// Stretches of the old space allocated since the last collection: their words may refer into the nursery.
    fresh_old: Vec<(usize, usize)>,
    /// Lengths at which the two lists above are next made free of duplicates.
    remembered_max: usize,
    fresh_old_max: usize,
    /// Length of the old space after the last full collection, in words.
    old_after_full: usize,
    identities: identity::Identities,
    /// Objects that are not kept alive by standing here; [`Value::VOID`] once they are gone.
    pub(crate) weak: Vec<Value>,
    /// Under stress, how many collections there were; see [`Heap::set_stress`].
    stress: Option<usize>,
}

impl Default for Heap {
    fn default() -> Heap {
        Heap::new()
    }
}

impl Heap {
    /// An empty heap.
    pub fn new() -> Heap {
        Heap {
            words: vec![0; NURSERY_WORDS],
            top: FIRST_WORD,
            fast_end: 0,
            counted: FIRST_WORD,
            asked: 0,
            remembered: Vec::new(),
            fresh_old: Vec::new(),
            remembered_max: REMEMBERED_MAX,
            fresh_old_max: REMEMBERED_MAX,
            old_after_full: 0,
            identities: identity::Identities::default(),
            weak: Vec::new(),
            stress: None,
        }
    }

    /// Under stress a collection leaves nothing behind where things were, and puts what lives elsewhere each time: who kept a reference over it
    /// is found out. The machine then collects at every request.
    pub(crate) fn set_stress(&mut self, stress: bool) {
        self.stress = stress.then_some(0);
    }

    /// Whether the heap is under stress.
    pub(crate) fn is_stressed(&self) -> bool {
        self.stress.is_some()
    }

    /// Words asked for since the count was last started anew.
    pub fn asked_words(&self) -> usize {
        self.asked + (self.top - self.counted)
    }

    /// The length of the whole array.
    pub fn total_words(&self) -> usize {
        self.words.len()
    }

    /// Goes on counting the words asked for from another number.
    pub(crate) fn set_asked(&mut self, words: usize) {
        self.asked = words;
        self.counted = self.top;
    }

    /// Lets allocation go on to the end of the nursery without asking the machine, or not at all.
    pub(crate) fn open_fast_path(&mut self, open: bool) {
        self.fast_end = if open { NURSERY_WORDS } else { 0 };
    }

    /// Whether the nursery has room for `words` more.
    pub(crate) fn nursery_has(&self, words: usize) -> bool {
        self.top + words <= NURSERY_WORDS
    }

    /// Whether `words` fit without asking the machine.
    #[inline(always)]
    pub(crate) fn fast_fits(&self, words: usize) -> bool {
        self.top + words <= self.fast_end
    }

    /// Whether the old space has doubled since it was last collected, and is worth collecting. Under stress every fourth time.
    pub(crate) fn wants_full_collection(&self) -> bool {
        if let Some(collections) = self.stress {
            return collections.is_multiple_of(4);
        }
        self.words.len() > 4 * NURSERY_WORDS + 2 * self.old_after_full
    }

    /// Takes `words` words; in the old space when the nursery is full. Never collects.
    #[inline(always)]
    fn take(&mut self, words: usize) -> usize {
        let start = self.top;
        if start + words <= NURSERY_WORDS {
            self.top = start + words;
            start
        } else {
            self.take_old(words)
        }
    }

    #[cold]
    #[inline(never)]
    fn take_old(&mut self, words: usize) -> usize {
        let start = self.words.len();
        self.words.resize(start + words, 0);
        self.asked += words;
        match self.fresh_old.last_mut() {
            Some((_, end)) if *end == start => *end = start + words,
            _ => self.fresh_old.push((start, start + words)),
        }
        start
    }

    // ---- pairs ----

    /// A new pair: 2 words.
    #[inline(always)]
    pub fn cons(&mut self, car: Value, cdr: Value) -> Value {
        let at = self.take(2);
        self.words[at] = car.0;
        self.words[at + 1] = cdr.0;
        Value::pair(at)
    }

    /// A new pair that programs cannot change: 2 words.
    pub fn immutable_cons(&mut self, car: Value, cdr: Value) -> Value {
        Value::immutable_pair(self.cons(car, cdr).offset())
    }

    /// The car of a value known to be a pair.
    #[inline(always)]
    pub fn car(&self, pair: Value) -> Value {
        Value(self.words[pair.offset()])
    }

    /// The cdr of a value known to be a pair.
    #[inline(always)]
    pub fn cdr(&self, pair: Value) -> Value {
        Value(self.words[pair.offset() + 1])
    }

    /// Changes the car of a pair.
    #[inline]
    pub fn set_car(&mut self, pair: Value, value: Value) {
        self.store(pair.offset(), value);
    }

    /// Changes the cdr of a pair.
    #[inline]
    pub fn set_cdr(&mut self, pair: Value, value: Value) {
        self.store(pair.offset() + 1, value);
    }

    // ---- objects ----

    /// A new object; its words follow the header: `1 + fields.len()` words.
    #[inline]
    pub fn object(&mut self, kind: Kind, flags: u8, fields: &[Value]) -> Value {
        let at = self.take(1 + fields.len());
        self.words[at] = Header::new(kind, flags, fields.len()).0;
        for (word, field) in self.words[at + 1..].iter_mut().zip(fields) {
            *word = field.0;
        }
        Value::object(at)
    }

    /// A new object of `length` fields that all hold `fill`: `1 + length` words.
    pub fn filled(&mut self, kind: Kind, flags: u8, length: usize, fill: Value) -> Value {
        let at = self.take(1 + length);
        self.words[at] = Header::new(kind, flags, length).0;
        self.words[at + 1..at + 1 + length].fill(fill.0);
        Value::object(at)
    }

    /// A new raw object of `length` zero words: `1 + length` words.
    pub fn raw(&mut self, kind: Kind, flags: u8, length: usize) -> Value {
        let at = self.take(1 + length);
        self.words[at] = Header::new(kind, flags, length).0;
        self.words[at + 1..at + 1 + length].fill(0);
        Value::object(at)
    }

    /// The header of a value known to be an object.
    #[inline(always)]
    pub fn header(&self, object: Value) -> Header {
        Header(self.words[object.offset()])
    }

    /// Replaces the flags of an object.
    pub fn set_flags(&mut self, object: Value, flags: u8) {
        let word = &mut self.words[object.offset()];
        *word = Header(*word).with_flags(flags).0;
    }

    /// Whether a value is an object of that kind.
    #[inline(always)]
    pub fn is(&self, value: Value, kind: Kind) -> bool {
        value.is_object() && self.header(value).is(kind)
    }

    /// The kind of an object; `None` for pairs and immediates.
    #[inline]
    pub fn kind(&self, value: Value) -> Option<Kind> {
        if value.is_object() {
            Some(self.header(value).kind())
        } else {
            None
        }
    }

    /// How many words follow an object's header.
    #[inline(always)]
    pub fn length(&self, object: Value) -> usize {
        self.header(object).length()
    }

    /// A field of an object, from 0.
    #[inline(always)]
    pub fn field(&self, object: Value, index: usize) -> Value {
        Value(self.words[object.offset() + 1 + index])
    }

    /// Changes a field of an object.
    #[inline]
    pub fn set_field(&mut self, object: Value, index: usize, value: Value) {
        self.store(object.offset() + 1 + index, value);
    }

    /// A raw word of an object.
    #[inline(always)]
    pub fn word(&self, object: Value, index: usize) -> u64 {
        self.words[object.offset() + 1 + index]
    }

    /// Changes a raw word of a raw object.
    #[inline]
    pub fn set_word(&mut self, object: Value, index: usize, word: u64) {
        self.words[object.offset() + 1 + index] = word;
    }

    /// The words after an object's header.
    pub fn words(&self, object: Value) -> &[u64] {
        let at = object.offset() + 1;
        &self.words[at..at + self.length(object)]
    }

    /// The words after a raw object's header, to change.
    pub fn words_mut(&mut self, object: Value) -> &mut [u64] {
        let at = object.offset() + 1;
        let length = self.length(object);
        &mut self.words[at..at + length]
    }

    /// Copies `count` fields from one object to another (or within one, overlapping or not).
    pub fn copy_fields(
        &mut self,
        from: Value,
        from_index: usize,
        to: Value,
        to_index: usize,
        count: usize,
    ) {
        let source = from.offset() + 1 + from_index;
        let target = to.offset() + 1 + to_index;
        self.words.copy_within(source..source + count, target);
        if target >= NURSERY_WORDS && !self.header(to).is_raw() {
            self.remember_range(target, target + count);
        }
    }

    /// Fills `count` fields of an object with one value.
    pub fn fill_fields(&mut self, object: Value, index: usize, count: usize, value: Value) {
        let at = object.offset() + 1 + index;
        self.words[at..at + count].fill(value.0);
        if at >= NURSERY_WORDS && value.is_reference() && value.offset() < NURSERY_WORDS {
            self.remember_range(at, at + count);
        }
    }

    /// Writes a value into a word of an object and keeps the remembered set.
    #[inline(always)]
    fn store(&mut self, at: usize, value: Value) {
        self.words[at] = value.0;
        if at >= NURSERY_WORDS && value.is_reference() && value.offset() < NURSERY_WORDS {
            self.remember(at);
        }
    }

    #[cold]
    fn remember(&mut self, at: usize) {
        self.remembered.push(at);
        if self.remembered.len() >= self.remembered_max {
            self.remembered.sort_unstable();
            self.remembered.dedup();
            self.remembered_max = REMEMBERED_MAX.max(2 * self.remembered.len());
        }
    }

    #[cold]
    fn remember_range(&mut self, start: usize, end: usize) {
        self.fresh_old.push((start, end));
        if self.fresh_old.len() >= self.fresh_old_max {
            self.fresh_old.sort_unstable();
            self.fresh_old.dedup_by(|next, kept| {
                let touch = next.0 <= kept.1;
                if touch {
                    kept.1 = kept.1.max(next.1);
                }
                touch
            });
            self.fresh_old_max = REMEMBERED_MAX.max(2 * self.fresh_old.len());
        }
    }

    // ---- numbers ----

    /// A float, boxed where it must be: at most 2 words.
    #[inline]
    pub fn float(&mut self, x: f64) -> Value {
        match Value::try_float(x) {
            Some(value) => value,
            None => self.boxed_float(x),
        }
    }

    #[cold]
    fn boxed_float(&mut self, x: f64) -> Value {
        let bits = if x.is_nan() {
            f64::NAN.to_bits()
        } else {
            x.to_bits()
        };
        let object = self.raw(Kind::Float, 0, 1);
        self.set_word(object, 0, bits);
        object
    }

    /// The double of a float, immediate or boxed.
    #[inline]
    pub fn as_float(&self, value: Value) -> Option<f64> {
        if value.is_immediate_float() {
            Some(value.immediate_float())
        } else if self.is(value, Kind::Float) {
            Some(f64::from_bits(self.word(value, 0)))
        } else {
            None
        }
    }

    // ---- bytes ----

    /// A bytevector: [`Heap::bytes_words`] words.
    pub fn bytes(&mut self, bytes: &[u8]) -> Value {
        let object = self.raw(Kind::Bytes, 0, 1 + bytes.len().div_ceil(8));
        let words = self.words_mut(object);
        words[0] = bytes.len() as u64;
        for (word, chunk) in words[1..].iter_mut().zip(bytes.chunks(8)) {
            let mut eight = [0; 8];
            eight[..chunk.len()].copy_from_slice(chunk);
            *word = u64::from_le_bytes(eight);
        }
        object
    }

    /// Words that a bytevector of `length` bytes takes.
    pub const fn bytes_words(length: usize) -> usize {
        2 + length.div_ceil(8)
    }

    /// Length of a bytevector.
    pub fn bytes_length(&self, bytes: Value) -> usize {
        self.word(bytes, 0) as usize
    }

    /// One byte of a bytevector.
    pub fn byte(&self, bytes: Value, index: usize) -> u8 {
        (self.word(bytes, 1 + index / 8) >> (index % 8 * 8)) as u8
    }

    /// Changes one byte of a bytevector.
    pub fn set_byte(&mut self, bytes: Value, index: usize, byte: u8) {
        let shift = index % 8 * 8;
        let word = self.word(bytes, 1 + index / 8);
        self.set_word(
            bytes,
            1 + index / 8,
            word & !(0xff << shift) | u64::from(byte) << shift,
        );
    }

    /// A new bytevector of zeros: [`Heap::bytes_words`] words.
    pub fn bytes_blank(&mut self, length: usize) -> Value {
        let object = self.raw(Kind::Bytes, 0, 1 + length.div_ceil(8));
        self.set_word(object, 0, length as u64);
        object
    }

    /// Copies `count` bytes from one bytevector to another (or within one, overlapping or not).
    pub fn copy_bytes(
        &mut self,
        from: Value,
        from_index: usize,
        to: Value,
        to_index: usize,
        count: usize,
    ) {
        let (from, to) = (from.offset() + 2, to.offset() + 2);
        text::copy_packed(
            &mut self.words,
            8,
            (from, from_index),
            (to, to_index),
            count,
        );
    }

    /// A copy of a stretch of a bytevector outside the heap.
    pub fn bytes_slice(&self, bytes: Value, start: usize, end: usize) -> Vec<u8> {
        (start..end).map(|index| self.byte(bytes, index)).collect()
    }
}
