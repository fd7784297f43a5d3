//! The submitter's side of a job's stream: one peer, one job.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use dht::{Contact, InteractionId, PublicKey, SendError};
use tokio::sync::{mpsc, oneshot};

use crate::driver::{FrameReader, FrameWriter, JOB_ALPN, Pool, ReadFailure};
use crate::jobs::{Answer, Commit, SignedJob, SignedReceipt};
use crate::keys::Id;
use crate::wire::{JobFrame, JobMessage, Refusal};

/// How long a peer may take to say whether it runs the job.
const ACCEPT_TIMEOUT: Duration = Duration::from_secs(5);
/// How long a peer may take to reveal what it committed to.
pub(crate) const REVEAL_TIMEOUT: Duration = Duration::from_secs(5);

/// A question to one peer.
pub(crate) struct Question {
    pub(crate) pool: Arc<Pool>,
    pub(crate) peer: Contact,
    pub(crate) job: Arc<SignedJob>,
    pub(crate) name: Id,
    pub(crate) interaction: InteractionId,
    pub(crate) timeout: Duration,
}

/// What happens to a question, in this order; `Failed` ends it at any point.
#[derive(Debug)]
pub(crate) enum Happening {
    /// The peer has an answer and cannot change it any more.
    Committed(Box<Commit>),
    /// The answer.
    Revealed(Box<(SignedReceipt, Answer)>),
    /// There will be no answer.
    Failed(PublicKey, Failure),
}

/// Why a peer did not vote.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Failure {
    /// It could not be reached, or its connection broke.
    Unreachable,
    /// It did not answer in time.
    TimedOut,
    /// It said no.
    Refused(Refusal),
    /// It committed and did not reveal.
    NotRevealed,
    /// What it said makes no sense.
    Nonsense,
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Failure::Unreachable => f.write_str("unreachable"),
            Failure::TimedOut => f.write_str("did not answer in time"),
            Failure::Refused(refusal) => write!(f, "refused: {refusal}"),
            Failure::NotRevealed => f.write_str("committed to an answer and did not reveal it"),
            Failure::Nonsense => f.write_str("answered something that makes no sense"),
        }
    }
}

impl Question {
    /// Asks, and tells what happens. Dropping the future cancels the job at the peer.
    pub(crate) async fn ask(
        self,
        happenings: mpsc::Sender<Happening>,
        reveal: oneshot::Receiver<Vec<Commit>>,
    ) {
        let peer = self.peer.public_key();
        let failure = match self.converse(&happenings, reveal).await {
            Ok(answer) => Happening::Revealed(Box::new(answer)),
            Err(failure) => Happening::Failed(peer, failure),
        };
        let _ = happenings.send(failure).await;
    }

    async fn converse(
        &self,
        happenings: &mpsc::Sender<Happening>,
        reveal: oneshot::Receiver<Vec<Commit>>,
    ) -> Result<(SignedReceipt, Answer), Failure> {
        let asking = tokio::time::timeout(self.timeout, self.submit());
        let (mut reader, mut writer, commit) = asking.await.map_err(|_| Failure::TimedOut)??;
        let happening = Happening::Committed(Box::new(commit.clone()));
        happenings
            .send(happening)
            .await
            .map_err(|_| Failure::Unreachable)?;
        let commits = reveal.await.map_err(|_| Failure::NotRevealed)?;
        let revealing = async {
            self.say(&mut writer, JobMessage::Reveal(commits)).await?;
            self.hear(&mut reader).await
        };
        let message = tokio::time::timeout(REVEAL_TIMEOUT, revealing).await;
        let message = message.map_err(|_| Failure::NotRevealed)??;
        let JobMessage::Revealed(revealed) = message else {
            return Err(Failure::NotRevealed);
        };
        writer.finish_now();
        let receipt = &revealed.receipt.receipt;
        let answer = Answer {
            outcome: revealed.outcome,
            status: receipt.status,
            setup_fuel: receipt.setup_fuel,
            fuel: receipt.fuel,
        };
        // The commit was checked to be this peer's and this job's, and fixes the whole receipt.
        let is_right = receipt.hash() == commit.receipt
            && receipt.worker == commit.worker
            && receipt.job == commit.job
            && revealed.receipt.is_valid()
            && revealed.receipt.is_about(&answer);
        if is_right {
            Ok((revealed.receipt, answer))
        } else {
            Err(Failure::Nonsense)
        }
    }

    /// Up to the commit.
    async fn submit(&self) -> Result<(FrameReader, FrameWriter, Commit), Failure> {
        let accepting = tokio::time::timeout(ACCEPT_TIMEOUT, self.accept());
        let accepted = match accepting.await {
            Ok(accepted) => accepted,
            Err(_) => {
                // Perhaps the peer was restarted: next time, dial.
                self.pool.forget(&self.peer.public_key(), JOB_ALPN);
                Err(Failure::Unreachable)
            }
        };
        let (mut reader, writer) = accepted?;
        let JobMessage::Commit(commit) = self.hear(&mut reader).await? else {
            return Err(Failure::Nonsense);
        };
        let is_right =
            commit.worker == self.peer.public_key() && commit.job == self.name && commit.is_valid();
        if is_right {
            Ok((reader, writer, commit))
        } else {
            Err(Failure::Nonsense)
        }
    }

    async fn accept(&self) -> Result<(FrameReader, FrameWriter), Failure> {
        let connection = self.pool.connect(&self.peer, JOB_ALPN).await;
        let connection = connection.map_err(|error| match error {
            SendError::TimedOut | SendError::Unreachable => Failure::Unreachable,
            SendError::BadAnswer(_) => Failure::Nonsense,
        })?;
        let (send, receive) = connection
            .connection
            .open_bi()
            .await
            .map_err(|_| Failure::Unreachable)?;
        let counters = self.pool.counters();
        let mut reader = FrameReader::new(receive, None, counters.clone());
        let mut writer = FrameWriter::new(send, None, counters.clone());
        self.say(
            &mut writer,
            JobMessage::Submit(Box::new((*self.job).clone())),
        )
        .await?;
        match self.hear(&mut reader).await? {
            JobMessage::Accepted => Ok((reader, writer)),
            _ => Err(Failure::Nonsense),
        }
    }

    async fn say(&self, writer: &mut FrameWriter, message: JobMessage) -> Result<(), Failure> {
        let frame = JobFrame {
            interaction: self.interaction,
            message,
        };
        if writer.write(&frame).await {
            Ok(())
        } else {
            Err(Failure::Unreachable)
        }
    }

    async fn hear(&self, reader: &mut FrameReader) -> Result<JobMessage, Failure> {
        match reader.read().await {
            Ok(frame) if frame.interaction != self.interaction => Err(Failure::Nonsense),
            Ok(JobFrame {
                message: JobMessage::Refused(refusal),
                ..
            }) => Err(Failure::Refused(refusal)),
            Ok(frame) => Ok(frame.message),
            Err(ReadFailure::Bad(..)) => Err(Failure::Nonsense),
            Err(ReadFailure::Cancelled | ReadFailure::Gone) => Err(Failure::Unreachable),
        }
    }
}
