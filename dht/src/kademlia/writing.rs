//! Writes: an item's way to the K nodes nearest to its key.
//!
//! Owns the counting of who stored it and why others did not. Refuses items that do not pass their own
//! check, and to publish what is older than what this node holds.

use super::Kademlia;
use super::exchanges::Purpose;
use super::tasks::{Goal, Task, TaskId};
use crate::contact::Contact;
use crate::event::{OperationError, OperationId, Outcome, Put, PutReport};
use crate::id::Id;
use crate::item::VerifiedItem;
use crate::message::{ErrorCode, Request, Response, Store};
use crate::storage::{Incoming, Kept, Refusal};
use crate::{K, LOOKUP_TIMEOUT_MS};

#[derive(Debug)]
pub(super) struct Write {
    pub(super) item: VerifiedItem,
    pub(super) require: Option<usize>,
    pub(super) report: PutReport,
    /// Stores not answered yet; `None` until the lookup is over.
    pub(super) pending: Option<usize>,
    /// Whether we are among the K nearest ourselves.
    pub(super) is_ours: bool,
}

impl Kademlia {
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

    pub(super) fn begin_stores(&mut self, now: u64, id: TaskId, mut task: Task) {
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

    pub(super) fn continue_stores(&mut self, now: u64, id: TaskId, mut task: Task) {
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

    /// Keys of items being republished or refreshed right now.
    pub(super) fn is_writing(&self, key: &Id) -> bool {
        self.tasks
            .values()
            .any(|task| matches!(task.goal, Goal::Write(_)) && task.lookup.target() == key)
    }
}
