//! Ports: on strings, on bytevectors, and on the console.
//!
//! A port is four fields: flags, buffer (a string or a bytevector), a place in it, and a note of the reader's. Of an input port the
//! place is that of the next character or byte; of an output port it is how much of the buffer is in use. What goes to the console is
//! kept in the machine until the host takes it; beyond `output_max` it is dropped, which no program can see.

pub mod input;
pub mod output;

use super::{Builtin, wrong_argument};
use crate::heap::Heap;
use crate::value::{Kind, Value};
use crate::vm::{Arguments, Fault, Machine, Outcome, parameter};

/// Fields of a port.
const FLAGS: usize = 0;
const BUFFER: usize = 1;
const PLACE: usize = 2;
/// Whether names are folded (`#!fold-case` was read).
const NOTE: usize = 3;
const FIELDS: usize = 4;

/// Flags of a port.
const INPUT: i64 = 1;
const OUTPUT: i64 = 2;
const BINARY: i64 = 4;
const CLOSED: i64 = 8;
const CONSOLE: i64 = 16;
/// With `CONSOLE`: what goes to standard error.
const ERRORS: i64 = 32;

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
        "close-port",
        "(close-port port)",
        (1, 1),
        "",
        "Closes a port.",
        |m, arguments| close(m, "close-port", arguments, INPUT | OUTPUT),
    ),
    Builtin::plain(
        "close-input-port",
        "(close-input-port port)",
        (1, 1),
        "",
        "Closes a port that is read from.",
        |m, arguments| close(m, "close-input-port", arguments, INPUT),
    ),
    Builtin::plain(
        "close-output-port",
        "(close-output-port port)",
        (1, 1),
        "",
        "Closes a port that is written to.",
        |m, arguments| close(m, "close-output-port", arguments, OUTPUT),
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
    heap.object(Kind::Port, 0, &[Value::fixnum(flags), buffer, zero, note])
}

/// The parameters of the console's ports: current input, output and error.
pub fn standard_ports(heap: &mut Heap) -> [Value; 3] {
    [INPUT, OUTPUT, OUTPUT | ERRORS].map(|flags| {
        let port = new(heap, flags | CONSOLE, Value::NIL);
        heap.object(Kind::Parameter, 0, &[port, Value::FALSE])
    })
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
    // The console stays open: others write to it as well.
    if flags(m, port) & CONSOLE == 0 {
        let closed = Value::fixnum(flags(m, port) | CLOSED);
        m.heap.set_field(port, FLAGS, closed);
    }
    Ok(Value::VOID)
}
