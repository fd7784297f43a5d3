//! Records: their types, and the procedures that make, recognise, read and change them.
//!
//! Such a procedure is an object of its own: what it does, the record type, the place of the field (for a constructor the vector of
//! places) and its name.

use super::{Builtin, counted, wrong_argument};
use crate::heap::Heap;
use crate::value::{Kind, Value};
use crate::vm::{Arguments, Fault, Machine, Outcome};

/// Fields of a record type.
const TYPE_NAME: usize = 0;
const TYPE_FIELDS: usize = 1;

/// Fields of a procedure.
const WHICH: usize = 0;
const TYPE: usize = 1;
const PLACE: usize = 2;
/// The name of the procedure, a symbol.
pub const NAME: usize = 3;

const CONSTRUCTOR: i64 = 0;
const PREDICATE: i64 = 1;
const ACCESSOR: i64 = 2;
const MODIFIER: i64 = 3;

/// See the module's description.
pub const TABLE: &[Builtin] = &[
    Builtin::plain(
        "%make-record-type",
        "(%make-record-type name fields)",
        (2, 2),
        "",
        "A record type of a name, and the names of its fields in a vector.",
        make_record_type,
    ),
    Builtin::plain(
        "%record-constructor",
        "(%record-constructor type places name)",
        (3, 3),
        "",
        "A procedure that makes records; its arguments go to the places in the vector.",
        make_constructor,
    ),
    Builtin::plain(
        "%record-predicate",
        "(%record-predicate type name)",
        (2, 2),
        "",
        "A procedure that tells whether a value is a record of the type.",
        make_predicate,
    ),
    Builtin::plain(
        "%record-accessor",
        "(%record-accessor type place name)",
        (3, 3),
        "",
        "A procedure that gives a field of a record.",
        make_accessor,
    ),
    Builtin::plain(
        "%record-modifier",
        "(%record-modifier type place name)",
        (3, 3),
        "",
        "A procedure that changes a field of a record.",
        make_modifier,
    ),
    Builtin::plain(
        "record?",
        "(record? value)",
        (1, 1),
        "",
        "Whether a value is a record.",
        is_record,
    ),
    Builtin::plain(
        "%record-type",
        "(%record-type record)",
        (1, 1),
        "",
        "The type of a record.",
        record_type,
    ),
    Builtin::plain(
        "%record-type-name",
        "(%record-type-name type)",
        (1, 1),
        "",
        "The name of a record type.",
        record_type_name,
    ),
    Builtin::plain(
        "%record-type-fields",
        "(%record-type-fields type)",
        (1, 1),
        "",
        "The names of the fields of a record type, in a vector.",
        record_type_fields,
    ),
    Builtin::plain(
        "%record-ref",
        "(%record-ref record place)",
        (2, 2),
        "",
        "A field of a record of any type.",
        record_ref,
    ),
];

/// Applies such a procedure, which stands below its arguments.
pub fn apply(m: &mut Machine, arguments: Arguments) -> Outcome {
    let procedure = Value(m.stack[arguments.start - 2]);
    let record_type = m.heap.field(procedure, TYPE);
    let place = m.heap.field(procedure, PLACE);
    match (
        m.heap.field(procedure, WHICH).fixnum_value(),
        arguments.count,
    ) {
        (ACCESSOR, 1) => {
            let record = m.arg(arguments, 0);
            if is_of_type(m, record, record_type) {
                Ok(m.heap.field(record, 1 + place.fixnum_value() as usize))
            } else {
                Err(wrong_type(m, procedure, record))
            }
        }
        (MODIFIER, 2) => {
            let record = m.arg(arguments, 0);
            if !is_of_type(m, record, record_type) {
                return Err(wrong_type(m, procedure, record));
            }
            let value = m.arg(arguments, 1);
            m.heap
                .set_field(record, 1 + place.fixnum_value() as usize, value);
            Ok(Value::VOID)
        }
        (PREDICATE, 1) => {
            let holds = is_of_type(m, m.arg(arguments, 0), record_type);
            Ok(Value::boolean(holds))
        }
        (CONSTRUCTOR, count) if count == m.heap.length(place) => construct(m, arguments),
        _ => Err(wrong_count(m, procedure, arguments.count)),
    }
}

/// What such a procedure gives, where nothing is unusual and nothing has to be asked for: the interpreter's loop tries this first. `None`
/// also when it is none.
#[inline]
pub fn apply_quickly(heap: &mut Heap, procedure: Value, arguments: &[u64]) -> Option<Value> {
    if !heap.is(procedure, Kind::RecordProcedure) {
        return None;
    }
    let &[first, ref rest @ ..] = arguments else {
        return None;
    };
    let record = Value(first);
    let is_right =
        heap.is(record, Kind::Record) && heap.field(record, 0) == heap.field(procedure, TYPE);
    match (heap.field(procedure, WHICH).fixnum_value(), rest) {
        (ACCESSOR, []) if is_right => {
            let place = heap.field(procedure, PLACE).fixnum_value() as usize;
            Some(heap.field(record, 1 + place))
        }
        (MODIFIER, &[value]) if is_right => {
            let place = heap.field(procedure, PLACE).fixnum_value() as usize;
            heap.set_field(record, 1 + place, Value(value));
            Some(Value::VOID)
        }
        (PREDICATE, []) => Some(Value::boolean(is_right)),
        _ => None,
    }
}

/// Such a procedure, made of its fields in the vector that is the temporary at `parts`; `None` when they do not fit together.
pub fn from_parts(m: &mut Machine, parts: usize) -> Result<Option<Value>, Fault> {
    let fields = |m: &Machine| [0, 1, 2, 3].map(|field| m.heap.field(m.temporaries[parts], field));
    let [which, record_type, place, name] = fields(m);
    if !m.heap.is(record_type, Kind::RecordType) || name.as_symbol().is_none() {
        return Ok(None);
    }
    let fits = match which.as_fixnum() {
        Some(CONSTRUCTOR) => are_places(m, record_type, place),
        Some(PREDICATE) => place == Value::FALSE,
        Some(ACCESSOR | MODIFIER) => is_place(place, field_count(m, record_type)),
        _ => false,
    };
    if !fits {
        return Ok(None);
    }
    m.ensure(5)?;
    let fields = fields(m);
    Ok(Some(m.heap.object(Kind::RecordProcedure, 0, &fields)))
}

fn is_place(place: Value, count: usize) -> bool {
    place
        .as_fixnum()
        .and_then(|n| usize::try_from(n).ok())
        .is_some_and(|n| n < count)
}

/// Whether a value is a vector of places of a type's fields.
fn are_places(m: &Machine, record_type: Value, places: Value) -> bool {
    let count = field_count(m, record_type);
    m.heap.is(places, Kind::Vector)
        && (0..m.heap.length(places)).all(|index| is_place(m.heap.field(places, index), count))
}

#[inline]
fn is_of_type(m: &Machine, value: Value, record_type: Value) -> bool {
    m.heap.is(value, Kind::Record) && m.heap.field(value, 0) == record_type
}

fn construct(m: &mut Machine, arguments: Arguments) -> Outcome {
    let procedure = Value(m.stack[arguments.start - 2]);
    let names = m.heap.field(m.heap.field(procedure, TYPE), TYPE_FIELDS);
    let count = m.heap.length(names);
    m.charge(1 + count as u64)?;
    m.ensure(2 + count)?;
    let procedure = Value(m.stack[arguments.start - 2]);
    let record = m.heap.filled(Kind::Record, 0, 1 + count, Value::FALSE);
    m.heap.set_field(record, 0, m.heap.field(procedure, TYPE));
    let places = m.heap.field(procedure, PLACE);
    for index in 0..arguments.count {
        let place = m.heap.field(places, index).fixnum_value() as usize;
        let value = m.arg(arguments, index);
        m.heap.set_field(record, 1 + place, value);
    }
    Ok(record)
}

fn procedure_name(m: &Machine, procedure: Value) -> String {
    let name = m.heap.field(procedure, NAME).as_symbol();
    name.map_or("a record's procedure", |name| m.symbols.text(name))
        .to_string()
}

#[cold]
fn wrong_type(m: &mut Machine, procedure: Value, value: Value) -> Fault {
    let type_name = crate::printer::type_name(m, m.heap.field(procedure, TYPE), usize::MAX);
    let name = procedure_name(m, procedure);
    wrong_argument(m, &name, &format!("a record of type `{type_name}`"), value)
}

#[cold]
fn wrong_count(m: &mut Machine, procedure: Value, count: usize) -> Fault {
    let takes = match m.heap.field(procedure, WHICH).fixnum_value() {
        CONSTRUCTOR => m.heap.length(m.heap.field(procedure, PLACE)),
        MODIFIER => 2,
        _ => 1,
    };
    let name = procedure_name(m, procedure);
    let (takes, got) = (counted(takes, "argument"), counted(count, "argument"));
    m.error(
        ":wrong-count",
        &format!("`{name}` takes {takes}, but got {got}"),
        &[],
    )
}

fn make_record_type(m: &mut Machine, arguments: Arguments) -> Outcome {
    let (name, names) = (m.arg(arguments, 0), m.arg(arguments, 1));
    if name.as_symbol().is_none() {
        return Err(wrong_argument(m, "%make-record-type", "a symbol", name));
    }
    if !m.heap.is(names, Kind::Vector) {
        return Err(wrong_argument(m, "%make-record-type", "a vector", names));
    }
    m.ensure(4)?;
    let serial = Value::fixnum(m.next_serial() as i64);
    let fields = [m.arg(arguments, 0), m.arg(arguments, 1), serial];
    Ok(m.heap.object(Kind::RecordType, 0, &fields))
}

fn type_argument(m: &mut Machine, procedure: &str, arguments: Arguments) -> Result<Value, Fault> {
    let value = m.arg(arguments, 0);
    if m.heap.is(value, Kind::RecordType) {
        Ok(value)
    } else {
        Err(wrong_argument(m, procedure, "a record type", value))
    }
}

/// How many fields the records of a type have.
fn field_count(m: &Machine, record_type: Value) -> usize {
    m.heap.length(m.heap.field(record_type, TYPE_FIELDS))
}

/// A procedure; the type is its maker's first argument, its name the one at `name`.
fn make(
    m: &mut Machine,
    arguments: Arguments,
    which: i64,
    place: Option<usize>,
    name: usize,
) -> Outcome {
    m.ensure(5)?;
    let fields = [
        Value::fixnum(which),
        m.arg(arguments, 0),
        place.map_or(Value::FALSE, |place| m.arg(arguments, place)),
        m.arg(arguments, name),
    ];
    Ok(m.heap.object(Kind::RecordProcedure, 0, &fields))
}

fn make_constructor(m: &mut Machine, arguments: Arguments) -> Outcome {
    let record_type = type_argument(m, "%record-constructor", arguments)?;
    let places = m.arg(arguments, 1);
    if !are_places(m, record_type, places) {
        let what = "a vector of places of fields";
        return Err(wrong_argument(m, "%record-constructor", what, places));
    }
    make(m, arguments, CONSTRUCTOR, Some(1), 2)
}

fn make_predicate(m: &mut Machine, arguments: Arguments) -> Outcome {
    type_argument(m, "%record-predicate", arguments)?;
    make(m, arguments, PREDICATE, None, 1)
}

fn make_accessor(m: &mut Machine, arguments: Arguments) -> Outcome {
    let record_type = type_argument(m, "%record-accessor", arguments)?;
    let place = m.arg(arguments, 1);
    let count = field_count(m, record_type);
    super::index_argument(m, "%record-accessor", place, count)?;
    make(m, arguments, ACCESSOR, Some(1), 2)
}

fn make_modifier(m: &mut Machine, arguments: Arguments) -> Outcome {
    let record_type = type_argument(m, "%record-modifier", arguments)?;
    let place = m.arg(arguments, 1);
    let count = field_count(m, record_type);
    super::index_argument(m, "%record-modifier", place, count)?;
    make(m, arguments, MODIFIER, Some(1), 2)
}

fn is_record(m: &mut Machine, arguments: Arguments) -> Outcome {
    Ok(Value::boolean(m.heap.is(m.arg(arguments, 0), Kind::Record)))
}

fn record_argument(m: &mut Machine, procedure: &str, arguments: Arguments) -> Result<Value, Fault> {
    let value = m.arg(arguments, 0);
    if m.heap.is(value, Kind::Record) {
        Ok(value)
    } else {
        Err(wrong_argument(m, procedure, "a record", value))
    }
}

fn record_type(m: &mut Machine, arguments: Arguments) -> Outcome {
    let record = record_argument(m, "%record-type", arguments)?;
    Ok(m.heap.field(record, 0))
}

fn record_type_name(m: &mut Machine, arguments: Arguments) -> Outcome {
    let record_type = type_argument(m, "%record-type-name", arguments)?;
    Ok(m.heap.field(record_type, TYPE_NAME))
}

fn record_type_fields(m: &mut Machine, arguments: Arguments) -> Outcome {
    let record_type = type_argument(m, "%record-type-fields", arguments)?;
    Ok(m.heap.field(record_type, TYPE_FIELDS))
}

fn record_ref(m: &mut Machine, arguments: Arguments) -> Outcome {
    let record = record_argument(m, "%record-ref", arguments)?;
    let place = m.arg(arguments, 1);
    let place = super::index_argument(m, "%record-ref", place, m.heap.length(record) - 1)?;
    Ok(m.heap.field(record, 1 + place))
}
