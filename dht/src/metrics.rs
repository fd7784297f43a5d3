//! What a node counted since it started.
//!
//! Owns the counters. Refuses to know what they are good for, and to be told the time.

use crate::message::{ErrorCode, Request};
use crate::rates::Histogram;

/// Hops told apart; who is farther counts with the last.
pub const HOPS_MAX: usize = 16;

/// What a node counted since it started.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Metrics {
    /// Requests sent.
    pub requests_sent: u64,
    /// Requests answered in time.
    pub requests_answered: u64,
    /// Requests that failed or were not answered.
    pub requests_failed: u64,
    /// Requests received, by kind; refused ones included.
    pub received: Received,
    /// Requests received and refused, by reason.
    pub refused: Refused,
    /// Lookups ended.
    pub lookups: u64,
    /// Items that somebody on this node put.
    pub puts: u64,
    /// Of these, how many were stored at as many nodes as were required.
    pub puts_stored: u64,
    /// Items that somebody on this node wanted to read.
    pub gets: u64,
    /// Of these, how many were found.
    pub gets_found: u64,
    /// Items passed on to us that did not pass their check.
    pub bad_items: u64,
    /// Items republished.
    pub republished: u64,
    /// Items handed to a nearer newcomer.
    pub handed_over: u64,
    /// Items stored at a node on the path to them.
    pub cached: u64,
    /// News told to watchers.
    pub news_told: u64,
    /// Writes and reads whose key was more crowded than the network's density allows.
    pub crowded_keys: u64,
    /// How long lookups took.
    pub lookup_ms: Histogram,
    /// Place `n` counts items found after `n` hops, 0 being our own storage.
    pub hops: [u64; HOPS_MAX],
    /// How long requests took that were answered.
    pub request_ms: Histogram,
}

/// Requests by kind.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Received {
    /// [`Request::Ping`].
    pub ping: u64,
    /// [`Request::Store`].
    pub store: u64,
    /// [`Request::FindNode`].
    pub find_node: u64,
    /// [`Request::FindValue`].
    pub find_value: u64,
    /// [`Request::Watch`].
    pub watch: u64,
}

/// Refusals by reason.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Refused {
    counts: [u64; ErrorCode::ALL.len()],
}

impl Metrics {
    pub(crate) fn found_after(&mut self, hops: u32) {
        let place = (hops as usize).min(HOPS_MAX - 1);
        self.hops[place] += 1;
    }
}

impl Received {
    pub(crate) fn note(&mut self, request: &Request) {
        let count = match request {
            Request::Ping => &mut self.ping,
            Request::Store(_) => &mut self.store,
            Request::FindNode { .. } => &mut self.find_node,
            Request::FindValue(_) => &mut self.find_value,
            Request::Watch { .. } => &mut self.watch,
        };
        *count += 1;
    }

    /// All of them.
    pub fn total(&self) -> u64 {
        self.ping + self.store + self.find_node + self.find_value + self.watch
    }
}

impl Refused {
    pub(crate) fn note(&mut self, code: ErrorCode) {
        self.counts[usize::from(code.number()) - 1] += 1;
    }

    /// Every reason there was, and how often.
    pub fn reasons(&self) -> impl Iterator<Item = (ErrorCode, u64)> {
        let all = ErrorCode::ALL.into_iter().zip(self.counts);
        all.filter(|(_, count)| *count > 0)
    }

    /// All of them.
    pub fn total(&self) -> u64 {
        self.counts.iter().sum()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn refusals_are_counted_by_reason() {
        let mut refused = Refused::default();
        for code in [
            ErrorCode::BadRequest,
            ErrorCode::Refused,
            ErrorCode::Refused,
        ] {
            refused.note(code);
        }
        let reasons: Vec<_> = refused.reasons().collect();
        assert_eq!(
            reasons,
            [(ErrorCode::BadRequest, 1), (ErrorCode::Refused, 2)]
        );
        assert_eq!(refused.total(), 3);
    }

    #[test]
    fn the_farthest_count_together() {
        let mut metrics = Metrics::default();
        for hops in [0, 1, 1, 40] {
            metrics.found_after(hops);
        }
        assert_eq!(metrics.hops[..2], [1, 2]);
        assert_eq!(metrics.hops[HOPS_MAX - 1], 1);
    }
}
