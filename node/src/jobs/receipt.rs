//! Receipts: what a worker signs about a job it ran, and the commit it sends before it knows
//! what others answered.

use ed25519_dalek::SigningKey;
use serde::{Deserialize, Serialize};

use super::evaluator::{Answer, Status};
use crate::keys::{Id, Preimage, PublicKey, Signature};

/// Version of the job protocol, in every receipt.
pub const JOB_PROTOCOL: u32 = 1;
/// Domain of what a receipt's signature covers.
const RECEIPT_DOMAIN: &str = "logos/receipt/1";
/// Domain of what a commit's signature covers.
const COMMIT_DOMAIN: &str = "logos/commit/1";

/// What a worker says about one run of one job.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Receipt {
    /// Version of the job protocol.
    pub protocol: u32,
    /// Name of the job.
    pub job: Id,
    /// Who ran it.
    pub worker: PublicKey,
    /// SHA-512 of the outcome.
    pub outcome: Id,
    /// The kind of the outcome.
    pub status: Status,
    /// Fuel of decoding, expanding and compiling.
    pub setup_fuel: u64,
    /// Fuel of running.
    pub fuel: u64,
    /// When it began, milliseconds since 1970, by the worker's clock.
    pub started: u64,
    /// How long it took, milliseconds.
    pub took: u64,
    /// Random bytes, so that a commit says nothing about the outcome.
    pub salt: [u8; 32],
}

/// A receipt with its worker's signature.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SignedReceipt {
    /// The receipt.
    pub receipt: Receipt,
    /// The worker's signature over it.
    pub signature: Signature,
}

/// A worker's promise of a receipt it will not be able to change.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Commit {
    /// Name of the job.
    pub job: Id,
    /// Who commits.
    pub worker: PublicKey,
    /// Hash of the whole receipt.
    pub receipt: Id,
    /// The worker's signature over the above.
    pub signature: Signature,
}

impl Receipt {
    fn preimage(&self) -> Preimage {
        Preimage::new(RECEIPT_DOMAIN)
            .number(self.protocol.into())
            .field(self.job.as_bytes())
            .field(self.worker.as_bytes())
            .field(self.outcome.as_bytes())
            .number(self.status as u64)
            .number(self.setup_fuel)
            .number(self.fuel)
            .number(self.started)
            .number(self.took)
            .field(&self.salt)
    }

    /// Hash of the whole receipt: what a commit names.
    pub fn hash(&self) -> Id {
        self.preimage().digest()
    }

    /// Signs the receipt; `key` must be the worker's.
    pub fn sign(self, key: &SigningKey) -> SignedReceipt {
        let signature = Signature::make(key, &self.preimage().bytes());
        SignedReceipt {
            receipt: self,
            signature,
        }
    }
}

impl SignedReceipt {
    /// Whether the signature is the worker's and the protocol known.
    pub fn is_valid(&self) -> bool {
        self.receipt.protocol == JOB_PROTOCOL
            && self
                .signature
                .holds(&self.receipt.worker, &self.receipt.preimage().bytes())
    }

    /// Whether this receipt is about exactly this answer.
    pub fn is_about(&self, answer: &Answer) -> bool {
        let receipt = &self.receipt;
        receipt.outcome == Id::hash(&answer.outcome)
            && receipt.status == answer.status
            && receipt.setup_fuel == answer.setup_fuel
            && receipt.fuel == answer.fuel
    }
}

impl Commit {
    /// The commit to `receipt`; `key` must be its worker's.
    pub fn to(receipt: &Receipt, key: &SigningKey) -> Commit {
        let hash = receipt.hash();
        let preimage = Commit::preimage(&receipt.job, &receipt.worker, &hash);
        Commit {
            job: receipt.job,
            worker: receipt.worker,
            receipt: hash,
            signature: Signature::make(key, &preimage),
        }
    }

    /// Whether the signature is the worker's.
    pub fn is_valid(&self) -> bool {
        let preimage = Commit::preimage(&self.job, &self.worker, &self.receipt);
        self.signature.holds(&self.worker, &preimage)
    }

    fn preimage(job: &Id, worker: &PublicKey, receipt: &Id) -> Vec<u8> {
        Preimage::new(COMMIT_DOMAIN)
            .field(job.as_bytes())
            .field(worker.as_bytes())
            .field(receipt.as_bytes())
            .bytes()
    }
}
