//! Bytevectors.

use super::{ANY, Builtin, count_argument, index_argument, range_arguments, wrong_argument};
use crate::heap::Heap;
use crate::value::{Kind, Value};
use crate::vm::{Arguments, Fault, Machine, Outcome};

/// The flag of a bytevector that cannot be changed: a literal, or the key of a dict.
const IMMUTABLE: u8 = 1;
const COPIED: &str = "1 for every 4 bytes";

/// See the module's description.
pub const TABLE: &[Builtin] = &[
    Builtin::plain(
        "bytevector?",
        "(bytevector? value)",
        (1, 1),
        "",
        "Whether a value is a bytevector.",
        is_bytevector,
    ),
    Builtin::plain(
        "make-bytevector",
        "(make-bytevector count [byte])",
        (1, 2),
        "1 for each byte",
        "A new bytevector of count times the byte, or of zeros.",
        make_bytevector,
    ),
    Builtin::plain(
        "bytevector",
        "(bytevector byte …)",
        (0, ANY),
        "1 for each byte",
        "A new bytevector of the bytes.",
        bytevector,
    ),
    Builtin::plain(
        "bytevector-length",
        "(bytevector-length bytes)",
        (1, 1),
        "",
        "How many bytes a bytevector has.",
        bytevector_length,
    ),
    Builtin::plain(
        "bytevector-u8-ref",
        "(bytevector-u8-ref bytes place)",
        (2, 2),
        "",
        "The byte at a place, from 0.",
        bytevector_ref,
    ),
    Builtin::plain(
        "bytevector-u8-set!",
        "(bytevector-u8-set! bytes place byte)",
        (3, 3),
        "",
        "Changes the byte at a place.",
        bytevector_set,
    ),
    Builtin::plain(
        "bytevector-copy",
        "(bytevector-copy bytes [start end])",
        (1, 3),
        COPIED,
        "A new bytevector of a stretch of another.",
        bytevector_copy,
    ),
    Builtin::plain(
        "bytevector-copy!",
        "(bytevector-copy! to at from [start end])",
        (3, 5),
        "1 for each byte",
        "Copies a stretch of a bytevector into another, or within one.",
        bytevector_copy_into,
    ),
    Builtin::plain(
        "bytevector-fill!",
        "(bytevector-fill! bytes byte [start end])",
        (2, 4),
        "1 for each byte",
        "Puts the byte at every place.",
        bytevector_fill,
    ),
    Builtin::plain(
        "bytevector-append",
        "(bytevector-append bytes …)",
        (0, ANY),
        COPIED,
        "A new bytevector of all, one after the other.",
        bytevector_append,
    ),
];

/// An argument that must be a bytevector.
pub fn bytes_argument(
    m: &mut Machine,
    procedure: &str,
    arguments: Arguments,
    index: usize,
) -> Result<Value, Fault> {
    let value = m.arg(arguments, index);
    if m.heap.is(value, Kind::Bytes) {
        Ok(value)
    } else {
        Err(wrong_argument(m, procedure, "a bytevector", value))
    }
}

/// An argument that must be a bytevector that can be changed.
pub fn mutable_bytes(
    m: &mut Machine,
    procedure: &str,
    arguments: Arguments,
    index: usize,
) -> Result<Value, Fault> {
    let value = bytes_argument(m, procedure, arguments, index)?;
    if m.heap.header(value).flags() & IMMUTABLE != 0 {
        let message = format!(
            "`{procedure}` cannot change a bytevector written in the program; copy it first:"
        );
        return Err(m.error(":wrong-argument", &message, &[value]));
    }
    Ok(value)
}

/// An argument that must be a byte.
pub fn byte_argument(
    m: &mut Machine,
    procedure: &str,
    arguments: Arguments,
    index: usize,
) -> Result<u8, Fault> {
    let value = m.arg(arguments, index);
    match value.as_fixnum().and_then(|n| u8::try_from(n).ok()) {
        Some(byte) => Ok(byte),
        None => Err(wrong_argument(
            m,
            procedure,
            "a byte, a whole number from 0 to 255",
            value,
        )),
    }
}

/// Asks for a bytevector of zeros and makes it.
pub fn blank(m: &mut Machine, length: usize) -> Outcome {
    m.ensure(Heap::bytes_words(length.min(usize::MAX / 4)))?;
    m.charge(length as u64 / 4)?;
    Ok(m.heap.bytes_blank(length))
}

fn is_bytevector(m: &mut Machine, arguments: Arguments) -> Outcome {
    Ok(Value::boolean(m.heap.is(m.arg(arguments, 0), Kind::Bytes)))
}

fn make_bytevector(m: &mut Machine, arguments: Arguments) -> Outcome {
    let count = m.arg(arguments, 0);
    let count = count_argument(m, "make-bytevector", count)?;
    let fill = match arguments.count {
        1 => 0,
        _ => byte_argument(m, "make-bytevector", arguments, 1)?,
    };
    let bytes = blank(m, count)?;
    if fill != 0 {
        m.charge(count as u64)?;
        (0..count).for_each(|index| m.heap.set_byte(bytes, index, fill));
    }
    Ok(bytes)
}

fn bytevector(m: &mut Machine, arguments: Arguments) -> Outcome {
    m.charge(arguments.count as u64)?;
    for index in 0..arguments.count {
        byte_argument(m, "bytevector", arguments, index)?;
    }
    let bytes = blank(m, arguments.count)?;
    for index in 0..arguments.count {
        let byte = m.arg(arguments, index).as_fixnum().unwrap_or(0) as u8;
        m.heap.set_byte(bytes, index, byte);
    }
    Ok(bytes)
}

fn bytevector_length(m: &mut Machine, arguments: Arguments) -> Outcome {
    let bytes = bytes_argument(m, "bytevector-length", arguments, 0)?;
    Ok(Value::fixnum(m.heap.bytes_length(bytes) as i64))
}

fn bytevector_ref(m: &mut Machine, arguments: Arguments) -> Outcome {
    let bytes = bytes_argument(m, "bytevector-u8-ref", arguments, 0)?;
    let place = m.arg(arguments, 1);
    let place = index_argument(m, "bytevector-u8-ref", place, m.heap.bytes_length(bytes))?;
    Ok(Value::fixnum(i64::from(m.heap.byte(bytes, place))))
}

fn bytevector_set(m: &mut Machine, arguments: Arguments) -> Outcome {
    let bytes = mutable_bytes(m, "bytevector-u8-set!", arguments, 0)?;
    let place = m.arg(arguments, 1);
    let place = index_argument(m, "bytevector-u8-set!", place, m.heap.bytes_length(bytes))?;
    let byte = byte_argument(m, "bytevector-u8-set!", arguments, 2)?;
    m.heap.set_byte(bytes, place, byte);
    Ok(Value::VOID)
}

fn bytevector_copy(m: &mut Machine, arguments: Arguments) -> Outcome {
    let bytes = bytes_argument(m, "bytevector-copy", arguments, 0)?;
    let length = m.heap.bytes_length(bytes);
    let (start, end) = range_arguments(m, "bytevector-copy", arguments, 1, length)?;
    let copy = blank(m, end - start)?;
    let bytes = m.arg(arguments, 0);
    m.heap.copy_bytes(bytes, start, copy, 0, end - start);
    Ok(copy)
}

fn bytevector_copy_into(m: &mut Machine, arguments: Arguments) -> Outcome {
    let to = mutable_bytes(m, "bytevector-copy!", arguments, 0)?;
    let room = m.heap.bytes_length(to);
    let at = m.arg(arguments, 1);
    let at = index_argument(m, "bytevector-copy!", at, room + 1)?;
    let from = bytes_argument(m, "bytevector-copy!", arguments, 2)?;
    let length = m.heap.bytes_length(from);
    let (start, end) = range_arguments(m, "bytevector-copy!", arguments, 3, length)?;
    if end - start > room - at {
        let value = m.arg(arguments, 1);
        return Err(m.error(
            ":out-of-range",
            "`bytevector-copy!` has no room for so many bytes from place",
            &[value],
        ));
    }
    m.charge((end - start) as u64)?;
    m.heap.copy_bytes(from, start, to, at, end - start);
    Ok(Value::VOID)
}

fn bytevector_fill(m: &mut Machine, arguments: Arguments) -> Outcome {
    let bytes = mutable_bytes(m, "bytevector-fill!", arguments, 0)?;
    let byte = byte_argument(m, "bytevector-fill!", arguments, 1)?;
    let length = m.heap.bytes_length(bytes);
    let (start, end) = range_arguments(m, "bytevector-fill!", arguments, 2, length)?;
    m.charge((end - start) as u64)?;
    (start..end).for_each(|index| m.heap.set_byte(bytes, index, byte));
    Ok(Value::VOID)
}

fn bytevector_append(m: &mut Machine, arguments: Arguments) -> Outcome {
    let mut total = 0usize;
    for index in 0..arguments.count {
        let bytes = bytes_argument(m, "bytevector-append", arguments, index)?;
        total = total.saturating_add(m.heap.bytes_length(bytes));
    }
    m.charge(2 * arguments.count as u64)?;
    let new = blank(m, total)?;
    let mut at = 0;
    for index in 0..arguments.count {
        let bytes = m.arg(arguments, index);
        let length = m.heap.bytes_length(bytes);
        m.heap.copy_bytes(bytes, 0, new, at, length);
        at += length;
    }
    Ok(new)
}
