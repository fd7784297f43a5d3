//! `equal?` on data of any depth and shape, cycles included, in constant stack.

use crate::builtins::dicts;
use crate::builtins::lists::are_eqv;
use crate::value::{Kind, Value};
use crate::vm::{Fault, Machine};
use std::collections::BTreeSet;

/// Comparisons made before pairs of objects are remembered: small data needs no memory.
const UNREMEMBERED: u64 = 4096;

/// Whether two values have the same shape and parts. Charges 2 for each comparison, and the length of texts.
pub fn equal(m: &mut Machine, a: Value, b: Value) -> Result<bool, Fault> {
    let mut pending = vec![(a, b)];
    let mut seen: BTreeSet<(u64, u64)> = BTreeSet::new();
    let mut steps = 0;
    while let Some((a, b)) = pending.pop() {
        m.charge(2)?;
        if are_eqv(m, a, b) {
            continue;
        }
        if !a.is_reference() || !b.is_reference() || a.is_pair() != b.is_pair() {
            return Ok(false);
        }
        steps += 1;
        if steps > UNREMEMBERED {
            m.charge(20)?;
            if !seen.insert((a.0, b.0)) {
                continue;
            }
        }
        if a.is_pair() {
            pending.push((m.heap.cdr(a), m.heap.cdr(b)));
            pending.push((m.heap.car(a), m.heap.car(b)));
            continue;
        }
        if !equal_objects(m, a, b, &mut pending)? {
            return Ok(false);
        }
    }
    Ok(true)
}

/// Compares two objects that are not the same; their parts are left to do.
fn equal_objects(
    m: &mut Machine,
    a: Value,
    b: Value,
    pending: &mut Vec<(Value, Value)>,
) -> Result<bool, Fault> {
    let kind = m.heap.kind(a);
    if kind != m.heap.kind(b) {
        return Ok(false);
    }
    match kind {
        Some(Kind::String) => {
            let length = m.heap.string_length(a);
            if length != m.heap.string_length(b) {
                return Ok(false);
            }
            m.charge(length as u64 / 8)?;
            Ok(m.heap.strings_equal(a, b))
        }
        Some(Kind::Bytes) => {
            if m.heap.bytes_length(a) != m.heap.bytes_length(b) {
                return Ok(false);
            }
            m.charge(m.heap.bytes_length(a) as u64 / 32)?;
            Ok(m.heap.words(a) == m.heap.words(b))
        }
        Some(Kind::Vector) => {
            let length = m.heap.length(a);
            if length != m.heap.length(b) {
                return Ok(false);
            }
            m.charge(length as u64)?;
            pending.extend(
                (0..length)
                    .rev()
                    .map(|place| (m.heap.field(a, place), m.heap.field(b, place))),
            );
            Ok(true)
        }
        Some(Kind::Dict) => {
            let count = dicts::count(&m.heap, a);
            if count != dicts::count(&m.heap, b) {
                return Ok(false);
            }
            m.charge(4 * count as u64)?;
            let (left, right) = (dicts::entries(&m.heap, a), dicts::entries(&m.heap, b));
            for ((k, v), (l, w)) in left.into_iter().zip(right).rev() {
                pending.push((v, w));
                pending.push((k, l));
            }
            Ok(true)
        }
        _ => Ok(false),
    }
}
