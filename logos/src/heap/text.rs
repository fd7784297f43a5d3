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

    fn widen(&mut self, string: Value) {
        let length = self.string_length(string);
        let wider = self.raw(Kind::Characters, WIDE, buffer_words(length, true));
        for index in 0..length {
            let c = self.string_char(string, index);
            put(self.words_mut(wider), true, index, c);
        }
        self.set_field(string, BUFFER, wider);
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
    let (word, shift, mask) = if wide {
        (index / 2, index % 2 * 32, 0xffff_ffff)
    } else {
        (index / 8, index % 8 * 8, 0xff)
    };
    words[word] = words[word] & !(mask << shift) | u64::from(c) << shift;
}
