//! The expander: written syntax to core forms, macros applied, names resolved.
//!
//! Owns the special forms, hygiene, `syntax-rules`, the worlds of top-level names and the shapes of
//! [`Unit`]s. It runs no program: where a macro written with `defmacro`, a file or a library is needed,
//! it stops and asks ([`Step`]). Refuses Rust recursion over input: all work stands on an explicit stack,
//! and every visited node, matched pattern element and copied template element is charged as fuel.
//!
//! # Order of calls
//!
//! [`Expander::new`], then [`Expander::step`] until [`Step::Done`]:
//!
//! | step | the caller |
//! | --- | --- |
//! | `Unit` | evaluates it, then calls `step` again; the value of the form is that of the unit marked `last`, `#<void>` when none was |
//! | `CallMacro` | applies the procedure in the global `transformer` to the `operands` (the arguments of the use as data, one argument each, as the parameter list of `defmacro` takes them), then `resume` with the result as syntax |
//! | `Include` | reads all data of the files, then `resume` with one list of them |
//! | `NeedLibrary` | `resume_library` with the library of that name, or ends with an error of its own |
//! | `FindLibrary` | `resume_found` with the name and whether there is one |
//! | `Library` | keeps the library under its name, then calls `step` again |
//! | `Expanded` | the answer of `macroexpand`; then comes `Done` |
//! | `Pause` | calls `step` again when it likes (only after `Host::pause` said so) |
//!
//! After an error the expander is spent. When the evaluation of a unit fails, it is dropped without another
//! `step`: then what the unit was to define is what it was before.
//!
//! # Internal procedures
//!
//! Forms that need help at run time call these, found by [`Host::internal`]; [`INTERNALS`] lists them with
//! signature and meaning.
//!
//! # Costs
//!
//! One step, [`FUEL_PER_STEP`] units of fuel, for each form expanded, each node built, each variable bound, each pattern element tried, each template
//! element copied, each node of a quoted datum, and each step from an introduced name to its definition.

mod assembly;
mod binding;
mod body;
mod clauses;
mod definitions;
mod destructure;
mod documentation;
mod environment;
mod imports;
mod internals;
mod library;
mod machine;
mod macros;
mod matching;
mod message;
mod print;
mod procedures;
mod quasiquote;
mod records;
mod rules;
mod scope;
mod specials;
mod standard;
mod strip;
mod syntaxes;
mod task;
mod template;
#[cfg(test)]
mod tests;

pub use environment::{Binding, Environment, Exports, Library};
pub use internals::{INTERNALS, Internal};
pub use library::{FEATURES, sees_only_imports};
pub use machine::Expander;
pub use macros::{Macro, Transformer};
pub(crate) use message::SHOWN_BYTES;
pub(crate) use print::print_bounded;
pub use print::{print_syntax, print_unit};
pub use scope::{Alias, Identifier};
pub use specials::{SPECIALS, Special, find_special};
pub(crate) use standard::{is_standard, standard_names};
pub use standard::{library_name_cost, library_name_text, standard_library};

use crate::builtins::symbols::symbol_words;
use crate::core::{GlobalId, Unit};
use crate::symbol::{Symbol, Symbols};
use crate::syntax::{Place, Span, Syntax};
use std::rc::Rc;

/// What a step costs: it takes a tenth to a third of a microsecond, many times as long as a simple instruction.
pub const FUEL_PER_STEP: u64 = 8;

/// What the expander asks of the world it works for.
pub trait Host {
    /// The table of symbols.
    fn symbols(&mut self) -> &mut Symbols;
    /// A fresh cell without a value, for a global variable of that name.
    fn new_global(&mut self, name: Symbol) -> Result<GlobalId, HostError>;
    /// A fresh cell for the user's world that holds, for now, what the library's cell holds.
    fn import_global(&mut self, cell: GlobalId, name: Symbol) -> Result<GlobalId, HostError>;
    /// The cell of one of the [`INTERNALS`].
    fn internal(&mut self, name: &'static str) -> GlobalId;
    /// The world of the standard library, once it stands: where rewritten forms find their macros.
    fn library(&mut self) -> Option<Rc<Environment>> {
        None
    }
    /// Pays fuel for work before it is done.
    fn charge(&mut self, units: u64) -> Result<(), HostError>;
    /// Pays for so many steps of expansion, [`FUEL_PER_STEP`] each.
    fn spend(&mut self, steps: u64) -> Result<(), HostError> {
        self.charge(steps.saturating_mul(FUEL_PER_STEP))
    }
    /// Pays for memory before it is taken.
    fn charge_memory(&mut self, bytes: u64) -> Result<(), HostError>;
    /// Pays for memory that stays taken when the expansion is over.
    fn keep_memory(&mut self, bytes: u64) -> Result<(), HostError>;
    /// The symbol of this name: the work is paid, and a new one for ever.
    fn intern(&mut self, text: &str) -> Result<Symbol, HostError> {
        self.charge(text.len() as u64 / 2)?;
        if let Some(symbol) = self.symbols().find(text) {
            return Ok(symbol);
        }
        self.keep_memory(8 * symbol_words(text) as u64)?;
        Ok(self.symbols().intern(text))
    }
    /// Whether to stop at the next opportunity with [`Step::Pause`].
    fn pause(&mut self) -> bool {
        false
    }
    /// Whether there is a library that is not one of the standard ones (for `cond-expand`). `None`: that is to be
    /// found out, see [`Step::FindLibrary`].
    fn has_library(&mut self, _name: &str) -> Option<bool> {
        Some(false)
    }
}

/// A reason to stop that is not the program's syntax.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum HostError {
    /// Out of fuel.
    FuelExhausted,
    /// Out of memory.
    MemoryExhausted,
}

/// What the expander gives or asks for.
#[derive(Debug)]
pub enum Step {
    /// Evaluate this now.
    Unit {
        /// The form.
        unit: Unit,
        /// Whether its value is the value of the whole form.
        last: bool,
        /// Whether it makes something for the expansion itself, such as the procedure of a macro.
        aside: bool,
    },
    /// Apply a procedural macro.
    CallMacro {
        /// The cell that holds the procedure.
        transformer: GlobalId,
        /// Its arguments, as data.
        operands: Vec<Syntax>,
        /// The use.
        span: Span,
    },
    /// Read files.
    Include {
        /// Their names as written.
        paths: Vec<Rc<str>>,
        /// `include-ci`.
        fold_case: bool,
        /// The `include` form.
        span: Span,
    },
    /// Find a library that is not one of the standard ones.
    NeedLibrary {
        /// Its name: a list such as `(shapes circle)`, a string (a path), or `(from OWNER "name")`.
        name: Syntax,
    },
    /// Find out whether there is a library of this name.
    FindLibrary {
        /// Its name, as [`library_name_text`] gives it.
        name: String,
    },
    /// A `define-library` has ended.
    Library {
        /// Its name.
        name: Syntax,
        /// What it defines.
        library: Rc<Library>,
    },
    /// The result of a macro expansion asked for as such.
    Expanded(Syntax),
    /// Nothing to do for the caller.
    Pause,
    /// The whole form is expanded.
    Done,
}

/// What sort of error it is.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum ErrorKind {
    /// The form is not written as it must be.
    BadSyntax,
    /// A name that should be there is not.
    UnknownName,
    /// `syntax-error` in a macro.
    User,
    /// The host stopped the work.
    Host(HostError),
}

/// Why a form cannot be expanded, told to a person.
#[derive(Clone, Debug)]
pub struct ExpandError {
    /// What sort.
    pub kind: ErrorKind,
    /// What happened and what was expected.
    pub message: String,
    /// The place to mark.
    pub place: Place,
    /// What to do about it.
    pub hint: Option<String>,
    /// The data concerned.
    pub irritants: Vec<Syntax>,
}

impl ExpandError {
    /// A form that is not written as it must be.
    pub(crate) fn syntax(place: impl Into<Place>, message: impl Into<String>) -> ExpandError {
        let message = message.into();
        ExpandError {
            kind: ErrorKind::BadSyntax,
            message,
            place: place.into(),
            hint: None,
            irritants: Vec::new(),
        }
    }

    /// The same with a hint.
    pub(crate) fn hint(mut self, hint: impl Into<String>) -> ExpandError {
        self.hint = Some(hint.into());
        self
    }

    /// The same about a datum.
    pub(crate) fn about(mut self, irritant: Syntax) -> ExpandError {
        self.irritants.push(irritant);
        self
    }
}

impl From<HostError> for ExpandError {
    fn from(error: HostError) -> ExpandError {
        let message = match error {
            HostError::FuelExhausted => "The fuel ran out while macros were expanded.",
            HostError::MemoryExhausted => "The memory ran out while macros were expanded.",
        };
        let mut result = ExpandError::syntax(Span::NONE, message);
        result.kind = ErrorKind::Host(error);
        result
    }
}

impl std::fmt::Display for ExpandError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.message)
    }
}
