//! `import`: finding libraries and choosing among their names.

use super::assembly::Build;
use super::environment::{Identity, Library};
use super::library::spelling;
use super::machine::{Expander, Flow};
use super::scope::{Env, Identifier};
use super::task::{Destination, Task, Use};
use super::{ErrorKind, ExpandError, Host, Step, message};
use crate::builtins::{nearest, nearest_fuel};
use crate::core::GlobalId;
use crate::symbol::Symbol;
use crate::syntax::Place;
use crate::syntax::{Datum, Syntax};
use std::collections::BTreeMap;
use std::rc::Rc;

/// Bytes counted for a name that a world has imported.
const KEPT_BINDING_BYTES: u64 = 96;

/// An `import` whose libraries are being found.
pub(crate) struct Import {
    env: Env,
    place: Place,
    /// The sets not yet imported, the next one last.
    sets: Vec<Syntax>,
    /// Cells of this world and the library cells whose values they get.
    links: Vec<(GlobalId, GlobalId)>,
    /// What names of libraries mean that this import brought already, and the library.
    brought: BTreeMap<Symbol, (Identity, Syntax)>,
}

pub(crate) fn import(
    x: &mut Expander,
    it: Use,
    destination: Destination,
    host: &mut dyn Host,
) -> Flow {
    if !matches!(destination, Destination::Top) {
        return Err(message::definition_in_expression(&it));
    }
    let sets = &it.items()[1..];
    if sets.is_empty() {
        return Err(message::wrong_use(&it));
    }
    host.spend(sets.len() as u64)?;
    x.schedule([Task::Import(Import::new(sets, &it.env, it.place()))]);
    Ok(None)
}

impl Import {
    pub(crate) fn new(sets: &[Syntax], env: &Env, place: Place) -> Box<Import> {
        let sets = sets.iter().rev().cloned().collect();
        Box::new(Import {
            env: env.clone(),
            place,
            sets,
            links: Vec::new(),
            brought: BTreeMap::new(),
        })
    }

    /// Asks for the library of the next set; when there is none, gives values to cells that were there before.
    pub(crate) fn resolve(self: Box<Self>, x: &mut Expander, host: &mut dyn Host) -> Flow {
        if let Some(set) = self.sets.last() {
            let (name, _) = modifiers(set, host)?;
            x.schedule([Task::Import(self)]);
            return Ok(Some(Step::NeedLibrary { name }));
        }
        if self.links.is_empty() {
            return Ok(None);
        }
        let mut tasks = Vec::new();
        for (own, library) in &self.links {
            tasks.push(Task::Build(Build::Global(*library), self.place));
            tasks.push(Task::Build(Build::DefineGlobal(*own), self.place));
        }
        tasks.push(Task::Build(Build::Sequence(self.links.len()), self.place));
        tasks.push(Task::Emit);
        x.schedule(tasks);
        Ok(None)
    }

    /// Imports the next set from the library found for it.
    pub(crate) fn found(
        &mut self,
        library: Rc<Library>,
        host: &mut dyn Host,
    ) -> Result<(), ExpandError> {
        let Some(set) = self.sets.pop() else {
            return Ok(());
        };
        let (name, modifiers) = modifiers(&set, host)?;
        let mut names = library.exported();
        host.spend(names.len() as u64)?;
        for modifier in modifiers.iter().rev() {
            host.spend(names.len() as u64)?;
            names = modify(names, modifier, host)?;
        }
        host.spend(names.len() as u64)?;
        // What the world did not know before it keeps.
        let world = &self.env.world;
        let new = names.keys().filter(|name| !world.has_entry(**name)).count();
        host.keep_memory(new as u64 * KEPT_BINDING_BYTES)?;
        host.charge_memory(names.len() as u64 * super::scope::BINDING_BYTES)?;
        if !may_meet(&name, host) {
            self.refuse_other_meanings(&name, &library, &names, host)?;
        }
        self.links.extend(self.env.world.import(&library, names));
        Ok(())
    }

    /// R7RS 5.2: no name may be imported with more than one meaning.
    fn refuse_other_meanings(
        &mut self,
        library_name: &Syntax,
        library: &Library,
        names: &BTreeMap<Symbol, Symbol>,
        host: &mut dyn Host,
    ) -> Result<(), ExpandError> {
        for (&here, &inside) in names {
            let meaning = library.environment.identity(inside);
            let Some((known, other)) = self.brought.get(&here) else {
                self.brought.insert(here, (meaning, library_name.clone()));
                continue;
            };
            if *known != meaning {
                let (one, two) = (
                    message::show(other, host),
                    message::show(library_name, host),
                );
                let name = host.symbols().shared_text(here);
                return Err(ExpandError::syntax(
                    library_name,
                    format!("Both {one} and {two} have a name `{name}`, and mean different things by it."),
                )
                .hint(format!("Leave it out of one of them, as in (except {two} {name}).")));
            }
        }
        Ok(())
    }
}

/// Whether names of this library may meet others: files and libraries from the network only add, and what they add hides names of `(logos)`.
fn may_meet(name: &Syntax, host: &mut dyn Host) -> bool {
    let word = spelling(name.as_list().and_then(<[_]>::first), host);
    matches!(word.as_deref(), None | Some("from" | "logos"))
}

/// The library's name in an import set, and the sets around it, outermost first.
fn modifiers(set: &Syntax, host: &mut dyn Host) -> Result<(Syntax, Vec<Syntax>), ExpandError> {
    let mut modifiers = Vec::new();
    let mut set = set.clone();
    loop {
        host.spend(1)?;
        let inner = match (
            spelling(set.as_list().and_then(<[_]>::first), host),
            set.as_list(),
        ) {
            (Some(word), Some([_, inner, ..]))
                if matches!(&*word, "only" | "except" | "prefix" | "rename")
                    && matches!(inner.datum(), Datum::List(..) | Datum::String(_)) =>
            {
                inner.clone()
            }
            _ => break,
        };
        modifiers.push(set);
        set = inner;
    }
    let is_name = match set.datum() {
        Datum::String(_) => true,
        Datum::List(items, None) => !items.is_empty(),
        _ => false,
    };
    if !is_name {
        let shown = message::show(&set, host);
        return Err(ExpandError::syntax(
            &set,
            format!("`import` expected the name of a library here, but found {shown}."),
        )
        .hint("It is written like (import (scheme base)) or (import \"shapes.logos\").")
        .about(set));
    }
    Ok((set, modifiers))
}

/// Applies `(only set name …)` and its like to the names of a set: each name here, and inside the library.
fn modify(
    mut names: BTreeMap<Symbol, Symbol>,
    modifier: &Syntax,
    host: &mut dyn Host,
) -> Result<BTreeMap<Symbol, Symbol>, ExpandError> {
    let items = modifier.as_list().unwrap_or(&[]);
    let (kind, arguments) = (spelling(items.first(), host), items.get(2..).unwrap_or(&[]));
    match kind.as_deref() {
        Some("only") => {
            let mut chosen = BTreeMap::new();
            for argument in arguments {
                let name = known(argument, &names, host)?;
                chosen.insert(name, names[&name]);
            }
            Ok(chosen)
        }
        Some("except") => {
            for argument in arguments {
                let name = known(argument, &names, host)?;
                names.remove(&name);
            }
            Ok(names)
        }
        Some("prefix") => {
            let Some(prefix) = spelling(arguments.first(), host) else {
                return Err(bad_set(modifier, "(prefix (scheme base) s:)"));
            };
            let mut renamed = BTreeMap::new();
            for (name, inside) in names {
                let length = prefix.len() + host.symbols().text(name).len();
                host.charge(length as u64 / 8)?;
                let text = format!("{prefix}{}", host.symbols().text(name));
                renamed.insert(host.intern(&text)?, inside);
            }
            Ok(renamed)
        }
        _ => rename(names, modifier, arguments, host),
    }
}

fn rename(
    mut names: BTreeMap<Symbol, Symbol>,
    modifier: &Syntax,
    arguments: &[Syntax],
    host: &mut dyn Host,
) -> Result<BTreeMap<Symbol, Symbol>, ExpandError> {
    let mut added = Vec::with_capacity(arguments.len());
    for argument in arguments {
        let Some([from, to]) = argument.as_list() else {
            return Err(bad_set(modifier, "(rename (scheme base) (car first))"));
        };
        let from = known(from, &names, host)?;
        let Some(to) = Identifier::of(to) else {
            return Err(bad_set(modifier, "(rename (scheme base) (car first))"));
        };
        added.push((to.name(), from));
    }
    let insides: Vec<(Symbol, Symbol)> = added
        .into_iter()
        .map(|(to, from)| (to, names.remove(&from).unwrap_or(from)))
        .collect();
    names.extend(insides);
    Ok(names)
}

/// A name that the set has.
fn known(
    written: &Syntax,
    names: &BTreeMap<Symbol, Symbol>,
    host: &mut dyn Host,
) -> Result<Symbol, ExpandError> {
    host.spend(1)?;
    match Identifier::of(written) {
        Some(name) if names.contains_key(&name.name()) => Ok(name.name()),
        _ => {
            let shown = message::show(written, host);
            let message = format!("This library has no name {shown}.");
            let mut error = ExpandError::syntax(written, message).about(written.clone());
            error.kind = ErrorKind::UnknownName;
            host.charge(nearest_fuel(&shown, names.len()))?;
            let symbols = host.symbols();
            let all = names.keys().map(|&name| symbols.text(name));
            Err(match nearest(&shown, all) {
                Some(near) => error.hint(format!("Did you mean `{near}`?")),
                None => error,
            })
        }
    }
}

fn bad_set(set: &Syntax, example: &str) -> ExpandError {
    ExpandError::syntax(set, "This part of an `import` is not complete.")
        .hint(format!("It is written like {example}."))
        .about(set.clone())
}
