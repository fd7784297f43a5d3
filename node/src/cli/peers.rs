//! `logos peers`: the routing table of the node on the data folder, as a picture.

use std::process::ExitCode;

use super::{Options, run};

/// Runs it.
pub fn run(options: &Options) -> ExitCode {
    let question = match options.json {
        true => "(routing-table)",
        false => "(display (routing-picture))",
    };
    run::expressions(options, &[question.into()])
}
