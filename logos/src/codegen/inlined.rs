//! Calls of builtins that a unit may take for granted: by an instruction where there is one, or straight to the builtin.
//!
//! A program may yet redefine the name of one: the places where it was inlined are remembered, and [`inlined_operands`] tells where such
//! an instruction has its arguments.

use super::branches::{branch_immediate_op, branch_op};
use super::task::{BuiltinCall, Destination, Operand, Operation, Task};
use super::{Generator, Inline, REGISTERS_MAX};
use crate::core::{GlobalId, Node, NodeId};
use crate::number::Number;
use crate::opcode::{self as o, Op, abc, wide};
use crate::syntax::{Datum, Syntax};

impl Generator<'_> {
    /// Compiles a call of a known builtin without going through its variable. Says whether it did.
    pub(super) fn builtin_call(
        &mut self,
        node: NodeId,
        builtin: u32,
        operands: &[NodeId],
        destination: Destination,
        global: Option<GlobalId>,
    ) -> bool {
        match (self.world.inline(builtin), operands) {
            (Inline::No, _) => return false,
            (Inline::Unary(op), [_]) | (Inline::Binary(op) | Inline::Fold(op), [_, _]) => {
                self.inline_call(node, op, operands, destination, global);
            }
            (Inline::Fold(op), [_, _, more @ ..]) if is_arithmetic(op) && more.len() <= 4 => {
                self.folded_call(node, op, operands, destination, global);
            }
            (Inline::Ternary(op), [_, _, _]) => {
                self.ternary_call(node, op, operands, destination, global);
            }
            _ => self.direct_call(node, builtin, operands, destination, global),
        }
        true
    }

    fn inline_call(
        &mut self,
        node: NodeId,
        op: Op,
        operands: &[NodeId],
        destination: Destination,
        global: Option<GlobalId>,
    ) {
        let height = self.height;
        let places = self.inline_operands(op, operands);
        let [x, y] = places;
        let place = self.place_of(node);
        let operation = Operation {
            op,
            x,
            y,
            destination,
            place,
            global,
        };
        self.tasks.push(match destination {
            Destination::Branch { .. } if branch_op(op).is_some() => Task::Branch(operation),
            _ => Task::Operate(operation),
        });
        self.push_own_charge(node);
        self.tasks.push(Task::Height(height));
        for (&operand, &place) in operands.iter().zip(&places).rev() {
            match place {
                Operand::Register(register) if register >= height => {
                    self.tasks.push(Task::Height(register + 1));
                    self.tasks
                        .push(Task::Evaluate(operand, Destination::Register(register)));
                }
                // It needs no instruction, but a piece may begin with it all the same.
                _ => self.push_charge(self.analysis().charge[operand as usize]),
            }
        }
    }

    /// Where an instruction finds its one or two operands; those in no register yet get the next ones.
    fn inline_operands(&self, op: Op, operands: &[NodeId]) -> [Operand; 2] {
        let mut places = [Operand::None; 2];
        let mut next = self.height;
        for (place, &operand) in operands.iter().enumerate() {
            places[place] = match self.plain_register(operand) {
                Some(register) => Operand::Register(register),
                None => match self.immediate(op, place, operand) {
                    Some(number) => Operand::Immediate(number),
                    None => {
                        next += 1;
                        Operand::Register(next - 1)
                    }
                },
            };
        }
        places
    }

    /// `(op x y z …)` for an operation that associates to the left: one instruction after another.
    fn folded_call(
        &mut self,
        node: NodeId,
        op: Op,
        operands: &[NodeId],
        destination: Destination,
        global: Option<GlobalId>,
    ) {
        let first = self.height;
        let count = operands.len();
        let place = self.place_of(node);
        for index in (1..count).rev() {
            let destination = if index + 1 == count {
                destination
            } else {
                Destination::Register(first)
            };
            let (x, y) = (
                Operand::Register(first),
                Operand::Register(first + index as u16),
            );
            self.tasks.push(Task::Operate(Operation {
                op,
                x,
                y,
                destination,
                place,
                global,
            }));
        }
        self.push_own_charge(node);
        self.tasks.push(Task::Height(first + count as u16));
        self.push_values(first, operands.iter().copied());
    }

    fn ternary_call(
        &mut self,
        node: NodeId,
        op: Op,
        operands: &[NodeId],
        destination: Destination,
        global: Option<GlobalId>,
    ) {
        let first = self.height;
        let place = self.place_of(node);
        let (x, y) = (Operand::Register(first), Operand::None);
        self.tasks.push(Task::Operate(Operation {
            op,
            x,
            y,
            destination,
            place,
            global,
        }));
        self.push_own_charge(node);
        self.tasks.push(Task::Height(first));
        self.push_values(first, operands.iter().copied());
    }

    fn direct_call(
        &mut self,
        node: NodeId,
        builtin: u32,
        operands: &[NodeId],
        destination: Destination,
        global: Option<GlobalId>,
    ) {
        let (first, count) = (self.height, operands.len());
        if first as usize + count + 8 > REGISTERS_MAX {
            return self.fail(if self.world.makes_dict(builtin) {
                "a dict with so many entries"
            } else {
                "a call with so many arguments"
            });
        }
        let place = self.place_of(node);
        let call = BuiltinCall {
            first,
            count,
            builtin,
            destination,
            place,
            global,
        };
        self.tasks.push(Task::CallBuiltin(call));
        self.push_own_charge(node);
        self.tasks.push(Task::Height(first));
        self.push_values(first, operands.iter().copied());
    }

    /// The number that an operand is, if the instruction can hold it.
    fn immediate(&self, op: Op, place: usize, operand: NodeId) -> Option<i16> {
        if place != 1 || immediate_op(op).or(branch_immediate_op(op)).is_none() {
            return None;
        }
        match &self.unit().nodes[operand as usize] {
            Node::Constant(literal) => match literal.datum() {
                Datum::Number(Number::Int(n)) => i16::try_from(*n).ok(),
                _ => None,
            },
            _ => None,
        }
    }

    pub(super) fn operate(&mut self, operation: Operation) {
        let Operation {
            op,
            x,
            y,
            destination,
            place,
            global,
        } = operation;
        self.place = place;
        let target = self.target(destination);
        let x = x.register();
        let word = match (y, immediate_op(op)) {
            (Operand::Immediate(n), Some(with_number)) => abc(with_number, target, x, n as u16),
            (Operand::Immediate(n), None) => {
                // The comparison has an immediate form only as a branch: the number goes to a register.
                let literal = Syntax::new(Datum::Number(Number::Int(i64::from(n))), place.span);
                let index = self.world.constant(&literal);
                let temporary = self.height.max(x.saturating_add(1)).max(target);
                self.highest = self.highest.max(temporary + 2);
                self.emit(wide(Op::Constant, temporary, index));
                abc(op, target, x, temporary)
            }
            _ => abc(op, target, x, y.register()),
        };
        self.note_inlined(global);
        self.emit(word);
        self.finish(target, destination);
    }

    pub(super) fn call_builtin(&mut self, call: BuiltinCall) {
        let BuiltinCall {
            first,
            count,
            builtin,
            destination,
            place,
            global,
        } = call;
        self.place = place;
        let target = self.target(destination);
        self.set_height(first as usize + count);
        self.set_height(first as usize);
        self.note_inlined(global);
        self.emit(abc(Op::CallBuiltin, first, count as u16, target));
        // Any builtin may collect, and then a call half prepared around it must hold nothing.
        let hole = self.hole.map_or(0, |hole| u64::from(hole) + 1);
        self.emit_extra(u64::from(builtin) | hole << 32);
        self.finish(target, destination);
    }

    /// Remembers the next instruction as a use of a builtin by a name that a program may redefine.
    pub(super) fn note_inlined(&mut self, global: Option<GlobalId>) {
        if let Some(global) = global {
            let place = self.code.words.len() as u32;
            self.code.inlined.entry(global).or_default().push(place);
        }
    }
}

fn is_arithmetic(op: Op) -> bool {
    matches!(op, Op::Add | Op::Sub | Op::Mul)
}

/// The form of an operation that takes a number in place of its second register.
fn immediate_op(op: Op) -> Option<Op> {
    match op {
        Op::Add => Some(Op::AddImm),
        Op::Sub => Some(Op::SubImm),
        _ => None,
    }
}

/// The operand count of an inlined instruction's builtin, and which registers hold its operands; used when a program redefines the name.
pub fn inlined_operands(word: u64) -> Option<Vec<Result<u16, i64>>> {
    let (a, b, c) = (o::a(word) as u16, o::b(word) as u16, o::c(word) as u16);
    let signed = |n: u16| i64::from(n as i16);
    Some(match Op::of(word) {
        Op::Not | Op::IsNull | Op::IsPair | Op::Car | Op::Cdr | Op::VectorLength => vec![Ok(b)],
        Op::AddImm | Op::SubImm => vec![Ok(b), Err(signed(c))],
        Op::VectorSet => vec![Ok(b), Ok(b + 1), Ok(b + 2)],
        Op::BranchFalse | Op::BranchTrue | Op::BranchNull | Op::BranchPair => vec![Ok(a)],
        op if op >= Op::BranchNumEqImm && op <= Op::BranchGreaterEqImm => {
            vec![Ok(a), Err(signed(b))]
        }
        op if op >= Op::BranchEqv && op <= Op::BranchGreaterEq => vec![Ok(a), Ok(b)],
        op if op >= Op::Add && op <= Op::StringRef => vec![Ok(b), Ok(c)],
        _ => return None,
    })
}
