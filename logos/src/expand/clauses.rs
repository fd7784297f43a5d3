//! Forms that choose and sequence: `if`, `cond`, `case`, `and`, `or`, `when`, `unless`, `begin`, `guard`.
//!
//! | form | core |
//! | --- | --- |
//! | `(if a b)` | `(If a b #<void>)` |
//! | `(and a b c)` | `(If a (If b c #f) #f)` |
//! | `(or a b)` | `(Let ((t a)) (If t t b))` |
//! | `(when a b …)` | `(If a (Sequence b …) #<void>)`, `unless` the other way round |
//! | `(cond (a b …) …)` | `(If a (Sequence b …) …)`, at its end `#<void>` |
//! | `(cond (a) …)`, `(a => f)` | `(Let ((t a)) (If t t …))`, `(Let ((t a)) (If t (f t) …))` |
//! | `(case k ((d …) b …) …)` | `(Let ((t k)) (If (%memv t '(d …)) (Sequence b …) …))` |
//! | `(guard (e clause …) b …)` | `(%guard else? (Lambda () b …) (Lambda (e reraise) clause …))` |

use super::assembly::Build;
use super::body::Body;
use super::machine::{Expander, Flow};
use super::procedures::{lambda_task, thunk};
use super::rules::is_auxiliary;
use super::scope::{Env, Identifier, Local};
use super::specials::{AUXILIARY_ARROW, AUXILIARY_ELSE};
use super::task::{Destination, Task, Use, sequence};
use super::{ExpandError, Host, message, strip};
use crate::core::VariableId;
use crate::syntax::Place;
use crate::syntax::{Datum, Syntax};

/// What a clause form does when no clause holds.
enum End {
    Void,
    /// `guard`: call the procedure that raises again.
    Reraise(VariableId),
}

pub(crate) fn if_form(x: &mut Expander, it: &Use, _host: &mut dyn Host) -> Result<(), ExpandError> {
    let items = it.items();
    if !(3..=4).contains(&items.len()) {
        return Err(message::wrong_use(it));
    }
    let mut tasks: Vec<Task> = items[1..]
        .iter()
        .map(|item| Task::expression(item, &it.env))
        .collect();
    if items.len() == 3 {
        tasks.push(Task::constant(Datum::Void, it.place()));
    }
    tasks.push(Task::Build(Build::If, it.place()));
    x.schedule(tasks);
    Ok(())
}

pub(crate) fn begin(
    x: &mut Expander,
    it: Use,
    destination: Destination,
    _host: &mut dyn Host,
) -> Flow {
    x.deliver_all(destination, &it.items()[1..], &it.env, it.place())?;
    Ok(None)
}

pub(crate) fn and(x: &mut Expander, it: &Use, _host: &mut dyn Host) -> Result<(), ExpandError> {
    let (items, place) = (&it.items()[1..], it.place());
    if items.is_empty() {
        x.schedule([Task::constant(Datum::Bool(true), place)]);
        return Ok(());
    }
    let mut tasks: Vec<Task> = items
        .iter()
        .map(|item| Task::expression(item, &it.env))
        .collect();
    for _ in 1..items.len() {
        tasks.push(Task::constant(Datum::Bool(false), place));
        tasks.push(Task::Build(Build::If, place));
    }
    x.schedule(tasks);
    Ok(())
}

pub(crate) fn or(x: &mut Expander, it: &Use, host: &mut dyn Host) -> Result<(), ExpandError> {
    let (items, place) = (&it.items()[1..], it.place());
    let Some((last, items)) = items.split_last() else {
        x.schedule([Task::constant(Datum::Bool(false), place)]);
        return Ok(());
    };
    let mut tasks = Vec::new();
    let mut ends = Vec::new();
    for item in items {
        tasks.push(Task::expression(item, &it.env));
        let value = temporary(x, host);
        tasks.push(Task::Build(Build::Local(value), place));
        tasks.push(Task::Build(Build::Local(value), place));
        ends.push(Task::Build(Build::Let(vec![value]), place));
        ends.push(Task::Build(Build::If, place));
    }
    tasks.push(Task::expression(last, &it.env));
    tasks.extend(ends.into_iter().rev());
    x.schedule(tasks);
    Ok(())
}

pub(crate) fn when(x: &mut Expander, it: &Use, _host: &mut dyn Host) -> Result<(), ExpandError> {
    let (items, place) = (it.items(), it.place());
    if items.len() < 3 {
        return Err(message::wrong_use(it));
    }
    let mut tasks = vec![Task::expression(&items[1], &it.env)];
    tasks.extend(sequence(&items[2..], &it.env, place));
    tasks.push(Task::constant(Datum::Void, place));
    tasks.push(Task::Build(Build::If, place));
    x.schedule(tasks);
    Ok(())
}

pub(crate) fn unless(x: &mut Expander, it: &Use, _host: &mut dyn Host) -> Result<(), ExpandError> {
    let (items, place) = (it.items(), it.place());
    if items.len() < 3 {
        return Err(message::wrong_use(it));
    }
    let mut tasks = vec![Task::expression(&items[1], &it.env)];
    tasks.push(Task::constant(Datum::Void, place));
    tasks.extend(sequence(&items[2..], &it.env, place));
    tasks.push(Task::Build(Build::If, place));
    x.schedule(tasks);
    Ok(())
}

pub(crate) fn cond(x: &mut Expander, it: &Use, host: &mut dyn Host) -> Result<(), ExpandError> {
    let clauses = &it.items()[1..];
    if clauses.is_empty() {
        return Err(message::wrong_use(it));
    }
    let tasks = cond_tasks(x, it, clauses, &it.env, End::Void, host)?;
    x.schedule(tasks);
    Ok(())
}

/// The tasks of `cond` clauses.
fn cond_tasks(
    x: &mut Expander,
    it: &Use,
    clauses: &[Syntax],
    env: &Env,
    end: End,
    host: &mut dyn Host,
) -> Result<Vec<Task>, ExpandError> {
    let mut tasks = Vec::new();
    let mut ends = Vec::new();
    for (index, clause) in clauses.iter().enumerate() {
        host.spend(1)?;
        let place = Place::of(clause);
        let Some([test, body @ ..]) = clause.as_list() else {
            return Err(message::wrong_part(
                it,
                clause,
                "a test and its parts in brackets",
                host,
            ));
        };
        if is_word(Some(test), AUXILIARY_ELSE, env, host)? {
            if index + 1 != clauses.len() || body.is_empty() {
                return Err(misplaced_else(clause, body.is_empty()));
            }
            tasks.extend(sequence(body, env, place));
            tasks.extend(ends.into_iter().rev());
            return Ok(tasks);
        }
        tasks.push(Task::expression(test, env));
        let arrow = is_word(body.first(), AUXILIARY_ARROW, env, host)?;
        if body.is_empty() || arrow {
            let value = temporary(x, host);
            let read = || Task::Build(Build::Local(value), place);
            tasks.push(read());
            if arrow {
                tasks.push(receiver(it, body, env, host)?);
                tasks.push(read());
                tasks.push(Task::Build(Build::Call(1), place));
            } else {
                tasks.push(read());
            }
            ends.push(Task::Build(Build::Let(vec![value]), place));
        } else {
            tasks.extend(sequence(body, env, place));
        }
        ends.push(Task::Build(Build::If, place));
    }
    match end {
        End::Void => tasks.push(Task::constant(Datum::Void, it.place())),
        End::Reraise(reraise) => {
            tasks.push(Task::Build(Build::Local(reraise), it.place()));
            tasks.push(Task::Build(Build::Call(0), it.place()));
        }
    }
    tasks.extend(ends.into_iter().rev());
    Ok(tasks)
}

pub(crate) fn case(x: &mut Expander, it: &Use, host: &mut dyn Host) -> Result<(), ExpandError> {
    let items = it.items();
    let Some([key, clauses @ ..]) = items.get(1..) else {
        return Err(message::wrong_use(it));
    };
    if clauses.is_empty() {
        return Err(message::wrong_use(it));
    }
    let value = temporary(x, host);
    let mut tasks = vec![Task::expression(key, &it.env)];
    let mut ends = vec![Task::Build(Build::Let(vec![value]), it.place())];
    let mut complete = false;
    for (index, clause) in clauses.iter().enumerate() {
        host.spend(1)?;
        let place = Place::of(clause);
        let Some([data, body @ ..]) = clause.as_list() else {
            return Err(message::wrong_part(
                it,
                clause,
                "values and their parts in brackets",
                host,
            ));
        };
        complete = is_word(Some(data), AUXILIARY_ELSE, &it.env, host)?;
        if body.is_empty() || complete && index + 1 != clauses.len() {
            return Err(misplaced_else(clause, body.is_empty()));
        }
        if !complete {
            if data.as_list().is_none() {
                return Err(message::wrong_part(it, data, "values in brackets", host));
            }
            tasks.push(Task::internal("%memv", place, host));
            tasks.push(Task::Build(Build::Local(value), place));
            tasks.push(Task::Build(
                Build::Constant(strip::constant(data, host)?),
                place,
            ));
            tasks.push(Task::Build(Build::Call(2), place));
            ends.push(Task::Build(Build::If, place));
        }
        if is_word(body.first(), AUXILIARY_ARROW, &it.env, host)? {
            tasks.push(receiver(it, body, &it.env, host)?);
            tasks.push(Task::Build(Build::Local(value), place));
            tasks.push(Task::Build(Build::Call(1), place));
        } else {
            tasks.extend(sequence(body, &it.env, place));
        }
    }
    if !complete {
        tasks.push(Task::constant(Datum::Void, it.place()));
    }
    tasks.extend(ends.into_iter().rev());
    x.schedule(tasks);
    Ok(())
}

pub(crate) fn guard(x: &mut Expander, it: &Use, host: &mut dyn Host) -> Result<(), ExpandError> {
    let (items, place) = (it.items(), it.place());
    let [_, specification, body @ ..] = items else {
        return Err(message::wrong_use(it));
    };
    let Some([name, clauses @ ..]) = specification.as_list() else {
        return Err(message::wrong_part(
            it,
            specification,
            "a name and clauses in brackets",
            host,
        ));
    };
    let Some(name) = Identifier::of(name) else {
        return Err(message::wrong_part(it, name, "a name", host));
    };
    if body.is_empty() {
        return Err(message::wrong_use(it));
    }
    let handler = it.env.inner();
    let error = x.variable(name.name());
    handler.bind(&name, Local::Variable(error), host)?;
    let reraise = host.symbols().intern("reraise");
    let reraise = x.variable(reraise);
    let last = clauses
        .last()
        .and_then(Syntax::as_list)
        .and_then(<[Syntax]>::first);
    let complete = is_word(last, AUXILIARY_ELSE, &handler, host)?;
    let mut tasks = vec![
        Task::internal("%guard", place, host),
        Task::constant(Datum::Bool(complete), place),
        Task::Body(Body::new(body, it.env.inner(), place, None)),
        thunk(place),
    ];
    tasks.extend(cond_tasks(
        x,
        it,
        clauses,
        &handler,
        End::Reraise(reraise),
        host,
    )?);
    tasks.push(lambda_task(vec![error, reraise], None, place));
    tasks.push(Task::Build(Build::Call(3), place));
    x.schedule(tasks);
    Ok(())
}

pub(crate) fn syntax_error(
    _x: &mut Expander,
    it: &Use,
    host: &mut dyn Host,
) -> Result<(), ExpandError> {
    let [_, text, irritants @ ..] = it.items() else {
        return Err(message::wrong_use(it));
    };
    let Datum::String(text) = text.datum() else {
        return Err(message::wrong_part(
            it,
            text,
            "a message in double quotes",
            host,
        ));
    };
    let mut stripped = Vec::with_capacity(irritants.len());
    for irritant in irritants {
        stripped.push(strip::constant(irritant, host)?);
    }
    Err(message::user_error(text, &it.form, &stripped))
}

/// A variable that no program sees.
pub(crate) fn temporary(x: &mut Expander, host: &mut dyn Host) -> VariableId {
    let name = host.symbols().intern("_");
    x.variable(name)
}

/// Whether a part is a word such as `else`.
fn is_word(
    part: Option<&Syntax>,
    word: &str,
    env: &Env,
    host: &mut dyn Host,
) -> Result<bool, ExpandError> {
    match part.and_then(Identifier::of) {
        Some(name) => is_auxiliary(&name, word, env, host),
        None => Ok(false),
    }
}

/// The procedure after `=>`.
fn receiver(
    it: &Use,
    body: &[Syntax],
    env: &Env,
    host: &mut dyn Host,
) -> Result<Task, ExpandError> {
    match body {
        [_, receiver] => Ok(Task::expression(receiver, env)),
        _ => Err(message::wrong_part(
            it,
            &body[0],
            "one procedure after `=>`",
            host,
        )),
    }
}

fn misplaced_else(clause: &Syntax, empty: bool) -> ExpandError {
    let message = match empty {
        true => "This clause has no value.",
        false => "`else` has to be the last clause: the clauses after it would never be reached.",
    };
    ExpandError::syntax(clause, message).about(clause.clone())
}
