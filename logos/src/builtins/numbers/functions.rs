//! Roots, powers, logarithms and the functions of angles.

use super::operation::{binary, both, combine, operand, pay, unary};
use super::unary_builtins;
use crate::number::{self, Number, cost, cost::Cost};
use crate::vm::{Arguments, Machine, Outcome};

unary_builtins! {
    sqrt "sqrt" cost::sqrt, number::sqrt;
    exp "exp" cost::transcendental, |x| Ok(number::exp(x));
    sin "sin" cost::transcendental, |x| Ok(number::sin(x));
    cos "cos" cost::transcendental, |x| Ok(number::cos(x));
    tan "tan" cost::transcendental, |x| Ok(number::tan(x));
    asin "asin" cost::transcendental, number::asin;
    acos "acos" cost::transcendental, number::acos;
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
    combine(m, "expt", arguments, cost::expt, number::expt)
}

pub(super) fn log(m: &mut Machine, arguments: Arguments) -> Outcome {
    if arguments.count == 1 {
        return unary(m, "log", arguments, cost::transcendental, number::log);
    }
    binary(m, "log", arguments, two_transcendentals, number::log_base)
}

pub(super) fn atan(m: &mut Machine, arguments: Arguments) -> Outcome {
    if arguments.count == 1 {
        return unary(m, "atan", arguments, cost::transcendental, |x| {
            Ok(number::atan(x))
        });
    }
    binary(m, "atan", arguments, two_transcendentals, number::atan2)
}

fn two_transcendentals(a: &Number, b: &Number) -> Cost {
    Cost {
        work: cost::transcendental(a).work + cost::transcendental(b).work,
        bytes: 8,
    }
}
