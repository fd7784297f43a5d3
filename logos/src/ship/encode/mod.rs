//! Values and procedures to bytes.

mod literals;
mod objects;
mod procedures;

use super::tag;
use crate::builtins::symbols::pay_for_new;
use crate::core::GlobalId;
use crate::symbol::Symbol;
use crate::syntax::Syntax;
use crate::value::Value;
use crate::vm::{Fault, Machine, Vm};
use std::collections::BTreeMap;

/// One thing to write; the last pushed is written first.
enum Item {
    Value(Value),
    Datum(Syntax),
    /// The variable that holds what is written next, for errors.
    Holder(Symbol),
}

/// Identifies a procedure's code: the place of its block in the program.
type CodeKey = u32;

struct Encoder<'a> {
    vm: &'a mut Vm,
    bytes: Vec<u8>,
    bytes_max: usize,
    /// How often each object was met, in the first round.
    met: BTreeMap<u64, u32>,
    counting: bool,
    labels: BTreeMap<u64, u64>,
    codes: BTreeMap<CodeKey, u64>,
    /// User globals in the order in which they were met, and their names.
    globals: Vec<(GlobalId, Symbol)>,
    global_names: BTreeMap<GlobalId, Symbol>,
    taken_names: BTreeMap<Symbol, GlobalId>,
    /// The last number added to a name that was taken.
    name_numbers: BTreeMap<Symbol, u64>,
    library: BTreeMap<u64, Symbol>,
    data_only: bool,
    holder: Option<Symbol>,
}

/// What each part of a value costs, in each of the two rounds.
const PART_FUEL: u64 = 4;
/// What an encoding costs at least.
const ENCODING_FUEL: u64 = 50;

impl Vm {
    /// The encoding of a value. With `data_only` a procedure is an error; otherwise it travels with the definitions it uses.
    pub fn encode(
        &mut self,
        value: Value,
        data_only: bool,
        bytes_max: usize,
    ) -> Result<Vec<u8>, Fault> {
        self.machine.charge(ENCODING_FUEL)?;
        let known = self.machine.symbols.len();
        let encoded = self.encode_in_rounds(value, data_only, bytes_max);
        pay_for_new(&mut self.machine, known)?;
        encoded
    }

    fn encode_in_rounds(
        &mut self,
        value: Value,
        data_only: bool,
        bytes_max: usize,
    ) -> Result<Vec<u8>, Fault> {
        let library = if data_only {
            BTreeMap::new()
        } else {
            self.library_procedures()?
        };
        let mut encoder = Encoder {
            vm: self,
            bytes: Vec::new(),
            bytes_max,
            met: BTreeMap::new(),
            counting: true,
            labels: BTreeMap::new(),
            codes: BTreeMap::new(),
            globals: Vec::new(),
            global_names: BTreeMap::new(),
            taken_names: BTreeMap::new(),
            name_numbers: BTreeMap::new(),
            library,
            data_only,
            holder: None,
        };
        encoder.round(value)?;
        encoder.counting = false;
        encoder.codes.clear();
        encoder.globals.clear();
        encoder.global_names.clear();
        encoder.taken_names.clear();
        encoder.name_numbers.clear();
        encoder.bytes.clear();
        encoder.round(value)?;
        Ok(encoder.bytes)
    }
}

impl Encoder<'_> {
    fn machine(&mut self) -> &mut Machine {
        &mut self.vm.machine
    }

    fn round(&mut self, value: Value) -> Result<(), Fault> {
        self.byte(if self.data_only {
            super::DATA
        } else {
            super::PROGRAM
        });
        self.write_all(Item::Value(value))?;
        if self.data_only {
            return Ok(());
        }
        let mut next = 0;
        while next < self.globals.len() {
            let (cell, name) = self.globals[next];
            next += 1;
            self.holder = Some(name);
            self.text(tag::SYMBOL, name)?;
            let value = self.vm.machine.global_value(cell);
            if value == Value::UNBOUND {
                self.byte(tag::UNASSIGNED);
            } else {
                self.write_all(Item::Value(value))?;
            }
        }
        self.byte(tag::END);
        Ok(())
    }

    fn byte(&mut self, byte: u8) {
        self.bytes.push(byte);
    }

    fn count(&mut self, mut n: u64) {
        while n >= 0x80 {
            self.byte(n as u8 | 0x80);
            n >>= 7;
        }
        self.byte(n as u8);
    }

    fn string(&mut self, tag: u8, text: &str) -> Result<(), Fault> {
        self.machine().charge(text.len() as u64 / 2)?;
        self.byte(tag);
        self.count(text.len() as u64);
        self.bytes.extend_from_slice(text.as_bytes());
        self.check_size()
    }

    fn text(&mut self, tag: u8, symbol: Symbol) -> Result<(), Fault> {
        let text = self.vm.machine.symbols.shared_text(symbol);
        self.string(tag, &text)
    }

    fn check_size(&mut self) -> Result<(), Fault> {
        if self.bytes.len() > self.bytes_max {
            let message = format!(
                "this value is too big to be sent: more than {} bytes",
                self.bytes_max
            );
            return Err(self.machine().error(":too-big", &message, &[]));
        }
        Ok(())
    }

    fn write_all(&mut self, item: Item) -> Result<(), Fault> {
        let mut items = vec![item];
        while let Some(item) = items.pop() {
            self.machine().charge(PART_FUEL)?;
            self.check_size()?;
            match item {
                Item::Value(value) => self.value(value, &mut items)?,
                Item::Datum(syntax) => self.datum(&syntax, &mut items)?,
                Item::Holder(name) => self.holder = Some(name),
            }
        }
        Ok(())
    }

    /// Writes a reference to an object met before, or a label. Says whether the object itself must be written.
    fn enter_object(&mut self, value: Value) -> bool {
        if self.counting {
            let count = self.met.entry(value.0).or_insert(0);
            *count += 1;
            return *count == 1;
        }
        if self.met.get(&value.0).is_none_or(|&count| count < 2) {
            return true;
        }
        if let Some(&label) = self.labels.get(&value.0) {
            self.byte(tag::REFERENCE);
            self.count(label);
            return false;
        }
        let label = self.labels.len() as u64;
        self.labels.insert(value.0, label);
        self.byte(tag::LABEL);
        true
    }

    fn value(&mut self, value: Value, items: &mut Vec<Item>) -> Result<(), Fault> {
        if value.is_fixnum() || value.is_immediate_float() {
            return self.number(value);
        }
        if let Some(c) = value.as_char() {
            self.byte(tag::CHARACTER);
            self.count(u64::from(c));
            return Ok(());
        }
        if let Some(symbol) = value.as_symbol() {
            return self.symbol(value, symbol);
        }
        if let Some(builtin) = value.as_builtin() {
            if self.data_only {
                return Err(self.not_sendable("a procedure", value));
            }
            let name = self.vm.machine.builtin_name(builtin);
            return self.string(tag::LIBRARY, name);
        }
        let constant = match value {
            Value::FALSE => Some(tag::FALSE),
            Value::TRUE => Some(tag::TRUE),
            Value::NIL => Some(tag::NIL),
            Value::VOID => Some(tag::VOID),
            Value::EOF => Some(tag::EOF),
            Value::UNASSIGNED => Some(tag::UNASSIGNED),
            PAIR_MARK => Some(tag::LITERAL_PAIR),
            _ => None,
        };
        if let Some(constant) = constant {
            self.byte(constant);
            return Ok(());
        }
        if value.is_pair() {
            if self.enter_object(value) {
                let is_literal = !value.is_mutable_pair();
                self.byte(self.tag(is_literal, tag::PAIR, tag::LITERAL_PAIR));
                let heap = &self.vm.machine.heap;
                items.push(Item::Value(heap.cdr(value)));
                items.push(Item::Value(heap.car(value)));
            }
            return Ok(());
        }
        self.object(value, items)
    }

    fn symbol(&mut self, value: Value, symbol: Symbol) -> Result<(), Fault> {
        if self.vm.machine.symbols.is_interned(symbol) {
            return self.text(tag::SYMBOL, symbol);
        }
        if self.enter_object(value) {
            return self.text(tag::UNINTERNED, symbol);
        }
        Ok(())
    }

    fn not_sendable(&mut self, what: &str, value: Value) -> Fault {
        let message = match self.holder {
            Some(name) => {
                format!(
                    "`{}` holds {what}, which cannot be sent",
                    self.vm.machine.symbols.text(name)
                )
            }
            None => format!("{what} cannot be sent"),
        };
        self.machine().error(":not-sendable", &message, &[value])
    }
}

/// Stands for the tag of a literal pair among the items; no program ever holds it.
const PAIR_MARK: Value = Value::ABSENT;
