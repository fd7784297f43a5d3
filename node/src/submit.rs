//! Having a job of our own run by peers: whom to ask, when to ask more, when to stop, and what
//! to do about those who answer wrongly. The vote itself is `consensus`.

mod ask;
mod ballots;
mod draw;
mod election;
mod queue;

pub(crate) use queue::{Asked, enqueue, run_queue};

use std::collections::VecDeque;
use std::sync::Arc;
use std::time::Duration;

use dht::{Command, Contact, Id, Outcome};
use rand_chacha::ChaCha12Rng;
use rand_core::SeedableRng;

use crate::clock::millis;
use crate::consensus::Verdict;
use crate::error::{DataError, NO_PEERS, NodeError};
use crate::identity::{Identity, random_bytes};
use crate::jobs::{JOB_BYTES_MAX, Job, SignedJob, Versions};
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
    ask(node, spec, options, None).await
}

/// The same for a job that is in the queue already, if `queued`: that one stays there until there
/// is a verdict or somebody cancels it.
async fn ask(
    node: &Arc<Node>,
    spec: JobSpec,
    options: RemoteOptions,
    queued: Option<JobRecord>,
) -> Result<Verdict, NodeError> {
    check(&options)?;
    let budget = budget(&options);
    let versions = node.workers.evaluator().versions();
    let job = sign(&node.identity, versions, node.clock.now(), spec, &options)?;
    let job = Arc::new(job);
    let candidates = candidates(node, &options).await?;
    let is_queued = queued.is_some();
    let mut record = queued.unwrap_or_else(|| JobRecord {
        name: job.job.name(),
        submitted: node.clock.now(),
        state: JobState::Running,
        verdict: None,
    });
    record.state = JobState::Running;
    let name = record.name;
    let asking = node.asked.begin(name);
    let mut kept = Kept {
        node: node.clone(),
        record: Some(record.clone()),
        given_up: match is_queued {
            true => JobState::Queued,
            false => JobState::Cancelled,
        },
    };
    let mut election = Election::new(node.clone(), job, name, &options, candidates);
    let saving = node.with_store(move |store| store.save_job(&record));
    let (saved, agreed) = tokio::select! {
        ended = async { tokio::join!(saving, election.run(budget)) } => ended,
        () = asking.cancelled() => {
            kept.given_up = JobState::Cancelled;
            return Err(NodeError::Cancelled);
        }
    };
    saved.transpose()?;
    let ballots = election.ballots().clone();
    let failure = agreed.is_none().then(|| ballots.total_failure()).flatten();
    if let (true, Some(NodeError::Unreachable(_))) = (is_queued, &failure) {
        return Err(failure.unwrap_or(NodeError::Closed));
    }
    let verdict = ballots.verdict(agreed.as_ref());
    kept.done(&verdict).await?;
    election.collect_late(agreed.clone());
    match agreed {
        Some(_) => Ok(verdict),
        None => Err(failure.unwrap_or(NodeError::NoAgreement(verdict.into()))),
    }
}

/// How long the whole may take.
fn budget(options: &RemoteOptions) -> Duration {
    options.timeout.saturating_mul(BUDGET_TIMEOUTS)
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
    if options.near.is_some() && !options.peers.is_empty() {
        return wrong("either the peers are named, or they are those near a key".into());
    }
    if options.timeout.is_zero() {
        return wrong("a timeout must be more than nothing".into());
    }
    Ok(())
}

fn sign(
    identity: &Identity,
    versions: Versions,
    now: u64,
    spec: JobSpec,
    options: &RemoteOptions,
) -> Result<SignedJob, NodeError> {
    let lasting = millis(budget(options).saturating_add(EXPIRES_MARGIN));
    let job = Job {
        program: spec.program,
        inputs: spec.inputs,
        fuel: options.fuel,
        memory: options.memory,
        versions,
        submitter: identity.public(),
        nonce: random_bytes(),
        expires: now.saturating_add(lasting),
    };
    let size = job.canonical_bytes().len();
    if size > JOB_BYTES_MAX {
        return Err(NodeError::TooBig {
            what: "the job",
            size,
            limit: JOB_BYTES_MAX,
        });
    }
    Ok(job.sign(identity.signing_key()))
}

/// Whom to ask, in order.
async fn candidates(node: &Node, options: &RemoteOptions) -> Result<VecDeque<Contact>, NodeError> {
    node.meet(options.n).await?;
    let mut rng = ChaCha12Rng::from_seed(random_bytes());
    let mut contacts = node.contacts().await?;
    if contacts.is_empty() {
        return Err(NodeError::Unreachable(NO_PEERS.into()));
    }
    if let Some(key) = options.near {
        contacts = nearest(node, key).await;
    } else if !options.peers.is_empty() {
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
    let mut drawn: VecDeque<Contact> = match options.near {
        Some(key) => {
            contacts.sort_by_key(|contact| contact.id().distance(&key));
            contacts.into()
        }
        None => draw(contacts, &mut rng).into(),
    };
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

/// The record of a running job; dropped before it is done, the job counts as given up.
struct Kept {
    node: Arc<Node>,
    record: Option<JobRecord>,
    /// What it then is.
    given_up: JobState,
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
        record.state = self.given_up;
        let store = self.node.store.clone();
        let save = move || {
            if let Err(error) = store.save_job(&record) {
                tracing::error!(%error, "cannot keep that a job was given up");
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
