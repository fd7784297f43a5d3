//! What goes into the state machine and what comes out of it.
//!
//! Owns the vocabulary between [`Kademlia`](crate::Kademlia) and whoever drives it. Refuses to do anything.

use std::fmt;
use std::sync::Arc;

use serde::{Deserialize, Serialize};

use crate::contact::{Address, Contact, PublicKey, Subnet};
use crate::id::Id;
use crate::item::{Item, ItemError, VerifiedItem, Version};
use crate::message::{ErrorCode, InteractionId, Request, Response};
use crate::wire::{RequestFrame, WireError};

/// Names one request we sent, until it is answered or has failed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ExchangeId(pub u64);

/// Names one request somebody sent us; chosen by the driver, given back with the answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Token(pub u64);

/// Names one command; chosen by the driver, never reused while the command runs.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct OperationId(pub u64);

/// Something that happened.
#[derive(Clone, Debug)]
pub enum Event {
    /// A request arrived. It is answered by an [`Action::Reply`] among the actions returned at once.
    Incoming {
        /// The authenticated sender, with the addresses it says it can be dialled at.
        from: Contact,
        /// Where the bytes came from, for limits per subnet.
        observed: Option<Address>,
        /// The interaction named in the frame.
        interaction: InteractionId,
        /// Given back with the reply.
        token: Token,
        /// What is asked.
        request: Request,
    },
    /// The answer to a request of ours arrived from the very addresses it was sent to.
    Answered {
        /// Which request.
        exchange: ExchangeId,
        /// What was answered.
        response: Response,
    },
    /// The answer to a request of ours arrived over a connection that need not lead to the addresses it was sent to.
    AnsweredFrom {
        /// Which request.
        exchange: ExchangeId,
        /// The address we dialled the peer at, and found it at; `None` if only the peer's own connection leads there.
        address: Option<Address>,
        /// What was answered.
        response: Response,
    },
    /// A request of ours will not be answered.
    Failed {
        /// Which request.
        exchange: ExchangeId,
        /// Why.
        reason: SendError,
    },
    /// [`poll_timeout`](crate::Kademlia::poll_timeout) has passed. Harmless at any other time.
    Timer,
    /// Somebody on this node wants something.
    Command {
        /// Given back with the outcome.
        operation: OperationId,
        /// What.
        command: Command,
    },
    /// Nobody waits for this operation any more. It ends without an outcome.
    Cancel {
        /// Which.
        operation: OperationId,
    },
    /// Where this node can be dialled from now on; empty if it serves nobody.
    Addresses(Vec<Address>),
    /// Who was to tell us about a watched key is perhaps gone: its watch is set anew.
    WatchAnew {
        /// The key.
        key: Id,
    },
    /// Contacts saved by an earlier run. They are tried, not believed.
    LoadContacts(Vec<Contact>),
    /// Items saved by an earlier run. They are checked as if a stranger had sent them.
    LoadItems(Vec<ItemRecord>),
    /// What a reader saw in an earlier run.
    LoadSeen(Vec<SeenRecord>),
    /// Blocks saved by an earlier run, without their evidence.
    LoadBlocks(Vec<BlockRecord>),
    /// The node convicted a peer by other means than the DHT's.
    Block {
        /// Whom.
        public_key: PublicKey,
        /// Why.
        reason: BlockReason,
    },
    /// The node's owner forgives a peer.
    Unblock {
        /// Whom.
        public_key: PublicKey,
    },
}

/// Something somebody on this node wants. Ends with one [`Action::Finished`].
#[derive(Clone, Debug)]
pub enum Command {
    /// Find our place in the network, beginning with these contacts and those already known.
    Bootstrap {
        /// First contacts; their keys must be known.
        contacts: Vec<Contact>,
    },
    /// Store a signed item at the nodes nearest to its key. A tombstone deletes.
    Put(Put),
    /// Keep a signed item, or content, as this node's own, now; it is published as part of the node's upkeep from
    /// the time given on.
    Keep {
        /// The item.
        item: Arc<Item>,
        /// Milliseconds since 1970.
        publish_at: u64,
    },
    /// Find the item under a key.
    Get(Get),
    /// Find the nodes nearest to an id.
    FindNode {
        /// The id.
        target: Id,
    },
    /// Tell new versions under a key as [`Action::Updated`] until cancelled. Its outcome says that the
    /// watch is set; it is renewed on its own.
    Watch {
        /// The key.
        key: Id,
    },
}

/// The body of [`Command::Put`].
#[derive(Clone, Debug)]
pub struct Put {
    /// The item. This node keeps a copy of its own and republishes it, whatever else happens.
    pub item: Arc<Item>,
    /// How many other nodes must have stored it for success; reaching it ends the command early,
    /// and 0 is content with the copy kept here. `None`: wait for all, and succeed with one.
    pub require: Option<usize>,
    /// Ask everybody who says that it stored the item for the item, and count only who has it.
    pub read_back: bool,
}

/// The body of [`Command::Get`].
#[derive(Clone, Debug)]
pub struct Get {
    /// The key; see [`item_key`](crate::item_key).
    pub key: Id,
    /// Ask the nodes nearest to the key, ignore cached copies, return the newest version.
    pub fresh: bool,
    /// The key is that of [content](crate::Item::content), which is large and comes in one version: holders are
    /// asked one after the other, and nobody on the way is given a copy.
    pub content: bool,
    /// Give up after so long, in milliseconds.
    pub timeout_ms: u64,
}

impl Get {
    /// A plain read with the default timeout.
    pub fn plain(key: Id) -> Self {
        Self {
            key,
            fresh: false,
            content: false,
            timeout_ms: crate::LOOKUP_TIMEOUT_MS,
        }
    }

    /// A fresh read with the default timeout.
    pub fn fresh(key: Id) -> Self {
        Self {
            key,
            fresh: true,
            content: false,
            timeout_ms: crate::LOOKUP_TIMEOUT_MS,
        }
    }

    /// A read of content with the default timeout.
    pub fn content(key: Id) -> Self {
        Self {
            content: true,
            ..Self::plain(key)
        }
    }
}

/// Something to be done by the driver, in the order given.
#[derive(Clone, Debug)]
pub enum Action {
    /// Send a request, over an existing connection if there is one.
    Send {
        /// Report the answer or the failure under this name.
        exchange: ExchangeId,
        /// Whom. The connection must be authenticated with this contact's public key.
        to: Contact,
        /// What; encode it with [`RequestFrame::encode`].
        frame: RequestFrame,
        /// Milliseconds since 1970 after which the answer no longer matters.
        deadline: u64,
    },
    /// Answer a request. Everything before it in the list must be done, and durable, first.
    Reply {
        /// Which request.
        token: Token,
        /// The interaction of the request.
        interaction: InteractionId,
        /// What.
        response: Response,
    },
    /// A command has ended.
    Finished {
        /// Which.
        operation: OperationId,
        /// How.
        outcome: Result<Outcome, OperationError>,
    },
    /// A new version of a watched item.
    Updated {
        /// The watch.
        operation: OperationId,
        /// The new version; possibly a tombstone.
        item: VerifiedItem,
    },
    /// Keep this item on disk, in place of any other under its key.
    StoreItem(ItemRecord),
    /// Remove the item under this key from disk.
    RemoveItem(Id),
    /// Remember on disk that a reader saw this version, in place of any other of its key. Nobody need wait for it.
    SaveSeen(SeenRecord),
    /// Remove what a reader saw under this key from disk.
    ForgetSeen(Id),
    /// Keep this contact on disk, in place of any other with its public key.
    SaveContact(Contact),
    /// Remove this contact from disk.
    ForgetContact(PublicKey),
    /// Keep this block on disk, close the peer's connections and refuse new ones until it ends.
    Block(BlockRecord),
    /// Remove this block from disk.
    Unblock(PublicKey),
    /// Something worth logging.
    Emit(Notice),
}

/// How a command ended well.
#[derive(Clone, Debug)]
pub enum Outcome {
    /// The node knows so many contacts now.
    Bootstrapped {
        /// Contacts in the routing table; at least one.
        contacts: usize,
    },
    /// The nodes nearest to the target that answered.
    Nodes {
        /// Nearest first.
        contacts: Vec<Contact>,
        /// How it went.
        lookup: LookupReport,
    },
    /// The item. A tombstone is returned as such: its author deleted what was there.
    Found(Found),
    /// The item is stored at as many nodes as were required.
    Stored(PutReport),
    /// So many nodes will tell us about new versions.
    Watching {
        /// How many.
        nodes: usize,
    },
}

/// An item and how it was found.
#[derive(Clone, Debug)]
pub struct Found {
    /// The item.
    pub item: VerifiedItem,
    /// Who held it; `None` if this node did.
    pub holder: Option<PublicKey>,
    /// After a fresh read: everybody who answered that it holds a version, and which, nearest first.
    pub holders: Vec<(Contact, Version)>,
    /// How it went.
    pub lookup: LookupReport,
}

/// How a lookup went.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct LookupReport {
    /// Requests sent.
    pub requests: u32,
    /// Requests that failed or were not answered in time.
    pub failures: u32,
    /// Length of the chain of referrals to the answer: 0 from our own storage, 1 from our own table.
    pub hops: u32,
    /// Milliseconds from the first request to the end.
    pub took_ms: u64,
}

/// How a put went.
#[derive(Clone, Debug, Default)]
pub struct PutReport {
    /// Other nodes that stored the item.
    pub stored: usize,
    /// Of those, how many gave it back when it was read back; 0 unless that was asked for.
    pub confirmed: usize,
    /// Nodes that answered with an error, and which.
    pub rejected: Vec<(PublicKey, ErrorCode)>,
    /// Nodes that did not answer.
    pub timed_out: usize,
    /// The newest version met that is newer than the one put.
    pub newer: Option<VerifiedItem>,
    /// How finding the nodes went.
    pub lookup: LookupReport,
}

/// How a command ended badly.
#[derive(Clone, Debug)]
pub enum OperationError {
    /// Time ran out.
    OutOfTime,
    /// The nodes nearest to the key have no such item, or none as new as what was seen before.
    ValueNotFound(LookupReport),
    /// There is nobody to ask.
    RoutingTableEmpty,
    /// Most of those a fresh read had to ask have vanished lately: who is left cannot speak for them.
    CutOff(LookupReport),
    /// Fewer nodes than required stored the item. With `stored` 0 and nobody rejecting, nobody was reachable.
    NotStored(Box<PutReport>),
    /// The item does not pass its own check.
    BadItem(ItemError),
    /// This node itself holds a newer version.
    Superseded(VerifiedItem),
    /// More commands run at once than [`OPERATIONS_MAX`](crate::OPERATIONS_MAX).
    Busy,
}

impl fmt::Display for OperationError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::OutOfTime => f.write_str("time ran out"),
            Self::ValueNotFound(_) => f.write_str("the nodes nearest to the key do not have it"),
            Self::RoutingTableEmpty => f.write_str("no peers are known"),
            Self::CutOff(_) => f.write_str("most of the nodes nearest to the key are out of reach"),
            Self::NotStored(report) if report.stored == 0 && report.rejected.is_empty() => {
                f.write_str("no peers are reachable")
            }
            Self::NotStored(report) => write!(f, "stored at {} nodes only", report.stored),
            Self::BadItem(error) => error.fmt(f),
            Self::Superseded(_) => f.write_str("a newer version exists"),
            Self::Busy => f.write_str("too many operations at once"),
        }
    }
}

impl std::error::Error for OperationError {}

/// Why a request of ours will not be answered.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SendError {
    /// No connection could be made, or it broke.
    Unreachable,
    /// The deadline passed.
    TimedOut,
    /// The answer was no frame.
    BadAnswer(WireError),
}

/// An item as kept on disk. Cached copies are not.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ItemRecord {
    /// The item.
    pub item: Arc<Item>,
    /// Put by this node itself: never evicted.
    pub own: bool,
    /// The latest `expires` of any version seen under this key, 0 if one was to live forever: for so
    /// long a stub has to be kept.
    pub horizon: u64,
    /// Which authenticated node it came from; counted against its quota.
    pub source: PublicKey,
    /// Which subnet that node was in; counted against its quota. On disk it came later than the rest, so it is last.
    pub subnet: Option<Subnet>,
}

/// The newest version a reader saw under a key, as kept on disk.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SeenRecord {
    /// The key.
    pub key: Id,
    /// The version.
    pub version: Version,
    /// When it was seen, in milliseconds since 1970.
    pub at: u64,
}

/// A block as kept on disk.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct BlockRecord {
    /// Who is blocked.
    pub public_key: PublicKey,
    /// Until when, in milliseconds since 1970.
    pub until: u64,
    /// How often it has been blocked; each time doubles the duration.
    pub strikes: u32,
    /// Why.
    pub reason: BlockReason,
    /// The bytes that prove it ([`wire::encode_item`](crate::wire::encode_item)); empty if the proof is
    /// kept elsewhere, and when a record is loaded or listed.
    pub evidence: Vec<u8>,
    /// How many bytes of evidence are kept. Who loads records says so in place of loading it.
    #[serde(skip)]
    pub evidence_bytes: usize,
}

/// Why a peer is blocked.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub enum BlockReason {
    /// It passed on an item whose signature or value hash does not hold.
    ForgedItem,
    /// It passed on an item under a key that is not its own.
    WrongKey,
    /// It was convicted of a wrong answer to a job.
    WrongAnswer,
    /// The node's owner said so.
    Owner,
}

/// Something worth logging or counting.
#[derive(Clone, Debug)]
pub enum Notice {
    /// A contact entered the routing table.
    ContactAdded(PublicKey),
    /// A contact left the routing table.
    ContactRemoved(PublicKey),
    /// A peer was blocked.
    Blocked(PublicKey, BlockReason),
    /// An item came in that does not pass its check.
    BadItem {
        /// Who passed it on.
        from: PublicKey,
        /// What is wrong with it.
        error: ItemError,
    },
    /// A new version of an item is held here.
    ItemStored {
        /// Where it lives.
        key: Id,
        /// Which version.
        version: Version,
    },
    /// A request was refused.
    Refused {
        /// Whose.
        from: PublicKey,
        /// The interaction it belonged to.
        interaction: InteractionId,
        /// Why.
        code: ErrorCode,
    },
    /// A lookup ended, of ours or of the node's own upkeep.
    LookupEnded {
        /// The interaction its messages carried.
        interaction: InteractionId,
        /// How it went.
        report: LookupReport,
    },
}
