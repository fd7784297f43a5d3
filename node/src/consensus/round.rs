//! When to stop waiting. A round knows who was asked and when each ended, and says when the set
//! of answers closes. Times are milliseconds on any clock that does not run backwards.

use std::collections::BTreeMap;

use crate::keys::PublicKey;

/// With a quorum of answers the set stays open at least this long after the first question.
pub const CLOSE_MS_MIN: u64 = 250;
/// How many times the median answer time the set stays open once there is a quorum.
const CLOSE_MEDIANS: u64 = 2;

/// One set of questions and how each of them ended.
#[derive(Debug, Clone)]
pub struct Round {
    quorum: usize,
    asked: BTreeMap<PublicKey, Asked>,
}

#[derive(Debug, Clone, Copy)]
struct Asked {
    at: u64,
    end: Option<End>,
}

#[derive(Debug, Clone, Copy)]
enum End {
    Answered(u64),
    Failed,
}

impl Round {
    /// A round that wants `quorum` answers.
    pub fn new(quorum: usize) -> Round {
        assert!(quorum > 0, "a round wants at least one answer");
        Round {
            quorum,
            asked: BTreeMap::new(),
        }
    }

    /// `peer` was asked at `now`. Asking again changes nothing.
    pub fn ask(&mut self, peer: PublicKey, now: u64) {
        self.asked
            .entry(peer)
            .or_insert(Asked { at: now, end: None });
    }

    /// `peer` answered at `now`.
    pub fn answered(&mut self, peer: PublicKey, now: u64) {
        self.end(peer, End::Answered(now));
    }

    /// `peer` will not answer: it refused, was unreachable or ran out of time.
    pub fn failed(&mut self, peer: PublicKey) {
        self.end(peer, End::Failed);
    }

    /// How many were asked.
    pub fn asked(&self) -> usize {
        self.asked.len()
    }

    /// How many answered.
    pub fn answers(&self) -> usize {
        self.asked
            .values()
            .filter(|asked| matches!(asked.end, Some(End::Answered(_))))
            .count()
    }

    /// How many have neither answered nor failed.
    pub fn pending(&self) -> usize {
        self.asked
            .values()
            .filter(|asked| asked.end.is_none())
            .count()
    }

    /// Whether the set of answers is closed at `now`: all asked have ended, or there is a quorum
    /// and its grace has passed.
    pub fn is_closed(&self, now: u64) -> bool {
        self.pending() == 0 || self.closes_at().is_some_and(|at| now >= at)
    }

    /// When the set closes by itself; known once there is a quorum.
    pub fn closes_at(&self) -> Option<u64> {
        let median = self.median_ms()?;
        let first = self.asked.values().map(|asked| asked.at).min()?;
        (self.answers() >= self.quorum)
            .then(|| first + median.saturating_mul(CLOSE_MEDIANS).max(CLOSE_MS_MIN))
    }

    /// The median time an answer took (the upper one of two), if there is any.
    pub fn median_ms(&self) -> Option<u64> {
        let mut times: Vec<u64> = self.asked.values().filter_map(Asked::took).collect();
        times.sort_unstable();
        times.get(times.len() / 2).copied()
    }

    fn end(&mut self, peer: PublicKey, end: End) {
        if let Some(asked) = self.asked.get_mut(&peer) {
            asked.end.get_or_insert(end);
        }
    }
}

impl Asked {
    fn took(&self) -> Option<u64> {
        match self.end {
            Some(End::Answered(at)) => Some(at.saturating_sub(self.at)),
            _ => None,
        }
    }
}
