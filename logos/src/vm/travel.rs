//! Encoding and decoding as programs ask for them, and the names of globals on their way.

use super::control::Next;
use super::{Fault, Machine, Status, Vm, evaluation};
use crate::builtins::MACHINE_PREFIX;
use crate::core::GlobalId;
use crate::expand::{Binding, HostError};
use crate::ship::{DecodeError, ENCODING_BYTES_MAX};
use crate::symbol::Symbol;
use crate::value::{Kind, Value};

impl Vm {
    /// `(%encode value)`, `(%program value)`: the bytevector of the encoding.
    pub(super) fn encode_argument(&mut self, data_only: bool) -> Option<Status> {
        let value = Value(self.machine.stack[self.machine.fp + 2]);
        let encoded = self.encode(value, data_only, ENCODING_BYTES_MAX);
        let result = encoded.and_then(|bytes| self.machine.bytes(&bytes));
        self.follow(result.map(Next::Return))
    }

    /// `(%decode bytevector)`.
    pub(super) fn decode_argument(&mut self) -> Option<Status> {
        let bytes = Value(self.machine.stack[self.machine.fp + 2]);
        if !self.machine.heap.is(bytes, Kind::Bytes) {
            let fault = crate::builtins::wrong_argument(
                &mut self.machine,
                "%decode",
                "a bytevector",
                bytes,
            );
            return self.fault(fault);
        }
        let length = self.machine.heap.bytes_length(bytes);
        if let Err(fault) = self.machine.charge(length as u64 / 4) {
            return self.fault(fault);
        }
        let bytes = Value(self.machine.stack[self.machine.fp + 2]);
        let bytes = self.machine.heap.bytes_slice(bytes, 0, length);
        let result = self.decode_or_raise(&bytes);
        self.follow(result.map(Next::Return))
    }

    /// `(input key)`: the value of a declared input of the job.
    pub(super) fn input_argument(&mut self) -> Option<Status> {
        let key = Value(self.machine.stack[self.machine.fp + 2]);
        let found = if self.machine.heap.is(key, Kind::Bytes) {
            let length = self.machine.heap.bytes_length(key);
            if let Err(fault) = self.machine.charge(length as u64 / 4) {
                return self.fault(fault);
            }
            let key = self.machine.heap.bytes_slice(key, 0, length);
            self.inputs.get(&key).cloned()
        } else {
            None
        };
        let result = match found {
            Some(bytes) => self.decode_or_raise(&bytes),
            None => Err(self
                .machine
                .error(":not-found", "this job has no such input", &[key])),
        };
        self.follow(result.map(Next::Return))
    }

    /// Decodes data or a program; bytes that are no encoding are an error of the program.
    pub(crate) fn decode_or_raise(&mut self, bytes: &[u8]) -> Result<Value, Fault> {
        match self.decode(bytes) {
            Ok(value) => Ok(value),
            Err(DecodeError::Fault(fault)) => Err(fault),
            Err(DecodeError::Malformed { at, what }) => {
                let message = format!("these bytes are not a value: {what}, at byte {at}");
                Err(self.machine.error(":wrong-argument", &message, &[]))
            }
        }
    }

    /// The names and cells of the library, the last in the alphabet first.
    pub(crate) fn library_globals(&self) -> &[(Symbol, GlobalId)] {
        &self.library_order
    }

    /// The library's name of a global, if it still holds what the library's own does.
    pub(crate) fn library_name_of(&self, id: GlobalId) -> Option<Symbol> {
        let own = match self.origins.get(&id) {
            Some(&origin) if self.machine.global_value(origin) == self.machine.global_value(id) => {
                origin
            }
            Some(_) => return None,
            None => id,
        };
        self.library_names.get(&own).copied()
    }

    /// The global that the library calls by a name, if a program from elsewhere may use it.
    pub(crate) fn library_global(&self, name: Symbol) -> Option<GlobalId> {
        if self.machine.symbols.text(name).starts_with(MACHINE_PREFIX) {
            return None;
        }
        match self.library.lookup(name)? {
            Binding::Global(cell) => Some(cell),
            _ => None,
        }
    }

    /// The record type that the user's world knows by this name, if it has these fields (a vector of symbols): data that come
    /// back from elsewhere are then of the type that the program has.
    pub(crate) fn record_type(&self, name: Value, fields: Value) -> Option<Value> {
        let Some(Binding::Global(cell)) = self.user.lookup(name.as_symbol()?) else {
            return None;
        };
        let (heap, known) = (&self.machine.heap, self.machine.globals[cell.0 as usize]);
        if !heap.is(known, Kind::RecordType) || heap.field(known, 0) != name {
            return None;
        }
        let (own, count) = (heap.field(known, 1), heap.length(fields));
        let same = heap.length(own) == count
            && (0..count).all(|index| heap.field(own, index) == heap.field(fields, index));
        same.then_some(known)
    }

    /// A new global that nothing else refers to by name.
    pub(crate) fn fresh_global(&mut self, name: Symbol) -> Result<GlobalId, Fault> {
        let mut host = super::world::Expansion {
            machine: &mut self.machine,
            known_builtins: &mut self.known_builtins,
            internals: &self.internals,
            origins: &mut self.origins,
            library: &self.library,
            libraries: &self.libraries,
            own_libraries: String::new(),
            taken: 0,
        };
        crate::expand::Host::new_global(&mut host, name).map_err(|error: HostError| error.into())
    }

    /// Gets ready to run a job: its limits begin here.
    pub(crate) fn prepare_job(
        &mut self,
        bounds: super::Bounds,
        inputs: std::collections::BTreeMap<Vec<u8>, Vec<u8>>,
        seed: [u8; 32],
    ) {
        self.inputs = inputs;
        self.begin_limits(bounds);
        let m = &mut self.machine;
        m.output_max = crate::job::OUTPUT_BYTES_MAX;
        m.seed_random(seed);
        (m.chain, m.fp, m.top) = (Value::NIL, 0, 0);
    }

    /// Makes a call of a thunk the main program.
    pub(crate) fn call_main(&mut self, thunk: Value) {
        self.machine.temporaries.push(thunk);
        self.start_main_task(evaluation::NO_EVALUATION);
        let thunk = self.machine.temporaries.pop().unwrap_or(Value::VOID);
        let zero = Value::fixnum(0);
        super::push_stub(&mut self.machine, super::stubs::UNIT, &[zero, zero]);
        let next = super::apply(&mut self.machine, thunk, &[]);
        // It begins on a stack of its own, as what `fuel-used` measures does.
        if super::put_aside(&mut self.machine).is_ok() {
            self.begin_call(next);
        }
    }

    /// Whether the limit that ran out was that of the whole evaluation.
    pub fn whole_limit_is_out(&self) -> bool {
        self.whole_limit_out
    }

    pub(super) fn name_library(&mut self) {
        let mut order = Vec::new();
        for name in self.library.names() {
            if let Some(Binding::Global(cell)) = self.library.lookup(name) {
                self.library_names.insert(cell, name);
                order.push((name, cell));
            }
        }
        let text = |name: Symbol| self.machine.symbols.text(name);
        order.sort_by(|a, b| text(b.0).cmp(text(a.0)));
        self.library_order = order.into();
    }
}

impl Machine {
    /// The value of a global.
    pub(crate) fn global_value(&self, id: GlobalId) -> Value {
        self.globals[id.0 as usize]
    }

    /// Gives a global a value.
    pub(crate) fn set_global(&mut self, id: GlobalId, value: Value) {
        self.globals[id.0 as usize] = value;
    }

    /// Keeps what is being raised as the program's result.
    pub(crate) fn keep_raised(&mut self) {
        self.main = self.raised;
    }

    /// From here on nothing is limited.
    pub(crate) fn lift_limits(&mut self) {
        self.settle_fuel();
        self.limits.restart(None, None);
        self.settle_fuel();
        self.limits_changed();
    }

    /// What the program printed since the last time.
    pub fn take_output(&mut self) -> String {
        std::mem::take(&mut self.output)
    }

    /// What `random` begins with.
    pub fn seed_random(&mut self, seed: [u8; 32]) {
        use rand_core::SeedableRng;
        self.random = Some(Box::new(rand_chacha::ChaCha12Rng::from_seed(seed)));
    }

    /// The name of a builtin.
    pub(crate) fn builtin_name(&self, index: u32) -> &'static str {
        self.builtins[index as usize].name
    }

    /// A value that syntax refers to by number.
    pub(crate) fn opaque(&self, number: u32) -> Value {
        self.opaques
            .get(number as usize)
            .copied()
            .unwrap_or(Value::VOID)
    }
}
