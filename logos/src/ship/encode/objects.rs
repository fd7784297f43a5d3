//! Objects of the heap: each by its tag, and its parts after it.

use super::{Encoder, Item};
use crate::builtins::{dicts, promises, tables};
use crate::heap::Heap;
use crate::ship::tag;
use crate::value::{Kind, Value};
use crate::vm::{Fault, error_fields};

impl Encoder<'_> {
    /// Writes an object that is no number, once.
    pub(super) fn object(&mut self, value: Value, items: &mut Vec<Item>) -> Result<(), Fault> {
        let heap = &self.vm.machine.heap;
        let Some(kind) = heap.kind(value) else {
            return Err(self.not_sendable("this value", value));
        };
        match kind {
            Kind::Float | Kind::Bignum | Kind::Rational | Kind::Complex => {
                return self.number(value);
            }
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
        let is_literal = heap.header(value).flags() != 0;
        match kind {
            Kind::String => {
                let tag = self.tag(is_literal, tag::STRING, tag::LITERAL_STRING);
                let text = heap.string_text(value);
                self.string(tag, &text)
            }
            Kind::Bytes => self.bytes(value, is_literal),
            Kind::Vector => {
                let tag = self.tag(is_literal, tag::VECTOR, tag::LITERAL_VECTOR);
                self.sequence(tag, &fields(heap, value, 0), items)
            }
            Kind::Dict => self.dict(value, items),
            Kind::Table => self.table(value, items),
            Kind::Record => self.record(value, items),
            Kind::RecordProcedure if !self.data_only => {
                self.parts(tag::RECORD_PROCEDURE, &fields(heap, value, 0), items)
            }
            Kind::RecordType => self.parts(tag::RECORD_TYPE, &fields(heap, value, 0)[..2], items),
            Kind::Error => {
                use error_fields::{IRRITANTS, KIND, MESSAGE, PAYLOAD};
                let all = [KIND, MESSAGE, IRRITANTS, PAYLOAD].map(|i| heap.field(value, i));
                self.parts(tag::ERROR, &all, items)
            }
            Kind::Closure => self.closure(value, items),
            Kind::Cell if !self.data_only => self.parts(tag::CELL, &fields(heap, value, 0), items),
            Kind::Parameter if !self.data_only => {
                self.parts(tag::PARAMETER, &fields(heap, value, 0), items)
            }
            Kind::Promise => self.promise(value, items),
            other => Err(self.not_sendable(kind_name(other), value)),
        }
    }

    /// The tag of something that has two.
    pub(super) fn tag(&self, is_literal: bool, fresh: u8, literal: u8) -> u8 {
        if is_literal && !self.data_only {
            literal
        } else {
            fresh
        }
    }

    fn bytes(&mut self, value: Value, is_literal: bool) -> Result<(), Fault> {
        let heap = &self.vm.machine.heap;
        let bytes = heap.bytes_slice(value, 0, heap.bytes_length(value));
        self.machine().charge(bytes.len() as u64 / 2)?;
        self.byte(self.tag(is_literal, tag::BYTES, tag::LITERAL_BYTES));
        self.count(bytes.len() as u64);
        self.bytes.extend_from_slice(&bytes);
        Ok(())
    }

    fn dict(&mut self, value: Value, items: &mut Vec<Item>) -> Result<(), Fault> {
        let entries = dicts::entries(&self.vm.machine.heap, value);
        self.machine().charge(entries.len() as u64)?;
        self.byte(tag::DICT);
        self.count(entries.len() as u64);
        let parts = entries.into_iter().rev();
        items.extend(parts.flat_map(|(key, value)| [Item::Value(value), Item::Value(key)]));
        Ok(())
    }

    fn table(&mut self, value: Value, items: &mut Vec<Item>) -> Result<(), Fault> {
        let heap = &self.vm.machine.heap;
        let (test, entries) = (
            tables::test_number(heap, value),
            tables::entries(heap, value),
        );
        self.machine().charge(entries.len() as u64)?;
        self.byte(tag::TABLE);
        self.byte(test);
        self.count(entries.len() as u64);
        let parts = entries.into_iter().rev();
        items.extend(parts.flat_map(|(key, value)| [Item::Value(value), Item::Value(key)]));
        Ok(())
    }

    fn record(&mut self, value: Value, items: &mut Vec<Item>) -> Result<(), Fault> {
        let heap = &self.vm.machine.heap;
        let (record_type, all) = (heap.field(value, 0), fields(heap, value, 1));
        self.byte(tag::RECORD);
        self.machine().charge(all.len() as u64)?;
        // The count comes after the type, which the reader needs first.
        items.extend(all.iter().rev().map(|&v| Item::Value(v)));
        items.push(Item::Value(Value::fixnum(all.len() as i64)));
        items.push(Item::Value(record_type));
        Ok(())
    }

    fn promise(&mut self, value: Value, items: &mut Vec<Item>) -> Result<(), Fault> {
        let heap = &self.vm.machine.heap;
        let content = heap.field(value, 0);
        let [state, held] = [promises::STATE, promises::VALUE].map(|i| heap.field(content, i));
        if state.fixnum_value() == promises::PENDING || self.data_only {
            return Err(self.not_sendable("a promise that is still waiting", value));
        }
        self.parts(tag::PROMISE, &[state, held], items)
    }

    fn parts(&mut self, tag: u8, parts: &[Value], items: &mut Vec<Item>) -> Result<(), Fault> {
        self.byte(tag);
        items.extend(parts.iter().rev().map(|&v| Item::Value(v)));
        Ok(())
    }

    pub(super) fn sequence(
        &mut self,
        tag: u8,
        parts: &[Value],
        items: &mut Vec<Item>,
    ) -> Result<(), Fault> {
        self.machine().charge(parts.len() as u64)?;
        self.byte(tag);
        self.count(parts.len() as u64);
        items.extend(parts.iter().rev().map(|&v| Item::Value(v)));
        Ok(())
    }
}

fn fields(heap: &Heap, value: Value, from: usize) -> Vec<Value> {
    (from..heap.length(value))
        .map(|index| heap.field(value, index))
        .collect()
}

fn kind_name(kind: Kind) -> &'static str {
    match kind {
        Kind::Continuation => "a continuation",
        Kind::Port => "a port",
        Kind::Task => "a task",
        Kind::Environment => "an environment",
        Kind::RecordProcedure => "a procedure",
        Kind::Cell | Kind::Parameter => "a variable",
        _ => "this value",
    }
}
