//! Compiling units into a world: what the compiler asks of it, and what its code costs.

use super::{Fault, Machine, Vm};
use crate::codegen::{Inline, TooBig, World, compile};
use crate::core::{GlobalId, Unit};
use crate::syntax::Syntax;
use crate::value::Value;
use std::collections::BTreeMap;

/// Words counted for each word of code, with what is kept beside it.
const CODE_WORDS_EACH: usize = 3;

impl Vm {
    /// Compiles a unit; gives the entry of its top level.
    pub(crate) fn compile(&mut self, unit: Unit) -> Result<u32, Fault> {
        self.machine.charge(unit.nodes.len() as u64)?;
        let before = self.code.words.len();
        let blocks_before = self.code.blocks.len();
        let mut world = Compilation {
            machine: &mut self.machine,
            known_builtins: &self.known_builtins,
            small_constants: &mut self.small_constants,
            fault: None,
        };
        let compiled = compile(&mut self.code, &mut world, unit);
        if let Some(fault) = world.fault {
            return Err(fault);
        }
        match compiled {
            Ok(entry) => {
                let words = CODE_WORDS_EACH * (self.code.words.len() - before);
                self.machine.take_external(words)?;
                self.note_names(blocks_before);
                Ok(entry)
            }
            Err(TooBig { what, span }) => Err(self.syntax_fault(
                ":too-big",
                &format!("{what} is too big to be compiled"),
                span,
            )),
        }
    }

    /// Lets the machine know the names of the procedures compiled since there were so many.
    fn note_names(&mut self, blocks_before: usize) {
        for block in &self.code.blocks[blocks_before..] {
            let lambda = block.unit.unit.lambdas.get(block.lambda as usize);
            if let Some(name) = lambda.and_then(|lambda| lambda.name) {
                self.machine.procedure_names.push((block.entry, name));
            }
        }
    }
}

/// The parts of a world that the compiler may touch.
struct Compilation<'a> {
    machine: &'a mut Machine,
    known_builtins: &'a [Option<(u32, bool)>],
    small_constants: &'a mut BTreeMap<u64, u32>,
    /// The first limit that was hit while literals were made.
    fault: Option<Fault>,
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

    fn has_value(&self, global: GlobalId) -> bool {
        self.machine.globals[global.0 as usize] != Value::UNBOUND
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
