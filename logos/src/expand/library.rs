//! Libraries: `define-library`, `cond-expand`, `include`.
//!
//! Owns the declarations of a library. The names of the standard libraries stand in
//! [`super::standard`]; finding any other library is the caller's.

use super::environment::{Environment, Exports, Library};
use super::imports::Import;
use super::machine::{Expander, Flow};
use super::rules::is_auxiliary;
use super::scope::{Env, Identifier};
use super::specials::AUXILIARY_ELSE;
use super::standard::{is_standard, library_name_paid};
use super::task::{Destination, Task, Use};
use super::{ErrorKind, ExpandError, Host, Step, message};
use crate::number::{is_exact_integer, is_negative};
use crate::symbol::{Symbol, Symbols};
use crate::syntax::Place;
use crate::syntax::{Datum, Syntax};
use std::collections::BTreeMap;
use std::rc::Rc;

/// What `cond-expand` and `features` know this system by.
pub const FEATURES: &[&str] = &[
    "r7rs",
    "exact-closed",
    "exact-complex",
    "ieee-float",
    "full-unicode",
    "ratios",
    "logos",
    "logos-0.1.0",
];

/// Whether a program that begins with this form sees only what it imports: a `define-library`, or an `import` of a
/// library named by a list other than `(from …)`. A path is a string: importing that only adds.
pub fn sees_only_imports(form: &Syntax, symbols: &Symbols) -> bool {
    let Some([head, rest @ ..]) = form.as_list() else {
        return false;
    };
    match word(head, symbols) {
        Some("define-library") => true,
        Some("import") => rest.iter().any(|set| {
            let mut set = set;
            while let Some([modifier, inner, ..]) = set.as_list()
                && matches!(
                    word(modifier, symbols),
                    Some("only" | "except" | "prefix" | "rename")
                )
                && matches!(inner.datum(), Datum::List(..) | Datum::String(_))
            {
                set = inner;
            }
            set.as_list().is_some_and(|items| {
                items
                    .first()
                    .is_none_or(|first| word(first, symbols) != Some("from"))
            })
        }),
        _ => false,
    }
}

fn word<'a>(syntax: &Syntax, symbols: &'a Symbols) -> Option<&'a str> {
    match syntax.datum() {
        Datum::Symbol(symbol) => Some(symbols.text(*symbol)),
        Datum::Alias(alias) => Some(symbols.text(alias.name)),
        _ => None,
    }
}

/// The text of a word that is known by its spelling, as those of libraries are.
pub(crate) fn spelling(syntax: Option<&Syntax>, host: &mut dyn Host) -> Option<Rc<str>> {
    let name = Identifier::of(syntax?)?;
    Some(host.symbols().shared_text(name.name()))
}

pub(crate) fn include(
    x: &mut Expander,
    it: Use,
    destination: Destination,
    host: &mut dyn Host,
) -> Flow {
    include_files(x, it, destination, false, host)
}

pub(crate) fn include_ci(
    x: &mut Expander,
    it: Use,
    destination: Destination,
    host: &mut dyn Host,
) -> Flow {
    include_files(x, it, destination, true, host)
}

fn include_files(
    x: &mut Expander,
    it: Use,
    destination: Destination,
    fold_case: bool,
    host: &mut dyn Host,
) -> Flow {
    let paths = paths(&it.form, &it.items()[1..], host)?;
    Ok(Some(x.include(
        destination,
        it.env.clone(),
        it.place(),
        paths,
        fold_case,
    )))
}

fn paths(
    form: &Syntax,
    written: &[Syntax],
    host: &mut dyn Host,
) -> Result<Vec<Rc<str>>, ExpandError> {
    let bad = |at: &Syntax| {
        ExpandError::syntax(at, "`include` needs names of files in double quotes.")
            .hint("It is written like (include \"shapes.logos\").")
    };
    if written.is_empty() {
        return Err(bad(form));
    }
    host.spend(written.len() as u64)?;
    let path = |part: &Syntax| match part.datum() {
        Datum::String(path) => Ok(path.clone()),
        _ => Err(bad(part)),
    };
    written.iter().map(path).collect()
}

pub(crate) fn cond_expand(
    x: &mut Expander,
    it: Use,
    destination: Destination,
    host: &mut dyn Host,
) -> Flow {
    let forms = match choose(x, &it.form, &it.env, host)? {
        Choice::Forms(forms) => forms,
        Choice::Seek(name) => {
            x.schedule([Task::CondExpand(Box::new((it, destination)))]);
            return Ok(Some(Step::FindLibrary { name }));
        }
    };
    match destination {
        Destination::Expression(_) if forms.is_empty() => {
            x.schedule([Task::constant(Datum::Void, it.place())]);
        }
        destination => x.deliver_all(destination, &forms, &it.env, it.place())?,
    }
    Ok(None)
}

/// What a `cond-expand` comes to.
enum Choice {
    /// The forms of the first clause whose feature requirement holds.
    Forms(Vec<Syntax>),
    /// It depends on whether there is a library of this name.
    Seek(String),
}

/// Whether a feature requirement holds.
enum Holds {
    Known(bool),
    /// It depends on whether there is a library of this name.
    Seek(String),
}

fn choose(
    x: &Expander,
    form: &Syntax,
    env: &Env,
    host: &mut dyn Host,
) -> Result<Choice, ExpandError> {
    for clause in &form.as_list().unwrap_or(&[])[1..] {
        let Some([requirement, forms @ ..]) = clause.as_list() else {
            return Err(bad_requirement(clause, host));
        };
        match holds(x, requirement, env, host)? {
            Holds::Known(true) => return Ok(Choice::Forms(forms.to_vec())),
            Holds::Known(false) => {}
            Holds::Seek(name) => return Ok(Choice::Seek(name)),
        }
    }
    Ok(Choice::Forms(Vec::new()))
}

fn bad_requirement(written: &Syntax, host: &mut dyn Host) -> ExpandError {
    let shown = message::show(written, host);
    ExpandError::syntax(
        written,
        format!("`cond-expand` expected a feature here, but found {shown}."),
    )
    .hint("A clause is written like (logos 1), ((and r7rs (library (scheme char))) 2) or (else 3).")
    .about(written.clone())
}

enum Test<'a> {
    Visit(&'a Syntax),
    Not,
    /// Combines so many results by `and`, or by `or`.
    All(usize),
    Any(usize),
}

fn holds(
    x: &Expander,
    root: &Syntax,
    env: &Env,
    host: &mut dyn Host,
) -> Result<Holds, ExpandError> {
    let mut work = vec![Test::Visit(root)];
    let mut results: Vec<bool> = Vec::new();
    while let Some(test) = work.pop() {
        host.spend(1)?;
        let result = match test {
            Test::Not => !results.pop().unwrap_or(false),
            Test::All(count) => results
                .split_off(results.len() - count)
                .into_iter()
                .all(|it| it),
            Test::Any(count) => results
                .split_off(results.len() - count)
                .into_iter()
                .any(|it| it),
            Test::Visit(requirement) => match requirement.as_list() {
                None => feature(requirement, env, host)?,
                Some(parts) => match (spelling(parts.first(), host).as_deref(), parts) {
                    (Some("library"), [_, name]) => match library_name_paid(name, host)? {
                        None => false,
                        Some(text) if is_standard(&text) => true,
                        Some(text) => match x.has_library(&text, host) {
                            Some(is_there) => is_there,
                            None => return Ok(Holds::Seek(text)),
                        },
                    },
                    (Some("not"), [_, inner]) => {
                        work.extend([Test::Not, Test::Visit(inner)]);
                        continue;
                    }
                    (Some("and"), [_, inner @ ..]) => {
                        work.push(Test::All(inner.len()));
                        work.extend(inner.iter().map(Test::Visit));
                        continue;
                    }
                    (Some("or"), [_, inner @ ..]) => {
                        work.push(Test::Any(inner.len()));
                        work.extend(inner.iter().map(Test::Visit));
                        continue;
                    }
                    _ => return Err(bad_requirement(requirement, host)),
                },
            },
        };
        results.push(result);
    }
    Ok(Holds::Known(results.pop().unwrap_or(false)))
}

fn feature(written: &Syntax, env: &Env, host: &mut dyn Host) -> Result<bool, ExpandError> {
    let Some(name) = Identifier::of(written) else {
        return Err(bad_requirement(written, host));
    };
    if is_auxiliary(&name, AUXILIARY_ELSE, env, host)? {
        return Ok(true);
    }
    let text = host.symbols().text(name.name());
    // Inside a library, `else` need not be imported.
    Ok(text == AUXILIARY_ELSE || FEATURES.contains(&text))
}

/// A library being defined.
pub(crate) struct OpenLibrary {
    name: Syntax,
    place: Place,
    /// The library's own world.
    env: Env,
    /// Declarations not yet looked at, the next one last.
    pending: Vec<Syntax>,
    imports: Vec<Syntax>,
    /// What makes the library's definitions, in order.
    bodies: Vec<Task>,
    /// Name outside, name inside, and where it says so.
    exports: Vec<(Symbol, Symbol, Syntax)>,
    /// Whether the declarations are done.
    declared: bool,
}

pub(crate) fn define_library(
    x: &mut Expander,
    it: Use,
    destination: Destination,
    host: &mut dyn Host,
) -> Flow {
    if !matches!(destination, Destination::Top) {
        return Err(message::definition_in_expression(&it));
    }
    let [_, name, declarations @ ..] = it.items() else {
        return Err(message::wrong_use(&it));
    };
    if name.as_list().is_none_or(<[Syntax]>::is_empty) {
        return Err(message::wrong_use(&it));
    }
    let bad = |part: &&Syntax| match part.datum() {
        Datum::Number(number) => !is_exact_integer(number) || is_negative(number),
        _ => Identifier::of(part).is_none(),
    };
    if let Some(part) = name.as_list().unwrap_or(&[]).iter().find(bad) {
        let expected = "a word or a whole number as a part of the library's name";
        return Err(message::wrong_part(&it, part, expected, host));
    }
    let mut library = OpenLibrary {
        name: name.clone(),
        place: it.place(),
        env: Env::top(&Environment::empty()),
        pending: Vec::new(),
        imports: Vec::new(),
        bodies: Vec::new(),
        exports: Vec::new(),
        declared: false,
    };
    library.put_first(declarations);
    x.schedule([Task::Library(Box::new(library))]);
    Ok(None)
}

impl OpenLibrary {
    /// Puts declarations before those not yet looked at.
    pub(crate) fn put_first(&mut self, declarations: &[Syntax]) {
        self.pending.extend(declarations.iter().rev().cloned());
    }

    /// Looks at the declarations; then the imports and bodies are expanded, and this comes last.
    pub(crate) fn declare(mut self: Box<Self>, x: &mut Expander, host: &mut dyn Host) -> Flow {
        if self.declared {
            return self.close(host);
        }
        while let Some(declaration) = self.pending.pop() {
            host.spend(1)?;
            let items = declaration.as_list().unwrap_or(&[]);
            let Some(word) = spelling(items.first(), host) else {
                return Err(bad_declaration(&declaration, host));
            };
            let rest = &items[1..];
            let place = Place::of(&declaration);
            match &*word {
                "export" => self.export(rest, host)?,
                "import" => self.imports.extend(rest.iter().cloned()),
                "begin" => {
                    let env = self.env.clone();
                    self.bodies
                        .extend(rest.iter().map(|form| Task::Top(form.clone(), env.clone())));
                }
                "include" | "include-ci" => {
                    let fold_case = &*word == "include-ci";
                    let paths = paths(&declaration, rest, host)?;
                    self.bodies
                        .push(Task::Include(self.env.clone(), place, paths, fold_case));
                }
                "include-library-declarations" => {
                    let paths = paths(&declaration, rest, host)?;
                    let env = self.env.clone();
                    return Ok(Some(x.include(
                        Destination::Library(self),
                        env,
                        place,
                        paths,
                        false,
                    )));
                }
                "cond-expand" => match choose(x, &declaration, &self.env, host)? {
                    Choice::Forms(forms) => self.put_first(&forms),
                    Choice::Seek(name) => {
                        self.pending.push(declaration);
                        x.schedule([Task::Library(self)]);
                        return Ok(Some(Step::FindLibrary { name }));
                    }
                },
                _ => return Err(bad_declaration(&declaration, host)),
            }
        }
        self.declared = true;
        let mut tasks = vec![Task::Import(Import::new(
            &self.imports,
            &self.env,
            self.place,
        ))];
        tasks.append(&mut self.bodies);
        tasks.push(Task::Library(self));
        x.schedule(tasks);
        Ok(None)
    }

    fn export(&mut self, written: &[Syntax], host: &mut dyn Host) -> Result<(), ExpandError> {
        for part in written {
            host.spend(1)?;
            let names = match (Identifier::of(part), part.as_list()) {
                (Some(name), _) => Some((name.name(), name.name())),
                (None, Some([_, inside, outside])) => {
                    match (Identifier::of(inside), Identifier::of(outside)) {
                        (Some(inside), Some(outside)) => Some((outside.name(), inside.name())),
                        _ => None,
                    }
                }
                _ => None,
            };
            let Some((outside, inside)) = names else {
                return Err(bad_declaration(part, host));
            };
            self.exports.push((outside, inside, part.clone()));
        }
        Ok(())
    }

    fn close(self, host: &mut dyn Host) -> Flow {
        let mut exports = BTreeMap::new();
        for (outside, inside, written) in self.exports {
            host.spend(1)?;
            if self.env.world.lookup(inside).is_none() {
                let shown = message::show(&written, host);
                let message = format!("This library exports {shown}, but does not define it.");
                let mut error = ExpandError::syntax(&written, message).about(written);
                error.kind = ErrorKind::UnknownName;
                return Err(error);
            }
            exports.insert(outside, inside);
        }
        let exports = Exports::Names(exports);
        let library = Library {
            environment: self.env.world,
            exports,
            copied: false,
        };
        Ok(Some(Step::Library {
            name: self.name,
            library: Rc::new(library),
        }))
    }
}

fn bad_declaration(written: &Syntax, host: &mut dyn Host) -> ExpandError {
    let shown = message::show(written, host);
    ExpandError::syntax(
        written,
        format!("`define-library` expected a declaration here, but found {shown}."),
    )
    .hint("Declarations are (export …), (import …), (begin …), (include …) and (cond-expand …).")
    .about(written.clone())
}
