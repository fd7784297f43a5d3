//! Words to numbers and back.
//!
//! A small whole number and most floats are words of their own; the others are objects, made only once there is room for them.

use crate::heap::Heap;
use crate::number::{self, Number, cost};
use crate::value::{Kind, Value};
use crate::vm::{Machine, Outcome};
use num_bigint::{BigInt, BigUint, Sign};

/// The number that a value is.
pub fn to_number(heap: &Heap, value: Value) -> Option<Number> {
    if value.is_fixnum() {
        return Some(Number::Int(value.fixnum_value()));
    }
    if value.is_immediate_float() {
        return Some(Number::Float(value.immediate_float()));
    }
    match heap.kind(value)? {
        Kind::Float => Some(Number::Float(f64::from_bits(heap.word(value, 0)))),
        Kind::Bignum => Some(bignum(heap, value).into()),
        Kind::Rational => {
            let part = |index| {
                to_number(heap, heap.field(value, index))?
                    .to_bigint()
                    .map(|n| n.into_owned())
            };
            // Fractions on the heap are in lowest terms.
            Some(Number::lowest(part(0)?, part(1)?))
        }
        Kind::Complex => {
            let part = |index| to_number(heap, heap.field(value, index));
            Some(number::rectangular(part(0)?, part(1)?))
        }
        _ => None,
    }
}

/// What it costs to take a number off the heap: 1 for every 4 words.
pub fn taking_work(heap: &Heap, value: Value) -> u64 {
    if heap.is(value, Kind::Complex) {
        let part = |index| taking_work(heap, heap.field(value, index));
        return 2 + part(0) + part(1);
    }
    let words = |value: Value| match heap.kind(value) {
        Some(Kind::Bignum) => heap.length(value) as u64,
        _ => 0,
    };
    let all = match heap.kind(value) {
        Some(Kind::Rational) => 8 + words(heap.field(value, 0)) + words(heap.field(value, 1)),
        _ => words(value),
    };
    all / 4
}

/// The value that a number is.
pub fn from_number(m: &mut Machine, number: &Number) -> Outcome {
    if let Number::Int(n) = number
        && let Some(value) = Value::try_fixnum(*n)
    {
        return Ok(value);
    }
    m.ensure(number_words(number))?;
    Ok(put(&mut m.heap, number))
}

/// Two numbers as two values.
pub(super) fn two_values(m: &mut Machine, (first, second): &(Number, Number)) -> Outcome {
    m.ensure(number_words(first) + number_words(second) + 3)?;
    let fields = [put(&mut m.heap, first), put(&mut m.heap, second)];
    Ok(m.heap.object(Kind::Values, 0, &fields))
}

/// What it costs to compare two objects as `eqv?` does: 1 for every 4 words of numbers that may be one.
pub fn comparing_work(heap: &Heap, a: Value, b: Value) -> u64 {
    let header = heap.header(a);
    if header != heap.header(b) {
        return 0;
    }
    if header.is(Kind::Bignum) {
        return header.length() as u64 / 4;
    }
    if !header.is(Kind::Rational) && !header.is(Kind::Complex) {
        return 0;
    }
    let parts = (0..2).map(|index| (heap.field(a, index), heap.field(b, index)));
    parts
        .filter(|(p, q)| p != q && p.is_object() && q.is_object())
        .map(|(p, q)| comparing_work(heap, p, q))
        .sum()
}

/// Whether two objects are numbers that `eqv?` takes for one; `None` where that has to be paid for.
#[inline]
pub fn same_small_number(heap: &Heap, a: Value, b: Value) -> Option<bool> {
    let header = heap.header(a);
    let may_be_same = header == heap.header(b)
        && (header.is(Kind::Bignum)
            || header.is(Kind::Float)
            || header.is(Kind::Rational)
            || header.is(Kind::Complex));
    if may_be_same {
        compared_if_small(heap, a, b)
    } else {
        Some(false)
    }
}

#[cold]
#[inline(never)]
fn compared_if_small(heap: &Heap, a: Value, b: Value) -> Option<bool> {
    (comparing_work(heap, a, b) == 0).then(|| same_boxed_number(heap, a, b))
}

/// Whether two objects are numbers that `eqv?` takes for one. [`comparing_work`] is its price.
pub fn same_boxed_number(heap: &Heap, a: Value, b: Value) -> bool {
    let (x, y) = (heap.header(a), heap.header(b));
    if x != y {
        return false;
    }
    if x.is(Kind::Float) || x.is(Kind::Bignum) {
        return heap.words(a) == heap.words(b);
    }
    // A part of a fraction is an integer, one of a complex number any real number.
    (x.is(Kind::Rational) || x.is(Kind::Complex))
        && (0..2).all(|index| {
            let (p, q) = (heap.field(a, index), heap.field(b, index));
            p == q || (p.is_object() && q.is_object() && same_boxed_number(heap, p, q))
        })
}

/// Whether a value is a number.
pub(super) fn is_number_value(m: &Machine, value: Value) -> bool {
    value.is_fixnum()
        || value.is_immediate_float()
        || matches!(
            m.heap.kind(value),
            Some(Kind::Float | Kind::Bignum | Kind::Rational | Kind::Complex)
        )
}

fn bignum(heap: &Heap, value: Value) -> BigInt {
    let sign = if heap.header(value).flags() == 0 {
        Sign::Plus
    } else {
        Sign::Minus
    };
    let digits: Vec<u32> = heap
        .words(value)
        .iter()
        .flat_map(|&w| [w as u32, (w >> 32) as u32])
        .collect();
    BigInt::from_biguint(sign, BigUint::new(digits))
}

/// Words to ask for before a number is put on the heap.
/// Words that a number takes at most.
pub fn number_words(number: &Number) -> usize {
    match number {
        Number::Int(n) if Value::try_fixnum(*n).is_some() => 0,
        Number::Int(_) | Number::Float(_) => 2,
        Number::Complex(z) => 3 + number_words(z.parts().0) + number_words(z.parts().1),
        _ => 8 + (cost::size_in_bytes(number) / 8) as usize,
    }
}

fn put(heap: &mut Heap, number: &Number) -> Value {
    match number {
        Number::Int(n) => Value::try_fixnum(*n).unwrap_or_else(|| put_big(heap, &BigInt::from(*n))),
        Number::Float(x) => heap.float(*x),
        Number::Big(n) => put_big(heap, n),
        Number::Rational(q) => {
            let numerator = put(heap, &Number::from(q.numer().clone()));
            let denominator = put(heap, &Number::from(q.denom().clone()));
            heap.object(Kind::Rational, 0, &[numerator, denominator])
        }
        Number::Complex(z) => {
            let (real, imaginary) = z.parts();
            let parts = [put(heap, real), put(heap, imaginary)];
            heap.object(Kind::Complex, 0, &parts)
        }
    }
}

fn put_big(heap: &mut Heap, n: &BigInt) -> Value {
    let (sign, limbs) = n.to_u64_digits();
    let value = heap.raw(Kind::Bignum, u8::from(sign == Sign::Minus), limbs.len());
    heap.words_mut(value).copy_from_slice(&limbs);
    value
}
