//! What lies outside the heap and is given back when the object is gone that stands for it: a world of names, for which an environment
//! stands, and the code of a unit that is run once and makes no procedure, as most forms given to `eval` are.
//!
//! Such code is left for good when the closure it was entered by is: that closure stands in the code's frame, and in what continuations keep of
//! it, and it holds the constants of the code. So the machine holds these objects weakly, and a collection finds out which are gone. The
//! memory that they counted is given back only by a collection that a limit forces, since the others are no part of the language; their room
//! is used again when the next unit is compiled, the next world made.

use super::Machine;
use crate::value::{Kind, Value};
use std::ops::Range;

/// The code of a unit that makes no procedure.
#[derive(Debug, Clone)]
pub(super) struct Transient {
    /// Its stretch of the code.
    pub(super) place: Range<u32>,
    /// Its places in the table of constants.
    pub(super) constants: Vec<u32>,
    /// The words that it counts.
    pub(super) words: usize,
}

/// What a machine knows of such code.
#[derive(Debug, Clone, Default)]
pub(crate) struct Transients {
    /// Beside each of the heap's weak references.
    known: Vec<Known>,
    /// Words counted for those known, and for those given up since the last collection that a limit forced.
    counted: usize,
    /// Stretches of code that nothing can come back to.
    given_up: Vec<Range<u32>>,
    /// Places of the table of constants that are free.
    free_constants: Vec<u32>,
    /// Numbers of worlds of names that nothing knows any more.
    left_worlds: Vec<usize>,
}

/// What is given back when an object is gone.
#[derive(Debug, Clone)]
enum Known {
    /// The code that a closure enters.
    Code(Transient),
    /// The world of names that an environment is, and the words that it counts.
    World { number: usize, words: usize },
}

impl Known {
    fn words(&self) -> usize {
        match self {
            Known::Code(it) => it.words,
            Known::World { words, .. } => *words,
        }
    }
}

impl Machine {
    /// The closure that enters the code of a unit. There is room for [`closure_words`].
    pub(super) fn enter_transient(&mut self, it: Transient) -> Value {
        let constants = it.constants.iter();
        let fields: Vec<Value> = std::iter::once(Value::fixnum(i64::from(it.place.start)))
            .chain(constants.map(|&at| self.constants[at as usize]))
            .collect();
        let closure = self.heap.object(Kind::Closure, 0, &fields);
        self.heap.weak.push(closure);
        self.transients.counted += it.words;
        self.transients.known.push(Known::Code(it));
        closure
    }

    /// Gives up the code of a unit that is not run after all.
    pub(super) fn drop_transient(&mut self, it: Transient) {
        self.release_external(it.words);
        self.give_up(it);
    }

    fn give_up(&mut self, it: Transient) {
        for &at in &it.constants {
            self.constants[at as usize] = Value::VOID;
        }
        self.transients.free_constants.extend(it.constants);
        self.transients.given_up.push(it.place);
    }

    /// The stretches of code given up since the last time.
    pub(super) fn take_given_up(&mut self) -> Vec<Range<u32>> {
        std::mem::take(&mut self.transients.given_up)
    }

    /// An environment that is the world of that number, and counts so many words that have been taken. There is room for 2 words.
    pub(super) fn enter_world(&mut self, number: usize, words: usize) -> Value {
        let fields = [Value::fixnum(number as i64)];
        let world = self.heap.object(Kind::Environment, 0, &fields);
        self.heap.weak.push(world);
        self.transients.known.push(Known::World { number, words });
        self.transients.counted += words;
        world
    }

    /// A world counts more words, which have been taken.
    pub(super) fn enlarge_world(&mut self, world: usize, more: usize) {
        for it in self.transients.known.iter_mut().rev() {
            if let Known::World { number, words } = it
                && *number == world
            {
                *words += more;
                self.transients.counted += more;
                return;
            }
        }
    }

    /// The numbers of worlds that nothing knows any more, since the last time.
    pub(super) fn take_left_worlds(&mut self) -> Vec<usize> {
        std::mem::take(&mut self.transients.left_worlds)
    }

    /// Puts a value into the table of constants.
    pub(super) fn add_constant(&mut self, value: Value) -> u32 {
        match self.transients.free_constants.pop() {
            Some(index) => {
                self.constants[index as usize] = value;
                index
            }
            None => {
                self.constants.push(value);
                self.constants.len() as u32 - 1
            }
        }
    }

    /// Before a collection: constants are kept alive by the closures alone.
    pub(super) fn loosen_constants(&mut self) {
        for it in &self.transients.known {
            if let Known::Code(it) = it {
                for &at in &it.constants {
                    self.constants[at as usize] = Value::VOID;
                }
            }
        }
    }

    /// After a collection: gives up the code whose closure is gone.
    pub(super) fn sort_transients(&mut self) {
        let known = std::mem::take(&mut self.transients.known);
        let objects = std::mem::take(&mut self.heap.weak);
        for (object, it) in objects.into_iter().zip(known) {
            match it {
                Known::Code(it) if object == Value::VOID => self.give_up(it),
                Known::World { number, .. } if object == Value::VOID => {
                    self.transients.left_worlds.push(number);
                }
                it => {
                    if let Known::Code(it) = &it {
                        for (field, &at) in it.constants.iter().enumerate() {
                            self.constants[at as usize] = self.heap.field(object, 1 + field);
                        }
                    }
                    self.heap.weak.push(object);
                    self.transients.known.push(it);
                }
            }
        }
    }

    /// After a collection that belongs to the language: from now on nothing counts what is given up.
    pub(super) fn recount_transients(&mut self) {
        let left: usize = self.transients.known.iter().map(Known::words).sum();
        self.release_external(self.transients.counted - left);
        self.transients.counted = left;
    }
}

/// Words that the closure takes which enters the code of a unit.
pub(super) fn closure_words(it: &Transient) -> usize {
    2 + it.constants.len()
}
