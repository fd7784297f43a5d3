//! `logos jobs` and `logos job`: what this node has asked for. What they print, they are told by
//! a program in Logos.

use std::process::ExitCode;

use super::{Options, run, wrong_use};
use crate::host::Ending;
use crate::output;

/// The program that does it.
const PROGRAM: &str = include_str!("jobs.logos");

/// Runs `logos jobs`.
pub fn list(options: &Options) -> ExitCode {
    if options.json {
        return run::expressions(options, &["(jobs)".into()]);
    }
    tell(options, "(list-jobs)")
}

/// Runs `logos job`: one that begins with these hex digits.
pub fn one(options: &Options, beginning: &str) -> ExitCode {
    let beginning = beginning.to_ascii_lowercase();
    if beginning.is_empty() || !beginning.bytes().all(|byte| byte.is_ascii_hexdigit()) {
        return wrong_use("a job's name, or its beginning, is written in hex digits");
    }
    let question = if options.json { "find-job" } else { "tell-job" };
    tell(options, &format!("({question} \"{beginning}\")"))
}

fn tell(options: &Options, question: &str) -> ExitCode {
    let mut host = match run::host(options, Vec::new()) {
        Ok(host) => host,
        Err(status) => return status,
    };
    let text = format!("{PROGRAM}\n{question}");
    let report = host.evaluate("jobs", &text, options.bounds());
    host.close();
    ExitCode::from(match &report.ending {
        _ if options.json => run::show(options, &report),
        // Where in our own program it happened tells nobody anything.
        Ending::Failed(failure) => {
            output::complain(run::sentence(failure));
            run::status_of(failure)
        }
        ending => run::ended(options, ending),
    })
}
