//! The tasks of the machine, and what they are given: pieces of work with the syntax and scope they are about.

use super::assembly::Build;
use super::body::Body;
use super::imports::Import;
use super::library::OpenLibrary;
use super::procedures::Procedure;
use super::scope::Env;
use super::specials::Special;
use super::{ExpandError, Host, message};
use crate::core::VariableId;
use crate::symbol::Symbol;
use crate::syntax::Place;
use crate::syntax::{Datum, Syntax};
use std::rc::Rc;

/// Where a form stands, hence where the result of its expansion goes.
pub(crate) enum Destination {
    Top,
    Expression(Hint),
    Body(Box<Body>),
    Library(Box<OpenLibrary>),
    /// `macroexpand`: so many macros may still be applied.
    Answer(u64),
}

/// What an expression is used for: a procedure takes its name and documentation from there.
#[derive(Clone, Default)]
pub(crate) struct Hint {
    pub name: Option<Symbol>,
    pub doc: Option<Rc<str>>,
    /// The variable that holds its tests.
    pub tests: Option<VariableId>,
}

impl Hint {
    pub(crate) fn named(name: Symbol) -> Hint {
        Hint {
            name: Some(name),
            ..Hint::default()
        }
    }
}

/// The use of a special form.
pub(crate) struct Use {
    pub special: &'static Special,
    pub form: Syntax,
    pub env: Env,
    pub hint: Hint,
}

/// A piece of work.
pub(crate) enum Task {
    /// A top-level form.
    Top(Syntax, Env),
    /// An expression: makes one node.
    Expression(Syntax, Env, Hint),
    /// The body of a scope: makes one node.
    Body(Box<Body>),
    /// A procedure: makes one node, or one clause.
    Procedure(Box<Procedure>),
    /// The declarations of a library.
    Library(Box<OpenLibrary>),
    /// An import whose libraries are being found.
    Import(Box<Import>),
    /// A `cond-expand` that waited to know whether there is a library.
    CondExpand(Box<(Use, Destination)>),
    /// Files whose contents are top-level forms.
    Include(Env, Place, Vec<Rc<str>>, bool),
    /// Makes one node of those made before.
    Build(Build, Place),
    /// The unit is complete.
    Emit,
    /// The transformer of an inner `defmacro` is complete.
    EmitAside,
    /// A form to apply macros to, so many times.
    Answer(Syntax, Env, u64),
}

impl Use {
    pub(crate) fn new(
        special: &'static Special,
        form: Syntax,
        env: Env,
        hint: Hint,
        host: &mut dyn Host,
    ) -> Result<Use, ExpandError> {
        if form.as_list().is_none() {
            return Err(message::dotted_use(&form, host));
        }
        Ok(Use {
            special,
            form,
            env,
            hint,
        })
    }

    /// The parts of the form, its keyword first.
    pub(crate) fn items(&self) -> &[Syntax] {
        self.form.as_list().unwrap_or(&[])
    }

    pub(crate) fn place(&self) -> Place {
        Place::of(&self.form)
    }
}

impl Task {
    pub(crate) fn expression(form: &Syntax, env: &Env) -> Task {
        Task::Expression(form.clone(), env.clone(), Hint::default())
    }

    /// The value of something that gets a name.
    pub(crate) fn named(form: &Syntax, env: &Env, name: Symbol) -> Task {
        Task::Expression(form.clone(), env.clone(), Hint::named(name))
    }

    pub(crate) fn constant(datum: Datum, place: Place) -> Task {
        let syntax = Syntax::introduced(datum, place.span, place.origin);
        Task::Build(Build::Constant(syntax), place)
    }

    pub(crate) fn internal(name: &'static str, place: Place, host: &mut dyn Host) -> Task {
        Task::Build(Build::Global(host.internal(name)), place)
    }
}

/// The tasks of expressions one after another; there is at least one.
pub(crate) fn sequence(forms: &[Syntax], env: &Env, place: Place) -> Vec<Task> {
    let mut tasks: Vec<Task> = forms
        .iter()
        .map(|form| Task::expression(form, env))
        .collect();
    tasks.push(Task::Build(Build::Sequence(forms.len()), place));
    tasks
}
