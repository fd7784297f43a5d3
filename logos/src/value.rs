//! Values: one 64-bit word each, `Copy`, never a pointer.
//!
//! The low three bits are the tag:
//!
//! | tag | meaning | rest of the word |
//! | --- | --- | --- |
//! | `000`, `100` | fixnum | a 62-bit two's complement integer in the upper 62 bits |
//! | `001`, `010`, `101` | float | a double, its bits rotated left by 4 with the lowest bit inverted: the upper exponent bits *are* the tag (Melançon, Serrano, Feeley: "Float Self-Tagging", arXiv 2411.16544) |
//! | `011` | pair | a bit that is set when the pair cannot be changed, then the word offset of its two words in the heap |
//! | `110` | object | a bit that is clear, then the word offset of its header in the heap |
//! | `111` | immediate | 5 bits of kind, 32 bits of payload in the upper half |
//!
//! Zeros, subnormals and all magnitudes from 2⁻²⁵⁵ to 2²⁵⁶ are immediate floats; the rest (infinities and NaN among them) are boxed
//! in the heap. Headers of heap objects and forwarding words of the collector are immediates of kinds that no program ever holds.

use crate::symbol::Symbol;
use std::fmt;

/// A Logos value. See the module's table of tags.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Value(pub u64);

const TAG_MASK: u64 = 7;
const TAG_PAIR: u64 = 3;
const TAG_OBJECT: u64 = 6;
const TAG_IMMEDIATE: u64 = 7;
/// In a reference to a pair: it cannot be changed. All references to one pair agree.
const IMMUTABLE: u64 = 8;
const OFFSET_SHIFT: u32 = 4;
/// Bit *t* is set when tag *t* marks a float.
const FLOAT_TAGS: u64 = 0b10_0110;

const KIND_SHIFT: u32 = 3;
const KIND_MASK: u64 = 0xff;
const KIND_CONSTANT: u64 = TAG_IMMEDIATE;
const KIND_CHAR: u64 = 1 << KIND_SHIFT | TAG_IMMEDIATE;
const KIND_SYMBOL: u64 = 2 << KIND_SHIFT | TAG_IMMEDIATE;
const KIND_BUILTIN: u64 = 3 << KIND_SHIFT | TAG_IMMEDIATE;
const KIND_HEADER: u64 = 30 << KIND_SHIFT | TAG_IMMEDIATE;
const KIND_FORWARD: u64 = 31 << KIND_SHIFT | TAG_IMMEDIATE;
const PAYLOAD_SHIFT: u32 = 32;

/// The smallest and largest fixnum.
pub const FIXNUM_MIN: i64 = i64::MIN >> 2;
/// The largest fixnum.
pub const FIXNUM_MAX: i64 = i64::MAX >> 2;

impl Value {
    /// `()`.
    pub const NIL: Value = Value::constant(0);
    /// `#f`.
    pub const FALSE: Value = Value::constant(1);
    /// `#t`.
    pub const TRUE: Value = Value::constant(2);
    /// The value of forms that have none.
    pub const VOID: Value = Value::constant(3);
    /// The end-of-file object.
    pub const EOF: Value = Value::constant(4);
    /// What a global variable holds before its definition.
    pub const UNBOUND: Value = Value::constant(5);
    /// What a `letrec` variable holds before its initialisation.
    pub const UNASSIGNED: Value = Value::constant(6);
    /// An optional argument that was not given.
    pub const ABSENT: Value = Value::constant(7);

    const fn constant(number: u64) -> Value {
        Value(number << PAYLOAD_SHIFT | KIND_CONSTANT)
    }

    /// `#t` or `#f`.
    #[inline(always)]
    pub const fn boolean(b: bool) -> Value {
        if b { Value::TRUE } else { Value::FALSE }
    }

    /// A fixnum; the caller knows that it fits.
    #[inline(always)]
    pub const fn fixnum(n: i64) -> Value {
        Value((n as u64) << 2)
    }

    /// A fixnum when `n` fits.
    #[inline]
    pub const fn try_fixnum(n: i64) -> Option<Value> {
        if n >= FIXNUM_MIN && n <= FIXNUM_MAX {
            Some(Value::fixnum(n))
        } else {
            None
        }
    }

    /// A character.
    #[inline]
    pub const fn character(c: char) -> Value {
        Value((c as u64) << PAYLOAD_SHIFT | KIND_CHAR)
    }

    /// A symbol.
    #[inline]
    pub const fn symbol(s: Symbol) -> Value {
        Value((s.0 as u64) << PAYLOAD_SHIFT | KIND_SYMBOL)
    }

    /// A builtin procedure, by its place in the table.
    #[inline]
    pub const fn builtin(index: u32) -> Value {
        Value((index as u64) << PAYLOAD_SHIFT | KIND_BUILTIN)
    }

    /// A float that needs no box, if this one is such.
    #[inline(always)]
    pub fn try_float(x: f64) -> Option<Value> {
        let word = x.to_bits().rotate_left(4) ^ 1;
        if FLOAT_TAGS >> (word & TAG_MASK) & 1 == 1 {
            Some(Value(word))
        } else {
            None
        }
    }

    /// A reference to a pair.
    #[inline(always)]
    pub const fn pair(offset: usize) -> Value {
        Value((offset as u64) << OFFSET_SHIFT | TAG_PAIR)
    }

    /// A reference to a pair that cannot be changed.
    #[inline]
    pub const fn immutable_pair(offset: usize) -> Value {
        Value((offset as u64) << OFFSET_SHIFT | IMMUTABLE | TAG_PAIR)
    }

    /// A reference to an object with a header.
    #[inline(always)]
    pub const fn object(offset: usize) -> Value {
        Value((offset as u64) << OFFSET_SHIFT | TAG_OBJECT)
    }

    /// Whether this is a fixnum.
    #[inline(always)]
    pub const fn is_fixnum(self) -> bool {
        self.0 & 3 == 0
    }

    /// Whether both are fixnums.
    #[inline(always)]
    pub const fn both_fixnums(a: Value, b: Value) -> bool {
        (a.0 | b.0) & 3 == 0
    }

    /// The integer of a fixnum.
    #[inline(always)]
    pub const fn fixnum_value(self) -> i64 {
        self.0 as i64 >> 2
    }

    /// The integer, if this is a fixnum.
    #[inline]
    pub const fn as_fixnum(self) -> Option<i64> {
        if self.is_fixnum() {
            Some(self.fixnum_value())
        } else {
            None
        }
    }

    /// Whether this is a float that needs no box.
    #[inline(always)]
    pub const fn is_immediate_float(self) -> bool {
        FLOAT_TAGS >> (self.0 & TAG_MASK) & 1 == 1
    }

    /// The double of an immediate float.
    #[inline(always)]
    pub const fn immediate_float(self) -> f64 {
        f64::from_bits((self.0 ^ 1).rotate_right(4))
    }

    /// Whether this refers to a pair.
    #[inline(always)]
    pub const fn is_pair(self) -> bool {
        self.0 & TAG_MASK == TAG_PAIR
    }

    /// Whether this refers to a pair that can be changed.
    #[inline(always)]
    pub const fn is_mutable_pair(self) -> bool {
        self.0 & (IMMUTABLE | TAG_MASK) == TAG_PAIR
    }

    /// Whether this refers to an object with a header.
    #[inline(always)]
    pub const fn is_object(self) -> bool {
        self.0 & TAG_MASK == TAG_OBJECT
    }

    /// Whether this refers into the heap.
    #[inline(always)]
    pub const fn is_reference(self) -> bool {
        self.is_pair() || self.is_object()
    }

    /// The word offset of a reference.
    #[inline(always)]
    pub const fn offset(self) -> usize {
        (self.0 >> OFFSET_SHIFT) as usize
    }

    /// The same reference to where its object is now.
    #[inline(always)]
    pub(crate) const fn moved(self, to: usize) -> Value {
        Value((to as u64) << OFFSET_SHIFT | self.0 & (IMMUTABLE | TAG_MASK))
    }

    /// Whether this counts as true: everything but `#f`.
    #[inline(always)]
    pub const fn is_true(self) -> bool {
        self.0 != Value::FALSE.0
    }

    /// The character, if this is one.
    #[inline]
    pub fn as_char(self) -> Option<char> {
        if self.0 & KIND_MASK == KIND_CHAR {
            char::from_u32((self.0 >> PAYLOAD_SHIFT) as u32)
        } else {
            None
        }
    }

    /// The symbol, if this is one.
    #[inline]
    pub const fn as_symbol(self) -> Option<Symbol> {
        if self.0 & KIND_MASK == KIND_SYMBOL {
            Some(Symbol((self.0 >> PAYLOAD_SHIFT) as u32))
        } else {
            None
        }
    }

    /// The builtin's place in the table, if this is one.
    #[inline(always)]
    pub const fn as_builtin(self) -> Option<u32> {
        if self.0 & KIND_MASK == KIND_BUILTIN {
            Some((self.0 >> PAYLOAD_SHIFT) as u32)
        } else {
            None
        }
    }
}

impl fmt::Debug for Value {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match *self {
            Value::NIL => write!(f, "()"),
            Value::FALSE => write!(f, "#f"),
            Value::TRUE => write!(f, "#t"),
            Value::VOID => write!(f, "#<void>"),
            v if v.is_fixnum() => write!(f, "{}", v.fixnum_value()),
            v if v.is_immediate_float() => write!(f, "{:?}", v.immediate_float()),
            v if v.is_pair() => write!(f, "pair@{}", v.offset()),
            v if v.is_object() => write!(f, "object@{}", v.offset()),
            v => write!(f, "immediate({:#x})", v.0),
        }
    }
}

/// The kinds of heap objects with a header. Kinds from 128 on hold raw words that the collector skips.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[repr(u8)]
pub enum Kind {
    /// Entry point (a fixnum), then captured values.
    Closure = 0,
    /// A captured variable that is changed.
    Cell,
    /// Elements.
    Vector,
    /// Character buffer, length in characters (a fixnum).
    String,
    /// Numerator, denominator.
    Rational,
    /// Real part, imaginary part.
    Complex,
    /// Record type, then fields.
    Record,
    /// Name (a symbol), field names (a vector), identity number (a fixnum).
    RecordType,
    /// Several values at once.
    Values,
    /// State (a fixnum), value or thunk, waiters, identity number; see the promise builtins.
    Promise,
    /// Value, converter.
    Parameter,
    /// Kind, message, irritants, span, trace, payload.
    Error,
    /// Root node or `()`.
    Dict,
    /// Key, value, left, right, size.
    DictNode,
    /// See the hash-table builtins.
    Table,
    /// Segment chain, dynamic state, task number.
    Continuation,
    /// Storage, words in use, return link, next segment, depth in words including this segment.
    Segment,
    /// See `vm::dynamic`.
    Dynamic,
    /// See the port builtins.
    Port,
    /// Number of an environment.
    Environment,
    /// State of a suspended task.
    Task,
    /// What it does (a fixnum), record type, place of a field or vector of places, name.
    RecordProcedure,
    /// A condition that cannot be caught: it never is a program's value.
    Plain,
    /// One word: the bits of a double.
    Float = 128,
    /// Sign in the header's flag; magnitude, least significant limb first.
    Bignum,
    /// Length in bytes, then the bytes.
    Bytes,
    /// Characters, eight or two to a word; the flag says which.
    Characters,
}

impl Kind {
    const FIRST_RAW: u8 = 128;
    const ALL: [Kind; 27] = [
        Kind::Closure,
        Kind::Cell,
        Kind::Vector,
        Kind::String,
        Kind::Rational,
        Kind::Complex,
        Kind::Record,
        Kind::RecordType,
        Kind::Values,
        Kind::Promise,
        Kind::Parameter,
        Kind::Error,
        Kind::Dict,
        Kind::DictNode,
        Kind::Table,
        Kind::Continuation,
        Kind::Segment,
        Kind::Dynamic,
        Kind::Port,
        Kind::Environment,
        Kind::Task,
        Kind::RecordProcedure,
        Kind::Plain,
        Kind::Float,
        Kind::Bignum,
        Kind::Bytes,
        Kind::Characters,
    ];
}

/// The first word of a heap object: kind, a byte of flags, and how many words follow.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Header(pub u64);

impl Header {
    /// A header for an object of `length` words after it.
    #[inline(always)]
    pub const fn new(kind: Kind, flags: u8, length: usize) -> Header {
        Header((length as u64) << 24 | (flags as u64) << 16 | (kind as u64) << 8 | KIND_HEADER)
    }

    /// Whether a heap word is a header (and not the first half of a pair).
    #[inline(always)]
    pub const fn is_header(word: u64) -> bool {
        word & KIND_MASK == KIND_HEADER
    }

    /// Whether this is a header of that kind.
    #[inline(always)]
    pub const fn is(self, kind: Kind) -> bool {
        self.0 & 0xffff == ((kind as u64) << 8 | KIND_HEADER)
    }

    /// The kind.
    pub fn kind(self) -> Kind {
        let number = (self.0 >> 8) as u8;
        let place = if number >= Kind::FIRST_RAW {
            number - Kind::FIRST_RAW + Kind::Plain as u8 + 1
        } else {
            number
        };
        Kind::ALL[place as usize]
    }

    /// Whether the words after it are raw.
    #[inline(always)]
    pub const fn is_raw(self) -> bool {
        (self.0 >> 8) as u8 >= Kind::FIRST_RAW
    }

    /// The byte of flags; its meaning depends on the kind.
    #[inline(always)]
    pub const fn flags(self) -> u8 {
        (self.0 >> 16) as u8
    }

    /// The same header with other flags.
    pub const fn with_flags(self, flags: u8) -> Header {
        Header(self.0 & !0xff_0000 | (flags as u64) << 16)
    }

    /// How many words follow.
    #[inline(always)]
    pub const fn length(self) -> usize {
        (self.0 >> 24) as usize
    }
}

/// The collector's mark on a moved object.
#[inline(always)]
pub(crate) const fn forward_word(to: usize) -> u64 {
    (to as u64) << 8 | KIND_FORWARD
}

/// Where a moved object went, if the word is such a mark.
#[inline(always)]
pub(crate) const fn forwarded(word: u64) -> Option<usize> {
    if word & KIND_MASK == KIND_FORWARD {
        Some((word >> 8) as usize)
    } else {
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_value_is_one_word() {
        assert_eq!(size_of::<Value>(), 8);
        assert_eq!(size_of::<Option<Value>>(), 16);
    }

    #[test]
    fn floats_round_trip_or_ask_for_a_box() {
        for x in [
            0.0,
            -0.0,
            1.0,
            -1.5,
            1e70,
            1e-70,
            5e-324,
            -5e-324,
            f64::MIN_POSITIVE,
        ] {
            let v = Value::try_float(x).unwrap_or_else(|| panic!("{x} needs no box"));
            assert_eq!(v.immediate_float().to_bits(), x.to_bits());
            assert!(v.is_immediate_float() && !v.is_fixnum() && !v.is_reference());
        }
        for x in [f64::INFINITY, f64::NEG_INFINITY, f64::NAN, 1e300, 1e-200] {
            assert_eq!(Value::try_float(x), None, "{x}");
        }
    }

    #[test]
    fn headers_keep_what_they_are_given() {
        for kind in Kind::ALL {
            let header = Header::new(kind, 5, 1 << 33);
            assert_eq!(
                (header.kind(), header.flags(), header.length()),
                (kind, 5, 1 << 33)
            );
            assert!(header.is(kind) && Header::is_header(header.0));
        }
    }
}
