//! `logos attach`: a prompt that uses the node of a running program.
//!
//! What is typed is evaluated here, and only what it asks of the network goes to the node: a
//! runaway evaluation can be stopped with its terminal and costs the node nothing, files and
//! imports are those of the folder one stands in, and the node is the same before and after. What
//! differs from a prompt on the same folder is that this one never runs a node itself.

use std::io::IsTerminal as _;
use std::process::ExitCode;

use super::{ERROR, Options, WRONG_USE, run, wrong_use};
use crate::host::is_reachable;
use crate::output;
use crate::repl;

/// Runs `logos attach`.
pub fn run(options: &Options) -> ExitCode {
    for (given, option) in [
        (options.swarm.is_some(), "--swarm"),
        (options.offline, "--offline"),
        (options.pure, "--pure"),
        (options.listen.is_some(), "--listen"),
        (options.lan, "--lan"),
    ] {
        if given {
            return wrong_use(&format!("`{option}` makes no sense with `attach`"));
        }
    }
    let network = options.attached_network();
    match is_reachable(&network) {
        Ok(Ok(())) if std::io::stdin().is_terminal() => repl::run(options, network),
        Ok(Ok(())) => run::standard_input(options, network),
        Ok(Err(message)) => {
            output::complain(message);
            ExitCode::from(WRONG_USE)
        }
        Err(error) => {
            output::complain(error);
            ExitCode::from(ERROR)
        }
    }
}
