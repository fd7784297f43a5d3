//! Hashes of keys: of their contents where the equivalence looks at contents, and otherwise of the number that tells the object apart
//! (`Heap::make_identity`: given in the order of asking, kept while the object lives). No address enters a hash, and no random seed.

use crate::builtins::{Builtin, dicts, lists::are_eqv, strings::cut, wrong_argument};
use crate::heap::Heap;
use crate::scratch::mix;
use crate::unicode::folded;
use crate::value::{Kind, Value};
use crate::vm::{Arguments, Fault, Machine, Outcome};

/// See the module's description.
pub const TABLE: &[Builtin] = &[
    Builtin::plain(
        "hash",
        "(hash value [bound])",
        (1, 2),
        "the size of the value",
        "A whole number that is the same for values that are equal?.",
        equal_hash,
    ),
    Builtin::plain(
        "string-hash",
        "(string-hash string [bound [start end]])",
        (1, 4),
        "1 for every 2 characters",
        "A whole number that is the same for strings that are the same text.",
        string_hash,
    ),
    Builtin::plain(
        "string-ci-hash",
        "(string-ci-hash string [bound [start end]])",
        (1, 4),
        "4 for each character",
        "A whole number that is the same for strings that are the same text but for upper and lower case.",
        string_ci_hash,
    ),
    Builtin::plain(
        "string-hash-ci",
        "(string-hash-ci string [bound [start end]])",
        (1, 4),
        "4 for each character",
        "The same as string-ci-hash, as SRFI 13 calls it.",
        string_hash_ci,
    ),
    Builtin::plain(
        "hash-by-identity",
        "(hash-by-identity value [bound])",
        (1, 2),
        "4, and 6 more for what is not a number, a character or a name",
        "A whole number that is the same for values that are eqv?.",
        identity_hash,
    ),
];

/// How keys are told apart.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[repr(u8)]
pub enum Test {
    Eqv = 0,
    Equal = 1,
    String = 2,
    /// As `string-ci=?` tells strings apart.
    StringCi = 3,
}

impl Test {
    pub fn from_number(number: i64) -> Test {
        match number {
            0 => Test::Eqv,
            1 => Test::Equal,
            2 => Test::String,
            _ => Test::StringCi,
        }
    }
}

/// Parts of a key that enter its hash: keys that differ only beyond them collide.
const PARTS_MAX: usize = 64;

/// Words that hashing a new key may ask for: its objects may need numbers.
pub fn words(m: &Machine, test: Test, key: Value) -> usize {
    match m.heap.kind(key) {
        Some(Kind::Float | Kind::Bignum | Kind::Rational | Kind::Complex) => 0,
        Some(Kind::String | Kind::Bytes) if test != Test::Eqv => 0,
        None if !key.is_pair() => 0,
        _ if test == Test::Eqv => Heap::NEW_IDENTITY_WORDS,
        _ => PARTS_MAX * Heap::NEW_IDENTITY_WORDS,
    }
}

/// Whether two keys are the same. Everything may move.
pub fn same(m: &mut Machine, test: Test, a: Value, b: Value) -> Result<bool, Fault> {
    match test {
        Test::Eqv => are_eqv(m, a, b),
        Test::Equal => crate::equal::equal(m, a, b),
        Test::String => {
            m.charge(m.heap.string_length(a) as u64 / 4)?;
            Ok(m.heap.strings_equal(a, b))
        }
        Test::StringCi => {
            let (x, y) = (m.heap.string_length(a), m.heap.string_length(b));
            m.charge(4 * (x + y) as u64)?;
            let left = m.heap.string_chars(a, 0, x).flat_map(folded);
            Ok(left.eq(m.heap.string_chars(b, 0, y).flat_map(folded)))
        }
    }
}

/// The hash of a key. `new`: objects may be given numbers, for which [`words`] were asked for; otherwise `None` when one has none, since then
/// no table has the key. Moves nothing.
pub fn hash(m: &mut Machine, test: Test, key: Value, new: bool) -> Result<Option<u64>, Fault> {
    m.charge(4)?;
    match test {
        Test::String if m.is_string(key) => hash_string(m, key).map(Some),
        Test::StringCi if m.is_string(key) => hash_folded(m, key).map(Some),
        Test::String | Test::StringCi => Err(m.error(
            ":wrong-argument",
            "this hash table needs a string as a key, but got",
            &[key],
        )),
        Test::Eqv => hash_one(m, key, new),
        Test::Equal => hash_parts(m, key, new),
    }
}

fn hash_string(m: &mut Machine, string: Value) -> Result<u64, Fault> {
    let length = m.heap.string_length(string);
    m.charge(length as u64 / 2)?;
    Ok(hash_characters(m.heap.string_chars(string, 0, length)))
}

fn hash_folded(m: &mut Machine, string: Value) -> Result<u64, Fault> {
    let length = m.heap.string_length(string);
    m.charge(4 * length as u64)?;
    let characters = m.heap.string_chars(string, 0, length);
    Ok(hash_characters(characters.flat_map(folded)))
}

fn hash_characters(characters: impl Iterator<Item = char>) -> u64 {
    mix(characters.fold(1, |hash: u64, c| {
        (hash ^ u64::from(c)).wrapping_mul(0x0000_0100_0000_01b3)
    }))
}

fn hash_words(m: &mut Machine, object: Value) -> Result<u64, Fault> {
    m.charge(2 * m.heap.length(object) as u64)?;
    // The flag of a bignum is its sign; that of a bytevector says nothing of its contents.
    let start = match m.heap.header(object) {
        header if header.is(Kind::Bignum) => header.flags().into(),
        _ => 0,
    };
    let words = m.heap.words(object).iter();
    Ok(words.fold(start, |hash, &word| mix(hash ^ word)))
}

/// The hash of a value that `eqv?` looks at.
fn hash_one(m: &mut Machine, value: Value, new: bool) -> Result<Option<u64>, Fault> {
    if let Some(symbol) = value.as_symbol() {
        // Not of the symbol's number: it depends on which names came before.
        m.charge(m.symbols.text(symbol).len() as u64 / 4)?;
        let bytes = m.symbols.text(symbol).bytes();
        return Ok(Some(mix(bytes.fold(7, |hash: u64, byte| {
            (hash ^ u64::from(byte)).wrapping_mul(0x0000_0100_0000_01b3)
        }))));
    }
    if !value.is_reference() {
        return Ok(Some(mix(value.0)));
    }
    match m.heap.kind(value) {
        Some(Kind::Float | Kind::Bignum) => hash_words(m, value).map(Some),
        Some(Kind::Complex) => {
            let mut hash = 4;
            for index in 0..2 {
                // A part is a real number, so this goes no deeper.
                let part = m.heap.field(value, index);
                hash = mix(hash ^ hash_one(m, part, new)?.unwrap_or(0));
            }
            Ok(Some(hash))
        }
        Some(Kind::Rational) => {
            let mut hash = 3;
            for index in 0..2 {
                let part = m.heap.field(value, index);
                let own = if part.is_object() {
                    hash_words(m, part)?
                } else {
                    part.0
                };
                hash = mix(hash ^ own);
            }
            Ok(Some(hash))
        }
        _ => {
            m.charge(6)?;
            // Numbers that follow each other go to places that follow each other.
            Ok(if new {
                Some(m.heap.make_identity(value))
            } else {
                m.heap.identity(value)
            })
        }
    }
}

/// The hash of a value that `equal?` looks at: of its first parts.
fn hash_parts(m: &mut Machine, key: Value, new: bool) -> Result<Option<u64>, Fault> {
    let mut pending = vec![key];
    let (mut hash, mut parts) = (0, 0);
    while let Some(value) = pending.pop() {
        parts += 1;
        if parts > PARTS_MAX {
            break;
        }
        m.charge(3)?;
        let left = PARTS_MAX - parts;
        let own = if value.is_pair() {
            pending.extend([m.heap.cdr(value), m.heap.car(value)]);
            Some(1)
        } else {
            match m.heap.kind(value) {
                Some(Kind::String) => Some(hash_string(m, value)?),
                Some(Kind::Bytes) => Some(hash_words(m, value)?),
                Some(Kind::Vector) => {
                    let length = m.heap.length(value);
                    let first = (0..length.min(left)).rev();
                    pending.extend(first.map(|place| m.heap.field(value, place)));
                    Some(length as u64)
                }
                Some(Kind::Dict) => {
                    let count = dicts::count(&m.heap, value);
                    for place in (0..count.min(left)).rev() {
                        m.charge(8)?;
                        if let Some((key, value)) = dicts::entry_at(&m.heap, value, place) {
                            pending.extend([value, key]);
                        }
                    }
                    Some(count as u64)
                }
                _ => hash_one(m, value, new)?,
            }
        };
        match own {
            Some(own) if parts == 1 && pending.is_empty() => return Ok(Some(own)),
            Some(own) => hash = mix(hash ^ own).wrapping_add(1),
            None => return Ok(None),
        }
    }
    Ok(Some(hash))
}

/// A hash as a number that a program sees: below the bound, or positive.
fn shown(m: &mut Machine, procedure: &str, arguments: Arguments, test: Test) -> Outcome {
    let value = m.arg(arguments, 0);
    if matches!(test, Test::String | Test::StringCi) && !m.is_string(value) {
        return Err(wrong_argument(m, procedure, "a string", value));
    }
    let asked = words(m, test, value);
    m.ensure(asked)?;
    let value = m.arg(arguments, 0);
    let hash = hash(m, test, value, true)?.unwrap_or(0) >> 4;
    let Some(bound) = m.optional(arguments, 1) else {
        return Ok(Value::fixnum(hash as i64));
    };
    match bound.as_fixnum() {
        Some(bound) if bound > 0 => Ok(Value::fixnum((hash % bound as u64) as i64)),
        _ => Err(wrong_argument(
            m,
            procedure,
            "a whole number above 0 as the bound",
            bound,
        )),
    }
}

fn equal_hash(m: &mut Machine, arguments: Arguments) -> Outcome {
    shown(m, "hash", arguments, Test::Equal)
}

fn string_hash(m: &mut Machine, arguments: Arguments) -> Outcome {
    cut(m, "string-hash", arguments, 0, 2)?;
    shown(m, "string-hash", arguments, Test::String)
}

fn string_ci_hash(m: &mut Machine, arguments: Arguments) -> Outcome {
    cut(m, "string-ci-hash", arguments, 0, 2)?;
    shown(m, "string-ci-hash", arguments, Test::StringCi)
}

fn string_hash_ci(m: &mut Machine, arguments: Arguments) -> Outcome {
    cut(m, "string-hash-ci", arguments, 0, 2)?;
    shown(m, "string-hash-ci", arguments, Test::StringCi)
}

fn identity_hash(m: &mut Machine, arguments: Arguments) -> Outcome {
    shown(m, "hash-by-identity", arguments, Test::Eqv)
}
