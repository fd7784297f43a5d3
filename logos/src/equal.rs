//! `equal?` on data of any depth and shape, cycles included, in constant stack.
//!
//! After a while the objects found equal so far are joined to classes, and objects of one class are not compared again (Adams and Dybvig,
//! "Efficient Nondestructive Equality Checking for Trees and Graphs", 2008): there are no more joins than objects, so cycles and graphs with
//! exponentially many paths end in nearly linear time.

use crate::builtins::dicts;
use crate::builtins::lists::are_eqv;
use crate::scratch::{ENTRY_WORDS, IdentityMap, Scratch, walk};
use crate::value::{Kind, Value};
use crate::vm::{Fault, Machine};

/// Comparisons made before classes are kept: small data needs none.
const UNREMEMBERED: u64 = 1000;
/// Words counted for a comparison that is left to do.
const TASK_WORDS: usize = 4;

/// A comparison that is left to do.
enum Task {
    Values(Value, Value),
    /// The elements of two vectors of one length, from a place on.
    Items(Value, Value, usize),
    /// The entries of two dicts of one size, from a place on.
    Entries(Value, Value, usize),
}

/// Whether two values have the same shape and parts. Charges 2 for each comparison, and the length of texts. Everything may move.
pub fn equal(m: &mut Machine, a: Value, b: Value) -> Result<bool, Fault> {
    m.charge(2)?;
    if are_eqv(m, a, b)? {
        return Ok(true);
    }
    if !a.is_reference() || !b.is_reference() || a.is_pair() != b.is_pair() {
        return Ok(false);
    }
    walk(m, &[a, b], |m, values, scratch| {
        equal_parts(m, values[0], values[1], scratch)
    })
}

fn equal_parts(m: &mut Machine, a: Value, b: Value, scratch: &mut Scratch) -> Result<bool, Fault> {
    let mut tasks = vec![Task::Values(a, b)];
    let mut classes = Classes::default();
    let mut steps = 0;
    while let Some(task) = tasks.pop() {
        m.charge(2)?;
        scratch.hold(TASK_WORDS * tasks.len() + ENTRY_WORDS * classes.parents.len())?;
        let (a, b) = match task {
            Task::Values(a, b) => (a, b),
            Task::Items(a, b, place) => {
                if place + 1 < m.heap.length(a) {
                    tasks.push(Task::Items(a, b, place + 1));
                }
                (m.heap.field(a, place), m.heap.field(b, place))
            }
            Task::Entries(a, b, place) => {
                m.charge(8)?;
                let entries = (
                    dicts::entry_at(&m.heap, a, place),
                    dicts::entry_at(&m.heap, b, place),
                );
                let (Some((key, value)), Some((other_key, other_value))) = entries else {
                    continue;
                };
                tasks.push(Task::Entries(a, b, place + 1));
                tasks.push(Task::Values(value, other_value));
                (key, other_key)
            }
        };
        if are_eqv(m, a, b)? {
            continue;
        }
        if !a.is_reference() || !b.is_reference() || a.is_pair() != b.is_pair() {
            return Ok(false);
        }
        steps += 1;
        if steps > UNREMEMBERED {
            m.charge(20)?;
            if !classes.join(a.0, b.0) {
                continue;
            }
        }
        if a.is_pair() {
            tasks.push(Task::Values(m.heap.cdr(a), m.heap.cdr(b)));
            tasks.push(Task::Values(m.heap.car(a), m.heap.car(b)));
        } else if !equal_objects(m, a, b, &mut tasks)? {
            return Ok(false);
        }
    }
    Ok(true)
}

/// Compares two objects that are not the same; their parts are left to do.
fn equal_objects(
    m: &mut Machine,
    a: Value,
    b: Value,
    tasks: &mut Vec<Task>,
) -> Result<bool, Fault> {
    let kind = m.heap.kind(a);
    if kind != m.heap.kind(b) {
        return Ok(false);
    }
    match kind {
        Some(Kind::String) => {
            let length = m.heap.string_length(a);
            if length != m.heap.string_length(b) {
                return Ok(false);
            }
            m.charge(length as u64 / 4)?;
            Ok(m.heap.strings_equal(a, b))
        }
        Some(Kind::Bytes) => {
            let length = m.heap.bytes_length(a);
            if length != m.heap.bytes_length(b) {
                return Ok(false);
            }
            m.charge(length as u64 / 32)?;
            Ok(m.heap.words(a) == m.heap.words(b))
        }
        Some(Kind::Vector) => {
            let length = m.heap.length(a);
            if length != m.heap.length(b) {
                return Ok(false);
            }
            if length > 0 {
                tasks.push(Task::Items(a, b, 0));
            }
            Ok(true)
        }
        Some(Kind::Dict) => {
            if dicts::count(&m.heap, a) != dicts::count(&m.heap, b) {
                return Ok(false);
            }
            tasks.push(Task::Entries(a, b, 0));
            Ok(true)
        }
        _ => Ok(false),
    }
}

/// Classes of objects that are taken to be equal: a forest, each object with its parent (Tarjan and van Leeuwen 1984).
#[derive(Default)]
struct Classes {
    parents: IdentityMap<u64>,
}

impl Classes {
    /// The representative of an object's class. Paths are halved on the way.
    fn representative(&mut self, mut object: u64) -> u64 {
        while let Some(&parent) = self.parents.get(&object) {
            let Some(&above) = self.parents.get(&parent) else {
                return parent;
            };
            self.parents.insert(object, above);
            object = above;
        }
        object
    }

    /// Joins the classes of two objects; whether they were different.
    fn join(&mut self, a: u64, b: u64) -> bool {
        let (a, b) = (self.representative(a), self.representative(b));
        if a == b {
            return false;
        }
        // By no order of addresses does the number of joins change; linking at random keeps the trees low.
        if crate::scratch::mix(a) < crate::scratch::mix(b) {
            self.parents.insert(a, b);
        } else {
            self.parents.insert(b, a);
        }
        true
    }
}
