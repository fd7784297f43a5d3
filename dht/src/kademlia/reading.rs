//! Reads: plain, fresh, and those that set a watch at their end.
//!
//! Owns the best version found so far and what is done with it. Refuses to let a reader see a version older
//! than one it saw before, and to answer a fresh read from what only we hold ourselves, or only a few when
//! most others have vanished.

use super::Kademlia;
use super::exchanges::Purpose;
use super::tasks::{Goal, LOOKUP_TIMEOUT_MS_MAX, Task, TaskId};
use super::watching::{WATCH_MS, WATCH_NODES};
use crate::contact::{Contact, PublicKey};
use crate::event::{Found, Get, LookupReport, OperationError, OperationId, Outcome};
use crate::id::{Distance, Id};
use crate::item::{VerifiedItem, Version};
use crate::message::{InteractionId, Request, Store};
use crate::table::Entry;
use crate::{DISJOINT, K, LOOKUP_TIMEOUT_MS};

/// Who answered within so long, and does not now, has vanished lately, in milliseconds.
const LATELY_MS: u64 = 60 * 60 * 1000;
/// A fresh answer is believed while at most so many have vanished for each that answered: half of a network
/// may crash, but who is left with less than a third of it is cut off, most likely.
const VANISHED_MAX: usize = 2;

#[derive(Debug)]
pub(super) struct Read {
    pub(super) fresh: bool,
    /// It is content that is read: in no hurry, and copied to nobody.
    pub(super) content: bool,
    /// Set a watch at the nearest nodes afterwards.
    pub(super) watch: bool,
    /// Only versions strictly newer are asked for.
    pub(super) newer_than: Option<Version>,
    pub(super) best: Option<Best>,
    /// The nearest node that did not have it.
    pub(super) lacking: Option<(Distance, Contact)>,
    /// Nodes that answered with something older than the best.
    pub(super) behind: Vec<(Contact, Version)>,
    /// Watch requests not answered yet, and set ones; `None` until the lookup is over.
    pub(super) watching: Option<(usize, usize)>,
}

#[derive(Debug)]
pub(super) struct Best {
    pub(super) item: VerifiedItem,
    pub(super) holder: Option<PublicKey>,
    pub(super) hops: u32,
}

impl Kademlia {
    pub(super) fn get(&mut self, now: u64, operation: OperationId, get: &Get) {
        let key = get.key;
        let floor = self.seen.version(&key);
        let held = self.storage.read(now, &key, get.fresh);
        let held = held.filter(|item| floor.is_none_or(|floor| item.version() >= floor));
        let seeds = self.seeds(&key);
        if let Some(item) = &held
            && (!get.fresh || seeds.is_empty())
        {
            let item = item.clone();
            self.note_seen(now, &item);
            self.metrics.found_after(0);
            let found = Found {
                item,
                holder: None,
                holders: Vec::new(),
                lookup: LookupReport::default(),
            };
            return self.finish(operation, Ok(Outcome::Found(found)));
        }
        let read = self.read_goal(held, floor, get.fresh);
        let goal = Goal::Read(Box::new(Read {
            content: get.content,
            ..read
        }));
        let timeout = get.timeout_ms.min(LOOKUP_TIMEOUT_MS_MAX);
        let paths = if get.fresh { DISJOINT } else { 1 };
        self.start(now, Some(operation), key, seeds, goal, timeout, paths);
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
        self.start(
            now,
            operation,
            key,
            seeds,
            goal,
            LOOKUP_TIMEOUT_MS,
            DISJOINT,
        );
    }

    pub(super) fn read_goal(
        &self,
        held: Option<VerifiedItem>,
        floor: Option<Version>,
        fresh: bool,
    ) -> Read {
        // What was seen but is not at hand has to be found again: "newer than just below it".
        let newer_than = held
            .as_ref()
            .map(VerifiedItem::version)
            .or_else(|| floor.map(Version::just_below));
        Read {
            fresh,
            content: false,
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

    pub(super) fn conclude_read(
        &mut self,
        now: u64,
        id: TaskId,
        mut task: Task,
        report: LookupReport,
        is_alone: bool,
    ) {
        let key = *task.lookup.target();
        let answered = task.lookup.nearest_answered(K).len();
        let is_cut_off = !is_alone && self.have_most_vanished(now, &key, answered);
        let Goal::Read(read) = &mut task.goal else {
            return;
        };
        let is_cut_off = is_cut_off && read.fresh;
        if let Some(best) = &read.best {
            let item = best.item.clone();
            let (holder, interaction) = (best.holder, task.interaction);
            self.note_seen(now, &item);
            self.spread(now, interaction, read, &item, holder);
            self.tell_ourselves(&item);
        }
        if read.watch {
            return self.begin_watch(now, id, task);
        }
        let outcome = match read.best.take() {
            _ if is_cut_off => Err(OperationError::CutOff(report)),
            // What we hold ourselves is no fresh answer when nobody else could be asked.
            Some(best) if !is_alone || !read.fresh => {
                let (item, holder) = (best.item, best.holder);
                let mut holders = std::mem::take(&mut read.behind);
                holders.sort_by_key(|(contact, _)| key.distance(contact.id()));
                Ok(Outcome::Found(Found {
                    item,
                    holder,
                    holders,
                    lookup: report,
                }))
            }
            _ if is_alone => Err(OperationError::RoutingTableEmpty),
            _ => Err(OperationError::ValueNotFound(report)),
        };
        self.end(id, &task, outcome);
    }

    /// Whether of those in the table too many have vanished lately for those who answered to speak for them.
    fn have_most_vanished(&self, now: u64, key: &Id, answered: usize) -> bool {
        let before = now.saturating_sub(LATELY_MS);
        let has_vanished = |entry: &Entry| entry.failures > 0 && entry.last_contact >= before;
        self.table.nearest(key, K, has_vanished).len() > VANISHED_MAX * answered
    }

    /// After a find: a copy for the nearest node on the path that lacked it, the newest version for those
    /// that were behind, and for ourselves if we were.
    pub(super) fn spread(
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
            .filter(|_| !read.fresh && !read.content && holder.is_some())
            && self.send(now, lacking, interaction, store(true), Purpose::Copy)
        {
            self.metrics.cached += 1;
        }
    }

    pub(super) fn begin_watch(&mut self, now: u64, id: TaskId, mut task: Task) {
        let key = *task.lookup.target();
        let nodes = task.lookup.nearest_answered(WATCH_NODES);
        let lasting_ms = WATCH_MS;
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

    pub(super) fn continue_watch(&mut self, id: TaskId, task: Task) {
        match &task.goal {
            Goal::Read(read) if read.watching.is_some_and(|(pending, _)| pending == 0) => {
                let nodes = read.watching.map_or(0, |(_, set)| set);
                self.end(id, &task, Ok(Outcome::Watching { nodes }));
            }
            _ => drop(self.tasks.insert(id, task)),
        }
    }
}

impl Read {
    pub(super) fn lacks(&mut self, from: &Contact, target: &Id) {
        let distance = target.distance(from.id());
        if self
            .lacking
            .as_ref()
            .is_none_or(|(nearest, _)| distance < *nearest)
        {
            self.lacking = Some((distance, from.clone()));
        }
    }

    pub(super) fn offer(&mut self, from: &Contact, item: VerifiedItem, hops: u32) {
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
