//! `logos test`: runs the `:test` clauses of every definition, and `*-test.logos` files.

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use super::run::{self, host};
use super::{DONE, ERROR, FUEL_OUT, INTERRUPTED, MEMORY_OUT, Options, wrong_use};
use crate::host::{Ending, Failure, Host};
use crate::output;

/// Most files that are looked at.
const FILES_MAX: usize = 10_000;
/// How the name of a source of Logos ends.
const EXTENSION: &str = "logos";

/// How the name of a file ends that is itself a test.
const TEST_ENDING: &str = "-test.logos";

/// What has been found out so far.
#[derive(Debug, Default)]
struct Tally {
    passed: usize,
    failed: usize,
    /// The status of the first limit of a whole evaluation that ran out.
    limit: Option<u8>,
}

/// Somebody pressed Ctrl-C.
struct Interrupted;

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
    let mut tally = Tally::default();
    for file in &files {
        let mut host = match host(options, Vec::new()) {
            Ok(host) => host,
            Err(status) => return status,
        };
        let tested = tally.test(options, &mut host, file);
        host.close();
        if let Err(Interrupted) = tested {
            return ExitCode::from(INTERRUPTED);
        }
    }
    let Tally { passed, failed, .. } = tally;
    output::own_line(format_args!("{passed} passed, {failed} failed"));
    let status = if failed == 0 { DONE } else { ERROR };
    ExitCode::from(tally.limit.unwrap_or(status))
}

impl Tally {
    /// Runs a file and the tests of what it defines.
    fn test(&mut self, options: &Options, host: &mut Host, file: &Path) -> Result<(), Interrupted> {
        let (name, text) = match run::read_script(file) {
            Ok(read) => read,
            Err(message) => {
                output::complain(message);
                self.failed += 1;
                return Ok(());
            }
        };
        let ending = match host.run_program(&name, &text, options.bounds()).ending {
            Ending::Value(_) => host.finish_tasks(),
            ending => ending,
        };
        if let Some(failure) = host.untold() {
            self.fail(options, &failure)?;
        }
        match ending {
            Ending::Failed(failure) => return self.fail(options, &failure),
            Ending::Pending => return Err(Interrupted),
            Ending::Left(status) if status != DONE => {
                output::complain(format_args!("{name} ended with status {status}"));
                self.failed += 1;
                return Ok(());
            }
            Ending::Left(_) | Ending::Value(_) => {}
        }
        self.passed += usize::from(name.ends_with(TEST_ENDING));
        self.check_all(options, host, &name)?;
        if let Ending::Failed(failure) = host.finish_tasks() {
            self.fail(options, &failure)?;
        }
        match host.untold() {
            Some(failure) => self.fail(options, &failure),
            None => Ok(()),
        }
    }

    fn fail(&mut self, options: &Options, failure: &Failure) -> Result<(), Interrupted> {
        self.failed += 1;
        match run::tell(options, failure) {
            INTERRUPTED => Err(Interrupted),
            status @ (FUEL_OUT | MEMORY_OUT) => {
                self.limit.get_or_insert(status);
                Ok(())
            }
            _ => Ok(()),
        }
    }

    /// Checks all that a text defines with tests.
    fn check_all(
        &mut self,
        options: &Options,
        host: &mut Host,
        file: &str,
    ) -> Result<(), Interrupted> {
        let text = format!("\"{}\"", file.replace('\\', "\\\\").replace('"', "\\\""));
        let tested = format!("(%tested {text})");
        let counted = format!("(list (length {tested}) 0)");
        let (definitions, _) = self.numbers(options, host, &counted)?;
        for place in 0..definitions {
            let definition = format!("(list-ref {tested} {place})");
            let counted = format!("(list (length (cdr {definition})) 0)");
            let (tests, _) = self.numbers(options, host, &counted)?;
            let failed_before = self.failed;
            // Each by itself, so that one that takes too much hides no other.
            for number in 0..tests {
                let test = format!("(list-ref (cdr {definition}) {number})");
                let unfinished = self.failed;
                let (passed, failed) = self.numbers(options, host, &question(&test))?;
                if self.failed > unfinished {
                    let text = format!("(display (car {test}))");
                    self.say(
                        options,
                        host,
                        &format!("(display \"failed: \") {text} (newline)"),
                    )?;
                }
                self.passed += passed;
                self.failed += failed;
            }
            if self.failed > failed_before {
                let name =
                    format!("(display {text}) (display \": `\") (display (car {definition}))");
                self.say(options, host, &format!("{name} (display \"` fails\\n\")"))?;
            }
        }
        Ok(())
    }

    /// Evaluates forms of ours that print something.
    fn say(&mut self, options: &Options, host: &mut Host, text: &str) -> Result<(), Interrupted> {
        let text = format!("(begin {text} (list 0 0))");
        self.numbers(options, host, &text).map(|_| ())
    }

    /// The two numbers that a text of ours gives; what fails is counted.
    fn numbers(
        &mut self,
        options: &Options,
        host: &mut Host,
        text: &str,
    ) -> Result<(usize, usize), Interrupted> {
        match host.evaluate("test", text, options.bounds()).ending {
            Ending::Value(value) => Ok(value.as_deref().and_then(numbers).unwrap_or_default()),
            Ending::Failed(failure) => self.fail(options, &failure).map(|()| (0, 0)),
            Ending::Left(_) => {
                output::complain("a test ended the program");
                self.failed += 1;
                Ok((0, 0))
            }
            Ending::Pending => Err(Interrupted),
        }
    }
}

/// Finds the files to test: those named, and in folders those with tests in their names.
pub fn collect(path: &Path, is_named: bool, files: &mut Vec<PathBuf>) -> Result<(), String> {
    let unreadable = |error: std::io::Error| format!("{} cannot be read: {error}", path.display());
    let mut folders = Vec::new();
    if path.is_dir() {
        folders.push(path.to_owned());
    } else if is_named {
        // `-` is standard input.
        if path != Path::new("-") {
            std::fs::metadata(path).map_err(unreadable)?;
        }
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

/// What to evaluate to have a test run: gives how many passed, and how many failed.
fn question(test: &str) -> String {
    format!(
        "(let ((checked (%check (list {test}))))
           (for-each (lambda (failed)
                       (display \"failed: \") (write (get failed :test))
                       (if (has? failed :error)
                           (let ((e (get failed :error)))
                             (display \": error \")
                             (if (error? e)
                                 (begin (display (error-kind e)) (display \": \") (display (error-object-message e))))
                             (for-each (lambda (value) (display \" \") (write value))
                                       (if (error? e) (error-object-irritants e) (list e)))))
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
