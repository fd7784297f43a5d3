//! The verdict: everything a person may want to know about an answer of the network.

use serde::{Deserialize, Serialize};

use crate::jobs::{Answer, SignedReceipt};
use crate::keys::{Id, PublicKey};

/// Whether peers agreed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum Agreement {
    /// One answer is agreed upon.
    Agreed,
    /// None is; the groups say what there was.
    NoAgreement,
}

/// Peers that gave one and the same answer.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Group {
    /// What they answered, with its fuel.
    pub answer: Answer,
    /// Who did, in the order of their keys.
    pub peers: Vec<PublicKey>,
}

/// A peer that was asked and gave no vote.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Silence {
    /// Who.
    pub peer: PublicKey,
    /// Why, in words: refused, timed out, unreachable, did not reveal.
    pub why: String,
}

/// What became of a job.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Verdict {
    /// The job's name.
    pub job: Id,
    /// Whether there is an agreed answer.
    pub agreement: Agreement,
    /// The agreed answer; its status tells a value from a voted error.
    pub answer: Option<Answer>,
    /// How likely the agreed answer is right, 0 to 1, judged by who gave it.
    pub confidence: f64,
    /// Equal answers together, the largest group first.
    pub groups: Vec<Group>,
    /// Peers outside the agreed group.
    pub dissent: Vec<PublicKey>,
    /// Peers that were asked and did not vote.
    pub silent: Vec<Silence>,
    /// Peers our own re-execution proved wrong.
    pub convicted: Vec<PublicKey>,
    /// What each voter signed.
    pub receipts: Vec<SignedReceipt>,
    /// How many peers were asked beyond the first ones.
    pub widenings: u32,
    /// Whether equal outcomes came with other fuel: some engine counts wrongly.
    pub fuel_alarm: bool,
    /// Whether we evaluated the job ourselves to settle it.
    pub refereed: bool,
    /// The whole in one sentence.
    pub why: String,
}
