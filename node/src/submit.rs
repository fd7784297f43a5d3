//! Having a job of our own run by peers: whom to ask, when to ask more, when to stop, and what
//! to do about those who answer wrongly. The vote itself is `consensus`.

mod ask;
mod ballots;
mod draw;
mod election;

use std::collections::VecDeque;
use std::sync::Arc;
use std::time::Duration;

use dht::{Command, Contact, Id, Outcome};
use rand_chacha::ChaCha12Rng;
use rand_core::SeedableRng;

use crate::clock::millis;
use crate::consensus::Verdict;
use crate::error::{DataError, NodeError};
use crate::identity::random_bytes;
use crate::jobs::{JOB_BYTES_MAX, Job, SignedJob};
use crate::node::Node;
use crate::service::{JobRecord, JobSpec, JobState, RemoteOptions};
use crate::store::Store;
use crate::wire::COMMITS_MAX;
use draw::draw;
use election::Election;

/// Most peers asked for one job: all their commits fit into one reveal.
pub const PEERS_MAX: usize = COMMITS_MAX;
/// The whole may take this many times as long as one peer.
const BUDGET_TIMEOUTS: u32 = 2;
/// How much longer a job lives than it may take: clocks differ.
const EXPIRES_MARGIN: Duration = Duration::from_secs(10);

/// Has peers evaluate a program, and returns the verdict. Dropping the future cancels the job at
/// every peer.
pub(crate) async fn submit(
    node: &Arc<Node>,
    spec: JobSpec,
    options: RemoteOptions,
) -> Result<Verdict, NodeError> {
    check(&options)?;
    let budget = options.timeout.saturating_mul(BUDGET_TIMEOUTS);
    let job = Arc::new(sign(node, spec, &options, budget)?);
    let candidates = candidates(node, &options).await?;
    let record = JobRecord {
        name: job.job.name(),
        submitted: node.clock.now(),
        state: JobState::Running,
        verdict: None,
    };
    let mut kept = Kept {
        node: node.clone(),
        record: Some(record.clone()),
    };
    let mut election = Election::new(node.clone(), job, &options, candidates);
    let saving = node.with_store(move |store| store.save_job(&record));
    let (saved, agreed) = tokio::join!(saving, election.run(budget));
    saved.transpose()?;
    let ballots = election.ballots().clone();
    let verdict = ballots.verdict(agreed.as_ref());
    kept.done(&verdict).await?;
    election.collect_late(agreed.clone());
    match agreed {
        Some(_) => Ok(verdict),
        None => Err(ballots
            .total_failure()
            .unwrap_or(NodeError::NoAgreement(verdict.into()))),
    }
}

fn check(options: &RemoteOptions) -> Result<(), NodeError> {
    let wrong = |why: String| Err(NodeError::WrongArgument(why));
    if options.n == 0 || options.n > PEERS_MAX {
        return wrong(format!(
            "between 1 and {PEERS_MAX} peers can be asked, not {}",
            options.n
        ));
    }
    if options.quorum == 0 || options.quorum > PEERS_MAX {
        return wrong(format!(
            "a quorum is between 1 and {PEERS_MAX}, not {}",
            options.quorum
        ));
    }
    if options.timeout.is_zero() {
        return wrong("a timeout must be more than nothing".into());
    }
    Ok(())
}

fn sign(
    node: &Node,
    spec: JobSpec,
    options: &RemoteOptions,
    budget: Duration,
) -> Result<SignedJob, NodeError> {
    let lasting = millis(budget.saturating_add(EXPIRES_MARGIN));
    let job = Job {
        program: spec.program,
        inputs: spec.inputs,
        fuel: options.fuel,
        memory: options.memory,
        versions: node.workers.evaluator().versions(),
        submitter: node.identity.public(),
        nonce: random_bytes(),
        expires: node.clock.now().saturating_add(lasting),
    };
    let size = job.canonical_bytes().len();
    if size > JOB_BYTES_MAX {
        return Err(NodeError::TooBig {
            what: "the job",
            size,
            limit: JOB_BYTES_MAX,
        });
    }
    Ok(job.sign(node.identity.signing_key()))
}

/// Whom to ask, in order.
async fn candidates(node: &Node, options: &RemoteOptions) -> Result<VecDeque<Contact>, NodeError> {
    node.meet().await?;
    let mut rng = ChaCha12Rng::from_seed(random_bytes());
    let mut contacts = node.contacts().await?;
    if contacts.is_empty() {
        return Err(NodeError::Unreachable(
            "no peers are known; join somebody, or start practice peers".into(),
        ));
    }
    if !options.peers.is_empty() {
        contacts = wanted(node, contacts, options).await;
    } else if contacts.len() < options.n {
        let target = Id::hash(&[]).random_with_prefix(0, &mut rng);
        contacts.extend(nearest(node, target).await);
    }
    let me = node.identity.public();
    contacts.retain(|contact| {
        contact.public_key() != me && !node.pool.blocks().contains(&contact.public_key())
    });
    if contacts.is_empty() {
        return Err(NodeError::Unreachable(
            "none of the wanted peers can be found".into(),
        ));
    }
    let mut drawn: VecDeque<Contact> = draw(contacts, &mut rng).into();
    drawn.truncate(PEERS_MAX);
    Ok(drawn)
}

/// Exactly the peers that were asked for, looked up if we do not know them.
async fn wanted(node: &Node, known: Vec<Contact>, options: &RemoteOptions) -> Vec<Contact> {
    let mut wanted = Vec::new();
    for key in options.peers.iter().take(PEERS_MAX) {
        let is_it = |contact: &&Contact| contact.public_key() == *key;
        match known.iter().find(is_it) {
            Some(contact) => wanted.push(contact.clone()),
            None => wanted.extend(nearest(node, key.id()).await.iter().find(is_it).cloned()),
        }
    }
    wanted
}

async fn nearest(node: &Node, target: Id) -> Vec<Contact> {
    match node.core.run(Command::FindNode { target }).await {
        Ok(Outcome::Nodes { contacts, .. }) => contacts,
        _ => Vec::new(),
    }
}

/// The record of a running job; dropped before it is done, the job counts as cancelled.
struct Kept {
    node: Arc<Node>,
    record: Option<JobRecord>,
}

impl Kept {
    /// Keeps the verdict, and what it means for those who voted.
    async fn done(&mut self, verdict: &Verdict) -> Result<(), NodeError> {
        let Some(mut record) = self.record.take() else {
            return Ok(());
        };
        record.state = JobState::Done;
        record.verdict = Some(verdict.clone());
        let kept = self.node.with_store(move |store| keep(store, &record));
        Ok(kept.await.transpose().map(|_| ())?)
    }
}

impl Drop for Kept {
    fn drop(&mut self) {
        let Some(mut record) = self.record.take() else {
            return;
        };
        record.state = JobState::Cancelled;
        let store = self.node.store.clone();
        let save = move || {
            if let Err(error) = store.save_job(&record) {
                tracing::error!(%error, "cannot keep that a job was cancelled");
            }
        };
        match tokio::runtime::Handle::try_current() {
            Ok(runtime) => drop(runtime.spawn_blocking(save)),
            Err(_) => save(),
        }
    }
}

fn keep(store: &Store, record: &JobRecord) -> Result<(), DataError> {
    store.save_job(record)?;
    let Some(verdict) = &record.verdict else {
        return Ok(());
    };
    let Some(answer) = &verdict.answer else {
        return Ok(());
    };
    let agreed = verdict.groups.iter().find(|group| group.answer == *answer);
    let agreed = agreed.map_or(&[][..], |group| &group.peers);
    store.change_standing(agreed, |standing| {
        standing.agreed += 1;
        standing.confirmed += u64::from(verdict.refereed);
    })?;
    store.change_standing(&verdict.dissent, |standing| standing.dissented += 1)
}
