//! Records that only the store and its users share.

use serde::{Deserialize, Serialize};

use crate::jobs::{Answer, SignedJob, SignedReceipt};
use crate::keys::PublicKey;
use crate::service::{JobSpec, RemoteOptions};

/// What we last signed under one of our own names.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct OwnName {
    /// The last timestamp, milliseconds since 1970.
    pub timestamp: u64,
    /// The latest expiry given so far; 0 is never.
    pub expires: u64,
}

impl OwnName {
    /// What to sign next: a later timestamp, and no earlier expiry.
    pub fn next(self, now: u64, expires: u64) -> OwnName {
        let expires = match (self.expires, expires) {
            (0, _) | (_, 0) => 0,
            (before, wanted) => before.max(wanted),
        };
        OwnName {
            timestamp: now.max(self.timestamp + 1),
            expires,
        }
    }
}

/// A job of somebody else that we ran, and what we signed about it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct WorkedJob {
    /// Who asked.
    pub submitter: PublicKey,
    /// What we signed.
    pub receipt: SignedReceipt,
    /// The outcome whose hash is in the receipt.
    pub outcome: Vec<u8>,
}

/// A job of our own that is to be asked even if this program ends before.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct QueuedJob {
    /// What.
    pub spec: JobSpec,
    /// How.
    pub options: RemoteOptions,
}

/// What we know of a peer's work.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Standing {
    /// Jobs of ours it answered as agreed.
    pub agreed: u64,
    /// Jobs of ours it answered otherwise.
    pub dissented: u64,
    /// Answers our own evaluation confirmed.
    pub confirmed: u64,
    /// Answers our own evaluation proved wrong.
    pub convicted: u64,
}

impl Standing {
    /// Whether it has earned more than a stranger gets.
    pub fn is_established(&self) -> bool {
        self.convicted == 0 && self.agreed > self.dissented
    }
}

/// Why a peer was convicted: enough for anyone to find the same.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Evidence {
    /// The job, signed by its submitter.
    pub job: SignedJob,
    /// What the peer signed about it.
    pub receipt: SignedReceipt,
    /// What our own evaluation gave.
    pub ours: Answer,
}
