//! The order of strings: by code point, character by character.

use super::{string_argument, text_bytes};
use crate::builtins::{ANY, Builtin};
use crate::unicode;
use crate::value::Value;
use crate::vm::{Arguments, Fault, Machine, Outcome};
use std::cmp::Ordering;

const PRICE: &str = "1 for every 4 characters compared";
const FOLDED_PRICE: &str = "4 for each character";

macro_rules! row {
    ($name:literal, $price:expr, $doc:literal, $function:ident) => {
        Builtin::plain(
            $name,
            concat!("(", $name, " string …)"),
            (1, ANY),
            $price,
            $doc,
            $function,
        )
    };
}

/// See the module's description.
pub const TABLE: &[Builtin] = &[
    row!("string=?", PRICE, "Whether all are the same text.", equal),
    row!(
        "string<?",
        PRICE,
        "Whether each comes before the next.",
        less
    ),
    row!(
        "string>?",
        PRICE,
        "Whether each comes after the next.",
        greater
    ),
    row!(
        "string<=?",
        PRICE,
        "Whether none comes after the next.",
        less_eq
    ),
    row!(
        "string>=?",
        PRICE,
        "Whether none comes before the next.",
        greater_eq
    ),
    row!(
        "string-ci=?",
        FOLDED_PRICE,
        "The same as string=? for folded texts.",
        ci_equal
    ),
    row!(
        "string-ci<?",
        FOLDED_PRICE,
        "The same as string<? for folded texts.",
        ci_less
    ),
    row!(
        "string-ci>?",
        FOLDED_PRICE,
        "The same as string>? for folded texts.",
        ci_greater
    ),
    row!(
        "string-ci<=?",
        FOLDED_PRICE,
        "The same as string<=? for folded texts.",
        ci_less_eq
    ),
    row!(
        "string-ci>=?",
        FOLDED_PRICE,
        "The same as string>=? for folded texts.",
        ci_greater_eq
    ),
];

/// The order of two strings. Charges for what it may compare.
pub fn order(m: &mut Machine, a: Value, b: Value) -> Result<Ordering, Fault> {
    let (x, y) = (m.heap.string_length(a), m.heap.string_length(b));
    m.charge(1 + x.min(y) as u64 / 4)?;
    let left = m.heap.string_chars(a, 0, x);
    Ok(left.cmp(m.heap.string_chars(b, 0, y)))
}

fn compare(
    m: &mut Machine,
    procedure: &str,
    arguments: Arguments,
    holds: fn(Ordering) -> bool,
) -> Outcome {
    for index in 0..arguments.count {
        string_argument(m, procedure, arguments, index)?;
    }
    for index in 1..arguments.count {
        let (a, b) = (m.arg(arguments, index - 1), m.arg(arguments, index));
        if !holds(order(m, a, b)?) {
            return Ok(Value::FALSE);
        }
    }
    Ok(Value::TRUE)
}

fn folded(m: &mut Machine, arguments: Arguments, index: usize) -> Result<String, Fault> {
    let string = m.arg(arguments, index);
    m.charge(4 * m.heap.string_length(string) as u64)?;
    // Two folded texts and the one being folded.
    let bytes = text_bytes(m, string) * (1 + 2 * unicode::CASE_GROWTH_MAX);
    m.ask_to_hold(bytes / 8)?;
    let text = m.heap.string_text(m.arg(arguments, index));
    Ok(unicode::string_foldcase(&text))
}

fn compare_folded(
    m: &mut Machine,
    procedure: &str,
    arguments: Arguments,
    holds: fn(Ordering) -> bool,
) -> Outcome {
    for index in 0..arguments.count {
        string_argument(m, procedure, arguments, index)?;
    }
    let mut before = folded(m, arguments, 0)?;
    for index in 1..arguments.count {
        let next = folded(m, arguments, index)?;
        // UTF-8 has the order of code points.
        if !holds(before.cmp(&next)) {
            return Ok(Value::FALSE);
        }
        before = next;
    }
    Ok(Value::TRUE)
}

fn equal(m: &mut Machine, arguments: Arguments) -> Outcome {
    compare(m, "string=?", arguments, Ordering::is_eq)
}

fn less(m: &mut Machine, arguments: Arguments) -> Outcome {
    compare(m, "string<?", arguments, Ordering::is_lt)
}

fn greater(m: &mut Machine, arguments: Arguments) -> Outcome {
    compare(m, "string>?", arguments, Ordering::is_gt)
}

fn less_eq(m: &mut Machine, arguments: Arguments) -> Outcome {
    compare(m, "string<=?", arguments, Ordering::is_le)
}

fn greater_eq(m: &mut Machine, arguments: Arguments) -> Outcome {
    compare(m, "string>=?", arguments, Ordering::is_ge)
}

fn ci_equal(m: &mut Machine, arguments: Arguments) -> Outcome {
    compare_folded(m, "string-ci=?", arguments, Ordering::is_eq)
}

fn ci_less(m: &mut Machine, arguments: Arguments) -> Outcome {
    compare_folded(m, "string-ci<?", arguments, Ordering::is_lt)
}

fn ci_greater(m: &mut Machine, arguments: Arguments) -> Outcome {
    compare_folded(m, "string-ci>?", arguments, Ordering::is_gt)
}

fn ci_less_eq(m: &mut Machine, arguments: Arguments) -> Outcome {
    compare_folded(m, "string-ci<=?", arguments, Ordering::is_le)
}

fn ci_greater_eq(m: &mut Machine, arguments: Arguments) -> Outcome {
    compare_folded(m, "string-ci>=?", arguments, Ordering::is_ge)
}
