//! Values as text: `write`, `display`, `write-shared` and `write-simple`.
//!
//! Owns the written form of every value. Works in steps of bounded work, each with its price, and keeps what is left to do on a stack of its own:
//! any depth prints in constant stack and linear time, and what has exponentially many paths ends by the limit. Data is written
//! so that it can be read again; what cannot be read is written as `#<…>`.

mod atom;
mod label;

pub use atom::type_name;

use crate::builtins::{dicts, numbers};
use crate::number::cost;
use crate::scratch::{ENTRY_WORDS, Scratch, walk};
use crate::value::{Kind, Value};
use crate::vm::{Fault, Machine, error_fields};
use label::{Labels, Sharing};
use std::fmt::Write;

/// How a value is written.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Style {
    /// To be read again; cycles are labelled.
    Write,
    /// For people: strings and characters as they are; cycles are labelled.
    Display,
    /// To be read again; all that is shared is labelled.
    WriteShared,
    /// To be read again; without labels.
    WriteSimple,
}

/// Characters that a value inside a message may take.
const LIMITED_CHARACTERS: usize = 200;
/// Parts of a value that are looked at for cycles before it is written with a limit.
const LIMITED_PARTS_MAX: usize = 10_000;
/// Characters or bytes written in one step.
const STRETCH: usize = 256;
/// Bytes that one of a name may take when it is written.
const NAME_GROWTH_MAX: u64 = 5;
/// Words counted for a piece of work that is left.
const TASK_WORDS: usize = 3;
/// The largest number, in limbs, that is written where the length is limited.
const LIMITED_LIMBS_MAX: u64 = 16;

/// A value as text. Charges for each piece, and holds no more than the memory limit allows.
pub fn print(m: &mut Machine, value: Value, style: Style) -> Result<String, Fault> {
    walk(m, &[value], |m, values, scratch| {
        let sharing = match style {
            Style::WriteShared => Sharing::All,
            Style::WriteSimple => Sharing::Ignored,
            Style::Write | Style::Display => Sharing::Cycles,
        };
        let labels = label::find(m, values[0], sharing, scratch)?;
        let mut printer = Printer::new(values[0], style, labels);
        loop {
            if let Some(number) = printer.expensive(m) {
                m.charge(number.work)?;
                printer.hold(scratch, number.bytes as usize)?;
            }
            let before = printer.text.len();
            if !printer.step(m) {
                return Ok(printer.text);
            }
            m.charge(4 + (printer.text.len() - before) as u64)?;
            printer.hold(scratch, 0)?;
        }
    })
}

/// A value as text, cut off after about so many characters, at no charge: for the host. The work is in proportion to what is shown.
pub fn print_limited(m: &Machine, value: Value, style: Style, characters_max: usize) -> String {
    // Of more parts there would not be room to show that they contain each other.
    let parts_max = LIMITED_PARTS_MAX.min(2 * characters_max);
    let labels = label::find_few(&m.heap, value, parts_max);
    let mut printer = Printer::new(value, style, labels);
    printer.characters_max = Some(characters_max);
    while printer.text.len() <= characters_max {
        if !printer.step(m) {
            return printer.text;
        }
    }
    let mut text = printer.text;
    let end = (0..=characters_max)
        .rev()
        .find(|&at| text.is_char_boundary(at));
    text.truncate(end.unwrap_or(0));
    text.push('…');
    text
}

/// Whether a value contains itself by way of pairs, vectors and dicts. Charges for each part; nothing moves.
pub fn is_circular(m: &mut Machine, value: Value, scratch: &mut Scratch) -> Result<bool, Fault> {
    let labels = label::find(m, value, Sharing::DataCycles, scratch)?;
    Ok(labels.len() > 0)
}

/// A value as `write` prints it, cut off when long: for messages.
pub fn write_limited(m: &Machine, value: Value) -> String {
    print_limited(m, value, Style::Write, LIMITED_CHARACTERS)
}

/// Something that is left to be written.
#[derive(Clone, Copy)]
enum Task {
    Value(Value),
    /// The rest of a list.
    Tail(Value),
    /// The elements of a vector, the fields of a record and their like, from a place on.
    Items(Value, usize),
    /// The entries of a dict from a place on; twice for each, key and value.
    Entries(Value, usize),
    /// The characters of a string from a place on.
    Characters(Value, usize),
    /// The elements of a bytevector from a place on.
    Bytes(Value, usize),
    Text(&'static str),
}

struct Printer {
    text: String,
    tasks: Vec<Task>,
    style: Style,
    labels: Labels,
    /// Where the text is cut off.
    characters_max: Option<usize>,
}

impl Printer {
    fn new(value: Value, style: Style, labels: Labels) -> Printer {
        Printer {
            text: String::new(),
            tasks: vec![Task::Value(value)],
            style,
            labels,
            characters_max: None,
        }
    }

    fn hold(&self, scratch: &mut Scratch, more_bytes: usize) -> Result<(), Fault> {
        let bytes = self.text.len().saturating_add(more_bytes);
        let labels = ENTRY_WORDS * self.labels.len();
        scratch.hold(bytes / 8 + TASK_WORDS * self.tasks.len() + labels)
    }

    /// What the next piece costs when it is a number that takes more work than its text is long, or a long name.
    fn expensive(&self, m: &Machine) -> Option<cost::Cost> {
        const FLOAT: cost::Cost = cost::Cost {
            work: 40,
            bytes: 32,
        };
        let Some(&Task::Value(value)) = self.tasks.last() else {
            return None;
        };
        if let Some(symbol) = value.as_symbol() {
            let length = m.symbols.text(symbol).len();
            return (length > STRETCH).then_some(cost::Cost {
                work: 0,
                bytes: NAME_GROWTH_MAX * length as u64,
            });
        }
        if value.is_immediate_float() {
            return Some(FLOAT);
        }
        match m.heap.kind(value)? {
            Kind::Float => Some(FLOAT),
            Kind::Bignum | Kind::Rational | Kind::Complex => {
                m.number(value).map(|number| cost::to_text(&number, 10))
            }
            _ => None,
        }
    }

    /// How much of a name is written: where the text is cut off, not much more than is shown.
    fn name_bytes_max(&self) -> usize {
        self.characters_max.map_or(usize::MAX, |most| most + 1)
    }

    /// Writes one piece; whether there was one.
    fn step(&mut self, m: &Machine) -> bool {
        let Some(task) = self.tasks.pop() else {
            return false;
        };
        match task {
            Task::Text(text) => self.text.push_str(text),
            Task::Value(value) => self.value(m, value),
            Task::Tail(rest) => self.tail(m, rest),
            Task::Items(value, place) => self.items(m, value, place),
            Task::Entries(dict, place) => self.entries(m, dict, place),
            Task::Characters(string, place) => self.characters(m, string, place),
            Task::Bytes(bytes, place) => self.bytes(m, bytes, place),
        }
        true
    }

    fn value(&mut self, m: &Machine, value: Value) {
        if value.is_reference() {
            match self.labels.meet(value) {
                Some((number, true)) => {
                    let _ = write!(self.text, "#{number}=");
                }
                Some((number, false)) => {
                    let _ = write!(self.text, "#{number}#");
                    return;
                }
                None => {}
            }
        }
        if value.is_pair() {
            return self.list(m, value);
        }
        match m.heap.kind(value) {
            Some(kind) => self.object(m, value, kind),
            None => {
                let most = self.name_bytes_max();
                atom::write_immediate(m, value, self.style, &mut self.text, most);
            }
        }
    }

    fn list(&mut self, m: &Machine, pair: Value) {
        if let Some((mark, value)) = self.abbreviated(m, pair) {
            self.text.push_str(mark);
            self.tasks.push(Task::Value(value));
            return;
        }
        self.text.push('(');
        self.tasks.push(Task::Tail(m.heap.cdr(pair)));
        self.tasks.push(Task::Value(m.heap.car(pair)));
    }

    fn tail(&mut self, m: &Machine, rest: Value) {
        if rest == Value::NIL {
            self.text.push(')');
        } else if rest.is_pair() && !self.labels.has(rest) {
            self.text.push(' ');
            self.tasks.push(Task::Tail(m.heap.cdr(rest)));
            self.tasks.push(Task::Value(m.heap.car(rest)));
        } else {
            self.text.push_str(" . ");
            self.tasks.push(Task::Text(")"));
            self.tasks.push(Task::Value(rest));
        }
    }

    /// The mark that stands for a list such as `(quote value)`.
    fn abbreviated(&self, m: &Machine, pair: Value) -> Option<(&'static str, Value)> {
        let mark = match m.symbols.text(m.heap.car(pair).as_symbol()?) {
            "quote" => "'",
            "quasiquote" => "`",
            "unquote" => ",",
            "unquote-splicing" => ",@",
            _ => return None,
        };
        let rest = m.heap.cdr(pair);
        if !rest.is_pair() || m.heap.cdr(rest) != Value::NIL || self.labels.has(rest) {
            return None;
        }
        Some((mark, m.heap.car(rest)))
    }

    fn object(&mut self, m: &Machine, value: Value, kind: Kind) {
        match kind {
            Kind::String if self.style == Style::Display => {
                self.tasks.push(Task::Characters(value, 0));
            }
            Kind::String => {
                self.text.push('"');
                self.tasks.push(Task::Text("\""));
                self.tasks.push(Task::Characters(value, 0));
            }
            Kind::Bignum | Kind::Rational | Kind::Complex | Kind::Float => self.number(m, value),
            Kind::Bytes => {
                self.text.push_str("#u8(");
                self.tasks.push(Task::Text(")"));
                self.tasks.push(Task::Bytes(value, 0));
            }
            Kind::Vector => self.open("#(", ")", Task::Items(value, 0)),
            Kind::Dict => self.open("{", "}", Task::Entries(value, 0)),
            Kind::Values => self.open("#<values", ">", Task::Items(value, 0)),
            Kind::Record => {
                self.text.push_str("#<");
                let name = atom::type_name(m, m.heap.field(value, 0), self.name_bytes_max());
                self.text.push_str(&name);
                self.tasks.push(Task::Text(">"));
                self.tasks.push(Task::Items(value, 1));
            }
            Kind::Error => {
                self.text.push_str("#<error ");
                self.tasks.push(Task::Text(">"));
                self.tasks.push(Task::Items(value, 0));
            }
            Kind::Promise => self.promise(m, value),
            _ => {
                let most = self.name_bytes_max();
                atom::write_object(m, value, kind, &mut self.text, most);
            }
        }
    }

    fn open(&mut self, start: &str, end: &'static str, contents: Task) {
        self.text.push_str(start);
        self.tasks.push(Task::Text(end));
        self.tasks.push(contents);
    }

    fn number(&mut self, m: &Machine, value: Value) {
        let is_limited = self.characters_max.is_some();
        // A quarter of the words and some: so large a number is not even taken off the heap.
        if is_limited && numbers::taking_work(&m.heap, value) > 2 * LIMITED_LIMBS_MAX {
            self.text.push_str("#<a very long number>");
            return;
        }
        let Some(number) = m.number(value) else {
            return;
        };
        if is_limited && cost::size_in_limbs(&number) > LIMITED_LIMBS_MAX {
            self.text.push_str("#<a very long number>");
        } else {
            self.text.push_str(&crate::number::to_text(&number, 10));
        }
    }

    fn promise(&mut self, m: &Machine, value: Value) {
        use crate::builtins::promises as p;
        let content = m.heap.field(value, 0);
        let state = m.heap.field(content, p::STATE).as_fixnum();
        let word = match state {
            Some(p::FULFILLED) => {
                return self.open(
                    "#<promise ",
                    ">",
                    Task::Value(m.heap.field(content, p::VALUE)),
                );
            }
            Some(p::FAILED) => "#<promise failed>",
            Some(p::PENDING) => "#<promise pending>",
            _ => "#<promise delayed>",
        };
        self.text.push_str(word);
    }

    /// Writes what comes before a part, and leaves the part and those after it to be written.
    fn items(&mut self, m: &Machine, value: Value, place: usize) {
        let header = m.heap.header(value);
        let count = if header.is(Kind::Error) {
            error_fields::SPAN
        } else {
            header.length()
        };
        if place >= count {
            return;
        }
        if header.is(Kind::Record) {
            self.text.push(' ');
            let most = self.name_bytes_max();
            if let Some(name) = atom::field_name(m, value, place - 1) {
                atom::write_symbol(atom::beginning(name, most), &mut self.text);
                self.text.push_str(": ");
            }
        } else if place > 0 || header.is(Kind::Values) {
            self.text.push(' ');
        }
        self.tasks.push(Task::Items(value, place + 1));
        self.tasks.push(Task::Value(m.heap.field(value, place)));
    }

    fn entries(&mut self, m: &Machine, dict: Value, place: usize) {
        let Some((key, value)) = dicts::entry_at(&m.heap, dict, place / 2) else {
            return;
        };
        if place > 0 {
            self.text.push(' ');
        }
        self.tasks.push(Task::Entries(dict, place + 1));
        let next = if place.is_multiple_of(2) { key } else { value };
        self.tasks.push(Task::Value(next));
    }

    fn characters(&mut self, m: &Machine, string: Value, place: usize) {
        let length = m.heap.string_length(string);
        let end = length.min(place + STRETCH);
        let characters = m.heap.string_chars(string, place, end);
        if self.style == Style::Display {
            self.text.extend(characters);
        } else {
            characters.for_each(|c| atom::write_string_character(c, &mut self.text));
        }
        if end < length {
            self.tasks.push(Task::Characters(string, end));
        }
    }

    fn bytes(&mut self, m: &Machine, bytes: Value, place: usize) {
        let length = m.heap.bytes_length(bytes);
        let end = length.min(place + STRETCH);
        for index in place..end {
            if index > 0 {
                self.text.push(' ');
            }
            let _ = write!(self.text, "{}", m.heap.byte(bytes, index));
        }
        if end < length {
            self.tasks.push(Task::Bytes(bytes, end));
        }
    }
}
