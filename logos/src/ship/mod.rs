//! What travels: the canonical encoding of data and of programs.
//!
//! Every value with a written form, and every procedure with what it needs, has one encoding; equal histories give equal bytes, so
//! outcomes can be compared by their hashes. After a first byte that tells data from programs ([`DATA`], [`PROGRAM`]) the encoding is a sequence of tags in prefix order (`tag`, table below): it is written and read
//! with an explicit stack, never by recursion, and a reader allocates no more than the bytes before it justify.
//!
//! An object met more than once is marked where it is first met (`LABEL`) and afterwards only referred to (`REFERENCE`, by the number of
//! the label), so a graph encodes in its own size, cycles included.
//!
//! What cannot be changed, because a program's text or a dict's key holds it, has a tag of its own in a program; among data, where nothing but
//! the value counts, it has not.
//!
//! A procedure travels as source: its core form as a datum (see `core_datum`), the values it captured, and after the value itself, each
//! global variable of the user's world that any of the procedures uses, by name. The library stays at home: its names are enough. Those that
//! only the library's own procedures call ([`MACHINE_PREFIX`](crate::builtins::MACHINE_PREFIX)) are refused.

mod core_datum;
mod decode;
mod encode;

pub use decode::DecodeError;

/// Tags of the encoding. Numbers behind a tag are unsigned LEB128 unless said otherwise.
pub mod tag {
    /// `#f`
    pub const FALSE: u8 = 0x00;
    /// `#t`
    pub const TRUE: u8 = 0x01;
    /// `()`
    pub const NIL: u8 = 0x02;
    /// `#<void>`
    pub const VOID: u8 = 0x03;
    /// The end-of-file object.
    pub const EOF: u8 = 0x04;
    /// An integer of 64 bits, zigzag.
    pub const INTEGER: u8 = 0x05;
    /// A larger integer: sign (0 or 1), count of bytes, magnitude with the least significant byte first and no zero at the end.
    pub const BIG: u8 = 0x06;
    /// Numerator and denominator follow as values.
    pub const RATIONAL: u8 = 0x07;
    /// 8 bytes, IEEE 754, least significant first.
    pub const FLOAT: u8 = 0x08;
    /// A code point.
    pub const CHARACTER: u8 = 0x09;
    /// Count of bytes, UTF-8.
    pub const STRING: u8 = 0x0a;
    /// The same.
    pub const SYMBOL: u8 = 0x0b;
    /// The same: a symbol equal only to itself.
    pub const UNINTERNED: u8 = 0x0c;
    /// Car and cdr follow.
    pub const PAIR: u8 = 0x0d;
    /// Count, then the elements.
    pub const VECTOR: u8 = 0x0e;
    /// Count, then the bytes.
    pub const BYTES: u8 = 0x0f;
    /// Count, then keys and values in turn, in canonical order.
    pub const DICT: u8 = 0x10;
    /// The record type, then count, then the fields.
    pub const RECORD: u8 = 0x11;
    /// Name and vector of field names.
    pub const RECORD_TYPE: u8 = 0x12;
    /// The next object gets the next number.
    pub const LABEL: u8 = 0x13;
    /// The object of that number.
    pub const REFERENCE: u8 = 0x14;
    /// Kind, message, irritants, payload.
    pub const ERROR: u8 = 0x15;
    /// A literal string.
    pub const LITERAL_STRING: u8 = 0x16;
    /// A literal vector.
    pub const LITERAL_VECTOR: u8 = 0x17;
    /// A literal pair: car and cdr follow.
    pub const LITERAL_PAIR: u8 = 0x1b;
    /// Real and imaginary part follow as values: real numbers, both exact or both inexact, the second not exact zero.
    pub const COMPLEX: u8 = 0x1a;
    /// How keys are told apart (0 `eqv?`, 1 `equal?`, 2 `string=?`), count, then keys and values in turn, in the order they came.
    pub const TABLE: u8 = 0x18;
    /// A literal bytevector: count, then the bytes.
    pub const LITERAL_BYTES: u8 = 0x19;
    /// A number of code, or the next number and the code as a datum; then count and captured values.
    pub const CLOSURE: u8 = 0x20;
    /// The contents of a captured variable.
    pub const CELL: u8 = 0x21;
    /// The text of a library name, whose procedure this is.
    pub const LIBRARY: u8 = 0x22;
    /// Value and converter.
    pub const PARAMETER: u8 = 0x23;
    /// A variable without a value yet.
    pub const UNASSIGNED: u8 = 0x24;
    /// Ends the definitions.
    pub const END: u8 = 0x25;
    /// A settled promise: state and value.
    pub const PROMISE: u8 = 0x26;
    /// A case-lambda's closure: count, then the closures of its clauses.
    pub const CASE: u8 = 0x27;
    /// A procedure of a record type: what it does, the type, place or places, name.
    pub const RECORD_PROCEDURE: u8 = 0x28;

    /// Whether it marks what cannot be changed.
    pub(super) fn is_literal(tag: u8) -> bool {
        [LITERAL_STRING, LITERAL_VECTOR, LITERAL_BYTES, LITERAL_PAIR].contains(&tag)
    }
}

/// The first byte of an encoding: data alone.
pub const DATA: u8 = b'D';
/// The first byte of an encoding: a value with procedures in it, its definitions behind it.
pub const PROGRAM: u8 = b'P';

/// The largest encoding made when nothing else is asked for, in bytes.
pub const ENCODING_BYTES_MAX: usize = 64 << 20;
