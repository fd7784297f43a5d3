//! Conditionals, and the branches that tests end in.
//!
//! A test never makes a truth value: it goes to one of two places. An arm that is a constant in a test needs no code at all.

use super::Generator;
use super::task::{Destination, Exit, Label, Operand, Operation, Task};
use crate::core::{Node, NodeId};
use crate::opcode::{Op, abc, branch_word};
use crate::syntax::Datum;

/// A price that fits a branch word; what is above it is charged by an instruction of its own.
const BRANCH_PRICE_MAX: u32 = u16::MAX as u32;

/// One arm of a conditional.
struct Arm {
    node: NodeId,
    /// Where the test goes to reach it.
    exit: Exit,
    /// The arm's own label, where it has code.
    label: Option<Label>,
}

impl Generator<'_> {
    pub(super) fn conditional(
        &mut self,
        test: NodeId,
        then: NodeId,
        otherwise: NodeId,
        destination: Destination,
    ) {
        let height = self.height;
        let join = match destination {
            Destination::Return | Destination::Branch { .. } => None,
            _ => Some(self.label()),
        };
        let then = self.arm(then, self.known_truth(then, Some(test)), destination);
        let otherwise = self.arm(otherwise, self.known_truth(otherwise, None), destination);
        if let Some(join) = join {
            self.tasks.push(Task::Place(join));
        }
        if let Some(label) = otherwise.label {
            self.tasks.push(Task::Evaluate(otherwise.node, destination));
            self.tasks.push(Task::Height(height));
            self.tasks.push(Task::Place(label));
        }
        // Where the code after the first arm begins.
        let after_then = match (otherwise.label, destination) {
            (Some(label), _) => label,
            (None, Destination::Branch { next, .. }) => next,
            (None, _) => otherwise.exit.label,
        };
        if let Some(label) = then.label {
            if let (Some(join), Some(_)) = (join, otherwise.label) {
                self.tasks.push(Task::Jump(join));
            }
            let destination = match destination {
                Destination::Branch { yes, no, .. } => Destination::Branch {
                    yes,
                    no,
                    next: after_then,
                },
                other => other,
            };
            self.tasks.push(Task::Evaluate(then.node, destination));
            self.tasks.push(Task::Height(height));
            self.tasks.push(Task::Place(label));
        }
        let next = then.label.unwrap_or(after_then);
        let (yes, no) = (then.exit, otherwise.exit);
        self.tasks.push(Task::Height(height));
        self.tasks
            .push(Task::Evaluate(test, Destination::Branch { yes, no, next }));
    }

    /// Decides how a test reaches an arm. An arm of known truth in a test needs no code: the test goes straight on.
    fn arm(&mut self, node: NodeId, truth: Option<bool>, destination: Destination) -> Arm {
        let price = self.analysis().arm_price(node);
        if let (Destination::Branch { yes, no, .. }, Some(truth)) = (destination, truth) {
            let on = if truth { yes } else { no };
            let exit = Exit {
                label: on.label,
                price: on.price.saturating_add(price),
            };
            return Arm {
                node,
                exit,
                label: None,
            };
        }
        let label = self.label();
        Arm {
            node,
            exit: Exit { label, price },
            label: Some(label),
        }
    }

    /// What a node is known to be as a truth value; `tested` is a node known to be true.
    fn known_truth(&self, node: NodeId, tested: Option<NodeId>) -> Option<bool> {
        let nodes = &self.unit().nodes;
        match (&nodes[node as usize], tested.map(|t| &nodes[t as usize])) {
            (Node::Constant(literal), _) => Some(!matches!(literal.datum(), Datum::Bool(false))),
            (Node::Local(a), Some(Node::Local(b)))
                if a == b && !self.analysis().celled[*a as usize] =>
            {
                Some(true)
            }
            _ => None,
        }
    }

    /// Emits an inlined comparison whose outcome is only branched on.
    pub(super) fn compare_and_branch(&mut self, operation: Operation) {
        let Operation {
            op,
            x,
            y,
            destination,
            place,
            global,
        } = operation;
        let Destination::Branch { yes, no, next } = destination else {
            return;
        };
        self.place = place;
        let Some(branch) = branch_op(op) else { return };
        self.note_inlined(global);
        if op == Op::Not {
            let swapped = Destination::Branch {
                yes: no,
                no: yes,
                next,
            };
            return self.finish(x.register(), swapped);
        }
        let word = match (y, branch_immediate_op(op)) {
            (Operand::Immediate(n), Some(with_number)) => {
                abc(with_number, x.register(), n as u16, 0)
            }
            _ => abc(branch, x.register(), y.register(), 0),
        };
        // Taken when the test's outcome differs from `d`.
        self.branch(|sense| word | u64::from(!sense) << 56, yes, no, next);
    }

    /// Emits a branch. `word(true)` is the instruction taken when the test holds, `word(false)` when it does not.
    pub(super) fn branch(&mut self, word: impl Fn(bool) -> u64, yes: Exit, no: Exit, next: Label) {
        let sense = yes.label != next;
        let (taken, through) = if sense { (yes, no) } else { (no, yes) };
        let fits = |price: u32| u16::try_from(price).unwrap_or(0);
        self.emit(word(sense));
        if taken.price > BRANCH_PRICE_MAX {
            // The price is charged on the way, at a stop of its own.
            let (stop, on) = (self.label(), self.label());
            self.fixups.push((self.code.words.len(), stop));
            self.emit_extra(branch_word(0, fits(through.price), 0));
            self.jump(on);
            self.place(stop);
            self.charge(taken.price);
            self.jump(taken.label);
            self.place(on);
        } else {
            self.fixups.push((self.code.words.len(), taken.label));
            self.emit_extra(branch_word(0, fits(through.price), taken.price as u16));
        }
        if through.price > BRANCH_PRICE_MAX {
            self.charge(through.price);
        }
        if through.label != next {
            self.jump(through.label);
        }
    }
}

/// The instruction that branches on a comparison.
pub(super) fn branch_op(op: Op) -> Option<Op> {
    Some(match op {
        Op::Not => Op::BranchFalse,
        Op::IsNull => Op::BranchNull,
        Op::IsPair => Op::BranchPair,
        Op::Eqv => Op::BranchEqv,
        Op::NumEq => Op::BranchNumEq,
        Op::Less => Op::BranchLess,
        Op::LessEq => Op::BranchLessEq,
        Op::Greater => Op::BranchGreater,
        Op::GreaterEq => Op::BranchGreaterEq,
        _ => return None,
    })
}

/// The form of a branch that takes a number in place of its second register.
pub(super) fn branch_immediate_op(op: Op) -> Option<Op> {
    Some(match op {
        Op::NumEq => Op::BranchNumEqImm,
        Op::Less => Op::BranchLessImm,
        Op::LessEq => Op::BranchLessEqImm,
        Op::Greater => Op::BranchGreaterImm,
        Op::GreaterEq => Op::BranchGreaterEqImm,
        _ => return None,
    })
}

/// The operations of the second word that `o::branch_word` packs.
pub const fn branch_target(word: u64) -> u32 {
    word as u32
}
