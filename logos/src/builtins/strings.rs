//! Strings: making, taking apart, changing. The modules below compare and search them.

pub mod compare;
pub mod edit;
pub mod search;

use super::lists::length_of;
use super::{ANY, Builtin, count_argument, index_argument, range_arguments, wrong_argument};
use crate::codegen::Inline;
use crate::heap::Heap;
use crate::opcode::Op;
use crate::unicode;
use crate::value::{Kind, Value};
use crate::vm::{Arguments, Fault, Machine, Outcome};
use sha2::{Digest, Sha256};

const COPIED: &str =
    "1 for every 4 bytes: a character takes 1, in a string with some beyond U+00FF 4";
const EACH: &str = "1 for each character";

/// See the module's description.
pub const TABLE: &[Builtin] = &[
    Builtin::plain(
        "%digest",
        "(%digest string)",
        (1, 1),
        "120, and 1 for each character",
        "The SHA-256 of a text in UTF-8, as 64 hex digits.",
        digest,
    ),
    Builtin::plain(
        "string?",
        "(string? value)",
        (1, 1),
        "",
        "Whether a value is a string.",
        is_string,
    ),
    Builtin::plain(
        "make-string",
        "(make-string count [character])",
        (1, 2),
        COPIED,
        "A new string of count times the character, or of spaces.",
        make_string,
    ),
    Builtin::plain(
        "string",
        "(string character …)",
        (0, ANY),
        EACH,
        "A new string of the characters.",
        string,
    ),
    Builtin::plain(
        "string-length",
        "(string-length string)",
        (1, 1),
        "",
        "How many characters a string has.",
        string_length,
    ),
    Builtin::plain(
        "string-ref",
        "(string-ref string place)",
        (2, 2),
        "",
        "The character at a place, from 0.",
        string_ref,
    )
    .inlined(Inline::Binary(Op::StringRef)),
    Builtin::plain(
        "string-set!",
        "(string-set! string place character)",
        (3, 3),
        "the first time beyond U+00FF 1 for each character",
        "Changes the character at a place.",
        string_set,
    ),
    Builtin::plain(
        "substring",
        "(substring string start [end])",
        (2, 3),
        COPIED,
        "A new string of the characters from start to before end.",
        substring,
    ),
    Builtin::plain(
        "string-append",
        "(string-append string …)",
        (0, ANY),
        COPIED,
        "A new string of all, one after the other.",
        string_append,
    ),
    Builtin::plain(
        "string-copy",
        "(string-copy string [start end])",
        (1, 3),
        COPIED,
        "A new string of a stretch of another.",
        string_copy,
    ),
    Builtin::plain(
        "string-copy!",
        "(string-copy! to at from [start end])",
        (3, 5),
        EACH,
        "Copies a stretch of a string into another, or within one.",
        string_copy_into,
    ),
    Builtin::plain(
        "string-fill!",
        "(string-fill! string character [start end])",
        (2, 4),
        EACH,
        "Puts the character at every place.",
        string_fill,
    ),
    Builtin::plain(
        "string->list",
        "(string->list string [start end])",
        (1, 3),
        "2 for each character",
        "The characters as a list.",
        string_to_list,
    ),
    Builtin::plain(
        "list->string",
        "(list->string list)",
        (1, 1),
        EACH,
        "A new string of a list of characters.",
        list_to_string,
    ),
    Builtin::plain(
        "string->vector",
        "(string->vector string [start end])",
        (1, 3),
        EACH,
        "The characters as a vector.",
        string_to_vector,
    ),
    Builtin::plain(
        "vector->string",
        "(vector->string vector [start end])",
        (1, 3),
        EACH,
        "A new string of a vector of characters.",
        vector_to_string,
    ),
    Builtin::plain(
        "string-upcase",
        "(string-upcase string [start end])",
        (1, 3),
        "4 for each character",
        "The string in capital letters.",
        string_upcase,
    ),
    Builtin::plain(
        "string-downcase",
        "(string-downcase string [start end])",
        (1, 3),
        "4 for each character",
        "The string in small letters.",
        string_downcase,
    ),
    Builtin::plain(
        "string-foldcase",
        "(string-foldcase string)",
        (1, 1),
        "4 for each character",
        "The string without the difference of capital and small letters, for comparing.",
        string_foldcase,
    ),
    Builtin::plain(
        "string->utf8",
        "(string->utf8 string [start end])",
        (1, 3),
        EACH,
        "The bytes of a string in UTF-8.",
        string_to_utf8,
    ),
    Builtin::plain(
        "utf8->string",
        "(utf8->string bytes [start end])",
        (1, 3),
        "1 for each byte",
        "The string that bytes in UTF-8 stand for.",
        utf8_to_string,
    ),
];

/// An argument that must be a string.
pub fn string_argument(
    m: &mut Machine,
    procedure: &str,
    arguments: Arguments,
    index: usize,
) -> Result<Value, Fault> {
    let value = m.arg(arguments, index);
    if m.is_string(value) {
        Ok(value)
    } else {
        Err(wrong_argument(m, procedure, "a string", value))
    }
}

/// An argument that must be a character.
pub fn char_argument(
    m: &mut Machine,
    procedure: &str,
    arguments: Arguments,
    index: usize,
) -> Result<char, Fault> {
    let value = m.arg(arguments, index);
    match value.as_char() {
        Some(c) => Ok(c),
        None => Err(wrong_argument(m, procedure, "a character", value)),
    }
}

fn mutable_string(
    m: &mut Machine,
    procedure: &str,
    arguments: Arguments,
    index: usize,
) -> Result<Value, Fault> {
    let value = string_argument(m, procedure, arguments, index)?;
    if m.heap.string_is_immutable(value) {
        let message = format!(
            "`{procedure}` cannot change a string written in the program; copy it first with `string-copy`:"
        );
        return Err(m.error(":wrong-argument", &message, &[value]));
    }
    Ok(value)
}

/// Asks for a blank string and makes it.
pub fn blank(m: &mut Machine, length: usize, wide: bool) -> Outcome {
    let words = blank_words(length, wide);
    m.ensure(words)?;
    m.charge(2 * words as u64)?;
    Ok(m.heap.string_blank(length, wide))
}

fn blank_words(length: usize, wide: bool) -> usize {
    // Lengths that would overflow cannot be had either way.
    Heap::blank_words(length.min(usize::MAX / 8), wide)
}

/// A new string of a stretch of an argument.
pub fn part(
    m: &mut Machine,
    arguments: Arguments,
    index: usize,
    start: usize,
    end: usize,
) -> Outcome {
    let wide = !m.heap.string_is_narrow(m.arg(arguments, index));
    let new = blank(m, end - start, wide)?;
    let string = m.arg(arguments, index);
    m.heap.copy_characters(string, start, new, 0, end - start);
    Ok(new)
}

/// Has the stretch of a string stand in its place among the arguments: from the place that argument `from` is up to that which the next is.
pub fn cut(
    m: &mut Machine,
    procedure: &str,
    arguments: Arguments,
    index: usize,
    from: usize,
) -> Result<(), Fault> {
    let string = string_argument(m, procedure, arguments, index)?;
    if arguments.count > from {
        let length = m.heap.string_length(string);
        let (start, end) = range_arguments(m, procedure, arguments, from, length)?;
        let stretch = part(m, arguments, index, start, end)?;
        m.set_arg(arguments, index, stretch);
    }
    Ok(())
}

/// A new string of a text outside the heap.
fn from_text(m: &mut Machine, text: &str) -> Outcome {
    m.charge(text.len() as u64 / 2)?;
    m.string(text)
}

fn is_string(m: &mut Machine, arguments: Arguments) -> Outcome {
    Ok(Value::boolean(m.is_string(m.arg(arguments, 0))))
}

fn make_string(m: &mut Machine, arguments: Arguments) -> Outcome {
    let count = m.arg(arguments, 0);
    let count = count_argument(m, "make-string", count)?;
    let fill = if arguments.count > 1 {
        char_argument(m, "make-string", arguments, 1)?
    } else {
        ' '
    };
    let words = blank_words(count, u32::from(fill) > 0xff);
    m.ensure(words)?;
    m.charge(2 * words as u64)?;
    Ok(m.heap.string_filled(count, fill))
}

fn string(m: &mut Machine, arguments: Arguments) -> Outcome {
    m.charge(arguments.count as u64)?;
    let mut wide = false;
    for index in 0..arguments.count {
        wide |= u32::from(char_argument(m, "string", arguments, index)?) > 0xff;
    }
    let new = blank(m, arguments.count, wide)?;
    for index in 0..arguments.count {
        let c = m.arg(arguments, index).as_char().unwrap_or(' ');
        m.heap.set_string_char(new, index, c);
    }
    Ok(new)
}

fn string_length(m: &mut Machine, arguments: Arguments) -> Outcome {
    let string = string_argument(m, "string-length", arguments, 0)?;
    Ok(Value::fixnum(m.heap.string_length(string) as i64))
}

fn string_ref(m: &mut Machine, arguments: Arguments) -> Outcome {
    let string = string_argument(m, "string-ref", arguments, 0)?;
    let place = m.arg(arguments, 1);
    let place = index_argument(m, "string-ref", place, m.heap.string_length(string))?;
    Ok(Value::character(m.heap.string_char(string, place)))
}

/// Makes sure that an argument can hold a character without asking for more.
fn make_room(
    m: &mut Machine,
    arguments: Arguments,
    index: usize,
    widest: char,
) -> Result<Value, Fault> {
    let string = m.arg(arguments, index);
    let words = m.heap.string_set_words(string, widest);
    if words > 0 {
        m.charge(m.heap.string_length(string) as u64)?;
        m.ensure(words)?;
    }
    Ok(m.arg(arguments, index))
}

fn string_set(m: &mut Machine, arguments: Arguments) -> Outcome {
    let string = mutable_string(m, "string-set!", arguments, 0)?;
    let place = m.arg(arguments, 1);
    let place = index_argument(m, "string-set!", place, m.heap.string_length(string))?;
    let c = char_argument(m, "string-set!", arguments, 2)?;
    let string = make_room(m, arguments, 0, c)?;
    m.heap.set_string_char(string, place, c);
    Ok(Value::VOID)
}

fn substring(m: &mut Machine, arguments: Arguments) -> Outcome {
    let string = string_argument(m, "substring", arguments, 0)?;
    let length = m.heap.string_length(string);
    let (start, end) = range_arguments(m, "substring", arguments, 1, length)?;
    part(m, arguments, 0, start, end)
}

/// What a digest costs however short the text is.
const DIGEST_FUEL: u64 = 120;

fn digest(m: &mut Machine, arguments: Arguments) -> Outcome {
    let string = string_argument(m, "%digest", arguments, 0)?;
    m.charge(DIGEST_FUEL + m.heap.string_length(string) as u64)?;
    let text = m.heap.string_text(m.arg(arguments, 0));
    let digest = Sha256::digest(text.as_bytes());
    let digits = digest.iter().flat_map(|byte| [byte >> 4, byte & 15]);
    let digits = digits.filter_map(|digit| char::from_digit(digit.into(), 16));
    m.string(&digits.collect::<String>())
}

fn string_append(m: &mut Machine, arguments: Arguments) -> Outcome {
    let (mut total, mut wide) = (0usize, false);
    for index in 0..arguments.count {
        let string = string_argument(m, "string-append", arguments, index)?;
        total = total.saturating_add(m.heap.string_length(string));
        wide |= !m.heap.string_is_narrow(string);
    }
    m.charge(2 * arguments.count as u64)?;
    let new = blank(m, total, wide)?;
    let mut at = 0;
    for index in 0..arguments.count {
        let string = m.arg(arguments, index);
        let length = m.heap.string_length(string);
        pay_if_widened(m, string, wide, length)?;
        m.heap.copy_characters(string, 0, new, at, length);
        at += length;
    }
    Ok(new)
}

/// Copying from a narrow string to a wide one goes character by character.
pub fn pay_if_widened(
    m: &mut Machine,
    from: Value,
    wide: bool,
    length: usize,
) -> Result<(), Fault> {
    if wide && m.heap.string_is_narrow(from) {
        m.charge(length as u64 / 2)?;
    }
    Ok(())
}

fn string_copy(m: &mut Machine, arguments: Arguments) -> Outcome {
    let string = string_argument(m, "string-copy", arguments, 0)?;
    let length = m.heap.string_length(string);
    let (start, end) = range_arguments(m, "string-copy", arguments, 1, length)?;
    part(m, arguments, 0, start, end)
}

fn string_copy_into(m: &mut Machine, arguments: Arguments) -> Outcome {
    let to = mutable_string(m, "string-copy!", arguments, 0)?;
    let room = m.heap.string_length(to);
    let at = m.arg(arguments, 1);
    let at = index_argument(m, "string-copy!", at, room + 1)?;
    let from = string_argument(m, "string-copy!", arguments, 2)?;
    let length = m.heap.string_length(from);
    let (start, end) = range_arguments(m, "string-copy!", arguments, 3, length)?;
    if end - start > room - at {
        let value = m.arg(arguments, 1);
        return Err(m.error(
            ":out-of-range",
            "`string-copy!` has no room for so many characters from place",
            &[value],
        ));
    }
    m.charge((end - start) as u64)?;
    let widest = if m.heap.string_is_narrow(from) {
        ' '
    } else {
        char::MAX
    };
    let to = make_room(m, arguments, 0, widest)?;
    if widest == char::MAX {
        m.heap.widen(to);
    }
    let from = m.arg(arguments, 2);
    m.heap.copy_characters(from, start, to, at, end - start);
    Ok(Value::VOID)
}

fn string_fill(m: &mut Machine, arguments: Arguments) -> Outcome {
    let string = mutable_string(m, "string-fill!", arguments, 0)?;
    let c = char_argument(m, "string-fill!", arguments, 1)?;
    let length = m.heap.string_length(string);
    let (start, end) = range_arguments(m, "string-fill!", arguments, 2, length)?;
    m.charge((end - start) as u64)?;
    let string = make_room(m, arguments, 0, c)?;
    for index in start..end {
        m.heap.set_string_char(string, index, c);
    }
    Ok(Value::VOID)
}

fn string_to_list(m: &mut Machine, arguments: Arguments) -> Outcome {
    let string = string_argument(m, "string->list", arguments, 0)?;
    let length = m.heap.string_length(string);
    let (start, end) = range_arguments(m, "string->list", arguments, 1, length)?;
    m.charge(2 * (end - start) as u64)?;
    m.ensure(2 * (end - start))?;
    let string = m.arg(arguments, 0);
    let mut list = Value::NIL;
    for index in (start..end).rev() {
        let c = Value::character(m.heap.string_char(string, index));
        list = m.heap.cons(c, list);
    }
    Ok(list)
}

fn list_to_string(m: &mut Machine, arguments: Arguments) -> Outcome {
    of_list(m, "list->string", "a list of characters", arguments)
}

/// The string of the characters in the list that is the first argument.
pub fn of_list(m: &mut Machine, procedure: &str, what: &str, arguments: Arguments) -> Outcome {
    let mut list = m.arg(arguments, 0);
    let length = length_of(m, procedure, list)?;
    m.charge(length as u64)?;
    let mut wide = false;
    while list.is_pair() {
        let item = m.heap.car(list);
        match item.as_char() {
            Some(c) => wide |= u32::from(c) > 0xff,
            None => return Err(wrong_argument(m, procedure, what, item)),
        }
        list = m.heap.cdr(list);
    }
    let new = blank(m, length, wide)?;
    let mut list = m.arg(arguments, 0);
    for index in 0..length {
        let c = m.heap.car(list).as_char().unwrap_or(' ');
        m.heap.set_string_char(new, index, c);
        list = m.heap.cdr(list);
    }
    Ok(new)
}

fn string_to_vector(m: &mut Machine, arguments: Arguments) -> Outcome {
    let string = string_argument(m, "string->vector", arguments, 0)?;
    let length = m.heap.string_length(string);
    let (start, end) = range_arguments(m, "string->vector", arguments, 1, length)?;
    m.charge((end - start) as u64)?;
    m.ensure(1 + end - start)?;
    let vector = m.heap.filled(Kind::Vector, 0, end - start, Value::FALSE);
    let string = m.arg(arguments, 0);
    for index in start..end {
        let c = Value::character(m.heap.string_char(string, index));
        m.heap.set_field(vector, index - start, c);
    }
    Ok(vector)
}

fn vector_to_string(m: &mut Machine, arguments: Arguments) -> Outcome {
    let vector = m.arg(arguments, 0);
    if !m.heap.is(vector, Kind::Vector) {
        return Err(wrong_argument(m, "vector->string", "a vector", vector));
    }
    let length = m.heap.length(vector);
    let (start, end) = range_arguments(m, "vector->string", arguments, 1, length)?;
    m.charge((end - start) as u64)?;
    let mut wide = false;
    for index in start..end {
        let item = m.heap.field(vector, index);
        match item.as_char() {
            Some(c) => wide |= u32::from(c) > 0xff,
            None => {
                let what = "a vector of characters";
                return Err(wrong_argument(m, "vector->string", what, item));
            }
        }
    }
    let new = blank(m, end - start, wide)?;
    let vector = m.arg(arguments, 0);
    for index in start..end {
        let c = m.heap.field(vector, index).as_char().unwrap_or(' ');
        m.heap.set_string_char(new, index - start, c);
    }
    Ok(new)
}

/// Bytes that a string may take outside the heap.
pub fn text_bytes(m: &Machine, string: Value) -> usize {
    let each = if m.heap.string_is_narrow(string) {
        2
    } else {
        4
    };
    each * m.heap.string_length(string)
}

fn in_other_case(
    m: &mut Machine,
    procedure: &str,
    arguments: Arguments,
    convert: fn(&str) -> String,
) -> Outcome {
    cut(m, procedure, arguments, 0, 1)?;
    let string = m.arg(arguments, 0);
    m.charge(4 * m.heap.string_length(string) as u64)?;
    // The text as it is, and the one it becomes.
    let bytes = text_bytes(m, string) * (1 + unicode::CASE_GROWTH_MAX);
    m.ask_to_hold(bytes / 8)?;
    let text = m.heap.string_text(m.arg(arguments, 0));
    from_text(m, &convert(&text))
}

fn string_upcase(m: &mut Machine, arguments: Arguments) -> Outcome {
    in_other_case(m, "string-upcase", arguments, unicode::string_upcase)
}

fn string_downcase(m: &mut Machine, arguments: Arguments) -> Outcome {
    in_other_case(m, "string-downcase", arguments, unicode::string_downcase)
}

fn string_foldcase(m: &mut Machine, arguments: Arguments) -> Outcome {
    in_other_case(m, "string-foldcase", arguments, unicode::string_foldcase)
}

fn string_to_utf8(m: &mut Machine, arguments: Arguments) -> Outcome {
    let string = string_argument(m, "string->utf8", arguments, 0)?;
    let length = m.heap.string_length(string);
    let (start, end) = range_arguments(m, "string->utf8", arguments, 1, length)?;
    m.charge((end - start) as u64)?;
    m.ask_to_hold(text_bytes(m, string) / 8)?;
    let text = m.heap.string_slice(m.arg(arguments, 0), start, end);
    m.bytes(text.as_bytes())
}

fn utf8_to_string(m: &mut Machine, arguments: Arguments) -> Outcome {
    let bytes = m.arg(arguments, 0);
    if !m.heap.is(bytes, Kind::Bytes) {
        return Err(wrong_argument(m, "utf8->string", "a bytevector", bytes));
    }
    let length = m.heap.bytes_length(bytes);
    let (start, end) = range_arguments(m, "utf8->string", arguments, 1, length)?;
    m.charge((end - start) as u64)?;
    m.ask_to_hold((end - start) / 8 + 1)?;
    let bytes = m.arg(arguments, 0);
    match String::from_utf8(m.heap.bytes_slice(bytes, start, end)) {
        Ok(text) => m.string(&text),
        Err(_) => Err(wrong_argument(
            m,
            "utf8->string",
            "bytes that are text in UTF-8",
            bytes,
        )),
    }
}
