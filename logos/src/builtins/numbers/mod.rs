//! Numbers as programs use them, each operation paid for by its cost before it is done.
//!
//! The arithmetic itself is [`crate::number`]'s; here are the table, the way from words to [`crate::number::Number`] and back, and prices.

mod arithmetic;
mod bits;
mod comparison;
mod functions;
mod operation;
mod text;
mod words;

pub use words::{from_number, same_boxed_number, taking_work, to_number};

use super::{ANY, Builtin};
use crate::codegen::Inline;
use crate::opcode::Op;
use arithmetic::{
    abs, add, ceiling, denominator, div, exact, floor, floor_both, floor_quotient, gcd, inexact,
    lcm, modulo, mul, numerator, quotient, remainder, round, sub, truncate, truncate_both,
};
use bits::{bit_and, bit_count, bit_not, bit_or, bit_xor, integer_length, shift};
use comparison::{
    greater, greater_eq, is_even, is_exact, is_exact_integer, is_exact_rational, is_finite,
    is_inexact, is_infinite, is_integer, is_nan, is_negative, is_number, is_odd, is_positive,
    is_rational, is_zero, less, less_eq, max, min, num_eq,
};
use functions::{acos, asin, atan, cos, exact_integer_sqrt, exp, expt, log, sin, sqrt, tan};
use text::{number_to_string, string_to_number};

const SIZE: &str = "the size of the numbers";

/// See the module's description.
pub const TABLE: &[Builtin] = &[
    Builtin::plain("+", "(+ number …)", (0, ANY), SIZE, "The sum.", add)
        .inlined(Inline::Fold(Op::Add)),
    Builtin::plain(
        "-",
        "(- number number …)",
        (1, ANY),
        SIZE,
        "The difference; of one number, its negative.",
        sub,
    )
    .inlined(Inline::Fold(Op::Sub)),
    Builtin::plain("*", "(* number …)", (0, ANY), SIZE, "The product.", mul)
        .inlined(Inline::Fold(Op::Mul)),
    Builtin::plain(
        "/",
        "(/ number number …)",
        (1, ANY),
        SIZE,
        "The quotient; of one number, its inverse. Exact numbers give exact fractions.",
        div,
    ),
    Builtin::plain(
        "=",
        "(= number …)",
        (1, ANY),
        SIZE,
        "Whether all are equal.",
        num_eq,
    )
    .inlined(Inline::Fold(Op::NumEq)),
    Builtin::plain(
        "<",
        "(< number …)",
        (1, ANY),
        SIZE,
        "Whether each is smaller than the next.",
        less,
    )
    .inlined(Inline::Fold(Op::Less)),
    Builtin::plain(
        "<=",
        "(<= number …)",
        (1, ANY),
        SIZE,
        "Whether none is greater than the next.",
        less_eq,
    )
    .inlined(Inline::Fold(Op::LessEq)),
    Builtin::plain(
        ">",
        "(> number …)",
        (1, ANY),
        SIZE,
        "Whether each is greater than the next.",
        greater,
    )
    .inlined(Inline::Fold(Op::Greater)),
    Builtin::plain(
        ">=",
        "(>= number …)",
        (1, ANY),
        SIZE,
        "Whether none is smaller than the next.",
        greater_eq,
    )
    .inlined(Inline::Fold(Op::GreaterEq)),
    Builtin::plain(
        "quotient",
        "(quotient n d)",
        (2, 2),
        SIZE,
        "The whole part of n / d.",
        quotient,
    )
    .inlined(Inline::Binary(Op::Quotient)),
    Builtin::plain(
        "remainder",
        "(remainder n d)",
        (2, 2),
        SIZE,
        "What is left of n, with n's sign.",
        remainder,
    )
    .inlined(Inline::Binary(Op::Remainder)),
    Builtin::plain(
        "modulo",
        "(modulo n d)",
        (2, 2),
        SIZE,
        "What is left of n, with d's sign.",
        modulo,
    )
    .inlined(Inline::Binary(Op::Modulo)),
    Builtin::plain(
        "truncate-quotient",
        "(truncate-quotient n d)",
        (2, 2),
        SIZE,
        "The whole part of n / d.",
        quotient,
    ),
    Builtin::plain(
        "truncate-remainder",
        "(truncate-remainder n d)",
        (2, 2),
        SIZE,
        "What is left of n, with n's sign.",
        remainder,
    ),
    Builtin::plain(
        "floor/",
        "(floor/ n d)",
        (2, 2),
        SIZE,
        "Two values: n / d rounded down, and what is left.",
        floor_both,
    ),
    Builtin::plain(
        "truncate/",
        "(truncate/ n d)",
        (2, 2),
        SIZE,
        "Two values: the whole part of n / d, and what is left.",
        truncate_both,
    ),
    Builtin::plain(
        "floor-quotient",
        "(floor-quotient n d)",
        (2, 2),
        SIZE,
        "n / d rounded down.",
        floor_quotient,
    ),
    Builtin::plain(
        "floor-remainder",
        "(floor-remainder n d)",
        (2, 2),
        SIZE,
        "What is left of n, with d's sign.",
        modulo,
    ),
    Builtin::plain(
        "gcd",
        "(gcd n …)",
        (0, ANY),
        SIZE,
        "The greatest common divisor.",
        gcd,
    ),
    Builtin::plain(
        "lcm",
        "(lcm n …)",
        (0, ANY),
        SIZE,
        "The least common multiple.",
        lcm,
    ),
    Builtin::plain(
        "max",
        "(max number …)",
        (1, ANY),
        SIZE,
        "The greatest.",
        max,
    ),
    Builtin::plain(
        "min",
        "(min number …)",
        (1, ANY),
        SIZE,
        "The smallest.",
        min,
    ),
    Builtin::plain(
        "abs",
        "(abs number)",
        (1, 1),
        SIZE,
        "The number without its sign.",
        abs,
    ),
    Builtin::plain(
        "magnitude",
        "(magnitude number)",
        (1, 1),
        SIZE,
        "The number without its sign.",
        abs,
    ),
    Builtin::plain(
        "numerator",
        "(numerator q)",
        (1, 1),
        SIZE,
        "The upper part of a fraction in lowest terms.",
        numerator,
    ),
    Builtin::plain(
        "denominator",
        "(denominator q)",
        (1, 1),
        SIZE,
        "The lower part of a fraction in lowest terms.",
        denominator,
    ),
    Builtin::plain(
        "floor",
        "(floor number)",
        (1, 1),
        SIZE,
        "Rounded down.",
        floor,
    ),
    Builtin::plain(
        "ceiling",
        "(ceiling number)",
        (1, 1),
        SIZE,
        "Rounded up.",
        ceiling,
    ),
    Builtin::plain(
        "truncate",
        "(truncate number)",
        (1, 1),
        SIZE,
        "Rounded towards zero.",
        truncate,
    ),
    Builtin::plain(
        "round",
        "(round number)",
        (1, 1),
        SIZE,
        "Rounded to the nearest, halves to even.",
        round,
    ),
    Builtin::plain(
        "exact",
        "(exact number)",
        (1, 1),
        SIZE,
        "The exact number nearest to it.",
        exact,
    ),
    Builtin::plain(
        "inexact",
        "(inexact number)",
        (1, 1),
        SIZE,
        "The float nearest to it.",
        inexact,
    ),
    Builtin::plain(
        "inexact->exact",
        "(inexact->exact number)",
        (1, 1),
        SIZE,
        "The exact number nearest to it.",
        exact,
    ),
    Builtin::plain(
        "exact->inexact",
        "(exact->inexact number)",
        (1, 1),
        SIZE,
        "The float nearest to it.",
        inexact,
    ),
    Builtin::plain(
        "sqrt",
        "(sqrt number)",
        (1, 1),
        SIZE,
        "The square root; exact where it can be.",
        sqrt,
    ),
    Builtin::plain(
        "exact-integer-sqrt",
        "(exact-integer-sqrt n)",
        (1, 1),
        SIZE,
        "Two values: the whole part of the square root, and what is left.",
        exact_integer_sqrt,
    ),
    Builtin::plain(
        "expt",
        "(expt base exponent)",
        (2, 2),
        "the size of the result",
        "The base raised to the exponent.",
        expt,
    ),
    Builtin::plain(
        "exp",
        "(exp number)",
        (1, 1),
        "60",
        "e raised to the number.",
        exp,
    ),
    Builtin::plain(
        "log",
        "(log number [base])",
        (1, 2),
        "60",
        "The logarithm; natural without a base.",
        log,
    ),
    Builtin::plain("sin", "(sin number)", (1, 1), "60", "The sine.", sin),
    Builtin::plain("cos", "(cos number)", (1, 1), "60", "The cosine.", cos),
    Builtin::plain("tan", "(tan number)", (1, 1), "60", "The tangent.", tan),
    Builtin::plain("asin", "(asin number)", (1, 1), "60", "The arc sine.", asin),
    Builtin::plain(
        "acos",
        "(acos number)",
        (1, 1),
        "60",
        "The arc cosine.",
        acos,
    ),
    Builtin::plain(
        "atan",
        "(atan y [x])",
        (1, 2),
        "60",
        "The arc tangent; of two numbers, the angle of the point.",
        atan,
    ),
    Builtin::plain(
        "number?",
        "(number? value)",
        (1, 1),
        "",
        "Whether a value is a number.",
        is_number,
    ),
    Builtin::plain(
        "complex?",
        "(complex? value)",
        (1, 1),
        "",
        "Whether a value is a number.",
        is_number,
    ),
    Builtin::plain(
        "real?",
        "(real? value)",
        (1, 1),
        "",
        "Whether a value is a number.",
        is_number,
    ),
    Builtin::plain(
        "rational?",
        "(rational? value)",
        (1, 1),
        "",
        "Whether a value is a finite number.",
        is_rational,
    ),
    Builtin::plain(
        "integer?",
        "(integer? value)",
        (1, 1),
        "",
        "Whether a value is a whole number.",
        is_integer,
    ),
    Builtin::plain(
        "exact?",
        "(exact? number)",
        (1, 1),
        "",
        "Whether a number is exact.",
        is_exact,
    ),
    Builtin::plain(
        "inexact?",
        "(inexact? number)",
        (1, 1),
        "",
        "Whether a number is a float.",
        is_inexact,
    ),
    Builtin::plain(
        "exact-integer?",
        "(exact-integer? value)",
        (1, 1),
        "",
        "Whether a value is an exact whole number.",
        is_exact_integer,
    ),
    Builtin::plain(
        "exact-rational?",
        "(exact-rational? value)",
        (1, 1),
        "",
        "Whether a value is an exact number.",
        is_exact_rational,
    ),
    Builtin::plain(
        "finite?",
        "(finite? number)",
        (1, 1),
        "",
        "Whether a number is neither infinite nor not a number.",
        is_finite,
    ),
    Builtin::plain(
        "infinite?",
        "(infinite? number)",
        (1, 1),
        "",
        "Whether a number is infinite.",
        is_infinite,
    ),
    Builtin::plain(
        "nan?",
        "(nan? number)",
        (1, 1),
        "",
        "Whether a number is not a number.",
        is_nan,
    ),
    Builtin::plain(
        "zero?",
        "(zero? number)",
        (1, 1),
        "",
        "Whether a number is zero.",
        is_zero,
    ),
    Builtin::plain(
        "positive?",
        "(positive? number)",
        (1, 1),
        "",
        "Whether a number is greater than zero.",
        is_positive,
    ),
    Builtin::plain(
        "negative?",
        "(negative? number)",
        (1, 1),
        "",
        "Whether a number is smaller than zero.",
        is_negative,
    ),
    Builtin::plain(
        "odd?",
        "(odd? n)",
        (1, 1),
        "",
        "Whether a whole number is odd.",
        is_odd,
    ),
    Builtin::plain(
        "even?",
        "(even? n)",
        (1, 1),
        "",
        "Whether a whole number is even.",
        is_even,
    ),
    Builtin::plain(
        "bitwise-and",
        "(bitwise-and n …)",
        (0, ANY),
        SIZE,
        "The bits set in all.",
        bit_and,
    ),
    Builtin::plain(
        "bitwise-or",
        "(bitwise-or n …)",
        (0, ANY),
        SIZE,
        "The bits set in any.",
        bit_or,
    ),
    Builtin::plain(
        "bitwise-xor",
        "(bitwise-xor n …)",
        (0, ANY),
        SIZE,
        "The bits set in an odd number of them.",
        bit_xor,
    ),
    Builtin::plain(
        "bitwise-not",
        "(bitwise-not n)",
        (1, 1),
        SIZE,
        "The bits not set.",
        bit_not,
    ),
    Builtin::plain(
        "arithmetic-shift",
        "(arithmetic-shift n count)",
        (2, 2),
        "the size of the result",
        "The bits moved left, or right when the count is negative.",
        shift,
    ),
    Builtin::plain(
        "bit-count",
        "(bit-count n)",
        (1, 1),
        SIZE,
        "How many bits are set.",
        bit_count,
    ),
    Builtin::plain(
        "integer-length",
        "(integer-length n)",
        (1, 1),
        SIZE,
        "How many bits the number takes.",
        integer_length,
    ),
    Builtin::plain(
        "number->string",
        "(number->string number [radix])",
        (1, 2),
        "the number of digits, squared above some hundreds",
        "The number as text.",
        number_to_string,
    ),
    Builtin::plain(
        "string->number",
        "(string->number text [radix])",
        (1, 2),
        "the number of digits, squared above some hundreds",
        "The number a text is, or #f.",
        string_to_number,
    ),
];

/// Defines builtins of one number: each with its name, its price and its operation.
macro_rules! unary_builtins {
    ($($function:ident $name:literal $price:path, $operation:expr;)*) => {
        $(pub(super) fn $function(m: &mut Machine, arguments: Arguments) -> Outcome {
            unary(m, $name, arguments, $price, $operation)
        })*
    };
}
use unary_builtins;
