//! Practice peers in this process, on loopback, each with its own key, store and endpoint: the
//! network for someone who knows nobody. Some may lie, some may be lazy. Nothing of it reaches
//! the data folder, and it is never mixed with the real network.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use tokio::task::JoinSet;

use crate::clock::Clock;
use crate::driver::Binding;
use crate::error::NodeError;
use crate::identity::Identity;
use crate::jobs::{Answer, Behaviour, Evaluator};
use crate::node::{Node, Parts, Place};
use crate::service::Limits;
use crate::store::Store;

/// Most practice peers in one process.
pub const SWARM_PEERS_MAX: usize = 256;
/// How many others each peer is told of at first; the rest it finds.
const NEIGHBOURS: usize = 8;
/// How long starting a swarm waits for its peers to know each other.
const JOIN_WAIT: Duration = Duration::from_millis(250);
/// Jobs that wait at one practice peer: all of them are ours.
const PRACTICE_WAITING: usize = 4096;

/// Which peers a swarm has.
#[derive(Clone, Default)]
pub struct SwarmOptions {
    /// How many peers, liars and lazy ones included; at most [`SWARM_PEERS_MAX`].
    pub peers: usize,
    /// How many evaluate honestly, then all give the same wrong answer.
    pub liars: usize,
    /// How many accept a job and never answer.
    pub lazy: usize,
    /// What liars make of the right answer; none flips a byte of the outcome. Must be a function
    /// of its argument alone, or the liars contradict each other.
    pub corrupt: Option<Corrupt>,
}

/// Makes a wrong answer of a right one.
pub type Corrupt = Arc<dyn Fn(&Answer) -> Answer + Send + Sync>;

impl fmt::Debug for SwarmOptions {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let SwarmOptions {
            peers,
            liars,
            lazy,
            corrupt,
        } = self;
        f.debug_struct("SwarmOptions")
            .field("peers", peers)
            .field("liars", liars)
            .field("lazy", lazy)
            .field("corrupt", &corrupt.is_some())
            .finish()
    }
}

/// A practice network: ourselves and the peers.
#[derive(Debug)]
pub(crate) struct Practice {
    pub(crate) us: Arc<Node>,
    pub(crate) peers: Vec<Arc<Node>>,
}

impl Practice {
    /// Starts ourselves under `identity`, with nothing but memory, and the peers, and joins all.
    pub(crate) async fn start(
        identity: Identity,
        evaluator: Arc<dyn Evaluator>,
        clock: Clock,
        options: SwarmOptions,
    ) -> Result<Practice, NodeError> {
        check(&options, 0)?;
        let us = start_one(identity, evaluator, clock, Behaviour::Honest, false).await?;
        let mut practice = Practice {
            us,
            peers: Vec::new(),
        };
        practice.grow(options).await?;
        Ok(practice)
    }

    /// Adds peers.
    pub(crate) async fn grow(&mut self, options: SwarmOptions) -> Result<(), NodeError> {
        check(&options, self.peers.len())?;
        let corrupt = options.corrupt.unwrap_or_else(|| Arc::new(flip_a_byte));
        let mut starting = JoinSet::new();
        for index in 0..options.peers {
            let behaviour = if index < options.liars {
                Behaviour::Lies(corrupt.clone())
            } else if index < options.liars + options.lazy {
                Behaviour::Lazy
            } else {
                Behaviour::Honest
            };
            let (identity, evaluator) = (Identity::random(), self.us.workers.evaluator().clone());
            starting.spawn(start_one(
                identity,
                evaluator,
                self.us.clock.clone(),
                behaviour,
                true,
            ));
        }
        while let Some(started) = starting.join_next().await {
            self.peers.push(started.map_err(|_| NodeError::Closed)??);
        }
        self.join_all().await
    }

    /// We meet everybody, then everybody meets the next few. What the peers of a large swarm have
    /// to find out about each other goes on in the background.
    async fn join_all(&self) -> Result<(), NodeError> {
        let contacts: Vec<_> = self.peers.iter().map(|peer| peer.contact()).collect();
        self.us.join(contacts.clone()).await?;
        let mut joining = JoinSet::new();
        for (index, peer) in self.peers.iter().enumerate() {
            let count = contacts.len();
            let neighbours = NEIGHBOURS.min(count - 1);
            let next = (1..=neighbours).map(|step| contacts[(index + step) % count].clone());
            let (peer, next) = (peer.clone(), next.collect::<Vec<_>>());
            joining.spawn(async move {
                // A lone peer has nobody to meet but us, who serve nobody.
                if let Err(error) = peer.join(next).await {
                    tracing::debug!(?error, "a practice peer met nobody");
                }
            });
        }
        let all = async { while joining.join_next().await.is_some() {} };
        if tokio::time::timeout(JOIN_WAIT, all).await.is_err() {
            self.us
                .spawn(async move { while joining.join_next().await.is_some() {} });
        }
        Ok(())
    }

    /// Ends all of it.
    pub(crate) async fn close(self) {
        let mut closing = JoinSet::new();
        for node in self.peers.into_iter().chain([self.us]) {
            closing.spawn(async move { node.close().await });
        }
        closing.join_all().await;
    }
}

async fn start_one(
    identity: Identity,
    evaluator: Arc<dyn Evaluator>,
    clock: Clock,
    behaviour: Behaviour,
    serves: bool,
) -> Result<Arc<Node>, NodeError> {
    let limits = Limits {
        waiting: PRACTICE_WAITING,
        ..Limits::default()
    };
    let store = Store::in_memory();
    let parts = Parts {
        identity,
        store,
        evaluator,
        limits,
        behaviour,
        clock,
    };
    let place = Place {
        binding: Binding::Loopback,
        serves,
        first: Vec::new(),
        relays: Vec::new(),
    };
    Node::start(parts, place).await
}

fn check(options: &SwarmOptions, already: usize) -> Result<(), NodeError> {
    let SwarmOptions {
        peers, liars, lazy, ..
    } = *options;
    let wrong = |why: String| Err(NodeError::WrongArgument(why));
    if peers == 0 || peers.saturating_add(already) > SWARM_PEERS_MAX {
        return wrong(format!(
            "a swarm has between 1 and {SWARM_PEERS_MAX} peers, not {peers}"
        ));
    }
    if liars.saturating_add(lazy) > peers {
        return wrong(format!(
            "{liars} liars and {lazy} lazy ones are more than {peers} peers"
        ));
    }
    Ok(())
}

/// The lie when the caller gives none: the same outcome with one bit of its last byte inverted.
fn flip_a_byte(answer: &Answer) -> Answer {
    let mut lie = answer.clone();
    match lie.outcome.last_mut() {
        Some(byte) => *byte ^= 1,
        None => lie.outcome.push(0),
    }
    lie
}
