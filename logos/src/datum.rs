//! Between syntax, which lives outside the heap, and values, which live in it. Both directions keep a stack of their own.

use crate::builtins::dicts::tree;
use crate::heap::Heap;
use crate::printer::is_circular;
use crate::scratch::{Scratch, walk};
use crate::syntax::{Datum, Span, Syntax};
use crate::value::{Kind, Value};
use crate::vm::{Fault, Machine, Outcome};
use std::collections::BTreeMap;
use std::rc::Rc;

enum Build {
    Visit(Syntax),
    List { count: usize, tail: bool },
    Vector(usize),
    Dict(usize),
    Label(u32),
}

/// A value with more nodes than this, each counted as often as it is reached, is looked through for cycles.
const SURELY_FINITE_NODES: u64 = 10_000;
/// What making a node of syntax costs.
const NODE_FUEL: u64 = 3;
/// Words counted for a node of syntax, without the text of a string.
const NODE_WORDS: usize = 12;

/// Makes a value of a datum. The values under construction are temporaries of the machine.
pub fn to_value(m: &mut Machine, syntax: &Syntax, immutable: bool) -> Outcome {
    to_value_counted(m, syntax, immutable).map(|(value, _)| value)
}

/// The same, with the words that the syntax takes.
pub fn to_value_counted(
    m: &mut Machine,
    syntax: &Syntax,
    immutable: bool,
) -> Result<(Value, usize), Fault> {
    let (base, labelled) = (m.temporaries.len(), m.labelled.len());
    let result = build(m, syntax, immutable, base);
    let value = m.temporaries.last().copied().unwrap_or(Value::VOID);
    m.temporaries.truncate(base);
    m.labelled.truncate(labelled);
    result.map(|words| (value, words))
}

/// Leaves the value above `base` among the temporaries; gives the words that the syntax takes.
fn build(m: &mut Machine, syntax: &Syntax, immutable: bool, base: usize) -> Result<usize, Fault> {
    let mut words = 0;
    let mut tasks = vec![Build::Visit(syntax.clone())];
    // Where among the machine's labelled values each label's is: a placeholder until it is finished.
    let mut labels: BTreeMap<u32, usize> = BTreeMap::new();
    let mut has_cycles = false;
    let flag = u8::from(immutable);
    let cons = if immutable {
        Heap::immutable_cons
    } else {
        Heap::cons
    };
    while let Some(task) = tasks.pop() {
        m.charge(1)?;
        match task {
            Build::Visit(syntax) => match syntax.datum() {
                Datum::List(items, tail) if !items.is_empty() => {
                    tasks.push(Build::List {
                        count: items.len(),
                        tail: tail.is_some(),
                    });
                    tasks.extend(tail.iter().cloned().map(Build::Visit));
                    tasks.extend(items.iter().rev().cloned().map(Build::Visit));
                }
                Datum::Vector(items) => {
                    tasks.push(Build::Vector(items.len()));
                    tasks.extend(items.iter().rev().cloned().map(Build::Visit));
                }
                Datum::Dict(entries) => {
                    tasks.push(Build::Dict(entries.len()));
                    for (key, value) in entries.iter().rev() {
                        tasks.push(Build::Visit(value.clone()));
                        tasks.push(Build::Visit(key.clone()));
                    }
                }
                Datum::Labelled(label, inner) => {
                    let placeholder =
                        m.rooted(&[], 2, |m, _| m.heap.object(Kind::Plain, 0, &[Value::NIL]))?;
                    labels.insert(*label, m.labelled.len());
                    m.labelled.push(placeholder);
                    tasks.push(Build::Label(*label));
                    tasks.push(Build::Visit(inner.clone()));
                }
                Datum::Reference(label) => {
                    let value = labels.get(label).map_or(Value::NIL, |&at| m.labelled[at]);
                    has_cycles |= m.heap.is(value, Kind::Plain);
                    m.temporaries.push(value);
                }
                atom => {
                    words += NODE_WORDS + atom_words(atom);
                    let value = atom_value(m, atom, flag)?;
                    m.temporaries.push(value);
                }
            },
            Build::List { count, tail } => {
                words += NODE_WORDS;
                m.ensure(2 * count)?;
                let mut list = if tail {
                    m.temporaries.pop().unwrap_or(Value::NIL)
                } else {
                    Value::NIL
                };
                for _ in 0..count {
                    let item = m.temporaries.pop().unwrap_or(Value::NIL);
                    list = cons(&mut m.heap, item, list);
                }
                m.temporaries.push(list);
            }
            Build::Vector(count) => {
                words += NODE_WORDS;
                m.ensure(1 + count)?;
                let from = m.temporaries.len() - count;
                let items: Vec<Value> = m.temporaries.drain(from..).collect();
                let vector = m.heap.object(Kind::Vector, flag, &items);
                m.temporaries.push(vector);
            }
            Build::Dict(count) => {
                words += NODE_WORDS;
                let from = m.temporaries.len() - 2 * count;
                let dict = match crate::builtins::dicts::from_temporaries(m, from) {
                    Err(Fault::Raise { .. }) if has_cycles => {
                        let message = "a dict cannot be a part of one of its own keys";
                        return Err(m.error(":bad-syntax", message, &[]));
                    }
                    made => made?,
                };
                m.temporaries.truncate(from);
                m.temporaries.push(dict);
            }
            Build::Label(label) => {
                let value = m.temporaries.last().copied().unwrap_or(Value::NIL);
                if let Some(&at) = labels.get(&label) {
                    let placeholder = std::mem::replace(&mut m.labelled[at], value);
                    m.heap.set_field(placeholder, 0, value);
                }
            }
        }
    }
    if has_cycles {
        resolve_labels(m, base)?;
    }
    Ok(words)
}

/// Words that an atom takes beside its node.
fn atom_words(atom: &Datum) -> usize {
    match atom {
        Datum::String(text) => text.len() / 8,
        Datum::Bytes(bytes) => bytes.len() / 8,
        Datum::Number(number) => crate::builtins::numbers::number_words(number),
        _ => 0,
    }
}

/// Replaces every placeholder by what it stands for, wherever it is reachable.
fn resolve_labels(m: &mut Machine, base: usize) -> Result<(), Fault> {
    let root = m.temporaries[base];
    let mut seen = std::collections::BTreeSet::new();
    let mut pending = vec![root];
    // Every placeholder on the way refers to the end of it from then on.
    let target = |m: &mut Machine, value: Value| {
        let stands_for = |m: &Machine, value: Value| match m.heap.is(value, Kind::Plain) {
            true => Some(m.heap.field(value, 0)).filter(|next| *next != value),
            false => None,
        };
        let mut end = value;
        while let Some(next) = stands_for(m, end) {
            end = next;
        }
        let mut on_the_way = value;
        while let Some(next) = stands_for(m, on_the_way) {
            m.heap.set_field(on_the_way, 0, end);
            on_the_way = next;
        }
        end
    };
    while let Some(value) = pending.pop() {
        m.charge(1)?;
        if !value.is_reference() || !seen.insert(value.0) {
            continue;
        }
        if value.is_pair() {
            let (car, cdr) = (m.heap.car(value), m.heap.cdr(value));
            let (car, cdr) = (target(m, car), target(m, cdr));
            m.heap.set_car(value, car);
            m.heap.set_cdr(value, cdr);
            pending.extend([car, cdr]);
        } else if m.heap.is(value, Kind::Vector) {
            for index in 0..m.heap.length(value) {
                let item = m.heap.field(value, index);
                let item = target(m, item);
                m.heap.set_field(value, index, item);
                pending.push(item);
            }
        } else if m.heap.is(value, Kind::Dict) {
            pending.push(m.heap.field(value, 0));
        } else if m.heap.is(value, Kind::DictNode) {
            let item = m.heap.field(value, tree::VALUE);
            let item = target(m, item);
            m.heap.set_field(value, tree::VALUE, item);
            let sides = [tree::LEFT, tree::RIGHT].map(|side| m.heap.field(value, side));
            pending.push(item);
            pending.extend(sides);
        } else if m.heap.is(value, Kind::Plain) {
            pending.push(m.heap.field(value, 0));
        }
    }
    let whole = target(m, root);
    m.temporaries.truncate(base);
    m.temporaries.push(whole);
    Ok(())
}

fn atom_value(m: &mut Machine, atom: &Datum, flag: u8) -> Outcome {
    Ok(match atom {
        Datum::Bool(b) => Value::boolean(*b),
        Datum::Char(c) => Value::character(*c),
        Datum::Symbol(symbol) => Value::symbol(*symbol),
        Datum::Void => Value::VOID,
        Datum::Eof => Value::EOF,
        Datum::List(..) => Value::NIL,
        Datum::Number(number) => {
            m.charge(atom_words(atom) as u64 / 4)?;
            crate::builtins::numbers::from_number(m, number)?
        }
        Datum::String(text) => {
            m.charge(text.len() as u64 / 8)?;
            let string = m.string(text)?;
            m.heap.set_flags(string, flag);
            string
        }
        Datum::Bytes(bytes) => {
            m.charge(bytes.len() as u64 / 32)?;
            let value = m.bytes(bytes)?;
            m.heap.set_flags(value, flag);
            value
        }
        Datum::Opaque(number) => m
            .opaques
            .get(*number as usize)
            .copied()
            .unwrap_or(Value::VOID),
        Datum::Alias(alias) => Value::symbol(alias.name),
        Datum::Vector(_) | Datum::Dict(_) | Datum::Labelled(..) | Datum::Reference(_) => {
            Value::VOID
        }
    })
}

enum Unbuild {
    Visit(Value),
    List(usize),
    Vector(usize),
    Dict(usize),
}

/// Makes syntax of a value, all of it at `span`. A value without a written form becomes an opaque number. `Err(None)`: the value is circular.
pub fn to_syntax(m: &mut Machine, value: Value, span: Span) -> Result<Syntax, Option<Fault>> {
    to_syntax_counted(m, value, span).map(|(syntax, _)| syntax)
}

/// The same, with the words that the syntax takes: they were free a moment ago, and whoever keeps it takes note of them.
pub fn to_syntax_counted(
    m: &mut Machine,
    value: Value,
    span: Span,
) -> Result<(Syntax, usize), Option<Fault>> {
    let opaques = m.opaques.len();
    let made = walk(m, &[value], |m, values, scratch| {
        m.opaques.truncate(opaques);
        unbuild(m, values[0], span, scratch)
    });
    made.map_err(Some)?.ok_or(None)
}

/// `None`: the value is circular.
fn unbuild(
    m: &mut Machine,
    whole: Value,
    span: Span,
    scratch: &mut Scratch,
) -> Result<Option<(Syntax, usize)>, Fault> {
    let mut tasks = vec![Unbuild::Visit(whole)];
    let mut done: Vec<Syntax> = Vec::new();
    let mut words = 0;
    let mut visited = 0;
    while let Some(task) = tasks.pop() {
        m.charge(NODE_FUEL)?;
        scratch.hold(words + 2 * tasks.len())?;
        visited += 1;
        if visited == SURELY_FINITE_NODES && is_circular(m, whole, scratch)? {
            return Ok(None);
        }
        match task {
            Unbuild::Visit(value) if value.is_pair() => {
                let mut items = Vec::new();
                let mut rest = value;
                while rest.is_pair() {
                    m.charge(1)?;
                    scratch.hold(words + 2 * (tasks.len() + items.len()))?;
                    visited += 1;
                    if visited == SURELY_FINITE_NODES && is_circular(m, whole, scratch)? {
                        return Ok(None);
                    }
                    items.push(m.heap.car(rest));
                    rest = m.heap.cdr(rest);
                }
                tasks.push(Unbuild::List(items.len()));
                tasks.push(Unbuild::Visit(rest));
                tasks.extend(items.into_iter().rev().map(Unbuild::Visit));
            }
            Unbuild::Visit(value) if m.heap.is(value, Kind::Vector) => {
                scratch.hold(words + 2 * (tasks.len() + m.heap.length(value)))?;
                let items: Vec<Value> = (0..m.heap.length(value))
                    .map(|i| m.heap.field(value, i))
                    .collect();
                tasks.push(Unbuild::Vector(items.len()));
                tasks.extend(items.into_iter().rev().map(Unbuild::Visit));
            }
            Unbuild::Visit(value) if m.heap.is(value, Kind::Dict) => {
                let entries = crate::builtins::dicts::entries(&m.heap, value);
                tasks.push(Unbuild::Dict(entries.len()));
                for (key, value) in entries.into_iter().rev() {
                    tasks.push(Unbuild::Visit(value));
                    tasks.push(Unbuild::Visit(key));
                }
            }
            Unbuild::Visit(value) => {
                let datum = atom_datum(m, value)?;
                words += NODE_WORDS + atom_words(&datum);
                done.push(Syntax::new(datum, span));
            }
            Unbuild::List(count) => {
                let tail = done.pop().unwrap_or_else(|| Syntax::list(Vec::new(), span));
                let items = done.split_off(done.len() - count);
                words += NODE_WORDS;
                done.push(Syntax::dotted(items, tail, span));
            }
            Unbuild::Vector(count) => {
                let items = done.split_off(done.len() - count);
                words += NODE_WORDS;
                done.push(Syntax::new(Datum::Vector(items.into()), span));
            }
            Unbuild::Dict(count) => {
                let flat = done.split_off(done.len() - 2 * count);
                words += NODE_WORDS;
                let entries: Vec<(Syntax, Syntax)> = flat
                    .chunks(2)
                    .map(|e| (e[0].clone(), e[1].clone()))
                    .collect();
                done.push(Syntax::new(Datum::Dict(entries.into()), span));
            }
        }
    }
    let syntax = done.pop().unwrap_or_else(|| Syntax::list(Vec::new(), span));
    Ok(Some((syntax, words)))
}

fn atom_datum(m: &mut Machine, value: Value) -> Result<Datum, Fault> {
    if let Some(number) = m.number_paid(value)? {
        return Ok(Datum::Number(number));
    }
    if let Some(c) = value.as_char() {
        return Ok(Datum::Char(c));
    }
    if let Some(symbol) = value.as_symbol() {
        return Ok(Datum::Symbol(symbol));
    }
    Ok(match value {
        Value::TRUE => Datum::Bool(true),
        Value::FALSE => Datum::Bool(false),
        Value::NIL => Datum::List(Rc::new([]), None),
        Value::VOID => Datum::Void,
        Value::EOF => Datum::Eof,
        _ if m.is_string(value) => {
            m.charge(m.heap.string_length(value) as u64 / 4)?;
            Datum::String(m.heap.string_text(value).into())
        }
        _ if m.heap.is(value, Kind::Bytes) => {
            let length = m.heap.bytes_length(value);
            m.charge(length as u64 / 8)?;
            Datum::Bytes(m.heap.bytes_slice(value, 0, length).into())
        }
        _ => {
            m.opaques.push(value);
            Datum::Opaque(m.opaques.len() as u32 - 1)
        }
    })
}
