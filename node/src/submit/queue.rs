//! Own jobs that outlive the program that submitted them: kept on disk until there is a verdict,
//! asked by a node that stays. Also the way to cancel any of our own jobs that is being asked.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex, Weak};
use std::time::Duration;

use tokio::sync::{Notify, Semaphore};
use tokio::task::JoinSet;

use super::{ask, check, sign};
use crate::driver::locked;
use crate::error::NodeError;
use crate::identity::Identity;
use crate::jobs::Versions;
use crate::keys::Id;
use crate::node::Node;
use crate::service::{JobRecord, JobSpec, JobState, RemoteOptions};
use crate::store::{QUEUED_JOBS_MAX, QueuedJob, Store};

/// Most jobs of the queue that are asked at the same time.
const ASKED_MAX: usize = 8;
/// How long to wait before asking again after nobody could be reached; doubled every time.
const RETRY_FIRST: Duration = Duration::from_secs(1);
/// The longest such wait.
const RETRY_LONGEST: Duration = Duration::from_secs(5 * 60);

/// Our own jobs that are being asked, each with how to cancel it.
#[derive(Debug, Default)]
pub(crate) struct Asked {
    running: Mutex<BTreeMap<Id, Arc<Notify>>>,
}

/// One of them, as long as it is being asked.
#[derive(Debug)]
pub(crate) struct Asking {
    asked: Arc<Asked>,
    name: Id,
    cancelled: Arc<Notify>,
}

impl Asked {
    pub(crate) fn begin(self: &Arc<Asked>, name: Id) -> Asking {
        let cancelled = Arc::new(Notify::new());
        locked(&self.running).insert(name, cancelled.clone());
        Asking {
            asked: self.clone(),
            name,
            cancelled,
        }
    }

    /// Cancels a job, if it is being asked.
    pub(crate) fn cancel(&self, name: &Id) {
        if let Some(cancelled) = locked(&self.running).get(name) {
            cancelled.notify_one();
        }
    }
}

impl Asking {
    pub(crate) async fn cancelled(&self) {
        self.cancelled.notified().await;
    }
}

impl Drop for Asking {
    fn drop(&mut self) {
        locked(&self.asked.running).remove(&self.name);
    }
}

/// Puts a job in the queue; its name.
pub(crate) fn enqueue(
    store: &Store,
    identity: &Identity,
    versions: Versions,
    now: u64,
    job: QueuedJob,
) -> Result<Id, NodeError> {
    check(&job.options)?;
    let signed = sign(identity, versions, now, job.spec.clone(), &job.options)?;
    let record = JobRecord {
        name: signed.job.name(),
        submitted: now,
        state: JobState::Queued,
        verdict: None,
    };
    if store.enqueue(&record, &job)? {
        Ok(record.name)
    } else {
        let why = format!("{QUEUED_JOBS_MAX} jobs wait to be asked already");
        Err(NodeError::Refused(why))
    }
}

/// Asks every job in the queue, the oldest first, and those put there later. Ends with the node.
pub(crate) async fn run_queue(node: Weak<Node>, changed: Arc<Notify>) {
    let turns = Arc::new(Semaphore::new(ASKED_MAX));
    let mut started = BTreeSet::new();
    let mut running = JoinSet::new();
    loop {
        let Some(here) = node.upgrade() else { return };
        let jobs = here.with_store(Store::jobs).await;
        drop(here);
        let jobs = match jobs {
            Some(Ok(jobs)) => jobs,
            Some(Err(error)) => {
                tracing::error!(%error, "the queue of jobs cannot be read");
                return;
            }
            None => return,
        };
        let waiting = jobs.into_iter().rev();
        for record in waiting.filter(|record| record.state == JobState::Queued) {
            if started.insert(record.name) {
                let (node, turns) = (node.clone(), turns.clone());
                running.spawn(run_one(node, record, turns));
            }
        }
        tokio::select! {
            () = changed.notified() => {}
            Some(_) = running.join_next() => {}
        }
    }
}

/// Asks one job of the queue until there is a verdict, or it is cancelled.
async fn run_one(node: Weak<Node>, record: JobRecord, turns: Arc<Semaphore>) {
    let name = record.name;
    let mut pause = RETRY_FIRST;
    loop {
        let asked = {
            let Ok(_turn) = turns.acquire().await else {
                return;
            };
            let Some(node) = node.upgrade() else { return };
            let queued = node.with_store(move |store| store.queued(&name)).await;
            let Some(Ok(Some(QueuedJob { spec, options }))) = queued else {
                return;
            };
            ask(&node, spec, options, Some(record.clone())).await
        };
        match asked {
            Err(NodeError::Unreachable(why)) => {
                tracing::info!(job = ?name, why, ?pause, "a job waits for peers");
                tokio::time::sleep(pause).await;
                pause = pause.saturating_mul(2).min(RETRY_LONGEST);
            }
            Err(error) => return tracing::info!(job = ?name, %error, "a job has ended"),
            Ok(_) => return,
        }
    }
}

impl QueuedJob {
    /// A job and how to ask it.
    pub(crate) fn new(spec: JobSpec, options: RemoteOptions) -> QueuedJob {
        QueuedJob { spec, options }
    }
}
