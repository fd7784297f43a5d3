//! Core forms as data, and back: what a procedure looks like on its way.
//!
//! ```text
//! (quote DATUM) (local N) (captured N) (self) (global NAME) (library NAME)
//! (set-local N E) (set-captured N E) (set-global NAME E) (define-global NAME E)
//! (if E E E) (begin E …) (call E E …) (let ((N E) …) E) (letrec ((N E) …) E)
//! (lambda NAME (N …) REST E) (case-lambda (lambda …) …)
//! ```
//! Locals are numbered in the order in which they are bound, so the names that a person chose do not change what a job is called.

mod read;
mod write;

pub(super) use read::from_datum;
pub(super) use write::to_datum;

use crate::core::{LambdaId, Unit, VariableId};
use crate::ir::Analysis;
use crate::symbol::Symbol;
use crate::syntax::{Datum, Span, Syntax};

/// What a global is called where it goes.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub(super) enum GlobalName {
    Library(Symbol),
    User(Symbol),
}

/// The captured variables of a procedure that travel with it: all but its tests.
pub(super) fn travelling_captures(
    unit: &Unit,
    analysis: &Analysis,
    lambda: LambdaId,
) -> Vec<VariableId> {
    let tests = unit.lambdas[lambda as usize].tests;
    analysis.captures[lambda as usize]
        .iter()
        .copied()
        .filter(|v| Some(*v) != tests)
        .collect()
}

fn atom(datum: Datum) -> Syntax {
    Syntax::new(datum, Span::NONE)
}
