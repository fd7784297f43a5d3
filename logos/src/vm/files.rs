//! Files inside an evaluation: `include` puts their forms where it stands, `import` of a path makes a library of what they define.
//!
//! The texts are asked for by the library's `%file-texts`, called in a frame above the evaluation's (see [`stubs::FILES`]); a path is
//! relative to the file whose text is being evaluated. A file that is imported is an evaluation of its own, in a frame above its
//! importer's; when it ends, the importer asks for its library again and finds it.

use super::control::{apply, push_stub};
use super::evaluation::Evaluation;
use super::{Fault, Status, Vm, dispatch, stubs};
use crate::expand::{Environment, Library};
use crate::reader::{Meter, Reader};
use crate::syntax::{Datum, Span, Syntax};
use crate::value::Value;
use std::rc::Rc;

/// What the texts are for that an evaluation waits for.
#[derive(Debug)]
pub(super) enum Wanted {
    /// Their forms.
    Forms {
        paths: Vec<String>,
        fold_case: bool,
        span: Span,
    },
    /// What the file of this path defines.
    Library(String),
}

impl Vm {
    /// The path of a file that the text of an evaluation names.
    pub(super) fn path_beside(&self, number: u64, name: &str) -> String {
        let source = self.evaluations.get(&number).and_then(|it| it.source);
        let Some(source) = source.filter(|_| !name.starts_with('/')) else {
            return name.to_string();
        };
        let beside = &self.machine.sources.source(source).name;
        match beside.rsplit_once('/') {
            Some((folder, _)) => format!("{folder}/{name}"),
            None => name.to_string(),
        }
    }

    /// The library that the file of this path is, if it has been imported.
    pub(super) fn file_library(&self, path: &str) -> Option<Rc<Library>> {
        self.libraries.get(&key(path)).cloned()
    }

    /// Has the file of this path imported.
    pub(super) fn import_file(
        &mut self,
        number: u64,
        path: String,
        span: Span,
    ) -> Result<(), Fault> {
        let mut around = Some(number);
        while let Some(evaluation) = around.and_then(|number| self.evaluations.get(&number)) {
            let importing = evaluation.import.as_ref();
            if importing.is_some_and(|import| import.path == path) {
                let message = format!("{path} is being imported already: it imports itself");
                return Err(self.syntax_fault(":bad-syntax", &message, span));
            }
            around = importing.map(|import| import.importer);
        }
        self.ask_for_files(number, Wanted::Library(path))
    }

    /// Has the texts of files fetched for an evaluation, whose frame is at `fp`.
    pub(super) fn ask_for_files(&mut self, number: u64, wanted: Wanted) -> Result<(), Fault> {
        let paths = match &wanted {
            Wanted::Forms { paths, .. } => paths.clone(),
            Wanted::Library(path) => vec![path.clone()],
        };
        let m = &mut self.machine;
        let mut list = Value::NIL;
        for path in paths.iter().rev() {
            m.temporaries.push(list);
            let path = m.string(path);
            list = m.temporaries.pop().unwrap_or(Value::NIL);
            list = m.rooted(&[path?, list], 2, |m, held| m.heap.cons(held[0], held[1]))?;
        }
        if let Some(evaluation) = self.evaluations.get_mut(&number) {
            evaluation.wanted = Some(wanted);
        }
        let m = &mut self.machine;
        begin_frame_above(m);
        push_stub(m, stubs::FILES, &[Value::fixnum(number as i64)]);
        let procedure = m.globals[self.places.file_texts];
        let next = apply(m, procedure, &[list]);
        self.begin_call(next);
        Ok(())
    }

    /// The texts are there: see [`stubs::FILES`].
    pub(super) fn files_returned(&mut self) -> Option<Status> {
        let m = &mut self.machine;
        let number = Value(m.stack[m.fp + 2]).fixnum_value() as u64;
        let mut list = Value(m.stack[m.fp + 3]);
        let mut texts = Vec::new();
        while list.is_pair() {
            texts.push(m.heap.string_text(m.heap.car(list)));
            list = m.heap.cdr(list);
        }
        // Back to the evaluation's frame, below.
        m.fp -= dispatch::link_delta(m.stack[m.fp + 1]);
        m.top = m.fp + 5;
        let last = Value(m.stack[m.fp + 4]);
        let wanted = self
            .evaluations
            .get_mut(&number)
            .and_then(|it| it.wanted.take());
        let done = match wanted {
            Some(Wanted::Forms {
                paths,
                fold_case,
                span,
            }) => self.include(number, &paths, &texts, fold_case, span),
            Some(Wanted::Library(path)) => {
                return match self.begin_import(number, path, &texts) {
                    Ok(inner) => self.advance(inner, Value::VOID),
                    Err(fault) => self.fault(fault),
                };
            }
            None => Ok(()),
        };
        match done {
            Ok(()) => self.advance(number, last),
            Err(fault) => {
                self.evaluations.remove(&number);
                self.fault(fault)
            }
        }
    }

    /// The forms of all files go where `include` stands.
    fn include(
        &mut self,
        number: u64,
        paths: &[String],
        texts: &[String],
        fold_case: bool,
        span: Span,
    ) -> Result<(), Fault> {
        let mut forms = Vec::new();
        for (path, text) in paths.iter().zip(texts) {
            self.machine.take_external(text.len() / 8)?;
            let source = self.machine.sources.add(path, text);
            let limits = Meter {
                bytes: self.machine.memory_left(),
                ..Meter::UNLIMITED
            };
            let mut reader = Reader::new(text, source, &mut self.machine.symbols)
                .with_fold_case(fold_case)
                .with_limits(limits);
            let read = loop {
                match reader.next() {
                    Ok(Some(form)) => forms.push(form),
                    Ok(None) => break Ok(()),
                    Err(error) => break Err(error),
                }
            };
            let made = reader.made();
            self.machine.charge(made.nodes)?;
            let words = usize::try_from(made.bytes / 8).unwrap_or(usize::MAX / 16);
            self.machine.take_external(words)?;
            if let Some(evaluation) = self.evaluations.get_mut(&number) {
                evaluation.taken += words;
            }
            read.map_err(|error| self.read_fault(error))?;
        }
        let forms = Syntax::new(Datum::List(forms.into(), None), span);
        self.resume_expander(number, forms)
    }

    /// Begins to evaluate a file in a world of its own, in a frame above its importer's.
    fn begin_import(
        &mut self,
        importer: u64,
        path: String,
        texts: &[String],
    ) -> Result<u64, Fault> {
        let text = texts.first().map_or("", |text| text);
        self.machine.take_external(text.len() / 8)?;
        let source = self.machine.sources.add(&path, text);
        let mut evaluation = Evaluation::new(Environment::on(&self.library), Some(source), None);
        evaluation.whole_program = true;
        evaluation.import = Some(Import {
            path,
            importer,
            defined: None,
        });
        let number = self.add_evaluation(evaluation);
        let m = &mut self.machine;
        begin_frame_above(m);
        m.stack[m.fp + 2] = Value::fixnum(number as i64).0;
        m.stack[m.fp + 3] = Value::fixnum(0).0;
        m.stack[m.fp + 4] = Value::VOID.0;
        m.top = m.fp + 5;
        Ok(number)
    }

    /// A file's evaluation has ended: what it defines is its library, or what the one library is that it defines.
    pub(super) fn end_import(&mut self, import: Import, environment: &Rc<Environment>) {
        let library = match import.defined {
            Some(library) if environment.own_names().is_empty() => library,
            _ => Rc::new(Library::of_file(environment.clone())),
        };
        self.libraries.insert(key(&import.path), library);
    }
}

/// That an evaluation is that of an imported file.
#[derive(Debug)]
pub(super) struct Import {
    /// The file's path.
    path: String,
    /// The evaluation that imports it.
    importer: u64,
    /// The last library that the file defined.
    pub(super) defined: Option<Rc<Library>>,
}

/// What a file's library is kept under: no library's name looks like this.
fn key(path: &str) -> String {
    format!("\"{path}\"")
}

/// Begins a frame above that of an evaluation, to which it returns.
fn begin_frame_above(m: &mut super::Machine) {
    let delta = m.top - m.fp;
    m.fp = m.top;
    m.stack[m.fp] = Value::FALSE.0;
    m.stack[m.fp + 1] = dispatch::link(stubs::UNIT, delta);
}
