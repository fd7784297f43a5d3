//! The prices of complex numbers.

use super::{
    BASE, COMPLEX_WORDS, Cost, Size, bytes, fraction_product, inexact, is_rational, reduction, sum,
    sum_of_bytes, times,
};
use crate::number::power::exponent_of_unit;
use crate::number::{BITS_MAX, Number, is_exact};

/// What an operation of four costs when a complex number takes part: so many times the product of two fractions, or of two integers, that
/// are as long as all parts together. What is inexact stays small.
pub(super) fn operation(a: &Number, b: &Number, products: u64) -> Cost {
    if !is_exact(a) || !is_exact(b) {
        return Cost::limbs(sum(&[200, inexact(a).work, inexact(b).work]), COMPLEX_WORDS);
    }
    // A quotient is made of the squares of its divisor's parts.
    let bits = (bits_of_parts(a) + bits_of_parts(b)).saturating_mul(products / PRODUCT);
    let length = bits.div_ceil(64) + 1;
    if products == PRODUCT && !has_fraction(a) && !has_fraction(b) {
        let work = times(length, length).saturating_mul(products);
        return Cost::limbs(sum(&[4 * BASE, work]), 2 * length + COMPLEX_WORDS);
    }
    let size = Size {
        numer: length,
        denom: length,
    };
    let product = fraction_product(size, size);
    Cost {
        work: product.work.saturating_mul(products),
        bytes: sum_of_bytes(&[product.bytes, product.bytes, bytes(COMPLEX_WORDS)]),
    }
}

/// The bits of an exact number's numerators and denominators, all together.
fn bits_of_parts(a: &Number) -> u64 {
    if let Number::Complex(z) = a {
        return bits_of_parts(z.parts().0) + bits_of_parts(z.parts().1);
    }
    a.to_fraction()
        .map_or(64, |(numer, denom)| numer.bits() + denom.bits())
}

/// Products in a sum or product of complex numbers.
pub(super) const PRODUCT: u64 = 4;
/// Products in a quotient of complex numbers.
pub(super) const QUOTIENT: u64 = 8;

fn has_fraction(a: &Number) -> bool {
    match a {
        Number::Complex(z) => is_rational(z.parts().0) || is_rational(z.parts().1),
        _ => is_rational(a),
    }
}

/// A power of an exact base grows with each step; every other is computed from doubles.
pub(super) fn power(base: &Number, exponent: &Number) -> Cost {
    let reduced = exponent_of_unit(base, exponent);
    let exponent = reduced.as_ref().unwrap_or(exponent);
    let count = match exponent {
        _ if !is_exact(base) => None,
        Number::Big(_) => return Cost::IMPOSSIBLE,
        Number::Int(count) => Some(count.unsigned_abs()),
        _ => None,
    };
    let Some(count) = count else {
        let work = [2_000, inexact(base).work, inexact(exponent).work];
        return Cost::limbs(sum(&work), COMPLEX_WORDS);
    };
    let bits = bits_of_parts(base).saturating_mul(count);
    if bits > BITS_MAX {
        return Cost::IMPOSSIBLE;
    }
    let limbs = bits.div_ceil(64) + 1;
    let steps = 2 * u64::from(u64::BITS - count.leading_zeros()) + 1;
    let mut work = sum(&[times(limbs, limbs).saturating_mul(QUOTIENT), 50 * steps]);
    if has_fraction(base) {
        work = sum(&[work, reduction(limbs, limbs).saturating_mul(2 * steps)]);
    }
    if matches!(exponent, Number::Int(..0)) {
        work = sum(&[work, reduction(2 * limbs, 2 * limbs).saturating_mul(2)]);
    }
    Cost::limbs(work, 8 * limbs + COMPLEX_WORDS)
}
