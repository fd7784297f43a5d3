//! Strings made of others: joined, trimmed, padded, turned round, repeated; and what the library's own procedures of this kind stand on.

use super::{
    blank, char_argument, cut, mutable_string, of_list, part, pay_if_widened, string_argument,
};
use crate::builtins::lists::length_of;
use crate::builtins::{Builtin, count_argument, index_argument, told_name, wrong_argument};
use crate::unicode;
use crate::value::Value;
use crate::vm::{Arguments, Fault, Machine, Outcome};

const EACH: &str = "1 for each character";

/// See the module's description.
pub const TABLE: &[Builtin] = &[
    Builtin::plain(
        "%string-end",
        "(%string-end procedure string start end)",
        (4, 4),
        "",
        "Where a stretch of a string ends, in which #f stands for the end of the string; what is wrong with it is told of the procedure named.",
        string_end,
    ),
    Builtin::plain(
        "%mutable-string",
        "(%mutable-string procedure string)",
        (2, 2),
        "",
        "The string, if it can be changed; otherwise an error of the procedure.",
        as_mutable,
    ),
    Builtin::plain(
        "%list->string",
        "(%list->string list procedure)",
        (2, 2),
        "1 for each character",
        "The same as list->string for what a procedure gave to the procedure named.",
        gathered,
    ),
    Builtin::plain(
        "%string-join",
        "(%string-join list [separator])",
        (1, 2),
        "1 for every 4 bytes, 4 for each string",
        "The strings of a list in one, with the separator (a space) between them; for string-join.",
        string_join,
    ),
    Builtin::plain(
        "string-trim-left",
        "(string-trim-left string [character])",
        (1, 2),
        EACH,
        "The string without the white space (or the character) at its start.",
        string_trim_left,
    ),
    Builtin::plain(
        "string-pad-left",
        "(string-pad-left string length [character])",
        (2, 3),
        EACH,
        "The string, made as long as asked for at its start: filled up with spaces or the character, or cut off.",
        string_pad_left,
    ),
    Builtin::plain(
        "string-pad-right",
        "(string-pad-right string length [character [start end]])",
        (2, 5),
        EACH,
        "The string, made as long as asked for at its end: filled up with spaces or the character, or cut off.",
        string_pad_right,
    ),
    Builtin::plain(
        "string-reverse",
        "(string-reverse string [start end])",
        (1, 3),
        EACH,
        "The characters in the opposite order.",
        string_reverse,
    ),
    Builtin::plain(
        "string-repeat",
        "(string-repeat string count)",
        (2, 2),
        "1 for each character",
        "The string so many times in a row.",
        string_repeat,
    ),
];

fn string_end(m: &mut Machine, arguments: Arguments) -> Outcome {
    let (string, start, end) = (
        m.arg(arguments, 1),
        m.arg(arguments, 2),
        m.arg(arguments, 3),
    );
    let length = if m.is_string(string) {
        m.heap.string_length(string)
    } else {
        let procedure = told_name(m, m.arg(arguments, 0));
        return Err(wrong_argument(m, &procedure, "a string", string));
    };
    let place = |value: Value, most: usize| {
        let place = value
            .as_fixnum()
            .and_then(|place| usize::try_from(place).ok());
        place.filter(|&place| place <= most)
    };
    let found = if end == Value::FALSE {
        Some(length)
    } else {
        place(end, length)
    };
    match found {
        Some(found) if place(start, found).is_some() => Ok(Value::fixnum(found as i64)),
        _ => {
            let procedure = told_name(m, m.arg(arguments, 0));
            let (wrong, most) = found.map_or((end, length), |found| (start, found));
            index_argument(m, &procedure, wrong, most + 1)?;
            Ok(Value::fixnum(most as i64))
        }
    }
}

fn as_mutable(m: &mut Machine, arguments: Arguments) -> Outcome {
    let string = string_argument(m, "%mutable-string", arguments, 1)?;
    if m.heap.string_is_immutable(string) {
        let procedure = told_name(m, m.arg(arguments, 0));
        return mutable_string(m, &procedure, arguments, 1);
    }
    Ok(string)
}

fn gathered(m: &mut Machine, arguments: Arguments) -> Outcome {
    let procedure = told_name(m, m.arg(arguments, 1));
    let what = "a procedure that gives characters";
    of_list(m, &procedure, what, arguments)
}

fn string_join(m: &mut Machine, arguments: Arguments) -> Outcome {
    let mut list = m.arg(arguments, 0);
    let count = length_of(m, "string-join", list)?;
    m.charge(4 * count as u64)?;
    let (mut between, mut wide) = (1, false);
    if arguments.count > 1 {
        let separator = string_argument(m, "string-join", arguments, 1)?;
        between = m.heap.string_length(separator);
        wide = !m.heap.string_is_narrow(separator);
    }
    let mut total = between.saturating_mul(count.saturating_sub(1));
    while list.is_pair() {
        let item = m.heap.car(list);
        if !m.is_string(item) {
            return Err(wrong_argument(m, "string-join", "a list of strings", item));
        }
        total = total.saturating_add(m.heap.string_length(item));
        wide |= !m.heap.string_is_narrow(item);
        list = m.heap.cdr(list);
    }
    let new = blank(m, total, wide)?;
    let mut list = m.arg(arguments, 0);
    let mut at = 0;
    while list.is_pair() {
        if at > 0 || list != m.arg(arguments, 0) {
            match m.optional(arguments, 1) {
                Some(separator) => {
                    pay_if_widened(m, separator, wide, between)?;
                    m.heap.copy_characters(separator, 0, new, at, between);
                }
                None => m.heap.set_string_char(new, at, ' '),
            }
            at += between;
        }
        let item = m.heap.car(list);
        let length = m.heap.string_length(item);
        pay_if_widened(m, item, wide, length)?;
        m.heap.copy_characters(item, 0, new, at, length);
        at += length;
        list = m.heap.cdr(list);
    }
    Ok(new)
}

fn string_trim_left(m: &mut Machine, arguments: Arguments) -> Outcome {
    let string = string_argument(m, "string-trim-left", arguments, 0)?;
    let unwanted = match arguments.count {
        1 => None,
        _ => Some(char_argument(m, "string-trim-left", arguments, 1)?),
    };
    let goes = |c: char| unwanted.map_or_else(|| unicode::is_whitespace(c), |u| u == c);
    let length = m.heap.string_length(string);
    m.charge(length as u64)?;
    let mut start = 0;
    while start < length && goes(m.heap.string_char(string, start)) {
        start += 1;
    }
    part(m, arguments, 0, start, length)
}

fn pad(m: &mut Machine, procedure: &str, arguments: Arguments, at_start: bool) -> Outcome {
    cut(m, procedure, arguments, 0, 3)?;
    let string = m.arg(arguments, 0);
    let wanted = m.arg(arguments, 1);
    let wanted = count_argument(m, procedure, wanted)?;
    let fill = match arguments.count {
        2 => ' ',
        _ => char_argument(m, procedure, arguments, 2)?,
    };
    let length = m.heap.string_length(string);
    if wanted <= length {
        let start = if at_start { length - wanted } else { 0 };
        return part(m, arguments, 0, start, start + wanted);
    }
    let wide = u32::from(fill) > 0xff || !m.heap.string_is_narrow(string);
    let new = blank(m, wanted, wide)?;
    m.charge(wanted as u64)?;
    let string = m.arg(arguments, 0);
    let (text_at, fill_at) = if at_start {
        (wanted - length, 0)
    } else {
        (0, length)
    };
    m.heap.copy_characters(string, 0, new, text_at, length);
    for place in fill_at..fill_at + wanted - length {
        m.heap.set_string_char(new, place, fill);
    }
    Ok(new)
}

fn string_pad_left(m: &mut Machine, arguments: Arguments) -> Outcome {
    pad(m, "string-pad-left", arguments, true)
}

fn string_pad_right(m: &mut Machine, arguments: Arguments) -> Outcome {
    pad(m, "string-pad-right", arguments, false)
}

fn string_reverse(m: &mut Machine, arguments: Arguments) -> Outcome {
    cut(m, "string-reverse", arguments, 0, 1)?;
    let string = m.arg(arguments, 0);
    let length = m.heap.string_length(string);
    let wide = !m.heap.string_is_narrow(string);
    m.charge(length as u64)?;
    let new = blank(m, length, wide)?;
    let string = m.arg(arguments, 0);
    for place in 0..length {
        let c = m.heap.string_char(string, place);
        m.heap.set_string_char(new, length - 1 - place, c);
    }
    Ok(new)
}

fn string_repeat(m: &mut Machine, arguments: Arguments) -> Outcome {
    let string = string_argument(m, "string-repeat", arguments, 0)?;
    let count = m.arg(arguments, 1);
    let count = count_argument(m, "string-repeat", count)?;
    let length = m.heap.string_length(string);
    let wide = !m.heap.string_is_narrow(string);
    let total = length.saturating_mul(count);
    let new = blank(m, total, wide)?;
    m.charge(total as u64)?;
    let string = m.arg(arguments, 0);
    fill_with(m, string, new, total)
}

/// Copies a string again and again into another, each time all that is there already.
fn fill_with(m: &mut Machine, string: Value, new: Value, total: usize) -> Result<Value, Fault> {
    let length = m.heap.string_length(string);
    m.heap.copy_characters(string, 0, new, 0, length.min(total));
    let mut done = length;
    while done < total {
        let more = done.min(total - done);
        m.heap.copy_characters(new, 0, new, done, more);
        done += more;
    }
    Ok(new)
}
