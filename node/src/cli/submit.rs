//! `logos submit`: a computation for peers. The definitions a text begins with are made here, and
//! go along as far as they are used; what follows is computed by the peers.

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use clap::Args;
use logos::reader::Reader;
use logos::symbol::Symbols;
use logos::syntax::{Datum, SourceId, Syntax};

use super::{DONE, Options, run, wrong_use};
use crate::host::Ending;
use crate::output;

/// What a form begins with that is to be done here.
const DEFINITIONS: [&str; 9] = [
    "def",
    "define",
    "define-library",
    "define-record-type",
    "define-syntax",
    "define-values",
    "defmacro",
    "import",
    "include",
];

/// What to submit, and how.
#[derive(Debug, Args)]
#[command(override_usage = "logos submit [OPTIONS] (FILE | -e EXPR)")]
pub struct Submission {
    /// The program, `-` for standard input
    #[arg(value_name = "FILE", required_unless_present = "expression")]
    file: Option<PathBuf>,
    /// The forms to compute, instead of a file
    #[arg(
        short = 'e',
        value_name = "EXPR",
        allow_hyphen_values = true,
        conflicts_with = "file"
    )]
    expression: Option<String>,
    /// Peers asked at first
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..))]
    n: Option<u32>,
    /// Equal answers needed
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..))]
    quorum: Option<u32>,
    /// How long one peer may take, in seconds
    #[arg(long, value_name = "SECONDS", value_parser = seconds)]
    timeout: Option<f64>,
    /// Ask the peers nearest to this item's key, 128 hex digits
    #[arg(long, value_name = "KEY", value_parser = key)]
    near: Option<String>,
    /// Also keep the value under this name of mine
    #[arg(long, value_name = "NAME", conflicts_with = "detach")]
    store: Option<String>,
    /// Print the job's name and end; `logos job` tells the rest
    #[arg(long)]
    detach: bool,
}

/// Runs `logos submit`; `--fuel` and `--memory` are those of the job.
pub fn run(options: &Options, submission: &Submission) -> ExitCode {
    for (given, option) in [(options.offline, "--offline"), (options.pure, "--pure")] {
        if given {
            return wrong_use(&format!("`{option}` makes no sense with `submit`"));
        }
    }
    if options.swarm.is_some() && submission.detach {
        return wrong_use("practice peers end with this program: leave `--detach` out");
    }
    let (name, text) = match (&submission.expression, &submission.file) {
        (Some(text), _) => ("-e".to_string(), text.clone()),
        (None, file) => match run::read_script(file.as_deref().unwrap_or(Path::new("-"))) {
            Ok(read) => read,
            Err(message) => return wrong_use(&message),
        },
    };
    // It has to be whole by itself before anything of ours is put around it.
    let (program, at, inserted) = match computation(&text) {
        Ok(Some(at)) => submission.program(options, &text, at),
        Ok(None) => return wrong_use("there is nothing to compute besides definitions"),
        Err(read) => (blanked(&text, read), text.len(), 0),
    };
    // What is said of fuel and memory is said of the job.
    let bounds = Options::local_bounds();
    let mut host = match run::host(options, Vec::new()) {
        Ok(host) => host,
        Err(status) => return status,
    };
    let own = (name.as_str(), text.as_str());
    let report = host.evaluate_for(own, &program, (at, inserted), bounds);
    let status = match &report.ending {
        Ending::Value(Some(text)) if submission.detach => tell_detached(options, text),
        _ => run::show(options, &report),
    };
    host.close();
    ExitCode::from(status)
}

/// Prints the name of a job in the queue: `("digits" . asked)`.
fn tell_detached(options: &Options, text: &str) -> u8 {
    let digits = text.split('"').nth(1).unwrap_or_default();
    output::line(digits);
    if !text.ends_with("#t)") && !options.quiet {
        output::error_line(
            "no node runs on this data folder: the job waits for `logos node` or a prompt",
        );
    }
    DONE
}

impl Submission {
    /// The text with what begins at `at` sent to peers: where something is put in, and how much.
    fn program(&self, options: &Options, text: &str, at: usize) -> (String, usize, usize) {
        let (definitions, computation) = text.split_at(at);
        let how = self.how(options);
        let (before, after) = match (&self.store, self.detach) {
            (_, true) => (
                format!(
                    "{HEX} (let ((queued (await (%node-request \"enqueue\" (%program (lambda () "
                ),
                format!(")) {how})))) (cons (%submit-hex (:job queued)) (:asked queued)))"),
            ),
            (Some(name), _) => (
                "(let ((value (await (remote-eval (lambda () ".into(),
                format!(
                    ") {how})))) (await (dht-put {} value)) value)",
                    literal(name)
                ),
            ),
            (None, _) => ("(remote-eval (lambda () ".into(), format!(") {how})")),
        };
        // The text may end with a comment.
        let program = format!("{definitions}{before}{computation}\n{after}");
        (program, at, before.len())
    }

    /// The options as a dict.
    fn how(&self, options: &Options) -> String {
        let mut how = String::from("{");
        let mut say = |key: &str, value: Option<String>| {
            if let Some(value) = value {
                how.push_str(&format!(" {key} {value}"));
            }
        };
        say(":n", self.n.map(|n| n.to_string()));
        say(":quorum", self.quorum.map(|n| n.to_string()));
        say(":fuel", options.fuel.map(|fuel| fuel.to_string()));
        say(":memory", options.memory.map(|bytes| bytes.to_string()));
        say(":timeout", self.timeout.map(|time| time.to_string()));
        say(":near", self.near.as_deref().map(literal));
        how.push('}');
        how
    }
}

/// A procedure for the hex digits of a bytevector.
const HEX: &str = "(define (%submit-hex bytes) \
    (let loop ((i (- (bytevector-length bytes) 1)) (digits '())) \
      (if (< i 0) (apply string-append digits) \
          (let ((byte (bytevector-u8-ref bytes i))) \
            (loop (- i 1) (cons (if (< byte 16) \"0\" \"\") \
                                (cons (number->string byte 16) digits)))))))";

/// Where the first form that is no definition begins; `None` if there is none. An error is where the first form begins that
/// cannot be read.
fn computation(text: &str) -> Result<Option<usize>, usize> {
    let mut symbols = Symbols::new();
    let mut reader = Reader::new(text, SourceId::default(), &mut symbols);
    let mut forms = Vec::new();
    loop {
        let position = reader.position();
        match reader.next() {
            Ok(Some(form)) => forms.push(form),
            Ok(None) => break,
            Err(_) => return Err(position),
        }
    }
    let is_definition = |form: &Syntax| match form.datum() {
        Datum::List(items, _) => items.first().is_some_and(|head| match head.datum() {
            Datum::Symbol(symbol) => DEFINITIONS.contains(&symbols.text(*symbol)),
            _ => false,
        }),
        _ => false,
    };
    let first = forms.iter().find(|form| !is_definition(form));
    Ok(first.map(|form| form.span().start as usize))
}

/// The text with nothing but blanks and line ends before a place.
fn blanked(text: &str, at: usize) -> String {
    let (before, after) = text.split_at(at);
    let blank = |byte| if byte == b'\n' { '\n' } else { ' ' };
    before.bytes().map(blank).chain(after.chars()).collect()
}

/// A string as Logos reads it.
fn literal(text: &str) -> String {
    let mut literal = String::from("\"");
    for c in text.chars() {
        match c {
            '"' | '\\' => literal.extend(['\\', c]),
            c if c.is_control() => literal.push_str(&format!("\\x{:x};", u32::from(c))),
            c => literal.push(c),
        }
    }
    literal.push('"');
    literal
}

fn seconds(text: &str) -> Result<f64, String> {
    let number = text.parse::<f64>().ok();
    let number = number.filter(|seconds| seconds.is_finite() && *seconds > 0.0);
    number.ok_or_else(|| "a number of seconds is needed".into())
}

fn key(text: &str) -> Result<String, String> {
    let is_key = text.len() == 128 && text.bytes().all(|byte| byte.is_ascii_hexdigit());
    if is_key {
        Ok(text.into())
    } else {
        Err("the key of an item is written in 128 hex digits".into())
    }
}

#[cfg(test)]
mod tests {
    use super::computation;

    #[test]
    fn definitions_come_before_what_is_computed() {
        let checks = [
            ("(+ 1 2)", Ok(Some(0))),
            ("(define x 1) (+ x 1) (define y 2) y", Ok(Some(13))),
            ("#!/usr/bin/env logos\n(define x 1)\n'x", Ok(Some(34))),
            ("(define x 1)", Ok(None)),
            ("", Ok(None)),
            ("(define x 1) (", Err(12)),
            ("(+ 1 2) (", Err(7)),
            ("5) {:n 1}) (display \"here\"", Err(1)),
        ];
        for (text, expected) in checks {
            assert_eq!(computation(text), expected, "{text}");
        }
    }
}
