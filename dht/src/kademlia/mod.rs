//! The state machine: one node's part of the network.
//!
//! Owns the parts (table, storage, blocks, running tasks) and the one way in and out, [`Kademlia::handle`].
//! Refuses every effect: what is to be done leaves as an [`Action`].
//!
//! | module | what it does |
//! | --- | --- |
//! | `incoming` | answers requests |
//! | `exchanges` | sends requests, waits for answers, measures, judges what was passed on |
//! | `large` | which chunks of large values are this node's own, and which are wanted no longer |
//! | `tasks` | lookups: bootstrap, refresh, and the walk of every other one |
//! | `reading`, `writing` | what a get and a put make of a lookup |
//! | `seen` | the newest versions a reader knows of, so that it never goes back |
//! | `sweeping` | what is done where ids look ground |
//! | `upkeep` | admission, liveness, refresh, republishing, handing over |
//! | `watching` | both sides of a watch |
//! | `watchers` | who is told what, and how much of that anybody may want |

mod exchanges;
mod incoming;
mod large;
mod reading;
mod seen;
mod sweeping;
mod tasks;
mod upkeep;
mod watchers;
mod watching;
mod writing;

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::sync::Arc;

use rand_chacha::ChaCha12Rng;
use rand_core::{Rng, SeedableRng};

use crate::blocks::{Blocks, Given};
use crate::contact::{Address, Contact, PublicKey};
use crate::density::Density;
use crate::event::{
    Action, BlockReason, BlockRecord, Command, Event, ExchangeId, ItemRecord, Notice,
    OperationError, OperationId, Outcome, PutReport,
};
use crate::id::Id;
use crate::item::{KnownKeys, SignatureCheck, VerifiedItem};
use crate::message::PROTOCOL_VERSION;
use crate::metrics::Metrics;
use crate::rates::{Dials, RateLimit, Usual};
use crate::storage::{Incoming, Kept, REPUBLISH_MS, Refusal, Storage};
use crate::table::{BucketView, Entry, Table};
use exchanges::{Exchange, Origin};
use seen::Seen;
use tasks::{Goal, Task, TaskId};
use watching::Watching;

/// Every bound and interval of the state machine by name.
pub mod limits {
    pub use super::SAVED_CONTACTS_MAX;
    pub use super::exchanges::{EXCHANGES_MAX, REQUEST_TIMEOUT_MS};
    pub use super::incoming::{CACHE_MS_MAX, CACHE_MS_MIN};
    pub use super::large::LISTED_CHUNKS_MAX;
    pub use super::seen::SEEN_MAX;
    pub use super::sweeping::{SWEEP_TIMEOUT_MS, SWEPT_MAX};
    pub use super::tasks::{LOOKUP_TIMEOUT_MS_MAX, UPKEEP_PATHS};
    pub use super::upkeep::{
        ANNOUNCE_MS, BACKGROUND_MAX, DEAD_KEPT_MS, HANDOVERS_IN_FLIGHT_MAX, HANDOVERS_MAX,
        KNOCKS_MAX, PINGS_MAX, REFRESH_MS, REFRESHES_MAX, STALE_MS, STALE_MS_MAX, TICK_MS,
    };
    pub use super::watchers::{
        WATCHED_KEYS_MAX, WATCHERS_PER_KEY_MAX, WATCHES_PER_PEER_MAX, WATCHES_PER_SUBNET_MAX,
    };
    pub use super::watching::{WATCH_MS, WATCH_NODES, WATCHES_MAX};
    pub use super::writing::{SPARES_MAX, STORE_TRIES, STUB_FIRST_BYTES};
}

/// Most saved contacts kept in mind for when nobody else is known.
pub const SAVED_CONTACTS_MAX: usize = 256;

/// What a node's owner may set.
#[derive(Clone, Debug)]
pub struct Config {
    /// Where this node can be dialled; empty if it serves nobody.
    pub addresses: Vec<Address>,
    /// Most bytes of items held, in memory and on disk.
    pub storage_bytes_max: usize,
    /// Most items held.
    pub storage_items_max: usize,
}

impl Default for Config {
    fn default() -> Self {
        Self {
            addresses: Vec::new(),
            storage_bytes_max: 288 * 1024 * 1024,
            storage_items_max: 65_536,
        }
    }
}

/// One node's part of the distributed hash table, as a pure step machine; see the crate's documentation.
pub struct Kademlia {
    me: Contact,
    rng: ChaCha12Rng,
    signatures: Arc<dyn SignatureCheck>,
    table: Table,
    storage: Storage,
    blocks: Blocks,
    rate_limit: RateLimit,
    dials: Dials,
    /// First round trips with peers not measured before, the time to connect to them included.
    first_round_trip: Usual,
    density: Density,
    exchanges: BTreeMap<ExchangeId, Exchange>,
    /// Peers being pinged.
    pinging: BTreeSet<PublicKey>,
    tasks: BTreeMap<TaskId, Task>,
    operations: BTreeMap<OperationId, TaskId>,
    timers: BTreeSet<(u64, Timer)>,
    /// Contacts of an earlier run, asked when the table is too empty.
    saved: Vec<Contact>,
    /// When those of them that stayed silent are forgotten, if there are others by then.
    forget_saved_at: Option<u64>,
    /// First contacts that never answered yet.
    knocks: Vec<Contact>,
    seen: Seen,
    /// Tasks of the node's own upkeep that are running.
    background: usize,
    refreshes: VecDeque<Id>,
    handovers: VecDeque<(Contact, Id)>,
    handovers_in_flight: usize,
    /// Before this time newcomers are old acquaintances: nothing is handed over.
    handover_from: u64,
    watching: Watching,
    metrics: Metrics,
    outbox: Vec<Action>,
    next_number: u64,
    is_ticking: bool,
}

/// What a timer is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Timer {
    /// An answer is overdue: somebody else may be asked meanwhile.
    Overdue(ExchangeId),
    /// A task has used up its time.
    Task(TaskId),
    /// The watch with this number has to be renewed.
    Renew(u64),
    /// Look for our own place again.
    Announce {
        /// How long this was waited for, in milliseconds.
        delay: u64,
    },
    /// Look after the table.
    Tick,
}

impl std::fmt::Debug for Kademlia {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Kademlia")
            .field("me", &self.me)
            .field("contacts", &self.table.len())
            .field("items", &self.storage.usage().0)
            .field("tasks", &self.tasks.len())
            .finish_non_exhaustive()
    }
}

impl Kademlia {
    /// A node that knows nobody. The same seed and the same events give the same actions.
    pub fn new(config: Config, public_key: PublicKey, seed: [u8; 32]) -> Self {
        let me = Contact::new(public_key, config.addresses, PROTOCOL_VERSION);
        let own = *me.id();
        Self {
            me,
            rng: ChaCha12Rng::from_seed(seed),
            signatures: Arc::new(KnownKeys::default()),
            table: Table::new(own),
            storage: Storage::new(own, config.storage_bytes_max, config.storage_items_max),
            blocks: Blocks::default(),
            rate_limit: RateLimit::default(),
            dials: Dials::default(),
            first_round_trip: Usual::default(),
            density: Density::default(),
            exchanges: BTreeMap::new(),
            pinging: BTreeSet::new(),
            tasks: BTreeMap::new(),
            operations: BTreeMap::new(),
            timers: BTreeSet::new(),
            saved: Vec::new(),
            forget_saved_at: None,
            knocks: Vec::new(),
            seen: Seen::default(),
            background: 0,
            refreshes: VecDeque::new(),
            handovers: VecDeque::new(),
            handovers_in_flight: 0,
            handover_from: 0,
            watching: Watching::default(),
            metrics: Metrics::default(),
            outbox: Vec::new(),
            next_number: 0,
            is_ticking: false,
        }
    }

    /// Replaces the real signature check, for simulations that check each signature once.
    pub fn with_signatures(mut self, signatures: Arc<dyn SignatureCheck>) -> Self {
        self.signatures = signatures;
        self
    }

    /// Takes one event in and says what is to be done about it, in order.
    pub fn handle(&mut self, now: u64, event: Event) -> Vec<Action> {
        if !self.is_ticking {
            self.is_ticking = true;
            self.schedule_tick(now);
        }
        match event {
            Event::Incoming {
                from,
                observed,
                interaction,
                token,
                request,
            } => {
                self.incoming(now, from, observed, interaction, token, request);
            }
            Event::Answered { exchange, response } => {
                self.answered(now, exchange, Origin::AsSent, response);
            }
            Event::AnsweredFrom {
                exchange,
                address,
                response,
            } => self.answered(now, exchange, Origin::At(address), response),
            Event::Failed {
                exchange,
                reason: _,
            } => self.unanswered(now, exchange),
            Event::Timer => self.timer(now),
            Event::Command { operation, command } => self.command(now, operation, command),
            Event::Cancel { operation } => self.cancel(operation),
            Event::Addresses(addresses) => {
                self.me = Contact::new(self.me.public_key(), addresses, PROTOCOL_VERSION);
            }
            Event::WatchAnew { key } => self.watch_anew(now, key),
            Event::LoadContacts(contacts) => self.load_contacts(now, contacts),
            Event::LoadSeen(records) => self.load_seen(&records),
            Event::LoadItems(records) => self.load_items(now, records),
            Event::LoadBlocks(records) => {
                for block in &records {
                    let given = self.blocks.load(block);
                    self.give_up_blocks(given);
                }
            }
            Event::Block { public_key, reason } => self.block(now, public_key, reason, Vec::new()),
            Event::Unblock { public_key } => {
                if self.blocks.remove(&public_key) {
                    self.outbox.push(Action::Unblock(public_key));
                }
            }
        }
        self.upkeep(now);
        std::mem::take(&mut self.outbox)
    }

    /// When [`Event::Timer`] is next due, in milliseconds since 1970.
    pub fn poll_timeout(&self) -> Option<u64> {
        let timer = self.timers.first().map(|(at, _)| *at);
        let deadline = self.next_deadline().map(|(at, _)| at);
        let storage = self
            .storage
            .next_due()
            .filter(|_| self.has_background_room());
        timer.into_iter().chain(deadline).chain(storage).min()
    }

    /// This node as others are told of it.
    pub fn me(&self) -> &Contact {
        &self.me
    }

    /// Every contact in the routing table that is not given up, by bucket, farthest bucket first.
    pub fn contacts(&self) -> Vec<Contact> {
        self.table
            .entries()
            .filter(|e| e.is_live())
            .map(|e| e.contact.clone())
            .collect()
    }

    /// Of each bucket, farthest first, how many contacts it holds and how many wait in its cache.
    pub fn buckets(&self) -> Vec<(usize, usize)> {
        self.table.shape()
    }

    /// The routing table: its buckets, farthest first, and what is known of each contact.
    pub fn table(&self) -> Vec<BucketView> {
        self.table.view()
    }

    /// The contacts nearest to an id according to the table, at most `count`.
    pub fn nearest(&self, target: &Id, count: usize) -> Vec<Contact> {
        self.table.nearest(target, count, Entry::is_live)
    }

    /// The item held under a key, whatever its state.
    pub fn item(&self, key: &Id) -> Option<VerifiedItem> {
        self.storage.held(key).map(|held| held.item.clone())
    }

    /// The item under a key as this node tells others that it holds it: alive, and no cached copy.
    pub fn held_in_earnest(&self, now: u64, key: &Id) -> Option<VerifiedItem> {
        self.storage.read_unnoticed(now, key)
    }

    /// Every item held, cached copies included, in the order of keys.
    pub fn items(&self) -> impl Iterator<Item = &VerifiedItem> {
        self.storage.iter().map(|held| &held.item)
    }

    /// How many items are being stored with others, those included whose `Put` has its answer.
    pub fn writes_running(&self) -> usize {
        let goals = self.tasks.values().map(|task| &task.goal);
        goals.filter(|goal| matches!(goal, Goal::Write(_))).count()
    }

    /// How many items are held, and how many bytes they count.
    pub fn storage_usage(&self) -> (usize, usize) {
        self.storage.usage()
    }

    /// Whether this peer is blocked.
    pub fn is_blocked(&self, public_key: &PublicKey, now: u64) -> bool {
        self.blocks.contains(public_key, now)
    }

    /// Everybody blocked now, without the evidence.
    pub fn blocked(&self, now: u64) -> Vec<BlockRecord> {
        self.blocks.list(now)
    }

    /// Whether somebody on this node watches a key: news of it may be told us by whoever we are connected to.
    pub fn watches(&self, key: &Id) -> bool {
        self.watching.has(key)
    }

    /// What was counted since the start.
    pub fn metrics(&self) -> &Metrics {
        &self.metrics
    }

    fn command(&mut self, now: u64, operation: OperationId, command: Command) {
        if self.operations.len() >= crate::OPERATIONS_MAX {
            return self.finish(operation, Err(OperationError::Busy));
        }
        match command {
            Command::Bootstrap { contacts } => self.bootstrap(now, operation, contacts),
            Command::FindNode { target } => self.find_node(now, operation, target),
            Command::Get(get) => {
                self.metrics.gets += 1;
                self.get(now, operation, &get);
            }
            Command::Put(put) => {
                self.metrics.puts += 1;
                self.put(now, operation, put);
            }
            Command::Keep { item, publish_at } => {
                let kept = self.keep_own(now, item, publish_at);
                self.metrics.puts += 1;
                let outcome = kept.map(|_| Outcome::Stored(PutReport::default()));
                self.finish(operation, outcome);
            }
            Command::Watch { key } => self.watch(now, operation, key),
        }
    }

    fn cancel(&mut self, operation: OperationId) {
        self.unwatch(operation);
        if let Some(task) = self.operations.remove(&operation) {
            self.drop_task(task);
        }
    }

    fn finish(&mut self, operation: OperationId, outcome: Result<Outcome, OperationError>) {
        match &outcome {
            Ok(Outcome::Found(_)) => self.metrics.gets_found += 1,
            Ok(Outcome::Stored(_)) => self.metrics.puts_stored += 1,
            _ => {}
        }
        self.operations.remove(&operation);
        self.outbox.push(Action::Finished { operation, outcome });
    }

    /// Runs every timer whose time has come.
    fn timer(&mut self, now: u64) {
        while let Some((_, exchange)) = self.next_deadline().filter(|(at, _)| *at <= now) {
            self.unanswered(now, exchange);
        }
        while let Some(&(at, timer)) = self.timers.first().filter(|(at, _)| *at <= now) {
            self.timers.remove(&(at, timer));
            match timer {
                Timer::Overdue(exchange) => self.overdue(now, exchange),
                Timer::Task(task) => self.out_of_time(now, task),
                Timer::Renew(number) => self.renew_watch(now, number),
                Timer::Announce { delay } => self.announce(now, delay),
                Timer::Tick => self.tick(now),
            }
        }
    }

    /// Takes a checked item into our storage and keeps disk and watchers in step.
    fn keep(&mut self, now: u64, incoming: Incoming) -> Kept {
        let item = incoming.item.clone();
        let before = self.manifest_before(item.key());
        let was_own = self.is_own(item.key());
        let kept = self.storage.store(now, incoming);
        match &kept {
            Kept::New(evicted) => {
                if let Some(before) = before {
                    self.release_chunks(&before);
                }
                self.outbox
                    .extend(evicted.iter().map(|key| Action::RemoveItem(*key)));
                self.save_item(item.key());
                let (key, version) = (*item.key(), item.version());
                self.outbox
                    .push(Action::Emit(Notice::ItemStored { key, version }));
                self.tell_watchers(now, &item);
            }
            // A copy kept for others has become our own.
            Kept::Same if was_own != self.is_own(item.key()) => self.save_item(item.key()),
            Kept::Same => {}
            // There is no room for it here, which makes it none the less true.
            Kept::Refused(Refusal::OverQuota) if self.watches(item.key()) => {
                self.note_seen(now, &item);
            }
            Kept::Older(_) | Kept::Refused(_) => return kept,
        }
        // Whoever offers a stub of what is held says that this is the version there is.
        let held = self.storage.held(item.key()).map(|held| &held.item);
        let held = held.filter(|held| held.version() == item.version());
        self.tell_ourselves(&held.cloned().unwrap_or(item));
        kept
    }

    fn is_own(&self, key: &Id) -> bool {
        self.storage.held(key).is_some_and(|held| held.own)
    }

    fn save_item(&mut self, key: &Id) {
        if let Some(record) = self.storage.record(key) {
            self.outbox.push(Action::StoreItem(record));
        }
    }

    fn load_items(&mut self, now: u64, records: Vec<ItemRecord>) {
        for record in records {
            match VerifiedItem::new(record.item.clone(), &*self.signatures) {
                Ok(item) => {
                    let delay = self.rng.next_u64() % REPUBLISH_MS;
                    self.storage
                        .load(now, item, &record, now.saturating_add(delay));
                }
                Err(error) => {
                    let from = self.me.public_key();
                    self.outbox.push(Action::RemoveItem(record.item.key));
                    self.outbox
                        .push(Action::Emit(Notice::BadItem { from, error }));
                }
            }
        }
        let surplus = self.storage.trim_loaded().into_iter();
        self.outbox.extend(surplus.map(Action::RemoveItem));
        self.disown_orphans();
        self.handover_from = now.saturating_add(upkeep::SETTLING_MS);
    }

    /// Takes up the contacts of earlier runs. If they are too many, any of them are as good as others.
    fn load_contacts(&mut self, now: u64, mut contacts: Vec<Contact>) {
        if contacts.len() > SAVED_CONTACTS_MAX {
            for place in 0..SAVED_CONTACTS_MAX {
                let rest = (contacts.len() - place) as u64;
                contacts.swap(place, place + (self.rng.next_u64() % rest) as usize);
            }
        }
        self.remember(&contacts);
        self.forget_saved_at = Some(now.saturating_add(upkeep::DEAD_KEPT_MS));
    }

    /// Keeps contacts in mind for when nobody else is known; the latest first to be asked. Those that are too many are
    /// forgotten on disk, too.
    fn remember(&mut self, contacts: &[Contact]) {
        self.saved
            .retain(|saved| contacts.iter().all(|contact| contact.id() != saved.id()));
        self.saved.splice(0..0, contacts.iter().cloned());
        let kept = self.saved.len().min(SAVED_CONTACTS_MAX);
        let surplus = self.saved.split_off(kept);
        self.forget_saved(&surplus);
    }

    /// Forgets on disk whoever of these has not become a contact of this run.
    fn forget_saved(&mut self, saved: &[Contact]) {
        let silent = saved
            .iter()
            .filter(|contact| self.table.entry(contact.id()).is_none());
        let forgotten = silent.map(|contact| Action::ForgetContact(contact.public_key()));
        self.outbox.extend(forgotten);
    }

    /// Blocks a peer and takes it out of everything.
    fn block(&mut self, now: u64, peer: PublicKey, reason: BlockReason, evidence: Vec<u8>) {
        if peer == self.me.public_key() {
            return;
        }
        let (record, given) = self.blocks.add(now, peer, reason, evidence);
        self.give_up_blocks(given);
        self.outbox.push(Action::Block(record));
        self.outbox
            .push(Action::Emit(Notice::Blocked(peer, reason)));
        self.forget(peer);
        self.saved.retain(|contact| contact.public_key() != peer);
        self.handovers
            .retain(|(contact, _)| contact.public_key() != peer);
        for task in self.tasks.values_mut() {
            task.exclude(&peer);
        }
    }

    fn give_up_blocks(&mut self, given: Given) {
        let forgotten = given.forgotten.into_iter().map(Action::Unblock);
        self.outbox.extend(forgotten);
        self.outbox
            .extend(given.bared.into_iter().map(Action::Block));
    }

    fn number(&mut self) -> u64 {
        self.next_number += 1;
        self.next_number
    }
}
