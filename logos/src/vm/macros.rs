//! What an evaluation does for its expander: lends it the world, runs macros' procedures, finds libraries.

use super::control::{apply, push_stub};
use super::evaluation::Turn;
use super::world::Expansion;
use super::{ARGUMENTS_MAX, Fault, Status, Vm, dispatch, stubs};
use crate::core::GlobalId;
use crate::datum::{to_syntax_counted, to_value};
use crate::expand::{Expander, library_name_cost, library_name_text};
use crate::syntax::{Datum, Span, Syntax};
use crate::value::Value;

impl Vm {
    /// Lets an evaluation's expander work with the world at hand; nothing if it has none.
    pub(super) fn with_expander<T>(
        &mut self,
        number: u64,
        work: impl FnOnce(&mut Expander, &mut Expansion) -> T,
    ) -> Option<T> {
        let own_libraries = self.rights(number).map(|rights| rights.own_name(""));
        let own_libraries = own_libraries.unwrap_or_default();
        let evaluation = self.evaluations.get_mut(&number)?;
        let expander = evaluation.expander.as_mut()?;
        let mut host = Expansion {
            machine: &mut self.machine,
            known_builtins: &mut self.known_builtins,
            internals: &self.internals,
            origins: &mut self.origins,
            library: &self.library,
            libraries: &self.libraries,
            own_libraries,
            taken: 0,
        };
        let result = work(expander, &mut host);
        evaluation.taken += host.taken;
        Some(result)
    }

    /// Pays for putting a library's name into text, which takes so many words.
    pub(super) fn pay_for_library_name(&mut self, name: &Syntax) -> Result<usize, Fault> {
        let parts = name.as_list().map_or(0, <[Syntax]>::len);
        self.machine.charge(parts as u64)?;
        let cost = library_name_cost(name, &self.machine.symbols);
        self.machine.charge(cost.work)?;
        let words = usize::try_from(cost.bytes / 8).unwrap_or(usize::MAX / 32);
        // The text, the same as names of files, and a message.
        self.machine.ask_to_hold(6 * words)?;
        Ok(words)
    }

    /// Gives an expander the library it asks for.
    pub(super) fn provide_library(&mut self, number: u64, name: &Syntax) -> Result<Turn, Fault> {
        self.pay_for_library_name(name)?;
        let library = if let Datum::String(path) = name.datum() {
            let path = self.path_beside(number, path);
            match self.file_library(&path) {
                Some(library) => Some(library),
                None => {
                    let imported = self.import_file(number, path, name.span());
                    return imported.map(|()| Turn::Run);
                }
            }
        } else if self.is_distant(name) {
            match self.distant_library(number, name)? {
                Some(library) => Some(library),
                None => return Ok(Turn::Run),
            }
        } else {
            let text = library_name_text(name, &self.machine.symbols);
            match (self.known_library(number, name), text) {
                (None, Some(text)) => {
                    let imported = self.import_named(number, text, name.span());
                    return imported.map(|()| Turn::Run);
                }
                (known, _) => known,
            }
        };
        let Some(library) = library else {
            let message = "there is no library of that name";
            return Err(self.syntax_fault(":not-found", message, name.span()));
        };
        match self.with_expander(number, |expander, host| {
            expander.resume_library(library, host)
        }) {
            Some(Err(error)) => Err(self.expand_fault(error)),
            Some(Ok(())) | None => Ok(Turn::Again),
        }
    }

    /// Applies a macro's procedure to the operands of a use.
    pub(super) fn call_macro(
        &mut self,
        number: u64,
        transformer: GlobalId,
        operands: &[Syntax],
        span: Span,
    ) -> Result<(), Fault> {
        if let Some(evaluation) = self.evaluations.get_mut(&number) {
            evaluation.waiting_span = span;
        }
        let m = &mut self.machine;
        if operands.len() > ARGUMENTS_MAX {
            let message = "a macro was given too many operands";
            return Err(self.syntax_fault(":too-big", message, span));
        }
        let kept = m.temporaries.len();
        for operand in operands {
            match to_value(m, operand, false) {
                Ok(value) => m.temporaries.push(value),
                Err(fault) => {
                    m.temporaries.truncate(kept);
                    return Err(fault);
                }
            }
        }
        let arguments = m.temporaries.split_off(kept);
        // The evaluation's own frame stays as it is below; the macro's result comes to a frame of its own above it.
        let above = m.top;
        let delta = above - m.fp;
        m.fp = above;
        m.stack[m.fp] = Value::FALSE.0;
        m.stack[m.fp + 1] = dispatch::link(stubs::UNIT, delta);
        push_stub(m, stubs::TRANSFORMER, &[Value::fixnum(number as i64)]);
        let procedure = m.globals[transformer.0 as usize];
        let next = apply(m, procedure, &arguments);
        self.begin_call(next);
        Ok(())
    }

    /// A macro's procedure gave its result: see [`stubs::TRANSFORMER`].
    pub(super) fn transformer_returned(&mut self) -> Option<Status> {
        let m = &mut self.machine;
        let number = Value(m.stack[m.fp + 2]).fixnum_value() as u64;
        let value = Value(m.stack[m.fp + 3]);
        m.top = m.fp + 4;
        let span = self
            .evaluations
            .get(&number)
            .map_or(Span::NONE, |e| e.waiting_span);
        let resumed = match to_syntax_counted(m, value, span) {
            Ok((syntax, words)) => m.take_external(words).and_then(|()| {
                if let Some(evaluation) = self.evaluations.get_mut(&number) {
                    evaluation.taken += words;
                }
                self.resume_expander(number, syntax)
            }),
            Err(Some(fault)) => Err(fault),
            Err(None) => {
                Err(self.syntax_fault(":bad-syntax", "a macro gave a circular list", span))
            }
        };
        // Back to the evaluation's frame, below.
        let m = &mut self.machine;
        m.fp -= dispatch::link_delta(m.stack[m.fp + 1]);
        let last = Value(m.stack[m.fp + 4]);
        match resumed {
            Ok(()) => self.advance(number, last),
            Err(fault) => {
                m.top = m.fp + 5;
                self.forget_evaluation(number);
                self.fault(fault)
            }
        }
    }

    pub(super) fn resume_expander(&mut self, number: u64, syntax: Syntax) -> Result<(), Fault> {
        let resumed = self.with_expander(number, |expander, host| {
            expander.is_waiting().then(|| expander.resume(syntax, host))
        });
        match resumed.flatten() {
            Some(resumed) => resumed.map_err(|error| self.expand_fault(error)),
            None => {
                let message = "this macro use has been expanded already";
                Err(self.machine.error(":not-allowed", message, &[]))
            }
        }
    }
}
