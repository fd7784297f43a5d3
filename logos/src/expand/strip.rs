//! Between identifiers and data: aliases stripped for `quote`, hidden from procedural macros and found again,
//! made readable for `macroexpand`.
//!
//! Owns the one walk that rebuilds syntax with some of its leaves replaced; what does not change is shared.

use super::matching::{SYNTAX_BYTES, pay_for_copy};
use super::scope::{Alias, Env, Identifier, Meaning};
use super::{ExpandError, Host};
use crate::symbol::Symbol;
use crate::syntax::Place;
use crate::syntax::{Datum, Syntax};
use std::collections::{BTreeMap, BTreeSet};
use std::rc::Rc;

/// Bytes of a symbol that shares its text with another.
const SHARED_SYMBOL_BYTES: u64 = 32;

/// What a leaf becomes; `None` when it stays.
type Change<'a> = &'a mut dyn FnMut(&Syntax, &mut dyn Host) -> Result<Option<Syntax>, ExpandError>;

/// The symbols that stand for identifiers while a procedural macro works on them.
#[derive(Default)]
pub(crate) struct Renamed {
    symbols: BTreeMap<usize, Symbol>,
    identifiers: BTreeMap<Symbol, Rc<Alias>>,
}

/// A quoted datum: aliases become the symbols they were written as.
pub(crate) fn constant(syntax: &Syntax, host: &mut dyn Host) -> Result<Syntax, ExpandError> {
    let mut labels = BTreeSet::new();
    let mut references = Vec::new();
    let result = walk(syntax, None, host, &mut |leaf, _| match leaf.datum() {
        Datum::Alias(alias) => Ok(Some(like(leaf, Datum::Symbol(alias.name)))),
        Datum::Labelled(label, _) => {
            labels.insert(*label);
            Ok(None)
        }
        Datum::Reference(label) => {
            references.push((*label, leaf.span()));
            Ok(None)
        }
        _ => Ok(None),
    })?;
    match references.iter().find(|(label, _)| !labels.contains(label)) {
        Some((label, span)) => Err(ExpandError::syntax(
            *span,
            format!("`#{label}#` refers to a value outside of this quoted one."),
        )),
        None => Ok(result),
    }
}

/// An argument of a procedural macro. Identifiers that macros introduced become symbols equal to no other, so
/// that they stay apart from the user's; those that name a special form or macro in the same way the plain symbol
/// does become that symbol, so that they can be recognised.
pub(crate) fn rename(
    syntax: &Syntax,
    renamed: &mut Renamed,
    env: &Env,
    host: &mut dyn Host,
) -> Result<Syntax, ExpandError> {
    walk(syntax, None, host, &mut |leaf, host| {
        let Datum::Alias(alias) = leaf.datum() else {
            return Ok(None);
        };
        let key = Rc::as_ptr(alias) as usize;
        let symbol = match renamed.symbols.get(&key) {
            Some(symbol) => *symbol,
            None => {
                let symbol = symbol_for(alias, env, host)?;
                if symbol != alias.name {
                    renamed.identifiers.insert(symbol, alias.clone());
                }
                renamed.symbols.insert(key, symbol);
                symbol
            }
        };
        Ok(Some(like(leaf, Datum::Symbol(symbol))))
    })
}

fn symbol_for(alias: &Rc<Alias>, env: &Env, host: &mut dyn Host) -> Result<Symbol, ExpandError> {
    let plain = Identifier::Symbol(alias.name);
    let name = Identifier::Alias(alias.clone());
    let recognised = matches!(env.meaning(&name, host)?, Meaning::Syntax(_))
        || host.symbols().is_keyword(alias.name);
    if recognised && env.same_meaning(&name, env, &plain, host)? {
        return Ok(alias.name);
    }
    host.charge_memory(SYNTAX_BYTES)?;
    host.keep_memory(SHARED_SYMBOL_BYTES)?;
    Ok(host.symbols().uninterned_like(alias.name))
}

/// The result of a procedural macro: its renamed symbols become identifiers again, and what has no place gets
/// that of the use.
pub(crate) fn restore(
    syntax: &Syntax,
    renamed: &Renamed,
    place: Place,
    host: &mut dyn Host,
) -> Result<Syntax, ExpandError> {
    walk(syntax, Some(place), host, &mut |leaf, _| {
        let Datum::Symbol(symbol) = leaf.datum() else {
            return Ok(None);
        };
        let alias = renamed.identifiers.get(symbol);
        Ok(alias.map(|alias| like(leaf, Datum::Alias(alias.clone()))))
    })
}

/// An expansion for a person to read: aliases become symbols, with a number added where the plain one would
/// be taken for another of the same name.
pub(crate) fn readable(
    syntax: &Syntax,
    env: &Env,
    host: &mut dyn Host,
) -> Result<Syntax, ExpandError> {
    let mut plain = BTreeSet::new();
    walk(syntax, None, host, &mut |leaf, _| {
        if let Datum::Symbol(symbol) = leaf.datum() {
            plain.insert(*symbol);
        }
        Ok(None)
    })?;
    let mut names: BTreeMap<usize, Symbol> = BTreeMap::new();
    let mut taken = Taken {
        names: plain,
        numbers: BTreeMap::new(),
    };
    walk(syntax, None, host, &mut |leaf, host| {
        let Datum::Alias(alias) = leaf.datum() else {
            return Ok(None);
        };
        let key = Rc::as_ptr(alias) as usize;
        let name = match names.get(&key) {
            Some(name) => *name,
            None if is_known(alias, env, host)? => alias.name,
            None => untaken(alias.name, &mut taken, host)?,
        };
        names.insert(key, name);
        Ok(Some(like(leaf, Datum::Symbol(name))))
    })
}

/// Whether the plain symbol means the same as the alias, and it is something that was defined.
fn is_known(alias: &Rc<Alias>, env: &Env, host: &mut dyn Host) -> Result<bool, ExpandError> {
    let name = Identifier::Alias(alias.clone());
    let defined = match env.meaning(&name, host)? {
        Meaning::Variable(_) | Meaning::Syntax(_) => true,
        Meaning::Top(world, symbol) => {
            world.lookup(symbol).is_some() || host.symbols().is_keyword(symbol)
        }
    };
    Ok(defined && env.same_meaning(&name, env, &Identifier::Symbol(alias.name), host)?)
}

/// The names in an expansion, and the last number added to each that was.
struct Taken {
    names: BTreeSet<Symbol>,
    numbers: BTreeMap<Symbol, u64>,
}

/// The name itself, or the first of `name.1`, `name.2` … that is not taken.
fn untaken(name: Symbol, taken: &mut Taken, host: &mut dyn Host) -> Result<Symbol, ExpandError> {
    let text = host.symbols().shared_text(name);
    let mut candidate = name;
    while !taken.names.insert(candidate) {
        host.spend(1)?;
        // The text is copied before it is looked for.
        host.charge(text.len() as u64 / 8)?;
        let number = taken.numbers.entry(name).or_insert(0);
        *number += 1;
        candidate = host.intern(&format!("{text}.{number}"))?;
    }
    Ok(candidate)
}

/// Another datum at the place of this one.
fn like(syntax: &Syntax, datum: Datum) -> Syntax {
    Syntax::introduced(datum, syntax.span(), syntax.origin())
}

enum Work<'a> {
    Visit(&'a Syntax),
    Rebuild(&'a Syntax, usize),
}

/// Rebuilds a datum, leaves changed; those without a place get one if `place` is given.
fn walk(
    root: &Syntax,
    place: Option<Place>,
    host: &mut dyn Host,
    change: Change<'_>,
) -> Result<Syntax, ExpandError> {
    let mut work = vec![Work::Visit(root)];
    let mut done: Vec<Syntax> = Vec::new();
    while let Some(next) = work.pop() {
        match next {
            Work::Visit(syntax) => {
                host.spend(1)?;
                let changed = change(syntax, host)?;
                let before = work.len();
                work.push(Work::Rebuild(syntax, done.len()));
                if changed.is_none() {
                    push_children(syntax.datum(), &mut work);
                }
                if work.len() == before + 1 {
                    work.pop();
                    let result = changed.unwrap_or_else(|| syntax.clone());
                    done.push(placed(result, place, host)?);
                }
            }
            Work::Rebuild(syntax, from) => {
                let children = done.split_off(from);
                let result = match unchanged(syntax.datum(), &children) {
                    true => syntax.clone(),
                    false => {
                        host.charge_memory(SYNTAX_BYTES + 8 * children.len() as u64)?;
                        like(syntax, rebuilt(syntax.datum(), children))
                    }
                };
                done.push(placed(result, place, host)?);
            }
        }
    }
    Ok(done.pop().expect("each visit leaves one result"))
}

fn placed(
    syntax: Syntax,
    place: Option<Place>,
    host: &mut dyn Host,
) -> Result<Syntax, ExpandError> {
    match place {
        Some(place) if syntax.span().is_none() => {
            host.charge_memory(SYNTAX_BYTES)?;
            pay_for_copy(syntax.datum(), host)?;
            Ok(Syntax::introduced(
                syntax.datum().clone(),
                place.span,
                place.origin,
            ))
        }
        _ => Ok(syntax),
    }
}

/// Puts the parts of a datum on the stack, the first one on top.
fn push_children<'a>(datum: &'a Datum, work: &mut Vec<Work<'a>>) {
    match datum {
        Datum::List(items, tail) => {
            work.extend(tail.iter().map(Work::Visit));
            work.extend(items.iter().rev().map(Work::Visit));
        }
        Datum::Vector(items) => work.extend(items.iter().rev().map(Work::Visit)),
        Datum::Dict(entries) => {
            let parts = entries.iter().rev().flat_map(|(key, value)| [value, key]);
            work.extend(parts.map(Work::Visit));
        }
        Datum::Labelled(_, inner) => work.push(Work::Visit(inner)),
        _ => {}
    }
}

fn unchanged(datum: &Datum, children: &[Syntax]) -> bool {
    let same = |(one, two): (&Syntax, &Syntax)| Rc::ptr_eq(&one.0, &two.0);
    match datum {
        Datum::List(items, tail) => items.iter().chain(tail).zip(children).all(same),
        Datum::Vector(items) => items.iter().zip(children).all(same),
        Datum::Dict(entries) => entries
            .iter()
            .flat_map(|(key, value)| [key, value])
            .zip(children)
            .all(same),
        Datum::Labelled(_, inner) => same((inner, &children[0])),
        _ => true,
    }
}

fn rebuilt(datum: &Datum, mut children: Vec<Syntax>) -> Datum {
    match datum {
        Datum::List(_, tail) => {
            let tail = tail.as_ref().and_then(|_| children.pop());
            Datum::List(children.into(), tail)
        }
        Datum::Vector(_) => Datum::Vector(children.into()),
        Datum::Dict(_) => {
            let pairs = children.chunks_exact(2);
            Datum::Dict(
                pairs
                    .map(|pair| (pair[0].clone(), pair[1].clone()))
                    .collect(),
            )
        }
        Datum::Labelled(label, _) => Datum::Labelled(*label, children.remove(0)),
        other => other.clone(),
    }
}
