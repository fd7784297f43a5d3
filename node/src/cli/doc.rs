//! `logos doc`: what the prompt's `doc` shows.

use std::process::ExitCode;

use logos::reader::is_plain_name;

use super::{DONE, ERROR, Options, run, wrong_use};
use crate::host::Ending;

/// Runs `logos doc`.
pub fn run(options: &Options, name: Option<&str>) -> ExitCode {
    let mut host = match run::host(options, Vec::new()) {
        Ok(host) => host,
        Err(status) => return status,
    };
    let Some(name) = name else {
        for name in host.names() {
            println!("{name}");
        }
        return ExitCode::from(DONE);
    };
    if !is_plain_name(name) {
        return wrong_use(&format!("{name} is not a name"));
    }
    let question = format!(
        "(let ((text (doc {name}))) (display (if text text \"There is no documentation of it.\")) (newline))"
    );
    let report = host.evaluate("doc", &question, options.bounds());
    match report.ending {
        Ending::Failed(failure) => {
            eprintln!("logos: {}", failure.condition.message);
            ExitCode::from(ERROR)
        }
        _ => ExitCode::from(DONE),
    }
}
