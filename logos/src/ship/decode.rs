//! Bytes to values and procedures. The bytes are a stranger's: nothing is allocated by their own say-so, and whatever is wrong with them is one error.

use super::core_datum::{GlobalName, from_datum};
use super::tag;
use crate::builtins::{dicts, numbers};
use crate::core::GlobalId;
use crate::datum::to_syntax;
use crate::expand::Binding;
use crate::heap::Heap;
use crate::number::Number;
use crate::opcode::{self as o, Op, abc};
use crate::symbol::Symbol;
use crate::syntax::Span;
use crate::value::{Kind, Value};
use crate::vm::{Fault, Machine, Vm};
use num_bigint::{BigInt, Sign};
use std::collections::BTreeMap;

/// Why bytes are not an encoding.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum DecodeError {
    /// They are not what an encoder writes; where, and why.
    Malformed {
        /// The offending byte's place.
        at: usize,
        /// What is wrong.
        what: &'static str,
    },
    /// A limit ran out, or an error is being raised.
    Fault(Fault),
}

impl From<Fault> for DecodeError {
    fn from(fault: Fault) -> DecodeError {
        DecodeError::Fault(fault)
    }
}

type Result<T> = std::result::Result<T, DecodeError>;

/// Where a decoded value goes: a field of one of the objects under construction.
#[derive(Clone, Copy)]
enum Slot {
    /// The result.
    Result,
    /// The car of an object.
    Car(usize),
    /// The cdr.
    Cdr(usize),
    /// A field.
    Field(usize, usize),
}

enum Task {
    Read(Slot),
    /// The parts in the vector `parts` are all there: makes what `tag` says of them.
    Finish {
        tag: u8,
        parts: usize,
        slot: Slot,
        label: Option<usize>,
    },
    /// The code datum in field 0 of `parts` is there: makes a closure.
    Closure {
        parts: usize,
        slot: Slot,
        label: Option<usize>,
    },
    /// The type and the count in `parts` are there: makes a record.
    Record {
        parts: usize,
        slot: Slot,
        label: Option<usize>,
    },
}

/// One procedure's code, compiled.
struct Code {
    entry: u32,
    /// For each captured value on its way, its place in the closure.
    places: Vec<usize>,
    /// For each captured value of the closure, whether it is a cell.
    celled: Vec<bool>,
}

struct Decoder<'a> {
    vm: &'a mut Vm,
    bytes: &'a [u8],
    at: usize,
    /// The first of the temporaries that are ours: the result, then objects under construction.
    base: usize,
    labels: Vec<Option<usize>>,
    codes: Vec<Code>,
    /// The code of each closure under construction, by the closure's place.
    closures: BTreeMap<usize, usize>,
    globals: BTreeMap<Symbol, GlobalId>,
    data_only: bool,
}

impl Vm {
    /// The value that an encoding stands for. The definitions of a program are made in globals of its own.
    pub fn decode(&mut self, bytes: &[u8]) -> Result<Value> {
        let data_only = match bytes.first() {
            Some(&super::DATA) => true,
            Some(&super::PROGRAM) => false,
            _ => {
                return Err(DecodeError::Malformed {
                    at: 0,
                    what: "neither data nor a program",
                });
            }
        };
        let base = self.machine.temporaries.len();
        self.machine.temporaries.push(Value::VOID);
        let mut decoder = Decoder {
            vm: self,
            bytes,
            at: 1,
            base,
            labels: Vec::new(),
            codes: Vec::new(),
            closures: BTreeMap::new(),
            globals: BTreeMap::new(),
            data_only,
        };
        let done = decoder.whole();
        let value = self.machine.temporaries[base];
        self.machine.temporaries.truncate(base);
        done.map(|()| value)
    }
}

impl Decoder<'_> {
    fn machine(&mut self) -> &mut Machine {
        &mut self.vm.machine
    }

    fn bad<T>(&self, what: &'static str) -> Result<T> {
        Err(DecodeError::Malformed { at: self.at, what })
    }

    fn whole(&mut self) -> Result<()> {
        let length = self.bytes.len() as u64;
        self.machine().charge(length / 8)?;
        self.read_value()?;
        if !self.data_only {
            self.definitions()?;
        }
        if self.at != self.bytes.len() {
            return self.bad("bytes are left over");
        }
        Ok(())
    }

    fn definitions(&mut self) -> Result<()> {
        let root = self.vm.machine.temporaries[self.base];
        let kept = self.vm.machine.temporaries.len();
        self.vm.machine.temporaries.push(root);
        loop {
            match self.byte()? {
                tag::END => break,
                tag::SYMBOL => {
                    let name = self.text()?;
                    let name = self.machine().symbols.intern(&name);
                    let cell = self.global(name)?;
                    if self.bytes.get(self.at) == Some(&tag::UNASSIGNED) {
                        self.at += 1;
                        continue;
                    }
                    self.read_value()?;
                    let value = self.vm.machine.temporaries[self.base];
                    self.vm.machine.set_global(cell, value);
                }
                _ => return self.bad("a definition should stand here"),
            }
        }
        self.vm.machine.temporaries[self.base] = self.vm.machine.temporaries[kept];
        Ok(())
    }

    fn global(&mut self, name: Symbol) -> Result<GlobalId> {
        if let Some(&cell) = self.globals.get(&name) {
            return Ok(cell);
        }
        let cell = self.vm.fresh_global(name)?;
        self.globals.insert(name, cell);
        Ok(cell)
    }

    fn byte(&mut self) -> Result<u8> {
        match self.bytes.get(self.at) {
            Some(&byte) => {
                self.at += 1;
                Ok(byte)
            }
            None => self.bad("the bytes end too early"),
        }
    }

    /// An unsigned number in its shortest form.
    fn number(&mut self) -> Result<u64> {
        let mut n: u64 = 0;
        for shift in (0..64).step_by(7) {
            let byte = self.byte()?;
            if shift == 63 && byte > 1 {
                break;
            }
            n |= u64::from(byte & 0x7f) << shift;
            if byte & 0x80 == 0 {
                return if byte == 0 && shift > 0 {
                    self.bad("a number is not in its shortest form")
                } else {
                    Ok(n)
                };
            }
        }
        self.bad("a number is too large")
    }

    /// A count of things that take at least a byte each: never more than there are bytes.
    fn count(&mut self) -> Result<usize> {
        let n = self.number()?;
        match usize::try_from(n) {
            Ok(n) if n <= self.bytes.len() - self.at => Ok(n),
            _ => self.bad("a count is larger than what follows"),
        }
    }

    fn slice(&mut self) -> Result<&[u8]> {
        let count = self.count()?;
        let start = self.at;
        self.at += count;
        Ok(&self.bytes[start..start + count])
    }

    fn text(&mut self) -> Result<String> {
        let at = self.at;
        match String::from_utf8(self.slice()?.to_vec()) {
            Ok(text) => Ok(text),
            Err(_) => Err(DecodeError::Malformed {
                at,
                what: "a text is not UTF-8",
            }),
        }
    }

    /// Reads one value with all its parts into the result.
    fn read_value(&mut self) -> Result<()> {
        let mut tasks = vec![Task::Read(Slot::Result)];
        while let Some(task) = tasks.pop() {
            self.machine().charge(2)?;
            match task {
                Task::Read(slot) => self.read(slot, &mut tasks)?,
                Task::Finish {
                    tag,
                    parts,
                    slot,
                    label,
                } => {
                    let value = self.finish(tag, parts)?;
                    self.put(slot, label, value)?;
                }
                Task::Record { parts, slot, label } => {
                    self.record(parts, slot, label, &mut tasks)?
                }
                Task::Closure { parts, slot, label } => {
                    self.closure(parts, slot, label, &mut tasks)?
                }
            }
        }
        Ok(())
    }

    /// Puts a value where it belongs. Cells belong where code expects them, and nowhere else.
    fn put(&mut self, slot: Slot, label: Option<usize>, value: Value) -> Result<()> {
        if let Some(label) = label {
            let place = self.hold(value);
            self.labels[label] = Some(place);
        }
        let m = &self.vm.machine;
        let (wants_cell, in_cell) = match slot {
            Slot::Field(object, field) => {
                let code = self
                    .closures
                    .get(&object)
                    .map(|&number| &self.codes[number]);
                let celled = |code: &Code| code.celled.get(field.wrapping_sub(1)) == Some(&true);
                (
                    code.is_some_and(celled),
                    m.heap.is(m.temporaries[object], Kind::Cell),
                )
            }
            _ => (false, false),
        };
        if m.heap.is(value, Kind::Cell) != wants_cell || (value == Value::UNASSIGNED && !in_cell) {
            return self.bad("a variable stands where none belongs, or none where one does");
        }
        let m = &mut self.vm.machine;
        match slot {
            Slot::Result => m.temporaries[self.base] = value,
            Slot::Car(object) => m.heap.set_car(m.temporaries[object], value),
            Slot::Cdr(object) => m.heap.set_cdr(m.temporaries[object], value),
            Slot::Field(object, field) => m.heap.set_field(m.temporaries[object], field, value),
        }
        Ok(())
    }

    /// Keeps an object among the temporaries; gives its place.
    fn hold(&mut self, value: Value) -> usize {
        self.vm.machine.temporaries.push(value);
        self.vm.machine.temporaries.len() - 1
    }

    fn read(&mut self, slot: Slot, tasks: &mut Vec<Task>) -> Result<()> {
        let mut tag = self.byte()?;
        let mut label = None;
        if tag == tag::LABEL {
            label = Some(self.labels.len());
            self.labels.push(None);
            tag = self.byte()?;
            if matches!(tag, tag::LABEL | tag::REFERENCE) || tag < tag::STRING {
                return self.bad("only an object has a label");
            }
        }
        let value = match tag {
            tag::REFERENCE => {
                let number = self.number()?;
                let place = usize::try_from(number)
                    .ok()
                    .and_then(|n| self.labels.get(n).copied().flatten());
                match place {
                    Some(place) => self.vm.machine.temporaries[place],
                    None => return self.bad("a reference to an object that is not there yet"),
                }
            }
            tag::PAIR => {
                self.machine().ensure(2)?;
                let pair = self.machine().heap.cons(Value::NIL, Value::NIL);
                let place = self.hold(pair);
                tasks.push(Task::Read(Slot::Cdr(place)));
                tasks.push(Task::Read(Slot::Car(place)));
                if let Some(label) = label.take() {
                    self.labels[label] = Some(place);
                }
                pair
            }
            tag::VECTOR | tag::LITERAL_VECTOR => {
                let count = self.count()?;
                let vector =
                    self.container(Kind::Vector, u8::from(tag == tag::LITERAL_VECTOR), count)?;
                self.fields_of(vector, 0, count, label.take(), tasks)
            }
            _ => match self.atom(tag)? {
                Some(value) => value,
                None => return self.compound(tag, slot, label, tasks),
            },
        };
        self.put(slot, label, value)
    }

    fn container(&mut self, kind: Kind, flags: u8, count: usize) -> Result<Value> {
        self.machine().charge(count as u64 / 4)?;
        self.machine().ensure(1 + count)?;
        Ok(self.machine().heap.filled(kind, flags, count, Value::FALSE))
    }

    /// Holds an object, labels it, and reads its fields from `from` on.
    fn fields_of(
        &mut self,
        object: Value,
        from: usize,
        count: usize,
        label: Option<usize>,
        tasks: &mut Vec<Task>,
    ) -> Value {
        let place = self.hold(object);
        if let Some(label) = label {
            self.labels[label] = Some(place);
        }
        tasks.extend(
            (from..from + count)
                .rev()
                .map(|field| Task::Read(Slot::Field(place, field))),
        );
        object
    }

    fn atom(&mut self, tag: u8) -> Result<Option<Value>> {
        Ok(Some(match tag {
            tag::FALSE => Value::FALSE,
            tag::TRUE => Value::TRUE,
            tag::NIL => Value::NIL,
            tag::VOID => Value::VOID,
            tag::EOF => Value::EOF,
            tag::UNASSIGNED if !self.data_only => Value::UNASSIGNED,
            tag::INTEGER | tag::BIG | tag::RATIONAL | tag::FLOAT => {
                let number = self.read_number(tag)?;
                numbers::from_number(&mut self.vm.machine, &number)?
            }
            tag::CHARACTER => {
                let code = self.number()?;
                match u32::try_from(code).ok().and_then(char::from_u32) {
                    Some(c) => Value::character(c),
                    None => return self.bad("there is no such character"),
                }
            }
            tag::SYMBOL | tag::UNINTERNED => {
                let text = self.text()?;
                let m = self.machine();
                m.charge(text.len() as u64 / 8)?;
                if m.symbols.find(&text).is_none() || tag == tag::UNINTERNED {
                    m.take_external(Heap::text_words(&text) + 4)?;
                }
                Value::symbol(if tag == tag::SYMBOL {
                    m.symbols.intern(&text)
                } else {
                    m.symbols.uninterned(&text)
                })
            }
            tag::STRING | tag::LITERAL_STRING => {
                let text = self.text()?;
                let m = self.machine();
                m.charge(text.len() as u64 / 8)?;
                let string = m.string(&text)?;
                m.heap
                    .set_flags(string, u8::from(tag == tag::LITERAL_STRING));
                string
            }
            tag::BYTES => {
                let bytes = self.slice()?.to_vec();
                let m = self.machine();
                m.charge(bytes.len() as u64 / 8)?;
                m.bytes(&bytes)?
            }
            tag::LIBRARY if !self.data_only => {
                let text = self.text()?;
                match self.vm.library_value(&text) {
                    Some(value) => value,
                    None => return self.bad("the library has no such name"),
                }
            }
            _ => return Ok(None),
        }))
    }

    fn read_number(&mut self, tag: u8) -> Result<Number> {
        match tag {
            tag::INTEGER => {
                let n = self.number()?;
                Ok(Number::Int((n >> 1) as i64 ^ -((n & 1) as i64)))
            }
            tag::FLOAT => {
                let Some(bytes) = self.bytes.get(self.at..self.at + 8) else {
                    return self.bad("the bytes end too early");
                };
                let mut eight = [0; 8];
                eight.copy_from_slice(bytes);
                self.at += 8;
                let x = f64::from_bits(u64::from_le_bytes(eight));
                if x.is_nan() && x.to_bits() != crate::number::NAN.to_bits() {
                    return self.bad("not the canonical NaN");
                }
                Ok(Number::Float(x))
            }
            tag::BIG => {
                let sign = match self.byte()? {
                    0 => Sign::Plus,
                    1 => Sign::Minus,
                    _ => return self.bad("a sign is 0 or 1"),
                };
                let magnitude = self.slice()?.to_vec();
                self.machine().charge(magnitude.len() as u64 / 8)?;
                if magnitude.last() == Some(&0) {
                    return self.bad("a number is not in its shortest form");
                }
                match Number::from(BigInt::from_bytes_le(sign, &magnitude)) {
                    number @ Number::Big(_) => Ok(number),
                    _ => self.bad("a number is not in its shortest form"),
                }
            }
            tag::RATIONAL => {
                let mut part = || -> Result<BigInt> {
                    let tag = self.byte()?;
                    if !matches!(tag, tag::INTEGER | tag::BIG) {
                        return self.bad("a fraction is made of integers");
                    }
                    let n = self.read_number(tag)?;
                    n.to_bigint()
                        .map(|n| n.into_owned())
                        .ok_or(DecodeError::Malformed {
                            at: self.at,
                            what: "an integer",
                        })
                };
                let (numerator, denominator) = (part()?, part()?);
                let given = (numerator.clone(), denominator.clone());
                let price = crate::number::cost::gcd(
                    &Number::from(numerator.clone()),
                    &Number::from(denominator.clone()),
                );
                self.machine().charge(price.work)?;
                match Number::fraction(numerator, denominator) {
                    Some(Number::Rational(q)) if (q.numer(), q.denom()) == (&given.0, &given.1) => {
                        Ok(Number::Rational(q))
                    }
                    _ => self.bad("a fraction is not in lowest terms"),
                }
            }
            _ => self.bad("a number should stand here"),
        }
    }

    /// Things whose parts must be there before they can be made.
    fn compound(
        &mut self,
        tag: u8,
        slot: Slot,
        label: Option<usize>,
        tasks: &mut Vec<Task>,
    ) -> Result<()> {
        let count = match tag {
            tag::DICT => 2 * self.count()?,
            tag::RECORD_TYPE => 2,
            tag::ERROR => 4,
            tag::RECORD => 2,
            tag::CELL
            | tag::PARAMETER
            | tag::CLOSURE
            | tag::CASE
            | tag::PROMISE
            | tag::RECORD_PROCEDURE
                if self.data_only =>
            {
                return self.bad("only data may stand here");
            }
            tag::CELL => {
                let cell = self.container(Kind::Cell, 0, 1)?;
                let cell = self.fields_of(cell, 0, 1, label, tasks);
                return self.put(slot, None, cell);
            }
            tag::PARAMETER => {
                let parameter = self.container(Kind::Parameter, 0, 2)?;
                let parameter = self.fields_of(parameter, 0, 2, label, tasks);
                return self.put(slot, None, parameter);
            }
            tag::PROMISE => 2,
            tag::RECORD_PROCEDURE => 4,
            tag::CASE => self.count()?,
            tag::CLOSURE => return self.begin_closure(slot, label, tasks),
            _ => return self.bad("no such tag"),
        };
        let parts = self.container(Kind::Vector, 0, count)?;
        let place = self.hold(parts);
        tasks.push(match tag {
            tag::RECORD => Task::Record {
                parts: place,
                slot,
                label,
            },
            _ => Task::Finish {
                tag,
                parts: place,
                slot,
                label,
            },
        });
        tasks.extend(
            (0..count)
                .rev()
                .map(|field| Task::Read(Slot::Field(place, field))),
        );
        Ok(())
    }

    fn finish(&mut self, tag: u8, parts: usize) -> Result<Value> {
        let m = &mut self.vm.machine;
        let vector = m.temporaries[parts];
        let part = |m: &Machine, index: usize| m.heap.field(m.temporaries[parts], index);
        match tag {
            tag::DICT => {
                let from = m.temporaries.len();
                let count = m.heap.length(vector);
                m.charge(4 * count as u64)?;
                for index in 0..count {
                    let value = part(m, index);
                    m.temporaries.push(value);
                }
                let dict = dicts::from_temporaries(m, from);
                m.temporaries.truncate(from);
                let dict = dict?;
                if 2 * dicts::count(&m.heap, dict) != count {
                    return self.bad("a dict has a key twice");
                }
                Ok(dict)
            }
            tag::ERROR => {
                m.ensure(7)?;
                let [kind, message, irritants, payload] = [0, 1, 2, 3].map(|index| part(m, index));
                let is_list = irritants == Value::NIL || irritants.is_pair();
                if kind.as_symbol().is_none() || !m.is_string(message) || !is_list {
                    return self.bad("an error is not made like this");
                }
                let fields = [kind, message, irritants, Value::FALSE, Value::NIL, payload];
                Ok(m.heap.object(Kind::Error, 0, &fields))
            }
            tag::RECORD_TYPE => {
                let (name, fields) = (part(m, 0), part(m, 1));
                let names_only = m.heap.is(fields, Kind::Vector)
                    && (0..m.heap.length(fields))
                        .all(|i| m.heap.field(fields, i).as_symbol().is_some());
                if name.as_symbol().is_none() || !names_only {
                    return self.bad("a record type is a name and the names of its fields");
                }
                m.ensure(4)?;
                let (name, fields) = (part(m, 0), part(m, 1));
                let serial = Value::fixnum(m.next_serial() as i64);
                Ok(m.heap.object(Kind::RecordType, 0, &[name, fields, serial]))
            }
            tag::RECORD_PROCEDURE => match crate::builtins::records::from_parts(m, parts)? {
                Some(procedure) => Ok(procedure),
                None => self.bad("a record's procedure is not made like this"),
            },
            tag::PROMISE => {
                let (state, value) = (part(m, 0), part(m, 1));
                let Some(state @ (0 | 2 | 3 | 4)) = state.as_fixnum() else {
                    return self.bad("a promise is not made like this");
                };
                Ok(crate::builtins::promises::settled(m, state, value)?)
            }
            _ => self.finish_case(parts),
        }
    }

    /// A `case-lambda`: its clauses say how many arguments they take.
    fn finish_case(&mut self, parts: usize) -> Result<Value> {
        let vector = self.vm.machine.temporaries[parts];
        let count = self.vm.machine.heap.length(vector);
        let mut words = vec![abc(Op::EnterCase, count as u16, 0, 0)];
        for index in 0..count {
            let clause = self.vm.machine.heap.field(vector, index);
            if count > usize::from(u16::MAX) || !self.vm.machine.heap.is(clause, Kind::Closure) {
                return self.bad("a case-lambda is made of procedures");
            }
            let entry = self.vm.machine.heap.field(clause, 0).fixnum_value() as usize;
            let first = self.vm.code.words[entry];
            match Op::of(first) {
                Op::Enter | Op::EnterRest => {
                    words
                        .push(o::a(first) as u64 | u64::from(Op::of(first) == Op::EnterRest) << 16);
                }
                _ => return self.bad("a case-lambda is made of procedures"),
            }
        }
        self.machine().take_external(3 * words.len())?;
        let entry = self.vm.code.words.len();
        for word in words {
            self.vm.code.push(word, 0, Span::NONE);
        }
        let closure = self.container(Kind::Closure, 0, 1 + count)?;
        let m = &mut self.vm.machine;
        m.heap.set_field(closure, 0, Value::fixnum(entry as i64));
        for index in 0..count {
            let clause = m.heap.field(m.temporaries[parts], index);
            m.heap.set_field(closure, 1 + index, clause);
        }
        Ok(closure)
    }

    fn record(
        &mut self,
        parts: usize,
        slot: Slot,
        label: Option<usize>,
        tasks: &mut Vec<Task>,
    ) -> Result<()> {
        let m = &mut self.vm.machine;
        let vector = m.temporaries[parts];
        let (record_type, count) = (m.heap.field(vector, 0), m.heap.field(vector, 1));
        let fits = m.heap.is(record_type, Kind::RecordType)
            && count.as_fixnum() == Some(m.heap.length(m.heap.field(record_type, 1)) as i64);
        if !fits {
            return self.bad("a record has the fields of its type");
        }
        let count = count.fixnum_value() as usize;
        let record = self.container(Kind::Record, 0, 1 + count)?;
        let m = &mut self.vm.machine;
        let record_type = m.heap.field(m.temporaries[parts], 0);
        m.heap.set_field(record, 0, record_type);
        let record = self.fields_of(record, 1, count, label, tasks);
        self.put(slot, None, record)
    }

    fn begin_closure(
        &mut self,
        slot: Slot,
        label: Option<usize>,
        tasks: &mut Vec<Task>,
    ) -> Result<()> {
        let number = self.number()?;
        if number < self.codes.len() as u64 {
            return self.make_closure(number as usize, slot, label, tasks);
        }
        if number != self.codes.len() as u64 {
            return self.bad("no such code");
        }
        // Its place is taken now: code may be met again inside what follows.
        self.codes.push(Code {
            entry: u32::MAX,
            places: Vec::new(),
            celled: Vec::new(),
        });
        let parts = self.container(Kind::Vector, 0, 2)?;
        self.machine()
            .heap
            .set_field(parts, 1, Value::fixnum(number as i64));
        let place = self.hold(parts);
        tasks.push(Task::Closure {
            parts: place,
            slot,
            label,
        });
        tasks.push(Task::Read(Slot::Field(place, 0)));
        Ok(())
    }

    fn closure(
        &mut self,
        parts: usize,
        slot: Slot,
        label: Option<usize>,
        tasks: &mut Vec<Task>,
    ) -> Result<()> {
        let m = &mut self.vm.machine;
        let vector = m.temporaries[parts];
        let (datum, number) = (
            m.heap.field(vector, 0),
            m.heap.field(vector, 1).fixnum_value() as usize,
        );
        let datum = match to_syntax(m, datum, Span::NONE) {
            Ok(datum) => datum,
            Err(Some(fault)) => return Err(fault.into()),
            Err(None) => return self.bad("code is not circular"),
        };
        self.codes[number] = self.compile(&datum)?;
        self.make_closure(number, slot, label, tasks)
    }

    fn compile(&mut self, datum: &crate::syntax::Syntax) -> Result<Code> {
        let blank = self.machine().symbols.intern("_");
        let mut wanted = Vec::new();
        // The names that the code uses are found first: making their cells needs the world.
        let symbols = std::mem::take(&mut self.vm.machine.symbols);
        let tried = from_datum(datum, &symbols, blank, |name| {
            wanted.push(name);
            Ok(GlobalId(0))
        });
        self.vm.machine.symbols = symbols;
        if tried.is_err() {
            return self.bad("this is not code");
        }
        let mut cells = BTreeMap::new();
        for name in wanted {
            let (GlobalName::Library(symbol) | GlobalName::User(symbol)) = name;
            let cell = match name {
                GlobalName::User(_) => Some(self.global(symbol)?),
                GlobalName::Library(_) => match self.vm.library.lookup(symbol) {
                    Some(Binding::Global(cell)) => Some(cell),
                    _ => None,
                },
            };
            let Some(cell) = cell else {
                return self.bad("the library has no such name");
            };
            cells.insert((matches!(name, GlobalName::User(_)), symbol), cell);
        }
        let symbols = std::mem::take(&mut self.vm.machine.symbols);
        let code = from_datum(datum, &symbols, blank, |name| {
            let (GlobalName::Library(symbol) | GlobalName::User(symbol)) = name;
            Ok(cells[&(matches!(name, GlobalName::User(_)), symbol)])
        });
        self.vm.machine.symbols = symbols;
        let Ok(code) = code else {
            return self.bad("this is not code");
        };
        let (captures, lambda) = (code.captures, code.lambda);
        let before = self.vm.code.blocks.len();
        self.vm.compile(code.unit)?;
        let block = self.vm.code.blocks[before..]
            .iter()
            .find(|block| block.lambda == lambda);
        let Some(block) = block else {
            return self.bad("this is not code");
        };
        let order = &block.unit.analysis.captures[lambda as usize];
        // A value that the code does not use after all is not kept.
        let places = captures
            .iter()
            .map(|v| order.iter().position(|c| c == v).unwrap_or(usize::MAX))
            .collect();
        let celled = order
            .iter()
            .map(|&v| block.unit.analysis.celled[v as usize])
            .collect();
        Ok(Code {
            entry: block.entry,
            places,
            celled,
        })
    }

    fn make_closure(
        &mut self,
        number: usize,
        slot: Slot,
        label: Option<usize>,
        tasks: &mut Vec<Task>,
    ) -> Result<()> {
        let entry = self.codes[number].entry;
        let captured = self.codes[number].celled.len();
        if entry == u32::MAX {
            return self.bad("code cannot contain itself");
        }
        let closure = self.container(Kind::Closure, 0, 1 + captured)?;
        self.machine()
            .heap
            .set_field(closure, 0, Value::fixnum(i64::from(entry)));
        let place = self.hold(closure);
        self.closures.insert(place, number);
        if let Some(label) = label {
            self.labels[label] = Some(place);
        }
        for &to in self.codes[number].places.iter().rev() {
            if to == usize::MAX {
                return self.bad("a captured value is not used");
            }
            tasks.push(Task::Read(Slot::Field(place, 1 + to)));
        }
        self.put(slot, None, closure)
    }
}
