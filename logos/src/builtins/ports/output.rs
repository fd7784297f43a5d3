//! Writing to ports.

use super::{
    BINARY, BINARY_OUTPUT, BUFFER, CONSOLE, ERRORS, FIELDS, FILE, OUTPUT, OUTSIDE, TEXT_OUTPUT,
    flags, new, place, port_argument, set_place,
};
use crate::builtins::bytes::{blank as blank_bytes, byte_argument, bytes_argument};
use crate::builtins::strings::{blank, char_argument, string_argument};
use crate::builtins::{Builtin, range_arguments, wrong_argument};
use crate::heap::Heap;
use crate::printer::{Style, print};
use crate::value::{Kind, Value};
use crate::vm::{Arguments, Fault, Machine, Outcome};

const WRITE: &str = "4 for each part, 1 for each character, 12 for each part of what may contain itself, 40 for each float, and the digits of large numbers";

/// See the module's description.
pub const TABLE: &[Builtin] = &[
    Builtin::plain(
        "open-output-string",
        "(open-output-string)",
        (0, 0),
        "",
        "A port that gathers characters.",
        open_output_string,
    ),
    Builtin::plain(
        "get-output-string",
        "(get-output-string port)",
        (1, 1),
        "1 for every 4 bytes",
        "The characters gathered so far.",
        get_output_string,
    ),
    Builtin::plain(
        "open-output-bytevector",
        "(open-output-bytevector)",
        (0, 0),
        "",
        "A port that gathers bytes.",
        open_output_bytevector,
    ),
    Builtin::plain(
        "get-output-bytevector",
        "(get-output-bytevector port)",
        (1, 1),
        "1 for every 4 bytes",
        "The bytes gathered so far.",
        get_output_bytevector,
    ),
    Builtin::plain(
        "write-char",
        "(write-char character [port])",
        (1, 2),
        "4",
        "Writes a character.",
        write_char,
    ),
    Builtin::plain(
        "write-string",
        "(write-string string [port start end])",
        (1, 4),
        "1 for each character",
        "Writes the characters of a string.",
        write_string,
    ),
    Builtin::plain(
        "newline",
        "(newline [port])",
        (0, 1),
        "4",
        "Ends the line.",
        newline,
    ),
    Builtin::plain(
        "write-u8",
        "(write-u8 byte [port])",
        (1, 2),
        "4",
        "Writes a byte.",
        write_u8,
    ),
    Builtin::plain(
        "write-bytevector",
        "(write-bytevector bytes [port start end])",
        (1, 4),
        "1 for every 4 bytes",
        "Writes the bytes of a bytevector.",
        write_bytevector,
    ),
    Builtin::plain(
        "write",
        "(write value [port])",
        (1, 2),
        WRITE,
        "Writes a value so that it can be read again; cycles are labelled.",
        |m, arguments| write_value(m, "write", arguments, Style::Write),
    ),
    Builtin::plain(
        "display",
        "(display value [port])",
        (1, 2),
        WRITE,
        "Writes a value for people: strings and characters as they are.",
        |m, arguments| write_value(m, "display", arguments, Style::Display),
    ),
    Builtin::plain(
        "write-shared",
        "(write-shared value [port])",
        (1, 2),
        WRITE,
        "Writes a value so that it can be read again; all that is shared is labelled.",
        |m, arguments| write_value(m, "write-shared", arguments, Style::WriteShared),
    ),
    Builtin::plain(
        "write-simple",
        "(write-simple value [port])",
        (1, 2),
        WRITE,
        "Writes a value so that it can be read again, without labels: of a cycle there is no end.",
        |m, arguments| write_value(m, "write-simple", arguments, Style::WriteSimple),
    ),
    Builtin::plain(
        "%write-to-string",
        "(%write-to-string value)",
        (1, 1),
        WRITE,
        "What `write` writes, as a string.",
        |m, arguments| to_string(m, arguments, Style::Write),
    ),
    Builtin::plain(
        "%display-to-string",
        "(%display-to-string value)",
        (1, 1),
        WRITE,
        "What `display` writes, as a string.",
        |m, arguments| to_string(m, arguments, Style::Display),
    ),
    Builtin::plain(
        "%flush-output-port",
        "(%flush-output-port [port])",
        (0, 1),
        "",
        "The number of the file that the host is to flush, or #f.",
        flush,
    ),
];

/// Places that the smallest buffer has.
const ROOM_MIN: usize = 32;

fn open_output_string(m: &mut Machine, _: Arguments) -> Outcome {
    m.ensure(1 + FIELDS + Heap::blank_words(ROOM_MIN, false))?;
    let buffer = m.heap.string_blank(ROOM_MIN, false);
    Ok(new(&mut m.heap, OUTPUT, buffer))
}

fn open_output_bytevector(m: &mut Machine, _: Arguments) -> Outcome {
    m.ensure(1 + FIELDS + Heap::bytes_words(ROOM_MIN))?;
    let buffer = m.heap.bytes_blank(ROOM_MIN);
    Ok(new(&mut m.heap, OUTPUT | BINARY, buffer))
}

/// A port whose contents can be had.
fn gathering_port(
    m: &mut Machine,
    procedure: &str,
    arguments: Arguments,
    wanted: i64,
    what: &str,
) -> Result<Value, Fault> {
    const MASK: i64 = OUTPUT | BINARY | OUT;
    let port = m.arg(arguments, 0);
    if m.heap.is(port, Kind::Port) && flags(m, port) & MASK == wanted {
        Ok(port)
    } else {
        Err(wrong_argument(m, procedure, what, port))
    }
}

fn get_output_string(m: &mut Machine, arguments: Arguments) -> Outcome {
    let what = "a port that `open-output-string` made";
    let port = gathering_port(m, "get-output-string", arguments, OUTPUT, what)?;
    let length = place(m, port);
    let wide = !m.heap.string_is_narrow(m.heap.field(port, BUFFER));
    let text = blank(m, length, wide)?;
    let buffer = m.heap.field(m.arg(arguments, 0), BUFFER);
    m.heap.copy_characters(buffer, 0, text, 0, length);
    Ok(text)
}

fn get_output_bytevector(m: &mut Machine, arguments: Arguments) -> Outcome {
    let what = "a port that `open-output-bytevector` made";
    let port = gathering_port(m, "get-output-bytevector", arguments, OUTPUT | BINARY, what)?;
    let length = place(m, port);
    let bytes = blank_bytes(m, length)?;
    let buffer = m.heap.field(m.arg(arguments, 0), BUFFER);
    m.heap.copy_bytes(buffer, 0, bytes, 0, length);
    Ok(bytes)
}

/// A port that characters go to: the procedure's argument at `index`.
#[derive(Clone, Copy)]
struct Target<'a> {
    procedure: &'a str,
    arguments: Arguments,
    index: usize,
}

impl Target<'_> {
    fn port(self, m: &mut Machine) -> Result<Value, Fault> {
        port_argument(m, self.procedure, self.arguments, self.index, TEXT_OUTPUT)
    }

    /// Makes room for `count` more characters, wide ones if need be. The port's buffer is where it was or new; everything may move.
    fn make_room(self, m: &mut Machine, count: usize, wide: bool) -> Result<Value, Fault> {
        let port = self.port(m)?;
        let buffer = m.heap.field(port, BUFFER);
        let (used, room) = (place(m, port), m.heap.string_length(buffer));
        let wider = wide && m.heap.string_is_narrow(buffer);
        if !wider && count <= room - used {
            return Ok(port);
        }
        let wide = wide || !m.heap.string_is_narrow(buffer);
        let needed = used.saturating_add(count);
        let room = if needed > room {
            needed.max(2 * room)
        } else {
            room
        };
        let new = blank(m, room, wide)?;
        m.charge(if wider { used as u64 } else { used as u64 / 8 })?;
        let from = m.temporaries.len();
        m.temporaries.push(new);
        let port = self.port(m);
        let new = m.temporaries[from];
        m.temporaries.truncate(from);
        let port = port?;
        let old = m.heap.field(port, BUFFER);
        m.heap.copy_characters(old, 0, new, 0, used);
        m.heap.set_field(port, BUFFER, new);
        Ok(port)
    }

    /// Writes a text.
    fn put(self, m: &mut Machine, text: &str) -> Result<(), Fault> {
        let port = self.port(m)?;
        if flags(m, port) & OUT != 0 {
            m.charge(text.len() as u64 / 4 + 1)?;
            m.put_out(port, text);
            return Ok(());
        }
        let count = if text.is_ascii() {
            text.len()
        } else {
            text.chars().count()
        };
        let wide = count < text.len() && text.chars().any(|c| u32::from(c) > 0xff);
        m.charge(count as u64 / 2 + 1)?;
        let port = self.make_room(m, count, wide)?;
        let (buffer, at) = (m.heap.field(port, BUFFER), place(m, port));
        m.heap.put_characters(buffer, at, text);
        set_place(m, port, at + count);
        Ok(())
    }
}

/// Ports whose output leaves the machine.
const OUT: i64 = CONSOLE | OUTSIDE;

impl Machine {
    /// Keeps what goes to the console or a file for the host.
    fn put_out(&mut self, port: Value, text: &str) {
        if flags(self, port) & CONSOLE != 0 {
            self.put_console(flags(self, port) & ERRORS != 0, text);
        } else {
            self.put_file(port, text.as_bytes());
        }
    }

    fn put_file(&mut self, port: Value, bytes: &[u8]) {
        let file = self.heap.field(port, FILE).fixnum_value() as u64;
        match self.written.last_mut() {
            Some((last, kept)) if *last == file => kept.extend_from_slice(bytes),
            _ => self.written.push((file, bytes.to_vec())),
        }
    }

    /// Takes what was written to files since the last time: the number of each file, and bytes.
    pub fn take_written(&mut self) -> Vec<(u64, Vec<u8>)> {
        std::mem::take(&mut self.written)
    }

    /// Keeps what goes to the console for the host. What the bound leaves no room for is dropped.
    fn put_console(&mut self, is_error: bool, text: &str) {
        let max = self.output_max;
        let kept = if is_error {
            &mut self.errors
        } else {
            &mut self.output
        };
        let room = max.saturating_sub(kept.len());
        if text.len() <= room {
            kept.push_str(text);
        } else {
            let end = (0..=room).rev().find(|&at| text.is_char_boundary(at));
            kept.push_str(&text[..end.unwrap_or(0)]);
        }
    }

    /// Takes what was written to standard error since the last time.
    pub fn take_errors(&mut self) -> String {
        std::mem::take(&mut self.errors)
    }

    /// Bounds, in bytes, what is kept of each until the host takes it; the rest is dropped.
    pub fn set_output_max(&mut self, bytes: usize) {
        self.output_max = bytes;
    }
}

fn write_char(m: &mut Machine, arguments: Arguments) -> Outcome {
    let c = char_argument(m, "write-char", arguments, 0)?;
    let target = Target {
        procedure: "write-char",
        arguments,
        index: 1,
    };
    m.charge(3)?;
    target.put(m, c.encode_utf8(&mut [0; 4]))?;
    Ok(Value::VOID)
}

fn newline(m: &mut Machine, arguments: Arguments) -> Outcome {
    let target = Target {
        procedure: "newline",
        arguments,
        index: 0,
    };
    m.charge(3)?;
    target.put(m, "\n")?;
    Ok(Value::VOID)
}

fn write_string(m: &mut Machine, arguments: Arguments) -> Outcome {
    let string = string_argument(m, "write-string", arguments, 0)?;
    let length = m.heap.string_length(string);
    let (start, end) = range_arguments(m, "write-string", arguments, 2, length)?;
    let target = Target {
        procedure: "write-string",
        arguments,
        index: 1,
    };
    let count = end - start;
    m.charge(4 + count as u64)?;
    let port = target.port(m)?;
    if flags(m, port) & OUT != 0 {
        m.ask_to_hold(crate::builtins::strings::text_bytes(m, string) / 8)?;
        let text = m.heap.string_slice(m.arg(arguments, 0), start, end);
        target.put(m, &text)?;
        return Ok(Value::VOID);
    }
    let wide = !m.heap.string_is_narrow(string);
    let port = target.make_room(m, count, wide)?;
    let (buffer, at) = (m.heap.field(port, BUFFER), place(m, port));
    let string = m.arg(arguments, 0);
    m.heap.copy_characters(string, start, buffer, at, count);
    set_place(m, port, at + count);
    Ok(Value::VOID)
}

fn write_value(m: &mut Machine, procedure: &str, arguments: Arguments, style: Style) -> Outcome {
    let target = Target {
        procedure,
        arguments,
        index: 1,
    };
    target.port(m)?;
    let value = m.arg(arguments, 0);
    let text = print(m, value, style)?;
    target.put(m, &text)?;
    Ok(Value::VOID)
}

fn to_string(m: &mut Machine, arguments: Arguments, style: Style) -> Outcome {
    let value = m.arg(arguments, 0);
    let text = print(m, value, style)?;
    m.charge(text.len() as u64 / 2)?;
    m.string(&text)
}

/// Makes room for more bytes in the port that is the argument at 1.
fn make_room_for_bytes(
    m: &mut Machine,
    procedure: &str,
    arguments: Arguments,
    count: usize,
) -> Result<Value, Fault> {
    let port = port_argument(m, procedure, arguments, 1, BINARY_OUTPUT)?;
    let (used, room) = (
        place(m, port),
        m.heap.bytes_length(m.heap.field(port, BUFFER)),
    );
    if count <= room - used {
        return Ok(port);
    }
    let new = blank_bytes(m, used.saturating_add(count).max(2 * room))?;
    m.charge(used as u64 / 8)?;
    let from = m.temporaries.len();
    m.temporaries.push(new);
    let port = port_argument(m, procedure, arguments, 1, BINARY_OUTPUT);
    let new = m.temporaries[from];
    m.temporaries.truncate(from);
    let port = port?;
    let old = m.heap.field(port, BUFFER);
    m.heap.copy_bytes(old, 0, new, 0, used);
    m.heap.set_field(port, BUFFER, new);
    Ok(port)
}

fn write_u8(m: &mut Machine, arguments: Arguments) -> Outcome {
    let byte = byte_argument(m, "write-u8", arguments, 0)?;
    m.charge(4)?;
    let port = port_argument(m, "write-u8", arguments, 1, BINARY_OUTPUT)?;
    if flags(m, port) & OUTSIDE != 0 {
        m.put_file(port, &[byte]);
        return Ok(Value::VOID);
    }
    let port = make_room_for_bytes(m, "write-u8", arguments, 1)?;
    let (buffer, at) = (m.heap.field(port, BUFFER), place(m, port));
    m.heap.set_byte(buffer, at, byte);
    set_place(m, port, at + 1);
    Ok(Value::VOID)
}

fn write_bytevector(m: &mut Machine, arguments: Arguments) -> Outcome {
    let bytes = bytes_argument(m, "write-bytevector", arguments, 0)?;
    let length = m.heap.bytes_length(bytes);
    let (start, end) = range_arguments(m, "write-bytevector", arguments, 2, length)?;
    let count = end - start;
    m.charge(4 + count as u64 / 8)?;
    let port = port_argument(m, "write-bytevector", arguments, 1, BINARY_OUTPUT)?;
    if flags(m, port) & OUTSIDE != 0 {
        m.ask_to_hold(count / 8)?;
        let bytes = m.heap.bytes_slice(m.arg(arguments, 0), start, end);
        m.put_file(port, &bytes);
        return Ok(Value::VOID);
    }
    let port = make_room_for_bytes(m, "write-bytevector", arguments, count)?;
    let (buffer, at) = (m.heap.field(port, BUFFER), place(m, port));
    let bytes = m.arg(arguments, 0);
    m.heap.copy_bytes(bytes, start, buffer, at, count);
    set_place(m, port, at + count);
    Ok(Value::VOID)
}

fn flush(m: &mut Machine, arguments: Arguments) -> Outcome {
    match m.optional(arguments, 0) {
        Some(port) if !(m.heap.is(port, Kind::Port) && flags(m, port) & OUTPUT != 0) => {
            let what = "a port to write to";
            Err(wrong_argument(m, "flush-output-port", what, port))
        }
        Some(port) => Ok(m.heap.field(port, FILE)),
        None => Ok(Value::FALSE),
    }
}
