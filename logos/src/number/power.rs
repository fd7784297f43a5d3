//! Powers and square roots, exact where they can be.

use super::arithmetic::{integer, is_negative, is_odd, parts, reciprocal};
use super::complex::{self, is_complex};
use super::convert::{compose, to_f64};
use super::{BITS_MAX, Number, NumberError};
use num_bigint::{BigInt, BigUint, Sign};
use num_integer::Integer;
use num_traits::{One, ToPrimitive, Zero};

/// `exact-integer-sqrt`: the largest root whose square is not above, and what is left.
pub fn exact_integer_sqrt(a: &Number) -> Result<(Number, Number), NumberError> {
    let expected = "an exact integer that is not negative";
    let wrong = NumberError::WrongArgument {
        position: 0,
        expected,
    };
    if is_negative(a) {
        return Err(wrong);
    }
    let value = a.to_bigint().ok_or(wrong)?;
    let root = value.sqrt();
    let rest = &*value - &root * &root;
    Ok((Number::from(root), Number::from(rest)))
}

/// `sqrt`: exact when the argument is exact and a square; imaginary of a negative number.
pub fn sqrt(a: &Number) -> Result<Number, NumberError> {
    if is_negative(a) || is_complex(a) {
        return complex::square_root(a);
    }
    if let Number::Float(value) = a {
        return Ok(Number::from(libm::sqrt(*value)));
    }
    let (numer, denom) = parts(a);
    let (numer, denom) = (numer.magnitude(), denom.magnitude());
    if let (Some(numer), Some(denom)) = (exact_root(numer), exact_root(denom)) {
        return Ok(Number::lowest(numer.into(), denom.into()));
    }
    Ok(Number::Float(fraction_sqrt(numer, denom)))
}

/// The root of a square.
fn exact_root(value: &BigUint) -> Option<BigUint> {
    // Squares end in 0, 1, 4 or 9 in radix 16.
    let last = value.iter_u32_digits().next().unwrap_or(0) & 15;
    if !matches!(last, 0 | 1 | 4 | 9) {
        return None;
    }
    let root = value.sqrt();
    (&root * &root == *value).then_some(root)
}

/// The root of a positive fraction of any size, correctly rounded.
fn fraction_sqrt(numer: &BigUint, denom: &BigUint) -> f64 {
    // Scaled by an even power of two so that the integer root has 64 or 65 bits.
    let lead = numer.bits() as i64 - denom.bits() as i64;
    let half = 64 - lead.div_euclid(2);
    let twice = (2 * half).unsigned_abs();
    let (square, rest) = if half >= 0 {
        (numer << twice).div_rem(denom)
    } else {
        numer.div_rem(&(denom << twice))
    };
    let root = square.sqrt();
    let sticky = !rest.is_zero() || &root * &root != square;
    compose(root.to_u128().unwrap_or(0), sticky, -half)
}

/// `expt`. An exact base with an exact integer exponent gives an exact result.
pub fn expt(base: &Number, exponent: &Number) -> Result<Number, NumberError> {
    if let Some(rest) = exponent_of_unit(base, exponent) {
        return complex::power(base, &rest);
    }
    match (base, exponent) {
        (Number::Complex(_), _) | (_, Number::Complex(_)) => complex::power(base, exponent),
        (Number::Float(base), _) => float_power(*base, exponent),
        (_, Number::Int(_) | Number::Big(_)) => exact_power(base, exponent),
        (_, Number::Rational(half)) if is_half(half.numer(), half.denom()) => sqrt(base),
        (Number::Int(0), _) if is_negative(exponent) => Err(NumberError::DivideByZero),
        _ => float_power(to_f64(base), exponent),
    }
}

/// The rest modulo 4 of the exponent of an exact power of `+i` or `-i`, if that is what it is: there are four of these.
pub(super) fn exponent_of_unit(base: &Number, exponent: &Number) -> Option<Number> {
    let Number::Complex(z) = base else {
        return None;
    };
    let (real, imaginary) = z.parts();
    let is_unit = matches!((real, imaginary), (Number::Int(0), Number::Int(1 | -1)));
    match exponent {
        Number::Int(_) | Number::Big(_) if is_unit => {
            let rest = exponent.to_bigint()?.mod_floor(&BigInt::from(4));
            rest.to_i64().map(Number::Int)
        }
        _ => None,
    }
}

fn is_half(numer: &BigInt, denom: &BigInt) -> bool {
    numer.is_one() && denom.to_u32() == Some(2)
}

fn float_power(base: f64, exponent: &Number) -> Result<Number, NumberError> {
    let whole = integer(exponent, 1);
    if base < 0.0 && base.is_finite() {
        let power = to_f64(exponent);
        return match whole {
            // Whether the exponent is odd may be lost when it is rounded.
            Ok(whole) => {
                let magnitude = libm::pow(-base, power);
                Ok(Number::from(if is_odd(&whole)? {
                    -magnitude
                } else {
                    magnitude
                }))
            }
            Err(_) if power.is_finite() => complex::power(&Number::Float(base), exponent),
            Err(_) => Ok(Number::from(libm::pow(base, power))),
        };
    }
    Ok(Number::from(libm::pow(base, to_f64(exponent))))
}

fn exact_power(base: &Number, exponent: &Number) -> Result<Number, NumberError> {
    let negative = is_negative(exponent);
    match base {
        _ if *exponent == Number::Int(0) => return Ok(Number::Int(1)),
        Number::Int(0) if negative => return Err(NumberError::DivideByZero),
        Number::Int(0 | 1) => return Ok(base.clone()),
        Number::Int(-1) => return Ok(Number::Int(if is_odd(exponent)? { -1 } else { 1 })),
        _ => {}
    }
    let Number::Int(count) = exponent else {
        return Err(NumberError::TooBig);
    };
    let count = count.unsigned_abs();
    let (numer, denom) = parts(base);
    let power = Number::lowest(integer_power(&numer, count)?, integer_power(&denom, count)?);
    Ok(if negative { reciprocal(&power) } else { power })
}

fn integer_power(base: &BigInt, count: u64) -> Result<BigInt, NumberError> {
    if base.is_one() {
        return Ok(BigInt::one());
    }
    if base
        .bits()
        .checked_mul(count)
        .is_none_or(|bits| bits > BITS_MAX)
    {
        return Err(NumberError::TooBig);
    }
    let sign = if base.sign() == Sign::Minus && count % 2 == 1 {
        Sign::Minus
    } else {
        Sign::Plus
    };
    // Factors of two cost a shift only.
    let twos = base.magnitude().trailing_zeros().unwrap_or(0);
    let odd = base.magnitude() >> twos;
    let magnitude = if odd.is_one() {
        odd
    } else {
        num_traits::Pow::pow(odd, count)
    };
    Ok(BigInt::from_biguint(sign, magnitude << (twos * count)))
}
