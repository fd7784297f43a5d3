#![forbid(unsafe_code)]
//! The program `logos`: command line, prompt, and the host that joins the language with the node.
//! What they do can be done from Logos.

mod cli;
mod evaluator;
mod host;
mod layout;
mod repl;

use std::process::ExitCode;

fn main() -> ExitCode {
    cli::start()
}
