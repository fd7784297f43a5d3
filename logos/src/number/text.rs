//! Numbers to text.
//!
//! A double is written with the fewest digits that read back as the same double. In radix ten, values
//! from `1e-6` up to but not including `1e21` are written with a point and no exponent, and always with a
//! digit on both sides (`1.0`, `0.001`, `123456789012345680000.0`); others as `1e21`, `1.5e-7`. In other
//! radices there is never an exponent.

use super::convert::decode;
use super::{Complex, Number};
use num_bigint::{BigInt, BigUint};
use num_integer::Integer;
use num_traits::{One, ToPrimitive, Zero};
use std::fmt;

/// `number->string`: the number in `radix`, which is brought into 2 to 36; digits above nine are small letters.
pub fn to_text(number: &Number, radix: u32) -> String {
    let radix = radix.clamp(2, 36);
    match number {
        Number::Int(value) if radix == 10 => value.to_string(),
        Number::Int(value) => BigInt::from(*value).to_str_radix(radix),
        Number::Big(value) => value.to_str_radix(radix),
        Number::Rational(value) => {
            let mut text = value.numer().to_str_radix(radix);
            text.push('/');
            text.push_str(&value.denom().to_str_radix(radix));
            text
        }
        Number::Float(value) => float_to_text(*value, radix),
        Number::Complex(z) => complex_to_text(z, radix),
    }
}

/// A real part of exact zero and an imaginary part of exact one are not written.
fn complex_to_text(z: &Complex, radix: u32) -> String {
    let (real, imaginary) = z.parts();
    let mut text = String::new();
    if *real != Number::Int(0) {
        text.push_str(&to_text(real, radix));
    }
    match imaginary {
        Number::Int(1) => text.push('+'),
        Number::Int(-1) => text.push('-'),
        _ => {
            let part = to_text(imaginary, radix);
            if !part.starts_with(['+', '-']) {
                text.push('+');
            }
            text.push_str(&part);
        }
    }
    text.push('i');
    text
}

impl fmt::Display for Number {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&to_text(self, 10))
    }
}

fn float_to_text(value: f64, radix: u32) -> String {
    if value.is_nan() {
        return "+nan.0".to_string();
    }
    let sign = if value.is_sign_negative() { "-" } else { "" };
    if value.is_infinite() {
        return if sign.is_empty() {
            "+inf.0".to_string()
        } else {
            "-inf.0".to_string()
        };
    }
    if value == 0.0 {
        return format!("{sign}0.0");
    }
    if radix == 10 {
        let (digits, point) = decimal_digits(value.abs());
        if !(-5..=21).contains(&point) {
            return scientific(sign, &digits, point - 1);
        }
        return positional(sign, &digits, point);
    }
    let (digits, point) = shortest_digits(value.abs(), radix);
    positional(sign, &digits, point)
}

/// The shortest digits and where the point stands among them: `0.digits · 10^point`.
fn decimal_digits(value: f64) -> (String, i32) {
    // The standard library writes the shortest digits that read back, the nearest of those.
    let text = format!("{value:e}");
    let (mantissa, exponent) = text.split_once('e').unwrap_or((&text, "0"));
    let digits = mantissa.replace('.', "");
    (digits, exponent.parse::<i32>().unwrap_or(0) + 1)
}

fn positional(sign: &str, digits: &str, point: i32) -> String {
    let count = digits.len() as i32;
    if point <= 0 {
        let zeros = "0".repeat(point.unsigned_abs() as usize);
        return format!("{sign}0.{zeros}{digits}");
    }
    if point >= count {
        let zeros = "0".repeat((point - count) as usize);
        return format!("{sign}{digits}{zeros}.0");
    }
    let (whole, part) = digits.split_at(point as usize);
    format!("{sign}{whole}.{part}")
}

fn scientific(sign: &str, digits: &str, exponent: i32) -> String {
    let (first, rest) = digits.split_at(1);
    let point = if rest.is_empty() { "" } else { "." };
    format!("{sign}{first}{point}{rest}e{exponent}")
}

/// The shortest digits of a positive double in any radix, and where the point stands: Steele and White's
/// free-format algorithm as in Dybvig, "Printing Floating-Point Numbers Quickly and Accurately" (1996).
fn shortest_digits(value: f64, radix: u32) -> (String, i32) {
    let (mantissa, exponent) = decode(value).unwrap_or((0, 0));
    let is_even = mantissa % 2 == 0;
    // At a power of two the gap below is half of the gap above.
    let narrow = mantissa == 1 << 52 && exponent > -1074;
    let scale = BigUint::one() << exponent.unsigned_abs();
    let one = BigUint::one();
    let (mut rest, mut unit, mut above) = if exponent >= 0 {
        (
            BigUint::from(mantissa.unsigned_abs()) * &scale * 2_u32,
            BigUint::from(2_u32),
            scale,
        )
    } else {
        (
            BigUint::from(mantissa.unsigned_abs()) * 2_u32,
            scale * 2_u32,
            one,
        )
    };
    let mut below = above.clone();
    if narrow {
        (rest, unit, above) = (rest * 2_u32, unit * 2_u32, above * 2_u32);
    }
    let reaches = |sum: &BigUint, unit: &BigUint| if is_even { sum >= unit } else { sum > unit };
    let mut point = 0;
    while reaches(&(&rest + &above), &unit) {
        unit *= radix;
        point += 1;
    }
    while !reaches(&((&rest + &above) * radix), &unit) {
        (rest, above, below) = (rest * radix, above * radix, below * radix);
        point -= 1;
    }
    let mut digits = String::new();
    loop {
        let (digit, left) = (&rest * radix).div_rem(&unit);
        (rest, above, below) = (left, above * radix, below * radix);
        let low = if is_even { rest <= below } else { rest < below };
        let high = reaches(&(&rest + &above), &unit);
        let up = match (low, high) {
            (true, true) => &rest * 2_u32 >= unit,
            (_, high) => high,
        };
        let digit = digit.to_u32().unwrap_or(0) + u32::from(up);
        digits.push(char::from_digit(digit, radix).unwrap_or('0'));
        if low || high || rest.is_zero() {
            return (digits, point);
        }
    }
}
