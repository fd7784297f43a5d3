//! Promises and tasks: the parts that touch the scheduler. Chaining, `promise-all` and their like are written in Logos on top.
//!
//! A promise object has one field, its content: a vector of state, value and waiters. Two promises that `delay-force` has joined share one content.

use super::{Builtin, wrong_argument};
use crate::value::{Kind, Value};
use crate::vm::{self, Arguments, Fault, Machine, Next, Outcome, Places, Ready};

/// A thunk that has not been called.
pub const DELAYED: i64 = 0;
/// A task or a request will settle it.
pub const PENDING: i64 = 1;
/// It has a value.
pub const FULFILLED: i64 = 2;
/// It has an error.
pub const FAILED: i64 = 3;
/// Fields of a content.
pub const STATE: usize = 0;
/// The thunk, the value or the error.
pub const VALUE: usize = 1;
/// A list of continuations and procedures, the latest first.
pub const WAITERS: usize = 2;

/// See the module's description.
pub const TABLE: &[Builtin] = &[
    Builtin::plain(
        "promise?",
        "(promise? value)",
        (1, 1),
        "",
        "Whether a value is a promise.",
        is_promise,
    ),
    Builtin::plain(
        "%delay",
        "(%delay thunk)",
        (1, 1),
        "",
        "A promise that calls the thunk when first forced.",
        delay,
    ),
    Builtin::plain(
        "%delay-force",
        "(%delay-force thunk)",
        (1, 1),
        "",
        "The same; the thunk gives a promise.",
        delay_force,
    ),
    Builtin::plain(
        "%promise",
        "(%promise state value)",
        (2, 2),
        "",
        "A promise in that state.",
        make,
    ),
    Builtin::plain(
        "%promise-state",
        "(%promise-state promise)",
        (1, 1),
        "",
        "0 delayed, 1 pending, 2 fulfilled, 3 failed, 4 delayed by `delay-force`.",
        state,
    ),
    Builtin::plain(
        "%promise-value",
        "(%promise-value promise)",
        (1, 1),
        "",
        "Its thunk, value or error.",
        value,
    ),
    Builtin::plain(
        "%promise-settle!",
        "(%promise-settle! promise ok? value)",
        (3, 3),
        "1 for each waiter",
        "Settles a promise that is not settled yet; says whether it did.",
        settle_now,
    ),
    Builtin::plain(
        "%promise-join!",
        "(%promise-join! promise other)",
        (2, 2),
        "",
        "Makes the two one.",
        join,
    ),
    Builtin::control(
        "%await",
        "(%await promise)",
        (1, 1),
        "1 for every 8 words of the stack put aside",
        "Waits for a promise that is not delayed.",
        wait,
    ),
    Builtin::control(
        "yield",
        "(yield)",
        (0, 0),
        "1 for every 8 words of the stack put aside",
        "Lets other tasks run.",
        yield_now,
    ),
    Builtin::plain(
        "spawn",
        "(spawn thunk)",
        (1, 1),
        "",
        "Runs a thunk as a task of its own; gives the promise of its value.",
        spawn,
    ),
    Builtin::plain(
        "%request",
        "(%request name value …)",
        (1, super::ANY),
        "1 for each value",
        "Asks the world around the program for something; gives the promise of its answer.",
        request,
    )
    .needs(vm::Profile::Local),
];

/// The state of a promise made by `delay-force`.
pub const DELAYED_FORCE: i64 = 4;

fn new(m: &mut Machine, state: i64, held: Value) -> Outcome {
    m.rooted(&[held], 6, |m, held| {
        let content = m.heap.object(
            Kind::Vector,
            0,
            &[Value::fixnum(state), held[0], Value::NIL],
        );
        m.heap.object(Kind::Promise, 0, &[content])
    })
}

/// A promise in a state that came from elsewhere.
pub fn settled(m: &mut Machine, state: i64, held: Value) -> Outcome {
    new(m, state, held)
}

/// A pending promise.
pub fn pending(m: &mut Machine) -> Outcome {
    new(m, PENDING, Value::FALSE)
}

fn promise(m: &mut Machine, arguments: Arguments, index: usize) -> Result<Value, Fault> {
    let value = m.arg(arguments, index);
    if m.heap.is(value, Kind::Promise) {
        Ok(value)
    } else {
        Err(wrong_argument(m, "await", "a promise", value))
    }
}

fn is_promise(m: &mut Machine, arguments: Arguments) -> Outcome {
    Ok(Value::boolean(
        m.heap.is(m.arg(arguments, 0), Kind::Promise),
    ))
}

fn delay(m: &mut Machine, arguments: Arguments) -> Outcome {
    let thunk = m.arg(arguments, 0);
    new(m, DELAYED, thunk)
}

fn delay_force(m: &mut Machine, arguments: Arguments) -> Outcome {
    let thunk = m.arg(arguments, 0);
    new(m, DELAYED_FORCE, thunk)
}

fn make(m: &mut Machine, arguments: Arguments) -> Outcome {
    let state = m.arg(arguments, 0);
    let state = super::index_argument(m, "%promise", state, 5)?;
    let held = m.arg(arguments, 1);
    new(m, state as i64, held)
}

fn state(m: &mut Machine, arguments: Arguments) -> Outcome {
    let promise = promise(m, arguments, 0)?;
    Ok(m.heap.field(m.heap.field(promise, 0), STATE))
}

fn value(m: &mut Machine, arguments: Arguments) -> Outcome {
    let promise = promise(m, arguments, 0)?;
    Ok(m.heap.field(m.heap.field(promise, 0), VALUE))
}

fn settle_now(m: &mut Machine, arguments: Arguments) -> Outcome {
    let promise = promise(m, arguments, 0)?;
    let content = m.heap.field(promise, 0);
    let state = m.heap.field(content, STATE).fixnum_value();
    if state == FULFILLED || state == FAILED {
        return Ok(Value::FALSE);
    }
    let (fulfilled, held) = (m.arg(arguments, 1).is_true(), m.arg(arguments, 2));
    settle(m, promise, held, fulfilled)?;
    Ok(Value::TRUE)
}

/// Settles a promise and makes those who wait for it ready.
pub fn settle(m: &mut Machine, promise: Value, held: Value, fulfilled: bool) -> Result<(), Fault> {
    if !m.heap.is(promise, Kind::Promise) {
        return Ok(());
    }
    let content = m.heap.field(promise, 0);
    let state = m.heap.field(content, STATE).fixnum_value();
    if state == FULFILLED || state == FAILED {
        return Ok(());
    }
    m.heap.set_field(
        content,
        STATE,
        Value::fixnum(if fulfilled { FULFILLED } else { FAILED }),
    );
    m.heap.set_field(content, VALUE, held);
    let mut waiters = m.heap.field(content, WAITERS);
    m.heap.set_field(content, WAITERS, Value::NIL);
    let mut count = 0;
    let mut woken = Vec::new();
    while waiters.is_pair() {
        count += 1;
        woken.push(m.heap.car(waiters));
        waiters = m.heap.cdr(waiters);
    }
    for continuation in woken.into_iter().rev() {
        m.ready.push_back(Ready {
            continuation,
            value: held,
            raise: !fulfilled,
        });
    }
    m.charge(count)
}

/// Adds one who waits.
pub fn add_waiter(m: &mut Machine, promise: Value, continuation: Value) -> Result<(), Fault> {
    let from = m.temporaries.len();
    m.temporaries.extend([promise, continuation]);
    let asked = m.ensure(2);
    let (promise, continuation) = (m.temporaries[from], m.temporaries[from + 1]);
    m.temporaries.truncate(from);
    asked?;
    let content = m.heap.field(promise, 0);
    let waiters = m.heap.cons(continuation, m.heap.field(content, WAITERS));
    m.heap.set_field(content, WAITERS, waiters);
    Ok(())
}

fn join(m: &mut Machine, arguments: Arguments) -> Outcome {
    let (kept, other) = (promise(m, arguments, 0)?, promise(m, arguments, 1)?);
    let content = m.heap.field(kept, 0);
    let from = m.heap.field(other, 0);
    for field in [STATE, VALUE] {
        let value = m.heap.field(from, field);
        m.heap.set_field(content, field, value);
    }
    m.heap.set_field(other, 0, content);
    Ok(Value::VOID)
}

fn wait(m: &mut Machine, arguments: Arguments, _: &Places) -> Result<Next, Fault> {
    promise(m, arguments, 0)?;
    vm::wait(m, arguments)
}

fn yield_now(m: &mut Machine, arguments: Arguments, _: &Places) -> Result<Next, Fault> {
    vm::yield_task(m, arguments)
}

/// A task is a continuation that begins with a call of the thunk, and ends by settling its promise.
fn spawn(m: &mut Machine, arguments: Arguments) -> Outcome {
    let promise = pending(m)?;
    let from = m.temporaries.len();
    m.temporaries.push(promise);
    let made = vm::task_continuation(m, arguments);
    let promise = m.temporaries[from];
    m.temporaries.truncate(from);
    let continuation = made?;
    m.ready.push_back(Ready {
        continuation,
        value: Value::VOID,
        raise: false,
    });
    Ok(promise)
}

/// Requests that may wait for their answers at once.
const REQUESTS_MAX: usize = 100_000;

fn request(m: &mut Machine, arguments: Arguments) -> Outcome {
    let name = m.arg(arguments, 0);
    if !m.is_string(name) {
        return Err(wrong_argument(m, "%request", "a string", name));
    }
    if m.awaited.len() >= REQUESTS_MAX {
        return Err(m.error(
            ":refused",
            "too many requests are waiting for their answers",
            &[],
        ));
    }
    m.charge(arguments.count as u64)?;
    let promise = pending(m)?;
    let name = m.heap.string_text(m.arg(arguments, 0));
    let values = (1..arguments.count)
        .map(|place| m.arg(arguments, place))
        .collect();
    let id = m.next_serial();
    m.awaited.insert(id, promise);
    m.requests.push_back(vm::Pending {
        id,
        name,
        arguments: values,
    });
    Ok(promise)
}
