//! Writes: an item's way to the K nodes nearest to its key.
//!
//! Owns the counting of who stored it and why others did not, the repetition of stores that got lost, and
//! the reading back. Refuses items that do not pass their own check, and to publish what is older than what
//! this node holds.
//!
//! ```text
//! lookup ──► (sweep, if the key is crowded) ──► store at the K nearest ──► read back, if asked to
//!   └ the very nearest, as soon as they answer ──►│ lost: again, STORE_TRIES times
//!                                                 │ refused or given up: the next nearest instead
//!                                                 └ a stub was offered and refused: the whole item
//! ```

use std::collections::VecDeque;
use std::sync::Arc;

use super::Kademlia;
use super::exchanges::Purpose;
use super::tasks::{Goal, Task, TaskId, UPKEEP_PATHS};
use crate::contact::Contact;
use crate::event::{OperationError, OperationId, Outcome, Put, PutReport};
use crate::id::Id;
use crate::item::{Item, VerifiedItem};
use crate::lookup::Lookup;
use crate::message::{ErrorCode, FindValue, Request, Response, Store};
use crate::shares::Claimant;
use crate::storage::{Incoming, Kept, Refusal};
use crate::{DISJOINT, K, LOOKUP_TIMEOUT_MS};

/// How often one node is asked to store an item: messages get lost.
pub const STORE_TRIES: u8 = 3;
/// The next nearest that take the place of nodes which refuse or are gone.
pub const SPARES_MAX: usize = 10;
/// The upkeep offers a larger value's stub first: who has the value need not be sent it again.
pub const STUB_FIRST_BYTES: usize = 1024;

#[derive(Debug)]
pub(super) struct Write {
    pub(super) item: VerifiedItem,
    pub(super) require: Option<usize>,
    read_back: bool,
    /// Nobody on this node asked for it.
    is_upkeep: bool,
    /// It was met when an older version was republished.
    is_met: bool,
    pub(super) report: PutReport,
    /// Whom it goes to, as far as they are known.
    targets: Vec<Target>,
    is_looking: bool,
    spares: VecDeque<Contact>,
    /// Whether we are among the K nearest ourselves, or within the radius of a crowded key.
    is_ours: bool,
}

#[derive(Debug)]
struct Target {
    contact: Contact,
    asked: u8,
    outstanding: u8,
    /// Only the stub was offered so far.
    is_stub: bool,
    /// Overdue in the lookup: it gets the item if it lives, and nobody waits for it.
    is_doubtful: bool,
    /// Found beside a crowded key: what the ground ids nearest to it say counts for nothing without these.
    is_beside: bool,
    /// It said that it stored the item and, if it was to be read back, gave it back.
    has_it: bool,
    fate: Fate,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Fate {
    Storing,
    ReadingBack,
    Settled,
}

impl Target {
    fn new(contact: Contact, is_stub: bool) -> Self {
        Self {
            contact,
            asked: 0,
            outstanding: 0,
            is_stub,
            is_doubtful: false,
            is_beside: false,
            has_it: false,
            fate: Fate::Storing,
        }
    }
}

impl Write {
    /// Whether the nodes nearest to the key are still being looked for.
    pub(super) fn is_looking(&self) -> bool {
        self.is_looking
    }

    fn target(&mut self, contact: &Contact) -> Option<&mut Target> {
        let mut targets = self.targets.iter_mut();
        targets.find(|target| target.contact.is(contact.id()))
    }

    fn place(&self, contact: &Contact) -> Option<usize> {
        let mut targets = self.targets.iter();
        targets.position(|target| target.contact.is(contact.id()))
    }

    /// How many count towards what was required.
    fn counted(&self) -> usize {
        match self.read_back {
            true => self.report.confirmed,
            false => self.report.stored,
        }
    }

    /// Whether as many have it as were required, and of those beside a crowded key half. While others are
    /// still being looked for, only the K nearest known so far count.
    fn has_enough(&self, lookup: &Lookup) -> bool {
        let Some(required) = self.require else {
            return false;
        };
        if self.is_looking {
            let is_near = |target: &&Target| lookup.is_among_nearest(target.contact.id(), K);
            let having = self.targets.iter().filter(|target| target.has_it);
            return having.filter(is_near).count() >= required;
        }
        let beside = self.targets.iter().filter(|target| target.is_beside);
        let having = beside.clone().filter(|target| target.has_it).count();
        self.counted() >= required && 2 * having >= beside.count()
    }

    fn is_over(&self) -> bool {
        let is_done = |target: &Target| target.fate == Fate::Settled || target.is_doubtful;
        !self.is_looking && self.targets.iter().all(is_done)
    }
}

impl Kademlia {
    pub(super) fn put(&mut self, now: u64, operation: OperationId, put: Put) {
        let republish_at = self.next_republish(now);
        let item = match self.keep_own(now, put.item, republish_at) {
            Ok(item) => item,
            Err(error) => return self.finish(operation, Err(error)),
        };
        self.write(
            now,
            Some(operation),
            item,
            put.require,
            put.read_back,
            false,
        );
        // Whoever is content with our own copy waits for nobody.
        if put.require == Some(0)
            && let Some(&id) = self.operations.get(&operation)
            && let Some(task) = self.tasks.remove(&id)
        {
            self.continue_stores(now, id, task);
        }
    }

    /// Keeps an item as our own, to be republished from then on.
    pub(super) fn keep_own(
        &mut self,
        now: u64,
        item: Arc<Item>,
        republish_at: u64,
    ) -> Result<VerifiedItem, OperationError> {
        let item = VerifiedItem::new(item, &*self.signatures).map_err(OperationError::BadItem)?;
        item.check_times(now).map_err(OperationError::BadItem)?;
        let incoming = Incoming {
            item: item.clone(),
            own: true,
            cached_until: None,
            claimant: Claimant {
                source: self.me.public_key(),
                subnet: None,
            },
            republish_at,
        };
        match self.keep(now, incoming) {
            Kept::New(_) | Kept::Same => {}
            Kept::Older(newer) => return Err(OperationError::Superseded(newer)),
            Kept::Refused(Refusal::Item(error)) => return Err(OperationError::BadItem(error)),
            Kept::Refused(Refusal::Stub | Refusal::OverQuota) => return Err(OperationError::Busy),
        }
        self.note_seen(now, &item);
        Ok(item)
    }

    /// Stores an item at the K nearest; for the node's own upkeep without an operation. One met in the course of that
    /// leads to no further one.
    pub(super) fn write(
        &mut self,
        now: u64,
        operation: Option<OperationId>,
        item: VerifiedItem,
        require: Option<usize>,
        read_back: bool,
        is_met: bool,
    ) {
        let key = *item.key();
        let seeds = self.seeds(&key);
        let paths = match operation {
            Some(_) => DISJOINT,
            None => UPKEEP_PATHS,
        };
        let goal = Goal::Write(Box::new(Write {
            item,
            require,
            read_back,
            is_upkeep: operation.is_none(),
            is_met,
            report: PutReport::default(),
            targets: Vec::new(),
            is_looking: true,
            spares: VecDeque::new(),
            is_ours: false,
        }));
        self.start(now, operation, key, seeds, goal, LOOKUP_TIMEOUT_MS, paths);
    }

    pub(super) fn begin_stores(&mut self, now: u64, id: TaskId, mut task: Task) {
        let Goal::Write(write) = &mut task.goal else {
            return;
        };
        let key = *write.item.key();
        let mut nearest = task.lookup.nearest_answered(K);
        write.spares = task.lookup.spares(SPARES_MAX).into();
        let own = key.distance(self.me.id());
        let nearer = nearest
            .iter()
            .filter(|contact| key.distance(contact.id()) < own)
            .count();
        let swept = task.swept.take().unwrap_or_default();
        write.is_ours = nearer < K || (!swept.is_empty() && self.is_in_radius(&key));
        if nearer < K {
            // We are one of the K ourselves.
            nearest.truncate(K - 1);
        }
        for contact in &swept {
            write.spares.retain(|spare| spare.id() != contact.id());
            if nearest.iter().all(|known| known.id() != contact.id()) {
                nearest.push(contact.clone());
            }
        }
        let size = write.item.item().value.as_ref().map_or(0, Vec::len);
        let is_stub = write.is_upkeep && size > STUB_FIRST_BYTES;
        let target = |contact| Target::new(contact, is_stub);
        let known = write.targets.len();
        nearest.retain(|contact| write.place(contact).is_none());
        write.targets.extend(nearest.into_iter().map(target));
        let mut slow = task.lookup.nearest_slow();
        slow.retain(|contact| write.place(contact).is_none());
        write.targets.extend(slow.into_iter().map(|contact| Target {
            is_doubtful: true,
            ..target(contact)
        }));
        for contact in &swept {
            if let Some(target) = write.target(contact) {
                target.is_beside = true;
            }
        }
        write.is_looking = false;
        let count = write.targets.len();
        for place in known..count {
            self.send_store(now, id, &mut task, place);
        }
        self.continue_stores(now, id, task);
    }

    /// While somebody waits: whoever answered and is among the very nearest known, those it named included,
    /// is a target for all that is still to be found.
    pub(super) fn store_early(&mut self, now: u64, id: TaskId, task: &mut Task, at: &Contact) {
        let Goal::Write(write) = &mut task.goal else {
            return;
        };
        let is_near = task.lookup.is_among_nearest(at.id(), K / 2);
        if task.operation.is_none() || !write.is_looking || !is_near || write.place(at).is_some() {
            return;
        }
        write.targets.push(Target::new(at.clone(), false));
        let place = write.targets.len() - 1;
        self.send_store(now, id, task, place);
    }

    /// Asks a target to store the item; if it may not be asked, it is given up.
    fn send_store(&mut self, now: u64, id: TaskId, task: &mut Task, place: usize) {
        let Goal::Write(write) = &mut task.goal else {
            return;
        };
        let Some(target) = write.targets.get_mut(place) else {
            return;
        };
        let item = if target.is_stub {
            write.item.to_stub()
        } else {
            write.item.clone()
        };
        let request = Request::Store(Store {
            item: item.item().clone(),
            cache: false,
        });
        let to = target.contact.clone();
        if self.send(now, &to, task.interaction, request, Purpose::Store(id)) {
            target.asked += 1;
            target.outstanding += 1;
        } else if target.outstanding == 0 {
            self.give_up(now, id, task, place);
        }
    }

    /// A target that cannot be asked, or did not answer however often it was.
    fn give_up(&mut self, now: u64, id: TaskId, task: &mut Task, place: usize) {
        let Goal::Write(write) = &mut task.goal else {
            return;
        };
        let Some(target) = write.targets.get_mut(place) else {
            return;
        };
        target.fate = Fate::Settled;
        if !target.is_doubtful {
            write.report.timed_out += 1;
            self.send_to_spare(now, id, task);
        }
    }

    /// The next nearest takes the place of somebody who does not store the item.
    fn send_to_spare(&mut self, now: u64, id: TaskId, task: &mut Task) {
        let Goal::Write(write) = &mut task.goal else {
            return;
        };
        let Some(contact) = write.spares.pop_front() else {
            return;
        };
        write.targets.push(Target::new(contact, false));
        let place = write.targets.len() - 1;
        self.send_store(now, id, task, place);
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
            let newer = newer.filter(|newer| newer.version() > write.item.version());
            write.report.newer = newer.or(write.report.newer.take());
            self.note_stored(now, id, &mut task, from, code);
        }
        self.continue_stores(now, id, task);
    }

    fn note_stored(
        &mut self,
        now: u64,
        id: TaskId,
        task: &mut Task,
        from: &Contact,
        code: Option<ErrorCode>,
    ) {
        let Goal::Write(write) = &mut task.goal else {
            return;
        };
        let read_back = write.read_back;
        let (Some(place), Some(target)) = (write.place(from), write.target(from)) else {
            return;
        };
        if target.fate != Fate::Storing {
            return;
        }
        target.outstanding = target.outstanding.saturating_sub(1);
        let is_doubtful = target.is_doubtful;
        match code {
            None if read_back => {
                target.fate = Fate::ReadingBack;
                (target.asked, target.outstanding) = (0, 0);
                write.report.stored += 1;
                self.send_read_back(now, id, task, from);
            }
            None => {
                (target.fate, target.has_it) = (Fate::Settled, true);
                write.report.stored += 1;
            }
            Some(ErrorCode::Refused) if target.is_stub => {
                (target.is_stub, target.asked) = (false, 0);
                self.send_store(now, id, task, place);
            }
            Some(code) => {
                target.fate = Fate::Settled;
                write.report.rejected.push((from.public_key(), code));
                if code != ErrorCode::Superseded && !is_doubtful {
                    self.send_to_spare(now, id, task);
                }
            }
        }
    }

    /// A store is overdue: it is sent again, whether the first one got lost or not.
    pub(super) fn store_overdue(&mut self, now: u64, id: TaskId, slow: &Contact) {
        self.store_again(now, id, slow, false);
    }

    pub(super) fn store_failed(&mut self, now: u64, id: TaskId, from: &Contact) {
        self.store_again(now, id, from, true);
    }

    fn store_again(&mut self, now: u64, id: TaskId, to: &Contact, has_failed: bool) {
        let Some(mut task) = self.tasks.remove(&id) else {
            return;
        };
        let Goal::Write(write) = &mut task.goal else {
            return;
        };
        if let (Some(place), Some(target)) = (write.place(to), write.target(to)) {
            target.outstanding = target.outstanding.saturating_sub(u8::from(has_failed));
            if target.fate == Fate::Storing {
                if target.asked < STORE_TRIES {
                    self.send_store(now, id, &mut task, place);
                } else if target.outstanding == 0 {
                    self.give_up(now, id, &mut task, place);
                }
            }
        }
        self.continue_stores(now, id, task);
    }

    /// Asks somebody who says that it stored the item for the item.
    fn send_read_back(&mut self, now: u64, id: TaskId, task: &mut Task, from: &Contact) {
        let Goal::Write(write) = &mut task.goal else {
            return;
        };
        let request = Request::FindValue(FindValue {
            key: *write.item.key(),
            newer_than: Some(write.item.version().just_below()),
            fresh: true,
        });
        let is_sent = self.send(now, from, task.interaction, request, Purpose::ReadBack(id));
        if let Some(target) = write.target(from) {
            target.asked += u8::from(is_sent);
            target.outstanding += u8::from(is_sent);
            if target.outstanding == 0 {
                target.fate = Fate::Settled;
            }
        }
    }

    pub(super) fn read_back_answered(
        &mut self,
        now: u64,
        id: TaskId,
        from: &Contact,
        response: Response,
    ) {
        let Some(mut task) = self.tasks.remove(&id) else {
            return;
        };
        let Goal::Write(write) = &mut task.goal else {
            return;
        };
        let (key, version) = (*write.item.key(), write.item.version());
        let has_it = match response {
            Response::Value(value) => self
                .judge(now, from, &key, &value.item)
                .is_ok_and(|item| item.version() >= version && !item.item().is_stub()),
            _ => false,
        };
        if let Some(target) = write.target(from).filter(|t| t.fate == Fate::ReadingBack) {
            (target.fate, target.has_it) = (Fate::Settled, has_it);
            if has_it {
                write.report.confirmed += 1;
            } else {
                // It said so, and it was not true.
                write.report.stored -= 1;
                let lost = (from.public_key(), ErrorCode::Internal);
                write.report.rejected.push(lost);
                self.send_to_spare(now, id, &mut task);
            }
        }
        self.continue_stores(now, id, task);
    }

    /// A read-back is overdue: it is sent again, like a store.
    pub(super) fn read_back_overdue(&mut self, now: u64, id: TaskId, slow: &Contact) {
        self.read_back_again(now, id, slow, false);
    }

    pub(super) fn read_back_failed(&mut self, now: u64, id: TaskId, from: &Contact) {
        self.read_back_again(now, id, from, true);
    }

    fn read_back_again(&mut self, now: u64, id: TaskId, to: &Contact, has_failed: bool) {
        let Some(mut task) = self.tasks.remove(&id) else {
            return;
        };
        if let Goal::Write(write) = &mut task.goal
            && let Some(target) = write.target(to).filter(|t| t.fate == Fate::ReadingBack)
        {
            target.outstanding = target.outstanding.saturating_sub(u8::from(has_failed));
            if target.asked < STORE_TRIES {
                self.send_read_back(now, id, &mut task, to);
            } else if target.outstanding == 0 {
                target.fate = Fate::Settled;
            }
        }
        self.continue_stores(now, id, task);
    }

    pub(super) fn continue_stores(&mut self, now: u64, id: TaskId, mut task: Task) {
        let looked = task.report(now);
        let Goal::Write(write) = &mut task.goal else {
            return;
        };
        let is_over = write.is_over();
        let is_enough = task.operation.is_some()
            && write.has_enough(&task.lookup)
            && !(write.is_looking && self.looks_crowded(&task.lookup));
        if !is_over && !is_enough {
            self.tasks.insert(id, task);
            return;
        }
        let mut report = write.report.clone();
        if write.is_looking {
            report.lookup = looked;
        }
        let required = write.require.unwrap_or(1);
        let outcome = if write.counted() >= required {
            Ok(Outcome::Stored(report))
        } else {
            Err(OperationError::NotStored(Box::new(report)))
        };
        if is_over {
            let (key, is_ours) = (*write.item.key(), write.is_ours);
            let (stored, newer) = (write.report.stored, write.report.newer.take());
            // Once is enough for now, or a holder that tells of ever newer ones would have us write without end.
            let newer = newer.filter(|_| !write.is_met);
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

    /// Keys of items being republished or refreshed right now.
    pub(super) fn is_writing(&self, key: &Id) -> bool {
        self.tasks
            .values()
            .any(|task| matches!(task.goal, Goal::Write(_)) && task.lookup.target() == key)
    }
}
