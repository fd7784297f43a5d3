//! Floods of every kind; at their full length they are `cargo run --release -p logos-tests --bin flood`.
#![cfg(unix)]

use std::time::Duration;

use logos_tests::flood::{Flood, Options, run};

#[test]
fn floods_are_limited_and_leave_the_node_to_its_owner() {
    for flood in [
        Flood::Nodes,
        Flood::Stores,
        Flood::Invalid,
        Flood::Oversized,
    ] {
        let report = run(&Options {
            flood,
            identities: 1,
            connections: 8,
            neighbours: 1,
            lasting: Duration::from_secs(3),
        });
        // Seen with `--nocapture`.
        println!("{report}");
        assert!(
            report.complaints().is_empty(),
            "{:?}\n{report}",
            report.complaints()
        );
    }
}
