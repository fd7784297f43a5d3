//! Half of a small network crashes and comes back while others write and read; the full size is
//! `cargo run --release -p logos-tests --bin crashes`.
#![cfg(unix)]

use logos_tests::crashes::{Kind, Options, run};

#[test]
fn nothing_acknowledged_is_lost_when_half_of_the_nodes_crash() {
    let report = run(&Options::default());
    // Seen with `--nocapture`.
    println!("{report}");
    assert!(report.violations.is_empty(), "{report}");
    for kind in [Kind::Put, Kind::Fresh, Kind::Plain] {
        let (done, failed) = report.count(kind);
        assert!(failed * 10 <= done, "{report}");
    }
    assert!(report.acknowledged * 10 >= report.options.items * 9);
}
