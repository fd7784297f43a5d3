//! Characters: their classes, case, codes and order.

use super::strings::char_argument;
use super::{ANY, Builtin, wrong_argument};
use crate::unicode;
use crate::value::Value;
use crate::vm::{Arguments, Machine, Outcome};

macro_rules! class {
    ($name:literal, $doc:literal, $function:expr) => {
        Builtin::plain(
            $name,
            concat!("(", $name, " character)"),
            (1, 1),
            "5",
            $doc,
            |m, arguments| {
                m.charge(5)?;
                let c = char_argument(m, $name, arguments, 0)?;
                Ok(Value::boolean($function(c)))
            },
        )
    };
}

macro_rules! case {
    ($name:literal, $doc:literal, $function:expr) => {
        Builtin::plain(
            $name,
            concat!("(", $name, " character)"),
            (1, 1),
            "5",
            $doc,
            |m, arguments| {
                m.charge(5)?;
                let c = char_argument(m, $name, arguments, 0)?;
                Ok(Value::character($function(c)))
            },
        )
    };
}

macro_rules! order {
    ($name:literal, $doc:literal, $key:expr, $holds:expr) => {
        Builtin::plain(
            $name,
            concat!("(", $name, " character …)"),
            (1, ANY),
            "1 for each character; 5 when the case does not count",
            $doc,
            |m, arguments| compare(m, $name, arguments, $key, $holds),
        )
    };
}

/// See the module's description.
pub const TABLE: &[Builtin] = &[
    Builtin::plain(
        "char?",
        "(char? value)",
        (1, 1),
        "",
        "Whether a value is a character.",
        is_char,
    ),
    order!(
        "char=?",
        "Whether all are the same character.",
        same,
        |a, b| a == b
    ),
    order!(
        "char<?",
        "Whether each comes before the next.",
        same,
        |a, b| a < b
    ),
    order!(
        "char>?",
        "Whether each comes after the next.",
        same,
        |a, b| a > b
    ),
    order!(
        "char<=?",
        "Whether none comes after the next.",
        same,
        |a, b| a <= b
    ),
    order!(
        "char>=?",
        "Whether none comes before the next.",
        same,
        |a, b| a >= b
    ),
    order!(
        "char-ci=?",
        "Whether all are the same letter, large or small.",
        unicode::foldcase,
        |a, b| a == b
    ),
    order!(
        "char-ci<?",
        "The same as char<? for folded characters.",
        unicode::foldcase,
        |a, b| a < b
    ),
    order!(
        "char-ci>?",
        "The same as char>? for folded characters.",
        unicode::foldcase,
        |a, b| a > b
    ),
    order!(
        "char-ci<=?",
        "The same as char<=? for folded characters.",
        unicode::foldcase,
        |a, b| a <= b
    ),
    order!(
        "char-ci>=?",
        "The same as char>=? for folded characters.",
        unicode::foldcase,
        |a, b| a >= b
    ),
    class!(
        "char-alphabetic?",
        "Whether it is a letter.",
        unicode::is_alphabetic
    ),
    class!(
        "char-numeric?",
        "Whether it is a digit.",
        unicode::is_numeric
    ),
    class!(
        "char-whitespace?",
        "Whether it is white space.",
        unicode::is_whitespace
    ),
    class!(
        "char-upper-case?",
        "Whether it is a capital letter.",
        unicode::is_uppercase
    ),
    class!(
        "char-lower-case?",
        "Whether it is a small letter.",
        unicode::is_lowercase
    ),
    case!(
        "char-upcase",
        "The capital letter of a letter.",
        unicode::upcase
    ),
    case!(
        "char-downcase",
        "The small letter of a letter.",
        unicode::downcase
    ),
    case!(
        "char-foldcase",
        "The letter without the difference of capital and small.",
        unicode::foldcase
    ),
    Builtin::plain(
        "digit-value",
        "(digit-value character)",
        (1, 1),
        "5",
        "The number that a digit of any script stands for, or #f.",
        digit_value,
    ),
    Builtin::plain(
        "char->integer",
        "(char->integer character)",
        (1, 1),
        "",
        "The number of a character in Unicode.",
        char_to_integer,
    ),
    Builtin::plain(
        "integer->char",
        "(integer->char number)",
        (1, 1),
        "",
        "The character with a number in Unicode.",
        integer_to_char,
    ),
];

fn same(c: char) -> char {
    c
}

fn compare(
    m: &mut Machine,
    procedure: &str,
    arguments: Arguments,
    key: fn(char) -> char,
    holds: fn(char, char) -> bool,
) -> Outcome {
    let price = if procedure.starts_with("char-ci") {
        5
    } else {
        1
    };
    m.charge(price * arguments.count as u64)?;
    let mut before = key(char_argument(m, procedure, arguments, 0)?);
    let mut all = true;
    for index in 1..arguments.count {
        let next = key(char_argument(m, procedure, arguments, index)?);
        all &= holds(before, next);
        before = next;
    }
    Ok(Value::boolean(all))
}

fn is_char(m: &mut Machine, arguments: Arguments) -> Outcome {
    Ok(Value::boolean(m.arg(arguments, 0).as_char().is_some()))
}

fn digit_value(m: &mut Machine, arguments: Arguments) -> Outcome {
    m.charge(5)?;
    let c = char_argument(m, "digit-value", arguments, 0)?;
    Ok(unicode::digit_value(c).map_or(Value::FALSE, |digit| Value::fixnum(i64::from(digit))))
}

fn char_to_integer(m: &mut Machine, arguments: Arguments) -> Outcome {
    let c = char_argument(m, "char->integer", arguments, 0)?;
    Ok(Value::fixnum(i64::from(u32::from(c))))
}

fn integer_to_char(m: &mut Machine, arguments: Arguments) -> Outcome {
    let value = m.arg(arguments, 0);
    let code = value.as_fixnum().and_then(|n| u32::try_from(n).ok());
    match code.and_then(char::from_u32) {
        Some(c) => Ok(Value::character(c)),
        None => Err(wrong_argument(
            m,
            "integer->char",
            "the number of a character, up to 1114111 and not from 55296 to 57343",
            value,
        )),
    }
}
