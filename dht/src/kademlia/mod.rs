//! The state machine.

use std::sync::Arc;

use rand_chacha::ChaCha12Rng;
use rand_core::SeedableRng;

use crate::contact::{Address, Contact, PublicKey};
use crate::event::{Action, Event};
use crate::id::Id;
use crate::item::{Ed25519, SignatureCheck, VerifiedItem};

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
            storage_bytes_max: 256 * 1024 * 1024,
            storage_items_max: 65_536,
        }
    }
}

/// One node's part of the distributed hash table, as a pure step machine; see the crate's documentation.
pub struct Kademlia {
    config: Config,
    me: Contact,
    rng: ChaCha12Rng,
    signatures: Arc<dyn SignatureCheck>,
}

impl std::fmt::Debug for Kademlia {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Kademlia({:?})", self.me)
    }
}

impl Kademlia {
    /// A node that knows nobody. The same seed and the same events give the same actions.
    pub fn new(config: Config, public_key: PublicKey, seed: [u8; 32]) -> Self {
        let me = Contact::new(
            public_key,
            config.addresses.clone(),
            crate::PROTOCOL_VERSION,
        );
        let rng = ChaCha12Rng::from_seed(seed);
        Self {
            config,
            me,
            rng,
            signatures: Arc::new(Ed25519),
        }
    }

    /// Replaces the real signature check, for simulations that check each signature once.
    pub fn with_signatures(mut self, signatures: Arc<dyn SignatureCheck>) -> Self {
        self.signatures = signatures;
        self
    }

    /// Takes one event in and says what is to be done about it, in order.
    pub fn handle(&mut self, now: u64, event: Event) -> Vec<Action> {
        let _ = (now, event, &self.config, &self.rng, &self.signatures);
        Vec::new()
    }

    /// When [`Event::Timer`] is next due, in milliseconds since 1970.
    pub fn poll_timeout(&self) -> Option<u64> {
        None
    }

    /// This node as others are told of it.
    pub fn me(&self) -> &Contact {
        &self.me
    }

    /// Every contact in the routing table, by bucket.
    pub fn contacts(&self) -> Vec<Contact> {
        Vec::new()
    }

    /// The item held under a key, whatever its state.
    pub fn item(&self, key: &Id) -> Option<VerifiedItem> {
        let _ = key;
        None
    }

    /// Whether this peer is blocked.
    pub fn is_blocked(&self, public_key: &PublicKey, now: u64) -> bool {
        let _ = (public_key, now);
        false
    }
}
