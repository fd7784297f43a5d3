//! What is known to have been written and read, by all who write and read at the same time.

use std::collections::BTreeMap;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use super::report::Samples;
use super::{Dice, Options, Phase, Report};
use crate::client::Answer;

/// What a client asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Kind {
    /// An acknowledged put.
    Put,
    /// A get that asks the nearest for the newest version.
    Fresh,
    /// A get that takes what it finds first.
    Plain,
}

#[derive(Debug)]
pub(super) struct Board {
    keys: Vec<String>,
    require: usize,
    state: Mutex<State>,
}

#[derive(Debug)]
struct State {
    phase: Phase,
    items: Vec<Item>,
    ended_puts: usize,
    has_faults: bool,
    is_stopped: bool,
    samples: BTreeMap<(Phase, Kind), Samples>,
    violations: Vec<String>,
}

#[derive(Debug, Clone, Default)]
struct Item {
    /// The version last given to be put.
    issued: u64,
    /// The newest version whose put was acknowledged.
    acknowledged: u64,
}

/// The name of an item.
pub(super) fn name(item: usize) -> String {
    format!("item-{item}")
}

/// Whether peers answered that there is no such item.
pub(super) fn is_missing(answer: &Answer) -> bool {
    answer.said.as_ref().is_err_and(|kind| kind == ":not-found")
}

impl Board {
    pub(super) fn new(items: usize, require: usize, keys: Vec<String>) -> Board {
        Board {
            keys,
            require,
            state: Mutex::new(State {
                phase: Phase::Calm,
                items: vec![Item::default(); items],
                ended_puts: 0,
                has_faults: false,
                is_stopped: false,
                samples: BTreeMap::new(),
                violations: Vec::new(),
            }),
        }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        // Every change is a single step: what a panic left behind can be used.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn require(&self) -> usize {
        self.require
    }

    pub(super) fn owner_of(&self, item: usize) -> &str {
        &self.keys[item % self.keys.len()]
    }

    /// A new phase begins; its faults are to come.
    pub(super) fn enter(&self, phase: Phase) {
        let mut state = self.state();
        (state.phase, state.has_faults) = (phase, true);
    }

    pub(super) fn has_faults(&self) -> bool {
        let state = self.state();
        state.has_faults && !state.is_stopped
    }

    pub(super) fn is_stopped(&self) -> bool {
        self.state().is_stopped
    }

    /// The faults of this phase are over when this is dropped.
    pub(super) fn end_faults_at_end(&self) -> impl Drop {
        AtEnd(self, |state| state.has_faults = false)
    }

    /// Readers stop when this is dropped.
    pub(super) fn stop_at_end(&self) -> impl Drop {
        AtEnd(self, |state| state.is_stopped = true)
    }

    /// Everybody stops when this is dropped by a panic.
    pub(super) fn stop_on_panic(&self) -> impl Drop {
        AtEnd(self, |state| state.is_stopped |= std::thread::panicking())
    }

    /// The next version of an item.
    pub(super) fn issue(&self, item: usize) -> u64 {
        let item = &mut self.state().items[item];
        item.issued += 1;
        item.issued
    }

    pub(super) fn ended_puts(&self) -> usize {
        self.state().ended_puts
    }

    pub(super) fn ended_put(&self, item: usize, version: u64, answer: &Answer) {
        let mut state = self.state();
        state.ended_puts += 1;
        if answer.said.is_ok() {
            let acknowledged = &mut state.items[item].acknowledged;
            *acknowledged = version.max(*acknowledged);
        }
        state.sample(Kind::Put, answer);
    }

    /// An item some version of which was acknowledged, and the newest such version.
    pub(super) fn any_acknowledged(&self, dice: &mut Dice) -> Option<(usize, u64)> {
        let acknowledged = self.acknowledged();
        if acknowledged.is_empty() {
            return None;
        }
        Some(acknowledged[dice.below(acknowledged.len())])
    }

    /// All of these.
    pub(super) fn acknowledged(&self) -> Vec<(usize, u64)> {
        let state = self.state();
        let numbered = state.items.iter().enumerate();
        let acknowledged = numbered.map(|(number, item)| (number, item.acknowledged));
        acknowledged.filter(|(_, version)| *version > 0).collect()
    }

    /// Judges a get that had to give `floor` at least; the version it gave.
    pub(super) fn ended_get(
        &self,
        (kind, reader): (Kind, usize),
        item: usize,
        floor: u64,
        answer: &Answer,
    ) -> Option<u64> {
        let mut state = self.state();
        state.sample(kind, answer);
        let phase = state.phase;
        let issued = state.items[item].issued;
        let name = name(item);
        let mut violated = |what: String| {
            let took = answer.took.as_millis();
            let violation = format!(
                "{phase:?}: a {kind:?} get of {name} by reader {reader} {what}, in {took} ms"
            );
            state.violations.push(violation);
        };
        match answer.said {
            Ok(version) if version < floor => {
                violated(format!("gave {version} after {floor} was known"));
            }
            Ok(version) if version > issued => {
                violated(format!("gave {version}, which nobody wrote"));
            }
            Err(_) if floor > 0 && is_missing(answer) => {
                violated(format!("found nothing after {floor} was known"));
            }
            _ => {}
        }
        answer.said.as_ref().ok().copied()
    }

    pub(super) fn report(
        &self,
        options: &Options,
        resident_bytes: Vec<u64>,
        took: Duration,
    ) -> Report {
        let mut state = self.state();
        let samples = std::mem::take(&mut state.samples);
        Report {
            options: options.clone(),
            acknowledged: state
                .items
                .iter()
                .filter(|item| item.acknowledged > 0)
                .count(),
            rows: samples
                .into_iter()
                .map(|((phase, kind), samples)| samples.row(phase, kind))
                .collect(),
            resident_bytes,
            violations: state.violations.clone(),
            took,
        }
    }
}

impl State {
    fn sample(&mut self, kind: Kind, answer: &Answer) {
        let phase = self.phase;
        self.samples.entry((phase, kind)).or_default().note(answer);
    }
}

struct AtEnd<'a>(&'a Board, fn(&mut State));

impl Drop for AtEnd<'_> {
    fn drop(&mut self) {
        self.1(&mut self.0.state());
    }
}
