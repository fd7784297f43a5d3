//! The collector: a copying nursery whose survivors go to the old space, and a full collection that copies
//! everything live into a new array (Cheney 1970). Both take constant stack.

use super::{FIRST_WORD, Heap, NURSERY_WORDS};
use crate::value::{Header, Kind, Value, forward_word, forwarded};

/// A reference to what never is.
pub(crate) const NOWHERE: Value = Value::pair(1 << 40);

impl Heap {
    /// Moves what is live in the nursery to the old space. `stack` and `roots` are all the words outside the heap that may refer into it.
    pub(crate) fn collect_nursery(&mut self, stack: &mut [u64], roots: &mut [&mut [Value]]) {
        let scan_from = self.words.len();
        for word in stack.iter_mut() {
            *word = self.promote(Value(*word)).0;
        }
        for root in roots.iter_mut() {
            for value in root.iter_mut() {
                *value = self.promote(*value);
            }
        }
        for at in std::mem::take(&mut self.remembered) {
            let moved = self.promote(Value(self.words[at]));
            self.words[at] = moved.0;
        }
        for (start, end) in std::mem::take(&mut self.fresh_old) {
            self.promote_range(start, end.min(scan_from));
        }
        let mut at = scan_from;
        while at < self.words.len() {
            at = self.promote_object(at);
        }
        let words = &self.words;
        self.identities
            .nursery_collected(|from| forwarded(words[from]));
        for object in &mut self.weak {
            if object.is_reference() && object.offset() < NURSERY_WORDS {
                *object = moved(words, *object);
            }
        }
        self.empty_nursery();
    }

    /// Promotes what a stretch of whole or partial objects refers to. Raw words of objects that begin in it are skipped; a stretch that begins inside
    /// an object (a bulk copy) holds values only.
    fn promote_range(&mut self, start: usize, end: usize) {
        let mut at = start;
        while at < end {
            let header = Header(self.words[at]);
            if Header::is_header(header.0) {
                if header.is_raw() {
                    at += 1 + header.length();
                    continue;
                }
            } else {
                let moved = self.promote(Value(self.words[at]));
                self.words[at] = moved.0;
            }
            at += 1;
        }
    }

    /// Promotes what one object of the old space refers to; gives the offset after it.
    fn promote_object(&mut self, at: usize) -> usize {
        let header = Header(self.words[at]);
        let (first, end) = extent(header, at);
        for word in first..end {
            let moved = self.promote(Value(self.words[word]));
            self.words[word] = moved.0;
        }
        after(header, at)
    }

    #[inline]
    fn promote(&mut self, value: Value) -> Value {
        if !value.is_reference() || value.offset() >= NURSERY_WORDS {
            return value;
        }
        let from = value.offset();
        let word = self.words[from];
        let to = match forwarded(word) {
            Some(to) => to,
            None => {
                let to = self.words.len();
                self.words
                    .extend_from_within(from..after(Header(word), from));
                self.words[from] = forward_word(to);
                to
            }
        };
        value.moved(to)
    }

    /// Copies everything live into a new array. Gives the words live after it.
    pub(crate) fn collect_full(&mut self, stack: &mut [u64], roots: &mut [&mut [Value]]) -> usize {
        let mut to_space = ToSpace::new(self.words.len(), self.old_after_full);
        let filler = self.stress.map_or(0, |collections| 1 + collections % 7);
        if filler > 0 {
            let header = Header::new(Kind::Bytes, 0, filler - 1);
            to_space.words.push(header.0);
            to_space
                .words
                .resize(to_space.words.len() + filler - 1, NOWHERE.0);
        }
        for word in stack.iter_mut() {
            *word = self.evacuate(&mut to_space, Value(*word)).0;
        }
        for root in roots.iter_mut() {
            for value in root.iter_mut() {
                *value = self.evacuate(&mut to_space, *value);
            }
        }
        let mut at = NURSERY_WORDS - to_space.missing;
        while at < to_space.words.len() {
            let header = Header(to_space.words[at]);
            let (first, end) = extent(header, at);
            for word in first..end {
                let value = Value(to_space.words[word]);
                let moved = self.evacuate(&mut to_space, value);
                to_space.words[word] = moved.0;
            }
            at = after(header, at);
        }
        let words = &self.words;
        self.identities.all_collected(|from| forwarded(words[from]));
        for object in self.weak.iter_mut().filter(|it| it.is_reference()) {
            *object = moved(words, *object);
        }
        if to_space.missing == 0 {
            self.words = to_space.words;
        } else {
            self.words.truncate(NURSERY_WORDS);
            self.words.extend_from_slice(&to_space.words);
        }
        self.empty_nursery();
        self.remembered.clear();
        self.fresh_old.clear();
        self.old_after_full = self.words.len() - NURSERY_WORDS - filler;
        self.old_after_full + self.identity_words()
    }

    /// Everything live has left the nursery.
    fn empty_nursery(&mut self) {
        if let Some(collections) = &mut self.stress {
            *collections += 1;
            self.words[FIRST_WORD..self.top].fill(NOWHERE.0);
        }
        self.asked += self.top - self.counted;
        self.top = FIRST_WORD;
        self.counted = FIRST_WORD;
    }

    #[inline]
    fn evacuate(&mut self, to_space: &mut ToSpace, value: Value) -> Value {
        if !value.is_reference() {
            return value;
        }
        let from = value.offset();
        let word = self.words[from];
        let to = match forwarded(word) {
            Some(to) => to,
            None => {
                let to = to_space.words.len() + to_space.missing;
                to_space
                    .words
                    .extend_from_slice(&self.words[from..after(Header(word), from)]);
                self.words[from] = forward_word(to);
                to
            }
        };
        value.moved(to)
    }
}

/// Where a full collection copies to.
struct ToSpace {
    words: Vec<u64>,
    /// How many words of the array to come are not in `words`: the whole nursery or none.
    missing: usize,
}

impl ToSpace {
    /// Room for what lives in an array of `total` words, `old` of them live in the old space when it was last looked at.
    ///
    /// To begin a new array with an empty nursery costs more than to copy a few survivors back behind the one there is.
    fn new(total: usize, old: usize) -> ToSpace {
        if total < 2 * NURSERY_WORDS {
            return ToSpace {
                words: Vec::with_capacity(old + NURSERY_WORDS / 8),
                missing: NURSERY_WORDS,
            };
        }
        let mut words = Vec::with_capacity(2 * NURSERY_WORDS + old);
        words.resize(NURSERY_WORDS, 0);
        ToSpace { words, missing: 0 }
    }
}

/// Where an object is after a collection, by the words of before; [`Value::VOID`] if it is gone.
fn moved(words: &[u64], object: Value) -> Value {
    forwarded(words[object.offset()]).map_or(Value::VOID, |to| object.moved(to))
}

/// The words of the object at `at` that hold values.
#[inline]
fn extent(header: Header, at: usize) -> (usize, usize) {
    if !Header::is_header(header.0) {
        (at, at + 2)
    } else if header.is_raw() {
        (at, at)
    } else {
        (at + 1, at + 1 + header.length())
    }
}

/// The offset after the object at `at`.
#[inline]
fn after(header: Header, at: usize) -> usize {
    if Header::is_header(header.0) {
        at + 1 + header.length()
    } else {
        at + 2
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::value::Kind;

    #[test]
    fn survivors_keep_their_shape_and_sharing() {
        let mut heap = Heap::new();
        let shared = heap.cons(Value::fixnum(1), Value::NIL);
        let text = heap.string("héλlo");
        let vector = heap.object(Kind::Vector, 0, &[shared, shared, text]);
        let mut roots = [vector];
        heap.collect_nursery(&mut [], &mut [&mut roots]);
        heap.collect_full(&mut [], &mut [&mut roots]);
        let vector = roots[0];
        assert_eq!(heap.field(vector, 0), heap.field(vector, 1));
        assert_eq!(heap.car(heap.field(vector, 0)), Value::fixnum(1));
        assert_eq!(heap.string_text(heap.field(vector, 2)), "héλlo");
    }

    #[test]
    fn an_old_object_keeps_a_young_one_alive() {
        let mut heap = Heap::new();
        let mut roots = [heap.cons(Value::NIL, Value::NIL)];
        heap.collect_nursery(&mut [], &mut [&mut roots]);
        let young = heap.cons(Value::fixnum(7), Value::NIL);
        heap.set_car(roots[0], young);
        heap.collect_nursery(&mut [], &mut [&mut roots]);
        assert_eq!(heap.car(heap.car(roots[0])), Value::fixnum(7));
    }

    #[test]
    fn a_full_nursery_overflows_into_the_old_space() {
        let mut heap = Heap::new();
        let big = heap.filled(Kind::Vector, 0, 2 * NURSERY_WORDS, Value::NIL);
        let young = heap.cons(Value::fixnum(7), Value::NIL);
        heap.set_field(big, 5, young);
        let mut roots = [big];
        heap.collect_nursery(&mut [], &mut [&mut roots]);
        assert_eq!(heap.car(heap.field(roots[0], 5)), Value::fixnum(7));
        assert_eq!(heap.asked_words(), 2 * NURSERY_WORDS + 1 + 2);
    }

    #[test]
    fn a_list_of_a_million_is_collected_in_constant_stack() {
        let mut heap = Heap::new();
        let mut list = [Value::NIL];
        for n in 0..1_000_000 {
            if !heap.nursery_has(2) {
                heap.collect_nursery(&mut [], &mut [&mut list]);
            }
            list[0] = heap.cons(Value::fixnum(n), list[0]);
        }
        assert_eq!(heap.collect_full(&mut [], &mut [&mut list]), 2_000_000);
    }
}
