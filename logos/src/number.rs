//! Numbers: exact integers of any size, exact rationals, IEEE doubles, and complex numbers of all these.
//!
//! Owns arithmetic, comparison, and the way between numbers and text. Everything is a pure function of
//! its arguments and gives the same result on every machine and in every build. Refuses to be surprised
//! by size: whatever can grow has its price in [`cost`], to be asked for before the work is done.

mod arithmetic;
pub mod bits;
mod compare;
mod complex;
mod convert;
pub mod cost;
mod divisor;
mod parse;
mod power;
mod real;
mod text;

pub use arithmetic::{
    abs, add, ceiling, denominator, div, floor, floor_divide, floor_quotient, gcd, is_exact,
    is_exact_integer, is_finite, is_infinite, is_integer, is_nan, is_negative, is_odd, is_zero,
    lcm, modulo, mul, neg, numerator, quotient, remainder, round, sub, to_i64, truncate,
    truncate_divide,
};
pub use compare::{compare, total_order};
pub use complex::{
    Complex, angle, imaginary_part, is_complex, magnitude, polar, real_part, rectangular,
};
pub use convert::{exact, inexact, to_f64};
pub use parse::{EXACT_LITERAL_DIGITS_MAX, ParseError, has_form, parse, parse_literal};
pub use power::{exact_integer_sqrt, expt, sqrt};
pub use real::{acos, asin, atan, atan2, cos, exp, log, log_base, sin, tan};
pub use text::to_text;

use num_bigint::BigInt;
use num_rational::Ratio;
use num_traits::{One, Signed, ToPrimitive, Zero};
use std::borrow::Cow;

/// An exact fraction of integers of any size.
pub type BigRational = Ratio<BigInt>;

/// A number in its normal form: `Int` whenever the value is an integer that fits, `Rational` only when
/// the denominator is greater than one, and at most one not-a-number. The functions of this module keep
/// the form; so must whoever builds one by hand.
///
/// `==` is Scheme's `eqv?`: the same exactness and the same value, `0.0` differs from `-0.0` and
/// not-a-number equals itself. Numeric equality is [`compare()`].
#[derive(Clone, Debug)]
pub enum Number {
    /// An exact integer that fits.
    Int(i64),
    /// An exact integer that does not fit an `i64`.
    Big(Box<BigInt>),
    /// An exact fraction in lowest terms, its denominator greater than one.
    Rational(Box<BigRational>),
    /// A double; its only not-a-number is [`NAN`].
    Float(f64),
    /// A number with an imaginary part; made by [`rectangular`].
    Complex(Box<Complex>),
}

/// The one not-a-number: quiet, positive, without payload.
pub const NAN: f64 = f64::from_bits(0x7ff8_0000_0000_0000);

/// Why an operation has no result.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NumberError {
    /// A division by exact zero.
    DivideByZero,
    /// An argument (counted from 0) is not of the kind named, such as "an integer".
    WrongArgument {
        /// Which argument, from 0.
        position: usize,
        /// What it should have been, with its article.
        expected: &'static str,
    },
    /// The answer would have more than [`BITS_MAX`] bits.
    TooBig,
}

/// The largest size of an exact integer that an operation makes, in bits.
pub const BITS_MAX: u64 = 1 << 33;

impl PartialEq for Number {
    fn eq(&self, other: &Number) -> bool {
        match (self, other) {
            (Number::Int(a), Number::Int(b)) => a == b,
            (Number::Big(a), Number::Big(b)) => a == b,
            // The library's own comparison of fractions recurses.
            (Number::Rational(a), Number::Rational(b)) => {
                a.numer() == b.numer() && a.denom() == b.denom()
            }
            (Number::Float(a), Number::Float(b)) => a.to_bits() == b.to_bits(),
            (Number::Complex(a), Number::Complex(b)) => a == b,
            _ => false,
        }
    }
}

impl Eq for Number {}

impl From<i64> for Number {
    fn from(value: i64) -> Number {
        Number::Int(value)
    }
}

impl From<i128> for Number {
    fn from(value: i128) -> Number {
        match i64::try_from(value) {
            Ok(small) => Number::Int(small),
            Err(_) => Number::Big(Box::new(BigInt::from(value))),
        }
    }
}

impl From<u64> for Number {
    fn from(value: u64) -> Number {
        Number::from(i128::from(value))
    }
}

impl From<BigInt> for Number {
    fn from(value: BigInt) -> Number {
        match value.to_i64() {
            Some(small) => Number::Int(small),
            None => Number::Big(Box::new(value)),
        }
    }
}

impl From<f64> for Number {
    fn from(value: f64) -> Number {
        Number::Float(if value.is_nan() { NAN } else { value })
    }
}

impl Number {
    /// The fraction `numerator / denominator`, in lowest terms; `None` when the denominator is zero.
    pub fn fraction(numerator: BigInt, denominator: BigInt) -> Option<Number> {
        if denominator.is_zero() {
            return None;
        }
        let divisor = divisor::greatest_common(
            numerator.magnitude().clone(),
            denominator.magnitude().clone(),
        );
        let mut divisor = BigInt::from(divisor);
        if denominator.is_negative() {
            divisor = -divisor;
        }
        if divisor.is_one() {
            return Some(Number::lowest(numerator, denominator));
        }
        Some(Number::lowest(numerator / &divisor, denominator / &divisor))
    }

    /// A fraction known to be in lowest terms with a positive denominator.
    pub(crate) fn lowest(numerator: BigInt, denominator: BigInt) -> Number {
        if denominator.is_one() {
            return Number::from(numerator);
        }
        Number::Rational(Box::new(Ratio::new_raw(numerator, denominator)))
    }

    /// The exact integer as a big one; `None` for anything else.
    pub fn to_bigint(&self) -> Option<Cow<'_, BigInt>> {
        match self {
            Number::Int(value) => Some(Cow::Owned(BigInt::from(*value))),
            Number::Big(value) => Some(Cow::Borrowed(value)),
            _ => None,
        }
    }

    /// Numerator and denominator of an exact real number; `None` for any other.
    pub fn to_fraction(&self) -> Option<(Cow<'_, BigInt>, Cow<'_, BigInt>)> {
        match self {
            Number::Rational(value) => {
                Some((Cow::Borrowed(value.numer()), Cow::Borrowed(value.denom())))
            }
            _ => Some((self.to_bigint()?, Cow::Owned(BigInt::one()))),
        }
    }
}

#[cfg(test)]
mod tests;
