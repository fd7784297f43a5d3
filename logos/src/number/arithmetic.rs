//! The four operations, division with remainder, rounding, divisors.

use super::complex;
use super::convert::{exact, inexact, to_f64};
use super::divisor;
use super::{Number, NumberError};
use num_bigint::BigInt;
use num_integer::Integer;
use num_rational::Ratio;
use num_traits::{One, Signed, ToPrimitive, Zero};
use std::borrow::Cow;

/// `a + b`.
pub fn add(a: &Number, b: &Number) -> Number {
    match (a, b) {
        (Number::Int(a), Number::Int(b)) => Number::from(i128::from(*a) + i128::from(*b)),
        (Number::Complex(_), _) | (_, Number::Complex(_)) => complex::sum(a, b),
        (Number::Float(_), _) | (_, Number::Float(_)) => Number::from(to_f64(a) + to_f64(b)),
        _ => exact_sum(a, b, |a, b| a + b),
    }
}

/// `a - b`.
pub fn sub(a: &Number, b: &Number) -> Number {
    match (a, b) {
        (Number::Int(a), Number::Int(b)) => Number::from(i128::from(*a) - i128::from(*b)),
        (Number::Complex(_), _) | (_, Number::Complex(_)) => complex::difference(a, b),
        (Number::Float(_), _) | (_, Number::Float(_)) => Number::from(to_f64(a) - to_f64(b)),
        _ => exact_sum(a, b, |a, b| a - b),
    }
}

/// `a · b`.
pub fn mul(a: &Number, b: &Number) -> Number {
    match (a, b) {
        (Number::Int(a), Number::Int(b)) => Number::from(i128::from(*a) * i128::from(*b)),
        (Number::Complex(_), _) | (_, Number::Complex(_)) => complex::product(a, b),
        (Number::Float(_), _) | (_, Number::Float(_)) => Number::from(to_f64(a) * to_f64(b)),
        _ => match (a.to_bigint(), b.to_bigint()) {
            (Some(a), Some(b)) => Number::from(&*a * &*b),
            _ => exact_product(a, b),
        },
    }
}

/// `a / b`, exact when both are.
pub fn div(a: &Number, b: &Number) -> Result<Number, NumberError> {
    if matches!(b, Number::Int(0)) {
        return Err(NumberError::DivideByZero);
    }
    match (a, b) {
        (Number::Complex(_), _) | (_, Number::Complex(_)) => return complex::quotient(a, b),
        (Number::Float(_), _) | (_, Number::Float(_)) => {
            return Ok(Number::from(to_f64(a) / to_f64(b)));
        }
        _ => {}
    }
    Ok(exact_product(a, &reciprocal(b)))
}

/// `-a`.
pub fn neg(a: &Number) -> Number {
    match a {
        Number::Int(value) => Number::from(-i128::from(*value)),
        Number::Big(value) => Number::from(-&**value),
        Number::Rational(value) => Number::lowest(-value.numer(), value.denom().clone()),
        Number::Float(value) => Number::from(-value),
        Number::Complex(z) => complex::by_parts(z, neg),
    }
}

/// The number without its sign.
pub fn abs(a: &Number) -> Number {
    match a {
        Number::Float(value) => Number::from(value.abs()),
        _ if is_negative(a) => neg(a),
        _ => a.clone(),
    }
}

/// Whether the number is real and less than zero.
pub fn is_negative(a: &Number) -> bool {
    match a {
        Number::Int(value) => *value < 0,
        Number::Big(value) => value.is_negative(),
        Number::Rational(value) => value.numer().is_negative(),
        Number::Float(value) => *value < 0.0,
        Number::Complex(_) => false,
    }
}

/// Whether the number is zero, of either sign and exactness.
pub fn is_zero(a: &Number) -> bool {
    match a {
        Number::Int(value) => *value == 0,
        Number::Float(value) => *value == 0.0,
        Number::Complex(z) => is_zero(z.parts().0) && is_zero(z.parts().1),
        _ => false,
    }
}

/// Numerator and denominator of a number known to be exact.
pub(super) fn parts(a: &Number) -> (Cow<'_, BigInt>, Cow<'_, BigInt>) {
    a.to_fraction().expect("the number is exact")
}

fn exact_sum(a: &Number, b: &Number, combine: fn(&BigInt, &BigInt) -> BigInt) -> Number {
    if let (Some(a), Some(b)) = (a.to_bigint(), b.to_bigint()) {
        return Number::from(combine(&a, &b));
    }
    let ((a_numer, a_denom), (b_numer, b_denom)) = (parts(a), parts(b));
    if a_denom == b_denom {
        return reduce(combine(&a_numer, &b_numer), a_denom.into_owned());
    }
    let left = &*a_numer * &*b_denom;
    let right = &*b_numer * &*a_denom;
    let numerator = combine(&left, &right);
    if a_denom.is_one() || b_denom.is_one() {
        // A whole number added to a fraction leaves it in lowest terms.
        return Number::lowest(numerator, &*a_denom * &*b_denom);
    }
    reduce(numerator, &*a_denom * &*b_denom)
}

fn reduce(numerator: BigInt, denominator: BigInt) -> Number {
    Number::fraction(numerator, denominator).expect("denominators are not zero")
}

/// The product of exact numbers: common divisors go first, while the numbers are small.
fn exact_product(a: &Number, b: &Number) -> Number {
    let ((a_numer, a_denom), (b_numer, b_denom)) = (parts(a), parts(b));
    let (a_numer, b_denom) = without_common(a_numer, b_denom);
    let (b_numer, a_denom) = without_common(b_numer, a_denom);
    if a_numer.is_zero() || b_numer.is_zero() {
        return Number::Int(0);
    }
    Number::lowest(&*a_numer * &*b_numer, &*a_denom * &*b_denom)
}

fn without_common<'a>(
    a: Cow<'a, BigInt>,
    b: Cow<'a, BigInt>,
) -> (Cow<'a, BigInt>, Cow<'a, BigInt>) {
    if a.is_one() || b.is_one() {
        return (a, b);
    }
    let divisor = divisor::greatest_common(a.magnitude().clone(), b.magnitude().clone());
    if divisor.is_one() {
        return (a, b);
    }
    let divisor = BigInt::from(divisor);
    (Cow::Owned(&*a / &divisor), Cow::Owned(&*b / &divisor))
}

/// One divided by an exact number other than zero.
pub(super) fn reciprocal(a: &Number) -> Number {
    let (numer, denom) = parts(a);
    let (numer, denom) = (numer.into_owned(), denom.into_owned());
    if numer.is_negative() {
        Number::lowest(-denom, -numer)
    } else {
        Number::lowest(denom, numer)
    }
}

// Division with remainder.

/// `truncate/`: the quotient rounded towards zero, and the remainder, which has the sign of `a`.
pub fn truncate_divide(a: &Number, b: &Number) -> Result<(Number, Number), NumberError> {
    divide(
        a,
        b,
        |a, b| (a.wrapping_div(b), a.wrapping_rem(b)),
        |a, b| a.div_rem(b),
    )
}

/// `floor/`: the quotient rounded down, and the remainder, which has the sign of `b`.
pub fn floor_divide(a: &Number, b: &Number) -> Result<(Number, Number), NumberError> {
    divide(a, b, |a, b| a.div_mod_floor(&b), |a, b| a.div_mod_floor(b))
}

/// `quotient`, `truncate-quotient`.
pub fn quotient(a: &Number, b: &Number) -> Result<Number, NumberError> {
    truncate_divide(a, b).map(|(quotient, _)| quotient)
}

/// `remainder`, `truncate-remainder`.
pub fn remainder(a: &Number, b: &Number) -> Result<Number, NumberError> {
    truncate_divide(a, b).map(|(_, remainder)| remainder)
}

/// `floor-quotient`.
pub fn floor_quotient(a: &Number, b: &Number) -> Result<Number, NumberError> {
    floor_divide(a, b).map(|(quotient, _)| quotient)
}

/// `modulo`, `floor-remainder`.
pub fn modulo(a: &Number, b: &Number) -> Result<Number, NumberError> {
    floor_divide(a, b).map(|(_, remainder)| remainder)
}

fn divide(
    a: &Number,
    b: &Number,
    small: fn(i64, i64) -> (i64, i64),
    big: fn(&BigInt, &BigInt) -> (BigInt, BigInt),
) -> Result<(Number, Number), NumberError> {
    let (exact_a, exact_b) = (integer(a, 0)?, integer(b, 1)?);
    let (quotient, remainder) = match (&*exact_a, &*exact_b) {
        (_, Number::Int(0)) => return Err(NumberError::DivideByZero),
        (_, Number::Int(-1)) => (neg(&exact_a), Number::Int(0)),
        (&Number::Int(a), &Number::Int(b)) => {
            let (quotient, remainder) = small(a, b);
            (Number::Int(quotient), Number::Int(remainder))
        }
        _ => {
            let (quotient, remainder) = big(&parts(&exact_a).0, &parts(&exact_b).0);
            (Number::from(quotient), Number::from(remainder))
        }
    };
    if let (Number::Float(_), _) | (_, Number::Float(_)) = (a, b) {
        return Ok((inexact(&quotient), inexact(&remainder)));
    }
    Ok((quotient, remainder))
}

/// The exact integer equal to an argument; an error when there is none.
pub(super) fn integer(a: &Number, position: usize) -> Result<Cow<'_, Number>, NumberError> {
    let wrong = NumberError::WrongArgument {
        position,
        expected: "an integer",
    };
    match a {
        Number::Int(_) | Number::Big(_) => Ok(Cow::Borrowed(a)),
        Number::Rational(_) | Number::Complex(_) => Err(wrong),
        Number::Float(value) if value.fract() == 0.0 => exact(a).map(Cow::Owned).map_err(|_| wrong),
        Number::Float(_) => Err(wrong),
    }
}

/// `gcd` of two integers, never negative; inexact when one of them is.
pub fn gcd(a: &Number, b: &Number) -> Result<Number, NumberError> {
    let (exact_a, exact_b) = (integer(a, 0)?, integer(b, 1)?);
    let divisor = match (&*exact_a, &*exact_b) {
        (&Number::Int(a), &Number::Int(b)) => {
            Number::from(divisor::small(a.unsigned_abs(), b.unsigned_abs()))
        }
        _ => {
            let (a, b) = (parts(&exact_a).0, parts(&exact_b).0);
            Number::from(BigInt::from(divisor::greatest_common(
                a.magnitude().clone(),
                b.magnitude().clone(),
            )))
        }
    };
    Ok(as_inexact_as(a, b, divisor))
}

/// `lcm` of two integers, never negative; inexact when one of them is. The first may be what came of others and was too large for a float.
pub fn lcm(a: &Number, b: &Number) -> Result<Number, NumberError> {
    let exact_b = integer(b, 1)?;
    if matches!(a, Number::Float(x) if x.is_infinite()) {
        let multiple = if is_zero(&exact_b) {
            0.0
        } else {
            f64::INFINITY
        };
        return Ok(Number::Float(multiple));
    }
    let exact_a = integer(a, 0)?;
    if is_zero(&exact_a) || is_zero(&exact_b) {
        return Ok(as_inexact_as(a, b, Number::Int(0)));
    }
    let divisor = gcd(&exact_a, &exact_b)?;
    let multiple = abs(&mul(&quotient(&exact_a, &divisor)?, &exact_b));
    Ok(as_inexact_as(a, b, multiple))
}

fn as_inexact_as(a: &Number, b: &Number, result: Number) -> Number {
    match (a, b) {
        (Number::Float(_), _) | (_, Number::Float(_)) => inexact(&result),
        _ => result,
    }
}

// Fractions and rounding.

/// `numerator`, in lowest terms.
pub fn numerator(a: &Number) -> Result<Number, NumberError> {
    fraction_part(a, |value| value.numer())
}

/// `denominator`, in lowest terms and positive.
pub fn denominator(a: &Number) -> Result<Number, NumberError> {
    fraction_part(a, |value| value.denom())
}

fn fraction_part(a: &Number, part: fn(&Ratio<BigInt>) -> &BigInt) -> Result<Number, NumberError> {
    match a {
        Number::Rational(value) => Ok(Number::from(part(value).clone())),
        Number::Float(_) => Ok(inexact(&fraction_part(&exact(a)?, part)?)),
        _ => {
            let whole = Ratio::new_raw(parts(a).0.into_owned(), BigInt::one());
            Ok(Number::from(part(&whole).clone()))
        }
    }
}

/// The largest integer not above the number.
pub fn floor(a: &Number) -> Number {
    round_by(a, f64::floor, |numer, denom| numer.div_floor(denom))
}

/// The smallest integer not below the number.
pub fn ceiling(a: &Number) -> Number {
    round_by(a, f64::ceil, |numer, denom| numer.div_ceil(denom))
}

/// The integer part.
pub fn truncate(a: &Number) -> Number {
    round_by(a, f64::trunc, |numer, denom| numer / denom)
}

/// The nearest integer, the even one when two are equally near.
pub fn round(a: &Number) -> Number {
    round_by(a, f64::round_ties_even, |numer, denom| {
        let (below, rest) = numer.div_mod_floor(denom);
        let up = match (rest << 1_u32).cmp(denom) {
            std::cmp::Ordering::Less => false,
            std::cmp::Ordering::Equal => below.is_odd(),
            std::cmp::Ordering::Greater => true,
        };
        if up { below + 1 } else { below }
    })
}

fn round_by(a: &Number, float: fn(f64) -> f64, fraction: fn(&BigInt, &BigInt) -> BigInt) -> Number {
    match a {
        Number::Int(_) | Number::Big(_) => a.clone(),
        Number::Complex(z) => complex::by_parts(z, |x| round_by(x, float, fraction)),
        Number::Rational(value) => Number::from(fraction(value.numer(), value.denom())),
        Number::Float(value) => Number::from(float(*value)),
    }
}

// Predicates.

/// Whether it is exact.
pub fn is_exact(a: &Number) -> bool {
    match a {
        Number::Complex(z) => is_exact(z.parts().0),
        _ => !matches!(a, Number::Float(_)),
    }
}

/// Whether it is an exact integer.
pub fn is_exact_integer(a: &Number) -> bool {
    matches!(a, Number::Int(_) | Number::Big(_))
}

/// Whether its value is an integer, exact or not.
pub fn is_integer(a: &Number) -> bool {
    match a {
        Number::Int(_) | Number::Big(_) => true,
        Number::Rational(_) | Number::Complex(_) => false,
        Number::Float(value) => value.is_finite() && value.fract() == 0.0,
    }
}

/// Whether it is neither infinite nor not-a-number.
pub fn is_finite(a: &Number) -> bool {
    match a {
        Number::Complex(z) => is_finite(z.parts().0) && is_finite(z.parts().1),
        _ => !matches!(a, Number::Float(value) if !value.is_finite()),
    }
}

/// Whether it is one of the infinities.
pub fn is_infinite(a: &Number) -> bool {
    match a {
        Number::Complex(z) => is_infinite(z.parts().0) || is_infinite(z.parts().1),
        _ => matches!(a, Number::Float(value) if value.is_infinite()),
    }
}

/// Whether it is not-a-number.
pub fn is_nan(a: &Number) -> bool {
    match a {
        Number::Complex(z) => is_nan(z.parts().0) || is_nan(z.parts().1),
        _ => matches!(a, Number::Float(value) if value.is_nan()),
    }
}

/// Whether an integer is odd.
pub fn is_odd(a: &Number) -> Result<bool, NumberError> {
    Ok(match &*integer(a, 0)? {
        Number::Int(value) => value & 1 == 1,
        other => other.to_bigint().is_some_and(|value| value.is_odd()),
    })
}

/// The value as an `i64`, when it is an integer that fits, exact or not.
pub fn to_i64(a: &Number) -> Option<i64> {
    match a {
        Number::Int(value) => Some(*value),
        Number::Float(value) if value.fract() == 0.0 => super::convert::float_to_exact(*value)?
            .to_bigint()?
            .to_i64(),
        _ => None,
    }
}
