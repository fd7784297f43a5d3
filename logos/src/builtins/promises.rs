//! Promises and tasks: the parts that touch the scheduler. Chaining, `promise-all` and their like are written in Logos on top.
//!
//! A promise object has one field, its content: a vector of state, value, waiters, a note and an owner. Two promises that `delay-force` has joined share one content.

use super::{Builtin, wrong_argument};
use crate::value::{Kind, Value};
use crate::vm::{self, Arguments, Fault, Machine, Next, Outcome, Places};

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
/// A list of continuations of tasks and of entries for queues, the latest first; at its end `#f` instead of the empty list where there were
/// others before, who do not wait any more.
pub const WAITERS: usize = 2;
/// Whatever the library wants to find again beside the promise; in a list, once it was asked for.
const NOTE: usize = 3;
/// Who will settle it: a task, the number of a request, or `#f`. Of one that failed while nobody waited: the number of that error, until
/// somebody looks at it.
pub const OWNER: usize = 4;
/// Fields of an entry for a queue: the queue, what the program calls the promise, the promise.
const ENTRY_QUEUE: usize = 0;
/// Fields of a queue: the pairs of entries that have come, the latest first; a promise that tells of the next, or `#f`; whether it is closed.
const QUEUE_COME: usize = 0;
const QUEUE_SIGNAL: usize = 1;
const QUEUE_CLOSED: usize = 2;

/// What it costs that an error is kept for its telling, and each value that is written for that.
const UNTOLD_FUEL: u64 = 400;
const UNTOLD_VALUE_FUEL: u64 = 500;

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
        "1 for every 4 words of the stack put aside",
        "Waits for a promise that is not delayed.",
        wait,
    ),
    Builtin::control(
        "yield",
        "(yield)",
        (0, 0),
        "1 for every 4 words of the stack put aside",
        "Lets other tasks run.",
        yield_now,
    ),
    Builtin::plain(
        "%spawn",
        "(%spawn thunk begins?)",
        (2, 2),
        "120",
        "Runs a thunk as a task of its own; gives its promise. `begins?`: cancelled before it began, it begins all the same.",
        spawn,
    ),
    Builtin::plain(
        "%watch!",
        "(%watch! promise queue tag)",
        (3, 3),
        "",
        "Once the promise is settled, an entry for it comes to the queue.",
        watch,
    ),
    Builtin::plain(
        "cancel",
        "(cancel promise)",
        (1, 1),
        "1 for each promise reached",
        "Cancels what a promise waits for: its task ends with an error of kind :cancelled. Says whether there was anything to cancel.",
        cancel,
    ),
    Builtin::plain(
        "%abandon",
        "(%abandon promise)",
        (1, 1),
        "1 for each promise reached",
        "Cancels a promise unless somebody waits for it.",
        abandon,
    ),
    Builtin::control(
        "sleep",
        "(sleep seconds)",
        (1, 1),
        "2000, 1 for every 4 words of the stack put aside",
        "Waits for so many seconds; other tasks run meanwhile.",
        sleep,
    )
    .needs(vm::Profile::Local),
    Builtin::plain(
        "%needs-local",
        "(%needs-local name)",
        (1, 1),
        "",
        "An error about the procedure of that name where the profile is pure.",
        needs_local,
    ),
    Builtin::plain(
        "%request",
        "(%request name value …)",
        (1, super::ANY),
        "1 for each value",
        "Asks the world around the program for something; gives the promise of its answer.",
        local_request,
    ),
    Builtin::plain(
        "%file-request",
        "(%file-request name value …)",
        (1, super::ANY),
        "1000, for a file that is made anew 10000, and 1 for each value",
        "The same for what is asked of the file system, which takes longer to answer.",
        file_request,
    ),
    Builtin::plain(
        "%node-request",
        "(%node-request name value …)",
        (1, super::ANY),
        "1 for each value",
        "The same for what only the network can do; `name` is the procedure's that asks.",
        node_request,
    ),
    Builtin::plain(
        "%promise-note",
        "(%promise-note promise)",
        (1, 1),
        "",
        "What was noted beside a promise, or `#f`.",
        note,
    ),
    Builtin::plain(
        "%promise-note!",
        "(%promise-note! promise value)",
        (2, 2),
        "",
        "Notes a value beside a promise.",
        set_note,
    ),
];

/// The state of a promise made by `delay-force`.
pub const DELAYED_FORCE: i64 = 4;

fn new(m: &mut Machine, state: i64, held: Value) -> Outcome {
    m.rooted(&[held], 8, |m, held| {
        let no = Value::FALSE;
        let content = [Value::fixnum(state), held[0], Value::NIL, no, no];
        let content = m.heap.object(Kind::Vector, 0, &content);
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
    promise_for(m, "await", arguments, index)
}

fn promise_for(
    m: &mut Machine,
    procedure: &str,
    arguments: Arguments,
    index: usize,
) -> Result<Value, Fault> {
    let value = m.arg(arguments, index);
    if m.heap.is(value, Kind::Promise) {
        Ok(value)
    } else {
        Err(wrong_argument(m, procedure, "a promise", value))
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
    look_at(m, promise);
    Ok(m.heap.field(m.heap.field(promise, 0), VALUE))
}

fn is_settled(m: &Machine, promise: Value) -> bool {
    let state = m.heap.field(m.heap.field(promise, 0), STATE).fixnum_value();
    state == FULFILLED || state == FAILED
}

fn settle_now(m: &mut Machine, arguments: Arguments) -> Outcome {
    let promise = promise(m, arguments, 0)?;
    if is_settled(m, promise) {
        return Ok(Value::FALSE);
    }
    let (fulfilled, held) = (m.arg(arguments, 1).is_true(), m.arg(arguments, 2));
    end(m, promise, held, fulfilled)?;
    Ok(Value::TRUE)
}

/// Settles a promise with what its task or request came to. An error that nobody waits for is remembered.
pub fn end(m: &mut Machine, promise: Value, held: Value, fulfilled: bool) -> Result<(), Fault> {
    let is_untold = !fulfilled
        && m.heap.is(promise, Kind::Promise)
        && !is_settled(m, promise)
        && !m.heap.field(m.heap.field(promise, 0), NOTE).is_pair()
        // Who gave up waiting knew that it may fail.
        && m.heap.field(m.heap.field(promise, 0), WAITERS) == Value::NIL
        && !is_cancellation(m, held);
    settle(m, promise, held, fulfilled)?;
    if is_untold {
        let values = vm::shown_values(m, held) as u64;
        m.charge(UNTOLD_FUEL + UNTOLD_VALUE_FUEL * values)?;
        let number = m.note_untold(held);
        let content = m.heap.field(promise, 0);
        m.heap
            .set_field(content, OWNER, Value::fixnum(number as i64));
    }
    Ok(())
}

/// Whoever cancels something knows of it.
fn is_cancellation(m: &Machine, raised: Value) -> bool {
    let kind = || m.heap.field(raised, vm::error_fields::KIND).as_symbol();
    m.heap.is(raised, Kind::Error) && kind().is_some_and(|it| m.symbols.text(it) == ":cancelled")
}

/// Somebody looks at what a promise came to.
pub fn look_at(m: &mut Machine, promise: Value) {
    let content = m.heap.field(promise, 0);
    if m.heap.field(content, STATE).fixnum_value() != FAILED {
        return;
    }
    if let Some(number) = m.heap.field(content, OWNER).as_fixnum() {
        m.untold.looked_at(number as u64);
        m.heap.set_field(content, OWNER, Value::FALSE);
    }
}

/// Settles a promise and tells those who wait for it. Allocates nothing.
pub fn settle(m: &mut Machine, promise: Value, held: Value, fulfilled: bool) -> Result<(), Fault> {
    let mut unsettled = vec![(promise, held, fulfilled)];
    let mut count = 0;
    while let Some((promise, held, fulfilled)) = unsettled.pop() {
        if !m.heap.is(promise, Kind::Promise) || is_settled(m, promise) {
            continue;
        }
        let content = m.heap.field(promise, 0);
        let state = if fulfilled { FULFILLED } else { FAILED };
        m.heap.set_field(content, STATE, Value::fixnum(state));
        m.heap.set_field(content, VALUE, held);
        m.heap.set_field(content, OWNER, Value::FALSE);
        let mut waiters = m.heap.field(content, WAITERS);
        m.heap.set_field(content, WAITERS, Value::NIL);
        let mut told = Vec::new();
        while waiters.is_pair() {
            count += 1;
            told.push(waiters);
            waiters = m.heap.cdr(waiters);
        }
        for pair in told.into_iter().rev() {
            let waiter = m.heap.car(pair);
            if m.heap.is(waiter, Kind::Continuation) {
                vm::wake(m, waiter, held, !fulfilled);
            } else if let Some(signal) = enqueue(m, pair) {
                unsettled.push((signal, Value::VOID, true));
            }
        }
    }
    m.charge(count)
}

/// Puts the entry in `pair` at the front of its queue, and gives the promise that tells of it.
fn enqueue(m: &mut Machine, pair: Value) -> Option<Value> {
    let queue = m.heap.field(m.heap.car(pair), ENTRY_QUEUE);
    if m.heap.field(queue, QUEUE_CLOSED).is_true() {
        return None;
    }
    let come = m.heap.field(queue, QUEUE_COME);
    m.heap.set_cdr(pair, come);
    m.heap.set_field(queue, QUEUE_COME, pair);
    let signal = m.heap.field(queue, QUEUE_SIGNAL);
    m.heap.set_field(queue, QUEUE_SIGNAL, Value::FALSE);
    signal.is_true().then_some(signal)
}

/// Adds one who waits, and drops those before who do no more.
pub fn add_waiter(m: &mut Machine, promise: Value, waiter: Value) -> Result<(), Fault> {
    let from = m.temporaries.len();
    m.temporaries.extend([promise, waiter]);
    let asked = m.ensure(2);
    let (promise, waiter) = (m.temporaries[from], m.temporaries[from + 1]);
    m.temporaries.truncate(from);
    asked?;
    let waiters = live_waiters(m, promise)?;
    let waiters = m.heap.cons(waiter, waiters);
    let content = m.heap.field(promise, 0);
    m.heap.set_field(content, WAITERS, waiters);
    Ok(())
}

/// Those who wait for a promise, from the latest on that still does.
fn live_waiters(m: &mut Machine, promise: Value) -> Outcome {
    let content = m.heap.field(promise, 0);
    let mut waiters = m.heap.field(content, WAITERS);
    let mut stale = 0;
    while waiters.is_pair() {
        let waiter = m.heap.car(waiters);
        let lives = if m.heap.is(waiter, Kind::Continuation) {
            vm::waits(m, waiter)
        } else {
            let queue = m.heap.field(waiter, ENTRY_QUEUE);
            !m.heap.field(queue, QUEUE_CLOSED).is_true()
        };
        if lives {
            break;
        }
        stale += 1;
        waiters = m.heap.cdr(waiters);
    }
    if stale > 0 && !waiters.is_pair() {
        waiters = Value::FALSE;
    }
    m.heap.set_field(content, WAITERS, waiters);
    m.charge(stale)?;
    Ok(waiters)
}

/// Whether somebody waits for a promise that is not settled.
pub fn is_awaited(m: &mut Machine, promise: Value) -> bool {
    // What that costs is noticed at the next thing that is charged.
    let _ = live_waiters(m, promise);
    !is_settled(m, promise) && m.heap.field(m.heap.field(promise, 0), WAITERS).is_pair()
}

/// Cancels what a task waited for that goes on no more, unless somebody else waits for it.
pub fn leave_alone(m: &mut Machine, awaited: Value, error: Value) {
    if m.heap.is(awaited, Kind::Promise) && !is_settled(m, awaited) && !is_awaited(m, awaited) {
        let _ = cancel_from(m, awaited, error);
    }
}

/// An entry is a vector of queue, tag and promise.
fn watch(m: &mut Machine, arguments: Arguments) -> Outcome {
    promise(m, arguments, 0)?;
    m.ensure(4 + 2)?;
    let (promise, queue) = (m.arg(arguments, 0), m.arg(arguments, 1));
    if !m.heap.is(queue, Kind::Vector) || m.heap.length(queue) <= QUEUE_CLOSED {
        return Err(wrong_argument(m, "%watch!", "a queue", queue));
    }
    let fields = [queue, m.arg(arguments, 2), promise];
    let entry = m.heap.object(Kind::Vector, 0, &fields);
    if is_settled(m, promise) {
        look_at(m, promise);
        let pair = m.heap.cons(entry, Value::NIL);
        if let Some(signal) = enqueue(m, pair) {
            settle(m, signal, Value::VOID, true)?;
        }
    } else {
        add_waiter(m, promise, entry)?;
    }
    Ok(Value::VOID)
}

/// What the one had becomes what the other has; whoever waits for either is told by either.
fn join(m: &mut Machine, arguments: Arguments) -> Outcome {
    let (kept, other) = (promise(m, arguments, 0)?, promise(m, arguments, 1)?);
    let content = m.heap.field(kept, 0);
    let from = m.heap.field(other, 0);
    if content == from {
        return Ok(Value::VOID);
    }
    for field in [STATE, VALUE, NOTE, OWNER] {
        let value = m.heap.field(from, field);
        m.heap.set_field(content, field, value);
    }
    let mut waiters = m.heap.field(from, WAITERS);
    if !m.heap.field(content, WAITERS).is_pair() {
        m.heap.set_field(content, WAITERS, waiters);
    } else {
        while waiters.is_pair() {
            m.charge(1)?;
            let next = m.heap.cdr(waiters);
            m.heap.set_cdr(waiters, m.heap.field(content, WAITERS));
            m.heap.set_field(content, WAITERS, waiters);
            waiters = next;
        }
    }
    m.heap.set_field(other, 0, content);
    Ok(Value::VOID)
}

fn cancel(m: &mut Machine, arguments: Arguments) -> Outcome {
    let promise = promise_for(m, "cancel", arguments, 0)?;
    if is_settled(m, promise) {
        return Ok(Value::FALSE);
    }
    let raised = m.raised;
    m.temporaries.push(raised);
    let fault = m.error(":cancelled", "this was cancelled", &[]);
    let error = m.raised;
    m.raised = m.temporaries.pop().unwrap_or(Value::VOID);
    match fault {
        Fault::Raise { .. } => cancel_from(m, m.arg(arguments, 0), error),
        _ => Err(fault),
    }
}

/// Cancels a promise, and what its task waits for unless somebody else does.
fn cancel_from(m: &mut Machine, promise: Value, error: Value) -> Outcome {
    let mut next = Some(promise);
    while let Some(promise) = next.take() {
        m.charge(1)?;
        if is_settled(m, promise) {
            break;
        }
        let owner = m.heap.field(m.heap.field(promise, 0), OWNER);
        if m.heap.is(owner, Kind::Task) {
            if let Some(awaited) = vm::cancel(m, owner, error)
                && !live_waiters(m, awaited)?.is_pair()
            {
                next = Some(awaited);
            }
            continue;
        }
        if let Some(id) = owner.as_fixnum() {
            withdraw(m, id as u64);
        }
        settle(m, promise, error, false)?;
    }
    Ok(Value::TRUE)
}

/// Tells the world that nobody wants an answer any more.
fn withdraw(m: &mut Machine, id: u64) {
    m.awaited.remove(&id);
    if m.requests.back().is_some_and(|last| last.id == id) {
        m.requests.pop_back();
        return;
    }
    m.requests.push_back(vm::Pending {
        id,
        name: vm::CANCEL.to_string(),
        arguments: Vec::new(),
    });
}

fn abandon(m: &mut Machine, arguments: Arguments) -> Outcome {
    let promise = promise(m, arguments, 0)?;
    if is_settled(m, promise) || live_waiters(m, promise)?.is_pair() {
        return Ok(Value::FALSE);
    }
    cancel(m, arguments)
}

fn wait(m: &mut Machine, arguments: Arguments, _: &Places) -> Result<Next, Fault> {
    promise(m, arguments, 0)?;
    vm::wait(m, arguments)
}

fn yield_now(m: &mut Machine, arguments: Arguments, _: &Places) -> Result<Next, Fault> {
    vm::yield_task(m, arguments)
}

fn spawn(m: &mut Machine, arguments: Arguments) -> Outcome {
    m.charge(120)?;
    let begins = m.arg(arguments, 1).is_true();
    vm::spawn(m, arguments, begins)
}

fn sleep(m: &mut Machine, arguments: Arguments, _: &Places) -> Result<Next, Fault> {
    let seconds = m.arg(arguments, 0);
    let is_duration = m
        .number_paid(seconds)?
        .is_some_and(|n| crate::number::to_f64(&n) >= 0.0);
    if !is_duration {
        return Err(wrong_argument(
            m,
            "sleep",
            "a number that is not negative",
            seconds,
        ));
    }
    m.charge(TIMER_FUEL)?;
    let promise = ask(m, "sleep", arguments, 0)?;
    m.set_arg(arguments, 0, promise);
    vm::wait(m, arguments)
}

fn note(m: &mut Machine, arguments: Arguments) -> Outcome {
    promise(m, arguments, 0)?;
    m.ensure(2)?;
    let promise = m.arg(arguments, 0);
    look_at(m, promise);
    let content = m.heap.field(promise, 0);
    let noted = m.heap.field(content, NOTE);
    if noted.is_pair() {
        return Ok(m.heap.car(noted));
    }
    if noted.is_true() {
        let asked_for = m.heap.cons(noted, Value::NIL);
        m.heap.set_field(content, NOTE, asked_for);
    }
    Ok(noted)
}

fn set_note(m: &mut Machine, arguments: Arguments) -> Outcome {
    let promise = promise(m, arguments, 0)?;
    let (content, noted) = (m.heap.field(promise, 0), m.arg(arguments, 1));
    m.heap.set_field(content, NOTE, noted);
    Ok(Value::VOID)
}

/// Requests that may wait for their answers at once.
const REQUESTS_MAX: usize = 100_000;
/// What the work of the operating system comes to when it is asked for a file, or for more of it.
const FILE_REQUEST_FUEL: u64 = 1_000;
/// The same when a file is made anew: what was in it is given back, and what comes into it is brought to the disk.
const FILE_MADE_FUEL: u64 = 10_000;
/// The same when it is asked to wake somebody.
const TIMER_FUEL: u64 = 2_000;

/// Checks the profile itself, so that the error names the procedure the program called.
fn local_request(m: &mut Machine, arguments: Arguments) -> Outcome {
    request(m, arguments, vm::Profile::Local)
}

fn file_request(m: &mut Machine, arguments: Arguments) -> Outcome {
    let name = request_name(m, arguments)?;
    m.charge(match name.ends_with("-output-file") {
        true => FILE_MADE_FUEL,
        false => FILE_REQUEST_FUEL,
    })?;
    request(m, arguments, vm::Profile::Local)
}

fn node_request(m: &mut Machine, arguments: Arguments) -> Outcome {
    request(m, arguments, vm::Profile::Node)
}

fn needs_local(m: &mut Machine, arguments: Arguments) -> Outcome {
    if m.profile() >= vm::Profile::Local {
        return Ok(Value::VOID);
    }
    let name = request_name(m, arguments)?;
    Err(super::profile_lacks(m, &name, vm::Profile::Local))
}

/// A request is called like the procedure that makes it: that is what an error names.
fn request_name(m: &mut Machine, arguments: Arguments) -> Result<String, Fault> {
    let name = m.arg(arguments, 0);
    match super::name_of_another(m, name) {
        Some(name) => Ok(name),
        None => Err(wrong_argument(m, "%request", "a name", name)),
    }
}

fn request(m: &mut Machine, arguments: Arguments, needs: vm::Profile) -> Outcome {
    let name = request_name(m, arguments)?;
    if m.profile() < needs {
        return Err(super::profile_lacks(m, &name, needs));
    }
    ask(m, &name, arguments, 1)
}

/// Asks the world for something, with the arguments from a place on.
fn ask(m: &mut Machine, name: &str, arguments: Arguments, from: usize) -> Outcome {
    if m.awaited.len().max(m.requests.len()) >= REQUESTS_MAX {
        let message = "too many requests are waiting for their answers";
        return Err(m.error(":refused", message, &[]));
    }
    m.charge(arguments.count as u64)?;
    let promise = pending(m)?;
    let values = (from..arguments.count).map(|place| m.arg(arguments, place));
    let values = values.collect();
    let id = m.next_serial();
    let content = m.heap.field(promise, 0);
    m.heap.set_field(content, OWNER, Value::fixnum(id as i64));
    m.awaited.insert(id, promise);
    m.requests.push_back(vm::Pending {
        id,
        name: name.to_string(),
        arguments: values,
    });
    Ok(promise)
}
