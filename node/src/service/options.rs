//! What callers of the service say and are told.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::time::Duration;

use dht::Item;
use serde::{Deserialize, Serialize};

use crate::consensus::Verdict;
use crate::keys::{Id, PublicKey};
use crate::relay::Relay;
use crate::ticket::Ticket;

/// Fuel of a job when nothing else is said, and what a node lends to one.
pub const JOB_FUEL: u64 = 100_000_000;
/// Bytes of memory of a job when nothing else is said, and what a node lends to one.
pub const JOB_MEMORY: u64 = 64 * 1024 * 1024;
/// How long a peer may take for a job when nothing else is said.
pub const JOB_TIMEOUT: Duration = Duration::from_secs(30);
/// Jobs of newcomers that wait when nothing else is said.
const NEWCOMERS_WAITING: usize = 16;
/// Peers asked at first when nothing else is said.
const JOB_PEERS: usize = 3;
/// Equal answers needed when nothing else is said.
const JOB_QUORUM: usize = 2;

/// How a node is to run.
#[derive(Debug, Clone, Default)]
pub struct Config {
    /// Where key, items, contacts and jobs live; `None` keeps everything in memory, under a key
    /// made for the occasion.
    pub data: Option<PathBuf>,
    /// Where to listen; `None` is loopback until there is a contact, then all addresses.
    pub listen: Option<SocketAddr>,
    /// First contacts.
    pub join: Vec<Ticket>,
    /// The relays to be reached through, and to reach others through; no other is ever contacted.
    pub relays: Vec<Relay>,
    /// Whether to look for peers on the local network.
    pub lan: bool,
    /// Whether to store items and run jobs for others.
    pub serve: bool,
    /// Whether this is a node others are meant to find: listens on all addresses at once.
    pub public: bool,
    /// What to lend.
    pub limits: Limits,
}

/// What a node's owner lends to others.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// Jobs run at the same time; 0 is one for each core.
    pub workers: usize,
    /// Most fuel of one job.
    pub fuel: u64,
    /// Most bytes of memory of one job.
    pub memory: u64,
    /// Most time of one job.
    pub timeout: Duration,
    /// Most jobs of newcomers that wait; at most half of them from one subnet.
    pub waiting: usize,
}

impl Default for Limits {
    fn default() -> Limits {
        Limits {
            workers: 0,
            fuel: JOB_FUEL,
            memory: JOB_MEMORY,
            timeout: JOB_TIMEOUT,
            waiting: NEWCOMERS_WAITING,
        }
    }
}

/// Which item is meant.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Target {
    /// By its key.
    Key(Id),
    /// By its owner (`None` is this node) and name.
    Name {
        /// Whose item.
        owner: Option<PublicKey>,
        /// The owner's name for it.
        name: String,
    },
}

/// What to read of an item.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Read {
    /// Whether the newest version is wanted, whatever copies there are on the way.
    pub fresh: bool,
    /// Whether the value is wanted, too, where that is not in the item itself.
    pub value: bool,
    /// A value of more bytes is refused before any of it is fetched.
    pub at_most: usize,
}

impl Default for Read {
    fn default() -> Read {
        Read {
            fresh: false,
            value: true,
            at_most: usize::MAX,
        }
    }
}

/// An item and its value.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Whole {
    /// The item. Its value is the whole one, opened if it was sealed; absent if it was deleted, or not wanted.
    pub item: Item,
    /// Whether it was deleted.
    pub is_deleted: bool,
    /// Bytes of the value; of one that is not read, as it is stored.
    pub size: usize,
    /// How many chunks it is stored in; 0 if it is in the item itself.
    pub chunks: usize,
}

/// How to store an item.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct PutOptions {
    /// How long it is to live; `None` is for ever.
    pub expires: Option<Duration>,
    /// The owner's key/value strings.
    pub meta: BTreeMap<String, String>,
    /// How many peers must store it: the answer comes as soon as they have. 0 is content
    /// with our own copy. `None` needs one, and waits for all that are asked.
    pub require: Option<usize>,
    /// Whom the value is sealed to, besides ourselves; `None` is everybody who reads it.
    pub to: Option<Vec<PublicKey>>,
    /// Whether who says that it stored the item is asked for it, and counts only if it has it.
    pub read_back: bool,
}

/// How storing an item went.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PutReport {
    /// The item's key.
    pub key: Id,
    /// What peers answered.
    pub counts: PutCounts,
}

/// What peers answered when an item was to be stored.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct PutCounts {
    /// How many peers stored it.
    pub stored: usize,
    /// Who would not, and why.
    pub rejected: Vec<(PublicKey, String)>,
    /// How many did not answer.
    pub timed_out: usize,
}

/// A program to be run by peers.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct JobSpec {
    /// The program: one canonical datum.
    pub program: Vec<u8>,
    /// Value hashes of the items it may read.
    pub inputs: Vec<Id>,
}

/// How to have a program run by peers.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RemoteOptions {
    /// Peers asked at first.
    pub n: usize,
    /// Equal answers needed.
    pub quorum: usize,
    /// Most units of fuel.
    pub fuel: u64,
    /// Most bytes of memory.
    pub memory: u64,
    /// How long one peer may take.
    pub timeout: Duration,
    /// Ask only these; empty draws from all.
    pub peers: Vec<PublicKey>,
    /// Ask those nearest to this key, where its item lives; `None` draws from everywhere.
    pub near: Option<Id>,
}

impl Default for RemoteOptions {
    fn default() -> RemoteOptions {
        RemoteOptions {
            n: JOB_PEERS,
            quorum: JOB_QUORUM,
            fuel: JOB_FUEL,
            memory: JOB_MEMORY,
            timeout: JOB_TIMEOUT,
            peers: Vec::new(),
            near: None,
        }
    }
}

/// A peer we know.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PeerInfo {
    /// Its key.
    pub key: PublicKey,
    /// Its id.
    pub id: Id,
    /// Where it may be dialled.
    pub addresses: Vec<String>,
    /// Jobs it agreed with the others on.
    pub agreed: u64,
    /// Jobs it dissented in.
    pub dissented: u64,
    /// Jobs our own evaluation proved it wrong in.
    pub convicted: u64,
    /// Whether we refuse it; such a peer is no contact any more.
    pub blocked: bool,
}

/// How a node is doing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NodeInfo {
    /// Its key.
    pub key: PublicKey,
    /// Its id.
    pub id: Id,
    /// Where it listens; empty before the first network call.
    pub listening: Vec<SocketAddr>,
    /// Its ticket, once it listens.
    pub ticket: Option<Ticket>,
    /// Contacts in its routing table.
    pub contacts: usize,
    /// Items it holds.
    pub items: usize,
    /// Bytes of them.
    pub item_bytes: usize,
    /// Peers it refuses.
    pub blocked: usize,
    /// Jobs of others it runs or keeps waiting.
    pub jobs_running: usize,
    /// Practice peers in this process.
    pub practice_peers: usize,
}

/// How far a job is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum JobState {
    /// Peers are being asked.
    Running,
    /// There is a verdict.
    Done,
    /// The submitter gave it up, or was ended meanwhile.
    Cancelled,
    /// It waits for a node that stays, to be asked by it.
    Queued,
}

/// A job we submitted.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct JobRecord {
    /// The name it was submitted under. One that had to wait was perhaps asked under another,
    /// which its verdict names.
    pub name: Id,
    /// When it was submitted, milliseconds since 1970.
    pub submitted: u64,
    /// How far it is.
    pub state: JobState,
    /// What came out, once it is done.
    pub verdict: Option<Verdict>,
}
