//! Calls that are more than a jump: builtins that act on the control state, raising, guards, limits and continuations.
//!
//! The frame convention: a procedure being applied has its frame at `fp`: itself, the return link, its arguments. A control builtin ends by
//! returning a value, by applying another procedure in the same frame, or by handing over to the world ([`Next`]).

use super::dispatch::link;
use super::dynamic::{self, DEPTH, EXTENT, GUARD, HANDLERS, PARENT, WINDERS};
use super::machine::{Arguments, Fault, Machine, Outcome};
use super::stack;
use super::stubs;
use super::tasks;
use crate::builtins::ports::opened;
use crate::builtins::{promises, semaphores};
use crate::value::{Kind, Value};

/// How a control builtin ends.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Next {
    /// It returns this.
    Return(Value),
    /// The procedure in `stack[fp]` is applied to the so many arguments after it.
    Apply(usize),
    /// The task waits; another one runs.
    Suspend,
    /// The value in its first argument is to be evaluated as a form.
    Evaluate,
    /// Its first argument is a form to expand: once, or as far as it goes.
    Expand {
        /// `macroexpand-1`.
        once: bool,
    },
    /// A continuation was taken up: the value is at `stack[0]`.
    Resume,
    /// Its first argument is to be encoded; as data alone, or with the procedures in it.
    Encode {
        /// Whether procedures are refused.
        data_only: bool,
    },
    /// The bytes in its first argument are to be decoded.
    Decode,
    /// Its first argument names an input of the job.
    Input,
    /// Something is asked of the procedure in its first argument.
    Inspect(super::Aspect),
    /// A world of names is to be made, or the one in its first argument to be paid for.
    Environment,
}

/// Writes a call of `procedure` into the frame at `fp`.
pub(crate) fn apply(m: &mut Machine, procedure: Value, arguments: &[Value]) -> Next {
    let fp = m.fp;
    m.make_room(fp + 2, arguments.len());
    m.stack[fp] = procedure.0;
    for (place, argument) in arguments.iter().enumerate() {
        m.stack[fp + 2 + place] = argument.0;
    }
    m.top = fp + 2 + arguments.len();
    m.forget_passed_on();
    Next::Apply(arguments.len())
}

/// Keeps `saved` in the frame at `fp` and begins a frame above it that returns to the machine's own return point `stub`.
pub(crate) fn push_stub(m: &mut Machine, stub: usize, saved: &[Value]) {
    let fp = m.fp;
    for (place, value) in saved.iter().enumerate() {
        m.stack[fp + 2 + place] = value.0;
    }
    let delta = 2 + saved.len();
    m.fp = fp + delta;
    m.stack[m.fp] = Value::FALSE.0;
    m.stack[m.fp + 1] = link(stub, delta);
    m.top = m.fp + 2;
}

/// `(%%with-dynamic node thunk)`: calls the thunk in another dynamic state.
pub(crate) fn with_dynamic(m: &mut Machine, arguments: Arguments) -> Result<Next, Fault> {
    let (node, thunk) = (m.arg(arguments, 0), m.arg(arguments, 1));
    let before = m.dynamic;
    push_stub(m, stubs::DYNAMIC, &[before]);
    m.dynamic = node;
    Ok(apply(m, thunk, &[]))
}

/// `(%guard else? body handler)`: marks the frame, then calls `body`.
pub(crate) fn guard(m: &mut Machine, arguments: Arguments) -> Result<Next, Fault> {
    let always = m.arg(arguments, 0);
    let depth = stack::depth(m);
    let node = dynamic::add(m, GUARD, always, m.task, depth)?;
    let (body, handler) = (m.arg(arguments, 1), m.arg(arguments, 2));
    let before = m.dynamic;
    push_stub(m, stubs::GUARD, &[before, handler]);
    m.dynamic = node;
    Ok(apply(m, body, &[]))
}

/// Raises the value in `raised` from the frame at `fp`. `Ok(None)`: nobody handles it.
pub(crate) fn raise(
    m: &mut Machine,
    continuable: bool,
    library: &Library,
) -> Result<Option<Next>, Fault> {
    let handler = m.heap.field(m.dynamic, HANDLERS);
    if handler == Value::NIL {
        return Ok(None);
    }
    m.top = m.top.max(m.fp + 2);
    if m.heap.field(handler, dynamic::KIND).fixnum_value() == GUARD {
        return raise_to_guard(m, continuable, library).map(Some);
    }
    let masked = dynamic::mask(m, handler)?;
    let (before, raised) = (m.dynamic, m.raised);
    if continuable {
        push_stub(m, stubs::DYNAMIC, &[before]);
    } else {
        push_stub(m, stubs::RAISE, &[before, raised]);
    }
    m.dynamic = masked;
    let handler = m.heap.field(m.heap.field(masked, dynamic::A), dynamic::A);
    Ok(Some(apply(m, handler, &[raised])))
}

/// A guard that may find no clause to match goes back to where the value was raised, but with the handlers outside itself. When one of
/// those returns and what was raised cannot be continued, that is an error, as it is for a handler that was asked first.
fn raise_to_guard(m: &mut Machine, continuable: bool, library: &Library) -> Result<Next, Fault> {
    let node = m.heap.field(m.dynamic, HANDLERS);
    let reraisable = m.heap.field(node, dynamic::A) == Value::FALSE;
    let continuation = if reraisable {
        let masked = dynamic::mask(m, node)?;
        let (before, raised) = (m.dynamic, m.raised);
        if !continuable {
            push_stub(m, stubs::RAISE, &[before, raised]);
        }
        m.dynamic = masked;
        capture(m)?
    } else {
        Value::FALSE
    };
    let node = if reraisable {
        m.heap.field(m.dynamic, dynamic::A)
    } else {
        node
    };
    let raised = m.raised;
    if m.heap.field(node, WINDERS) == m.heap.field(m.dynamic, WINDERS) {
        return escape(m, node, raised, continuation, library);
    }
    Ok(apply(
        m,
        m.globals[library.guard_unwind],
        &[node, raised, continuation],
    ))
}

/// Drops the stack down to a guard's frame and applies its handler there.
pub(crate) fn escape(
    m: &mut Machine,
    node: Value,
    raised: Value,
    continuation: Value,
    library: &Library,
) -> Result<Next, Fault> {
    let depth = m.heap.field(node, DEPTH).fixnum_value() as usize;
    let kept = m.temporaries.len();
    m.dynamic = m.heap.field(node, PARENT);
    m.temporaries.extend([raised, continuation]);
    let done = leave_extents(m).and_then(|()| stack::cut(m, depth, 4));
    let (raised, continuation) = (m.temporaries[kept], m.temporaries[kept + 1]);
    m.temporaries.truncate(kept);
    done?;
    let handler = Value(m.stack[m.fp + 3]);
    let procedure = m.globals[library.guard_handle];
    Ok(apply(m, procedure, &[handler, raised, continuation]))
}

/// Ends the limits that the current dynamic state is not inside any more.
fn leave_extents(m: &mut Machine) -> Result<(), Fault> {
    let extent = m.heap.field(m.dynamic, EXTENT).fixnum_value() as u64;
    if m.limits.current() != extent {
        m.settle_fuel();
        m.limits.leave_to(extent);
        m.limits_changed();
        opened::pass_outwards(m);
    }
    Ok(())
}

/// Captures the continuation of the frame at `fp`, which becomes the bottom frame of the active stack.
pub(crate) fn capture(m: &mut Machine) -> Result<Value, Fault> {
    stack::put_aside(m)?;
    m.ensure(4)?;
    Ok(m.heap
        .object(Kind::Continuation, 0, &[m.chain, m.dynamic, m.task]))
}

/// `(%call/cc procedure)`.
pub(crate) fn call_cc(m: &mut Machine, arguments: Arguments) -> Result<Next, Fault> {
    debug_assert_eq!(arguments.count, 1);
    let continuation = capture(m)?;
    let procedure = Value(m.stack[m.fp + 2]);
    Ok(apply(m, procedure, &[continuation]))
}

/// Whether the limits that a continuation is inside have not ended.
pub(crate) fn is_open(m: &Machine, continuation: Value) -> bool {
    let node = m.heap.field(continuation, 1);
    let extent = m.heap.field(node, EXTENT).fixnum_value() as u64;
    m.limits.encloses(extent)
}

/// An error where a continuation may not be taken up: it is another task's, or inside limits that have ended.
fn require_usable(m: &mut Machine, continuation: Value) -> Result<(), Fault> {
    let task = m.heap.field(continuation, 2);
    if task != m.task && !(tasks::is_main(m, task) && tasks::is_main(m, m.task)) {
        return Err(m.error(
            ":not-allowed",
            "a continuation can only be used by the task that made it",
            &[],
        ));
    }
    if !is_open(m, continuation) {
        return Err(m.error(
            ":not-allowed",
            "this continuation belongs to a `with-limits` that has ended",
            &[],
        ));
    }
    Ok(())
}

/// Takes up a continuation: `%%throw` calls the thunk there; a plain application returns the value there.
fn reinstate(m: &mut Machine, continuation: Value) -> Result<(), Fault> {
    require_usable(m, continuation)?;
    let node = m.heap.field(continuation, 1);
    let extent = m.heap.field(node, EXTENT).fixnum_value() as u64;
    if extent != m.limits.current() {
        m.settle_fuel();
        m.limits.leave_to(extent);
        m.limits_changed();
        opened::pass_outwards(m);
    }
    m.forget_passed_on();
    m.chain = m.heap.field(continuation, 0);
    m.dynamic = m.heap.field(continuation, 1);
    m.fp = 0;
    m.stack[1] = link(stack::UNDERFLOW_PC, 0);
    m.top = 2;
    Ok(())
}

/// `(%%throw continuation thunk)`: takes the continuation up and calls the thunk there.
pub(crate) fn throw(m: &mut Machine, arguments: Arguments) -> Result<Next, Fault> {
    let (continuation, thunk) = (m.arg(arguments, 0), m.arg(arguments, 1));
    reinstate(m, continuation)?;
    Ok(apply(m, thunk, &[]))
}

/// `(values value …)`: what so many values come to where they are returned: one is itself.
pub(crate) fn returned(m: &mut Machine, arguments: Arguments) -> Outcome {
    if arguments.count == 1 {
        return Ok(m.arg(arguments, 0));
    }
    m.charge(arguments.count as u64)?;
    m.ensure(1 + arguments.count)?;
    let values: Vec<Value> = (0..arguments.count)
        .map(|place| m.arg(arguments, place))
        .collect();
    Ok(m.heap.object(Kind::Values, 0, &values))
}

/// Applies a continuation object to the arguments in the frame at `fp`.
pub(crate) fn continue_with(
    m: &mut Machine,
    arguments: Arguments,
    library: &Library,
) -> Result<Next, Fault> {
    // Before any exit runs: who may not go there stays where it is.
    require_usable(m, Value(m.stack[m.fp]))?;
    let value = returned(m, arguments)?;
    let continuation = Value(m.stack[m.fp]);
    let target = m.heap.field(continuation, 1);
    if m.heap.field(target, WINDERS) != m.heap.field(m.dynamic, WINDERS) {
        return Ok(apply(
            m,
            m.globals[library.continue_winding],
            &[continuation, value],
        ));
    }
    reinstate(m, continuation)?;
    m.stack[0] = value.0;
    Ok(Next::Resume)
}

/// `(%%throw-value continuation value)`: the same with the winders already run.
pub(crate) fn throw_value(m: &mut Machine, arguments: Arguments) -> Result<Next, Fault> {
    let (continuation, value) = (m.arg(arguments, 0), m.arg(arguments, 1));
    reinstate(m, continuation)?;
    m.stack[0] = value.0;
    Ok(Next::Resume)
}

/// So many words that nobody needs any more are no matter where a limit of memory begins.
const GARBAGE_WORDS: usize = 256;

/// `(%with-limits fuel memory thunk)`: `fuel` and `memory` (in bytes) are integers or `#f`.
pub(crate) fn with_limits(m: &mut Machine, arguments: Arguments) -> Result<Next, Fault> {
    let number = |value: Value| value.as_fixnum().and_then(|n| u64::try_from(n).ok());
    let fuel = number(m.arg(arguments, 0));
    let words =
        number(m.arg(arguments, 1)).map(|bytes| usize::try_from(bytes / 8).unwrap_or(usize::MAX));
    if let Some(words) = words {
        m.count_anew(words.max(GARBAGE_WORDS))?;
    }
    let memory = words.map(|words| m.counted_words().saturating_add(words));
    // Whenever one begins or ends, what was used is booked in all that are around it.
    m.charge(m.limits.depth() as u64)?;
    let depth = stack::depth(m);
    let node = dynamic::add(m, dynamic::LIMIT, Value::FALSE, m.task, depth)?;
    // What it cost to begin is of those around it.
    m.settle_fuel();
    let extent = m.limits.open(fuel, memory, node);
    m.heap.set_field(node, EXTENT, Value::fixnum(extent as i64));
    m.limits_changed();
    let thunk = m.arg(arguments, 2);
    let before = m.dynamic;
    push_stub(m, stubs::LIMIT, &[before, Value::fixnum(extent as i64)]);
    m.dynamic = node;
    Ok(apply(m, thunk, &[]))
}

/// A limit ran out. If it is one that the program set: its extent ends and the error is raised where it was set. Otherwise the evaluation is over.
pub(crate) fn exhausted(m: &mut Machine, fault: Fault) -> Result<bool, Fault> {
    m.settle_fuel();
    let (extent, kind, message) = match fault {
        Fault::FuelExhausted => (
            m.limits.out_of_fuel(),
            ":fuel-exhausted",
            "the fuel given to this computation is used up",
        ),
        _ => (
            m.limits.out_of_memory(),
            ":memory-exhausted",
            "the memory given to this computation is used up",
        ),
    };
    if extent == 0 {
        return Ok(false);
    }
    let node = m.limits.node(extent);
    let depth = m.heap.field(node, DEPTH).fixnum_value() as usize;
    m.dynamic = m.heap.field(node, PARENT);
    m.limits.close(extent);
    m.temporaries.clear();
    m.labelled.clear();
    m.top = 0;
    m.limits_changed();
    let setter = m.heap.field(node, dynamic::B);
    let ended = if setter == m.task {
        Value::FALSE
    } else {
        tasks::take_up_setter(m, setter)
    };
    semaphores::give_back(m, setter, false);
    opened::close_outlived(m, None);
    m.temporaries.push(ended);
    let cut = stack::cut(m, depth, 2);
    m.fuel = m.fuel.max(0);
    let fault = cut.err().unwrap_or_else(|| m.error(kind, message, &[]));
    let ended = m.temporaries.pop().unwrap_or(Value::FALSE);
    match fault {
        // The task it ran out in fails with the same error.
        Fault::Raise { .. } if ended != Value::FALSE => {
            promises::settle(m, ended, m.raised, false)?
        }
        Fault::Raise { .. } => {}
        fault => return Err(fault),
    }
    Ok(true)
}

/// Places of the library's procedures that the machine itself calls.
#[derive(Debug, Clone, Copy, Default)]
pub struct Library {
    /// `(%%guard-unwind node raised continuation)`: runs exits, then `%%escape`.
    pub guard_unwind: usize,
    /// `(%%guard-handle handler raised continuation)`.
    pub guard_handle: usize,
    /// `(%%continue-winding continuation value)`.
    pub continue_winding: usize,
    /// `(%fill-port port)`.
    pub fill_port: usize,
    /// `(%fill-port-and-apply port procedure arguments)`.
    pub fill_port_and_apply: usize,
    /// `(%file-texts paths)`: a list of the texts of files.
    pub file_texts: usize,
    /// `%included-files`.
    pub included_files: usize,
    /// `(%first-path paths)`: a list of the path of the first file that there is; empty when there is none.
    pub first_path: usize,
    /// `(%first-file paths)`: a list of the path and the text of the first that there is; empty when there is none.
    pub first_file: usize,
    /// `(%distant-library place)`: a list of the text of a library from the network; the place is its owner, its name and the lock file.
    pub distant_library: usize,
}
