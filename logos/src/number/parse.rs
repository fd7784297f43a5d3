//! Text to numbers: all number syntaxes of R7RS 7.1.1.
//!
//! Decimals become the nearest double. Beyond the report, a radix other than ten may have a point
//! (`#b0.1`), so that what `number->string` writes can be read again; it has no exponents. The letters
//! by which older reports ask for a precision, as in `1s2`, mean what `e` means: there is one precision.

use super::convert::fraction_to_f64;
use super::{NAN, Number, exact, polar, rectangular};
use num_bigint::{BigInt, BigUint, Sign};
use num_traits::{One, Zero};

/// The most digits, in any radix, of an exact number written in a program, and the furthest an exponent
/// can move the point of one; also the furthest for `string->number`.
pub const EXACT_LITERAL_DIGITS_MAX: usize = 100_000;

/// Why a text is no number.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ParseError {
    /// It does not have the form of one.
    NotANumber,
    /// It has the form of a fraction, and its denominator is zero.
    DivideByZero,
    /// It is exact and would be larger than the maximum.
    TooBig,
}

/// Whether a prefix asks for an exact or inexact number.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Exactness {
    AsWritten,
    Exact,
    Inexact,
}

/// `string->number`: the number that `text` writes in `radix` (2 to 36) unless a prefix says otherwise.
pub fn parse(text: &str, radix: u32) -> Result<Number, ParseError> {
    parse_with(text, radix, usize::MAX)
}

/// A number in a program: in radix ten, and an exact one has at most [`EXACT_LITERAL_DIGITS_MAX`] digits.
pub fn parse_literal(text: &str) -> Result<Number, ParseError> {
    parse_with(text, 10, EXACT_LITERAL_DIGITS_MAX)
}

/// Whether a text has the form of a number, without the work of reading many digits.
pub fn has_form(text: &str) -> bool {
    !matches!(parse_with(text, 10, 0), Err(ParseError::NotANumber))
}

fn parse_with(text: &str, radix: u32, digits_max: usize) -> Result<Number, ParseError> {
    let (rest, radix, exactness) = prefixes(text, radix)?;
    if !(2..=36).contains(&radix) {
        return Err(ParseError::NotANumber);
    }
    let real = |text| parse_real(text, radix, exactness, digits_max);
    if let Some((magnitude, angle)) = rest.split_once('@') {
        let number = polar(&real(magnitude)?, &real(angle)?);
        return match exactness {
            Exactness::Exact => exact(&number).map_err(|_| ParseError::NotANumber),
            _ => Ok(number),
        };
    }
    let Some((before, imaginary)) = imaginary_split(rest, radix) else {
        return real(rest);
    };
    let before = if before.is_empty() {
        Number::Int(0)
    } else {
        real(before)?
    };
    let imaginary = match imaginary {
        "+" => real("+1")?,
        "-" => real("-1")?,
        _ => real(imaginary)?,
    };
    Ok(rectangular(before, imaginary))
}

/// Splits what ends in `i` at the sign of its imaginary part. Where `i` is a digit there are no such numbers.
fn imaginary_split(text: &str, radix: u32) -> Option<(&str, &str)> {
    const RADIX_MAX: u32 = 18;
    let body = text.strip_suffix(['i', 'I'])?;
    if radix > RADIX_MAX {
        return None;
    }
    let bytes = body.as_bytes();
    let is_exponents = |at: usize| {
        radix == 10
            && at >= 2
            && is_exponent_marker(char::from(bytes[at - 1]))
            && (bytes[at - 2].is_ascii_digit() || bytes[at - 2] == b'.')
    };
    let at = (0..bytes.len())
        .rev()
        .find(|&at| matches!(bytes[at], b'+' | b'-') && !is_exponents(at))?;
    Some(body.split_at(at))
}

fn parse_real(
    rest: &str,
    radix: u32,
    exactness: Exactness,
    digits_max: usize,
) -> Result<Number, ParseError> {
    if let Some(value) = special(rest) {
        return match exactness {
            Exactness::Exact => Err(ParseError::NotANumber),
            _ => Ok(Number::Float(value)),
        };
    }
    let (negative, digits) = match rest.as_bytes().first() {
        Some(b'-') => (true, &rest[1..]),
        Some(b'+') => (false, &rest[1..]),
        _ => (false, rest),
    };
    if let Some((numerator, denominator)) = digits.split_once('/') {
        return fraction(
            negative,
            [numerator, denominator],
            radix,
            exactness,
            digits_max,
        );
    }
    if exactness != Exactness::Inexact && is_digits(digits, radix) {
        return integer(negative, digits, radix, digits_max);
    }
    let decimal = Decimal::split(digits, radix).ok_or(ParseError::NotANumber)?;
    match exactness {
        Exactness::Exact => decimal.to_exact(negative, radix, digits_max),
        _ => Ok(decimal.to_float(negative, radix)),
    }
}

/// Takes `#x`, `#e` and the like off, each kind at most once, in either order.
fn prefixes(text: &str, radix: u32) -> Result<(&str, u32, Exactness), ParseError> {
    let (mut rest, mut found_radix, mut exactness) = (text, None, None);
    while let Some(after) = rest.strip_prefix('#') {
        let letter = after.chars().next().ok_or(ParseError::NotANumber)?;
        let is_new = match letter.to_ascii_lowercase() {
            'x' => found_radix.replace(16).is_none(),
            'd' => found_radix.replace(10).is_none(),
            'o' => found_radix.replace(8).is_none(),
            'b' => found_radix.replace(2).is_none(),
            'e' => exactness.replace(Exactness::Exact).is_none(),
            'i' => exactness.replace(Exactness::Inexact).is_none(),
            _ => false,
        };
        if !is_new {
            return Err(ParseError::NotANumber);
        }
        rest = &after[1..];
    }
    Ok((
        rest,
        found_radix.unwrap_or(radix),
        exactness.unwrap_or(Exactness::AsWritten),
    ))
}

fn special(text: &str) -> Option<f64> {
    const SPECIAL: [(&str, f64); 4] = [
        ("+inf.0", f64::INFINITY),
        ("-inf.0", f64::NEG_INFINITY),
        ("+nan.0", NAN),
        ("-nan.0", NAN),
    ];
    SPECIAL
        .iter()
        .find(|(name, _)| text.eq_ignore_ascii_case(name))
        .map(|&(_, value)| value)
}

fn is_digits(text: &str, radix: u32) -> bool {
    !text.is_empty() && text.bytes().all(|byte| char::from(byte).is_digit(radix))
}

fn integer(
    negative: bool,
    digits: &str,
    radix: u32,
    digits_max: usize,
) -> Result<Number, ParseError> {
    // The usual case needs no big integer.
    if digits.len() <= 18
        && let Ok(value) = i64::from_str_radix(digits, radix)
    {
        return Ok(Number::Int(if negative { -value } else { value }));
    }
    if digits.len() > digits_max {
        return Err(ParseError::TooBig);
    }
    let magnitude = digits_to_integer(digits.as_bytes(), radix);
    Ok(Number::from(BigInt::from_biguint(
        sign(negative),
        magnitude,
    )))
}

fn fraction(
    negative: bool,
    parts: [&str; 2],
    radix: u32,
    exactness: Exactness,
    digits_max: usize,
) -> Result<Number, ParseError> {
    if !parts.iter().all(|part| is_digits(part, radix)) {
        return Err(ParseError::NotANumber);
    }
    if parts.iter().any(|part| part.len() > digits_max) {
        return Err(ParseError::TooBig);
    }
    let [numerator, denominator] = parts.map(|part| digits_to_integer(part.as_bytes(), radix));
    if denominator.is_zero() {
        return Err(ParseError::DivideByZero);
    }
    if exactness == Exactness::Inexact {
        let magnitude = fraction_to_f64(&numerator, &denominator);
        return Ok(Number::Float(if negative { -magnitude } else { magnitude }));
    }
    let numerator = BigInt::from_biguint(sign(negative), numerator);
    Number::fraction(numerator, denominator.into()).ok_or(ParseError::DivideByZero)
}

fn sign(negative: bool) -> Sign {
    if negative { Sign::Minus } else { Sign::Plus }
}

/// Whether a letter stands before the exponent of a decimal.
pub(super) fn is_exponent_marker(letter: char) -> bool {
    matches!(letter.to_ascii_lowercase(), 'e' | 's' | 'f' | 'd' | 'l')
}

/// `whole.part e exponent`, without its sign.
struct Decimal<'a> {
    mantissa: &'a str,
    whole: &'a str,
    part: &'a str,
    exponent: i64,
}

impl Decimal<'_> {
    /// Takes an unsigned decimal apart; `None` when it is none.
    fn split(text: &str, radix: u32) -> Option<Decimal<'_>> {
        let marker = if radix == 10 {
            text.find(is_exponent_marker)
        } else {
            None
        };
        let (mantissa, exponent) = match marker {
            Some(at) => (&text[..at], parse_exponent(&text[at + 1..])?),
            None => (text, 0),
        };
        let (whole, part) = mantissa.split_once('.').unwrap_or((mantissa, ""));
        let is_valid = |digits: &str| digits.is_empty() || is_digits(digits, radix);
        if (whole.is_empty() && part.is_empty()) || !is_valid(whole) || !is_valid(part) {
            return None;
        }
        Some(Decimal {
            mantissa,
            whole,
            part,
            exponent,
        })
    }

    fn to_float(&self, negative: bool, radix: u32) -> Number {
        let magnitude = if radix == 10 {
            // The standard library rounds correctly, whatever the length.
            let written = match self.exponent {
                0 => self.mantissa.parse(),
                exponent => format!("{}e{exponent}", self.mantissa).parse(),
            };
            written.unwrap_or(NAN)
        } else {
            let denominator = BigUint::from(radix).pow(self.part.len() as u32);
            fraction_to_f64(&self.digits(radix), &denominator)
        };
        Number::Float(if negative { -magnitude } else { magnitude })
    }

    fn to_exact(
        &self,
        negative: bool,
        radix: u32,
        digits_max: usize,
    ) -> Result<Number, ParseError> {
        let length = self.whole.len() + self.part.len();
        let digits = self.digits_if(length <= digits_max, radix)?;
        if digits.is_zero() {
            return Ok(Number::Int(0));
        }
        let scale = self.exponent.saturating_sub(self.part.len() as i64);
        let moved = usize::try_from(scale.unsigned_abs()).unwrap_or(usize::MAX);
        // Digits after the point were paid for with the text; only an exponent adds to them.
        if moved > EXACT_LITERAL_DIGITS_MAX.max(self.part.len()) {
            return Err(ParseError::TooBig);
        }
        let power = BigUint::from(radix).pow(moved as u32);
        let numerator = BigInt::from_biguint(sign(negative), digits);
        if scale >= 0 {
            return Ok(Number::from(numerator * BigInt::from(power)));
        }
        Number::fraction(numerator, power.into()).ok_or(ParseError::DivideByZero)
    }

    fn digits_if(&self, allowed: bool, radix: u32) -> Result<BigUint, ParseError> {
        if allowed {
            Ok(self.digits(radix))
        } else {
            Err(ParseError::TooBig)
        }
    }

    fn digits(&self, radix: u32) -> BigUint {
        let digits: Vec<u8> = self.whole.bytes().chain(self.part.bytes()).collect();
        digits_to_integer(&digits, radix)
    }
}

/// A decimal exponent, saturating; `None` when it is none.
fn parse_exponent(text: &str) -> Option<i64> {
    let digits = text.strip_prefix(['+', '-']).unwrap_or(text);
    if !is_digits(digits, 10) {
        return None;
    }
    let value = digits.bytes().fold(0_i64, |sum, digit| {
        sum.saturating_mul(10)
            .saturating_add(i64::from(digit - b'0'))
    });
    Some(if text.starts_with('-') { -value } else { value })
}

/// How many digits are turned into an integer at once; longer texts are put together by halves.
const CHUNK_DIGITS: usize = 512;

/// The integer that valid ASCII digits write. Chunks are combined in pairs, so that nearly all work is
/// in large multiplications.
fn digits_to_integer(digits: &[u8], radix: u32) -> BigUint {
    let chunk = |digits: &[u8]| BigUint::parse_bytes(digits, radix).unwrap_or_default();
    if digits.len() <= CHUNK_DIGITS || radix.is_power_of_two() {
        return chunk(digits);
    }
    // Least significant first.
    let mut parts: Vec<BigUint> = digits.rchunks(CHUNK_DIGITS).map(chunk).collect();
    let mut power = BigUint::from(radix).pow(CHUNK_DIGITS as u32);
    while parts.len() > 1 {
        let pairs = parts.chunks(2).map(|pair| match pair {
            [low, high] => high * &power + low,
            _ => pair[0].clone(),
        });
        parts = pairs.collect();
        if parts.len() > 1 {
            power = &power * &power;
        }
    }
    parts.pop().unwrap_or_else(BigUint::one)
}
