//! Arithmetic: from words to [`Number`] and back, each operation paid for by its cost before it is done.

use super::{ANY, Builtin, wrong_argument};
use crate::codegen::Inline;
use crate::heap::Heap;
use crate::number::{self, Number, NumberError, cost, cost::Cost};
use crate::opcode::Op;
use crate::value::{Kind, Value};
use crate::vm::{Arguments, Fault, Machine, Outcome};
use num_bigint::{BigInt, BigUint, Sign};
use std::cmp::Ordering;

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
    Builtin::plain("floor/", "(floor/ n d)", (2, 2), SIZE, "Two values: n / d rounded down, and what is left.", floor_both),
    Builtin::plain("truncate/", "(truncate/ n d)", (2, 2), SIZE, "Two values: the whole part of n / d, and what is left.", truncate_both),
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

/// The number that a value is.
pub fn to_number(heap: &Heap, value: Value) -> Option<Number> {
    if value.is_fixnum() {
        return Some(Number::Int(value.fixnum_value()));
    }
    if value.is_immediate_float() {
        return Some(Number::Float(value.immediate_float()));
    }
    match heap.kind(value)? {
        Kind::Float => Some(Number::Float(f64::from_bits(heap.word(value, 0)))),
        Kind::Bignum => Some(bignum(heap, value).into()),
        Kind::Rational => {
            let part = |index| {
                to_number(heap, heap.field(value, index))?
                    .to_bigint()
                    .map(|n| n.into_owned())
            };
            Number::fraction(part(0)?, part(1)?)
        }
        _ => None,
    }
}

fn bignum(heap: &Heap, value: Value) -> BigInt {
    let sign = if heap.header(value).flags() == 0 {
        Sign::Plus
    } else {
        Sign::Minus
    };
    let digits: Vec<u32> = heap
        .words(value)
        .iter()
        .flat_map(|&w| [w as u32, (w >> 32) as u32])
        .collect();
    BigInt::from_biguint(sign, BigUint::new(digits))
}

fn number_words(number: &Number) -> usize {
    match number {
        Number::Int(n) => {
            if Value::try_fixnum(*n).is_some() {
                0
            } else {
                2
            }
        }
        Number::Float(_) => 2,
        _ => 8 + (cost::size_in_bytes(number) / 8) as usize,
    }
}

/// The value that a number is.
pub fn from_number(m: &mut Machine, number: &Number) -> Outcome {
    if let Number::Int(n) = number
        && let Some(value) = Value::try_fixnum(*n)
    {
        return Ok(value);
    }
    m.ensure(number_words(number))?;
    Ok(put(&mut m.heap, number))
}

fn put(heap: &mut Heap, number: &Number) -> Value {
    match number {
        Number::Int(n) => Value::try_fixnum(*n).unwrap_or_else(|| put_big(heap, &BigInt::from(*n))),
        Number::Float(x) => heap.float(*x),
        Number::Big(n) => put_big(heap, n),
        Number::Rational(q) => {
            let numerator = put(heap, &Number::from(q.numer().clone()));
            let denominator = put(heap, &Number::from(q.denom().clone()));
            heap.object(Kind::Rational, 0, &[numerator, denominator])
        }
    }
}

fn put_big(heap: &mut Heap, n: &BigInt) -> Value {
    let (sign, limbs) = n.to_u64_digits();
    let value = heap.raw(Kind::Bignum, u8::from(sign == Sign::Minus), limbs.len());
    heap.words_mut(value).copy_from_slice(&limbs);
    value
}

/// Whether two objects are numbers that `eqv?` takes for one.
pub fn same_boxed_number(heap: &Heap, a: Value, b: Value) -> bool {
    let (x, y) = (heap.header(a), heap.header(b));
    if x != y {
        return false;
    }
    if x.is(Kind::Float) || x.is(Kind::Bignum) {
        return heap.words(a) == heap.words(b);
    }
    x.is(Kind::Rational)
        && (0..2).all(|index| {
            let (p, q) = (heap.field(a, index), heap.field(b, index));
            p == q
                || (p.is_object()
                    && q.is_object()
                    && heap.header(p) == heap.header(q)
                    && heap.words(p) == heap.words(q))
        })
}

fn is_number_value(m: &Machine, value: Value) -> bool {
    value.is_fixnum()
        || value.is_immediate_float()
        || matches!(
            m.heap.kind(value),
            Some(Kind::Float | Kind::Bignum | Kind::Rational)
        )
}

fn operand(
    m: &mut Machine,
    procedure: &str,
    arguments: Arguments,
    index: usize,
) -> Result<Number, Fault> {
    let value = m.arg(arguments, index);
    match to_number(&m.heap, value) {
        Some(number) => Ok(number),
        None => Err(wrong_argument(m, procedure, "a number", value)),
    }
}

fn is_small(number: &Number) -> bool {
    matches!(number, Number::Int(_) | Number::Float(_))
}

fn pay(m: &mut Machine, cost: Cost) -> Result<(), Fault> {
    m.charge(cost.work)?;
    m.ensure(
        usize::try_from(cost.bytes / 8)
            .unwrap_or(usize::MAX / 32)
            .saturating_add(8),
    )
}

fn failed(m: &mut Machine, procedure: &str, error: NumberError, arguments: Arguments) -> Fault {
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

/// Folds a binary operation over the arguments from the left.
fn fold(
    m: &mut Machine,
    procedure: &str,
    arguments: Arguments,
    start: Number,
    from: usize,
    price: fn(&Number, &Number) -> Cost,
    f: fn(&Number, &Number) -> Result<Number, NumberError>,
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

fn add(m: &mut Machine, arguments: Arguments) -> Outcome {
    fold(m, "+", arguments, Number::Int(0), 0, cost::add, |a, b| {
        Ok(number::add(a, b))
    })
}

fn mul(m: &mut Machine, arguments: Arguments) -> Outcome {
    fold(m, "*", arguments, Number::Int(1), 0, cost::mul, |a, b| {
        Ok(number::mul(a, b))
    })
}

fn sub(m: &mut Machine, arguments: Arguments) -> Outcome {
    let first = operand(m, "-", arguments, 0)?;
    if arguments.count == 1 {
        pay(m, cost::unary(&first))?;
        return from_number(m, &number::neg(&first));
    }
    fold(m, "-", arguments, first, 1, cost::add, |a, b| {
        Ok(number::sub(a, b))
    })
}

fn div(m: &mut Machine, arguments: Arguments) -> Outcome {
    let first = operand(m, "/", arguments, 0)?;
    if arguments.count == 1 {
        return fold(m, "/", arguments, Number::Int(1), 0, cost::div, number::div);
    }
    fold(m, "/", arguments, first, 1, cost::div, number::div)
}

fn compare(
    m: &mut Machine,
    procedure: &str,
    arguments: Arguments,
    holds: fn(Ordering) -> bool,
) -> Outcome {
    let mut previous = operand(m, procedure, arguments, 0)?;
    let mut result = true;
    for index in 1..arguments.count {
        let next = operand(m, procedure, arguments, index)?;
        m.charge(if is_small(&previous) && is_small(&next) {
            1
        } else {
            cost::compare(&previous, &next)
        })?;
        result &= number::compare(&previous, &next).is_some_and(holds);
        previous = next;
    }
    Ok(Value::boolean(result))
}

fn num_eq(m: &mut Machine, arguments: Arguments) -> Outcome {
    compare(m, "=", arguments, Ordering::is_eq)
}

fn less(m: &mut Machine, arguments: Arguments) -> Outcome {
    compare(m, "<", arguments, Ordering::is_lt)
}

fn less_eq(m: &mut Machine, arguments: Arguments) -> Outcome {
    compare(m, "<=", arguments, Ordering::is_le)
}

fn greater(m: &mut Machine, arguments: Arguments) -> Outcome {
    compare(m, ">", arguments, Ordering::is_gt)
}

fn greater_eq(m: &mut Machine, arguments: Arguments) -> Outcome {
    compare(m, ">=", arguments, Ordering::is_ge)
}

fn binary(
    m: &mut Machine,
    procedure: &str,
    arguments: Arguments,
    price: fn(&Number, &Number) -> Cost,
    f: fn(&Number, &Number) -> Result<Number, NumberError>,
) -> Outcome {
    let first = operand(m, procedure, arguments, 0)?;
    fold(m, procedure, arguments, first, 1, price, f)
}

fn quotient(m: &mut Machine, arguments: Arguments) -> Outcome {
    binary(m, "quotient", arguments, cost::divide, number::quotient)
}

fn remainder(m: &mut Machine, arguments: Arguments) -> Outcome {
    binary(m, "remainder", arguments, cost::divide, number::remainder)
}

fn modulo(m: &mut Machine, arguments: Arguments) -> Outcome {
    binary(m, "modulo", arguments, cost::divide, number::modulo)
}

fn floor_quotient(m: &mut Machine, arguments: Arguments) -> Outcome {
    binary(
        m,
        "floor-quotient",
        arguments,
        cost::divide,
        number::floor_quotient,
    )
}

/// Quotient and remainder at once.
fn both(
    m: &mut Machine,
    procedure: &str,
    arguments: Arguments,
    f: fn(&Number, &Number) -> Result<(Number, Number), NumberError>,
) -> Outcome {
    let (n, d) = (operand(m, procedure, arguments, 0)?, operand(m, procedure, arguments, 1)?);
    pay(m, cost::divide(&n, &d))?;
    match f(&n, &d) {
        Ok(parts) => two_values(m, &parts),
        Err(error) => Err(failed(m, procedure, error, arguments)),
    }
}

fn two_values(m: &mut Machine, (first, second): &(Number, Number)) -> Outcome {
    m.ensure(number_words(first) + number_words(second) + 3)?;
    let fields = [put(&mut m.heap, first), put(&mut m.heap, second)];
    Ok(m.heap.object(Kind::Values, 0, &fields))
}

fn floor_both(m: &mut Machine, arguments: Arguments) -> Outcome {
    both(m, "floor/", arguments, number::floor_divide)
}

fn truncate_both(m: &mut Machine, arguments: Arguments) -> Outcome {
    both(m, "truncate/", arguments, number::truncate_divide)
}

fn gcd(m: &mut Machine, arguments: Arguments) -> Outcome {
    fold(
        m,
        "gcd",
        arguments,
        Number::Int(0),
        0,
        cost::gcd,
        number::gcd,
    )
}

fn lcm(m: &mut Machine, arguments: Arguments) -> Outcome {
    fold(
        m,
        "lcm",
        arguments,
        Number::Int(1),
        0,
        cost::lcm,
        number::lcm,
    )
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

fn max(m: &mut Machine, arguments: Arguments) -> Outcome {
    extreme(m, "max", arguments, Ordering::Greater)
}

fn min(m: &mut Machine, arguments: Arguments) -> Outcome {
    extreme(m, "min", arguments, Ordering::Less)
}

fn unary(
    m: &mut Machine,
    procedure: &str,
    arguments: Arguments,
    price: fn(&Number) -> Cost,
    f: fn(&Number) -> Result<Number, NumberError>,
) -> Outcome {
    let x = operand(m, procedure, arguments, 0)?;
    pay(m, price(&x))?;
    match f(&x) {
        Ok(result) => from_number(m, &result),
        Err(error) => Err(failed(m, procedure, error, arguments)),
    }
}

macro_rules! unary {
    ($($function:ident $name:literal $price:path, $operation:expr;)*) => {
        $(fn $function(m: &mut Machine, arguments: Arguments) -> Outcome {
            unary(m, $name, arguments, $price, $operation)
        })*
    };
}

unary! {
    abs "abs" cost::unary, |x| Ok(number::abs(x));
    numerator "numerator" cost::unary, number::numerator;
    denominator "denominator" cost::unary, number::denominator;
    floor "floor" cost::unary, |x| Ok(number::floor(x));
    ceiling "ceiling" cost::unary, |x| Ok(number::ceiling(x));
    truncate "truncate" cost::unary, |x| Ok(number::truncate(x));
    round "round" cost::unary, |x| Ok(number::round(x));
    exact "exact" cost::unary, number::exact;
    inexact "inexact" cost::inexact, |x| Ok(number::inexact(x));
    sqrt "sqrt" cost::sqrt, number::sqrt;
    exp "exp" cost::transcendental, |x| Ok(number::exp(x));
    sin "sin" cost::transcendental, |x| Ok(number::sin(x));
    cos "cos" cost::transcendental, |x| Ok(number::cos(x));
    tan "tan" cost::transcendental, |x| Ok(number::tan(x));
    asin "asin" cost::transcendental, number::asin;
    acos "acos" cost::transcendental, number::acos;
    bit_not "bitwise-not" cost::unary, number::bits::not;
    bit_count "bit-count" cost::unary, number::bits::bit_count;
    integer_length "integer-length" cost::unary, number::bits::integer_length;
}

fn log(m: &mut Machine, arguments: Arguments) -> Outcome {
    if arguments.count == 1 {
        return unary(m, "log", arguments, cost::transcendental, number::log);
    }
    let price = |a: &Number, b: &Number| Cost {
        work: cost::transcendental(a).work + cost::transcendental(b).work,
        bytes: 8,
    };
    binary(m, "log", arguments, price, number::log_base)
}

fn atan(m: &mut Machine, arguments: Arguments) -> Outcome {
    if arguments.count == 1 {
        return unary(m, "atan", arguments, cost::transcendental, |x| {
            Ok(number::atan(x))
        });
    }
    let price = |a: &Number, b: &Number| Cost {
        work: cost::transcendental(a).work + cost::transcendental(b).work,
        bytes: 8,
    };
    binary(m, "atan", arguments, price, number::atan2)
}

fn expt(m: &mut Machine, arguments: Arguments) -> Outcome {
    let (base, exponent) = (
        operand(m, "expt", arguments, 0)?,
        operand(m, "expt", arguments, 1)?,
    );
    pay(m, cost::expt(&base, &exponent))?;
    match number::expt(&base, &exponent) {
        Ok(result) => from_number(m, &result),
        Err(error) => Err(failed(m, "expt", error, arguments)),
    }
}

fn exact_integer_sqrt(m: &mut Machine, arguments: Arguments) -> Outcome {
    let x = operand(m, "exact-integer-sqrt", arguments, 0)?;
    pay(m, cost::sqrt(&x))?;
    match number::exact_integer_sqrt(&x) {
        Ok(parts) => two_values(m, &parts),
        Err(error) => Err(failed(m, "exact-integer-sqrt", error, arguments)),
    }
}

fn is_number(m: &mut Machine, arguments: Arguments) -> Outcome {
    Ok(Value::boolean(is_number_value(m, m.arg(arguments, 0))))
}

fn predicate_of_any(m: &mut Machine, arguments: Arguments, f: fn(&Number) -> bool) -> Outcome {
    let holds = to_number(&m.heap, m.arg(arguments, 0)).is_some_and(|x| f(&x));
    Ok(Value::boolean(holds))
}

fn is_rational(m: &mut Machine, arguments: Arguments) -> Outcome {
    predicate_of_any(m, arguments, number::is_finite)
}

fn is_integer(m: &mut Machine, arguments: Arguments) -> Outcome {
    predicate_of_any(m, arguments, number::is_integer)
}

fn is_exact_integer(m: &mut Machine, arguments: Arguments) -> Outcome {
    predicate_of_any(m, arguments, number::is_exact_integer)
}

fn is_exact_rational(m: &mut Machine, arguments: Arguments) -> Outcome {
    predicate_of_any(m, arguments, number::is_exact)
}

fn predicate(
    m: &mut Machine,
    procedure: &str,
    arguments: Arguments,
    f: fn(&Number) -> bool,
) -> Outcome {
    let x = operand(m, procedure, arguments, 0)?;
    Ok(Value::boolean(f(&x)))
}

macro_rules! predicates {
    ($($function:ident $name:literal $test:expr;)*) => {
        $(fn $function(m: &mut Machine, arguments: Arguments) -> Outcome {
            predicate(m, $name, arguments, $test)
        })*
    };
}

predicates! {
    is_exact "exact?" number::is_exact;
    is_inexact "inexact?" |x| !number::is_exact(x);
    is_finite "finite?" number::is_finite;
    is_infinite "infinite?" number::is_infinite;
    is_nan "nan?" number::is_nan;
    is_zero "zero?" number::is_zero;
    is_positive "positive?" |x| number::compare(x, &Number::Int(0)) == Some(Ordering::Greater);
    is_negative "negative?" |x| number::compare(x, &Number::Int(0)) == Some(Ordering::Less);
}

fn is_odd(m: &mut Machine, arguments: Arguments) -> Outcome {
    let x = operand(m, "odd?", arguments, 0)?;
    match number::is_odd(&x) {
        Ok(odd) => Ok(Value::boolean(odd)),
        Err(error) => Err(failed(m, "odd?", error, arguments)),
    }
}

fn is_even(m: &mut Machine, arguments: Arguments) -> Outcome {
    let x = operand(m, "even?", arguments, 0)?;
    match number::is_odd(&x) {
        Ok(odd) => Ok(Value::boolean(!odd)),
        Err(error) => Err(failed(m, "even?", error, arguments)),
    }
}

fn bit_and(m: &mut Machine, arguments: Arguments) -> Outcome {
    fold(
        m,
        "bitwise-and",
        arguments,
        Number::Int(-1),
        0,
        cost::bitwise,
        number::bits::and,
    )
}

fn bit_or(m: &mut Machine, arguments: Arguments) -> Outcome {
    fold(
        m,
        "bitwise-or",
        arguments,
        Number::Int(0),
        0,
        cost::bitwise,
        number::bits::or,
    )
}

fn bit_xor(m: &mut Machine, arguments: Arguments) -> Outcome {
    fold(
        m,
        "bitwise-xor",
        arguments,
        Number::Int(0),
        0,
        cost::bitwise,
        number::bits::xor,
    )
}

fn shift(m: &mut Machine, arguments: Arguments) -> Outcome {
    let (x, count) = (
        operand(m, "arithmetic-shift", arguments, 0)?,
        operand(m, "arithmetic-shift", arguments, 1)?,
    );
    pay(m, cost::shift(&x, &count))?;
    match number::bits::shift(&x, &count) {
        Ok(result) => from_number(m, &result),
        Err(error) => Err(failed(m, "arithmetic-shift", error, arguments)),
    }
}

fn radix(m: &mut Machine, procedure: &str, arguments: Arguments) -> Result<u32, Fault> {
    match m.optional(arguments, 1) {
        None => Ok(10),
        Some(value) => match value.as_fixnum() {
            Some(radix @ 2..=36) => Ok(radix as u32),
            _ => Err(wrong_argument(m, procedure, "a radix from 2 to 36", value)),
        },
    }
}

fn number_to_string(m: &mut Machine, arguments: Arguments) -> Outcome {
    let x = operand(m, "number->string", arguments, 0)?;
    let radix = radix(m, "number->string", arguments)?;
    pay(m, cost::to_text(&x, radix))?;
    let text = number::to_text(&x, radix);
    m.string(&text)
}

fn string_to_number(m: &mut Machine, arguments: Arguments) -> Outcome {
    let value = m.arg(arguments, 0);
    if !m.is_string(value) {
        return Err(wrong_argument(m, "string->number", "a string", value));
    }
    let radix = radix(m, "string->number", arguments)?;
    m.charge(m.heap.string_length(value) as u64)?;
    let text = m.heap.string_text(value);
    pay(m, cost::parse(&text, radix))?;
    match number::parse(&text, radix) {
        Ok(number) => from_number(m, &number),
        Err(_) => Ok(Value::FALSE),
    }
}
