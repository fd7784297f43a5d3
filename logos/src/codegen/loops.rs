//! Loops: procedures that are only ever called in tail position of themselves live in registers of the frame around them.

use super::task::{Destination, Task};
use super::{Generator, REGISTERS_MAX};
use crate::core::{LambdaId, Node, NodeId};
use crate::opcode::{Op, abc};

impl Generator<'_> {
    pub(super) fn loop_form(&mut self, lambda: LambdaId, entry: NodeId, destination: Destination) {
        let Node::Call(_, operands) = &self.unit().nodes[entry as usize] else {
            return;
        };
        let info = &self.unit().lambdas[lambda as usize];
        let base = self.height;
        if base as usize + 2 * operands.len() + 4 > REGISTERS_MAX {
            return self.fail("a loop with so many names");
        }
        self.charge(self.analysis().charge[entry as usize]);
        let head = self.label();
        self.loops.insert(lambda, (head, base));
        self.tasks.push(Task::Height(base));
        self.tasks.push(Task::Evaluate(info.body, destination));
        self.tasks.push(Task::LoopHead { lambda });
        self.tasks.push(Task::Place(head));
        self.push_charge(self.analysis().body_price(self.unit(), lambda));
        self.push_own_charge(entry);
        self.push_values(base, operands.iter().copied());
    }

    /// Makes a loop's registers the home of its parameters.
    pub(super) fn loop_head(&mut self, lambda: LambdaId) {
        let (_, base) = self.loops[&lambda];
        let parameters = &self.unit().lambdas[lambda as usize].parameters;
        for (place, &variable) in parameters.iter().enumerate() {
            self.bind(variable, base + place as u16);
        }
    }

    pub(super) fn loop_call(&mut self, node: NodeId, lambda: LambdaId, operands: &[NodeId]) {
        let from = self.height;
        if from as usize + operands.len() + 4 > REGISTERS_MAX {
            return self.fail("an expression with so many parts");
        }
        self.tasks.push(Task::Height(from));
        self.tasks.push(Task::MoveLoop { lambda, from });
        self.push_own_charge(node);
        self.push_values(from, operands.iter().copied());
    }

    /// Moves the new values of a loop's parameters into place and jumps back.
    pub(super) fn jump_back(&mut self, lambda: LambdaId, from: u16) {
        let (head, base) = self.loops[&lambda];
        let count = self.unit().lambdas[lambda as usize].parameters.len() as u16;
        for place in 0..count {
            if from + place != base + place {
                self.emit(abc(Op::Move, base + place, from + place, 0));
            }
        }
        let height = self.height;
        self.set_height((base + count) as usize);
        self.emit(abc(Op::JumpBack, 0, 0, 0));
        self.fixups.push((self.code.words.len(), head));
        let price = self.analysis().body_price(self.unit(), lambda);
        self.emit_extra(u64::from(price) << 32);
        self.set_height(height as usize);
    }
}
