//! Closures: procedures with the values they capture, and the dispatching ones of `case-lambda`.

use super::Generator;
use super::task::Destination;
use crate::core::{LambdaId, VariableId};
use crate::opcode::{Op, abc};

impl Generator<'_> {
    pub(super) fn closure(&mut self, lambda: LambdaId, target: u16) {
        let captures = &self.analysis().captures[lambda as usize];
        let operands: Vec<u16> = captures
            .iter()
            .map(|&variable| self.capture_operand(variable))
            .collect();
        self.make_closure(target, self.entries[lambda as usize], &operands);
    }

    fn make_closure(&mut self, target: u16, entry: u32, operands: &[u16]) {
        if operands.len() > u16::MAX as usize / 2 {
            self.fail("a procedure that uses so many names from around it");
            return;
        }
        self.emit(abc(Op::MakeClosure, target, operands.len() as u16, 0));
        self.emit_extra(u64::from(entry));
        for four in operands.chunks(4) {
            let word = four
                .iter()
                .rev()
                .fold(0, |word, &operand| word << 16 | u64::from(operand));
            self.emit_extra(word);
        }
    }

    /// How a closure finds a variable that it captures: a register, or (highest bit) one of our own captured values.
    fn capture_operand(&self, variable: VariableId) -> u16 {
        const CAPTURED: u16 = 1 << 15;
        if self.is_self(variable) {
            0
        } else if self.analysis().home[variable as usize] == self.frame {
            // A closure of the same group that does not exist yet is patched in later.
            self.registers.get(&variable).copied().unwrap_or(0)
        } else {
            CAPTURED | self.capture_index(variable)
        }
    }

    pub(super) fn case_closure(&mut self, lambdas: &[LambdaId], destination: Destination) {
        let target = self.target(destination);
        // The cases may stand where the closure itself comes to stand: it is made of them before it is put there.
        let height = self.height;
        let entry = self.case_entry(lambdas);
        let mut operands = Vec::new();
        for lambda in lambdas {
            // It counts as in use when there is something in it.
            let register = self.height;
            self.closure(*lambda, register);
            self.set_height(register as usize + 1);
            operands.push(register);
        }
        self.make_closure(target, entry, &operands);
        self.set_height(height as usize);
        self.finish(target, destination);
    }

    /// The dispatching code of a `case-lambda`, put into the way and jumped over.
    fn case_entry(&mut self, lambdas: &[LambdaId]) -> u32 {
        let over = self.label();
        self.jump(over);
        let entry = self.code.words.len() as u32;
        self.emit(abc(Op::EnterCase, lambdas.len() as u16, 0, 0));
        for lambda in lambdas {
            let info = &self.unit().lambdas[*lambda as usize];
            let more = u64::from(info.rest.is_some()) << 16;
            self.emit_extra(info.parameters.len() as u64 | more);
        }
        self.place(over);
        entry
    }
}
