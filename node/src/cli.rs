//! The command line: what may be asked of the program, and the exit statuses it answers with.
//! Values go to standard output, everything else to standard error.

mod attach;
pub(crate) mod doc;
mod fmt;
mod jobs;
mod key;
mod options;
mod peers;
mod run;
mod serve;
mod style;
mod submit;
mod test;

pub use options::Options;
pub use run::host_with;
pub use style::Style;

use std::ffi::OsString;
use std::path::PathBuf;
use std::process::ExitCode;

use clap::{Parser, Subcommand};

use crate::output;

/// All went well.
pub const DONE: u8 = 0;
/// The program raised an error.
pub const ERROR: u8 = 1;
/// Wrong use, or a file that cannot be read.
pub const WRONG_USE: u8 = 2;
/// The fuel of the whole evaluation ran out.
pub const FUEL_OUT: u8 = 3;
/// The memory of the whole evaluation ran out.
pub const MEMORY_OUT: u8 = 4;
/// No peers were reachable, or they did not agree.
pub const NO_AGREEMENT: u8 = 5;
/// Stopped by Ctrl-C.
pub const INTERRUPTED: u8 = 130;

/// A Lisp in which asking the network is as ordinary as calling a function.
///
/// Without a file or a command: the prompt.
#[derive(Debug, Parser)]
#[command(name = "logos", version, disable_help_subcommand = true)]
#[command(subcommand_negates_reqs = true)]
struct Arguments {
    #[command(flatten)]
    options: Options,
    /// Evaluate the forms in EXPR and print the last value (repeatable; one world)
    #[arg(short, value_name = "EXPR", allow_hyphen_values = true)]
    expression: Vec<String>,
    /// The script to run, `-` for standard input, and its arguments
    #[arg(value_name = "FILE", trailing_var_arg = true)]
    script: Vec<OsString>,
    #[command(subcommand)]
    command: Option<Command>,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Run a script (the same as `logos FILE`)
    Run {
        /// The script, `-` for standard input, and its arguments
        #[arg(value_name = "FILE", required = true, trailing_var_arg = true)]
        script: Vec<OsString>,
    },
    /// Run the `:test` clauses of every definition, and `*-test.logos` files
    Test {
        /// Files and folders; the present folder if there are none
        paths: Vec<PathBuf>,
    },
    /// Run a node without a prompt, until SIGTERM or SIGINT
    Node,
    /// Send a computation to peers and print the value they agree on
    Submit(submit::Submission),
    /// Draw the routing table of this node
    Peers,
    /// List what this node has asked peers to compute
    Jobs,
    /// Tell all about one such job: votes, receipts, why
    Job {
        /// Its name, or the hex digits that only its name begins with
        #[arg(value_name = "ID")]
        id: String,
    },
    /// A prompt that uses the node which another program runs on the data folder
    Attach,
    /// Show, make, write or read the key of this node
    Key {
        #[command(subcommand)]
        action: Option<key::Action>,
    },
    /// Write sources in their one canonical layout
    Fmt {
        /// Change nothing: name the files that would change, and exit with 1 if there are any
        #[arg(long)]
        check: bool,
        /// Files and folders; `-` is standard input
        #[arg(value_name = "PATH", required = true)]
        paths: Vec<PathBuf>,
    },
    /// Show the documentation of a name, or the index
    Doc {
        /// The whole reference, of every name
        #[arg(long, conflicts_with = "name")]
        all: bool,
        /// The name
        #[arg(allow_hyphen_values = true)]
        name: Option<String>,
    },
}

/// Does what the command line asks for.
pub fn start() -> ExitCode {
    let arguments = match Arguments::try_parse() {
        Ok(arguments) => arguments,
        Err(error) => {
            let printed = error.print();
            if error.use_stderr() {
                return ExitCode::from(WRONG_USE);
            }
            output::or_end(printed);
            output::flush();
            return ExitCode::from(DONE);
        }
    };
    let options = arguments.options;
    if let Err(message) = options.check() {
        return wrong_use(&message);
    }
    if arguments.command.is_some() && !arguments.expression.is_empty() {
        return wrong_use("`-e` and a command do not go together");
    }
    options.start_logging();
    match arguments.command {
        Some(Command::Run { script }) => run::script(&options, &script),
        Some(Command::Test { paths }) => test::run(&options, &paths),
        Some(Command::Node) => serve::run(&options),
        Some(Command::Submit(submission)) => submit::run(&options, &submission),
        Some(Command::Peers) => peers::run(&options),
        Some(Command::Jobs) => jobs::list(&options),
        Some(Command::Job { id }) => jobs::one(&options, &id),
        Some(Command::Attach) => attach::run(&options),
        Some(Command::Key { action }) => key::run(&options, action.unwrap_or(key::Action::Show)),
        Some(Command::Fmt { check, paths }) => fmt::run(&options, check, &paths),
        Some(Command::Doc { all, name }) => doc::run(&options, name.as_deref(), all),
        None if !arguments.expression.is_empty() => {
            if let Some(file) = arguments.script.first() {
                let file = file.to_string_lossy();
                return wrong_use(&format!("`-e` and the script {file} do not go together"));
            }
            run::expressions(&options, &arguments.expression)
        }
        None if !arguments.script.is_empty() => run::script(&options, &arguments.script),
        None => run::prompt(&options),
    }
}

/// Says what is wrong with the way the program was called.
pub fn wrong_use(message: &str) -> ExitCode {
    output::complain(message);
    ExitCode::from(WRONG_USE)
}
