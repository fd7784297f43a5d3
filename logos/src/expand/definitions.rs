//! Definitions, at the top level and in bodies: `define`, `define-values`, and what all definitions share.
//!
//! | form at the top level | core |
//! | --- | --- |
//! | `(define a e)` | `(DefineGlobal a e)` |
//! | `(define a :test t e)` | `(Let ((ts (%tests "t" (Lambda () t)))) (Sequence (DefineGlobal a' ts) (DefineGlobal a e)))`, where `a'` is a cell of its own |
//! | `(define-values (a b) e)` | `(Let ((t (%call-with-values (Lambda () e) (Lambda (x y) (%vector x y))))) (Sequence (DefineGlobal a (%vector-ref t 0)) …))` |
//!
//! In a body the same values initialise variables of its `Letrec`.

use super::assembly::Build;
use super::clauses::temporary;
use super::machine::{Expander, Flow};
use super::procedures::{
    Formals, Preamble, Procedure, bind_formals, preamble, taker_of_values, test_tasks, thunk,
};
use super::scope::{Env, Identifier, Meaning};
use super::task::{Destination, Hint, Task, Use};
use super::{ExpandError, Host, message};
use crate::core::{GlobalId, VariableId};
use crate::number::Number;
use crate::syntax::Place;
use crate::syntax::{Datum, Syntax};
use std::rc::Rc;

/// What a definition fills.
#[derive(Clone, Copy)]
pub(crate) enum Target {
    Global(GlobalId),
    Variable(VariableId),
    /// A variable that no program sees, needed by the definitions after it.
    Temporary(VariableId),
}

impl Target {
    /// Reads it.
    pub(crate) fn read(self, place: Place) -> Task {
        let build = match self {
            Target::Global(cell) => Build::Global(cell),
            Target::Variable(variable) | Target::Temporary(variable) => Build::Local(variable),
        };
        Task::Build(build, place)
    }
}

/// A target and the tasks that make its value.
pub(crate) struct Definition {
    pub target: Target,
    pub tasks: Vec<Task>,
}

/// Gives a name its variable, or its cell.
pub(crate) fn declare(
    x: &mut Expander,
    destination: &mut Destination,
    it: &Use,
    name: &Identifier,
    host: &mut dyn Host,
) -> Result<Target, ExpandError> {
    match destination {
        Destination::Body(body) => Ok(Target::Variable(body.declare(name, it.place(), x, host)?)),
        _ => {
            let world = &it.env.world;
            x.about_to_define(world, name.name());
            let cell = world.define(name.name(), host)?;
            bind_alias(&it.env, name, host)?;
            Ok(Target::Global(cell))
        }
    }
}

/// Bytes counted for an introduced name that a world remembers.
const ALIAS_BYTES: u64 = 256;

/// An introduced name defined at the top level is defined as the plain symbol; where its macro comes from
/// another world, this one remembers that the two are the same.
pub(crate) fn bind_alias(
    env: &Env,
    name: &Identifier,
    host: &mut dyn Host,
) -> Result<(), ExpandError> {
    let Identifier::Alias(alias) = name else {
        return Ok(());
    };
    let same = match env.meaning(name, host)? {
        Meaning::Top(world, symbol) => Rc::ptr_eq(&world, &env.world) && symbol == alias.name,
        _ => false,
    };
    if !same {
        host.keep_memory(ALIAS_BYTES)?;
        env.world.define_alias(alias, alias.name);
    }
    Ok(())
}

/// A variable for a value that several definitions share.
fn shared(x: &mut Expander, host: &mut dyn Host) -> Target {
    Target::Temporary(temporary(x, host))
}

/// Puts definitions where they belong.
pub(crate) fn complete(
    x: &mut Expander,
    destination: Destination,
    definitions: Vec<Definition>,
    place: Place,
) -> Flow {
    if let Destination::Body(mut body) = destination {
        for Definition { target, tasks } in definitions {
            if let Target::Variable(variable) | Target::Temporary(variable) = target {
                body.define(variable, tasks);
            }
        }
        x.schedule([Task::Body(body)]);
        return Ok(None);
    }
    let mut all = Vec::new();
    let mut ends = Vec::new();
    let mut count = 0;
    for Definition { target, tasks } in definitions {
        all.extend(tasks);
        match target {
            Target::Global(cell) => {
                all.push(Task::Build(Build::DefineGlobal(cell), place));
                count += 1;
            }
            Target::Variable(variable) | Target::Temporary(variable) => {
                ends.push(Task::Build(Build::Let(vec![variable]), place));
            }
        }
    }
    if count == 0 {
        all.push(Task::constant(Datum::Void, place));
    }
    all.push(Task::Build(Build::Sequence(count.max(1)), place));
    all.extend(ends.into_iter().rev());
    all.push(Task::Emit);
    x.schedule(all);
    Ok(None)
}

/// A name with parameters, `(name . parameters)`.
pub(crate) fn signature(
    it: &Use,
    written: &Syntax,
    host: &mut dyn Host,
) -> Result<(Identifier, Syntax), ExpandError> {
    let Datum::List(items, tail) = written.datum() else {
        return Err(message::wrong_part(
            it,
            written,
            "a name, or a name with parameters",
            host,
        ));
    };
    let Some(name) = items.first().and_then(Identifier::of) else {
        return Err(message::wrong_part(
            it,
            written,
            "a name with parameters",
            host,
        ));
    };
    let formals = match (&items[1..], tail) {
        ([], Some(rest)) => rest.clone(),
        (items, tail) => Syntax::introduced(
            Datum::List(items.into(), tail.clone()),
            written.span(),
            written.origin(),
        ),
    };
    Ok((name, formals))
}

pub(crate) fn procedure_task(
    hint: Hint,
    formals: Syntax,
    body: &[Syntax],
    env: &Env,
    place: Place,
) -> Task {
    let procedure = Procedure {
        hint,
        formals,
        body: body.to_vec(),
        env: env.clone(),
        place,
        clause: false,
    };
    Task::Procedure(Box::new(procedure))
}

pub(crate) fn define(
    x: &mut Expander,
    it: Use,
    mut destination: Destination,
    host: &mut dyn Host,
) -> Flow {
    let Some([written, rest @ ..]) = it.items().get(1..) else {
        return Err(message::wrong_use(&it));
    };
    let mut definitions = Vec::new();
    let mut tested = None;
    let (name, tasks) = match Identifier::of(written) {
        Some(name) if matches!(destination, Destination::Body(_)) => {
            let preamble = preamble(rest, &it.env, host)?;
            let tasks = value_tasks(x, &it, &name, preamble, host)?;
            (name, tasks)
        }
        Some(name) => {
            let preamble = preamble(rest, &it.env, host)?;
            let tasks = if preamble.tests.is_empty() {
                value_tasks(x, &it, &name, preamble, host)?
            } else {
                let cell = host.new_global(name.name())?;
                tested = Some(cell);
                tested_value(x, &it, &name, preamble, cell, &mut definitions, host)?
            };
            (name, tasks)
        }
        None => {
            let (name, formals) = signature(&it, written, host)?;
            let hint = Hint::named(name.name());
            let task = procedure_task(hint, formals, rest, &it.env, it.place());
            (name, vec![task])
        }
    };
    let target = declare(x, &mut destination, &it, &name, host)?;
    if let Target::Global(_) = target {
        it.env
            .world
            .set_tests(name.name(), tested.map(|cell| (cell, it.form.span())));
    }
    definitions.push(Definition { target, tasks });
    complete(x, destination, definitions, it.place())
}

/// The value of a name at the top level. Its tests, where it has some, are kept in a cell as well: it may turn out to be no procedure,
/// or one made elsewhere.
fn tested_value(
    x: &mut Expander,
    it: &Use,
    name: &Identifier,
    preamble: Preamble,
    cell: GlobalId,
    definitions: &mut Vec<Definition>,
    host: &mut dyn Host,
) -> Result<Vec<Task>, ExpandError> {
    let value = the_value(it, name, preamble.body, host)?;
    let tests = temporary(x, host);
    let kept = Target::Temporary(tests);
    definitions.push(Definition {
        target: kept,
        tasks: test_tasks(&preamble.tests, &it.env, it.place(), host)?,
    });
    definitions.push(Definition {
        target: Target::Global(cell),
        tasks: vec![kept.read(it.place())],
    });
    let hint = Hint {
        name: Some(name.name()),
        doc: preamble.doc,
        tests: Some(tests),
    };
    Ok(vec![Task::Expression(value.clone(), it.env.clone(), hint)])
}

fn the_value<'a>(
    it: &Use,
    name: &Identifier,
    body: &'a [Syntax],
    host: &mut dyn Host,
) -> Result<&'a Syntax, ExpandError> {
    match body {
        [value] => Ok(value),
        [] => Err(no_value(it, name, host)),
        _ => Err(too_many(it, name, host)),
    }
}

/// The value of a name, perhaps with documentation and tests before it, which it takes if it is a procedure.
fn value_tasks(
    x: &mut Expander,
    it: &Use,
    name: &Identifier,
    preamble: Preamble,
    host: &mut dyn Host,
) -> Result<Vec<Task>, ExpandError> {
    let value = the_value(it, name, preamble.body, host)?;
    let mut hint = Hint {
        name: Some(name.name()),
        doc: preamble.doc,
        tests: None,
    };
    if preamble.tests.is_empty() {
        return Ok(vec![Task::Expression(value.clone(), it.env.clone(), hint)]);
    }
    let tests = temporary(x, host);
    hint.tests = Some(tests);
    let mut tasks = test_tasks(&preamble.tests, &it.env, it.place(), host)?;
    tasks.push(Task::Expression(value.clone(), it.env.clone(), hint));
    tasks.push(Task::Build(Build::Let(vec![tests]), it.place()));
    Ok(tasks)
}

fn no_value(it: &Use, name: &Identifier, host: &mut dyn Host) -> ExpandError {
    let text = message::name(name.name(), host);
    ExpandError::syntax(&it.form, format!("`{text}` is defined without a value.")).hint(format!(
        "Put a value after the name, like (define {text} 1)."
    ))
}

fn too_many(it: &Use, name: &Identifier, host: &mut dyn Host) -> ExpandError {
    let text = message::name(name.name(), host);
    ExpandError::syntax(
        &it.form,
        format!("`{text}` is defined with more than one value; a name stands for one."),
    )
    .hint(format!(
        "To define a procedure, put its name and parameters in brackets: (define ({text} …) …)."
    ))
}

pub(crate) fn define_values(
    x: &mut Expander,
    it: Use,
    mut destination: Destination,
    host: &mut dyn Host,
) -> Flow {
    let [_, formals, value] = it.items() else {
        return Err(message::wrong_use(&it));
    };
    let place = it.place();
    let tuple = shared(x, host);
    let parameters = bind_formals(formals, &it.env.inner(), x, host)?;
    let (items, rest): (&[Syntax], Option<&Syntax>) = match formals.datum() {
        Datum::List(items, tail) => (items, tail.as_ref()),
        _ => (&[], Some(formals)),
    };
    let mut definitions = vec![Definition {
        target: tuple,
        tasks: tuple_tasks(value, parameters, &it.env, place, host),
    }];
    for (index, item) in items.iter().chain(rest).enumerate() {
        let Some(name) = Identifier::of(item) else {
            continue;
        };
        let target = declare(x, &mut destination, &it, &name, host)?;
        let tasks = vec![
            Task::internal("%vector-ref", place, host),
            tuple.read(place),
            index_task(index, place),
            Task::Build(Build::Call(2), place),
        ];
        definitions.push(Definition { target, tasks });
    }
    complete(x, destination, definitions, place)
}

/// The values of an expression as a vector.
fn tuple_tasks(
    value: &Syntax,
    parameters: Formals,
    env: &Env,
    place: Place,
    host: &mut dyn Host,
) -> Vec<Task> {
    let mut tasks = vec![
        Task::internal("%call-with-values", place, host),
        Task::expression(value, env),
        thunk(Place::of(value)),
        Task::internal("%vector", place, host),
    ];
    let variables: Vec<VariableId> = parameters
        .required
        .iter()
        .copied()
        .chain(parameters.rest)
        .collect();
    tasks.extend(
        variables
            .iter()
            .map(|&variable| Task::Build(Build::Local(variable), place)),
    );
    tasks.push(Task::Build(Build::Call(variables.len()), place));
    let taker = taker_of_values("define-values", parameters, place, host);
    tasks.push(Task::Build(Build::Lambda(taker), place));
    tasks.push(Task::Build(Build::Call(2), place));
    tasks
}

fn index_task(index: usize, place: Place) -> Task {
    Task::constant(Datum::Number(Number::Int(index as i64)), place)
}
