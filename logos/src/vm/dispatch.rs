//! The interpreter's loop.
//!
//! Owns the fast path of every instruction. Whatever is unusual (a builtin's error, a limit, a continuation, a request to the world) leaves
//! the loop through [`Exit`] with the machine's registers written back, so that it can be entered again at the same place.

use super::entry::{enter_general, enter_slow};
use super::machine::{Arguments, Fault, Machine, WINDOW};
use crate::builtins::{Builtin, Function, SLOW, records};
use crate::codegen::{Code, branch_target};
use crate::opcode::{Op, a, b, c, code, d, index};
use crate::value::{Kind, Value};

/// Why the loop was left.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Exit {
    /// The slice of fuel is used up.
    Yield,
    /// A fault at the instruction `pc` of the frame `fp`.
    Fault(Fault),
    /// A fault of a procedure whose frame has already been begun at `fp`.
    FrameFault(Fault),
    /// A procedure that is no closure is to be applied: its frame is at `fp`, with so many arguments.
    Apply(usize),
    /// One of the machine's own return points was reached.
    Stub(Op),
    /// A global name without a value was used.
    Unbound(usize),
    /// A name that has no value yet was used.
    Unassigned,
    /// A global variable that was given a new definition had inlined uses.
    Redefined(usize),
    /// A procedure that is not compiled yet was called with so many arguments: its frame is at `fp`.
    Deferred(usize),
    /// The wrong number of arguments came to the closure whose frame is at `fp`.
    WrongCount(usize),
}

/// The link a frame keeps: where its caller goes on, and how far below its frame begins. It reads as a fixnum.
#[inline(always)]
pub(crate) const fn link(pc: usize, delta: usize) -> u64 {
    (pc as u64) << 32 | (delta as u64) << 2
}

/// The place to go on at.
#[inline(always)]
pub(crate) const fn link_pc(word: u64) -> usize {
    (word >> 32) as usize
}

/// How far below the frame its caller's begins.
#[inline(always)]
pub(crate) const fn link_delta(word: u64) -> usize {
    (word as u32 >> 2) as usize
}

fn window(stack: &mut [u64], fp: usize) -> &mut [u64; WINDOW] {
    match (&mut stack[fp..fp + WINDOW]).try_into() {
        Ok(window) => window,
        Err(_) => unreachable!("the slice is a window long"),
    }
}

/// Runs until something unusual happens.
pub(crate) fn execute(program: &Code, m: &mut Machine) -> Exit {
    let words = &program.words[..];
    m.left_at = None;
    let mut pc = m.pc;
    let mut fp = m.fp;
    let mut fuel = m.fuel;
    // A frame that no procedure was entered with may stand above a very wide one.
    m.make_room(fp, 0);
    let mut regs = window(&mut m.stack, fp);

    macro_rules! leave {
        ($exit:expr) => {{
            (m.pc, m.fp, m.fuel) = (pc, fp, fuel);
            return $exit;
        }};
    }
    macro_rules! v {
        ($i:expr) => {
            Value(regs[$i])
        };
    }
    // Enters the closure in r[0] of the frame at `fp`, which has $count arguments.
    macro_rules! enter {
        ($closure:expr, $count:expr) => {{
            let entry = m.heap.field($closure, 0).fixnum_value() as usize;
            let first = words[entry];
            if first & 0xff_ffff == (Op::Enter as u64 | ($count as u64) << 8) {
                fuel -= (first >> 40) as i64;
                pc = entry + 1;
                if fuel < 0 || fp + b(first) > m.stack_end {
                    (m.pc, m.fp, m.fuel) = (pc, fp, fuel);
                    if let Err(exit) = enter_slow(m, b(first), fp + 2 + $count) {
                        return exit;
                    }
                    (fp, fuel) = (m.fp, m.fuel);
                }
                regs = window(&mut m.stack, fp);
            } else {
                m.left_at = Some(pc);
                (m.pc, m.fp, m.fuel) = (entry, fp, fuel);
                if let Err(exit) = enter_general(program, m, $count) {
                    return exit;
                }
                (pc, fp, fuel) = (m.pc, m.fp, m.fuel);
                regs = window(&mut m.stack, fp);
            }
        }};
    }
    // Applies the builtin of this number in the frame at $frame, which has $count arguments.
    macro_rules! apply {
        ($builtin:expr, $frame:expr, $count:expr) => {{
            m.left_at = Some(pc);
            (m.pc, m.fp, m.fuel) = (pc, $frame, fuel);
            match apply_builtin(m, $builtin, $count) {
                Ok(Some(value)) => {
                    fuel = m.fuel;
                    regs = window(&mut m.stack, fp);
                    value
                }
                Ok(None) => return Exit::Apply($count),
                Err(fault) => return Exit::FrameFault(fault),
            }
        }};
    }
    // Returns a value from the frame at `fp`.
    macro_rules! give_back {
        ($value:expr) => {{
            let value = $value;
            let back = regs[1];
            regs[0] = value.0;
            pc = link_pc(back);
            fp -= link_delta(back);
            regs = window(&mut m.stack, fp);
        }};
    }
    macro_rules! call {
        ($base:expr, $count:expr, $next:expr) => {{
            let base = $base;
            let callee = v!(base);
            regs[base + 1] = link($next, base);
            if m.heap.is(callee, Kind::Closure) {
                fp += base;
                enter!(callee, $count);
            } else if let Some(builtin) = callee.as_builtin() {
                let value = apply!(builtin, fp + base, $count);
                regs[base] = value.0;
                pc = $next;
            } else if let Some(value) =
                records::apply_quickly(&mut m.heap, callee, &regs[base + 2..base + 2 + $count])
            {
                regs[base] = value.0;
                pc = $next;
            } else {
                fp += base;
                m.left_at = Some(pc);
                leave!(Exit::Apply($count))
            }
        }};
    }
    macro_rules! tail_call {
        ($base:expr, $count:expr) => {{
            let base = $base;
            let callee = v!(base);
            regs[0] = callee.0;
            // Arguments are few: a loop is faster than a call of `memmove`.
            for argument in 2..2 + $count {
                regs[argument] = regs[base + argument];
            }
            if m.heap.is(callee, Kind::Closure) {
                enter!(callee, $count);
            } else if let Some(builtin) = callee.as_builtin() {
                give_back!(apply!(builtin, fp, $count));
            } else if let Some(value) =
                records::apply_quickly(&mut m.heap, callee, &regs[2..2 + $count])
            {
                give_back!(value);
            } else {
                m.left_at = Some(pc);
                leave!(Exit::Apply($count))
            }
        }};
    }
    macro_rules! global {
        ($index:expr) => {{
            let value = m.globals[$index];
            if value == Value::UNBOUND {
                leave!(Exit::Unbound($index));
            }
            value
        }};
    }
    // Calls the builtin behind an inlined instruction with the operands given; its value goes to $to.
    macro_rules! slow {
        ($op:expr, $to:expr, [$($operand:expr),*]) => {{
            let operands = [$($operand),*];
            (m.pc, m.fp, m.fuel) = (pc, fp, fuel);
            match call_slow(program, m, $op, &operands) {
                Ok(value) => {
                    fuel = m.fuel;
                    regs = window(&mut m.stack, fp);
                    regs[$to] = value.0;
                    pc += 1;
                }
                Err(fault) => return Exit::Fault(fault),
            }
        }};
    }
    macro_rules! arithmetic {
        ($word:expr, $op:expr, $checked:ident, $float:tt) => {{
            let (x, y) = (v!(b($word)), v!(c($word)));
            if Value::both_fixnums(x, y)
                && let Some(sum) = (x.0 as i64).$checked(y.0 as i64)
            {
                regs[a($word)] = sum as u64;
                pc += 1;
            } else if x.is_immediate_float()
                && y.is_immediate_float()
                && let Some(sum) = Value::try_float(x.immediate_float() $float y.immediate_float())
            {
                regs[a($word)] = sum.0;
                pc += 1;
            } else {
                slow!($op, a($word), [x, y]);
            }
        }};
    }
    macro_rules! with_immediate {
        ($word:expr, $op:expr, $checked:ident) => {{
            let x = v!(b($word));
            let y = i64::from(c($word) as i16);
            if x.is_fixnum()
                && let Some(sum) = (x.0 as i64).$checked(y << 2)
            {
                regs[a($word)] = sum as u64;
                pc += 1;
            } else {
                slow!($op, a($word), [x, Value::fixnum(y)]);
            }
        }};
    }
    macro_rules! branch {
        ($taken:expr) => {{
            let word = words[pc + 1];
            if $taken {
                fuel -= (word >> 48) as i64;
                pc = branch_target(word) as usize;
            } else {
                fuel -= i64::from((word >> 32) as u16);
                pc += 2;
            }
        }};
    }
    macro_rules! compare {
        ($op:expr, $x:expr, $y:expr, $cmp:tt) => {{
            let (x, y): (Value, Value) = ($x, $y);
            if Value::both_fixnums(x, y) {
                (x.0 as i64) $cmp (y.0 as i64)
            } else if x.is_immediate_float() && y.is_immediate_float() {
                x.immediate_float() $cmp y.immediate_float()
            } else {
                (m.pc, m.fp, m.fuel) = (pc, fp, fuel);
                match call_slow(program, m, $op, &[x, y]) {
                    Ok(value) => {
                        fuel = m.fuel;
                        regs = window(&mut m.stack, fp);
                        value.is_true()
                    }
                    Err(fault) => return Exit::Fault(fault),
                }
            }
        }};
    }
    macro_rules! compare_branch {
        ($word:expr, $op:expr, $y:expr, $cmp:tt) => {{
            let holds = compare!($op, v!(a($word)), $y, $cmp);
            branch!(holds != (d($word) != 0))
        }};
    }
    macro_rules! compare_value {
        ($word:expr, $op:expr, $cmp:tt) => {{
            let holds = compare!($op, v!(b($word)), v!(c($word)), $cmp);
            regs[a($word)] = Value::boolean(holds).0;
            pc += 1;
        }};
    }
    macro_rules! imm_b {
        ($word:expr) => {
            Value::fixnum(i64::from(b($word) as i16))
        };
    }
    macro_rules! eqv {
        ($x:expr, $y:expr) => {{
            let (x, y): (Value, Value) = ($x, $y);
            x == y
                || (x.is_object()
                    && y.is_object()
                    && match crate::builtins::numbers::same_small_number(&m.heap, x, y) {
                        Some(same) => same,
                        None => {
                            (m.pc, m.fp, m.fuel) = (pc, fp, fuel);
                            match call_slow(program, m, Op::Eqv, &[x, y]) {
                                Ok(value) => {
                                    fuel = m.fuel;
                                    regs = window(&mut m.stack, fp);
                                    value.is_true()
                                }
                                Err(fault) => return Exit::Fault(fault),
                            }
                        }
                    })
        }};
    }

    loop {
        let word = words[pc];
        match word as u8 {
            code::Move => {
                regs[a(word)] = regs[b(word)];
                pc += 1;
            }
            code::Constant => {
                regs[a(word)] = m.constants[index(word)].0;
                pc += 1;
            }
            code::CallGlobal => {
                let callee = global!(words[pc + 1] as usize);
                regs[a(word)] = callee.0;
                call!(a(word), b(word), pc + 2);
            }
            code::TailCallGlobal => {
                let callee = global!(words[pc + 1] as usize);
                regs[a(word)] = callee.0;
                tail_call!(a(word), b(word));
            }
            code::PassOn => {
                m.passed_on = (pc, fp);
                pc += 1;
            }
            code::Forget => {
                m.passed_on = (0, 0);
                pc += 1;
            }
            code::Call => call!(a(word), b(word), pc + 1),
            code::TailCall => tail_call!(a(word), b(word)),
            code::Return => give_back!(v!(a(word))),
            code::CallBuiltin => {
                let (first, count) = (a(word), b(word));
                let extra = words[pc + 1];
                let builtin = &m.builtins[extra as u32 as usize];
                let hole = (extra >> 32) as usize;
                if hole > 0 {
                    regs[hole - 1] = 0;
                    regs[hole] = 0;
                }
                (m.pc, m.fp, m.fuel) = (pc, fp, fuel);
                m.top = fp + first + count;
                let arguments = Arguments {
                    start: fp + first,
                    count,
                };
                match call_plain(builtin, m, arguments) {
                    Ok(value) => {
                        fuel = m.fuel;
                        regs = window(&mut m.stack, fp);
                        regs[c(word)] = value.0;
                        pc += 2;
                    }
                    Err(fault) => return Exit::Fault(fault),
                }
            }
            code::Operator => {
                regs[a(word)] = regs[b(word)];
                regs[a(word) + 1] = 0;
                pc += 1;
            }
            code::OperatorGlobal => {
                let callee = global!(index(word));
                regs[a(word)] = callee.0;
                regs[a(word) + 1] = 0;
                pc += 1;
            }
            code::Global => {
                let value = global!(index(word));
                regs[a(word)] = value.0;
                pc += 1;
            }
            code::SetGlobal => {
                global!(index(word));
                m.globals[index(word)] = v!(a(word));
                pc += 1;
                if program
                    .inlined
                    .contains_key(&crate::core::GlobalId(index(word) as u32))
                {
                    leave!(Exit::Redefined(index(word)));
                }
            }
            code::DefineGlobal => {
                m.globals[index(word)] = v!(a(word));
                pc += 1;
                if program
                    .inlined
                    .contains_key(&crate::core::GlobalId(index(word) as u32))
                {
                    leave!(Exit::Redefined(index(word)));
                }
            }
            code::Captured => {
                regs[a(word)] = m.heap.field(v!(0), 1 + b(word)).0;
                pc += 1;
            }
            code::CapturedCell => {
                let cell = m.heap.field(v!(0), 1 + b(word));
                let value = m.heap.field(cell, 0);
                if value == Value::UNASSIGNED {
                    leave!(Exit::Unassigned);
                }
                regs[a(word)] = value.0;
                pc += 1;
            }
            code::SetCapturedCell => {
                let cell = m.heap.field(v!(0), 1 + b(word));
                m.heap.set_field(cell, 0, v!(a(word)));
                pc += 1;
            }
            code::Cell => {
                let value = m.heap.field(v!(b(word)), 0);
                if value == Value::UNASSIGNED {
                    leave!(Exit::Unassigned);
                }
                regs[a(word)] = value.0;
                pc += 1;
            }
            code::SetCell => {
                m.heap.set_field(v!(a(word)), 0, v!(b(word)));
                pc += 1;
            }
            code::MakeCell | code::EmptyCell => {
                if Op::of(word) == Op::EmptyCell {
                    regs[a(word)] = Value::UNASSIGNED.0;
                }
                if !m.heap.fast_fits(2) {
                    (m.pc, m.fp, m.fuel) = (pc, fp, fuel);
                    let height = (program.heights[pc] as usize).max(a(word) + 1);
                    if let Err(fault) = ensure_at(program, m, height, 2) {
                        return Exit::Fault(fault);
                    }
                    fuel = m.fuel;
                    regs = window(&mut m.stack, fp);
                }
                regs[a(word)] = m.heap.object(Kind::Cell, 0, &[v!(a(word))]).0;
                pc += 1;
            }
            code::MakeClosure => {
                let count = b(word);
                if !m.heap.fast_fits(2 + count) {
                    (m.pc, m.fp, m.fuel) = (pc, fp, fuel);
                    if let Err(fault) =
                        ensure_at(program, m, program.heights[pc] as usize, 2 + count)
                    {
                        return Exit::Fault(fault);
                    }
                    fuel = m.fuel;
                    regs = window(&mut m.stack, fp);
                }
                let entry = words[pc + 1];
                let closure =
                    m.heap
                        .filled(Kind::Closure, 0, 1 + count, Value::fixnum(entry as i64));
                for place in 0..count {
                    let operand = (words[pc + 2 + place / 4] >> (place % 4 * 16)) as u16;
                    let value = if operand & 1 << 15 != 0 {
                        m.heap.field(v!(0), 1 + (operand & !(1 << 15)) as usize)
                    } else {
                        v!(operand as usize)
                    };
                    m.heap.set_field(closure, 1 + place, value);
                }
                regs[a(word)] = closure.0;
                pc += 2 + count.div_ceil(4);
            }
            code::PatchClosure => {
                m.heap.set_field(v!(a(word)), 1 + b(word), v!(c(word)));
                pc += 1;
            }
            code::Charge => {
                fuel -= words[pc + 1] as i64;
                pc += 2;
            }
            code::Jump => pc = words[pc + 1] as usize,
            code::Detour => pc = index(word),
            code::JumpBack => {
                let target = words[pc + 1];
                fuel -= (target >> 32) as i64;
                if fuel < 0 {
                    m.top = fp + program.heights[pc] as usize;
                    (m.pc, m.fp, m.fuel) = (target as u32 as usize, fp, fuel);
                    m.settle_fuel();
                    if m.limits.fuel_is_out() {
                        return Exit::Fault(Fault::FuelExhausted);
                    }
                    if m.limits.slice_is_over() {
                        return Exit::Yield;
                    }
                    fuel = m.fuel;
                    regs = window(&mut m.stack, fp);
                }
                pc = target as u32 as usize;
            }
            code::BranchFalse => branch!(v!(a(word)) == Value::FALSE),
            code::BranchTrue => branch!(v!(a(word)) != Value::FALSE),
            code::BranchNull => branch!((v!(a(word)) == Value::NIL) != (d(word) != 0)),
            code::BranchPair => branch!(v!(a(word)).is_pair() != (d(word) != 0)),
            code::BranchEqv => branch!(eqv!(v!(a(word)), v!(b(word))) != (d(word) != 0)),
            code::BranchNumEq => compare_branch!(word, Op::NumEq, v!(b(word)), ==),
            code::BranchLess => compare_branch!(word, Op::Less, v!(b(word)), <),
            code::BranchLessEq => compare_branch!(word, Op::LessEq, v!(b(word)), <=),
            code::BranchGreater => compare_branch!(word, Op::Greater, v!(b(word)), >),
            code::BranchGreaterEq => compare_branch!(word, Op::GreaterEq, v!(b(word)), >=),
            code::BranchNumEqImm => compare_branch!(word, Op::NumEq, imm_b!(word), ==),
            code::BranchLessImm => compare_branch!(word, Op::Less, imm_b!(word), <),
            code::BranchLessEqImm => compare_branch!(word, Op::LessEq, imm_b!(word), <=),
            code::BranchGreaterImm => compare_branch!(word, Op::Greater, imm_b!(word), >),
            code::BranchGreaterEqImm => compare_branch!(word, Op::GreaterEq, imm_b!(word), >=),
            code::Add => arithmetic!(word, Op::Add, checked_add, +),
            code::Sub => arithmetic!(word, Op::Sub, checked_sub, -),
            code::Mul => {
                let (x, y) = (v!(b(word)), v!(c(word)));
                if Value::both_fixnums(x, y)
                    && let Some(product) = (x.0 as i64).checked_mul(y.fixnum_value())
                {
                    regs[a(word)] = product as u64;
                    pc += 1;
                } else if x.is_immediate_float()
                    && y.is_immediate_float()
                    && let Some(product) =
                        Value::try_float(x.immediate_float() * y.immediate_float())
                {
                    regs[a(word)] = product.0;
                    pc += 1;
                } else {
                    slow!(Op::Mul, a(word), [x, y]);
                }
            }
            code::AddImm => with_immediate!(word, Op::Add, checked_add),
            code::SubImm => with_immediate!(word, Op::Sub, checked_sub),
            code::Quotient => {
                let (x, y) = (v!(b(word)), v!(c(word)));
                if Value::both_fixnums(x, y) && y.fixnum_value() > 0 {
                    regs[a(word)] = Value::fixnum(x.fixnum_value() / y.fixnum_value()).0;
                    pc += 1;
                } else {
                    slow!(Op::Quotient, a(word), [x, y]);
                }
            }
            code::Remainder => {
                let (x, y) = (v!(b(word)), v!(c(word)));
                if Value::both_fixnums(x, y) && y.fixnum_value() > 0 {
                    regs[a(word)] = Value::fixnum(x.fixnum_value() % y.fixnum_value()).0;
                    pc += 1;
                } else {
                    slow!(Op::Remainder, a(word), [x, y]);
                }
            }
            code::Modulo => {
                let (x, y) = (v!(b(word)), v!(c(word)));
                if Value::both_fixnums(x, y) && y.fixnum_value() > 0 {
                    regs[a(word)] = Value::fixnum(x.fixnum_value().rem_euclid(y.fixnum_value())).0;
                    pc += 1;
                } else {
                    slow!(Op::Modulo, a(word), [x, y]);
                }
            }
            code::NumEq => compare_value!(word, Op::NumEq, ==),
            code::Less => compare_value!(word, Op::Less, <),
            code::LessEq => compare_value!(word, Op::LessEq, <=),
            code::Greater => compare_value!(word, Op::Greater, >),
            code::GreaterEq => compare_value!(word, Op::GreaterEq, >=),
            code::Eqv => {
                regs[a(word)] = Value::boolean(eqv!(v!(b(word)), v!(c(word)))).0;
                pc += 1;
            }
            code::Not => {
                regs[a(word)] = Value::boolean(v!(b(word)) == Value::FALSE).0;
                pc += 1;
            }
            code::IsNull => {
                regs[a(word)] = Value::boolean(v!(b(word)) == Value::NIL).0;
                pc += 1;
            }
            code::IsPair => {
                regs[a(word)] = Value::boolean(v!(b(word)).is_pair()).0;
                pc += 1;
            }
            code::Cons => {
                let (x, y) = (v!(b(word)), v!(c(word)));
                if m.heap.fast_fits(2) {
                    regs[a(word)] = m.heap.cons(x, y).0;
                    pc += 1;
                } else {
                    slow!(Op::Cons, a(word), [x, y]);
                }
            }
            code::Car => {
                let x = v!(b(word));
                if x.is_pair() {
                    regs[a(word)] = m.heap.car(x).0;
                    pc += 1;
                } else {
                    slow!(Op::Car, a(word), [x]);
                }
            }
            code::Cdr => {
                let x = v!(b(word));
                if x.is_pair() {
                    regs[a(word)] = m.heap.cdr(x).0;
                    pc += 1;
                } else {
                    slow!(Op::Cdr, a(word), [x]);
                }
            }
            code::SetCar | code::SetCdr => {
                let (x, y) = (v!(b(word)), v!(c(word)));
                if x.is_mutable_pair() {
                    if Op::of(word) == Op::SetCar {
                        m.heap.set_car(x, y);
                    } else {
                        m.heap.set_cdr(x, y);
                    }
                    regs[a(word)] = Value::VOID.0;
                    pc += 1;
                } else {
                    slow!(Op::of(word), a(word), [x, y]);
                }
            }
            code::VectorRef => {
                let (x, y) = (v!(b(word)), v!(c(word)));
                if m.heap.is(x, Kind::Vector)
                    && y.is_fixnum()
                    && (y.fixnum_value() as u64) < m.heap.length(x) as u64
                {
                    regs[a(word)] = m.heap.field(x, y.fixnum_value() as usize).0;
                    pc += 1;
                } else {
                    slow!(Op::VectorRef, a(word), [x, y]);
                }
            }
            code::VectorSet => {
                let (x, y, z) = (v!(b(word)), v!(b(word) + 1), v!(b(word) + 2));
                if m.heap.is(x, Kind::Vector)
                    && y.is_fixnum()
                    && (y.fixnum_value() as u64) < m.heap.length(x) as u64
                    && m.heap.header(x).flags() == 0
                {
                    m.heap.set_field(x, y.fixnum_value() as usize, z);
                    regs[a(word)] = Value::VOID.0;
                    pc += 1;
                } else {
                    slow!(Op::VectorSet, a(word), [x, y, z]);
                }
            }
            code::VectorLength => {
                let x = v!(b(word));
                if m.heap.is(x, Kind::Vector) {
                    regs[a(word)] = Value::fixnum(m.heap.length(x) as i64).0;
                    pc += 1;
                } else {
                    slow!(Op::VectorLength, a(word), [x]);
                }
            }
            code::StringRef => {
                let (x, y) = (v!(b(word)), v!(c(word)));
                if m.heap.is(x, Kind::String)
                    && y.is_fixnum()
                    && (y.fixnum_value() as u64) < m.heap.string_length(x) as u64
                {
                    regs[a(word)] =
                        Value::character(m.heap.string_char(x, y.fixnum_value() as usize)).0;
                    pc += 1;
                } else {
                    slow!(Op::StringRef, a(word), [x, y]);
                }
            }
            _ => leave!(Exit::Stub(Op::of(word))),
        }
    }
}

/// Applies a builtin in the frame at `fp`, unless it acts on frames or is not for this program.
#[inline(never)]
fn apply_builtin(m: &mut Machine, number: u32, count: usize) -> Result<Option<Value>, Fault> {
    let builtin = &m.builtins[number as usize];
    if matches!(builtin.function, Function::Control(_)) || builtin.profile > m.profile {
        return Ok(None);
    }
    let start = m.fp + 2;
    m.top = start + count;
    call_plain(builtin, m, Arguments { start, count }).map(Some)
}

/// Calls a builtin that is no control builtin, after checking how many arguments it takes.
pub(crate) fn call_plain(
    builtin: &'static Builtin,
    m: &mut Machine,
    arguments: Arguments,
) -> Result<Value, Fault> {
    if !builtin.takes(arguments.count) {
        return Err(crate::builtins::wrong_count(m, builtin, arguments.count));
    }
    match builtin.function {
        Function::Plain(function) => function(m, arguments),
        Function::Control(_) => unreachable!("control builtins are called through frames"),
    }
}

/// Calls the builtin that an inlined instruction stands for, with its operands put above the frame's words in use.
#[cold]
#[inline(never)]
fn call_slow(code: &Code, m: &mut Machine, op: Op, operands: &[Value]) -> Result<Value, Fault> {
    clear_hole(code, m);
    let start = m.fp + code.heights[m.pc] as usize;
    for (place, operand) in operands.iter().enumerate() {
        m.stack[start + place] = operand.0;
    }
    m.top = start + operands.len();
    let arguments = Arguments {
        start,
        count: operands.len(),
    };
    let builtin = &m.builtins[SLOW.builtin(op)];
    call_plain(builtin, m, arguments)
}

/// Makes the two words of a call that is being prepared harmless for the collector.
pub(crate) fn clear_hole(code: &Code, m: &mut Machine) {
    if let Some(&hole) = code.holes.get(&(m.pc as u32)) {
        let at = m.fp + hole as usize;
        m.stack[at..at + 2].fill(0);
    }
}

fn ensure_at(code: &Code, m: &mut Machine, height: usize, words: usize) -> Result<(), Fault> {
    clear_hole(code, m);
    m.top = m.fp + height;
    m.ensure(words)
}
