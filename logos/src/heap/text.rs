//! Strings in the heap: a header, a buffer and a length. The buffer holds one byte a character while every character is below
//! U+0100 and four bytes a character otherwise, so that any character is found in constant time; it is replaced by a wider one when
//! `string-set!` asks for that.

use super::Heap;
use crate::value::{Kind, Value};

const BUFFER: usize = 0;
const LENGTH: usize = 1;
/// The flag of a literal string.
pub const IMMUTABLE: u8 = 1;
/// The flag of a buffer with four bytes a character.
const WIDE: u8 = 1;

impl Heap {
    /// Words that a string takes of `length` characters, the widest of which is `widest`.
    pub const fn string_words(length: usize, widest: char) -> usize {
        4 + buffer_words(length, is_wide(widest))
    }

    /// Words that `text` takes as a string.
    pub fn text_words(text: &str) -> usize {
        let (length, wide) = measure(text);
        4 + buffer_words(length, wide)
    }

    /// A new string: [`Heap::text_words`] words.
    pub fn string(&mut self, text: &str) -> Value {
        let (length, wide) = measure(text);
        let buffer = self.raw(Kind::Characters, u8::from(wide), buffer_words(length, wide));
        let words = self.words_mut(buffer);
        if text.is_ascii() {
            for (word, chunk) in words.iter_mut().zip(text.as_bytes().chunks(8)) {
                let mut eight = [0; 8];
                eight[..chunk.len()].copy_from_slice(chunk);
                *word = u64::from_le_bytes(eight);
            }
        } else {
            for (index, c) in text.chars().enumerate() {
                put(words, wide, index, c);
            }
        }
        self.object(Kind::String, 0, &[buffer, Value::fixnum(length as i64)])
    }

    /// A new string of `length` times `fill`: [`Heap::string_words`] words.
    pub fn string_filled(&mut self, length: usize, fill: char) -> Value {
        let wide = is_wide(fill);
        let buffer = self.raw(Kind::Characters, u8::from(wide), buffer_words(length, wide));
        let word = if wide {
            u64::from(fill) * 0x1_0000_0001
        } else {
            u64::from(fill) * 0x0101_0101_0101_0101
        };
        self.words_mut(buffer).fill(word);
        self.object(Kind::String, 0, &[buffer, Value::fixnum(length as i64)])
    }

    /// Length in characters.
    #[inline]
    pub fn string_length(&self, string: Value) -> usize {
        self.field(string, LENGTH).fixnum_value() as usize
    }

    /// The character at `index`, which the caller knows to be in range.
    #[inline]
    pub fn string_char(&self, string: Value, index: usize) -> char {
        let buffer = self.field(string, BUFFER);
        let wide = self.header(buffer).flags() & WIDE != 0;
        char::from_u32(code_at(self.words(buffer), wide, index)).unwrap_or('\u{fffd}')
    }

    /// Whether every character of the string is below U+0100.
    pub fn string_is_narrow(&self, string: Value) -> bool {
        self.header(self.field(string, BUFFER)).flags() & WIDE == 0
    }

    /// Words that changing a character to `c` may ask for.
    pub fn string_set_words(&self, string: Value, c: char) -> usize {
        if is_wide(c) && self.string_is_narrow(string) {
            1 + buffer_words(self.string_length(string), true)
        } else {
            0
        }
    }

    /// Changes a character: asks for [`Heap::string_set_words`].
    pub fn set_string_char(&mut self, string: Value, index: usize, c: char) {
        if is_wide(c) && self.string_is_narrow(string) {
            self.widen(string);
        }
        let buffer = self.field(string, BUFFER);
        let wide = self.header(buffer).flags() & WIDE != 0;
        put(self.words_mut(buffer), wide, index, c);
    }

    /// Makes room for any character: asks for [`Heap::string_set_words`].
    pub fn widen(&mut self, string: Value) {
        if !self.string_is_narrow(string) {
            return;
        }
        let length = self.string_length(string);
        let wider = self.raw(Kind::Characters, WIDE, buffer_words(length, true));
        for index in 0..length {
            let c = self.string_char(string, index);
            put(self.words_mut(wider), true, index, c);
        }
        self.set_field(string, BUFFER, wider);
    }

    /// Whether this is a literal string, which cannot be changed.
    pub fn string_is_immutable(&self, string: Value) -> bool {
        self.header(string).flags() & IMMUTABLE != 0
    }

    /// Words that a string of `length` characters takes.
    pub const fn blank_words(length: usize, wide: bool) -> usize {
        4 + buffer_words(length, wide)
    }

    /// A new string of `length` times U+0000, to be filled: [`Heap::blank_words`] words. A wide one has room for any character.
    pub fn string_blank(&mut self, length: usize, wide: bool) -> Value {
        let buffer = self.raw(Kind::Characters, u8::from(wide), buffer_words(length, wide));
        self.object(Kind::String, 0, &[buffer, Value::fixnum(length as i64)])
    }

    /// Copies `count` characters from one string to another (or within one, overlapping or not). The target is wide when the source is.
    pub fn copy_characters(
        &mut self,
        from: Value,
        from_index: usize,
        to: Value,
        to_index: usize,
        count: usize,
    ) {
        let (source, target) = (self.field(from, BUFFER), self.field(to, BUFFER));
        let (narrow, target_narrow) = (self.string_is_narrow(from), self.string_is_narrow(to));
        let bases = (source.offset() + 1, target.offset() + 1);
        if narrow == target_narrow {
            let bits = if narrow { 8 } else { 32 };
            let (from, to) = ((bases.0, from_index), (bases.1, to_index));
            copy_packed(&mut self.words, bits, from, to, count);
        } else {
            for index in 0..count {
                let code = code_at(&self.words[bases.0..], !narrow, from_index + index);
                let words = &mut self.words[bases.1..];
                put_code(words, !target_narrow, to_index + index, code);
            }
        }
    }

    /// Writes the characters of a text into a string from `index` on. The string is wide when the text needs it.
    pub fn put_characters(&mut self, string: Value, index: usize, text: &str) {
        let buffer = self.field(string, BUFFER);
        let wide = self.header(buffer).flags() & WIDE != 0;
        let words = self.words_mut(buffer);
        for (place, c) in text.chars().enumerate() {
            put(words, wide, index + place, c);
        }
    }

    /// The text of a string, outside the heap.
    pub fn string_text(&self, string: Value) -> String {
        self.string_slice(string, 0, self.string_length(string))
    }

    /// The text of a stretch of a string, outside the heap.
    pub fn string_slice(&self, string: Value, start: usize, end: usize) -> String {
        let mut text = String::with_capacity(end - start);
        text.extend(self.string_chars(string, start, end));
        text
    }

    /// The characters of a stretch of a string.
    pub fn string_chars(
        &self,
        string: Value,
        start: usize,
        end: usize,
    ) -> impl Iterator<Item = char> + '_ {
        let buffer = self.field(string, BUFFER);
        let wide = self.header(buffer).flags() & WIDE != 0;
        let words = self.words(buffer);
        (start..end)
            .map(move |index| char::from_u32(code_at(words, wide, index)).unwrap_or('\u{fffd}'))
    }

    /// Whether two strings have the same characters.
    pub fn strings_equal(&self, a: Value, b: Value) -> bool {
        let length = self.string_length(a);
        length == self.string_length(b)
            && self
                .string_chars(a, 0, length)
                .eq(self.string_chars(b, 0, length))
    }
}

const fn is_wide(c: char) -> bool {
    c as u32 > 0xff
}

fn measure(text: &str) -> (usize, bool) {
    if text.is_ascii() {
        return (text.len(), false);
    }
    (text.chars().count(), text.chars().any(is_wide))
}

const fn buffer_words(length: usize, wide: bool) -> usize {
    if wide {
        length.div_ceil(2)
    } else {
        length.div_ceil(8)
    }
}

#[inline]
fn code_at(words: &[u64], wide: bool, index: usize) -> u32 {
    if wide {
        (words[index / 2] >> (index % 2 * 32)) as u32
    } else {
        u32::from((words[index / 8] >> (index % 8 * 8)) as u8)
    }
}

fn put(words: &mut [u64], wide: bool, index: usize, c: char) {
    put_code(words, wide, index, c as u32);
}

#[inline]
fn put_code(words: &mut [u64], wide: bool, index: usize, code: u32) {
    let (word, shift, mask) = if wide {
        (index / 2, index % 2 * 32, 0xffff_ffff)
    } else {
        (index / 8, index % 8 * 8, 0xff)
    };
    words[word] = words[word] & !(mask << shift) | u64::from(code) << shift;
}

/// Copies `count` elements of `bits` bits, which are packed into the words from a base on, the lowest first. Each end is a base and an index.
pub(super) fn copy_packed(
    words: &mut [u64],
    bits: usize,
    from: (usize, usize),
    to: (usize, usize),
    count: usize,
) {
    let each = 64 / bits;
    let mask = u64::MAX >> (64 - bits);
    let copy_one = |words: &mut [u64], index: usize| {
        let (source, target) = (from.1 + index, to.1 + index);
        let element = words[from.0 + source / each] >> (source % each * bits) & mask;
        let shift = target % each * bits;
        let word = &mut words[to.0 + target / each];
        *word = *word & !(mask << shift) | element << shift;
    };
    if from.0 == to.0 && from.1 < to.1 {
        (0..count).rev().for_each(|index| copy_one(words, index));
        return;
    }
    let head = ((each - to.1 % each) % each).min(count);
    (0..head).for_each(|index| copy_one(words, index));
    let whole = (count - head) / each;
    let source = from.1 + head;
    let (first, shift) = (from.0 + source / each, source % each * bits);
    let target = to.0 + (to.1 + head) / each;
    if shift == 0 {
        words.copy_within(first..first + whole, target);
    } else {
        for index in 0..whole {
            let low = words[first + index] >> shift;
            words[target + index] = low | words[first + index + 1] << (64 - shift);
        }
    }
    (head + whole * each..count).for_each(|index| copy_one(words, index));
}
