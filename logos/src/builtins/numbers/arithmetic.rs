//! Sums, products, quotients, and the parts of numbers.

use super::operation::{
    any_operand, binary, both, fold, fold_unless_small, is_small_integer, operand, pay, small,
    unary, unary_of_any,
};
use super::unary_builtins;
use super::words::from_number;
use crate::number::{self, Number, NumberError, cost};
use crate::value::Value;
use crate::vm::{Arguments, Machine, Outcome};

/// Quotient and remainder at once.
type Division = fn(&Number, &Number) -> Result<(Number, Number), NumberError>;

pub(super) fn add(m: &mut Machine, arguments: Arguments) -> Outcome {
    if arguments.count == 0 {
        return Ok(Value::fixnum(0));
    }
    if let Some(sum) = small(m, arguments, i64::checked_add, |x, y| x + y)? {
        return Ok(sum);
    }
    // Not from an exact 0: that would lose the sign of -0.0.
    let first = any_operand(m, "+", arguments, 0)?;
    if arguments.count == 1 {
        return Ok(m.arg(arguments, 0));
    }
    fold(
        m,
        "+",
        arguments,
        any_operand,
        (first, 1),
        cost::add,
        |a, b| Ok(number::add(a, b)),
    )
}

pub(super) fn mul(m: &mut Machine, arguments: Arguments) -> Outcome {
    if let Some(product) = small(m, arguments, i64::checked_mul, |x, y| x * y)? {
        return Ok(product);
    }
    fold(
        m,
        "*",
        arguments,
        any_operand,
        (Number::Int(1), 0),
        cost::mul,
        |a, b| Ok(number::mul(a, b)),
    )
}

pub(super) fn sub(m: &mut Machine, arguments: Arguments) -> Outcome {
    if let Some(difference) = small(m, arguments, i64::checked_sub, |x, y| x - y)? {
        return Ok(difference);
    }
    let first = any_operand(m, "-", arguments, 0)?;
    if arguments.count == 1 {
        pay(m, cost::unary(&first))?;
        return from_number(m, &number::neg(&first));
    }
    fold(
        m,
        "-",
        arguments,
        any_operand,
        (first, 1),
        cost::add,
        |a, b| Ok(number::sub(a, b)),
    )
}

pub(super) fn div(m: &mut Machine, arguments: Arguments) -> Outcome {
    let first = any_operand(m, "/", arguments, 0)?;
    if arguments.count == 1 {
        return fold(
            m,
            "/",
            arguments,
            any_operand,
            (Number::Int(1), 0),
            cost::div,
            number::div,
        );
    }
    fold(
        m,
        "/",
        arguments,
        any_operand,
        (first, 1),
        cost::div,
        number::div,
    )
}

pub(super) fn quotient(m: &mut Machine, arguments: Arguments) -> Outcome {
    binary(m, "quotient", arguments, cost::divide, number::quotient)
}

pub(super) fn remainder(m: &mut Machine, arguments: Arguments) -> Outcome {
    binary(m, "remainder", arguments, cost::divide, number::remainder)
}

pub(super) fn modulo(m: &mut Machine, arguments: Arguments) -> Outcome {
    binary(m, "modulo", arguments, cost::divide, number::modulo)
}

pub(super) fn truncate_quotient(m: &mut Machine, arguments: Arguments) -> Outcome {
    binary(
        m,
        "truncate-quotient",
        arguments,
        cost::divide,
        number::quotient,
    )
}

pub(super) fn truncate_remainder(m: &mut Machine, arguments: Arguments) -> Outcome {
    binary(
        m,
        "truncate-remainder",
        arguments,
        cost::divide,
        number::remainder,
    )
}

pub(super) fn floor_remainder(m: &mut Machine, arguments: Arguments) -> Outcome {
    binary(
        m,
        "floor-remainder",
        arguments,
        cost::divide,
        number::modulo,
    )
}

pub(super) fn floor_quotient(m: &mut Machine, arguments: Arguments) -> Outcome {
    binary(
        m,
        "floor-quotient",
        arguments,
        cost::divide,
        number::floor_quotient,
    )
}

pub(super) fn floor_both(m: &mut Machine, arguments: Arguments) -> Outcome {
    divide_both(m, "floor/", arguments, number::floor_divide)
}

pub(super) fn truncate_both(m: &mut Machine, arguments: Arguments) -> Outcome {
    divide_both(m, "truncate/", arguments, number::truncate_divide)
}

fn divide_both(m: &mut Machine, procedure: &str, arguments: Arguments, f: Division) -> Outcome {
    let (n, d) = (
        operand(m, procedure, arguments, 0)?,
        operand(m, procedure, arguments, 1)?,
    );
    pay(m, cost::divide(&n, &d))?;
    both(m, procedure, arguments, f(&n, &d))
}

pub(super) fn gcd(m: &mut Machine, arguments: Arguments) -> Outcome {
    fold_unless_small(
        m,
        "gcd",
        arguments,
        (operand, is_small_integer),
        (Number::Int(0), 0),
        cost::gcd,
        number::gcd,
    )
}

pub(super) fn lcm(m: &mut Machine, arguments: Arguments) -> Outcome {
    fold_unless_small(
        m,
        "lcm",
        arguments,
        (operand, is_small_integer),
        (Number::Int(1), 0),
        cost::lcm,
        number::lcm,
    )
}

unary_builtins! { unary;
    abs "abs" cost::unary, |x| Ok(number::abs(x));
    numerator "numerator" cost::unary, number::numerator;
    denominator "denominator" cost::unary, number::denominator;
    floor "floor" cost::unary, |x| Ok(number::floor(x));
    ceiling "ceiling" cost::unary, |x| Ok(number::ceiling(x));
    truncate "truncate" cost::unary, |x| Ok(number::truncate(x));
    round "round" cost::unary, |x| Ok(number::round(x));
}

unary_builtins! { unary_of_any;
    exact "exact" cost::unary, number::exact;
    inexact_to_exact "inexact->exact" cost::unary, number::exact;
    inexact "inexact" cost::inexact, |x| Ok(number::inexact(x));
    exact_to_inexact "exact->inexact" cost::inexact, |x| Ok(number::inexact(x));
}
