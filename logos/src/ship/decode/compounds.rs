//! Objects whose parts must be there before they can be made, and those that can be met again inside their own parts.

use super::{Decoder, Result, Slot, Task};
use crate::builtins::{dicts, promises, records, tables};
use crate::ship::tag;
use crate::value::{Kind, Value};
use crate::vm::Machine;

impl Decoder<'_> {
    /// Things whose parts must be there before they can be made.
    pub(super) fn compound(
        &mut self,
        tag: u8,
        slot: Slot,
        label: Option<usize>,
        tasks: &mut Vec<Task>,
    ) -> Result<()> {
        let count = match tag {
            tag::DICT => 2 * self.count()?,
            tag::TABLE => return self.table(slot, label, tasks),
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

    /// A table is there before its entries are, which may hold the table itself.
    fn table(&mut self, slot: Slot, label: Option<usize>, tasks: &mut Vec<Task>) -> Result<()> {
        let test = self.byte()?;
        let count = 2 * self.count()?;
        let Some(table) = tables::empty(&mut self.vm.machine, test)? else {
            return self.bad("keys are not told apart like this");
        };
        let table = self.hold(table);
        if let Some(label) = label {
            self.labels[label] = Some(table);
        }
        let made = self.vm.machine.temporaries[table];
        self.put(slot, None, made)?;
        let parts = self.container(Kind::Vector, 0, count)?;
        let parts = self.hold(parts);
        tasks.push(Task::FillTable { table, parts });
        let fields = (0..count).rev();
        tasks.extend(fields.map(|field| Task::Read(Slot::Field(parts, field))));
        Ok(())
    }

    /// Makes what `tag` says of the parts in the vector at `parts`.
    pub(super) fn finish(&mut self, tag: u8, parts: usize) -> Result<Value> {
        match tag {
            tag::DICT => self.finish_dict(parts),
            tag::ERROR => self.finish_error(parts),
            tag::RECORD_TYPE => self.finish_record_type(parts),
            tag::RECORD_PROCEDURE => match records::from_parts(&mut self.vm.machine, parts)? {
                Some(procedure) => Ok(procedure),
                None => self.bad("a record's procedure is not made like this"),
            },
            tag::PROMISE => self.finish_promise(parts),
            _ => self.finish_case(parts),
        }
    }

    fn finish_dict(&mut self, parts: usize) -> Result<Value> {
        let m = &mut self.vm.machine;
        let vector = m.temporaries[parts];
        let from = m.temporaries.len();
        let count = m.heap.length(vector);
        m.charge(4 * count as u64)?;
        for index in 0..count {
            let value = part(m, parts, index);
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

    fn finish_error(&mut self, parts: usize) -> Result<Value> {
        let m = &mut self.vm.machine;
        m.ensure(7)?;
        let [kind, message, irritants, payload] = [0, 1, 2, 3].map(|index| part(m, parts, index));
        let is_list = irritants == Value::NIL || irritants.is_pair();
        if kind.as_symbol().is_none() || !m.is_string(message) || !is_list {
            return self.bad("an error is not made like this");
        }
        let fields = [kind, message, irritants, Value::FALSE, Value::NIL, payload];
        Ok(m.heap.object(Kind::Error, 0, &fields))
    }

    fn finish_record_type(&mut self, parts: usize) -> Result<Value> {
        let m = &mut self.vm.machine;
        let (name, fields) = (part(m, parts, 0), part(m, parts, 1));
        let names_only = m.heap.is(fields, Kind::Vector)
            && (0..m.heap.length(fields)).all(|i| m.heap.field(fields, i).as_symbol().is_some());
        if name.as_symbol().is_none() || !names_only {
            return self.bad("a record type is a name and the names of its fields");
        }
        if self.data_only
            && let Some(known) = self.vm.record_type(name, fields)
        {
            return Ok(known);
        }
        let m = &mut self.vm.machine;
        m.ensure(4)?;
        let (name, fields) = (part(m, parts, 0), part(m, parts, 1));
        let serial = Value::fixnum(m.next_serial() as i64);
        Ok(m.heap.object(Kind::RecordType, 0, &[name, fields, serial]))
    }

    fn finish_promise(&mut self, parts: usize) -> Result<Value> {
        let m = &mut self.vm.machine;
        let (state, value) = (part(m, parts, 0), part(m, parts, 1));
        let Some(state @ (0 | 2 | 3 | 4)) = state.as_fixnum() else {
            return self.bad("a promise is not made like this");
        };
        Ok(promises::settled(m, state, value)?)
    }

    pub(super) fn record(
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
}

/// One of the parts in the vector at `parts`, where it is by now.
fn part(m: &Machine, parts: usize, index: usize) -> Value {
    m.heap.field(m.temporaries[parts], index)
}
