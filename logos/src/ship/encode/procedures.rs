//! Procedures: their code once, the values they captured, and the names of the globals they use.

use super::{Encoder, Item};
use crate::core::{GlobalId, LambdaId, Unit};
use crate::ir::Analysis;
use crate::opcode::{self as o, Op};
use crate::ship::core_datum::{GlobalName, to_datum, travelling_captures};
use crate::ship::tag;
use crate::symbol::{Symbol, Symbols};
use crate::syntax::Syntax;
use crate::value::Value;
use crate::vm::{Fault, Vm};
use std::collections::BTreeMap;

/// What it costs to number a name that is taken.
const NAME_FUEL: u64 = 60;
/// Bytes of a name that a number is added to: of a longer one only the beginning is kept.
const NUMBERED_NAME_BYTES_MAX: usize = 100;

impl Encoder<'_> {
    pub(super) fn closure(&mut self, value: Value, items: &mut Vec<Item>) -> Result<(), Fault> {
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

    fn code_datum(&mut self, unit: &Unit, analysis: &Analysis, lambda: LambdaId) -> Syntax {
        // Naming a global needs the symbols, which the walk holds, and the rest of the world.
        let mut symbols = std::mem::take(&mut self.vm.machine.symbols);
        let datum = to_datum(unit, analysis, lambda, &mut symbols, |id, symbols| {
            self.global_name(id, symbols)
        });
        self.vm.machine.symbols = symbols;
        datum
    }

    /// What a global is called on the way; one of the user's is put on the list of definitions.
    fn global_name(&mut self, id: GlobalId, symbols: &mut Symbols) -> GlobalName {
        if let Some(name) = self.vm.library_name_of(id) {
            return GlobalName::Library(name);
        }
        if let Some(&name) = self.global_names.get(&id) {
            return GlobalName::User(name);
        }
        let own = self.vm.machine.global_names[id.0 as usize];
        let mut name = own;
        while self.taken_names.contains_key(&name) {
            // A limit that runs out here is noticed at the next thing that is charged.
            let _ = self.vm.machine.charge(NAME_FUEL);
            let number = self.name_numbers.entry(own).or_insert(1);
            *number += 1;
            let text = symbols.text(own);
            let beginning = &text[..text.floor_char_boundary(NUMBERED_NAME_BYTES_MAX)];
            name = symbols.intern(&format!("{beginning}~{number}"));
        }
        self.taken_names.insert(name, id);
        self.global_names.insert(id, name);
        self.globals.push((id, name));
        GlobalName::User(name)
    }
}

impl Vm {
    /// The library's own closures by their words, so that they can stay at home.
    pub(super) fn library_procedures(&mut self) -> Result<BTreeMap<u64, Symbol>, Fault> {
        self.machine
            .charge(4 * self.library_globals().len() as u64)?;
        // Of several names for one procedure the first in the alphabet counts: it is inserted last.
        let values = self
            .library_globals()
            .iter()
            .map(|(name, cell)| (self.machine.global_value(*cell), *name));
        Ok(values
            .filter(|(value, _)| value.is_object())
            .map(|(value, name)| (value.0, name))
            .collect())
    }
}
