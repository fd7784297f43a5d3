//! What the nodes of a run are made to do: reads, writes, deletions, lookups, going off and on.
//!
//! Owns the items and what was acknowledged of them, the commands under way, and the tally of how they
//! ended. Refuses to decide when: that is the plan's, in `run`.

use std::cmp::Reverse;
use std::collections::BinaryHeap;
use std::sync::Arc;

use ed25519_dalek::SigningKey;

use super::run::{AGREEMENT_MS, DOOMED_EVERY, Plan, sample_id, sample_of};
use super::{Ended, NodeIndex, Options, World};
use crate::contact::Contact;
use crate::event::{Command, Get, OperationId, Outcome, Put};
use crate::id::Id;
use crate::item::{Draft, Item, Version};
use crate::{K, LOOKUP_TIMEOUT_MS};

/// Nodes are off for a tenth of the time they are on.
const OFF_SHARE: f64 = 0.1;
/// One node in so many publishes; all of these are off in the end.
const PUBLISHER_EVERY: usize = 10;
/// How many nodes must have stored a version for it to count as acknowledged.
const REQUIRED: usize = 10;
/// Every second put waits for `REQUIRED`, every other one for all.
const WHOLE_EVERY: usize = 2;

/// A lookup compared with the truth.
#[derive(Clone, Copy, Debug)]
pub(super) struct Sample {
    /// The share of the true K nearest honest nodes that it met.
    pub(super) recall: f64,
    /// 1 if it met the nearest of them, else 0.
    pub(super) met: f64,
    /// Requests it took.
    pub(super) requests: f64,
}

/// How what was asked for ended. Times in milliseconds.
#[derive(Debug, Default)]
pub(super) struct Tally {
    pub(super) gets: Vec<u64>,
    pub(super) gets_of_minute: Vec<u64>,
    pub(super) fresh: Vec<u64>,
    pub(super) puts: Vec<u64>,
    pub(super) whole_puts: Vec<u64>,
    pub(super) hops: Vec<u64>,
    pub(super) failed_gets: usize,
    pub(super) failed_puts: usize,
    pub(super) forged: u64,
    pub(super) stale: u64,
    /// Whether lookups met the nearest honest node, 1 or 0.
    pub(super) successes: Vec<f64>,
    pub(super) samples: Vec<Sample>,
    pub(super) victim_asked: usize,
    pub(super) victim_found: usize,
    pub(super) asked_after_cut: usize,
    pub(super) agreed: usize,
    pub(super) doomed_asked: usize,
    pub(super) gone: usize,
}

/// A command under way.
#[derive(Debug)]
struct Pending {
    operation: OperationId,
    asker: NodeIndex,
    started: u64,
    kind: Kind,
}

#[derive(Clone, Copy, Debug)]
enum Kind {
    Get,
    /// With the version acknowledged before it began.
    Fresh {
        floor: Option<Version>,
    },
    /// A get of the item whose key is surrounded.
    Victim,
    /// A fresh get after a cut was healed.
    Agreement {
        item: usize,
        floor: Option<Version>,
    },
    Put {
        item: usize,
        version: Version,
        is_whole: bool,
    },
    Sample {
        target: Id,
    },
}

#[derive(Debug)]
struct Published {
    name: String,
    key: Id,
    timestamp: u64,
    acknowledged: Option<Version>,
    is_deleted: bool,
}

pub(super) struct Run {
    pub(super) plan: Plan,
    pub(super) world: World,
    pub(super) tally: Tally,
    author: SigningKey,
    items: Vec<Published>,
    pending: Vec<Pending>,
    switches: BinaryHeap<Reverse<(u64, NodeIndex)>>,
    /// Until then the network is cut, or not everybody has heard of everything since.
    disagreement_until: u64,
    was_everybody_asked: bool,
    writes: usize,
}

impl Run {
    pub(super) fn new(plan: &Plan) -> Self {
        let author = SigningKey::from_bytes(&[42; 32]);
        let items: Vec<Published> = (0..plan.items)
            .map(|number| {
                let name = format!("item {number}");
                Published {
                    key: crate::item_key(&author.verifying_key().into(), &name),
                    name,
                    timestamp: 0,
                    acknowledged: None,
                    is_deleted: false,
                }
            })
            .collect();
        let victim = items.first().map(|item| item.key);
        let world = World::new(Options {
            nodes: plan.nodes,
            seed: plan.seed,
            loss: plan.loss,
            sybils: plan.sybils,
            adversary: plan.adversary,
            ground: victim
                .filter(|_| plan.ground > 0)
                .map(|key| (key, plan.ground)),
            nat: plan.nat,
            drift_ms: plan.drift_ms,
            remember_signatures: true,
            // Enough that hardly anybody begins among liars only.
            join_contacts: 3,
            join_every_ms: 20,
        });
        Self {
            plan: plan.clone(),
            world,
            tally: Tally::default(),
            author,
            items,
            pending: Vec::new(),
            switches: BinaryHeap::new(),
            disagreement_until: 0,
            was_everybody_asked: false,
            writes: 0,
        }
    }

    pub(super) fn key(&self, item: usize) -> Id {
        self.items[item].key
    }

    /// Every item is put once.
    pub(super) fn publish(&mut self) {
        for number in 0..self.plan.items {
            self.rewrite(number);
            self.pass(20);
        }
        self.settle();
    }

    pub(super) fn begin_churn(&mut self) {
        if self.plan.churn.is_some() {
            // Ground ids stay: their owner has all the time in the world.
            for index in 0..self.plan.nodes {
                let at = self.world.now() + self.session_ms(1.0);
                self.switches.push(Reverse((at, index)));
            }
        }
    }

    /// Cuts the network in halves until then.
    pub(super) fn cut(&mut self, until: u64) {
        self.disagreement_until = until + AGREEMENT_MS;
        self.world.partition(|index| index.is_multiple_of(2));
    }

    /// Lets time pass, switching nodes on and off and collecting what ended.
    pub(super) fn pass(&mut self, ms: u64) {
        self.world.run_for(ms);
        let now = self.world.now();
        while let Some(Reverse((at, index))) = self.switches.peek().copied()
            && at <= now
        {
            self.switches.pop();
            let lasting = if self.world.node(index).is_some() {
                self.world.kill(index);
                self.session_ms(OFF_SHARE)
            } else {
                self.world.restart(index);
                self.session_ms(1.0)
            };
            self.switches.push(Reverse((now + lasting, index)));
        }
        let pending = std::mem::take(&mut self.pending);
        for command in pending {
            match self.world.take_ended(command.operation) {
                Some((at, ended)) => self.collect(&command, at, ended),
                // Whoever asked was switched off.
                None if now > command.started + 3 * LOOKUP_TIMEOUT_MS => {}
                None => self.pending.push(command),
            }
        }
    }

    pub(super) fn settle(&mut self) {
        while !self.pending.is_empty() {
            self.pass(1000);
        }
    }

    /// Puts a new version of an item, from one of the publishers.
    pub(super) fn rewrite(&mut self, item: usize) {
        if !self.items[item].is_deleted {
            self.put(item, false);
        }
    }

    /// Deletes one item in so many, once.
    pub(super) fn delete_doomed(&mut self) {
        for item in (1..self.items.len()).step_by(DOOMED_EVERY) {
            if !self.items[item].is_deleted {
                self.items[item].is_deleted = true;
                self.put(item, true);
            }
        }
    }

    fn put(&mut self, item: usize, deletes: bool) {
        let published = &mut self.items[item];
        let timestamp = self.world.now().max(published.timestamp + 1);
        published.timestamp = timestamp;
        let draft = Draft {
            name: published.name.clone(),
            value: (!deletes).then(|| value(&published.name, timestamp).into_bytes()),
            timestamp,
            ..Draft::default()
        };
        let Ok(signed) = Item::sign(&self.author, draft) else {
            return;
        };
        let digest = Id::hash(&signed.preimage());
        self.writes += 1;
        let is_whole = self.writes.is_multiple_of(WHOLE_EVERY);
        let put = Put {
            item: Arc::new(signed),
            require: (!is_whole).then_some(REQUIRED),
            read_back: false,
        };
        let kind = Kind::Put {
            item,
            version: Version { timestamp, digest },
            is_whole,
        };
        let writer = self.some_publisher();
        self.begin(writer, Command::Put(put), kind);
    }

    /// One read of an item drawn by Zipf's law.
    pub(super) fn read(&mut self, fresh: bool) {
        if self.items.is_empty() {
            return;
        }
        // The inverse of the continuous Zipf distribution with exponent 1: count^u.
        let uniform = self.world.random(1 << 30) as f64 / f64::from(1 << 30);
        let rank = (self.items.len() as f64).powf(uniform) as usize - 1;
        let item = rank.min(self.items.len() - 1);
        let key = self.items[item].key;
        let reader = self.somebody();
        if fresh {
            // What one half acknowledges the other cannot know while they are cut.
            let is_settled = self.world.now() >= self.disagreement_until;
            let floor = self.items[item].acknowledged.filter(|_| is_settled);
            self.begin(reader, Command::Get(Get::fresh(key)), Kind::Fresh { floor });
        } else {
            self.begin(reader, Command::Get(Get::plain(key)), Kind::Get);
        }
    }

    /// One read of the item whose key is surrounded.
    pub(super) fn read_victim(&mut self) {
        let key = self.items[0].key;
        let reader = self.somebody();
        self.tally.victim_asked += 1;
        self.begin(reader, Command::Get(Get::plain(key)), Kind::Victim);
    }

    /// After a cut was healed: somebody reads each item afresh.
    pub(super) fn ask_everybody_once(&mut self) {
        if std::mem::replace(&mut self.was_everybody_asked, true) {
            return;
        }
        for item in 0..self.items.len() {
            let key = self.items[item].key;
            let reader = self.somebody();
            let get = Command::Get(Get::fresh(key));
            let floor = self.items[item].acknowledged;
            self.begin(reader, get, Kind::Agreement { item, floor });
            if item.is_multiple_of(20) {
                self.pass(1000);
            }
        }
    }

    pub(super) fn sample_target(&self, number: u64) -> Id {
        sample_id(self.world.now(), number)
    }

    /// One lookup of a random id, to be compared with the truth when it ends.
    pub(super) fn sample(&mut self, number: u64) {
        let target = self.sample_target(number);
        let asker = self.somebody();
        self.begin(asker, Command::FindNode { target }, Kind::Sample { target });
    }

    /// An honest node that is on.
    pub(super) fn somebody(&mut self) -> NodeIndex {
        loop {
            let index = self.world.random(self.plan.nodes);
            if self.is_willing(index) {
                return index;
            }
        }
    }

    fn some_publisher(&mut self) -> NodeIndex {
        let places = self.plan.nodes.div_ceil(PUBLISHER_EVERY);
        for _ in 0..4 * places {
            let index = self.world.random(places) * PUBLISHER_EVERY;
            if index < self.plan.nodes && self.is_willing(index) {
                return index;
            }
        }
        self.somebody()
    }

    fn is_willing(&self, index: NodeIndex) -> bool {
        self.world.is_honest(index) && self.world.node(index).is_some()
    }

    /// Switches every publisher off for good.
    pub(super) fn stop_publishers(&mut self) {
        for index in (0..self.plan.nodes).step_by(PUBLISHER_EVERY) {
            if self.world.online().len() > 2 {
                self.world.kill(index);
            }
        }
    }

    /// What a lookup found against the K nearest honest nodes there are.
    pub(super) fn compare(
        &self,
        asker: NodeIndex,
        target: &Id,
        found: &[Contact],
        requests: u32,
    ) -> Sample {
        let world = &self.world;
        let mut count = 2 * K;
        let truth = loop {
            let mut truth = world.truly_nearest(target, count);
            let is_all = truth.len() < count;
            truth.retain(|index| *index != asker && world.is_honest(*index));
            if is_all || truth.len() >= K {
                truth.truncate(K);
                break truth;
            }
            count *= 2;
        };
        let is_found = |index: &&NodeIndex| found.contains(world.contact(**index));
        let right = truth.iter().filter(is_found).count();
        let met = truth.first().is_some_and(|first| is_found(&first));
        sample_of(met, right, truth.len(), requests)
    }

    /// Whether an item is what its author wrote.
    pub(super) fn is_true(&self, item: &Item) -> bool {
        let is_the_value = match &item.value {
            Some(bytes) => *bytes == value(&item.name, item.timestamp).into_bytes(),
            None => item.is_tombstone(),
        };
        item.public_key == self.author.verifying_key().into() && is_the_value
    }

    fn begin(&mut self, asker: NodeIndex, command: Command, kind: Kind) {
        let started = self.world.now();
        let operation = self.world.command(asker, command);
        self.pending.push(Pending {
            operation,
            asker,
            started,
            kind,
        });
    }

    fn collect(&mut self, command: &Pending, at: u64, ended: Ended) {
        let took = at - command.started;
        match (command.kind, ended) {
            (Kind::Sample { target }, Ok(Outcome::Nodes { contacts, lookup })) => {
                let sample = self.compare(command.asker, &target, &contacts, lookup.requests);
                self.tally.successes.push(sample.met);
                self.tally.samples.push(sample);
            }
            (Kind::Sample { .. }, _) => self.tally.successes.push(0.0),
            (
                Kind::Put {
                    item,
                    version,
                    is_whole,
                },
                Ok(Outcome::Stored(report)),
            ) => {
                let times = match is_whole {
                    true => &mut self.tally.whole_puts,
                    false => &mut self.tally.puts,
                };
                times.push(took);
                if report.stored >= REQUIRED {
                    let acknowledged = &mut self.items[item].acknowledged;
                    *acknowledged = (*acknowledged).max(Some(version));
                }
            }
            (Kind::Put { .. }, _) => self.tally.failed_puts += 1,
            (kind, Ok(Outcome::Found(found))) => {
                let item = found.item.item();
                self.tally.forged += u64::from(!self.is_true(item));
                let (version, is_tombstone) = (found.item.version(), item.is_tombstone());
                let hops = u64::from(found.lookup.hops);
                self.collect_found(kind, took, hops, version, is_tombstone);
            }
            (Kind::Agreement { item, .. }, _) => {
                self.tally.asked_after_cut += 1;
                self.tally.doomed_asked += usize::from(self.items[item].is_deleted);
            }
            (Kind::Victim, _) => {}
            (_, _) => self.tally.failed_gets += 1,
        }
    }

    fn collect_found(
        &mut self,
        kind: Kind,
        took: u64,
        hops: u64,
        version: Version,
        is_tombstone: bool,
    ) {
        let tally = &mut self.tally;
        match kind {
            Kind::Fresh { floor } => {
                tally.stale += u64::from(floor > Some(version));
                tally.fresh.push(took);
            }
            Kind::Get => {
                tally.hops.push(hops);
                tally.gets.push(took);
                tally.gets_of_minute.push(took);
            }
            Kind::Victim => tally.victim_found += 1,
            Kind::Agreement { item, floor } => {
                let item = &self.items[item];
                tally.asked_after_cut += 1;
                tally.agreed += usize::from(Some(version) >= floor);
                tally.doomed_asked += usize::from(item.is_deleted);
                tally.gone += usize::from(item.is_deleted && is_tombstone);
            }
            Kind::Put { .. } | Kind::Sample { .. } => {}
        }
    }

    fn session_ms(&mut self, share: f64) -> u64 {
        let (shape, scale) = self.plan.churn.unwrap_or((1.0, 1e9));
        let uniform = (self.world.random(1 << 30) as f64 + 0.5) / f64::from(1 << 30);
        let seconds = scale * share * (-uniform.ln()).powf(1.0 / shape);
        (seconds * 1000.0).clamp(1000.0, 1e12) as u64
    }
}

/// What the author writes into an item of this name and time.
fn value(name: &str, timestamp: u64) -> String {
    format!("{name} at {timestamp}")
}
