//! Whole numbers as bits in two's complement.

use super::operation::{any_operand, combine, fold, operand, unary};
use super::unary_builtins;
use crate::number::{Number, bits, cost};
use crate::vm::{Arguments, Machine, Outcome};

pub(super) fn bit_and(m: &mut Machine, arguments: Arguments) -> Outcome {
    fold(
        m,
        "bitwise-and",
        arguments,
        operand,
        (Number::Int(-1), 0),
        cost::bitwise,
        bits::and,
    )
}

pub(super) fn bit_or(m: &mut Machine, arguments: Arguments) -> Outcome {
    fold(
        m,
        "bitwise-or",
        arguments,
        operand,
        (Number::Int(0), 0),
        cost::bitwise,
        bits::or,
    )
}

pub(super) fn bit_xor(m: &mut Machine, arguments: Arguments) -> Outcome {
    fold(
        m,
        "bitwise-xor",
        arguments,
        operand,
        (Number::Int(0), 0),
        cost::bitwise,
        bits::xor,
    )
}

pub(super) fn shift(m: &mut Machine, arguments: Arguments) -> Outcome {
    combine(
        m,
        "arithmetic-shift",
        arguments,
        any_operand,
        cost::shift,
        bits::shift,
    )
}

unary_builtins! { unary;
    bit_not "bitwise-not" cost::unary, bits::not;
    bit_count "bit-count" cost::unary, bits::bit_count;
    integer_length "integer-length" cost::unary, bits::integer_length;
}
