//! Connections to peers: dialled once, shared by all who need them, the least recently used
//! closed first. Refuses blocked peers, and will not be used to aim many dials at one address.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use dht::{Address, CONNECTION_IDLE_MS, CONNECTIONS_MAX, Contact, PublicKey, SendError};
use iroh::endpoint::{Connection, RecvStream};
use iroh::{Endpoint, EndpointAddr, EndpointId};
use tokio::sync::{Mutex as AsyncMutex, mpsc};

use super::DHT_ALPN;
use super::dial::{Connected, dialable, open, transport};
use crate::clock::Clock;
use crate::counters::Counters;
use crate::relay::Relay;

/// How long a connection stays open that nobody uses.
const IDLE_TIMEOUT: Duration = Duration::from_millis(CONNECTION_IDLE_MS);
/// How long dialling may take.
const DIAL_TIMEOUT: Duration = Duration::from_secs(5);
/// An address that did not lead to its peer is not dialled again for so long.
const UNVERIFIED_DIAL_PAUSE: Duration = Duration::from_secs(60);
/// Most addresses remembered for that.
const UNVERIFIED_DIALS_MAX: usize = 4096;
/// Most blocks remembered; those ending first go first.
const BLOCKS_MAX: usize = 65_536;

/// How long a connection that another took the place of stays open.
const REPLACED_TIMEOUT: Duration = Duration::from_secs(15);

/// Code of a connection closed because its peer is blocked.
pub(crate) const CLOSE_BLOCKED: u32 = 11;
/// Code of a connection closed because it was used least.
pub(crate) const CLOSE_UNUSED: u32 = 0;

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
type Slot = Arc<AsyncMutex<Option<Dialled>>>;

/// A connection we dialled, and when at which addresses we tried last.
#[derive(Debug)]
struct Dialled {
    connected: Connected,
    tried: Vec<Address>,
    tried_at: Instant,
}

/// The connections we dialled.
#[derive(Debug)]
pub(crate) struct Pool {
    endpoint: Endpoint,
    /// The only ones we dial through.
    relays: Vec<Relay>,
    blocks: Blocks,
    counters: Arc<Counters>,
    /// Who is told of every connection of the DHT that we open.
    opened: mpsc::Sender<Connection>,
    /// Connections of the DHT that others opened: the way to those who cannot be dialled.
    incoming: Mutex<BTreeMap<PublicKey, Connection>>,
    state: Mutex<State>,
}

/// A slot, and when it was used last.
#[derive(Debug)]
struct Use {
    number: u64,
    at: Instant,
    slot: Slot,
}

#[derive(Debug, Default)]
struct State {
    slots: BTreeMap<Key, Use>,
    uses: u64,
    unverified: BTreeMap<Address, Instant>,
}

impl Pool {
    /// A pool without connections, and what tells of those of the DHT that it opens.
    pub(crate) fn new(
        endpoint: Endpoint,
        relays: Vec<Relay>,
        blocks: Blocks,
        counters: Arc<Counters>,
    ) -> (Pool, mpsc::Receiver<Connection>) {
        let (opened, receiver) = mpsc::channel(CONNECTIONS_MAX);
        let pool = Pool {
            endpoint,
            relays,
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
                .is_some_and(|dialled| dialled.connected.is_open()),
            Err(_) => true,
        };
        slots.filter(|known| is_open(&known.slot)).count()
    }

    /// A connection to `contact` for one protocol: the one there is, or a new one. Callers that
    /// want the same at the same time share one dial. Who cannot be dialled is asked over its own connection.
    pub(crate) async fn connect(
        &self,
        contact: &Contact,
        alpn: &'static [u8],
    ) -> Result<Connected, SendError> {
        Ok(self.begin(contact, alpn, None).await?.0)
    }

    /// The same. What is said `early` is said on the way if a new connection is made to somebody who is remembered;
    /// then the answer is read from the stream.
    pub(super) async fn begin(
        &self,
        contact: &Contact,
        alpn: &'static [u8],
        early: Option<&[u8]>,
    ) -> Result<(Connected, Option<RecvStream>), SendError> {
        let peer = contact.public_key();
        if self.blocks.contains(&peer) {
            return Err(SendError::Unreachable);
        }
        let addresses = dialable(contact, &self.relays);
        if addresses.is_empty() {
            let own = self.own_connection(&peer, alpn);
            return Ok((own.ok_or(SendError::Unreachable)?, None));
        }
        let slot = self.slot((peer, alpn));
        let mut slot = slot.lock().await;
        slot.take_if(|dialled| !dialled.connected.is_open());
        if let Some(dialled) = slot.as_ref().filter(|dialled| dialled.suffices(&addresses)) {
            return Ok((dialled.connected.clone(), None));
        }
        let said = match self.dial(peer, addresses.clone(), alpn, early).await {
            Ok((connected, said)) => {
                let is_kept = self.keep(&mut slot, connected, addresses, alpn);
                said.filter(|_| is_kept)
            }
            Err(failure) => match slot.as_ref() {
                Some(dialled) => return Ok((dialled.connected.clone(), None)),
                None => {
                    let own = self.own_connection(&peer, alpn);
                    return Ok((own.ok_or(failure)?, None));
                }
            },
        };
        let dialled = slot.as_ref().ok_or(SendError::Unreachable)?;
        Ok((dialled.connected.clone(), said))
    }

    /// The connection that a peer opened to us.
    fn own_connection(&self, peer: &PublicKey, alpn: &[u8]) -> Option<Connected> {
        let incoming = locked(&self.incoming);
        let connection = incoming.get(peer).filter(|_| alpn == DHT_ALPN)?.clone();
        Some(Connected::incoming(connection))
    }

    /// Puts a new connection in its place, unless the one there is does as well: whether it did.
    fn keep(
        &self,
        slot: &mut Option<Dialled>,
        connected: Connected,
        tried: Vec<Address>,
        alpn: &[u8],
    ) -> bool {
        let tried_at = Instant::now();
        if let Some(known) = slot.as_mut()
            && connected.reached().is_none()
        {
            // The new one leads where the old one does, or else the old one leads to its address no more.
            known.connected.moved(&connected);
            (known.tried, known.tried_at) = (tried, tried_at);
            connected.close(CLOSE_UNUSED);
            return false;
        }
        if alpn == DHT_ALPN {
            // Whoever is told of too many misses news on some of them.
            let _ = self.opened.try_send(connected.connection.clone());
        }
        let new = Dialled {
            connected,
            tried,
            tried_at,
        };
        if let Some(old) = slot.replace(new) {
            // What is being asked over it is answered still.
            tokio::spawn(async move {
                tokio::time::sleep(REPLACED_TIMEOUT).await;
                old.connected.close(CLOSE_UNUSED);
            });
        }
        true
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
            if let Some(known) = state.slots.remove(&key) {
                close(&known.slot, CLOSE_BLOCKED);
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
        let (number, at) = (state.uses, Instant::now());
        // Heartbeats keep a connection open as long as both ends live: who needs it no more closes it.
        state.slots.retain(|_, known| {
            let is_idle = at.duration_since(known.at) >= IDLE_TIMEOUT;
            if is_idle {
                close(&known.slot, CLOSE_UNUSED);
            }
            !is_idle
        });
        if !state.slots.contains_key(&key)
            && state.slots.len() >= CONNECTIONS_MAX
            && let Some(oldest) = state.slots.iter().min_by_key(|(_, known)| known.number)
        {
            let oldest = *oldest.0;
            if let Some(known) = state.slots.remove(&oldest) {
                close(&known.slot, CLOSE_UNUSED);
            }
        }
        let slot = match state.slots.get(&key) {
            Some(known) => known.slot.clone(),
            None => Slot::default(),
        };
        let known = Use {
            number,
            at,
            slot: slot.clone(),
        };
        state.slots.insert(key, known);
        slot
    }

    async fn dial(
        &self,
        peer: PublicKey,
        addresses: Vec<Address>,
        alpn: &[u8],
        early: Option<&[u8]>,
    ) -> Result<(Connected, Option<RecvStream>), SendError> {
        let id = EndpointId::from_bytes(peer.as_bytes()).map_err(|_| SendError::Unreachable)?;
        let addresses = self.allowed(addresses);
        if addresses.is_empty() || id == self.endpoint.id() {
            return Err(SendError::Unreachable);
        }
        let to = EndpointAddr::from_parts(id, addresses.iter().filter_map(transport));
        let opening = open(&self.endpoint, to, alpn, early, &self.counters);
        let dialled = tokio::time::timeout(DIAL_TIMEOUT, opening).await;
        let (connection, said) = match dialled {
            Ok(Some(opened)) => opened,
            Ok(None) => return Err(SendError::Unreachable),
            Err(_) => return Err(SendError::TimedOut),
        };
        let connected = Connected::dialled(connection, &addresses);
        if let Some(reached) = connected.reached() {
            locked(&self.state).unverified.remove(&reached);
        }
        Ok((connected, said))
    }

    /// The addresses that may be dialled now: not those dialled in vain a moment ago. Loopback
    /// and private ones are nobody else's, and relays are our own.
    fn allowed(&self, addresses: Vec<Address>) -> Vec<Address> {
        let mut state = locked(&self.state);
        let now = Instant::now();
        if state.unverified.len() >= UNVERIFIED_DIALS_MAX {
            state
                .unverified
                .retain(|_, at| now.duration_since(*at) < UNVERIFIED_DIAL_PAUSE);
        }
        let is_full = state.unverified.len() >= UNVERIFIED_DIALS_MAX;
        let mut allowed = addresses;
        allowed.retain(|address| {
            if matches!(address, Address::Relay(_)) || address.subnet().is_none() {
                return true;
            }
            let paused = state
                .unverified
                .get(address)
                .is_some_and(|at| now.duration_since(*at) < UNVERIFIED_DIAL_PAUSE);
            if !paused && !is_full {
                state.unverified.insert(address.clone(), now);
            }
            !paused && !is_full
        });
        allowed
    }
}

impl Dialled {
    /// Whether dialling these addresses would tell nothing new.
    fn suffices(&self, addresses: &[Address]) -> bool {
        let is_reached = |reached: Address| addresses.contains(&reached);
        self.connected.reached().is_some_and(is_reached)
            || (self.tried == addresses && self.tried_at.elapsed() < UNVERIFIED_DIAL_PAUSE)
    }
}

fn close(slot: &Slot, code: u32) {
    // A slot that is locked is being dialled; its connection closes when it is dropped.
    if let Ok(slot) = slot.try_lock()
        && let Some(dialled) = slot.as_ref()
    {
        dialled.connected.close(code);
    }
}

/// A lock whose holder panicked is used as it is: every change under it is a single step.
pub(crate) fn locked<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
