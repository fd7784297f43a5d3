//! Lookups and what they are for.
//!
//! Owns every running lookup from its seeds to its end. Refuses to believe an item before `exchanges` has
//! judged it; what a found item or neighbourhood is good for is up to `reading` and `writing`.

use super::exchanges::Purpose;
use super::reading::Read;
use super::writing::Write;
use super::{Kademlia, Timer};
use crate::contact::{Contact, PublicKey};
use crate::event::{Action, LookupReport, Notice, OperationError, OperationId, Outcome};
use crate::id::Id;
use crate::lookup::Lookup;
use crate::message::{FindValue, InteractionId, Request, Response};
use crate::table::Entry;
use crate::{DISJOINT, K, LOOKUP_TIMEOUT_MS};

/// Paths of lookups that keep the table and the items where they should be.
pub const UPKEEP_PATHS: usize = 2;
/// Contacts from anywhere in the table that half of the paths begin with.
const ELSEWHERE_MAX: usize = 2 * crate::ALPHA * DISJOINT / 2;

/// Longest time a caller may give a lookup, in milliseconds.
pub const LOOKUP_TIMEOUT_MS_MAX: u64 = 120_000;

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct TaskId(u64);

#[derive(Debug)]
pub(super) struct Task {
    pub(super) operation: Option<OperationId>,
    pub(super) interaction: InteractionId,
    pub(super) started: u64,
    pub(super) deadline: u64,
    pub(super) lookup: Lookup,
    pub(super) goal: Goal,
    /// Walks beside the crowded target that are not over yet; `None` before any began.
    pub(super) sweeps: Option<usize>,
    /// Whom those walks found within the radius.
    pub(super) swept: Option<Vec<Contact>>,
}

/// What a lookup is for.
#[derive(Debug)]
pub(super) enum Goal {
    /// Naming the nearest nodes.
    Nodes,
    /// Finding our own place.
    Bootstrap,
    /// Knowing the neighbourhood of an id better.
    Refresh,
    /// Finding who else lives within the radius of another task's crowded target.
    Sweep {
        of: TaskId,
        key: Id,
        radius: u64,
    },
    Read(Box<Read>),
    Write(Box<Write>),
}

impl Task {
    pub(super) fn exclude(&mut self, peer: &PublicKey) {
        self.lookup.exclude(peer);
    }

    pub(super) fn report(&self, now: u64) -> LookupReport {
        LookupReport {
            requests: self.lookup.requests,
            failures: self.lookup.failures,
            hops: 0,
            took_ms: now.saturating_sub(self.started),
        }
    }

    fn request(&self) -> Request {
        match &self.goal {
            Goal::Read(read) => Request::FindValue(FindValue {
                key: *self.lookup.target(),
                newer_than: read.newer_than,
                fresh: read.fresh,
            }),
            _ => Request::FindNode {
                target: *self.lookup.target(),
            },
        }
    }

    fn is_looking(&self) -> bool {
        let is_sweeping = self.sweeps.is_some_and(|running| running > 0);
        match &self.goal {
            _ if is_sweeping => false,
            Goal::Read(read) => read.watching.is_none(),
            Goal::Write(write) => write.is_looking(),
            _ => true,
        }
    }

    /// Whether this is a read, somebody answered, and nobody had it.
    fn lacks_its_value(&self) -> bool {
        let lacks = |read: &Read| read.best.is_none();
        matches!(&self.goal, Goal::Read(read) if lacks(read)) && self.lookup.was_answered()
    }

    fn has_found(&self) -> bool {
        match &self.goal {
            Goal::Read(read) if read.fresh => self.lookup.has_majority(),
            Goal::Read(read) => read.best.is_some(),
            _ => false,
        }
    }
}

impl Kademlia {
    pub(super) fn bootstrap(&mut self, now: u64, operation: OperationId, contacts: Vec<Contact>) {
        // These come from the node's owner: they may be dialled however often the owner asks.
        contacts
            .iter()
            .for_each(|contact| self.dials.vouched_for(contact));
        let own = *self.me.id();
        self.remember(&contacts);
        self.knock_at(&contacts);
        let mut seeds = self.seeds(&own);
        seeds.extend(contacts);
        self.start(
            now,
            Some(operation),
            own,
            seeds,
            Goal::Bootstrap,
            LOOKUP_TIMEOUT_MS,
            UPKEEP_PATHS,
        );
    }

    pub(super) fn find_node(&mut self, now: u64, operation: OperationId, target: Id) {
        let seeds = self.seeds(&target);
        self.start(
            now,
            Some(operation),
            target,
            seeds,
            Goal::Nodes,
            LOOKUP_TIMEOUT_MS,
            UPKEEP_PATHS,
        );
    }

    pub(super) fn refresh(&mut self, now: u64, target: Id) {
        let seeds = self.seeds(&target);
        self.refresh_from(now, target, seeds);
    }

    /// Learns the neighbourhood of an id, beginning with these contacts.
    pub(super) fn refresh_from(&mut self, now: u64, target: Id, seeds: Vec<Contact>) {
        self.start(
            now,
            None,
            target,
            seeds,
            Goal::Refresh,
            LOOKUP_TIMEOUT_MS,
            UPKEEP_PATHS,
        );
    }

    /// Whom to ask first: the nearest we know, and if that is hardly anybody, whom an earlier run knew.
    pub(super) fn seeds(&self, target: &Id) -> Vec<Contact> {
        let mut seeds = self.table.nearest(target, K, Entry::is_responsive);
        if seeds.len() < crate::ALPHA {
            seeds.extend(self.table.nearest(target, K, Entry::is_live));
            seeds.extend(self.saved.iter().cloned());
            seeds.extend(self.table.nearest(target, K, |entry| !entry.is_live()));
        }
        seeds
    }

    fn lookup(
        &mut self,
        target: Id,
        seeds: Vec<Contact>,
        paths: usize,
        is_patient: bool,
    ) -> Lookup {
        let elsewhere = match paths {
            1 => Vec::new(),
            _ => self.table.anywhere(ELSEWHERE_MAX, &mut self.rng),
        };
        let own = *self.me.id();
        Lookup::new(own, target, seeds, elsewhere, paths, is_patient)
    }

    #[allow(clippy::too_many_arguments)]
    pub(super) fn start(
        &mut self,
        now: u64,
        operation: Option<OperationId>,
        target: Id,
        seeds: Vec<Contact>,
        goal: Goal,
        timeout_ms: u64,
        paths: usize,
    ) {
        let id = TaskId(self.number());
        let interaction = InteractionId::random(&mut self.rng);
        let deadline = now.saturating_add(timeout_ms);
        // Where the very nearest matter; whoever stores tries the overdue once more anyway.
        let is_patient = matches!(goal, Goal::Nodes | Goal::Read(_));
        let is_narrow = matches!(&goal, Goal::Read(read) if read.content);
        let lookup = self.lookup(target, seeds, paths, is_patient);
        let lookup = if is_narrow { lookup.narrow() } else { lookup };
        self.table.looked_up(now, &target);
        self.timers.insert((deadline, Timer::Task(id)));
        match operation {
            Some(operation) => drop(self.operations.insert(operation, id)),
            None => self.background += 1,
        }
        let task = Task {
            operation,
            interaction,
            started: now,
            deadline,
            lookup,
            goal,
            sweeps: None,
            swept: None,
        };
        self.drive(now, id, task);
    }

    /// Asks whoever is to be asked next, or concludes.
    pub(super) fn drive(&mut self, now: u64, id: TaskId, mut task: Task) {
        while task.is_looking() {
            if task.has_found() || task.lookup.is_finished() {
                return self.conclude(now, id, task);
            }
            let Some(next) = task.lookup.next() else {
                break;
            };
            if !self.send(
                now,
                &next,
                task.interaction,
                task.request(),
                Purpose::Find(id),
            ) {
                task.lookup.failed(next.id());
            }
        }
        self.tasks.insert(id, task);
    }

    pub(super) fn find_answered(
        &mut self,
        now: u64,
        id: TaskId,
        from: &Contact,
        response: Response,
    ) {
        let Some(mut task) = self.tasks.remove(&id) else {
            return;
        };
        if self.is_blocked(&from.public_key(), now) {
            task.lookup.failed(from.id());
            return self.drive(now, id, task);
        }
        match (response, &mut task.goal) {
            (Response::Nodes(nodes), goal) => {
                let asked = task
                    .lookup
                    .answered(from.id(), self.acceptable(now, nodes.contacts));
                if let (Some(_), Goal::Read(read)) = (asked, goal) {
                    read.lacks(from, task.lookup.target());
                    read.behind
                        .extend(nodes.held.map(|version| (from.clone(), version)));
                } else if asked.is_some() {
                    self.store_early(now, id, &mut task, from);
                }
            }
            (Response::Value(value), Goal::Read(read)) => {
                let target = *task.lookup.target();
                match self.judge(now, from, &target, &value.item) {
                    Err(_) => task.lookup.failed(from.id()),
                    Ok(item) => {
                        let contacts = self.acceptable(now, value.contacts);
                        let hops = task.lookup.answered(from.id(), contacts).unwrap_or(0);
                        let usable = item.check_times(now).is_ok() && !item.item().is_stub();
                        if usable && read.newer_than.is_none_or(|floor| item.version() > floor) {
                            read.offer(from, item, hops);
                        } else {
                            read.lacks(from, &target);
                        }
                    }
                }
            }
            _ => task.lookup.failed(from.id()),
        }
        self.drive(now, id, task);
    }

    pub(super) fn find_failed(&mut self, now: u64, id: TaskId, from: &Contact) {
        if let Some(mut task) = self.tasks.remove(&id) {
            task.lookup.failed(from.id());
            self.drive(now, id, task);
        }
    }

    pub(super) fn find_overdue(&mut self, now: u64, id: TaskId, slow: &Id) {
        if let Some(mut task) = self.tasks.remove(&id) {
            task.lookup.overdue(slow);
            self.drive(now, id, task);
        }
    }

    pub(super) fn out_of_time(&mut self, now: u64, id: TaskId) {
        let Some(task) = self.tasks.remove(&id) else {
            return;
        };
        let answered = task.lookup.was_answered();
        match &task.goal {
            // What was found so far is good enough to store at.
            Goal::Write(_) | Goal::Bootstrap if answered && task.is_looking() => {
                self.conclude(now, id, task);
            }
            Goal::Write(write) if !write.is_looking() => drop(self.tasks.insert(id, task)),
            // Whoever was found in time has to do.
            Goal::Write(_) if answered => self.begin_stores(now, id, task),
            Goal::Sweep { .. } => self.end_sweep(now, id, task),
            Goal::Read(read) if read.watching.is_some() => drop(self.tasks.insert(id, task)),
            _ => self.end(id, &task, Err(OperationError::OutOfTime)),
        }
    }

    /// The operation of this task was cancelled.
    pub(super) fn drop_task(&mut self, id: TaskId) {
        if let Some(task) = self.tasks.remove(&id) {
            self.timers.remove(&(task.deadline, Timer::Task(id)));
        }
    }

    /// Whom we may hear of from others: nobody blocked, and not ourselves.
    pub(super) fn acceptable(&self, now: u64, mut contacts: Vec<Contact>) -> Vec<Contact> {
        if !self.blocks.is_empty() {
            contacts.retain(|contact| !self.is_blocked(&contact.public_key(), now));
        }
        contacts
    }

    /// The lookup is over.
    fn conclude(&mut self, now: u64, id: TaskId, mut task: Task) {
        if matches!(task.goal, Goal::Sweep { .. }) {
            return self.end_sweep(now, id, task);
        }
        if task.lacks_its_value() && task.lookup.is_single() {
            // Perhaps a liar stood in the way.
            let target = *task.lookup.target();
            task.lookup = self.lookup(target, self.seeds(&target), DISJOINT, true);
            return self.drive(now, id, task);
        }
        if let Some(radius) = self.is_to_be_swept(&task) {
            return self.begin_sweep(now, id, task, radius);
        }
        let mut report = task.report(now);
        if let Goal::Read(read) = &task.goal {
            report.hops = read.best.as_ref().map_or(0, |best| best.hops);
            if read.best.is_some() {
                self.metrics.found_after(report.hops);
            }
        }
        self.metrics.lookups += 1;
        self.metrics.lookup_ms.note(report.took_ms);
        let interaction = task.interaction;
        self.outbox.push(Action::Emit(Notice::LookupEnded {
            interaction,
            report,
        }));
        let is_alone = !task.lookup.was_answered();
        match &mut task.goal {
            Goal::Nodes if is_alone => self.end(id, &task, Err(OperationError::RoutingTableEmpty)),
            Goal::Nodes => {
                let contacts = task.lookup.nearest_answered(K);
                self.end(
                    id,
                    &task,
                    Ok(Outcome::Nodes {
                        contacts,
                        lookup: report,
                    }),
                );
            }
            Goal::Bootstrap | Goal::Refresh => {
                let contacts = self.table.entries().filter(|entry| entry.is_live()).count();
                let outcome = match contacts {
                    0 => Err(OperationError::RoutingTableEmpty),
                    _ => Ok(Outcome::Bootstrapped { contacts }),
                };
                if matches!(task.goal, Goal::Bootstrap) && contacts > 0 {
                    self.refresh_far_buckets(now);
                } else if task.lookup.target() != self.me.id() {
                    let nearest = task.lookup.nearest_answered(K);
                    self.density.note(task.lookup.target(), &nearest);
                }
                self.end(id, &task, outcome);
            }
            Goal::Sweep { .. } => {}
            Goal::Read(_) => self.conclude_read(now, id, task, report, is_alone),
            Goal::Write(write) => {
                write.report.lookup = report;
                self.begin_stores(now, id, task);
            }
        }
    }

    /// The task is over; whoever waits for it hears of it.
    pub(super) fn end(
        &mut self,
        id: TaskId,
        task: &Task,
        outcome: Result<Outcome, OperationError>,
    ) {
        self.timers.remove(&(task.deadline, Timer::Task(id)));
        match task.operation {
            Some(operation) => self.finish(operation, outcome),
            None => self.background -= 1,
        }
    }
}
