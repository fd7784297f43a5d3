//! Errors that nobody waited for: of promises that failed while nobody did, and that nobody has looked at since. Whoever runs the program
//! tells them at its end, as they would be lost otherwise.
//!
//! What is kept of an error is a text of limited length, so that it holds nothing of the program's memory.

use super::{Condition, Machine};
use crate::value::Value;

/// Errors that are kept to be told; the others are counted.
const TOLD_MAX: usize = 16;

/// See the module's description. An error is known by a number, later ones by greater numbers.
#[derive(Clone, Debug, Default)]
pub(crate) struct Untold {
    kept: Vec<(u64, Condition)>,
    more: usize,
    /// Errors of lower numbers have been told.
    told_before: u64,
}

impl Untold {
    /// Somebody looks at the error of that number.
    pub(crate) fn looked_at(&mut self, number: u64) {
        if number < self.told_before {
            return;
        }
        match self.kept.iter().position(|(it, _)| *it == number) {
            Some(place) => drop(self.kept.remove(place)),
            None => self.more = self.more.saturating_sub(1),
        }
    }
}

impl Machine {
    /// Nobody waits for this, which was raised. Gives the number it is known by.
    pub(crate) fn note_untold(&mut self, raised: Value) -> u64 {
        let number = self.next_serial();
        if self.untold.kept.len() < TOLD_MAX {
            let condition = Condition::brief(self, raised);
            self.untold.kept.push((number, condition));
        } else {
            self.untold.more += 1;
        }
        number
    }

    /// The errors that nobody has looked at, and how many there are besides; each is given once.
    pub(super) fn take_untold(&mut self) -> (Vec<Condition>, usize) {
        let told_before = self.next_serial();
        let fresh = Untold {
            told_before,
            ..Untold::default()
        };
        let untold = std::mem::replace(&mut self.untold, fresh);
        let kept = untold.kept.into_iter().map(|(_, condition)| condition);
        (kept.collect(), untold.more)
    }
}
