//! The library written in Logos: its sources, and its procedures, which are compiled when they are first called.
//!
//! Owns loading and the difference between the library's work and a program's: what is compiled later costs no fuel and no memory of
//! whoever calls it first, so nobody can tell when it happened. Definitions are told apart by their beginnings: a form of the
//! library begins at the start of a line, and no other line begins with a bracket.

use super::control::Library;
use super::world::Expansion;
use super::{Bounds, Status, Vm};
use crate::core::GlobalId;
use crate::expand::{Binding, Expander, INTERNALS, Step};
use crate::opcode::{Op, b, index, wide};
use crate::reader::{Reader, is_delimiter};
use crate::syntax::{SourceId, Span};
use crate::value::{Kind, Value};

/// A procedure of the library that is not compiled yet.
#[derive(Debug, Clone, Copy)]
pub(super) struct Deferred {
    source: SourceId,
    /// The byte where its definition begins.
    start: usize,
}

impl Vm {
    /// Evaluates the library's sources in the library's own environment.
    pub(super) fn load_library(&mut self) {
        for (name, text) in crate::STDLIB {
            self.begin_in(name, text, Bounds::default(), 0);
            let status = self.run(u64::MAX);
            if status != Status::Done {
                let why = self.condition();
                let why = why.map(|why| why.rendered(&self.machine).to_string());
                let why = why.unwrap_or_default();
                panic!("the library's own {name} does not load: {status:?} {why}");
            }
            self.find_internals();
        }
        for internal in INTERNALS {
            let known = self.internals.contains_key(internal.name);
            assert!(known, "the library defines {}", internal.name);
        }
        self.name_library();
        let place = |vm: &Vm, name: &str| vm.library_cell(name).map_or(0, |cell| cell.0 as usize);
        self.places = Library {
            guard_unwind: place(self, "%guard-unwind"),
            guard_handle: place(self, "%guard-handle"),
            continue_winding: place(self, "%continue-winding"),
            fill_port: place(self, "%fill-port"),
            fill_port_and_apply: place(self, "%fill-port-and-apply"),
            file_texts: place(self, "%file-texts"),
            first_file: place(self, "%first-file"),
            distant_library: place(self, "%distant-library"),
        };
    }

    /// Whether the library is not complete yet.
    pub(super) fn is_loading(&self) -> bool {
        self.places.guard_unwind == 0
    }

    /// The library's later sources may use what its earlier ones define.
    fn find_internals(&mut self) {
        for internal in INTERNALS {
            if let Some(cell) = self.library_cell(internal.name) {
                self.internals.insert(internal.name, cell);
            }
        }
    }

    fn library_cell(&self, name: &str) -> Option<GlobalId> {
        let symbol = self.machine.symbols.find(name)?;
        match self.library.lookup(symbol)? {
            Binding::Global(cell) => Some(cell),
            _ => None,
        }
    }

    /// Where the library's text goes on with a definition of a procedure, defines it without compiling it; gives the place after it.
    /// One with tests of its own has to make them.
    pub(super) fn defer_definition(&mut self, source: SourceId, from: usize) -> Option<usize> {
        let text = self.machine.sources.source(source).text.clone();
        let start = from + next_form(&text[from..])?;
        let signature = text[start..].strip_prefix("(define (")?;
        let end = next_form(&text[start + 1..]).map_or(text.len(), |next| start + 1 + next);
        let name = &signature[..signature.find(is_delimiter)?];
        if name.is_empty() || text[start..end].contains(":test") {
            return None;
        }
        let name = self.machine.symbols.intern(name);
        let library = self.library.clone();
        let cell = library.define(name, &mut self.expansion());
        let cell = cell.unwrap_or_else(|error| panic!("loading has no limits: {error:?}"));
        let number = self.deferred.len();
        self.deferred.push(Deferred { source, start });
        let place = self.code.words.len();
        self.code
            .push(wide(Op::Deferred, 0, number as u32), 0, Span::NONE);
        self.machine.procedure_names.push((place as u32, name));
        let place = Value::fixnum(place as i64);
        let procedure = self.machine.heap.object(Kind::Closure, 0, &[place]);
        self.machine.set_global(cell, procedure);
        Some(end)
    }

    /// Compiles a procedure if that has been deferred. `top` of the machine is above all that is in use.
    pub(super) fn compile_deferred(&mut self, procedure: Value) {
        if !self.machine.heap.is(procedure, Kind::Closure) {
            return;
        }
        let place = self.machine.heap.field(procedure, 0).fixnum_value() as usize;
        let word = self.code.words[place];
        if Op::of(word) != Op::Deferred {
            return;
        }
        let temporary = self.machine.temporaries.len();
        self.machine.temporaries.push(procedure);
        let accounts = self.machine.begin_library_work();
        let entry = self.compile_definition(self.deferred[index(word)]);
        self.machine.end_library_work(accounts);
        let procedure = self.machine.temporaries[temporary];
        self.machine.temporaries.truncate(temporary);
        let heap = &mut self.machine.heap;
        heap.set_field(procedure, 0, Value::fixnum(entry as i64));
    }

    /// Compiles every procedure of the library now.
    pub fn compile_library(&mut self) {
        let cells: Vec<GlobalId> = self.library_names.keys().copied().collect();
        for cell in cells {
            self.compile_deferred(self.machine.global_value(cell));
        }
    }

    /// The place where the code of a definition's procedure begins.
    fn compile_definition(&mut self, definition: Deferred) -> u64 {
        let Deferred { source, start } = definition;
        let text = self.machine.sources.source(source).text.clone();
        let form = Reader::new(&text, source, &mut self.machine.symbols)
            .starting_at(start)
            .next();
        let Ok(Some(form)) = form else {
            panic!("the library's own text cannot be read: {form:?}");
        };
        let mut expander = Expander::new(&self.library, form);
        let mut unit = None;
        loop {
            match expander.step(&mut self.expansion()) {
                Ok(Step::Unit { unit: whole, .. }) => unit = Some(whole),
                Ok(Step::Pause) => {}
                Ok(Step::Done) => break,
                other => panic!("a definition of the library cannot be deferred: {other:?}"),
            }
        }
        let Some(unit) = unit else {
            panic!("a definition of the library cannot be deferred: it is none");
        };
        let has_tests = unit.lambdas.iter().any(|lambda| lambda.tests.is_some());
        assert!(!has_tests, "tests have to be made with their procedure");
        let entry = self.compile(unit);
        let Ok(entry) = entry else {
            panic!("a definition of the library cannot be compiled: {entry:?}");
        };
        // What would define it begins by making the procedure.
        let words = &self.code.words[entry as usize..];
        let mut at = 0;
        while Op::of(words[at]) != Op::MakeClosure {
            at += Op::words(words[at]);
        }
        assert_eq!(b(words[at]), 0, "a deferred procedure captures nothing");
        words[at + 1]
    }

    /// The world as the expander sees it, for work that is nobody's.
    fn expansion(&mut self) -> Expansion<'_> {
        Expansion {
            machine: &mut self.machine,
            known_builtins: &mut self.known_builtins,
            internals: &self.internals,
            origins: &mut self.origins,
            library: &self.library,
            taken: 0,
        }
    }
}

/// Where the next form of a library's text begins: at the start of a line.
fn next_form(text: &str) -> Option<usize> {
    if text.starts_with('(') {
        return Some(0);
    }
    text.find("\n(").map(|newline| newline + 1)
}
