//! `let` and `letrec`: registers for names, and the order in which procedures that refer to each other come into being.

use super::task::{Destination, Task};
use super::{Generator, REGISTERS_MAX};
use crate::core::{Node, NodeId, VariableId};
use crate::opcode::{Op, abc, wide};
use crate::syntax::{Datum, Span, Syntax};
use std::collections::BTreeMap;

impl Generator<'_> {
    pub(super) fn let_form(
        &mut self,
        bindings: &[(VariableId, NodeId)],
        body: NodeId,
        destination: Destination,
    ) {
        let height = self.height;
        if height as usize + bindings.len() + 4 > REGISTERS_MAX {
            return self.fail("a `let` with so many names");
        }
        self.tasks.push(Task::Height(height));
        self.tasks.push(Task::Evaluate(body, destination));
        for (place, (variable, _)) in bindings.iter().enumerate().rev() {
            self.tasks
                .push(Task::Bind(*variable, height + place as u16));
        }
        self.push_values(height, bindings.iter().map(|&(_, value)| value));
    }

    /// Makes a register the home of a variable whose value it holds.
    pub(super) fn bind(&mut self, variable: VariableId, register: u16) {
        self.registers.insert(variable, register);
        if self.analysis().celled[variable as usize] {
            self.emit(abc(Op::MakeCell, register, 0, 0));
        }
    }

    pub(super) fn store_cell(&mut self, variable: VariableId, register: u16) {
        let cell = self.registers[&variable];
        self.emit(abc(Op::SetCell, cell, register, 0));
    }

    pub(super) fn letrec(
        &mut self,
        node: NodeId,
        bindings: &[(VariableId, NodeId)],
        body: NodeId,
        destination: Destination,
    ) {
        if let [(_, init)] = bindings
            && let Node::Lambda(lambda) = self.unit().nodes[*init as usize]
            && self.analysis().loop_of[lambda as usize].is_some()
        {
            return self.loop_form(lambda, body, destination);
        }
        let height = self.height;
        if height as usize + bindings.len() + 4 > REGISTERS_MAX {
            return self.fail("a body with so many definitions");
        }
        // Cells of variables that could be read early exist from the start.
        for (place, (variable, _)) in bindings.iter().enumerate() {
            let register = height + place as u16;
            if self.analysis().celled[*variable as usize] {
                self.registers.insert(*variable, register);
                self.emit(abc(Op::EmptyCell, register, 0, 0));
            } else {
                let literal = Syntax::new(Datum::Bool(false), Span::NONE);
                let unassigned = self.world.constant(&literal);
                self.emit(wide(Op::Constant, register, unassigned));
            }
            self.set_height(register as usize + 1);
        }
        self.tasks.push(Task::Height(height));
        self.tasks.push(Task::Bindings {
            letrec: node,
            from: 0,
            destination,
        });
    }

    /// Compiles a `letrec`'s initialisers from the given one on, then its body.
    pub(super) fn letrec_from(&mut self, letrec: NodeId, from: usize, destination: Destination) {
        let Node::Letrec(bindings, body) = &self.unit().nodes[letrec as usize] else {
            return;
        };
        let base = self.height - bindings.len() as u16;
        if from == bindings.len() {
            return self.tasks.push(Task::Evaluate(*body, destination));
        }
        let (variable, init) = bindings[from];
        let is_lambda = |place: usize| {
            matches!(
                self.unit().nodes[bindings[place].1 as usize],
                Node::Lambda(_)
            )
        };
        if is_lambda(from) {
            let mut to = from + 1;
            while to < bindings.len() && is_lambda(to) {
                to += 1;
            }
            self.tasks.push(Task::Bindings {
                letrec,
                from: to,
                destination,
            });
            self.tasks.push(Task::Group { letrec, from, to });
            return;
        }
        self.tasks.push(Task::Bindings {
            letrec,
            from: from + 1,
            destination,
        });
        let register = base + from as u16;
        if self.analysis().celled[variable as usize] {
            let temporary = self.height;
            self.tasks.push(Task::StoreCell(variable, temporary));
            self.tasks
                .push(Task::Evaluate(init, Destination::Register(temporary)));
        } else {
            self.tasks.push(Task::Bind(variable, register));
            self.tasks
                .push(Task::Evaluate(init, Destination::Register(register)));
        }
    }

    /// Makes the closures of a run of procedures that may refer to each other.
    pub(super) fn closure_group(&mut self, letrec: NodeId, from: usize, to: usize) {
        let Node::Letrec(bindings, _) = &self.unit().nodes[letrec as usize] else {
            return;
        };
        let base = self.height - bindings.len() as u16;
        let temporary = self.height;
        for (place, &(variable, init)) in bindings.iter().enumerate().take(to).skip(from) {
            self.place = self.place_of(init);
            self.charge(self.analysis().charge[init as usize]);
            let celled = self.analysis().celled[variable as usize];
            let register = if celled {
                temporary
            } else {
                base + place as u16
            };
            let Node::Lambda(lambda) = self.unit().nodes[init as usize] else {
                continue;
            };
            self.highest = self.highest.max(self.height + 3);
            self.closure(lambda, register);
            if celled {
                self.store_cell(variable, register);
            } else {
                self.registers.insert(variable, register);
            }
        }
        self.patch_group(bindings, from, to);
    }

    /// Closures made before those they refer to get them now.
    fn patch_group(&mut self, bindings: &[(VariableId, NodeId)], from: usize, to: usize) {
        let places: BTreeMap<VariableId, usize> = bindings[from..to]
            .iter()
            .enumerate()
            .map(|(place, (v, _))| (*v, from + place))
            .collect();
        for (place, &(variable, init)) in bindings.iter().enumerate().take(to).skip(from) {
            let Node::Lambda(lambda) = self.unit().nodes[init as usize] else {
                continue;
            };
            if self.analysis().celled[variable as usize] {
                continue;
            }
            let closure = self.registers[&variable];
            for (index, captured) in self.analysis().captures[lambda as usize].iter().enumerate() {
                let later = places.get(captured).is_some_and(|&p| p >= place);
                if later && !self.analysis().celled[*captured as usize] {
                    let value = self.registers[captured];
                    self.emit(abc(Op::PatchClosure, closure, index as u16, value));
                }
            }
        }
    }
}
