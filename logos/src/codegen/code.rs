//! The code store: one instruction word after another, and the procedures in it.
//!
//! Owns the layout beside the words (heights, source places, holes, inlined builtins) and going back to an earlier length. Knows
//! nothing of how code is made.

use crate::core::{GlobalId, Unit};
use crate::ir::Analysis;
use crate::syntax::Span;
use std::collections::BTreeMap;
use std::rc::Rc;

/// All code of a world, one instruction word after another, with what belongs to each word beside it.
#[derive(Debug, Default, Clone)]
pub struct Code {
    /// Instruction words.
    pub words: Vec<u64>,
    /// Registers in use while the instruction at that place runs.
    pub heights: Vec<u16>,
    /// Where in the source it came from.
    pub spans: Vec<Span>,
    /// For words that a macro introduced, the place in its definition, where that may interest somebody.
    pub origins: BTreeMap<u32, Span>,
    /// The places of instructions that run while a call is half prepared: register and the one after it hold nothing yet.
    pub holes: BTreeMap<u32, u16>,
    /// The procedures, by the place where each begins.
    pub blocks: Vec<Block>,
    /// Builtins inlined into a program's code, by the global variable that named them.
    pub inlined: BTreeMap<GlobalId, Vec<u32>>,
}

/// One compiled procedure.
#[derive(Debug, Clone)]
pub struct Block {
    /// Place of its first word.
    pub entry: u32,
    /// The unit it came from.
    pub unit: Rc<Compiled>,
    /// Which of the unit's lambdas; [`crate::ir::TOP`] for the unit itself.
    pub lambda: u32,
}

/// A unit with its analysis, kept for `source`, for traces and for sending procedures to others.
#[derive(Debug)]
pub struct Compiled {
    /// The core forms.
    pub unit: Unit,
    /// What is known of them.
    pub analysis: Analysis,
}

impl Code {
    /// The procedure that the instruction at `place` belongs to.
    pub fn block_at(&self, place: u32) -> Option<&Block> {
        let after = self.blocks.partition_point(|block| block.entry <= place);
        self.blocks[..after].last()
    }

    /// Appends a word.
    pub fn push(&mut self, word: u64, height: u16, span: Span) {
        self.words.push(word);
        self.heights.push(height);
        self.spans.push(span);
    }
}

/// The length of everything in a [`Code`], to go back to when a unit turns out too big.
pub(super) struct Checkpoint {
    words: usize,
    blocks: usize,
}

impl Checkpoint {
    pub(super) fn of(code: &Code) -> Checkpoint {
        Checkpoint {
            words: code.words.len(),
            blocks: code.blocks.len(),
        }
    }

    pub(super) fn restore(&self, code: &mut Code) {
        code.words.truncate(self.words);
        code.heights.truncate(self.words);
        code.spans.truncate(self.words);
        code.blocks.truncate(self.blocks);
        code.holes.split_off(&(self.words as u32));
        code.origins.split_off(&(self.words as u32));
        for places in code.inlined.values_mut() {
            places.retain(|&place| (place as usize) < self.words);
        }
    }
}
