//! Values and procedures to bytes.

use super::core_datum::{GlobalName, to_datum, travelling_captures};
use super::tag;
use crate::builtins::{dicts, promises};
use crate::core::{GlobalId, LambdaId};
use crate::number::Number;
use crate::opcode::{self as o, Op};
use crate::symbol::Symbol;
use crate::syntax::{Datum, Syntax};
use crate::value::{Kind, Value};
use crate::vm::{Fault, Machine, Vm, error_fields};
use num_bigint::Sign;
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
    library: BTreeMap<u64, Symbol>,
    data_only: bool,
    holder: Option<Symbol>,
}

impl Vm {
    /// The encoding of a value. With `data_only` a procedure is an error; otherwise it travels with the definitions it uses.
    pub fn encode(
        &mut self,
        value: Value,
        data_only: bool,
        bytes_max: usize,
    ) -> Result<Vec<u8>, Fault> {
        let library = if data_only {
            BTreeMap::new()
        } else {
            self.library_procedures()
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
        encoder.bytes.clear();
        encoder.round(value)?;
        Ok(encoder.bytes)
    }

    /// The library's own closures by their words, so that they can stay at home.
    fn library_procedures(&self) -> BTreeMap<u64, Symbol> {
        let mut names: Vec<(String, Symbol, GlobalId)> = self.library_globals();
        // Of several names for one procedure the first in the alphabet counts: it is inserted last.
        names.sort_by(|a, b| b.0.cmp(&a.0));
        let values = names
            .iter()
            .map(|(_, name, cell)| (self.machine.global_value(*cell), *name));
        values
            .filter(|(value, _)| value.is_object())
            .map(|(value, name)| (value.0, name))
            .collect()
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
        self.machine().charge(text.len() as u64 / 8)?;
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
            self.machine().charge(2)?;
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
            PAIR_MARK => Some(tag::PAIR),
            _ => None,
        };
        if let Some(constant) = constant {
            self.byte(constant);
            return Ok(());
        }
        if value.is_pair() {
            if self.enter_object(value) {
                self.byte(tag::PAIR);
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

    fn object(&mut self, value: Value, items: &mut Vec<Item>) -> Result<(), Fault> {
        let heap = &self.vm.machine.heap;
        let Some(kind) = heap.kind(value) else {
            return Err(self.not_sendable("this value", value));
        };
        match kind {
            Kind::Float | Kind::Bignum | Kind::Rational => return self.number(value),
            Kind::Closure if self.data_only => return Err(self.not_sendable("a procedure", value)),
            Kind::Closure if self.library.contains_key(&value.0) => {
                let name = self.library[&value.0];
                return self.text(tag::LIBRARY, name);
            }
            _ => {}
        }
        if !self.enter_object(value) {
            return Ok(());
        }
        let heap = &self.vm.machine.heap;
        let fields = |from: usize| {
            (from..heap.length(value))
                .map(|i| heap.field(value, i))
                .collect::<Vec<_>>()
        };
        match kind {
            Kind::String => {
                let literal = heap.header(value).flags() != 0;
                let text = heap.string_text(value);
                self.string(
                    if literal {
                        tag::LITERAL_STRING
                    } else {
                        tag::STRING
                    },
                    &text,
                )
            }
            Kind::Bytes => {
                let bytes = heap.bytes_slice(value, 0, heap.bytes_length(value));
                self.machine().charge(bytes.len() as u64 / 8)?;
                self.byte(tag::BYTES);
                self.count(bytes.len() as u64);
                self.bytes.extend_from_slice(&bytes);
                Ok(())
            }
            Kind::Vector => {
                let literal = heap.header(value).flags() != 0;
                let all = fields(0);
                self.sequence(
                    if literal {
                        tag::LITERAL_VECTOR
                    } else {
                        tag::VECTOR
                    },
                    &all,
                    items,
                )
            }
            Kind::Dict => {
                let entries = dicts::entries(heap, value);
                self.machine().charge(entries.len() as u64)?;
                self.byte(tag::DICT);
                self.count(entries.len() as u64);
                items.extend(
                    entries
                        .into_iter()
                        .rev()
                        .flat_map(|(k, v)| [Item::Value(v), Item::Value(k)]),
                );
                Ok(())
            }
            Kind::Record => {
                let (record_type, all) = (heap.field(value, 0), fields(1));
                self.byte(tag::RECORD);
                self.machine().charge(all.len() as u64)?;
                // The count comes after the type, which the reader needs first.
                items.extend(all.iter().rev().map(|&v| Item::Value(v)));
                items.push(Item::Value(Value::fixnum(all.len() as i64)));
                items.push(Item::Value(record_type));
                Ok(())
            }
            Kind::RecordProcedure if !self.data_only => {
                self.parts(tag::RECORD_PROCEDURE, &fields(0), items)
            }
            Kind::RecordType => self.parts(tag::RECORD_TYPE, &fields(0)[..2], items),
            Kind::Error => {
                let part = |index| heap.field(value, index);
                let all = [
                    part(error_fields::KIND),
                    part(error_fields::MESSAGE),
                    part(error_fields::IRRITANTS),
                    part(error_fields::PAYLOAD),
                ];
                self.parts(tag::ERROR, &all, items)
            }
            Kind::Closure => self.closure(value, items),
            Kind::Cell if !self.data_only => self.parts(tag::CELL, &fields(0), items),
            Kind::Parameter if !self.data_only => self.parts(tag::PARAMETER, &fields(0), items),
            Kind::Promise => self.promise(value, items),
            other => Err(self.not_sendable(kind_name(other), value)),
        }
    }

    fn parts(&mut self, tag: u8, parts: &[Value], items: &mut Vec<Item>) -> Result<(), Fault> {
        self.byte(tag);
        items.extend(parts.iter().rev().map(|&v| Item::Value(v)));
        Ok(())
    }

    fn sequence(&mut self, tag: u8, parts: &[Value], items: &mut Vec<Item>) -> Result<(), Fault> {
        self.machine().charge(parts.len() as u64)?;
        self.byte(tag);
        self.count(parts.len() as u64);
        items.extend(parts.iter().rev().map(|&v| Item::Value(v)));
        Ok(())
    }

    fn promise(&mut self, value: Value, items: &mut Vec<Item>) -> Result<(), Fault> {
        let heap = &self.vm.machine.heap;
        let content = heap.field(value, 0);
        let (state, held) = (
            heap.field(content, promises::STATE),
            heap.field(content, promises::VALUE),
        );
        if state.fixnum_value() == promises::PENDING || self.data_only {
            return Err(self.not_sendable("a promise that is still waiting", value));
        }
        self.parts(tag::PROMISE, &[state, held], items)
    }

    fn closure(&mut self, value: Value, items: &mut Vec<Item>) -> Result<(), Fault> {
        let heap = &self.vm.machine.heap;
        let entry = heap.field(value, 0).fixnum_value() as u32;
        let first = self.vm.code.words[entry as usize];
        if Op::of(first) == Op::EnterCase {
            let clauses: Vec<Value> = (0..o::a(first)).map(|i| heap.field(value, 1 + i)).collect();
            return self.sequence(tag::CASE, &clauses, items);
        }
        let Some(block) = self.vm.code.block_at(entry).cloned() else {
            return Err(self.not_sendable("this procedure", value));
        };
        let compiled = block.unit.clone();
        let lambda = block.lambda as LambdaId;
        let captures = travelling_captures(&compiled.unit, &compiled.analysis, lambda);
        self.byte(tag::CLOSURE);
        let known = self.codes.get(&entry).copied();
        let number = known.unwrap_or(self.codes.len() as u64);
        self.count(number);
        let all = &compiled.analysis.captures[lambda as usize];
        for variable in captures.iter().rev() {
            let place = all.iter().position(|v| v == variable).unwrap_or(0);
            items.push(Item::Value(self.vm.machine.heap.field(value, 1 + place)));
            items.push(Item::Holder(
                compiled.unit.variables[*variable as usize].name,
            ));
        }
        if known.is_none() {
            self.codes.insert(entry, number);
            self.machine().charge(compiled.unit.nodes.len() as u64)?;
            let datum = self.code_datum(&compiled.unit, &compiled.analysis, lambda);
            items.push(Item::Datum(datum));
        }
        Ok(())
    }

    fn code_datum(
        &mut self,
        unit: &crate::core::Unit,
        analysis: &crate::ir::Analysis,
        lambda: LambdaId,
    ) -> Syntax {
        // Names are found first, since finding them and writing the datum both need the machine.
        let mut names = BTreeMap::new();
        for node in &unit.nodes {
            if let crate::core::Node::Global(id)
            | crate::core::Node::SetGlobal(id, _)
            | crate::core::Node::DefineGlobal(id, _) = node
            {
                names.entry(*id).or_insert(None);
            }
        }
        let mut symbols = std::mem::take(&mut self.vm.machine.symbols);
        let mut used = Vec::new();
        let mut resolve =
            |encoder: &mut Encoder, id: GlobalId, symbols: &mut crate::symbol::Symbols| {
                let known = names.get(&id).copied().flatten();
                known.unwrap_or_else(|| {
                    let name = encoder.global_name(id, symbols);
                    names.insert(id, Some(name));
                    name
                })
            };
        // The library's names and the user's are told apart before the walk, in the order of the walk.
        let mut order = Vec::new();
        let mut scratch = crate::symbol::Symbols::new();
        to_datum(unit, analysis, lambda, &mut scratch, |id| {
            order.push(id);
            GlobalName::Library(Symbol(0))
        });
        for id in order {
            let name = resolve(self, id, &mut symbols);
            used.push((id, name));
        }
        let table: BTreeMap<GlobalId, GlobalName> = used.into_iter().collect();
        let datum = to_datum(unit, analysis, lambda, &mut symbols, |id| table[&id]);
        self.vm.machine.symbols = symbols;
        datum
    }

    /// What a global is called on the way; one of the user's is put on the list of definitions.
    fn global_name(&mut self, id: GlobalId, symbols: &mut crate::symbol::Symbols) -> GlobalName {
        if let Some(name) = self.vm.library_name_of(id) {
            return GlobalName::Library(name);
        }
        if let Some(&name) = self.global_names.get(&id) {
            return GlobalName::User(name);
        }
        let own = self.vm.machine.global_names[id.0 as usize];
        let mut name = own;
        let mut number = 1;
        while self.taken_names.contains_key(&name) {
            number += 1;
            name = symbols.intern(&format!("{}~{number}", symbols.text(own)));
        }
        self.taken_names.insert(name, id);
        self.global_names.insert(id, name);
        self.globals.push((id, name));
        GlobalName::User(name)
    }

    fn number(&mut self, value: Value) -> Result<(), Fault> {
        match self.vm.machine.number(value) {
            Some(number) => self.write_number(&number),
            None => Err(self.not_sendable("this value", value)),
        }
    }

    fn write_number(&mut self, number: &Number) -> Result<(), Fault> {
        match number {
            Number::Int(n) => {
                self.byte(tag::INTEGER);
                self.count((n << 1 ^ n >> 63) as u64);
            }
            Number::Float(x) => {
                self.byte(tag::FLOAT);
                self.bytes.extend_from_slice(&x.to_bits().to_le_bytes());
            }
            Number::Big(n) => {
                let (sign, magnitude) = n.to_bytes_le();
                self.machine().charge(magnitude.len() as u64 / 8)?;
                self.byte(tag::BIG);
                self.byte(u8::from(sign == Sign::Minus));
                self.count(magnitude.len() as u64);
                self.bytes.extend_from_slice(&magnitude);
            }
            Number::Rational(q) => {
                self.byte(tag::RATIONAL);
                self.write_number(&Number::from(q.numer().clone()))?;
                self.write_number(&Number::from(q.denom().clone()))?;
            }
        }
        self.check_size()
    }

    /// Code and literals are written from syntax.
    fn datum(&mut self, syntax: &Syntax, items: &mut Vec<Item>) -> Result<(), Fault> {
        match syntax.datum() {
            Datum::Bool(b) => self.byte(if *b { tag::TRUE } else { tag::FALSE }),
            Datum::Number(number) => return self.write_number(number),
            Datum::Char(c) => {
                self.byte(tag::CHARACTER);
                self.count(u64::from(*c));
            }
            Datum::String(text) => return self.string(tag::LITERAL_STRING, text),
            Datum::Symbol(symbol) => return self.text(tag::SYMBOL, *symbol),
            Datum::Alias(alias) => return self.text(tag::SYMBOL, alias.name),
            Datum::Void => self.byte(tag::VOID),
            Datum::Eof => self.byte(tag::EOF),
            Datum::Bytes(bytes) => {
                self.byte(tag::BYTES);
                self.count(bytes.len() as u64);
                self.bytes.extend_from_slice(bytes);
            }
            Datum::List(parts, tail) => {
                let end = tail.clone().map_or(Item::Value(Value::NIL), Item::Datum);
                items.push(end);
                // Each pair's tag stands before its car: the cars are written one by one.
                for part in parts.iter().rev() {
                    items.push(Item::Datum(part.clone()));
                    items.push(Item::Value(PAIR_MARK));
                }
            }
            Datum::Vector(parts) => {
                self.byte(tag::LITERAL_VECTOR);
                self.count(parts.len() as u64);
                items.extend(parts.iter().rev().cloned().map(Item::Datum));
            }
            Datum::Dict(entries) => {
                self.byte(tag::DICT);
                self.count(entries.len() as u64);
                items.extend(
                    entries
                        .iter()
                        .rev()
                        .flat_map(|(k, v)| [Item::Datum(v.clone()), Item::Datum(k.clone())]),
                );
            }
            Datum::Labelled(..) | Datum::Reference(_) => {
                return Err(self.not_sendable("a circular literal", Value::FALSE));
            }
            Datum::Opaque(number) => {
                let value = self.vm.machine.opaque(*number);
                items.push(Item::Value(value));
            }
        }
        self.check_size()
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

/// Stands for the tag of a pair among the items; no program ever holds it.
const PAIR_MARK: Value = Value::ABSENT;

fn kind_name(kind: Kind) -> &'static str {
    match kind {
        Kind::Continuation => "a continuation",
        Kind::Port => "a port",
        Kind::Task => "a task",
        Kind::Environment => "an environment",
        Kind::Table => "a hash table",
        Kind::RecordProcedure => "a procedure",
        Kind::Cell | Kind::Parameter => "a variable",
        _ => "this value",
    }
}
