//! What a procedure knows of itself: its name, its documentation, its source, its tests.

use super::control::Next;
use super::{Fault, Status, Vm};
use crate::codegen::Compiled;
use crate::core::{Lambda, LambdaId};
use crate::opcode::Op;
use crate::value::{Kind, Value};
use std::rc::Rc;

/// What can be asked.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Aspect {
    /// The name it was defined under, a symbol.
    Name,
    /// Its documentation, a string.
    Doc,
    /// The text it was written as, a string.
    Source,
    /// A list of pairs `(text . thunk)`.
    Tests,
}

impl Vm {
    /// Answers for the procedure in the first argument of the frame at `fp`; `#f` (for tests, the empty list) where there is nothing to tell.
    pub(super) fn inspect_argument(&mut self, aspect: Aspect) -> Option<Status> {
        let procedure = Value(self.machine.stack[self.machine.fp + 2]);
        let result = self.inspect(procedure, aspect);
        self.follow(result.map(Next::Return))
    }

    fn inspect(&mut self, procedure: Value, aspect: Aspect) -> Result<Value, Fault> {
        let nothing = if aspect == Aspect::Tests {
            Value::NIL
        } else {
            Value::FALSE
        };
        if let Some(index) = procedure.as_builtin() {
            let builtin = self.machine.builtins[index as usize];
            return match aspect {
                Aspect::Name => Ok(Value::symbol(self.machine.symbols.intern(builtin.name))),
                Aspect::Doc => self
                    .machine
                    .string(&format!("{}\n{}", builtin.signature, builtin.doc)),
                Aspect::Source | Aspect::Tests => Ok(nothing),
            };
        }
        if !self.machine.heap.is(procedure, Kind::Closure) {
            return Ok(nothing);
        }
        let Some((compiled, lambda)) = self.code_of(procedure) else {
            return Ok(nothing);
        };
        let info = &compiled.unit.lambdas[lambda as usize];
        match aspect {
            Aspect::Name => Ok(info.name.map_or(nothing, Value::symbol)),
            Aspect::Doc => match &info.doc {
                Some(doc) => {
                    let text = format!("{}\n{doc}", self.signature(&compiled, info));
                    self.machine.string(&text)
                }
                None => Ok(nothing),
            },
            Aspect::Source => {
                let text = self.machine.sources.slice(info.span).to_string();
                if text.is_empty() {
                    Ok(nothing)
                } else {
                    self.machine.string(&text)
                }
            }
            Aspect::Tests => Ok(tests_place(&compiled, lambda).map_or(nothing, |place| {
                self.machine.heap.field(procedure, 1 + place)
            })),
        }
    }

    /// The code of a closure; of a `case-lambda`, that of its first clause.
    fn code_of(&self, closure: Value) -> Option<(Rc<Compiled>, LambdaId)> {
        let mut closure = closure;
        let mut entry = self.machine.heap.field(closure, 0).fixnum_value() as usize;
        if Op::of(self.code.words[entry]) == Op::EnterCase {
            closure = self.machine.heap.field(closure, 1);
            entry = self.machine.heap.field(closure, 0).fixnum_value() as usize;
        }
        let block = self.code.block_at(entry as u32)?;
        (block.lambda < block.unit.unit.lambdas.len() as u32)
            .then(|| (block.unit.clone(), block.lambda))
    }

    /// How a procedure is called.
    fn signature(&self, compiled: &Compiled, lambda: &Lambda) -> String {
        let name = |variable: &u32| {
            self.machine
                .symbols
                .text(compiled.unit.variables[*variable as usize].name)
        };
        let mut text = String::from("(");
        text.push_str(
            lambda
                .name
                .map_or("procedure", |name| self.machine.symbols.text(name)),
        );
        for parameter in &lambda.parameters {
            text.push(' ');
            text.push_str(name(parameter));
        }
        if let Some(rest) = &lambda.rest {
            text.push(' ');
            text.push_str(name(rest));
            text.push_str(" …");
        }
        text.push(')');
        text
    }
}

/// Where a closure keeps its tests among its captured values.
fn tests_place(compiled: &Compiled, lambda: LambdaId) -> Option<usize> {
    let tests = compiled.unit.lambdas[lambda as usize].tests?;
    compiled.analysis.captures[lambda as usize]
        .iter()
        .position(|&variable| variable == tests)
}
