//! A network in one process and in virtual time, driving the real state machine.
//!
//! Owns the clock, the wires (latency, loss, partitions), who is on and who lies. Refuses to take part:
//! whatever a node knows or decides happens in [`Kademlia`]. The same options give the same run,
//! message for message; [`World::trace`] proves it.
//!
//! # Call order
//!
//! [`World::new`], [`World::join_all`], then any of [`World::command`], [`World::run_for`],
//! [`World::kill`], [`World::restart`], [`World::partition`], and look at the nodes with [`World::node`].

mod adversary;
pub mod chart;
mod connections;
mod delivery;
mod lengths;
mod population;
mod queue;
pub mod run;
mod signatures;
mod wires;
mod workload;

use std::collections::BTreeMap;
use std::sync::Arc;

use rand_chacha::ChaCha8Rng;
use rand_core::{Rng, SeedableRng};

use crate::contact::{Contact, PublicKey};
use crate::event::{
    BlockRecord, Command, Event, ExchangeId, ItemRecord, OperationError, OperationId, Outcome,
    SeenRecord,
};
use crate::id::Id;
use crate::item::{Ed25519, SignatureCheck, VerifiedItem};
use crate::kademlia::{Config, Kademlia};
use crate::message::Response;
use crate::wire::RequestFrame;
pub use adversary::Adversary;
use adversary::Gang;
use connections::Connections;
use queue::Queue;
pub use signatures::Remembered;
use wires::Wires;

/// When virtual time begins, in milliseconds since 1970.
pub const BEGINNING: u64 = 1_700_000_000_000;

/// What a simulated network is like.
#[derive(Clone, Debug)]
pub struct Options {
    /// How many nodes there are.
    pub nodes: usize,
    /// Where all randomness comes from.
    pub seed: u64,
    /// The share of messages lost, 0 to 1.
    pub loss: f64,
    /// The share of nodes that are malicious, 0 to 1.
    pub sybils: f64,
    /// What malicious nodes do.
    pub adversary: Adversary,
    /// Check each signature once in the whole network instead of once per receiver.
    pub remember_signatures: bool,
    /// The share of honest nodes that cannot be dialled.
    pub nat: f64,
    /// How many malicious nodes have ids ground to lie nearest to a key, and which; in addition to `nodes`.
    pub ground: Option<(Id, usize)>,
    /// How far clocks are wrong at most, either way, in milliseconds.
    pub drift_ms: u64,
    /// How many random nodes a newcomer is told of.
    pub join_contacts: usize,
    /// Milliseconds between one node's joining and the next one's.
    pub join_every_ms: u64,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            nodes: 100,
            seed: 1,
            loss: 0.0,
            sybils: 0.0,
            adversary: Adversary::Honest,
            remember_signatures: false,
            nat: 0.0,
            ground: None,
            drift_ms: 0,
            join_contacts: 1,
            join_every_ms: 20,
        }
    }
}

/// Names a node: its number, counted from 0.
pub type NodeIndex = usize;

/// How a command ended.
pub type Ended = Result<Outcome, OperationError>;

/// One node, the machine it runs on and the disk it keeps.
#[derive(Debug)]
pub struct Node {
    contact: Contact,
    /// `None` while the node is off.
    kademlia: Option<Kademlia>,
    adversary: Adversary,
    /// How many malicious nodes there are before it.
    number: usize,
    /// How far its clock is ahead, in milliseconds.
    clock_ms: i64,
    /// When it next wants to be woken.
    wake: Option<u64>,
    /// How often it was started.
    starts: u64,
    connections: Connections,
    disk: Disk,
}

#[derive(Debug, Default)]
struct Disk {
    items: BTreeMap<Id, ItemRecord>,
    contacts: BTreeMap<PublicKey, Contact>,
    blocks: BTreeMap<PublicKey, BlockRecord>,
    seen: BTreeMap<Id, SeenRecord>,
}

/// What crossed the wires.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Traffic {
    /// Frames sent.
    pub messages: u64,
    /// Frames lost.
    pub lost: u64,
    /// Bytes of frames sent.
    pub bytes: u64,
    /// The same on the wire: with headers, acknowledgements and the handshakes of connections.
    pub wire_bytes: u64,
    /// Connections made.
    pub handshakes: u64,
    /// Requests by kind: ping, store, find a node, find a value, watch.
    pub requests: [u64; 5],
}

#[derive(Debug)]
enum Occurrence {
    Wake(NodeIndex),
    Request {
        from: NodeIndex,
        to: NodeIndex,
        starts: u64,
        exchange: ExchangeId,
        frame: Box<RequestFrame>,
    },
    Answer {
        to: NodeIndex,
        starts: u64,
        exchange: ExchangeId,
        response: Box<Response>,
    },
    Join(NodeIndex),
}

/// The whole simulated network.
#[derive(Debug)]
pub struct World {
    options: Options,
    now: u64,
    rng: ChaCha8Rng,
    wires: Wires,
    queue: Queue<Occurrence>,
    nodes: Vec<Node>,
    gang: Gang,
    signatures: Signatures,
    ended: BTreeMap<OperationId, (u64, Ended)>,
    updates: Vec<(OperationId, VerifiedItem)>,
    next_operation: u64,
    traffic: Traffic,
    trace: u64,
}

struct Signatures(Arc<dyn SignatureCheck>);

impl World {
    /// A network of nodes that are all off.
    pub fn new(options: Options) -> Self {
        let mut rng = ChaCha8Rng::seed_from_u64(options.seed);
        let signatures: Arc<dyn SignatureCheck> = if options.remember_signatures {
            Arc::new(Remembered::default())
        } else {
            Arc::new(Ed25519)
        };
        let wires = Wires::new(rng.next_u64(), options.loss);
        let nodes = population::populate(&options, &mut rng);
        let malicious = nodes.iter().filter(|n| n.adversary != Adversary::Honest);
        let gang = Gang::new(malicious.map(|node| node.contact.clone()).collect());
        Self {
            now: BEGINNING,
            wires,
            rng,
            queue: Queue::new(BEGINNING),
            nodes,
            gang,
            signatures: Signatures(signatures),
            ended: BTreeMap::new(),
            updates: Vec::new(),
            next_operation: 0,
            traffic: Traffic::default(),
            trace: 0xcbf2_9ce4_8422_2325,
            options,
        }
    }

    /// Virtual now, in milliseconds since 1970.
    pub fn now(&self) -> u64 {
        self.now
    }

    /// How many nodes there are, on or off.
    pub fn len(&self) -> usize {
        self.nodes.len()
    }

    /// Whether there are no nodes at all.
    pub fn is_empty(&self) -> bool {
        self.nodes.is_empty()
    }

    /// The state machine of a node that is on.
    pub fn node(&self, index: NodeIndex) -> Option<&Kademlia> {
        self.nodes[index].kademlia.as_ref()
    }

    /// A node as others are told of it.
    pub fn contact(&self, index: NodeIndex) -> &Contact {
        &self.nodes[index].contact
    }

    /// Whether a node does what the protocol says.
    pub fn is_honest(&self, index: NodeIndex) -> bool {
        self.nodes[index].adversary == Adversary::Honest
    }

    /// Whether a node can be dialled.
    pub fn is_reachable(&self, index: NodeIndex) -> bool {
        !self.nodes[index].contact.addresses().is_empty()
    }

    /// Which node this contact is, if there is such a node.
    pub fn index_of(&self, contact: &Contact) -> Option<NodeIndex> {
        population::index_of(contact).filter(|index| {
            let node = self.nodes.get(*index);
            node.is_some_and(|node| {
                node.contact == *contact || node.contact.public_key() == contact.public_key()
            })
        })
    }

    /// What crossed the wires so far.
    pub fn traffic(&self) -> Traffic {
        self.traffic
    }

    /// A digest of every message delivered so far, in order.
    pub fn trace(&self) -> u64 {
        self.trace
    }

    /// The new versions that watches brought so far.
    pub fn updates(&self) -> &[(OperationId, VerifiedItem)] {
        &self.updates
    }

    /// The nodes that are on, by number.
    pub fn online(&self) -> Vec<NodeIndex> {
        (0..self.nodes.len())
            .filter(|index| self.nodes[*index].kademlia.is_some())
            .collect()
    }

    /// The `count` nodes that are on, can be dialled and are truly nearest to an id, nearest first.
    pub fn truly_nearest(&self, target: &Id, count: usize) -> Vec<NodeIndex> {
        let distance = |index: &NodeIndex| target.distance(self.nodes[*index].contact.id());
        let mut online = self.online();
        online.retain(|index| self.is_reachable(*index));
        if count < online.len() {
            online.select_nth_unstable_by_key(count, distance);
            online.truncate(count);
        }
        online.sort_by_key(distance);
        online
    }

    /// A random number below `below`.
    pub fn random(&mut self, below: usize) -> usize {
        (self.rng.next_u64() % below.max(1) as u64) as usize
    }

    /// Lets every node join, one after the other, each through one that joined before, and waits a while.
    pub fn join_all(&mut self) {
        let count = self.nodes.len();
        for index in 0..count {
            let at = self.now + index as u64 * self.options.join_every_ms;
            self.queue.push(at, Occurrence::Join(index));
        }
        self.run_for(count as u64 * self.options.join_every_ms + 20_000);
    }

    /// Switches a node off, in the middle of whatever it does. Its disk stays.
    pub fn kill(&mut self, index: NodeIndex) {
        self.nodes[index].kademlia = None;
        self.nodes[index].wake = None;
        self.nodes[index].connections.close();
    }

    /// Switches a node on, with what is on its disk and, if that is nobody, with a few others as first contacts.
    pub fn restart(&mut self, index: NodeIndex) {
        let node = &mut self.nodes[index];
        node.starts += 1;
        let mut seed = [0; 32];
        seed[..8].copy_from_slice(&self.options.seed.to_be_bytes());
        seed[8..16].copy_from_slice(&(index as u64).to_be_bytes());
        seed[16..24].copy_from_slice(&node.starts.to_be_bytes());
        let config = Config {
            addresses: node.contact.addresses().to_vec(),
            ..Config::default()
        };
        let kademlia = Kademlia::new(config, node.contact.public_key(), seed)
            .with_signatures(self.signatures.0.clone());
        node.kademlia = Some(kademlia);
        let blocks = node.disk.blocks.values().cloned().collect();
        let contacts: Vec<Contact> = node.disk.contacts.values().cloned().collect();
        let seen = node.disk.seen.values().copied().collect();
        let items = node.disk.items.values().cloned().collect();
        let known = !contacts.is_empty();
        self.step(index, Event::LoadBlocks(blocks));
        self.step(index, Event::LoadContacts(contacts));
        self.step(index, Event::LoadSeen(seen));
        self.step(index, Event::LoadItems(items));
        let first = if known {
            Vec::new()
        } else {
            self.first_contacts(index)
        };
        self.command(index, Command::Bootstrap { contacts: first });
    }

    /// A few random nodes that are on and can be dialled.
    fn first_contacts(&mut self, of: NodeIndex) -> Vec<Contact> {
        let mut others = self.online();
        others.retain(|other| *other != of && self.is_reachable(*other));
        if others.is_empty() {
            return Vec::new();
        }
        let count = self.options.join_contacts;
        let picks: Vec<usize> = (0..count).map(|_| self.random(others.len())).collect();
        let contact = |pick: usize| self.nodes[others[pick]].contact.clone();
        picks.into_iter().map(contact).collect()
    }

    /// Cuts the network in two: by the side each node is on. Nothing crosses until [`World::heal`].
    pub fn partition(&mut self, side: impl Fn(NodeIndex) -> bool) {
        let sides = (0..self.nodes.len()).map(side).collect();
        self.wires.partition(sides);
    }

    /// Joins what was cut.
    pub fn heal(&mut self) {
        self.wires.partition(Vec::new());
    }

    /// Gives a node that is on something to do.
    pub fn command(&mut self, index: NodeIndex, command: Command) -> OperationId {
        self.next_operation += 1;
        let operation = OperationId(self.next_operation);
        self.step(index, Event::Command { operation, command });
        operation
    }

    /// How a command ended, and when; `None` while it runs. Asking takes it out.
    pub fn take_ended(&mut self, operation: OperationId) -> Option<(u64, Ended)> {
        self.ended.remove(&operation)
    }

    /// Gives a node something to do and runs the world until it is done. `None` if it was not in two
    /// virtual minutes.
    pub fn run(&mut self, index: NodeIndex, command: Command) -> Option<Ended> {
        let operation = self.command(index, command);
        let deadline = self.now + 120_000;
        while !self.ended.contains_key(&operation) && self.run_one(deadline) {}
        self.ended.remove(&operation).map(|(_, ended)| ended)
    }

    /// Runs the world for so many milliseconds.
    pub fn run_for(&mut self, ms: u64) {
        let end = self.now + ms;
        while self.run_one(end) {}
        self.now = end;
    }

    /// Lets the next thing happen, if it happens by `end`.
    fn run_one(&mut self, end: u64) -> bool {
        let Some((at, what)) = self.queue.pop(end) else {
            return false;
        };
        self.now = at;
        match what {
            Occurrence::Wake(index) => {
                let node = &mut self.nodes[index];
                if node.wake == Some(at) {
                    node.wake = None;
                    self.wake(index);
                }
            }
            Occurrence::Join(index) => self.restart(index),
            Occurrence::Request {
                from,
                to,
                starts,
                exchange,
                frame,
            } => {
                self.deliver_request(from, to, starts, exchange, *frame);
            }
            Occurrence::Answer {
                to,
                starts,
                exchange,
                response,
            } => {
                self.note(to, to, exchange.0);
                if self.nodes[to].starts == starts {
                    self.step(
                        to,
                        Event::Answered {
                            exchange,
                            response: *response,
                        },
                    );
                }
            }
        }
        true
    }

    fn note(&mut self, from: NodeIndex, to: NodeIndex, what: u64) {
        // FNV-1a, a word at a time: enough to tell two runs apart.
        for word in [self.now, from as u64, to as u64, what] {
            self.trace = (self.trace ^ word).wrapping_mul(0x0000_0100_0000_01b3);
        }
    }
}

impl std::fmt::Debug for Signatures {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Signatures")
    }
}
