//! Running other people's jobs: who is admitted, in what order, on how many threads. One job
//! name runs once; asking again gives the same receipt, from disk if need be.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use dht::Subnet;
use tokio::sync::{Semaphore, watch};

use super::evaluator::{Answer, Control, Evaluation, Evaluator, OUTCOME_BYTES_MAX, Status};
use super::job::{Job, SignedJob};
use super::receipt::{JOB_PROTOCOL, Receipt};
use crate::clock::{Clock, millis};
use crate::counters::Counters;
use crate::driver::locked;
use crate::identity::{Identity, random_bytes};
use crate::keys::{Id, PublicKey};
use crate::service::Limits;
use crate::store::{Store, WorkedJob};
use crate::swarm::Corrupt;
use crate::wire::Refusal;

/// Most jobs of submitters with a good record that wait.
const ESTABLISHED_WAITING_MAX: usize = 256;
/// How far in the future a job may expire.
const JOB_EXPIRES_MAX: Duration = Duration::from_secs(60 * 60);

/// How a worker behaves. Only practice peers are anything but honest.
#[derive(Clone, Default)]
pub(crate) enum Behaviour {
    /// Says what came out.
    #[default]
    Honest,
    /// Says what this makes of it.
    Lies(Corrupt),
    /// Accepts and never answers.
    Lazy,
}

/// What became of an admitted job.
pub(crate) type Ended = Result<Arc<WorkedJob>, Refusal>;

/// The pool that runs jobs. Cheap to clone.
#[derive(Clone)]
pub(crate) struct Workers {
    pub(super) inner: Arc<Inner>,
}

pub(super) struct Inner {
    pub(super) identity: Identity,
    pub(super) clock: Clock,
    pub(super) behaviour: Behaviour,
    store: Store,
    evaluator: Arc<dyn Evaluator>,
    limits: Limits,
    counters: Arc<Counters>,
    all_cores: Arc<Semaphore>,
    newcomer_cores: Arc<Semaphore>,
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    jobs: BTreeMap<Id, Running>,
    waiting: BTreeMap<Class, usize>,
}

struct Running {
    control: Control,
    ended: watch::Receiver<Option<Ended>>,
}

/// What waiting jobs are counted by.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
enum Class {
    Established,
    Newcomer(Option<Subnet>),
}

/// An admitted job.
#[derive(Debug)]
pub(crate) struct Admitted {
    pub(super) control: Control,
    pub(super) ended: watch::Receiver<Option<Ended>>,
}

impl Workers {
    pub(crate) fn new(
        identity: Identity,
        store: Store,
        evaluator: Arc<dyn Evaluator>,
        limits: Limits,
        behaviour: Behaviour,
        clock: Clock,
        counters: Arc<Counters>,
    ) -> Workers {
        let cores = match limits.workers {
            0 => std::thread::available_parallelism().map_or(1, |cores| cores.get()),
            workers => workers,
        };
        let inner = Inner {
            identity,
            clock,
            behaviour,
            store,
            evaluator,
            limits,
            counters,
            all_cores: Arc::new(Semaphore::new(cores)),
            newcomer_cores: Arc::new(Semaphore::new(cores.div_ceil(2))),
            state: Mutex::default(),
        };
        Workers {
            inner: Arc::new(inner),
        }
    }

    /// How many jobs run or wait.
    pub(crate) fn busy(&self) -> usize {
        locked(&self.inner.state).jobs.len()
    }

    /// The evaluator, for what our own jobs need to say about versions.
    pub(crate) fn evaluator(&self) -> &Arc<dyn Evaluator> {
        &self.inner.evaluator
    }

    /// Stops every job.
    pub(crate) fn close(&self) {
        for job in locked(&self.inner.state).jobs.values() {
            job.control.cancel();
        }
        self.inner.all_cores.close();
        self.inner.newcomer_cores.close();
    }

    /// Admits a job that `from` sent, or says why not. What runs already, or has run, is found
    /// again under its name.
    pub(crate) fn admit(
        &self,
        from: PublicKey,
        subnet: Option<Subnet>,
        signed: SignedJob,
    ) -> Result<Admitted, Refusal> {
        let admitted = self.try_admit(from, subnet, signed);
        if admitted.is_err() {
            self.inner.counters.jobs_refused.add(1);
        }
        admitted
    }

    fn try_admit(
        &self,
        from: PublicKey,
        subnet: Option<Subnet>,
        signed: SignedJob,
    ) -> Result<Admitted, Refusal> {
        let inner = &self.inner;
        let time = inner.check(from, &signed)?;
        let name = signed.job.name();
        let established = inner
            .store
            .standing(&from)
            .is_ok_and(|known| known.is_established());
        let class = if established {
            Class::Established
        } else {
            Class::Newcomer(subnet)
        };
        let mut state = locked(&inner.state);
        if let Some(running) = state.jobs.get(&name) {
            let (control, ended) = (running.control.clone(), running.ended.clone());
            return Ok(Admitted { control, ended });
        }
        // A job leaves the running ones only after its receipt is kept: it is found in one of them.
        if let Ok(Some(worked)) = inner.store.worked(&name) {
            let (_, ended) = watch::channel(Some(Ok(Arc::new(worked))));
            return Ok(Admitted {
                control: Control::new(0, time),
                ended,
            });
        }
        if !state.has_room(&class, inner.limits.waiting) {
            return Err(Refusal::Busy);
        }
        *state.waiting.entry(class.clone()).or_default() += 1;
        let control = Control::new(signed.job.fuel.min(inner.limits.fuel), time);
        let (sender, ended) = watch::channel(None);
        let running = Running {
            control: control.clone(),
            ended: ended.clone(),
        };
        state.jobs.insert(name, running);
        drop(state);
        let run = run(
            inner.clone(),
            name,
            signed.job,
            class,
            control.clone(),
            sender,
        );
        tokio::spawn(run);
        Ok(Admitted { control, ended })
    }

    /// Evaluates one of our own jobs, to settle a dissent. `None` if it did not end in `time`.
    /// Dropping the future stops the evaluation.
    pub(crate) async fn referee(&self, job: &Job, time: Duration) -> Option<Answer> {
        let control = Control::new(job.fuel, time);
        let guard = StopOnDrop(control.clone());
        let turn = self.inner.all_cores.clone().acquire_owned();
        let turn = tokio::time::timeout(time, turn).await.ok()?.ok()?;
        let (evaluator, job) = (self.inner.evaluator.clone(), job.clone());
        let evaluation = tokio::task::spawn_blocking(move || {
            let _turn = turn;
            evaluator.evaluate(&job, &control)
        });
        let evaluation = evaluation.await.ok()?;
        drop(guard);
        match evaluation {
            Evaluation::Done(answer) => Some(answer),
            Evaluation::Refused(_) | Evaluation::Stopped => None,
        }
    }

    /// Whether our own evaluation of a job is within what we lend to anybody.
    pub(crate) fn can_referee(&self, job: &Job) -> bool {
        job.fuel <= self.inner.limits.fuel && job.memory <= self.inner.limits.memory
    }
}

struct StopOnDrop(Control);

impl Drop for StopOnDrop {
    fn drop(&mut self) {
        self.0.cancel();
    }
}

impl Inner {
    /// Whether the job may be run here at all; how long it may take.
    fn check(&self, from: PublicKey, signed: &SignedJob) -> Result<Duration, Refusal> {
        let job = &signed.job;
        if job.submitter != from || !signed.is_valid() {
            return Err(Refusal::NotYours);
        }
        let left = job.expires.saturating_sub(self.clock.now());
        if left == 0 || left > millis(JOB_EXPIRES_MAX) {
            return Err(Refusal::Expired);
        }
        if job.versions != self.evaluator.versions() {
            return Err(Refusal::Version);
        }
        // Less memory would change what the job does; less fuel only where it ends.
        if job.memory > self.limits.memory {
            return Err(Refusal::Limits);
        }
        Ok(Duration::from_millis(left).min(self.limits.timeout))
    }

    /// The receipt for what came out, signed and on disk.
    fn receipt(&self, name: Id, job: &Job, answer: Answer, started: u64) -> Ended {
        let answer = match &self.behaviour {
            Behaviour::Lies(corrupt) => corrupt(&answer),
            Behaviour::Honest | Behaviour::Lazy => answer,
        };
        let receipt = Receipt {
            protocol: JOB_PROTOCOL,
            job: name,
            worker: self.identity.public(),
            outcome: Id::hash(&answer.outcome),
            status: answer.status,
            setup_fuel: answer.setup_fuel,
            fuel: answer.fuel,
            started,
            took: self.clock.now() - started,
            salt: random_bytes(),
        };
        let worked = WorkedJob {
            submitter: job.submitter,
            receipt: receipt.sign(self.identity.signing_key()),
            outcome: answer.outcome,
        };
        match self.store.save_worked(&worked) {
            Ok(()) => Ok(Arc::new(worked)),
            Err(error) => {
                tracing::error!(%error, "cannot keep a receipt");
                Err(Refusal::Busy)
            }
        }
    }
}

impl State {
    fn has_room(&self, class: &Class, newcomers_max: usize) -> bool {
        let count = |class| self.waiting.get(class).copied().unwrap_or_default();
        match class {
            Class::Established => count(class) < ESTABLISHED_WAITING_MAX,
            Class::Newcomer(subnet) => {
                let newcomers = self
                    .waiting
                    .iter()
                    .filter(|(class, _)| **class != Class::Established);
                let all: usize = newcomers.map(|(_, count)| count).sum();
                let own = count(class) < newcomers_max / 2 || subnet.is_none();
                all < newcomers_max && own
            }
        }
    }

    fn stops_waiting(&mut self, class: &Class) {
        if let Some(count) = self.waiting.get_mut(class) {
            *count -= 1;
            if *count == 0 {
                self.waiting.remove(class);
            }
        }
    }
}

/// Waits for a core, evaluates, signs, and tells whoever waits.
async fn run(
    inner: Arc<Inner>,
    name: Id,
    job: Job,
    class: Class,
    control: Control,
    sender: watch::Sender<Option<Ended>>,
) {
    let turn = async {
        let newcomer = match class {
            Class::Newcomer(_) => Some(inner.newcomer_cores.clone().acquire_owned().await.ok()?),
            Class::Established => None,
        };
        Some((
            newcomer,
            inner.all_cores.clone().acquire_owned().await.ok()?,
        ))
    };
    let turn = tokio::time::timeout_at(control.deadline().into(), turn).await;
    locked(&inner.state).stops_waiting(&class);
    let ended = match turn {
        Ok(Some(turn)) => {
            let worker = inner.clone();
            let evaluated = tokio::task::spawn_blocking(move || {
                let _turn = turn;
                evaluate(&worker, name, &job, &control)
            });
            // A panicking evaluator is our fault, and nobody's answer.
            evaluated.await.unwrap_or(Err(Refusal::Busy))
        }
        _ => Err(Refusal::Timeout),
    };
    if ended.is_err() {
        inner.counters.jobs_refused.add(1);
    }
    let mut state = locked(&inner.state);
    state.jobs.remove(&name);
    sender.send_replace(Some(ended));
}

fn evaluate(inner: &Inner, name: Id, job: &Job, control: &Control) -> Ended {
    if control.should_stop() {
        return Err(Refusal::Timeout);
    }
    let started = inner.clock.now();
    match inner.evaluator.evaluate(job, control) {
        Evaluation::Done(answer) => {
            inner.counters.jobs_run.add(1);
            let fuel = answer.setup_fuel.saturating_add(answer.fuel);
            inner.counters.job_fuel.add_many(fuel);
            let is_ours = control.fuel() < job.fuel && answer.status == Status::FuelExhausted;
            if is_ours || answer.outcome.len() > OUTCOME_BYTES_MAX {
                return Err(Refusal::Limits);
            }
            inner.receipt(name, job, answer, started)
        }
        Evaluation::Refused(why) => {
            tracing::debug!(%name, why, "a job cannot be run here");
            Err(Refusal::Version)
        }
        Evaluation::Stopped => Err(Refusal::Timeout),
    }
}

impl fmt::Debug for Workers {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Workers({} busy)", self.busy())
    }
}
