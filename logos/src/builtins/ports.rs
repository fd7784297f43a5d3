//! Ports: on strings, on bytevectors, and on the console.
//!
//! A port is five fields: flags, buffer (a string or a bytevector), a place in it, a note of the reader's, and the number that the host
//! gave a file. Of an input port the place is that of the next character or byte; of an output port it is how much of the buffer is in
//! use. What goes to the console or to a file is kept in the machine until the host takes it; of the console's, what is beyond
//! `output_max` is dropped, which no program can see. A builtin that needs more than a file's or the console's buffer holds asks for it
//! (`Fault::FillPort`) and is then called again.

pub mod input;
pub mod opened;
pub mod output;

use super::{Builtin, wrong_argument};
use crate::heap::Heap;
use crate::reference::with_costs;
use crate::value::{Kind, Value};
use crate::vm::{Arguments, Fault, Machine, Outcome, Profile, parameter};

/// Fields of a port.
const FLAGS: usize = 0;
const BUFFER: usize = 1;
const PLACE: usize = 2;
/// Whether names are folded (`#!fold-case` was read).
const NOTE: usize = 3;
/// The number of a file, or `#f`.
const FILE: usize = 4;
const FIELDS: usize = 5;

/// Flags of a port.
const INPUT: i64 = 1;
const OUTPUT: i64 = 2;
const BINARY: i64 = 4;
const CLOSED: i64 = 8;
const CONSOLE: i64 = 16;
/// With `CONSOLE`: what goes to standard error.
const ERRORS: i64 = 32;
/// A file of the host's.
const OUTSIDE: i64 = 64;
/// Nothing more will come.
const ENDED: i64 = 128;

/// The number under which the host knows what is typed at the console.
const CONSOLE_FILE: i64 = 0;

/// Places of the current input and output port among the machine's parameters; the current error port follows.
const STANDARD_INPUT: usize = 0;
const STANDARD_OUTPUT: usize = 1;

/// See the module's description.
pub const TABLE: &[Builtin] = &[
    Builtin::plain(
        "%standard-port",
        "(%standard-port number)",
        (1, 1),
        "",
        "The parameter of the current input, output or error port: 0, 1 or 2.",
        standard_port,
    ),
    Builtin::plain(
        "port?",
        "(port? value)",
        (1, 1),
        "",
        "Whether a value is a port.",
        |m, arguments| has_flags(m, arguments, 0, 0),
    ),
    Builtin::plain(
        "input-port?",
        "(input-port? value)",
        (1, 1),
        "",
        "Whether a value is a port that can be read from.",
        |m, arguments| has_flags(m, arguments, INPUT, INPUT),
    ),
    Builtin::plain(
        "output-port?",
        "(output-port? value)",
        (1, 1),
        "",
        "Whether a value is a port that can be written to.",
        |m, arguments| has_flags(m, arguments, OUTPUT, OUTPUT),
    ),
    Builtin::plain(
        "textual-port?",
        "(textual-port? value)",
        (1, 1),
        "",
        "Whether a value is a port for characters.",
        |m, arguments| has_flags(m, arguments, BINARY, 0),
    ),
    Builtin::plain(
        "binary-port?",
        "(binary-port? value)",
        (1, 1),
        "",
        "Whether a value is a port for bytes.",
        |m, arguments| has_flags(m, arguments, BINARY, BINARY),
    ),
    Builtin::plain(
        "input-port-open?",
        "(input-port-open? port)",
        (1, 1),
        "",
        "Whether a port can still be read from.",
        |m, arguments| is_open(m, "input-port-open?", arguments, INPUT),
    ),
    Builtin::plain(
        "output-port-open?",
        "(output-port-open? port)",
        (1, 1),
        "",
        "Whether a port can still be written to.",
        |m, arguments| is_open(m, "output-port-open?", arguments, OUTPUT),
    ),
    Builtin::plain(
        "%close-port",
        "(%close-port port)",
        (1, 1),
        "",
        "Closes a port; gives the number of the file that the host is to close, or #f.",
        |m, arguments| close(m, "close-port", arguments, INPUT | OUTPUT),
    ),
    Builtin::plain(
        "%close-input-port",
        "(%close-input-port port)",
        (1, 1),
        "",
        "The same for a port that is read from.",
        |m, arguments| close(m, "close-input-port", arguments, INPUT),
    ),
    Builtin::plain(
        "%close-output-port",
        "(%close-output-port port)",
        (1, 1),
        "",
        "The same for a port that is written to.",
        |m, arguments| close(m, "close-output-port", arguments, OUTPUT),
    ),
    Builtin::plain(
        "%file-port",
        "(%file-port file output? binary?)",
        (3, 3),
        "",
        "A port of the file that the host knows by this number.",
        file_port,
    ),
    Builtin::plain(
        "%port-file",
        "(%port-file port)",
        (1, 1),
        "",
        "The number of the file behind a port, or #f.",
        port_file,
    ),
    Builtin::plain(
        "%port-left",
        "(%port-left port)",
        (1, 1),
        "",
        "How many characters or bytes of a port to read from are here and not read yet.",
        port_left,
    ),
    Builtin::plain(
        "%fill-port!",
        "(%fill-port! port data)",
        (2, 2),
        "1 for every 4 bytes",
        "Adds a string or bytevector to what can be read from a port, or its end.",
        fill_port,
    ),
];

/// What a port is called where it is printed.
pub fn description(heap: &Heap, port: Value) -> &'static str {
    let flags = heap.field(port, FLAGS).fixnum_value();
    match (flags & INPUT != 0, flags & BINARY != 0) {
        (true, false) => "input-port",
        (false, false) => "output-port",
        (true, true) => "binary-input-port",
        (false, true) => "binary-output-port",
    }
}

fn flags(m: &Machine, port: Value) -> i64 {
    m.heap.field(port, FLAGS).fixnum_value()
}

fn place(m: &Machine, port: Value) -> usize {
    m.heap.field(port, PLACE).fixnum_value() as usize
}

fn set_place(m: &mut Machine, port: Value, place: usize) {
    m.heap.set_field(port, PLACE, Value::fixnum(place as i64));
}

/// A new port; the buffer was made after memory for the port had been asked for.
fn new(heap: &mut Heap, flags: i64, buffer: Value) -> Value {
    let (zero, note) = (Value::fixnum(0), Value::FALSE);
    let fields = [Value::fixnum(flags), buffer, zero, note, Value::FALSE];
    heap.object(Kind::Port, 0, &fields)
}

/// What stands for "call me again when this port has more".
fn more(m: &mut Machine, port: Value) -> Fault {
    m.raised = port;
    Fault::FillPort
}

/// Whether more than the buffer holds may come from an input port.
fn may_have_more(m: &Machine, port: Value) -> bool {
    let flags = flags(m, port);
    let is_outside = flags & OUTSIDE != 0 || flags & CONSOLE != 0 && m.profile() >= Profile::Local;
    is_outside && flags & ENDED == 0
}

/// The parameters of the console's ports: current input, output and error.
pub fn standard_ports(heap: &mut Heap) -> [Value; 3] {
    [INPUT, OUTPUT, OUTPUT | ERRORS].map(|flags| {
        let port = new(heap, flags | CONSOLE, Value::NIL);
        heap.object(Kind::Parameter, 0, &[port, Value::FALSE])
    })
}

/// The parameters of [`standard_ports`]: name and documentation.
const STANDARD: [(&str, &str); 3] = [
    (
        "current-input-port",
        "The port that is read from when no other is given; at first, what is typed.",
    ),
    (
        "current-output-port",
        "The port that is written to when no other is given; at first, standard output.",
    ),
    (
        "current-error-port",
        "The port for messages; at first, standard error.",
    ),
];

/// What `doc` shows of the parameter of a standard port.
pub fn standard_documentation(m: &Machine, value: Value) -> Option<String> {
    let place = m.standard_ports.iter().position(|port| *port == value)?;
    let (name, doc) = STANDARD[place];
    let about = with_costs(Some(doc), Some(""), None);
    Some(format!("({name})\n{about}"))
}

/// What is done with a port, for the errors.
#[derive(Clone, Copy)]
struct Wanted {
    flags: i64,
    standard: usize,
    what: &'static str,
}

const TEXT_INPUT: Wanted = Wanted {
    flags: INPUT,
    standard: STANDARD_INPUT,
    what: "a port to read characters from",
};
const BINARY_INPUT: Wanted = Wanted {
    flags: INPUT | BINARY,
    standard: STANDARD_INPUT,
    what: "a port to read bytes from",
};
const TEXT_OUTPUT: Wanted = Wanted {
    flags: OUTPUT,
    standard: STANDARD_OUTPUT,
    what: "a port to write characters to",
};
const BINARY_OUTPUT: Wanted = Wanted {
    flags: OUTPUT | BINARY,
    standard: STANDARD_OUTPUT,
    what: "a port to write bytes to",
};

/// The port that an argument names, or the current one when it is not given. To be asked for again after anything that may move it.
fn port_argument(
    m: &mut Machine,
    procedure: &str,
    arguments: Arguments,
    index: usize,
    wanted: Wanted,
) -> Result<Value, Fault> {
    let port = match m.optional(arguments, index) {
        Some(port) => port,
        None => parameter(m, m.standard_ports[wanted.standard])?,
    };
    if !m.heap.is(port, Kind::Port) || flags(m, port) & (INPUT | OUTPUT | BINARY) != wanted.flags {
        return Err(wrong_argument(m, procedure, wanted.what, port));
    }
    if flags(m, port) & CLOSED != 0 {
        let message = format!("`{procedure}` cannot use a port that has been closed");
        return Err(m.error(":wrong-argument", &message, &[port]));
    }
    Ok(port)
}

fn standard_port(m: &mut Machine, arguments: Arguments) -> Outcome {
    let number = m.arg(arguments, 0);
    let number = super::index_argument(m, "%standard-port", number, 3)?;
    Ok(m.standard_ports[number])
}

fn has_flags(m: &mut Machine, arguments: Arguments, mask: i64, wanted: i64) -> Outcome {
    let value = m.arg(arguments, 0);
    let holds = m.heap.is(value, Kind::Port) && flags(m, value) & mask == wanted;
    Ok(Value::boolean(holds))
}

fn directed(
    m: &mut Machine,
    procedure: &str,
    arguments: Arguments,
    direction: i64,
) -> Result<Value, Fault> {
    let port = m.arg(arguments, 0);
    if m.heap.is(port, Kind::Port) && flags(m, port) & direction != 0 {
        return Ok(port);
    }
    let what = match direction {
        INPUT => "a port to read from",
        OUTPUT => "a port to write to",
        _ => "a port",
    };
    Err(wrong_argument(m, procedure, what, port))
}

fn is_open(m: &mut Machine, procedure: &str, arguments: Arguments, direction: i64) -> Outcome {
    let port = directed(m, procedure, arguments, direction)?;
    Ok(Value::boolean(flags(m, port) & CLOSED == 0))
}

fn close(m: &mut Machine, procedure: &str, arguments: Arguments, direction: i64) -> Outcome {
    let port = directed(m, procedure, arguments, direction)?;
    let flags = flags(m, port);
    // The console stays open: others write to it as well.
    if flags & (CONSOLE | CLOSED) != 0 {
        return Ok(Value::FALSE);
    }
    m.heap.set_field(port, FLAGS, Value::fixnum(flags | CLOSED));
    opened::forget(m, port);
    Ok(m.heap.field(port, FILE))
}

fn file_port(m: &mut Machine, arguments: Arguments) -> Outcome {
    let [file, is_output, is_binary] = [0, 1, 2].map(|index| m.arg(arguments, index));
    if !file.is_fixnum() {
        return Err(wrong_argument(m, "%file-port", "a number", file));
    }
    m.ensure(1 + FIELDS + Heap::blank_words(0, false) + Heap::bytes_words(0))?;
    let direction = if is_output.is_true() { OUTPUT } else { INPUT };
    let (kind, buffer) = if is_binary.is_true() {
        (BINARY, m.heap.bytes_blank(0))
    } else {
        (0, m.heap.string_blank(0, false))
    };
    let port = new(&mut m.heap, direction | kind | OUTSIDE, buffer);
    m.heap.set_field(port, FILE, file);
    opened::note(m, port);
    Ok(port)
}

fn port_file(m: &mut Machine, arguments: Arguments) -> Outcome {
    let port = m.arg(arguments, 0);
    if !m.heap.is(port, Kind::Port) {
        return Err(wrong_argument(m, "%port-file", "a port", port));
    }
    if flags(m, port) & CONSOLE != 0 {
        return Ok(Value::fixnum(CONSOLE_FILE));
    }
    Ok(m.heap.field(port, FILE))
}

fn port_left(m: &mut Machine, arguments: Arguments) -> Outcome {
    let port = source(m, "%port-left", arguments)?;
    let (at, length) = input::extent(m, port);
    Ok(Value::fixnum((length - at) as i64))
}

fn source(m: &mut Machine, procedure: &str, arguments: Arguments) -> Outcome {
    let port = m.arg(arguments, 0);
    if m.heap.is(port, Kind::Port) && flags(m, port) & INPUT != 0 {
        return Ok(port);
    }
    Err(wrong_argument(m, procedure, "a port to read from", port))
}

fn fill_port(m: &mut Machine, arguments: Arguments) -> Outcome {
    let (port, data) = (source(m, "%fill-port!", arguments)?, m.arg(arguments, 1));
    if data == Value::EOF {
        let ended = Value::fixnum(flags(m, port) | ENDED);
        m.heap.set_field(port, FLAGS, ended);
        return Ok(Value::VOID);
    }
    if flags(m, port) & BINARY != 0 {
        fill_with_bytes(m, arguments)
    } else {
        fill_with_text(m, arguments)
    }
}

fn fill_with_bytes(m: &mut Machine, arguments: Arguments) -> Outcome {
    let (port, data) = (m.arg(arguments, 0), m.arg(arguments, 1));
    if !m.heap.is(data, Kind::Bytes) {
        return Err(wrong_argument(m, "%fill-port!", "a bytevector", data));
    }
    let (at, added) = (place(m, port), m.heap.bytes_length(data));
    let left = m.heap.bytes_length(m.heap.field(port, BUFFER)) - at;
    m.charge((left + added) as u64 / 4)?;
    m.ensure(Heap::bytes_words(left + added))?;
    let (port, data) = (m.arg(arguments, 0), m.arg(arguments, 1));
    let new = m.heap.bytes_blank(left + added);
    let old = m.heap.field(port, BUFFER);
    m.heap.copy_bytes(old, at, new, 0, left);
    m.heap.copy_bytes(data, 0, new, left, added);
    m.heap.set_field(port, BUFFER, new);
    set_place(m, port, 0);
    Ok(Value::VOID)
}

fn fill_with_text(m: &mut Machine, arguments: Arguments) -> Outcome {
    let (port, data) = (m.arg(arguments, 0), m.arg(arguments, 1));
    if !m.is_string(data) {
        return Err(wrong_argument(m, "%fill-port!", "a string", data));
    }
    let at = place(m, port);
    let (left, is_narrow) = match m.heap.field(port, BUFFER) {
        // Nothing was ever typed at the console.
        Value::NIL => (0, true),
        old => (m.heap.string_length(old) - at, m.heap.string_is_narrow(old)),
    };
    let added = m.heap.string_length(data);
    let is_wide = !is_narrow || !m.heap.string_is_narrow(data);
    m.charge((left + added) as u64 / 4)?;
    m.ensure(Heap::blank_words(left + added, is_wide))?;
    let (port, data) = (m.arg(arguments, 0), m.arg(arguments, 1));
    let new = m.heap.string_blank(left + added, is_wide);
    if left > 0 {
        let old = m.heap.field(port, BUFFER);
        m.heap.copy_characters(old, at, new, 0, left);
    }
    m.heap.copy_characters(data, 0, new, left, added);
    m.heap.set_field(port, BUFFER, new);
    set_place(m, port, 0);
    Ok(Value::VOID)
}
