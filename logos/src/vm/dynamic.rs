//! The dynamic state: one immutable chain of nodes for handlers, guards, winders, parameters and limits. A continuation keeps the
//! node that was current, so taking it up restores all of them at once. Each node also points straight at the nearest handler,
//! winder, parameter binding and limit, so finding one walks only its own kind.

use super::machine::{Fault, Machine, Outcome};
use crate::value::{Kind, Value};

/// What a node adds.
pub const ROOT: i64 = 0;
/// `A`: the handler procedure.
pub const HANDLER: i64 = 1;
/// `A`: whether some clause always matches; the frame is found by `DEPTH`.
pub const GUARD: i64 = 2;
/// `A`, `B`: the entry and exit thunks.
pub const WINDER: i64 = 3;
/// `A`: a list of pairs (parameter . value).
pub const PARAMETERS: i64 = 4;
/// `A`: the number of the extent.
pub const LIMIT: i64 = 5;
/// The same state with the handlers that `A`'s parent has: what a handler runs in.
pub const MASK: i64 = 6;

/// Field numbers.
pub const KIND: usize = 0;
/// See the kinds.
pub const A: usize = 1;
/// See the kinds.
pub const B: usize = 2;
/// The node this one was added to.
pub const PARENT: usize = 3;
/// The nearest handler or guard node, or `()`.
pub const HANDLERS: usize = 4;
/// The nearest winder node, or `()`.
pub const WINDERS: usize = 5;
/// The nearest parameters node, or `()`.
pub const BINDINGS: usize = 6;
/// The number of the limit extent.
pub const EXTENT: usize = 7;
/// Guards and limits: the depth of their frame in words; winders: how many winders there are.
pub const DEPTH: usize = 8;
const FIELDS: usize = 9;
/// Words a node takes.
pub const NODE_WORDS: usize = 1 + FIELDS;

/// The state of a new world, which has no handlers and no limits but the whole's.
pub(crate) fn root(m: &mut Machine) -> Value {
    let (n, zero) = (Value::NIL, Value::fixnum(0));
    m.heap.object(
        Kind::Dynamic,
        0,
        &[Value::fixnum(ROOT), n, n, n, n, n, n, zero, zero],
    )
}

/// A root for a new task, keeping parameters and limit of `from`.
pub(crate) fn task_root(m: &mut Machine) -> Outcome {
    m.ensure(NODE_WORDS)?;
    let from = m.dynamic;
    let (n, zero) = (Value::NIL, Value::fixnum(0));
    let (bindings, extent) = (m.heap.field(from, BINDINGS), m.heap.field(from, EXTENT));
    Ok(m.heap.object(
        Kind::Dynamic,
        0,
        &[Value::fixnum(ROOT), n, n, n, n, n, bindings, extent, zero],
    ))
}

/// Adds a node to the current state (without making it current).
pub(crate) fn add(m: &mut Machine, kind: i64, a: Value, b: Value, depth: usize) -> Outcome {
    let from = m.temporaries.len();
    m.temporaries.extend([a, b]);
    let asked = m.ensure(NODE_WORDS);
    let (a, b) = (m.temporaries[from], m.temporaries[from + 1]);
    m.temporaries.truncate(from);
    asked?;
    let parent = m.dynamic;
    let mut fields = [Value::NIL; FIELDS];
    for (index, field) in fields.iter_mut().enumerate() {
        *field = m.heap.field(parent, index);
    }
    fields[KIND] = Value::fixnum(kind);
    (fields[A], fields[B], fields[PARENT]) = (a, b, parent);
    if kind == WINDER {
        let outer = m.heap.field(parent, WINDERS);
        let count = if outer == Value::NIL {
            0
        } else {
            m.heap.field(outer, DEPTH).fixnum_value()
        };
        fields[DEPTH] = Value::fixnum(count + 1);
    } else {
        fields[DEPTH] = Value::fixnum(depth as i64);
    }
    let node = m.heap.object(Kind::Dynamic, 0, &fields);
    let own = match kind {
        HANDLER | GUARD => Some(HANDLERS),
        WINDER => Some(WINDERS),
        PARAMETERS => Some(BINDINGS),
        _ => None,
    };
    if let Some(own) = own {
        m.heap.set_field(node, own, node);
    }
    Ok(node)
}

/// The current state, but with the handlers outside `handler`.
pub(crate) fn mask(m: &mut Machine, handler: Value) -> Outcome {
    let from = m.temporaries.len();
    m.temporaries.push(handler);
    let node = add(m, MASK, handler, Value::NIL, 0);
    let handler = m.temporaries[from];
    m.temporaries.truncate(from);
    let node = node?;
    let outer = m.heap.field(m.heap.field(handler, PARENT), HANDLERS);
    m.heap.set_field(node, HANDLERS, outer);
    Ok(node)
}

/// The value of a parameter object in the current state. Charges for the bindings it passes.
pub(crate) fn parameter(m: &mut Machine, parameter: Value) -> Result<Value, Fault> {
    let mut node = m.heap.field(m.dynamic, BINDINGS);
    let mut steps = 0;
    while node != Value::NIL {
        let mut bindings = m.heap.field(node, A);
        while bindings.is_pair() {
            steps += 1;
            let binding = m.heap.car(bindings);
            if m.heap.car(binding) == parameter {
                m.charge(steps)?;
                return Ok(m.heap.cdr(binding));
            }
            bindings = m.heap.cdr(bindings);
        }
        let parent = m.heap.field(node, PARENT);
        node = m.heap.field(parent, BINDINGS);
    }
    m.charge(steps)?;
    Ok(m.heap.field(parameter, 0))
}

/// The error of a parameter that is called as if that gave it a value.
pub(crate) fn parameter_with_arguments(m: &mut Machine, count: usize) -> Fault {
    let counted = crate::builtins::counted(count, "argument");
    let message = format!(
        "a parameter takes no argument, but got {counted}; `parameterize` gives it a value for a while"
    );
    m.error(":wrong-count", &message, &[])
}
