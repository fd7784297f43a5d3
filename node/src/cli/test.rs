//! `logos test`: runs the `:test` clauses of every definition, and `*-test.logos` files.

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use logos::reader::Reader;
use logos::symbol::Symbols;
use logos::syntax::{Datum, SourceId, Syntax};

use super::run::{self, host};
use super::{DONE, ERROR, Options, wrong_use};
use crate::host::{Ending, Host};

/// Most files that are looked at.
const FILES_MAX: usize = 10_000;
/// How the name of a source of Logos ends.
const EXTENSION: &str = "logos";

/// Runs `logos test`.
pub fn run(options: &Options, paths: &[PathBuf]) -> ExitCode {
    let here = [PathBuf::from(".")];
    let paths = if paths.is_empty() { &here[..] } else { paths };
    let mut files = Vec::new();
    for path in paths {
        if let Err(message) = collect(path, true, &mut files) {
            return wrong_use(&message);
        }
    }
    let (mut passed, mut failed) = (0, 0);
    for file in &files {
        let (name, text) = match run::read_script(file) {
            Ok(read) => read,
            Err(message) => return wrong_use(&message),
        };
        let mut host = match host(options, Vec::new()) {
            Ok(host) => host,
            Err(status) => return status,
        };
        match host.run_program(&name, &text, options.bounds()).ending {
            Ending::Failed(failure) => {
                run::tell(options, &failure);
                failed += 1;
            }
            _ => {
                let (good, bad) = check_all(options, &mut host, &name, &text);
                passed += good;
                failed += bad;
            }
        }
        host.close();
    }
    println!("{passed} passed, {failed} failed");
    ExitCode::from(if failed == 0 { DONE } else { ERROR })
}

/// Finds the files to test: those named, and in folders those with tests in their names.
pub fn collect(path: &Path, is_named: bool, files: &mut Vec<PathBuf>) -> Result<(), String> {
    let unreadable = |error: std::io::Error| format!("{} cannot be read: {error}", path.display());
    let mut folders = Vec::new();
    if path.is_dir() {
        folders.push(path.to_owned());
    } else if is_named {
        files.push(path.to_owned());
    }
    while let Some(folder) = folders.pop() {
        let mut entries = Vec::new();
        for entry in std::fs::read_dir(&folder).map_err(unreadable)? {
            entries.push(entry.map_err(unreadable)?.path());
        }
        entries.sort();
        for entry in entries {
            let name = entry
                .file_name()
                .unwrap_or_default()
                .to_string_lossy()
                .into_owned();
            if name.starts_with('.') || name == "target" {
                continue;
            }
            if entry.is_dir() && !entry.is_symlink() {
                folders.push(entry);
            } else if entry
                .extension()
                .is_some_and(|extension| extension == EXTENSION)
            {
                files.push(entry);
            }
        }
        if files.len() + folders.len() > FILES_MAX {
            return Err(format!("there are more than {FILES_MAX} files to test"));
        }
    }
    Ok(())
}

/// Checks every procedure that a text defines; how many tests passed and failed.
fn check_all(options: &Options, host: &mut Host, file: &str, text: &str) -> (usize, usize) {
    let (mut passed, mut failed) = (0, 0);
    for name in defined_names(text) {
        let report = host.evaluate("test", &question(&name), options.bounds());
        let counts = match report.ending {
            Ending::Value(Some(text)) => numbers(&text),
            Ending::Failed(failure) => {
                run::tell(options, &failure);
                Some((0, 1))
            }
            _ => None,
        };
        let (good, bad) = counts.unwrap_or_default();
        if bad > 0 {
            println!("{file}: `{name}` fails");
        }
        passed += good;
        failed += bad;
    }
    (passed, failed)
}

/// What to evaluate to have a procedure checked: gives how many passed, and how many failed.
fn question(name: &str) -> String {
    format!(
        "(if (procedure? {name})
             (let ((checked (check {name})))
               (for-each (lambda (failed)
                           (display \"failed: \") (write (get failed :test))
                           (if (has? failed :error)
                               (begin (display \": \") (display (get failed :error))))
                           (newline))
                         (get checked :failed))
               (list (get checked :passed) (length (get checked :failed)))))"
    )
}

/// `(3 1)`.
fn numbers(text: &str) -> Option<(usize, usize)> {
    let inner = text.strip_prefix('(')?.strip_suffix(')')?;
    let (one, other) = inner.split_once(' ')?;
    Some((one.parse().ok()?, other.parse().ok()?))
}

/// Names that the forms of a text define, each once, in the order written.
fn defined_names(text: &str) -> Vec<String> {
    let mut symbols = Symbols::new();
    let mut forms = Vec::new();
    let mut reader = Reader::new(text, SourceId::default(), &mut symbols);
    while let Ok(Some(form)) = reader.next() {
        forms.push(form);
    }
    let word = |syntax: &Syntax| match syntax.datum() {
        Datum::Symbol(symbol) => Some(symbols.text(*symbol).to_string()),
        _ => None,
    };
    let mut names = Vec::new();
    for form in &forms {
        let Datum::List(items, _) = form.datum() else {
            continue;
        };
        let [head, target, ..] = &items[..] else {
            continue;
        };
        if !matches!(word(head).as_deref(), Some("define" | "def")) {
            continue;
        }
        // `(define ((curried a) b) …)` defines `curried`.
        let mut target = target.clone();
        while let Datum::List(parts, _) = target.clone().datum() {
            match parts.first() {
                Some(first) => target = first.clone(),
                None => break,
            }
        }
        names.extend(word(&target).filter(|name| !names.contains(name)));
    }
    names
}
