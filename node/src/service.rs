//! What the program holds of a node: a handle to clone, whose calls may be dropped to cancel them.
//! Opening it touches the data folder only; the first call that needs the network opens the
//! socket. Its futures are to be polled on the runtime it was opened with.

mod finding;
mod options;
mod storing;

pub use crate::clock::system_now as now;
pub use crate::counters::NodeMetrics;
pub use crate::watches::News;
pub use dht::Version;
pub use finding::Holder;
pub use options::{
    Config, JOB_FUEL, JOB_MEMORY, JOB_TIMEOUT, JobRecord, JobSpec, JobState, Limits, NodeInfo,
    PeerInfo, PutCounts, PutOptions, PutReport, Read, RemoteOptions, Target, Whole,
};
pub use storing::PROFILE_NAME;

use std::fmt;
use std::sync::Arc;

use dht::{
    Address, BlockReason, BucketView, Command, Contact, Get, Item, ItemError, Kademlia,
    MANIFEST_META, Manifest, OperationError, Outcome, VerifiedItem, item_key,
};
use tokio::runtime::Handle;
use tokio::sync::Mutex as AsyncMutex;

use crate::clock::Clock;
use crate::consensus::Verdict;
use crate::driver::{Binding, DhtFailure};
use crate::error::{NO_PEERS, NodeError};
use crate::identity::Identity;
use crate::jobs::{Behaviour, Evaluator};
use crate::keys::{Id, PublicKey};
use crate::large;
use crate::node::{Node, Parts, Place, contact_of};
use crate::relay::Relay;
use crate::sealed;
use crate::store::{QueuedJob, Store};
use crate::submit;
use crate::swarm::{Practice, SwarmOptions};
use crate::ticket::Ticket;

/// Under this name the store keeps the port that was used last.
const PORT: &str = "port";

/// A node, from the inside.
#[derive(Clone)]
pub struct Service {
    inner: Arc<Inner>,
}

struct Inner {
    config: Config,
    identity: Identity,
    store: Store,
    evaluator: Arc<dyn Evaluator>,
    runtime: Handle,
    clock: Clock,
    networks: AsyncMutex<Networks>,
}

/// The networks this program is in: the real one, and the practice one that hides it.
#[derive(Default)]
struct Networks {
    real: Option<Arc<Node>>,
    practice: Option<Practice>,
    is_closed: bool,
}

impl Service {
    /// Opens the data folder, if there is one, and prepares a node that runs on `runtime`.
    /// No socket is opened.
    pub fn open(
        config: Config,
        evaluator: Arc<dyn Evaluator>,
        runtime: Handle,
    ) -> Result<Service, NodeError> {
        check_relays(&config.join, &config.relays)?;
        let (identity, store) = match &config.data {
            Some(folder) => {
                let store = Store::open(folder)?;
                (Identity::load_or_create(folder)?, store)
            }
            None => (Identity::random(), Store::in_memory()),
        };
        for job in store.jobs()? {
            // An earlier run was ended while it asked for this.
            if job.state == JobState::Running {
                let state = match store.queued(&job.name)? {
                    Some(_) => JobState::Queued,
                    None => JobState::Cancelled,
                };
                store.save_job(&JobRecord { state, ..job })?;
            }
        }
        let networks = AsyncMutex::default();
        let clock = Clock::new();
        let inner = Inner {
            config,
            identity,
            store,
            evaluator,
            runtime,
            clock,
            networks,
        };
        Ok(Service {
            inner: Arc::new(inner),
        })
    }

    /// This node's public key.
    pub fn my_key(&self) -> PublicKey {
        self.inner.identity.public()
    }

    /// Opens the socket now, and says where others find us (`logos node`).
    pub async fn listen(&self) -> Result<Ticket, NodeError> {
        Ok(self.inner.node().await?.ticket())
    }

    /// Looks for our place in the network now, instead of when it is first needed; returns how
    /// many peers are known.
    pub async fn meet(&self) -> Result<usize, NodeError> {
        let node = self.inner.node().await?;
        node.meet(1).await?;
        Ok(node.contacts().await?.len())
    }

    /// Meets these too; returns how many peers that found.
    pub async fn join(&self, tickets: &[Ticket]) -> Result<usize, NodeError> {
        check_relays(tickets, &self.inner.config.relays)?;
        let node = self.inner.node().await?;
        Ok(node.join(tickets.iter().map(contact_of).collect()).await?)
    }

    /// The value of an item.
    pub async fn get(&self, target: &Target, fresh: bool) -> Result<Vec<u8>, NodeError> {
        let item = self.item(target, fresh).await?;
        item.value.ok_or(NodeError::NotFound)
    }

    /// A whole item.
    pub async fn item(&self, target: &Target, fresh: bool) -> Result<Item, NodeError> {
        let read = Read {
            fresh,
            ..Read::default()
        };
        Ok(self.read(target, read).await?.item)
    }

    /// An item, as far as it is wanted.
    pub async fn read(&self, target: &Target, read: Read) -> Result<Whole, NodeError> {
        let found = self.find(target, read.fresh).await?;
        let node = self.inner.node().await?;
        self.whole(&node, found.item(), read).await
    }

    /// An item with its whole value in place of its manifest, and the value that was sealed to us in place of the
    /// sealed one. Its signature is that of what was signed.
    pub(crate) async fn whole(
        &self,
        node: &Arc<Node>,
        item: &Item,
        read: Read,
    ) -> Result<Whole, NodeError> {
        let mut item = item.clone();
        let (mut size, mut chunks) = (item.value.as_ref().map_or(0, Vec::len), 0);
        if let (true, Some(value)) = (Manifest::is_marked(&item.meta), &item.value) {
            let at_most = if read.value { read.at_most } else { usize::MAX };
            let manifest = large::manifest_of(value, at_most)?;
            item.meta.remove(MANIFEST_META.0);
            (size, chunks) = (manifest.length(), manifest.count());
            if read.value {
                let name = Id::hash(value);
                item.value = Some(node.fetch(name, manifest).await?);
            }
        }
        if let (true, Some(value)) = (read.value, &item.value)
            && sealed::is_sealed(value)
        {
            let me = self.inner.identity.signing_key();
            let opened = sealed::open(value, &item.key, me).ok_or(NodeError::NotForUs)?;
            size = opened.len();
            item.value = Some(opened);
        }
        let is_deleted = item.is_tombstone();
        item.value = item.value.filter(|_| read.value);
        Ok(Whole {
            item,
            is_deleted,
            size,
            chunks,
        })
    }

    async fn find(&self, target: &Target, fresh: bool) -> Result<VerifiedItem, NodeError> {
        let key = self.item_key(target);
        let node = self.inner.node().await?;
        node.meet(1).await?;
        let get = if fresh {
            Get::fresh(key)
        } else {
            Get::plain(key)
        };
        match node.core.run(Command::Get(get)).await? {
            Outcome::Found(found) if found.item.item().value.is_some() => Ok(found.item),
            Outcome::Found(_) => Err(NodeError::NotFound),
            _ => Err(NodeError::Closed),
        }
    }

    pub(crate) fn item_key(&self, target: &Target) -> Id {
        match target {
            Target::Key(key) => *key,
            Target::Name { owner, name } => item_key(&owner.unwrap_or(self.my_key()), name),
        }
    }

    /// Has peers evaluate a program and returns what they agreed on.
    /// Without agreement: [`NodeError::NoAgreement`], carrying the verdict.
    pub async fn remote(
        &self,
        spec: JobSpec,
        options: RemoteOptions,
    ) -> Result<Verdict, NodeError> {
        let node = self.inner.node().await?;
        submit::submit(&node, spec, options).await
    }

    /// Puts a program in the queue: it is asked even if this program ends before, by a node that
    /// stays (one that serves others), at once or when there is one. Returns the job's name.
    pub async fn enqueue(&self, spec: JobSpec, options: RemoteOptions) -> Result<Id, NodeError> {
        let inner = &self.inner;
        let versions = inner.evaluator.versions();
        let (store, now) = (inner.store().await, inner.clock.now());
        let job = QueuedJob::new(spec, options);
        let name = submit::enqueue(&store, &inner.identity, versions, now, job)?;
        if inner.config.serve {
            inner.node().await?.queue.notify_one();
        }
        Ok(name)
    }

    /// Whether this node stays: it serves others, and asks what is in the queue.
    pub fn stays(&self) -> bool {
        self.inner.config.serve
    }

    /// Cancels one of our own jobs that has not ended, wherever it is; the job after that.
    pub async fn cancel_job(&self, name: &Id) -> Result<Option<JobRecord>, NodeError> {
        if let Some(node) = self.inner.opened().await {
            node.asked.cancel(name);
        }
        Ok(self.inner.store().await.cancel_job(name)?)
    }

    /// The peers in our routing table, then those we refuse.
    pub async fn peers(&self) -> Result<Vec<PeerInfo>, NodeError> {
        let node = self.inner.node().await?;
        node.meet(1).await?;
        let now = self.inner.clock.now();
        let look = move |kademlia: &Kademlia| (kademlia.contacts(), kademlia.blocked(now));
        let (contacts, blocked) = node.core.look(look).await?;
        let mut peers = Vec::new();
        for contact in contacts {
            peers.push(peer_info(&node.store, &contact, None)?);
        }
        for block in blocked {
            let contact = Contact::new(block.public_key, Vec::new(), dht::PROTOCOL_VERSION);
            peers.push(peer_info(&node.store, &contact, Some(block.reason))?);
        }
        Ok(peers)
    }

    /// The node that calls go to, started now if it was not yet.
    pub(crate) async fn running(&self) -> Result<Arc<Node>, NodeError> {
        self.inner.node().await
    }

    /// What this node counted since it started. Opens no socket.
    pub async fn metrics(&self) -> Result<NodeMetrics, NodeError> {
        match self.inner.opened().await {
            Some(node) => Ok(node.metrics().await?),
            None => Ok(NodeMetrics::default()),
        }
    }

    /// The routing table: its buckets, farthest first.
    pub async fn routing_table(&self) -> Result<Vec<BucketView>, NodeError> {
        let node = self.inner.node().await?;
        node.meet(1).await?;
        Ok(node.core.look(Kademlia::table).await?)
    }

    /// How this node is doing. Opens no socket.
    pub async fn node_info(&self) -> Result<NodeInfo, NodeError> {
        let mut info = NodeInfo {
            key: self.my_key(),
            id: self.inner.identity.id(),
            listening: Vec::new(),
            ticket: None,
            contacts: 0,
            items: 0,
            item_bytes: 0,
            blocked: 0,
            jobs_running: 0,
            practice_peers: 0,
        };
        let (node, practice_peers) = {
            let networks = self.inner.networks.lock().await;
            let practice = networks.practice.as_ref();
            let node = practice
                .map(|practice| practice.us.clone())
                .or(networks.real.clone());
            (node, practice.map_or(0, |practice| practice.peers.len()))
        };
        info.practice_peers = practice_peers;
        let Some(node) = node else { return Ok(info) };
        let now = self.inner.clock.now();
        let look = move |kademlia: &Kademlia| {
            let (items, bytes) = kademlia.storage_usage();
            (
                kademlia.contacts().len(),
                items,
                bytes,
                kademlia.blocked(now).len(),
            )
        };
        (info.contacts, info.items, info.item_bytes, info.blocked) = node.core.look(look).await?;
        info.listening = node.bound();
        info.ticket = Some(node.ticket()).filter(|ticket| !ticket.addresses.is_empty());
        info.jobs_running = node.workers.busy();
        Ok(info)
    }

    /// Jobs we submitted, the newest first.
    pub async fn jobs(&self) -> Result<Vec<JobRecord>, NodeError> {
        Ok(self.inner.store().await.jobs()?)
    }

    /// One job we submitted, by its name.
    pub async fn job(&self, name: &Id) -> Result<Option<JobRecord>, NodeError> {
        Ok(self.inner.store().await.job(name)?)
    }

    /// Starts practice peers and joins them; from now on every call goes to them. A second call
    /// adds peers to the first one's.
    pub async fn swarm(&self, options: SwarmOptions) -> Result<(), NodeError> {
        let mut networks = self.inner.networks.lock().await;
        networks.check_open()?;
        let inner = &self.inner;
        match &mut networks.practice {
            Some(practice) => practice.grow(options).await,
            None => {
                let (identity, evaluator) = (inner.identity.clone(), inner.evaluator.clone());
                let practice =
                    Practice::start(identity, evaluator, inner.clock.clone(), options).await?;
                networks.practice = Some(practice);
                Ok(())
            }
        }
    }

    /// Ends running jobs, closes connections, and makes sure that everything is on disk.
    /// Every later call fails.
    pub async fn close(&self) {
        let networks = {
            let mut networks = self.inner.networks.lock().await;
            std::mem::replace(
                &mut *networks,
                Networks {
                    is_closed: true,
                    ..Networks::default()
                },
            )
        };
        if let Some(practice) = networks.practice {
            practice.close().await;
        }
        if let Some(node) = networks.real {
            node.close().await;
        }
    }
}

impl Inner {
    /// The node that calls go to: the practice one if there is one, else the real one, which is
    /// started now if it was not yet.
    async fn node(&self) -> Result<Arc<Node>, NodeError> {
        let mut networks = self.networks.lock().await;
        networks.check_open()?;
        if let Some(practice) = &networks.practice {
            return Ok(practice.us.clone());
        }
        if let Some(node) = &networks.real {
            return Ok(node.clone());
        }
        let node = self.start().await?;
        networks.real = Some(node.clone());
        Ok(node)
    }

    /// The node that calls go to, if it runs.
    async fn opened(&self) -> Option<Arc<Node>> {
        let networks = self.networks.lock().await;
        let practice = networks.practice.as_ref();
        practice
            .map(|practice| practice.us.clone())
            .or(networks.real.clone())
    }

    async fn store(&self) -> Store {
        match &self.networks.lock().await.practice {
            Some(practice) => practice.us.store.clone(),
            None => self.store.clone(),
        }
    }

    async fn start(&self) -> Result<Arc<Node>, NodeError> {
        let config = &self.config;
        let last_port = self
            .store
            .number(PORT)?
            .and_then(|port| u16::try_from(port).ok());
        let is_alone = config.join.is_empty() && self.store.contacts()?.is_empty();
        let is_open = config.lan || config.public || !config.relays.is_empty();
        let binding = match config.listen {
            Some(address) => Binding::Exactly(address),
            None if is_alone && !is_open => Binding::Loopback,
            // Who serves nobody need not be found again.
            None if !config.serve => Binding::All(0),
            None => Binding::All(last_port.unwrap_or(0)),
        };
        let parts = Parts {
            identity: self.identity.clone(),
            store: self.store.clone(),
            evaluator: self.evaluator.clone(),
            limits: config.limits,
            behaviour: Behaviour::Honest,
            clock: self.clock.clone(),
        };
        let first = config.join.iter().map(contact_of).collect();
        let node = Node::start(
            parts,
            Place {
                binding,
                serves: config.serve,
                first,
                relays: config.relays.clone(),
            },
        )
        .await?;
        let port = node.bound().first().map(|address| address.port());
        if let (Binding::All(_), true, Some(port)) = (binding, config.serve, port) {
            self.store.save_number(PORT, port.into())?;
        }
        node.watch_addresses();
        if config.serve {
            node.spawn(submit::run_queue(Arc::downgrade(&node), node.queue.clone()));
        }
        if config.lan {
            node.find_on_lan().await?;
        }
        let meeting = node.clone();
        // Ends with the node: the search has a deadline of its own.
        self.runtime.spawn(async move { meeting.meet(1).await });
        Ok(node)
    }
}

/// Finds a ticket that leads nowhere without a relay that is not ours.
pub fn check_relays(tickets: &[Ticket], ours: &[Relay]) -> Result<(), NodeError> {
    for ticket in tickets.iter().filter(|ticket| ticket.addresses.is_empty()) {
        if let Some(relay) = ticket.relay.as_ref().filter(|relay| !ours.contains(relay)) {
            return Err(NodeError::WrongArgument(format!(
                "this ticket leads to a node that only its relay reaches: to use that relay, pass `--relay {relay}`"
            )));
        }
    }
    Ok(())
}

impl Networks {
    fn check_open(&self) -> Result<(), NodeError> {
        if self.is_closed {
            Err(NodeError::Closed)
        } else {
            Ok(())
        }
    }
}

fn peer_info(
    store: &Store,
    contact: &Contact,
    blocked: Option<BlockReason>,
) -> Result<PeerInfo, NodeError> {
    let standing = store.standing(&contact.public_key())?;
    let text = |address: &Address| match address {
        Address::Ip(socket) => socket.to_string(),
        Address::Relay(url) => url.clone(),
    };
    Ok(PeerInfo {
        key: contact.public_key(),
        id: *contact.id(),
        addresses: contact.addresses().iter().map(text).collect(),
        agreed: standing.agreed,
        dissented: standing.dissented,
        convicted: standing.convicted,
        blocked: blocked.is_some(),
    })
}

fn bad_item(error: ItemError) -> NodeError {
    match error {
        ItemError::TooBig => {
            NodeError::WrongArgument("the name or the meta data is too long".into())
        }
        ItemError::Malformed => NodeError::WrongArgument("an item needs a name".into()),
        error => NodeError::WrongArgument(error.to_string()),
    }
}

impl From<DhtFailure> for NodeError {
    fn from(failure: DhtFailure) -> NodeError {
        let error = match failure {
            DhtFailure::Operation(error) => error,
            DhtFailure::Disk(error) => return NodeError::Data(error),
            DhtFailure::Closed => return NodeError::Closed,
        };
        match error {
            OperationError::OutOfTime => NodeError::Timeout("the network took too long".into()),
            OperationError::ValueNotFound(_) => NodeError::NotFound,
            OperationError::RoutingTableEmpty => NodeError::Unreachable(NO_PEERS.into()),
            OperationError::CutOff(_) => NodeError::Unreachable(
                "most of the peers nearest to it are out of reach: \
                 a newer version may be with them"
                    .into(),
            ),
            OperationError::NotStored(report) if report.newer.is_some() => NodeError::Superseded,
            OperationError::NotStored(report) => NodeError::NotStored(storing::counts(&report)),
            OperationError::BadItem(error) => bad_item(error),
            OperationError::Superseded(_) => NodeError::Superseded,
            OperationError::Busy => NodeError::Refused("this node is busy".into()),
        }
    }
}

impl fmt::Debug for Service {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Service({:?})", self.my_key())
    }
}
