//! The seam between the node and the language: who evaluates a job, how it is stopped, and what
//! comes out. The node never looks inside a program or an outcome.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use serde::{Deserialize, Serialize};

use super::job::{Job, Versions};

/// Most bytes of an outcome; an evaluator answers a larger one by its deterministic error.
pub const OUTCOME_BYTES_MAX: usize = 1024 * 1024;

/// Runs jobs. Called on a blocking thread; must return soon once `control` says stop.
pub trait Evaluator: Send + Sync + 'static {
    /// The versions this evaluator runs; jobs of others are refused.
    fn versions(&self) -> Versions;

    /// Evaluates `job` in the pure profile, under `control.fuel()` and the job's own memory
    /// limit, checking `control.should_stop()` after every slice of fuel.
    fn evaluate(&self, job: &Job, control: &Control) -> Evaluation;
}

/// How an evaluation ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Evaluation {
    /// It ended by itself: an answer that can be voted on.
    Done(Answer),
    /// The job cannot be run here: another version, or bytes that are no program of ours.
    Refused(String),
    /// `control` said stop before it ended.
    Stopped,
}

/// What a deterministic evaluation gives: equal on every honest node.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Answer {
    /// The canonical outcome, at most [`OUTCOME_BYTES_MAX`].
    pub outcome: Vec<u8>,
    /// What kind of outcome it is.
    pub status: Status,
    /// Fuel of decoding, expanding and compiling.
    pub setup_fuel: u64,
    /// Fuel of running.
    pub fuel: u64,
}

/// The kind of an outcome. All four can be voted on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub enum Status {
    /// A value.
    Value,
    /// The program raised an error.
    Error,
    /// The job's own fuel ran out.
    FuelExhausted,
    /// The job's own memory ran out.
    MemoryExhausted,
}

/// Tells a running evaluation when to stop, and how much it may use here.
#[derive(Debug, Clone)]
pub struct Control {
    cancelled: Arc<AtomicBool>,
    deadline: Instant,
    fuel: u64,
}

impl Control {
    /// A control that allows `fuel` units and `time` from now.
    pub fn new(fuel: u64, time: Duration) -> Control {
        Control {
            cancelled: Arc::new(AtomicBool::new(false)),
            deadline: Instant::now() + time,
            fuel,
        }
    }

    /// The smaller of the job's fuel and what this node lends.
    pub fn fuel(&self) -> u64 {
        self.fuel
    }

    /// When to stop whatever has been reached.
    pub fn deadline(&self) -> Instant {
        self.deadline
    }

    /// Whether to stop now: cancelled, or past the deadline.
    pub fn should_stop(&self) -> bool {
        self.is_cancelled() || Instant::now() >= self.deadline
    }

    /// Whether somebody cancelled it.
    pub fn is_cancelled(&self) -> bool {
        self.cancelled.load(Ordering::Relaxed)
    }

    /// Makes every clone of this control say stop.
    pub fn cancel(&self) {
        self.cancelled.store(true, Ordering::Relaxed);
    }
}
