//! The distributed hash table of Logos: signed items in a Kademlia network, as a pure step machine.
//!
//! This crate opens no socket, reads no clock, starts no thread and asks the operating system for no
//! randomness. Whoever drives it brings the time and a seed, and does what it says.
//!
//! # The order of calls
//!
//! 1. [`Kademlia::new`] with a seed from the operating system.
//! 2. [`Kademlia::handle`] with [`Event::LoadBlocks`], [`Event::LoadContacts`] and [`Event::LoadItems`], if
//!    there is a disk; then, with any first contacts, [`Command::Bootstrap`].
//! 3. Forever: sleep until [`Kademlia::poll_timeout`] or until something happens, and call
//!    [`Kademlia::handle`] with it: [`Event::Timer`] when the time has come, [`Event::Incoming`] for a
//!    request, [`Event::Answered`] or [`Event::Failed`] for each [`Action::Send`], [`Event::Command`] for
//!    what somebody on this node wants. `now` is in milliseconds since 1970 and never decreases.
//! 4. After every call perform the returned actions in order, then ask `poll_timeout` anew.
//!
//! An [`Action::Reply`] (and an [`Action::Finished`]) may leave only after every [`Action::StoreItem`]
//! before it is durable: whatever is acknowledged survives a crash.
//!
//! Every [`Action::Send`] should be reported back once. An exchange that is not is given up at its
//! deadline; a report after that is harmless.
//!
//! # What protects what
//!
//! | against | what | where |
//! | --- | --- | --- |
//! | forged values | every item stands on its own; who passes on a forgery is blocked, with the evidence | `item`, `exchanges`, `blocks` |
//! | nodes that die | K holders, hourly republishing, handing over to newcomers, stores repeated and replaced | `upkeep`, `writing` |
//! | old versions | strict order, stubs, majorities (10 stored, a majority of K read), a reader's own memory | `storage`, `reading` |
//! | liars on the way | disjoint paths, half of them beginning anywhere; who names silent contacts is not believed | `lookup` |
//! | stallers | overdue by the median of all, hedged; the slow are neither asked nor named | `rates`, `table` |
//! | ids ground beside a key | where it is crowded: store at, and ask, everybody within the expected radius | `density`, `sweeping` |
//! | a lying holder | [`Put::read_back`] | `writing` |
//! | floods | rates per sender, quotas per source and subnet, a named maximum on everything | `rates`, `storage` |
//! | being aimed at a victim | one unproven dial per address and minute; nobody enters the table unreached | `rates`, `upkeep` |
//!
//! # Design figures
//!
//! [`K`] 20, [`ALPHA`] 3 per path, [`DISJOINT`] 4 paths for puts, fresh reads and what was not found, 2 for
//! upkeep, 1 for a plain read. The simulator ([`sim`]) counts a new connection as a round trip and 5,000
//! bytes, so a driver should keep connections: [`CONNECTIONS_MAX`] of them, [`CONNECTION_IDLE_MS`] long,
//! without keep-alive, without probing the path's MTU.
//!
//! # Figures
//!
//! Of `dht-sim --loss 0.05 --churn weibull:0.5:10000 --updates 0.1`, release profile, seed 1 unless said. Times
//! are p50 / p95 in milliseconds, traffic in bytes per second and node; *ten* is a put that requires ten holders.
//! A liar is never named or blocked for nothing: no run accepted a forgery or read a stale version afresh.
//!
//! | nodes, items, hours | recall at rest, churning | holders right | hops | get | fresh get | put: ten, whole (p50) | found after | payload, wire |
//! | --- | --- | --- | --- | --- | --- | --- | --- | --- |
//! | 1,000, 500, 6 h (seed 2) | 0.9985, 0.9986 | 0.997 | 1.49 | 90 / 300 | 834 / 1354 | 868, 1396 | all | 95, 412 |
//! | 10,000, 5,000, 1 h | 0.9995, 0.9976 | 0.997 | 2.19 | 230 / 518 | 1166 / 1702 | 1078, 1714 | all | 113, 804 |
//!
//! | trouble (10,000 nodes, 5,000 items, unless said) | what came of it |
//! | --- | --- |
//! | `--sybils 0.2 --adversary mixed`, 0.4 h | every lookup ended right; get 270 / 768; all found after |
//! | `--ground 40`, 0.4 h; `--ground 100`, 0.15 h | every read of the surrounded item found it |
//! | `--partition 2 --nodes 2000`, 3.2 h | an hour after healing all of 5,000 agree, deleted items stay deleted |
//! | `--loss 0.5 --sybils 0.6 --nodes 1000 --items 500`, 0.1 h: must go badly | recall 0.41, lookups right 0.54, get 1518 / 6677 |
//!
//! An hour of 10,000 nodes takes about three minutes of one core and 700 MB, of which joining is the half;
//! `GLIBC_TUNABLES=glibc.malloc.hugetlb=1` saves a fourth of the time.
//!
//! # A node on its own
//!
//! A node without contacts keeps what is put there as its own and finds it again with a get, but the put
//! fails with [`OperationError::NotStored`], `stored` 0: nobody else has it. As soon as it meets
//! others, it publishes what it kept.

#![forbid(unsafe_code)]

pub mod wire;

mod blocks;
mod contact;
mod density;
mod event;
mod id;
mod item;
mod kademlia;
mod lookup;
mod manifest;
mod message;
mod rates;
pub mod sim;
mod storage;
mod table;

pub use blocks::BLOCKS_MAX;
pub use contact::{ADDRESSES_MAX, Address, Contact, PublicKey, RELAY_BYTES_MAX, Subnet};
pub use event::{
    Action, BlockReason, BlockRecord, Command, Event, ExchangeId, Found, Get, ItemRecord,
    LookupReport, Notice, OperationError, OperationId, Outcome, Put, PutReport, SendError, Token,
};
pub use id::{Distance, ID_BITS, ID_BYTES, Id};
pub use item::{
    CONTENT_DIGEST_BYTES, Draft, Ed25519, FUTURE_MS_MAX, ITEM_VERSION, Item, ItemError,
    ItemSignature, META_BYTES_MAX, META_ENTRIES_MAX, Meta, NAME_BYTES_MAX, NOBODY, SignatureCheck,
    VALUE_BYTES_MAX, VerifiedItem, Version, content_digest, content_key, item_key,
};
pub use kademlia::limits;
pub use kademlia::{Config, Kademlia, Metrics};
pub use lookup::{LOOKUP_CANDIDATES_MAX, LOOKUP_REQUESTS_MAX};
pub use manifest::{
    Assembly, CHUNK_BYTES, CHUNKS_MAX, LARGE_VALUE_BYTES_MAX, MANIFEST_META, Manifest,
    ManifestError,
};
pub use message::{
    CONTACTS_MAX, DETAIL_BYTES_MAX, ErrorCode, Failure, FindValue, InteractionId, Nodes,
    PROTOCOL_VERSION, Request, Response, Store, Value,
};

pub use rates::{
    HISTOGRAM_BUCKETS, Histogram, REQUESTS_BURST_MAX, REQUESTS_PER_SECOND_MAX, UNVERIFIED_DIAL_MS,
};
pub use storage::{REPUBLISH_MS, SOURCE_SHARE, STUB_KEPT_MS, SUBNET_SHARE};

/// Contacts per bucket, and nodes an item is stored at.
pub const K: usize = 20;
/// Requests a lookup keeps in flight.
pub const ALPHA: usize = 3;
/// Disjoint paths of a lookup where a liar must not have the last word: puts, fresh reads, and whatever was
/// not found otherwise.
pub const DISJOINT: usize = 4;
/// How long a lookup may take, in milliseconds.
pub const LOOKUP_TIMEOUT_MS: u64 = 10_000;
/// Consecutive failures after which a contact is replaced.
pub const ALLOWED_FAILURES: u32 = 5;
/// How long a first block lasts, in milliseconds; each further one lasts twice as long.
pub const BLOCK_MS: u64 = 24 * 60 * 60 * 1000;
/// How long a driver should keep a silent connection open, in milliseconds: longer than contacts are left
/// alone, as a new connection costs more than an hour of requests.
pub const CONNECTION_IDLE_MS: u64 = 30 * 60 * 1000;
/// How many connections a driver should keep open that it dialled itself.
pub const CONNECTIONS_MAX: usize = 256;
/// Most commands running at once.
pub const OPERATIONS_MAX: usize = 1024;
