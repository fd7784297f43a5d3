//! Dicts: immutable, with any datum as a key, in one canonical order of keys.
//!
//! A dict is one field, the root of a weight-balanced tree (see `tree`) or `()`. Searching compares keys and may begin anew after a collection;
//! it gives the turns taken. Building follows the turns, after the memory for all of it was asked for.

pub mod freeze;
pub mod order;
pub(crate) mod tree;

use super::lists::length_of;
use super::{ANY, Builtin, index_argument, wrong_argument};
use crate::datum::to_value;
use crate::expand::{SHOWN_BYTES, print_bounded};
use crate::heap::Heap;
use crate::scratch::walk;
use crate::syntax::{Datum, Syntax};
use crate::value::{Kind, Value};
use crate::vm::{Arguments, Fault, Machine, Outcome, error_fields};
use std::cmp::Ordering;
use std::collections::BTreeSet;

const DEPTH: &str = "5 for each level of the tree, 12 to change it, and the keys compared";
const EACH: &str = "6 for each entry";

/// See the module's description.
pub const TABLE: &[Builtin] = &[
    Builtin::plain(
        "dict",
        "(dict key value …)",
        (0, ANY),
        "20 for each entry, and the keys compared",
        "A dict of these entries; of equal keys the later one wins.",
        dict,
    ),
    Builtin::plain(
        "%dict",
        "(%dict key value …)",
        (0, ANY),
        "20 for each entry, and the keys compared",
        "The same for the expander.",
        dict,
    ),
    Builtin::plain(
        "dict?",
        "(dict? value)",
        (1, 1),
        "",
        "Whether a value is a dict.",
        is_dict,
    ),
    Builtin::plain(
        "get",
        "(get dict key [default])",
        (2, 3),
        DEPTH,
        "The value of a key; without such a key the default, or #f. Of an error, in what belongs to it.",
        get,
    ),
    Builtin::plain(
        "has?",
        "(has? dict key)",
        (2, 2),
        DEPTH,
        "Whether a dict has a key.",
        has,
    ),
    Builtin::plain(
        "put",
        "(put dict key value)",
        (3, 3),
        DEPTH,
        "A dict like the first, with this value of the key.",
        put,
    ),
    Builtin::plain(
        "without",
        "(without dict key …)",
        (1, ANY),
        DEPTH,
        "A dict like the first, without the keys.",
        without,
    ),
    Builtin::plain(
        "merge",
        "(merge dict …)",
        (0, ANY),
        "20 for each dict after the first, 12 for each entry, and the keys compared",
        "A dict of the entries of all; of equal keys the rightmost one wins.",
        merge,
    ),
    Builtin::plain(
        "size",
        "(size dict)",
        (1, 1),
        "",
        "How many entries a dict has.",
        size,
    ),
    Builtin::plain(
        "keys",
        "(keys dict)",
        (1, 1),
        EACH,
        "The keys in order, as a list.",
        keys,
    ),
    Builtin::plain(
        "vals",
        "(vals dict)",
        (1, 1),
        EACH,
        "The values in the order of their keys, as a list.",
        vals,
    ),
    Builtin::plain(
        "dict->list",
        "(dict->list dict)",
        (1, 1),
        EACH,
        "The entries in the order of their keys, as a list of pairs (key . value).",
        dict_to_list,
    ),
    Builtin::plain(
        "list->dict",
        "(list->dict list)",
        (1, 1),
        "20 for each entry, and the keys compared",
        "A dict of a list of pairs (key . value); of equal keys the later one wins.",
        list_to_dict,
    ),
    Builtin::plain(
        "%dict-entry",
        "(%dict-entry dict place)",
        (2, 2),
        "2 for each level of the tree",
        "The entry at a place in the order of the keys, as a pair (key . value).",
        entry,
    ),
];

/// The entries in canonical order.
pub fn entries(heap: &Heap, dict: Value) -> Vec<(Value, Value)> {
    tree::entries(heap, heap.field(dict, 0))
}

/// How many entries there are.
pub fn count(heap: &Heap, dict: Value) -> usize {
    tree::size(heap, heap.field(dict, 0))
}

/// The entry at a place in canonical order.
pub fn entry_at(heap: &Heap, dict: Value, place: usize) -> Option<(Value, Value)> {
    tree::entry_at(heap, heap.field(dict, 0), place)
}

/// A dict of the keys and values that stand in turn among the temporaries from `from` on; of equal keys the later one wins.
/// The keys among the temporaries are replaced by frozen copies.
pub fn from_temporaries(m: &mut Machine, from: usize) -> Outcome {
    let count = (m.temporaries.len() - from) / 2;
    m.charge(20 * count as u64)?;
    for index in 0..count {
        let key = m.temporaries[from + 2 * index];
        let key = freeze::freeze(m, key)?;
        m.temporaries[from + 2 * index] = key;
    }
    m.ask_to_hold(2 * count)?;
    let places = walk(m, &[], |m, _, scratch| {
        order::sort(m, count, scratch, |m, index| {
            m.temporaries[from + 2 * index]
        })
    })?;
    m.ensure(2 + tree::NODE_WORDS * places.len())?;
    let entries: Vec<(Value, Value)> = places
        .into_iter()
        .map(|index| {
            let at = from + 2 * index;
            (m.temporaries[at], m.temporaries[at + 1])
        })
        .collect();
    let root = tree::build(&mut m.heap, &entries);
    Ok(m.heap.object(Kind::Dict, 0, &[root]))
}

/// Refuses text in which a key of a dict is written twice. Where there are labels, keys may mean one another: those are not looked at.
pub fn refuse_repeated_keys(m: &mut Machine, datum: &Syntax) -> Result<(), Fault> {
    let mut dicts = Vec::new();
    let mut work = vec![datum];
    while let Some(datum) = work.pop() {
        match datum.datum() {
            Datum::List(items, tail) => work.extend(items.iter().chain(tail)),
            Datum::Vector(items) => work.extend(items.iter()),
            Datum::Dict(entries) => {
                work.extend(entries.iter().flat_map(|(key, value)| [key, value]));
                dicts.push(entries);
            }
            Datum::Labelled(..) => return Ok(()),
            _ => {}
        }
    }
    for entries in dicts {
        let kept = m.temporaries.len();
        let numbered = numbers_by_key(m, entries);
        m.temporaries.truncate(kept);
        let numbered = numbered?;
        let last =
            (0..count(&m.heap, numbered)).filter_map(|place| entry_at(&m.heap, numbered, place));
        let last: BTreeSet<i64> = last.filter_map(|(_, number)| number.as_fixnum()).collect();
        let Some(earlier) = (0..entries.len()).find(|&number| !last.contains(&(number as i64)))
        else {
            continue;
        };
        let key = print_bounded(&entries[earlier].0, &m.symbols, SHOWN_BYTES);
        let message = format!("the key {key} stands twice in a dict");
        return Err(m.error(":bad-syntax", &message, &[]));
    }
    Ok(())
}

/// A dict of the keys of another as it is written, to the number of the last entry of each.
fn numbers_by_key(m: &mut Machine, entries: &[(Syntax, Syntax)]) -> Outcome {
    let from = m.temporaries.len();
    for (number, (key, _)) in entries.iter().enumerate() {
        let key = to_value(m, key, false)?;
        m.temporaries.push(key);
        m.temporaries.push(Value::fixnum(number as i64));
    }
    m.ask_to_hold(2 * entries.len())?;
    from_temporaries(m, from)
}

/// A keyword applied to nothing, or to too much.
pub fn wrong_keyword_count(m: &mut Machine, keyword: Value, count: usize) -> Fault {
    let name = keyword.as_symbol().map_or("", |s| m.symbols.text(s));
    let got = super::counted(count, "argument");
    let message = format!("`{name}` takes a dict and perhaps a default, but got {got}");
    m.error(":wrong-count", &message, &[])
}

/// `(:key dict [default])`: the keyword stands below the arguments.
pub fn apply_keyword(m: &mut Machine, arguments: Arguments) -> Outcome {
    let keyword = Value(m.stack[arguments.start - 2]);
    let value = m.arg(arguments, 0);
    let Some(dict) = entries_of(m, value) else {
        let name = keyword.as_symbol().map(|s| m.symbols.text(s).to_string());
        return Err(wrong_argument(
            m,
            &name.unwrap_or_default(),
            "a dict",
            value,
        ));
    };
    let found = find(m, dict, keyword)?;
    let default = m.optional(arguments, 1).unwrap_or(Value::FALSE);
    Ok(found.unwrap_or(default))
}

/// Where keys are looked up in a value: in a dict itself, in what belongs to an error (`Some(None)`: nothing does).
fn entries_of(m: &Machine, value: Value) -> Option<Option<Value>> {
    if m.heap.is(value, Kind::Dict) {
        return Some(Some(value));
    }
    let payload = m
        .heap
        .is(value, Kind::Error)
        .then(|| m.heap.field(value, error_fields::PAYLOAD));
    payload.map(|it| m.heap.is(it, Kind::Dict).then_some(it))
}

fn find(m: &mut Machine, dict: Option<Value>, key: Value) -> Result<Option<Value>, Fault> {
    dict.map_or(Ok(None), |dict| lookup(m, dict, key))
}

fn dict_argument(
    m: &mut Machine,
    procedure: &str,
    arguments: Arguments,
    index: usize,
) -> Result<Value, Fault> {
    let value = m.arg(arguments, index);
    if m.heap.is(value, Kind::Dict) {
        Ok(value)
    } else {
        Err(wrong_argument(m, procedure, "a dict", value))
    }
}

/// The value of a key. Nothing moves unless the memory is nearly used up: read everything again.
fn lookup(m: &mut Machine, dict: Value, key: Value) -> Result<Option<Value>, Fault> {
    walk(m, &[dict, key], |m, values, scratch| {
        let mut node = m.heap.field(values[0], 0);
        order::require_data(m, values[1])?;
        while node != Value::NIL {
            m.charge(5)?;
            let side = match order::compare(m, values[1], m.heap.field(node, tree::KEY), scratch)? {
                Ordering::Equal => return Ok(Some(m.heap.field(node, tree::VALUE))),
                Ordering::Less => tree::LEFT,
                Ordering::Greater => tree::RIGHT,
            };
            node = m.heap.field(node, side);
        }
        Ok(None)
    })
}

/// The turns from the root to a key, or to where it would be, and whether it is there.
fn search(m: &mut Machine, dict: Value, key: Value) -> Result<(Vec<usize>, bool), Fault> {
    walk(m, &[dict, key], |m, values, scratch| {
        let mut node = m.heap.field(values[0], 0);
        let mut turns = Vec::new();
        order::require_data(m, values[1])?;
        while node != Value::NIL {
            m.charge(5)?;
            let side = match order::compare(m, values[1], m.heap.field(node, tree::KEY), scratch)? {
                Ordering::Equal => return Ok((turns, true)),
                Ordering::Less => tree::LEFT,
                Ordering::Greater => tree::RIGHT,
            };
            turns.push(side);
            node = m.heap.field(node, side);
        }
        Ok((turns, false))
    })
}

fn dict(m: &mut Machine, arguments: Arguments) -> Outcome {
    if arguments.count % 2 == 1 {
        let message = "`dict` takes keys and values in turn, but the last key has no value";
        return Err(m.error(":wrong-count", message, &[]));
    }
    let from = m.temporaries.len();
    for index in 0..arguments.count {
        let value = m.arg(arguments, index);
        m.temporaries.push(value);
    }
    finish(m, from)
}

/// Makes a dict of the temporaries from `from` on, and drops them.
fn finish(m: &mut Machine, from: usize) -> Outcome {
    let made = from_temporaries(m, from);
    m.temporaries.truncate(from);
    made
}

fn is_dict(m: &mut Machine, arguments: Arguments) -> Outcome {
    Ok(Value::boolean(m.heap.is(m.arg(arguments, 0), Kind::Dict)))
}

fn get(m: &mut Machine, arguments: Arguments) -> Outcome {
    let value = m.arg(arguments, 0);
    let Some(dict) = entries_of(m, value) else {
        return Err(wrong_argument(m, "get", "a dict", value));
    };
    let key = m.arg(arguments, 1);
    let found = find(m, dict, key)?;
    let default = m.optional(arguments, 2).unwrap_or(Value::FALSE);
    Ok(found.unwrap_or(default))
}

fn has(m: &mut Machine, arguments: Arguments) -> Outcome {
    let dict = dict_argument(m, "has?", arguments, 0)?;
    let key = m.arg(arguments, 1);
    Ok(Value::boolean(lookup(m, dict, key)?.is_some()))
}

fn put(m: &mut Machine, arguments: Arguments) -> Outcome {
    let dict = dict_argument(m, "put", arguments, 0)?;
    let from = m.temporaries.len();
    let (key, value) = (m.arg(arguments, 1), m.arg(arguments, 2));
    m.temporaries.extend([dict, key, value]);
    let made = put_temporaries(m, from);
    m.temporaries.truncate(from);
    made
}

/// A dict with one more entry or another value: dict, key and value are the temporaries from `at` on.
fn put_temporaries(m: &mut Machine, at: usize) -> Outcome {
    let (dict, key) = (m.temporaries[at], m.temporaries[at + 1]);
    let (turns, found) = search(m, dict, key)?;
    if !found {
        let key = m.temporaries[at + 1];
        m.temporaries[at + 1] = freeze::freeze(m, key)?;
    }
    m.charge(12 * turns.len() as u64)?;
    m.ensure(2 + tree::path_words(turns.len() + 1))?;
    let root = m.heap.field(m.temporaries[at], 0);
    let (key, value) = (m.temporaries[at + 1], m.temporaries[at + 2]);
    let root = tree::put(&mut m.heap, root, &turns, found, key, value);
    Ok(m.heap.object(Kind::Dict, 0, &[root]))
}

fn without(m: &mut Machine, arguments: Arguments) -> Outcome {
    dict_argument(m, "without", arguments, 0)?;
    for index in 1..arguments.count {
        let (dict, key) = (m.arg(arguments, 0), m.arg(arguments, index));
        let (turns, found) = search(m, dict, key)?;
        if !found {
            continue;
        }
        let depth = tree::depth_max(count(&m.heap, m.arg(arguments, 0)));
        m.charge(12 * depth as u64)?;
        m.ensure(2 + tree::path_words(depth))?;
        let root = m.heap.field(m.arg(arguments, 0), 0);
        let root = tree::remove(&mut m.heap, root, &turns);
        let smaller = m.heap.object(Kind::Dict, 0, &[root]);
        m.set_arg(arguments, 0, smaller);
    }
    Ok(m.arg(arguments, 0))
}

fn merge(m: &mut Machine, arguments: Arguments) -> Outcome {
    for index in 0..arguments.count {
        dict_argument(m, "merge", arguments, index)?;
    }
    if arguments.count == 0 {
        let from = m.temporaries.len();
        return finish(m, from);
    }
    for index in 1..arguments.count {
        let (left, right) = (m.arg(arguments, 0), m.arg(arguments, index));
        let merged = merge_two(m, left, right)?;
        m.set_arg(arguments, 0, merged);
    }
    Ok(m.arg(arguments, 0))
}

/// What merging a dict costs beside its entries.
const MERGE_FUEL: u64 = 20;

/// Merges two dicts: in time linear in both, or when the right one is much smaller, by adding its entries.
fn merge_two(m: &mut Machine, left: Value, right: Value) -> Outcome {
    const MUCH_SMALLER: usize = 16;
    m.charge(MERGE_FUEL)?;
    let (many, few) = (count(&m.heap, left), count(&m.heap, right));
    let from = m.temporaries.len();
    m.temporaries.extend([left, right]);
    let made = if MUCH_SMALLER * few < many {
        add_entries(m, from, few)
    } else {
        merge_temporaries(m, from, many + few)
    };
    m.temporaries.truncate(from);
    made
}

/// Puts the entries of the second dict from `from` on among the temporaries into the first.
fn add_entries(m: &mut Machine, from: usize, few: usize) -> Outcome {
    for place in 0..few {
        m.charge(12)?;
        let entry = entry_at(&m.heap, m.temporaries[from + 1], place);
        let (key, value) = entry.unwrap_or((Value::NIL, Value::NIL));
        m.temporaries.extend([m.temporaries[from], key, value]);
        let made = put_temporaries(m, from + 2);
        m.temporaries.truncate(from + 2);
        m.temporaries[from] = made?;
    }
    Ok(m.temporaries[from])
}

fn merge_temporaries(m: &mut Machine, from: usize, total: usize) -> Outcome {
    m.charge(12 * total as u64)?;
    // The entries of both, and which of them stay: twice while the dict is built.
    m.ask_to_hold(8 * total)?;
    let both = [m.temporaries[from], m.temporaries[from + 1]];
    let taken = walk(m, &both, |m, dicts, scratch| {
        let (left, right) = (entries(&m.heap, dicts[0]), entries(&m.heap, dicts[1]));
        order::merge(m, &left, &right, scratch)
    })?;
    m.ensure(2 + tree::NODE_WORDS * taken.len())?;
    let left = entries(&m.heap, m.temporaries[from]);
    let right = entries(&m.heap, m.temporaries[from + 1]);
    let merged: Vec<(Value, Value)> = taken
        .into_iter()
        .map(|(is_right, place)| if is_right { right[place] } else { left[place] })
        .collect();
    let root = tree::build(&mut m.heap, &merged);
    Ok(m.heap.object(Kind::Dict, 0, &[root]))
}

fn size(m: &mut Machine, arguments: Arguments) -> Outcome {
    let dict = dict_argument(m, "size", arguments, 0)?;
    Ok(Value::fixnum(count(&m.heap, dict) as i64))
}

/// A list of what `f` makes of each entry, for which it may take `words` words.
fn list_of(
    m: &mut Machine,
    procedure: &str,
    arguments: Arguments,
    words: usize,
    f: fn(&mut Heap, (Value, Value)) -> Value,
) -> Outcome {
    let dict = dict_argument(m, procedure, arguments, 0)?;
    let count = count(&m.heap, dict);
    m.charge(6 * count as u64)?;
    m.ask_to_hold(2 * count)?;
    m.ensure((2 + words) * count)?;
    let entries = entries(&m.heap, m.arg(arguments, 0));
    let mut list = Value::NIL;
    for entry in entries.into_iter().rev() {
        let item = f(&mut m.heap, entry);
        list = m.heap.cons(item, list);
    }
    Ok(list)
}

fn keys(m: &mut Machine, arguments: Arguments) -> Outcome {
    list_of(m, "keys", arguments, 0, |_, (key, _)| key)
}

fn vals(m: &mut Machine, arguments: Arguments) -> Outcome {
    list_of(m, "vals", arguments, 0, |_, (_, value)| value)
}

fn dict_to_list(m: &mut Machine, arguments: Arguments) -> Outcome {
    list_of(m, "dict->list", arguments, 2, |heap, (key, value)| {
        heap.cons(key, value)
    })
}

fn list_to_dict(m: &mut Machine, arguments: Arguments) -> Outcome {
    let mut list = m.arg(arguments, 0);
    let count = length_of(m, "list->dict", list)?;
    m.charge(count as u64)?;
    m.ask_to_hold(2 * count)?;
    list = m.arg(arguments, 0);
    let from = m.temporaries.len();
    while list.is_pair() {
        let entry = m.heap.car(list);
        if !entry.is_pair() {
            m.temporaries.truncate(from);
            let what = "a list of pairs (key . value)";
            return Err(wrong_argument(m, "list->dict", what, entry));
        }
        m.temporaries.extend([m.heap.car(entry), m.heap.cdr(entry)]);
        list = m.heap.cdr(list);
    }
    finish(m, from)
}

fn entry(m: &mut Machine, arguments: Arguments) -> Outcome {
    let dict = dict_argument(m, "%dict-entry", arguments, 0)?;
    let size = count(&m.heap, dict);
    let place = m.arg(arguments, 1);
    let place = index_argument(m, "%dict-entry", place, size)?;
    m.charge(2 * tree::depth_max(size) as u64)?;
    m.ensure(2)?;
    let dict = m.arg(arguments, 0);
    let Some((key, value)) = entry_at(&m.heap, dict, place) else {
        return Ok(Value::FALSE);
    };
    Ok(m.heap.cons(key, value))
}
