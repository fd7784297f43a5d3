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
use crate::opcode::{Op, a, b, index, wide};
use crate::reader::{Reader, is_delimiter};
use crate::syntax::{SourceId, Span};
use crate::value::{Kind, Value};
use std::collections::BTreeMap;

/// Room for the closures of a procedure with cases.
const CASES_WORDS_MAX: usize = 256;

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
            guard_unwind: place(self, "%%guard-unwind"),
            guard_handle: place(self, "%%guard-handle"),
            continue_winding: place(self, "%%continue-winding"),
            fill_port: place(self, "%fill-port"),
            fill_port_and_apply: place(self, "%fill-port-and-apply"),
            file_texts: place(self, "%file-texts"),
            included_files: place(self, "%included-files"),
            first_path: place(self, "%first-path"),
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
        let end = next_form(&text[start + 1..]).map_or(text.len(), |next| start + 1 + next);
        let form = &text[start..end];
        let defined = form.strip_prefix("(define ")?;
        let (signature, has_cases) = match defined.strip_prefix('(') {
            Some(signature) => (signature, false),
            None if form.contains("\n  (case-lambda") => (defined, true),
            None => return None,
        };
        let name = &signature[..signature.find(is_delimiter)?];
        if name.is_empty() || form.contains(":test") {
            return None;
        }
        let name = self.machine.symbols.intern(name);
        let library = self.library.clone();
        let cell = library.define(name, &mut self.expansion());
        let cell = cell.unwrap_or_else(|error| panic!("loading has no limits: {error:?}"));
        let number = self.deferred.len();
        self.deferred.push(Deferred { source, start });
        let place = self.code.words.len();
        let word = wide(Op::Deferred, 0, number as u32);
        self.code.push(word, 0, Span::NONE);
        self.machine.procedure_names.push((place as u32, name));
        let place = Value::fixnum(place as i64);
        let fields = [place, Value::FALSE];
        let fields = &fields[..1 + usize::from(has_cases)];
        let procedure = self.machine.heap.object(Kind::Closure, 0, fields);
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
        let has_cases = self.machine.heap.length(procedure) > 1;
        let temporary = self.machine.temporaries.len();
        self.machine.temporaries.push(procedure);
        let accounts = self.machine.begin_library_work();
        let top = self.compile_definition(self.deferred[index(word)]);
        if has_cases {
            let room = self.machine.ensure(CASES_WORDS_MAX);
            assert_eq!(room, Ok(()), "the library's work has no limits");
        }
        let made = self.made_by(top, has_cases);
        self.machine.end_library_work(accounts);
        let procedure = self.machine.temporaries[temporary];
        self.machine.temporaries.truncate(temporary);
        let heap = &mut self.machine.heap;
        if has_cases {
            self.code.words[place] = wide(Op::Forward, 0, 0);
            heap.set_field(procedure, 1, made);
        } else {
            heap.set_field(procedure, 0, made);
        }
    }

    /// Compiles every procedure of the library now.
    pub fn compile_library(&mut self) {
        let cells: Vec<GlobalId> = self.library_names.keys().copied().collect();
        for cell in cells {
            self.compile_deferred(self.machine.global_value(cell));
        }
    }

    /// Compiles a definition; gives the place of the code that would define its procedure.
    fn compile_definition(&mut self, definition: Deferred) -> usize {
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
        match self.compile(unit) {
            Ok(entry) => entry as usize,
            Err(fault) => panic!("a definition of the library cannot be compiled: {fault:?}"),
        }
    }

    /// What the code of a definition makes: the place where its procedure's code begins, or the procedure itself if it is one with cases, for which
    /// there is room. That code makes the closure of each case, which captures nothing, and then the one that captures these.
    fn made_by(&mut self, top: usize, has_cases: bool) -> Value {
        let words = &self.code.words;
        let mut cases = BTreeMap::new();
        let mut at = top + Op::words(words[top]);
        loop {
            let word = words[at];
            match Op::of(word) {
                Op::Jump => {
                    at = words[at + 1] as usize;
                    continue;
                }
                Op::MakeClosure if b(word) > 0 => {
                    let captured = (0..b(word)).map(|place| {
                        let operand = words[at + 2 + place / 4] >> (place % 4 * 16);
                        cases[&(operand as u16 as usize)]
                    });
                    let entry = Value::fixnum(words[at + 1] as i64);
                    let fields: Vec<Value> = std::iter::once(entry).chain(captured).collect();
                    return self.machine.heap.object(Kind::Closure, 0, &fields);
                }
                Op::MakeClosure => {
                    let entry = Value::fixnum(words[at + 1] as i64);
                    if !has_cases {
                        return entry;
                    }
                    let case = self.machine.heap.object(Kind::Closure, 0, &[entry]);
                    cases.insert(a(word), case);
                }
                other => panic!("a definition of the library cannot be deferred: {other:?}"),
            }
            at += Op::words(word);
        }
    }

    /// The world as the expander sees it, for work that is nobody's.
    fn expansion(&mut self) -> Expansion<'_> {
        Expansion {
            machine: &mut self.machine,
            known_builtins: &mut self.known_builtins,
            internals: &self.internals,
            origins: &mut self.origins,
            library: &self.library,
            libraries: &self.libraries,
            own_libraries: String::new(),
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
