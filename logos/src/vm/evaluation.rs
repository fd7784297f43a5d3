//! Evaluations: a text, or one form given to `eval`, worked off form by form: read, expand, compile, run.
//!
//! An evaluation is known to the running program only by its number, kept in a frame of the task it runs in, together with how far the text had
//! been read. So a continuation that re-enters an earlier form goes on with the forms after that one; of a form that is run in several units, as
//! a `begin` is, with its later units: the form is expanded once more, and those that had run already are passed over.

use super::compilation::Made;
use super::control::{Next, apply, push_stub};
use super::files::{Import, Wanted};
use super::transient::closure_words;
use super::{Bounds, Fault, Machine, State, Status, Vm, dispatch, dynamic, stack, stubs, tasks};
use crate::core::Unit;
use crate::datum::to_value;
use crate::expand::{Environment, Expander, Step, library_name_text, sees_only_imports};
use crate::reader::{Meter, Reader};
use crate::syntax::{SourceId, Span};
use crate::value::{Kind, Value};
use std::ops::Range;
use std::rc::Rc;

/// See the module's description.
#[derive(Debug)]
pub(super) struct Evaluation {
    environment: Rc<Environment>,
    /// The text, unless this is a form given to `eval`.
    pub(super) source: Option<SourceId>,
    position: usize,
    /// Where the form being worked off begins, and how many of its units were run or passed over.
    begins: usize,
    units: usize,
    /// How many units of the form are passed over.
    pub(super) skipped: usize,
    /// Where to go on after the unit that was run last.
    after: After,
    /// The form being worked off.
    pub(super) form: Span,
    fold_case: bool,
    pub(super) expander: Option<Expander>,
    /// Whether the text is a whole program, which may choose to see only what it imports.
    pub(super) whole_program: bool,
    /// What files it waits for.
    pub(super) wanted: Option<Wanted>,
    /// Whether it is that of an imported file.
    pub(super) import: Option<Import>,
    /// The macro whose procedure is running.
    pub(super) waiting_span: Span,
    /// Words held outside the heap by the expansion.
    pub(super) taken: usize,
    /// Which of the machine's values without a written form the form given to `eval` has.
    pub(super) opaques: Range<usize>,
    /// Whether it ends with its first form, whatever stands behind it.
    one_form: bool,
}

/// What it takes to go on in the middle of a form of an input that is over.
#[derive(Debug, Clone)]
pub(super) struct Over {
    environment: Rc<Environment>,
    source: SourceId,
    fold_case: bool,
}

/// The number of the main task of a procedure that came from elsewhere: there is no text.
pub(super) const NO_EVALUATION: u64 = 0;
/// Words counted for a library that is kept, and for each name that it gives away.
const LIBRARY_WORDS: usize = 60;
const EXPORT_WORDS: usize = 4;
/// What reading a byte of a program costs.
const CHARACTER_FUEL: u64 = 2;
/// What reading a datum of it costs besides.
const NODE_FUEL: u64 = 4;

impl Evaluation {
    /// Whether this is the program itself.
    fn is_main(&self) -> bool {
        self.source.is_some() && self.import.is_none()
    }

    pub(super) fn new(
        environment: Rc<Environment>,
        source: Option<SourceId>,
        expander: Option<Expander>,
    ) -> Evaluation {
        Evaluation {
            environment,
            source,
            position: 0,
            begins: 0,
            units: 0,
            skipped: 0,
            after: After(0),
            form: Span::NONE,
            fold_case: false,
            expander,
            whole_program: false,
            wanted: None,
            import: None,
            waiting_span: Span::NONE,
            taken: 0,
            opaques: 0..0,
            one_form: false,
        }
    }
}

/// What it costs to have read so many bytes of a program.
pub(super) fn reading_fuel(passed: usize, made: Meter) -> u64 {
    let fuel = CHARACTER_FUEL * passed as u64 + NODE_FUEL * made.nodes;
    fuel.saturating_add(made.work)
}

/// As much of a text as there may be fuel to read from `start` on, and a character more.
pub(super) fn affordable(text: &str, start: usize, fuel_left: u64) -> &str {
    let most = usize::try_from(fuel_left / CHARACTER_FUEL).unwrap_or(usize::MAX);
    let end = start.saturating_add(most).saturating_add(1);
    &text[..text.ceil_char_boundary(end)]
}

/// Where an evaluation goes on once a unit has run: from a place of the text, some units of the form there passed over. It is kept in a
/// frame as a fixnum.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct After(i64);

impl After {
    /// More units of one form than this are taken for its last.
    const UNITS_MAX: usize = (1 << 16) - 1;

    fn new(position: usize, units: usize) -> After {
        After((position as i64) << 16 | units as i64)
    }

    fn position(self) -> usize {
        (self.0 >> 16) as usize
    }

    fn units(self) -> usize {
        self.0 as usize & After::UNITS_MAX
    }
}

/// The number of an evaluation by what its frame holds: the number, or for a form of `eval` an object of number, form and environment.
fn number_of(m: &Machine, holder: Value) -> u64 {
    let number = match m.heap.kind(holder) {
        Some(Kind::Values) => m.heap.field(holder, 0),
        _ => holder,
    };
    number.fixnum_value() as u64
}

/// What to do after a step of an evaluation.
pub(super) enum Turn {
    Again,
    Run,
    Finish(Value),
}

impl Vm {
    /// Begins to evaluate a text in the user's world. What was waiting from before goes on as well.
    pub fn begin(&mut self, name: &str, text: &str, bounds: Bounds) {
        self.begin_in(name, text, bounds, super::USER_ENVIRONMENT);
    }

    /// The same for a whole program: one that begins by importing libraries sees nothing else.
    pub fn begin_program(&mut self, name: &str, text: &str, bounds: Bounds) {
        self.begin(name, text, bounds);
        if let Some(evaluation) = self.evaluations.get_mut(&self.last_evaluation) {
            evaluation.whole_program = true;
        }
    }

    /// The same in the library's own world, where the names that begin with `%` are known: for tests.
    pub fn begin_inside(&mut self, name: &str, text: &str, bounds: Bounds) {
        self.begin_in(name, text, bounds, 0);
    }

    pub(super) fn begin_in(&mut self, name: &str, text: &str, bounds: Bounds, environment: usize) {
        self.put_running_aside();
        let source = self.machine.sources.add(name, text);
        let environment = self.environments[environment].clone();
        self.program = None;
        self.begin_limits(bounds);
        let evaluation = Evaluation::new(environment, Some(source), None);
        let number = self.add_evaluation(evaluation);
        self.start_main_task(number);
    }

    /// A new evaluation's limits begin.
    pub(super) fn begin_limits(&mut self, bounds: Bounds) {
        self.condition = None;
        self.interrupted = false;
        self.whole_limit_out = false;
        let loaded = !self.is_loading();
        let m = &mut self.machine;
        m.settle_fuel();
        m.limits.restart(bounds.fuel, bounds.memory);
        m.gensyms = 0;
        m.settle_fuel();
        // What the library leaves is counted once, when it is whole.
        if loaded {
            m.restart_count();
        }
        m.reset_peak();
    }

    pub(super) fn add_evaluation(&mut self, evaluation: Evaluation) -> u64 {
        self.last_evaluation += 1;
        self.evaluations.insert(self.last_evaluation, evaluation);
        self.last_evaluation
    }

    /// The main task: a frame that runs one form after another.
    pub(super) fn start_main_task(&mut self, number: u64) {
        let m = &mut self.machine;
        (m.chain, m.fp, m.top) = (Value::NIL, 0, 0);
        m.dynamic = dynamic::root(m);
        m.task = tasks::new_task(m, Value::FALSE, true);
        m.main_task = m.task;
        m.stack[0] = Value::FALSE.0;
        m.stack[1] = dispatch::link(stack::UNDERFLOW_PC, 0);
        m.stack[2] = Value::fixnum(number as i64).0;
        m.stack[3] = Value::fixnum(0).0;
        m.stack[4] = Value::VOID.0;
        m.top = 5;
        m.pc = stubs::UNIT;
        self.state = State::Running;
        self.machine.main = Value::VOID;
    }

    /// A form gave a value to the frame at `fp` (see [`stubs::UNIT`]): the evaluation goes on.
    pub(super) fn unit_returned(&mut self) -> Option<Status> {
        let m = &mut self.machine;
        let holder = Value(m.stack[m.fp + 2]);
        let after = After(Value(m.stack[m.fp + 3]).fixnum_value());
        let value = Value(m.stack[m.fp + 4]);
        m.top = m.fp + 5;
        let number = number_of(m, holder);
        let known = self.evaluations.get_mut(&number);
        let is_as_it_was = known.as_ref().is_some_and(|it| it.after == after);
        match known {
            Some(_) if is_as_it_was => {}
            Some(evaluation) if evaluation.source.is_some() => {
                evaluation.position = after.position();
                evaluation.skipped = after.units();
                evaluation.expander = None;
            }
            // A form of `eval` has been left, and a continuation takes it up again.
            _ if m.heap.is(holder, Kind::Values) => {
                self.forget_evaluation(number);
                if after.units() == 0 {
                    self.return_value(value);
                    return None;
                }
                if let Err(fault) = self.evaluate_again(number, after.units()) {
                    return self.fault(fault);
                }
            }
            // The form belongs to an input that is over: after what is left of it, the prompt goes on with its next.
            _ if after.units() > 0 && self.inputs_over.contains_key(&number) => {
                self.finish_form_of(number, after);
            }
            // Who asked for the file has gone on, and cannot be asked again.
            _ if number != NO_EVALUATION && !self.inputs_over.contains_key(&number) => {
                let message = "this continuation belongs to a file or library that has been loaded";
                let fault = m.error(":not-allowed", message, &[]);
                return self.fault(fault);
            }
            _ => return Some(self.end_main(value)),
        }
        self.advance(number, value)
    }

    /// Has the rest of a form worked off whose input is over.
    fn finish_form_of(&mut self, number: u64, after: After) {
        let Some(over) = self.inputs_over.get(&number) else {
            return;
        };
        let mut rest = Evaluation::new(over.environment.clone(), Some(over.source), None);
        rest.position = after.position();
        rest.skipped = after.units();
        rest.fold_case = over.fold_case;
        rest.one_form = true;
        self.evaluations.insert(number, rest);
    }

    fn end_main(&mut self, value: Value) -> Status {
        self.machine.main = value;
        // The input, and one that is over whose form was finished in its place.
        let left = self.evaluations.iter().filter(|(_, it)| it.is_main());
        let left: Vec<u64> = left.map(|(number, _)| *number).collect();
        for number in left {
            self.forget_evaluation(number);
        }
        self.machine.main_task = Value::NIL;
        self.state = State::Between;
        let m = &mut self.machine;
        (m.chain, m.top, m.fp) = (Value::NIL, 0, 0);
        Status::Done
    }

    /// Works off an evaluation whose frame is at `fp` until something has to be run. `last` is the value so far.
    pub(super) fn advance(&mut self, number: u64, mut last: Value) -> Option<Status> {
        loop {
            self.machine.stack[self.machine.fp + 4] = last.0;
            self.machine.top = self.machine.fp + 5;
            let turn = self.step_evaluation(number);
            last = self.last_value();
            match turn {
                Ok(Turn::Again) => {}
                Ok(Turn::Run) => return None,
                Ok(Turn::Finish(value)) => {
                    let Some(ended) = self.forget_evaluation(number) else {
                        self.return_value(value);
                        return None;
                    };
                    if let Some(import) = ended.import {
                        self.end_import(import, &ended.environment);
                    } else if ended.source.is_some() {
                        return Some(self.end_main(value));
                    }
                    self.return_value(value);
                    return None;
                }
                Err(fault) => {
                    self.forget_evaluation(number);
                    return self.fault(fault);
                }
            }
        }
    }

    /// Ends an evaluation and gives back the words that its expansion held.
    pub(super) fn forget_evaluation(&mut self, number: u64) -> Option<Evaluation> {
        let ended = self.evaluations.remove(&number)?;
        self.machine.release_external(ended.taken);
        if let Some(source) = ended.source.filter(|_| ended.is_main()) {
            let over = Over {
                environment: ended.environment.clone(),
                source,
                fold_case: ended.fold_case,
            };
            self.inputs_over.insert(number, over);
        }
        Some(ended)
    }

    fn step_evaluation(&mut self, number: u64) -> Result<Turn, Fault> {
        let Some(step) = self.with_expander(number, |expander, host| expander.step(host)) else {
            return self.next_form(number);
        };
        match step.map_err(|error| self.expand_fault(error))? {
            Step::Unit { unit, last, aside } => self.unit_expanded(number, unit, last, aside),
            Step::CallMacro {
                transformer,
                operands,
                span,
            } => self
                .call_macro(number, transformer, &operands, span)
                .map(|()| Turn::Run),
            Step::Done => Ok(self.form_done(number)),
            Step::Pause => Ok(Turn::Again),
            Step::Expanded(syntax) => {
                let value = to_value(&mut self.machine, &syntax, false)?;
                self.machine.stack[self.machine.fp + 4] = value.0;
                Ok(Turn::Again)
            }
            Step::Include {
                paths,
                fold_case,
                span,
            } => {
                let bytes: usize = paths.iter().map(|path| path.len()).sum();
                self.machine.charge(bytes as u64 / 2)?;
                self.machine.ask_to_hold(bytes / 4)?;
                let paths = self.included_paths(number, &paths, span);
                let wanted = Wanted::Forms {
                    paths,
                    fold_case,
                    span,
                };
                self.ask_for_files(number, wanted).map(|()| Turn::Run)
            }
            Step::NeedLibrary { name } => self.provide_library(number, &name),
            Step::FindLibrary { name } => self.find_library(number, name),
            Step::Library { name, library } => {
                let words = self.pay_for_library_name(&name)?;
                let exports = library.exports_count();
                self.machine
                    .take_external(LIBRARY_WORDS + words + EXPORT_WORDS * exports)?;
                let evaluation = self.evaluations.get_mut(&number);
                if let Some(import) = evaluation.and_then(|it| it.import.as_mut()) {
                    import.defined = Some(library.clone());
                }
                if let Some(text) = library_name_text(&name, &self.machine.symbols) {
                    let text = match self.rights(number) {
                        Some(rights) => rights.own_name(&text),
                        None => text,
                    };
                    self.libraries.insert(text, library);
                }
                Ok(Turn::Again)
            }
        }
    }

    /// Runs a unit, unless it is one of those to be passed over. What the expansion itself needs is run each time.
    fn unit_expanded(
        &mut self,
        number: u64,
        unit: Unit,
        last: bool,
        aside: bool,
    ) -> Result<Turn, Fault> {
        if let Some(evaluation) = self.evaluations.get_mut(&number) {
            if !aside {
                evaluation.units += 1;
                if evaluation.units <= evaluation.skipped {
                    return Ok(Turn::Again);
                }
            }
            evaluation.after = if last || evaluation.units > After::UNITS_MAX {
                After::new(evaluation.position, 0)
            } else {
                After::new(evaluation.begins, evaluation.units)
            };
        }
        // The last unit of a form given to `eval` is in tail position, unless the expander has to be told that it was evaluated.
        let is_tail = last && !aside && self.is_done_but_for_a_value(number);
        self.run_unit(number, unit, is_tail).map(|()| Turn::Run)
    }

    /// Whether this is a form given to `eval`, and the unit expanded last defines nothing.
    fn is_done_but_for_a_value(&self, number: u64) -> bool {
        let Some(evaluation) = self.evaluations.get(&number) else {
            return false;
        };
        let expander = evaluation.expander.as_ref();
        evaluation.source.is_none() && expander.is_some_and(|it| !it.is_defining())
    }

    /// A form is expanded, compiled and run to its end.
    fn form_done(&mut self, number: u64) -> Turn {
        let value = self.last_value();
        let Some(evaluation) = self.evaluations.get_mut(&number) else {
            return Turn::Finish(value);
        };
        evaluation.expander = None;
        evaluation.skipped = 0;
        let taken = std::mem::take(&mut evaluation.taken);
        self.machine.release_external(taken);
        match evaluation.source {
            Some(_) if !evaluation.one_form => Turn::Again,
            _ => Turn::Finish(value),
        }
    }

    /// Reads the next form of an evaluation's text.
    fn next_form(&mut self, number: u64) -> Result<Turn, Fault> {
        let Some(evaluation) = self.evaluations.get(&number) else {
            return Ok(Turn::Finish(Value::VOID));
        };
        let Some(source) = evaluation.source else {
            return Ok(Turn::Finish(self.last_value()));
        };
        let mut position = evaluation.position;
        while self.is_loading()
            && let Some(after) = self.defer_definition(source, position)
        {
            position = after;
        }
        let Some(evaluation) = self.evaluations.get_mut(&number) else {
            return Ok(Turn::Finish(Value::VOID));
        };
        evaluation.position = position;
        let fuel_left = self.machine.fuel_left_paid()?;
        let text = self.machine.sources.source(source).text.clone();
        let start = evaluation.position;
        let text = affordable(&text, start, fuel_left);
        let limits = Meter {
            bytes: self.machine.memory_left(),
            nodes: fuel_left,
            work: fuel_left,
        };
        let (read, position, fold_case, made) = {
            let mut reader = Reader::new(text, source, &mut self.machine.symbols)
                .starting_at(start)
                .with_fold_case(evaluation.fold_case)
                .with_limits(limits);
            let read = reader.next();
            (read, reader.position(), reader.fold_case(), reader.made())
        };
        let passed = position.saturating_sub(start);
        self.machine.charge(reading_fuel(passed, made))?;
        let words = usize::try_from(made.bytes / 8).unwrap_or(usize::MAX / 16);
        self.machine.take_external(words)?;
        evaluation.taken += words;
        match read {
            Ok(Some(form)) => {
                let symbols = &mut self.machine.symbols;
                let is_first = std::mem::take(&mut evaluation.whole_program);
                if is_first && sees_only_imports(&form, symbols) {
                    evaluation.environment = Environment::for_imports(symbols);
                    if evaluation.import.is_none() {
                        self.program = Some(evaluation.environment.clone());
                    }
                }
                evaluation.begins = start;
                evaluation.units = 0;
                evaluation.position = position;
                evaluation.form = form.span();
                evaluation.fold_case = fold_case;
                evaluation.expander = Some(Expander::new(&evaluation.environment, form));
                Ok(Turn::Again)
            }
            Ok(None) => Ok(Turn::Finish(self.last_value())),
            Err(error) => Err(self.read_fault(error)),
        }
    }

    /// The value so far of the evaluation whose frame is at `fp`.
    fn last_value(&self) -> Value {
        Value(self.machine.stack[self.machine.fp + 4])
    }

    /// Compiles a unit and calls it in a frame above the evaluation's.
    fn run_unit(&mut self, number: u64, unit: Unit, is_tail: bool) -> Result<(), Fault> {
        let after = self.evaluations.get(&number).map_or(After(0), |e| e.after);
        // What was noted of earlier calls may be in code that is given up now.
        self.machine.left_at = None;
        self.machine.forget_passed_on();
        let given_up = self.machine.take_given_up();
        self.code.give_up(given_up);
        let made = self.compile_to_run(unit)?;
        let m = &mut self.machine;
        if is_tail {
            let ended = self.forget_evaluation(number);
            // Nothing but the constants of its code knows the form's values any more, if that is all it came to.
            let opaques = ended
                .filter(|it| it.units == 1 && made.own.is_some())
                .map(|it| it.opaques);
            if let Some(opaques) = opaques
                && opaques.end == self.machine.opaques.len()
            {
                self.machine.opaques.truncate(opaques.start);
            }
        } else {
            let holder = Value(m.stack[m.fp + 2]);
            push_stub(m, stubs::UNIT, &[holder, Value::fixnum(after.0)]);
        }
        let closure = self.closure_of(made)?;
        let next = apply(&mut self.machine, closure, &[]);
        self.begin_call(next);
        Ok(())
    }

    /// The procedure of a unit's top level.
    fn closure_of(&mut self, made: Made) -> Result<Value, Fault> {
        let m = &mut self.machine;
        let Some(own) = made.own else {
            m.ensure(2)?;
            let entry = Value::fixnum(i64::from(made.entry));
            return Ok(m.heap.object(Kind::Closure, 0, &[entry]));
        };
        match m.ensure(closure_words(&own)) {
            Ok(()) => Ok(m.enter_transient(own)),
            Err(fault) => {
                m.drop_transient(own);
                Err(fault)
            }
        }
    }

    /// Has what stands in the frame at `fp` called at the next turn.
    pub(super) fn begin_call(&mut self, next: Next) {
        if let Next::Apply(count) = next {
            self.state = State::Applying(count);
        }
    }

    /// The value of the last evaluation that ended with one.
    pub fn result(&self) -> Value {
        self.machine.main
    }
}
