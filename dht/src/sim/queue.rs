//! What is still to happen, by the millisecond.
//!
//! Owns the order: by time, and at one time as it was put in. Refuses to know what it holds. Nearly
//! everything happens within seconds, so those have a place each (a calendar queue: Brown, CACM 1988), and
//! only what is later is sorted.

use std::collections::{BTreeMap, VecDeque};

/// Milliseconds ahead that have a place of their own.
const NEAR_MS: usize = 8192;

#[derive(Debug)]
pub(super) struct Queue<T> {
    /// The earliest time that may still come.
    now: u64,
    near: Vec<VecDeque<T>>,
    /// How many are near.
    count: usize,
    /// Whatever is not near, by time.
    far: BTreeMap<u64, VecDeque<T>>,
}

impl<T> Queue<T> {
    pub(super) fn new(now: u64) -> Self {
        Self {
            now,
            near: (0..NEAR_MS).map(|_| VecDeque::new()).collect(),
            count: 0,
            far: BTreeMap::new(),
        }
    }

    /// Puts something in; what should have happened already happens next.
    pub(super) fn push(&mut self, at: u64, what: T) {
        let at = at.max(self.now);
        if at < self.now + NEAR_MS as u64 {
            self.near[place(at)].push_back(what);
            self.count += 1;
        } else {
            self.far.entry(at).or_default().push_back(what);
        }
    }

    /// Takes out what happens next and when, if that is by `end`.
    pub(super) fn pop(&mut self, end: u64) -> Option<(u64, T)> {
        while self.now <= end {
            if let Some(what) = self.near[place(self.now)].pop_front() {
                self.count -= 1;
                return Some((self.now, what));
            }
            let next = if self.count > 0 {
                self.now + 1
            } else {
                *self.far.keys().next()?
            };
            if next > end {
                return None;
            }
            self.advance(next);
        }
        None
    }

    /// What comes near with the time finds its place before anything else can take it.
    fn advance(&mut self, now: u64) {
        self.now = now;
        while let Some(first) = self.far.first_entry()
            && *first.key() < now + NEAR_MS as u64
        {
            let (at, mut all) = first.remove_entry();
            self.count += all.len();
            self.near[place(at)].append(&mut all);
        }
    }
}

fn place(at: u64) -> usize {
    (at % NEAR_MS as u64) as usize
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        /// Against a sorted list.
        #[test]
        fn everything_happens_in_its_order(
            steps in prop::collection::vec((0u64..3 * NEAR_MS as u64, 0u64..NEAR_MS as u64), 1..200),
        ) {
            let mut queue = Queue::new(7);
            let mut model: Vec<(u64, usize)> = Vec::new();
            let mut now = 7;
            for (number, (delay, wait)) in steps.into_iter().enumerate() {
                queue.push(now + delay, number);
                model.push((now + delay, number));
                model.sort();
                if number % 3 > 0 {
                    continue;
                }
                let end = now + wait;
                while let Some(next) = queue.pop(end) {
                    prop_assert_eq!(next, model.remove(0));
                }
                prop_assert!(model.first().is_none_or(|(at, _)| *at > end));
                now = end;
            }
        }
    }
}
