//! Lists, and the equivalence predicates.

use super::{ANY, Builtin, count_argument, numbers, told_name, wrong_argument};
use crate::codegen::Inline;
use crate::opcode::Op;
use crate::value::Value;
use crate::vm::{Arguments, Fault, Machine, Outcome};

/// See the module's description.
pub const TABLE: &[Builtin] = &[
    Builtin::plain(
        "null?",
        "(null? value)",
        (1, 1),
        "",
        "Whether a value is the empty list.",
        is_null,
    )
    .inlined(Inline::Unary(Op::IsNull)),
    Builtin::plain(
        "not",
        "(not value)",
        (1, 1),
        "",
        "Whether a value is #f.",
        not,
    )
    .inlined(Inline::Unary(Op::Not)),
    Builtin::plain(
        "eq?",
        "(eq? a b)",
        (2, 2),
        "1 for every 4 words of large numbers",
        "Whether two values are the same object, number or character.",
        eqv,
    )
    .inlined(Inline::Binary(Op::Eqv)),
    Builtin::plain(
        "eqv?",
        "(eqv? a b)",
        (2, 2),
        "1 for every 4 words of large numbers",
        "Whether two values are the same object, number or character.",
        eqv,
    )
    .inlined(Inline::Binary(Op::Eqv)),
    Builtin::plain(
        "equal?",
        "(equal? a b)",
        (2, 2),
        "2 for each part compared",
        "Whether two values have the same shape and parts.",
        equal,
    ),
    Builtin::plain(
        "list?",
        "(list? value)",
        (1, 1),
        "1 for every 4 elements",
        "Whether a value is a list that ends.",
        is_list,
    ),
    Builtin::plain(
        "list",
        "(list value …)",
        (0, ANY),
        "1 for each value",
        "A new list of the values.",
        list,
    ),
    Builtin::plain(
        "%list",
        "(%list value …)",
        (0, ANY),
        "1 for each value",
        "The same for the expander.",
        list,
    ),
    Builtin::plain(
        "cons*",
        "(cons* value … tail)",
        (1, ANY),
        "1 for each value",
        "The values before a tail.",
        list_star,
    ),
    Builtin::plain(
        "%list*",
        "(%list* value … tail)",
        (1, ANY),
        "1 for each value",
        "The same for the expander.",
        list_star,
    ),
    Builtin::plain(
        "make-list",
        "(make-list count [value])",
        (1, 2),
        "1 for each element",
        "A new list of count times the value.",
        make_list,
    ),
    Builtin::plain(
        "length",
        "(length list)",
        (1, 1),
        "1 for every 4 elements",
        "How many elements a list has.",
        length,
    ),
    Builtin::plain(
        "append",
        "(append list … tail)",
        (0, ANY),
        "1 for each element copied",
        "The elements of all, one list after the other.",
        append,
    ),
    Builtin::plain(
        "%append-of",
        "(%append-of procedure list … tail)",
        (1, ANY),
        "1 for each element copied",
        "The same for the procedure named.",
        append_of,
    ),
    Builtin::plain(
        "%append",
        "(%append list … tail)",
        (0, ANY),
        "1 for each element copied",
        "The same for the expander.",
        append,
    ),
    Builtin::plain(
        "reverse",
        "(reverse list)",
        (1, 1),
        "1 for each element",
        "The elements in the opposite order.",
        reverse,
    ),
    Builtin::plain(
        "list-tail",
        "(list-tail list count)",
        (2, 2),
        "1 for every 4 elements passed",
        "The list without its first count elements.",
        list_tail,
    ),
    Builtin::plain(
        "list-ref",
        "(list-ref list place)",
        (2, 2),
        "1 for every 4 elements passed",
        "The element at a place, from 0.",
        list_ref,
    ),
    Builtin::plain(
        "list-copy",
        "(list-copy list)",
        (1, 1),
        "1 for each element",
        "A new list of the same elements.",
        list_copy,
    ),
    Builtin::plain(
        "memq",
        "(memq value list)",
        (2, 2),
        "1 for each element passed, and the digits of large numbers",
        "The rest of the list from the first eq? element on, or #f.",
        memq,
    ),
    Builtin::plain(
        "memv",
        "(memv value list)",
        (2, 2),
        "1 for each element passed, and the digits of large numbers",
        "The rest of the list from the first eqv? element on, or #f.",
        memv,
    ),
    Builtin::plain(
        "%memv",
        "(%memv value list)",
        (2, 2),
        "1 for each element passed, and the digits of large numbers",
        "The same for the expander.",
        memv,
    ),
    Builtin::plain(
        "%member",
        "(%member value list)",
        (2, 2),
        "2 for each part compared",
        "The rest of the list from the first equal? element on, or #f.",
        member,
    ),
    Builtin::plain(
        "assq",
        "(assq key list)",
        (2, 2),
        "1 for each element passed, and the digits of large numbers",
        "The first pair whose first part is eq? to the key, or #f.",
        assq,
    ),
    Builtin::plain(
        "assv",
        "(assv key list)",
        (2, 2),
        "1 for each element passed, and the digits of large numbers",
        "The first pair whose first part is eqv? to the key, or #f.",
        assv,
    ),
    Builtin::plain(
        "%assoc",
        "(%assoc key list [procedure])",
        (2, 3),
        "2 for each part compared",
        "The first pair whose first part is equal? to the key, or #f.",
        assoc,
    ),
];

fn is_null(m: &mut Machine, arguments: Arguments) -> Outcome {
    Ok(Value::boolean(m.arg(arguments, 0) == Value::NIL))
}

fn not(m: &mut Machine, arguments: Arguments) -> Outcome {
    Ok(Value::boolean(m.arg(arguments, 0) == Value::FALSE))
}

/// Whether two values are `eqv?`. Charges for the digits of large numbers. Moves nothing.
pub fn are_eqv(m: &mut Machine, a: Value, b: Value) -> Result<bool, Fault> {
    if a == b || !a.is_object() || !b.is_object() {
        return Ok(a == b);
    }
    m.charge(numbers::comparing_work(&m.heap, a, b))?;
    Ok(numbers::same_boxed_number(&m.heap, a, b))
}

fn eqv(m: &mut Machine, arguments: Arguments) -> Outcome {
    let (a, b) = (m.arg(arguments, 0), m.arg(arguments, 1));
    Ok(Value::boolean(are_eqv(m, a, b)?))
}

fn equal(m: &mut Machine, arguments: Arguments) -> Outcome {
    let (a, b) = (m.arg(arguments, 0), m.arg(arguments, 1));
    Ok(Value::boolean(crate::equal::equal(m, a, b)?))
}

/// How many elements a value has as a list; `None` when it is no list that ends. Charges for what it passes.
fn list_length(m: &mut Machine, list: Value) -> Result<Option<usize>, Fault> {
    let mut count = 0;
    let (mut slow, mut fast) = (list, list);
    while fast.is_pair() {
        count += 1;
        fast = m.heap.cdr(fast);
        if count % 2 == 0 {
            slow = m.heap.cdr(slow);
            if slow == fast && fast.is_pair() {
                m.charge(count as u64 / 4)?;
                return Ok(None);
            }
        }
        if count % 4096 == 0 {
            m.charge(1024)?;
        }
    }
    m.charge(count as u64 % 4096 / 4)?;
    Ok((fast == Value::NIL).then_some(count))
}

/// The length of an argument that must be a list.
pub fn length_of(m: &mut Machine, procedure: &str, list: Value) -> Result<usize, Fault> {
    match list_length(m, list)? {
        Some(count) => Ok(count),
        None => Err(wrong_argument(m, procedure, "a list", list)),
    }
}

fn is_list(m: &mut Machine, arguments: Arguments) -> Outcome {
    let list = m.arg(arguments, 0);
    Ok(Value::boolean(list_length(m, list)?.is_some()))
}

fn length(m: &mut Machine, arguments: Arguments) -> Outcome {
    let list = m.arg(arguments, 0);
    Ok(Value::fixnum(length_of(m, "length", list)? as i64))
}

fn list(m: &mut Machine, arguments: Arguments) -> Outcome {
    gather(m, arguments, Value::NIL, arguments.count)
}

fn list_star(m: &mut Machine, arguments: Arguments) -> Outcome {
    m.charge(arguments.count as u64)?;
    m.ensure(2 * arguments.count)?;
    let tail = m.arg(arguments, arguments.count - 1);
    gather(m, arguments, tail, arguments.count - 1)
}

fn gather(m: &mut Machine, arguments: Arguments, tail: Value, count: usize) -> Outcome {
    if tail == Value::NIL {
        m.charge(count as u64)?;
        m.ensure(2 * count)?;
    }
    let mut list = tail;
    for place in (0..count).rev() {
        let value = m.arg(arguments, place);
        list = m.heap.cons(value, list);
    }
    Ok(list)
}

fn make_list(m: &mut Machine, arguments: Arguments) -> Outcome {
    let count = m.arg(arguments, 0);
    let count = count_argument(m, "make-list", count)?;
    m.charge(count as u64)?;
    m.ensure(count.saturating_mul(2))?;
    let value = m.optional(arguments, 1).unwrap_or(Value::FALSE);
    Ok((0..count).fold(Value::NIL, |list, _| m.heap.cons(value, list)))
}

fn append(m: &mut Machine, arguments: Arguments) -> Outcome {
    append_from(m, "append", arguments, 0)
}

fn append_of(m: &mut Machine, arguments: Arguments) -> Outcome {
    let procedure = told_name(m, m.arg(arguments, 0));
    append_from(m, &procedure, arguments, 1)
}

/// Appends the arguments from a place on.
fn append_from(m: &mut Machine, procedure: &str, arguments: Arguments, from: usize) -> Outcome {
    if arguments.count == from {
        return Ok(Value::NIL);
    }
    let last = arguments.count - 1;
    let mut total = 0usize;
    for index in from..last {
        let list = m.arg(arguments, index);
        total += length_of(m, procedure, list)?;
    }
    m.charge(total as u64)?;
    m.ensure(2 * total)?;
    let mut result = m.arg(arguments, last);
    let mut items = Vec::new();
    for index in (from..last).rev() {
        items.clear();
        let mut list = m.arg(arguments, index);
        while list.is_pair() {
            items.push(m.heap.car(list));
            list = m.heap.cdr(list);
        }
        result = items
            .iter()
            .rev()
            .fold(result, |tail, &item| m.heap.cons(item, tail));
    }
    Ok(result)
}

fn reverse(m: &mut Machine, arguments: Arguments) -> Outcome {
    let list = m.arg(arguments, 0);
    let count = length_of(m, "reverse", list)?;
    m.charge(count as u64)?;
    m.ensure(2 * count)?;
    let mut list = m.arg(arguments, 0);
    let mut result = Value::NIL;
    while list.is_pair() {
        let item = m.heap.car(list);
        result = m.heap.cons(item, result);
        list = m.heap.cdr(list);
    }
    Ok(result)
}

fn tail_at(m: &mut Machine, procedure: &str, arguments: Arguments) -> Result<Value, Fault> {
    let count = m.arg(arguments, 1);
    let count = count_argument(m, procedure, count)?;
    m.charge(count as u64 / 4)?;
    let mut list = m.arg(arguments, 0);
    for _ in 0..count {
        if !list.is_pair() {
            refuse_no_list(m, procedure, arguments)?;
            let value = m.arg(arguments, 1);
            return Err(m.error(
                ":out-of-range",
                &format!("`{procedure}` got a list shorter than"),
                &[value],
            ));
        }
        list = m.heap.cdr(list);
    }
    Ok(list)
}

/// The error for a first argument that is not even the beginning of a list.
fn refuse_no_list(m: &mut Machine, procedure: &str, arguments: Arguments) -> Result<(), Fault> {
    let value = m.arg(arguments, 0);
    if value.is_pair() || value == Value::NIL {
        return Ok(());
    }
    Err(wrong_argument(m, procedure, "a list", value))
}

fn list_tail(m: &mut Machine, arguments: Arguments) -> Outcome {
    tail_at(m, "list-tail", arguments)
}

fn list_ref(m: &mut Machine, arguments: Arguments) -> Outcome {
    let tail = tail_at(m, "list-ref", arguments)?;
    if tail.is_pair() {
        return Ok(m.heap.car(tail));
    }
    refuse_no_list(m, "list-ref", arguments)?;
    let value = m.arg(arguments, 1);
    Err(m.error(
        ":out-of-range",
        "`list-ref` got a list with no element at place",
        &[value],
    ))
}

fn list_copy(m: &mut Machine, arguments: Arguments) -> Outcome {
    let mut list = m.arg(arguments, 0);
    let mut count = 0;
    while list.is_pair() {
        m.charge(1)?;
        count += 1;
        list = m.heap.cdr(list);
    }
    m.ensure(2 * count)?;
    let mut list = m.arg(arguments, 0);
    let mut items = Vec::with_capacity(count);
    while list.is_pair() {
        items.push(m.heap.car(list));
        list = m.heap.cdr(list);
    }
    Ok(items
        .iter()
        .rev()
        .fold(list, |tail, &item| m.heap.cons(item, tail)))
}

/// Walks a list until `f` finds something.
fn find(
    m: &mut Machine,
    procedure: &str,
    arguments: Arguments,
    mut f: impl FnMut(&mut Machine, Value) -> Result<Option<Value>, Fault>,
) -> Outcome {
    let whole = m.arg(arguments, 1);
    let mut list = whole;
    while list.is_pair() {
        m.charge(1)?;
        if let Some(found) = f(m, list)? {
            return Ok(found);
        }
        list = m.heap.cdr(list);
    }
    if list == Value::NIL {
        Ok(Value::FALSE)
    } else {
        Err(wrong_argument(m, procedure, "a list", whole))
    }
}

fn find_eqv(m: &mut Machine, procedure: &str, arguments: Arguments) -> Outcome {
    let wanted = m.arg(arguments, 0);
    find(m, procedure, arguments, |m, list| {
        let item = m.heap.car(list);
        Ok(are_eqv(m, wanted, item)?.then_some(list))
    })
}

fn memq(m: &mut Machine, arguments: Arguments) -> Outcome {
    find_eqv(m, "memq", arguments)
}

fn memv(m: &mut Machine, arguments: Arguments) -> Outcome {
    find_eqv(m, "memv", arguments)
}

/// The same where the comparison may move everything: gives the rest of the list from the element on that `f` finds, or `#f`.
fn find_equal(
    m: &mut Machine,
    procedure: &str,
    arguments: Arguments,
    key: impl Fn(&mut Machine, Value) -> Outcome,
) -> Outcome {
    let from = m.temporaries.len();
    m.temporaries.push(m.arg(arguments, 1));
    let found = find_equal_from(m, procedure, arguments, key, from);
    m.temporaries.truncate(from);
    found
}

fn find_equal_from(
    m: &mut Machine,
    procedure: &str,
    arguments: Arguments,
    key: impl Fn(&mut Machine, Value) -> Outcome,
    rest: usize,
) -> Outcome {
    while m.temporaries[rest].is_pair() {
        m.charge(1)?;
        let (wanted, list) = (m.arg(arguments, 0), m.temporaries[rest]);
        let item = key(m, list)?;
        if crate::equal::equal(m, wanted, item)? {
            return Ok(m.temporaries[rest]);
        }
        m.temporaries[rest] = m.heap.cdr(m.temporaries[rest]);
    }
    if m.temporaries[rest] == Value::NIL {
        Ok(Value::FALSE)
    } else {
        let whole = m.arg(arguments, 1);
        Err(wrong_argument(m, procedure, "a list", whole))
    }
}

fn member(m: &mut Machine, arguments: Arguments) -> Outcome {
    find_equal(m, "member", arguments, |m, list| Ok(m.heap.car(list)))
}

fn key_of(m: &mut Machine, procedure: &str, list: Value) -> Result<(Value, Value), Fault> {
    let entry = m.heap.car(list);
    if entry.is_pair() {
        Ok((entry, m.heap.car(entry)))
    } else {
        Err(wrong_argument(m, procedure, "a list of pairs", entry))
    }
}

fn entry_eqv(m: &mut Machine, procedure: &str, arguments: Arguments) -> Outcome {
    let wanted = m.arg(arguments, 0);
    find(m, procedure, arguments, |m, list| {
        let (entry, key) = key_of(m, procedure, list)?;
        Ok(are_eqv(m, wanted, key)?.then_some(entry))
    })
}

fn assq(m: &mut Machine, arguments: Arguments) -> Outcome {
    entry_eqv(m, "assq", arguments)
}

fn assv(m: &mut Machine, arguments: Arguments) -> Outcome {
    entry_eqv(m, "assv", arguments)
}

fn assoc(m: &mut Machine, arguments: Arguments) -> Outcome {
    let procedure = match m.optional(arguments, 2) {
        Some(procedure) => told_name(m, procedure),
        None => "assoc".to_string(),
    };
    let list = find_equal(m, &procedure, arguments, |m, list| {
        key_of(m, &procedure, list).map(|(_, key)| key)
    })?;
    Ok(if list.is_pair() {
        m.heap.car(list)
    } else {
        list
    })
}
