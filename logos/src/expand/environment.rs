//! Worlds of top-level names: what each name means outside every local scope.
//!
//! Owns the map from names to [`Binding`]s and the rule by which a user's world stands on a library: a name
//! that comes from the library is the library's until the world refers to it or defines it; from then on the
//! world has a cell of its own, and the library keeps its own.

use super::macros::Macro;
use super::scope::Alias;
use super::specials::{SPECIALS, Special};
use super::{Host, HostError};
use crate::core::GlobalId;
use crate::symbol::{Symbol, Symbols};
use crate::syntax::Span;
use std::cell::{Cell, RefCell};
use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::rc::Rc;

/// What a top-level name means.
#[derive(Clone, Debug)]
pub enum Binding {
    /// A form the expander knows.
    Special(&'static Special),
    /// A macro.
    Macro(Rc<Macro>),
    /// A variable.
    Global(GlobalId),
}

/// Where a global of a world comes from.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Origin {
    /// Only referred to so far.
    Referenced,
    /// Defined in this world.
    Defined,
    /// This world's own copy of a library's cell.
    Copied(GlobalId),
    /// A library's cell, to be copied when first referred to.
    Copyable,
    /// A library's cell, shared with it.
    Shared,
}

#[derive(Clone, Debug)]
struct Entry {
    binding: Binding,
    origin: Origin,
}

/// A top-level world.
#[derive(Default)]
pub struct Environment {
    names: RefCell<BTreeMap<Symbol, Entry>>,
    /// Introduced identifiers defined at the top level of this world by macros of another one.
    aliases: RefCell<BTreeMap<usize, (Rc<Alias>, Symbol)>>,
    /// The cells of the tests of variables that were defined with some, and where. A procedure has its tests itself as well.
    tests: RefCell<BTreeMap<Symbol, (GlobalId, Span)>>,
    /// The world beneath, whose names are seen where this one has none.
    base: Option<Rc<Environment>>,
    /// Worlds whose macros this one has imported; they must outlive it.
    sources: RefCell<Vec<Rc<Environment>>>,
    keywords: Cell<bool>,
    /// Whether it shares the cells of every library that it imports, also of those that others copy.
    shares: bool,
}

impl fmt::Debug for Environment {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Environment({} names)", self.names.borrow().len())
    }
}

/// What a world knew of a name.
pub(crate) struct Saved(Option<Entry>);

/// Two names that mean the same thing have equal identities.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Identity {
    Special(&'static str),
    Macro(usize),
    Global(GlobalId),
    /// Never defined: only the name counts.
    Unbound,
}

impl Environment {
    /// A world without names.
    pub fn empty() -> Rc<Environment> {
        Rc::default()
    }

    /// A world that has the special forms, and whose keywords evaluate to themselves: where a library begins.
    pub fn with_specials(symbols: &mut Symbols) -> Rc<Environment> {
        let environment = Environment::empty();
        for special in SPECIALS {
            environment.bind(symbols.intern(special.name), Binding::Special(special));
        }
        environment.enable_keywords();
        environment
    }

    /// A user's world on top of a library: it sees every name of it, and changes none.
    pub fn on(library: &Rc<Environment>) -> Rc<Environment> {
        let keywords = Cell::new(library.keywords.get());
        Rc::new(Environment {
            base: Some(library.clone()),
            keywords,
            ..Environment::default()
        })
    }

    /// A world on top of one for sharing: it sees every name of it, and changes none.
    pub fn sharing(base: &Rc<Environment>) -> Rc<Environment> {
        Rc::new(Environment {
            base: Some(base.clone()),
            keywords: Cell::new(base.keywords.get()),
            shares: true,
            ..Environment::default()
        })
    }

    /// Whether there is no world beneath.
    pub fn stands_alone(&self) -> bool {
        self.base.is_none()
    }

    /// Makes keywords without a binding evaluate to themselves.
    pub fn enable_keywords(&self) {
        self.keywords.set(true);
    }

    /// Whether keywords without a binding evaluate to themselves.
    pub fn has_keywords(&self) -> bool {
        self.keywords.get()
    }

    /// What a name means here, if anything. A variable that was only referred to has no meaning yet.
    pub fn lookup(&self, name: Symbol) -> Option<Binding> {
        self.entry(name)
            .filter(|entry| entry.origin != Origin::Referenced)
            .map(|entry| entry.binding)
    }

    /// Gives a name a meaning, as if defined here: how builtins, macros and special forms come in.
    pub fn bind(&self, name: Symbol, binding: Binding) {
        self.insert(name, binding, Origin::Defined);
    }

    /// Every name that means something here, by symbol number.
    pub fn names(&self) -> BTreeSet<Symbol> {
        let mut all = self
            .base
            .as_ref()
            .map(|base| base.names())
            .unwrap_or_default();
        let own = self.names.borrow();
        let known = own
            .iter()
            .filter(|(_, entry)| entry.origin != Origin::Referenced);
        all.extend(known.map(|(name, _)| *name));
        all
    }

    /// The variables and macros defined in this world itself.
    pub fn own_names(&self) -> BTreeSet<Symbol> {
        let own = self.names.borrow();
        own.iter()
            .filter(|(_, e)| e.origin == Origin::Defined)
            .filter(|(_, e)| !matches!(e.binding, Binding::Special(_)))
            .map(|(name, _)| *name)
            .collect()
    }

    /// The cell that a reference to a name means; made if there is none, copied from the library if that has it.
    /// `None` when the name is a macro or a special form.
    pub fn reference(
        &self,
        name: Symbol,
        host: &mut dyn Host,
    ) -> Result<Option<GlobalId>, HostError> {
        let (cell, origin) = match self.entry(name) {
            Some(Entry {
                binding: Binding::Global(cell),
                origin: Origin::Copyable,
            }) => (host.import_global(cell, name)?, Origin::Copied(cell)),
            Some(Entry {
                binding: Binding::Global(cell),
                ..
            }) => return Ok(Some(cell)),
            Some(_) => return Ok(None),
            None => (host.new_global(name)?, Origin::Referenced),
        };
        self.insert(name, Binding::Global(cell), origin);
        Ok(Some(cell))
    }

    /// The cell that a definition of a name fills: from now on the name is a variable of this world. One that
    /// hides a library's starts with that value, in case the definition fails when it is evaluated.
    pub fn define(&self, name: Symbol, host: &mut dyn Host) -> Result<GlobalId, HostError> {
        let cell = match self.entry(name) {
            Some(Entry {
                binding: Binding::Global(cell),
                origin,
            }) => match origin {
                Origin::Copyable | Origin::Shared => host.import_global(cell, name)?,
                _ => cell,
            },
            _ => host.new_global(name)?,
        };
        self.insert(name, Binding::Global(cell), Origin::Defined);
        Ok(cell)
    }

    /// Says which tests a variable was defined with here.
    pub(crate) fn set_tests(&self, name: Symbol, tests: Option<(GlobalId, Span)>) {
        let mut all = self.tests.borrow_mut();
        match tests {
            Some(tests) => drop(all.insert(name, tests)),
            None => drop(all.remove(&name)),
        }
    }

    /// The cell of the tests that a variable was defined with here, and where.
    pub(crate) fn tests(&self, name: Symbol) -> Option<(GlobalId, Span)> {
        self.tests.borrow().get(&name).copied()
    }

    /// Whether the name is a variable that belongs to a library and cannot be assigned here.
    pub(crate) fn is_shared(&self, name: Symbol) -> bool {
        self.entry(name)
            .is_some_and(|entry| entry.origin == Origin::Shared)
    }

    /// What counts when two names are compared.
    pub(crate) fn identity(&self, name: Symbol) -> Identity {
        match self.entry(name) {
            None
            | Some(Entry {
                origin: Origin::Referenced,
                ..
            }) => Identity::Unbound,
            Some(Entry {
                origin: Origin::Copied(cell),
                ..
            }) => Identity::Global(cell),
            Some(Entry {
                binding: Binding::Global(cell),
                ..
            }) => Identity::Global(cell),
            Some(Entry {
                binding: Binding::Special(special),
                ..
            }) => Identity::Special(special.name),
            Some(Entry {
                binding: Binding::Macro(it),
                ..
            }) => Identity::Macro(Rc::as_ptr(&it) as usize),
        }
    }

    /// A world in which nothing is bound but what is needed to import the rest: where a program begins that
    /// sees only what it imports.
    pub fn for_imports(symbols: &mut Symbols) -> Rc<Environment> {
        Environment::importing(symbols, false)
    }

    /// The same for one that leaves the variables which it imports to their libraries: it may define them anew, not assign them.
    pub fn for_sharing(symbols: &mut Symbols) -> Rc<Environment> {
        Environment::importing(symbols, true)
    }

    fn importing(symbols: &mut Symbols, shares: bool) -> Rc<Environment> {
        let environment = Rc::new(Environment {
            shares,
            ..Environment::default()
        });
        for special in SPECIALS
            .iter()
            .filter(|it| matches!(it.name, "import" | "define-library"))
        {
            environment.bind(symbols.intern(special.name), Binding::Special(special));
        }
        environment
    }

    /// Makes names of a library visible here: `names` are pairs of the name here and the name inside the library.
    /// Where this world already has a cell for a name, it keeps it: the result lists those cells and the
    /// library's, whose values the caller has to copy.
    pub fn import(
        &self,
        library: &Library,
        names: impl IntoIterator<Item = (Symbol, Symbol)>,
    ) -> Vec<(GlobalId, GlobalId)> {
        let source = &library.environment;
        let mut links = Vec::new();
        for (here, inside) in names {
            if let Some(entry) = source.entry(inside) {
                links.extend(self.insert_import(here, entry, library.copied && !self.shares));
            }
        }
        if source.keywords.get() && library.copied && matches!(library.exports, Exports::All) {
            self.enable_keywords();
        }
        let mut sources = self.sources.borrow_mut();
        if !sources.iter().any(|known| Rc::ptr_eq(known, source)) {
            sources.push(source.clone());
        }
        links
    }

    fn insert_import(
        &self,
        here: Symbol,
        entry: Entry,
        copied: bool,
    ) -> Option<(GlobalId, GlobalId)> {
        let own = self.names.borrow().get(&here).cloned();
        let Binding::Global(cell) = entry.binding else {
            self.insert(here, entry.binding, Origin::Shared);
            return None;
        };
        match own {
            Some(Entry {
                origin: Origin::Copied(known),
                ..
            }) if known == cell => None,
            Some(Entry {
                binding: Binding::Global(own),
                origin,
            }) if !matches!(origin, Origin::Copyable | Origin::Shared) => {
                self.insert(here, Binding::Global(own), Origin::Copied(cell));
                Some((own, cell))
            }
            _ => {
                let origin = if copied {
                    Origin::Copyable
                } else {
                    Origin::Shared
                };
                self.insert(here, entry.binding, origin);
                None
            }
        }
    }

    /// The name that an introduced identifier was defined under at the top level of this world.
    pub(crate) fn alias(&self, alias: &Rc<Alias>) -> Option<Symbol> {
        let aliases = self.aliases.borrow();
        if aliases.is_empty() {
            return None;
        }
        aliases
            .get(&(Rc::as_ptr(alias) as usize))
            .map(|(_, name)| *name)
    }

    /// Remembers that an introduced identifier was defined here.
    pub(crate) fn define_alias(&self, alias: &Rc<Alias>, name: Symbol) {
        let key = Rc::as_ptr(alias) as usize;
        self.aliases.borrow_mut().insert(key, (alias.clone(), name));
    }

    /// What this world itself knows of a name, to be brought back should a definition fail.
    pub(crate) fn save(&self, name: Symbol) -> Saved {
        Saved(self.names.borrow().get(&name).cloned())
    }

    /// Forgets a definition that failed. Code may refer to its cell already: a later definition finds it again.
    pub(crate) fn restore(&self, name: Symbol, saved: Saved) {
        let mut names = self.names.borrow_mut();
        let below = || self.base.as_ref().and_then(|base| base.entry(name));
        match (saved.0, names.get_mut(&name)) {
            (Some(entry), _) => drop(names.insert(name, entry)),
            (
                None,
                Some(Entry {
                    binding: Binding::Global(_),
                    origin,
                }),
            ) if below().is_none() => {
                *origin = Origin::Referenced;
            }
            (None, _) => drop(names.remove(&name)),
        }
    }

    fn entry(&self, name: Symbol) -> Option<Entry> {
        if let Some(entry) = self.names.borrow().get(&name) {
            return Some(entry.clone());
        }
        let mut entry = self.base.as_ref()?.entry(name)?;
        match entry.origin {
            Origin::Referenced => return None,
            Origin::Shared => {}
            _ => entry.origin = Origin::Copyable,
        }
        Some(entry)
    }

    /// Whether this world itself has something of that name.
    pub(crate) fn has_entry(&self, name: Symbol) -> bool {
        self.names.borrow().contains_key(&name)
    }

    fn insert(&self, name: Symbol, binding: Binding, origin: Origin) {
        self.names
            .borrow_mut()
            .insert(name, Entry { binding, origin });
    }
}

/// Which names a library gives away.
#[derive(Clone, Debug)]
pub enum Exports {
    /// All its names.
    All,
    /// These: the name outside, and the name inside.
    Names(BTreeMap<Symbol, Symbol>),
}

/// A library: a world and what others see of it.
#[derive(Clone, Debug)]
pub struct Library {
    /// Where its code lives.
    pub environment: Rc<Environment>,
    /// What it exports.
    pub exports: Exports,
    /// Whether a world that imports a variable gets a cell of its own, which it may redefine and assign
    /// (the standard library), or shares the library's, which only the library assigns.
    pub copied: bool,
}

impl Library {
    /// What a file defines at its top level, as a library.
    pub fn of_file(environment: Rc<Environment>) -> Library {
        let names = environment
            .own_names()
            .into_iter()
            .map(|name| (name, name))
            .collect();
        Library {
            environment,
            exports: Exports::Names(names),
            copied: false,
        }
    }

    /// How many names it was told to export.
    pub fn exports_count(&self) -> usize {
        match &self.exports {
            Exports::All => 0,
            Exports::Names(names) => names.len(),
        }
    }

    /// Every exported name, and the name inside.
    pub fn exported(&self) -> BTreeMap<Symbol, Symbol> {
        match &self.exports {
            Exports::All => self
                .environment
                .names()
                .into_iter()
                .map(|name| (name, name))
                .collect(),
            Exports::Names(names) => names.clone(),
        }
    }
}
