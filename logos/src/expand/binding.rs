//! Forms that bind: the `let` family, `do`, `set!`, `parameterize`, `let-syntax`.
//!
//! | form | core |
//! | --- | --- |
//! | `(let ((a e) …) b …)` | `(Let ((a e) …) b …)`; without names only the body |
//! | `(let* ((a e) (b f)) …)` | `(Let ((a e)) (Let ((b f)) …))` |
//! | `(letrec* ((a e) …) b …)` | `(Letrec ((a e) …) b …)`; so `letrec`, if nothing is computed for its names |
//! | `let`, `let*` with a pattern for a name | see [`destructure`] |
//! | `(let f ((a e) …) b …)` | `(Letrec ((f (Lambda (a …) b …))) (f e …))` |
//! | `(do ((a e s) …) (t r …) b …)` | `(Letrec ((do (Lambda (a …) (If t (Sequence r …) (Sequence b … (do s …)))))) (do e …))` |
//! | `(let-values (((a …) e) …) b …)`, `let*-values` | `(%call-with-values (Lambda () e) (Lambda (a …) …))`, nested |
//! | `(parameterize ((p e) …) b …)` | `(%parameterize (%list (%cons p e) …) (Lambda () b …))` |
//! | `(set! a e)` | `(SetLocal a e)` or `(SetGlobal a e)` |

use super::assembly::Build;
use super::body::Body;
use super::destructure;
use super::machine::Expander;
use super::procedures::{bind_formals, lambda_task, taker_of_values, thunk};
use super::scope::{Env, Identifier, Local, Meaning};
use super::syntaxes::transformer;
use super::task::{Task, Use};
use super::{ExpandError, Host, message};
use crate::core::VariableId;
use crate::syntax::Place;
use crate::syntax::{Datum, Syntax};
use std::collections::BTreeSet;

/// A name with what stands beside it.
struct Pair<'a> {
    name: Identifier,
    written: &'a Syntax,
    value: &'a Syntax,
}

/// The bindings `((name value) …)` of a form.
fn pairs<'a>(
    it: &Use,
    list: &'a Syntax,
    host: &mut dyn Host,
) -> Result<Vec<Pair<'a>>, ExpandError> {
    let Some(items) = list.as_list() else {
        return Err(message::wrong_part(
            it,
            list,
            "names with values in brackets",
            host,
        ));
    };
    let mut result = Vec::with_capacity(items.len());
    for item in items {
        host.spend(1)?;
        let Some([written, value]) = item.as_list() else {
            return Err(message::wrong_part(
                it,
                item,
                "a name and a value in brackets",
                host,
            ));
        };
        let Some(name) = Identifier::of(written) else {
            return Err(message::wrong_part(it, written, "a name", host));
        };
        result.push(Pair {
            name,
            written,
            value,
        });
    }
    Ok(result)
}

/// Checks that no name occurs twice.
fn distinct(pairs: &[Pair], host: &mut dyn Host) -> Result<(), ExpandError> {
    let mut seen = BTreeSet::new();
    match pairs.iter().find(|pair| !seen.insert(pair.name.key())) {
        Some(pair) => Err(message::named_twice(pair.written, host)),
        None => Ok(()),
    }
}

/// The bindings and the body of a form, which has both.
fn parts(it: &Use) -> Result<(&Syntax, &[Syntax]), ExpandError> {
    match it.items() {
        [_, bindings, body @ ..] if !body.is_empty() => Ok((bindings, body)),
        _ => Err(message::wrong_use(it)),
    }
}

fn body_task(body: &[Syntax], env: Env, it: &Use) -> Task {
    Task::Body(Body::new(body, env, it.place(), None))
}

/// Goes on with another form in the place of this one.
fn rewritten(x: &mut Expander, it: &Use, form: Syntax) -> Result<(), ExpandError> {
    x.schedule([Task::Expression(form, it.env.clone(), it.hint.clone())]);
    Ok(())
}

pub(crate) fn let_form(x: &mut Expander, it: &Use, host: &mut dyn Host) -> Result<(), ExpandError> {
    let (list, body) = parts(it)?;
    if let Some(name) = Identifier::of(list) {
        return named_let(x, it, &name, body, host);
    }
    if destructure::has_patterns(it, list) {
        return rewritten(x, it, destructure::let_form(it, list, body, host)?);
    }
    let pairs = pairs(it, list, host)?;
    distinct(&pairs, host)?;
    let env = it.env.inner();
    let mut tasks = Vec::with_capacity(pairs.len() + 2);
    let mut variables = Vec::with_capacity(pairs.len());
    for pair in &pairs {
        tasks.push(Task::named(pair.value, &it.env, pair.name.name()));
        let variable = x.variable(pair.name.name());
        env.bind(&pair.name, Local::Variable(variable), host)?;
        variables.push(variable);
    }
    tasks.push(body_task(body, env, it));
    tasks.push(Task::Build(Build::Let(variables), it.place()));
    x.schedule(tasks);
    Ok(())
}

fn named_let(
    x: &mut Expander,
    it: &Use,
    name: &Identifier,
    body: &[Syntax],
    host: &mut dyn Host,
) -> Result<(), ExpandError> {
    let [list, body @ ..] = body else {
        return Err(message::wrong_use(it));
    };
    if body.is_empty() {
        return Err(message::wrong_use(it));
    }
    let place = it.place();
    let pairs = pairs(it, list, host)?;
    distinct(&pairs, host)?;
    let outer = it.env.inner();
    let this = x.variable(name.name());
    outer.bind(name, Local::Variable(this), host)?;
    let inner = outer.inner();
    let mut parameters = Vec::with_capacity(pairs.len());
    for pair in &pairs {
        let variable = x.variable(pair.name.name());
        inner.bind(&pair.name, Local::Variable(variable), host)?;
        parameters.push(variable);
    }
    let mut tasks = vec![
        Task::Body(Body::new(body, inner, place, Some(name.name()))),
        lambda_task(parameters, Some(name.name()), place),
        Task::Build(Build::Local(this), place),
    ];
    tasks.extend(
        pairs
            .iter()
            .map(|pair| Task::named(pair.value, &it.env, pair.name.name())),
    );
    tasks.push(Task::Build(Build::Call(pairs.len()), place));
    tasks.push(Task::Build(Build::Letrec(vec![this]), place));
    x.schedule(tasks);
    Ok(())
}

pub(crate) fn let_star(x: &mut Expander, it: &Use, host: &mut dyn Host) -> Result<(), ExpandError> {
    let (list, body) = parts(it)?;
    if destructure::has_patterns(it, list) {
        return rewritten(x, it, destructure::let_star(it, list, body, host)?);
    }
    let mut env = it.env.inner();
    let mut tasks = Vec::new();
    let mut ends = Vec::new();
    for pair in pairs(it, list, host)? {
        tasks.push(Task::named(pair.value, &env, pair.name.name()));
        env = env.inner();
        let variable = x.variable(pair.name.name());
        env.bind(&pair.name, Local::Variable(variable), host)?;
        ends.push(Task::Build(Build::Let(vec![variable]), it.place()));
    }
    tasks.push(body_task(body, env, it));
    tasks.extend(ends.into_iter().rev());
    x.schedule(tasks);
    Ok(())
}

pub(crate) fn letrec(x: &mut Expander, it: &Use, host: &mut dyn Host) -> Result<(), ExpandError> {
    recursive(x, it, Build::LetrecAtOnce, host)
}

pub(crate) fn letrec_star(
    x: &mut Expander,
    it: &Use,
    host: &mut dyn Host,
) -> Result<(), ExpandError> {
    recursive(x, it, Build::Letrec, host)
}

fn recursive(
    x: &mut Expander,
    it: &Use,
    build: fn(Vec<VariableId>) -> Build,
    host: &mut dyn Host,
) -> Result<(), ExpandError> {
    let (list, body) = parts(it)?;
    let pairs = pairs(it, list, host)?;
    distinct(&pairs, host)?;
    let env = it.env.inner();
    let mut variables = Vec::with_capacity(pairs.len());
    for pair in &pairs {
        let variable = x.variable(pair.name.name());
        env.bind(&pair.name, Local::Variable(variable), host)?;
        variables.push(variable);
    }
    let mut tasks: Vec<Task> = pairs
        .iter()
        .map(|pair| Task::named(pair.value, &env, pair.name.name()))
        .collect();
    tasks.push(body_task(body, env.inner(), it));
    tasks.push(Task::Build(build(variables), it.place()));
    x.schedule(tasks);
    Ok(())
}

pub(crate) fn let_values(
    x: &mut Expander,
    it: &Use,
    host: &mut dyn Host,
) -> Result<(), ExpandError> {
    bind_values(x, it, false, host)
}

pub(crate) fn let_star_values(
    x: &mut Expander,
    it: &Use,
    host: &mut dyn Host,
) -> Result<(), ExpandError> {
    bind_values(x, it, true, host)
}

/// `let-values`, and `let*-values`, where each expression sees the names before.
fn bind_values(
    x: &mut Expander,
    it: &Use,
    in_order: bool,
    host: &mut dyn Host,
) -> Result<(), ExpandError> {
    let (list, body) = parts(it)?;
    let place = it.place();
    let Some(items) = list.as_list() else {
        return Err(message::wrong_part(
            it,
            list,
            "lists of names in brackets",
            host,
        ));
    };
    let mut env = it.env.inner();
    let mut seen = BTreeSet::new();
    let mut tasks = Vec::new();
    let mut ends = Vec::new();
    for item in items {
        let Some([formals, value]) = item.as_list() else {
            return Err(message::wrong_part(
                it,
                item,
                "names and an expression in brackets",
                host,
            ));
        };
        if !in_order {
            distinct_formals(formals, &mut seen, host)?;
        }
        tasks.push(Task::internal("%call-with-values", place, host));
        tasks.push(Task::expression(
            value,
            if in_order { &env } else { &it.env },
        ));
        tasks.push(thunk(Place::of(value)));
        env = env.inner();
        let formals = bind_formals(formals, &env, x, host)?;
        ends.push(Task::Build(Build::Call(2), place));
        let taker = taker_of_values(it.special.name, formals, place, host);
        ends.push(Task::Build(Build::Lambda(taker), place));
    }
    tasks.push(body_task(body, env.inner(), it));
    tasks.extend(ends.into_iter().rev());
    x.schedule(tasks);
    Ok(())
}

fn distinct_formals(
    formals: &Syntax,
    seen: &mut BTreeSet<u64>,
    host: &mut dyn Host,
) -> Result<(), ExpandError> {
    let (items, rest): (&[Syntax], Option<&Syntax>) = match formals.datum() {
        Datum::List(items, tail) => (items, tail.as_ref()),
        _ => (&[], Some(formals)),
    };
    let twice = |item: &&Syntax| Identifier::of(item).is_some_and(|name| !seen.insert(name.key()));
    match items.iter().chain(rest).find(twice) {
        Some(item) => Err(message::named_twice(item, host)),
        None => Ok(()),
    }
}

pub(crate) fn do_loop(x: &mut Expander, it: &Use, host: &mut dyn Host) -> Result<(), ExpandError> {
    let [_, list, end, body @ ..] = it.items() else {
        return Err(message::wrong_use(it));
    };
    let place = it.place();
    let (Some(items), Some([test, results @ ..])) = (list.as_list(), end.as_list()) else {
        return Err(message::wrong_use(it));
    };
    let name = host.symbols().intern("do");
    let this = x.variable(name);
    let env = it.env.inner();
    let mut seen = BTreeSet::new();
    let (mut starts, mut steps, mut parameters) = (Vec::new(), Vec::new(), Vec::new());
    for item in items {
        let Some([name, start, step @ ..]) = item.as_list().filter(|parts| parts.len() <= 3) else {
            return Err(message::wrong_part(
                it,
                item,
                "a name, a start and a step",
                host,
            ));
        };
        let Some(variable) = Identifier::of(name) else {
            return Err(message::wrong_part(it, name, "a name", host));
        };
        if !seen.insert(variable.key()) {
            return Err(message::named_twice(name, host));
        }
        starts.push(Task::named(start, &it.env, variable.name()));
        steps.push(Task::expression(step.first().unwrap_or(name), &env));
        let id = x.variable(variable.name());
        env.bind(&variable, Local::Variable(id), host)?;
        parameters.push(id);
    }
    let count = parameters.len();
    let expressions = |forms: &[Syntax]| -> Vec<Task> {
        forms
            .iter()
            .map(|form| Task::expression(form, &env))
            .collect()
    };
    let mut tasks = vec![Task::expression(test, &env)];
    if results.is_empty() {
        tasks.push(Task::constant(Datum::Void, place));
    }
    tasks.extend(expressions(results));
    tasks.push(Task::Build(Build::Sequence(results.len().max(1)), place));
    tasks.extend(expressions(body));
    tasks.push(Task::Build(Build::Local(this), place));
    tasks.extend(steps);
    tasks.push(Task::Build(Build::Call(count), place));
    tasks.push(Task::Build(Build::Sequence(body.len() + 1), place));
    tasks.push(Task::Build(Build::If, place));
    tasks.push(lambda_task(parameters, Some(name), place));
    tasks.push(Task::Build(Build::Local(this), place));
    tasks.extend(starts);
    tasks.push(Task::Build(Build::Call(count), place));
    tasks.push(Task::Build(Build::Letrec(vec![this]), place));
    x.schedule(tasks);
    Ok(())
}

pub(crate) fn set(x: &mut Expander, it: &Use, host: &mut dyn Host) -> Result<(), ExpandError> {
    let [_, written, value] = it.items() else {
        return Err(message::wrong_use(it));
    };
    let Some(name) = Identifier::of(written) else {
        return Err(message::wrong_part(it, written, "a name", host));
    };
    let place = Place::of(written);
    let build = match it.env.meaning(&name, host)? {
        Meaning::Variable(variable) => Build::SetLocal(x.own(variable, &name, place, host)?),
        Meaning::Syntax(_) => return Err(message::not_assignable(&name, place, host)),
        Meaning::Top(world, symbol) if world.is_shared(symbol) => {
            return Err(message::shared_variable(&name, place, host));
        }
        Meaning::Top(world, symbol) => match world.reference(symbol, host)? {
            Some(cell) => Build::SetGlobal(cell),
            None => return Err(message::not_assignable(&name, place, host)),
        },
    };
    let value = Task::named(value, &it.env, name.name());
    x.schedule([value, Task::Build(build, it.place())]);
    Ok(())
}

pub(crate) fn parameterize(
    x: &mut Expander,
    it: &Use,
    host: &mut dyn Host,
) -> Result<(), ExpandError> {
    let (list, body) = parts(it)?;
    let place = it.place();
    let Some(items) = list.as_list() else {
        return Err(message::wrong_part(
            it,
            list,
            "parameters with values in brackets",
            host,
        ));
    };
    let mut tasks = vec![
        Task::internal("%parameterize", place, host),
        Task::internal("%list", place, host),
    ];
    for item in items {
        let Some([parameter, value]) = item.as_list() else {
            return Err(message::wrong_part(
                it,
                item,
                "a parameter and a value in brackets",
                host,
            ));
        };
        tasks.push(Task::internal("%cons", place, host));
        tasks.push(Task::expression(parameter, &it.env));
        tasks.push(Task::expression(value, &it.env));
        tasks.push(Task::Build(Build::Call(2), Place::of(item)));
    }
    tasks.push(Task::Build(Build::Call(items.len()), place));
    tasks.push(body_task(body, it.env.inner(), it));
    tasks.push(thunk(place));
    tasks.push(Task::Build(Build::Call(2), place));
    x.schedule(tasks);
    Ok(())
}

pub(crate) fn let_syntax(
    x: &mut Expander,
    it: &Use,
    host: &mut dyn Host,
) -> Result<(), ExpandError> {
    bind_syntax(x, it, false, host)
}

pub(crate) fn letrec_syntax(
    x: &mut Expander,
    it: &Use,
    host: &mut dyn Host,
) -> Result<(), ExpandError> {
    bind_syntax(x, it, true, host)
}

fn bind_syntax(
    x: &mut Expander,
    it: &Use,
    recursive: bool,
    host: &mut dyn Host,
) -> Result<(), ExpandError> {
    let (list, body) = parts(it)?;
    let pairs = pairs(it, list, host)?;
    distinct(&pairs, host)?;
    let env = it.env.inner();
    x.holds_macros(&it.env);
    x.holds_macros(&env);
    for pair in &pairs {
        let scope = if recursive { &env } else { &it.env };
        let binding = transformer(pair.value, &pair.name, scope, None, None, host)?;
        env.bind(&pair.name, Local::Syntax(binding), host)?;
    }
    x.schedule([body_task(body, env.inner(), it)]);
    Ok(())
}
