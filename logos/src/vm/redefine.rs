//! What happens when a program redefines a name whose builtin was inlined.
//!
//! Every instruction that took the builtin for granted becomes a detour: to code at the end of the store that calls what the name holds
//! and comes back with the value, or with the branch taken that it asks for.

use super::Vm;
use crate::codegen::inlined_operands;
use crate::core::GlobalId;
use crate::opcode::{self as o, Op, abc, wide};
use crate::value::Value;

impl Vm {
    /// A program redefined a global whose builtin had been inlined: every such instruction now calls what the name holds.
    pub(super) fn redefine(&mut self, global: usize) {
        let id = GlobalId(global as u32);
        self.known_builtins[global] = None;
        for place in self.code.inlined.remove(&id).unwrap_or_default() {
            self.divert(place as usize, global as u32);
        }
    }

    /// Replaces the instruction at `place` by a jump to code that calls the global instead.
    fn divert(&mut self, place: usize, global: u32) {
        let detour = self.code.words.len() as u32;
        let next = place + Op::words(self.code.words[place]);
        // The name of the procedure this belongs to is found by place, so the detour counts as the last procedure's; only traces see it.
        let base = self.lay_call(place, global);
        self.lay_outcome(place, base);
        let (height, span) = (self.code.heights[place], self.code.spans[place]);
        self.code.push(abc(Op::Jump, 0, 0, 0), height, span);
        self.code.push(next as u64, height, span);
        self.code.words[place] = wide(Op::Detour, 0, detour);
    }

    /// Lays a call of the global with the operands of the instruction at `place`; gives the register its value comes to.
    fn lay_call(&mut self, place: usize, global: u32) -> u16 {
        let word = self.code.words[place];
        let (height, span) = (self.code.heights[place], self.code.spans[place]);
        let first = o::a(word) as u16;
        let listed = match Op::of(word) {
            Op::CallBuiltin => first..first + o::b(word) as u16,
            _ => 0..0,
        };
        let operands = inlined_operands(word).unwrap_or_default();
        let base = height.max(first + 1).max(listed.end) + 4;
        // Registers between the words in use and the call hold nothing: the collector must not take them for values.
        let nothing = self.machine.add_constant(Value::FALSE);
        let hole = self.code.holes.get(&(place as u32)).copied();
        for register in hole.into_iter().flat_map(|hole| [hole, hole + 1]) {
            self.code
                .push(wide(Op::Constant, register, nothing), height, span);
        }
        for register in height..base {
            if !listed.contains(&register) && !operands.contains(&Ok(register)) {
                self.code
                    .push(wide(Op::Constant, register, nothing), height, span);
            }
        }
        self.code
            .push(wide(Op::OperatorGlobal, base, global), base, span);
        let mut count = 0;
        for operand in listed.map(Ok).chain(operands) {
            let register = base + 2 + count;
            let word = match operand {
                Ok(from) => abc(Op::Move, register, from, 0),
                Err(number) => wide(
                    Op::Constant,
                    register,
                    self.machine.add_constant(Value::fixnum(number)),
                ),
            };
            self.code.push(word, base, span);
            count += 1;
        }
        self.code.push(abc(Op::Call, base, count, 0), base, span);
        base
    }

    /// Lays what the instruction at `place` does with the value in a register.
    fn lay_outcome(&mut self, place: usize, register: u16) {
        let word = self.code.words[place];
        let (height, span) = (self.code.heights[place], self.code.spans[place]);
        let op = Op::of(word);
        if op < Op::BranchFalse || op > Op::BranchGreaterEqImm {
            let target = if op == Op::CallBuiltin {
                o::c(word)
            } else {
                o::a(word)
            } as u16;
            return self
                .code
                .push(abc(Op::Move, target, register, 0), height, span);
        }
        // `not` is compiled as a branch on its operand with the sense turned round.
        let taken_when_true = match op {
            Op::BranchFalse => true,
            Op::BranchTrue => false,
            _ => o::d(word) == 0,
        };
        let branch = if taken_when_true {
            Op::BranchTrue
        } else {
            Op::BranchFalse
        };
        let second = self.code.words[place + 1];
        self.code.push(abc(branch, register, 0, 0), height, span);
        self.code.push(second, height, span);
    }
}
