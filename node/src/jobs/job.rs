//! A job: a program to be run by others, with its limits, signed by who asks. Its name is the
//! hash of its bytes. What the program means is the evaluator's affair.

use ed25519_dalek::SigningKey;
use serde::{Deserialize, Serialize};

use crate::keys::{Id, Preimage, PublicKey, Signature};

/// Most bytes of a job's canonical encoding.
pub const JOB_BYTES_MAX: usize = 1024 * 1024;
/// Most items a job may name as its inputs.
pub const JOB_INPUTS_MAX: usize = 1024;
/// Domain of a job's canonical bytes.
const JOB_DOMAIN: &str = "logos/job/1";

/// What has to be equal for two evaluations to be comparable.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Versions {
    /// The table of prices and object sizes.
    pub fuel_schedule: u32,
    /// The language.
    pub language: u32,
    /// SHA-512 of the standard library's source.
    pub stdlib: Id,
}

/// A program with its limits, as sent to peers.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Job {
    /// The program: one canonical datum.
    pub program: Vec<u8>,
    /// Value hashes of the items it may read.
    pub inputs: Vec<Id>,
    /// Most units of fuel, setup included.
    pub fuel: u64,
    /// Most bytes of memory.
    pub memory: u64,
    /// Under which versions it is to be run.
    pub versions: Versions,
    /// Who asks.
    pub submitter: PublicKey,
    /// Makes two askings of one program two jobs.
    pub nonce: [u8; 16],
    /// When its answer is of no more use, milliseconds since 1970.
    pub expires: u64,
}

/// A job with its submitter's signature.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SignedJob {
    /// The job.
    pub job: Job,
    /// The submitter's signature over the job's canonical bytes.
    pub signature: Signature,
}

impl Job {
    /// The canonical bytes: what is hashed and signed.
    pub fn canonical_bytes(&self) -> Vec<u8> {
        let inputs: Vec<u8> = self
            .inputs
            .iter()
            .flat_map(|input| *input.as_bytes())
            .collect();
        Preimage::new(JOB_DOMAIN)
            .field(&self.program)
            .field(&inputs)
            .number(self.fuel)
            .number(self.memory)
            .number(self.versions.fuel_schedule.into())
            .number(self.versions.language.into())
            .field(self.versions.stdlib.as_bytes())
            .field(self.submitter.as_bytes())
            .field(&self.nonce)
            .number(self.expires)
            .bytes()
    }

    /// The job's name: the SHA-512 of its canonical bytes.
    pub fn name(&self) -> Id {
        Id::hash(&self.canonical_bytes())
    }

    /// Signs the job; `key` must be the submitter's.
    pub fn sign(self, key: &SigningKey) -> SignedJob {
        debug_assert_eq!(self.submitter, PublicKey::from(key.verifying_key()));
        let signature = Signature::make(key, &self.canonical_bytes());
        SignedJob {
            job: self,
            signature,
        }
    }
}

impl SignedJob {
    /// Whether the signature is the submitter's, and the job within the limits of size.
    pub fn is_valid(&self) -> bool {
        let bytes = self.job.canonical_bytes();
        bytes.len() <= JOB_BYTES_MAX
            && self.job.inputs.len() <= JOB_INPUTS_MAX
            && self.signature.holds(&self.job.submitter, &bytes)
    }
}
