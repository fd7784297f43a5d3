//! Local scopes and identifiers: what a name means inside a procedure, and hygiene.
//!
//! Owns [`Alias`] (an identifier a macro introduced), the persistent map from identifiers to local bindings,
//! and the rule of lookup: an identifier that is bound as itself means that; an introduced one that is not means
//! what its inner identifier means where its macro was defined.

use super::environment::{Binding, Environment, Identity};
use super::macros::Macro;
use super::{ExpandError, Host};
use crate::core::VariableId;
use crate::symbol::Symbol;
use crate::syntax::{Datum, Syntax};
use std::cell::RefCell;
use std::fmt;
use std::rc::{Rc, Weak};

/// A name as it stands in code: written by a person, or introduced by a macro.
#[derive(Clone)]
pub enum Identifier {
    /// Written.
    Symbol(Symbol),
    /// Introduced by one expansion of a macro.
    Alias(Rc<Alias>),
}

/// An identifier introduced by an expansion; two are the same when they are the same object.
pub struct Alias {
    /// The name with all aliases stripped.
    pub name: Symbol,
    inner: Identifier,
    environment: Definition,
}

/// The place of a macro's definition. Worlds hold their macros, so these hold worlds weakly.
#[derive(Clone)]
pub(crate) struct Definition {
    pub world: Weak<Environment>,
    pub frame: Option<Rc<Frame>>,
}

/// The environment of a piece of code: its local scope and its world.
#[derive(Clone)]
pub(crate) struct Env {
    pub world: Rc<Environment>,
    pub frame: Option<Rc<Frame>>,
}

/// A local scope: all that is visible in it, its own names and those around.
#[derive(Default)]
pub(crate) struct Frame {
    map: RefCell<Map>,
}

/// What a local name means.
#[derive(Clone)]
pub(crate) enum Local {
    Variable(VariableId),
    /// Anything but a global: a macro or a special form under a local name.
    Syntax(Binding),
}

/// What an identifier means, as far as one can tell without making a global for it.
pub(crate) enum Meaning {
    Variable(VariableId),
    Syntax(Binding),
    /// A top-level name of a world.
    Top(Rc<Environment>, Symbol),
}

/// Bytes of memory charged for each bound name.
pub(crate) const BINDING_BYTES: u64 = 256;

impl fmt::Debug for Identifier {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Identifier({})", self.name().0)
    }
}

impl fmt::Debug for Alias {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Alias({})", self.name.0)
    }
}

impl Identifier {
    /// The identifier that a datum is.
    pub fn of(syntax: &Syntax) -> Option<Identifier> {
        match syntax.datum() {
            Datum::Symbol(symbol) => Some(Identifier::Symbol(*symbol)),
            Datum::Alias(alias) => Some(Identifier::Alias(alias.clone())),
            _ => None,
        }
    }

    /// The name with all aliases stripped.
    pub fn name(&self) -> Symbol {
        match self {
            Identifier::Symbol(symbol) => *symbol,
            Identifier::Alias(alias) => alias.name,
        }
    }

    /// A number that no other identifier has while this one lives.
    pub(crate) fn key(&self) -> u64 {
        match self {
            Identifier::Symbol(symbol) => u64::from(symbol.0) << 1,
            Identifier::Alias(alias) => Rc::as_ptr(alias) as usize as u64 | 1,
        }
    }
}

impl Alias {
    pub(crate) fn new(inner: Identifier, environment: Definition) -> Rc<Alias> {
        Rc::new(Alias {
            name: inner.name(),
            inner,
            environment,
        })
    }
}

/// An alias of an alias of …: taken apart without recursion.
impl Drop for Alias {
    fn drop(&mut self) {
        let mut next = std::mem::replace(&mut self.inner, Identifier::Symbol(self.name));
        while let Identifier::Alias(alias) = next {
            let Ok(mut alias) = Rc::try_unwrap(alias) else {
                break;
            };
            let name = alias.name;
            next = std::mem::replace(&mut alias.inner, Identifier::Symbol(name));
        }
    }
}

impl Frame {
    /// A scope inside another one.
    fn inside(outer: Option<&Rc<Frame>>) -> Rc<Frame> {
        let map = outer
            .map(|frame| frame.map.borrow().clone())
            .unwrap_or_default();
        Rc::new(Frame {
            map: RefCell::new(map),
        })
    }

    /// Forgets everything: breaks the cycles between scopes and the macros defined in them.
    pub(crate) fn clear(&self) {
        let map = std::mem::take(&mut *self.map.borrow_mut());
        drop(map);
    }
}

impl Env {
    /// The top level of a world.
    pub(crate) fn top(world: &Rc<Environment>) -> Env {
        Env {
            world: world.clone(),
            frame: None,
        }
    }

    /// A new scope inside this one.
    pub(crate) fn inner(&self) -> Env {
        Env {
            world: self.world.clone(),
            frame: Some(Frame::inside(self.frame.as_ref())),
        }
    }

    /// Binds a name in this scope, which must be a local one.
    pub(crate) fn bind(
        &self,
        name: &Identifier,
        local: Local,
        host: &mut dyn Host,
    ) -> Result<(), ExpandError> {
        host.spend(1)?;
        host.charge_memory(BINDING_BYTES)?;
        let frame = self
            .frame
            .as_ref()
            .expect("names are bound in local scopes only");
        let mut map = frame.map.borrow_mut();
        *map = map.insert(name, local);
        Ok(())
    }

    /// This place as that of a definition.
    pub(crate) fn definition(&self) -> Definition {
        Definition {
            world: Rc::downgrade(&self.world),
            frame: self.frame.clone(),
        }
    }

    /// What an identifier means here.
    pub(crate) fn meaning(
        &self,
        name: &Identifier,
        host: &mut dyn Host,
    ) -> Result<Meaning, ExpandError> {
        let mut world = self.world.clone();
        let mut found = self.local(name);
        let mut name = name.clone();
        loop {
            match found {
                Some(Local::Variable(variable)) => return Ok(Meaning::Variable(variable)),
                Some(Local::Syntax(binding)) => return Ok(Meaning::Syntax(binding)),
                None => {}
            }
            let alias = match &name {
                Identifier::Symbol(symbol) => return Ok(top_meaning(world, *symbol)),
                Identifier::Alias(alias) => alias.clone(),
            };
            if let Some(symbol) = world.alias(&alias) {
                return Ok(top_meaning(world, symbol));
            }
            host.spend(1)?;
            let outer = &alias.environment;
            world = outer.world.upgrade().unwrap_or(world);
            name = alias.inner.clone();
            found = outer
                .frame
                .as_ref()
                .and_then(|frame| frame.map.borrow().get(name.key()));
        }
    }

    fn local(&self, name: &Identifier) -> Option<Local> {
        self.frame.as_ref()?.map.borrow().get(name.key())
    }

    /// Whether two identifiers, each in its own place, mean the same.
    pub(crate) fn same_meaning(
        &self,
        name: &Identifier,
        other: &Env,
        other_name: &Identifier,
        host: &mut dyn Host,
    ) -> Result<bool, ExpandError> {
        let one = self.meaning(name, host)?;
        let two = other.meaning(other_name, host)?;
        Ok(match (one, two) {
            (Meaning::Variable(a), Meaning::Variable(b)) => a == b,
            (Meaning::Variable(_), _) | (_, Meaning::Variable(_)) => false,
            (one, two) => {
                let (one, two) = (one.identity(), two.identity());
                let same_name = name.name() == other_name.name();
                match (&one, &two) {
                    // A name that only macros know, such as `in`: a global of that name does not disturb it.
                    (Identity::Unbound, Identity::Unbound | Identity::Global(_)) => same_name,
                    (Identity::Global(_), Identity::Unbound) => same_name,
                    _ => one == two,
                }
            }
        })
    }
}

fn top_meaning(world: Rc<Environment>, name: Symbol) -> Meaning {
    match world.lookup(name) {
        Some(Binding::Global(_)) | None => Meaning::Top(world, name),
        Some(binding) => Meaning::Syntax(binding),
    }
}

impl Meaning {
    fn identity(&self) -> Identity {
        match self {
            Meaning::Variable(_) => Identity::Unbound,
            Meaning::Syntax(Binding::Special(special)) => Identity::Special(special.name),
            Meaning::Syntax(Binding::Macro(it)) => Identity::Macro(macro_identity(it)),
            Meaning::Syntax(Binding::Global(cell)) => Identity::Global(*cell),
            Meaning::Top(world, name) => world.identity(*name),
        }
    }
}

fn macro_identity(it: &Rc<Macro>) -> usize {
    Rc::as_ptr(it) as usize
}

/// A persistent map from identifiers to what they mean: a binary trie over [`Identifier::key`], after
/// Okasaki and Gill, "Fast Mergeable Integer Maps" (1998). Copying it is one reference; its depth is at most 64.
#[derive(Clone, Default)]
struct Map(Option<Rc<Tree>>);

enum Tree {
    Leaf(Leaf),
    /// Keys agree above `bit`; those with it clear are on the left.
    Branch {
        prefix: u64,
        bit: u32,
        children: [Rc<Tree>; 2],
    },
}

struct Leaf {
    /// Kept so that the key stays that of this identifier.
    name: Identifier,
    local: Local,
}

impl Tree {
    fn any_key(&self) -> u64 {
        match self {
            Tree::Leaf(leaf) => leaf.name.key(),
            Tree::Branch { prefix, .. } => *prefix,
        }
    }

    /// Whether a key could be below this tree.
    fn covers(&self, key: u64) -> bool {
        match self {
            Tree::Leaf(leaf) => leaf.name.key() == key,
            Tree::Branch { prefix, bit, .. } => above(key, *bit) == above(*prefix, *bit),
        }
    }
}

/// The bits of a key above one of them.
fn above(key: u64, bit: u32) -> u64 {
    key.checked_shr(bit + 1).unwrap_or(0)
}

fn side(key: u64, bit: u32) -> usize {
    (key >> bit & 1) as usize
}

impl Map {
    fn get(&self, key: u64) -> Option<Local> {
        let mut tree = self.0.as_ref()?;
        loop {
            match &**tree {
                Tree::Leaf(leaf) => return (leaf.name.key() == key).then(|| leaf.local.clone()),
                Tree::Branch { bit, children, .. } => tree = &children[side(key, *bit)],
            }
        }
    }

    fn insert(&self, name: &Identifier, local: Local) -> Map {
        let key = name.key();
        let mut path = Vec::new();
        let mut rest = self.0.as_ref();
        while let Some(tree) = rest {
            match &**tree {
                Tree::Branch {
                    prefix,
                    bit,
                    children,
                } if tree.covers(key) => {
                    path.push((*prefix, *bit, children));
                    rest = Some(&children[side(key, *bit)]);
                }
                _ => break,
            }
        }
        let leaf = Rc::new(Tree::Leaf(Leaf {
            name: name.clone(),
            local,
        }));
        let mut made = match rest {
            Some(tree) if !tree.covers(key) => {
                let prefix = tree.any_key();
                let bit = 63 - (prefix ^ key).leading_zeros();
                let mut children = [tree.clone(), leaf.clone()];
                children[side(key, bit)] = leaf;
                children[1 - side(key, bit)] = tree.clone();
                Rc::new(Tree::Branch {
                    prefix,
                    bit,
                    children,
                })
            }
            _ => leaf,
        };
        for (prefix, bit, children) in path.into_iter().rev() {
            let mut children = children.clone();
            children[side(key, bit)] = made;
            made = Rc::new(Tree::Branch {
                prefix,
                bit,
                children,
            });
        }
        Map(Some(made))
    }
}
