//! Procedures: their code is compiled once, their captured values go where the code expects them.

use super::{Decoder, Result, Slot, Task};
use crate::core::GlobalId;
use crate::datum::to_syntax;
use crate::opcode::{self as o, Op, abc};
use crate::ship::core_datum::{GlobalName, from_datum};
use crate::symbol::Symbol;
use crate::syntax::{Span, Syntax};
use crate::value::{Kind, Value};
use std::collections::BTreeMap;

/// One procedure's code, compiled.
pub(super) struct Code {
    pub(super) entry: u32,
    /// For each captured value on its way, its place in the closure.
    pub(super) places: Vec<usize>,
    /// For each captured value of the closure, whether it is a cell.
    pub(super) celled: Vec<bool>,
}

impl Decoder<'_> {
    pub(super) fn begin_closure(
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

    pub(super) fn closure(
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

    fn compile(&mut self, datum: &Syntax) -> Result<Code> {
        let blank = self.machine().symbols.intern("_");
        let globals = self.find_globals(datum, blank)?;
        let symbols = std::mem::take(&mut self.vm.machine.symbols);
        let code = from_datum(datum, &symbols, blank, |name| Ok(globals[&name]));
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

    /// The globals that code uses. They are found before it is read: making their cells needs the world.
    fn find_globals(
        &mut self,
        datum: &Syntax,
        blank: Symbol,
    ) -> Result<BTreeMap<GlobalName, GlobalId>> {
        let mut wanted = Vec::new();
        let symbols = std::mem::take(&mut self.vm.machine.symbols);
        let tried = from_datum(datum, &symbols, blank, |name| {
            wanted.push(name);
            Ok(GlobalId(0))
        });
        self.vm.machine.symbols = symbols;
        if tried.is_err() {
            return self.bad("this is not code");
        }
        let mut globals = BTreeMap::new();
        for name in wanted {
            let cell = match name {
                GlobalName::User(symbol) => self.global(symbol)?,
                GlobalName::Library(symbol) => match self.vm.library_global(symbol) {
                    Some(cell) => cell,
                    None => return self.bad("the library has no such name"),
                },
            };
            globals.insert(name, cell);
        }
        Ok(globals)
    }

    /// A `case-lambda`: its clauses say how many arguments they take.
    pub(super) fn finish_case(&mut self, parts: usize) -> Result<Value> {
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
}
