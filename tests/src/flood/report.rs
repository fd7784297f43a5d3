//! What a flood achieved.

use std::fmt;
use std::time::Duration;

use dht::REQUESTS_PER_SECOND_MAX;

use super::Options;

/// What the owner of a flooded node may have to wait, all but one time in twenty.
const WAIT_MAX: Duration = Duration::from_millis(200);
/// What a node may grow by in the second half of a flood.
const GROWTH_BYTES_MAX: u64 = 8 << 20;

/// What the flooder was answered.
#[derive(Debug, Clone, Default)]
pub struct Tally {
    /// Requests begun.
    pub sent: u64,
    /// Their bytes.
    pub bytes: u64,
    /// Answered as if nothing were wrong.
    pub served: u64,
    /// Answered: too many requests.
    pub limited: u64,
    /// Answered with another error.
    pub refused: u64,
    /// Not answered.
    pub unanswered: u64,
    /// Connections that were not let in.
    pub refused_connections: u64,
    /// For how long.
    pub took: Duration,
}

/// How a node's owner fared.
#[derive(Debug, Clone, Default)]
pub struct Owner {
    /// How long requests took that ended well, the shortest first.
    pub took: Vec<Duration>,
    /// Kinds of the errors of the others.
    pub failed: Vec<String>,
}

/// See the module's description.
#[derive(Debug, Clone)]
pub struct Report {
    /// How it was run.
    pub options: Options,
    /// How long the flood lasted.
    pub took: Duration,
    /// What it was answered.
    pub tally: Tally,
    /// The owner before the flood.
    pub calm: Owner,
    /// The owner during the flood.
    pub flooded: Owner,
    /// Bytes the node had in memory: before, and then during the flood.
    pub resident_bytes: Vec<u64>,
    /// Whether a newcomer could read what the owner had put.
    pub is_served_afterwards: bool,
}

impl Owner {
    /// Below how long this percentage lies.
    pub fn quantile(&self, percent: usize) -> Duration {
        let place = (self.took.len() * percent).div_ceil(100).saturating_sub(1);
        self.took.get(place).copied().unwrap_or_default()
    }
}

impl Report {
    /// Requests begun in a second.
    pub fn rate(&self) -> f64 {
        self.tally.sent as f64 / self.tally.took.as_secs_f64()
    }

    /// Whether the owner of the node waited too long: it is also this machine's affair.
    pub fn owner_waited(&self) -> bool {
        self.flooded.quantile(95) >= WAIT_MAX
    }

    /// What a flood must not achieve, and did.
    pub fn complaints(&self) -> Vec<&'static str> {
        let checks = [
            (
                !self.flooded.failed.is_empty(),
                "requests of the owner failed",
            ),
            (self.growth_bytes() > GROWTH_BYTES_MAX, "the node grew"),
            (
                self.is_too_fast() && self.tally.limited == 0,
                "the flooder was not limited",
            ),
            (!self.is_served_afterwards, "a newcomer was not served"),
        ];
        let found = checks.into_iter().filter(|(is_so, _)| *is_so);
        found.map(|(_, complaint)| complaint).collect()
    }

    /// Whether each key asked more than twice what it may.
    fn is_too_fast(&self) -> bool {
        let keys = self.options.identities as f64;
        self.rate() > 2.0 * REQUESTS_PER_SECOND_MAX as f64 * keys
    }

    /// Bytes the node had more in memory at most during the last half of the flood than at its half.
    pub fn growth_bytes(&self) -> u64 {
        let (first, last) = self.resident_bytes.split_at(self.resident_bytes.len() / 2);
        let most = |samples: &[u64]| samples.iter().copied().max().unwrap_or(0);
        most(last).saturating_sub(most(first))
    }
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Options {
            flood, identities, ..
        } = &self.options;
        let tally = &self.tally;
        let seconds = tally.took.as_secs_f64();
        writeln!(
            f,
            "{flood:?} from {identities} keys for {seconds:.1} s: {:.0} requests/s, {:.2} MB/s",
            self.rate(),
            tally.bytes as f64 / seconds / 1e6,
        )?;
        writeln!(
            f,
            "  served {}, limited {}, refused {}, unanswered {}, connections not let in {}",
            tally.served, tally.limited, tally.refused, tally.unanswered, tally.refused_connections
        )?;
        for (when, owner) in [("before", &self.calm), ("during", &self.flooded)] {
            let (p50, p95) = (owner.quantile(50), owner.quantile(95));
            let (done, failed) = (owner.took.len(), owner.failed.len());
            writeln!(
                f,
                "  owner {when}: {done} requests, p50 {p50:.1?}, p95 {p95:.1?}, {failed} failed"
            )?;
        }
        let mib = |bytes: u64| bytes as f64 / f64::from(1 << 20);
        let most = self.resident_bytes.iter().copied().max().unwrap_or(0);
        writeln!(
            f,
            "  resident MiB: {:.1} before, {:.1} at most, grown by {:.1} in the second half; \
             serves afterwards: {}",
            mib(self.resident_bytes[0]),
            mib(most),
            mib(self.growth_bytes()),
            self.is_served_afterwards
        )
    }
}
