//! A whole run: a network that joins, stores, rests, churns, is read and rewritten, heals and is counted.
//!
//! Owns the plan, the order of its phases and the report. Everything random comes from the plan's seed, so
//! two runs of one plan give the same report.
//!
//! ```text
//! join ─ 10 minutes ─ publish ─ figures at rest ─ hours of churn, reads, rewrites ─ publishers off ─ read all
//!                                                 └ cut ─ heal ─ an hour ─ all must agree
//! ```

use std::collections::BTreeMap;

use super::workload::{Run, Sample};
use super::{Adversary, NodeIndex};
use crate::K;
use crate::event::{Command, Get, Outcome};
use crate::id::Id;

/// Lookups, reads and items looked at for the figures at rest.
const SAMPLES: usize = 200;
/// One read in so many is fresh.
const FRESH_EVERY: u64 = 4;
/// Seconds between two lookups compared with the truth while the network churns.
const SAMPLE_EVERY: u64 = 5;
/// Seconds between two points of the chart.
const POINT_EVERY: u64 = 60;
/// One item in so many is deleted while the network is cut.
pub(super) const DOOMED_EVERY: usize = 50;
/// How long after a cut was healed everybody has to agree, in milliseconds: a round of republishing.
pub(super) const AGREEMENT_MS: u64 = 60 * 60 * 1000;
const HOUR_MS: f64 = 3_600_000.0;

/// What is simulated.
#[derive(Clone, Debug)]
pub struct Plan {
    /// How many nodes.
    pub nodes: usize,
    /// Where all randomness comes from.
    pub seed: u64,
    /// Virtual hours after joining and storing.
    pub hours: f64,
    /// The share of messages lost.
    pub loss: f64,
    /// How long nodes stay on, as a Weibull distribution's shape and scale in seconds; `None`: forever.
    pub churn: Option<(f64, f64)>,
    /// How many items.
    pub items: usize,
    /// The share of items rewritten per hour.
    pub updates: f64,
    /// The share of malicious nodes.
    pub sybils: f64,
    /// What they do.
    pub adversary: Adversary,
    /// Malicious nodes in addition to `nodes`, their ids ground to surround the key of the first item.
    pub ground: usize,
    /// Hours for which the network is cut in halves, from the start of the run.
    pub partition: f64,
    /// The share of honest nodes that cannot be dialled.
    pub nat: f64,
    /// How far clocks are wrong at most, in milliseconds.
    pub drift_ms: u64,
}

impl Default for Plan {
    fn default() -> Self {
        Self {
            nodes: 1000,
            seed: 1,
            hours: 1.0,
            loss: 0.0,
            churn: None,
            items: 5000,
            updates: 0.0,
            sybils: 0.0,
            adversary: Adversary::Mixed,
            ground: 0,
            partition: 0.0,
            nat: 0.0,
            drift_ms: 0,
        }
    }
}

/// What came of it. Shares are between 0 and 1, times in milliseconds.
#[derive(Clone, Debug, Default)]
pub struct Report {
    /// Figures by name, in the order of the names.
    pub figures: BTreeMap<&'static str, f64>,
    /// How it went, a point per virtual minute.
    pub points: Vec<Point>,
}

/// A minute of a run.
#[derive(Clone, Copy, Debug, Default)]
pub struct Point {
    /// Hours since churn began.
    pub hours: f64,
    /// Nodes that are on.
    pub online: f64,
    /// Bytes of frames per second and node.
    pub payload: f64,
    /// Bytes on the wire per second and node.
    pub wire: f64,
    /// Median and 95th percentile of the time a plain get took, in milliseconds.
    pub get_ms: (f64, f64),
    /// Mean recall of the true K nearest.
    pub recall: f64,
}

/// Runs a plan. `progress` hears the share that is done.
pub fn run(plan: &Plan, progress: &mut dyn FnMut(f64)) -> Report {
    let mut run = Run::new(plan);
    let mut report = Report::default();
    run.world.join_all();
    run.world.run_for(10 * 60_000);
    run.publish();
    rest(&mut run, &mut report);
    let (before, begun) = (run.world.traffic(), run.world.now());
    live(&mut run, &mut report, progress);
    let seconds = ((run.world.now() - begun) / 1000).max(1) as f64 * run.world.len() as f64;
    let traffic = run.world.traffic();
    let figures = &mut report.figures;
    let rate = |after: u64, before: u64| (after - before) as f64 / seconds;
    figures.insert(
        "payload_bytes_per_second_per_node",
        rate(traffic.bytes, before.bytes),
    );
    figures.insert(
        "wire_bytes_per_second_per_node",
        rate(traffic.wire_bytes, before.wire_bytes),
    );
    figures.insert(
        "handshakes_per_hour_per_node",
        rate(traffic.handshakes, before.handshakes) * 3600.0,
    );
    let kinds = [
        "pings_per_hour_per_node",
        "stores_per_hour_per_node",
        "find_nodes_per_hour_per_node",
        "find_values_per_hour_per_node",
        "watches_per_hour_per_node",
    ];
    for (kind, name) in kinds.into_iter().enumerate() {
        let sent = rate(traffic.requests[kind], before.requests[kind]);
        figures.insert(name, sent * 3600.0);
    }
    finish(&mut run, figures);
    report
}

/// The figures before anything churns.
fn rest(run: &mut Run, report: &mut Report) {
    let figures = &mut report.figures;
    let mut samples = Vec::new();
    for number in 0..SAMPLES as u64 {
        let target = run.sample_target(number);
        let asker = run.somebody();
        let outcome = run.world.run(asker, Command::FindNode { target });
        if let Some(Ok(Outcome::Nodes { contacts, lookup })) = outcome {
            samples.push(run.compare(asker, &target, &contacts, lookup.requests));
        }
    }
    figures.insert("recall_at_20_rest", average(&samples, |s| s.recall));
    figures.insert("messages_per_lookup", average(&samples, |s| s.requests));
    run.tally.successes = samples.iter().map(|sample| sample.met).collect();
    figures.insert("store_lookup_consistency", consistency(run));
    for _ in 0..SAMPLES {
        run.read(false);
        run.pass(50);
    }
    run.settle();
    run.tally.hops.sort_unstable();
    figures.insert("hops_mean", mean(&run.tally.hops));
    figures.insert("hops_p99", quantile(&run.tally.hops, 0.99));
}

/// The share of the true K nearest nodes of random items that hold them.
fn consistency(run: &mut Run) -> f64 {
    let (mut holding, mut total) = (0, 0);
    for _ in 0..SAMPLES.min(run.plan.items) {
        let item = run.world.random(run.plan.items);
        let key = run.key(item);
        for index in run.world.truly_nearest(&key, K) {
            if run.world.is_honest(index) {
                total += 1;
                let node = run.world.node(index);
                holding += usize::from(node.is_some_and(|node| node.item(&key).is_some()));
            }
        }
    }
    holding as f64 / total.max(1) as f64
}

/// The hours of churn, reads and rewrites, with a cut and its healing if the plan has one.
fn live(run: &mut Run, report: &mut Report, progress: &mut dyn FnMut(f64)) {
    let begun = run.world.now();
    let end = begun + (run.plan.hours * HOUR_MS) as u64;
    let cut_ms = (run.plan.partition * HOUR_MS) as u64;
    if cut_ms > 0 {
        run.cut(begun + cut_ms);
    }
    run.begin_churn();
    let writes_per_second = run.plan.items as f64 * run.plan.updates / 3600.0;
    let mut writes_due = 0.0;
    let mut second = 0u64;
    let mut traffic = run.world.traffic();
    while run.world.now() < end {
        run.pass(1000);
        second += 1;
        writes_due += writes_per_second;
        while writes_due >= 1.0 {
            writes_due -= 1.0;
            let item = run.world.random(run.plan.items);
            run.rewrite(item);
        }
        run.read(second.is_multiple_of(FRESH_EVERY));
        if run.plan.ground > 0 {
            run.read_victim();
        }
        if second.is_multiple_of(SAMPLE_EVERY) {
            run.sample(second);
        }
        let now = run.world.now();
        if cut_ms > 0 && now >= begun + cut_ms / 2 {
            run.delete_doomed();
        }
        if cut_ms > 0 && now >= begun + cut_ms {
            run.world.heal();
        }
        if cut_ms > 0 && now >= begun + cut_ms + AGREEMENT_MS {
            run.ask_everybody_once();
        }
        if second.is_multiple_of(POINT_EVERY) {
            progress((now - begun) as f64 / (end - begun).max(1) as f64);
            report.points.push(point(run, begun, &mut traffic));
        }
    }
    run.world.heal();
    run.settle();
    let samples = &run.tally.samples;
    let churn = if samples.is_empty() {
        report.figures["recall_at_20_rest"]
    } else {
        average(samples, |sample| sample.recall)
    };
    report.figures.insert("recall_at_20_churn", churn);
}

fn point(run: &mut Run, begun: u64, before: &mut super::Traffic) -> Point {
    let traffic = run.world.traffic();
    let nodes = run.world.len() as f64;
    let per_second = |bytes: u64| bytes as f64 / POINT_EVERY as f64 / nodes;
    let mut gets = std::mem::take(&mut run.tally.gets_of_minute);
    gets.sort_unstable();
    let recent = run.tally.samples.len().saturating_sub(60);
    let point = Point {
        hours: (run.world.now() - begun) as f64 / HOUR_MS,
        online: run.world.online().len() as f64,
        payload: per_second(traffic.bytes - before.bytes),
        wire: per_second(traffic.wire_bytes - before.wire_bytes),
        get_ms: (quantile(&gets, 0.5), quantile(&gets, 0.95)),
        recall: average(&run.tally.samples[recent..], |sample| sample.recall),
    };
    *before = traffic;
    point
}

/// Switches every publisher off, reads every item, and adds up.
fn finish(run: &mut Run, figures: &mut BTreeMap<&'static str, f64>) {
    figures.insert("table_live_share", table_live_share(run));
    run.stop_publishers();
    let mut found = 0;
    for number in 0..run.plan.items {
        let key = run.key(number);
        let reader = run.somebody();
        let outcome = run.world.run(reader, Command::Get(Get::plain(key)));
        if let Some(Ok(Outcome::Found(item))) = outcome {
            found += usize::from(run.is_true(item.item.item()));
        }
    }
    let items_found = found as f64 / run.plan.items.max(1) as f64;
    figures.insert("items_found_after", items_found);
    let tally = &mut run.tally;
    for list in [
        &mut tally.gets,
        &mut tally.fresh,
        &mut tally.puts,
        &mut tally.whole_puts,
    ] {
        list.sort_unstable();
    }
    let ended = tally.gets.len() + tally.fresh.len();
    let share = |part: usize, whole: usize| part as f64 / whole.max(1) as f64;
    let success = if run.plan.ground > 0 {
        share(tally.victim_found, tally.victim_asked)
    } else {
        average(&tally.successes, |met| *met)
    };
    figures.insert("lookup_success", success);
    let tried = ended + tally.failed_gets;
    figures.insert("get_success", share(ended, tried));
    figures.insert("get_ms_p50", quantile(&tally.gets, 0.5));
    figures.insert("get_ms_p95", quantile(&tally.gets, 0.95));
    figures.insert("fresh_get_ms_p50", quantile(&tally.fresh, 0.5));
    figures.insert("fresh_get_ms_p95", quantile(&tally.fresh, 0.95));
    figures.insert("fresh_gets", tally.fresh.len() as f64);
    figures.insert("put_ms_p50", quantile(&tally.puts, 0.5));
    figures.insert("put_ms_p95", quantile(&tally.puts, 0.95));
    figures.insert("put_whole_ms_p50", quantile(&tally.whole_puts, 0.5));
    figures.insert("put_whole_ms_p95", quantile(&tally.whole_puts, 0.95));
    let puts = tally.puts.len() + tally.whole_puts.len();
    figures.insert("put_success", share(puts, puts + tally.failed_puts));
    figures.insert("forged_accepted", tally.forged as f64);
    figures.insert("stale_accepted", tally.stale as f64);
    if run.plan.partition > 0.0 {
        let agreed = share(tally.agreed, tally.asked_after_cut);
        figures.insert("agreed_after_partition", agreed);
        let gone = share(tally.gone, tally.doomed_asked);
        figures.insert("deleted_stay_deleted", gone);
        figures.insert("asked_after_partition", tally.asked_after_cut as f64);
    }
}

/// The share of contacts in honest nodes' tables, not given up by them, that are on.
fn table_live_share(run: &Run) -> f64 {
    let world = &run.world;
    let (mut on, mut total) = (0, 0);
    let online: Vec<NodeIndex> = world.online();
    for index in online.iter().filter(|index| world.is_honest(**index)) {
        for contact in world
            .node(*index)
            .map_or(Vec::new(), |node| node.contacts())
        {
            total += 1;
            let is_on = |other: NodeIndex| world.node(other).is_some();
            on += usize::from(world.index_of(&contact).is_some_and(is_on));
        }
    }
    on as f64 / total.max(1) as f64
}

pub(super) fn sample_of(met: bool, right: usize, total: usize, requests: u32) -> Sample {
    Sample {
        recall: right as f64 / total.max(1) as f64,
        met: f64::from(u8::from(met)),
        requests: f64::from(requests),
    }
}

/// The key an honest author's item of this name has.
pub(super) fn sample_id(now: u64, number: u64) -> Id {
    Id::hash(&[now.to_be_bytes(), number.to_be_bytes()].concat())
}

fn average<T>(list: &[T], figure: impl Fn(&T) -> f64) -> f64 {
    list.iter().map(figure).sum::<f64>() / list.len().max(1) as f64
}

fn mean(list: &[u64]) -> f64 {
    average(list, |value| *value as f64)
}

fn quantile(sorted: &[u64], share: f64) -> f64 {
    let place = (sorted.len() as f64 * share) as usize;
    sorted
        .get(place.min(sorted.len().saturating_sub(1)))
        .map_or(0.0, |value| *value as f64)
}

impl std::str::FromStr for Adversary {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        Ok(match text {
            "honest" => Self::Honest,
            "forge" => Self::Forge,
            "drop" => Self::Drop,
            "stall" => Self::Stall,
            "misroute" => Self::Misroute,
            "mixed" => Self::Mixed,
            other => return Err(format!("unknown adversary `{other}`")),
        })
    }
}
