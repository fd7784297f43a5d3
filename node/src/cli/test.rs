//! `logos test`: runs the `:test` clauses of every definition, and `*-test.logos` files.

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use super::run::{self, host};
use super::{DONE, ERROR, Options, wrong_use};
use crate::host::{Ending, Host};
use crate::output;

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
                let (good, bad) = check_all(options, &mut host, &name);
                passed += good;
                failed += bad;
            }
        }
        host.close();
    }
    output::line(format_args!("{passed} passed, {failed} failed"));
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

/// Checks all that a text defines with tests; how many tests passed and failed.
fn check_all(options: &Options, host: &mut Host, file: &str) -> (usize, usize) {
    let text = format!("\"{}\"", file.replace('\\', "\\\\").replace('"', "\\\""));
    let tested = format!("(%tested {text})");
    let mut number = |text: &str| match host.evaluate("test", text, options.bounds()).ending {
        Ending::Value(Some(text)) => numbers(&text),
        Ending::Failed(failure) => {
            run::tell(options, &failure);
            Some((0, 1))
        }
        _ => None,
    };
    let definitions = number(&format!("(list (length {tested}) 0)"));
    let (mut passed, mut failed) = (0, 0);
    for place in 0..definitions.unwrap_or_default().0 {
        let definition = format!("(list-ref {tested} {place})");
        let (good, bad) = number(&question(&definition)).unwrap_or_default();
        if bad > 0 {
            number(&format!(
                "(begin (display {text}) (display \": `\") (display (car {definition})) (display \"` fails\\n\"))"
            ));
        }
        passed += good;
        failed += bad;
    }
    (passed, failed)
}

/// What to evaluate to have a definition checked: gives how many tests passed, and how many failed.
fn question(definition: &str) -> String {
    format!(
        "(let ((checked (%check (cdr {definition}))))
           (for-each (lambda (failed)
                       (display \"failed: \") (write (get failed :test))
                       (if (has? failed :error)
                           (begin (display \": \") (display (get failed :error))))
                       (newline))
                     (get checked :failed))
           (list (get checked :passed) (length (get checked :failed))))"
    )
}

/// `(3 1)`.
fn numbers(text: &str) -> Option<(usize, usize)> {
    let inner = text.strip_prefix('(')?.strip_suffix(')')?;
    let (one, other) = inner.split_once(' ')?;
    Some((one.parse().ok()?, other.parse().ok()?))
}
