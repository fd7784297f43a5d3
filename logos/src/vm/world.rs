//! Making a world, and what the expander asks of it: names and cells.

use super::control::Library;
use super::{Fault, Machine, Profile, State, Vm, stubs};
use crate::builtins::BUILTINS;
use crate::codegen::Code;
use crate::core::GlobalId;
use crate::expand::{Binding, Environment, Host, HostError};
use crate::symbol::{Symbol, Symbols};
use crate::syntax::{Datum, Span, Syntax};
use crate::value::Value;
use std::collections::BTreeMap;
use std::rc::Rc;

/// Words counted for a global variable beside its name: its place, and what the world knows of it.
const GLOBAL_WORDS: usize = 12;

impl From<Fault> for HostError {
    fn from(fault: Fault) -> HostError {
        match fault {
            Fault::MemoryExhausted => HostError::MemoryExhausted,
            _ => HostError::FuelExhausted,
        }
    }
}

impl From<HostError> for Fault {
    fn from(error: HostError) -> Fault {
        match error {
            HostError::FuelExhausted => Fault::FuelExhausted,
            HostError::MemoryExhausted => Fault::MemoryExhausted,
        }
    }
}

/// The parts of a world that the expander may touch.
pub(super) struct Expansion<'a> {
    pub machine: &'a mut Machine,
    pub known_builtins: &'a mut Vec<Option<(u32, bool)>>,
    pub internals: &'a BTreeMap<&'static str, GlobalId>,
    pub origins: &'a mut BTreeMap<GlobalId, GlobalId>,
    pub library: &'a Rc<Environment>,
    /// Libraries that are known by name, beside the standard ones.
    pub libraries: &'a BTreeMap<String, Rc<crate::expand::Library>>,
    /// What the names of those begin with that the text at hand defines.
    pub own_libraries: String,
    /// Words taken outside the heap while expanding.
    pub taken: usize,
}

impl Host for Expansion<'_> {
    fn symbols(&mut self) -> &mut Symbols {
        &mut self.machine.symbols
    }

    fn new_global(&mut self, name: Symbol) -> Result<GlobalId, HostError> {
        self.machine.take_external(GLOBAL_WORDS)?;
        Ok(add_global(
            self.machine,
            self.known_builtins,
            name,
            Value::UNBOUND,
        ))
    }

    fn import_global(&mut self, cell: GlobalId, name: Symbol) -> Result<GlobalId, HostError> {
        self.machine.take_external(GLOBAL_WORDS)?;
        let value = self.machine.globals[cell.0 as usize];
        let own = add_global(self.machine, self.known_builtins, name, value);
        let known = self.known_builtins[cell.0 as usize];
        self.known_builtins[own.0 as usize] = known.map(|(builtin, _)| (builtin, true));
        let origin = self.origins.get(&cell).copied().unwrap_or(cell);
        self.origins.insert(own, origin);
        Ok(own)
    }

    fn internal(&mut self, name: &'static str) -> GlobalId {
        *self
            .internals
            .get(name)
            .unwrap_or_else(|| panic!("the library defines {name}"))
    }

    fn library(&mut self) -> Option<Rc<Environment>> {
        Some(self.library.clone())
    }

    fn has_library(&mut self, name: &str) -> Option<bool> {
        let key = format!("{}{name}", self.own_libraries);
        let is_known = self.libraries.contains_key(&key);
        let may_look = self.own_libraries.is_empty() && self.machine.profile() >= Profile::Local;
        (is_known || !may_look).then_some(is_known)
    }

    fn charge(&mut self, units: u64) -> Result<(), HostError> {
        Ok(self.machine.charge(units)?)
    }

    fn charge_memory(&mut self, bytes: u64) -> Result<(), HostError> {
        let words = words_of(bytes);
        self.machine.take_external(words)?;
        self.taken += words;
        Ok(())
    }

    fn keep_memory(&mut self, bytes: u64) -> Result<(), HostError> {
        Ok(self.machine.take_external(words_of(bytes))?)
    }
}

fn words_of(bytes: u64) -> usize {
    usize::try_from(bytes.div_ceil(8)).unwrap_or(usize::MAX / 4)
}

fn add_global(
    m: &mut Machine,
    known: &mut Vec<Option<(u32, bool)>>,
    name: Symbol,
    value: Value,
) -> GlobalId {
    let id =
        GlobalId(u32::try_from(m.globals.len()).expect("fewer than 2^32 globals fit in memory"));
    m.globals.push(value);
    m.global_names.push(name);
    known.push(None);
    id
}

impl Vm {
    /// A new world with the whole library.
    pub fn new(profile: super::Profile) -> Vm {
        let mut vm = Vm::bare();
        vm.load_library();
        let m = &mut vm.machine;
        m.profile = profile;
        m.symbols.end_loading();
        m.set_baseline();
        vm
    }

    /// Another world of the same profile with the library alone, much faster than [`Vm::new`]. This one must have run nothing yet.
    pub fn fork(&mut self) -> Vm {
        let machine = self.machine.fork();
        let user = Environment::on(&self.library);
        Vm {
            machine,
            code: self.code.clone(),
            library: self.library.clone(),
            environments: vec![self.library.clone(), user.clone()],
            free_environments: Vec::new(),
            standard_worlds: BTreeMap::new(),
            user,
            libraries: BTreeMap::new(),
            program: None,
            evaluations: BTreeMap::new(),
            inputs_over: BTreeMap::new(),
            last_evaluation: self.last_evaluation,
            places: self.places,
            known_builtins: self.known_builtins.clone(),
            is_plain: self.is_plain,
            origins: self.origins.clone(),
            library_names: self.library_names.clone(),
            library_order: self.library_order.clone(),
            inputs: BTreeMap::new(),
            whole_limit_out: false,
            deferred: self.deferred.clone(),
            internals: self.internals.clone(),
            small_constants: self.small_constants.clone(),
            state: State::Between,
            condition: None,
            interrupted: false,
        }
    }

    /// A world with the builtins alone.
    fn bare() -> Vm {
        let mut machine = Machine::new();
        let mut code = Code::default();
        stubs::lay(&mut code);
        let library = Environment::with_specials(&mut machine.symbols);
        let mut known_builtins = Vec::new();
        let mut internals = BTreeMap::new();
        for (index, builtin) in BUILTINS.iter().enumerate() {
            let name = machine.symbols.intern(builtin.name);
            let value = Value::builtin(index as u32);
            let cell = add_global(&mut machine, &mut known_builtins, name, value);
            known_builtins[cell.0 as usize] = Some((index as u32, false));
            library.bind(name, Binding::Global(cell));
            internals.insert(builtin.name, cell);
        }
        let user = Environment::on(&library);
        let environments = vec![library.clone(), user.clone()];
        Vm {
            machine,
            code,
            library,
            user,
            environments,
            free_environments: Vec::new(),
            standard_worlds: BTreeMap::new(),
            libraries: BTreeMap::new(),
            program: None,
            evaluations: BTreeMap::new(),
            inputs_over: BTreeMap::new(),
            last_evaluation: 0,
            places: Library::default(),
            known_builtins,
            is_plain: false,
            origins: BTreeMap::new(),
            library_names: BTreeMap::new(),
            library_order: Rc::default(),
            inputs: BTreeMap::new(),
            whole_limit_out: false,
            internals,
            small_constants: BTreeMap::new(),
            deferred: Vec::new(),
            state: State::Between,
            condition: None,
            interrupted: false,
        }
    }

    /// Collects at every request for memory: values and fuel must not change, only time does.
    pub fn set_stress(&mut self, stress: bool) {
        self.machine.heap.set_stress(stress);
        self.machine.limits_changed();
    }

    /// Compiles what comes without instructions of their own for builtins, as if a program might redefine any of them at any time: values and
    /// errors must not change.
    pub fn set_plain(&mut self, plain: bool) {
        self.is_plain = plain;
    }

    /// Every name the user can see, for completion.
    pub fn names(&self) -> Vec<String> {
        let known = self.user.names();
        let texts = known
            .iter()
            .map(|&symbol| self.machine.symbols.text(symbol));
        let mut names: Vec<String> = texts
            .filter(|text| !text.starts_with('%'))
            .map(str::to_string)
            .collect();
        names.sort();
        names
    }

    /// A literal outside any program, as the compiler would make it.
    pub fn symbol_syntax(&mut self, name: &str) -> Syntax {
        Syntax::new(Datum::Symbol(self.machine.symbols.intern(name)), Span::NONE)
    }
}
