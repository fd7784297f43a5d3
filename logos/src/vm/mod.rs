//! The virtual machine: runs programs in slices of fuel, and never does anything by itself.
//!
//! # Order of calls
//!
//! [`Vm::new`]; for each evaluation [`Vm::begin`] with its text and limits, then [`Vm::run`] again and again:
//!
//! | status | the caller |
//! | --- | --- |
//! | `Yield` | calls `run` again when it likes, or [`Vm::interrupt`] |
//! | `Idle` | answers requests ([`Vm::poll_request`], then [`Vm::resume`]), then calls `run` |
//! | `Done`, `Failed` | has the value or the condition; tasks may still be waiting ([`Vm::has_tasks`]): `run` goes on with them |
//!
//! Requests can be taken after every `run`.

mod compilation;
mod control;
mod dispatch;
mod distant;
mod dynamic;
mod entry;
mod errors;
mod evaluation;
mod faults;
mod files;
mod forms;
mod inspect;
mod library;
mod limits;
mod machine;
mod macros;
mod redefine;
mod report;
mod requests;
mod returns;
mod stack;
mod stubs;
mod tasks;
mod transient;
mod travel;
mod untold;
mod world;

pub use control::{Library as Places, Next};
pub(crate) use control::{apply, push_stub};
pub(crate) use control::{
    call_cc, escape, guard, is_open, returned, throw, throw_value, with_dynamic, with_limits,
};
pub(crate) use dynamic::{HANDLER, PARAMETERS, WINDER, add as add_dynamic, parameter};
pub use inspect::Aspect;
pub(crate) use machine::ARGUMENTS_MAX;
pub use machine::{Arguments, Fault, Machine, Outcome, Pending};
pub use report::fields as error_fields;
pub use report::{Condition, Rendered};
pub(crate) use report::{read_span, shown_values};
pub(crate) use requests::ask_to_close;
pub use requests::{Answer, CANCEL, CLOSE, Request};
pub(crate) use stack::put_aside;
pub(crate) use stubs::{FUEL_USED, VALUES};
pub(crate) use tasks::{
    cancel, goes_on, permits, running_task, set_permits, spawn, wait, waits, wake, yield_task,
};

use crate::codegen::Code;
use crate::core::GlobalId;
use crate::expand::Environment;
use crate::value::Value;
use control::Library;
use dispatch::Exit;
use evaluation::Evaluation;
use std::collections::BTreeMap;
use std::rc::Rc;

/// The place of the user's world among a machine's worlds of names; before it stands the library's.
pub(crate) const USER_ENVIRONMENT: usize = 1;

/// Which primitives a program may use.
#[derive(Clone, Copy, PartialEq, Eq, Debug, PartialOrd, Ord)]
pub enum Profile {
    /// No effects: what remote jobs get.
    Pure,
    /// Files, clock, randomness.
    Local,
    /// The network too.
    Node,
}

impl Profile {
    /// Its name.
    pub fn name(self) -> &'static str {
        match self {
            Profile::Pure => "pure",
            Profile::Local => "local",
            Profile::Node => "node",
        }
    }

    /// The profile of that name.
    pub fn named(name: &str) -> Option<Profile> {
        [Profile::Pure, Profile::Local, Profile::Node]
            .into_iter()
            .find(|profile| profile.name() == name)
    }
}

/// What a call of [`Vm::run`] came to.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Status {
    /// The slice is used up.
    Yield,
    /// Every task waits for a request to be answered.
    Idle,
    /// The program ended with a value (kept in [`Vm::result`]).
    Done,
    /// The program ended with a condition (kept in [`Vm::condition`]).
    Failed,
}

/// Limits of one evaluation; `None` is no limit.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Bounds {
    /// Units of fuel.
    pub fuel: Option<u64>,
    /// Bytes.
    pub memory: Option<u64>,
}

/// A world of definitions and the machine that runs in it.
#[derive(Debug)]
pub struct Vm {
    /// The machine, for builtins and for looking at values.
    pub machine: Machine,
    pub(crate) code: Code,
    /// The library's names.
    pub(crate) library: Rc<Environment>,
    /// The user's names.
    pub(crate) user: Rc<Environment>,
    /// The names of the program at hand, if it chose to see only what it imports.
    program: Option<Rc<Environment>>,
    pub(crate) environments: Vec<Rc<Environment>>,
    /// Places among them that are free.
    free_environments: Vec<usize>,
    /// The worlds that hold the names of standard libraries for others, by the names of the libraries.
    standard_worlds: BTreeMap<String, Rc<Environment>>,
    /// Libraries that programs have defined, by name.
    libraries: BTreeMap<String, Rc<crate::expand::Library>>,
    evaluations: BTreeMap<u64, Evaluation>,
    /// Inputs that are over, by the number of what was their evaluation.
    inputs_over: BTreeMap<u64, evaluation::Over>,
    last_evaluation: u64,
    places: Library,
    /// For each global, the builtin it is sure to hold, and whether a program may redefine it.
    known_builtins: Vec<Option<(u32, bool)>>,
    /// Whether programs call builtins through their variables only.
    is_plain: bool,
    /// For each global of the user's world that began as a copy of one of the library's, that one.
    origins: BTreeMap<GlobalId, GlobalId>,
    /// The library's own globals.
    library_names: BTreeMap<GlobalId, crate::symbol::Symbol>,
    /// The same, the last in the alphabet first.
    library_order: Rc<[(crate::symbol::Symbol, GlobalId)]>,
    internals: BTreeMap<&'static str, GlobalId>,
    small_constants: BTreeMap<u64, u32>,
    /// The library's procedures that were not compiled when it was loaded.
    deferred: Vec<library::Deferred>,
    state: State,
    condition: Option<Condition>,
    interrupted: bool,
    /// Whether the last evaluation failed because its own limit ran out.
    whole_limit_out: bool,
    /// The declared inputs of the job being run: encodings by key.
    inputs: BTreeMap<Vec<u8>, Vec<u8>>,
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum State {
    /// The machine's registers hold a running task.
    Running,
    /// A frame is at `fp`: its procedure is to be applied to so many arguments.
    Applying(usize),
    /// No task is taken up.
    Between,
}

impl Vm {
    /// Runs the current evaluation for about `slice` units of fuel.
    pub fn run(&mut self, slice: u64) -> Status {
        self.machine.settle_fuel();
        self.machine.limits.begin_slice(slice);
        self.machine.settle_fuel();
        loop {
            if self.interrupted {
                self.interrupted = false;
                self.put_running_aside();
                return self.fail_evaluation(Condition::interrupted());
            }
            let status = match self.state {
                State::Running => {
                    let exit = dispatch::execute(&self.code, &mut self.machine);
                    self.leave(exit)
                }
                State::Applying(count) => {
                    self.state = State::Running;
                    self.apply(count)
                }
                State::Between => self.next_task(),
            };
            if let Some(status) = status {
                return status;
            }
        }
    }

    /// Handles an exit of the interpreter's loop. `None`: go on.
    fn leave(&mut self, exit: Exit) -> Option<Status> {
        if !matches!(
            exit,
            Exit::Apply(_) | Exit::WrongCount(_) | Exit::FrameFault(_)
        ) {
            self.machine.left_at = None;
        }
        match exit {
            Exit::Yield => Some(Status::Yield),
            Exit::Fault(Fault::FillPort) => self.fill_port_and_retry(),
            Exit::Fault(fault) => {
                self.begin_fault_frame();
                self.fault(fault)
            }
            Exit::FrameFault(fault) => self.fault(fault),
            Exit::Apply(count) => self.apply(count),
            Exit::Stub(op) => self.stub(op),
            Exit::Unbound(global) => {
                self.begin_fault_frame();
                let fault = self.unknown_name(global);
                self.fault(fault)
            }
            Exit::Unassigned => {
                self.begin_fault_frame();
                let message = "a name is used before it has a value";
                let fault = self.machine.error(":unknown-name", message, &[]);
                self.fault(fault)
            }
            Exit::Redefined(global) => {
                self.redefine(global);
                None
            }
            Exit::Deferred(count) => {
                let callee = Value(self.machine.stack[self.machine.fp]);
                self.machine.top = self.machine.fp + 2 + count;
                self.compile_deferred(callee);
                self.enter(count)
            }
            Exit::WrongCount(count) => {
                let fault = self.wrong_count(count);
                self.fault(fault)
            }
        }
    }

    /// Applies what stands in the frame at `fp`, which is no closure or not known to be one.
    fn apply(&mut self, count: usize) -> Option<Status> {
        let result = self.apply_once(count);
        self.follow(result)
    }

    fn apply_once(&mut self, count: usize) -> Result<Next, Fault> {
        use crate::builtins::Function;
        use crate::value::Kind;
        let m = &mut self.machine;
        let callee = Value(m.stack[m.fp]);
        m.top = m.fp + 2 + count;
        let arguments = Arguments {
            start: m.fp + 2,
            count,
        };
        if let Some(index) = callee.as_builtin() {
            let builtin = &m.builtins[index as usize];
            if builtin.profile > m.profile {
                return Err(crate::builtins::not_allowed(m, builtin));
            }
            return match builtin.function {
                Function::Plain(_) => dispatch::call_plain(builtin, m, arguments).map(Next::Return),
                Function::Control(_) if !builtin.takes(count) => {
                    Err(crate::builtins::wrong_count(m, builtin, count))
                }
                Function::Control(function) => function(m, arguments, &self.places),
            };
        }
        match m.heap.kind(callee) {
            Some(Kind::Closure) => Ok(Next::Apply(count)),
            Some(Kind::Continuation) => control::continue_with(m, arguments, &self.places),
            Some(Kind::RecordProcedure) => {
                crate::builtins::records::apply(m, arguments).map(Next::Return)
            }
            Some(Kind::Parameter) if count == 0 => parameter(m, callee).map(Next::Return),
            Some(Kind::Parameter) => Err(dynamic::parameter_with_arguments(m, count)),
            _ if callee.as_symbol().is_some_and(|s| m.symbols.is_keyword(s))
                && (count == 1 || count == 2) =>
            {
                crate::builtins::dicts::apply_keyword(m, arguments).map(Next::Return)
            }
            _ if callee.as_symbol().is_some_and(|s| m.symbols.is_keyword(s)) => Err(
                crate::builtins::dicts::wrong_keyword_count(m, callee, count),
            ),
            _ => Err(m.error(
                ":not-a-procedure",
                "this value is not a procedure, so it cannot be called:",
                &[callee],
            )),
        }
    }

    /// Goes on after a control builtin.
    fn follow(&mut self, result: Result<Next, Fault>) -> Option<Status> {
        match result {
            Ok(Next::Return(value)) => {
                self.return_value(value);
                None
            }
            Ok(Next::Apply(count)) => self.enter(count),
            Ok(Next::Resume) => self.underflow(),
            Ok(Next::Suspend) => {
                self.state = State::Between;
                None
            }
            Ok(Next::Evaluate) => self.evaluate_argument(),
            Ok(Next::Expand { once }) => self.expand_argument(once),
            Ok(Next::Encode { data_only }) => self.encode_argument(data_only),
            Ok(Next::Decode) => self.decode_argument(),
            Ok(Next::Input) => self.input_argument(),
            Ok(Next::Inspect(aspect)) => self.inspect_argument(aspect),
            Ok(Next::Environment) => self.environment_argument(),
            Err(fault) => self.fault(fault),
        }
    }

    /// Enters the closure in the frame at `fp`, or applies what else is there at the next turn.
    fn enter(&mut self, count: usize) -> Option<Status> {
        let m = &mut self.machine;
        let callee = Value(m.stack[m.fp]);
        if !m.heap.is(callee, crate::value::Kind::Closure) {
            self.state = State::Applying(count);
            return m.limits.slice_is_over().then_some(Status::Yield);
        }
        m.pc = m.heap.field(callee, 0).fixnum_value() as usize;
        match entry::enter_general(&self.code, m, count) {
            Ok(()) => None,
            Err(exit) => self.leave(exit),
        }
    }

    /// Returns from the frame at `fp`.
    pub(crate) fn return_value(&mut self, value: Value) {
        let m = &mut self.machine;
        let back = m.stack[m.fp + 1];
        m.stack[m.fp] = value.0;
        m.pc = dispatch::link_pc(back);
        m.fp -= dispatch::link_delta(back);
    }

    /// The value at `stack[0]` goes to whoever waits below the active stack.
    fn underflow(&mut self) -> Option<Status> {
        self.machine.forget_passed_on();
        match stack::take_up(&mut self.machine) {
            Ok(true) => None,
            Ok(false) => {
                // Nothing is below: a task whose promise nobody keeps.
                self.state = State::Between;
                None
            }
            Err(fault) => self.fault(fault),
        }
    }

    fn next_task(&mut self) -> Option<Status> {
        let m = &mut self.machine;
        (m.chain, m.top, m.fp) = (Value::NIL, 0, 0);
        if (m.limits.take_left_tasks() || m.ready.is_empty())
            && let Err(fault) = tasks::abandon_outlived(m)
        {
            return self.fault(fault);
        }
        let Some(ready) = m.ready.pop_front() else {
            return Some(Status::Idle);
        };
        let result = tasks::switch_to(m, ready);
        if result == Ok(None) {
            return None;
        }
        self.state = State::Running;
        self.follow(result.map(|next| next.unwrap_or(Next::Suspend)))
    }

    /// Stops the evaluation at the next turn of `run`: it fails with `:interrupted`, which nothing can catch.
    pub fn interrupt(&mut self) {
        self.interrupted = true;
    }

    /// Whether tasks are left besides the main one.
    pub fn has_tasks(&self) -> bool {
        let m = &self.machine;
        self.state != State::Between || !m.ready.is_empty() || !m.awaited.is_empty()
    }

    /// The errors that tasks and requests ended with while nobody waited for them, and that nobody has looked at since; and how many there
    /// are besides. Each is given once.
    pub fn take_untold(&mut self) -> (Vec<Condition>, usize) {
        self.machine.take_untold()
    }

    /// Between two slices, what is to be done next is not to go on with the task that runs, unless that is the main one: it has the next turn.
    fn put_running_aside(&mut self) {
        let state = std::mem::replace(&mut self.state, State::Between);
        if state == State::Between || tasks::is_main(&self.machine, self.machine.task) {
            return;
        }
        dispatch::clear_hole(&self.code, &mut self.machine);
        let count = match state {
            State::Applying(count) => Some(count),
            _ => None,
        };
        if let Err(fault) = tasks::put_aside(&mut self.machine, count) {
            self.fault(fault);
        }
    }

    /// Fuel used by the current evaluation so far.
    pub fn fuel_used(&self) -> u64 {
        self.machine.fuel_used()
    }

    /// The condition the last evaluation failed with.
    pub fn condition(&self) -> Option<&Condition> {
        self.condition.as_ref()
    }
}
