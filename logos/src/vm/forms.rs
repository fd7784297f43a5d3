//! `eval` and `macroexpand`: an evaluation of one form, in the frame of the call that asks for it; and the worlds of names to evaluate in.

use super::control::Next;
use super::evaluation::Evaluation;
use super::{Outcome, Status, Vm};
use crate::datum::to_syntax_counted;
use crate::expand::{Environment, Expander};
use crate::syntax::{Span, Syntax};
use crate::value::{Kind, Value};
use std::rc::Rc;

/// Words counted for an evaluation, beside its form.
const EVALUATION_WORDS: usize = 64;
/// Words counted for a world of names.
const ENVIRONMENT_WORDS: usize = 64;
/// What taking note of a name in one costs.
const NAME_FUEL: u64 = 8;
/// Words counted for a name in one.
const NAME_WORDS: usize = 12;

impl Vm {
    /// `(eval form [environment])`: the frame at `fp` holds the arguments.
    pub(super) fn evaluate_argument(&mut self) -> Option<Status> {
        let environment = self.argument_environment(1);
        self.evaluate_form(environment, |environment, form| {
            Expander::new(environment, form)
        })
    }

    /// `(macroexpand form)`, `(macroexpand-1 form)`.
    pub(super) fn expand_argument(&mut self, once: bool) -> Option<Status> {
        let environment = self.user.clone();
        self.evaluate_form(environment, |environment, form| {
            if once {
                Expander::macroexpand_1(environment, form)
            } else {
                Expander::macroexpand(environment, form)
            }
        })
    }

    fn evaluate_form(
        &mut self,
        environment: Rc<Environment>,
        make: impl FnOnce(&Rc<Environment>, Syntax) -> Expander,
    ) -> Option<Status> {
        let m = &mut self.machine;
        let form = Value(m.stack[m.fp + 2]);
        let (form, words) = match to_syntax_counted(m, form, Span::NONE) {
            Ok(made) => made,
            Err(Some(fault)) => return self.fault(fault),
            Err(None) => {
                let fault = m.error(":bad-syntax", "a circular list cannot be evaluated", &[]);
                return self.fault(fault);
            }
        };
        let words = words + EVALUATION_WORDS;
        if let Err(fault) = m.take_external(words) {
            return self.fault(fault);
        }
        let expander = make(&environment, form);
        let mut evaluation = Evaluation::new(environment, None, Some(expander));
        evaluation.taken = words;
        let number = self.add_evaluation(evaluation);
        let m = &mut self.machine;
        m.stack[m.fp + 2] = Value::fixnum(number as i64).0;
        m.stack[m.fp + 3] = Value::fixnum(0).0;
        self.advance(number, Value::VOID)
    }

    /// `(%environment)`: a new world that knows how to import and nothing else. `(%environment world)`: the same world, once the memory that
    /// its names hold is taken note of. A world lasts as long as the machine: code of it may be run at any time.
    pub(super) fn environment_argument(&mut self) -> Option<Status> {
        let m = &self.machine;
        let given = m.top > m.fp + 2;
        let result = if given {
            self.settle_environment()
        } else {
            self.new_environment()
        };
        self.follow(result.map(Next::Return))
    }

    fn new_environment(&mut self) -> Outcome {
        let m = &mut self.machine;
        m.take_external(ENVIRONMENT_WORDS)?;
        m.ensure(2)?;
        let number = Value::fixnum(self.environments.len() as i64);
        self.environments
            .push(Environment::for_imports(&mut m.symbols));
        Ok(m.heap.object(Kind::Environment, 0, &[number]))
    }

    fn settle_environment(&mut self) -> Outcome {
        let count = self.argument_environment(0).names().len();
        let m = &mut self.machine;
        m.charge(NAME_FUEL * count as u64)?;
        m.take_external(count * NAME_WORDS)?;
        Ok(Value(m.stack[m.fp + 2]))
    }

    fn argument_environment(&self, index: usize) -> Rc<Environment> {
        let m = &self.machine;
        let given = m.top.saturating_sub(m.fp + 2);
        let environment = if index < given {
            Value(m.stack[m.fp + 2 + index])
        } else {
            Value::FALSE
        };
        match m.heap.kind(environment) {
            Some(Kind::Environment) => {
                self.environments[m.heap.field(environment, 0).fixnum_value() as usize].clone()
            }
            _ => self.user.clone(),
        }
    }
}
