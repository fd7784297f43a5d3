//! Bytes to values and procedures. The bytes are a stranger's: nothing is allocated by their own say-so, and whatever is wrong with them is one error.

mod atoms;
mod compounds;
mod input;
mod procedures;

use super::tag;
use crate::builtins::symbols::intern;
use crate::builtins::tables;
use crate::core::GlobalId;
use crate::symbol::Symbol;
use crate::value::{Kind, Value};
use crate::vm::{Fault, Machine, Vm};
use procedures::Code;
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
    /// The keys and values in `parts` are there: puts them into the table.
    FillTable {
        table: usize,
        parts: usize,
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
    /// Words counted for what is left to do, and for the places of objects.
    taken: usize,
}

/// Words counted for a piece of work that is left, for a label, and for an object under construction.
const TASK_WORDS: usize = 8;
const LABEL_WORDS: usize = 3;
const OBJECT_WORDS: usize = 2;
/// Words that are asked for at once.
const WORDS_AT_ONCE: usize = 4096;

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
            taken: 0,
        };
        let done = decoder.whole();
        let taken = decoder.taken;
        self.machine.release_external(taken);
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
                    let name = intern(self.machine(), &name)?;
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

    /// Reads one value with all its parts into the result.
    fn read_value(&mut self) -> Result<()> {
        let mut tasks = vec![Task::Read(Slot::Result)];
        while let Some(task) = tasks.pop() {
            self.machine().charge(2)?;
            self.take_for(tasks.len())?;
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
                Task::FillTable { table, parts } => {
                    tables::fill(&mut self.vm.machine, table, parts)?;
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

    /// Asks for the memory of so many pieces of work that are left, and of the objects made so far.
    fn take_for(&mut self, tasks: usize) -> Result<()> {
        let objects = self.vm.machine.temporaries.len() - self.base;
        let words = TASK_WORDS * tasks + LABEL_WORDS * self.labels.len() + OBJECT_WORDS * objects;
        if words > self.taken + WORDS_AT_ONCE {
            let more = words - self.taken;
            self.machine().take_external(more)?;
            self.taken += more;
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
        if self.data_only && tag::is_literal(tag) {
            return self.bad("a literal may stand only in a program");
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
            tag::PAIR | tag::LITERAL_PAIR => {
                self.machine().ensure(2)?;
                let heap = &mut self.machine().heap;
                let pair = match tag {
                    tag::PAIR => heap.cons(Value::NIL, Value::NIL),
                    _ => heap.immutable_cons(Value::NIL, Value::NIL),
                };
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
}
