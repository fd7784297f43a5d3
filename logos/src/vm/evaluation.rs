//! Evaluations: a text, or one form given to `eval`, worked off form by form: read, expand, compile, run.
//!
//! An evaluation is known to the running program only by its number, kept in a frame of the task it runs in, together with how far the text had
//! been read. So a continuation that re-enters an earlier form goes on with the forms after that one.

use super::control::{Next, apply, push_stub};
use super::report::Condition;
use super::world::{Compilation, Expansion};
use super::{Bounds, Fault, Machine, State, Status, Vm, dynamic, stack, stubs, tasks};
use crate::codegen::{TooBig, compile};
use crate::core::{GlobalId, Unit};
use crate::datum::{to_syntax, to_value};
use crate::expand::{
    Environment, ExpandError, Expander, Step, library_name_text, sees_only_imports,
    standard_library,
};
use crate::reader::{Meter, ReadError, ReadErrorKind, Reader};
use crate::syntax::{SourceId, Span, Syntax};
use crate::value::{Kind, Value};
use std::rc::Rc;

/// Words counted for each word of code, with what is kept beside it.
const CODE_WORDS_EACH: usize = 3;

/// See the module's description.
#[derive(Debug)]
pub(super) struct Evaluation {
    environment: Rc<Environment>,
    /// The text, unless this is a form given to `eval`.
    source: Option<SourceId>,
    position: usize,
    fold_case: bool,
    expander: Option<Expander>,
    /// Whether the text is a whole program, which may choose to see only what it imports.
    whole_program: bool,
    /// The macro whose procedure is running.
    waiting_span: Span,
    /// Words held outside the heap by the expansion.
    taken: usize,
}

/// What to do after a step of an evaluation.
enum Turn {
    Again,
    Run,
    Finish(Value),
}

impl Vm {
    /// Begins to evaluate a text in the user's world. What was waiting from before goes on as well.
    pub fn begin(&mut self, name: &str, text: &str, bounds: Bounds) {
        self.begin_in(name, text, bounds, 1);
    }

    /// The same for a whole program: one that begins by importing libraries sees nothing else.
    pub fn begin_program(&mut self, name: &str, text: &str, bounds: Bounds) {
        self.begin(name, text, bounds);
        if let Some(evaluation) = self.evaluations.get_mut(&self.last_evaluation) {
            evaluation.whole_program = true;
        }
    }

    pub(super) fn begin_in(&mut self, name: &str, text: &str, bounds: Bounds, environment: usize) {
        let source = self.machine.sources.add(name, text);
        let environment = self.environments[environment].clone();
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
        let m = &mut self.machine;
        m.settle_fuel();
        m.limits.restart(bounds.fuel, bounds.memory);
        m.gensyms = 0;
        m.settle_fuel();
        m.restart_count();
        m.reset_peak();
    }

    fn add_evaluation(&mut self, evaluation: Evaluation) -> u64 {
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
        m.stack[1] = super::dispatch::link(stack::UNDERFLOW_PC, 0);
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
        let number = Value(m.stack[m.fp + 2]).fixnum_value() as u64;
        let position = Value(m.stack[m.fp + 3]).fixnum_value() as usize;
        let value = Value(m.stack[m.fp + 4]);
        m.top = m.fp + 5;
        let Some(evaluation) = self.evaluations.get_mut(&number) else {
            // The form belongs to an input that is over: the prompt goes on with its next.
            return Some(self.end_main(value));
        };
        if evaluation.source.is_some() && evaluation.position != position {
            evaluation.position = position;
            evaluation.expander = None;
        }
        self.advance(number, value)
    }

    fn end_main(&mut self, value: Value) -> Status {
        self.machine.main = value;
        self.machine.main_task = Value::NIL;
        self.state = State::Between;
        let m = &mut self.machine;
        (m.chain, m.top, m.fp) = (Value::NIL, 0, 0);
        Status::Done
    }

    /// Works off an evaluation whose frame is at `fp` until something has to be run. `last` is the value so far.
    fn advance(&mut self, number: u64, mut last: Value) -> Option<Status> {
        loop {
            self.machine.stack[self.machine.fp + 4] = last.0;
            self.machine.top = self.machine.fp + 5;
            let turn = self.step_evaluation(number);
            last = Value(self.machine.stack[self.machine.fp + 4]);
            match turn {
                Ok(Turn::Again) => {}
                Ok(Turn::Run) => return None,
                Ok(Turn::Finish(value)) => {
                    let ended = self.evaluations.remove(&number);
                    let taken = ended.as_ref().map_or(0, |e| e.taken);
                    self.machine.release_external(taken);
                    if ended.is_some_and(|e| e.source.is_some()) {
                        return Some(self.end_main(value));
                    }
                    self.return_value(value);
                    return None;
                }
                Err(fault) => {
                    if let Some(ended) = self.evaluations.remove(&number) {
                        self.machine.release_external(ended.taken);
                    }
                    return self.fault(fault);
                }
            }
        }
    }

    fn step_evaluation(&mut self, number: u64) -> Result<Turn, Fault> {
        let Some(evaluation) = self.evaluations.get_mut(&number) else {
            return Ok(Turn::Finish(Value::VOID));
        };
        let Some(expander) = evaluation.expander.as_mut() else {
            return self.next_form(number);
        };
        let mut host = Expansion {
            machine: &mut self.machine,
            known_builtins: &mut self.known_builtins,
            internals: &self.internals,
            origins: &mut self.origins,
            taken: 0,
        };
        let step = expander.step(&mut host);
        evaluation.taken += host.taken;
        match step {
            Ok(Step::Unit { unit, last: _ }) => self.run_unit(number, unit).map(|()| Turn::Run),
            Ok(Step::CallMacro {
                transformer,
                operands,
                span,
            }) => self
                .call_macro(number, transformer, &operands, span)
                .map(|()| Turn::Run),
            Ok(Step::Done) => {
                let taken = std::mem::take(&mut evaluation.taken);
                evaluation.expander = None;
                self.machine.release_external(taken);
                let finished = evaluation.source.is_none();
                let value = Value(self.machine.stack[self.machine.fp + 4]);
                Ok(if finished {
                    Turn::Finish(value)
                } else {
                    Turn::Again
                })
            }
            Ok(Step::Pause) => Ok(Turn::Again),
            Ok(Step::Expanded(syntax)) => {
                let value = to_value(&mut self.machine, &syntax, false)?;
                self.machine.stack[self.machine.fp + 4] = value.0;
                Ok(Turn::Again)
            }
            Ok(Step::Include { span, .. }) => {
                Err(self.syntax_fault(":not-allowed", "there are no files to include here", span))
            }
            Ok(Step::NeedLibrary { name }) => {
                self.provide_library(number, &name).map(|()| Turn::Again)
            }
            Ok(Step::Library { name, library }) => {
                if let Some(text) = library_name_text(&name, &self.machine.symbols) {
                    self.libraries.insert(text, library);
                }
                Ok(Turn::Again)
            }
            Err(error) => Err(self.expand_fault(error)),
        }
    }

    /// Reads the next form of an evaluation's text.
    fn next_form(&mut self, number: u64) -> Result<Turn, Fault> {
        let Some(evaluation) = self.evaluations.get_mut(&number) else {
            return Ok(Turn::Finish(Value::VOID));
        };
        let last = Value(self.machine.stack[self.machine.fp + 4]);
        let Some(source) = evaluation.source else {
            return Ok(Turn::Finish(last));
        };
        let text = self.machine.sources.source(source).text.clone();
        let start = evaluation.position;
        let limits = Meter {
            bytes: self.machine.memory_left(),
            ..Meter::UNLIMITED
        };
        let (read, position, fold_case, made) = {
            let mut reader = Reader::new(&text, source, &mut self.machine.symbols)
                .starting_at(start)
                .with_fold_case(evaluation.fold_case)
                .with_limits(limits);
            let read = reader.next();
            (read, reader.position(), reader.fold_case(), reader.made())
        };
        self.machine.charge(made.nodes)?;
        let words = usize::try_from(made.bytes / 8).unwrap_or(usize::MAX / 16);
        self.machine.take_external(words)?;
        evaluation.taken += words;
        match read {
            Ok(Some(form)) => {
                let symbols = &mut self.machine.symbols;
                if start == 0 && evaluation.whole_program && sees_only_imports(&form, symbols) {
                    evaluation.environment = Environment::for_imports(symbols);
                }
                evaluation.position = position;
                evaluation.fold_case = fold_case;
                evaluation.expander = Some(Expander::new(&evaluation.environment, form));
                Ok(Turn::Again)
            }
            Ok(None) => Ok(Turn::Finish(last)),
            Err(error) => Err(self.read_fault(error)),
        }
    }

    /// Gives an expander the library it asks for.
    fn provide_library(&mut self, number: u64, name: &Syntax) -> Result<(), Fault> {
        let known = library_name_text(name, &self.machine.symbols)
            .and_then(|text| self.libraries.get(&text).cloned());
        let library = known.or_else(|| {
            standard_library(name, &self.library, &mut self.machine.symbols).map(Rc::new)
        });
        let Some(library) = library else {
            return Err(self.syntax_fault(
                ":not-found",
                "there is no library of that name",
                name.span(),
            ));
        };
        let Some(evaluation) = self.evaluations.get_mut(&number) else {
            return Ok(());
        };
        let Some(expander) = evaluation.expander.as_mut() else {
            return Ok(());
        };
        let mut host = Expansion {
            machine: &mut self.machine,
            known_builtins: &mut self.known_builtins,
            internals: &self.internals,
            origins: &mut self.origins,
            taken: 0,
        };
        let resumed = expander.resume_library(library, &mut host);
        evaluation.taken += host.taken;
        resumed.map_err(|error| self.expand_fault(error))
    }

    /// Compiles a unit and calls it in a frame above the evaluation's.
    fn run_unit(&mut self, number: u64, unit: Unit) -> Result<(), Fault> {
        let position = self.evaluations.get(&number).map_or(0, |e| e.position);
        let entry = self.compile(unit)?;
        let m = &mut self.machine;
        push_stub(
            m,
            stubs::UNIT,
            &[Value::fixnum(number as i64), Value::fixnum(position as i64)],
        );
        m.ensure(2)?;
        let closure = m
            .heap
            .object(Kind::Closure, 0, &[Value::fixnum(i64::from(entry))]);
        let next = apply(m, closure, &[]);
        self.begin_call(next);
        Ok(())
    }

    pub(super) fn begin_call(&mut self, next: Next) {
        if let Next::Apply(count) = next {
            self.state = State::Applying(count);
        }
    }

    pub(crate) fn compile(&mut self, unit: Unit) -> Result<u32, Fault> {
        self.machine.charge(unit.nodes.len() as u64)?;
        let before = self.code.words.len();
        let blocks_before = self.code.blocks.len();
        let mut world = Compilation {
            machine: &mut self.machine,
            known_builtins: &self.known_builtins,
            small_constants: &mut self.small_constants,
            fault: None,
        };
        let compiled = compile(&mut self.code, &mut world, unit);
        if let Some(fault) = world.fault {
            return Err(fault);
        }
        match compiled {
            Ok(entry) => {
                let words = CODE_WORDS_EACH * (self.code.words.len() - before);
                self.machine.take_external(words)?;
                self.note_names(blocks_before);
                Ok(entry)
            }
            Err(TooBig { what, span }) => Err(self.syntax_fault(
                ":too-big",
                &format!("{what} is too big to be compiled"),
                span,
            )),
        }
    }

    /// Lets the machine know the names of the procedures compiled since there were so many.
    fn note_names(&mut self, blocks_before: usize) {
        for block in &self.code.blocks[blocks_before..] {
            let lambda = block.unit.unit.lambdas.get(block.lambda as usize);
            if let Some(name) = lambda.and_then(|lambda| lambda.name) {
                self.machine.procedure_names.push((block.entry, name));
            }
        }
    }

    /// Applies a macro's procedure to the operands of a use.
    fn call_macro(
        &mut self,
        number: u64,
        transformer: GlobalId,
        operands: &[Syntax],
        span: Span,
    ) -> Result<(), Fault> {
        if let Some(evaluation) = self.evaluations.get_mut(&number) {
            evaluation.waiting_span = span;
        }
        let m = &mut self.machine;
        let kept = m.temporaries.len();
        for operand in operands {
            let value = to_value(m, operand, false);
            match value {
                Ok(value) => m.temporaries.push(value),
                Err(fault) => {
                    m.temporaries.truncate(kept);
                    return Err(fault);
                }
            }
        }
        let arguments = m.temporaries.split_off(kept);
        // The evaluation's own frame stays as it is below; the macro's result comes to a frame of its own above it.
        let above = m.top;
        let delta = above - m.fp;
        m.fp = above;
        m.stack[m.fp] = Value::FALSE.0;
        m.stack[m.fp + 1] = super::dispatch::link(stubs::UNIT, delta);
        push_stub(m, stubs::TRANSFORMER, &[Value::fixnum(number as i64)]);
        let procedure = m.globals[transformer.0 as usize];
        let next = apply(m, procedure, &arguments);
        self.begin_call(next);
        Ok(())
    }

    /// A macro's procedure gave its result: see [`stubs::TRANSFORMER`].
    pub(super) fn transformer_returned(&mut self) -> Option<Status> {
        let m = &mut self.machine;
        let number = Value(m.stack[m.fp + 2]).fixnum_value() as u64;
        let value = Value(m.stack[m.fp + 3]);
        m.top = m.fp + 4;
        let span = self
            .evaluations
            .get(&number)
            .map_or(Span::NONE, |e| e.waiting_span);
        let resumed = to_syntax(m, value, span);
        let resumed = match resumed {
            Ok(syntax) => self.resume_expander(number, syntax),
            Err(Some(fault)) => Err(fault),
            Err(None) => {
                Err(self
                    .machine
                    .error(":bad-syntax", "a macro gave a circular list", &[]))
            }
        };
        // Back to the evaluation's frame, below.
        let m = &mut self.machine;
        m.fp -= super::dispatch::link_delta(m.stack[m.fp + 1]);
        let last = Value(m.stack[m.fp + 4]);
        match resumed {
            Ok(()) => self.advance(number, last),
            Err(fault) => {
                m.top = m.fp + 5;
                self.evaluations.remove(&number);
                self.fault(fault)
            }
        }
    }

    fn resume_expander(&mut self, number: u64, syntax: Syntax) -> Result<(), Fault> {
        let Some(evaluation) = self.evaluations.get_mut(&number) else {
            return Err(self.machine.error(
                ":not-allowed",
                "this macro use has been expanded already",
                &[],
            ));
        };
        let Some(expander) = evaluation.expander.as_mut().filter(|e| e.is_waiting()) else {
            return Err(self.machine.error(
                ":not-allowed",
                "this macro use has been expanded already",
                &[],
            ));
        };
        let mut host = Expansion {
            machine: &mut self.machine,
            known_builtins: &mut self.known_builtins,
            internals: &self.internals,
            origins: &mut self.origins,
            taken: 0,
        };
        let resumed = expander.resume(syntax, &mut host);
        evaluation.taken += host.taken;
        resumed.map_err(|error| self.expand_fault(error))
    }

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

    fn evaluate_form(
        &mut self,
        environment: Rc<Environment>,
        make: impl FnOnce(&Rc<Environment>, Syntax) -> Expander,
    ) -> Option<Status> {
        let m = &mut self.machine;
        let form = Value(m.stack[m.fp + 2]);
        let form = match to_syntax(m, form, Span::NONE) {
            Ok(form) => form,
            Err(Some(fault)) => return self.fault(fault),
            Err(None) => {
                let fault = m.error(":bad-syntax", "a circular list cannot be evaluated", &[]);
                return self.fault(fault);
            }
        };
        let expander = make(&environment, form);
        let number = self.add_evaluation(Evaluation::new(environment, None, Some(expander)));
        let m = &mut self.machine;
        m.stack[m.fp + 2] = Value::fixnum(number as i64).0;
        m.stack[m.fp + 3] = Value::fixnum(0).0;
        self.advance(number, Value::VOID)
    }

    // ---- errors ----

    fn syntax_fault(&mut self, kind: &str, message: &str, span: Span) -> Fault {
        let fault = self.machine.error(kind, message, &[]);
        self.machine.set_error_span(span);
        fault
    }

    fn expand_fault(&mut self, error: ExpandError) -> Fault {
        use crate::expand::ErrorKind;
        let kind = match error.kind {
            ErrorKind::Host(host) => return host.into(),
            ErrorKind::BadSyntax => ":bad-syntax",
            ErrorKind::UnknownName => ":unknown-name",
            ErrorKind::User => ":user",
        };
        let message = with_hint(&error.message, error.hint.as_deref());
        let irritants = error
            .irritants
            .iter()
            .map(|i| to_value(&mut self.machine, i, false));
        let irritants: Vec<Value> = irritants.collect::<Result<_, _>>().unwrap_or_default();
        let irritants = if irritants.iter().any(|v| v.is_reference()) {
            Vec::new()
        } else {
            irritants
        };
        let fault = self.machine.error(kind, &message, &irritants);
        self.machine.set_error_span(error.span);
        fault
    }

    fn read_fault(&mut self, error: ReadError) -> Fault {
        if matches!(error.kind, ReadErrorKind::TooBig) {
            // The reader was given what memory is left.
            return Fault::MemoryExhausted;
        }
        self.syntax_fault(
            ":bad-syntax",
            &with_hint(&error.message, error.hint.as_deref()),
            error.span,
        )
    }

    /// The value of the last evaluation that ended with one.
    pub fn result(&self) -> Value {
        self.machine.main
    }

    /// The condition behind a raised value, with where it happened.
    pub(super) fn condition_of(&mut self, raised: Value) -> Condition {
        Condition::raised(&self.machine, raised)
    }
}

fn with_hint(message: &str, hint: Option<&str>) -> String {
    match hint {
        Some(hint) => format!("{message} {hint}"),
        None => message.to_string(),
    }
}

impl Evaluation {
    fn new(
        environment: Rc<Environment>,
        source: Option<SourceId>,
        expander: Option<Expander>,
    ) -> Evaluation {
        Evaluation {
            environment,
            source,
            position: 0,
            fold_case: false,
            expander,
            whole_program: false,
            waiting_span: Span::NONE,
            taken: 0,
        }
    }
}

impl Machine {
    /// Sets where the error being raised happened.
    pub(crate) fn set_error_span(&mut self, span: Span) {
        if span.is_none() || self.ensure(4).is_err() {
            return;
        }
        let fields = [
            i64::from(span.source.0),
            i64::from(span.start),
            i64::from(span.end),
        ]
        .map(Value::fixnum);
        let place = self.heap.object(Kind::Vector, 0, &fields);
        self.heap
            .set_field(self.raised, super::report::fields::SPAN, place);
    }
}
