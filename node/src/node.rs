//! One node on a network: its endpoint, its part of the DHT, its workers, its store. The real
//! node and every practice peer are each one of these.

use std::collections::VecDeque;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use dht::{Address, Command, Contact, Event, Kademlia, Outcome, PROTOCOL_VERSION, PublicKey};
use tokio::sync::{Mutex as AsyncMutex, Notify};
use tokio::task::{JoinHandle, JoinSet};

use crate::clock::Clock;
use crate::counters::{Counters, NodeMetrics};
use crate::driver::{Binding, Blocks, Core, DhtFailure, Pool, as_addresses, bind, own_addresses};
use crate::driver::{find_on_lan, hear_news, locked, serve, wait_for_relay, watch_addresses};
use crate::error::NodeError;
use crate::identity::{Identity, random_bytes};
use crate::jobs::{Behaviour, Evaluator, Workers};
use crate::large::Large;
use crate::relay::Relay;
use crate::service::Limits;
use crate::store::Store;
use crate::submit::Asked;
use crate::ticket::Ticket;
use crate::watches::Watches;

/// Answer times remembered, to know what is slow.
const ANSWER_TIMES_MAX: usize = 64;
/// With fewer answer times nothing is known about what is slow.
const ANSWER_TIMES_MIN: usize = 8;
/// Most tasks that wait for something on the node's behalf.
const TASKS_MAX: usize = 256;
/// How long a node may take to leave.
const CLOSE_TIMEOUT: Duration = Duration::from_secs(3);
/// How long to wait between two looks at what is still being stored.
const CLOSE_PAUSE: Duration = Duration::from_millis(10);

/// How long the endpoint may take to say goodbye.
const GOODBYE_TIMEOUT: Duration = Duration::from_millis(300);
/// How long to wait between two looks at whether somebody was met.
const MEETING_PAUSE: Duration = Duration::from_millis(10);
/// How long others may take to be met after the first was.
const MEETING_GRACE: Duration = Duration::from_millis(200);

/// What a node is made of.
pub(crate) struct Parts {
    pub(crate) identity: Identity,
    pub(crate) store: Store,
    pub(crate) evaluator: Arc<dyn Evaluator>,
    pub(crate) limits: Limits,
    pub(crate) behaviour: Behaviour,
    pub(crate) clock: Clock,
}

/// How a node meets others.
#[derive(Debug)]
pub(crate) struct Place {
    pub(crate) binding: Binding,
    /// Whether it serves others, and so tells them where it is.
    pub(crate) serves: bool,
    /// Whom it knows from the start, besides those in its store.
    pub(crate) first: Vec<Contact>,
    /// The relays it may use; it waits a little for one that others can reach it through.
    pub(crate) relays: Vec<Relay>,
}

/// A running node.
#[derive(Debug)]
pub(crate) struct Node {
    pub(crate) identity: Identity,
    pub(crate) store: Store,
    pub(crate) clock: Clock,
    pub(crate) pool: Arc<Pool>,
    pub(crate) core: Core,
    pub(crate) workers: Workers,
    /// Our own jobs that are being asked.
    pub(crate) asked: Arc<Asked>,
    /// Told when a job is put in the queue.
    pub(crate) queue: Arc<Notify>,
    pub(crate) watches: Arc<Watches>,
    pub(crate) large: Large,
    /// When it started, milliseconds since 1970.
    began: u64,
    /// Where others can dial it now.
    addresses: Mutex<Vec<Address>>,
    serves: bool,
    first: AsyncMutex<Vec<Contact>>,
    answer_times: Mutex<VecDeque<u64>>,
    core_task: Mutex<Option<JoinHandle<()>>>,
    /// Tasks that end with the node.
    tasks: Mutex<JoinSet<()>>,
    /// A search for our place in the network that may go on still.
    search: Mutex<Option<JoinHandle<()>>>,
}

impl Node {
    /// Opens the endpoint and starts everything. Others are met by [`Node::meet`].
    pub(crate) async fn start(parts: Parts, place: Place) -> Result<Arc<Node>, NodeError> {
        let Parts {
            identity,
            store,
            evaluator,
            limits,
            behaviour,
            clock,
        } = parts;
        let relays = place.relays;
        let endpoint = bind(&identity, place.binding, place.serves, &relays).await?;
        if place.serves && !relays.is_empty() && !wait_for_relay(&endpoint).await {
            tracing::warn!(?relays, "no relay can be reached yet");
        }
        let addresses = if place.serves {
            own_addresses(&endpoint).await
        } else {
            Vec::new()
        };
        let config = dht::Config {
            addresses: addresses.clone(),
            ..dht::Config::default()
        };
        let kademlia = Kademlia::new(config, identity.public(), random_bytes());
        let counters = Arc::<Counters>::default();
        let (pool, opened) = Pool::new(
            endpoint,
            relays,
            Blocks::new(clock.clone()),
            counters.clone(),
        );
        let pool = Arc::new(pool);
        let (core, core_task) = Core::start(kademlia, &store, pool.clone(), clock.clone())?;
        let workers = Workers::new(
            identity.clone(),
            store.clone(),
            evaluator,
            limits,
            behaviour,
            clock.clone(),
            counters,
        );
        let mut tasks = JoinSet::new();
        let watches = Arc::<Watches>::default();
        let lost = watches.lost.clone();
        tasks.spawn(hear_news(pool.clone(), core.clone(), opened, lost));
        if place.serves {
            tasks.spawn(serve(pool.clone(), core.clone(), workers.clone()));
        }
        Ok(Arc::new(Node {
            identity,
            store,
            began: clock.now(),
            clock,
            pool,
            core,
            workers,
            asked: Arc::default(),
            queue: Arc::default(),
            watches,
            large: Large::default(),
            addresses: Mutex::new(addresses),
            serves: place.serves,
            first: AsyncMutex::new(place.first),
            answer_times: Mutex::default(),
            core_task: Mutex::new(Some(core_task)),
            tasks: Mutex::new(tasks),
            search: Mutex::default(),
        }))
    }

    /// Finds our place in the network if we have none. Whoever needs others calls this first, and says how many would
    /// do; callers at the same time share one search.
    pub(crate) async fn meet(&self, wanted: usize) -> Result<(), DhtFailure> {
        let first = self.first.lock().await;
        let known = self.contacts().await?.len();
        if known >= wanted {
            return Ok(());
        }
        let running = locked(&self.search).take();
        let mut search = match running.filter(|search| !search.is_finished()) {
            Some(search) => search,
            // There are no more than these.
            None if known > 0 => return Ok(()),
            None => {
                let (core, contacts) = (self.core.clone(), first.clone());
                tokio::spawn(async move {
                    // Fails when nobody is reachable; the operation itself then says so.
                    let _ = core.run(Command::Bootstrap { contacts }).await;
                })
            }
        };
        tokio::select! {
            _ = &mut search => {}
            // The search goes on: some it looks for may be gone, and take long to give up.
            () = self.have_met(wanted) => *locked(&self.search) = Some(search),
        }
        Ok(())
    }

    /// Waits until so many are met, and a moment longer: others answer meanwhile.
    async fn have_met(&self, wanted: usize) {
        while self
            .contacts()
            .await
            .is_ok_and(|met| met.len() < wanted.max(1))
        {
            tokio::time::sleep(MEETING_PAUSE).await;
        }
        tokio::time::sleep(MEETING_GRACE).await;
    }

    /// Meets these too.
    pub(crate) async fn join(&self, contacts: Vec<Contact>) -> Result<usize, DhtFailure> {
        self.first.lock().await.extend(contacts.iter().cloned());
        match self.core.run(Command::Bootstrap { contacts }).await? {
            Outcome::Bootstrapped { contacts } => Ok(contacts),
            _ => Ok(0),
        }
    }

    /// The peers in the routing table.
    pub(crate) async fn contacts(&self) -> Result<Vec<Contact>, DhtFailure> {
        self.core.look(Kademlia::contacts).await
    }

    /// This node as others may dial it.
    pub(crate) fn contact(&self) -> Contact {
        Contact::new(self.identity.public(), self.addresses(), PROTOCOL_VERSION)
    }

    /// The same in one line of text.
    pub(crate) fn ticket(&self) -> Ticket {
        let known = self.addresses();
        let socket = |address: &Address| match address {
            Address::Ip(socket) => Some(*socket),
            Address::Relay(_) => None,
        };
        Ticket {
            key: self.identity.public(),
            addresses: known.iter().filter_map(socket).collect(),
            relay: known.iter().find_map(Relay::of_address),
        }
    }

    fn addresses(&self) -> Vec<Address> {
        locked(&self.addresses).clone()
    }

    /// Whether others can reach it.
    pub(crate) fn serves(&self) -> bool {
        self.serves
    }

    /// Where the endpoint listens.
    pub(crate) fn bound(&self) -> Vec<SocketAddr> {
        self.pool.endpoint().bound_sockets()
    }

    /// What it counted since it started.
    pub(crate) async fn metrics(&self) -> Result<NodeMetrics, DhtFailure> {
        let now = self.clock.now();
        let look = move |kademlia: &Kademlia| {
            let (items, item_bytes) = kademlia.storage_usage();
            NodeMetrics {
                dht: *kademlia.metrics(),
                contacts: kademlia.contacts().len() as u64,
                items: items as u64,
                item_bytes: item_bytes as u64,
                blocked: kademlia.blocked(now).len() as u64,
                ..NodeMetrics::default()
            }
        };
        let counters = self.pool.counters();
        Ok(NodeMetrics {
            bytes_in: counters.bytes_in.count(),
            bytes_out: counters.bytes_out.count(),
            connections_in: counters.connections_in.count(),
            connections_out: self.pool.open() as u64,
            dials_resumed: counters.dials_resumed.count(),
            early_refused: counters.early_refused.count(),
            jobs_run: counters.jobs_run.count(),
            jobs_refused: counters.jobs_refused.count(),
            job_fuel: counters.job_fuel.count(),
            jobs_running: self.workers.busy() as u64,
            chunks_stored: counters.chunks_stored.count(),
            chunks_fetched: counters.chunks_fetched.count(),
            running_ms: now - self.began,
            ..self.core.look(look).await?
        })
    }

    /// Keeps the place in the network up to date when the machine's addresses change.
    pub(crate) fn watch_addresses(self: &Arc<Node>) {
        use iroh::Watcher as _;
        if !self.serves {
            return;
        }
        let (pool, node) = (self.pool.clone(), Arc::downgrade(self));
        self.spawn(async move {
            let mut watcher = watch_addresses(pool.endpoint());
            while watcher.updated().await.is_ok() {
                let addresses = own_addresses(pool.endpoint()).await;
                let Some(node) = node.upgrade() else { return };
                node.moved(addresses).await;
            }
        });
    }

    /// The machine's addresses changed: peers, tickets and jobs are told the new ones.
    async fn moved(&self, addresses: Vec<Address>) {
        let told = Event::Addresses(addresses.clone());
        *locked(&self.addresses) = addresses;
        self.core.tell(told).await;
    }

    /// Meets whoever is found on the local network.
    pub(crate) async fn find_on_lan(self: &Arc<Node>) -> Result<(), NodeError> {
        let mut found = find_on_lan(self.pool.endpoint(), self.serves).await?;
        let core = self.core.clone();
        self.spawn(async move {
            while let Some(contact) = found.recv().await {
                tracing::debug!(?contact, "found on the local network");
                let meet = Command::Bootstrap {
                    contacts: vec![contact],
                };
                if let Err(DhtFailure::Closed) = core.run(meet).await {
                    break;
                }
            }
        });
        Ok(())
    }

    /// Remembers how long a peer took to answer a job.
    pub(crate) fn answered_in(&self, ms: u64) {
        let mut times = locked(&self.answer_times);
        if times.len() == ANSWER_TIMES_MAX {
            times.pop_front();
        }
        times.push_back(ms);
    }

    /// What 95 of 100 answers to jobs stayed below, once enough are known.
    pub(crate) fn slow_ms(&self) -> Option<u64> {
        let times = locked(&self.answer_times);
        if times.len() < ANSWER_TIMES_MIN {
            return None;
        }
        let mut times: Vec<u64> = times.iter().copied().collect();
        times.sort_unstable();
        Some(times[times.len() * 95 / 100])
    }

    /// Runs something that ends with the node; `false` if there is no room for it.
    pub(crate) fn spawn(&self, task: impl Future<Output = ()> + Send + 'static) -> bool {
        let mut tasks = locked(&self.tasks);
        while tasks.try_join_next().is_some() {}
        let has_room = tasks.len() < TASKS_MAX;
        match has_room {
            true => drop(tasks.spawn(task)),
            false => tracing::warn!("{TASKS_MAX} tasks run already: one more is given up"),
        }
        has_room
    }

    /// Convicts a peer: it is refused from now on.
    pub(crate) async fn convict(&self, peer: PublicKey) {
        self.core.block(peer).await;
    }

    /// Does something with the store where waiting for a disk harms nobody.
    pub(crate) async fn with_store<T: Send + 'static>(
        &self,
        work: impl FnOnce(&Store) -> T + Send + 'static,
    ) -> Option<T> {
        self.store.run(work).await
    }

    /// Waits for what is still being stored with others after their callers were answered.
    async fn finish_writes(&self) {
        while let Ok(1..) = self.core.look(Kademlia::writes_running).await {
            tokio::time::sleep(CLOSE_PAUSE).await;
        }
    }

    /// Leaves the network; what was acknowledged is on disk when this returns.
    pub(crate) async fn close(&self) {
        let _ = tokio::time::timeout(CLOSE_TIMEOUT, self.finish_writes()).await;
        self.workers.close();
        self.core.close().await;
        let core_task = locked(&self.core_task).take();
        if let Some(task) = core_task {
            let _ = tokio::time::timeout(CLOSE_TIMEOUT, task).await;
        }
        // Our goodbyes are sent at once; whoever does not answer them is not waited for.
        let _ = tokio::time::timeout(GOODBYE_TIMEOUT, self.pool.endpoint().close()).await;
        let tasks = std::mem::take(&mut *locked(&self.tasks));
        drop(tasks);
    }
}

impl Drop for Node {
    fn drop(&mut self) {
        self.workers.close();
        self.core.close_soon();
    }
}

/// A ticket as a contact.
pub(crate) fn contact_of(ticket: &Ticket) -> Contact {
    let mut addresses = as_addresses(&ticket.addresses);
    addresses.extend(ticket.relay.as_ref().map(Relay::address));
    Contact::new(ticket.key, addresses, PROTOCOL_VERSION)
}

#[cfg(test)]
mod tests;
