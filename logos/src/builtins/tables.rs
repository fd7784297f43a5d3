//! Hash tables (SRFI 69), iterated in the order in which the keys came.
//!
//! A table keeps its entries in order (keys, values and hashes, each in an array) and an index of them with open addressing, twice as long as
//! the entries. A removed entry leaves a gap until the arrays are made anew. Every place of the index that is looked at is paid for, so
//! keys chosen to collide cost whoever chose them. How keys are hashed: see `hash`.

pub mod hash;

use super::lists::length_of;
use super::{ANY, Builtin, told_name, wrong_argument};
use crate::heap::Heap;
use crate::value::{Kind, Value};
use crate::vm::{Arguments, Fault, Machine, Outcome};
use hash::Test;

/// Fields of a table.
const TEST: usize = 0;
const KEYS: usize = 1;
const VALUES: usize = 2;
const HASHES: usize = 3;
const INDEX: usize = 4;
/// Entries in the arrays, gaps included.
const USED: usize = 5;
/// Entries without the gaps.
const COUNT: usize = 6;
const FIELDS: usize = 7;

/// Entries that the smallest table has room for; always a power of two.
const CAPACITY_MIN: usize = 8;
/// What stands for the key of a removed entry.
const GAP: Value = Value::UNBOUND;

const PROBES: &str = "the hash of the key, and 2 for each place looked at";
const EACH: &str = "4 for each entry";

/// See the module's description.
pub const TABLE: &[Builtin] = &[
    Builtin::plain(
        "make-hash-table",
        "(make-hash-table [equivalence [hash]])",
        (0, ANY),
        "",
        "A new hash table; its keys are told apart by equal?, or by eq?, eqv?, string=? or string-ci=?.",
        make_hash_table,
    ),
    Builtin::plain(
        "hash-table?",
        "(hash-table? value)",
        (1, 1),
        "",
        "Whether a value is a hash table.",
        is_hash_table,
    ),
    Builtin::plain(
        "%hash-table-test",
        "(%hash-table-test table)",
        (1, 1),
        "",
        "The number of how a table tells its keys apart: 0 by eqv?, 1 by equal?, 2 by string=?, 3 by string-ci=?.",
        test_of_table,
    ),
    Builtin::plain(
        "hash-table-ref/default",
        "(hash-table-ref/default table key default)",
        (3, 3),
        PROBES,
        "The value of a key; without such a key the default.",
        ref_default,
    ),
    Builtin::plain(
        "%hash-table-ref",
        "(%hash-table-ref table key default procedure)",
        (4, 4),
        PROBES,
        "The same for the procedure named.",
        ref_for,
    ),
    Builtin::plain(
        "hash-table-set!",
        "(hash-table-set! table key value)",
        (3, 3),
        PROBES,
        "Gives a key a value.",
        set,
    ),
    Builtin::plain(
        "hash-table-delete!",
        "(hash-table-delete! table key)",
        (2, 2),
        PROBES,
        "Removes a key.",
        delete,
    ),
    Builtin::plain(
        "hash-table-exists?",
        "(hash-table-exists? table key)",
        (2, 2),
        PROBES,
        "Whether a table has a key.",
        exists,
    ),
    Builtin::plain(
        "hash-table-contains?",
        "(hash-table-contains? table key)",
        (2, 2),
        PROBES,
        "Whether a table has a key.",
        contains,
    ),
    Builtin::plain(
        "hash-table-size",
        "(hash-table-size table)",
        (1, 1),
        "",
        "How many keys a table has.",
        size,
    ),
    Builtin::plain(
        "hash-table-count",
        "(hash-table-count table)",
        (1, 1),
        "",
        "How many keys a table has.",
        table_count,
    ),
    Builtin::plain(
        "hash-table-keys",
        "(hash-table-keys table)",
        (1, 1),
        EACH,
        "The keys in the order in which they came, as a list.",
        keys,
    ),
    Builtin::plain(
        "hash-table-values",
        "(hash-table-values table)",
        (1, 1),
        EACH,
        "The values in the order in which their keys came, as a list.",
        values,
    ),
    Builtin::plain(
        "hash-table->alist",
        "(hash-table->alist table)",
        (1, 1),
        EACH,
        "The entries in the order in which they came, as a list of pairs (key . value).",
        to_alist,
    ),
    Builtin::plain(
        "alist->hash-table",
        "(alist->hash-table list [equivalence [hash]])",
        (1, ANY),
        "20 for each pair, and the keys compared",
        "A new hash table of a list of pairs (key . value); of equal keys the first one wins.",
        from_alist,
    ),
    Builtin::plain(
        "hash-table-copy",
        "(hash-table-copy table [mutable?])",
        (1, 2),
        "2 for each entry",
        "A new hash table of the same entries.",
        copy,
    ),
    Builtin::plain(
        "hash-table-clear!",
        "(hash-table-clear! table)",
        (1, 1),
        "",
        "Removes all keys.",
        clear,
    ),
    Builtin::plain(
        "hash-table-merge!",
        "(hash-table-merge! table other)",
        (2, 2),
        "20 for each entry of the other, and the keys compared",
        "Gives the keys of the other table their values in the first, which is the result.",
        merge,
    ),
];

/// How many keys a table has.
pub fn count(heap: &Heap, table: Value) -> usize {
    number(heap, table, COUNT)
}

/// How the keys of a table are told apart, as its encoding says it.
pub fn test_number(heap: &Heap, table: Value) -> u8 {
    heap.field(table, TEST).fixnum_value() as u8
}

/// Keys and values in the order they came.
pub fn entries(heap: &Heap, table: Value) -> Vec<(Value, Value)> {
    let used = number(heap, table, USED);
    let (keys, values) = (heap.field(table, KEYS), heap.field(table, VALUES));
    (0..used)
        .map(|entry| (heap.field(keys, entry), heap.field(values, entry)))
        .filter(|&(key, _)| key != GAP)
        .collect()
}

/// A new table for what [`test_number`] said; `None` where it says nothing.
pub fn empty(m: &mut Machine, test: u8) -> Result<Option<Value>, Fault> {
    let known = [Test::Eqv, Test::Equal, Test::String, Test::StringCi];
    match known.into_iter().find(|&it| it as u8 == test) {
        Some(test) => new_table(m, test).map(Some),
        None => Ok(None),
    }
}

/// Puts the keys and values that alternate in a vector into a table; both stand among the temporaries, at these places.
pub fn fill(m: &mut Machine, table: usize, parts: usize) -> Result<(), Fault> {
    let held = [m.temporaries[table], Value::FALSE, Value::FALSE];
    with(m, held, |m, at| {
        for index in (0..m.heap.length(m.temporaries[parts])).step_by(2) {
            m.charge(20)?;
            let parts = m.temporaries[parts];
            m.temporaries[at.0 + 1] = m.heap.field(parts, index);
            m.temporaries[at.0 + 2] = m.heap.field(parts, index + 1);
            put(m, at, false)?;
        }
        Ok(())
    })
}

fn number(heap: &Heap, table: Value, field: usize) -> usize {
    heap.field(table, field).fixnum_value() as usize
}

fn set_number(heap: &mut Heap, table: Value, field: usize, number: usize) {
    heap.set_field(table, field, Value::fixnum(number as i64));
}

/// Entries that the arrays have room for.
fn capacity(heap: &Heap, table: Value) -> usize {
    let keys = heap.field(table, KEYS);
    if keys == Value::NIL {
        0
    } else {
        heap.length(keys)
    }
}

/// Words that the arrays for so many entries take.
fn array_words(capacity: usize) -> usize {
    2 * (1 + capacity) + Heap::bytes_words(8 * capacity) + Heap::bytes_words(16 * capacity)
}

/// A table and a key (and value) among the temporaries, from this place on.
#[derive(Clone, Copy)]
struct Place(usize);

impl Place {
    fn table(self, m: &Machine) -> Value {
        m.temporaries[self.0]
    }

    fn key(self, m: &Machine) -> Value {
        m.temporaries[self.0 + 1]
    }

    fn value(self, m: &Machine) -> Value {
        m.temporaries[self.0 + 2]
    }
}

/// Keeps a table, a key and a value among the temporaries while `f` works with them.
fn with<T>(
    m: &mut Machine,
    held: [Value; 3],
    f: impl FnOnce(&mut Machine, Place) -> Result<T, Fault>,
) -> Result<T, Fault> {
    let from = m.temporaries.len();
    m.temporaries.extend(held);
    let result = f(m, Place(from));
    m.temporaries.truncate(from);
    result
}

fn test_of(m: &Machine, table: Value) -> Test {
    Test::from_number(m.heap.field(table, TEST).fixnum_value())
}

/// The entry of the key whose hash this is.
fn find(m: &mut Machine, at: Place, hash: u64) -> Result<Option<usize>, Fault> {
    if capacity(&m.heap, at.table(m)) == 0 {
        return Ok(None);
    }
    let test = test_of(m, at.table(m));
    let mask = 2 * capacity(&m.heap, at.table(m)) - 1;
    let mut slot = hash as usize & mask;
    loop {
        m.charge(2)?;
        let table = at.table(m);
        let entry = m.heap.word(m.heap.field(table, INDEX), 1 + slot) as usize;
        if entry == 0 {
            return Ok(None);
        }
        let entry = entry - 1;
        if m.heap.word(m.heap.field(table, HASHES), 1 + entry) == hash {
            let known = m.heap.field(m.heap.field(table, KEYS), entry);
            // The comparison may move everything.
            if known != GAP && hash::same(m, test, known, at.key(m))? {
                return Ok(Some(entry));
            }
        }
        slot = (slot + 1) & mask;
    }
}

/// The entry of a key.
fn look_up(m: &mut Machine, at: Place) -> Result<Option<usize>, Fault> {
    let test = test_of(m, at.table(m));
    match hash::hash(m, test, at.key(m), false)? {
        Some(hash) => find(m, at, hash),
        None => Ok(None),
    }
}

/// Puts an entry's number into the index at the first empty place for its hash.
fn enter(heap: &mut Heap, table: Value, hash: u64, entry: usize) -> u64 {
    let index = heap.field(table, INDEX);
    let mask = 2 * capacity(heap, table) - 1;
    let mut slot = hash as usize & mask;
    let mut probes = 1;
    while heap.word(index, 1 + slot) != 0 {
        slot = (slot + 1) & mask;
        probes += 1;
    }
    heap.set_word(index, 1 + slot, entry as u64 + 1);
    probes
}

/// Makes the arrays anew, without gaps and with room for more.
fn grow(m: &mut Machine, at: Place) -> Result<(), Fault> {
    let count = count(&m.heap, at.table(m));
    let room = (2 * count).next_power_of_two().max(CAPACITY_MIN);
    m.charge(10 * number(&m.heap, at.table(m), USED) as u64 + room as u64)?;
    m.ensure(array_words(room))?;
    let table = at.table(m);
    let old = [KEYS, VALUES, HASHES].map(|field| m.heap.field(table, field));
    let used = number(&m.heap, table, USED);
    let keys = m.heap.filled(Kind::Vector, 0, room, GAP);
    let values = m.heap.filled(Kind::Vector, 0, room, Value::FALSE);
    let hashes = m.heap.bytes_blank(8 * room);
    let index = m.heap.bytes_blank(16 * room);
    for (field, array) in [
        (KEYS, keys),
        (VALUES, values),
        (HASHES, hashes),
        (INDEX, index),
    ] {
        m.heap.set_field(table, field, array);
    }
    let (mut next, mut probes) = (0, 0);
    for entry in 0..used {
        let key = m.heap.field(old[0], entry);
        if key == GAP {
            continue;
        }
        let hash = m.heap.word(old[2], 1 + entry);
        let value = m.heap.field(old[1], entry);
        m.heap.set_field(keys, next, key);
        m.heap.set_field(values, next, value);
        m.heap.set_word(hashes, 1 + next, hash);
        probes += enter(&mut m.heap, table, hash, next);
        next += 1;
    }
    set_number(&mut m.heap, table, USED, next);
    m.charge(2 * probes)
}

/// Gives the key its value. `keep`: unless it has one.
fn put(m: &mut Machine, at: Place, keep: bool) -> Result<(), Fault> {
    let test = test_of(m, at.table(m));
    m.ensure(hash::words(m, test, at.key(m)))?;
    let Some(hash) = hash::hash(m, test, at.key(m), true)? else {
        return Ok(());
    };
    if let Some(entry) = find(m, at, hash)? {
        if !keep {
            let values = m.heap.field(at.table(m), VALUES);
            m.heap.set_field(values, entry, at.value(m));
        }
        return Ok(());
    }
    if number(&m.heap, at.table(m), USED) == capacity(&m.heap, at.table(m)) {
        grow(m, at)?;
    }
    let (table, key, value) = (at.table(m), at.key(m), at.value(m));
    let entry = number(&m.heap, table, USED);
    let arrays = [KEYS, VALUES, HASHES].map(|field| m.heap.field(table, field));
    m.heap.set_field(arrays[0], entry, key);
    m.heap.set_field(arrays[1], entry, value);
    m.heap.set_word(arrays[2], 1 + entry, hash);
    let probes = enter(&mut m.heap, table, hash, entry);
    set_number(&mut m.heap, table, USED, entry + 1);
    let count = count(&m.heap, table);
    set_number(&mut m.heap, table, COUNT, count + 1);
    m.charge(probes)
}

fn table_argument(
    m: &mut Machine,
    procedure: &str,
    arguments: Arguments,
    index: usize,
) -> Result<Value, Fault> {
    let value = m.arg(arguments, index);
    if m.heap.is(value, Kind::Table) {
        Ok(value)
    } else {
        Err(wrong_argument(m, procedure, "a hash table", value))
    }
}

/// How the optional argument says that keys are told apart.
fn test_argument(
    m: &mut Machine,
    procedure: &str,
    arguments: Arguments,
    index: usize,
) -> Result<Test, Fault> {
    let Some(value) = m.optional(arguments, index) else {
        return Ok(Test::Equal);
    };
    let name = value
        .as_builtin()
        .map(|index| m.builtins[index as usize].name);
    match name {
        Some("equal?") => Ok(Test::Equal),
        Some("eq?" | "eqv?") => Ok(Test::Eqv),
        Some("string=?") => Ok(Test::String),
        Some("string-ci=?") => Ok(Test::StringCi),
        _ => {
            let what = "equal?, eqv?, eq?, string=? or string-ci=? to tell keys apart";
            Err(wrong_argument(m, procedure, what, value))
        }
    }
}

fn new_table(m: &mut Machine, test: Test) -> Outcome {
    m.ensure(1 + FIELDS)?;
    let mut fields = [Value::NIL; FIELDS];
    fields[TEST] = Value::fixnum(test as i64);
    fields[USED] = Value::fixnum(0);
    fields[COUNT] = Value::fixnum(0);
    Ok(m.heap.object(Kind::Table, 0, &fields))
}

fn make_hash_table(m: &mut Machine, arguments: Arguments) -> Outcome {
    let test = test_argument(m, "make-hash-table", arguments, 0)?;
    new_table(m, test)
}

fn is_hash_table(m: &mut Machine, arguments: Arguments) -> Outcome {
    Ok(Value::boolean(m.heap.is(m.arg(arguments, 0), Kind::Table)))
}

fn test_of_table(m: &mut Machine, arguments: Arguments) -> Outcome {
    let table = table_argument(m, "%hash-table-test", arguments, 0)?;
    Ok(m.heap.field(table, TEST))
}

fn ref_default(m: &mut Machine, arguments: Arguments) -> Outcome {
    table_argument(m, "hash-table-ref/default", arguments, 0)?;
    value_or_default(m, arguments)
}

fn ref_for(m: &mut Machine, arguments: Arguments) -> Outcome {
    let table = m.arg(arguments, 0);
    if m.heap.is(table, Kind::Table) {
        return value_or_default(m, arguments);
    }
    let procedure = told_name(m, m.arg(arguments, 3));
    Err(wrong_argument(m, &procedure, "a hash table", table))
}

fn value_or_default(m: &mut Machine, arguments: Arguments) -> Outcome {
    let table = m.arg(arguments, 0);
    let (key, default) = (m.arg(arguments, 1), m.arg(arguments, 2));
    with(m, [table, key, default], |m, at| {
        Ok(match look_up(m, at)? {
            Some(entry) => m.heap.field(m.heap.field(at.table(m), VALUES), entry),
            None => at.value(m),
        })
    })
}

fn set(m: &mut Machine, arguments: Arguments) -> Outcome {
    let table = table_argument(m, "hash-table-set!", arguments, 0)?;
    let (key, value) = (m.arg(arguments, 1), m.arg(arguments, 2));
    with(m, [table, key, value], |m, at| put(m, at, false))?;
    Ok(Value::VOID)
}

fn delete(m: &mut Machine, arguments: Arguments) -> Outcome {
    let table = table_argument(m, "hash-table-delete!", arguments, 0)?;
    let key = m.arg(arguments, 1);
    with(m, [table, key, Value::FALSE], |m, at| {
        let Some(entry) = look_up(m, at)? else {
            return Ok(Value::VOID);
        };
        let table = at.table(m);
        let (keys, values) = (m.heap.field(table, KEYS), m.heap.field(table, VALUES));
        m.heap.set_field(keys, entry, GAP);
        m.heap.set_field(values, entry, Value::FALSE);
        let count = count(&m.heap, table);
        set_number(&mut m.heap, table, COUNT, count - 1);
        Ok(Value::VOID)
    })
}

fn exists(m: &mut Machine, arguments: Arguments) -> Outcome {
    has(m, "hash-table-exists?", arguments)
}

fn contains(m: &mut Machine, arguments: Arguments) -> Outcome {
    has(m, "hash-table-contains?", arguments)
}

fn has(m: &mut Machine, procedure: &str, arguments: Arguments) -> Outcome {
    let table = table_argument(m, procedure, arguments, 0)?;
    let key = m.arg(arguments, 1);
    with(m, [table, key, Value::FALSE], |m, at| {
        Ok(Value::boolean(look_up(m, at)?.is_some()))
    })
}

fn table_count(m: &mut Machine, arguments: Arguments) -> Outcome {
    let table = table_argument(m, "hash-table-count", arguments, 0)?;
    Ok(Value::fixnum(count(&m.heap, table) as i64))
}

fn size(m: &mut Machine, arguments: Arguments) -> Outcome {
    let table = table_argument(m, "hash-table-size", arguments, 0)?;
    Ok(Value::fixnum(count(&m.heap, table) as i64))
}

/// A list of what `f` makes of each entry, for which it may take `words` words.
fn list_of(
    m: &mut Machine,
    procedure: &str,
    arguments: Arguments,
    words: usize,
    f: fn(&mut Heap, Value, Value) -> Value,
) -> Outcome {
    let table = table_argument(m, procedure, arguments, 0)?;
    m.charge(4 * number(&m.heap, table, USED) as u64)?;
    m.ensure((2 + words) * count(&m.heap, table))?;
    let table = m.arg(arguments, 0);
    let (keys, values) = (m.heap.field(table, KEYS), m.heap.field(table, VALUES));
    let mut list = Value::NIL;
    for entry in (0..number(&m.heap, table, USED)).rev() {
        let key = m.heap.field(keys, entry);
        if key != GAP {
            let value = m.heap.field(values, entry);
            let item = f(&mut m.heap, key, value);
            list = m.heap.cons(item, list);
        }
    }
    Ok(list)
}

fn keys(m: &mut Machine, arguments: Arguments) -> Outcome {
    list_of(m, "hash-table-keys", arguments, 0, |_, key, _| key)
}

fn values(m: &mut Machine, arguments: Arguments) -> Outcome {
    list_of(m, "hash-table-values", arguments, 0, |_, _, value| value)
}

fn to_alist(m: &mut Machine, arguments: Arguments) -> Outcome {
    list_of(m, "hash-table->alist", arguments, 2, Heap::cons)
}

fn from_alist(m: &mut Machine, arguments: Arguments) -> Outcome {
    let test = test_argument(m, "alist->hash-table", arguments, 1)?;
    let list = m.arg(arguments, 0);
    length_of(m, "alist->hash-table", list)?;
    let table = new_table(m, test)?;
    with(m, [table, Value::FALSE, Value::FALSE], |m, at| {
        while m.arg(arguments, 0).is_pair() {
            m.charge(20)?;
            let list = m.arg(arguments, 0);
            let entry = m.heap.car(list);
            if !entry.is_pair() {
                let what = "a list of pairs (key . value)";
                return Err(wrong_argument(m, "alist->hash-table", what, entry));
            }
            m.temporaries[at.0 + 1] = m.heap.car(entry);
            m.temporaries[at.0 + 2] = m.heap.cdr(entry);
            // The argument's place keeps the rest of the list.
            let rest = m.heap.cdr(list);
            m.set_arg(arguments, 0, rest);
            put(m, at, true)?;
        }
        Ok(at.table(m))
    })
}

fn copy(m: &mut Machine, arguments: Arguments) -> Outcome {
    let table = table_argument(m, "hash-table-copy", arguments, 0)?;
    let room = capacity(&m.heap, table);
    m.charge(2 * room as u64)?;
    m.ensure(1 + FIELDS + array_words(room))?;
    let table = m.arg(arguments, 0);
    let mut fields: Vec<Value> = (0..FIELDS)
        .map(|field| m.heap.field(table, field))
        .collect();
    if room > 0 {
        for field in [KEYS, VALUES] {
            let new = m.heap.filled(Kind::Vector, 0, room, GAP);
            m.heap.copy_fields(fields[field], 0, new, 0, room);
            fields[field] = new;
        }
        for (field, bytes) in [(HASHES, 8 * room), (INDEX, 16 * room)] {
            let new = m.heap.bytes_blank(bytes);
            m.heap.copy_bytes(fields[field], 0, new, 0, bytes);
            fields[field] = new;
        }
    }
    Ok(m.heap.object(Kind::Table, 0, &fields))
}

fn clear(m: &mut Machine, arguments: Arguments) -> Outcome {
    let table = table_argument(m, "hash-table-clear!", arguments, 0)?;
    for field in [KEYS, VALUES, HASHES, INDEX] {
        m.heap.set_field(table, field, Value::NIL);
    }
    set_number(&mut m.heap, table, USED, 0);
    set_number(&mut m.heap, table, COUNT, 0);
    Ok(Value::VOID)
}

fn merge(m: &mut Machine, arguments: Arguments) -> Outcome {
    let table = table_argument(m, "hash-table-merge!", arguments, 0)?;
    let other = table_argument(m, "hash-table-merge!", arguments, 1)?;
    if table == other {
        return Ok(table);
    }
    with(m, [table, Value::FALSE, Value::FALSE], |m, at| {
        let mut entry = 0;
        while entry < number(&m.heap, m.arg(arguments, 1), USED) {
            m.charge(20)?;
            let other = m.arg(arguments, 1);
            let key = m.heap.field(m.heap.field(other, KEYS), entry);
            if key != GAP {
                let value = m.heap.field(m.heap.field(other, VALUES), entry);
                m.temporaries[at.0 + 1] = key;
                m.temporaries[at.0 + 2] = value;
                put(m, at, false)?;
            }
            entry += 1;
        }
        Ok(at.table(m))
    })
}
