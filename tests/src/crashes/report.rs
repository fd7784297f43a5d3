//! What a run of the scenario showed.

use std::collections::BTreeMap;
use std::fmt;
use std::time::Duration;

use super::board::Kind;
use super::{Options, Phase};
use crate::client::Answer;

/// See the module's description.
#[derive(Debug)]
pub struct Report {
    /// How it was run.
    pub options: Options,
    /// Items that were acknowledged at least once.
    pub acknowledged: usize,
    /// One for each phase and kind of request.
    pub rows: Vec<Row>,
    /// Bytes each node had in memory at the end.
    pub resident_bytes: Vec<u64>,
    /// What must not have happened.
    pub violations: Vec<String>,
    /// How long it all took.
    pub took: Duration,
}

/// Requests of one kind during one phase.
#[derive(Debug)]
pub struct Row {
    /// When.
    pub phase: Phase,
    /// What was asked for.
    pub kind: Kind,
    /// How many ended well.
    pub done: usize,
    /// How many did not, by the kind of their error.
    pub failed: BTreeMap<String, usize>,
    /// Half of those that ended well took no longer.
    pub p50: Duration,
    /// All but a twentieth of those that ended well took no longer.
    pub p95: Duration,
}

#[derive(Debug, Default)]
pub(super) struct Samples {
    took: Vec<Duration>,
    failed: BTreeMap<String, usize>,
}

impl Samples {
    pub(super) fn note(&mut self, answer: &Answer) {
        match &answer.said {
            Ok(_) => self.took.push(answer.took),
            Err(kind) => *self.failed.entry(kind.clone()).or_default() += 1,
        }
    }

    pub(super) fn row(mut self, phase: Phase, kind: Kind) -> Row {
        self.took.sort();
        let at = |share: usize| {
            let place = (self.took.len() * share).div_ceil(100).saturating_sub(1);
            self.took.get(place).copied().unwrap_or_default()
        };
        Row {
            phase,
            kind,
            done: self.took.len(),
            p50: at(50),
            p95: at(95),
            failed: self.failed,
        }
    }
}

impl Report {
    /// How many requests of a kind ended well, and how many did not.
    pub fn count(&self, kind: Kind) -> (usize, usize) {
        let rows = self.rows.iter().filter(|row| row.kind == kind);
        rows.fold((0, 0), |(done, failed), row| {
            (done + row.done, failed + row.failed.values().sum::<usize>())
        })
    }
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Options {
            seed,
            nodes,
            owners,
            readers,
            items,
            kills,
            require,
            ..
        } = &self.options;
        writeln!(
            f,
            "{nodes} nodes, {kills} killed and started again, {owners} owners, {readers} readers, \
             {items} items of which {} acknowledged by {require}, seed {seed}, {:.0} s",
            self.acknowledged,
            self.took.as_secs_f64(),
        )?;
        let mut resident = self.resident_bytes.clone();
        resident.sort_unstable();
        if let (Some(median), Some(most)) = (resident.get(resident.len() / 2), resident.last()) {
            let mib = |bytes: &u64| *bytes as f64 / f64::from(1 << 20);
            let (median, most) = (mib(median), mib(most));
            writeln!(
                f,
                "resident MiB of a node: median {median:.1}, most {most:.1}"
            )?;
        }
        writeln!(f, "| phase | request | done | p50 ms | p95 ms | failed |")?;
        writeln!(f, "| --- | --- | --- | --- | --- | --- |")?;
        for row in &self.rows {
            let kinds = row.failed.iter();
            let failed: Vec<String> = kinds
                .map(|(kind, count)| format!("{count} {kind}"))
                .collect();
            let (phase, kind) = (format!("{:?}", row.phase), format!("{:?}", row.kind));
            let (p50, p95) = (row.p50.as_millis(), row.p95.as_millis());
            let (done, failed) = (row.done, failed.join(", "));
            writeln!(
                f,
                "| {phase} | {kind} | {done} | {p50} | {p95} | {failed} |"
            )?;
        }
        writeln!(f, "violations: {}", self.violations.len())?;
        for violation in &self.violations {
            writeln!(f, "  {violation}")?;
        }
        Ok(())
    }
}
