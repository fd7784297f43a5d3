//! The code store: one instruction word after another, and the procedures in it.
//!
//! Owns the layout beside the words (heights, source places, holes, inlined builtins) and going back to an earlier length. Knows
//! nothing of how code is made.

use crate::core::{GlobalId, Unit};
use crate::ir::Analysis;
use crate::syntax::Span;
use std::collections::BTreeMap;
use std::ops::Range;
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
    /// The words of the unit compiled last whose lower half is a place of its code.
    pub(super) jumps: Vec<u32>,
    /// Stretches whose code has been given up, in order, none next to another or at the end.
    free: Vec<Range<u32>>,
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

    /// Moves the code from `start` to the end, that of one procedure compiled last, to a stretch given up before, if it fits one; gives the
    /// stretch that it has.
    pub fn settle(&mut self, start: u32) -> Range<u32> {
        let end = self.words.len() as u32;
        let length = end - start;
        let Some(place) = self.free.iter().position(|it| it.end - it.start >= length) else {
            return start..end;
        };
        let to = self.free[place].start;
        self.free[place].start += length;
        if self.free[place].is_empty() {
            self.free.remove(place);
        }
        for &jump in &self.jumps {
            self.words[jump as usize] -= u64::from(start - to);
        }
        let (from, target) = (start as usize..end as usize, to as usize);
        self.words.copy_within(from.clone(), target);
        self.heights.copy_within(from.clone(), target);
        self.spans.copy_within(from, target);
        for (at, span) in self.origins.split_off(&start) {
            self.origins.insert(at - start + to, span);
        }
        for (at, register) in self.holes.split_off(&start) {
            self.holes.insert(at - start + to, register);
        }
        for places in self.inlined.values_mut() {
            for place in places.iter_mut().rev().take_while(|it| **it >= start) {
                *place = *place - start + to;
            }
        }
        if let Some(mut block) = self.blocks.pop() {
            block.entry = to;
            let after = self.blocks.partition_point(|it| it.entry < to);
            self.blocks.insert(after, block);
        }
        self.truncate(start);
        to..to + length
    }

    /// Gives up stretches of code that nothing can come back to.
    pub fn give_up(&mut self, mut stretches: Vec<Range<u32>>) {
        if stretches.is_empty() {
            return;
        }
        stretches.sort_unstable_by_key(|it| it.start);
        let is_given_up = |at: u32| {
            let after = stretches.partition_point(|it| it.start <= at);
            after > 0 && at < stretches[after - 1].end
        };
        self.blocks.retain(|block| !is_given_up(block.entry));
        for places in self.inlined.values_mut() {
            places.retain(|&at| !is_given_up(at));
        }
        self.origins.retain(|&at, _| !is_given_up(at));
        self.holes.retain(|&at, _| !is_given_up(at));
        self.free.append(&mut stretches);
        self.free.sort_unstable_by_key(|it| it.start);
        self.free.dedup_by(|next, kept| {
            let touch = next.start == kept.end;
            if touch {
                kept.end = next.end;
            }
            touch
        });
        let end = self.words.len() as u32;
        if let Some(last) = self.free.pop_if(|last| last.end == end) {
            self.truncate(last.start);
        }
    }

    fn truncate(&mut self, end: u32) {
        self.words.truncate(end as usize);
        self.heights.truncate(end as usize);
        self.spans.truncate(end as usize);
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
