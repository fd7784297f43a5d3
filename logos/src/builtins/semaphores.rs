//! Semaphores: permits, who holds them and who waits for one.
//!
//! A permit is noted with the task that holds it, so that the machine gives it back when a task ends that never came to do so itself: because a limit
//! ran out, or because it was abandoned. What `with-permit` is made of stands in the library.
//!
//! A semaphore's content is a vector: the number of free permits, and the permits waited for, as two lists: the next to be given first, and the
//! latest first. A permit is a vector too; the pair that holds it moves from the list of those waited for to that of those held by a task, so that
//! giving one away allocates nothing.

use super::promises;
use super::{Builtin, wrong_argument};
use crate::value::{Kind, Value};
use crate::vm::{self, Arguments, Fault, Machine, Outcome};

/// Fields of a semaphore's content.
const FREE: usize = 0;
const FRONT: usize = 1;
const BACK: usize = 2;
const CONTENT_FIELDS: usize = 3;
/// Fields of a permit: the content it is of, the task, the limit in force, and the promise that tells of it.
const CONTENT: usize = 0;
const TASK: usize = 1;
const EXTENT: usize = 2;
const TURN: usize = 3;
const PERMIT_FIELDS: usize = 4;

/// See the module's description.
pub const TABLE: &[Builtin] = &[
    Builtin::plain(
        "%take-permit",
        "(%take-permit content)",
        (1, 1),
        "8",
        "Takes a permit of a semaphore; gives a promise of it.",
        take,
    ),
    Builtin::plain(
        "%give-permit",
        "(%give-permit content)",
        (1, 1),
        "1 for each permit passed over",
        "Gives a permit back that this task holds, the latest taken first.",
        give,
    ),
];

fn content(m: &mut Machine, arguments: Arguments) -> Result<Value, Fault> {
    let content = m.arg(arguments, 0);
    let fits = m.heap.is(content, Kind::Vector)
        && m.heap.length(content) == CONTENT_FIELDS
        && m.heap.field(content, FREE).is_fixnum();
    if fits {
        Ok(content)
    } else {
        Err(wrong_argument(
            m,
            "with-permit",
            "the content of a semaphore",
            content,
        ))
    }
}

fn take(m: &mut Machine, arguments: Arguments) -> Outcome {
    m.charge(8)?;
    content(m, arguments)?;
    let turn = promises::pending(m)?;
    let kept = m.temporaries.len();
    m.temporaries.push(turn);
    let asked = m.ensure(1 + PERMIT_FIELDS + 2);
    let turn = m.temporaries[kept];
    m.temporaries.truncate(kept);
    asked?;
    let content = m.arg(arguments, 0);
    let extent = Value::fixnum(m.current_extent() as i64);
    let permit = [content, vm::running_task(m), extent, turn];
    let permit = m.heap.object(Kind::Vector, 0, &permit);
    let pair = m.heap.cons(permit, Value::NIL);
    let free = m.heap.field(content, FREE).fixnum_value();
    if free > 0 {
        m.heap.set_field(content, FREE, Value::fixnum(free - 1));
        hand_over(m, pair)?;
    } else {
        let back = m.heap.field(content, BACK);
        m.heap.set_cdr(pair, back);
        m.heap.set_field(content, BACK, pair);
    }
    Ok(turn)
}

fn give(m: &mut Machine, arguments: Arguments) -> Outcome {
    let content = content(m, arguments)?;
    let task = vm::running_task(m);
    let mut before: Option<Value> = None;
    let mut pair = vm::permits(m, task);
    while pair.is_pair() {
        let (permit, rest) = (m.heap.car(pair), m.heap.cdr(pair));
        if m.heap.field(permit, CONTENT) == content {
            match before {
                None => vm::set_permits(m, task, rest),
                Some(before) => m.heap.set_cdr(before, rest),
            }
            pass_on(m, content);
            break;
        }
        m.charge(1)?;
        before = Some(pair);
        pair = rest;
    }
    Ok(Value::VOID)
}

/// The task that a permit is for holds it from now on, and is told.
fn hand_over(m: &mut Machine, pair: Value) -> Result<(), Fault> {
    let permit = m.heap.car(pair);
    let (task, turn) = (m.heap.field(permit, TASK), m.heap.field(permit, TURN));
    let held = vm::permits(m, task);
    m.heap.set_cdr(pair, held);
    vm::set_permits(m, task, pair);
    promises::settle(m, turn, Value::TRUE, true)
}

/// A permit is free: whoever has waited longest gets it. Those who do not wait any more are passed over. A limit that runs out here is noticed at
/// the next thing that is charged: by then nothing is lost.
fn pass_on(m: &mut Machine, content: Value) {
    while let Some(pair) = next_waiting(m, content) {
        let turn = m.heap.field(m.heap.car(pair), TURN);
        if promises::is_awaited(m, turn) {
            let _ = hand_over(m, pair);
            return;
        }
    }
    let free = m.heap.field(content, FREE).fixnum_value();
    m.heap.set_field(content, FREE, Value::fixnum(free + 1));
}

/// Takes the first pair from the permits waited for.
fn next_waiting(m: &mut Machine, content: Value) -> Option<Value> {
    if m.heap.field(content, FRONT) == Value::NIL {
        let mut rest = m.heap.field(content, BACK);
        m.heap.set_field(content, BACK, Value::NIL);
        let mut front = Value::NIL;
        while rest.is_pair() {
            let _ = m.charge(1);
            let next = m.heap.cdr(rest);
            m.heap.set_cdr(rest, front);
            (front, rest) = (rest, next);
        }
        m.heap.set_field(content, FRONT, front);
    }
    let first = m.heap.field(content, FRONT);
    if !first.is_pair() {
        return None;
    }
    let rest = m.heap.cdr(first);
    m.heap.set_field(content, FRONT, rest);
    Some(first)
}

/// Gives back what a task holds of permits: all of them, or those taken inside limits that have ended. Allocates nothing.
pub fn give_back(m: &mut Machine, task: Value, all: bool) {
    let mut pair = vm::permits(m, task);
    let mut kept = Value::NIL;
    vm::set_permits(m, task, kept);
    let living = if all || !pair.is_pair() {
        Vec::new()
    } else {
        m.living_extents()
    };
    while pair.is_pair() {
        let _ = m.charge(1);
        let (permit, rest) = (m.heap.car(pair), m.heap.cdr(pair));
        let extent = m.heap.field(permit, EXTENT).fixnum_value() as u64;
        if all || living.binary_search(&extent).is_err() {
            let content = m.heap.field(permit, CONTENT);
            pass_on(m, content);
        } else {
            m.heap.set_cdr(pair, kept);
            kept = pair;
        }
        pair = rest;
    }
    // Those kept were turned round.
    let mut held = vm::permits(m, task);
    while kept.is_pair() {
        let rest = m.heap.cdr(kept);
        m.heap.set_cdr(kept, held);
        (held, kept) = (kept, rest);
    }
    vm::set_permits(m, task, held);
}
