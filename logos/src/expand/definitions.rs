//! Definitions, at the top level and in bodies: `define`, `define-values`, `define-record-type`, `define-syntax`,
//! `defmacro`.
//!
//! | form at the top level | core |
//! | --- | --- |
//! | `(define a e)` | `(DefineGlobal a e)` |
//! | `(define-values (a b) e)` | `(Let ((t (%call-with-values (Lambda () e) (Lambda (x y) (%vector x y))))) (Sequence (DefineGlobal a (%vector-ref t 0)) …))` |
//! | `(define-record-type p (make x) p? (x p-x set-x!))` | `(Sequence (DefineGlobal p (%make-record-type 'p '#(x))) (DefineGlobal make (%record-constructor p '#(0) 'make)) …)` |
//! | `(defmacro (m x) …)` | `(DefineGlobal m' (Lambda (x) …))`, where `m'` is a cell of its own |
//!
//! In a body the same values initialise variables of its `Letrec`. The transformer of a `defmacro` in a body is made at
//! once, at the top level: it sees no local variables.

use super::clauses::temporary;
use super::environment::Binding;
use super::machine::{Build, Destination, Expander, Flow, Hint, Place, Task, Use, head};
use super::macros::{Macro, Transformer};
use super::procedures::{
    Formals, Preamble, Procedure, bind_formals, preamble, shell, test_tasks, thunk,
};
use super::rules::{self, read_rules};
use super::scope::{Env, Identifier, Local, Meaning};
use super::{ExpandError, Host, message};
use crate::core::{GlobalId, VariableId};
use crate::number::Number;
use crate::symbol::Symbol;
use crate::syntax::{Datum, Syntax};
use std::collections::BTreeMap;
use std::rc::Rc;

/// What a definition fills.
#[derive(Clone, Copy)]
enum Target {
    Global(GlobalId),
    Variable(VariableId),
    /// A variable that no program sees, needed by the definitions after it.
    Temporary(VariableId),
}

impl Target {
    /// Reads it.
    fn read(self, place: Place) -> Task {
        let build = match self {
            Target::Global(cell) => Build::Global(cell),
            Target::Variable(variable) | Target::Temporary(variable) => Build::Local(variable),
        };
        Task::Build(build, place)
    }
}

/// A target and the tasks that make its value.
struct Definition {
    target: Target,
    tasks: Vec<Task>,
}

/// Gives a name its variable, or its cell.
fn declare(
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

/// An introduced name defined at the top level is defined as the plain symbol; where its macro comes from
/// another world, this one remembers that the two are the same.
fn bind_alias(env: &Env, name: &Identifier, host: &mut dyn Host) -> Result<(), ExpandError> {
    let Identifier::Alias(alias) = name else {
        return Ok(());
    };
    let same = match env.meaning(name, host)? {
        Meaning::Top(world, symbol) => Rc::ptr_eq(&world, &env.world) && symbol == alias.name,
        _ => false,
    };
    if !same {
        env.world.define_alias(alias, alias.name);
    }
    Ok(())
}

/// A variable for a value that several definitions share.
fn shared(x: &mut Expander, host: &mut dyn Host) -> Target {
    Target::Temporary(temporary(x, host))
}

/// Puts definitions where they belong.
fn complete(
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
fn signature(
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

fn procedure_task(hint: Hint, formals: Syntax, body: &[Syntax], env: &Env, place: Place) -> Task {
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
    let (name, task) = match Identifier::of(written) {
        Some(name) => {
            let (doc, value) = match rest {
                [value] => (None, value),
                [doc, value] => match doc.datum() {
                    Datum::String(doc) => (Some(doc.clone()), value),
                    _ => return Err(too_many(&it, &name, host)),
                },
                [] => return Err(no_value(&it, &name, host)),
                _ => return Err(too_many(&it, &name, host)),
            };
            let hint = Hint {
                name: Some(name.name()),
                doc,
            };
            (name, Task::Expression(value.clone(), it.env.clone(), hint))
        }
        None => {
            let (name, formals) = signature(&it, written, host)?;
            let hint = Hint {
                name: Some(name.name()),
                doc: None,
            };
            (
                name,
                procedure_task(hint, formals, rest, &it.env, it.place()),
            )
        }
    };
    let target = declare(x, &mut destination, &it, &name, host)?;
    complete(
        x,
        destination,
        vec![Definition {
            target,
            tasks: vec![task],
        }],
        it.place(),
    )
}

fn no_value(it: &Use, name: &Identifier, host: &mut dyn Host) -> ExpandError {
    let text = message::name(name.name(), host);
    ExpandError::syntax(
        it.form.span(),
        format!("`{text}` is defined without a value."),
    )
    .hint(format!(
        "Put a value after the name, like (define {text} 1)."
    ))
}

fn too_many(it: &Use, name: &Identifier, host: &mut dyn Host) -> ExpandError {
    let text = message::name(name.name(), host);
    ExpandError::syntax(
        it.form.span(),
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
    tasks.push(Task::Build(
        Build::Lambda(shell(None, parameters, place)),
        place,
    ));
    tasks.push(Task::Build(Build::Call(2), place));
    tasks
}

fn index_task(index: usize, place: Place) -> Task {
    Task::constant(Datum::Number(Number::Int(index as i64)), place)
}

/// A field of a record type.
struct Field {
    name: Symbol,
    /// The names of its accessor and modifier.
    accessor: Option<Identifier>,
    modifier: Option<Identifier>,
}

pub(crate) fn define_record_type(
    x: &mut Expander,
    it: Use,
    mut destination: Destination,
    host: &mut dyn Host,
) -> Flow {
    let [_, type_name, constructor, predicate, rest @ ..] = it.items() else {
        return Err(message::wrong_use(&it));
    };
    let place = it.place();
    let Some(type_name) = Identifier::of(type_name) else {
        return Err(message::wrong_part(
            &it,
            type_name,
            "the name of the new kind of value",
            host,
        ));
    };
    let (fields, numbers) = fields(&it, rest, host)?;
    let constructor = constructor_of(&it, constructor, &numbers, fields.len(), host)?;
    let predicate = match (Identifier::of(predicate), predicate.datum()) {
        (None, Datum::Bool(false)) => None,
        (None, _) => return Err(message::wrong_part(&it, predicate, "a name, or #f", host)),
        (name, _) => name,
    };
    let record = declare(x, &mut destination, &it, &type_name, host)?;
    let names = fields
        .iter()
        .map(|field| symbol(field.name, place))
        .collect();
    let mut definitions = vec![Definition {
        target: record,
        tasks: vec![
            Task::internal("%make-record-type", place, host),
            Task::constant(Datum::Symbol(type_name.name()), place),
            Task::constant(Datum::Vector(names), place),
            Task::Build(Build::Call(2), place),
        ],
    }];
    let mut made: Vec<(Identifier, &'static str, Option<Datum>)> = Vec::new();
    if let Some((name, indexes)) = constructor {
        let indexes = indexes
            .into_iter()
            .map(|index| number(index, place))
            .collect();
        made.push((name, "%record-constructor", Some(Datum::Vector(indexes))));
    }
    made.extend(predicate.map(|name| (name, "%record-predicate", None)));
    for (index, field) in fields.into_iter().enumerate() {
        let index = Datum::Number(Number::Int(index as i64));
        let accessor = field
            .accessor
            .map(|name| (name, "%record-accessor", Some(index.clone())));
        let modifier = field
            .modifier
            .map(|name| (name, "%record-modifier", Some(index)));
        made.extend(accessor.into_iter().chain(modifier));
    }
    for (name, maker, argument) in made {
        let target = declare(x, &mut destination, &it, &name, host)?;
        let mut tasks = vec![Task::internal(maker, place, host), record.read(place)];
        let count = 2 + argument.iter().len();
        tasks.extend(argument.map(|argument| Task::constant(argument, place)));
        tasks.push(Task::constant(Datum::Symbol(name.name()), place));
        tasks.push(Task::Build(Build::Call(count), place));
        definitions.push(Definition { target, tasks });
    }
    complete(x, destination, definitions, place)
}

fn symbol(name: Symbol, place: Place) -> Syntax {
    Syntax::introduced(Datum::Symbol(name), place.span, place.origin)
}

fn number(value: usize, place: Place) -> Syntax {
    Syntax::introduced(
        Datum::Number(Number::Int(value as i64)),
        place.span,
        place.origin,
    )
}

/// The fields of a record type, and the number of each.
fn fields(
    it: &Use,
    written: &[Syntax],
    host: &mut dyn Host,
) -> Result<(Vec<Field>, BTreeMap<u64, usize>), ExpandError> {
    let mut fields = Vec::with_capacity(written.len());
    let mut numbers = BTreeMap::new();
    for part in written {
        host.charge(1)?;
        let names: Option<Vec<Identifier>> = match part.as_list() {
            Some(items) => items.iter().map(Identifier::of).collect(),
            None => Identifier::of(part).map(|name| vec![name]),
        };
        let mut names = match names {
            Some(names) if (1..=3).contains(&names.len()) => names.into_iter(),
            _ => {
                let expected = "a field with the name of its accessor in brackets";
                return Err(message::wrong_part(it, part, expected, host));
            }
        };
        let Some(name) = names.next() else { continue };
        if numbers.insert(name.key(), fields.len()).is_some() {
            return Err(message::named_twice(part, host));
        }
        fields.push(Field {
            name: name.name(),
            accessor: names.next(),
            modifier: names.next(),
        });
    }
    Ok((fields, numbers))
}

/// The constructor's name and the fields it takes.
fn constructor_of(
    it: &Use,
    written: &Syntax,
    numbers: &BTreeMap<u64, usize>,
    count: usize,
    host: &mut dyn Host,
) -> Result<Option<(Identifier, Vec<usize>)>, ExpandError> {
    if let Datum::Bool(false) = written.datum() {
        return Ok(None);
    }
    if let Some(name) = Identifier::of(written) {
        return Ok(Some((name, (0..count).collect())));
    }
    let Some([name, arguments @ ..]) = written.as_list() else {
        return Err(message::wrong_part(
            it,
            written,
            "a constructor's name with fields",
            host,
        ));
    };
    let Some(name) = Identifier::of(name) else {
        return Err(message::wrong_part(it, name, "a constructor's name", host));
    };
    let mut indexes = Vec::with_capacity(arguments.len());
    for argument in arguments {
        host.charge(1)?;
        match Identifier::of(argument).and_then(|name| numbers.get(&name.key())) {
            Some(index) => indexes.push(*index),
            None => {
                return Err(message::wrong_part(
                    it,
                    argument,
                    "the name of a field",
                    host,
                ));
            }
        }
    }
    Ok(Some((name, indexes)))
}

/// The name, documentation, tests and transformer of a `define-syntax`.
pub(crate) fn define_syntax(
    x: &mut Expander,
    it: Use,
    mut destination: Destination,
    host: &mut dyn Host,
) -> Flow {
    let Some([written, rest @ ..]) = it.items().get(1..) else {
        return Err(message::wrong_use(&it));
    };
    let Some(name) = Identifier::of(written) else {
        return Err(message::wrong_part(&it, written, "a name", host));
    };
    let Preamble { doc, tests, body } = preamble(rest, &it.env, host)?;
    let [specification] = body else {
        return Err(message::wrong_use(&it));
    };
    let place = it.place();
    if let Destination::Body(body) = &mut destination {
        x.holds_macros(&it.env);
        let binding = transformer(specification, &name, &it.env, doc, None, host)?;
        body.bind(&name, Local::Syntax(binding), place, host)?;
        return complete(x, destination, Vec::new(), place);
    }
    let cell = match tests.is_empty() {
        true => None,
        false => Some(host.new_global(name.name())?),
    };
    let binding = transformer(specification, &name, &it.env, doc, cell, host)?;
    it.env.world.bind(name.name(), binding);
    bind_alias(&it.env, &name, host)?;
    if let Some(cell) = cell {
        let tasks = test_tasks(&tests, &it.env, place, host)?;
        let target = Target::Global(cell);
        return complete(x, destination, vec![Definition { target, tasks }], place);
    }
    Ok(None)
}

/// What the transformer of a macro definition means.
pub(crate) fn transformer(
    specification: &Syntax,
    name: &Identifier,
    env: &Env,
    doc: Option<Rc<str>>,
    tests: Option<GlobalId>,
    host: &mut dyn Host,
) -> Result<Binding, ExpandError> {
    let mut specification = specification.clone();
    loop {
        host.charge(1)?;
        if let Some(other) = Identifier::of(&specification)
            && let Meaning::Syntax(binding) = env.meaning(&other, host)?
        {
            return Ok(binding);
        }
        match head(&specification, env, host)? {
            Some(Binding::Special(special)) if special.name == "syntax-rules" => break,
            Some(Binding::Macro(it)) => match &it.transformer {
                Transformer::Rules(rules) => {
                    specification = rules::expand(&it, rules, &specification, env, host)?;
                }
                Transformer::Procedure(_) => return Err(not_a_transformer(&specification, host)),
            },
            _ => return Err(not_a_transformer(&specification, host)),
        }
    }
    Ok(Binding::Macro(Rc::new(Macro {
        name: name.name(),
        doc,
        tests,
        transformer: Transformer::Rules(read_rules(&specification, env, host)?),
        span: specification.span(),
        definition: env.definition(),
    })))
}

fn not_a_transformer(specification: &Syntax, host: &mut dyn Host) -> ExpandError {
    let shown = message::show(specification, host);
    ExpandError::syntax(
        specification.span(),
        format!("A macro has to be made by `syntax-rules`, but this is {shown}."),
    )
    .hint("A macro that is made by a procedure is defined with `defmacro`.")
    .about(specification.clone())
}

pub(crate) fn defmacro(
    x: &mut Expander,
    it: Use,
    mut destination: Destination,
    host: &mut dyn Host,
) -> Flow {
    let Some([written, rest @ ..]) = it.items().get(1..) else {
        return Err(message::wrong_use(&it));
    };
    let (name, formals, body) = match (Identifier::of(written), rest) {
        (Some(name), [formals, body @ ..]) => (name, formals.clone(), body),
        (Some(_), []) => return Err(message::wrong_use(&it)),
        (None, body) => {
            let (name, formals) = signature(&it, written, host)?;
            (name, formals, body)
        }
    };
    let place = it.place();
    let cell = host.new_global(name.name())?;
    let top = Env::top(&it.env.world);
    let binding = Binding::Macro(Rc::new(Macro {
        name: name.name(),
        doc: preamble(body, &it.env, host)?.doc,
        tests: None,
        transformer: Transformer::Procedure(cell),
        span: place.span,
        definition: top.definition(),
    }));
    let hint = Hint {
        name: Some(name.name()),
        doc: None,
    };
    let task = procedure_task(hint, formals, body, &top, place);
    let define = Task::Build(Build::DefineGlobal(cell), place);
    if let Destination::Body(body) = &mut destination {
        body.bind(&name, Local::Syntax(binding), place, host)?;
        complete(x, destination, Vec::new(), place)?;
        x.set_aside(host)?;
        x.schedule([task, define, Task::EmitAside]);
        return Ok(None);
    }
    x.about_to_define(&it.env.world, name.name());
    it.env.world.bind(name.name(), binding);
    bind_alias(&it.env, &name, host)?;
    x.schedule([task, define, Task::Emit]);
    Ok(None)
}
