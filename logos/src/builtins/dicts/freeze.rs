//! Frozen copies: what a dict keeps as its key, so that changing the original changes no order. All of a copy is immutable, so a program may be
//! given the key itself.

use super::{entries, order, tree};
use crate::heap::Heap;
use crate::scratch::{ENTRY_WORDS, IdentityMap, Scratch, walk};
use crate::value::{Kind, Value};
use crate::vm::{Fault, Machine, Outcome};

/// The flag of strings, vectors and bytevectors that cannot be changed.
const IMMUTABLE: u8 = 1;
/// Words counted for a value whose parts are being looked at.
const FRAME_WORDS: usize = 2;

/// A frozen copy of a datum, or the datum itself where nothing can change it. Everything may move.
pub fn freeze(m: &mut Machine, value: Value) -> Outcome {
    if !value.is_reference() {
        order::require_data(m, value)?;
        return Ok(value);
    }
    match m.heap.kind(value) {
        Some(Kind::Float | Kind::Bignum | Kind::Rational | Kind::Complex) => return Ok(value),
        Some(Kind::String) => return freeze_string(m, value),
        _ => {}
    }
    let words = walk(m, &[value], |m, values, scratch| {
        measure(m, values[0], scratch)
    })?;
    let from = m.temporaries.len();
    m.temporaries.push(value);
    let asked = m.ensure(words);
    let value = m.temporaries[from];
    m.temporaries.truncate(from);
    asked?;
    Ok(copy(&mut m.heap, value))
}

fn freeze_string(m: &mut Machine, string: Value) -> Outcome {
    if m.heap.string_is_immutable(string) {
        return Ok(string);
    }
    let (length, wide) = (
        m.heap.string_length(string),
        !m.heap.string_is_narrow(string),
    );
    m.charge(length as u64 / 4)?;
    m.rooted(&[string], Heap::blank_words(length, wide), |m, held| {
        copy_leaf(&mut m.heap, held[0])
    })
}

/// What a value consists of, from 0: of a dict only the values, since its keys are frozen.
fn part(heap: &Heap, value: Value, index: usize) -> Option<Value> {
    if value.is_pair() {
        return match index {
            0 => Some(heap.car(value)),
            1 => Some(heap.cdr(value)),
            _ => None,
        };
    }
    match heap.kind(value)? {
        Kind::Vector => (index < heap.length(value)).then(|| heap.field(value, index)),
        Kind::Dict => super::entry_at(heap, value, index).map(|(_, value)| value),
        _ => None,
    }
}

/// Words that copying one object takes, without its parts.
fn own_words(heap: &Heap, value: Value) -> usize {
    if value.is_pair() {
        return 2;
    }
    match heap.kind(value) {
        Some(Kind::String) => {
            Heap::blank_words(heap.string_length(value), !heap.string_is_narrow(value))
        }
        Some(Kind::Dict) => 2 + tree::NODE_WORDS * super::count(heap, value),
        Some(Kind::Vector | Kind::Bytes) => 1 + heap.length(value),
        _ => 0,
    }
}

/// Words that a copy takes. Charges for it, and refuses what is no data or contains itself.
fn measure(m: &mut Machine, value: Value, scratch: &mut Scratch) -> Result<usize, Fault> {
    let mut open: IdentityMap<bool> = IdentityMap::default();
    let mut path = Vec::new();
    let mut words = 0;
    let mut next = Some(value);
    loop {
        if let Some(value) = next {
            m.charge(3)?;
            order::require_data(m, value)?;
            if value.is_reference() {
                match open.get(&value.0) {
                    Some(true) => {
                        let message = "a key of a dict cannot contain itself, as does";
                        return Err(m.error(":wrong-argument", message, &[value]));
                    }
                    Some(false) => {}
                    None => {
                        let own = own_words(&m.heap, value);
                        m.charge(12 + own as u64)?;
                        words += own;
                        open.insert(value.0, true);
                        path.push((value, 0));
                        scratch
                            .hold(2 * ENTRY_WORDS * open.len() + 2 * FRAME_WORDS * path.len())?;
                    }
                }
            }
        }
        let Some((value, index)) = path.last_mut() else {
            return Ok(words);
        };
        next = part(&m.heap, *value, *index);
        *index += 1;
        if next.is_none() {
            open.insert(value.0, false);
            path.pop();
        }
    }
}

fn copy_leaf(heap: &mut Heap, value: Value) -> Value {
    match heap.kind(value) {
        Some(Kind::String) => {
            let length = heap.string_length(value);
            let new = heap.string_blank(length, !heap.string_is_narrow(value));
            heap.copy_characters(value, 0, new, 0, length);
            heap.set_flags(new, IMMUTABLE);
            new
        }
        Some(Kind::Bytes) => {
            let length = heap.bytes_length(value);
            let new = heap.bytes_blank(length);
            heap.copy_bytes(value, 0, new, 0, length);
            heap.set_flags(new, IMMUTABLE);
            new
        }
        _ => value,
    }
}

enum Task {
    Visit(Value),
    /// The parts of this value are copied.
    Finish(Value),
}

/// Copies a datum that was measured, each shared part once.
fn copy(heap: &mut Heap, value: Value) -> Value {
    let mut copies: IdentityMap<Value> = IdentityMap::default();
    let mut tasks = vec![Task::Visit(value)];
    let mut done: Vec<Value> = Vec::new();
    while let Some(task) = tasks.pop() {
        match task {
            Task::Visit(value) => match copies.get(&value.0) {
                Some(&copy) => done.push(copy),
                None if part(heap, value, 0).is_some() => {
                    tasks.push(Task::Finish(value));
                    let parts = (0..).map_while(|index| part(heap, value, index));
                    tasks.extend(parts.map(Task::Visit));
                }
                None => {
                    let copy = copy_leaf(heap, value);
                    copies.insert(value.0, copy);
                    done.push(copy);
                }
            },
            Task::Finish(value) => {
                let copy = copy_whole(heap, value, &mut done);
                copies.insert(value.0, copy);
                done.push(copy);
            }
        }
    }
    done.pop().unwrap_or(value)
}

/// Makes an object of its parts, which are the last that are done: the last part first.
fn copy_whole(heap: &mut Heap, value: Value, done: &mut Vec<Value>) -> Value {
    if value.is_pair() {
        let (car, cdr) = (done.pop(), done.pop());
        return heap.immutable_cons(car.unwrap_or(Value::NIL), cdr.unwrap_or(Value::NIL));
    }
    let count = match heap.kind(value) {
        Some(Kind::Dict) => super::count(heap, value),
        _ => heap.length(value),
    };
    let mut parts = done.split_off(done.len() - count);
    parts.reverse();
    if heap.is(value, Kind::Vector) {
        return heap.object(Kind::Vector, IMMUTABLE, &parts);
    }
    let copied: Vec<(Value, Value)> = entries(heap, value)
        .into_iter()
        .zip(parts)
        .map(|((key, _), value)| (key, value))
        .collect();
    let root = tree::build(heap, &copied);
    heap.object(Kind::Dict, 0, &[root])
}
