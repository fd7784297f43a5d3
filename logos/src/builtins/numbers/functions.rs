//! Roots, powers, logarithms and the functions of angles.

use super::operation::{any_operand, binary, both, combine, operand, pay, unary_of_any};
use super::unary_builtins;
use crate::number::{self, Number, cost, cost::Cost};
use crate::vm::{Arguments, Machine, Outcome};

unary_builtins! { unary_of_any;
    sqrt "sqrt" cost::sqrt, number::sqrt;
    exp "exp" cost::transcendental, |x| Ok(number::exp(x));
    sin "sin" cost::transcendental, |x| Ok(number::sin(x));
    cos "cos" cost::transcendental, |x| Ok(number::cos(x));
    tan "tan" cost::transcendental, |x| Ok(number::tan(x));
    asin "asin" cost::transcendental, |x| Ok(number::asin(x));
    acos "acos" cost::transcendental, |x| Ok(number::acos(x));
}

pub(super) fn exact_integer_sqrt(m: &mut Machine, arguments: Arguments) -> Outcome {
    let x = operand(m, "exact-integer-sqrt", arguments, 0)?;
    pay(m, cost::sqrt(&x))?;
    both(
        m,
        "exact-integer-sqrt",
        arguments,
        number::exact_integer_sqrt(&x),
    )
}

pub(super) fn expt(m: &mut Machine, arguments: Arguments) -> Outcome {
    combine(m, "expt", arguments, any_operand, cost::expt, number::expt)
}

pub(super) fn log(m: &mut Machine, arguments: Arguments) -> Outcome {
    if arguments.count == 1 {
        return unary_of_any(m, "log", arguments, cost::transcendental, number::log);
    }
    combine(
        m,
        "log",
        arguments,
        any_operand,
        two_transcendentals,
        number::log_base,
    )
}

pub(super) fn atan(m: &mut Machine, arguments: Arguments) -> Outcome {
    if arguments.count == 1 {
        return unary_of_any(m, "atan", arguments, cost::transcendental, number::atan);
    }
    combine(
        m,
        "atan",
        arguments,
        operand,
        two_transcendentals,
        number::atan2,
    )
}

fn two_transcendentals(a: &Number, b: &Number) -> Cost {
    Cost {
        work: cost::transcendental(a).work + cost::transcendental(b).work,
        bytes: cost::transcendental(a).bytes,
    }
}

unary_builtins! { unary_of_any;
    real_part "real-part" cost::unary, |z| Ok(number::real_part(z));
    imaginary_part "imag-part" cost::unary, |z| Ok(number::imaginary_part(z));
    magnitude "magnitude" cost::sqrt, number::magnitude;
    angle "angle" cost::transcendental, |z| Ok(number::angle(z));
}

pub(super) fn make_rectangular(m: &mut Machine, arguments: Arguments) -> Outcome {
    binary(
        m,
        "make-rectangular",
        arguments,
        cost::add,
        |real, imaginary| Ok(number::rectangular(real.clone(), imaginary.clone())),
    )
}

pub(super) fn make_polar(m: &mut Machine, arguments: Arguments) -> Outcome {
    combine(
        m,
        "make-polar",
        arguments,
        operand,
        two_transcendentals,
        |magnitude, angle| Ok(number::polar(magnitude, angle)),
    )
}
