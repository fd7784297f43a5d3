//! The written form of what has no parts.

use super::Style;
use crate::builtins::{ports, records, tables};
use crate::reader::{CHARACTER_NAMES, is_plain_name};
use crate::symbol::Symbol;
use crate::value::{Kind, Value};
use crate::vm::Machine;
use std::fmt::Write;

/// Writes a value that is not in the heap, of a name about so many bytes at most.
pub fn write_immediate(m: &Machine, value: Value, style: Style, text: &mut String, most: usize) {
    if let Some(n) = value.as_fixnum() {
        let _ = write!(text, "{n}");
    } else if let Some(number) = m.number(value) {
        text.push_str(&crate::number::to_text(&number, 10));
    } else if let Some(symbol) = value.as_symbol() {
        let name = beginning(m.symbols.text(symbol), most);
        if style == Style::Display {
            text.push_str(name);
        } else {
            write_symbol(name, text);
        }
    } else if let Some(c) = value.as_char() {
        if style == Style::Display {
            text.push(c);
        } else {
            write_character(c, text);
        }
    } else if let Some(index) = value.as_builtin() {
        let name = m.builtins[index as usize].name;
        let _ = write!(text, "#<procedure {name}>");
    } else {
        text.push_str(match value {
            Value::NIL => "()",
            Value::TRUE => "#t",
            Value::FALSE => "#f",
            Value::VOID => "#<void>",
            Value::EOF => "#<eof>",
            Value::ABSENT => "#<default>",
            _ => "#<nothing>",
        });
    }
}

/// Writes an object that is neither data nor has parts that show, of a name about so many bytes at most.
pub fn write_object(m: &Machine, value: Value, kind: Kind, text: &mut String, most: usize) {
    let _ = match kind {
        Kind::Closure | Kind::RecordProcedure => match m.procedure_symbol(value) {
            Some(name) => {
                text.push_str("#<procedure ");
                write_symbol(beginning(m.symbols.text(name), most), text);
                write!(text, ">")
            }
            None => write!(text, "#<procedure>"),
        },
        Kind::RecordType => write!(text, "#<record-type {}>", type_name(m, value, most)),
        Kind::Table => write!(text, "#<hash-table {}>", tables::count(&m.heap, value)),
        Kind::Port => write!(text, "#<{}>", ports::description(&m.heap, value)),
        Kind::Parameter => write!(text, "#<parameter>"),
        Kind::Continuation => write!(text, "#<continuation>"),
        Kind::Environment => write!(text, "#<environment>"),
        Kind::Task => write!(text, "#<task>"),
        _ => write!(text, "#<{kind:?}>"),
    };
}

impl Machine {
    /// The name of a procedure that has one.
    pub fn procedure_symbol(&self, procedure: Value) -> Option<Symbol> {
        match self.heap.kind(procedure)? {
            Kind::RecordProcedure => self.heap.field(procedure, records::NAME).as_symbol(),
            Kind::Closure => {
                let entry = self.heap.field(procedure, 0).as_fixnum()?;
                let names = &self.procedure_names;
                let at = names.binary_search_by_key(&entry, |&(entry, _)| i64::from(entry));
                at.ok().map(|at| names[at].1)
            }
            _ => None,
        }
    }
}

/// The name of a record type, without the brackets that many write around it, about so many bytes of it at most.
pub fn type_name(m: &Machine, record_type: Value, most: usize) -> String {
    let name = m.heap.field(record_type, 0).as_symbol();
    let name = name.map_or("record", |name| m.symbols.text(name));
    let inner = name.strip_prefix('<').and_then(|n| n.strip_suffix('>'));
    let mut text = String::new();
    let name = inner.filter(|n| !n.is_empty()).unwrap_or(name);
    write_symbol(beginning(name, most), &mut text);
    text
}

/// A text, cut at the first place from `most` bytes on where it can be.
pub fn beginning(text: &str, most: usize) -> &str {
    &text[..text.ceil_char_boundary(most)]
}

/// The name of a record's field.
pub fn field_name(m: &Machine, record: Value, index: usize) -> Option<&str> {
    let names = m.heap.field(m.heap.field(record, 0), 1);
    if !m.heap.is(names, Kind::Vector) || index >= m.heap.length(names) {
        return None;
    }
    let name = m.heap.field(names, index).as_symbol()?;
    Some(m.symbols.text(name))
}

/// Writes a symbol so that it is read again as the same.
pub fn write_symbol(name: &str, text: &mut String) {
    if is_plain_name(name) {
        text.push_str(name);
        return;
    }
    text.push('|');
    for c in name.chars() {
        match c {
            '|' => text.push_str("\\|"),
            '"' => text.push('"'),
            c => write_string_character(c, text),
        }
    }
    text.push('|');
}

/// Writes a character of a string.
pub fn write_string_character(c: char, text: &mut String) {
    match c {
        '"' => text.push_str("\\\""),
        '\\' => text.push_str("\\\\"),
        '\n' => text.push_str("\\n"),
        '\t' => text.push_str("\\t"),
        '\r' => text.push_str("\\r"),
        '\x07' => text.push_str("\\a"),
        '\x08' => text.push_str("\\b"),
        c if c.is_control() => {
            let _ = write!(text, "\\x{:x};", u32::from(c));
        }
        c => text.push(c),
    }
}

fn write_character(c: char, text: &mut String) {
    text.push_str("#\\");
    match CHARACTER_NAMES.iter().find(|(_, known)| *known == c) {
        Some((name, _)) => text.push_str(name),
        None if c.is_control() => {
            let _ = write!(text, "x{:x}", u32::from(c));
        }
        None => text.push(c),
    }
}
