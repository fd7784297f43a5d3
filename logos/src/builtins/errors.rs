//! Error objects and what programs can ask of them.

use super::lists::length_of;
use super::{ANY, Builtin, told_name, wrong_argument};
use crate::heap::Heap;
use crate::syntax::Span;
use crate::value::{Kind, Value};
use crate::vm::{Arguments, Fault, Machine, Outcome, error_fields as fields, read_span};

/// See the module's description.
pub const TABLE: &[Builtin] = &[
    Builtin::plain(
        "error",
        "(error message irritant …)",
        (1, ANY),
        "1 for each irritant, 200 for a value in place of a message",
        "Raises an error with a message and the values concerned.",
        error,
    ),
    Builtin::plain(
        "make-error",
        "(make-error kind message irritants [payload])",
        (3, 4),
        "",
        "An error object of a kind, not raised.",
        make_error,
    ),
    Builtin::plain(
        "error-object?",
        "(error-object? value)",
        (1, 1),
        "",
        "Whether a value is an error object.",
        is_error,
    ),
    Builtin::plain(
        "error?",
        "(error? value)",
        (1, 1),
        "",
        "Whether a value is an error object.",
        is_error,
    ),
    Builtin::plain(
        "error-object-message",
        "(error-object-message error)",
        (1, 1),
        "",
        "The message of an error.",
        object_message,
    ),
    Builtin::plain(
        "error-message",
        "(error-message error)",
        (1, 1),
        "",
        "The message of an error.",
        message,
    ),
    Builtin::plain(
        "error-object-irritants",
        "(error-object-irritants error)",
        (1, 1),
        "",
        "The values that an error concerns.",
        object_irritants,
    ),
    Builtin::plain(
        "error-irritants",
        "(error-irritants error)",
        (1, 1),
        "",
        "The values that an error concerns.",
        irritants,
    ),
    Builtin::plain(
        "error-kind",
        "(error-kind error)",
        (1, 1),
        "",
        "The kind of an error, a keyword; `:user` for any other raised value.",
        kind,
    ),
    Builtin::plain(
        "error-payload",
        "(error-payload error)",
        (1, 1),
        "",
        "What belongs to an error besides, or `#f`.",
        payload,
    ),
    Builtin::plain(
        "%error-with-payload",
        "(%error-with-payload error value [message])",
        (2, 3),
        "",
        "The same error, but with something else that belongs to it, and perhaps another message.",
        with_payload,
    ),
    Builtin::plain(
        "%as-count",
        "(%as-count procedure value)",
        (2, 2),
        "",
        "The value, which must be a whole number that is not negative; otherwise an error of the procedure named.",
        as_count,
    ),
    Builtin::plain(
        "%error-span",
        "(%error-span error)",
        (1, 1),
        "1 for each character, 1 for every 8 before it",
        "A vector of file, line, column and text, or `#f`.",
        span,
    ),
    Builtin::plain(
        "%error-trace",
        "(%error-trace error)",
        (1, 1),
        "for each call 1 for every 8 characters before it",
        "A list of vectors: name, file, line, column.",
        trace,
    ),
    Builtin::plain(
        "file-error?",
        "(file-error? value)",
        (1, 1),
        "",
        "Whether a value is an error about a file.",
        is_file_error,
    ),
    Builtin::plain(
        "read-error?",
        "(read-error? value)",
        (1, 1),
        "",
        "Whether a value is an error about text that cannot be read.",
        is_read_error,
    ),
];

/// What it costs to write a value that stands in place of a message: not much of it is looked at.
const SHOWN_FUEL: u64 = 200;

fn error(m: &mut Machine, arguments: Arguments) -> Outcome {
    let message = m.arg(arguments, 0);
    let count = arguments.count - 1;
    m.charge(count as u64)?;
    let text = if m.is_string(message) {
        m.charge(m.heap.string_length(message) as u64 / 2)?;
        m.heap.string_text(message)
    } else {
        if message.is_reference() {
            m.charge(SHOWN_FUEL)?;
        }
        crate::printer::write_limited(m, message)
    };
    let values: Vec<Value> = (1..arguments.count)
        .map(|place| m.arg(arguments, place))
        .collect();
    Err(m.error(":user", &text, &values))
}

fn make_error(m: &mut Machine, arguments: Arguments) -> Outcome {
    let (kind, message) = (m.arg(arguments, 0), m.arg(arguments, 1));
    if kind.as_symbol().is_none() {
        return Err(wrong_argument(m, "make-error", "a keyword", kind));
    }
    if !m.is_string(message) {
        return Err(wrong_argument(m, "make-error", "a string", message));
    }
    let irritants = m.arg(arguments, 2);
    length_of(m, "make-error", irritants)?;
    m.ensure(7)?;
    let payload = m.optional(arguments, 3).unwrap_or(Value::FALSE);
    let all = [
        m.arg(arguments, 0),
        m.arg(arguments, 1),
        m.arg(arguments, 2),
        Value::FALSE,
        Value::NIL,
        payload,
    ];
    Ok(m.heap.object(Kind::Error, 0, &all))
}

fn as_count(m: &mut Machine, arguments: Arguments) -> Outcome {
    let value = m.arg(arguments, 1);
    let is_count = match value.as_fixnum() {
        Some(number) => number >= 0,
        None => m.heap.is(value, Kind::Bignum) && m.heap.header(value).flags() == 0,
    };
    if is_count {
        return Ok(value);
    }
    let procedure = told_name(m, m.arg(arguments, 0));
    let what = "a whole number that is not negative";
    Err(wrong_argument(m, &procedure, what, value))
}

fn is_error(m: &mut Machine, arguments: Arguments) -> Outcome {
    Ok(Value::boolean(m.heap.is(m.arg(arguments, 0), Kind::Error)))
}

fn field(m: &mut Machine, arguments: Arguments, procedure: &str, index: usize) -> Outcome {
    let value = m.arg(arguments, 0);
    if m.heap.is(value, Kind::Error) {
        Ok(m.heap.field(value, index))
    } else {
        Err(not_an_error(m, procedure, value))
    }
}

fn not_an_error(m: &mut Machine, procedure: &str, value: Value) -> Fault {
    wrong_argument(m, procedure, "an error", value)
}

fn message(m: &mut Machine, arguments: Arguments) -> Outcome {
    field(m, arguments, "error-message", fields::MESSAGE)
}

fn object_message(m: &mut Machine, arguments: Arguments) -> Outcome {
    field(m, arguments, "error-object-message", fields::MESSAGE)
}

fn irritants(m: &mut Machine, arguments: Arguments) -> Outcome {
    field(m, arguments, "error-irritants", fields::IRRITANTS)
}

fn object_irritants(m: &mut Machine, arguments: Arguments) -> Outcome {
    field(m, arguments, "error-object-irritants", fields::IRRITANTS)
}

fn kind(m: &mut Machine, arguments: Arguments) -> Outcome {
    let value = m.arg(arguments, 0);
    if m.heap.is(value, Kind::Error) {
        return Ok(m.heap.field(value, fields::KIND));
    }
    Ok(Value::symbol(m.symbols.intern(":user")))
}

fn payload(m: &mut Machine, arguments: Arguments) -> Outcome {
    field(m, arguments, "error-payload", fields::PAYLOAD)
}

fn span(m: &mut Machine, arguments: Arguments) -> Outcome {
    let place = field(m, arguments, "error-span", fields::SPAN)?;
    if place == Value::FALSE {
        return Ok(Value::FALSE);
    }
    let span = read_span(m, place, 0);
    m.charge(u64::from(span.end.saturating_sub(span.start)))?;
    let text = m.sources.slice(span).to_string();
    let text = m.string(&text)?;
    shown(m, span, &[text], |place, rest| {
        vec![place[0], place[1], place[2], rest[0]]
    })
}

fn trace(m: &mut Machine, arguments: Arguments) -> Outcome {
    let calls = field(m, arguments, "error-trace", fields::TRACE)?;
    let mut found = Vec::new();
    let mut rest = calls;
    while rest.is_pair() {
        let call = m.heap.car(rest);
        found.push((m.heap.field(call, 0), read_span(m, call, 1)));
        rest = m.heap.cdr(rest);
    }
    let mut list = Value::NIL;
    for (name, span) in found.into_iter().rev() {
        m.temporaries.push(list);
        let call = shown(m, span, &[name], |place, rest| {
            vec![rest[0], place[0], place[1], place[2]]
        });
        list = m.temporaries.pop().unwrap_or(Value::NIL);
        list = m.rooted(&[call?, list], 2, |m, held| m.heap.cons(held[0], held[1]))?;
    }
    Ok(list)
}

/// A vector of what `arrange` makes of file, line and column of a place and of the other values.
fn shown(
    m: &mut Machine,
    span: Span,
    others: &[Value],
    arrange: fn([Value; 3], &[Value]) -> Vec<Value>,
) -> Outcome {
    /// Elements of the vector, at most.
    const ELEMENTS_MAX: usize = 4;
    // Lines are counted from the beginning of the text.
    m.charge(u64::from(span.start) / 8)?;
    let (line, column) = m.sources.line_column(span);
    let file = m.sources.source(span.source).name.to_string();
    m.charge(file.len() as u64)?;
    let words = Heap::text_words(&file) + 1 + ELEMENTS_MAX;
    m.rooted(others, words, |m, held| {
        let file = m.heap.string(&file);
        let place = [
            file,
            Value::fixnum(line as i64),
            Value::fixnum(column as i64),
        ];
        let elements = arrange(place, held);
        m.heap.object(Kind::Vector, 0, &elements)
    })
}

fn has_kind(m: &mut Machine, arguments: Arguments, wanted: &str) -> Outcome {
    let value = m.arg(arguments, 0);
    let holds = m.heap.is(value, Kind::Error)
        && m.heap
            .field(value, fields::KIND)
            .as_symbol()
            .is_some_and(|s| m.symbols.text(s) == wanted);
    Ok(Value::boolean(holds))
}

fn is_file_error(m: &mut Machine, arguments: Arguments) -> Outcome {
    has_kind(m, arguments, ":file")
}

fn is_read_error(m: &mut Machine, arguments: Arguments) -> Outcome {
    has_kind(m, arguments, ":bad-syntax")
}

fn with_payload(m: &mut Machine, arguments: Arguments) -> Outcome {
    field(m, arguments, "error-payload", fields::KIND)?;
    m.ensure(1 + fields::COUNT)?;
    let (error, payload) = (m.arg(arguments, 0), m.arg(arguments, 1));
    let mut copied: Vec<Value> = (0..fields::COUNT)
        .map(|index| m.heap.field(error, index))
        .collect();
    copied[fields::PAYLOAD] = payload;
    if let Some(message) = m.optional(arguments, 2) {
        copied[fields::MESSAGE] = message;
    }
    Ok(m.heap.object(Kind::Error, 0, &copied))
}
