//! `eval` and `macroexpand`: an evaluation of one form, in the frame of the call that asks for it; and the worlds of names to evaluate in.

use super::control::Next;
use super::evaluation::Evaluation;
use super::{Fault, Outcome, Status, USER_ENVIRONMENT, Vm};
use crate::datum::{to_syntax, to_syntax_counted};
use crate::expand::{Environment, Expander, is_standard, library_name_text};
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
        let environment = self.interaction_environment();
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
        let number = self.last_evaluation + 1;
        let begun = self.hold_form(number);
        let begun = begun.and_then(|()| self.begin_form(number, &environment, make));
        match begun {
            Ok(()) => self.advance(number, Value::VOID),
            Err(fault) => self.fault(fault),
        }
    }

    /// The form and the environment are kept where the number of an evaluation stands: a continuation may need them again.
    fn hold_form(&mut self, number: u64) -> Result<(), Fault> {
        let m = &mut self.machine;
        m.ensure(4)?;
        let is_given = m.top > m.fp + 3;
        let (form, environment) = (m.stack[m.fp + 2], m.stack[m.fp + 3]);
        let environment = if is_given {
            Value(environment)
        } else {
            Value::FALSE
        };
        let fields = [Value::fixnum(number as i64), Value(form), environment];
        let holder = m.heap.object(Kind::Values, 0, &fields);
        m.stack[m.fp + 2] = holder.0;
        m.stack[m.fp + 3] = Value::fixnum(0).0;
        m.top = m.fp + 4;
        Ok(())
    }

    /// Begins the evaluation of the form held in the frame at `fp`.
    fn begin_form(
        &mut self,
        number: u64,
        environment: &Rc<Environment>,
        make: impl FnOnce(&Rc<Environment>, Syntax) -> Expander,
    ) -> Result<(), Fault> {
        let m = &mut self.machine;
        let form = m.heap.field(Value(m.stack[m.fp + 2]), 1);
        let opaques = m.opaques.len();
        let (form, words) = match to_syntax_counted(m, form, Span::NONE) {
            Ok(made) => made,
            Err(Some(fault)) => return Err(fault),
            Err(None) => {
                let message = "a circular list cannot be evaluated";
                return Err(m.error(":bad-syntax", message, &[]));
            }
        };
        let words = words + EVALUATION_WORDS;
        m.take_external(words)?;
        let expander = make(environment, form);
        let mut evaluation = Evaluation::new(environment.clone(), None, Some(expander));
        evaluation.taken = words;
        evaluation.opaques = opaques..self.machine.opaques.len();
        self.evaluations.insert(number, evaluation);
        self.last_evaluation = self.last_evaluation.max(number);
        Ok(())
    }

    /// Begins the evaluation of the form held in the frame at `fp` once more, after so many of its units.
    pub(super) fn evaluate_again(&mut self, number: u64, units: usize) -> Result<(), Fault> {
        let m = &self.machine;
        let environment = m.heap.field(Value(m.stack[m.fp + 2]), 2);
        let environment = self.environment_of(environment);
        self.begin_form(number, &environment, Expander::new)?;
        if let Some(evaluation) = self.evaluations.get_mut(&number) {
            evaluation.skipped = units;
        }
        Ok(())
    }

    /// `(%environment)`: a new world that knows how to import and nothing else. `(%environment world sets)`: the same world once it has imported
    /// these sets, and the memory that its names hold is taken note of. `(%environment sets)`: a new world with what these sets bring, if they
    /// are standard libraries that a world has imported before; else `#f`. Such worlds stand on one that holds the names.
    pub(super) fn environment_argument(&mut self) -> Option<Status> {
        let m = &self.machine;
        let result = match m.top - (m.fp + 2) {
            0 => self.new_environment(None),
            1 => self.known_environment(),
            _ => self.settle_environment(),
        };
        self.follow(result.map(Next::Return))
    }

    fn new_environment(&mut self, base: Option<Rc<Environment>>) -> Outcome {
        let m = &mut self.machine;
        m.take_external(ENVIRONMENT_WORDS)?;
        if let Err(fault) = m.ensure(2) {
            m.release_external(ENVIRONMENT_WORDS);
            return Err(fault);
        }
        for left in m.take_left_worlds() {
            self.environments[left] = self.user.clone();
            self.free_environments.push(left);
        }
        let world = match base {
            Some(base) => Environment::sharing(&base),
            None => Environment::for_sharing(&mut self.machine.symbols),
        };
        let number = match self.free_environments.pop() {
            Some(number) => {
                self.environments[number] = world;
                number
            }
            None => {
                self.environments.push(world);
                self.environments.len() - 1
            }
        };
        Ok(self.machine.enter_world(number, ENVIRONMENT_WORDS))
    }

    fn known_environment(&mut self) -> Outcome {
        let sets = self.standard_sets(0)?;
        let base = sets.and_then(|sets| self.standard_worlds.get(&sets).cloned());
        match base {
            Some(base) => self.new_environment(Some(base)),
            None => Ok(Value::FALSE),
        }
    }

    fn settle_environment(&mut self) -> Outcome {
        let count = self.argument_environment(0).names().len();
        let sets = self.standard_sets(1)?;
        let m = &mut self.machine;
        m.charge(NAME_FUEL * count as u64)?;
        m.take_external(count * NAME_WORDS)?;
        let world = Value(m.stack[m.fp + 2]);
        let number = m.heap.field(world, 0).fixnum_value() as usize;
        match sets {
            // What stands on another world, as one that was settled before and the user's do, stays.
            Some(sets) if self.environments[number].stands_alone() => {
                let base = self.environments[number].clone();
                self.environments[number] = Environment::sharing(&base);
                self.standard_worlds.insert(sets, base);
            }
            _ => m.enlarge_world(number, count * NAME_WORDS),
        }
        Ok(world)
    }

    /// The names of the libraries in an argument, a list of import sets, if they are standard ones all of them, and there is nothing else.
    fn standard_sets(&mut self, index: usize) -> Result<Option<String>, Fault> {
        let m = &mut self.machine;
        let opaques = m.opaques.len();
        let sets = Value(m.stack[m.fp + 2 + index]);
        let sets = to_syntax(m, sets, Span::NONE);
        m.opaques.truncate(opaques);
        let sets = match sets {
            Ok(sets) => sets,
            Err(Some(fault)) => return Err(fault),
            Err(None) => return Ok(None),
        };
        let mut names = String::new();
        for set in sets.as_list().unwrap_or(&[]) {
            self.pay_for_library_name(set)?;
            match library_name_text(set, &self.machine.symbols) {
                Some(name) if is_standard(&name) && !self.libraries.contains_key(&name) => {
                    names.push_str(&name);
                    names.push(',');
                }
                _ => return Ok(None),
            }
        }
        Ok(Some(names).filter(|names| !names.is_empty()))
    }

    fn argument_environment(&self, index: usize) -> Rc<Environment> {
        let m = &self.machine;
        let given = m.top.saturating_sub(m.fp + 2);
        let environment = if index < given {
            Value(m.stack[m.fp + 2 + index])
        } else {
            Value::FALSE
        };
        self.environment_of(environment)
    }

    fn environment_of(&self, environment: Value) -> Rc<Environment> {
        let m = &self.machine;
        match m.heap.kind(environment) {
            Some(Kind::Environment) => match m.heap.field(environment, 0).fixnum_value() as usize {
                USER_ENVIRONMENT => self.interaction_environment(),
                number => self.environments[number].clone(),
            },
            _ => self.interaction_environment(),
        }
    }

    /// Where the program at hand defines.
    fn interaction_environment(&self) -> Rc<Environment> {
        self.program.as_ref().unwrap_or(&self.user).clone()
    }
}
