//! The transcendental functions, of real numbers here; where the argument or the answer is complex, [`complex`] takes over. All come from `libm`, which computes alike on every machine. Exact
//! arguments with an exact result, as in `(exp 0)`, give it.

use super::arithmetic::{div, is_negative, is_zero, parts};
use super::complex::{self, is_complex};
use super::convert::to_f64;
use super::{Number, NumberError};
use num_bigint::BigUint;
use num_traits::ToPrimitive;

/// `e^a`.
pub fn exp(a: &Number) -> Number {
    if is_complex(a) {
        return complex::exponential(a);
    }
    // The library's answer for 1 is the neighbour of the nearest double.
    let power = |a: f64| {
        if a == 1.0 {
            std::f64::consts::E
        } else {
            libm::exp(a)
        }
    };
    at_exact(a, 0, 1, power)
}

/// The natural logarithm, of exact numbers of any size.
pub fn log(a: &Number) -> Result<Number, NumberError> {
    match a {
        Number::Int(1) => Ok(Number::Int(0)),
        Number::Int(0) => Err(NumberError::WrongArgument {
            position: 0,
            expected: ABOVE_ZERO,
        }),
        _ if is_negative(a) || is_complex(a) => complex::logarithm(a),
        _ => Ok(Number::from(log_with(a, libm::log, std::f64::consts::LN_2))),
    }
}

const ABOVE_ZERO: &str = "a number above zero";

/// The logarithm of `a` to `base`. That to base 2 and 10 is exact for their powers.
pub fn log_base(a: &Number, base: &Number) -> Result<Number, NumberError> {
    let (top, bottom) = (log(a)?, log(base).map_err(at_second)?);
    if *a == Number::Int(1) && !is_zero(&bottom) {
        return Ok(Number::Int(0));
    }
    if is_complex(&top) || is_complex(&bottom) {
        return div(&top, &bottom);
    }
    let base = to_f64(base);
    if base == 2.0 {
        return Ok(Number::from(log_with(a, libm::log2, 1.0)));
    }
    if base == 10.0 {
        return Ok(Number::from(log_with(
            a,
            libm::log10,
            std::f64::consts::LOG10_2,
        )));
    }
    if bottom == Number::Int(0) {
        return Err(NumberError::DivideByZero);
    }
    Ok(Number::from(to_f64(&top) / to_f64(&bottom)))
}

fn at_second(error: NumberError) -> NumberError {
    match error {
        NumberError::WrongArgument { expected, .. } => NumberError::WrongArgument {
            position: 1,
            expected,
        },
        other => other,
    }
}

/// The logarithm of a number above zero; `of_two` is that of two.
fn log_with(a: &Number, log: fn(f64) -> f64, of_two: f64) -> f64 {
    let value = to_f64(a);
    if matches!(a, Number::Float(_)) || value.is_normal() {
        return log(value);
    }
    let (numer, denom) = parts(a);
    let of = |value: &BigUint| {
        let shift = value.bits().saturating_sub(64);
        let leading = (value >> shift).to_u64().unwrap_or(u64::MAX);
        log(leading as f64) + shift as f64 * of_two
    };
    of(numer.magnitude()) - of(denom.magnitude())
}

/// The sine of an angle in radians.
pub fn sin(a: &Number) -> Number {
    if is_complex(a) {
        return complex::sine(a);
    }
    at_exact(a, 0, 0, libm::sin)
}

/// The cosine of an angle in radians.
pub fn cos(a: &Number) -> Number {
    if is_complex(a) {
        return complex::cosine(a);
    }
    at_exact(a, 0, 1, libm::cos)
}

/// The tangent of an angle in radians.
pub fn tan(a: &Number) -> Number {
    if is_complex(a) {
        return complex::tangent(a);
    }
    at_exact(a, 0, 0, libm::tan)
}

/// The angle with this sine.
pub fn asin(a: &Number) -> Number {
    if is_complex(a) || to_f64(a).abs() > 1.0 {
        return complex::arc_sine(a);
    }
    at_exact(a, 0, 0, libm::asin)
}

/// The angle with this cosine.
pub fn acos(a: &Number) -> Number {
    if is_complex(a) || to_f64(a).abs() > 1.0 {
        return complex::arc_cosine(a);
    }
    at_exact(a, 1, 0, libm::acos)
}

/// The angle with this tangent.
pub fn atan(a: &Number) -> Result<Number, NumberError> {
    if is_complex(a) {
        return complex::arc_tangent(a);
    }
    Ok(at_exact(a, 0, 0, libm::atan))
}

/// The angle from the positive first axis to the point `(x, y)`.
pub fn atan2(y: &Number, x: &Number) -> Result<Number, NumberError> {
    match (y, x) {
        (Number::Int(0), Number::Int(0)) => Err(NumberError::DivideByZero),
        (Number::Int(0), Number::Float(_)) => Ok(Number::from(libm::atan2(0.0, to_f64(x)))),
        (Number::Int(0), _) if !is_negative(x) => Ok(Number::Int(0)),
        _ => Ok(Number::from(libm::atan2(to_f64(y), to_f64(x)))),
    }
}

fn at_exact(a: &Number, argument: i64, result: i64, f: impl Fn(f64) -> f64) -> Number {
    if *a == Number::Int(argument) {
        Number::Int(result)
    } else {
        Number::from(f(to_f64(a)))
    }
}
