//! Compiling units into a world: what the compiler asks of it, and what its code costs.

use super::report::is_library;
use super::transient::Transient;
use super::{Fault, Machine, Vm};
use crate::codegen::{Failure, Inline, TooBig, World, compile};
use crate::core::{GlobalId, Lambda, Node, Unit};
use crate::datum::to_value_counted;
use crate::symbol::Symbol;
use crate::syntax::{Span, Syntax};
use crate::value::Value;
use std::collections::BTreeMap;

/// What compiling costs for each node and each variable; it takes about as long as expanding does.
const PART_FUEL: u64 = 12;
/// What it costs for each variable that a procedure captures.
const CAPTURE_FUEL: u64 = 8;
/// Words counted for each word of code, with what is kept beside it.
const CODE_WORDS_EACH: usize = 4;
/// Words counted for what is kept of a unit: for itself, each node, each variable, each procedure and each captured variable.
const UNIT_WORDS: usize = 60;
const NODE_WORDS: usize = 14;
const VARIABLE_WORDS: usize = 6;
const LAMBDA_WORDS: usize = 20;
const CAPTURE_WORDS: usize = 2;
/// Words counted for a literal in the table of constants, beside its value and its syntax.
const CONSTANT_WORDS: usize = 5;

impl Vm {
    /// Compiles a unit to stay; gives the entry of its top level.
    pub(crate) fn compile(&mut self, unit: Unit) -> Result<u32, Fault> {
        self.compile_with(unit, None).map(|made| made.entry)
    }

    /// Compiles a unit that is run once. If it makes no procedure, its code is its own.
    pub(super) fn compile_to_run(&mut self, unit: Unit) -> Result<Made, Fault> {
        self.compile_with(unit, Some(Vec::new()))
    }

    /// `own_constants`: where to note the places of its constants, if it shares none with other units.
    fn compile_with(&mut self, unit: Unit, own_constants: Option<Vec<u32>>) -> Result<Made, Fault> {
        let parts = unit.nodes.len() + unit.variables.len();
        self.machine.charge(PART_FUEL * parts as u64)?;
        let unit_words = UNIT_WORDS
            + NODE_WORDS * unit.nodes.len()
            + VARIABLE_WORDS * unit.variables.len()
            + LAMBDA_WORDS * unit.lambdas.len()
            + unit.lambdas.iter().map(doc_words).sum::<usize>();
        self.machine.take_external(unit_words)?;
        // A procedure without cases has no code but what stands in that of the unit.
        let has_cases = unit
            .nodes
            .iter()
            .any(|it| matches!(it, Node::CaseLambda(_)));
        let before = self.code.words.len();
        let blocks_before = self.code.blocks.len();
        let mut world = Compilation {
            machine: &mut self.machine,
            known_builtins: &self.known_builtins,
            is_plain: self.is_plain,
            library_names: &self.library_names,
            origins: &self.origins,
            small_constants: &mut self.small_constants,
            own_constants,
            words: 0,
            fault: None,
        };
        let compiled = compile(&mut self.code, &mut world, unit);
        let words = world.words;
        let own_constants = world.own_constants;
        if let Some(fault) = world.fault {
            if compiled.is_err() {
                self.machine.release_external(unit_words);
            }
            return Err(fault);
        }
        match compiled {
            Ok(entry) => {
                let code_words = CODE_WORDS_EACH * (self.code.words.len() - before);
                self.machine.take_external(code_words + words)?;
                self.note_names(blocks_before);
                let is_alone = self.code.blocks.len() == blocks_before + 1 && !has_cases;
                let mut made = Made { entry, own: None };
                if let Some(constants) = own_constants.filter(|_| is_alone) {
                    let place = self.code.settle(before as u32);
                    made.entry = place.start;
                    made.own = Some(Transient {
                        place,
                        constants,
                        words: unit_words + code_words + words,
                    });
                }
                Ok(made)
            }
            Err(Failure::TooBig(TooBig { what, span })) => {
                self.machine.release_external(unit_words);
                let message = format!("{what} is too big to be compiled");
                Err(self.syntax_fault(":too-big", &message, span))
            }
            Err(Failure::Stopped) => unreachable!("what stops the compiler is a fault"),
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

/// Words of a procedure's documentation.
fn doc_words(lambda: &Lambda) -> usize {
    lambda.doc.as_ref().map_or(0, |doc| doc.len() / 8 + 2)
}

/// What compiling a unit gives.
pub(super) struct Made {
    /// The entry of its top level.
    pub(super) entry: u32,
    /// Its code, if no procedure but its top level has a part in it.
    pub(super) own: Option<Transient>,
}

/// The parts of a world that the compiler may touch.
struct Compilation<'a> {
    machine: &'a mut Machine,
    known_builtins: &'a [Option<(u32, bool)>],
    is_plain: bool,
    library_names: &'a BTreeMap<GlobalId, Symbol>,
    origins: &'a BTreeMap<GlobalId, GlobalId>,
    small_constants: &'a mut BTreeMap<u64, u32>,
    own_constants: Option<Vec<u32>>,
    /// Words that the unit holds besides, as far as it is compiled.
    words: usize,
    /// The first limit that was hit while literals were made.
    fault: Option<Fault>,
}

impl World for Compilation<'_> {
    fn pay_for_capture(&mut self) -> bool {
        self.words += CAPTURE_WORDS;
        match self.machine.charge(CAPTURE_FUEL) {
            Ok(()) => true,
            Err(fault) => {
                self.fault.get_or_insert(fault);
                false
            }
        }
    }

    fn constant(&mut self, literal: &Syntax) -> u32 {
        let (value, words) = match to_value_counted(self.machine, literal, true) {
            Ok(made) => made,
            Err(fault) => {
                self.fault.get_or_insert(fault);
                (Value::VOID, 0)
            }
        };
        self.words += CONSTANT_WORDS + words;
        if let Some(own) = &mut self.own_constants {
            let index = self.machine.add_constant(value);
            own.push(index);
            return index;
        }
        let shareable = !value.is_reference();
        if shareable && let Some(&index) = self.small_constants.get(&value.0) {
            return index;
        }
        let index = self.machine.add_constant(value);
        if shareable {
            self.small_constants.insert(value.0, index);
        }
        index
    }

    fn builtin_of(&self, global: GlobalId) -> Option<(u32, bool)> {
        self.known_builtins[global.0 as usize]
            .filter(|&(_, redefinable)| !(self.is_plain && redefinable))
    }

    fn has_value(&self, global: GlobalId) -> bool {
        self.machine.globals[global.0 as usize] != Value::UNBOUND
    }

    fn shows(&self, origin: Span) -> bool {
        !is_library(origin)
    }

    fn passes_on(&self, global: GlobalId, span: Span) -> bool {
        let is_library =
            self.library_names.contains_key(&global) || self.origins.contains_key(&global);
        is_library && self.known_builtins[global.0 as usize].is_none() && !self::is_library(span)
    }

    fn is_library(&self, span: Span) -> bool {
        !span.is_none() && self::is_library(span)
    }

    fn makes_dict(&self, builtin: u32) -> bool {
        self.machine.builtins[builtin as usize].name == "%dict"
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
