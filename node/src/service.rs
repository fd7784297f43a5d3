//! What the program holds of a node: a handle to clone, whose calls may be dropped to cancel them.
//! Opening it touches the data folder only; the first call that needs the network opens the socket.

mod options;

pub use options::{
    Config, JobRecord, JobSpec, JobState, Limits, NodeInfo, PeerInfo, PutOptions, PutReport,
    RemoteOptions, Target,
};

use std::sync::Arc;

use tokio::runtime::Handle;

use crate::consensus::Verdict;
use crate::error::NodeError;
use crate::jobs::Evaluator;
use crate::keys::{Id, PublicKey};
use crate::swarm::SwarmOptions;
use crate::ticket::Ticket;
use dht::Item;

/// A node, from the inside.
#[derive(Debug, Clone)]
pub struct Service {
    key: PublicKey,
}

impl Service {
    /// Opens the data folder, if there is one, and prepares a node that runs on `runtime`.
    /// No socket is opened.
    pub fn open(
        config: Config,
        evaluator: Arc<dyn Evaluator>,
        runtime: Handle,
    ) -> Result<Service, NodeError> {
        let _ = (config, evaluator, runtime);
        Err(NodeError::Closed)
    }

    /// This node's public key.
    pub fn my_key(&self) -> PublicKey {
        self.key
    }

    /// Opens the socket now, and says where others find us (`logos node`).
    pub async fn listen(&self) -> Result<Ticket, NodeError> {
        Err(NodeError::Closed)
    }

    /// Signs `value` under `name` and stores it with the nearest peers. Waits until
    /// `options.require` have it; the rest goes on.
    pub async fn put(
        &self,
        name: &str,
        value: Vec<u8>,
        options: PutOptions,
    ) -> Result<PutReport, NodeError> {
        let _ = (name, value, options);
        Err(NodeError::Closed)
    }

    /// The value of an item.
    pub async fn get(&self, target: &Target, fresh: bool) -> Result<Vec<u8>, NodeError> {
        let _ = (target, fresh);
        Err(NodeError::Closed)
    }

    /// A whole item.
    pub async fn item(&self, target: &Target, fresh: bool) -> Result<Item, NodeError> {
        let _ = (target, fresh);
        Err(NodeError::Closed)
    }

    /// Stores a signed deletion of our own item `name`.
    pub async fn delete(&self, name: &str) -> Result<PutReport, NodeError> {
        let _ = name;
        Err(NodeError::Closed)
    }

    /// Has peers evaluate a program and returns what they agreed on.
    /// Without agreement: [`NodeError::NoAgreement`], carrying the verdict.
    pub async fn remote(
        &self,
        spec: JobSpec,
        options: RemoteOptions,
    ) -> Result<Verdict, NodeError> {
        let _ = (spec, options);
        Err(NodeError::Closed)
    }

    /// The peers in our routing table.
    pub async fn peers(&self) -> Result<Vec<PeerInfo>, NodeError> {
        Err(NodeError::Closed)
    }

    /// How this node is doing.
    pub async fn node_info(&self) -> Result<NodeInfo, NodeError> {
        Err(NodeError::Closed)
    }

    /// Jobs we submitted, the newest first.
    pub fn jobs(&self) -> Result<Vec<JobRecord>, NodeError> {
        Err(NodeError::Closed)
    }

    /// One job we submitted, by its name.
    pub fn job(&self, name: &Id) -> Result<Option<JobRecord>, NodeError> {
        let _ = name;
        Err(NodeError::Closed)
    }

    /// Starts practice peers and joins them; from now on every call goes to them.
    pub async fn swarm(&self, options: SwarmOptions) -> Result<(), NodeError> {
        let _ = options;
        Err(NodeError::Closed)
    }

    /// Ends running jobs, closes connections, and lets go of the data folder.
    pub async fn close(&self) {}
}
