//! Entering a procedure where the interpreter's loop has no short way: more or fewer arguments than names, several clauses, fuel or stack
//! that ran out.

use super::dispatch::Exit;
use super::machine::{Fault, Machine, STACK_WORDS};
use super::stack;
use crate::codegen::Code;
use crate::opcode::{Op, a, b};
use crate::value::Value;

/// Enters a closure that takes a variable number of arguments: its frame is at `fp`, its code at `pc`.
pub(super) fn enter_general(code: &Code, m: &mut Machine, count: usize) -> Result<(), Exit> {
    let mut first = code.words[m.pc];
    if Op::of(first) == Op::Forward {
        let procedure = m.heap.field(Value(m.stack[m.fp]), 1);
        m.stack[m.fp] = procedure.0;
        m.pc = m.heap.field(procedure, 0).fixnum_value() as usize;
        first = code.words[m.pc];
    }
    if Op::of(first) == Op::EnterCase {
        let clause = (0..a(first)).find(|&clause| {
            let word = code.words[m.pc + 1 + clause];
            let required = word as u16 as usize;
            count == required || (word >> 16 & 1 == 1 && count > required)
        });
        let Some(clause) = clause else {
            return Err(Exit::WrongCount(count));
        };
        m.fuel -= 1 + clause as i64;
        let closure = m.heap.field(Value(m.stack[m.fp]), 1 + clause);
        m.stack[m.fp] = closure.0;
        m.pc = m.heap.field(closure, 0).fixnum_value() as usize;
        first = code.words[m.pc];
    }
    let required = a(first);
    match Op::of(first) {
        Op::Enter if count == required => {}
        Op::EnterRest if count >= required => {
            gather_rest(m, required, count).map_err(Exit::FrameFault)?
        }
        Op::Deferred => return Err(Exit::Deferred(count)),
        _ => return Err(Exit::WrongCount(count)),
    }
    m.pc += 1;
    m.fuel -= (first >> 40) as i64;
    let used = if Op::of(first) == Op::EnterRest {
        required + 1
    } else {
        count
    };
    if m.fuel < 0 || m.fp + b(first) > m.stack_end {
        enter_slow(m, b(first), m.fp + 2 + used)?;
    }
    Ok(())
}

/// Turns the arguments from `required` on into a list.
fn gather_rest(m: &mut Machine, required: usize, count: usize) -> Result<(), Fault> {
    let extra = count - required;
    m.top = m.fp + 2 + count;
    m.charge(extra as u64)?;
    m.ensure(2 * extra)?;
    let first = m.fp + 2 + required;
    let mut list = Value::NIL;
    for place in (first..first + extra).rev() {
        list = m.heap.cons(Value(m.stack[place]), list);
    }
    m.stack[first] = list.0;
    Ok(())
}

/// The rare part of entering a procedure: fuel or stack ran out. `top` is the end of the arguments.
#[cold]
#[inline(never)]
pub(super) fn enter_slow(m: &mut Machine, frame: usize, top: usize) -> Result<(), Exit> {
    m.top = top;
    if m.fp + frame > m.stack_end {
        if m.fp + frame > STACK_WORDS && m.fp > 0 {
            stack::put_aside(m).map_err(Exit::FrameFault)?;
        }
        m.ensure_stack().map_err(Exit::FrameFault)?;
    }
    if m.fuel < 0 {
        m.settle_fuel();
        if m.limits.fuel_is_out() {
            return Err(Exit::FrameFault(Fault::FuelExhausted));
        }
        if m.limits.slice_is_over() {
            return Err(Exit::Yield);
        }
    }
    Ok(())
}
