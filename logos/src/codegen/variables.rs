//! Constants and variables: reading and setting them, wherever they live.

use super::Generator;
use super::task::{Destination, Task};
use crate::core::{GlobalId, Node, NodeId, VariableId};
use crate::ir::TOP;
use crate::opcode::{Op, abc, wide};
use crate::syntax::{Datum, Place, Span, Syntax};

impl Generator<'_> {
    pub(super) fn constant(&mut self, literal: &Syntax, destination: Destination) {
        match destination {
            Destination::Ignore => {}
            Destination::Branch { yes, no, next } => {
                let exit = if matches!(literal.datum(), Datum::Bool(false)) {
                    no
                } else {
                    yes
                };
                self.charge(exit.price);
                if exit.label != next {
                    self.jump(exit.label);
                }
            }
            _ => {
                let target = self.target(destination);
                let index = self.world.constant(literal);
                self.emit(wide(Op::Constant, target, index));
                self.finish(target, destination);
            }
        }
    }

    pub(super) fn load_void(&mut self, destination: Destination) {
        self.constant(&Syntax::new(Datum::Void, Span::NONE), destination);
    }

    pub(super) fn local(&mut self, variable: VariableId, destination: Destination) {
        let at_home = self.analysis().home[variable as usize] == self.frame;
        let celled = self.analysis().celled[variable as usize];
        if matches!(destination, Destination::Ignore) && !celled {
            return;
        }
        if self.is_self(variable) {
            return self.finish(0, destination);
        }
        if at_home && !celled {
            let register = self.registers[&variable];
            return self.finish(register, destination);
        }
        let target = self.target(destination);
        match (at_home, celled) {
            (true, _) => {
                let cell = self.registers[&variable];
                self.emit(abc(Op::Cell, target, cell, 0));
            }
            (false, true) => {
                let word = abc(Op::CapturedCell, target, self.capture_index(variable), 0);
                self.emit(word);
            }
            (false, false) => self.emit(abc(Op::Captured, target, self.capture_index(variable), 0)),
        }
        self.finish(target, destination);
    }

    /// The register that holds a variable's value as it is, if one does.
    pub(super) fn plain_register(&self, node: NodeId) -> Option<u16> {
        match self.unit().nodes[node as usize] {
            Node::Local(variable) if self.is_self(variable) => Some(0),
            Node::Local(variable)
                if !self.analysis().celled[variable as usize]
                    && self.analysis().home[variable as usize] == self.frame =>
            {
                Some(self.registers[&variable])
            }
            _ => None,
        }
    }

    /// Whether the variable names the very procedure being compiled.
    pub(super) fn is_self(&self, variable: VariableId) -> bool {
        self.frame != TOP
            && self.analysis().names_lambda[variable as usize] == Some(self.frame)
            && self.analysis().home[variable as usize] != self.frame
    }

    pub(super) fn capture_index(&self, variable: VariableId) -> u16 {
        self.captured[&variable]
    }

    pub(super) fn set_global(
        &mut self,
        op: Op,
        node: NodeId,
        global: GlobalId,
        value: NodeId,
        destination: Destination,
    ) {
        let place = self.place;
        if self.world.builtin_of(global).is_some() {
            // The machine watches for new values of globals that are on this list.
            self.code.inlined.entry(global).or_default();
        }
        self.set_from(node, value, destination, |register| Task::SetGlobal {
            op,
            global,
            register,
            place,
        });
    }

    /// Evaluates a value for a task that stores it; the form itself gives nothing. A value in a register stays where it is.
    pub(super) fn set_from(
        &mut self,
        node: NodeId,
        value: NodeId,
        destination: Destination,
        task: impl Fn(u16) -> Task,
    ) {
        let temporary = self.height;
        self.tasks.push(Task::Void(destination));
        let register = self.plain_register(value);
        self.tasks.push(task(register.unwrap_or(temporary)));
        self.push_own_charge(node);
        match register {
            Some(_) => self.push_charge(self.analysis().charge[value as usize]),
            None => self
                .tasks
                .push(Task::Evaluate(value, Destination::Register(temporary))),
        }
    }

    pub(super) fn set_variable(&mut self, variable: VariableId, register: u16, place: Place) {
        self.place = place;
        if self.analysis().home[variable as usize] == self.frame {
            let cell = self.registers[&variable];
            self.emit(abc(Op::SetCell, cell, register, 0));
        } else {
            self.emit(abc(
                Op::SetCapturedCell,
                register,
                self.capture_index(variable),
                0,
            ));
        }
    }
}
