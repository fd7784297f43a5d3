//! Definitions of macros: `define-syntax` and `defmacro`.
//!
//! The transformer of `(defmacro (m x) …)` is `(DefineGlobal m' (Lambda (x) …))`, where `m'` is a cell of its own; so are the tests. In a
//! body it is made at once, at the top level: it sees no local variables.

use super::assembly::Build;
use super::definitions::{Definition, Target, bind_alias, complete, procedure_task, signature};
use super::environment::Binding;
use super::machine::{Expander, Flow, head};
use super::macros::{MACRO_BYTES, Macro, Transformer};
use super::procedures::{Preamble, preamble, test_tasks};
use super::rules::{self, read_rules};
use super::scope::{Env, Identifier, Local, Meaning};
use super::task::{Destination, Hint, Task, Use};
use super::{ExpandError, Host, message};
use crate::core::GlobalId;
use crate::syntax::Syntax;
use std::rc::Rc;

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
    if let Binding::Macro(it) = &binding {
        host.keep_memory(it.bytes())?;
    }
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
        host.spend(1)?;
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
        specification,
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
    let Preamble { doc, tests, body } = preamble(body, &it.env, host)?;
    let is_local = matches!(destination, Destination::Body(_));
    let tests_cell = match tests.is_empty() || is_local {
        true => None,
        false => Some(host.new_global(name.name())?),
    };
    let binding = Binding::Macro(Rc::new(Macro {
        name: name.name(),
        doc: doc.clone(),
        tests: tests_cell,
        transformer: Transformer::Procedure(cell),
        span: place.span,
        definition: top.definition(),
    }));
    let mut hint = Hint::named(name.name());
    hint.doc = doc;
    let task = procedure_task(hint, formals, body, &top, place);
    let define = Task::Build(Build::DefineGlobal(cell), place);
    if let Destination::Body(body) = &mut destination {
        body.bind(&name, Local::Syntax(binding), place, host)?;
        complete(x, destination, Vec::new(), place)?;
        x.set_aside(host)?;
        x.schedule([task, define, Task::EmitAside]);
        return Ok(None);
    }
    host.keep_memory(MACRO_BYTES)?;
    x.about_to_define(&it.env.world, name.name());
    it.env.world.bind(name.name(), binding);
    bind_alias(&it.env, &name, host)?;
    let mut tasks = vec![task, define, Task::Emit];
    if let Some(tests_cell) = tests_cell {
        // They may use the macro: its procedure is there by then.
        tasks.extend(test_tasks(&tests, &it.env, place, host)?);
        tasks.push(Task::Build(Build::DefineGlobal(tests_cell), place));
        tasks.push(Task::Emit);
    }
    x.schedule(tasks);
    Ok(None)
}
