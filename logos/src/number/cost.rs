//! What an operation on numbers will cost, known before it is done.
//!
//! Work is in units of about one limb operation (one to four nanoseconds here), bytes are an upper bound of
//! what the result takes. Both are computed from the sizes alone, in 64-bit limbs whatever the machine, with
//! saturating arithmetic, so they are equal everywhere and none of them overflows. The algorithms are those
//! of `num-bigint`: long multiplication up to 32 limbs, then Karatsuba and Toom-3 (priced as Karatsuba),
//! division and conversion to text by divide and conquer.

mod complex;

use super::compare::lead;
use super::convert::decode;
use super::parse::{EXACT_LITERAL_DIGITS_MAX, is_exponent_marker};
use super::{BITS_MAX, Complex, Number, is_complex, is_exact, is_negative};
use num_bigint::BigInt;

/// The price of an operation.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Cost {
    /// Units of work.
    pub work: u64,
    /// The most bytes the result takes besides its own word: 0 for what fits in 64 bits.
    pub bytes: u64,
}

impl Cost {
    /// More than anyone can pay.
    pub const IMPOSSIBLE: Cost = Cost {
        work: u64::MAX,
        bytes: u64::MAX,
    };

    fn limbs(work: u64, limbs: u64) -> Cost {
        Cost {
            work,
            bytes: bytes(limbs),
        }
    }
}

/// What any operation costs at least.
const BASE: u64 = 40;
/// Numerator and denominator of a double have at most this many limbs.
const FLOAT_LIMBS: u64 = 18;

/// Words of a complex number besides its parts.
const COMPLEX_WORDS: u64 = 3;

/// The limbs of a numerator and a denominator.
#[derive(Clone, Copy)]
struct Size {
    numer: u64,
    denom: u64,
}

fn limbs_of(value: &BigInt) -> u64 {
    value.bits().div_ceil(64).max(1)
}

fn size(a: &Number) -> Size {
    match a {
        Number::Int(_) | Number::Float(_) => Size { numer: 1, denom: 1 },
        Number::Big(value) => Size {
            numer: limbs_of(value),
            denom: 1,
        },
        Number::Rational(value) => Size {
            numer: limbs_of(value.numer()),
            denom: limbs_of(value.denom()),
        },
        Number::Complex(z) => {
            let (x, y) = (size(z.parts().0), size(z.parts().1));
            Size {
                numer: x.numer + y.numer,
                denom: x.denom + y.denom,
            }
        }
    }
}

/// The price of both parts together.
fn both(z: &Complex, price: impl Fn(&Number) -> Cost) -> Cost {
    let (x, y) = (price(z.parts().0), price(z.parts().1));
    Cost {
        work: sum(&[x.work, y.work]),
        bytes: sum_of_bytes(&[x.bytes, y.bytes, bytes(COMPLEX_WORDS)]),
    }
}

fn is_float(a: &Number) -> bool {
    matches!(a, Number::Float(_))
}

fn is_rational(a: &Number) -> bool {
    matches!(a, Number::Rational(_))
}

/// The bytes that a number takes besides its own word; 0 for small integers and doubles.
pub fn size_in_bytes(a: &Number) -> u64 {
    match a {
        Number::Int(_) | Number::Float(_) => 0,
        Number::Complex(z) => {
            let (real, imaginary) = z.parts();
            bytes(COMPLEX_WORDS) + size_in_bytes(real) + size_in_bytes(imaginary)
        }
        _ => bytes(size_in_limbs(a)),
    }
}

/// The limbs of a number, those of numerator and denominator together; 1 for small integers and doubles.
pub fn size_in_limbs(a: &Number) -> u64 {
    let size = size(a);
    if is_rational(a) || is_complex(a) {
        size.numer + size.denom
    } else {
        size.numer
    }
}

fn bytes(limbs: u64) -> u64 {
    limbs.saturating_mul(8)
}

// The algorithms beneath.

/// Multiplication of `n` by `m` limbs.
fn times(n: u64, m: u64) -> u64 {
    const LONG_MAX: u64 = 32;
    let (large, small) = (n.max(m), n.min(m));
    if small <= LONG_MAX {
        return large.saturating_mul(small);
    }
    // Karatsuba on `small` limbs costs three times as much for each doubling; quadratic in between.
    let mut square = LONG_MAX * LONG_MAX;
    let mut length = LONG_MAX;
    while length * 2 <= small {
        square = square.saturating_mul(3);
        length *= 2;
    }
    let small_square = u128::from(square) * u128::from(small) * u128::from(small)
        / (u128::from(length) * u128::from(length));
    let small_square = u64::try_from(small_square).unwrap_or(u64::MAX);
    small_square.saturating_mul(large.div_ceil(small))
}

/// Division of `n` by `m` limbs.
fn divided(n: u64, m: u64) -> u64 {
    let quotient = n.saturating_sub(m).saturating_add(1);
    times(quotient, m)
        .saturating_mul(3)
        .saturating_add(n.saturating_mul(4))
        .saturating_add(BASE)
}

/// The greatest common divisor of `n` and `m` limbs.
fn common_divisor(n: u64, m: u64) -> u64 {
    let (large, small) = (n.max(m), n.min(m));
    if large == 1 {
        return 100;
    }
    let square = small.saturating_mul(small).saturating_mul(8);
    divided(large, small)
        .saturating_add(square)
        .saturating_add(small.saturating_mul(1000))
}

fn sum_of_bytes(parts: &[u64]) -> u64 {
    parts
        .iter()
        .fold(0, |sum: u64, &part| sum.saturating_add(part))
}

fn sum(parts: &[u64]) -> u64 {
    parts
        .iter()
        .fold(BASE, |sum, &part| sum.saturating_add(part))
}

// The operations.

/// `add` and `sub`.
pub fn add(a: &Number, b: &Number) -> Cost {
    if is_complex(a) || is_complex(b) {
        return complex::operation(a, b, complex::PRODUCT);
    }
    if is_float(a) || is_float(b) {
        return Cost::limbs(sum(&[inexact(a).work, inexact(b).work]), 0);
    }
    let (x, y) = (size(a), size(b));
    if !is_rational(a) && !is_rational(b) {
        let limbs = x.numer.max(y.numer) + 1;
        return Cost::limbs(sum(&[limbs]), limbs);
    }
    let numer = (x.numer + y.denom).max(y.numer + x.denom) + 1;
    let denom = x.denom + y.denom;
    let products = [
        times(x.numer, y.denom),
        times(y.numer, x.denom),
        times(x.denom, y.denom),
    ];
    let mut work = sum(&products).saturating_add(numer);
    if is_rational(a) && is_rational(b) {
        work = sum(&[work, reduction(numer, denom)]);
    }
    Cost::limbs(work, numer + denom)
}

/// Bringing a fraction into lowest terms.
fn reduction(numer: u64, denom: u64) -> u64 {
    let divisor = numer.min(denom);
    sum(&[
        common_divisor(numer, denom),
        worst_divided(numer, divisor),
        worst_divided(denom, divisor),
    ])
}

/// Division of `n` limbs by at most `m` limbs: dearest in the middle.
fn worst_divided(n: u64, m: u64) -> u64 {
    divided(n, m.min(n.div_ceil(2)))
}

/// `mul`.
pub fn mul(a: &Number, b: &Number) -> Cost {
    if is_complex(a) || is_complex(b) {
        return complex::operation(a, b, complex::PRODUCT);
    }
    if is_float(a) || is_float(b) {
        return add(a, b);
    }
    let (x, y) = (size(a), size(b));
    if !is_rational(a) && !is_rational(b) {
        return Cost::limbs(sum(&[times(x.numer, y.numer)]), x.numer + y.numer);
    }
    fraction_product(x, y)
}

fn fraction_product(x: Size, y: Size) -> Cost {
    let mut work = sum(&[times(x.numer, y.numer), times(x.denom, y.denom)]);
    for (numer, denom) in [(x.numer, y.denom), (y.numer, x.denom)] {
        work = work.saturating_add(reduction(numer, denom));
    }
    Cost::limbs(work, x.numer + x.denom + y.numer + y.denom)
}

/// `div`.
pub fn div(a: &Number, b: &Number) -> Cost {
    if is_complex(a) || is_complex(b) {
        return complex::operation(a, b, complex::QUOTIENT);
    }
    if is_float(a) || is_float(b) {
        return add(a, b);
    }
    let (x, y) = (size(a), size(b));
    fraction_product(
        x,
        Size {
            numer: y.denom,
            denom: y.numer,
        },
    )
}

/// The limbs of the exact integer equal to a number.
fn exact_limbs(a: &Number) -> u64 {
    match a {
        Number::Float(value) if value.abs() >= 9e18 => FLOAT_LIMBS,
        _ => size(a).numer,
    }
}

/// All divisions with remainder.
pub fn divide(a: &Number, b: &Number) -> Cost {
    let (n, m) = (exact_limbs(a), exact_limbs(b));
    let conversions = if is_float(a) || is_float(b) { 150 } else { 0 };
    Cost::limbs(sum(&[divided(n, m), conversions]), n.max(m) + 1)
}

/// `gcd`.
pub fn gcd(a: &Number, b: &Number) -> Cost {
    let (n, m) = (exact_limbs(a), exact_limbs(b));
    Cost::limbs(sum(&[common_divisor(n, m)]), n.max(m))
}

/// `lcm`.
pub fn lcm(a: &Number, b: &Number) -> Cost {
    let (n, m) = (exact_limbs(a), exact_limbs(b));
    let work = sum(&[
        common_divisor(n, m),
        worst_divided(n, n.min(m)),
        times(n, m),
    ]);
    Cost::limbs(work, n + m)
}

/// `compare`, `total_order`.
pub fn compare(a: &Number, b: &Number) -> u64 {
    if let (Number::Complex(x), Number::Complex(y)) = (a, b) {
        let ((a, b), (c, d)) = (x.parts(), y.parts());
        return compare(a, c).saturating_add(compare(b, d));
    }
    if let (Number::Complex(z), real) | (real, Number::Complex(z)) = (a, b) {
        return compare(z.parts().0, real);
    }
    let full = |a: &Number| match a {
        Number::Float(_) => Size {
            numer: FLOAT_LIMBS,
            denom: FLOAT_LIMBS,
        },
        _ => size(a),
    };
    if !is_rational(a) && !is_rational(b) {
        return sum(&[size(a).numer.min(size(b).numer)]);
    }
    if size_decides(a, b) {
        return BASE;
    }
    let (x, y) = (full(a), full(b));
    sum(&[times(x.numer, y.denom), times(y.numer, x.denom)])
}

/// Whether signs or lengths tell two exact numbers apart.
fn size_decides(a: &Number, b: &Number) -> bool {
    let (Some((a_numer, a_denom)), Some((b_numer, b_denom))) = (a.to_fraction(), b.to_fraction())
    else {
        return false;
    };
    a_numer.sign() != b_numer.sign()
        || (lead(&a_numer, &a_denom) - lead(&b_numer, &b_denom)).abs() >= 2
}

/// `neg`, `abs`, `floor` and the other roundings, `numerator`, `denominator`, `exact`, `bit_count`, `integer_length`, `not`.
pub fn unary(a: &Number) -> Cost {
    if let Number::Complex(z) = a {
        return both(z, unary);
    }
    let Size { numer, denom } = size(a);
    match a {
        Number::Float(_) => Cost::limbs(BASE + 2 * FLOAT_LIMBS, 2 * FLOAT_LIMBS),
        Number::Rational(_) => Cost::limbs(sum(&[divided(numer, denom), denom]), numer + denom),
        _ => Cost::limbs(sum(&[numer]), numer + 1),
    }
}

/// `inexact`, and what every operation pays to join an exact number with a float.
pub fn inexact(a: &Number) -> Cost {
    if let Number::Complex(z) = a {
        return both(z, inexact);
    }
    let Size { numer, denom } = size(a);
    let work = if is_rational(a) {
        8 * (numer + denom) + 100
    } else {
        numer
    };
    Cost::limbs(sum(&[work]), 0)
}

/// `exp`, `log`, `sin` and the others of one argument; twice that for two.
pub fn transcendental(a: &Number) -> Cost {
    if is_complex(a) {
        return Cost::limbs(sum(&[300, inexact(a).work]), COMPLEX_WORDS);
    }
    // Of a real number too, the answer may be complex.
    Cost::limbs(sum(&[50, inexact(a).work]), COMPLEX_WORDS)
}

/// `bits::and`, `or`, `xor`.
pub fn bitwise(a: &Number, b: &Number) -> Cost {
    let limbs = size(a).numer.max(size(b).numer) + 1;
    Cost::limbs(sum(&[4 * limbs]), limbs)
}

/// `bits::shift`; [`Cost::IMPOSSIBLE`] when the result would pass [`BITS_MAX`].
pub fn shift(a: &Number, count: &Number) -> Cost {
    let limbs = size(a).numer;
    match count {
        Number::Int(count) if *count > 0 && *a != Number::Int(0) => {
            if count.unsigned_abs() > BITS_MAX {
                return Cost::IMPOSSIBLE;
            }
            let limbs = limbs + count.unsigned_abs().div_ceil(64);
            Cost::limbs(sum(&[2 * limbs]), limbs)
        }
        _ => Cost::limbs(sum(&[limbs]), limbs),
    }
}

/// `sqrt`, `exact_integer_sqrt`.
pub fn sqrt(a: &Number) -> Cost {
    let Size { numer, denom } = size(a);
    let root = |limbs: u64| {
        let steps = u64::from(64 - limbs.leading_zeros()) + 3;
        sum(&[
            divided(limbs, limbs.div_ceil(2)).saturating_mul(steps),
            times(limbs, limbs),
            300,
        ])
    };
    match a {
        Number::Float(_) => Cost::limbs(BASE, COMPLEX_WORDS),
        Number::Complex(_) if !is_exact(a) => Cost::limbs(sum(&[300]), COMPLEX_WORDS),
        // The length, then both parts, whose squares are halves of sums with the length.
        Number::Complex(_) => {
            let (roots, quotient) = (
                root(2 * (numer + denom)),
                complex::operation(a, a, complex::QUOTIENT),
            );
            Cost {
                work: sum(&[roots.saturating_mul(6), quotient.work]),
                bytes: quotient.bytes,
            }
        }
        Number::Rational(_) => Cost::limbs(
            sum(&[root(numer), root(denom)]),
            numer + denom + COMPLEX_WORDS,
        ),
        _ => Cost::limbs(sum(&[root(numer)]), 2 * numer + COMPLEX_WORDS),
    }
}

/// `expt`; [`Cost::IMPOSSIBLE`] when the result would pass [`BITS_MAX`].
pub fn expt(base: &Number, exponent: &Number) -> Cost {
    if is_complex(base) || is_complex(exponent) {
        return complex::power(base, exponent);
    }
    let count = match exponent {
        Number::Int(count) => count.unsigned_abs(),
        Number::Big(_) => u64::MAX,
        Number::Rational(_) | Number::Float(_) | Number::Complex(_) => {
            // Of a negative base the answer is complex.
            let power = if is_negative(base) { 500 } else { 200 };
            return Cost {
                work: sum(&[sqrt(base).work, power]),
                ..sqrt(base)
            };
        }
    };
    let power = |value: &BigInt| {
        if value.bits() <= 1 {
            return (BASE, 1);
        }
        match value.bits().checked_mul(count) {
            Some(bits) if bits <= BITS_MAX => {
                let limbs = bits.div_ceil(64).max(1);
                (
                    sum(&[
                        times(limbs, limbs),
                        50 * u64::from(64 - count.leading_zeros()),
                    ]),
                    limbs,
                )
            }
            _ => (u64::MAX, u64::MAX),
        }
    };
    let Some((numer, denom)) = base.to_fraction() else {
        return Cost::limbs(sum(&[200, inexact(exponent).work]), COMPLEX_WORDS);
    };
    let ((numer_work, numer_limbs), (denom_work, denom_limbs)) = (power(&numer), power(&denom));
    Cost::limbs(
        sum(&[numer_work, denom_work]),
        numer_limbs.saturating_add(denom_limbs),
    )
}

/// `to_text`; `bytes` are those of the text.
pub fn to_text(a: &Number, radix: u32) -> Cost {
    let radix = radix.clamp(2, 36);
    let whole = |value: &BigInt| {
        let digits = value.bits() / u64::from(31 - radix.leading_zeros()) + 2;
        let limbs = limbs_of(value);
        if radix.is_power_of_two() {
            return (digits.saturating_mul(2), digits);
        }
        let work = times(limbs, limbs)
            .saturating_mul(5)
            .saturating_add(60 * limbs);
        (work.saturating_add(digits), digits)
    };
    let fixed = |work, bytes| Cost { work, bytes };
    match a {
        Number::Int(_) => fixed(100, 66),
        Number::Float(_) if radix == 10 => fixed(300, 32),
        Number::Float(value) => float_to_text(*value, radix),
        Number::Complex(z) => both(z, |part| to_text(part, radix)),
        _ => {
            let (numer, denom) = a
                .to_fraction()
                .expect("what is not exact and real was above");
            let ((numer_work, numer_digits), (denom_work, denom_digits)) =
                (whole(&numer), whole(&denom));
            fixed(
                sum(&[numer_work, denom_work]),
                numer_digits + denom_digits + 1,
            )
        }
    }
}

/// A double in a radix other than ten: a step for each digit and each place up to the point, on numbers as
/// long as its exponent.
fn float_to_text(value: f64, radix: u32) -> Cost {
    let exponent = decode(value).map_or(0, |(_, exponent)| exponent.unsigned_abs());
    let bits = u64::from(exponent) + 55;
    let steps = bits / u64::from(radix.ilog2()) + 55;
    Cost {
        work: sum(&[steps * (40 + bits / 32)]),
        bytes: steps + 8,
    }
}

/// `parse`, of a text that need not be a number.
pub fn parse(text: &str, radix: u32) -> Cost {
    let one = parse_real(text, radix);
    // Two parts; in polar form, their sine and cosine besides.
    if !text.ends_with(['i', 'I']) && !text.contains('@') {
        return one;
    }
    Cost {
        work: sum(&[one.work.saturating_mul(2), 300]),
        bytes: one.bytes.saturating_mul(2),
    }
}

/// What a number among other text costs to read, more than its characters do: nothing but what is long, or has an exponent that is to be
/// exact.
pub fn parse_beyond(word: &str) -> Cost {
    const LONG: usize = 32;
    let is_exact = word.starts_with('#') && exponent_digits(word) > LONG as u64;
    if is_exact || word.len() > LONG {
        parse(word, 10)
    } else {
        Cost { work: 0, bytes: 0 }
    }
}

fn parse_real(text: &str, radix: u32) -> Cost {
    let length = text.len() as u64;
    let has = |letters: &[u8]| text.bytes().any(|byte| letters.contains(&byte));
    let prefixes = text.get(..4).unwrap_or(text).to_ascii_lowercase();
    let is_prefixed = prefixes.starts_with('#');
    let is_exact = prefixes.contains("#e");
    let (has_point, has_slash) = (has(b"."), has(b"/"));
    let has_exponent = text.contains(is_exponent_marker) && (radix == 10 || is_prefixed);
    if length <= 18 && !has_point && !has_slash && !has_exponent {
        return Cost::limbs(BASE + 4 * length, 0);
    }
    if radix == 10 && (has_point || has_exponent) && !is_prefixed {
        // The standard library's slow way looks at no more than 768 digits, for some 20 microseconds.
        let slow = if length > 18 { 5_000 } else { 200 };
        return Cost::limbs(sum(&[4 * length, slow]), 0);
    }
    let exponent = if is_exact && has_exponent {
        exponent_digits(text)
    } else {
        0
    };
    let is_power_of_two = match &prefixes {
        _ if !is_prefixed => radix.is_power_of_two(),
        other => ["#x", "#b", "#o"].iter().any(|known| other.contains(known)),
    };
    let radix = if is_prefixed {
        radix.clamp(16, 36)
    } else {
        radix.clamp(2, 36)
    };
    let bits_each = u64::from(radix.next_power_of_two().ilog2());
    let limbs = (length + exponent).saturating_mul(bits_each).div_ceil(64) + 1;
    let mut work = sum(&[8 * length, 100]);
    if !is_power_of_two || has_point || has_exponent {
        work = sum(&[work, 2 * times(limbs, limbs)]);
    }
    if has_point {
        work = sum(&[work, times(limbs, limbs), worst_divided(2 * limbs, limbs)]);
    }
    // Digits behind the point that the exponent does not take back leave a fraction.
    let has_fraction = (has_point || has_exponent) && (exponent < length || text.contains('-'));
    if has_slash || (is_exact && has_fraction) {
        work = sum(&[work, times(limbs, limbs), reduction(limbs, limbs)]);
    }
    Cost::limbs(work, 2 * limbs)
}

/// The digits that the exponents of a text that is written add to its own: of two parts, those of the one with more. What would be too big is
/// refused, and adds none.
fn exponent_digits(text: &str) -> u64 {
    let length = text.len() as u64;
    // Digits behind the point may take back some of it.
    let moved_max = length + EXACT_LITERAL_DIGITS_MAX as u64;
    let exponents = text.split(is_exponent_marker).skip(1).map(|rest| {
        let digits = rest.strip_prefix(['+', '-']).unwrap_or(rest).bytes();
        digits
            .take_while(u8::is_ascii_digit)
            .fold(0_u64, |sum, digit| {
                sum.saturating_mul(10)
                    .saturating_add(u64::from(digit - b'0'))
            })
    });
    exponents
        .filter(|&exponent| exponent <= moved_max + length)
        .max()
        .map_or(0, |exponent| exponent.min(moved_max))
}
