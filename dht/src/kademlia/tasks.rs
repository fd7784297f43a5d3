//! Lookups and what they are for.
//!
//! Owns every running lookup from its seeds to its outcome. Refuses to believe an item before `exchanges`
//! has judged it, and to let a reader see a version older than one it saw before.

use super::exchanges::Purpose;
use super::{Kademlia, Timer};
use crate::contact::{Contact, PublicKey};
use crate::event::{
    Action, Found, Get, LookupReport, Notice, OperationError, OperationId, Outcome, Put, PutReport,
};
use crate::id::{Distance, Id};
use crate::item::{VerifiedItem, Version};
use crate::lookup::Lookup;
use crate::message::{ErrorCode, FindValue, InteractionId, Request, Response, Store};
use crate::storage::{Incoming, Kept, Refusal};
use crate::table::Entry;
use crate::{K, LOOKUP_TIMEOUT_MS};

/// Longest time a caller may give a lookup, in milliseconds.
pub const LOOKUP_TIMEOUT_MS_MAX: u64 = 120_000;

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct TaskId(u64);

#[derive(Debug)]
pub(super) struct Task {
    pub(super) operation: Option<OperationId>,
    pub(super) interaction: InteractionId,
    started: u64,
    deadline: u64,
    lookup: Lookup,
    goal: Goal,
}

/// What a lookup is for.
#[derive(Debug)]
enum Goal {
    /// Naming the nearest nodes.
    Nodes,
    /// Finding our own place.
    Bootstrap,
    /// Knowing the neighbourhood of an id better.
    Refresh,
    Read(Box<Read>),
    Write(Box<Write>),
}

#[derive(Debug)]
struct Read {
    fresh: bool,
    /// Set a watch at the nearest nodes afterwards.
    watch: bool,
    /// Only versions strictly newer are asked for.
    newer_than: Option<Version>,
    best: Option<Best>,
    /// The nearest node that did not have it.
    lacking: Option<(Distance, Contact)>,
    /// Nodes that answered with something older than the best.
    behind: Vec<(Contact, Version)>,
    /// Watch requests not answered yet, and set ones; `None` until the lookup is over.
    watching: Option<(usize, usize)>,
}

#[derive(Debug)]
struct Best {
    item: VerifiedItem,
    holder: Option<PublicKey>,
    hops: u32,
}

#[derive(Debug)]
struct Write {
    item: VerifiedItem,
    require: Option<usize>,
    report: PutReport,
    /// Stores not answered yet; `None` until the lookup is over.
    pending: Option<usize>,
    /// Whether we are among the K nearest ourselves.
    is_ours: bool,
}

impl Task {
    pub(super) fn exclude(&mut self, peer: &PublicKey) {
        self.lookup.exclude(peer);
    }

    fn report(&self, now: u64) -> LookupReport {
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
        match &self.goal {
            Goal::Read(read) => read.watching.is_none(),
            Goal::Write(write) => write.pending.is_none(),
            _ => true,
        }
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
            .for_each(|contact| self.dials.proven(contact));
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
        );
    }

    pub(super) fn refresh(&mut self, now: u64, target: Id) {
        let seeds = self.seeds(&target);
        self.refresh_from(now, target, seeds);
    }

    /// Learns the neighbourhood of an id, beginning with these contacts.
    pub(super) fn refresh_from(&mut self, now: u64, target: Id, seeds: Vec<Contact>) {
        self.start(now, None, target, seeds, Goal::Refresh, LOOKUP_TIMEOUT_MS);
    }

    pub(super) fn get(&mut self, now: u64, operation: OperationId, get: &Get) {
        let key = get.key;
        let floor = self.seen.version(&key);
        let held = self.storage.read(now, &key, get.fresh);
        let held = held.filter(|item| floor.is_none_or(|floor| item.version() >= floor));
        let seeds = self.seeds(&key);
        if let Some(item) = &held
            && (!get.fresh || seeds.is_empty())
        {
            self.seen.note(&key, item.version());
            let found = Found {
                item: item.clone(),
                holder: None,
                lookup: LookupReport::default(),
            };
            return self.finish(operation, Ok(Outcome::Found(found)));
        }
        let goal = Goal::Read(Box::new(self.read_goal(held, floor, get.fresh)));
        let timeout = get.timeout_ms.min(LOOKUP_TIMEOUT_MS_MAX);
        self.start(now, Some(operation), key, seeds, goal, timeout);
    }

    /// A fresh read that sets a watch at its end.
    pub(super) fn read_to_watch(&mut self, now: u64, operation: Option<OperationId>, key: Id) {
        let held = self.storage.read(now, &key, true);
        let read = self.read_goal(held, self.seen.version(&key), true);
        let goal = Goal::Read(Box::new(Read {
            watch: true,
            ..read
        }));
        let seeds = self.seeds(&key);
        self.start(now, operation, key, seeds, goal, LOOKUP_TIMEOUT_MS);
    }

    fn read_goal(&self, held: Option<VerifiedItem>, floor: Option<Version>, fresh: bool) -> Read {
        // What was seen but is not at hand has to be found again: "newer than just below it".
        let newer_than = held
            .as_ref()
            .map(VerifiedItem::version)
            .or_else(|| floor.map(Version::just_below));
        Read {
            fresh,
            watch: false,
            newer_than,
            best: held.map(|item| Best {
                item,
                holder: None,
                hops: 0,
            }),
            lacking: None,
            behind: Vec::new(),
            watching: None,
        }
    }

    pub(super) fn put(&mut self, now: u64, operation: OperationId, put: Put) {
        let checked = VerifiedItem::new(put.item, &*self.signatures)
            .and_then(|item| item.check_times(now).map(|()| item));
        let item = match checked {
            Ok(item) => item,
            Err(error) => return self.finish(operation, Err(OperationError::BadItem(error))),
        };
        let source = self.me.public_key();
        let republish_at = self.next_republish(now);
        let kept = self.keep(
            now,
            Incoming {
                item: item.clone(),
                own: true,
                cached_until: None,
                source,
                subnet: None,
                republish_at,
            },
        );
        match kept {
            Kept::New(_) | Kept::Same => {}
            Kept::Older(newer) => {
                return self.finish(operation, Err(OperationError::Superseded(newer)));
            }
            Kept::Refused(Refusal::Item(error)) => {
                return self.finish(operation, Err(OperationError::BadItem(error)));
            }
            Kept::Refused(Refusal::Stub | Refusal::OverQuota) => {
                return self.finish(operation, Err(OperationError::Busy));
            }
        }
        self.seen.note(item.key(), item.version());
        self.write(now, Some(operation), item, put.require);
    }

    /// Stores an item at the K nearest; for the node's own upkeep without an operation.
    pub(super) fn write(
        &mut self,
        now: u64,
        operation: Option<OperationId>,
        item: VerifiedItem,
        require: Option<usize>,
    ) {
        let key = *item.key();
        let seeds = self.seeds(&key);
        let report = PutReport::default();
        let write = Write {
            item,
            require,
            report,
            pending: None,
            is_ours: false,
        };
        let goal = Goal::Write(Box::new(write));
        self.start(now, operation, key, seeds, goal, LOOKUP_TIMEOUT_MS);
    }

    /// Whom to ask first: the nearest we know, and if that is hardly anybody, whom an earlier run knew.
    fn seeds(&self, target: &Id) -> Vec<Contact> {
        let mut seeds = self.table.nearest(target, K, Entry::is_live);
        if seeds.len() < crate::ALPHA {
            seeds.extend(self.saved.iter().cloned());
            seeds.extend(self.table.nearest(target, K, |entry| !entry.is_live()));
        }
        seeds
    }

    fn start(
        &mut self,
        now: u64,
        operation: Option<OperationId>,
        target: Id,
        seeds: Vec<Contact>,
        goal: Goal,
        timeout_ms: u64,
    ) {
        let id = TaskId(self.number());
        let interaction = InteractionId::random(&mut self.rng);
        let deadline = now.saturating_add(timeout_ms);
        let lookup = Lookup::new(*self.me.id(), target, seeds);
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
        };
        self.drive(now, id, task);
    }

    /// Asks whoever is to be asked next, or concludes.
    fn drive(&mut self, now: u64, id: TaskId, mut task: Task) {
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
            Goal::Write(write) if write.pending.is_some() => drop(self.tasks.insert(id, task)),
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
    fn acceptable(&self, now: u64, mut contacts: Vec<Contact>) -> Vec<Contact> {
        contacts.retain(|contact| !self.is_blocked(&contact.public_key(), now));
        contacts
    }

    /// The lookup is over.
    fn conclude(&mut self, now: u64, id: TaskId, mut task: Task) {
        let mut report = task.report(now);
        if let Goal::Read(read) = &task.goal {
            report.hops = read.best.as_ref().map_or(0, |best| best.hops);
        }
        self.metrics.lookups += 1;
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
                }
                self.end(id, &task, outcome);
            }
            Goal::Read(_) => self.conclude_read(now, id, task, report, is_alone),
            Goal::Write(write) => {
                write.report.lookup = report;
                self.begin_stores(now, id, task);
            }
        }
    }

    fn conclude_read(
        &mut self,
        now: u64,
        id: TaskId,
        mut task: Task,
        report: LookupReport,
        is_alone: bool,
    ) {
        let key = *task.lookup.target();
        let Goal::Read(read) = &mut task.goal else {
            return;
        };
        if let Some(best) = &read.best {
            self.seen.note(&key, best.item.version());
            let item = best.item.clone();
            let (holder, interaction) = (best.holder, task.interaction);
            self.spread(now, interaction, read, &item, holder);
            self.tell_ourselves(&item);
        }
        if read.watch {
            return self.begin_watch(now, id, task);
        }
        let outcome = match read.best.take() {
            // What we hold ourselves is no fresh answer when nobody else could be asked.
            Some(best) if !is_alone || !read.fresh => {
                let (item, holder) = (best.item, best.holder);
                Ok(Outcome::Found(Found {
                    item,
                    holder,
                    lookup: report,
                }))
            }
            _ if is_alone => Err(OperationError::RoutingTableEmpty),
            _ => Err(OperationError::ValueNotFound(report)),
        };
        self.end(id, &task, outcome);
    }

    /// After a find: a copy for the nearest node on the path that lacked it, the newest version for those
    /// that were behind, and for ourselves if we were.
    fn spread(
        &mut self,
        now: u64,
        interaction: InteractionId,
        read: &Read,
        item: &VerifiedItem,
        holder: Option<PublicKey>,
    ) {
        let held = self.storage.held(item.key());
        if held.is_some_and(|held| held.version() < item.version() && held.cached_until.is_none()) {
            let me = self.me.clone();
            let incoming = self.incoming_item(now, item.clone(), &me);
            self.keep(now, incoming);
        }
        let store = |cache| {
            Request::Store(Store {
                item: item.item().clone(),
                cache,
            })
        };
        for (behind, version) in read.behind.iter().take(K) {
            if *version < item.version() {
                self.send(now, behind, interaction, store(false), Purpose::Copy);
            }
        }
        if let Some((_, lacking)) = read
            .lacking
            .as_ref()
            .filter(|_| !read.fresh && holder.is_some())
            && self.send(now, lacking, interaction, store(true), Purpose::Copy)
        {
            self.metrics.cached += 1;
        }
    }

    fn begin_stores(&mut self, now: u64, id: TaskId, mut task: Task) {
        let Goal::Write(write) = &mut task.goal else {
            return;
        };
        let key = *write.item.key();
        let mut targets = task.lookup.nearest_answered(K);
        let own = key.distance(self.me.id());
        let nearer = targets
            .iter()
            .filter(|contact| key.distance(contact.id()) < own)
            .count();
        write.is_ours = nearer < K;
        if write.is_ours {
            // We are one of the K ourselves.
            targets.truncate(K - 1);
        }
        let store = Store {
            item: write.item.item().clone(),
            cache: false,
        };
        let mut pending = 0;
        for target in &targets {
            let request = Request::Store(store.clone());
            if self.send(now, target, task.interaction, request, Purpose::Store(id)) {
                pending += 1;
            } else {
                write.report.timed_out += 1;
            }
        }
        write.pending = Some(pending);
        self.continue_stores(now, id, task);
    }

    pub(super) fn store_answered(
        &mut self,
        now: u64,
        id: TaskId,
        from: &Contact,
        response: Response,
    ) {
        let code = match &response {
            Response::Stored => None,
            Response::Failure(failure) => Some(failure.code),
            _ => Some(ErrorCode::Internal),
        };
        let newer = self.take_newer(now, from, response);
        let Some(mut task) = self.tasks.remove(&id) else {
            return;
        };
        if let Goal::Write(write) = &mut task.goal {
            write.pending = write.pending.map(|pending| pending - 1);
            match code {
                None => write.report.stored += 1,
                Some(code) => write.report.rejected.push((from.public_key(), code)),
            }
            if newer.is_some() {
                write.report.newer = newer;
            }
        }
        self.continue_stores(now, id, task);
    }

    pub(super) fn store_failed(&mut self, now: u64, id: TaskId) {
        let Some(mut task) = self.tasks.remove(&id) else {
            return;
        };
        if let Goal::Write(write) = &mut task.goal {
            write.pending = write.pending.map(|pending| pending - 1);
            write.report.timed_out += 1;
        }
        self.continue_stores(now, id, task);
    }

    fn continue_stores(&mut self, now: u64, id: TaskId, mut task: Task) {
        let Goal::Write(write) = &mut task.goal else {
            return;
        };
        let is_over = write.pending == Some(0);
        let has_enough = write
            .require
            .is_some_and(|require| write.report.stored >= require.max(1));
        if !is_over && (!has_enough || task.operation.is_none()) {
            self.tasks.insert(id, task);
            return;
        }
        let report = write.report.clone();
        let required = write.require.unwrap_or(1).max(1);
        let outcome = if report.stored >= required {
            Ok(Outcome::Stored(report))
        } else {
            Err(OperationError::NotStored(Box::new(report)))
        };
        if is_over {
            let (key, is_ours) = (*write.item.key(), write.is_ours);
            let (stored, newer) = (write.report.stored, write.report.newer.take());
            let is_upkeep = task.operation.is_none();
            self.end(id, &task, outcome);
            self.republished(now, &key, is_upkeep, is_ours, stored, newer);
        } else if let Some(operation) = task.operation {
            // Enough have it; the rest goes on without anybody waiting.
            self.finish(operation, outcome);
            task.operation = None;
            self.background += 1;
            self.tasks.insert(id, task);
        }
    }

    fn begin_watch(&mut self, now: u64, id: TaskId, mut task: Task) {
        let key = *task.lookup.target();
        let nodes = task.lookup.nearest_answered(super::watching::WATCH_NODES);
        let lasting_ms = super::watching::WATCH_MS;
        let mut pending = 0;
        for node in &nodes {
            let request = Request::Watch { key, lasting_ms };
            pending +=
                usize::from(self.send(now, node, task.interaction, request, Purpose::Watch(id)));
        }
        if let Goal::Read(read) = &mut task.goal {
            read.watching = Some((pending, 0));
        }
        self.continue_watch(id, task);
    }

    pub(super) fn watch_answered(&mut self, id: TaskId, is_set: bool) {
        let Some(mut task) = self.tasks.remove(&id) else {
            return;
        };
        if let Goal::Read(read) = &mut task.goal
            && let Some((pending, set)) = &mut read.watching
        {
            *pending -= 1;
            *set += usize::from(is_set);
        }
        self.continue_watch(id, task);
    }

    fn continue_watch(&mut self, id: TaskId, task: Task) {
        match &task.goal {
            Goal::Read(read) if read.watching.is_some_and(|(pending, _)| pending == 0) => {
                let nodes = read.watching.map_or(0, |(_, set)| set);
                self.end(id, &task, Ok(Outcome::Watching { nodes }));
            }
            _ => drop(self.tasks.insert(id, task)),
        }
    }

    /// The task is over; whoever waits for it hears of it.
    fn end(&mut self, id: TaskId, task: &Task, outcome: Result<Outcome, OperationError>) {
        self.timers.remove(&(task.deadline, Timer::Task(id)));
        match task.operation {
            Some(operation) => self.finish(operation, outcome),
            None => self.background -= 1,
        }
    }

    /// Keys of items being republished or refreshed right now.
    pub(super) fn is_writing(&self, key: &Id) -> bool {
        self.tasks
            .values()
            .any(|task| matches!(task.goal, Goal::Write(_)) && task.lookup.target() == key)
    }
}

impl Read {
    fn lacks(&mut self, from: &Contact, target: &Id) {
        let distance = target.distance(from.id());
        if self
            .lacking
            .as_ref()
            .is_none_or(|(nearest, _)| distance < *nearest)
        {
            self.lacking = Some((distance, from.clone()));
        }
    }

    fn offer(&mut self, from: &Contact, item: VerifiedItem, hops: u32) {
        let version = item.version();
        if self
            .best
            .as_ref()
            .is_none_or(|best| best.item.version() < version)
        {
            self.best = Some(Best {
                item,
                holder: Some(from.public_key()),
                hops,
            });
        }
        if self.fresh {
            self.behind.push((from.clone(), version));
        }
    }
}
