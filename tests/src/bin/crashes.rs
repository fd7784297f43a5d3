//! Runs the scenario of `logos_tests::crashes` at any size, prints what it showed, and ends with 1
//! if something acknowledged was lost or a fresh get gave less than was acknowledged:
//!
//! ```text
//! cargo run --release -p logos-tests --bin crashes -- --nodes 50 --items 1000 --owners 10 --readers 4 --kills 25 --require 10 --seed 1
//! ```
//!
//! Nodes run on loopback; with `--in-namespaces`, on machines made by `tests/namespaces/run`.
#![forbid(unsafe_code)]

use std::process::ExitCode;

use clap::Parser;
use logos_tests::Host;
use logos_tests::crashes::{Options, run};

#[derive(Debug, Parser)]
struct Arguments {
    /// Whom the dice favour
    #[arg(long, default_value_t = 1)]
    seed: u64,
    /// Nodes that serve
    #[arg(long, default_value_t = 50)]
    nodes: usize,
    /// Programs that put items
    #[arg(long, default_value_t = 10)]
    owners: usize,
    /// Programs that read them
    #[arg(long, default_value_t = 4)]
    readers: usize,
    /// Items, shared out among the owners
    #[arg(long, default_value_t = 1000)]
    items: usize,
    /// Nodes killed and started again
    #[arg(long, default_value_t = 25)]
    kills: usize,
    /// How many nodes must have stored an item before it counts as put
    #[arg(long, default_value_t = 10)]
    require: usize,
    /// Network namespaces to run in, each with the address to listen on
    #[arg(long, value_name = "NAME=ADDRESS", value_delimiter = ',', value_parser = namespace)]
    in_namespaces: Vec<Host>,
    /// The same, but nobody can reach those from outside
    #[arg(long, value_name = "NAME=ADDRESS", value_delimiter = ',', value_parser = namespace)]
    in_hidden_namespaces: Vec<Host>,
    /// A shell command that cuts a link
    #[arg(long, value_name = "COMMAND", requires = "heal")]
    cut: Option<String>,
    /// The shell command that heals it
    #[arg(long, value_name = "COMMAND", requires = "cut")]
    heal: Option<String>,
}

fn main() -> ExitCode {
    let arguments = Arguments::parse();
    let mut hosts = arguments.in_namespaces;
    if hosts.is_empty() {
        hosts.push(Host::default());
    }
    let hide = |host| Host {
        is_hidden: true,
        ..host
    };
    hosts.extend(arguments.in_hidden_namespaces.into_iter().map(hide));
    let options = Options {
        seed: arguments.seed,
        nodes: arguments.nodes,
        owners: arguments.owners,
        readers: arguments.readers,
        items: arguments.items,
        kills: arguments.kills.min(arguments.nodes),
        require: arguments.require,
        hosts,
        cut: arguments.cut.zip(arguments.heal),
    };
    let report = run(&options);
    print!("{report}");
    match report.violations.is_empty() {
        true => ExitCode::SUCCESS,
        false => ExitCode::FAILURE,
    }
}

fn namespace(text: &str) -> Result<Host, String> {
    let (name, address) = text.split_once('=').ok_or("NAME=ADDRESS is needed")?;
    Ok(Host {
        enter: ["ip", "netns", "exec", name].map(String::from).into(),
        address: address.into(),
        is_hidden: false,
    })
}
