//! Floods a node with every kind of request, one after the other, and tells how its owner fared:
//!
//! ```text
//! cargo build --release && cargo run --release -p logos-tests --bin flood -- --seconds 10
//! ```
//!
//! Ends with 1 if the owner's requests took 200 ms or more (the 95th percentile), the node grew, the
//! flooder was not told to be slower, or the node serves nobody afterwards.
#![forbid(unsafe_code)]

use std::process::ExitCode;
use std::time::Duration;

use clap::{Parser, ValueEnum as _};
use logos_tests::flood::{Flood, Options, run};

#[derive(Debug, Parser)]
struct Arguments {
    /// How long each flood lasts
    #[arg(long, default_value_t = 10.0)]
    seconds: f64,
    /// Keys each flood comes from
    #[arg(long, default_value_t = 1)]
    identities: usize,
    /// Connections of each key
    #[arg(long, default_value_t = 8)]
    connections: usize,
    /// Other nodes that the flooded one knows
    #[arg(long, default_value_t = 1, value_parser = clap::value_parser!(u16).range(1..))]
    neighbours: u16,
    /// Floods of which kind, instead of all
    #[arg(long, value_enum)]
    only: Vec<Flood>,
}

fn main() -> ExitCode {
    let arguments = Arguments::parse();
    let mut is_good = true;
    let floods = match arguments.only.is_empty() {
        true => Flood::value_variants(),
        false => &arguments.only,
    };
    for &flood in floods {
        let report = run(&Options {
            flood,
            identities: arguments.identities,
            connections: arguments.connections,
            neighbours: arguments.neighbours.into(),
            lasting: Duration::from_secs_f64(arguments.seconds),
        });
        print!("{report}");
        let mut complaints = report.complaints();
        if report.owner_waited() {
            complaints.push("the owner waited");
        }
        for complaint in complaints {
            println!("  COMPLAINT: {complaint}");
            is_good = false;
        }
    }
    match is_good {
        true => ExitCode::SUCCESS,
        false => ExitCode::FAILURE,
    }
}
