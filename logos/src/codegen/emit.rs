//! Instruction words: registers and heights, labels, charges, and sending a value where it is wanted.

use super::task::{Destination, Label, Task};
use super::{Generator, REGISTERS_MAX, TooBig};
use crate::core::NodeId;
use crate::opcode::{Op, abc};
use crate::syntax::Place;

impl Generator<'_> {
    pub(super) fn fail(&mut self, what: &'static str) {
        self.error.get_or_insert(TooBig {
            what,
            span: self.place.span,
        });
    }

    /// Where a node comes from.
    pub(super) fn place_of(&self, node: NodeId) -> Place {
        let unit = self.unit();
        Place {
            span: unit.spans[node as usize],
            origin: unit.origins.get(&node).copied().unwrap_or_default(),
        }
    }

    pub(super) fn take_register(&mut self) -> u16 {
        let register = self.height;
        self.set_height(register as usize + 1);
        register
    }

    pub(super) fn set_height(&mut self, height: usize) {
        if height + 4 > REGISTERS_MAX {
            self.fail("an expression with so many parts");
            return;
        }
        self.height = height as u16;
        self.highest = self.highest.max(self.height + 3);
    }

    pub(super) fn emit(&mut self, word: u64) {
        if let Some(hole) = self.hole {
            self.code.holes.insert(self.code.words.len() as u32, hole);
        }
        self.push(word);
    }

    fn push(&mut self, word: u64) {
        let Place { span, origin } = self.place;
        if self.world.shows(origin) {
            self.code
                .origins
                .insert(self.code.words.len() as u32, origin);
        }
        self.code.push(word, self.height, span);
    }

    /// A word that belongs to the instruction before it.
    pub(super) fn emit_extra(&mut self, word: u64) {
        self.push(word);
    }

    pub(super) fn label(&mut self) -> Label {
        self.labels.push(None);
        self.labels.len() - 1
    }

    /// Puts a label at the next instruction.
    pub(super) fn place(&mut self, label: Label) {
        self.labels[label] = Some(self.code.words.len() as u32);
    }

    pub(super) fn patch(&mut self) {
        for &(place, label) in &self.fixups {
            let target = self.labels[label].expect("every label that is jumped to is placed");
            self.code.words[place] |= u64::from(target);
            self.code.jumps.push(place as u32);
        }
    }

    pub(super) fn charge(&mut self, price: u32) {
        if price > 0 {
            self.emit(abc(Op::Charge, 0, 0, 0));
            self.emit_extra(u64::from(price));
        }
    }

    pub(super) fn jump(&mut self, label: Label) {
        self.emit(abc(Op::Jump, 0, 0, 0));
        self.fixups.push((self.code.words.len(), label));
        self.emit_extra(0);
    }

    /// Charges before the task pushed last.
    pub(super) fn push_charge(&mut self, price: u32) {
        if price > 0 {
            self.tasks.push(Task::Charge(price));
        }
    }

    /// Charges for a node's own work before the task pushed last, if that begins a piece.
    pub(super) fn push_own_charge(&mut self, node: NodeId) {
        self.push_charge(self.analysis().own_charge[node as usize]);
    }

    /// Values into registers one after another, the first of them evaluated first.
    pub(super) fn push_values(
        &mut self,
        first: u16,
        values: impl DoubleEndedIterator<Item = NodeId> + ExactSizeIterator,
    ) {
        for (place, value) in values.enumerate().rev() {
            let register = first + place as u16;
            self.tasks.push(Task::Height(register + 1));
            self.tasks
                .push(Task::Evaluate(value, Destination::Register(register)));
        }
    }

    /// The register to compute a value into on its way to a destination.
    pub(super) fn target(&mut self, destination: Destination) -> u16 {
        match destination {
            Destination::Register(register) => register,
            _ => {
                self.highest = self.highest.max(self.height + 3);
                self.height
            }
        }
    }

    /// Sends the value in a register to its destination.
    pub(super) fn finish(&mut self, register: u16, destination: Destination) {
        match destination {
            Destination::Register(target) if target == register => {}
            Destination::Register(target) => self.emit(abc(Op::Move, target, register, 0)),
            Destination::Ignore => {}
            Destination::Return => self.emit(abc(Op::Return, register, 0, 0)),
            Destination::Branch { yes, no, next } => {
                let on = |sense| {
                    if sense {
                        Op::BranchTrue
                    } else {
                        Op::BranchFalse
                    }
                };
                self.branch(|sense| abc(on(sense), register, 0, 0), yes, no, next);
            }
        }
    }
}
