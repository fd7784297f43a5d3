//! Reading from ports. In the pure profile the console is at its end.

use super::{
    BINARY, BINARY_INPUT, BUFFER, CONSOLE, FIELDS, INPUT, NOTE, TEXT_INPUT, Wanted, flags,
    may_have_more, more, new, place, port_argument, set_place,
};
use crate::builtins::bytes::{blank as blank_bytes, mutable_bytes};
use crate::builtins::dicts;
use crate::builtins::strings::{blank, string_argument};
use crate::builtins::{Builtin, count_argument, range_arguments, symbols, wrong_argument};
use crate::heap::Heap;
use crate::reader::{Meter, ReadErrorKind, Reader};
use crate::scratch::{Scratch, walk};
use crate::syntax::{SourceId, Syntax};
use crate::value::{Kind, Value};
use crate::vm::{Arguments, Fault, Machine, Outcome};

/// See the module's description.
pub const TABLE: &[Builtin] = &[
    Builtin::plain(
        "open-input-string",
        "(open-input-string string)",
        (1, 1),
        "1 for every 4 bytes",
        "A port that reads the characters of a string.",
        open_input_string,
    ),
    Builtin::plain(
        "open-input-bytevector",
        "(open-input-bytevector bytes)",
        (1, 1),
        "1 for every 4 bytes",
        "A port that reads the bytes of a bytevector.",
        open_input_bytevector,
    ),
    Builtin::plain(
        "read-char",
        "(read-char [port])",
        (0, 1),
        "",
        "The next character, or the end-of-file object.",
        |m, arguments| next_char(m, "read-char", arguments, true),
    ),
    Builtin::plain(
        "peek-char",
        "(peek-char [port])",
        (0, 1),
        "",
        "The next character, which stays to be read, or the end-of-file object.",
        |m, arguments| next_char(m, "peek-char", arguments, false),
    ),
    Builtin::plain(
        "char-ready?",
        "(char-ready? [port])",
        (0, 1),
        "",
        "Whether reading a character would not wait.",
        |m, arguments| is_ready(m, "char-ready?", arguments, TEXT_INPUT),
    ),
    Builtin::plain(
        "read-line",
        "(read-line [port])",
        (0, 1),
        "1 for each character",
        "The text up to the end of the line, or the end-of-file object.",
        read_line,
    ),
    Builtin::plain(
        "read-string",
        "(read-string count [port])",
        (1, 2),
        "1 for every 4 bytes",
        "The next characters, at most count, or the end-of-file object.",
        read_string,
    ),
    Builtin::plain(
        "read-u8",
        "(read-u8 [port])",
        (0, 1),
        "",
        "The next byte, or the end-of-file object.",
        |m, arguments| next_byte(m, "read-u8", arguments, true),
    ),
    Builtin::plain(
        "peek-u8",
        "(peek-u8 [port])",
        (0, 1),
        "",
        "The next byte, which stays to be read, or the end-of-file object.",
        |m, arguments| next_byte(m, "peek-u8", arguments, false),
    ),
    Builtin::plain(
        "u8-ready?",
        "(u8-ready? [port])",
        (0, 1),
        "",
        "Whether reading a byte would not wait.",
        |m, arguments| is_ready(m, "u8-ready?", arguments, BINARY_INPUT),
    ),
    Builtin::plain(
        "read-bytevector",
        "(read-bytevector count [port])",
        (1, 2),
        "1 for every 4 bytes",
        "The next bytes, at most count, or the end-of-file object.",
        read_bytevector,
    ),
    Builtin::plain(
        "read-bytevector!",
        "(read-bytevector! bytes [port start end])",
        (1, 4),
        "1 for each byte",
        "Puts the next bytes into a bytevector; gives how many, or the end-of-file object.",
        read_bytevector_into,
    ),
    Builtin::plain(
        "read",
        "(read [port])",
        (0, 1),
        "60, 12 for each character, 2 for each part of what is read, and the digits of large numbers",
        "The next datum written in the text, or the end-of-file object.",
        read,
    ),
];

fn open_input_string(m: &mut Machine, arguments: Arguments) -> Outcome {
    let string = string_argument(m, "open-input-string", arguments, 0)?;
    let (length, wide) = (
        m.heap.string_length(string),
        !m.heap.string_is_narrow(string),
    );
    m.charge(length as u64 / if wide { 1 } else { 4 })?;
    m.ensure(1 + FIELDS + Heap::blank_words(length, wide))?;
    let string = m.arg(arguments, 0);
    // A copy: the string may be changed.
    let buffer = m.heap.string_blank(length, wide);
    m.heap.copy_characters(string, 0, buffer, 0, length);
    Ok(new(&mut m.heap, INPUT, buffer))
}

fn open_input_bytevector(m: &mut Machine, arguments: Arguments) -> Outcome {
    let bytes = m.arg(arguments, 0);
    if !m.heap.is(bytes, Kind::Bytes) {
        return Err(wrong_argument(
            m,
            "open-input-bytevector",
            "a bytevector",
            bytes,
        ));
    }
    let length = m.heap.bytes_length(bytes);
    m.charge(length as u64 / 4)?;
    m.ensure(1 + FIELDS + Heap::bytes_words(length))?;
    let bytes = m.arg(arguments, 0);
    let buffer = m.heap.bytes_blank(length);
    m.heap.copy_bytes(bytes, 0, buffer, 0, length);
    Ok(new(&mut m.heap, INPUT | BINARY, buffer))
}

/// Place of the next character or byte of a port, and how many there are in all.
pub(super) fn extent(m: &Machine, port: Value) -> (usize, usize) {
    let buffer = m.heap.field(port, BUFFER);
    let flags = flags(m, port);
    let length = if buffer == Value::NIL {
        // Nothing was ever typed at the console.
        0
    } else if flags & BINARY != 0 {
        m.heap.bytes_length(buffer)
    } else {
        m.heap.string_length(buffer)
    };
    (place(m, port), length)
}

fn next_char(m: &mut Machine, procedure: &str, arguments: Arguments, advance: bool) -> Outcome {
    let port = port_argument(m, procedure, arguments, 0, TEXT_INPUT)?;
    let (at, length) = extent(m, port);
    if at == length {
        return at_end(m, port);
    }
    if advance {
        set_place(m, port, at + 1);
    }
    let c = m.heap.string_char(m.heap.field(port, BUFFER), at);
    Ok(Value::character(c))
}

fn next_byte(m: &mut Machine, procedure: &str, arguments: Arguments, advance: bool) -> Outcome {
    let port = port_argument(m, procedure, arguments, 0, BINARY_INPUT)?;
    let (at, length) = extent(m, port);
    if at == length {
        return at_end(m, port);
    }
    if advance {
        set_place(m, port, at + 1);
    }
    let byte = m.heap.byte(m.heap.field(port, BUFFER), at);
    Ok(Value::fixnum(i64::from(byte)))
}

/// A port's buffer is read to its end: there may be more, or it is the end of the file.
fn at_end(m: &mut Machine, port: Value) -> Outcome {
    if may_have_more(m, port) {
        return Err(more(m, port));
    }
    Ok(Value::EOF)
}

fn is_ready(m: &mut Machine, procedure: &str, arguments: Arguments, wanted: Wanted) -> Outcome {
    let port = port_argument(m, procedure, arguments, 0, wanted)?;
    let (at, length) = extent(m, port);
    // Nobody knows when somebody types.
    let may_wait = flags(m, port) & CONSOLE != 0 && may_have_more(m, port);
    Ok(Value::boolean(at < length || !may_wait))
}

/// A new string of the next `count` characters of the port at `index`, after which `skipped` more are passed.
fn take_string(
    m: &mut Machine,
    procedure: &str,
    arguments: Arguments,
    index: usize,
    count: usize,
    skipped: usize,
) -> Outcome {
    let port = port_argument(m, procedure, arguments, index, TEXT_INPUT)?;
    let wide = !m.heap.string_is_narrow(m.heap.field(port, BUFFER));
    let text = blank(m, count, wide)?;
    let port = port_argument(m, procedure, arguments, index, TEXT_INPUT)?;
    let at = place(m, port);
    let buffer = m.heap.field(port, BUFFER);
    m.heap.copy_characters(buffer, at, text, 0, count);
    set_place(m, port, at + count + skipped);
    Ok(text)
}

fn read_line(m: &mut Machine, arguments: Arguments) -> Outcome {
    /// Characters looked at between two payments.
    const STRETCH: usize = 256;
    let port = port_argument(m, "read-line", arguments, 0, TEXT_INPUT)?;
    let (at, length) = extent(m, port);
    if at == length {
        return at_end(m, port);
    }
    let buffer = m.heap.field(port, BUFFER);
    let mut from = at;
    let end = loop {
        let to = length.min(from + STRETCH);
        m.charge((to - from) as u64)?;
        let found = m
            .heap
            .string_chars(buffer, from, to)
            .position(|c| matches!(c, '\n' | '\r'));
        match found {
            Some(place) => break Some(from + place),
            None if to == length => break None,
            None => from = to,
        }
    };
    // A line ends with a newline, a carriage return, or both, one after the other.
    let returned = end.is_some_and(|end| m.heap.string_char(buffer, end) == '\r');
    let is_open = end.is_none_or(|end| returned && end + 1 == length);
    if is_open && may_have_more(m, port) {
        return Err(more(m, port));
    }
    let both = end
        .filter(|_| returned)
        .is_some_and(|end| end + 1 < length && m.heap.string_char(buffer, end + 1) == '\n');
    let kept = end.unwrap_or(length) - at;
    let skipped = usize::from(end.is_some()) + usize::from(both);
    take_string(m, "read-line", arguments, 0, kept, skipped)
}

fn read_string(m: &mut Machine, arguments: Arguments) -> Outcome {
    let count = m.arg(arguments, 0);
    let count = count_argument(m, "read-string", count)?;
    let port = port_argument(m, "read-string", arguments, 1, TEXT_INPUT)?;
    let (at, length) = extent(m, port);
    if count > length - at && may_have_more(m, port) {
        return Err(more(m, port));
    }
    if count > 0 && at == length {
        return Ok(Value::EOF);
    }
    if at == length {
        return m.string("");
    }
    take_string(m, "read-string", arguments, 1, count.min(length - at), 0)
}

fn read_bytevector(m: &mut Machine, arguments: Arguments) -> Outcome {
    let count = m.arg(arguments, 0);
    let count = count_argument(m, "read-bytevector", count)?;
    let port = port_argument(m, "read-bytevector", arguments, 1, BINARY_INPUT)?;
    let (at, length) = extent(m, port);
    if count > length - at && may_have_more(m, port) {
        return Err(more(m, port));
    }
    if count > 0 && at == length {
        return Ok(Value::EOF);
    }
    let count = count.min(length - at);
    let bytes = blank_bytes(m, count)?;
    let port = port_argument(m, "read-bytevector", arguments, 1, BINARY_INPUT)?;
    let buffer = m.heap.field(port, BUFFER);
    m.heap.copy_bytes(buffer, at, bytes, 0, count);
    set_place(m, port, at + count);
    Ok(bytes)
}

fn read_bytevector_into(m: &mut Machine, arguments: Arguments) -> Outcome {
    let bytes = mutable_bytes(m, "read-bytevector!", arguments, 0)?;
    let room = m.heap.bytes_length(bytes);
    let (start, end) = range_arguments(m, "read-bytevector!", arguments, 2, room)?;
    let port = port_argument(m, "read-bytevector!", arguments, 1, BINARY_INPUT)?;
    let (at, length) = extent(m, port);
    if end - start > length - at && may_have_more(m, port) {
        return Err(more(m, port));
    }
    if end > start && at == length {
        return Ok(Value::EOF);
    }
    let count = (end - start).min(length - at);
    m.charge(count as u64)?;
    let buffer = m.heap.field(port, BUFFER);
    m.heap.copy_bytes(buffer, at, bytes, start, count);
    set_place(m, port, at + count);
    Ok(Value::fixnum(count as i64))
}

/// Characters that `read` looks at first; twice as many again and again until a datum is whole.
const WINDOW: usize = 256;

/// What came of reading a stretch of a port's text.
struct Stretch {
    found: Found,
    /// Characters passed.
    passed: usize,
    /// Whether names are folded from there on.
    fold_case: bool,
    /// Words that the syntax takes outside the heap.
    words: usize,
    nodes: u64,
}

enum Found {
    Datum(Syntax),
    End,
    /// More of the text may change what this is.
    More,
    Error(String),
}

fn read(m: &mut Machine, arguments: Arguments) -> Outcome {
    let mut window = WINDOW;
    m.charge(60)?;
    loop {
        let port = port_argument(m, "read", arguments, 0, TEXT_INPUT)?;
        let (at, length) = extent(m, port);
        if at == length {
            return at_end(m, port);
        }
        let is_open_ended = may_have_more(m, port);
        let end = length.min(at.saturating_add(window));
        m.charge(12 * (end - at) as u64)?;
        let known = m.symbols.len();
        let stretch = walk(m, &[port], |m, values, scratch| {
            read_stretch(m, values[0], end, end == length && !is_open_ended, scratch)
        })?;
        symbols::pay_for_new(m, known)?;
        m.charge(2 * stretch.nodes)?;
        if let Found::More = stretch.found {
            if end == length {
                let port = port_argument(m, "read", arguments, 0, TEXT_INPUT)?;
                return Err(more(m, port));
            }
            window = window.saturating_mul(2);
            continue;
        }
        let port = port_argument(m, "read", arguments, 0, TEXT_INPUT)?;
        set_place(m, port, at + stretch.passed);
        m.heap
            .set_field(port, NOTE, Value::boolean(stretch.fold_case));
        return match stretch.found {
            Found::Datum(syntax) => {
                m.take_external(stretch.words)?;
                let value = dicts::refuse_repeated_keys(m, &syntax)
                    .and_then(|()| crate::datum::to_value(m, &syntax, false));
                m.release_external(stretch.words);
                value
            }
            Found::Error(message) => Err(m.error(":bad-syntax", &message, &[])),
            _ => Ok(Value::EOF),
        };
    }
}

/// Reads one datum from a port's text up to `end`. `whole`: there is no more of it. Nothing moves.
fn read_stretch(
    m: &mut Machine,
    port: Value,
    end: usize,
    whole: bool,
    scratch: &mut Scratch,
) -> Result<Stretch, Fault> {
    let (buffer, at) = (m.heap.field(port, BUFFER), place(m, port));
    // The text, a piece of it that a token copies, and the new names in it.
    let text_words = 3 * (end - at) / 2;
    scratch.hold(text_words)?;
    let text = m.heap.string_slice(buffer, at, end);
    let limits = Meter {
        bytes: 8 * (scratch.words() - text_words) as u64,
        work: m.fuel_left_paid()?,
        ..Meter::UNLIMITED
    };
    let fold_case = m.heap.field(port, NOTE) == Value::TRUE;
    let mut reader = Reader::new(&text, SourceId::default(), &mut m.symbols)
        .with_fold_case(fold_case)
        .with_limits(limits);
    let result = reader.next();
    let (position, fold_case, made) = (reader.position(), reader.fold_case(), reader.made());
    m.charge(made.work)?;
    let touches_end = !whole && position == text.len();
    let found = match result {
        Err(error) if error.kind == ReadErrorKind::TooBig => return Err(scratch.exhausted()),
        _ if touches_end => Found::More,
        Ok(Some(syntax)) => Found::Datum(syntax),
        Ok(None) => Found::End,
        Err(error) => {
            let hint = error.hint.map_or(String::new(), |hint| format!(" {hint}"));
            Found::Error(match error.kind {
                ReadErrorKind::Incomplete { .. } => {
                    format!("the text ends inside a datum: {}", error.message)
                }
                _ => format!("{}{hint}", error.message),
            })
        }
    };
    Ok(Stretch {
        found,
        passed: text[..position].chars().count(),
        fold_case,
        words: made.bytes as usize / 8,
        nodes: made.nodes,
    })
}
