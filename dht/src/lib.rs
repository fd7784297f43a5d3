//! The distributed hash table of Logos: signed items in a Kademlia network, as a pure step machine.
//!
//! This crate opens no socket, reads no clock, starts no thread and asks the operating system for no
//! randomness. Whoever drives it brings the time and a seed, and does what it says.
//!
//! # The order of calls
//!
//! 1. [`Kademlia::new`] with a seed from the operating system.
//! 2. [`Kademlia::handle`] with [`Event::LoadBlocks`], [`Event::LoadContacts`], [`Event::LoadSeen`] and
//!    [`Event::LoadItems`], if there is a disk; then, with any first contacts, [`Command::Bootstrap`].
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
//! | ids ground beside a key | where it is crowded: store at, and hear a majority of, everybody within the expected radius | `density`, `sweeping` |
//! | a lying holder | [`Put::read_back`] | `writing` |
//! | floods | rates per sender, quotas per source and subnet, a named maximum on everything | `rates`, `storage` |
//! | being aimed at a victim | one unproven dial per address and minute, few per host; nobody enters the table unreached | `rates`, `upkeep` |
//!
//! # Design figures
//!
//! [`K`] 20, [`ALPHA`] 3 per path, [`DISJOINT`] 4 paths for puts, fresh reads and what was not found, 2 for
//! upkeep, 1 for a plain read. The simulator ([`sim`]) counts a new connection as a round trip and 5,000
//! bytes, so a driver should keep connections: [`CONNECTIONS_MAX`] of them, [`CONNECTION_IDLE_MS`] long,
//! without keep-alive if its transport can do without, without probing the path's MTU.
//!
//! # Figures
//!
//! Of `dht-sim --loss 0.05 --churn weibull:0.5:10000 --updates 0.1`, release profile, seed 1 unless said. Times
//! are p50 / p95 in milliseconds, traffic in bytes per second and node; *ten* is a put that requires ten holders.
//! In all of these runs nobody accepted a forgery, and no fresh get returned a version older than one acknowledged
//! by ten before; every item was found in the end, its publishers gone, in all but the one that must go badly and
//! `misroute` (99.7 %).
//!
//! | nodes, items, hours | recall at rest, churning | get | fresh get | put: ten | whole put | payload, wire |
//! | --- | --- | --- | --- | --- | --- | --- |
//! | 1,000, 500, 24 h | 0.998, 0.998 | 86 / 296 | 830 / 1338 | 850 / 1400 | 1358 / 2018 | 100, 426 |
//! | 10,000, 5,000, 24 h | 1.000, 0.998 | 214 / 476 | 1040 / 1516 | 1060 / 1636 | 1650 / 2354 | 124, 758 |
//! | 10,000, 5,000, 6 h, seed 2 | 1.000, 0.998 | 218 / 483 | 1058 / 1564 | 1078 / 1664 | 1688 / 2400 | 118, 738 |
//! | 10,000, 5,000, 6 h, seed 3 | 0.999, 0.998 | 220 / 492 | 1068 / 1574 | 1084 / 1692 | 1694 / 2470 | 118, 738 |
//! | 10,000, 5,000, 6 h, seed 4 | 0.998, 0.998 | 220 / 484 | 1066 / 1598 | 1072 / 1680 | 1700 / 2508 | 119, 739 |
//! | 10,000, 5,000, 6 h, seed 5 | 1.000, 0.998 | 220 / 486 | 1055 / 1540 | 1074 / 1678 | 1690 / 2450 | 119, 739 |
//! | 100,000, 5,000, 1 h | 0.999, 0.997 | 336 / 680 | 1362 / 1972 | 1242 / 1920 | 1900 / 2846 | 142, 1205 |
//!
//! What grows, and how: with 1,000, 10,000 and 100,000 nodes a value is 1.4, 2.2 and 2.7 hops away, a lookup
//! takes 37, 42 and 48 requests, and a node takes 70 to 150 KB of memory, its items included.
//!
//! | trouble | what came of it |
//! | --- | --- |
//! | 10,000 nodes, `--sybils 0.2 --adversary mixed`, 0.4 h | every lookup ended right; get 280 / 768 |
//! | 10,000 nodes, `--sybils 0.2` of one kind, 0.2 h: `forge`, `drop`, `stall`, `misroute` | lookups right 1.000, 1.000, 0.997, 0.991; get 276, 298, 224, 318 (p95 642, 660, 546, 1720) |
//! | 10,000 nodes, `--ground 20`, `40` and `100`, 0.4 h | every read of the surrounded item found it |
//! | 10,000 nodes, `--partition 2`, 3.2 h | an hour after healing all of 5,000 items agree, what was deleted stays so |
//! | 1,000 nodes, `--loss 0.5 --sybils 0.6`, 0.1 h: must go badly | recall 0.43, lookups right 0.54, get 1430 / 6118 |
//!
//! An hour of 10,000 nodes takes three minutes of one core, of which joining is the half, and 700 MB; a day 30
//! minutes and 950 MB; an hour of 100,000 nodes an hour and four minutes, and 6.5 GiB.
//! `GLIBC_TUNABLES=glibc.malloc.hugetlb=1` saves a fourth of the time.
//!
//! Checking items takes one thread at most a tenth longer than checking their signatures alone, while the value
//! is small (`cargo run --release -p dht --example rates`, medians of 31 rounds in turn; the library alone has its
//! keys decoded, we keep those of the authors we met): 26,079 items a second beside 26,987 signatures without a
//! value, 26,053 beside 26,979 with 100 bytes, 24,880 beside 26,946 with 1 KiB. With 64 KiB it is 6,846, as hashing
//! the value takes most of the time.
//!
//! # Values larger than one item
//!
//! A value of up to [`LARGE_VALUE_BYTES_MAX`] bytes is cut into chunks, each [content](Item::content) that anybody
//! can check on its own; a signed item lists them ([`Manifest`]). The driver moves them as a [`Transfer`] says:
//! when storing, each by a [`Command::Put`] (or a [`Command::Keep`], to have it published bit by bit), the manifest
//! last, so that whoever finds it finds them; when fetching, each by a [`Get::content`], into an [`Assembly`] that
//! refuses what is not listed. Chunks expire with their manifest. A newer version or a deletion of it makes its
//! author give up the chunks it no longer lists. A holder that knows both no longer counts such chunks to whoever
//! brought them, and gives them up first; with any other holder a chunk counts for [`CLAIM_MS`], and stays until it
//! expires, or is far and unread, or there is no room.
//!
//! # A node on its own
//!
//! A node without contacts keeps what is put there as its own and finds it again with a get, but the put
//! fails with [`OperationError::NotStored`], `stored` 0: nobody else has it (unless it required nobody). As soon as it meets
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
mod metrics;
mod rates;
mod shares;
pub mod sim;
mod storage;
mod table;
mod transfer;

pub use blocks::{BLOCKS_MAX, EVIDENCE_BYTES_MAX};
pub use contact::{ADDRESSES_MAX, Address, Contact, PublicKey, RELAY_BYTES_MAX, Subnet};
pub use event::{
    Action, BlockReason, BlockRecord, Command, Event, ExchangeId, Found, Get, ItemRecord,
    LookupReport, Notice, OperationError, OperationId, Outcome, Put, PutReport, SeenRecord,
    SendError, Token,
};
pub use id::{Distance, ID_BITS, ID_BYTES, Id};
pub use item::{
    CONTENT_DIGEST_BYTES, Draft, Ed25519, FUTURE_MS_MAX, ITEM_VERSION, Item, ItemError,
    ItemSignature, KnownKeys, META_BYTES_MAX, META_ENTRIES_MAX, Meta, NAME_BYTES_MAX, NOBODY,
    SignatureCheck, VALUE_BYTES_MAX, VerifiedItem, Version, content_digest, content_key, item_key,
};
pub use kademlia::limits;
pub use kademlia::{Config, Kademlia};
pub use lookup::{LOOKUP_CANDIDATES_MAX, LOOKUP_REQUESTS_MAX};
pub use manifest::{
    Assembly, CHUNK_BYTES, CHUNKS_MAX, LARGE_VALUE_BYTES_MAX, MANIFEST_META, Manifest,
    ManifestError,
};
pub use message::{
    CONTACTS_MAX, DETAIL_BYTES_MAX, ErrorCode, Failure, FindValue, InteractionId, Nodes,
    PROTOCOL_VERSION, Request, Response, Store, Value,
};
pub use metrics::{HOPS_MAX, Metrics, Received, Refused};

pub use rates::{
    HISTOGRAM_BUCKETS, Histogram, REQUESTS_BURST_MAX, REQUESTS_PER_SECOND_MAX, UNVERIFIED_DIAL_MS,
};
pub use table::{BucketView, ContactView};
pub use transfer::{CHUNK_RETRY_MS, CHUNK_TRIES, CHUNKS_AT_ONCE_MAX, Step, Transfer};

pub use shares::{SHARE_PARTS, SOURCE_SHARE, SUBNET_SHARE};
pub use storage::{CLAIM_MS, REMNANTS_SHARE, REPUBLISH_MS, STUB_KEPT_MS};

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
