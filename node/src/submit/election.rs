//! One job from the first question to the verdict.

use std::collections::{BTreeMap, VecDeque};
use std::sync::Arc;
use std::time::{Duration, Instant};

use dht::{Contact, InteractionId, PublicKey};
use tokio::sync::{mpsc, oneshot};
use tokio::task::JoinSet;
use tokio::time::{sleep_until, timeout_at};

use super::PEERS_MAX;
use super::ask::{Happening, Question, REVEAL_TIMEOUT};
use super::ballots::Ballots;
use crate::consensus::{CLOSE_MS_MIN, Decision, Round, Verdict, Vote, tally};
use crate::identity::random_bytes;
use crate::jobs::{Answer, Commit, SignedJob};
use crate::keys::Id;
use crate::node::Node;
use crate::service::{JobRecord, RemoteOptions};
use crate::store::{Evidence, Store};

/// A straggler is hedged after this long as long as nothing is known about what is slow.
const HEDGE_MS: u64 = 1000;
/// No straggler is hedged before this long.
const HEDGE_MS_MIN: u64 = 100;
/// With answers to the same job, a straggler is hedged after this many of their median times.
const HEDGE_MEDIANS: u64 = 3;
/// The wait doubles with every hedge, this often.
const HEDGE_DOUBLINGS_MAX: u32 = 16;

/// Peers being asked about one job.
pub(super) struct Election {
    node: Arc<Node>,
    job: Arc<SignedJob>,
    name: Id,
    /// The name under which the store keeps it.
    record: Id,
    interaction: InteractionId,
    timeout: Duration,
    first: usize,
    candidates: VecDeque<Contact>,
    round: Round,
    tasks: JoinSet<()>,
    sender: mpsc::Sender<Happening>,
    happenings: mpsc::Receiver<Happening>,
    /// How to ask those for their answers who were not asked for it yet.
    reveals: BTreeMap<PublicKey, oneshot::Sender<Vec<Commit>>>,
    /// Those among them who have committed.
    committed: Vec<PublicKey>,
    commits: Vec<Commit>,
    /// How many were asked to reveal and have neither done so nor failed.
    revealing: usize,
    /// Once there is a quorum of equal answers, the others must be revealed until then.
    reveal_until: Option<Instant>,
    ballots: Ballots,
    /// How much was known when votes were last counted.
    counted: Option<usize>,
    is_closed: bool,
    hedges: u32,
    hedge_at: Instant,
}

impl Election {
    pub(super) fn new(
        node: Arc<Node>,
        job: Arc<SignedJob>,
        record: Id,
        options: &RemoteOptions,
        candidates: VecDeque<Contact>,
    ) -> Election {
        let (sender, happenings) = mpsc::channel(PEERS_MAX);
        let name = job.job.name();
        Election {
            ballots: Ballots::new(name, options.quorum, node.identity.public()),
            name,
            record,
            interaction: InteractionId(u128::from_be_bytes(random_bytes())),
            timeout: options.timeout,
            first: options.n,
            round: Round::new(options.quorum),
            tasks: JoinSet::new(),
            reveals: BTreeMap::new(),
            committed: Vec::new(),
            commits: Vec::new(),
            revealing: 0,
            reveal_until: None,
            counted: None,
            is_closed: false,
            hedges: 0,
            hedge_at: Instant::now(),
            node,
            job,
            candidates,
            sender,
            happenings,
        }
    }

    /// Asks until there is an agreement, nobody is left to ask, or `budget` is used up. Returns
    /// the answer agreed upon.
    pub(super) async fn run(&mut self, budget: Duration) -> Option<Answer> {
        let deadline = Instant::now() + budget;
        for _ in 0..self.first {
            self.ask_next();
        }
        self.set_hedge();
        loop {
            if !self.is_closed {
                while self.is_short() && self.widen() {}
                if self.round.is_closed(self.now()) {
                    self.is_closed = true;
                    self.reveal();
                }
            }
            if self.is_closed && self.is_revealed() {
                if let Some(agreed) = self.count().await {
                    return Some(agreed);
                }
                if self.is_over() {
                    return None;
                }
            }
            let wake = self.wake(deadline);
            tokio::select! {
                Some(happening) = self.happenings.recv() => self.take(happening),
                () = sleep_until(wake.into()) => {
                    if Instant::now() >= deadline {
                        return self.agreed();
                    }
                    self.hedge();
                }
            }
        }
    }

    fn now(&self) -> u64 {
        self.node.clock.now()
    }

    /// Asks the next candidate; `false` if there is none.
    fn ask_next(&mut self) -> bool {
        let Some(peer) = self.candidates.pop_front() else {
            return false;
        };
        let key = peer.public_key();
        self.round.ask(key, self.now());
        self.ballots.asked += 1;
        let (reveal, revealed) = oneshot::channel();
        self.reveals.insert(key, reveal);
        let question = Question {
            pool: self.node.pool.clone(),
            peer,
            job: self.job.clone(),
            name: self.name,
            interaction: self.interaction,
            timeout: self.timeout,
        };
        self.tasks
            .spawn(question.ask(self.sender.clone(), revealed));
        true
    }

    /// Asks one more than at first; `false` if there is nobody left.
    fn widen(&mut self) -> bool {
        let asked = self.ask_next();
        if asked {
            self.ballots.widenings += 1;
            self.set_hedge();
        }
        asked
    }

    /// Whether those asked cannot make a quorum of answers any more.
    fn is_short(&self) -> bool {
        self.round.answers() + self.round.pending() < self.ballots.quorum
    }

    /// Whether nobody can answer any more.
    fn is_over(&self) -> bool {
        self.candidates.is_empty() && self.round.pending() == 0 && self.revealing == 0
    }

    /// Whether a straggler holds up the agreement, and there is somebody to ask instead.
    fn wants_hedge(&self) -> bool {
        let is_open = self.is_closed || self.round.answers() < self.ballots.quorum;
        is_open && self.revealing == 0 && self.round.pending() > 0 && !self.candidates.is_empty()
    }

    /// Asks one more instead of waiting for a straggler alone.
    fn hedge(&mut self) {
        if self.wants_hedge() && Instant::now() >= self.hedge_at {
            self.hedges = (self.hedges + 1).min(HEDGE_DOUBLINGS_MAX);
            self.widen();
        }
    }

    fn set_hedge(&mut self) {
        let slow = self.node.slow_ms().unwrap_or(HEDGE_MS).max(HEDGE_MS_MIN);
        let wait = Duration::from_millis(slow.saturating_mul(1 << self.hedges));
        self.hedge_at = Instant::now() + wait.min(self.timeout);
    }

    /// How long one peer took for this very job says best what is slow for another.
    fn hurry(&mut self) {
        let Some(median) = self.round.median_ms() else {
            return;
        };
        let slow = median.saturating_mul(HEDGE_MEDIANS).max(HEDGE_MS_MIN);
        self.hedge_at = self
            .hedge_at
            .min(Instant::now() + Duration::from_millis(slow));
    }

    /// When something is to be done though nothing happens.
    fn wake(&self, deadline: Instant) -> Instant {
        let hedge = self.wants_hedge().then_some(self.hedge_at);
        let closes = self.round.closes_at().filter(|_| !self.is_closed);
        let closes = closes.map(|at| self.node.clock.instant(at));
        let wakes = [hedge, closes, self.reveal_until, Some(deadline)];
        wakes.into_iter().flatten().min().unwrap_or(deadline)
    }

    fn take(&mut self, happening: Happening) {
        match happening {
            Happening::Committed(commit) => {
                self.round.answered(commit.worker, self.now());
                self.committed.push(commit.worker);
                self.commits.push(*commit);
                self.hurry();
                if self.is_closed {
                    self.reveal();
                }
            }
            Happening::Revealed(revealed) => {
                let (receipt, answer) = *revealed;
                let peer = receipt.receipt.worker;
                self.revealing -= 1;
                self.node.answered_in(receipt.receipt.took);
                self.ballots.receipts.push(receipt);
                self.ballots.votes.push(Vote { peer, answer });
                if self.reveal_until.is_none() && self.ballots.has_quorum() {
                    let grace = Duration::from_millis(CLOSE_MS_MIN);
                    self.reveal_until = Some(Instant::now() + grace);
                }
            }
            Happening::Failed(peer, failure) => {
                // Only who was asked to reveal is not among these any more.
                if self.reveals.remove(&peer).is_none() {
                    self.revealing -= 1;
                }
                self.committed.retain(|committed| *committed != peer);
                self.round.failed(peer);
                self.ballots.failures.push((peer, failure));
            }
        }
    }

    /// Asks all who have committed for their answers: the set is closed, and from now on nobody
    /// in it can choose theirs by those of others.
    fn reveal(&mut self) {
        for peer in std::mem::take(&mut self.committed) {
            if let Some(reveal) = self.reveals.remove(&peer) {
                self.revealing += 1;
                // A task that has ended says so by itself.
                let _ = reveal.send(self.commits.clone());
            }
        }
    }

    fn is_revealed(&self) -> bool {
        self.revealing == 0
            || self
                .reveal_until
                .is_some_and(|until| Instant::now() >= until)
    }

    /// Counts what is new; at the first dissent our own evaluation settles it. Without an
    /// agreement one more is asked.
    async fn count(&mut self) -> Option<Answer> {
        let known = self.ballots.known();
        if self.counted.replace(known) == Some(known) && self.round.pending() > 0 {
            return None;
        }
        self.reveal_until = None;
        self.settle().await;
        let agreed = self.agreed();
        if agreed.is_none() {
            self.widen();
        }
        agreed
    }

    fn agreed(&self) -> Option<Answer> {
        match self.ballots.decide() {
            Decision::Agreed(index) => Some(tally(&self.ballots.votes)[index].answer.clone()),
            Decision::OursAlone | Decision::Open => None,
        }
    }

    /// At a dissent, evaluates the job ourselves, once, if we can afford it, and convicts those it
    /// proves wrong.
    async fn settle(&mut self) {
        if !self.ballots.has_dissent() {
            return;
        }
        let workers = self.node.workers.clone();
        if !self.ballots.refereed && workers.can_referee(&self.job.job) {
            self.ballots.refereed = true;
            self.ballots.referee = workers.referee(&self.job.job, self.timeout).await;
        }
        for peer in self.ballots.liars() {
            self.convict(peer).await;
        }
    }

    async fn convict(&mut self, peer: PublicKey) {
        self.ballots.convicted.push(peer);
        let mut receipts = self.ballots.receipts.iter();
        let receipt = receipts
            .find(|receipt| receipt.receipt.worker == peer)
            .cloned();
        if let (Some(receipt), Some(ours)) = (receipt, self.ballots.referee.clone()) {
            let evidence = Evidence {
                job: (*self.job).clone(),
                receipt,
                ours,
            };
            let keep = move |store: &Store| {
                store.save_evidence(&peer, &evidence)?;
                store.change_standing(&[peer], |standing| standing.convicted += 1)
            };
            if let Some(Err(error)) = self.node.with_store(keep).await {
                tracing::error!(%error, "cannot keep the evidence against a peer");
            }
        }
        tracing::warn!(interaction = %self.interaction, ?peer, "convicted of a wrong answer");
        self.node.convict(peer).await;
    }

    /// What came of it.
    pub(super) fn ballots(&self) -> &Ballots {
        &self.ballots
    }

    /// Those who have not ended keep their time; what they still answer enters the verdict kept.
    pub(super) fn collect_late(mut self, agreed: Option<Answer>) {
        if self.round.pending() == 0 && self.revealing == 0 {
            return;
        }
        let node = self.node.clone();
        let voted = self.ballots.votes.len();
        self.is_closed = true;
        self.reveal();
        node.spawn(async move {
            let deadline = Instant::now() + self.timeout + REVEAL_TIMEOUT;
            while self.round.pending() > 0 || self.revealing > 0 {
                match timeout_at(deadline.into(), self.happenings.recv()).await {
                    Ok(Some(happening)) => self.take(happening),
                    Ok(None) | Err(_) => break,
                }
            }
            if self.ballots.votes.len() > voted {
                self.settle().await;
                self.amend(self.ballots.verdict(agreed.as_ref())).await;
            }
        });
    }

    async fn amend(&self, verdict: Verdict) {
        let name = self.record;
        let keep = move |store: &Store| match store.job(&name)? {
            Some(record) => store.save_job(&JobRecord {
                verdict: Some(verdict),
                ..record
            }),
            None => Ok(()),
        };
        if let Some(Err(error)) = self.node.with_store(keep).await {
            tracing::error!(%error, "cannot amend a verdict");
        }
    }
}
