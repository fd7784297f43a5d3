//! Order. Exact numbers and doubles are compared by their exact values, so the order is transitive.

use super::Number;
use super::arithmetic::{is_nan, parts};
use super::complex::{self, is_complex};
use super::convert::float_to_exact;
use num_bigint::{BigInt, Sign};
use std::cmp::Ordering;

/// How the values compare; `None` when one is not-a-number, or complex and not equal to the other.
pub fn compare(a: &Number, b: &Number) -> Option<Ordering> {
    match (a, b) {
        (Number::Int(a), Number::Int(b)) => Some(a.cmp(b)),
        (Number::Float(a), Number::Float(b)) => a.partial_cmp(b),
        (Number::Complex(_), _) | (_, Number::Complex(_)) => {
            complex::is_equal(a, b).then_some(Ordering::Equal)
        }
        (Number::Float(a), _) => compare_exact_float(b, *a).map(Ordering::reverse),
        (_, Number::Float(b)) => compare_exact_float(a, *b),
        _ => Some(compare_exact(a, b)),
    }
}

/// One order of all numbers: by value, of equal values the exact one first, `-0.0` before `0.0`, and
/// not-a-number last; complex numbers by their real parts first. Equal only what is `==`.
pub fn total_order(a: &Number, b: &Number) -> Ordering {
    if is_complex(a) || is_complex(b) {
        return complex::total_order(a, b);
    }
    let by_value = compare(a, b).unwrap_or_else(|| is_nan(a).cmp(&is_nan(b)));
    by_value.then_with(|| match (a, b) {
        (Number::Float(a), Number::Float(b)) => b.is_sign_negative().cmp(&a.is_sign_negative()),
        _ => matches!(a, Number::Float(_)).cmp(&matches!(b, Number::Float(_))),
    })
}

fn compare_exact_float(a: &Number, b: f64) -> Option<Ordering> {
    if b.is_nan() {
        return None;
    }
    match float_to_exact(b) {
        Some(b) => Some(compare_exact(a, &b)),
        None => Some(if b > 0.0 {
            Ordering::Less
        } else {
            Ordering::Greater
        }),
    }
}

fn compare_exact(a: &Number, b: &Number) -> Ordering {
    if let (Number::Int(a), Number::Int(b)) = (a, b) {
        return a.cmp(b);
    }
    if let (Some(a), Some(b)) = (a.to_bigint(), b.to_bigint()) {
        return a.cmp(&b);
    }
    let ((a_numer, a_denom), (b_numer, b_denom)) = (parts(a), parts(b));
    let by_sign = a_numer.sign().cmp(&b_numer.sign());
    if by_sign != Ordering::Equal {
        return by_sign;
    }
    // The lengths decide unless the values are within a factor of four.
    let difference = lead(&a_numer, &a_denom) - lead(&b_numer, &b_denom);
    if difference.abs() >= 2 {
        let by_size = difference.cmp(&0);
        return if a_numer.sign() == Sign::Minus {
            by_size.reverse()
        } else {
            by_size
        };
    }
    (&*a_numer * &*b_denom).cmp(&(&*b_numer * &*a_denom))
}

/// The binary logarithm of a fraction's magnitude, to within one.
pub fn lead(numer: &BigInt, denom: &BigInt) -> i64 {
    numer.bits() as i64 - denom.bits() as i64
}
