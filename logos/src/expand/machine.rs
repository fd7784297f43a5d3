//! The machine: an explicit stack of tasks that turns syntax into the nodes of a unit.
//!
//! Owns the stack of tasks, references, calls and the uses of macros. The special forms
//! schedule tasks in the order in which they shall run, like a program in postfix: first the tasks that make
//! the parts, then the [`Build`] that puts them together.

use super::assembly::{Assembly, Build};
use super::environment::{Binding, Environment, Library, Saved};
use super::macros::{Macro, Transformer};
use super::scope::{Env, Frame, Identifier, Meaning};
use super::specials::Kind;
use super::task::{Destination, Hint, Task, Use, sequence};
use super::{ExpandError, Host, Step};
use super::{library, message, quasiquote, rules, strip};
use crate::core::VariableId;
use crate::symbol::Symbol;
use crate::syntax::Place;
use crate::syntax::{Datum, Syntax};
use std::collections::BTreeMap;
use std::fmt;
use std::rc::Rc;

/// Expands one form given to a world; see the module's documentation for the order of calls.
pub struct Expander {
    tasks: Vec<Task>,
    /// The largest number of tasks that memory was charged for.
    tasks_paid: usize,
    assembly: Assembly,
    /// Units set aside while the transformer of an inner `defmacro` is made.
    aside: Vec<Assembly>,
    /// What waits for an answer of the caller.
    waiting: Option<Waiting>,
    /// Scopes that hold macros defined in them: emptied at the end, or they would keep each other alive.
    frames: Vec<Rc<Frame>>,
    /// What top-level definitions of the unit being made have hidden.
    hidden: Vec<(Rc<Environment>, Symbol, Saved)>,
    /// Whether the last step was a unit: the next one says that it was evaluated.
    emitted: bool,
    /// Which libraries there are, of those asked for by [`Step::FindLibrary`].
    found: BTreeMap<String, bool>,
}

enum Waiting {
    Macro {
        destination: Destination,
        env: Env,
        place: Place,
        /// Identifiers that the macro sees as symbols of their own.
        renamed: strip::Renamed,
    },
    Include {
        destination: Destination,
        env: Env,
        place: Place,
    },
}

/// What running a task gives: a step for the caller, or nothing yet.
pub(crate) type Flow = Result<Option<Step>, ExpandError>;

/// Bytes of memory charged for each task waiting.
const TASK_BYTES: u64 = 80;
/// Tasks run between two questions whether to pause.
const PAUSE_INTERVAL: u32 = 64;

impl fmt::Debug for Expander {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Expander({} tasks)", self.tasks.len())
    }
}

impl Drop for Expander {
    fn drop(&mut self) {
        self.clear_frames();
        self.undo_definitions();
    }
}

impl Expander {
    /// An expander of one top-level form in a world.
    pub fn new(world: &Rc<Environment>, form: Syntax) -> Expander {
        Expander::with(Task::Top(form, Env::top(world)))
    }

    /// An expander that only applies the macro at the head of the form, again and again until there is
    /// none, and gives [`Step::Expanded`].
    pub fn macroexpand(world: &Rc<Environment>, form: Syntax) -> Expander {
        Expander::with(Task::Answer(form, Env::top(world), u64::MAX))
    }

    /// The same, one macro only.
    pub fn macroexpand_1(world: &Rc<Environment>, form: Syntax) -> Expander {
        Expander::with(Task::Answer(form, Env::top(world), 1))
    }

    fn with(task: Task) -> Expander {
        Expander {
            tasks: vec![task],
            tasks_paid: 1,
            assembly: Assembly::default(),
            aside: Vec::new(),
            waiting: None,
            frames: Vec::new(),
            hidden: Vec::new(),
            emitted: false,
            found: BTreeMap::new(),
        }
    }

    /// Goes on to the next thing the caller has to do.
    pub fn step(&mut self, host: &mut dyn Host) -> Result<Step, ExpandError> {
        if std::mem::take(&mut self.emitted) {
            self.hidden.clear();
        }
        self.run(host).inspect_err(|_| {
            self.tasks.clear();
            self.undo_definitions();
        })
    }

    /// Brings back what definitions hid that were never evaluated to their end.
    fn undo_definitions(&mut self) {
        for (world, name, saved) in self.hidden.drain(..).rev() {
            world.restore(name, saved);
        }
    }

    /// Whether it has defined something that it does not know to be evaluated.
    pub fn is_defining(&self) -> bool {
        !self.hidden.is_empty()
    }

    /// Whether it waits for [`Expander::resume`].
    pub fn is_waiting(&self) -> bool {
        self.waiting.is_some()
    }

    /// Gives the answer to [`Step::CallMacro`] or [`Step::Include`].
    pub fn resume(&mut self, answer: Syntax, host: &mut dyn Host) -> Result<(), ExpandError> {
        let waiting = self
            .waiting
            .take()
            .expect("resume answers a step that asked");
        match waiting {
            Waiting::Macro {
                destination,
                env,
                place,
                renamed,
            } => {
                let form = strip::restore(&answer, &renamed, place, host)?;
                self.deliver(destination, form, env);
            }
            Waiting::Include {
                destination,
                env,
                place,
            } => {
                let forms = answer.as_list().unwrap_or(&[]);
                self.deliver_all(destination, forms, &env, place)?;
            }
        }
        Ok(())
    }

    /// Gives the answer to [`Step::NeedLibrary`].
    pub fn resume_library(
        &mut self,
        library: Rc<Library>,
        host: &mut dyn Host,
    ) -> Result<(), ExpandError> {
        match self.tasks.last_mut() {
            Some(Task::Import(import)) => import.found(library, host),
            _ => unreachable!("resume_library answers a step that asked"),
        }
    }

    /// Whether there is a library that is not one of the standard ones, as far as that is known.
    pub(crate) fn has_library(&self, name: &str, host: &mut dyn Host) -> Option<bool> {
        let known = host.has_library(name);
        known.or_else(|| self.found.get(name).copied())
    }

    /// Gives the answer to [`Step::FindLibrary`].
    pub fn resume_found(&mut self, name: String, is_there: bool) {
        self.found.insert(name, is_there);
    }

    fn run(&mut self, host: &mut dyn Host) -> Result<Step, ExpandError> {
        let mut until_pause = PAUSE_INTERVAL;
        loop {
            until_pause -= 1;
            if until_pause == 0 {
                until_pause = PAUSE_INTERVAL;
                if host.pause() {
                    return Ok(Step::Pause);
                }
            }
            let Some(task) = self.tasks.pop() else {
                return Ok(Step::Done);
            };
            host.spend(1)?;
            let step = self.run_task(task, host)?;
            if self.tasks.len() > self.tasks_paid {
                host.charge_memory((self.tasks.len() - self.tasks_paid) as u64 * TASK_BYTES)?;
                self.tasks_paid = self.tasks.len();
            }
            if let Some(step) = step {
                return Ok(step);
            }
        }
    }

    fn run_task(&mut self, task: Task, host: &mut dyn Host) -> Flow {
        match task {
            Task::Top(form, env) => self.top(form, env, host),
            Task::Expression(form, env, hint) => self.expression(form, env, hint, host),
            Task::Body(body) => body.scan(self, host),
            Task::Procedure(procedure) => procedure.expand(self, host),
            Task::Library(library) => library.declare(self, host),
            Task::Import(import) => import.resolve(self, host),
            Task::CondExpand(it) => library::cond_expand(self, it.0, it.1, host),
            Task::Build(build, place) => self.assembly.build(build, place, host).map(|()| None),
            Task::Answer(form, env, left) => self.answer(form, env, left, host),
            Task::Include(env, place, paths, fold_case) => Ok(Some(self.include(
                Destination::Top,
                env,
                place,
                paths,
                fold_case,
            ))),
            Task::Emit => Ok(Some(self.emit())),
            Task::EmitAside => Ok(Some(self.emit_aside())),
        }
    }

    /// Puts tasks before all others; they run in the order given.
    pub(crate) fn schedule(&mut self, tasks: impl IntoIterator<Item = Task>) {
        let from = self.tasks.len();
        self.tasks.extend(tasks);
        self.tasks[from..].reverse();
    }

    fn emit(&mut self) -> Step {
        self.clear_frames();
        self.emitted = true;
        Step::Unit {
            unit: std::mem::take(&mut self.assembly).finish(),
            last: self.tasks.is_empty(),
            aside: false,
        }
    }

    fn clear_frames(&mut self) {
        for frame in self.frames.drain(..) {
            frame.clear();
        }
    }

    /// Begins a unit of its own in the middle of another.
    pub(crate) fn set_aside(&mut self, host: &mut dyn Host) -> Result<(), ExpandError> {
        let inner = self.assembly.inner(host)?;
        self.aside
            .push(std::mem::replace(&mut self.assembly, inner));
        Ok(())
    }

    fn emit_aside(&mut self) -> Step {
        let outer = self.aside.pop().expect("set_aside came before");
        let inner = std::mem::replace(&mut self.assembly, outer);
        Step::Unit {
            unit: inner.finish(),
            last: false,
            aside: true,
        }
    }

    /// A new local variable of the unit.
    pub(crate) fn variable(&mut self, name: Symbol) -> VariableId {
        self.assembly.variable(name)
    }

    /// Keeps in mind that a macro was defined in this scope.
    pub(crate) fn holds_macros(&mut self, env: &Env) {
        self.frames.extend(env.frame.clone());
    }

    /// Remembers what a top-level definition is about to hide, in case it fails.
    pub(crate) fn about_to_define(&mut self, world: &Rc<Environment>, name: Symbol) {
        self.hidden.push((world.clone(), name, world.save(name)));
    }

    fn answer(&mut self, form: Syntax, env: Env, left: u64, host: &mut dyn Host) -> Flow {
        match head(&form, &env, host)? {
            Some(Binding::Macro(it)) if left > 0 => {
                self.use_macro(&it, form, env, Destination::Answer(left - 1), host)
            }
            _ => Ok(Some(Step::Expanded(strip::readable(&form, &env, host)?))),
        }
    }

    fn top(&mut self, form: Syntax, env: Env, host: &mut dyn Host) -> Flow {
        match head(&form, &env, host)? {
            Some(Binding::Special(special)) => match special.kind {
                Kind::Definition(expand) | Kind::Splicing(expand) => {
                    let it = Use::new(special, form, env, Hint::default(), host)?;
                    return expand(self, it, Destination::Top, host);
                }
                _ => {}
            },
            Some(Binding::Macro(it)) => {
                return self.use_macro(&it, form, env, Destination::Top, host);
            }
            _ => {}
        }
        self.schedule([Task::Expression(form, env, Hint::default()), Task::Emit]);
        Ok(None)
    }

    fn expression(&mut self, form: Syntax, env: Env, hint: Hint, host: &mut dyn Host) -> Flow {
        let place = Place::of(&form);
        match form.datum() {
            Datum::Symbol(_) | Datum::Alias(_) => {
                let name = Identifier::of(&form).expect("this datum is an identifier");
                self.reference(&name, &env, place, host)
            }
            Datum::List(items, tail) => {
                match head(&form, &env, host)? {
                    Some(Binding::Special(special)) => {
                        let it = Use::new(special, form, env, hint, host)?;
                        return self.special(it, host);
                    }
                    Some(Binding::Macro(it)) => {
                        return self.use_macro(&it, form, env, Destination::Expression(hint), host);
                    }
                    _ => {}
                }
                if items.is_empty() || tail.is_some() {
                    return Err(message::not_a_call(&form, host));
                }
                self.tasks
                    .push(Task::Build(Build::Call(items.len() - 1), place));
                self.tasks
                    .extend(items.iter().rev().map(|item| Task::expression(item, &env)));
                Ok(None)
            }
            Datum::Dict(_) => quasiquote::dict(self, &form, &env, host),
            Datum::Labelled(_, inner) if !matches!(inner.datum(), Datum::Vector(_)) => {
                Err(message::label(&form))
            }
            Datum::Reference(_) => Err(message::label(&form)),
            _ => {
                let constant = strip::constant(&form, host)?;
                self.assembly
                    .build(Build::Constant(constant), place, host)?;
                Ok(None)
            }
        }
    }

    fn special(&mut self, it: Use, host: &mut dyn Host) -> Flow {
        match it.special.kind {
            Kind::Expression(expand) => expand(self, &it, host).map(|()| None),
            Kind::Splicing(expand) => {
                let hint = it.hint.clone();
                expand(self, it, Destination::Expression(hint), host)
            }
            Kind::Definition(_) => Err(message::definition_in_expression(&it)),
            Kind::Auxiliary => Err(message::auxiliary(&it)),
        }
    }

    fn reference(
        &mut self,
        name: &Identifier,
        env: &Env,
        place: Place,
        host: &mut dyn Host,
    ) -> Flow {
        let build = match env.meaning(name, host)? {
            Meaning::Variable(variable) => Build::Local(self.own(variable, name, place, host)?),
            Meaning::Syntax(_) => return Err(message::not_a_value(name, place, host)),
            Meaning::Top(world, symbol) if is_keyword_constant(&world, symbol, host) => {
                let datum = Datum::Symbol(symbol);
                Build::Constant(Syntax::introduced(datum, place.span, place.origin))
            }
            Meaning::Top(world, symbol) => match world.reference(symbol, host)? {
                Some(cell) => Build::Global(cell),
                None => return Err(message::not_a_value(name, place, host)),
            },
        };
        self.assembly.build(build, place, host)?;
        Ok(None)
    }

    /// Checks that a local variable belongs to the unit being made.
    pub(crate) fn own(
        &self,
        variable: VariableId,
        name: &Identifier,
        place: Place,
        host: &mut dyn Host,
    ) -> Result<VariableId, ExpandError> {
        if self.assembly.is_foreign(variable) {
            return Err(message::not_yet(name, place, host));
        }
        Ok(variable)
    }

    /// Applies a macro to its use; the result goes where the use stood.
    pub(crate) fn use_macro(
        &mut self,
        it: &Rc<Macro>,
        form: Syntax,
        env: Env,
        destination: Destination,
        host: &mut dyn Host,
    ) -> Flow {
        let cell = match &it.transformer {
            Transformer::Rules(rules) => {
                let form = rules::expand(it, rules, &form, &env, host)?;
                self.deliver(destination, form, env);
                return Ok(None);
            }
            Transformer::Procedure(cell) => *cell,
        };
        let Some(items) = form.as_list() else {
            return Err(message::dotted_use(&form, host));
        };
        let mut renamed = strip::Renamed::default();
        let mut operands = Vec::with_capacity(items.len() - 1);
        for item in &items[1..] {
            operands.push(strip::rename(item, &mut renamed, &env, host)?);
        }
        let place = Place::of(&form);
        self.waiting = Some(Waiting::Macro {
            destination,
            env,
            place,
            renamed,
        });
        Ok(Some(Step::CallMacro {
            transformer: cell,
            operands,
            span: place.span,
        }))
    }

    /// Asks the caller for the contents of files; they go where the form stood.
    pub(crate) fn include(
        &mut self,
        destination: Destination,
        env: Env,
        place: Place,
        paths: Vec<Rc<str>>,
        fold_case: bool,
    ) -> Step {
        self.waiting = Some(Waiting::Include {
            destination,
            env,
            place,
        });
        Step::Include {
            paths,
            fold_case,
            span: place.span,
        }
    }

    fn deliver(&mut self, destination: Destination, form: Syntax, env: Env) {
        self.tasks.push(match destination {
            Destination::Top => Task::Top(form, env),
            Destination::Expression(hint) => Task::Expression(form, env, hint),
            Destination::Body(mut body) => {
                body.put_first(std::slice::from_ref(&form));
                Task::Body(body)
            }
            Destination::Library(mut library) => {
                library.put_first(std::slice::from_ref(&form));
                Task::Library(library)
            }
            Destination::Answer(left) => Task::Answer(form, env, left),
        });
    }

    /// Puts several forms where one stood.
    pub(crate) fn deliver_all(
        &mut self,
        destination: Destination,
        forms: &[Syntax],
        env: &Env,
        place: Place,
    ) -> Result<(), ExpandError> {
        match destination {
            Destination::Top => {
                self.schedule(
                    forms
                        .iter()
                        .map(|form| Task::Top(form.clone(), env.clone())),
                );
            }
            Destination::Expression(_) => {
                if forms.is_empty() {
                    return Err(message::nothing_to_do(place));
                }
                self.schedule(sequence(forms, env, place));
            }
            Destination::Body(mut body) => {
                body.put_first(forms);
                self.tasks.push(Task::Body(body));
            }
            Destination::Library(mut library) => {
                library.put_first(forms);
                self.tasks.push(Task::Library(library));
            }
            Destination::Answer(_) => {}
        }
        Ok(())
    }
}

/// The macro or special form at the head of a form.
pub(crate) fn head(
    form: &Syntax,
    env: &Env,
    host: &mut dyn Host,
) -> Result<Option<Binding>, ExpandError> {
    let Datum::List(items, _) = form.datum() else {
        return Ok(None);
    };
    let Some(name) = items.first().and_then(Identifier::of) else {
        return Ok(None);
    };
    match env.meaning(&name, host)? {
        Meaning::Syntax(binding) => Ok(Some(binding)),
        _ => Ok(None),
    }
}

/// Whether a top-level name is a keyword that evaluates to itself.
fn is_keyword_constant(world: &Rc<Environment>, name: Symbol, host: &mut dyn Host) -> bool {
    world.has_keywords() && host.symbols().is_keyword(name) && world.lookup(name).is_none()
}
