//! Files inside an evaluation: `include` puts their forms where it stands, `import` of a path makes a library of what they define. So does
//! `import` of a library that nobody has defined, if there is a file of its name: `shapes/round.logos` for `(shapes round)`.
//!
//! The texts are asked for by the library's `%file-texts`, called in a frame above the evaluation's (see [`stubs::FILES`]); a path is
//! relative to the file whose text is being evaluated. A file that is imported is an evaluation of its own, in a frame above its
//! importer's; when it ends, the importer asks for its library again and finds it.

use super::control::{apply, push_stub};
use super::distant::{Distant, Rights};
use super::evaluation::{Evaluation, Turn, affordable, reading_fuel};
use super::{Fault, Profile, Status, Vm, dispatch, stubs};
use crate::builtins::{nearest, nearest_fuel};
use crate::expand::{Environment, Library, standard_names};
use crate::reader::{Meter, Reader};
use crate::syntax::{Datum, SourceId, Span, Syntax};
use crate::value::Value;
use std::collections::BTreeSet;
use std::rc::Rc;

/// What the texts are for that an evaluation waits for.
#[derive(Debug)]
pub(super) enum Wanted {
    /// Their forms; each file is where the first of its paths says that leads to one.
    Forms {
        paths: Vec<Vec<String>>,
        fold_case: bool,
        span: Span,
    },
    /// What the file of this path defines.
    Library(String),
    /// What the first of these files defines, which is the library of this name.
    Named {
        name: String,
        paths: Vec<String>,
        span: Span,
    },
    /// Whether there is one of these files, which could be the library of this name.
    Existence { name: String, paths: Vec<String> },
    /// A library from the network.
    Distant(Distant),
}

impl Wanted {
    fn paths(&self) -> Vec<String> {
        match self {
            Wanted::Forms { paths, .. } => paths.concat(),
            Wanted::Named { paths, .. } | Wanted::Existence { paths, .. } => paths.clone(),
            Wanted::Library(path) => vec![path.clone()],
            Wanted::Distant(it) => vec![it.owner.clone(), it.name.clone(), it.lock.clone()],
        }
    }
}

/// How the names of files end in which libraries are looked for.
const EXTENSIONS: [&str; 2] = ["logos", "sld"];

impl Vm {
    /// The path of a file that the text of an evaluation names.
    pub(super) fn path_beside(&self, number: u64, name: &str) -> String {
        // A form given to `eval` has no text of its own: the program's counts.
        let own = self.evaluations.get(&number).and_then(|it| it.source);
        let program = || {
            let mut all = self.evaluations.values();
            all.find_map(|it| it.source.filter(|_| it.import.is_none()))
        };
        let source = own.or_else(program);
        let Some(source) = source.filter(|_| !name.starts_with('/')) else {
            return plain_path(name);
        };
        self.path_beside_source(source, name)
    }

    fn path_beside_source(&self, source: SourceId, name: &str) -> String {
        let beside = &self.machine.sources.source(source).name;
        match beside.rsplit_once('/') {
            Some((folder, _)) if !name.starts_with('/') => plain_path(&format!("{folder}/{name}")),
            _ => plain_path(name),
        }
    }

    /// Where the files may be that an `include` at `span` names: beside the file in which it is written, then beside the evaluation's.
    pub(super) fn included_paths(
        &self,
        number: u64,
        names: &[Rc<str>],
        span: Span,
    ) -> Vec<Vec<String>> {
        let places = names.iter().map(|name| {
            let around = self.path_beside(number, name);
            if span.is_none() {
                return vec![around];
            }
            let own = self.path_beside_source(span.source, name);
            if own == around {
                vec![own]
            } else {
                vec![own, around]
            }
        });
        places.collect()
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
        self.refuse_circle(number, &path, span)?;
        self.ask_for_files(number, Wanted::Library(path))
    }

    /// Has the file imported that is called like a library; parts of the name are folders.
    pub(super) fn import_named(
        &mut self,
        number: u64,
        name: String,
        span: Span,
    ) -> Result<(), Fault> {
        let paths = self.paths_of(number, &name);
        if self.machine.profile() < Profile::Local || self.rights(number).is_some() {
            return Err(self.no_library(&name, &paths, span));
        }
        self.ask_for_files(number, Wanted::Named { name, paths, span })
    }

    /// The files where the library of this name could be.
    fn paths_of(&self, number: u64, name: &str) -> Vec<String> {
        let file = name.replace(' ', "/");
        let files = EXTENSIONS.map(|end| format!("{file}.{end}"));
        let beside = |number| files.iter().map(move |file| self.path_beside(number, file));
        let mut paths: Vec<String> = beside(number).collect();
        // Then where the libraries around were looked for, and beside the program.
        let mut around = number;
        while let Some(import) = self.import_of(around) {
            if let Some(root) = import.root() {
                paths.extend(files.iter().map(|file| format!("{root}{file}")));
            }
            around = import.importer;
        }
        paths.extend(beside(around));
        let mut seen = BTreeSet::new();
        paths.retain(|path| seen.insert(path.clone()));
        paths
    }

    fn import_of(&self, number: u64) -> Option<&Import> {
        self.evaluations.get(&number)?.import.as_ref()
    }

    /// Has it found out whether there is a file for the library of this name.
    pub(super) fn find_library(&mut self, number: u64, name: String) -> Result<Turn, Fault> {
        let paths = self.paths_of(number, &name);
        self.ask_for_files(number, Wanted::Existence { name, paths })?;
        Ok(Turn::Run)
    }

    fn no_library(&mut self, name: &str, paths: &[String], span: Span) -> Fault {
        let mut message = format!(
            "there is no library ({name}), nor a file {}",
            paths.join(" or ")
        );
        let mut known: Vec<&str> = standard_names().collect();
        let others = self.libraries.keys().map(|name| &**name);
        known.extend(others.filter(|name| !name.starts_with('"')));
        if let Err(fault) = self.machine.charge(nearest_fuel(name, known.len())) {
            return fault;
        }
        if let Some(near) = nearest(name, known.into_iter()) {
            message.push_str(&format!("; did you mean ({near})?"));
        }
        self.syntax_fault(":not-found", &message, span)
    }

    pub(super) fn refuse_circle(
        &mut self,
        number: u64,
        path: &str,
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
        Ok(())
    }

    /// Has the texts of files fetched for an evaluation, whose frame is at `fp`.
    pub(super) fn ask_for_files(&mut self, number: u64, wanted: Wanted) -> Result<(), Fault> {
        let is_distant = matches!(wanted, Wanted::Distant(_));
        if self.rights(number).is_some() && !is_distant {
            let message = "a library from the network cannot use files as its parts";
            return Err(self.machine.error(":not-allowed", message, &[]));
        }
        let (asks, needs, procedure) = match &wanted {
            Wanted::Forms { .. } => ("include", Profile::Local, self.places.included_files),
            Wanted::Library(_) => ("import", Profile::Local, self.places.file_texts),
            Wanted::Named { .. } => ("import", Profile::Local, self.places.first_file),
            Wanted::Existence { .. } => ("cond-expand", Profile::Local, self.places.first_path),
            Wanted::Distant(_) => ("import", Profile::Node, self.places.distant_library),
        };
        let m = &mut self.machine;
        if m.profile() < needs {
            return Err(crate::builtins::profile_lacks(m, asks, needs));
        }
        let list = match &wanted {
            Wanted::Forms { paths, .. } => {
                let mut files = Value::NIL;
                for places in paths.iter().rev() {
                    m.temporaries.push(files);
                    let places = list_of(m, places);
                    files = m.temporaries.pop().unwrap_or(Value::NIL);
                    files = m.cons(places?, files)?;
                }
                files
            }
            wanted => list_of(m, &wanted.paths())?,
        };
        if let Some(evaluation) = self.evaluations.get_mut(&number) {
            evaluation.wanted = Some(wanted);
        }
        let m = &mut self.machine;
        begin_frame_above(m);
        push_stub(m, stubs::FILES, &[Value::fixnum(number as i64)]);
        let procedure = m.globals[procedure];
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
                fold_case, span, ..
            }) => self.include(number, &texts, fold_case, span),
            Some(Wanted::Library(path)) => {
                let begun = self.begin_import(number, path, &texts, None, None);
                return self.enter_import(begun);
            }
            Some(Wanted::Named { name, paths, span }) => match texts.split_first() {
                Some((path, texts)) => match self.refuse_circle(number, path, span) {
                    Ok(()) => {
                        let begun =
                            self.begin_import(number, path.clone(), texts, Some(name), None);
                        return self.enter_import(begun);
                    }
                    Err(fault) => Err(fault),
                },
                None => Err(self.no_library(&name, &paths, span)),
            },
            Some(Wanted::Existence { name, .. }) => {
                let is_there = !texts.is_empty();
                self.with_expander(number, |expander, _| expander.resume_found(name, is_there));
                Ok(())
            }
            Some(Wanted::Distant(distant)) => {
                let (key, rights) = (distant.key(), self.rights_of(distant));
                let begun = self.begin_import(number, key, &texts, None, Some(rights));
                return self.enter_import(begun);
            }
            None => Ok(()),
        };
        match done {
            Ok(()) => self.advance(number, last),
            Err(fault) => {
                self.forget_evaluation(number);
                self.fault(fault)
            }
        }
    }

    /// The forms of all files go where `include` stands: the path and the text of each.
    fn include(
        &mut self,
        number: u64,
        files: &[String],
        fold_case: bool,
        span: Span,
    ) -> Result<(), Fault> {
        let mut forms = Vec::new();
        for file in files.chunks_exact(2) {
            let [path, text] = file else { continue };
            self.machine.take_external(text.len() / 8)?;
            let source = self.machine.sources.add(path, text);
            let fuel_left = self.machine.fuel_left_paid()?;
            let text = affordable(text, 0, fuel_left);
            let limits = Meter {
                bytes: self.machine.memory_left(),
                nodes: fuel_left,
                work: fuel_left,
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
            let passed = reader.position();
            self.machine.charge(reading_fuel(passed, made))?;
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

    fn enter_import(&mut self, begun: Result<u64, Fault>) -> Option<Status> {
        match begun {
            Ok(inner) => self.advance(inner, Value::VOID),
            Err(fault) => self.fault(fault),
        }
    }

    /// Begins to evaluate a file in a world of its own, in a frame above its importer's.
    fn begin_import(
        &mut self,
        importer: u64,
        path: String,
        texts: &[String],
        name: Option<String>,
        rights: Option<Rights>,
    ) -> Result<u64, Fault> {
        let text = texts.first().map_or("", |text| text);
        self.machine.take_external(text.len() / 8)?;
        let source = self.machine.sources.add(&path, text);
        let library = rights
            .as_ref()
            .map_or(&self.library, |rights| &rights.names);
        let mut evaluation = Evaluation::new(Environment::on(library), Some(source), None);
        evaluation.whole_program = true;
        evaluation.import = Some(Import {
            path,
            name,
            importer,
            rights,
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
        if let Some(name) = import.name {
            self.libraries.entry(name).or_insert(library.clone());
        }
        self.libraries.insert(key(&import.path), library);
    }
}

/// That an evaluation is that of an imported file.
#[derive(Debug)]
pub(super) struct Import {
    /// The file's path.
    path: String,
    /// The name of the library that it was looked for as.
    name: Option<String>,
    /// The evaluation that imports it.
    importer: u64,
    /// What it may use, if it is from the network.
    pub(super) rights: Option<Rights>,
    /// The last library that the file defined.
    pub(super) defined: Option<Rc<Library>>,
}

impl Import {
    /// The folder in which a library was found by its name, whose parts are folders.
    fn root(&self) -> Option<&str> {
        let file = self.name.as_ref()?.replace(' ', "/");
        let path = self.path.rsplit_once('.')?.0;
        path.strip_suffix(file.as_str())
    }
}

/// A path without the parts that lead nowhere, `.` and `a/..`, so that a file goes by one name however it is written. Looks at no file.
fn plain_path(path: &str) -> String {
    let root = if path.starts_with('/') { "/" } else { "" };
    let mut parts: Vec<&str> = Vec::new();
    for part in path.split('/') {
        match (part, parts.last()) {
            ("" | ".", _) => {}
            ("..", Some(&last)) if last != ".." => {
                parts.pop();
            }
            ("..", None) if !root.is_empty() => {}
            (part, _) => parts.push(part),
        }
    }
    format!("{root}{}", parts.join("/"))
}

/// What a file's library is kept under: no library's name looks like this.
fn key(path: &str) -> String {
    format!("\"{path}\"")
}

/// A new list of strings.
fn list_of(m: &mut super::Machine, texts: &[String]) -> super::Outcome {
    let mut list = Value::NIL;
    for text in texts.iter().rev() {
        m.temporaries.push(list);
        let text = m.string(text);
        list = m.temporaries.pop().unwrap_or(Value::NIL);
        list = m.cons(text?, list)?;
    }
    Ok(list)
}

/// Begins a frame above that of an evaluation, to which it returns.
fn begin_frame_above(m: &mut super::Machine) {
    let delta = m.top - m.fp;
    m.fp = m.top;
    m.stack[m.fp] = Value::FALSE.0;
    m.stack[m.fp + 1] = dispatch::link(stubs::UNIT, delta);
}
