//! Destructuring in `let` and `let*`: a pattern where a name may stand.
//!
//! Owns the rewriting to the library's `match-let`; refuses patterns where the keywords of Logos are not in scope,
//! since an R7RS program means a mistake by them.
//!
//! `(let ((pattern value) …) body …)` becomes `(let ((part value) …) (match-let ((pattern part) …) body …))`,
//! `(let ((pattern value) (name value) …) body …)` becomes
//! `(let ((part value) (name value) …) (%match-let-distinct (name …) ((pattern part) …) body …))`, and
//! `(let* ((pattern value) …) body …)` becomes `(match-let ((pattern value) …) body …)`.

use super::environment::Environment;
use super::scope::{Alias, Env, Identifier};
use super::task::Use;
use super::{ExpandError, Host, message};
use crate::syntax::{Datum, Syntax};
use std::rc::Rc;

/// The library's macro that takes values apart.
const MATCH_LET: &str = "match-let";
/// The same, which also refuses a name that stands both in a pattern and elsewhere among the bindings.
const MATCH_LET_DISTINCT: &str = "%match-let-distinct";
/// What a value is called before it is taken apart.
const PART: &str = "part";

/// Whether some binding of the list has a pattern where a name stands, and patterns are known here.
pub(crate) fn has_patterns(it: &Use, list: &Syntax) -> bool {
    let bindings = list.as_list().unwrap_or(&[]);
    it.env.world.has_keywords()
        && bindings
            .iter()
            .any(|binding| matches!(binding.as_list(), Some([name, _]) if is_pattern(name)))
}

fn is_pattern(name: &Syntax) -> bool {
    match name.datum() {
        Datum::List(items, _) => !items.is_empty(),
        Datum::Vector(_) | Datum::Dict(_) => true,
        _ => false,
    }
}

/// `let`: all values first, then their parts.
pub(crate) fn let_form(
    it: &Use,
    list: &Syntax,
    body: &[Syntax],
    host: &mut dyn Host,
) -> Result<Syntax, ExpandError> {
    let library = library(it, list, host)?;
    let part = host.symbols().intern(PART);
    let (mut values, mut patterns, mut names) = (Vec::new(), Vec::new(), Vec::new());
    for binding in list.as_list().unwrap_or(&[]) {
        let Some([pattern, value]) = binding.as_list() else {
            values.push(binding.clone());
            continue;
        };
        if !is_pattern(pattern) {
            values.push(binding.clone());
            names.push(pattern.clone());
            continue;
        }
        let alias = Alias::new(Identifier::Symbol(part), Env::top(&library).definition());
        let name = like(pattern, Datum::Alias(alias));
        values.push(like(binding, list_of([name.clone(), value.clone()])));
        patterns.push(like(binding, list_of([pattern.clone(), name])));
    }
    let inner = if names.len() + patterns.len() > 1 {
        let parts = [list_of(names), list_of(patterns)].map(|part| like(list, part));
        rewritten(it, &library, MATCH_LET_DISTINCT, parts, body, host)
    } else {
        rewritten(
            it,
            &library,
            MATCH_LET,
            [like(list, list_of(patterns))],
            body,
            host,
        )
    };
    let keyword = it.items()[0].clone();
    let values = like(list, list_of(values));
    Ok(like(&it.form, list_of([keyword, values, inner])))
}

/// `let*`: each value sees the names before it.
pub(crate) fn let_star(
    it: &Use,
    list: &Syntax,
    body: &[Syntax],
    host: &mut dyn Host,
) -> Result<Syntax, ExpandError> {
    let library = library(it, list, host)?;
    Ok(rewritten(
        it,
        &library,
        MATCH_LET,
        [list.clone()],
        body,
        host,
    ))
}

/// The world that has `match-let`. Paid here: a step for each binding.
fn library(it: &Use, list: &Syntax, host: &mut dyn Host) -> Result<Rc<Environment>, ExpandError> {
    let bindings = list.as_list().unwrap_or(&[]);
    host.spend(bindings.len() as u64)?;
    host.library()
        .ok_or_else(|| message::wrong_part(it, list, "names with values in brackets", host))
}

/// A use of one of the library's macros, of some parts and the body.
fn rewritten<const PARTS: usize>(
    it: &Use,
    library: &Rc<Environment>,
    name: &str,
    parts: [Syntax; PARTS],
    body: &[Syntax],
    host: &mut dyn Host,
) -> Syntax {
    let name = Identifier::Symbol(host.symbols().intern(name));
    let keyword = Alias::new(name, Env::top(library).definition());
    let head = like(&it.form, Datum::Alias(keyword));
    let items = [head].into_iter().chain(parts).chain(body.iter().cloned());
    like(&it.form, list_of(items))
}

fn list_of(items: impl IntoIterator<Item = Syntax>) -> Datum {
    Datum::List(items.into_iter().collect(), None)
}

/// A datum that stands where another stood.
fn like(place: &Syntax, datum: Datum) -> Syntax {
    Syntax::introduced(datum, place.span(), place.origin())
}
