//! What every operation on numbers does: take its operands, pay, and answer.

use super::words::{from_number, two_values};
use crate::builtins::wrong_argument;
use crate::number::{Number, NumberError, cost::Cost};
use crate::value::Value;
use crate::vm::{Arguments, Fault, Machine, Outcome};

/// An operation of one number.
pub(super) type Unary = fn(&Number) -> Result<Number, NumberError>;
/// An operation of two numbers.
pub(super) type Binary = fn(&Number, &Number) -> Result<Number, NumberError>;

/// Tells numbers that have a fixed price from others.
pub(super) type IsSmall = fn(&Number) -> bool;
/// Takes an argument that must be a number of some kind.
pub(super) type Take = fn(&mut Machine, &str, Arguments, usize) -> Result<Number, Fault>;

/// An argument that must be a real number.
pub(super) fn operand(
    m: &mut Machine,
    procedure: &str,
    arguments: Arguments,
    index: usize,
) -> Result<Number, Fault> {
    match any_operand(m, procedure, arguments, index)? {
        Number::Complex(_) => {
            let value = m.arg(arguments, index);
            Err(wrong_argument(m, procedure, "a real number", value))
        }
        number => Ok(number),
    }
}

/// An argument that must be a number.
pub(super) fn any_operand(
    m: &mut Machine,
    procedure: &str,
    arguments: Arguments,
    index: usize,
) -> Result<Number, Fault> {
    let value = m.arg(arguments, index);
    match m.number_paid(value)? {
        Some(number) => Ok(number),
        None => Err(wrong_argument(m, procedure, "a number", value)),
    }
}

/// Charges for an operation and makes room for its result.
pub(super) fn pay(m: &mut Machine, cost: Cost) -> Result<(), Fault> {
    m.charge(cost.work)?;
    m.ensure(
        usize::try_from(cost.bytes / 8)
            .unwrap_or(usize::MAX / 32)
            .saturating_add(8),
    )
}

/// Whether a number is a machine word, so that working with it has a fixed price.
pub(super) fn is_small(number: &Number) -> bool {
    matches!(number, Number::Int(_) | Number::Float(_))
}

/// Whether a number is a whole one in a machine word, or as large as one that is: of a larger float all digits are worked with.
pub(super) fn is_small_integer(number: &Number) -> bool {
    match number {
        Number::Int(_) => true,
        Number::Float(value) => value.abs() < 9e18,
        _ => false,
    }
}

/// What [`fold`] costs for two numbers that are machine words.
const SMALL_WORK: u64 = 2;

/// An operation of two arguments that are words of their own, for the price [`fold`] has; `None` if they or their result are anything else.
#[inline(always)]
pub(super) fn small(
    m: &mut Machine,
    arguments: Arguments,
    of_integers: fn(i64, i64) -> Option<i64>,
    of_floats: fn(f64, f64) -> f64,
) -> Result<Option<Value>, Fault> {
    if arguments.count != 2 {
        return Ok(None);
    }
    let (x, y) = (m.arg(arguments, 0), m.arg(arguments, 1));
    if Value::both_fixnums(x, y) {
        let result = of_integers(x.fixnum_value(), y.fixnum_value()).and_then(Value::try_fixnum);
        if result.is_some() {
            m.charge(SMALL_WORK)?;
        }
        return Ok(result);
    }
    if x.is_immediate_float() && y.is_immediate_float() {
        m.charge(SMALL_WORK)?;
        let result = Number::Float(of_floats(x.immediate_float(), y.immediate_float()));
        return from_number(m, &result).map(Some);
    }
    Ok(None)
}

/// An operation of the first argument, a real number.
pub(super) fn unary(
    m: &mut Machine,
    procedure: &str,
    arguments: Arguments,
    price: fn(&Number) -> Cost,
    f: Unary,
) -> Outcome {
    let x = operand(m, procedure, arguments, 0)?;
    pay(m, price(&x))?;
    answer(m, procedure, arguments, f(&x))
}

/// An operation of the first argument, any number.
pub(super) fn unary_of_any(
    m: &mut Machine,
    procedure: &str,
    arguments: Arguments,
    price: fn(&Number) -> Cost,
    f: Unary,
) -> Outcome {
    let x = any_operand(m, procedure, arguments, 0)?;
    pay(m, price(&x))?;
    answer(m, procedure, arguments, f(&x))
}

/// Folds a binary operation over one or more real arguments.
pub(super) fn binary(
    m: &mut Machine,
    procedure: &str,
    arguments: Arguments,
    price: fn(&Number, &Number) -> Cost,
    f: Binary,
) -> Outcome {
    let first = operand(m, procedure, arguments, 0)?;
    fold(m, procedure, arguments, operand, (first, 1), price, f)
}

/// Folds a binary operation over the arguments from the left, beginning with a number and a place.
pub(super) fn fold(
    m: &mut Machine,
    procedure: &str,
    arguments: Arguments,
    take: Take,
    beginning: (Number, usize),
    price: fn(&Number, &Number) -> Cost,
    f: Binary,
) -> Outcome {
    let take = (take, is_small as IsSmall);
    fold_unless_small(m, procedure, arguments, take, beginning, price, f)
}

/// The same; the price is asked for unless both numbers are small in a sense of its own.
pub(super) fn fold_unless_small(
    m: &mut Machine,
    procedure: &str,
    arguments: Arguments,
    (take, is_small): (Take, IsSmall),
    (start, from): (Number, usize),
    price: fn(&Number, &Number) -> Cost,
    f: Binary,
) -> Outcome {
    let mut result = start;
    for index in from..arguments.count {
        let next = take(m, procedure, arguments, index)?;
        if is_small(&result) && is_small(&next) {
            m.charge(SMALL_WORK)?;
        } else {
            pay(m, price(&result, &next))?;
        }
        result = match f(&result, &next) {
            Ok(result) => result,
            Err(NumberError::WrongArgument { position, expected }) => {
                // The first operand is the result so far: of the argument before.
                let position = (index + position).saturating_sub(1);
                let error = NumberError::WrongArgument { position, expected };
                return Err(failed(m, procedure, error, arguments));
            }
            Err(error) => return Err(failed(m, procedure, error, arguments)),
        };
    }
    from_number(m, &result)
}

/// An operation of two numbers that has its price whatever their sizes.
pub(super) fn combine(
    m: &mut Machine,
    procedure: &str,
    arguments: Arguments,
    take: Take,
    price: fn(&Number, &Number) -> Cost,
    f: Binary,
) -> Outcome {
    let (x, y) = (
        take(m, procedure, arguments, 0)?,
        take(m, procedure, arguments, 1)?,
    );
    pay(m, price(&x, &y))?;
    answer(m, procedure, arguments, f(&x, &y))
}

/// Answers with two numbers at once.
pub(super) fn both(
    m: &mut Machine,
    procedure: &str,
    arguments: Arguments,
    parts: Result<(Number, Number), NumberError>,
) -> Outcome {
    match parts {
        Ok(parts) => two_values(m, &parts),
        Err(error) => Err(failed(m, procedure, error, arguments)),
    }
}

/// Answers with the number an operation gave, or raises why it gave none.
pub(super) fn answer(
    m: &mut Machine,
    procedure: &str,
    arguments: Arguments,
    result: Result<Number, NumberError>,
) -> Outcome {
    match result {
        Ok(number) => from_number(m, &number),
        Err(error) => Err(failed(m, procedure, error, arguments)),
    }
}

/// Raises why an operation gave no number.
pub(super) fn failed(
    m: &mut Machine,
    procedure: &str,
    error: NumberError,
    arguments: Arguments,
) -> Fault {
    match error {
        NumberError::DivideByZero => m.error(
            ":divide-by-zero",
            &format!("`{procedure}` cannot divide by zero"),
            &[],
        ),
        NumberError::WrongArgument { position, expected } => {
            let value = m.arg(arguments, position.min(arguments.count - 1));
            wrong_argument(m, procedure, expected, value)
        }
        NumberError::TooBig => m.error(
            ":too-big",
            &format!("the answer of `{procedure}` would be too big"),
            &[],
        ),
    }
}
