//! Numbers: exact integers of any size, exact rationals and IEEE doubles.
//!
//! Owns arithmetic, comparison, and the way between numbers and text. Everything is a pure function of its arguments and gives
//! the same result on every machine and in every build. Refuses to be surprised by size: whatever can grow has its price in
//! [`cost`], to be asked for before the work is done.

use num_bigint::BigInt;
use num_rational::Ratio;

/// An exact fraction of integers of any size.
pub type BigRational = Ratio<BigInt>;

/// A number in its normal form: `Int` whenever the value is an integer that fits, `Rational` only when the denominator is
/// greater than one, and at most one not-a-number. The functions of this module keep the form; so must whoever builds one by hand.
#[derive(Clone, Debug, PartialEq)]
pub enum Number {
    /// An exact integer that fits.
    Int(i64),
    /// An exact integer that does not fit an `i64`.
    Big(Box<BigInt>),
    /// An exact fraction in lowest terms, its denominator greater than one.
    Rational(Box<BigRational>),
    /// A double; its only not-a-number is [`NAN`].
    Float(f64),
}

/// The one not-a-number: quiet, positive, without payload.
pub const NAN: f64 = f64::from_bits(0x7ff8_0000_0000_0000);
