//! What the expander and the compiler ask of a world: names, cells, constants, and which builtins may be inlined. Making a world, and
//! what happens when a program redefines a name that was inlined.

use super::control::Library;
use super::{Fault, Machine, State, Vm, stubs};
use crate::builtins::{self, BUILTINS};
use crate::codegen::{Code, Inline, World, inlined_operands};
use crate::core::GlobalId;
use crate::expand::{Binding, Environment, Host, HostError};
use crate::opcode::{self as o, Op, abc, branch_word, wide};
use crate::symbol::{Symbol, Symbols};
use crate::syntax::{Datum, Span, Syntax};
use crate::value::Value;
use std::collections::BTreeMap;

/// Words counted for a global variable beside its name.
const GLOBAL_WORDS: usize = 4;

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

    fn charge(&mut self, units: u64) -> Result<(), HostError> {
        Ok(self.machine.charge(units)?)
    }

    fn charge_memory(&mut self, bytes: u64) -> Result<(), HostError> {
        let words = usize::try_from(bytes.div_ceil(8)).unwrap_or(usize::MAX / 4);
        self.taken += words;
        Ok(self.machine.take_external(words)?)
    }
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

/// The parts of a world that the compiler may touch.
pub(super) struct Compilation<'a> {
    pub machine: &'a mut Machine,
    pub known_builtins: &'a [Option<(u32, bool)>],
    pub small_constants: &'a mut BTreeMap<u64, u32>,
    /// The first limit that was hit while literals were made.
    pub fault: Option<Fault>,
}

impl World for Compilation<'_> {
    fn constant(&mut self, literal: &Syntax) -> u32 {
        let value = match crate::datum::to_value(self.machine, literal, true) {
            Ok(value) => value,
            Err(fault) => {
                self.fault.get_or_insert(fault);
                Value::VOID
            }
        };
        let shareable = !value.is_reference();
        if shareable && let Some(&index) = self.small_constants.get(&value.0) {
            return index;
        }
        let index = self.machine.constants.len() as u32;
        self.machine.constants.push(value);
        if shareable {
            self.small_constants.insert(value.0, index);
        }
        index
    }

    fn builtin_of(&self, global: GlobalId) -> Option<(u32, bool)> {
        self.known_builtins[global.0 as usize]
    }

    fn inline(&self, builtin: u32) -> Inline {
        let builtin = &self.machine.builtins[builtin as usize];
        if builtin.profile > super::Profile::Pure {
            Inline::No
        } else {
            builtin.inline
        }
    }
}

impl Vm {
    /// A new world with the whole library.
    pub fn new(profile: super::Profile) -> Vm {
        let mut vm = Vm::bare();
        vm.load_library();
        let m = &mut vm.machine;
        m.profile = profile;
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
            user,
            libraries: BTreeMap::new(),
            evaluations: BTreeMap::new(),
            last_evaluation: self.last_evaluation,
            places: self.places,
            known_builtins: self.known_builtins.clone(),
            origins: self.origins.clone(),
            library_names: self.library_names.clone(),
            inputs: BTreeMap::new(),
            whole_limit_out: false,
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
            libraries: BTreeMap::new(),
            evaluations: BTreeMap::new(),
            last_evaluation: 0,
            places: Library::default(),
            known_builtins,
            origins: BTreeMap::new(),
            library_names: BTreeMap::new(),
            inputs: BTreeMap::new(),
            whole_limit_out: false,
            internals,
            small_constants: BTreeMap::new(),
            state: State::Between,
            condition: None,
            interrupted: false,
        }
    }

    /// Evaluates the library's sources in the library's own environment.
    fn load_library(&mut self) {
        for (name, text) in crate::STDLIB {
            self.begin_in(name, text, super::Bounds::default(), 0);
            match self.run(u64::MAX) {
                super::Status::Done => {}
                status => {
                    let why = self
                        .condition()
                        .map(|c| c.rendered(&self.machine).to_string());
                    panic!(
                        "the library's own {name} does not load: {status:?} {}",
                        why.unwrap_or_default()
                    );
                }
            }
            self.find_internals();
        }
        for internal in crate::expand::INTERNALS {
            let known = self.internals.contains_key(internal.name);
            assert!(known, "the library defines {}", internal.name);
        }
        self.name_library();
        let place = |vm: &Vm, name: &str| vm.library_cell(name).map_or(0, |cell| cell.0 as usize);
        self.places = Library {
            guard_unwind: place(self, "%guard-unwind"),
            guard_handle: place(self, "%guard-handle"),
            continue_winding: place(self, "%continue-winding"),
        };
    }

    /// Whether the library is not complete yet.
    pub(super) fn is_loading(&self) -> bool {
        self.places.guard_unwind == 0
    }

    /// The library's later sources may use what its earlier ones define.
    fn find_internals(&mut self) {
        for internal in crate::expand::INTERNALS {
            if let Some(cell) = self.library_cell(internal.name) {
                self.internals.insert(internal.name, cell);
            }
        }
    }

    fn library_cell(&self, name: &str) -> Option<GlobalId> {
        let symbol = self.machine.symbols.find(name)?;
        match self.library.lookup(symbol)? {
            Binding::Global(cell) => Some(cell),
            _ => None,
        }
    }

    /// The global's name has no value: raises `:unknown-name` with the nearest name there is.
    pub(super) fn unknown_name(&mut self, global: usize) -> Fault {
        let name = self.machine.global_names[global];
        let text = self.machine.symbols.text(name).to_string();
        let known = self.user.names();
        let names = known
            .iter()
            .map(|&symbol| self.machine.symbols.text(symbol));
        let message = match builtins::nearest(&text, names) {
            Some(near) => format!("nothing is named `{text}` here; did you mean `{near}`?"),
            None => format!("nothing is named `{text}` here"),
        };
        self.machine
            .error(":unknown-name", &message, &[Value::symbol(name)])
    }

    /// The closure in the frame at `fp` got the wrong number of arguments.
    pub(super) fn wrong_count(&mut self, count: usize) -> Fault {
        let m = &mut self.machine;
        let closure = Value(m.stack[m.fp]);
        let entry = m.heap.field(closure, 0).fixnum_value() as usize;
        let first = self.code.words[entry];
        let takes = match Op::of(first) {
            Op::Enter => builtins::counted(o::a(first), "argument"),
            Op::EnterRest => format!("at least {}", builtins::counted(o::a(first), "argument")),
            _ => "other numbers of arguments".to_string(),
        };
        let name = self
            .procedure_name(entry)
            .unwrap_or_else(|| "this procedure".to_string());
        let got = builtins::counted(count, "argument");
        self.machine.error(
            ":wrong-count",
            &format!("{name} takes {takes}, but got {got}"),
            &[],
        )
    }

    /// What a procedure whose code begins at `entry` is called, in backquotes.
    pub(super) fn procedure_name(&self, entry: usize) -> Option<String> {
        let block = self.code.block_at(entry as u32)?;
        let lambda = block.unit.unit.lambdas.get(block.lambda as usize)?;
        lambda
            .name
            .map(|name| format!("`{}`", self.machine.symbols.text(name)))
    }

    /// A program redefined a global whose builtin had been inlined: every such instruction now calls what the name holds.
    pub(super) fn redefine(&mut self, global: usize) {
        let id = GlobalId(global as u32);
        self.known_builtins[global] = None;
        for place in self.code.inlined.remove(&id).unwrap_or_default() {
            self.divert(place as usize, global as u32);
        }
    }

    /// Replaces the instruction at `place` by a jump to code that calls the global instead.
    fn divert(&mut self, place: usize, global: u32) {
        let word = self.code.words[place];
        let op = Op::of(word);
        let height = self.code.heights[place];
        let span = self.code.spans[place];
        let detour = self.code.words.len() as u32;
        let next = place + Op::words(word);
        let mut emit = |word: u64, height: u16| self.code.push(word, height, span);
        // The name of the procedure this belongs to is found by place, so the detour counts as the last procedure's; only traces see it.
        let base = height
            .max(o::a(word) as u16 + 1)
            .max(if op == Op::CallBuiltin {
                (o::a(word) + o::b(word)) as u16
            } else {
                0
            })
            + 4;
        // Registers between the words in use and the call hold nothing: the collector must not take them for values.
        let operands = inlined_operands(word).unwrap_or_default();
        let nothing = self.machine.constants.len() as u32;
        self.machine.constants.push(Value::FALSE);
        for register in height..base {
            let is_argument = op == Op::CallBuiltin
                && (o::a(word)..o::a(word) + o::b(word)).contains(&(register as usize));
            if !is_argument && !operands.contains(&Ok(register)) {
                emit(wide(Op::Constant, register, nothing), height);
            }
        }
        emit(wide(Op::OperatorGlobal, base, global), base);
        let mut count = 0;
        if op == Op::CallBuiltin {
            for argument in 0..o::b(word) as u16 {
                emit(
                    abc(
                        Op::Move,
                        base + 2 + argument,
                        o::a(word) as u16 + argument,
                        0,
                    ),
                    base,
                );
            }
            count = o::b(word) as u16;
        } else {
            for operand in operands {
                match operand {
                    Ok(register) => emit(abc(Op::Move, base + 2 + count, register, 0), base),
                    Err(number) => {
                        let index = self.machine.constants.len() as u32;
                        self.machine.constants.push(Value::fixnum(number));
                        emit(wide(Op::Constant, base + 2 + count, index), base);
                    }
                }
                count += 1;
            }
        }
        emit(abc(Op::Call, base, count, 0), base);
        if op >= Op::BranchFalse && op <= Op::BranchGreaterEqImm {
            let second = self.code.words[place + 1];
            let mut emit = |word: u64| self.code.push(word, height, span);
            // `not` is compiled as a branch on its operand with the sense turned round.
            let taken_when_true = match op {
                Op::BranchFalse => true,
                Op::BranchTrue => false,
                _ => o::d(word) == 0,
            };
            let branch = if taken_when_true {
                Op::BranchTrue
            } else {
                Op::BranchFalse
            };
            emit(abc(branch, base, 0, 0));
            emit(branch_word(
                second as u32,
                (second >> 32) as u16,
                (second >> 48) as u16,
            ));
        } else {
            let target = if op == Op::CallBuiltin {
                o::c(word)
            } else {
                o::a(word)
            } as u16;
            self.code.push(abc(Op::Move, target, base, 0), height, span);
        }
        self.code.push(abc(Op::Jump, 0, 0, 0), height, span);
        self.code.push(next as u64, height, span);
        self.code.words[place] = wide(Op::Detour, 0, detour);
    }

    /// Collects at every request for memory: values and fuel must not change, only time does.
    pub fn set_stress(&mut self, stress: bool) {
        self.machine.stress = stress;
        self.machine.limits_changed();
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
