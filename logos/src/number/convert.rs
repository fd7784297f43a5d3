//! The way between exact numbers and doubles: exactly in one direction, correctly rounded in the other.

use super::complex;
use super::{NAN, Number, NumberError};
use num_bigint::{BigInt, BigUint, Sign};
use num_traits::{ToPrimitive, Zero};

/// The exact number with exactly the value given; infinities and not-a-number have none.
pub fn exact(number: &Number) -> Result<Number, NumberError> {
    match number {
        Number::Float(value) => float_to_exact(*value).ok_or(NumberError::WrongArgument {
            position: 0,
            expected: "a finite number",
        }),
        Number::Complex(z) => complex::exact_complex(z),
        _ => Ok(number.clone()),
    }
}

/// The double nearest to the value, ties to even; infinite when the value is too large for any. Of a complex number, both parts so.
pub fn inexact(number: &Number) -> Number {
    match number {
        Number::Complex(z) => complex::by_parts(z, inexact),
        _ => Number::Float(to_f64(number)),
    }
}

/// The double nearest to the value, ties to even; not-a-number when it is not real.
pub fn to_f64(number: &Number) -> f64 {
    match number {
        Number::Int(value) => *value as f64,
        Number::Big(value) => signed(value.sign(), integer_to_f64(value.magnitude())),
        Number::Rational(value) => {
            let magnitude = fraction_to_f64(value.numer().magnitude(), value.denom().magnitude());
            signed(value.numer().sign(), magnitude)
        }
        Number::Float(value) => *value,
        Number::Complex(_) => NAN,
    }
}

fn signed(sign: Sign, magnitude: f64) -> f64 {
    if sign == Sign::Minus {
        -magnitude
    } else {
        magnitude
    }
}

/// Splits a finite double into an integer and a power of two: `value = mantissa · 2^exponent`.
pub fn decode(value: f64) -> Option<(i64, i32)> {
    if !value.is_finite() {
        return None;
    }
    let bits = value.to_bits();
    let fraction = (bits & ((1 << 52) - 1)) as i64;
    let (mantissa, exponent) = match ((bits >> 52) & 0x7ff) as i32 {
        0 => (fraction, -1074),
        biased => (fraction | 1 << 52, biased - 1075),
    };
    Some((
        if value.is_sign_negative() {
            -mantissa
        } else {
            mantissa
        },
        exponent,
    ))
}

/// The exact value of a finite double.
pub fn float_to_exact(value: f64) -> Option<Number> {
    let (mantissa, exponent) = decode(value)?;
    if mantissa == 0 {
        return Some(Number::Int(0));
    }
    let zeros = mantissa.trailing_zeros() as i32;
    let (mantissa, exponent) = (mantissa >> zeros, exponent + zeros);
    Some(match u32::try_from(exponent) {
        Ok(0) => Number::Int(mantissa),
        Ok(shift) => Number::from(BigInt::from(mantissa) << shift),
        Err(_) => {
            // The mantissa is odd, so the fraction is in lowest terms.
            Number::lowest(
                BigInt::from(mantissa),
                BigInt::from(1) << exponent.unsigned_abs(),
            )
        }
    })
}

fn integer_to_f64(value: &BigUint) -> f64 {
    let shift = value.bits().saturating_sub(64);
    let leading = (value >> shift).to_u128().unwrap_or(0);
    let sticky = value.trailing_zeros().is_some_and(|zeros| zeros < shift);
    compose(leading, sticky, i64::try_from(shift).unwrap_or(i64::MAX))
}

/// The double nearest to a fraction of positive integers, of any size.
pub fn fraction_to_f64(numerator: &BigUint, denominator: &BigUint) -> f64 {
    // Scale so that the integer quotient has 65 or 66 bits, then round that.
    let lead = i128::from(numerator.bits()) - i128::from(denominator.bits());
    let scale = 65 - lead;
    let (quotient, remainder) = match u64::try_from(scale) {
        Ok(scale) => num_integer::Integer::div_rem(&(numerator << scale), denominator),
        Err(_) => {
            let scaled = denominator << scale.unsigned_abs().to_u64().unwrap_or(u64::MAX);
            num_integer::Integer::div_rem(numerator, &scaled)
        }
    };
    let leading = quotient.to_u128().unwrap_or(0);
    let exponent = i64::try_from(-scale).unwrap_or(if scale < 0 { i64::MAX } else { i64::MIN });
    compose(leading, !remainder.is_zero(), exponent)
}

/// `leading · 2^exponent`, plus a little when `sticky`, rounded to the nearest double, ties to even.
/// `leading` has fewer than 127 bits, and at least 54 when `sticky`.
pub fn compose(leading: u128, sticky: bool, exponent: i64) -> f64 {
    if leading == 0 {
        return 0.0;
    }
    let bits = i64::from(128 - leading.leading_zeros());
    let top = exponent.saturating_add(bits - 1);
    if top > 1023 {
        return f64::INFINITY;
    }
    if top < -1076 {
        return 0.0;
    }
    // Subnormal numbers keep fewer bits.
    let kept = if top >= -1022 { 53 } else { top + 1075 };
    let dropped = bits - kept;
    if dropped <= 0 {
        return leading as f64 * power_of_two(exponent);
    }
    if dropped > bits {
        return 0.0;
    }
    let half = 1_u128 << (dropped - 1);
    let rest = leading & ((half << 1) - 1);
    let mut mantissa = leading >> dropped;
    if rest > half || (rest == half && (sticky || mantissa & 1 == 1)) {
        mantissa += 1;
    }
    mantissa as f64 * power_of_two(exponent + dropped)
}

/// `2^exponent` for an exponent between -1074 and 1023.
fn power_of_two(exponent: i64) -> f64 {
    if exponent < -1022 {
        f64::from_bits(1 << (exponent + 1074))
    } else {
        f64::from_bits(((exponent + 1023) as u64) << 52)
    }
}
