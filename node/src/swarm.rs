//! Practice peers in this process, on loopback, each with its own key, store and endpoint: the
//! network for someone who knows nobody. Some may lie, some may be lazy. Nothing of it reaches
//! the data folder, and it is never mixed with the real network.

use std::fmt;
use std::sync::Arc;

use crate::jobs::Answer;

/// Most practice peers in one process.
pub const SWARM_PEERS_MAX: usize = 256;

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
