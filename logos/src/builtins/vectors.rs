//! Vectors.

use super::{ANY, Builtin, count_argument, index_argument, range_arguments, wrong_argument};
use crate::codegen::Inline;
use crate::opcode::Op;
use crate::value::{Kind, Value};
use crate::vm::{Arguments, Fault, Machine, Outcome};

/// The flag of a literal vector.
pub const IMMUTABLE: u8 = 1;

/// See the module's description.
pub const TABLE: &[Builtin] = &[
    Builtin::plain(
        "vector?",
        "(vector? value)",
        (1, 1),
        "",
        "Whether a value is a vector.",
        is_vector,
    ),
    Builtin::plain(
        "vector",
        "(vector value …)",
        (0, ANY),
        "1 for each value",
        "A new vector of the values.",
        vector,
    ),
    Builtin::plain(
        "%vector",
        "(%vector value …)",
        (0, ANY),
        "1 for each value",
        "The same for the expander.",
        vector,
    ),
    Builtin::plain(
        "make-vector",
        "(make-vector count [value])",
        (1, 2),
        "1 for every 4 elements",
        "A new vector of count elements.",
        make_vector,
    ),
    Builtin::plain(
        "vector-length",
        "(vector-length vector)",
        (1, 1),
        "",
        "How many elements a vector has.",
        vector_length,
    )
    .inlined(Inline::Unary(Op::VectorLength)),
    Builtin::plain(
        "vector-ref",
        "(vector-ref vector place)",
        (2, 2),
        "",
        "The element at a place, from 0.",
        vector_ref,
    )
    .inlined(Inline::Binary(Op::VectorRef)),
    Builtin::plain(
        "%vector-ref",
        "(%vector-ref vector place)",
        (2, 2),
        "",
        "The same for the expander.",
        vector_ref,
    ),
    Builtin::plain(
        "vector-swap!",
        "(vector-swap! vector i j)",
        (3, 3),
        "",
        "Exchanges the elements at two places of a vector.",
        vector_swap,
    ),
    Builtin::plain(
        "vector-set!",
        "(vector-set! vector place value)",
        (3, 3),
        "",
        "Changes the element at a place.",
        vector_set,
    )
    .inlined(Inline::Ternary(Op::VectorSet)),
    Builtin::plain(
        "vector->list",
        "(vector->list vector [start end])",
        (1, 3),
        "1 for each element",
        "The elements as a list.",
        vector_to_list,
    ),
    Builtin::plain(
        "list->vector",
        "(list->vector list)",
        (1, 1),
        "1 for each element",
        "A new vector of a list's elements.",
        list_to_vector,
    ),
    Builtin::plain(
        "%list->vector",
        "(%list->vector list)",
        (1, 1),
        "1 for each element",
        "The same for the expander.",
        list_to_vector,
    ),
    Builtin::plain(
        "vector-fill!",
        "(vector-fill! vector value [start end])",
        (2, 4),
        "1 for every 4 elements",
        "Puts the value at every place.",
        vector_fill,
    ),
    Builtin::plain(
        "vector-copy",
        "(vector-copy vector [start end])",
        (1, 3),
        "1 for every 4 elements",
        "A new vector of a stretch of another.",
        vector_copy,
    ),
    Builtin::plain(
        "vector-copy!",
        "(vector-copy! to at from [start end])",
        (3, 5),
        "1 for every 4 elements",
        "Copies a stretch of a vector into another, or within one.",
        vector_copy_into,
    ),
    Builtin::plain(
        "vector-append",
        "(vector-append vector …)",
        (0, ANY),
        "1 for every 4 elements",
        "A new vector of the elements of all.",
        vector_append,
    ),
];

fn vector_argument(
    m: &mut Machine,
    procedure: &str,
    arguments: Arguments,
    index: usize,
) -> Result<Value, Fault> {
    let value = m.arg(arguments, index);
    if m.heap.is(value, Kind::Vector) {
        Ok(value)
    } else {
        Err(wrong_argument(m, procedure, "a vector", value))
    }
}

fn mutable_vector(
    m: &mut Machine,
    procedure: &str,
    arguments: Arguments,
    index: usize,
) -> Result<Value, Fault> {
    let value = vector_argument(m, procedure, arguments, index)?;
    if m.heap.header(value).flags() & IMMUTABLE != 0 {
        let message =
            format!("`{procedure}` cannot change a vector written in the program; copy it first:");
        return Err(m.error(":wrong-argument", &message, &[value]));
    }
    Ok(value)
}

fn is_vector(m: &mut Machine, arguments: Arguments) -> Outcome {
    Ok(Value::boolean(m.heap.is(m.arg(arguments, 0), Kind::Vector)))
}

fn vector(m: &mut Machine, arguments: Arguments) -> Outcome {
    m.charge(arguments.count as u64)?;
    m.ensure(1 + arguments.count)?;
    let vector = m
        .heap
        .filled(Kind::Vector, 0, arguments.count, Value::FALSE);
    for place in 0..arguments.count {
        let value = m.arg(arguments, place);
        m.heap.set_field(vector, place, value);
    }
    Ok(vector)
}

fn make_vector(m: &mut Machine, arguments: Arguments) -> Outcome {
    let count = m.arg(arguments, 0);
    let count = count_argument(m, "make-vector", count)?;
    m.charge(count as u64 / 4)?;
    m.ensure(count.saturating_add(1))?;
    let fill = m.optional(arguments, 1).unwrap_or(Value::FALSE);
    Ok(m.heap.filled(Kind::Vector, 0, count, fill))
}

fn vector_length(m: &mut Machine, arguments: Arguments) -> Outcome {
    let vector = vector_argument(m, "vector-length", arguments, 0)?;
    Ok(Value::fixnum(m.heap.length(vector) as i64))
}

fn vector_ref(m: &mut Machine, arguments: Arguments) -> Outcome {
    let vector = vector_argument(m, "vector-ref", arguments, 0)?;
    let place = m.arg(arguments, 1);
    let place = index_argument(m, "vector-ref", place, m.heap.length(vector))?;
    Ok(m.heap.field(m.arg(arguments, 0), place))
}

fn vector_set(m: &mut Machine, arguments: Arguments) -> Outcome {
    let vector = mutable_vector(m, "vector-set!", arguments, 0)?;
    let place = m.arg(arguments, 1);
    let place = index_argument(m, "vector-set!", place, m.heap.length(vector))?;
    let value = m.arg(arguments, 2);
    m.heap.set_field(vector, place, value);
    Ok(Value::VOID)
}

fn vector_swap(m: &mut Machine, arguments: Arguments) -> Outcome {
    let vector = mutable_vector(m, "vector-swap!", arguments, 0)?;
    let length = m.heap.length(vector);
    let (i, j) = (m.arg(arguments, 1), m.arg(arguments, 2));
    let i = index_argument(m, "vector-swap!", i, length)?;
    let j = index_argument(m, "vector-swap!", j, length)?;
    let (first, second) = (m.heap.field(vector, i), m.heap.field(vector, j));
    m.heap.set_field(vector, i, second);
    m.heap.set_field(vector, j, first);
    Ok(Value::VOID)
}

fn vector_to_list(m: &mut Machine, arguments: Arguments) -> Outcome {
    let vector = vector_argument(m, "vector->list", arguments, 0)?;
    let (start, end) = range_arguments(m, "vector->list", arguments, 1, m.heap.length(vector))?;
    m.charge((end - start) as u64)?;
    m.ensure(2 * (end - start))?;
    let vector = m.arg(arguments, 0);
    let mut list = Value::NIL;
    for place in (start..end).rev() {
        let value = m.heap.field(vector, place);
        list = m.heap.cons(value, list);
    }
    Ok(list)
}

fn list_to_vector(m: &mut Machine, arguments: Arguments) -> Outcome {
    let count = super::lists::length_of(m, "list->vector", m.arg(arguments, 0))?;
    m.charge(count as u64)?;
    m.ensure(1 + count)?;
    let vector = m.heap.filled(Kind::Vector, 0, count, Value::FALSE);
    let mut list = m.arg(arguments, 0);
    for place in 0..count {
        let value = m.heap.car(list);
        m.heap.set_field(vector, place, value);
        list = m.heap.cdr(list);
    }
    Ok(vector)
}

fn vector_fill(m: &mut Machine, arguments: Arguments) -> Outcome {
    let vector = mutable_vector(m, "vector-fill!", arguments, 0)?;
    let (start, end) = range_arguments(m, "vector-fill!", arguments, 2, m.heap.length(vector))?;
    m.charge((end - start) as u64 / 4)?;
    let value = m.arg(arguments, 1);
    m.heap.fill_fields(vector, start, end - start, value);
    Ok(Value::VOID)
}

fn vector_copy(m: &mut Machine, arguments: Arguments) -> Outcome {
    let vector = vector_argument(m, "vector-copy", arguments, 0)?;
    let (start, end) = range_arguments(m, "vector-copy", arguments, 1, m.heap.length(vector))?;
    m.charge((end - start) as u64 / 4)?;
    m.ensure(1 + end - start)?;
    let copy = m.heap.filled(Kind::Vector, 0, end - start, Value::FALSE);
    let vector = m.arg(arguments, 0);
    m.heap.copy_fields(vector, start, copy, 0, end - start);
    Ok(copy)
}

fn vector_copy_into(m: &mut Machine, arguments: Arguments) -> Outcome {
    let to = mutable_vector(m, "vector-copy!", arguments, 0)?;
    let room = m.heap.length(to);
    let at = m.arg(arguments, 1);
    let at = index_argument(m, "vector-copy!", at, room + 1)?;
    let from = vector_argument(m, "vector-copy!", arguments, 2)?;
    let (start, end) = range_arguments(m, "vector-copy!", arguments, 3, m.heap.length(from))?;
    if end - start > room - at {
        let value = m.arg(arguments, 1);
        return Err(m.error(
            ":out-of-range",
            "`vector-copy!` has no room for so many elements from place",
            &[value],
        ));
    }
    m.charge((end - start) as u64 / 4)?;
    m.heap.copy_fields(from, start, to, at, end - start);
    Ok(Value::VOID)
}

fn vector_append(m: &mut Machine, arguments: Arguments) -> Outcome {
    let mut total = 0;
    for index in 0..arguments.count {
        let vector = vector_argument(m, "vector-append", arguments, index)?;
        total += m.heap.length(vector);
    }
    m.charge((total / 4 + arguments.count) as u64)?;
    m.ensure(1 + total)?;
    let result = m.heap.filled(Kind::Vector, 0, total, Value::FALSE);
    let mut at = 0;
    for index in 0..arguments.count {
        let vector = m.arg(arguments, index);
        let length = m.heap.length(vector);
        m.heap.copy_fields(vector, 0, result, at, length);
        at += length;
    }
    Ok(result)
}
