//! Tasks: how they begin, wait, take turns, are cancelled and end.
//!
//! A task waits with one continuation at a time, kept in its object. A wake-up that holds any other is stale and ignored, so nothing has to be
//! searched or removed when a task is cancelled.

use super::control::{Next, capture};
use super::dispatch::link;
use super::dynamic::{self, EXTENT};
use super::machine::{Arguments, Fault, Machine, Outcome, Ready};
use super::{stack, stubs};
use crate::builtins::ports::opened;
use crate::builtins::promises as p;
use crate::builtins::semaphores;
use crate::value::{Kind, Value};

/// Its promise; `#f` for the program itself.
const PROMISE: usize = 0;
const SERIAL: usize = 1;
/// What it goes on with; `#f` while it runs and when it has ended.
const CONTINUATION: usize = 2;
/// The promise it waits for, or `#f`.
const AWAITED: usize = 3;
/// The error it ends with because it was cancelled, or `#f`.
const CANCELLED: usize = 4;
/// Whether that error is still to be raised where it waits.
const DUE: usize = 5;
/// Whether it has yet to begin, and does so even when cancelled.
const BEGINS: usize = 6;
/// The permits it holds, the latest first: see [`crate::builtins::semaphores`].
const PERMITS: usize = 7;
const FIELDS: usize = 8;

/// Words a task takes.
pub(super) const TASK_WORDS: usize = 1 + FIELDS;

/// A task that has not begun. Asks for nothing: [`TASK_WORDS`] must be there.
pub(super) fn new_task(m: &mut Machine, promise: Value, begins: bool) -> Value {
    let serial = Value::fixnum(m.next_serial() as i64);
    let mut fields = [Value::FALSE; FIELDS];
    (fields[PROMISE], fields[SERIAL], fields[BEGINS]) = (promise, serial, Value::boolean(begins));
    fields[PERMITS] = Value::NIL;
    m.heap.object(Kind::Task, 0, &fields)
}

/// Whether this is the task of a program: what is put in at a prompt later is the same task.
pub(super) fn is_main(m: &Machine, task: Value) -> bool {
    m.heap.is(task, Kind::Task) && m.heap.field(task, PROMISE) == Value::FALSE
}

/// `(%await promise)`: the value of a promise that is settled already, or a wait for it.
pub(crate) fn wait(m: &mut Machine, arguments: Arguments) -> Result<Next, Fault> {
    let content = m.heap.field(m.arg(arguments, 0), 0);
    match m.heap.field(content, p::STATE).fixnum_value() {
        p::FULFILLED => return Ok(Next::Return(m.heap.field(content, p::VALUE))),
        p::FAILED => {
            p::look_at(m, m.arg(arguments, 0));
            m.raised = m.heap.field(content, p::VALUE);
            return Err(Fault::Raise { continuable: false });
        }
        _ => {}
    }
    if m.heap.field(content, p::OWNER) == m.task {
        let message = "a task cannot wait for its own end";
        return Err(m.error(":not-allowed", message, &[]));
    }
    if let Err(fault) = raise_if_due(m) {
        // It was cancelled before it came to wait for this.
        p::leave_alone(m, m.arg(arguments, 0), m.raised);
        return Err(fault);
    }
    let kept = m.temporaries.len();
    m.temporaries.push(m.arg(arguments, 0));
    let waiting = suspend(m).and_then(|continuation| {
        let promise = m.temporaries[kept];
        p::add_waiter(m, promise, continuation)
    });
    let promise = m.temporaries[kept];
    m.temporaries.truncate(kept);
    waiting?;
    m.heap.set_field(m.task, AWAITED, promise);
    Ok(Next::Suspend)
}

/// `(yield)`: lets the other tasks run first.
pub(crate) fn yield_task(m: &mut Machine, _arguments: Arguments) -> Result<Next, Fault> {
    raise_if_due(m)?;
    let continuation = suspend(m)?;
    m.ready.push_back(Ready {
        continuation,
        value: Value::VOID,
        raise: false,
    });
    Ok(Next::Suspend)
}

/// Has the running task go on later, as the next one, where a slice of fuel ended: at the instruction `pc`, or by applying the procedure in the
/// frame at `fp` to so many arguments.
pub(super) fn put_aside(m: &mut Machine, applying: Option<usize>) -> Result<(), Fault> {
    let value = match applying {
        Some(count) => {
            let arguments = Arguments {
                start: m.fp + 2,
                count,
            };
            m.top = m.fp + 2 + count;
            let values = super::control::returned(m, arguments)?;
            let procedure = Value(m.stack[m.fp]);
            super::control::push_stub(m, stubs::VALUES, &[procedure]);
            values
        }
        None => {
            let delta = m.top - m.fp;
            m.fp = m.top;
            m.stack[m.fp] = Value::FALSE.0;
            m.stack[m.fp + 1] = link(m.pc, delta);
            m.top = m.fp + 2;
            Value::VOID
        }
    };
    let kept = m.temporaries.len();
    m.temporaries.push(value);
    let suspended = suspend(m);
    let value = m.temporaries[kept];
    m.temporaries.truncate(kept);
    m.ready.push_front(Ready {
        continuation: suspended?,
        value,
        raise: false,
    });
    Ok(())
}

/// The continuation with which the running task is to go on.
fn suspend(m: &mut Machine) -> Outcome {
    let continuation = capture(m)?;
    m.heap.set_field(m.task, CONTINUATION, continuation);
    Ok(continuation)
}

/// A task that has been cancelled gets to know where it would wait.
fn raise_if_due(m: &mut Machine) -> Result<(), Fault> {
    if m.heap.field(m.task, DUE) == Value::FALSE {
        return Ok(());
    }
    m.heap.set_field(m.task, DUE, Value::FALSE);
    m.raised = m.heap.field(m.task, CANCELLED);
    Err(Fault::Raise { continuable: false })
}

/// Takes up a ready task, and says what to do with the value at `stack[0]`. `None`: the wake-up is stale.
pub(super) fn switch_to(m: &mut Machine, ready: Ready) -> Result<Option<Next>, Fault> {
    let task = m.heap.field(ready.continuation, 2);
    if m.heap.field(task, CONTINUATION) != ready.continuation {
        return Ok(None);
    }
    if is_outlived(m, task) {
        abandon(m, task)?;
        return Ok(None);
    }
    m.settle_fuel();
    m.forget_passed_on();
    m.chain = m.heap.field(ready.continuation, 0);
    m.dynamic = m.heap.field(ready.continuation, 1);
    m.task = task;
    m.fp = 0;
    m.stack[0] = ready.value.0;
    m.stack[1] = link(stack::UNDERFLOW_PC, 0);
    m.top = 2;
    m.heap.set_field(task, CONTINUATION, Value::FALSE);
    m.heap.set_field(task, AWAITED, Value::FALSE);
    let begins = m.heap.field(task, BEGINS) == Value::TRUE;
    m.heap.set_field(task, BEGINS, Value::FALSE);
    let extent = m.heap.field(m.dynamic, EXTENT).fixnum_value() as u64;
    m.limits.enter(extent);
    m.limits_changed();
    m.charge(m.limits.depth() as u64)?;
    if !begins {
        raise_if_due(m)?;
    }
    if ready.raise {
        m.raised = ready.value;
        return Err(Fault::Raise { continuable: false });
    }
    Ok(Some(Next::Resume))
}

/// Whether a task that does not run belongs to a limit that has ended.
fn is_outlived(m: &Machine, task: Value) -> bool {
    extent_of(m, task).is_some_and(|extent| !m.limits.is_alive(extent))
}

/// The limit that a task which does not run goes on in.
fn extent_of(m: &Machine, task: Value) -> Option<u64> {
    let continuation = m.heap.field(task, CONTINUATION);
    if continuation == Value::FALSE {
        return None;
    }
    let dynamic = m.heap.field(continuation, 1);
    Some(m.heap.field(dynamic, EXTENT).fixnum_value() as u64)
}

/// The running task.
pub(crate) fn running_task(m: &Machine) -> Value {
    m.task
}

/// Whether a task that does not run will go on.
pub(crate) fn goes_on(m: &Machine, task: Value) -> bool {
    m.heap.field(task, CONTINUATION) != Value::FALSE
}

/// The permits that a task holds.
pub(crate) fn permits(m: &Machine, task: Value) -> Value {
    m.heap.field(task, PERMITS)
}

/// Changes them.
pub(crate) fn set_permits(m: &mut Machine, task: Value, permits: Value) {
    m.heap.set_field(task, PERMITS, permits);
}

/// Ends a task whose limit has ended: nothing of it runs any more, the exits of its `dynamic-wind` neither.
fn abandon(m: &mut Machine, task: Value) -> Result<(), Fault> {
    // What is left to do for it is charged to the whole evaluation.
    m.settle_fuel();
    m.limits.enter(0);
    m.limits_changed();
    m.heap.set_field(task, CONTINUATION, Value::FALSE);
    let awaited = m.heap.field(task, AWAITED);
    m.heap.set_field(task, AWAITED, Value::FALSE);
    semaphores::give_back(m, task, true);
    opened::close_outlived(m, Some(task));
    m.temporaries.extend([m.heap.field(task, PROMISE), awaited]);
    let message = "the limit that this task belonged to has ended";
    let fault = m.error(":cancelled", message, &[]);
    let awaited = m.temporaries.pop().unwrap_or(Value::FALSE);
    let promise = m.temporaries.pop().unwrap_or(Value::FALSE);
    if !matches!(fault, Fault::Raise { .. }) {
        return Err(fault);
    }
    p::leave_alone(m, awaited, m.raised);
    if promise == Value::FALSE {
        return Ok(());
    }
    p::settle(m, promise, m.raised, false)
}

/// Ends all tasks whose limits have ended: those that wait for what may never come, too.
pub(super) fn abandon_outlived(m: &mut Machine) -> Result<(), Fault> {
    let limited = std::mem::take(&mut m.limited);
    m.settle_fuel();
    m.limits.enter(0);
    m.limits_changed();
    let living = m.limits.living();
    let paid = m.charge((limited.len() + living.len()) as u64 / 2);
    let (outlived, kept): (Vec<Value>, Vec<Value>) = limited.into_iter().partition(|&task| {
        extent_of(m, task).is_some_and(|extent| living.binary_search(&extent).is_err())
    });
    m.limited = kept;
    let from = m.temporaries.len();
    m.temporaries.extend(&outlived);
    let mut done = paid;
    for place in from..from + outlived.len() {
        let task = m.temporaries[place];
        done = done.and(abandon(m, task));
    }
    m.temporaries.truncate(from);
    done
}

/// Remembers a task that begins inside a limit.
fn note_limited(m: &mut Machine, task: Value) {
    if m.limits.current() == 0 {
        return;
    }
    m.limits.note_task();
    if m.limited.len() >= m.limited_max {
        let limited = std::mem::take(&mut m.limited);
        let goes_on =
            |&task: &Value| task == m.task || m.heap.field(task, CONTINUATION) != Value::FALSE;
        m.limited = limited.into_iter().filter(goes_on).collect();
        m.limited_max = (2 * m.limited.len()).max(64);
    }
    m.limited.push(task);
}

/// A limit set by `setter` ran out while another task ran: that one ends, and the setter is taken up where it waits.
pub(super) fn take_up_setter(m: &mut Machine, setter: Value) -> Value {
    let running = m.task;
    m.heap.set_field(running, CONTINUATION, Value::FALSE);
    let continuation = m.heap.field(setter, CONTINUATION);
    m.heap.set_field(setter, CONTINUATION, Value::FALSE);
    m.heap.set_field(setter, AWAITED, Value::FALSE);
    m.chain = m.heap.field(continuation, 0);
    (m.task, m.fp, m.top) = (setter, 0, 0);
    semaphores::give_back(m, running, true);
    m.heap.field(running, PROMISE)
}

/// Wakes the task that waits with this continuation, unless that is stale.
pub(crate) fn wake(m: &mut Machine, continuation: Value, value: Value, raise: bool) {
    if !waits(m, continuation) {
        return;
    }
    let task = m.heap.field(continuation, 2);
    m.heap.set_field(task, AWAITED, Value::FALSE);
    m.ready.push_back(Ready {
        continuation,
        value,
        raise,
    });
}

/// Whether a task waits for a promise with this continuation.
pub(crate) fn waits(m: &Machine, continuation: Value) -> bool {
    let task = m.heap.field(continuation, 2);
    m.heap.field(task, CONTINUATION) == continuation && m.heap.field(task, AWAITED) != Value::FALSE
}

/// Has the error raised where the task waits. Gives the promise it waits for, if it waits for one.
pub(crate) fn cancel(m: &mut Machine, task: Value, error: Value) -> Option<Value> {
    m.heap.set_field(task, CANCELLED, error);
    m.heap.set_field(task, DUE, Value::TRUE);
    let awaited = m.heap.field(task, AWAITED);
    if awaited == Value::FALSE {
        return None;
    }
    let continuation = m.heap.field(task, CONTINUATION);
    wake(m, continuation, Value::VOID, false);
    Some(awaited)
}

/// The running task is over: its promise is settled. One that was cancelled ends cancelled whatever it did.
pub(super) fn end(m: &mut Machine, value: Value, fulfilled: bool) -> Result<(), Fault> {
    semaphores::give_back(m, m.task, true);
    let promise = m.heap.field(m.task, PROMISE);
    let cancelled = m.heap.field(m.task, CANCELLED);
    if cancelled == Value::FALSE {
        p::end(m, promise, value, fulfilled)
    } else {
        p::settle(m, promise, cancelled, false)
    }
}

/// Makes a task that calls the thunk in argument 0, and whose promise is given; it is ready to run.
pub(crate) fn spawn(m: &mut Machine, arguments: Arguments, begins: bool) -> Outcome {
    let kept = m.temporaries.len();
    let promise = p::pending(m)?;
    m.temporaries.push(promise);
    let made = spawn_for(m, arguments, begins, kept);
    let promise = m.temporaries[kept];
    m.temporaries.truncate(kept);
    made.map(|()| promise)
}

fn spawn_for(
    m: &mut Machine,
    arguments: Arguments,
    begins: bool,
    promise: usize,
) -> Result<(), Fault> {
    let root = dynamic::task_root(m)?;
    m.temporaries.push(root);
    m.ensure(TASK_WORDS + 5 + 6 + 4)?;
    let (promise, root) = (m.temporaries[promise], m.temporaries[promise + 1]);
    let thunk = m.arg(arguments, 0);
    let task = new_task(m, promise, begins);
    let bottom = Value(link(stack::UNDERFLOW_PC, 0));
    let frame = [Value::FALSE, bottom, promise, thunk];
    let segment = stack::segment(m, &frame, link(stubs::START, frame.len()));
    let continuation = m.heap.object(Kind::Continuation, 0, &[segment, root, task]);
    m.heap.set_field(task, CONTINUATION, continuation);
    note_limited(m, task);
    let content = m.heap.field(promise, 0);
    m.heap.set_field(content, p::OWNER, task);
    m.ready.push_back(Ready {
        continuation,
        value: Value::VOID,
        raise: false,
    });
    Ok(())
}

/// The program itself is over: nothing wakes it any more.
pub(super) fn forget(m: &mut Machine, task: Value) {
    if m.heap.is(task, Kind::Task) {
        m.heap.set_field(task, CONTINUATION, Value::FALSE);
        semaphores::give_back(m, task, true);
    }
}
