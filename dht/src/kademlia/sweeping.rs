//! Crowded keys: what is done where ids look ground.
//!
//! Owns the decision that the neighbourhood of a key is denser than the network allows, and the search for
//! everybody else within the radius. Refuses to believe the K nearest alone in such a place: an item goes to
//! all within the radius, and a read asks all of them before it says that there is nothing.

use super::Kademlia;
use super::tasks::{Goal, Task, TaskId};
use crate::K;
use crate::contact::Contact;
use crate::density::{Density, beside, is_within};
use crate::id::Id;
use crate::lookup::Lookup;
use crate::table::Entry;

/// Most nodes beyond the K nearest that are asked or stored at around one crowded key.
pub const SWEPT_MAX: usize = 128;
/// How long one walk beside a crowded key may take, in milliseconds.
pub const SWEEP_TIMEOUT_MS: u64 = 4_000;

impl Kademlia {
    /// The radius to search if this task must not end with the K nearest to its target.
    pub(super) fn is_to_be_swept(&self, task: &Task) -> Option<u64> {
        let matters = match &task.goal {
            Goal::Write(_) => true,
            Goal::Read(read) => read.fresh || read.best.is_none(),
            _ => false,
        };
        if !matters || task.sweeps.is_some() {
            return None;
        }
        let target = task.lookup.target();
        let radius = self.radius()?;
        Density::crowded(radius, target, &task.lookup.nearest_asked(K))
    }

    /// Whether a lookup, as far as it has come, seems to end among ground ids.
    pub(super) fn looks_crowded(&self, lookup: &Lookup) -> bool {
        self.radius().is_some_and(|radius| {
            Density::crowded(radius, lookup.target(), &lookup.nearest_asked(K)).is_some()
        })
    }

    pub(super) fn begin_sweep(&mut self, now: u64, id: TaskId, mut task: Task, radius: u64) {
        let key = *task.lookup.target();
        let regions = beside(&key, radius, &mut self.rng);
        self.metrics.crowded_keys += 1;
        task.sweeps = Some(regions.len());
        let report = task.report(now);
        if let Goal::Write(write) = &mut task.goal {
            write.report.lookup = report;
        }
        self.tasks.insert(id, task);
        for region in regions {
            let seeds = self.seeds(&region);
            let goal = Goal::Sweep {
                of: id,
                key,
                radius,
            };
            self.start(now, None, region, seeds, goal, SWEEP_TIMEOUT_MS, 1);
        }
    }

    /// One of the walks is over; after the last one the task goes on with everybody found.
    pub(super) fn end_sweep(&mut self, now: u64, id: TaskId, sweep: Task) {
        let &Goal::Sweep { of, key, radius } = &sweep.goal else {
            return;
        };
        let found = sweep.lookup.nearest_answered(K);
        self.end(id, &sweep, Err(crate::OperationError::OutOfTime));
        let Some(mut task) = self.tasks.remove(&of) else {
            return;
        };
        let swept = task.swept.get_or_insert_default();
        for contact in found {
            let is_new = swept.iter().all(|known| known.id() != contact.id());
            if is_new && swept.len() < SWEPT_MAX && is_within(radius, &key, contact.id()) {
                swept.push(contact);
            }
        }
        let running = task.sweeps.map_or(0, |running| running.saturating_sub(1));
        task.sweeps = Some(running);
        if running > 0 {
            self.tasks.insert(of, task);
        } else {
            self.go_on_swept(now, of, task);
        }
    }

    fn go_on_swept(&mut self, now: u64, id: TaskId, mut task: Task) {
        match &task.goal {
            Goal::Write(write) if write.is_looking() => self.begin_stores(now, id, task),
            Goal::Write(_) => drop(self.tasks.insert(id, task)),
            _ => {
                let swept: Vec<Contact> = task.swept.take().unwrap_or_default();
                task.lookup.want(swept);
                self.drive(now, id, task);
            }
        }
    }

    fn radius(&self) -> Option<u64> {
        let own = self.me.id();
        let neighbours = self.table.nearest(own, K, Entry::is_live);
        self.density.radius(own, &neighbours)
    }

    /// Whether we ourselves are within the radius of this key.
    pub(super) fn is_in_radius(&self, key: &Id) -> bool {
        self.radius()
            .is_some_and(|radius| is_within(radius, key, self.me.id()))
    }
}
