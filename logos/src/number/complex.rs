//! Complex numbers, in rectangular form.
//!
//! Owns [`Complex`] and every operation that begins or ends outside the real line; branch cuts are those of R7RS 6.2.6, and the inverse
//! functions are computed as in Kahan, "Branch Cuts for Complex Elementary Functions" (1987). Operations that know only real numbers never
//! see one: whoever offers them refuses it.

use super::arithmetic::{abs, add, div, is_exact, is_negative, is_zero, mul, neg, sub};
use super::convert::to_f64;
use super::real::{atan2, cos, exp, log, sin};
use super::{Number, NumberError, compare, exact, inexact, sqrt};
use std::cmp::Ordering;
use std::f64::consts::{FRAC_PI_2, PI};

/// A number outside the real line as it is written. Its parts are real, both exact or both inexact, and the imaginary one is not exact zero.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Complex {
    real: Number,
    imaginary: Number,
}

impl Complex {
    /// The real part, and the imaginary part.
    pub fn parts(&self) -> (&Number, &Number) {
        (&self.real, &self.imaginary)
    }
}

/// Whether a number is complex and not real.
pub fn is_complex(a: &Number) -> bool {
    matches!(a, Number::Complex(_))
}

/// `make-rectangular`, of real numbers.
pub fn rectangular(real: Number, imaginary: Number) -> Number {
    if imaginary == Number::Int(0) {
        return real;
    }
    let (real, imaginary) = if is_exact(&real) == is_exact(&imaginary) {
        (real, imaginary)
    } else {
        (inexact(&real), inexact(&imaginary))
    };
    Number::Complex(Box::new(Complex { real, imaginary }))
}

/// `make-polar`, of real numbers.
pub fn polar(magnitude: &Number, angle: &Number) -> Number {
    if *angle == Number::Int(0) || *magnitude == Number::Int(0) {
        return magnitude.clone();
    }
    rectangular(mul(magnitude, &cos(angle)), mul(magnitude, &sin(angle)))
}

/// `real-part`.
pub fn real_part(a: &Number) -> Number {
    rectangular_parts(a).0
}

/// `imag-part`: exact zero for a real number.
pub fn imaginary_part(a: &Number) -> Number {
    rectangular_parts(a).1
}

fn rectangular_parts(a: &Number) -> (Number, Number) {
    match a {
        Number::Complex(z) => (z.real.clone(), z.imaginary.clone()),
        _ => (a.clone(), Number::Int(0)),
    }
}

/// `magnitude`: the distance from zero, exact where it can be.
pub fn magnitude(a: &Number) -> Result<Number, NumberError> {
    match a {
        Number::Complex(z) if is_exact(&z.real) => sqrt(&square_of_magnitude(z)),
        Number::Complex(_) => Ok(Number::from(Point::of(a).length())),
        _ => Ok(abs(a)),
    }
}

fn square_of_magnitude(z: &Complex) -> Number {
    add(&mul(&z.real, &z.real), &mul(&z.imaginary, &z.imaginary))
}

/// `angle`, from -π to π: exact zero for what is real and not negative.
pub fn angle(a: &Number) -> Number {
    match a {
        Number::Complex(z) => atan2(&z.imaginary, &z.real).unwrap_or(Number::Int(0)),
        Number::Float(x) if x.is_nan() => a.clone(),
        Number::Float(x) if x.is_sign_negative() => Number::Float(PI),
        _ if is_negative(a) => Number::Float(PI),
        _ => Number::Int(0),
    }
}

/// Whether two numbers have the same value, one of them being complex.
pub(super) fn is_equal(a: &Number, b: &Number) -> bool {
    let (x, y) = (rectangular_parts(a), rectangular_parts(b));
    let equal = |a, b| compare(a, b) == Some(Ordering::Equal);
    equal(&x.0, &y.0) && equal(&x.1, &y.1)
}

/// Complex numbers by their real, then by their imaginary parts.
pub(super) fn total_order(a: &Number, b: &Number) -> Ordering {
    let (x, y) = (rectangular_parts(a), rectangular_parts(b));
    super::total_order(&x.0, &y.0).then_with(|| super::total_order(&x.1, &y.1))
}

/// Applies an operation to both parts.
pub(super) fn by_parts(z: &Complex, f: impl Fn(&Number) -> Number) -> Number {
    rectangular(f(&z.real), f(&z.imaginary))
}

/// The exact number of the same value.
pub(super) fn exact_complex(z: &Complex) -> Result<Number, NumberError> {
    Ok(rectangular(exact(&z.real)?, exact(&z.imaginary)?))
}

/// `a + b`, one of them complex.
pub(super) fn sum(a: &Number, b: &Number) -> Number {
    let (x, y) = (rectangular_parts(a), rectangular_parts(b));
    rectangular(add(&x.0, &y.0), add(&x.1, &y.1))
}

/// `a - b`, one of them complex.
pub(super) fn difference(a: &Number, b: &Number) -> Number {
    let (x, y) = (rectangular_parts(a), rectangular_parts(b));
    rectangular(sub(&x.0, &y.0), sub(&x.1, &y.1))
}

/// `a · b`, one of them complex. A real factor scales both parts, so that infinities make no needless not-a-numbers.
pub(super) fn product(a: &Number, b: &Number) -> Number {
    match (a, b) {
        (Number::Complex(x), Number::Complex(y)) => rectangular(
            sub(&mul(&x.real, &y.real), &mul(&x.imaginary, &y.imaginary)),
            add(&mul(&x.real, &y.imaginary), &mul(&x.imaginary, &y.real)),
        ),
        (Number::Complex(z), scale) | (scale, Number::Complex(z)) => by_parts(z, |x| mul(x, scale)),
        _ => mul(a, b),
    }
}

/// `a / b`, one of them complex.
pub(super) fn quotient(a: &Number, b: &Number) -> Result<Number, NumberError> {
    let Number::Complex(divisor) = b else {
        let (real, imaginary) = rectangular_parts(a);
        return Ok(rectangular(div(&real, b)?, div(&imaginary, b)?));
    };
    if is_exact(a) && is_exact(b) {
        let conjugate = rectangular(divisor.real.clone(), neg(&divisor.imaginary));
        return div(&mul(a, &conjugate), &square_of_magnitude(divisor));
    }
    Ok(Point::of(a).divided_by(Point::of(b)).number())
}

/// The square root of a complex or negative number, exact where it can be.
pub(super) fn square_root(a: &Number) -> Result<Number, NumberError> {
    let Number::Complex(z) = a else {
        return Ok(rectangular(Number::Int(0), sqrt(&neg(a))?));
    };
    if let Some(root) = exact_root(z)? {
        return Ok(root);
    }
    Ok(Point::of(a).root().number())
}

fn exact_root(z: &Complex) -> Result<Option<Number>, NumberError> {
    if !is_exact(&z.real) {
        return Ok(None);
    }
    let length = sqrt(&square_of_magnitude(z))?;
    if !is_exact(&length) {
        return Ok(None);
    }
    let two = Number::Int(2);
    let real = sqrt(&div(&add(&length, &z.real), &two)?)?;
    let imaginary = sqrt(&div(&sub(&length, &z.real), &two)?)?;
    if !is_exact(&real) || !is_exact(&imaginary) {
        return Ok(None);
    }
    Ok(Some(rectangular(
        real,
        if is_negative(&z.imaginary) {
            neg(&imaginary)
        } else {
            imaginary
        },
    )))
}

/// A power whose base or exponent is complex, or that has no real value.
pub(super) fn power(base: &Number, exponent: &Number) -> Result<Number, NumberError> {
    if let Number::Int(count) = exponent
        && (is_exact(base) || count.unsigned_abs() <= MULTIPLIED_POWER_MAX)
    {
        let power = multiplied_power(base, count.unsigned_abs());
        return if *count < 0 {
            div(&Number::Int(1), &power)
        } else {
            Ok(power)
        };
    }
    if is_zero(base) {
        return if is_negative(&real_part(exponent)) || is_zero(&real_part(exponent)) {
            Err(NumberError::DivideByZero)
        } else {
            Ok(base.clone())
        };
    }
    Ok(exp(&mul(exponent, &log(base)?)))
}

/// The highest power of an inexact number that is made by multiplying.
const MULTIPLIED_POWER_MAX: u64 = 1024;

fn multiplied_power(base: &Number, mut count: u64) -> Number {
    let (mut power, mut square) = (Number::Int(1), base.clone());
    while count > 0 {
        if count & 1 == 1 {
            power = mul(&power, &square);
        }
        count >>= 1;
        if count > 0 {
            square = mul(&square, &square);
        }
    }
    power
}

/// `e^z`.
pub(super) fn exponential(a: &Number) -> Number {
    let z = Point::of(a);
    let length = libm::exp(z.x);
    point(length * libm::cos(z.y), length * libm::sin(z.y)).number()
}

/// The natural logarithm of a complex or negative number.
pub(super) fn logarithm(a: &Number) -> Result<Number, NumberError> {
    match a {
        Number::Complex(_) => {
            let z = Point::of(a);
            Ok(point(libm::log(z.length()), libm::atan2(z.y, z.x)).number())
        }
        _ => Ok(rectangular(log(&neg(a))?, Number::Float(PI))),
    }
}

pub(super) fn sine(a: &Number) -> Number {
    Point::of(a).sine().number()
}

pub(super) fn cosine(a: &Number) -> Number {
    Point::of(a).cosine().number()
}

pub(super) fn tangent(a: &Number) -> Number {
    let z = Point::of(a);
    // Far from the real line the quotient below is that of two infinities.
    if z.y.abs() > 350.0 {
        return point(
            0.0_f64.copysign(libm::sin(2.0 * z.x)),
            1.0_f64.copysign(z.y),
        )
        .number();
    }
    z.sine().divided_by(z.cosine()).number()
}

/// The angle with this sine, of a complex number or a real one beyond one.
pub(super) fn arc_sine(a: &Number) -> Number {
    let z = on_cut(a);
    let (below, above) = (z.one_minus().root(), z.one_plus().root());
    point(
        libm::atan2(z.x, below.times(above).x),
        libm::asinh(below.conjugate().times(above).y),
    )
    .number()
}

/// The angle with this cosine, of a complex number or a real one beyond one.
pub(super) fn arc_cosine(a: &Number) -> Number {
    let z = on_cut(a);
    let (below, above) = (z.one_minus().root(), z.one_plus().root());
    point(
        2.0 * libm::atan2(below.x, above.x),
        libm::asinh(above.conjugate().times(below).y),
    )
    .number()
}

/// A real number beyond one lies on a branch cut: right of 1 it continues the lower half of the plane, left of -1 the upper.
fn on_cut(a: &Number) -> Point {
    let z = Point::of(a);
    match a {
        Number::Complex(_) => z,
        _ => point(z.x, -0.0_f64.copysign(z.x)),
    }
}

/// The angle with this tangent; `i` and `-i` have none.
pub(super) fn arc_tangent(a: &Number) -> Result<Number, NumberError> {
    let z = Point::of(a);
    if z.x == 0.0 && z.y.abs() == 1.0 {
        return Err(NumberError::DivideByZero);
    }
    let (up, down) = (point(1.0 - z.y, z.x), point(1.0 + z.y, -z.x));
    let half_turn = (libm::atan2(up.y, up.x) - libm::atan2(down.y, down.x)) / 2.0;
    let lengths = (libm::log(down.length()) - libm::log(up.length())) / 2.0;
    // On the cuts, that of the imaginary axis beyond i and -i, the two angles differ by a half turn.
    let angle = if z.x == 0.0 && z.y.abs() > 1.0 {
        FRAC_PI_2.copysign(half_turn)
    } else {
        half_turn
    };
    Ok(point(angle, lengths).number())
}

/// A complex number of doubles.
#[derive(Clone, Copy)]
struct Point {
    x: f64,
    y: f64,
}

fn point(x: f64, y: f64) -> Point {
    Point { x, y }
}

impl Point {
    fn of(a: &Number) -> Point {
        match a {
            Number::Complex(z) => point(to_f64(&z.real), to_f64(&z.imaginary)),
            _ => point(to_f64(a), 0.0),
        }
    }

    fn number(self) -> Number {
        rectangular(Number::from(self.x), Number::from(self.y))
    }

    fn length(self) -> f64 {
        libm::hypot(self.x, self.y)
    }

    fn conjugate(self) -> Point {
        point(self.x, -self.y)
    }

    fn one_plus(self) -> Point {
        point(1.0 + self.x, self.y)
    }

    fn one_minus(self) -> Point {
        point(1.0 - self.x, -self.y)
    }

    fn times(self, other: Point) -> Point {
        point(
            self.x * other.x - self.y * other.y,
            self.x * other.y + self.y * other.x,
        )
    }

    /// Smith's division, which does not overflow where the quotient does not.
    fn divided_by(self, other: Point) -> Point {
        if other.x.abs() >= other.y.abs() {
            let ratio = other.y / other.x;
            let scale = other.x + other.y * ratio;
            return point(
                (self.x + self.y * ratio) / scale,
                (self.y - self.x * ratio) / scale,
            );
        }
        let ratio = other.x / other.y;
        let scale = other.x * ratio + other.y;
        point(
            (self.x * ratio + self.y) / scale,
            (self.y * ratio - self.x) / scale,
        )
    }

    /// The root in the right half of the plane.
    fn root(self) -> Point {
        if self.x == 0.0 && self.y == 0.0 {
            return point(0.0, self.y);
        }
        if self.y.is_infinite() {
            return point(f64::INFINITY, self.y);
        }
        // A quarter of it, so that the length does not overflow.
        let quarter = point(self.x / 4.0, self.y / 4.0);
        let side = 2.0 * libm::sqrt((quarter.x.abs() + quarter.length()) / 2.0);
        let other = (self.y / side / 2.0).abs();
        if self.x.is_sign_positive() {
            point(side, other.copysign(self.y))
        } else {
            point(other, side.copysign(self.y))
        }
    }

    fn sine(self) -> Point {
        point(
            libm::sin(self.x) * libm::cosh(self.y),
            libm::cos(self.x) * libm::sinh(self.y),
        )
    }

    fn cosine(self) -> Point {
        point(
            libm::cos(self.x) * libm::cosh(self.y),
            -libm::sin(self.x) * libm::sinh(self.y),
        )
    }
}
