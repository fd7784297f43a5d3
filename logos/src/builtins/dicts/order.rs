//! The canonical order of data: by type, then by value.
//!
//! The types in their order: `#f`, `#t`, `()`, `#<void>`, the end-of-file object, numbers, characters, strings, symbols (keywords among them),
//! pairs, vectors, bytevectors, dicts. Numbers by value, exact before inexact, not-a-number last; text by code point; what has parts
//! by its parts from the first on, and what ends earlier comes first. Everything else is no data and has no place in the order.

use super::entry_at;
use crate::number::{self, cost};
use crate::scratch::Scratch;
use crate::value::{Kind, Value};
use crate::vm::{Fault, Machine};
use std::cmp::Ordering;

const NUMBER: u8 = 5;
const CHARACTER: u8 = 6;
const STRING: u8 = 7;
const SYMBOL: u8 = 8;
const PAIR: u8 = 9;
const VECTOR: u8 = 10;
const BYTES: u8 = 11;
const DICT: u8 = 12;

/// Words counted for a comparison that is left to do.
const TASK_WORDS: usize = 4;

/// The place of a value's type; `None` when it is no data.
fn rank(m: &Machine, value: Value) -> Option<u8> {
    if value.is_fixnum() || value.is_immediate_float() {
        return Some(NUMBER);
    }
    if value.is_pair() {
        return Some(PAIR);
    }
    if value.as_symbol().is_some() {
        return Some(SYMBOL);
    }
    if value.as_char().is_some() {
        return Some(CHARACTER);
    }
    if value.is_object() {
        return match m.heap.header(value).kind() {
            Kind::Float | Kind::Bignum | Kind::Rational | Kind::Complex => Some(NUMBER),
            Kind::String => Some(STRING),
            Kind::Vector => Some(VECTOR),
            Kind::Bytes => Some(BYTES),
            Kind::Dict => Some(DICT),
            _ => None,
        };
    }
    match value {
        Value::FALSE => Some(0),
        Value::TRUE => Some(1),
        Value::NIL => Some(2),
        Value::VOID => Some(3),
        Value::EOF => Some(4),
        _ => None,
    }
}

/// Whether a value is data as far as it shows itself, without looking at its parts.
pub fn is_data(m: &Machine, value: Value) -> bool {
    rank(m, value).is_some()
}

/// The error for what cannot be a key.
pub fn no_key(m: &mut Machine, value: Value) -> Fault {
    let message = "a key of a dict can only be data (no procedures, records or the like), but is";
    m.error(":wrong-argument", message, &[value])
}

/// Refuses what is no data.
pub fn require_data(m: &mut Machine, value: Value) -> Result<(), Fault> {
    if is_data(m, value) {
        Ok(())
    } else {
        Err(no_key(m, value))
    }
}

fn required_rank(m: &mut Machine, value: Value) -> Result<u8, Fault> {
    match rank(m, value) {
        Some(rank) => Ok(rank),
        None => Err(no_key(m, value)),
    }
}

/// A comparison that is left to do.
enum Task {
    Values(Value, Value),
    /// The elements of two vectors from a place on.
    Items(Value, Value, usize),
    /// The entries of two dicts from a place on.
    Entries(Value, Value, usize),
}

/// The order of two data. Charges for each part compared. One of the two must be finite.
pub fn compare(
    m: &mut Machine,
    a: Value,
    b: Value,
    scratch: &mut Scratch,
) -> Result<Ordering, Fault> {
    if Value::both_fixnums(a, b) {
        m.charge(1)?;
        return Ok(a.fixnum_value().cmp(&b.fixnum_value()));
    }
    let mut tasks = Vec::new();
    let mut order = compare_tops(m, a, b, &mut tasks)?;
    while order == Ordering::Equal {
        let Some(task) = tasks.pop() else {
            break;
        };
        m.charge(2)?;
        scratch.hold(TASK_WORDS * tasks.len())?;
        order = match task {
            Task::Values(a, b) => compare_tops(m, a, b, &mut tasks)?,
            Task::Items(a, b, place) => {
                let (x, y) = (m.heap.length(a), m.heap.length(b));
                if place < x && place < y {
                    tasks.push(Task::Items(a, b, place + 1));
                    let (a, b) = (m.heap.field(a, place), m.heap.field(b, place));
                    tasks.push(Task::Values(a, b));
                    Ordering::Equal
                } else {
                    x.cmp(&y)
                }
            }
            Task::Entries(a, b, place) => {
                m.charge(8)?;
                match (entry_at(&m.heap, a, place), entry_at(&m.heap, b, place)) {
                    (Some((key, value)), Some((other_key, other_value))) => {
                        tasks.push(Task::Entries(a, b, place + 1));
                        tasks.push(Task::Values(value, other_value));
                        tasks.push(Task::Values(key, other_key));
                        Ordering::Equal
                    }
                    (a, b) => a.is_some().cmp(&b.is_some()),
                }
            }
        };
    }
    Ok(order)
}

/// Compares two values; their parts, if any, are left to do.
fn compare_tops(
    m: &mut Machine,
    a: Value,
    b: Value,
    tasks: &mut Vec<Task>,
) -> Result<Ordering, Fault> {
    m.charge(2)?;
    let (x, y) = (required_rank(m, a)?, required_rank(m, b)?);
    if x != y || a == b {
        return Ok(x.cmp(&y));
    }
    match x {
        NUMBER => compare_numbers(m, a, b),
        CHARACTER => Ok(a.as_char().cmp(&b.as_char())),
        STRING => crate::builtins::strings::compare::order(m, a, b),
        SYMBOL => {
            let (Some(a), Some(b)) = (a.as_symbol(), b.as_symbol()) else {
                return Ok(Ordering::Equal);
            };
            let shorter = m.symbols.text(a).len().min(m.symbols.text(b).len());
            m.charge(shorter as u64 / 16)?;
            // Names that `gensym` made twice differ by when they were made.
            let by_text = m.symbols.text(a).cmp(m.symbols.text(b));
            Ok(by_text.then(a.cmp(&b)))
        }
        BYTES => {
            let (x, y) = (m.heap.bytes_length(a), m.heap.bytes_length(b));
            m.charge(x.min(y) as u64 / 4)?;
            let left = (0..x).map(|index| m.heap.byte(a, index));
            Ok(left.cmp((0..y).map(|index| m.heap.byte(b, index))))
        }
        PAIR => {
            tasks.push(Task::Values(m.heap.cdr(a), m.heap.cdr(b)));
            tasks.push(Task::Values(m.heap.car(a), m.heap.car(b)));
            Ok(Ordering::Equal)
        }
        VECTOR => {
            tasks.push(Task::Items(a, b, 0));
            Ok(Ordering::Equal)
        }
        DICT => {
            tasks.push(Task::Entries(a, b, 0));
            Ok(Ordering::Equal)
        }
        _ => Ok(Ordering::Equal),
    }
}

fn compare_numbers(m: &mut Machine, a: Value, b: Value) -> Result<Ordering, Fault> {
    let (Some(x), Some(y)) = (m.number_paid(a)?, m.number_paid(b)?) else {
        return Ok(Ordering::Equal);
    };
    m.charge(cost::compare(&x, &y))?;
    Ok(number::total_order(&x, &y))
}

/// The places of `count` keys in their order, of equal ones only the last. Merges runs from the bottom up; keys that are in order already
/// are only compared with their neighbours.
pub fn sort(
    m: &mut Machine,
    count: usize,
    scratch: &mut Scratch,
    key: impl Fn(&Machine, usize) -> Value,
) -> Result<Vec<usize>, Fault> {
    let mut places: Vec<usize> = (0..count).collect();
    let mut in_order = true;
    for place in 1..count {
        let (a, b) = (key(m, place - 1), key(m, place));
        in_order = compare(m, a, b, scratch)? == Ordering::Less;
        if !in_order {
            break;
        }
    }
    if in_order {
        return Ok(places);
    }
    let mut width = 1;
    while width < count {
        let mut merged = Vec::with_capacity(count);
        for runs in places.chunks(2 * width) {
            let (left, right) = runs.split_at(width.min(runs.len()));
            let (mut i, mut j) = (0, 0);
            while i < left.len() && j < right.len() {
                m.charge(4)?;
                let (a, b) = (key(m, left[i]), key(m, right[j]));
                if compare(m, a, b, scratch)? == Ordering::Greater {
                    merged.push(right[j]);
                    j += 1;
                } else {
                    merged.push(left[i]);
                    i += 1;
                }
            }
            merged.extend(&left[i..]);
            merged.extend(&right[j..]);
        }
        places = merged;
        width *= 2;
    }
    // Equal keys stand together now, the later one behind.
    let mut kept: Vec<usize> = Vec::with_capacity(count);
    for place in places {
        if let Some(&last) = kept.last() {
            let (a, b) = (key(m, last), key(m, place));
            if compare(m, a, b, scratch)? == Ordering::Equal {
                kept.pop();
            }
        }
        kept.push(place);
    }
    Ok(kept)
}

/// Entries of a dict, in order.
type Entries<'a> = &'a [(Value, Value)];

/// Which entries of two dicts make the merged one: whether it is the right one's, and the place there. Of equal keys the right one's.
pub fn merge(
    m: &mut Machine,
    left: Entries<'_>,
    right: Entries<'_>,
    scratch: &mut Scratch,
) -> Result<Vec<(bool, usize)>, Fault> {
    let mut taken = Vec::with_capacity(left.len() + right.len());
    let (mut i, mut j) = (0, 0);
    while i < left.len() && j < right.len() {
        let order = compare(m, left[i].0, right[j].0, scratch)?;
        if order == Ordering::Less {
            taken.push((false, i));
            i += 1;
            continue;
        }
        i += usize::from(order == Ordering::Equal);
        taken.push((true, j));
        j += 1;
    }
    taken.extend((i..left.len()).map(|place| (false, place)));
    taken.extend((j..right.len()).map(|place| (true, place)));
    Ok(taken)
}
