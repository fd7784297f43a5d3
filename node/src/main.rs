#![forbid(unsafe_code)]
// All output goes through `output`.
#![deny(clippy::print_stdout, clippy::print_stderr)]
//! The program `logos`: command line, prompt, and the host that joins the language with the node.
//! What they do can be done from Logos.

mod cli;
mod evaluator;
mod host;
mod layout;
mod output;
mod repl;

use std::process::ExitCode;

fn main() -> ExitCode {
    cli::start()
}
