//! Running somebody's program: in the pure profile, under hard limits, to an outcome that can be voted on.
//!
//! A job is the encoding of a procedure without arguments. Its outcome is canonical: a list
//!
//! ```text
//! (done VALUE OUTPUT)   (error KIND MESSAGE IRRITANTS OUTPUT)   (fuel-exhausted OUTPUT)   (memory-exhausted OUTPUT)
//! ```
//! encoded like any value. It holds no trace, no place, no time. Where the value cannot travel, the outcome is that error.

use crate::builtins::BUILTINS;
use crate::value::{Kind, Value};
use crate::vm::{Bounds, Fault, Profile, Status, Vm, error_fields as fields};
use sha2::{Digest, Sha512};
use std::collections::BTreeMap;
use std::sync::LazyLock;

/// The number of the table of prices, frame sizes and object sizes. It changes whenever one of them does.
pub const FUEL_SCHEDULE: u32 = 1;
/// The number of the language's definition, its Unicode tables included.
pub const LANGUAGE_VERSION: u32 = 1;
/// An outcome is at most this long, in bytes; a longer one is the error `:too-big`.
pub const OUTCOME_BYTES_MAX: usize = 1 << 20;
/// What a job may print, in bytes; the rest is dropped.
pub const OUTPUT_BYTES_MAX: usize = 64 << 10;

/// The hash of the library: what a program can count on finding at its receiver's.
pub static LIBRARY_HASH: LazyLock<[u8; 64]> = LazyLock::new(|| {
    let mut hash = Sha512::new();
    let mut add = |text: &str| {
        hash.update((text.len() as u64).to_le_bytes());
        hash.update(text.as_bytes());
    };
    for (name, text) in crate::STDLIB {
        add(name);
        add(text);
    }
    for builtin in BUILTINS.iter() {
        add(builtin.name);
        add(builtin.signature);
        add(builtin.price);
    }
    hash.finalize().into()
});

/// How a job ended.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Ending {
    /// With a value.
    Done,
    /// With an error that nobody handled.
    Error,
    /// The fuel of the job ran out.
    FuelExhausted,
    /// The memory of the job ran out.
    MemoryExhausted,
}

/// What came of a job.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Outcome {
    /// How it ended.
    pub ending: Ending,
    /// The canonical outcome.
    pub bytes: Vec<u8>,
    /// Fuel for decoding, expanding and compiling.
    pub setup_fuel: u64,
    /// Fuel for running.
    pub fuel: u64,
}

/// What a job is run with.
#[derive(Clone, Debug, Default)]
pub struct Terms {
    /// Its limits; both count decoding and running.
    pub bounds: Bounds,
    /// Encodings of the items it declared, by key.
    pub inputs: BTreeMap<Vec<u8>, Vec<u8>>,
    /// What `random` begins with: made from the job's name.
    pub seed: [u8; 32],
}

/// A job being run, in a world of its own.
#[derive(Debug)]
pub struct Run {
    vm: Vm,
    setup_fuel: u64,
    early: Option<Ending>,
}

impl Run {
    /// Begins to run a program.
    pub fn new(program: &[u8], terms: Terms) -> Run {
        Run::in_world(Vm::new(Profile::Pure), program, terms)
    }

    /// The same in a fresh world that the caller had ready: one that has run nothing, of the pure profile.
    pub fn in_world(mut vm: Vm, program: &[u8], terms: Terms) -> Run {
        let early = vm.begin_job(program, terms);
        let setup_fuel = vm.fuel_used();
        Run {
            vm,
            setup_fuel,
            early,
        }
    }

    /// Runs for about `slice` units of fuel; the outcome when it has ended.
    pub fn run(&mut self, slice: u64) -> Option<Outcome> {
        let ending = match self.early.take() {
            Some(ending) => ending,
            None => match self.vm.run(slice) {
                Status::Yield => return None,
                Status::Done => Ending::Done,
                Status::Failed => self.failure(),
                Status::Idle => {
                    // Nothing in a pure world will ever wake a task that waits.
                    let _ = self.vm.machine.error(
                        ":timeout",
                        "this program waits for something that cannot happen",
                        &[],
                    );
                    self.vm.machine.keep_raised();
                    Ending::Error
                }
            },
        };
        Some(self.outcome(ending))
    }

    fn failure(&self) -> Ending {
        match self.vm.condition().map(|condition| condition.kind.as_str()) {
            Some(":fuel-exhausted") if self.vm.whole_limit_is_out() => Ending::FuelExhausted,
            Some(":memory-exhausted") if self.vm.whole_limit_is_out() => Ending::MemoryExhausted,
            _ => Ending::Error,
        }
    }

    fn outcome(&mut self, ending: Ending) -> Outcome {
        let used = self.vm.fuel_used();
        let (setup_fuel, fuel) = (self.setup_fuel, used.saturating_sub(self.setup_fuel));
        // The outcome itself is made outside the job's limits: it is bounded by its own size.
        self.vm.machine.lift_limits();
        let output = self.vm.machine.take_output();
        let mut ending = ending;
        let mut told = self.encoded(ending, &output, true);
        if told.is_err() && ending != Ending::Error {
            self.vm.machine.keep_raised();
            ending = Ending::Error;
            told = self.encoded(ending, &output, true);
        }
        // What an error is about may be what cannot be sent.
        let told = told.or_else(|_| self.encoded(ending, &output, false));
        let bytes = told.unwrap_or_default();
        Outcome {
            ending,
            bytes,
            setup_fuel,
            fuel,
        }
    }

    fn encoded(
        &mut self,
        ending: Ending,
        output: &str,
        with_irritants: bool,
    ) -> Result<Vec<u8>, Fault> {
        let list = self.vm.outcome_list(ending, output, with_irritants)?;
        self.vm.machine.temporaries.push(list);
        // Data where it can be; with a procedure in it the definitions go along.
        let data = self.vm.encode(list, true, OUTCOME_BYTES_MAX);
        let list = self.vm.machine.temporaries.pop().unwrap_or(list);
        match data {
            Ok(bytes) => Ok(bytes),
            Err(_) => self.vm.encode(list, false, OUTCOME_BYTES_MAX),
        }
    }
}

impl Vm {
    /// Decodes a program and gets ready to call it. A job that cannot even begin has ended already.
    fn begin_job(&mut self, program: &[u8], terms: Terms) -> Option<Ending> {
        self.prepare_job(terms.bounds, terms.inputs, terms.seed);
        match self.decode_or_raise(program) {
            Ok(thunk) => {
                self.call_main(thunk);
                None
            }
            Err(Fault::FuelExhausted) => Some(Ending::FuelExhausted),
            Err(Fault::MemoryExhausted) => Some(Ending::MemoryExhausted),
            Err(Fault::Raise { .. } | Fault::FillPort) => {
                self.machine.keep_raised();
                Some(Ending::Error)
            }
        }
    }

    fn outcome_list(
        &mut self,
        ending: Ending,
        output: &str,
        with_irritants: bool,
    ) -> Result<Value, Fault> {
        let m = &mut self.machine;
        let symbol = |m: &mut crate::vm::Machine, name: &str| Value::symbol(m.symbols.intern(name));
        let output = m.string(output)?;
        let list = m.list(&[output])?;
        let value = self.result();
        let m = &mut self.machine;
        match ending {
            Ending::Done => {
                let list = m.rooted(&[value, list], 2, |m, held| m.heap.cons(held[0], held[1]))?;
                let head = symbol(m, "done");
                m.cons(head, list)
            }
            Ending::FuelExhausted | Ending::MemoryExhausted => {
                let name = if ending == Ending::FuelExhausted {
                    "fuel-exhausted"
                } else {
                    "memory-exhausted"
                };
                let head = symbol(m, name);
                m.cons(head, list)
            }
            Ending::Error => {
                let parts = if m.heap.is(value, Kind::Error) {
                    [fields::KIND, fields::MESSAGE, fields::IRRITANTS]
                        .map(|index| m.heap.field(value, index))
                } else {
                    m.temporaries.push(list);
                    let irritants = m.list(&[value]);
                    let list = m.temporaries.pop();
                    let irritants = irritants?;
                    m.temporaries.extend(list);
                    m.temporaries.push(irritants);
                    let message = m.string("a value was raised that nobody handled:");
                    let irritants = m.temporaries.pop().unwrap_or(Value::NIL);
                    let message = message?;
                    [symbol(m, ":user"), message, irritants]
                };
                let list = if m.heap.is(value, Kind::Error) {
                    list
                } else {
                    m.temporaries.pop().unwrap_or(list)
                };
                let head = symbol(m, "error");
                let irritants = if with_irritants { parts[2] } else { Value::NIL };
                m.rooted(
                    &[head, parts[0], parts[1], irritants, list],
                    8,
                    |m, held| {
                        held[..4]
                            .iter()
                            .rev()
                            .fold(held[4], |tail, &part| m.heap.cons(part, tail))
                    },
                )
            }
        }
    }
}
