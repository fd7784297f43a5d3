//! Libraries from the network, `(import (from OWNER "name"))`: their texts come from the library's `%distant-library`, which checks and
//! remembers them.
//!
//! Such a library is evaluated like an imported file, but in a world of names that has only what its profile allows, and neither `eval`,
//! which would see the user's world, nor `defmacro`, whose expansions would be evaluated there. It sees the standard libraries, what it
//! defines itself, and other libraries from the network with no more rights than its own; it cannot use files as its parts.

use super::files::Wanted;
use super::{Fault, Profile, Vm};
use crate::expand::{Environment, Library, library_name_text, standard_library};
use crate::syntax::{Datum, Syntax};
use std::rc::Rc;

/// Where the hashes of libraries stand, beside the program.
const LOCK: &str = "logos.lock";
/// What would evaluate code in the user's world.
const AMBIENT: [&str; 7] = [
    "defmacro",
    "environment",
    "eval",
    "interaction-environment",
    "load",
    "null-environment",
    "scheme-report-environment",
];

/// Which library is meant.
#[derive(Debug, Clone)]
pub(super) struct Distant {
    /// A petname, or the digits of a key.
    pub owner: String,
    /// The item's name.
    pub name: String,
    /// What it may use.
    pub profile: Profile,
    /// The file with the hashes.
    pub lock: String,
}

impl Distant {
    /// What it is kept and shown under.
    pub fn key(&self) -> String {
        let Distant { owner, name, .. } = self;
        format!("{name} from {owner}, {}", self.profile.name())
    }
}

/// What a library from the network sees.
#[derive(Debug, Clone)]
pub(super) struct Rights {
    distant: Distant,
    /// All the names it may use.
    pub names: Rc<Environment>,
}

/// The longest key of an owner.
const OWNER_BYTES_MAX: usize = 64;

impl Rights {
    /// What the libraries that it defines are kept under; no library of the user's has such a name.
    pub fn own_name(&self, name: &str) -> String {
        format!("\"{}\" {name}", self.distant.key())
    }
}

impl Vm {
    /// What the evaluation may use, if its text is from the network.
    pub(super) fn rights(&self, number: u64) -> Option<&Rights> {
        self.evaluations
            .get(&number)?
            .import
            .as_ref()?
            .rights
            .as_ref()
    }

    /// The library of that name for an evaluation, if it is known.
    pub(super) fn known_library(&mut self, number: u64, name: &Syntax) -> Option<Rc<Library>> {
        let text = library_name_text(name, &self.machine.symbols);
        let rights = self.rights(number);
        let text = text.map(|text| match rights {
            Some(rights) => rights.own_name(&text),
            None => text,
        });
        let base = rights.map_or(&self.library, |rights| &rights.names).clone();
        let known = text.and_then(|text| self.libraries.get(&text).cloned());
        known.or_else(|| standard_library(name, &base, &mut self.machine.symbols).map(Rc::new))
    }

    /// Has a library fetched from the network, or finds it where that was done before.
    pub(super) fn distant_library(
        &mut self,
        number: u64,
        name: &Syntax,
    ) -> Result<Option<Rc<Library>>, Fault> {
        let Some(mut distant) = self.read_distant(number, name) else {
            let message = "a library from the network is written like (from ann \"shapes\"), (from ann \"shapes\" local)";
            return Err(self.syntax_fault(":bad-syntax", message, name.span()));
        };
        if let Some(rights) = self.rights(number) {
            distant.profile = distant.profile.min(rights.distant.profile);
            distant.lock.clone_from(&rights.distant.lock);
        }
        if let Some(library) = self.file_library(&distant.key()) {
            return Ok(Some(library));
        }
        self.refuse_circle(number, &distant.key(), name.span())?;
        self.ask_for_files(number, Wanted::Distant(distant))?;
        Ok(None)
    }

    /// `(from OWNER "name" [profile])`.
    fn read_distant(&self, number: u64, name: &Syntax) -> Option<Distant> {
        let (owner, item, profile) = match name.as_list()? {
            [_, owner, item] => (owner, item, Some(Profile::Pure)),
            [_, owner, item, profile] => {
                let profile = self.word(profile).and_then(Profile::named);
                (owner, item, profile)
            }
            _ => return None,
        };
        let Datum::String(item) = item.datum() else {
            return None;
        };
        let owner = match owner.datum() {
            Datum::String(owner) => owner.to_string(),
            Datum::Bytes(key) if key.len() <= OWNER_BYTES_MAX => {
                key.iter().map(|byte| format!("{byte:02x}")).collect()
            }
            _ => self.word(owner)?.to_string(),
        };
        Some(Distant {
            owner,
            name: item.to_string(),
            profile: profile?,
            lock: self.path_beside(number, LOCK),
        })
    }

    /// Whether a library's name says that it is from the network.
    pub(super) fn is_distant(&self, name: &Syntax) -> bool {
        let first = name.as_list().and_then(<[Syntax]>::first);
        first.and_then(|first| self.word(first)) == Some("from")
    }

    fn word(&self, syntax: &Syntax) -> Option<&str> {
        match syntax.datum() {
            Datum::Symbol(symbol) => Some(self.machine.symbols.text(*symbol)),
            Datum::Alias(alias) => Some(self.machine.symbols.text(alias.name)),
            _ => None,
        }
    }

    /// What a library may use.
    pub(super) fn rights_of(&mut self, distant: Distant) -> Rights {
        self.compile_library();
        let names = Environment::empty();
        names.enable_keywords();
        for symbol in self.library.names() {
            let Some(binding) = self.library.lookup(symbol) else {
                continue;
            };
            let is_allowed = self.entry(symbol, &binding).is_some_and(|entry| {
                entry.profile <= distant.profile && !AMBIENT.contains(&entry.name.as_str())
            });
            if is_allowed {
                names.bind(symbol, binding);
            }
        }
        Rights { distant, names }
    }
}
