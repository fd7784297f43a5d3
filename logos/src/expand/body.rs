//! Bodies: definitions and expressions in a scope of their own.
//!
//! Owns the scan that finds the definitions of a body (macros applied just far enough to see what each form is)
//! and the `letrec*` it becomes. A definition after an expression is accepted: the expression is then evaluated
//! in its place among the initialisations, as the value of a variable that nobody sees.

use super::assembly::Build;
use super::environment::Binding;
use super::machine::{Expander, Flow, head};
use super::scope::{Env, Identifier, Local};
use super::specials::Kind;
use super::task::{Destination, Hint, Task, Use};
use super::{ExpandError, Host, message};
use crate::core::VariableId;
use crate::symbol::Symbol;
use crate::syntax::Place;
use crate::syntax::Syntax;
use std::collections::BTreeSet;

/// Bytes of memory charged for each form of a body.
const ITEM_BYTES: u64 = 160;

/// A body whose definitions are being found.
pub(crate) struct Body {
    /// Its scope: a local one, which nothing else extends.
    pub env: Env,
    /// Forms not yet looked at, the next one last.
    pending: Vec<Syntax>,
    items: Vec<Item>,
    /// Keys of the names it defines.
    defined: BTreeSet<u64>,
    place: Place,
    /// What the body belongs to, for messages.
    owner: Option<Symbol>,
}

/// A definition, or an expression when there is no variable, and the tasks that make its value.
struct Item {
    variable: Option<VariableId>,
    tasks: Vec<Task>,
}

impl Body {
    pub(crate) fn new(
        forms: &[Syntax],
        env: Env,
        place: Place,
        owner: Option<Symbol>,
    ) -> Box<Body> {
        let mut body = Body {
            env,
            pending: Vec::new(),
            items: Vec::new(),
            defined: BTreeSet::new(),
            place,
            owner,
        };
        body.put_first(forms);
        Box::new(body)
    }

    /// Puts forms before those not yet looked at.
    pub(crate) fn put_first(&mut self, forms: &[Syntax]) {
        self.pending.extend(forms.iter().rev().cloned());
    }

    /// Looks at forms until one needs something else first, or all are seen.
    pub(crate) fn scan(mut self: Box<Self>, x: &mut Expander, host: &mut dyn Host) -> Flow {
        while let Some(form) = self.pending.pop() {
            host.spend(1)?;
            host.charge_memory(ITEM_BYTES)?;
            let env = self.env.clone();
            match head(&form, &env, host)? {
                Some(Binding::Special(special)) => {
                    if let Kind::Definition(expand) | Kind::Splicing(expand) = special.kind {
                        let it = Use::new(special, form, env, Hint::default(), host)?;
                        return expand(x, it, Destination::Body(self), host);
                    }
                    self.items.push(Item {
                        variable: None,
                        tasks: vec![Task::expression(&form, &env)],
                    });
                }
                Some(Binding::Macro(it)) => {
                    return x.use_macro(&it, form, env, Destination::Body(self), host);
                }
                _ => {
                    self.items.push(Item {
                        variable: None,
                        tasks: vec![Task::expression(&form, &env)],
                    });
                }
            }
        }
        self.finish(x, host)
    }

    /// Binds a name that the body defines.
    pub(crate) fn declare(
        &mut self,
        name: &Identifier,
        place: Place,
        x: &mut Expander,
        host: &mut dyn Host,
    ) -> Result<VariableId, ExpandError> {
        let variable = x.variable(name.name());
        self.bind(name, Local::Variable(variable), place, host)?;
        Ok(variable)
    }

    /// Gives a name a meaning in the scope of the body.
    pub(crate) fn bind(
        &mut self,
        name: &Identifier,
        local: Local,
        place: Place,
        host: &mut dyn Host,
    ) -> Result<(), ExpandError> {
        if !self.defined.insert(name.key()) {
            return Err(message::defined_twice(name, place, host));
        }
        self.env.bind(name, local, host)
    }

    /// Adds a definition, found by the tasks that make its value.
    pub(crate) fn define(&mut self, variable: VariableId, tasks: Vec<Task>) {
        self.items.push(Item {
            variable: Some(variable),
            tasks,
        });
    }

    fn finish(self, x: &mut Expander, host: &mut dyn Host) -> Flow {
        let definitions = match self.items.iter().rposition(|item| item.variable.is_some()) {
            Some(last) => last + 1,
            None => 0,
        };
        let expressions = self.items.len() - definitions;
        if expressions == 0 {
            let defines = definitions > 0 || !self.defined.is_empty();
            return Err(message::empty_body(self.owner, defines, self.place, host));
        }
        let unseen = host.symbols().intern("_");
        let mut variables = Vec::with_capacity(definitions);
        let mut tasks = Vec::new();
        for (index, item) in self.items.into_iter().enumerate() {
            if index < definitions {
                variables.push(item.variable.unwrap_or_else(|| x.variable(unseen)));
            }
            tasks.extend(item.tasks);
        }
        tasks.push(Task::Build(Build::Sequence(expressions), self.place));
        tasks.push(Task::Build(Build::Letrec(variables), self.place));
        x.schedule(tasks);
        Ok(None)
    }
}
