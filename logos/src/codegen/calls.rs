//! Calls of procedures that are not known builtins.
//!
//! A global operator is read after its operands where nothing they do could change it, so that the call names it directly; not where it
//! may have no value and an operand may fail or do something, because the operator comes first.

use super::task::{Call, Destination, Operand, Operation, Operator, Task};
use super::{Generator, Inline, REGISTERS_MAX};
use crate::core::{GlobalId, Node, NodeId};
use crate::ir::TOP;
use crate::opcode::{Op, abc, noting, wide};

impl Generator<'_> {
    pub(super) fn application(
        &mut self,
        node: NodeId,
        operator: NodeId,
        operands: &[NodeId],
        destination: Destination,
    ) {
        match self.unit().nodes[operator as usize] {
            Node::Local(variable) => {
                if let Some(lambda) = self.analysis().names_lambda[variable as usize]
                    && self.analysis().loop_of[lambda as usize].is_some()
                {
                    return self.loop_call(node, lambda, operands);
                }
            }
            Node::Global(global) => {
                if let Some((builtin, redefinable)) = self.world.builtin_of(global)
                    && self.builtin_call(
                        node,
                        builtin,
                        operands,
                        destination,
                        redefinable.then_some(global),
                    )
                {
                    return;
                }
                let has_value = self.operator_has_value(global);
                if operands
                    .iter()
                    .all(|&operand| self.is_simple(operand, has_value))
                {
                    return self.late_global_call(node, global, operands, destination);
                }
            }
            _ => {}
        }
        self.general_call(node, operator, operands, destination);
    }

    /// Whether a global operator has a value whenever a call of it is evaluated: it has one by now, or the call is in the procedure that it
    /// is being defined as.
    fn operator_has_value(&self, global: GlobalId) -> bool {
        self.world.has_value(global) || self.frame != TOP && self.unit().defines_procedure(global)
    }

    /// Whether evaluating a node calls nothing but inlined builtins of its own, so that a global operator may be read after it. If the operator
    /// may have no value, which is an error that comes first, the node may not fail.
    fn is_simple(&self, node: NodeId, operator_has_value: bool) -> bool {
        const SIMPLE_NODES_MAX: usize = 16;
        let mut pending = vec![node];
        let mut seen = 0;
        while let Some(node) = pending.pop() {
            seen += 1;
            if seen > SIMPLE_NODES_MAX {
                return false;
            }
            match &self.unit().nodes[node as usize] {
                Node::Global(global) if !operator_has_value && !self.world.has_value(*global) => {
                    return false;
                }
                Node::Local(variable)
                    if !operator_has_value && self.analysis().celled[*variable as usize] =>
                {
                    return false;
                }
                Node::Constant(_) | Node::Local(_) | Node::Global(_) => {}
                Node::Call(..) if !operator_has_value => return false,
                Node::Call(operator, operands) => match self.unit().nodes[*operator as usize] {
                    Node::Global(global) if self.inlines(global, operands.len()) => {
                        pending.extend(operands)
                    }
                    _ => return false,
                },
                _ => return false,
            }
        }
        true
    }

    fn inlines(&self, global: GlobalId, count: usize) -> bool {
        match self.world.builtin_of(global) {
            Some((builtin, _)) => match self.world.inline(builtin) {
                Inline::No => false,
                Inline::Direct => true,
                Inline::Unary(_) => count == 1,
                Inline::Binary(_) => count == 2,
                Inline::Fold(_) => count >= 2,
                Inline::Ternary(_) => count == 3,
            },
            None => false,
        }
    }

    fn late_global_call(
        &mut self,
        node: NodeId,
        global: GlobalId,
        operands: &[NodeId],
        destination: Destination,
    ) {
        let base = self.height;
        if base as usize + operands.len() + 8 > REGISTERS_MAX {
            return self.fail("a call with so many arguments");
        }
        let (place, count) = (self.place, operands.len());
        let outer_hole = self.hole;
        self.tasks.push(Task::Hole(outer_hole));
        self.tasks.push(Task::Call(Call {
            base,
            count,
            destination,
            place,
            operator: Operator::Late(global),
        }));
        self.push_own_charge(node);
        self.tasks.push(Task::Height(base));
        self.tasks.push(Task::Hole(outer_hole));
        self.push_values(base + 2, operands.iter().copied());
        self.tasks.push(Task::Height(base + 2));
        self.tasks.push(Task::Hole(Some(base)));
    }

    fn general_call(
        &mut self,
        node: NodeId,
        operator: NodeId,
        operands: &[NodeId],
        destination: Destination,
    ) {
        let base = self.height;
        if base as usize + operands.len() + 8 > REGISTERS_MAX {
            return self.fail("a call with so many arguments");
        }
        let (place, count) = (self.place, operands.len());
        let global = match self.unit().nodes[operator as usize] {
            Node::Global(global) => Operator::Early(global),
            _ => Operator::Other,
        };
        self.tasks.push(Task::Call(Call {
            base,
            count,
            destination,
            place,
            operator: global,
        }));
        self.push_own_charge(node);
        self.tasks.push(Task::Height(base));
        self.push_values(base + 2, operands.iter().copied());
        self.tasks.push(Task::Height(base + 2));
        self.push_operator(base, operator);
    }

    /// Prepares a call's frame at `base` with its operator.
    fn push_operator(&mut self, base: u16, operator: NodeId) {
        if let Node::Global(global) = self.unit().nodes[operator as usize] {
            self.highest = self.highest.max(base + 4);
            self.place = self.place_of(operator);
            self.emit(wide(Op::OperatorGlobal, base, global.0));
        } else if let Some(register) = self.plain_register(operator) {
            self.highest = self.highest.max(base + 4);
            self.emit(abc(Op::Operator, base, register, 0));
        } else {
            let destination = Destination::Register(base);
            self.tasks.push(Task::Operate(Operation {
                op: Op::Operator,
                x: Operand::Register(base),
                y: Operand::None,
                destination,
                place: self.place,
                global: None,
            }));
            self.tasks.push(Task::Evaluate(operator, destination));
        }
    }

    pub(super) fn call(&mut self, call: Call) {
        let Call {
            base,
            count,
            destination,
            place,
            operator,
        } = call;
        self.place = place;
        let in_tail = matches!(destination, Destination::Return);
        let (plain, by_name) = if in_tail {
            (Op::TailCall, Op::TailCallGlobal)
        } else {
            (Op::Call, Op::CallGlobal)
        };
        // While the callee runs, the caller's words in use end where the callee's frame begins.
        self.set_height(base as usize + 2 + count);
        self.set_height(base as usize);
        if let Operator::Late(global) | Operator::Early(global) = operator
            && in_tail
            && self.world.passes_on(global, place.span)
        {
            self.emit(abc(Op::PassOn, 0, 0, 0));
        }
        if !in_tail && matches!(operator, Operator::Other) && self.world.is_library(place.span) {
            self.emit(abc(Op::Forget, 0, 0, 0));
        }
        match operator {
            Operator::Late(global) => {
                self.emit(abc(by_name, base, count as u16, 0));
                self.emit_extra(u64::from(global.0));
            }
            Operator::Early(global) => {
                self.emit(noting(abc(plain, base, count as u16, 0), global.0))
            }
            Operator::Other => self.emit(abc(plain, base, count as u16, 0)),
        }
        if !in_tail {
            self.finish(base, destination);
        }
    }
}
