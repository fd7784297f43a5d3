//! A whole run: a network that joins, stores, rests, churns, is read and rewritten, heals and is counted.
//!
//! Owns the plan and the report. Everything random comes from the plan's seed, so two runs of one plan
//! give the same report.

use std::cmp::Reverse;
use std::collections::{BTreeMap, BinaryHeap};
use std::sync::Arc;

use ed25519_dalek::SigningKey;

use super::{Adversary, Ended, NodeIndex, Options, World};
use crate::event::{Command, Get, OperationId, Outcome, Put};
use crate::id::Id;
use crate::item::{Draft, Item, Version};
use crate::{K, LOOKUP_TIMEOUT_MS};

/// Bytes a frame costs on the wire beside itself: UDP, IP and QUIC headers of it and its acknowledgement.
const WIRE_BYTES_PER_MESSAGE: u64 = 100;
/// Lookups compared with the truth in each sample.
const SAMPLES: usize = 200;
/// One read in so many is fresh.
const FRESH_EVERY: u64 = 4;
/// Nodes are off for a tenth of the time they are on.
const OFF_SHARE: f64 = 0.1;

/// What is simulated.
#[derive(Clone, Debug)]
pub struct Plan {
    /// How many nodes.
    pub nodes: usize,
    /// Where all randomness comes from.
    pub seed: u64,
    /// Virtual hours after joining and storing.
    pub hours: f64,
    /// The share of messages lost.
    pub loss: f64,
    /// How long nodes stay on, as a Weibull distribution's shape and scale in seconds; `None`: forever.
    pub churn: Option<(f64, f64)>,
    /// How many items.
    pub items: usize,
    /// The share of items rewritten per hour.
    pub updates: f64,
    /// The share of malicious nodes.
    pub sybils: f64,
    /// What they do.
    pub adversary: Adversary,
    /// Hours for which the network is cut in halves, from the start of the run.
    pub partition: f64,
}

impl Default for Plan {
    fn default() -> Self {
        Self {
            nodes: 1000,
            seed: 1,
            hours: 1.0,
            loss: 0.0,
            churn: None,
            items: 5000,
            updates: 0.0,
            sybils: 0.0,
            adversary: Adversary::Mixed,
            partition: 0.0,
        }
    }
}

/// What came of it. Shares are between 0 and 1, times in milliseconds.
#[derive(Clone, Debug, Default)]
pub struct Report {
    /// Figures by name, in the order of the names.
    pub figures: BTreeMap<&'static str, f64>,
}

/// A command under way.
struct Pending {
    operation: OperationId,
    item: usize,
    started: u64,
    /// For a fresh read: the version acknowledged before it began.
    floor: Option<Version>,
    kind: Kind,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Kind {
    Get,
    Fresh,
    Put(Version),
}

struct Published {
    name: String,
    key: Id,
    timestamp: u64,
    acknowledged: Option<Version>,
}

struct Run {
    plan: Plan,
    world: World,
    author: SigningKey,
    items: Vec<Published>,
    pending: Vec<Pending>,
    switches: BinaryHeap<Reverse<(u64, NodeIndex)>>,
    gets: Vec<u64>,
    fresh: Vec<u64>,
    puts: Vec<u64>,
    hops: Vec<u64>,
    failed_gets: u64,
    forged: u64,
    stale: u64,
}

/// Runs a plan. `progress` hears the share that is done.
pub fn run(plan: &Plan, progress: &mut dyn FnMut(f64)) -> Report {
    let world = World::new(Options {
        nodes: plan.nodes,
        seed: plan.seed,
        loss: plan.loss,
        sybils: plan.sybils,
        adversary: plan.adversary,
        remember_signatures: true,
        count_bytes: true,
        // Enough that hardly anybody begins among liars only.
        join_contacts: 3,
        join_every_ms: 20,
    });
    let mut run = Run {
        plan: plan.clone(),
        world,
        author: SigningKey::from_bytes(&[42; 32]),
        items: Vec::new(),
        pending: Vec::new(),
        switches: BinaryHeap::new(),
        gets: Vec::new(),
        fresh: Vec::new(),
        puts: Vec::new(),
        hops: Vec::new(),
        failed_gets: 0,
        forged: 0,
        stale: 0,
    };
    run.world.join_all();
    run.world.run_for(10 * 60_000);
    run.publish();
    let mut report = Report::default();
    let figures = &mut report.figures;
    let (recall, messages, success) = run.sample_lookups();
    figures.insert("recall_at_20_rest", recall);
    figures.insert("messages_per_lookup", messages);
    figures.insert("store_lookup_consistency", run.sample_consistency());
    for _ in 0..SAMPLES {
        run.read(false);
        run.pass(50);
    }
    run.settle();
    run.hops.sort_unstable();
    figures.insert("hops_mean", mean(&run.hops));
    figures.insert("hops_p99", quantile(&run.hops, 0.99));
    let (before, begun) = (run.world.traffic(), run.world.now());
    let success = run.live(success, figures, progress);
    let seconds = ((run.world.now() - begun) / 1000).max(1) as f64 * plan.nodes as f64;
    let traffic = run.world.traffic();
    let payload = (traffic.bytes - before.bytes) as f64;
    let messages = (traffic.messages - before.messages) as f64;
    let wire = payload + messages * WIRE_BYTES_PER_MESSAGE as f64;
    figures.insert("payload_bytes_per_second_per_node", payload / seconds);
    figures.insert("wire_bytes_per_second_per_node", wire / seconds);
    figures.insert("lookup_success", success);
    run.finish(figures);
    report
}

impl Run {
    /// Every item is put once by a random honest node.
    fn publish(&mut self) {
        for number in 0..self.plan.items {
            let name = format!("item {number}");
            let key = crate::item_key(&self.author.verifying_key().into(), &name);
            self.items.push(Published {
                name,
                key,
                timestamp: 0,
                acknowledged: None,
            });
            self.write(number);
            self.pass(20);
        }
        self.settle();
    }

    /// The hours of churn, reads and rewrites.
    fn live(
        &mut self,
        rest: f64,
        figures: &mut BTreeMap<&'static str, f64>,
        progress: &mut dyn FnMut(f64),
    ) -> f64 {
        let hour = 3_600_000.0;
        let begun = self.world.now();
        let end = begun + (self.plan.hours * hour) as u64;
        let heal_at = begun + (self.plan.partition * hour) as u64;
        if self.plan.partition > 0.0 {
            self.world.partition(|index| index % 2 == 0);
        }
        if self.plan.churn.is_some() {
            for index in 0..self.plan.nodes {
                let at = begun + self.session_ms(1.0);
                self.switches.push(Reverse((at, index)));
            }
        }
        let writes_per_second = self.plan.items as f64 * self.plan.updates / 3600.0;
        let mut writes_due = 0.0;
        let (mut recalls, mut successes) = (Vec::new(), vec![rest]);
        let mut second = 0u64;
        while self.world.now() < end {
            self.pass(1000);
            second += 1;
            writes_due += writes_per_second;
            while writes_due >= 1.0 {
                writes_due -= 1.0;
                let item = self.world.random(self.items.len());
                self.write(item);
            }
            self.read(second.is_multiple_of(FRESH_EVERY));
            if self.plan.partition > 0.0 && self.world.now() >= heal_at {
                self.world.heal();
            }
            if second.is_multiple_of(1800) {
                let (recall, _, success) = self.sample_lookups();
                recalls.push(recall);
                successes.push(success);
            }
            if second.is_multiple_of(60) {
                progress((self.world.now() - begun) as f64 / (end - begun).max(1) as f64);
            }
        }
        self.world.heal();
        self.settle();
        let average = |list: &[f64]| list.iter().sum::<f64>() / list.len().max(1) as f64;
        let rest_recall = figures["recall_at_20_rest"];
        let churn = if recalls.is_empty() {
            rest_recall
        } else {
            average(&recalls)
        };
        figures.insert("recall_at_20_churn", churn);
        average(&successes)
    }

    fn finish(&mut self, figures: &mut BTreeMap<&'static str, f64>) {
        let mut found = 0;
        for number in 0..self.items.len() {
            let key = self.items[number].key;
            let reader = self.somebody();
            if let Some(Ok(Outcome::Found(_))) =
                self.world.run(reader, Command::Get(Get::plain(key)))
            {
                found += 1;
            }
        }
        for list in [&mut self.gets, &mut self.fresh, &mut self.puts] {
            list.sort_unstable();
        }
        let ended = (self.gets.len() + self.fresh.len()) as u64;
        let tried = (ended + self.failed_gets).max(1);
        figures.insert(
            "items_found_after",
            found as f64 / self.items.len().max(1) as f64,
        );
        figures.insert("get_success", ended as f64 / tried as f64);
        figures.insert("get_ms_p50", quantile(&self.gets, 0.5));
        figures.insert("get_ms_p95", quantile(&self.gets, 0.95));
        figures.insert("fresh_get_ms_p50", quantile(&self.fresh, 0.5));
        figures.insert("fresh_gets", self.fresh.len() as f64);
        figures.insert("put_ms_p50", quantile(&self.puts, 0.5));
        figures.insert("put_ms_p95", quantile(&self.puts, 0.95));
        figures.insert("forged_accepted", self.forged as f64);
        figures.insert("stale_accepted", self.stale as f64);
    }

    /// Lets time pass, switching nodes on and off and collecting what ended.
    fn pass(&mut self, ms: u64) {
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
                None if now > command.started + 3 * LOOKUP_TIMEOUT_MS => {}
                None => self.pending.push(command),
            }
        }
    }

    fn settle(&mut self) {
        while !self.pending.is_empty() {
            self.pass(1000);
        }
    }

    fn collect(&mut self, command: &Pending, at: u64, ended: Ended) {
        let took = at - command.started;
        match (command.kind, ended) {
            (Kind::Put(version), Ok(_)) => {
                self.puts.push(took);
                let acknowledged = &mut self.items[command.item].acknowledged;
                *acknowledged = (*acknowledged).max(Some(version));
            }
            (Kind::Put(_), Err(_)) => {}
            (kind, Ok(Outcome::Found(found))) => {
                let item = found.item.item();
                let is_true = item.public_key == self.author.verifying_key().into()
                    && item.value.as_deref() == Some(value(item).as_bytes());
                self.forged += u64::from(!is_true);
                if kind == Kind::Fresh {
                    self.stale += u64::from(command.floor > Some(found.item.version()));
                    self.fresh.push(took);
                } else {
                    self.hops.push(u64::from(found.lookup.hops));
                    self.gets.push(took);
                }
            }
            (_, _) => self.failed_gets += 1,
        }
    }

    fn write(&mut self, number: usize) {
        let timestamp = self.world.now().max(self.items[number].timestamp + 1);
        self.items[number].timestamp = timestamp;
        let name = self.items[number].name.clone();
        let draft = Draft {
            value: None,
            name,
            timestamp,
            ..Draft::default()
        };
        let value = format!("{} at {timestamp}", draft.name);
        let draft = Draft {
            value: Some(value.into_bytes()),
            ..draft
        };
        let Ok(item) = Item::sign(&self.author, draft) else {
            return;
        };
        let digest = Id::hash(&item.preimage());
        let version = Version { timestamp, digest };
        let put = Put {
            item: Arc::new(item),
            require: Some(10),
            read_back: false,
        };
        let writer = self.somebody();
        let started = self.world.now();
        let operation = self.world.command(writer, Command::Put(put));
        let kind = Kind::Put(version);
        self.pending.push(Pending {
            operation,
            item: number,
            started,
            floor: None,
            kind,
        });
    }

    /// One read of an item drawn by Zipf's law.
    fn read(&mut self, fresh: bool) {
        if self.items.is_empty() {
            return;
        }
        // The inverse of the continuous Zipf distribution with exponent 1: count^u.
        let uniform = self.world.random(1 << 30) as f64 / f64::from(1 << 30);
        let rank = (self.items.len() as f64).powf(uniform) as usize - 1;
        let item = rank.min(self.items.len() - 1);
        let reader = self.somebody();
        let key = self.items[item].key;
        let get = if fresh {
            Get::fresh(key)
        } else {
            Get::plain(key)
        };
        let started = self.world.now();
        let floor = self.items[item].acknowledged;
        let operation = self.world.command(reader, Command::Get(get));
        let kind = if fresh { Kind::Fresh } else { Kind::Get };
        self.pending.push(Pending {
            operation,
            item,
            started,
            floor,
            kind,
        });
    }

    /// An honest node that is on.
    fn somebody(&mut self) -> NodeIndex {
        loop {
            let index = self.world.random(self.plan.nodes);
            if self.world.is_honest(index) && self.world.node(index).is_some() {
                return index;
            }
        }
    }

    /// Lookups of random ids against the truth: mean recall of the 20 nearest honest nodes, requests per
    /// lookup, and the share of lookups that met the nearest honest node.
    fn sample_lookups(&mut self) -> (f64, f64, f64) {
        let (mut recall, mut requests, mut met) = (0.0, 0.0, 0.0);
        for number in 0..SAMPLES {
            let target = Id::hash(&[self.world.now().to_be_bytes(), number.to_be_bytes()].concat());
            let asker = self.somebody();
            let outcome = self.world.run(asker, Command::FindNode { target });
            let Some(Ok(Outcome::Nodes { contacts, lookup })) = outcome else {
                continue;
            };
            requests += f64::from(lookup.requests);
            let mut truth = self
                .world
                .truly_nearest(&target, 2 * K + self.plan.nodes / 50);
            truth.retain(|index| *index != asker && self.world.is_honest(*index));
            truth.truncate(K);
            let found = |index: &&NodeIndex| contacts.contains(self.world.contact(**index));
            let right = truth.iter().filter(found).count();
            recall += right as f64 / truth.len().max(1) as f64;
            met += f64::from(truth.first().is_some_and(|first| found(&first)));
        }
        let samples = SAMPLES as f64;
        (recall / samples, requests / samples, met / samples)
    }

    /// The share of the true 20 nearest nodes of random items that hold them.
    fn sample_consistency(&mut self) -> f64 {
        let (mut holding, mut total) = (0, 0);
        for _ in 0..SAMPLES.min(self.items.len()) {
            let item = self.world.random(self.items.len());
            let key = self.items[item].key;
            for index in self.world.truly_nearest(&key, K) {
                total += 1;
                let holds = self
                    .world
                    .node(index)
                    .is_some_and(|node| node.item(&key).is_some());
                holding += usize::from(holds);
            }
        }
        holding as f64 / total.max(1) as f64
    }

    fn session_ms(&mut self, share: f64) -> u64 {
        let (shape, scale) = self.plan.churn.unwrap_or((1.0, 1e9));
        let uniform = (self.world.random(1 << 30) as f64 + 0.5) / f64::from(1 << 30);
        let seconds = scale * share * (-uniform.ln()).powf(1.0 / shape);
        (seconds * 1000.0).clamp(1000.0, 1e12) as u64
    }
}

/// What the author wrote into an item of this name and time.
fn value(item: &Item) -> String {
    format!("{} at {}", item.name, item.timestamp)
}

fn mean(list: &[u64]) -> f64 {
    list.iter().sum::<u64>() as f64 / list.len().max(1) as f64
}

fn quantile(sorted: &[u64], share: f64) -> f64 {
    let place = (sorted.len() as f64 * share) as usize;
    sorted
        .get(place.min(sorted.len().saturating_sub(1)))
        .map_or(0.0, |value| *value as f64)
}

impl std::str::FromStr for Adversary {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        Ok(match text {
            "honest" => Self::Honest,
            "forge" => Self::Forge,
            "drop" => Self::Drop,
            "stall" => Self::Stall,
            "misroute" => Self::Misroute,
            "mixed" => Self::Mixed,
            other => return Err(format!("unknown adversary `{other}`")),
        })
    }
}
