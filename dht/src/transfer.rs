//! The order in which the chunks of a large value are moved, up or down.
//!
//! Owns which chunk is next, how many are on their way at once, how fast, and when one is given up. Refuses to
//! move anything: it is told what arrived and what did not, and says what to do next.
//!
//! As many chunks are on their way as the slower end bears: one more after each success, half as many after each
//! failure (additive increase, multiplicative decrease: Chiu & Jain, 1989). They are begun no faster than a
//! single peer serves, since in a small network every chunk goes to the same peers.

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use crate::rates::{REQUESTS_BURST_MAX, REQUESTS_PER_SECOND_MAX};

/// Most chunks on their way at once.
pub const CHUNKS_AT_ONCE_MAX: usize = 16;
/// How often a chunk is tried before the whole is given up.
pub const CHUNK_TRIES: u32 = 6;
/// After its first failure a chunk is tried again in so many milliseconds, then in twice as many.
pub const CHUNK_RETRY_MS: u64 = 250;
/// Chunks on their way at the beginning.
const CHUNKS_AT_FIRST: usize = 4;
/// How fast chunks are begun: so many at once after a pause, and so many milliseconds between two in the long run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Pace {
    burst: u64,
    cost_ms: u64,
}

/// For each chunk a peer is asked who is near, and to take it; a fifth of what it serves is for other things.
const STORING: Pace = Pace {
    burst: 2 * REQUESTS_BURST_MAX / 5,
    cost_ms: 5 * 1000 / (2 * REQUESTS_PER_SECOND_MAX),
};
/// For each chunk one of its holders is asked; a tenth of what it serves, and a fifth of what it
/// serves at once, is for other things.
const FETCHING: Pace = Pace {
    burst: 8 * REQUESTS_BURST_MAX / 10,
    cost_ms: 10 * 1000 / (9 * REQUESTS_PER_SECOND_MAX) + 1,
};

/// What to do next.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Step {
    /// Move this chunk now.
    Move(usize),
    /// Wait until one on its way has arrived or failed.
    Wait,
    /// Wait for that, or until this time, in milliseconds since 1970.
    Until(u64),
    /// Everything has arrived.
    Done,
    /// This chunk was tried too often.
    GaveUp(usize),
}

/// A value on its way; see the module's description.
#[derive(Clone, Debug)]
pub struct Transfer {
    waiting: VecDeque<usize>,
    /// Failed ones, and from when on they may be tried again.
    paused: BTreeSet<(u64, usize)>,
    moving: BTreeSet<usize>,
    /// How often those that failed did.
    failures: BTreeMap<usize, u32>,
    window: usize,
    gave_up: Option<usize>,
    pace: Pace,
    /// When a bucket of tokens, one for each chunk, would be full again.
    full_at: u64,
}

impl Transfer {
    /// To peers, of these chunks, in this order.
    pub fn storing(chunks: impl IntoIterator<Item = usize>) -> Self {
        Self::new(chunks, STORING)
    }

    /// From peers, of these chunks, in this order.
    pub fn fetching(chunks: impl IntoIterator<Item = usize>) -> Self {
        Self::new(chunks, FETCHING)
    }

    fn new(chunks: impl IntoIterator<Item = usize>, pace: Pace) -> Self {
        Self {
            pace,
            waiting: chunks.into_iter().collect(),
            paused: BTreeSet::new(),
            moving: BTreeSet::new(),
            failures: BTreeMap::new(),
            window: CHUNKS_AT_FIRST,
            gave_up: None,
            full_at: 0,
        }
    }

    /// What to do next. A chunk to be moved counts as on its way from here on.
    pub fn next(&mut self, now: u64) -> Step {
        if let Some(index) = self.gave_up {
            return Step::GaveUp(index);
        }
        while let Some(&(at, index)) = self.paused.first().filter(|(at, _)| *at <= now) {
            self.paused.remove(&(at, index));
            self.waiting.push_front(index);
        }
        if self.moving.len() >= self.window {
            return Step::Wait;
        }
        let Some(&index) = self.waiting.front() else {
            return match self.paused.first() {
                Some((at, _)) => Step::Until(*at),
                None if self.moving.is_empty() => Step::Done,
                None => Step::Wait,
            };
        };
        let ready_at = self.ready_at();
        if ready_at > now {
            return Step::Until(ready_at);
        }
        self.full_at = self.full_at.max(now) + self.pace.cost_ms;
        self.waiting.pop_front();
        self.moving.insert(index);
        Step::Move(index)
    }

    /// A chunk has arrived.
    pub fn moved(&mut self, index: usize) {
        if self.moving.remove(&index) {
            self.window = (self.window + 1).min(CHUNKS_AT_ONCE_MAX);
        }
    }

    /// A chunk did not arrive: it is tried again later, or given up and the whole with it.
    pub fn failed(&mut self, now: u64, index: usize) {
        if !self.moving.remove(&index) {
            return;
        }
        self.slow_down();
        let failures = self.failures.entry(index).or_default();
        *failures += 1;
        if *failures >= CHUNK_TRIES {
            self.gave_up = self.gave_up.or(Some(index));
            return;
        }
        let pause = CHUNK_RETRY_MS << (*failures - 1);
        self.paused.insert((now.saturating_add(pause), index));
    }

    /// Somebody could not keep up.
    pub fn slow_down(&mut self) {
        self.window = (self.window / 2).max(1);
    }

    /// Whether this chunk has failed before.
    pub fn has_failed(&self, index: usize) -> bool {
        self.failures.contains_key(&index)
    }

    /// From when on the pace allows another chunk.
    fn ready_at(&self) -> u64 {
        let Pace { burst, cost_ms } = self.pace;
        (self.full_at + cost_ms).saturating_sub(burst * cost_ms)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn it_begins_carefully_and_slows_down_at_once() {
        let mut transfer = Transfer::storing(0..100);
        let begun = |transfer: &mut Transfer| {
            let steps = std::iter::from_fn(|| match transfer.next(1_000) {
                Step::Move(index) => Some(index),
                _ => None,
            });
            steps.collect::<Vec<_>>()
        };
        assert_eq!(begun(&mut transfer), [0, 1, 2, 3]);
        transfer.moved(0);
        assert_eq!(begun(&mut transfer), [4, 5]);
        transfer.failed(1_000, 1);
        assert_eq!(
            begun(&mut transfer),
            [],
            "five at once failed one, so two do"
        );
        assert!(transfer.has_failed(1) && !transfer.has_failed(2));
        for index in [2, 3, 4, 5] {
            transfer.moved(index);
        }
        assert_eq!(begun(&mut transfer), [6, 7, 8, 9, 10, 11]);
    }

    #[test]
    fn no_peer_is_asked_faster_than_it_serves() {
        for (mut transfer, requests, at_most_ms) in [
            (Transfer::storing(0..1024), 2, 21_000),
            (Transfer::fetching(0..1024), 1, 8_000),
        ] {
            let (mut now, mut begun) = (5_000u64, Vec::new());
            loop {
                match transfer.next(now) {
                    Step::Move(index) => {
                        begun.push(now);
                        transfer.moved(index);
                    }
                    Step::Until(at) => now = at,
                    Step::Done => break,
                    step => panic!("{step:?}"),
                }
            }
            assert_eq!(begun.len(), 1024);
            // A peer's bucket of tokens, as each of them keeps one.
            let mut tokens = REQUESTS_BURST_MAX * 1000;
            for (place, at) in begun.iter().enumerate() {
                let since = at - begun[place.saturating_sub(1)];
                let gained = since * REQUESTS_PER_SECOND_MAX;
                tokens = (tokens + gained).min(REQUESTS_BURST_MAX * 1000);
                tokens = tokens.checked_sub(requests * 1000).expect("it is served");
            }
            let took = begun[1023] - begun[0];
            assert!(took > 1000 && took <= at_most_ms, "{took}");
        }
    }

    #[test]
    fn a_chunk_that_nobody_has_ends_the_transfer() {
        let mut transfer = Transfer::fetching([7]);
        let mut now = 0;
        for try_number in 1..=CHUNK_TRIES {
            assert_eq!(transfer.next(now), Step::Move(7));
            assert_eq!(transfer.next(now), Step::Wait);
            transfer.failed(now, 7);
            if let Step::Until(at) = transfer.next(now) {
                assert_eq!(at - now, CHUNK_RETRY_MS << (try_number - 1));
                now = at;
            }
        }
        assert_eq!(transfer.next(now), Step::GaveUp(7));
    }

    proptest! {
        /// Whatever fails, in whatever order: every chunk arrives once, or one was tried as often as is allowed.
        #[test]
        fn every_chunk_arrives_once_or_one_was_tried_often_enough(
            count in 0usize..80,
            fates in prop::collection::vec((any::<u8>(), 0u8..10), 1..400),
        ) {
            let mut transfer = Transfer::fetching(0..count);
            let (mut now, mut moving) = (1_000u64, Vec::new());
            let mut arrived = vec![0u32; count];
            let mut tried = vec![0u32; count];
            let mut fates = fates.into_iter().cycle();
            let settle = |transfer: &mut Transfer, moving: &mut Vec<usize>, now, arrived: &mut Vec<u32>, fate: (u8, u8)| {
                let index = moving.swap_remove(usize::from(fate.0) % moving.len());
                if fate.1 < 4 {
                    transfer.failed(now, index);
                } else {
                    arrived[index] += 1;
                    transfer.moved(index);
                }
            };
            loop {
                match transfer.next(now) {
                    Step::Move(index) => {
                        tried[index] += 1;
                        moving.push(index);
                        prop_assert!(moving.len() <= CHUNKS_AT_ONCE_MAX);
                    }
                    Step::Wait => {
                        prop_assert!(!moving.is_empty(), "waits for nobody");
                        settle(&mut transfer, &mut moving, now, &mut arrived, fates.next().unwrap());
                    }
                    Step::Until(at) => {
                        prop_assert!(at > now);
                        now = at;
                    }
                    Step::Done => {
                        prop_assert!(arrived.iter().all(|count| *count == 1));
                        break;
                    }
                    Step::GaveUp(index) => {
                        prop_assert_eq!((arrived[index], tried[index]), (0, CHUNK_TRIES));
                        break;
                    }
                }
            }
            prop_assert!(tried.iter().all(|count| *count <= CHUNK_TRIES));
        }
    }
}
