//! `define-record-type`.
//!
//! At the top level `(define-record-type p (make x) p? (x p-x set-x!))` becomes
//! `(Sequence (DefineGlobal p (%make-record-type 'p '#(x))) (DefineGlobal make (%record-constructor p '#(0) 'make)) …)`.

use super::assembly::Build;
use super::definitions::{Definition, complete, declare};
use super::machine::{Expander, Flow};
use super::scope::Identifier;
use super::task::{Destination, Task, Use};
use super::{ExpandError, Host, message};
use crate::number::Number;
use crate::symbol::Symbol;
use crate::syntax::Place;
use crate::syntax::{Datum, Syntax};
use std::collections::{BTreeMap, BTreeSet};

/// A field of a record type.
struct Field {
    name: Symbol,
    /// The names of its accessor and modifier.
    accessor: Option<Identifier>,
    modifier: Option<Identifier>,
}

pub(crate) fn define_record_type(
    x: &mut Expander,
    it: Use,
    mut destination: Destination,
    host: &mut dyn Host,
) -> Flow {
    let [_, type_name, constructor, predicate, rest @ ..] = it.items() else {
        return Err(message::wrong_use(&it));
    };
    let place = it.place();
    let Some(type_name) = Identifier::of(type_name) else {
        return Err(message::wrong_part(
            &it,
            type_name,
            "the name of the new kind of value",
            host,
        ));
    };
    let (fields, numbers) = fields(&it, rest, host)?;
    let constructor = constructor_of(&it, constructor, &numbers, fields.len(), host)?;
    let predicate = match (Identifier::of(predicate), predicate.datum()) {
        (None, Datum::Bool(false)) => None,
        (None, _) => return Err(message::wrong_part(&it, predicate, "a name, or #f", host)),
        (name, _) => name,
    };
    distinct(&it, host)?;
    let record = declare(x, &mut destination, &it, &type_name, host)?;
    let names = fields
        .iter()
        .map(|field| symbol(field.name, place))
        .collect();
    let mut definitions = vec![Definition {
        target: record,
        tasks: vec![
            Task::internal("%make-record-type", place, host),
            Task::constant(Datum::Symbol(type_name.name()), place),
            Task::constant(Datum::Vector(names), place),
            Task::Build(Build::Call(2), place),
        ],
    }];
    let mut made: Vec<(Identifier, &'static str, Option<Datum>)> = Vec::new();
    if let Some((name, indexes)) = constructor {
        let indexes = indexes
            .into_iter()
            .map(|index| number(index, place))
            .collect();
        made.push((name, "%record-constructor", Some(Datum::Vector(indexes))));
    }
    made.extend(predicate.map(|name| (name, "%record-predicate", None)));
    for (index, field) in fields.into_iter().enumerate() {
        let index = Datum::Number(Number::Int(index as i64));
        let accessor = field
            .accessor
            .map(|name| (name, "%record-accessor", Some(index.clone())));
        let modifier = field
            .modifier
            .map(|name| (name, "%record-modifier", Some(index)));
        made.extend(accessor.into_iter().chain(modifier));
    }
    for (name, maker, argument) in made {
        let target = declare(x, &mut destination, &it, &name, host)?;
        let mut tasks = vec![Task::internal(maker, place, host), record.read(place)];
        let count = 2 + argument.iter().len();
        tasks.extend(argument.map(|argument| Task::constant(argument, place)));
        tasks.push(Task::constant(Datum::Symbol(name.name()), place));
        tasks.push(Task::Build(Build::Call(count), place));
        definitions.push(Definition { target, tasks });
    }
    complete(x, destination, definitions, place)
}

/// Refuses to define one name as two things. What the parts are has been looked at.
fn distinct(it: &Use, host: &mut dyn Host) -> Result<(), ExpandError> {
    let [_, type_name, constructor, predicate, fields @ ..] = it.items() else {
        return Ok(());
    };
    let constructor = constructor
        .as_list()
        .and_then(<[_]>::first)
        .unwrap_or(constructor);
    let procedures = fields
        .iter()
        .flat_map(|field| field.as_list().unwrap_or(&[]).iter().skip(1));
    let mut names = [type_name, constructor, predicate]
        .into_iter()
        .chain(procedures);
    let mut seen = BTreeSet::new();
    match names.find(|name| Identifier::of(name).is_some_and(|name| !seen.insert(name.key()))) {
        Some(name) => Err(message::named_twice(name, host)),
        None => Ok(()),
    }
}

fn symbol(name: Symbol, place: Place) -> Syntax {
    Syntax::introduced(Datum::Symbol(name), place.span, place.origin)
}

fn number(value: usize, place: Place) -> Syntax {
    Syntax::introduced(
        Datum::Number(Number::Int(value as i64)),
        place.span,
        place.origin,
    )
}

/// The fields of a record type, and the number of each.
fn fields(
    it: &Use,
    written: &[Syntax],
    host: &mut dyn Host,
) -> Result<(Vec<Field>, BTreeMap<u64, usize>), ExpandError> {
    let mut fields = Vec::with_capacity(written.len());
    let mut numbers = BTreeMap::new();
    for part in written {
        host.spend(1)?;
        let names: Option<Vec<Identifier>> = match part.as_list() {
            Some(items) => items.iter().map(Identifier::of).collect(),
            None => Identifier::of(part).map(|name| vec![name]),
        };
        let mut names = match names {
            Some(names) if (1..=3).contains(&names.len()) => names.into_iter(),
            _ => {
                let expected = "a field with the name of its accessor in brackets";
                return Err(message::wrong_part(it, part, expected, host));
            }
        };
        let Some(name) = names.next() else { continue };
        if numbers.insert(name.key(), fields.len()).is_some() {
            let written = part.as_list().and_then(<[_]>::first).unwrap_or(part);
            return Err(message::named_twice(written, host));
        }
        fields.push(Field {
            name: name.name(),
            accessor: names.next(),
            modifier: names.next(),
        });
    }
    Ok((fields, numbers))
}

/// The constructor's name and the fields it takes.
fn constructor_of(
    it: &Use,
    written: &Syntax,
    numbers: &BTreeMap<u64, usize>,
    count: usize,
    host: &mut dyn Host,
) -> Result<Option<(Identifier, Vec<usize>)>, ExpandError> {
    if let Datum::Bool(false) = written.datum() {
        return Ok(None);
    }
    if let Some(name) = Identifier::of(written) {
        return Ok(Some((name, (0..count).collect())));
    }
    let Some([name, arguments @ ..]) = written.as_list() else {
        return Err(message::wrong_part(
            it,
            written,
            "a constructor's name with fields",
            host,
        ));
    };
    let Some(name) = Identifier::of(name) else {
        return Err(message::wrong_part(it, name, "a constructor's name", host));
    };
    let mut indexes = Vec::with_capacity(arguments.len());
    let mut seen = BTreeSet::new();
    for argument in arguments {
        host.spend(1)?;
        match Identifier::of(argument).and_then(|name| numbers.get(&name.key())) {
            Some(index) if seen.insert(*index) => indexes.push(*index),
            Some(_) => return Err(message::named_twice(argument, host)),
            None => {
                return Err(message::wrong_part(
                    it,
                    argument,
                    "the name of a field",
                    host,
                ));
            }
        }
    }
    Ok(Some((name, indexes)))
}
