//! Exact integers as endless rows of bits, negative ones in two's complement (SRFI 151).

use super::{BITS_MAX, Number, NumberError};
use num_bigint::BigInt;
use num_traits::Signed;
use std::borrow::Cow;

/// The bits set in both.
pub fn and(a: &Number, b: &Number) -> Result<Number, NumberError> {
    both(a, b, |a, b| a & b, |a, b| a & b)
}

/// The bits set in at least one.
pub fn or(a: &Number, b: &Number) -> Result<Number, NumberError> {
    both(a, b, |a, b| a | b, |a, b| a | b)
}

/// The bits set in exactly one.
pub fn xor(a: &Number, b: &Number) -> Result<Number, NumberError> {
    both(a, b, |a, b| a ^ b, |a, b| a ^ b)
}

fn both(
    a: &Number,
    b: &Number,
    small: fn(i64, i64) -> i64,
    big: fn(&BigInt, &BigInt) -> BigInt,
) -> Result<Number, NumberError> {
    if let (Number::Int(a), Number::Int(b)) = (a, b) {
        return Ok(Number::Int(small(*a, *b)));
    }
    Ok(Number::from(big(&*integer(a, 0)?, &*integer(b, 1)?)))
}

fn integer(a: &Number, position: usize) -> Result<Cow<'_, BigInt>, NumberError> {
    a.to_bigint().ok_or(NumberError::WrongArgument {
        position,
        expected: "an exact integer",
    })
}

/// The other bits: `-1 - a`.
pub fn not(a: &Number) -> Result<Number, NumberError> {
    match a {
        Number::Int(a) => Ok(Number::Int(!a)),
        _ => Ok(Number::from(!&*integer(a, 0)?)),
    }
}

/// `a · 2^count`, rounded down.
pub fn shift(a: &Number, count: &Number) -> Result<Number, NumberError> {
    let value = integer(a, 0)?;
    let none_left = if value.is_negative() {
        Number::Int(-1)
    } else {
        Number::Int(0)
    };
    let count = match count {
        Number::Int(count) => *count,
        Number::Big(count) if count.is_negative() => return Ok(none_left),
        Number::Big(_) if *a == Number::Int(0) => return Ok(Number::Int(0)),
        Number::Big(_) => return Err(NumberError::TooBig),
        _ => {
            return Err(NumberError::WrongArgument {
                position: 1,
                expected: "an exact integer",
            });
        }
    };
    if *a == Number::Int(0) {
        return Ok(Number::Int(0));
    }
    if count <= 0 {
        if count.unsigned_abs() >= value.bits() {
            return Ok(none_left);
        }
        return Ok(Number::from(&*value >> count.unsigned_abs()));
    }
    if value.bits().saturating_add(count.unsigned_abs()) > BITS_MAX {
        return Err(NumberError::TooBig);
    }
    Ok(Number::from(&*value << count))
}

/// The number of ones of a number that is not negative, of zeros of one that is.
pub fn bit_count(a: &Number) -> Result<Number, NumberError> {
    match a {
        Number::Int(a) => Ok(Number::Int(i64::from((a ^ (a >> 63)).count_ones()))),
        _ => Ok(Number::from(magnitude(a)?.magnitude().count_ones())),
    }
}

/// How many bits are needed besides the sign.
pub fn integer_length(a: &Number) -> Result<Number, NumberError> {
    match a {
        Number::Int(a) => Ok(Number::Int(i64::from(64 - (a ^ (a >> 63)).leading_zeros()))),
        _ => Ok(Number::from(magnitude(a)?.bits())),
    }
}

/// The number itself, or the complement of a negative one.
fn magnitude(a: &Number) -> Result<Cow<'_, BigInt>, NumberError> {
    let value = integer(a, 0)?;
    Ok(if value.is_negative() {
        Cow::Owned(!&*value)
    } else {
        value
    })
}
