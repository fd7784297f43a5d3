//! Other people's programs: what a job, its answer and its receipt are, who may have one run
//! here, and the bounded pool that runs them. Never looks inside a program.

mod evaluator;
mod job;
mod receipt;
mod serve;
mod workers;

pub use evaluator::{Answer, Control, Evaluation, Evaluator, OUTCOME_BYTES_MAX, Status};
pub use job::{JOB_BYTES_MAX, JOB_INPUTS_MAX, Job, SignedJob, Versions};
pub use receipt::{Commit, JOB_PROTOCOL, Receipt, SignedReceipt};
pub(crate) use workers::{Behaviour, Workers};
