//! Connections to peers: dialled once, shared by all who need them, the least recently used
//! closed first. Refuses blocked peers, and will not be used to aim many dials at one address.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use dht::{Address, Contact, PublicKey, SendError};
use iroh::endpoint::{Connection, VarInt};
use iroh::{Endpoint, EndpointAddr, EndpointId, TransportAddr};
use tokio::sync::{Mutex as AsyncMutex, mpsc};

use super::DHT_ALPN;
use crate::clock::Clock;
use crate::counters::Counters;

/// Most connections we keep open that we dialled.
const CONNECTIONS_MAX: usize = 256;
/// How long dialling may take.
const DIAL_TIMEOUT: Duration = Duration::from_secs(5);
/// An address that did not lead to its peer is not dialled again for so long.
const UNVERIFIED_DIAL_PAUSE: Duration = Duration::from_secs(60);
/// Most addresses remembered for that.
const UNVERIFIED_DIALS_MAX: usize = 4096;
/// Most blocks remembered; those ending first go first.
const BLOCKS_MAX: usize = 65_536;

/// Code of a connection closed because its peer is blocked.
pub(crate) const CLOSE_BLOCKED: u32 = 11;
/// Code of a connection closed because it was used least.
const CLOSE_UNUSED: u32 = 0;

/// Whom we refuse, and until when.
#[derive(Debug, Clone)]
pub(crate) struct Blocks {
    until: Arc<Mutex<BTreeMap<PublicKey, u64>>>,
    clock: Clock,
}

impl Blocks {
    pub(crate) fn new(clock: Clock) -> Blocks {
        Blocks {
            until: Arc::default(),
            clock,
        }
    }

    pub(crate) fn contains(&self, peer: &PublicKey) -> bool {
        locked(&self.until)
            .get(peer)
            .is_some_and(|until| *until > self.clock.now())
    }

    pub(crate) fn add(&self, peer: PublicKey, until: u64) {
        let mut blocks = locked(&self.until);
        if blocks.len() >= BLOCKS_MAX
            && let Some(first) = blocks.iter().min_by_key(|(_, until)| **until)
        {
            let first = *first.0;
            blocks.remove(&first);
        }
        blocks.insert(peer, until);
    }

    pub(crate) fn remove(&self, peer: &PublicKey) {
        locked(&self.until).remove(peer);
    }
}

type Key = (PublicKey, &'static [u8]);
type Slot = Arc<AsyncMutex<Option<Connection>>>;

/// The connections we dialled.
#[derive(Debug)]
pub(crate) struct Pool {
    endpoint: Endpoint,
    blocks: Blocks,
    counters: Arc<Counters>,
    /// Who is told of every connection of the DHT that we open.
    opened: mpsc::Sender<Connection>,
    /// Connections of the DHT that others opened: the way to those who cannot be dialled.
    incoming: Mutex<BTreeMap<PublicKey, Connection>>,
    state: Mutex<State>,
}

#[derive(Debug, Default)]
struct State {
    slots: BTreeMap<Key, (u64, Slot)>,
    uses: u64,
    unverified: BTreeMap<SocketAddr, Instant>,
}

impl Pool {
    /// A pool without connections, and what tells of those of the DHT that it opens.
    pub(crate) fn new(
        endpoint: Endpoint,
        blocks: Blocks,
        counters: Arc<Counters>,
    ) -> (Pool, mpsc::Receiver<Connection>) {
        let (opened, receiver) = mpsc::channel(CONNECTIONS_MAX);
        let pool = Pool {
            endpoint,
            blocks,
            counters,
            opened,
            incoming: Mutex::default(),
            state: Mutex::default(),
        };
        (pool, receiver)
    }

    /// Somebody opened a connection of the DHT; the newest is used.
    pub(crate) fn add_incoming(&self, peer: PublicKey, connection: &Connection) {
        locked(&self.incoming).insert(peer, connection.clone());
    }

    /// That connection ended.
    pub(crate) fn remove_incoming(&self, peer: &PublicKey, connection: &Connection) {
        let mut incoming = locked(&self.incoming);
        let is_same = |known: &Connection| known.stable_id() == connection.stable_id();
        if incoming.get(peer).is_some_and(is_same) {
            incoming.remove(peer);
        }
    }

    pub(crate) fn endpoint(&self) -> &Endpoint {
        &self.endpoint
    }

    pub(crate) fn blocks(&self) -> &Blocks {
        &self.blocks
    }

    /// Where bytes and connections are counted.
    pub(crate) fn counters(&self) -> &Arc<Counters> {
        &self.counters
    }

    /// How many connections are open that we dialled; one that is being dialled counts.
    pub(crate) fn open(&self) -> usize {
        let state = locked(&self.state);
        let slots = state.slots.values();
        let is_open = |slot: &Slot| match slot.try_lock() {
            Ok(slot) => slot
                .as_ref()
                .is_some_and(|open| open.close_reason().is_none()),
            Err(_) => true,
        };
        slots.filter(|(_, slot)| is_open(slot)).count()
    }

    /// A connection to `contact` for one protocol: the one there is, or a new one. Callers that
    /// want the same at the same time share one dial.
    pub(crate) async fn connect(
        &self,
        contact: &Contact,
        alpn: &'static [u8],
    ) -> Result<Connection, SendError> {
        let peer = contact.public_key();
        if self.blocks.contains(&peer) {
            return Err(SendError::Unreachable);
        }
        if contact.addresses().is_empty() {
            let incoming = locked(&self.incoming);
            return incoming.get(&peer).cloned().ok_or(SendError::Unreachable);
        }
        let slot = self.slot((peer, alpn));
        let mut slot = slot.lock().await;
        if let Some(connection) = slot.as_ref().filter(|open| open.close_reason().is_none()) {
            return Ok(connection.clone());
        }
        let connection = self.dial(contact, alpn).await?;
        *slot = Some(connection.clone());
        if alpn == DHT_ALPN {
            // Whoever is told of too many misses news on some of them.
            let _ = self.opened.try_send(connection.clone());
        }
        Ok(connection)
    }

    /// Closes whatever is open to a peer.
    pub(crate) fn close_peer(&self, peer: &PublicKey) {
        let mut state = locked(&self.state);
        let keys: Vec<Key> = state
            .slots
            .keys()
            .filter(|key| key.0 == *peer)
            .copied()
            .collect();
        for key in keys {
            if let Some((_, slot)) = state.slots.remove(&key) {
                close(&slot, CLOSE_BLOCKED);
            }
        }
    }

    /// Forgets a connection on which nothing comes back any more, so that the next use dials.
    pub(crate) fn forget(&self, peer: &PublicKey, alpn: &'static [u8]) {
        locked(&self.state).slots.remove(&(*peer, alpn));
    }

    fn slot(&self, key: Key) -> Slot {
        let mut state = locked(&self.state);
        state.uses += 1;
        let uses = state.uses;
        if !state.slots.contains_key(&key)
            && state.slots.len() >= CONNECTIONS_MAX
            && let Some(oldest) = state.slots.iter().min_by_key(|(_, (used, _))| *used)
        {
            let oldest = *oldest.0;
            if let Some((_, slot)) = state.slots.remove(&oldest) {
                close(&slot, CLOSE_UNUSED);
            }
        }
        let (used, slot) = state.slots.entry(key).or_default();
        *used = uses;
        slot.clone()
    }

    async fn dial(&self, contact: &Contact, alpn: &[u8]) -> Result<Connection, SendError> {
        let id = EndpointId::from_bytes(contact.public_key().as_bytes())
            .map_err(|_| SendError::Unreachable)?;
        let sockets: Vec<SocketAddr> = contact.addresses().iter().filter_map(socket).collect();
        let sockets = self.allowed(sockets);
        if sockets.is_empty() || id == self.endpoint.id() {
            return Err(SendError::Unreachable);
        }
        let address = EndpointAddr::from_parts(id, sockets.iter().copied().map(TransportAddr::Ip));
        let dialled =
            tokio::time::timeout(DIAL_TIMEOUT, self.endpoint.connect(address, alpn)).await;
        let connection = match dialled {
            Ok(Ok(connection)) => connection,
            Ok(Err(_)) => return Err(SendError::Unreachable),
            Err(_) => return Err(SendError::TimedOut),
        };
        let mut state = locked(&self.state);
        for socket in &sockets {
            state.unverified.remove(socket);
        }
        Ok(connection)
    }

    /// The addresses that may be dialled now: not those dialled in vain a moment ago. Loopback
    /// and private ones are nobody else's.
    fn allowed(&self, sockets: Vec<SocketAddr>) -> Vec<SocketAddr> {
        let mut state = locked(&self.state);
        let now = Instant::now();
        if state.unverified.len() >= UNVERIFIED_DIALS_MAX {
            state
                .unverified
                .retain(|_, at| now.duration_since(*at) < UNVERIFIED_DIAL_PAUSE);
        }
        let is_full = state.unverified.len() >= UNVERIFIED_DIALS_MAX;
        let mut allowed = sockets;
        allowed.retain(|socket| {
            if Address::Ip(*socket).subnet().is_none() {
                return true;
            }
            let paused = state
                .unverified
                .get(socket)
                .is_some_and(|at| now.duration_since(*at) < UNVERIFIED_DIAL_PAUSE);
            if !paused && !is_full {
                state.unverified.insert(*socket, now);
            }
            !paused && !is_full
        });
        allowed
    }
}

fn socket(address: &Address) -> Option<SocketAddr> {
    match address {
        Address::Ip(socket) if socket.port() != 0 => Some(*socket),
        _ => None,
    }
}

fn close(slot: &Slot, code: u32) {
    // A slot that is locked is being dialled; its connection closes when it is dropped.
    if let Ok(slot) = slot.try_lock()
        && let Some(connection) = slot.as_ref()
    {
        connection.close(VarInt::from_u32(code), b"");
    }
}

/// A lock whose holder panicked is used as it is: every change under it is a single step.
pub(crate) fn locked<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
