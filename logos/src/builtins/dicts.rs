//! Dicts.
use super::Builtin;
use crate::heap::Heap;
use crate::value::Value;
use crate::vm::{Arguments, Machine, Outcome};

/// See the module's description.
pub const TABLE: &[Builtin] = &[];

/// The entries in canonical order.
pub fn entries(_heap: &Heap, _dict: Value) -> Vec<(Value, Value)> {
    Vec::new()
}
/// How many entries there are.
pub fn count(_heap: &Heap, _dict: Value) -> usize {
    0
}
/// A dict of the keys and values that stand in turn among the temporaries from `from` on.
pub fn from_temporaries(_m: &mut Machine, _from: usize) -> Outcome {
    Ok(Value::NIL)
}
/// `(:key dict [default])`.
pub fn apply_keyword(_m: &mut Machine, _arguments: Arguments) -> Outcome {
    Ok(Value::NIL)
}
