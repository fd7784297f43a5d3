//! What every operation on numbers does: take its operands, pay, and answer.

use super::words::{from_number, two_values};
use crate::builtins::wrong_argument;
use crate::number::{Number, NumberError, cost::Cost};
use crate::vm::{Arguments, Fault, Machine, Outcome};

/// An operation of one number.
pub(super) type Unary = fn(&Number) -> Result<Number, NumberError>;
/// An operation of two numbers.
pub(super) type Binary = fn(&Number, &Number) -> Result<Number, NumberError>;

/// An argument that must be a number.
pub(super) fn operand(
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

/// An operation of the first argument.
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

/// Folds a binary operation over one or more arguments.
pub(super) fn binary(
    m: &mut Machine,
    procedure: &str,
    arguments: Arguments,
    price: fn(&Number, &Number) -> Cost,
    f: Binary,
) -> Outcome {
    let first = operand(m, procedure, arguments, 0)?;
    fold(m, procedure, arguments, first, 1, price, f)
}

/// Folds a binary operation over the arguments from the left.
pub(super) fn fold(
    m: &mut Machine,
    procedure: &str,
    arguments: Arguments,
    start: Number,
    from: usize,
    price: fn(&Number, &Number) -> Cost,
    f: Binary,
) -> Outcome {
    let mut result = start;
    for index in from..arguments.count {
        let next = operand(m, procedure, arguments, index)?;
        if is_small(&result) && is_small(&next) {
            m.charge(2)?;
        } else {
            pay(m, price(&result, &next))?;
        }
        result = match f(&result, &next) {
            Ok(result) => result,
            Err(error) => return Err(failed(m, procedure, error, arguments)),
        };
    }
    from_number(m, &result)
}

/// An operation of two arguments that has its price whatever their sizes.
pub(super) fn combine(
    m: &mut Machine,
    procedure: &str,
    arguments: Arguments,
    price: fn(&Number, &Number) -> Cost,
    f: Binary,
) -> Outcome {
    let (x, y) = (
        operand(m, procedure, arguments, 0)?,
        operand(m, procedure, arguments, 1)?,
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
        NumberError::NotReal => {
            let value = m.arg(arguments, 0);
            m.error(
                ":wrong-argument",
                &format!("`{procedure}` has no real answer for"),
                &[value],
            )
        }
        NumberError::TooBig => m.error(
            ":too-big",
            &format!("the answer of `{procedure}` would be too big"),
            &[],
        ),
    }
}
