//! Comparisons and predicates.

use super::operation::{Take, any_operand, failed, is_small, operand};
use super::words::{from_number, is_number_value};
use crate::number::{self, Number, cost};
use crate::value::{Kind, Value};
use crate::vm::{Arguments, Machine, Outcome};
use std::cmp::Ordering;

/// What comparing two numbers that are machine words costs.
const SMALL_WORK: u64 = 1;

/// Whether each argument stands so to the next.
#[inline(always)]
fn compare(
    m: &mut Machine,
    procedure: &str,
    arguments: Arguments,
    take: Take,
    holds: fn(Ordering) -> bool,
) -> Outcome {
    if arguments.count == 2 {
        let (x, y) = (m.arg(arguments, 0), m.arg(arguments, 1));
        if Value::both_fixnums(x, y) {
            m.charge(SMALL_WORK)?;
            return Ok(Value::boolean(holds(
                x.fixnum_value().cmp(&y.fixnum_value()),
            )));
        }
        if x.is_immediate_float() && y.is_immediate_float() {
            m.charge(SMALL_WORK)?;
            let order = x.immediate_float().partial_cmp(&y.immediate_float());
            return Ok(Value::boolean(order.is_some_and(holds)));
        }
    }
    let mut previous = take(m, procedure, arguments, 0)?;
    let mut result = true;
    for index in 1..arguments.count {
        let next = take(m, procedure, arguments, index)?;
        m.charge(if is_small(&previous) && is_small(&next) {
            SMALL_WORK
        } else {
            cost::compare(&previous, &next)
        })?;
        result &= number::compare(&previous, &next).is_some_and(holds);
        previous = next;
    }
    Ok(Value::boolean(result))
}

pub(super) fn num_eq(m: &mut Machine, arguments: Arguments) -> Outcome {
    compare(m, "=", arguments, any_operand, Ordering::is_eq)
}

pub(super) fn less(m: &mut Machine, arguments: Arguments) -> Outcome {
    compare(m, "<", arguments, operand, Ordering::is_lt)
}

pub(super) fn less_eq(m: &mut Machine, arguments: Arguments) -> Outcome {
    compare(m, "<=", arguments, operand, Ordering::is_le)
}

pub(super) fn greater(m: &mut Machine, arguments: Arguments) -> Outcome {
    compare(m, ">", arguments, operand, Ordering::is_gt)
}

pub(super) fn greater_eq(m: &mut Machine, arguments: Arguments) -> Outcome {
    compare(m, ">=", arguments, operand, Ordering::is_ge)
}

pub(super) fn max(m: &mut Machine, arguments: Arguments) -> Outcome {
    extreme(m, "max", arguments, Ordering::Greater)
}

pub(super) fn min(m: &mut Machine, arguments: Arguments) -> Outcome {
    extreme(m, "min", arguments, Ordering::Less)
}

/// The greatest or smallest; inexact as soon as one argument is.
fn extreme(m: &mut Machine, procedure: &str, arguments: Arguments, wanted: Ordering) -> Outcome {
    let mut best = operand(m, procedure, arguments, 0)?;
    let mut inexact = !number::is_exact(&best);
    for index in 1..arguments.count {
        let next = operand(m, procedure, arguments, index)?;
        m.charge(cost::compare(&best, &next))?;
        inexact |= !number::is_exact(&next);
        if number::is_nan(&next) || number::compare(&next, &best) == Some(wanted) {
            best = next;
        }
    }
    let best = if inexact {
        number::inexact(&best)
    } else {
        best
    };
    from_number(m, &best)
}

pub(super) fn is_number(m: &mut Machine, arguments: Arguments) -> Outcome {
    Ok(Value::boolean(is_number_value(m, m.arg(arguments, 0))))
}

pub(super) fn is_real(m: &mut Machine, arguments: Arguments) -> Outcome {
    let value = m.arg(arguments, 0);
    let holds = is_number_value(m, value) && !m.heap.is(value, Kind::Complex);
    Ok(Value::boolean(holds))
}

pub(super) fn is_rational(m: &mut Machine, arguments: Arguments) -> Outcome {
    predicate_of_any(m, arguments, |x| {
        number::is_finite(x) && !number::is_complex(x)
    })
}

pub(super) fn is_integer(m: &mut Machine, arguments: Arguments) -> Outcome {
    predicate_of_any(m, arguments, number::is_integer)
}

pub(super) fn is_exact_integer(m: &mut Machine, arguments: Arguments) -> Outcome {
    predicate_of_any(m, arguments, number::is_exact_integer)
}

pub(super) fn is_exact_rational(m: &mut Machine, arguments: Arguments) -> Outcome {
    predicate_of_any(m, arguments, |x| {
        number::is_exact(x) && !number::is_complex(x)
    })
}

fn predicate_of_any(m: &mut Machine, arguments: Arguments, f: fn(&Number) -> bool) -> Outcome {
    let value = m.arg(arguments, 0);
    let holds = m.number_paid(value)?.is_some_and(|x| f(&x));
    Ok(Value::boolean(holds))
}

macro_rules! predicates {
    ($($function:ident $name:literal $take:ident $test:expr;)*) => {
        $(pub(super) fn $function(m: &mut Machine, arguments: Arguments) -> Outcome {
            predicate(m, $name, arguments, $take, $test)
        })*
    };
}

predicates! {
    is_exact "exact?" any_operand number::is_exact;
    is_inexact "inexact?" any_operand |x| !number::is_exact(x);
    is_finite "finite?" any_operand number::is_finite;
    is_infinite "infinite?" any_operand number::is_infinite;
    is_nan "nan?" any_operand number::is_nan;
    is_zero "zero?" any_operand number::is_zero;
    is_positive "positive?" operand |x| number::compare(x, &Number::Int(0)) == Some(Ordering::Greater);
    is_negative "negative?" operand |x| number::compare(x, &Number::Int(0)) == Some(Ordering::Less);
}

fn predicate(
    m: &mut Machine,
    procedure: &str,
    arguments: Arguments,
    take: Take,
    f: fn(&Number) -> bool,
) -> Outcome {
    let x = take(m, procedure, arguments, 0)?;
    Ok(Value::boolean(f(&x)))
}

pub(super) fn is_odd(m: &mut Machine, arguments: Arguments) -> Outcome {
    parity(m, "odd?", arguments, true)
}

pub(super) fn is_even(m: &mut Machine, arguments: Arguments) -> Outcome {
    parity(m, "even?", arguments, false)
}

fn parity(m: &mut Machine, procedure: &str, arguments: Arguments, wanted: bool) -> Outcome {
    let x = operand(m, procedure, arguments, 0)?;
    match number::is_odd(&x) {
        Ok(odd) => Ok(Value::boolean(odd == wanted)),
        Err(error) => Err(failed(m, procedure, error, arguments)),
    }
}
