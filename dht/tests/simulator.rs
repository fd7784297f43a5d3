//! Whole runs of the simulator, small enough for every day.

use dht::sim::Adversary;
use dht::sim::run::{Plan, Report, run};

fn small() -> Plan {
    Plan {
        nodes: 200,
        seed: 1,
        hours: 0.25,
        loss: 0.05,
        churn: Some((0.5, 10_000.0)),
        items: 40,
        updates: 0.5,
        ..Plan::default()
    }
}

fn ran(plan: &Plan) -> Report {
    println!("{plan:?}");
    let report = run(plan, &mut |_| {});
    for (name, figure) in &report.figures {
        println!("{name:40} {figure:.4}");
    }
    report
}

#[track_caller]
fn at_least(report: &Report, bars: &[(&str, f64)]) {
    for (name, bar) in bars {
        let figure = report.figures[name];
        assert!(figure >= *bar, "{name} is {figure}, not {bar}");
    }
}

#[track_caller]
fn at_most(report: &Report, bars: &[(&str, f64)]) {
    for (name, bar) in bars {
        let figure = report.figures[name];
        assert!(figure <= *bar, "{name} is {figure}, not {bar}");
    }
}

#[test]
fn churn_and_loss_lose_nothing() {
    let report = ran(&small());
    let shares = [
        ("recall_at_20_rest", 0.99),
        ("recall_at_20_churn", 0.95),
        ("store_lookup_consistency", 0.95),
        ("get_success", 0.99),
        ("put_success", 0.99),
        ("items_found_after", 1.0),
    ];
    at_least(&report, &shares);
    let bars = [
        ("forged_accepted", 0.0),
        ("stale_accepted", 0.0),
        ("hops_mean", 2.6),
        ("payload_bytes_per_second_per_node", 400.0),
    ];
    at_most(&report, &bars);
    assert_eq!(report.points.len(), 15);
}

#[test]
fn one_seed_gives_one_report() {
    let plan = Plan {
        sybils: 0.2,
        ground: 10,
        nat: 0.1,
        drift_ms: 10_000,
        hours: 0.05,
        ..small()
    };
    let reports = [ran(&plan), ran(&plan)];
    assert_eq!(reports[0].figures, reports[1].figures);
    let other = ran(&Plan { seed: 2, ..plan });
    assert_ne!(reports[0].figures, other.figures);
}

#[test]
fn a_fifth_of_each_kind_of_liar_stops_hardly_any_lookup() {
    for adversary in [
        Adversary::Forge,
        Adversary::Drop,
        Adversary::Stall,
        Adversary::Misroute,
        Adversary::Mixed,
    ] {
        let plan = Plan {
            sybils: 0.2,
            adversary,
            hours: 0.1,
            ..small()
        };
        let report = ran(&plan);
        at_least(&report, &[("lookup_success", 0.97), ("get_success", 0.97)]);
        at_most(&report, &[("forged_accepted", 0.0)]);
    }
}

#[test]
fn an_item_surrounded_by_ground_ids_is_found() {
    let plan = Plan {
        nodes: 400,
        ground: 40,
        hours: 0.3,
        ..small()
    };
    let report = ran(&plan);
    at_least(&report, &[("lookup_success", 0.9)]);
    at_most(&report, &[("forged_accepted", 0.0)]);
}

#[test]
fn halves_that_were_cut_agree_within_an_hour() {
    let plan = Plan {
        items: 100,
        partition: 1.0,
        hours: 2.1,
        ..small()
    };
    let report = ran(&plan);
    let all = [
        ("agreed_after_partition", 1.0),
        ("deleted_stay_deleted", 1.0),
        ("asked_after_partition", 90.0),
    ];
    at_least(&report, &all);
}

#[test]
fn nodes_behind_nat_and_with_wrong_clocks_take_part() {
    let plan = Plan {
        nat: 0.3,
        drift_ms: 20_000,
        ..small()
    };
    let report = ran(&plan);
    let shares = [
        ("recall_at_20_churn", 0.95),
        ("get_success", 0.99),
        ("put_success", 0.99),
        ("items_found_after", 1.0),
    ];
    at_least(&report, &shares);
}

/// The figures mean something: a network nobody could keep up scores badly.
#[test]
fn a_hopeless_network_scores_badly() {
    let plan = Plan {
        loss: 0.5,
        sybils: 0.6,
        hours: 0.1,
        ..small()
    };
    let report = ran(&plan);
    let bars = [
        ("recall_at_20_rest", 0.8),
        ("recall_at_20_churn", 0.8),
        ("lookup_success", 0.9),
    ];
    at_most(&report, &bars);
}
